//! A stack deployed to AWS: whether its parts are there, and whether you may use them.

use std::fmt::Display;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{AttributeValue, TableDescription, TableStatus, TimeToLiveStatus};
use aws_sdk_sqs::types::QueueAttributeName;

use super::finding::{Finding, Findings, Verdict};
use super::{accounts, bucket, clock, configuration};
use crate::hints;
use crate::place::{Place, StackName};
use crate::workspace::{Stack, Workspace};

/// What every stack of ours says its parts are called.
const OUTPUTS: [&str; 7] = [
    "AccountsPrefix",
    "Bucket",
    "ClassifierFunction",
    "ClassifyQueueUrl",
    "FetchQueueUrl",
    "FetcherFunction",
    "TablePrefix",
];

/// And what a deployed one has as well, but not the one that `rebound serve` plays.
const OUTPUTS_ON_AWS: [&str; 2] = ["Dashboard", "EventBus"];

/// What the one that `rebound serve` plays is called.
const SERVED: &str = "local";

/// The tables, the first part of the key of each, and the indexes it must have.
const TABLES: [(&str, &str, &[&str]); 3] = [
    ("contacts", "address", &["suppressed-by-time", "domain-by-time"]),
    (
        "events",
        "message",
        &["address-by-time", "day-by-time", "campaign-by-time"],
    ),
    ("mailboxes", "account", &[]),
];

/// The table whose items go after a while, and the attribute that says when.
const EXPIRING: (&str, &str) = ("events", "expires_at");

/// What no item is called.
const NOBODY: &str = "rebound-doctor@invalid";

const REDEPLOY: &str = "deploy the stack again: docs/aws/deploying.md";

/// Checks the stack and all that it is made of.
pub(super) async fn check(name: &StackName, offline: bool, findings: &mut Findings) {
    let found = Box::pin(Stack::find(name)).await;
    let stack = match found {
        Ok(stack) => stack,
        Err(error) => {
            let problem = Finding::new(Verdict::Problem, "stack", &name.name, format!("{error:#}"));
            return findings.add(match hints::of(&error) {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
    };
    findings.add(status(&name.name, stack.status()));
    findings.add(match stack.answered_at() {
        Some(time) => clock::compare(crate::clock::now(), time, "AWS"),
        None => clock::judge(crate::clock::now(), None, "AWS"),
    });
    outputs(&stack, &name.name, findings);
    for (queue, key) in [("fetch", "FetchQueueUrl"), ("classify", "ClassifyQueueUrl")] {
        if let Some(url) = stack.find_output(key) {
            self::queue(stack.config(), queue, url, findings).await;
        }
    }
    let place = Place::Stack(name.clone());
    // What is missing among the outputs has been told.
    let Ok(workspace) = Box::pin(Workspace::open_whatever_policy(&place)).await else {
        return;
    };
    let (dynamodb, prefix) = workspace.tables();
    tables(dynamodb, prefix, findings).await;
    let (s3, name) = workspace.bucket();
    bucket::check(s3, name, findings).await;
    configuration::check(s3, name, findings).await;
    accounts::check(workspace.accounts(), Some(workspace.mailboxes()), offline, findings).await;
}

fn status(name: &str, status: &str) -> Finding {
    if matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") {
        return Finding::ok("stack", name, status);
    }
    let result = match status {
        _ if status.ends_with("_IN_PROGRESS") => Verdict::Warning,
        // The stack works as it did before.
        "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Verdict::Warning,
        _ => Verdict::Problem,
    };
    let hint = "`aws cloudformation describe-stack-events` says why; docs/aws/deploying.md says how to deploy again";
    Finding::new(result, "stack", name, status).hint(hint)
}

fn outputs(stack: &Stack, name: &str, findings: &mut Findings) {
    let on_aws: &[&str] = if name == SERVED { &[] } else { &OUTPUTS_ON_AWS };
    let all = || OUTPUTS.iter().chain(on_aws);
    let missing: Vec<&str> = all().copied().filter(|key| stack.find_output(key).is_none()).collect();
    findings.add(if missing.is_empty() {
        Finding::ok("outputs", "", format!("all {} are there", all().count()))
    } else {
        let detail = format!("the stack has no {}", missing.join(", "));
        Finding::new(Verdict::Problem, "outputs", "", detail)
            .hint("is it a stack of rebound, and of this version? docs/aws/deploying.md says how one is updated")
    });
}

/// Whether the tables are there, ready, and may be read.
pub(super) async fn tables(dynamodb: &aws_sdk_dynamodb::Client, prefix: &str, findings: &mut Findings) {
    for (name, key, indexes) in TABLES {
        let table = format!("{prefix}{name}");
        let described = dynamodb.describe_table().table_name(&table).send().await;
        let finding = match described {
            Ok(described) => judge_table(&table, described.table.as_ref(), indexes),
            Err(error) => refused("table", &table, &error, "dynamodb:DescribeTable"),
        };
        let is_ready = finding.is_ok();
        findings.add(finding);
        if !is_ready {
            continue;
        }
        let mut item = dynamodb.get_item().table_name(&table).consistent_read(true);
        item = item.key(key, AttributeValue::S(NOBODY.to_owned()));
        if name == EXPIRING.0 {
            item = item.key("recipient", AttributeValue::S("-".to_owned()));
        }
        if let Err(error) = item.send().await {
            findings.add(refused("table", &table, &error, "dynamodb:GetItem"));
        }
        if name == EXPIRING.0 {
            expiry(dynamodb, &table, findings).await;
        }
    }
}

fn judge_table(name: &str, table: Option<&TableDescription>, indexes: &[&str]) -> Finding {
    let problem = |detail: String| Finding::new(Verdict::Problem, "table", name, detail).hint(REDEPLOY);
    let status = table.and_then(|table| table.table_status.as_ref());
    if status != Some(&TableStatus::Active) {
        return problem(format!("is {}", status.map_or("not described", TableStatus::as_str)));
    }
    let there = table
        .map(TableDescription::global_secondary_indexes)
        .unwrap_or_default();
    let index = |wanted: &str| there.iter().find(|index| index.index_name() == Some(wanted));
    let missing: Vec<&str> = indexes.iter().copied().filter(|name| index(name).is_none()).collect();
    if !missing.is_empty() {
        return problem(format!("has no index {}", missing.join(", ")));
    }
    let unready = indexes.iter().find(|name| {
        let status = index(name).and_then(|index| index.index_status());
        status.is_some_and(|status| status.as_str() != "ACTIVE")
    });
    match unready {
        Some(index) => problem(format!("its index {index} is not ready yet")),
        None if indexes.is_empty() => Finding::ok("table", name, "active"),
        None => Finding::ok("table", name, format!("active, with {} indexes", indexes.len())),
    }
}

async fn expiry(dynamodb: &aws_sdk_dynamodb::Client, table: &str, findings: &mut Findings) {
    let described = dynamodb.describe_time_to_live().table_name(table).send().await;
    let described = match described {
        Ok(described) => described.time_to_live_description,
        Err(error) => return findings.add(refused("table", table, &error, "dynamodb:DescribeTimeToLive")),
    };
    let is_right = described.is_some_and(|expiry| {
        let is_on = matches!(
            expiry.time_to_live_status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        );
        is_on && expiry.attribute_name.as_deref() == Some(EXPIRING.1)
    });
    if !is_right {
        let detail = format!("its events never expire: time to live is not by {}", EXPIRING.1);
        findings.add(Finding::new(Verdict::Warning, "table", table, detail).hint(REDEPLOY));
    }
}

/// How many messages wait, and how many were set aside.
async fn queue(config: &SdkConfig, name: &str, url: &str, findings: &mut Findings) {
    let client = aws_sdk_sqs::Client::new(config);
    let asked = client.get_queue_attributes().queue_url(url);
    let asked = asked.attribute_names(QueueAttributeName::All).send().await;
    let attributes = match asked {
        Ok(asked) => asked.attributes.unwrap_or_default(),
        Err(error) => return findings.add(refused("queue", name, &error, "sqs:GetQueueAttributes")),
    };
    let count = |name: &QueueAttributeName| attributes.get(name).and_then(|count| count.parse::<u64>().ok());
    let waiting = count(&QueueAttributeName::ApproximateNumberOfMessages).unwrap_or(0);
    findings.add(Finding::ok("queue", name, format!("{waiting} messages wait")));
    let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
    let policy = policy.and_then(|policy| serde_json::from_str::<serde_json::Value>(policy).ok());
    let arn = policy
        .as_ref()
        .and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
    if let Some(set_aside) = arn.and_then(|arn| arn.rsplit(':').next()) {
        self::set_aside(&client, name, set_aside, findings).await;
    }
}

async fn set_aside(client: &aws_sdk_sqs::Client, queue: &str, name: &str, findings: &mut Findings) {
    let url = match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => found.queue_url.unwrap_or_default(),
        Err(error) => return findings.add(refused("queue", name, &error, "sqs:GetQueueUrl")),
    };
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(count.clone());
    match asked.send().await {
        Ok(asked) => {
            let waiting = asked.attributes.unwrap_or_default();
            let waiting = waiting
                .get(&count)
                .and_then(|count| count.parse().ok())
                .unwrap_or(0_u64);
            if waiting > 0 {
                let detail = format!("{waiting} messages of the queue {queue} were set aside after failing too often");
                findings.add(
                    Finding::new(Verdict::Problem, "queue", name, detail)
                        .hint("docs/aws/runbook.md says how to look at them and put them back"),
                );
            }
        }
        Err(error) => findings.add(refused("queue", name, &error, "sqs:GetQueueAttributes")),
    }
}

/// What to make of a request that failed: one that is not allowed names the permission that is missing, and one that the
/// other side does not know says nothing.
pub(super) fn refused<E>(check: &'static str, about: &str, error: &E, permission: &str) -> Finding
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let code = error.code().unwrap_or_default();
    let told = || match error.message() {
        Some(message) => format!("{code}: {message}"),
        None => DisplayErrorContext(error).to_string(),
    };
    let is_denied = code.contains("AccessDenied") || code.contains("Unauthorized") || code == "Forbidden";
    let is_unknown = ["NotImplemented", "InvalidAction", "UnknownOperation", "Unsupported"];
    if is_denied {
        let denied = Finding::new(
            Verdict::Problem,
            check,
            about,
            format!("you may not look at it: {}", told()),
        );
        return denied.hint(needs(permission));
    }
    if is_unknown.iter().any(|unknown| code.contains(unknown)) {
        return Finding::new(
            Verdict::Skipped,
            check,
            about,
            format!("{permission} is not answered here"),
        );
    }
    let problem = Finding::new(Verdict::Problem, check, about, told());
    match code {
        _ if code.contains("NotFound") || code.contains("NonExistent") || code.starts_with("NoSuch") => {
            problem.hint(format!("it is gone; {REDEPLOY}"))
        }
        _ => problem.hint(needs(permission)),
    }
}

fn needs(permission: impl Display) -> String {
    format!("it takes the permission {permission}; docs/aws/operating.md lists what operators need")
}
