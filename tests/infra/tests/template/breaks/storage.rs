//! What is stored.

use serde_json::json;

use super::Breaks;

pub(super) fn add(breaks: &mut Breaks) {
    let check = "everything that is stored is encrypted, kept and can be restored";
    breaks.set(
        check,
        "no restoring",
        "EventsTable/Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
        json!(false),
    );
    breaks.set(
        check,
        "no encryption of a table",
        "ContactsTable/Properties/SSESpecification/SSEEnabled",
        json!(false),
    );
    breaks.set(
        check,
        "a table that anybody deletes",
        "MailboxesTable/Properties/DeletionProtectionEnabled",
        json!(false),
    );
    breaks.put(
        check,
        "a table that goes with the stack",
        "ContactsTable",
        "DeletionPolicy",
        json!("Delete"),
    );
    breaks.put(
        check,
        "a table that is lost when it is replaced",
        "EventsTable",
        "UpdateReplacePolicy",
        json!("Delete"),
    );
    breaks.put(
        check,
        "keys that go with the stack",
        "ReturnPathKeys",
        "DeletionPolicy",
        json!("Delete"),
    );
    breaks.put(
        check,
        "a bucket that goes with the stack",
        "Messages",
        "DeletionPolicy",
        json!("Delete"),
    );
    breaks.set(
        check,
        "a bucket without versions",
        "Messages/Properties/VersioningConfiguration/Status",
        json!("Suspended"),
    );
    breaks.put(
        check,
        "a bucket in the clear",
        "Messages/Properties",
        "BucketEncryption",
        json!({}),
    );
    breaks.set(
        check,
        "a queue in the clear",
        "FetchDeadLetters/Properties/SqsManagedSseEnabled",
        json!(false),
    );
    breaks.set(
        check,
        "no table at all",
        "EventsTable/Type",
        json!("AWS::DynamoDB::GlobalTable"),
    );

    let check = "the bucket is private and reached over TLS alone";
    breaks.set(
        check,
        "a public policy",
        "Messages/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy",
        json!(false),
    );
    breaks.set(
        check,
        "objects of others",
        "Messages/Properties/OwnershipControls/Rules/0/ObjectOwnership",
        json!("ObjectWriter"),
    );
    breaks.set(
        check,
        "no TLS",
        "MessagesPolicy/Properties/PolicyDocument/Statement/0/Condition/Bool/aws:SecureTransport",
        json!("true"),
    );
}
