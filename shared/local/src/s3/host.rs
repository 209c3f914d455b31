//! Which bucket a host name means.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// Names of this machine that a bucket may stand before, as SDKs write it where the endpoint is not an IP address:
/// itself, and as containers know it.
const DOMAINS: [&str; 2] = ["localhost", "host.docker.internal"];

/// Reads `messages.localhost:4566` as the bucket `messages`, and knows no bucket in any other name.
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
        let found = DOMAINS.into_iter().find_map(|domain| {
            let bucket = name.strip_suffix(domain)?.strip_suffix('.')?;
            Some(VirtualHost::new(domain).with_bucket(bucket))
        });
        Ok(found.unwrap_or_else(|| VirtualHost::new(host)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_may_stand_before_the_names_of_this_machine() {
        let table = [
            ("localhost:4566", None),
            ("messages.localhost:4566", Some("messages")),
            ("my.bucket.localhost", Some("my.bucket")),
            ("messages.host.docker.internal:80", Some("messages")),
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
            ("s3.local", None),
            ("notlocalhost", None),
        ];
        for (host, bucket) in table {
            assert_eq!(Hosts.parse_host_header(host).unwrap().bucket(), bucket, "{host}");
        }
    }
}
