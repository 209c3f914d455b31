//! Hashes of an object's bytes, computed while they come in.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::ChecksumType;

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

    /// The algorithm that S3 calls so: `CRC32`, `CRC64NVME` …
    pub(super) fn named(name: &str) -> Option<Self> {
        ALGORITHMS.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
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

/// Whether a checksum is of all the bytes of an object, or of the checksums of its parts: then their number is in it.
pub(super) fn checksum_type(checksum: &Checksum) -> ChecksumType {
    ChecksumType::from_static(if checksum.value().contains('-') {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

/// The MD5 of an object of several parts: that of the parts' MD5s (hex), and how many there are. `None` if one is no MD5.
pub(super) fn composite_etag<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> Option<String> {
    let count = parts.len();
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(&unhex(part)?);
    }
    Some(format!("{}-{count}", hex(&md5.finalize())))
}

/// The checksum of the parts' checksums, and how many there are. `None` if one is missing or of another algorithm.
pub(super) fn composite_checksum<'a>(
    algorithm: Algorithm,
    parts: impl ExactSizeIterator<Item = Option<&'a Checksum>>,
) -> Option<Checksum> {
    let count = parts.len();
    let mut digest = Digest::new(Some(algorithm));
    for part in parts {
        let part = part.filter(|part| Algorithm::of(part) == algorithm)?;
        digest.update(&aws_smithy_types::base64::decode(part.value()).ok()?);
    }
    let whole = digest.finish().checksum?;
    Some(algorithm.checksum(format!("{}-{count}", whole.value())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
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
