//! The reporter over embedded stores, with something to report.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use jiff::Timestamp;
use rebound_classify::{Category, Reason};
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{Event, EventKind, MessageHash, MessageRecord, Moment, Policy};
use rebound_lambda::{Answer, Call};
use rebound_local::LocalStack;
use rebound_reporter::{Function, Written};
use serde_json::{Value, json};

pub(crate) struct Stack {
    pub(crate) local: LocalStack,
    pub(crate) contacts: Repository,
    pub(crate) function: Function,
}

/// At a quarter past midnight, with nobody to end it.
pub(crate) fn call() -> Call {
    Call {
        id: "call".to_owned(),
        began_at: time("2026-11-21T00:15:00Z"),
        ends_at: None,
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let local = LocalStack::temporary().await.expect("a temporary stack");
        tables().ensure(&local.dynamodb()).await.expect("new tables");
        let contacts = Repository::new(&local.dynamodb(), tables(), Arc::new(Policy::default()));
        let function = function(&local.dynamodb(), local.s3());
        Self {
            local,
            contacts,
            function,
        }
    }

    /// Records what a message says.
    pub(crate) async fn record(&self, event: Event) {
        let record = MessageRecord::new(vec![event]).expect("an event");
        for recorded in self.contacts.record(&[record]).await {
            recorded.expect("the embedded table");
        }
    }

    /// Has a report made that is asked for by hand.
    pub(crate) async fn report(&self, asked: Value) -> Answer<Written> {
        let event = json!({"report": asked});
        self.function.answer(event, &call()).await.expect("a report")
    }

    /// Everything below a prefix of the bucket, by key.
    pub(crate) async fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let s3 = self.local.s3();
        let bucket = self.local.bucket();
        let listed = s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let listed: Vec<_> = listed.try_collect().await.expect("the embedded bucket");
        let mut objects = BTreeMap::new();
        for object in listed.iter().flat_map(ListObjectsV2Output::contents) {
            let key = object.key().expect("every object has one");
            let got = s3
                .get_object()
                .bucket(bucket)
                .key(key)
                .send()
                .await
                .expect("it is there");
            let bytes = got.body.collect().await.expect("all of it").to_vec();
            objects.insert(key.to_owned(), bytes);
        }
        objects
    }

    pub(crate) async fn text(&self, key: &str) -> String {
        let mut found = self.objects(key).await;
        let bytes = found.remove(key).unwrap_or_else(|| panic!("no {key}"));
        String::from_utf8(bytes).expect("text")
    }

    pub(crate) async fn json(&self, key: &str) -> Value {
        serde_json::from_str(&self.text(key).await).expect("JSON")
    }
}

pub(crate) fn tables() -> Tables {
    Tables::with_prefix("test-")
}

pub(crate) fn function(dynamodb: &aws_sdk_dynamodb::Client, s3: aws_sdk_s3::Client) -> Function {
    let contacts = Repository::new(dynamodb, tables(), Arc::new(Policy::default()));
    Function::new(contacts, s3, LocalStack::BUCKET, "30".parse().expect("days"))
}

/// A hard bounce of the account `bounces` and the list `news`.
pub(crate) fn hard_bounce(name: &str, at: &str, who: &str) -> Event {
    let who = who.parse().expect("an address");
    Event {
        reason: Reason::UserUnknown,
        account: Some("bounces".to_owned()),
        list: Some("news".to_owned()),
        diagnostic: Some(format!("550 5.1.1 =no such user ({name})")),
        ..Event::new(
            MessageHash::of(name.as_bytes()),
            Some(who),
            Moment::from(time(at)),
            EventKind::Mail(Category::HardBounce),
        )
    }
}
