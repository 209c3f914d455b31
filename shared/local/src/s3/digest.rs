//! Hashes of an object's bytes, computed while they come in.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};

use crate::store::Checksum;

/// A checksum algorithm that S3 knows for whole objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Crc32,
    Algorithm::Crc32c,
    Algorithm::Crc64nvme,
    Algorithm::Sha1,
    Algorithm::Sha256,
];

impl Algorithm {
    /// The algorithm whose checksum travels in the header or trailer `name`.
    pub(super) fn of_header(name: &str) -> Option<Self> {
        ALGORITHMS
            .into_iter()
            .find(|algorithm| algorithm.header().eq_ignore_ascii_case(name.trim()))
    }

    /// The header or trailer that carries a checksum of this algorithm.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(super) fn of(checksum: &Checksum) -> Self {
        match checksum {
            Checksum::Crc32(_) => Self::Crc32,
            Checksum::Crc32c(_) => Self::Crc32c,
            Checksum::Crc64nvme(_) => Self::Crc64nvme,
            Checksum::Sha1(_) => Self::Sha1,
            Checksum::Sha256(_) => Self::Sha256,
        }
    }

    /// `value` (base64) as a checksum of this algorithm.
    pub(super) fn checksum(self, value: String) -> Checksum {
        match self {
            Self::Crc32 => Checksum::Crc32(value),
            Self::Crc32c => Checksum::Crc32c(value),
            Self::Crc64nvme => Checksum::Crc64nvme(value),
            Self::Sha1 => Checksum::Sha1(value),
            Self::Sha256 => Checksum::Sha256(value),
        }
    }
}

/// Size, MD5 and at most one checksum of the bytes so far.
pub(super) struct Digest {
    pub(super) size: u64,
    md5: Md5,
    checksum: ChecksumHasher,
}

/// The result.
pub(super) struct Digested {
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) checksum: Option<Checksum>,
}

impl Digest {
    pub(super) fn new(algorithm: Option<Algorithm>) -> Self {
        let mut checksum = ChecksumHasher::default();
        match algorithm {
            None => {}
            Some(Algorithm::Crc32) => checksum.crc32 = Some(s3s::crypto::Crc32::new()),
            Some(Algorithm::Crc32c) => checksum.crc32c = Some(s3s::crypto::Crc32c::new()),
            Some(Algorithm::Crc64nvme) => checksum.crc64nvme = Some(s3s::crypto::Crc64Nvme::new()),
            Some(Algorithm::Sha1) => checksum.sha1 = Some(s3s::crypto::Sha1::new()),
            Some(Algorithm::Sha256) => checksum.sha256 = Some(s3s::crypto::Sha256::new()),
        }
        Self {
            size: 0,
            md5: Md5::new(),
            checksum,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.checksum.update(bytes);
    }

    pub(super) fn finish(self) -> Digested {
        let sums = self.checksum.finalize();
        let computed = [
            sums.checksum_crc32.map(Checksum::Crc32),
            sums.checksum_crc32c.map(Checksum::Crc32c),
            sums.checksum_crc64nvme.map(Checksum::Crc64nvme),
            sums.checksum_sha1.map(Checksum::Sha1),
            sums.checksum_sha256.map(Checksum::Sha256),
        ];
        Digested {
            size: self.size,
            md5: self.md5.finalize(),
            checksum: computed.into_iter().flatten().next(),
        }
    }
}
