//! Queues, and what fails.

use serde_json::json;

use super::Breaks;

pub(super) fn add(breaks: &mut Breaks) {
    let check = "queues that are worked off have dead letters and the right patience";
    breaks.put(
        check,
        "no dead letters",
        "FetchQueue/Properties",
        "RedrivePolicy",
        json!({}),
    );
    breaks.set(
        check,
        "dead letters in a circle",
        "ClassifyQueue/Properties/RedrivePolicy/deadLetterTargetArn",
        json!({"Fn::GetAtt": ["ClassifyQueue", "Arn"]}),
    );
    breaks.set(
        check,
        "one try",
        "ClassifyQueue/Properties/RedrivePolicy/maxReceiveCount",
        json!(1),
    );
    breaks.set(
        check,
        "no patience",
        "ClassifyQueue/Properties/VisibilityTimeout",
        json!(30),
    );
    breaks.set(
        check,
        "another function's patience",
        "FetchQueue/Properties/VisibilityTimeout",
        json!({"Fn::FindInMap": ["VisibilityTimeout", {"Ref": "ClassifierTimeout"}, "Seconds"]}),
    );
    breaks.put(
        check,
        "whole batches that fail",
        "Classifier/Properties/Events/Mail/Properties",
        "FunctionResponseTypes",
        json!([]),
    );
    breaks.put(
        check,
        "no limit",
        "Fetcher/Properties/Events/Jobs/Properties",
        "ScalingConfig",
        json!({}),
    );
    breaks.add(check, "five times", |d| {
        *d.template.at_mut("/Mappings/VisibilityTimeout/60/Seconds").unwrap() = json!(300);
    });
    breaks.add(check, "an unknown timeout", |d| {
        *d.template.at_mut("/Parameters/FetcherTimeout/AllowedValues").unwrap() = json!(["450"]);
    });

    breaks.put(
        check,
        "an end to long mailboxes",
        "Fetcher/Properties",
        "RecursiveLoop",
        json!("Terminate"),
    );
    breaks.put(
        check,
        "no end to loops",
        "Classifier/Properties",
        "RecursiveLoop",
        json!("Allow"),
    );

    let check = "whatever may fail leaves something behind";
    breaks.put(
        check,
        "a schedule",
        "Fetcher/Properties/Events/Tick/Properties",
        "DeadLetterConfig",
        json!({}),
    );
    breaks.put(
        check,
        "asynchronous invocations",
        "Fetcher/Properties/EventInvokeConfig",
        "DestinationConfig",
        json!({}),
    );
    breaks.put(
        check,
        "a pipe",
        "ReactivatedPipe/Properties/SourceParameters/DynamoDBStreamParameters",
        "DeadLetterConfig",
        json!({}),
    );
    breaks.set(
        check,
        "for a day",
        "PipeDeadLetters/Properties/MessageRetentionPeriod",
        json!(86400),
    );
    breaks.set(
        check,
        "unwatched",
        "ClassifyDeadLettersNotEmpty/Properties/MetricName",
        json!("NumberOfMessagesReceived"),
    );
}
