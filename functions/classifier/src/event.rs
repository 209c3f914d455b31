//! What invokes the classifier: S3 notifications, bare, inside SQS records, or as EventBridge "Object Created".

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

/// One invocation, reduced to what has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The records of the batch, in order. A bare S3 or EventBridge event is a batch of one.
    pub records: Vec<Record>,
}

/// One record of a batch: it succeeds or fails as a whole, because its queue redelivers it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `messageId` of the SQS record; `None` outside a queue.
    pub id: Option<String>,
    /// The objects it announces; empty for S3's test event and for deletions.
    pub objects: Vec<ObjectRef>,
    /// Whether what they say takes the place of what was recorded of them.
    pub again: bool,
    /// Why nobody knows what it announces, if so.
    pub unknown: Option<UnknownEvent>,
}

/// An object as an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    /// The bucket it is in.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
    /// How long it is in bytes, where the event says so.
    pub size: Option<u64>,
}

impl Invocation {
    /// Reads any of the three shapes.
    ///
    /// A queue record whose body is none of them fails alone, and again each time it is delivered, until its queue sets
    /// it aside for a person to look at: it may be mail in a wrapping that nobody has thought of.
    ///
    /// The version of an object in a bucket that keeps versions is not asked for: a message's key is the hash of its
    /// bytes, so every version is the same.
    ///
    /// # Errors
    ///
    /// [`UnknownEvent`] when the event as a whole is none of them: somebody invoked the wrong function.
    pub fn parse(event: Value) -> Result<Self, UnknownEvent> {
        let from_queue = event.get("Records").and_then(Value::as_array).is_some_and(|records| {
            records
                .iter()
                .any(|record| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs"))
        });
        if from_queue {
            let batch: QueueBatch = serde_json::from_value(event).map_err(|error| UnknownEvent(error.to_string()))?;
            return Ok(Self {
                records: batch.records.into_iter().map(Record::from_queue).collect(),
            });
        }
        let (objects, again) = objects(event)?;
        Ok(Self {
            records: vec![Record {
                id: None,
                objects,
                again,
                unknown: None,
            }],
        })
    }
}

impl Record {
    fn from_queue(message: QueueMessage) -> Self {
        let announced = serde_json::from_str(&message.body)
            .map_err(|error| UnknownEvent(error.to_string()))
            .and_then(objects);
        let (announced, unknown) = match announced {
            Ok(announced) => (announced, None),
            Err(unknown) => ((Vec::new(), false), Some(unknown)),
        };
        let (objects, again) = announced;
        Self {
            id: Some(message.message_id),
            objects,
            again,
            unknown,
        }
    }
}

/// The event is none that the classifier knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an event for the classifier: {0}; it takes S3 notifications, SQS records that carry them, EventBridge \"Object Created\" events, and {{\"reprocess\": {{\"bucket\": …, \"keys\": […]}}}}"
)]
pub struct UnknownEvent(String);

/// The objects that an event is about, and whether they are to be judged again.
fn objects(mut event: Value) -> Result<(Vec<ObjectRef>, bool), UnknownEvent> {
    let Some(order) = event.get_mut("reprocess") else {
        return announced_objects(event).map(|objects| (objects, false));
    };
    let order: Reprocess = serde_json::from_value(order.take()).map_err(|error| UnknownEvent(error.to_string()))?;
    let object = |key| ObjectRef {
        bucket: order.bucket.clone(),
        key,
        size: None,
    };
    Ok((order.keys.into_iter().map(object).collect(), true))
}

fn announced_objects(event: Value) -> Result<Vec<ObjectRef>, UnknownEvent> {
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    match serde_json::from_value::<Announcement>(event).map_err(|error| UnknownEvent(error.to_string()))? {
        Announcement::Notification { records } => records
            .into_iter()
            .filter(|record| {
                record
                    .event_name
                    .trim_start_matches("s3:")
                    .starts_with("ObjectCreated:")
            })
            .map(|record| {
                let key = decode_key(&record.s3.object.key)?;
                Ok(record.s3.object_at(key))
            })
            .collect(),
        Announcement::EventBridge { detail_type, detail } if detail_type == "Object Created" => {
            let key = detail.object.key.clone();
            Ok(vec![detail.object_at(key)])
        }
        Announcement::EventBridge { .. } => Ok(Vec::new()),
    }
}

/// S3 notifications carry keys as HTML forms do: `+` is a space, `%XX` a byte. (EventBridge carries them as they are.)
fn decode_key(encoded: &str) -> Result<String, UnknownEvent> {
    percent_decode_str(&encoded.replace('+', " "))
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| UnknownEvent(format!("object key {encoded:?} is not UTF-8 once decoded")))
}

#[derive(Deserialize)]
struct QueueBatch {
    #[serde(rename = "Records")]
    records: Vec<QueueMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueueMessage {
    message_id: String,
    #[serde(default)]
    body: String,
}

/// Messages to be judged again: their keys as they are in S3.
#[derive(Deserialize)]
struct Reprocess {
    bucket: String,
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Announcement {
    Notification {
        #[serde(rename = "Records")]
        records: Vec<NotificationRecord>,
    },
    EventBridge {
        #[serde(rename = "detail-type")]
        detail_type: String,
        detail: Location,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotificationRecord {
    event_name: String,
    s3: Location,
}

#[derive(Deserialize)]
struct Location {
    bucket: Bucket,
    object: Object,
}

impl Location {
    fn object_at(self, key: String) -> ObjectRef {
        ObjectRef {
            bucket: self.bucket.name,
            key,
            size: self.object.size,
        }
    }
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(default)]
    size: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notification(name: &str, key: &str) -> Value {
        json!({"Records": [{"eventName": name, "s3": {"bucket": {"name": "mail"}, "object": {"key": key, "size": 3}}}]})
    }

    fn object(key: &str) -> ObjectRef {
        ObjectRef {
            bucket: "mail".into(),
            key: key.into(),
            size: Some(3),
        }
    }

    #[test]
    fn every_shape_names_its_objects() {
        let bridge = json!({"detail-type": "Object Created", "source": "aws.s3",
            "detail": {"bucket": {"name": "mail"}, "object": {"key": "raw/a+b.eml", "size": 3}}});
        let deleted = json!({"detail-type": "Object Deleted", "source": "aws.s3",
            "detail": {"bucket": {"name": "mail"}, "object": {"key": "raw/a.eml"}}});
        for (what, event, expected) in [
            (
                "put",
                notification("ObjectCreated:Put", "raw/a.eml"),
                vec![object("raw/a.eml")],
            ),
            (
                "encoded key",
                notification("ObjectCreated:Copy", "raw/a+b%C3%A9%2B.eml"),
                vec![object("raw/a bé+.eml")],
            ),
            (
                "minio's spelling",
                notification("s3:ObjectCreated:Put", "raw/a.eml"),
                vec![object("raw/a.eml")],
            ),
            (
                "a version",
                json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "mail"},
                    "object": {"key": "raw/a.eml", "size": 3, "versionId": "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"}}}]}),
                vec![object("raw/a.eml")],
            ),
            (
                "a delete marker",
                notification("ObjectRemoved:DeleteMarkerCreated", "raw/a.eml"),
                vec![],
            ),
            ("removal", notification("ObjectRemoved:Delete", "raw/a.eml"), vec![]),
            (
                "test event",
                json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "mail"}),
                vec![],
            ),
            ("EventBridge", bridge, vec![object("raw/a+b.eml")]),
            ("EventBridge, another type", deleted, vec![]),
            ("nothing", json!({"Records": []}), vec![]),
        ] {
            let records = Invocation::parse(event).expect(what).records;
            assert_eq!(
                records,
                [Record {
                    id: None,
                    objects: expected,
                    again: false,
                    unknown: None
                }],
                "{what}"
            );
        }
    }

    #[test]
    fn a_poisoned_queue_record_announces_nothing_and_spares_its_neighbours() {
        let body = notification("ObjectCreated:Put", "raw/a.eml").to_string();
        let records = Invocation::parse(json!({"Records": [
            {"messageId": "1", "eventSource": "aws:sqs", "body": body},
            {"messageId": "2", "eventSource": "aws:sqs", "body": "not JSON"},
            {"messageId": "3", "eventSource": "aws:sqs", "body": notification("ObjectCreated:Put", "raw/%FF.eml").to_string()},
        ]}))
        .expect("a queue batch")
        .records;
        let told: Vec<_> = records
            .iter()
            .map(|record| (record.id.as_deref(), &*record.objects, record.unknown.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                (Some("1"), &[object("raw/a.eml")][..], false),
                (Some("2"), &[], true),
                (Some("3"), &[], true),
            ]
        );
    }

    #[test]
    fn an_order_to_judge_again_comes_directly_or_through_the_queue() {
        let order = json!({"reprocess": {"bucket": "mail", "keys": ["raw/a b.eml", "raw/c.eml"]}});
        let queued = json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": order.to_string()}]});
        for (event, id) in [(order, None), (queued, Some("1".to_owned()))] {
            let records = Invocation::parse(event).expect("an order").records;
            let keys: Vec<_> = records[0].objects.iter().map(|object| object.key.as_str()).collect();
            assert_eq!((&records[0].id, records[0].again), (&id, true));
            assert_eq!(keys, ["raw/a b.eml", "raw/c.eml"]);
        }
        assert!(Invocation::parse(json!({"reprocess": ["raw/a.eml"]})).is_err());
    }

    #[test]
    fn a_stranger_is_turned_away_with_what_is_expected() {
        let error = Invocation::parse(json!({"hello": "world"})).expect_err("no such shape");
        assert!(error.to_string().contains("S3 notifications"), "{error}");
    }
}
