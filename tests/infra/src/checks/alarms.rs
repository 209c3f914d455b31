//! Alarms, the dashboard, and the metrics they show.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::markdown::{code_spans, headings, table_rows};
use crate::{Deployment, Resource, written};

/// Where the functions' own metrics are.
const NAMESPACE: &str = "rebound";

/// The functions' names in their metrics, and the sections of docs/aws/metrics.md that list them.
const SERVICES: [(&str, &str); 3] = [
    ("fetcher", "Fetcher"),
    ("classifier", "Classifier"),
    ("reporter", "Reporter"),
];

/// Alarms that tell of what does not happen.
const OF_SILENCE: [&str; 2] = ["FetcherHeartbeatMissing", "ReportMissing"];

/// Metrics that AWS keeps, with their dimensions. A misspelt one is no error anywhere: its alarm never goes off.
const OF_AWS: [(&str, &[&str], &[&str]); 5] = [
    (
        "AWS/SQS",
        &["QueueName"],
        &["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"],
    ),
    ("AWS/Lambda", &["FunctionName"], &["Errors", "Throttles", "Duration"]),
    (
        "AWS/DynamoDB",
        &["TableName"],
        &[
            "ReadThrottleEvents",
            "WriteThrottleEvents",
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
        ],
    ),
    (
        "AWS/DynamoDB",
        &["TableName", "GlobalSecondaryIndexName"],
        &["ReadThrottleEvents", "WriteThrottleEvents"],
    ),
    (
        "AWS/EventBridge/Pipes",
        &["PipeName"],
        &[
            "Invocations",
            "ExecutionFailed",
            "ExecutionPartiallyFailed",
            "ExecutionThrottled",
            "ExecutionTimeout",
        ],
    ),
];

/// The most metrics that one alarm can calculate with.
const MAX_METRICS: usize = 10;

pub(super) fn explained(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let told = json!({"Fn::If": [
        "TellsSomebody",
        [{"Fn::If": ["OwnTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AlarmTopic"}]}],
        {"Ref": "AWS::NoValue"},
    ]});
    let dashboard = written(template.at("/Resources/Dashboard/Properties/DashboardBody")).join("");
    let entries: BTreeSet<_> = headings(&deployment.runbook, 3).collect();
    let mut faults = Vec::new();
    let mut alarms = BTreeSet::new();
    for alarm in template.of_kind("AWS::CloudWatch::Alarm") {
        alarms.insert(alarm.name);
        let description = alarm.property("/AlarmDescription").as_str().unwrap_or_default();
        let wrong = [
            (!entries.contains(alarm.name), "has no entry in docs/aws/runbook.md"),
            (
                !description.ends_with(&format!("See {} in docs/aws/runbook.md.", alarm.name)),
                "does not say where to read on",
            ),
            (
                alarm.property("/AlarmActions") != &told || alarm.property("/OKActions") != &told,
                "tells nobody when it goes off or is over",
            ),
            (
                alarm.property("/TreatMissingData").is_null(),
                "does not say what no data means",
            ),
            (
                !dashboard.contains(&format!("${{{}.Arn}}", alarm.name)),
                "is not on the dashboard",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(is_wrong, _)| *is_wrong);
        faults.extend(wrong.map(|(_, what)| format!("{} {what}", alarm.name)));
    }
    for name in OF_SILENCE {
        if template.at(&format!("/Resources/{name}/Properties/TreatMissingData")) != "breaching" {
            faults.push(format!("{name} takes silence for health"));
        }
    }
    let gone = entries.difference(&alarms);
    faults.extend(gone.map(|name| format!("docs/aws/runbook.md explains {name}, which is no alarm")));
    faults
}

pub(super) fn metrics(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    for alarm in template.of_kind("AWS::CloudWatch::Alarm") {
        let shown = of_alarm(&alarm);
        if shown.is_empty() || shown.len() > MAX_METRICS {
            faults.push(format!("{}: {} metrics", alarm.name, shown.len()));
        }
        faults.extend(unknown(deployment, alarm.name, &shown));
    }
    let body = written(template.at("/Resources/Dashboard/Properties/DashboardBody")).join("");
    match serde_json::from_str(&body) {
        Ok(body) => faults.extend(unknown(deployment, "Dashboard", &of_dashboard(&body))),
        Err(error) => faults.push(format!("Dashboard: no JSON: {error}")),
    }
    faults
}

/// A metric as somebody asks for it.
#[derive(Debug)]
struct Shown {
    namespace: String,
    name: String,
    /// `service`, and what it is, where that is said.
    dimensions: Vec<(String, Option<String>)>,
}

fn unknown(deployment: &Deployment, who: &str, shown: &[Shown]) -> Vec<String> {
    let is_known = |shown: &&Shown| {
        let names: Vec<_> = shown.dimensions.iter().map(|(name, _)| name.as_str()).collect();
        if shown.namespace == NAMESPACE {
            is_ours(deployment, shown, &names)
        } else {
            OF_AWS.iter().any(|(namespace, dimensions, metrics)| {
                *namespace == shown.namespace && *dimensions == names && metrics.contains(&shown.name.as_str())
            })
        }
    };
    let strange = shown.iter().filter(|shown| !is_known(shown));
    strange.map(|shown| format!("{who}: nobody writes {shown:?}")).collect()
}

/// Whether docs/aws/metrics.md lists it.
fn is_ours(deployment: &Deployment, shown: &Shown, names: &[&str]) -> bool {
    let value = |wanted: &str| {
        let mut dimensions = shown.dimensions.iter();
        dimensions
            .find(|(name, _)| name == wanted)
            .and_then(|(_, value)| value.as_deref())
    };
    let section = SERVICES.iter().find(|(service, _)| value("service") == Some(service));
    let Some((_, section)) = section else { return false };
    let rows = table_rows(&deployment.metrics, section);
    let row = rows.iter().find(|row| {
        row.first()
            .is_some_and(|name| code_spans(name).next() == Some(&shown.name))
    });
    let [service, stage, by @ ..] = names else { return false };
    let by_listed = |row: &Vec<&str>| {
        let listed: Vec<_> = row.get(2).map(|cell| code_spans(cell).collect()).unwrap_or_default();
        by.iter().all(|by| listed.contains(by)) && by.len() <= 1
    };
    (*service, *stage) == ("service", "stage")
        && value("stage") == Some("${AWS::StackName}")
        && row.is_some_and(by_listed)
}

fn of_alarm(alarm: &Resource<'_>) -> Vec<Shown> {
    let single = alarm.property("");
    let several = alarm
        .list("/Metrics")
        .into_iter()
        .filter_map(|metric| metric.pointer("/MetricStat/Metric"));
    let metrics: Vec<_> = single
        .get("MetricName")
        .map(|_| single)
        .into_iter()
        .chain(several)
        .collect();
    let text = |metric: &Value, name: &str| metric.get(name).map(written).unwrap_or_default().join("");
    metrics
        .into_iter()
        .map(|metric| Shown {
            namespace: text(metric, "Namespace"),
            name: text(metric, "MetricName"),
            dimensions: metric
                .get("Dimensions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|dimension| (text(dimension, "Name"), Some(text(dimension, "Value"))))
                .collect(),
        })
        .collect()
}

fn of_dashboard(body: &Value) -> Vec<Shown> {
    let widgets = body.get("widgets").and_then(Value::as_array).into_iter().flatten();
    let metrics = widgets.flat_map(|widget| {
        widget
            .pointer("/properties/metrics")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    });
    metrics
        .filter_map(|metric| {
            let texts: Vec<_> = metric
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let searched = metric.pointer("/0/expression").and_then(Value::as_str);
            Some(match (texts.as_slice(), searched) {
                (_, Some(expression)) => search(expression),
                ([namespace, name, dimensions @ ..], None) => Shown {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    dimensions: dimensions
                        .chunks(2)
                        .filter_map(|pair| Some((pair.first()?.clone(), pair.get(1).cloned())))
                        .collect(),
                },
                _ => search(""),
            })
        })
        .collect()
}

/// What `SEARCH('{namespace,dimension,…} MetricName="…" dimension="…"', …)` finds.
fn search(expression: &str) -> Shown {
    let schema = expression.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let (schema, terms) = schema.unwrap_or_default();
    let mut names = schema.split(',').map(str::to_owned);
    let value = |name: &str| {
        let (_, rest) = terms.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    Shown {
        namespace: names.next().unwrap_or_default(),
        name: value("MetricName").unwrap_or_default(),
        dimensions: names.map(|name| (name.clone(), value(&name))).collect(),
    }
}
