//! Who may do what.

use std::collections::BTreeSet;

use crate::grants::Statement;
use crate::{Deployment, Template, written};

/// Grants on everything, because AWS knows no narrower ones.
const ON_EVERYTHING: [(&str, &[&str]); 4] = [
    ("FetcherRole", &["secretsmanager:ListSecrets"]),
    ("FetcherRole", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
    ("ClassifierRole", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
    ("ReporterRole", &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),
];

/// What everything below a name may be granted on: the name before the star, and why it is not one thing.
const FAMILIES: [&str; 5] = [
    "${Messages.Arn}/raw/",     // messages
    "${Messages.Arn}/inbound/", // what SES delivers
    "${Messages.Arn}/config/",  // rules and policy
    "${Messages.Arn}/reports/", // reports
    // Secrets of accounts: adding an account is adding a secret.
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AccountsPrefix}|${AWS::StackName}/accounts/",
];

/// What each role may do, on what. Whoever changes what the code asks of AWS changes the template and this table.
const GRANTS: [(&str, &str, &[&str]); 34] = [
    (
        "ClassifierRole",
        "${ClassifierLog.Arn}",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "ClassifierRole",
        "${ClassifyQueue.Arn}",
        &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
    ),
    ("ClassifierRole", "${Messages.Arn}", &["s3:ListBucket"]),
    (
        "ClassifierRole",
        "${Messages.Arn}/raw/*",
        &["s3:GetObject", "s3:PutObject"],
    ),
    ("ClassifierRole", "${Messages.Arn}/inbound/*", &["s3:GetObject"]),
    ("ClassifierRole", "${Messages.Arn}/config/*", &["s3:GetObject"]),
    (
        "ClassifierRole",
        "${EventsTable.Arn}",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
    ),
    (
        "ClassifierRole",
        "${EventsTable.Arn}/index/address-by-time",
        &["dynamodb:Query"],
    ),
    (
        "ClassifierRole",
        "${ContactsTable.Arn}",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:PutItem",
        ],
    ),
    ("ClassifierRole", "${SentTable.Arn}", &["dynamodb:Query"]),
    (
        "ClassifierRole",
        "${ReturnPathKeys}",
        &["secretsmanager:GetSecretValue"],
    ),
    (
        "ClassifierRole",
        "*",
        &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    ),
    (
        "FetcherRole",
        "${FetcherLog.Arn}",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "FetcherRole",
        "${FetchQueue.Arn}",
        &[
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ],
    ),
    ("FetcherRole", "${ScheduleDeadLetters.Arn}", &["sqs:SendMessage"]),
    ("FetcherRole", "${Messages.Arn}/raw/*", &["s3:PutObject"]),
    (
        "FetcherRole",
        "${MailboxesTable.Arn}",
        &[
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ],
    ),
    (
        "FetcherRole",
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AccountsPrefix}|${AWS::StackName}/accounts/*",
        &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
    ),
    (
        "FetcherRole",
        "*",
        &[
            "secretsmanager:ListSecrets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
    ),
    ("PipeRole", "${Bus.Arn}", &["events:PutEvents"]),
    ("PipeRole", "${PipeDeadLetters.Arn}", &["sqs:SendMessage"]),
    (
        "PipeRole",
        "${ContactsTable.StreamArn}",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
    ),
    (
        "ReporterRole",
        "${ReporterLog.Arn}",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    ("ReporterRole", "${ReportDeadLetters.Arn}", &["sqs:SendMessage"]),
    ("ReporterRole", "${EventsTable.Arn}", &["dynamodb:Query"]),
    (
        "ReporterRole",
        "${EventsTable.Arn}/index/day-by-time",
        &["dynamodb:Query"],
    ),
    ("ReporterRole", "${ContactsTable.Arn}", &["dynamodb:Scan"]),
    (
        "ReporterRole",
        "${Messages.Arn}/reports/*",
        &["s3:AbortMultipartUpload", "s3:PutObject"],
    ),
    (
        "ReporterRole",
        "*",
        &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    ),
    ("ReportScheduleRole", "${Reporter.Arn}", &["lambda:InvokeFunction"]),
    ("ReportScheduleRole", "${ReportDeadLetters.Arn}", &["sqs:SendMessage"]),
    (
        "SentLedgerPolicy",
        "${SentTable.Arn}",
        &["dynamodb:BatchWriteItem", "dynamodb:PutItem"],
    ),
    ("ScheduleRole", "${Fetcher.Arn}", &["lambda:InvokeFunction"]),
    ("ScheduleRole", "${ScheduleDeadLetters.Arn}", &["sqs:SendMessage"]),
];

pub(super) fn wildcards(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    for statement in all(template).iter().filter(|statement| statement.allows) {
        let Statement {
            owner, sid, actions, ..
        } = statement;
        for action in actions.iter().filter(|action| action.contains('*')) {
            faults.push(format!("{owner}: {sid}: {action} allows more than one action"));
        }
        for resource in &statement.resources {
            let justified = match resource.strip_suffix('*') {
                Some("") => ON_EVERYTHING.iter().any(|(role, allowed)| {
                    role == owner && actions.iter().all(|action| allowed.contains(&action.as_str()))
                }),
                Some(family) => FAMILIES.contains(&family),
                None => !resource.contains('*'),
            };
            if !justified {
                faults.push(format!(
                    "{owner}: {sid}: {actions:?} on {resource}, which is not one thing"
                ));
            }
        }
    }
    let managed = template
        .of_kind("AWS::IAM::Role")
        .filter(|role| !role.list("/ManagedPolicyArns").is_empty());
    faults.extend(managed.map(|role| format!("{}: a managed policy grants what nobody here has read", role.name)));
    for function in template.of_kind("AWS::Serverless::Function") {
        if function.property("/Role").is_null() || !function.list("/Policies").is_empty() {
            faults.push(format!("{}: SAM writes grants for it, with wildcards", function.name));
        }
    }
    faults
}

pub(super) fn grants(deployment: &Deployment) -> Vec<String> {
    let triple = |role: &str, action: &str, resource: &str| (role.to_owned(), action.to_owned(), resource.to_owned());
    let expected: BTreeSet<_> = GRANTS
        .iter()
        .flat_map(|(role, resource, actions)| actions.iter().map(|action| triple(role, action, resource)))
        .collect();
    let statements = deployment.template.role_statements();
    let granted: BTreeSet<_> = statements
        .iter()
        .filter(|statement| statement.allows)
        .flat_map(|statement| {
            let pairs = |action| statement.resources.iter().map(move |resource| (action, resource));
            statement
                .actions
                .iter()
                .flat_map(pairs)
                .map(|(action, resource): (&String, &String)| triple(statement.owner, action, resource))
        })
        .collect();
    let more = granted
        .difference(&expected)
        .map(|grant| format!("nobody needs {grant:?}"));
    let less = expected.difference(&granted).map(|grant| format!("missing: {grant:?}"));
    more.chain(less).collect()
}

pub(super) fn fetcher(deployment: &Deployment) -> Vec<String> {
    let others = [
        "ContactsTable",
        "EventsTable",
        "Bus",
        "ClassifyQueue",
        "s3:GetObject",
        "s3:DeleteObject",
    ];
    reach(&deployment.template, "Fetcher", &others)
}

pub(super) fn classifier(deployment: &Deployment) -> Vec<String> {
    let others = [
        ":secret:",
        "MailboxesTable",
        "FetchQueue",
        "sqs:SendMessage",
        "s3:DeleteObject",
    ];
    let mut faults = reach(&deployment.template, "Classifier", &others);
    let statements = deployment.template.statements_of("ClassifierRole");
    let of_secrets = statements.iter().filter(|statement| {
        statement
            .actions
            .iter()
            .any(|action| action.starts_with("secretsmanager:"))
    });
    faults.extend(
        of_secrets
            .filter(|statement| statement.resources != ["${ReturnPathKeys}"])
            .map(|statement| format!("ClassifierRole: {}: reaches other secrets", statement.sid)),
    );
    faults
}

pub(super) fn reporter(deployment: &Deployment) -> Vec<String> {
    let others = [
        "secretsmanager:",
        ":secret:",
        "MailboxesTable",
        "FetchQueue",
        "ClassifyQueue",
        "/raw/",
        "/inbound/",
        "/config/",
        "s3:GetObject",
        "s3:DeleteObject",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    reach(&deployment.template, "Reporter", &others)
}

/// What of these a function's role reaches.
fn reach(template: &Template, function: &str, others: &[&str]) -> Vec<String> {
    let role = written(template.at(&format!("/Resources/{function}/Properties/Role")));
    let Some(role) = role
        .first()
        .and_then(|role| role.strip_prefix("${")?.strip_suffix(".Arn}"))
    else {
        return vec![format!("{function} has no role of its own")];
    };
    let mut faults = Vec::new();
    for statement in template.statements_of(role) {
        for reached in statement.actions.iter().chain(&statement.resources) {
            for other in others.iter().filter(|other| reached.contains(**other)) {
                faults.push(format!("{role}: {}: reaches {other}", statement.sid));
            }
        }
    }
    if template.statements_of(role).is_empty() {
        faults.push(format!("{role} grants nothing that could be looked at"));
    }
    faults
}

pub(super) fn outsiders(deployment: &Deployment) -> Vec<String> {
    let statements = deployment.template.resource_statements();
    let from_outside = statements.iter().filter(|statement| statement.allows);
    from_outside
        // Nobody but this account can hand a role to Lambda (iam:PassRole), and Lambda names no source when it takes it on.
        .filter(|statement| statement.service != Some("lambda.amazonaws.com"))
        .filter(|statement| {
            let account = statement.condition.pointer("/StringEquals/aws:SourceAccount");
            statement.service.is_none() || account.map(written) != Some(vec!["${AWS::AccountId}".to_owned()])
        })
        .map(|statement| {
            let Statement {
                owner, sid, actions, ..
            } = statement;
            format!("{owner}: {sid}: {actions:?} is not bound to a service acting for this account")
        })
        .collect()
}

fn all(template: &Template) -> Vec<Statement<'_>> {
    let mut all = template.role_statements();
    all.extend(template.resource_statements());
    all
}
