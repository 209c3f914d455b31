//! Alarms, the dashboard and the bus.

use serde_json::{Value, json};

use super::Breaks;

pub(super) fn add(breaks: &mut Breaks) {
    let check = "alarms tell somebody and have an entry in the runbook";
    breaks.add(check, "no entry", |d| {
        d.runbook = d.runbook.replace("### FetchesWaitTooLong", "### Other");
    });
    breaks.put(
        check,
        "tells nobody",
        "PipesFailing/Properties",
        "AlarmActions",
        json!([]),
    );
    breaks.put(
        check,
        "no word on silence",
        "SuppressionsHeld/Properties",
        "TreatMissingData",
        Value::Null,
    );
    breaks.set(
        check,
        "silence is health",
        "FetcherHeartbeatMissing/Properties/TreatMissingData",
        json!("notBreaching"),
    );
    breaks.set(
        check,
        "no reports are good reports",
        "ReportMissing/Properties/TreatMissingData",
        json!("notBreaching"),
    );
    breaks.add(check, "off the dashboard", |d| {
        let body = d
            .template
            .at_mut("/Resources/Dashboard/Properties/DashboardBody/Fn::Sub")
            .unwrap();
        *body = json!(body.as_str().unwrap().replace("${PipesFailing.Arn}", ""));
    });

    let check = "alarms and dashboard show metrics that there are";
    breaks.set(
        check,
        "one of ours, misspelt",
        "SuppressionsHeld/Properties/MetricName",
        json!("Hold"),
    );
    breaks.set(
        check,
        "of the other function",
        "SuppressionsHeld/Properties/Dimensions/0/Value",
        json!("fetcher"),
    );
    breaks.set(
        check,
        "of every stack",
        "SuppressionsHeld/Properties/Dimensions",
        json!([{"Name": "service", "Value": "classifier"}]),
    );
    breaks.set(
        check,
        "one of AWS, misspelt",
        "MessagesWaitTooLong/Properties/MetricName",
        json!("ApproximateAgeOfTheOldestMessage"),
    );
    breaks.set(
        check,
        "in an expression",
        "UnrecognisedTooMuch/Properties/Metrics/1/MetricStat/Metric/MetricName",
        json!("Unrecognized"),
    );
    breaks.replace_on_dashboard(check, "on the dashboard", "\"Fetched\"", "\"Fetchd\"");
    breaks.replace_on_dashboard(
        check,
        "searched for on the dashboard",
        "stage,category}",
        "stage,reason}",
    );
    breaks.replace_on_dashboard(check, "no JSON", "\"widgets\"", "widgets");
    breaks.add(check, "no longer written", |d| {
        d.metrics = d.metrics.replace("`Heartbeat`", "`Tick`");
    });

    let check = "pipes tell exactly the transitions";
    breaks.put(
        check,
        "every write",
        "SuppressedPipe/Properties/SourceParameters",
        "FilterCriteria",
        json!({}),
    );
    breaks.set(
        check,
        "whatever is said of a suppressed contact",
        "SuppressedPipe/Properties/SourceParameters/FilterCriteria/Filters/1/Pattern",
        json!(r#"{"dynamodb": {"NewImage": {"status": {"S": ["suppressed"]}}}}"#),
    );
    breaks.set(
        check,
        "not the first message",
        "SuppressedPipe/Properties/SourceParameters/FilterCriteria/Filters/0/Pattern",
        json!(r#"{"eventName": ["NONE"]}"#),
    );
    breaks.set(
        check,
        "without images",
        "ContactsTable/Properties/StreamSpecification/StreamViewType",
        json!("NEW_IMAGE"),
    );
    breaks.set(
        check,
        "from now on",
        "SuppressedPipe/Properties/SourceParameters/DynamoDBStreamParameters/StartingPosition",
        json!("LATEST"),
    );

    let check = "events are as their page says";
    breaks.replace_in_event(check, "a field more", "\"cause\"", "\"reason\"");
    breaks.replace_in_event(
        check,
        "no quotes",
        "\"<$.dynamodb.NewImage.address.S>\"",
        "<$.dynamodb.NewImage.address.S>",
    );
    breaks.replace_in_event(
        check,
        "an attribute that may be absent",
        "suppressed_by.S",
        "last_reason.S",
    );
    breaks.replace_in_event(check, "of another type", "version.N", "version.S");
    breaks.replace_in_event(
        check,
        "another version",
        "\"schema_version\": 1",
        "\"schema_version\": 2",
    );
    breaks.set(
        check,
        "another name",
        "SuppressedPipe/Properties/TargetParameters/EventBridgeEventBusParameters/DetailType",
        json!("Suppressed"),
    );
    breaks.add(check, "another page", |d| {
        d.events = d.events.replace("`suppressed_at`", "`when`");
    });
}
