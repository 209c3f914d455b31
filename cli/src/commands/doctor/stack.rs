//! A stack deployed to AWS: whether its parts are there, and whether you may use them.

use std::fmt::Display;

use aws_sdk_cloudformation::types::{ResourceStatus, StackResource};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{AttributeValue, TableDescription, TableStatus, TimeToLiveStatus};
use jiff::Timestamp;

use super::finding::{Finding, Findings, Verdict};
use super::{accounts, bucket, clock, configuration, keys, queues};
use crate::hints;
use crate::place::{Place, StackName};
use crate::workspace::{Stack, Workspace};

/// What every stack of ours says its parts are called.
const OUTPUTS: [&str; 9] = [
    "AccountsPrefix",
    "Bucket",
    "ClassifierFunction",
    "ClassifyQueueUrl",
    "FetchQueueUrl",
    "FetcherFunction",
    "ReporterFunction",
    "ReturnPathKeys",
    "TablePrefix",
];

/// And what a deployed one has as well, but not the one that `rebound serve` plays.
const OUTPUTS_ON_AWS: [&str; 3] = ["Dashboard", "EventBus", "SentLedgerPolicy"];

/// What the one that `rebound serve` plays is called.
const SERVED: &str = "local";

/// The tables, the first part of the key of each, and the indexes it must have.
const TABLES: [(&str, &str, &[&str]); 4] = [
    ("contacts", "address", &["suppressed-by-time", "domain-by-time"]),
    (
        "events",
        "message",
        &["address-by-time", "day-by-time", "campaign-by-time"],
    ),
    ("mailboxes", "account", &[]),
    ("sent", "message_id", &[]),
];

/// The tables whose items go after a while, and the second part of their keys.
const EXPIRING: [(&str, &str); 2] = [("events", "recipient"), ("sent", "address")];

/// The attribute that says when.
const EXPIRY: &str = "expires_at";

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
    functions(&stack, &name.name, findings).await;
    for (queue, key) in [("fetch", "FetchQueueUrl"), ("classify", "ClassifyQueueUrl")] {
        if let Some(url) = stack.find_output(key) {
            queues::check(stack.config(), queue, url, findings).await;
        }
    }
    let has_keys = keys::check(&stack.return_path_keys(), false, findings).await;
    let place = Place::Stack(name.clone());
    // What is missing among the outputs has been told.
    let Ok(workspace) = Box::pin(Workspace::open_whatever_policy(&place)).await else {
        return;
    };
    let (dynamodb, prefix) = workspace.tables();
    tables(dynamodb, prefix, findings).await;
    let (s3, name) = workspace.bucket();
    bucket::check(s3, name, findings).await;
    configuration::check(s3, name, has_keys, findings).await;
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

/// Whether each function was deployed in good order, and when.
async fn functions(stack: &Stack, name: &str, findings: &mut Findings) {
    let client = aws_sdk_cloudformation::Client::new(stack.config());
    let described = client.describe_stack_resources().stack_name(name).send().await;
    let resources = match described {
        Ok(described) => described.stack_resources.unwrap_or_default(),
        Err(error) => {
            let permission = "cloudformation:DescribeStackResources";
            return findings.add(refused("functions", "", &error, permission));
        }
    };
    let is_function = |resource: &&StackResource| resource.resource_type() == Some("AWS::Lambda::Function");
    for function in resources.iter().filter(is_function) {
        let name = function.physical_resource_id().unwrap_or_default();
        let state = function.resource_status().map_or("unknown", ResourceStatus::as_str);
        let at = function
            .timestamp()
            .and_then(|at| Timestamp::from_second(at.secs()).ok());
        let at = at.map(|at| format!(" since {at:.0}")).unwrap_or_default();
        let detail = format!("{state}{at}");
        findings.add(if matches!(state, "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
            Finding::ok("function", name, detail)
        } else {
            Finding::new(Verdict::Problem, "function", name, detail).hint(REDEPLOY)
        });
    }
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
        let expiring = EXPIRING.iter().find(|(expiring, _)| *expiring == name);
        if let Some((_, sort_key)) = expiring {
            item = item.key(*sort_key, AttributeValue::S("-".to_owned()));
        }
        if let Err(error) = item.send().await {
            findings.add(refused("table", &table, &error, "dynamodb:GetItem"));
        }
        if expiring.is_some() {
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
        is_on && expiry.attribute_name.as_deref() == Some(EXPIRY)
    });
    if !is_right {
        let detail = format!("its items never expire: time to live is not by {EXPIRY}");
        findings.add(Finding::new(Verdict::Warning, "table", table, detail).hint(REDEPLOY));
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription;

    use super::*;
    use crate::output::Told;

    #[test]
    fn a_request_that_fails_says_which_permission_is_missing_or_what_is_gone() {
        for (code, result, hint) in [
            (
                "AccessDeniedException",
                "problem",
                "it takes the permission sqs:GetQueueUrl",
            ),
            ("AccessDenied", "problem", "it takes the permission sqs:GetQueueUrl"),
            ("ResourceNotFoundException", "problem", "it is gone"),
            ("NoSuchBucket", "problem", "it is gone"),
            ("AWS.SimpleQueueService.NonExistentQueue", "problem", "it is gone"),
            ("NotImplemented", "skipped", "sqs:GetQueueUrl is not answered here"),
            ("InvalidAction", "skipped", "sqs:GetQueueUrl is not answered here"),
        ] {
            let error = ErrorMetadata::builder().code(code).message("no").build();
            let told = refused("queue", "fetch", &error, "sqs:GetQueueUrl").told();
            assert!(told.starts_with(result) && told.contains(hint), "{code}: {told}");
        }
    }

    #[test]
    fn a_stack_that_is_not_deployed_in_good_order_is_told() {
        for (state, result) in [
            ("CREATE_COMPLETE", "ok"),
            ("UPDATE_COMPLETE", "ok"),
            ("UPDATE_IN_PROGRESS", "warning"),
            ("UPDATE_ROLLBACK_COMPLETE", "warning"),
            ("ROLLBACK_COMPLETE", "problem"),
            ("UPDATE_ROLLBACK_FAILED", "problem"),
        ] {
            let told = status("prod", state).told();
            assert!(told.starts_with(result), "{state}: {told}");
        }
    }

    #[test]
    fn a_table_that_is_not_ready_or_lacks_an_index_is_refused() {
        let table = |status: TableStatus, indexes: &[&str]| {
            let index = |name: &&str| GlobalSecondaryIndexDescription::builder().index_name(*name).build();
            let table = TableDescription::builder().table_status(status);
            let all = indexes.iter().map(index).collect();
            table.set_global_secondary_indexes(Some(all)).build()
        };
        for (table, expected) in [
            (table(TableStatus::Active, &["a", "b"]), "ok"),
            (table(TableStatus::Active, &["a"]), "has no index b"),
            (table(TableStatus::Creating, &["a", "b"]), "is CREATING"),
        ] {
            let told = judge_table("events", Some(&table), &["a", "b"]).told();
            assert!(told.contains(expected), "{told}");
        }
        assert!(judge_table("events", None, &[]).told().starts_with("problem"));
    }
}
