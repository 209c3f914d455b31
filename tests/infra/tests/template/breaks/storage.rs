//! What is stored.

use serde_json::json;

use super::{Breaks, put, set};

pub(super) fn add(breaks: &mut Breaks) {
    let check = "everything that is stored is encrypted, kept and can be restored";
    breaks.add(check, "no restoring", |d| {
        let property = "EventsTable/Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled";
        set(d, property, json!(false));
    });
    breaks.add(check, "no encryption of a table", |d| {
        set(d, "ContactsTable/Properties/SSESpecification/SSEEnabled", json!(false))
    });
    breaks.add(check, "a table that anybody deletes", |d| {
        set(d, "MailboxesTable/Properties/DeletionProtectionEnabled", json!(false))
    });
    breaks.add(check, "a table that goes with the stack", |d| {
        put(d, "ContactsTable", "DeletionPolicy", json!("Delete"))
    });
    breaks.add(check, "a table that is lost when it is replaced", |d| {
        put(d, "EventsTable", "UpdateReplacePolicy", json!("Delete"))
    });
    breaks.add(check, "a bucket that goes with the stack", |d| {
        put(d, "Messages", "DeletionPolicy", json!("Delete"))
    });
    breaks.add(check, "a bucket without versions", |d| {
        set(
            d,
            "Messages/Properties/VersioningConfiguration/Status",
            json!("Suspended"),
        )
    });
    breaks.add(check, "a bucket in the clear", |d| {
        put(d, "Messages/Properties", "BucketEncryption", json!({}))
    });
    breaks.add(check, "a queue in the clear", |d| {
        set(d, "FetchDeadLetters/Properties/SqsManagedSseEnabled", json!(false))
    });
    breaks.add(check, "no table at all", |d| {
        set(d, "EventsTable/Type", json!("AWS::DynamoDB::GlobalTable"))
    });

    let check = "the bucket is private and reached over TLS alone";
    breaks.add(check, "a public policy", |d| {
        set(
            d,
            "Messages/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy",
            json!(false),
        );
    });
    breaks.add(check, "objects of others", |d| {
        set(
            d,
            "Messages/Properties/OwnershipControls/Rules/0/ObjectOwnership",
            json!("ObjectWriter"),
        );
    });
    breaks.add(check, "no TLS", |d| {
        set(
            d,
            "MessagesPolicy/Properties/PolicyDocument/Statement/0/Condition/Bool/aws:SecureTransport",
            json!("true"),
        );
    });
}
