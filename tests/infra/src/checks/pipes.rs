//! What the bus is told.

use serde_json::{Value, json};

use crate::markdown::{code_spans, table_rows};
use crate::{Deployment, Resource, alternatives};

/// The pipes, and the events they make.
const PIPES: [(&str, &str); 2] = [
    ("SuppressedPipe", "ContactSuppressed"),
    ("ReactivatedPipe", "ContactReactivated"),
];

/// Attributes that a contact's item has while the contact is suppressed, and their types
/// (`shared/contacts/src/repository/item.rs`). Others may be absent, and would come out as empty text.
const OF_SUPPRESSED: [(&str, &str); 6] = [
    ("address", "S"),
    ("status", "S"),
    ("suppressed_cause", "S"),
    ("suppressed_at", "S"),
    ("suppressed_by", "S"),
    ("version", "N"),
];

/// The same of one that is not.
const OF_ACTIVE: [(&str, &str); 3] = [("address", "S"), ("status", "S"), ("version", "N")];

/// What may happen to a contact's item: before, after, and which pipe tells it.
const HAPPENINGS: [(Option<&str>, Option<&str>, Option<&str>); 8] = [
    (None, Some("active"), None),
    (None, Some("suppressed"), Some("SuppressedPipe")),
    (Some("active"), Some("active"), None),
    (Some("active"), Some("suppressed"), Some("SuppressedPipe")),
    (Some("suppressed"), Some("suppressed"), None),
    (Some("suppressed"), Some("active"), Some("ReactivatedPipe")),
    (Some("active"), None, None),
    // The code never deletes contacts. Whoever does it by hand knows.
    (Some("suppressed"), None, None),
];

pub(super) fn transitions(deployment: &Deployment) -> Vec<String> {
    let pipes: Vec<_> = deployment.template.of_kind("AWS::Pipes::Pipe").collect();
    let mut faults = Vec::new();
    for (before, after, expected) in HAPPENINGS {
        let record = record(before, after);
        let telling = pipes.iter().filter(|pipe| tells(pipe, &record)).map(|pipe| pipe.name);
        let telling: Vec<_> = telling.collect();
        if telling != expected.into_iter().collect::<Vec<_>>() {
            faults.push(format!(
                "{before:?} to {after:?}: told by {telling:?} instead of {expected:?}"
            ));
        }
    }
    if deployment
        .template
        .at("/Resources/ContactsTable/Properties/StreamSpecification/StreamViewType")
        != "NEW_AND_OLD_IMAGES"
    {
        faults.push("the stream of contacts lacks an image that the pipes filter by".to_owned());
    }
    for pipe in pipes {
        let stream = |name: &str| pipe.property(&format!("/SourceParameters/DynamoDBStreamParameters/{name}"));
        if stream("StartingPosition") != "TRIM_HORIZON" {
            faults.push(format!("{}: what is written while it is set up is not told", pipe.name));
        }
        if stream("OnPartialBatchItemFailure") != "AUTOMATIC_BISECT" {
            faults.push(format!("{}: one record that fails takes its batch with it", pipe.name));
        }
    }
    faults
}

pub(super) fn schema(deployment: &Deployment) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, event) in PIPES {
        let at = |pointer: &str| {
            deployment
                .template
                .at(&format!("/Resources/{name}/Properties{pointer}"))
        };
        let target = at("/TargetParameters/EventBridgeEventBusParameters");
        if target != &json!({"Source": "rebound", "DetailType": event}) {
            faults.push(format!("{name}: it does not make {event} of rebound, but {target}"));
        }
        let template = at("/TargetParameters/InputTemplate").as_str().unwrap_or_default();
        let fields = match serde_json::from_str(template) {
            Ok(Value::Object(fields)) => fields,
            other => {
                faults.push(format!(
                    "{name}: not a JSON object, with quotes around what is put in: {other:?}"
                ));
                continue;
            }
        };
        let documented: Vec<_> = table_rows(&deployment.events, event)
            .iter()
            .filter_map(|row| code_spans(row.first()?).next())
            .map(str::to_owned)
            .collect();
        let (mut told, mut listed): (Vec<_>, _) = (fields.keys().cloned().collect(), documented);
        told.sort();
        listed.sort();
        if told != listed {
            faults.push(format!("{event}: it has {told:?}, docs/aws/events.md lists {listed:?}"));
        }
        if fields.get("schema_version") != Some(&json!(1)) {
            faults.push(format!("{event}: it does not say of which version it is"));
        }
        for (field, value) in fields.iter().filter(|(name, _)| *name != "schema_version") {
            let path = value
                .as_str()
                .and_then(|value| value.strip_prefix("<$.dynamodb.")?.strip_suffix('>'));
            let suppressed_image = if event == "ContactSuppressed" {
                "NewImage"
            } else {
                "OldImage"
            };
            let is_there = path.is_some_and(|path| {
                let parts: Vec<_> = path.split('.').collect();
                let [image, attribute, kind] = parts.as_slice() else {
                    return false;
                };
                let attributes: &[_] = if *image == suppressed_image {
                    &OF_SUPPRESSED
                } else {
                    &OF_ACTIVE
                };
                attributes.contains(&(*attribute, *kind))
            });
            if !is_there {
                faults.push(format!("{event}: {field} is {value}, which need not be there"));
            }
        }
    }
    faults
}

/// A record of the stream of contacts.
fn record(before: Option<&str>, after: Option<&str>) -> Value {
    let mut record = json!({"dynamodb": {}});
    let name = match (before, after) {
        (None, _) => "INSERT",
        (_, None) => "REMOVE",
        _ => "MODIFY",
    };
    if let Some(record) = record.as_object_mut() {
        record.insert("eventName".to_owned(), json!(name));
    }
    let images = [("OldImage", before), ("NewImage", after)];
    for (image, status) in images.into_iter().filter_map(|(image, status)| Some((image, status?))) {
        if let Some(Value::Object(images)) = record.get_mut("dynamodb") {
            images.insert(image.to_owned(), json!({"status": {"S": status}}));
        }
    }
    record
}

/// Whether one of a pipe's patterns matches. A pipe without any passes everything on.
fn tells(pipe: &Resource<'_>, record: &Value) -> bool {
    let patterns = alternatives(pipe.property("/SourceParameters/FilterCriteria/Filters"));
    let matching = |filter: &&Value| {
        let pattern = filter.get("Pattern").and_then(Value::as_str).unwrap_or_default();
        serde_json::from_str(pattern).is_ok_and(|pattern| matches(&pattern, record))
    };
    patterns.is_empty() || patterns.iter().any(matching)
}

/// EventBridge's pattern matching, as far as the patterns here go: every field of the pattern is there, and every leaf is
/// one of those listed.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, pattern)| event.get(name).is_some_and(|event| matches(pattern, event))),
        Value::Array(values) => values.contains(event),
        _ => false,
    }
}
