//! What is stored.

use serde_json::{Value, json};

use crate::{Deployment, Resource};

/// Logical ids of what holds data that nobody can make again.
const KEPT: [&str; 6] = [
    "Messages",
    "EventsTable",
    "ContactsTable",
    "MailboxesTable",
    "SentTable",
    "ReturnPathKeys",
];

pub(super) fn durable(deployment: &Deployment) -> Vec<String> {
    let mut faults = Vec::new();
    let mut kept = Vec::new();
    for resource in deployment.template.resources() {
        let needed: &[(&str, Value)] = match resource.kind {
            "AWS::DynamoDB::Table" => &[
                (
                    "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
                    json!(true),
                ),
                ("/SSESpecification/SSEEnabled", json!(true)),
                ("/DeletionProtectionEnabled", json!(true)),
                ("/BillingMode", json!("PAY_PER_REQUEST")),
            ],
            "AWS::S3::Bucket" => &[
                (
                    "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm",
                    json!("AES256"),
                ),
                ("/VersioningConfiguration/Status", json!("Enabled")),
            ],
            // Secrets Manager encrypts by itself, and keeps what is deleted for some days.
            "AWS::SecretsManager::Secret" => &[],
            "AWS::SQS::Queue" => &[("/SqsManagedSseEnabled", json!(true))],
            _ => continue,
        };
        for (property, wanted) in needed {
            if resource.property(property) != wanted {
                faults.push(format!("{}: {property} is not {wanted}", resource.name));
            }
        }
        if resource.kind != "AWS::SQS::Queue" {
            kept.push(resource.name);
            faults.extend(lost_with_the_stack(&resource));
        }
    }
    faults.extend(
        KEPT.iter()
            .filter(|name| !kept.contains(*name))
            .map(|name| format!("{name} is missing")),
    );
    faults
}

fn lost_with_the_stack(resource: &Resource<'_>) -> Vec<String> {
    ["DeletionPolicy", "UpdateReplacePolicy"]
        .into_iter()
        .filter(|policy| resource.body.get(policy).is_none_or(|value| value != "Retain"))
        .map(|policy| format!("{}: {policy} is not Retain", resource.name))
        .collect()
}

pub(super) fn private(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    for bucket in template.of_kind("AWS::S3::Bucket") {
        for switch in [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ] {
            if bucket.property(&format!("/PublicAccessBlockConfiguration/{switch}")) != &json!(true) {
                faults.push(format!("{}: {switch} is not on", bucket.name));
            }
        }
        if bucket.property("/OwnershipControls/Rules/0/ObjectOwnership") != "BucketOwnerEnforced" {
            faults.push(format!("{}: objects may belong to others", bucket.name));
        }
        let (itself, inside) = (
            format!("${{{}.Arn}}", bucket.name),
            format!("${{{}.Arn}}/*", bucket.name),
        );
        let tls_only = template.resource_statements().iter().any(|statement| {
            !statement.allows
                && statement.actions == ["s3:*"]
                && statement.resources == [itself.as_str(), inside.as_str()]
                && statement.condition == &json!({"Bool": {"aws:SecureTransport": "false"}})
        });
        if !tls_only {
            faults.push(format!("{}: it can be reached without TLS", bucket.name));
        }
    }
    faults
}
