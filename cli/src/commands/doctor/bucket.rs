//! The bucket of archived messages: whether it may be used, and nobody else can look into it.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;

use super::finding::{Finding, Findings, Verdict};
use super::stack::refused;

/// Checks that the bucket can be listed, is encrypted, and is closed to the public.
pub(super) async fn check(s3: &Client, bucket: &str, findings: &mut Findings) {
    match s3.list_objects_v2().bucket(bucket).max_keys(1).send().await {
        Ok(_) => findings.add(Finding::ok("bucket", bucket, "is there, and you may list it")),
        Err(error) => return findings.add(refused("bucket", bucket, &error, "s3:ListBucket")),
    }
    findings.add(match s3.get_bucket_encryption().bucket(bucket).send().await {
        Ok(encryption) => {
            let rules = encryption.server_side_encryption_configuration;
            let by_default = rules.iter().flat_map(ServerSideEncryptionConfiguration::rules);
            let algorithm = by_default.filter_map(|rule| rule.apply_server_side_encryption_by_default());
            let algorithm: Vec<_> = algorithm.map(|rule| rule.sse_algorithm().as_str()).collect();
            Finding::ok("bucket", bucket, format!("is encrypted: {}", algorithm.join(", ")))
        }
        Err(error) => optional(refused("bucket", bucket, &error, "s3:GetEncryptionConfiguration")),
    });
    findings.add(match s3.get_public_access_block().bucket(bucket).send().await {
        Ok(block) => {
            let block = block.public_access_block_configuration;
            let is_closed = block.is_some_and(|block| {
                [
                    block.block_public_acls,
                    block.block_public_policy,
                    block.ignore_public_acls,
                    block.restrict_public_buckets,
                ]
                .into_iter()
                .all(|is_on| is_on == Some(true))
            });
            closed(bucket, is_closed)
        }
        Err(error) => {
            let code = aws_sdk_s3::error::ProvideErrorMetadata::code(&error);
            if code == Some("NoSuchPublicAccessBlockConfiguration") {
                closed(bucket, false)
            } else {
                optional(refused("bucket", bucket, &error, "s3:GetBucketPublicAccessBlock"))
            }
        }
    });
}

fn closed(bucket: &str, is_closed: bool) -> Finding {
    if is_closed {
        return Finding::ok("bucket", bucket, "is closed to the public");
    }
    let detail = "may be opened to the public, and returned mail names people";
    Finding::new(Verdict::Problem, "bucket", bucket, detail)
        .hint("`aws s3api put-public-access-block` closes it, and so does deploying the stack again")
}

/// Not being allowed to look at this is no trouble for anybody's work.
fn optional(finding: Finding) -> Finding {
    finding.at_most(Verdict::Skipped)
}
