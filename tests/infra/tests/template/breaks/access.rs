//! Who may do what.

use serde_json::json;

use super::Breaks;

pub(super) fn add(breaks: &mut Breaks) {
    let check = "no grant has a wildcard, but for a few that have to";
    breaks.set(
        check,
        "all actions",
        "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Action",
        json!("s3:*"),
    );
    breaks.set(
        check,
        "all resources",
        "PipeRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource",
        json!("*"),
    );
    breaks.set(
        check,
        "the whole bucket",
        "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Resource",
        json!({"Fn::Sub": "${Messages.Arn}/*"}),
    );
    breaks.set(
        check,
        "all tables",
        "ClassifierRole/Properties/Policies/0/PolicyDocument/Statement/7/Resource",
        json!({"Fn::Sub": "arn:aws:dynamodb:*:*:table/*"}),
    );
    breaks.put(
        check,
        "a managed policy",
        "FetcherRole/Properties",
        "ManagedPolicyArns",
        json!(["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
    );
    breaks.put(
        check,
        "a policy of SAM's",
        "Fetcher/Properties",
        "Policies",
        json!(["AmazonS3FullAccess"]),
    );
    breaks.set(
        check,
        "a queue that everybody may do anything to",
        "ClassifyQueuePolicy/Properties/PolicyDocument/Statement/0/Action",
        json!("sqs:*"),
    );

    let check = "each role may do exactly what its code does";
    breaks.set(
        check,
        "one action more",
        "FetcherRole/Properties/Policies/0/PolicyDocument/Statement/3/Action",
        json!(["s3:PutObject", "s3:GetObject"]),
    );
    breaks.set(
        check,
        "one action less",
        "ClassifierRole/Properties/Policies/0/PolicyDocument/Statement/7/Action",
        json!(["dynamodb:PutItem"]),
    );
    breaks.set(
        check,
        "senders that read",
        "SentLedgerPolicy/Properties/PolicyDocument/Statement/0/Action",
        json!(["dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:Query"]),
    );

    let check = "the fetcher cannot touch contacts or events";
    breaks.grant(
        check,
        "an event",
        "FetcherRole",
        "dynamodb:GetItem",
        json!({"Fn::GetAtt": ["EventsTable", "Arn"]}),
    );
    breaks.grant(
        check,
        "an index of contacts",
        "FetcherRole",
        "dynamodb:Query",
        json!({"Fn::Sub": "${ContactsTable.Arn}/index/domain-by-time"}),
    );
    breaks.set(
        check,
        "the classifier's role",
        "Fetcher/Properties/Role",
        json!({"Fn::GetAtt": ["ClassifierRole", "Arn"]}),
    );

    let check = "the reporter cannot touch mail or secrets, nor change contacts";
    breaks.grant(
        check,
        "mail",
        "ReporterRole",
        "s3:GetObject",
        json!({"Fn::Sub": "${Messages.Arn}/raw/*"}),
    );
    breaks.grant(
        check,
        "a contact",
        "ReporterRole",
        "dynamodb:UpdateItem",
        json!({"Fn::GetAtt": ["ContactsTable", "Arn"]}),
    );

    let check = "the classifier cannot touch secrets of accounts, mailboxes or jobs";
    breaks.grant(
        check,
        "a secret",
        "ClassifierRole",
        "secretsmanager:GetSecretValue",
        json!("*"),
    );
    breaks.grant(
        check,
        "an account",
        "ClassifierRole",
        "secretsmanager:GetSecretValue",
        json!({"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:news-x"}),
    );
    breaks.grant(
        check,
        "mailboxes",
        "ClassifierRole",
        "dynamodb:GetItem",
        json!({"Fn::GetAtt": ["MailboxesTable", "Arn"]}),
    );
    breaks.set(
        check,
        "the fetcher's role",
        "Classifier/Properties/Role",
        json!({"Fn::GetAtt": ["FetcherRole", "Arn"]}),
    );

    let check = "who comes from outside comes from this account";
    breaks.put(
        check,
        "any bucket",
        "ClassifyQueuePolicy/Properties/PolicyDocument/Statement/0",
        "Condition",
        json!({}),
    );
    breaks.put(
        check,
        "any rule set",
        "MessagesPolicy/Properties/PolicyDocument/Statement/1/Fn::If/1",
        "Condition",
        json!({}),
    );
    breaks.put(
        check,
        "any pipe",
        "PipeRole/Properties/AssumeRolePolicyDocument/Statement/0",
        "Condition",
        json!({}),
    );
    breaks.put(
        check,
        "anybody",
        "ScheduleRole/Properties/AssumeRolePolicyDocument/Statement/0",
        "Principal",
        json!("*"),
    );
}
