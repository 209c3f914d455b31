//! Alarms, the dashboard and the bus.

use rebound_test_infra::Deployment;
use serde_json::{Value, json};

use super::{Breaks, put, replace_in_event, replace_on_dashboard, set};

pub(super) fn add(breaks: &mut Breaks) {
    let check = "alarms tell somebody and have an entry in the runbook";
    breaks.add(check, "no entry", |d| {
        d.runbook = d.runbook.replace("### FetchesWaitTooLong", "### Other")
    });
    breaks.add(check, "tells nobody", |d| {
        put(d, "PipesFailing/Properties", "AlarmActions", json!([]))
    });
    breaks.add(check, "no word on silence", |d| {
        put(d, "SuppressionsHeld/Properties", "TreatMissingData", Value::Null)
    });
    breaks.add(check, "silence is health", |d| {
        set(
            d,
            "FetcherHeartbeatMissing/Properties/TreatMissingData",
            json!("notBreaching"),
        );
    });
    breaks.add(check, "off the dashboard", |d| {
        let body = d
            .template
            .at_mut("/Resources/Dashboard/Properties/DashboardBody/Fn::Sub")
            .unwrap();
        *body = json!(body.as_str().unwrap().replace("${PipesFailing.Arn}", ""));
    });

    let check = "alarms and dashboard show metrics that there are";
    breaks.add(check, "one of ours, misspelt", |d| {
        set(d, "SuppressionsHeld/Properties/MetricName", json!("Hold"))
    });
    breaks.add(check, "of the other function", |d| {
        set(d, "SuppressionsHeld/Properties/Dimensions/0/Value", json!("fetcher"));
    });
    breaks.add(check, "of every stack", |d| {
        set(
            d,
            "SuppressionsHeld/Properties/Dimensions",
            json!([{"Name": "service", "Value": "classifier"}]),
        );
    });
    breaks.add(check, "one of AWS, misspelt", |d| {
        set(
            d,
            "MessagesWaitTooLong/Properties/MetricName",
            json!("ApproximateAgeOfTheOldestMessage"),
        );
    });
    breaks.add(check, "in an expression", |d| {
        set(
            d,
            "UnrecognisedTooMuch/Properties/Metrics/1/MetricStat/Metric/MetricName",
            json!("Unrecognized"),
        );
    });
    breaks.add(check, "on the dashboard", |d| {
        replace_on_dashboard(d, "\"Fetched\"", "\"Fetchd\"")
    });
    breaks.add(check, "searched for on the dashboard", |d| {
        replace_on_dashboard(d, "stage,category}", "stage,reason}")
    });
    breaks.add(check, "no JSON", |d| replace_on_dashboard(d, "\"widgets\"", "widgets"));
    breaks.add(check, "no longer written", |d| {
        d.metrics = d.metrics.replace("`Heartbeat`", "`Tick`")
    });

    let check = "pipes tell exactly the transitions";
    breaks.add(check, "every write", |d| {
        put(
            d,
            "SuppressedPipe/Properties/SourceParameters",
            "FilterCriteria",
            json!({}),
        )
    });
    breaks.add(check, "whatever is said of a suppressed contact", |d| {
        let pattern = r#"{"dynamodb": {"NewImage": {"status": {"S": ["suppressed"]}}}}"#;
        set(
            d,
            "SuppressedPipe/Properties/SourceParameters/FilterCriteria/Filters/1/Pattern",
            json!(pattern),
        );
    });
    breaks.add(check, "not the first message", |d| {
        let pattern = r#"{"eventName": ["NONE"]}"#;
        set(
            d,
            "SuppressedPipe/Properties/SourceParameters/FilterCriteria/Filters/0/Pattern",
            json!(pattern),
        );
    });
    breaks.add(check, "without images", |d| {
        set(
            d,
            "ContactsTable/Properties/StreamSpecification/StreamViewType",
            json!("NEW_IMAGE"),
        );
    });
    breaks.add(check, "from now on", |d| {
        let stream = "SuppressedPipe/Properties/SourceParameters/DynamoDBStreamParameters";
        set(d, &format!("{stream}/StartingPosition"), json!("LATEST"));
    });

    let check = "events are as their page says";
    breaks.add(check, "a field more", |d| {
        replace_in_event(d, "\"cause\"", "\"reason\"")
    });
    breaks.add(check, "no quotes", |d| {
        replace_in_event(
            d,
            "\"<$.dynamodb.NewImage.address.S>\"",
            "<$.dynamodb.NewImage.address.S>",
        )
    });
    breaks.add(check, "an attribute that may be absent", |d| {
        replace_in_event(d, "suppressed_by.S", "last_reason.S")
    });
    breaks.add(check, "of another type", |d| {
        replace_in_event(d, "version.N", "version.S")
    });
    breaks.add(check, "another version", |d| {
        replace_in_event(d, "\"schema_version\": 1", "\"schema_version\": 2")
    });
    breaks.add(check, "another name", |d| {
        let target = "SuppressedPipe/Properties/TargetParameters/EventBridgeEventBusParameters/DetailType";
        set(d, target, json!("Suppressed"));
    });
    breaks.add(check, "another page", |d| {
        d.events = d.events.replace("`suppressed_at`", "`when`")
    });
}
