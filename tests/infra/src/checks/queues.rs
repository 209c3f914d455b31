//! Queues, and what becomes of what nobody could do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::template::entries;
use crate::{Deployment, Template, written};

/// The longest that SQS keeps a message, in seconds: what was given up on is there for that long.
const LONGEST_RETENTION: u64 = 14 * 24 * 60 * 60;

/// How many times longer than a function may run, its queue waits until it hands a message out again.
const PATIENCE: u64 = 6;

pub(super) fn worked_off(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    let mut consumers = 0;
    for function in template.of_kind("AWS::Serverless::Function") {
        for (event, body) in entries(function.property("/Events")) {
            if body.get("Type").is_none_or(|kind| kind != "SQS") {
                continue;
            }
            consumers += 1;
            let at = |pointer: &str| body.pointer(&format!("/Properties{pointer}")).unwrap_or(&crate::NULL);
            let who = format!("{}: {event}", function.name);
            if at("/FunctionResponseTypes") != &serde_json::json!(["ReportBatchItemFailures"]) {
                faults.push(format!("{who}: one message that fails makes its whole batch fail"));
            }
            if at("/ScalingConfig/MaximumConcurrency").is_null() {
                faults.push(format!("{who}: nothing limits how many run at a time"));
            }
            let queue = named(at("/Queue"));
            let feeds_itself = template.role_statements().iter().any(|statement| {
                written(function.property("/Role")) == [format!("${{{}.Arn}}", statement.owner)]
                    && statement.actions.iter().any(|action| action == "sqs:SendMessage")
                    && statement.resources.contains(&format!("${{{queue}.Arn}}"))
            });
            if feeds_itself != (function.property("/RecursiveLoop") == "Allow") {
                faults.push(format!(
                    "{who}: Lambda ends what goes on in another job, or does not end a loop"
                ));
            }
            faults.extend(patience(template, &queue, function.property("/Timeout")));
            faults.extend(dead_letters(template, &queue));
        }
    }
    if consumers != 2 {
        faults.push(format!("{consumers} queues are worked off instead of two"));
    }
    for (seconds, visible) in entries(template.at("/Mappings/VisibilityTimeout")) {
        let visible = visible.get("Seconds").and_then(Value::as_u64);
        if seconds.parse().ok().map(|seconds: u64| seconds * PATIENCE) != visible {
            faults.push(format!("VisibilityTimeout of {seconds} is not {PATIENCE} times that"));
        }
    }
    faults
}

/// What is wrong with how long the queue waits for a function with this timeout.
fn patience(template: &Template, queue: &str, timeout: &Value) -> Vec<String> {
    let visible = template.at(&format!("/Resources/{queue}/Properties/VisibilityTimeout"));
    if visible != &serde_json::json!({"Fn::FindInMap": ["VisibilityTimeout", timeout, "Seconds"]}) {
        return vec![format!("{queue}: its visibility timeout does not follow {timeout}")];
    }
    let parameter = timeout.get("Ref").and_then(Value::as_str).unwrap_or_default();
    let allowed = written(template.at(&format!("/Parameters/{parameter}/AllowedValues")));
    let unknown = |seconds: &String| template.at(&format!("/Mappings/VisibilityTimeout/{seconds}")).is_null();
    let unknown = allowed.iter().filter(|seconds| unknown(seconds));
    unknown
        .map(|seconds| format!("VisibilityTimeout does not know {parameter} {seconds}"))
        .collect()
}

fn dead_letters(template: &Template, queue: &str) -> Vec<String> {
    let redrive = template.at(&format!("/Resources/{queue}/Properties/RedrivePolicy"));
    let target = redrive.get("deadLetterTargetArn").map(named).unwrap_or_default();
    let mut faults = Vec::new();
    if template.at(&format!("/Resources/{target}/Type")) != "AWS::SQS::Queue" || target == queue {
        faults.push(format!("{queue}: what can't be worked off comes round for ever"));
    }
    if redrive
        .get("maxReceiveCount")
        .and_then(Value::as_u64)
        .is_none_or(|tries| tries < 2)
    {
        faults.push(format!("{queue}: a single failure is the last"));
    }
    faults
}

pub(super) fn failures(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    let mut kept = BTreeSet::new();
    let mut into = |who: String, target: &Value| {
        let target = named(target);
        if template.at(&format!("/Resources/{target}/Type")) == "AWS::SQS::Queue" {
            kept.insert(target);
        } else {
            faults.push(format!("{who}: what fails for good is forgotten"));
        }
    };
    for function in template.of_kind("AWS::Serverless::Function") {
        let mut scheduled = false;
        for (event, body) in entries(function.property("/Events")) {
            if body.get("Type").is_some_and(|kind| kind == "ScheduleV2") {
                scheduled = true;
                let letters = body.pointer("/Properties/DeadLetterConfig/Arn").unwrap_or(&crate::NULL);
                into(format!("{}: {event}", function.name), letters);
            }
        }
        if scheduled {
            let letters = function.property("/EventInvokeConfig/DestinationConfig/OnFailure/Destination");
            into(format!("{}: asynchronous invocations", function.name), letters);
        }
    }
    for pipe in template.of_kind("AWS::Pipes::Pipe") {
        let stream = "/SourceParameters/DynamoDBStreamParameters";
        into(
            pipe.name.to_owned(),
            pipe.property(&format!("{stream}/DeadLetterConfig/Arn")),
        );
    }
    for queue in template.of_kind("AWS::SQS::Queue") {
        if let Value::Object(redrive) = queue.property("/RedrivePolicy") {
            kept.extend(redrive.get("deadLetterTargetArn").map(named));
        }
    }
    for queue in kept {
        let at = |property: &str| template.at(&format!("/Resources/{queue}/Properties/{property}"));
        if at("MessageRetentionPeriod").as_u64() != Some(LONGEST_RETENTION) {
            faults.push(format!("{queue}: it forgets sooner than it has to"));
        }
        let watched = template.of_kind("AWS::CloudWatch::Alarm").any(|alarm| {
            alarm.property("/MetricName") == "ApproximateNumberOfMessagesVisible"
                && written(alarm.property("/Dimensions/0/Value")) == [format!("${{{queue}.QueueName}}")]
        });
        if !watched {
            faults.push(format!("{queue}: no alarm tells that something is in it"));
        }
    }
    faults
}

/// The logical id of `!GetAtt Name.Arn`.
fn named(value: &Value) -> String {
    let text = written(value).join("");
    let name = text.strip_prefix("${").and_then(|name| name.strip_suffix(".Arn}"));
    name.unwrap_or_default().to_owned()
}
