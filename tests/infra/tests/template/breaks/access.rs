//! Who may do what.

use rebound_test_infra::Deployment;
use serde_json::json;

use super::{Breaks, grant, put, set};

pub(super) fn add(breaks: &mut Breaks) {
    let check = "no grant has a wildcard, but for a few that have to";
    breaks.add(check, "all actions", |d| {
        set(
            d,
            "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Action",
            json!("s3:*"),
        )
    });
    breaks.add(check, "all resources", |d| {
        set(
            d,
            "PipeRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource",
            json!("*"),
        )
    });
    breaks.add(check, "the whole bucket", |d| {
        let everything = json!({"Fn::Sub": "${Messages.Arn}/*"});
        set(
            d,
            "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Resource",
            everything,
        );
    });
    breaks.add(check, "all tables", |d| {
        let tables = json!({"Fn::Sub": "arn:aws:dynamodb:*:*:table/*"});
        set(
            d,
            "ClassifierRole/Properties/Policies/0/PolicyDocument/Statement/7/Resource",
            tables,
        );
    });
    breaks.add(check, "a managed policy", |d| {
        put(
            d,
            "FetcherRole/Properties",
            "ManagedPolicyArns",
            json!(["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
        );
    });
    breaks.add(check, "a policy of SAM's", |d| {
        put(d, "Fetcher/Properties", "Policies", json!(["AmazonS3FullAccess"]))
    });
    breaks.add(check, "a queue that everybody may do anything to", |d| {
        set(
            d,
            "ClassifyQueuePolicy/Properties/PolicyDocument/Statement/0/Action",
            json!("sqs:*"),
        );
    });

    let check = "each role may do exactly what its code does";
    breaks.add(check, "one action more", |d| {
        set(
            d,
            "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Action",
            json!(["s3:PutObject", "s3:GetObject"]),
        );
    });
    breaks.add(check, "one action less", |d| {
        set(
            d,
            "ClassifierRole/Properties/Policies/0/PolicyDocument/Statement/7/Action",
            json!(["dynamodb:PutItem"]),
        );
    });

    let check = "the fetcher cannot touch contacts or events";
    breaks.add(check, "an event", |d| {
        grant(
            d,
            "FetcherRole",
            "dynamodb:GetItem",
            &json!({"Fn::GetAtt": ["EventsTable", "Arn"]}),
        );
    });
    breaks.add(check, "an index of contacts", |d| {
        let index = json!({"Fn::Sub": "${ContactsTable.Arn}/index/domain-by-time"});
        grant(d, "FetcherRole", "dynamodb:Query", &index);
    });
    breaks.add(check, "the classifier's role", |d| {
        set(
            d,
            "Fetcher/Properties/Role",
            json!({"Fn::GetAtt": ["ClassifierRole", "Arn"]}),
        )
    });

    let check = "the classifier cannot touch secrets, mailboxes or jobs";
    breaks.add(check, "a secret", |d| {
        grant(d, "ClassifierRole", "secretsmanager:GetSecretValue", &json!("*"))
    });
    breaks.add(check, "mailboxes", |d| {
        grant(
            d,
            "ClassifierRole",
            "dynamodb:GetItem",
            &json!({"Fn::GetAtt": ["MailboxesTable", "Arn"]}),
        );
    });
    breaks.add(check, "the fetcher's role", |d| {
        set(
            d,
            "Classifier/Properties/Role",
            json!({"Fn::GetAtt": ["FetcherRole", "Arn"]}),
        )
    });

    let check = "who comes from outside comes from this account";
    breaks.add(check, "any bucket", |d| {
        put(
            d,
            "ClassifyQueuePolicy/Properties/PolicyDocument/Statement/0",
            "Condition",
            json!({}),
        )
    });
    breaks.add(check, "any rule set", |d| {
        put(
            d,
            "MessagesPolicy/Properties/PolicyDocument/Statement/1/Fn::If/1",
            "Condition",
            json!({}),
        );
    });
    breaks.add(check, "any pipe", |d| {
        put(
            d,
            "PipeRole/Properties/AssumeRolePolicyDocument/Statement/0",
            "Condition",
            json!({}),
        )
    });
    breaks.add(check, "anybody", |d| {
        put(
            d,
            "ScheduleRole/Properties/AssumeRolePolicyDocument/Statement/0",
            "Principal",
            json!("*"),
        )
    });
}
