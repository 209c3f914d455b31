//! Queues, and what fails.

use serde_json::json;

use super::{Breaks, put, set};

pub(super) fn add(breaks: &mut Breaks) {
    let check = "queues that are worked off have dead letters and the right patience";
    breaks.add(check, "no dead letters", |d| {
        put(d, "FetchQueue/Properties", "RedrivePolicy", json!({}))
    });
    breaks.add(check, "dead letters in a circle", |d| {
        let itself = json!({"Fn::GetAtt": ["ClassifyQueue", "Arn"]});
        set(d, "ClassifyQueue/Properties/RedrivePolicy/deadLetterTargetArn", itself);
    });
    breaks.add(check, "one try", |d| {
        set(d, "ClassifyQueue/Properties/RedrivePolicy/maxReceiveCount", json!(1))
    });
    breaks.add(check, "no patience", |d| {
        set(d, "ClassifyQueue/Properties/VisibilityTimeout", json!(30))
    });
    breaks.add(check, "another function's patience", |d| {
        let other = json!({"Fn::FindInMap": ["VisibilityTimeout", {"Ref": "ClassifierTimeout"}, "Seconds"]});
        set(d, "FetchQueue/Properties/VisibilityTimeout", other);
    });
    breaks.add(check, "whole batches that fail", |d| {
        put(
            d,
            "Classifier/Properties/Events/Mail/Properties",
            "FunctionResponseTypes",
            json!([]),
        );
    });
    breaks.add(check, "no limit", |d| {
        put(
            d,
            "Fetcher/Properties/Events/Jobs/Properties",
            "ScalingConfig",
            json!({}),
        )
    });
    breaks.add(check, "five times", |d| {
        *d.template.at_mut("/Mappings/VisibilityTimeout/60/Seconds").unwrap() = json!(300);
    });
    breaks.add(check, "an unknown timeout", |d| {
        *d.template.at_mut("/Parameters/FetcherTimeout/AllowedValues").unwrap() = json!(["450"]);
    });

    let check = "whatever may fail leaves something behind";
    breaks.add(check, "a schedule", |d| {
        put(
            d,
            "Fetcher/Properties/Events/Tick/Properties",
            "DeadLetterConfig",
            json!({}),
        )
    });
    breaks.add(check, "asynchronous invocations", |d| {
        put(
            d,
            "Fetcher/Properties/EventInvokeConfig",
            "DestinationConfig",
            json!({}),
        )
    });
    breaks.add(check, "a pipe", |d| {
        let stream = "ReactivatedPipe/Properties/SourceParameters/DynamoDBStreamParameters";
        put(d, stream, "DeadLetterConfig", json!({}));
    });
    breaks.add(check, "for a day", |d| {
        set(d, "PipeDeadLetters/Properties/MessageRetentionPeriod", json!(86400))
    });
    breaks.add(check, "unwatched", |d| {
        set(
            d,
            "ClassifyDeadLettersNotEmpty/Properties/MetricName",
            json!("NumberOfMessagesReceived"),
        );
    });
}
