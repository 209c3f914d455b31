//! What things are called.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::template::entries;
use crate::{Deployment, written};

/// Properties that name a thing in the whole account and region.
const NAMES: [&str; 10] = [
    "TableName",
    "BucketName",
    "QueueName",
    "FunctionName",
    "RoleName",
    "LogGroupName",
    "TopicName",
    "AlarmName",
    "DashboardName",
    "Name",
];

/// What `rebound --stack NAME` reads, and people.
const OUTPUTS: [&str; 12] = [
    "Bucket",
    "TablePrefix",
    "AccountsPrefix",
    "ReturnPathKeys",
    "SentLedgerPolicy",
    "FetchQueueUrl",
    "ClassifyQueueUrl",
    "FetcherFunction",
    "ClassifierFunction",
    "ReporterFunction",
    "EventBus",
    "Dashboard",
];

pub(super) fn unique(deployment: &Deployment) -> Vec<String> {
    let mut faults = Vec::new();
    for resource in deployment.template.resources() {
        for name in NAMES {
            for name in written(resource.property(&format!("/{name}"))) {
                if !name.contains("${AWS::StackName}") {
                    faults.push(format!("{} is called {name} in every stack", resource.name));
                }
            }
        }
        for (event, body) in entries(resource.property("/Events")) {
            let scheduled = body.get("Type").is_some_and(|kind| kind == "ScheduleV2");
            if scheduled && body.pointer("/Properties/OmitName") != Some(&Value::Bool(true)) {
                faults.push(format!("{}: SAM calls {event} the same in every stack", resource.name));
            }
        }
    }
    faults
}

pub(super) fn outputs(deployment: &Deployment) -> Vec<String> {
    let outputs = deployment.template.at("/Outputs");
    let named: BTreeSet<_> = entries(outputs).map(|(name, _)| name).collect();
    let expected = BTreeSet::from(OUTPUTS);
    let mut faults: Vec<_> = named
        .symmetric_difference(&expected)
        .map(|name| format!("{name} is not both read and put out"))
        .collect();
    for (name, output) in entries(outputs) {
        let described = output
            .get("Description")
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty());
        if !described || output.get("Value").is_none_or(|value| written(value).is_empty()) {
            faults.push(format!("{name} lacks a description or a value"));
        }
    }
    faults
}
