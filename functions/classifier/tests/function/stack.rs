//! The classifier over embedded stores.

use std::sync::Arc;

use jiff::Timestamp;
use rebound_accounts::Account;
use rebound_archive::{Archive, FoundAs, ObjectKey, Provenance, RawMessage};
use rebound_classifier::event::Invocation;
use rebound_classifier::{Function, Outcome};
use rebound_classify::Classifier;
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{Contact, Policy};
use rebound_local::LocalStack;
use serde_json::{Value, json};

pub(crate) const REPORT: &str = "Return-Path: <>\r\n\
    From: MAILER-DAEMON@mx.example.org\r\n\
    To: bounces@lists.example.net\r\n\
    Date: Tue, 4 Aug 2026 04:00:51 +0000\r\n\
    Subject: Undelivered Mail Returned to Sender\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
    --b\r\nContent-Type: message/delivery-status\r\n\r\n\
    Reporting-MTA: dns; mx.example.org\r\n\r\n\
    Final-Recipient: rfc822; ann@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n\
    --b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
    From: news@lists.example.net\r\nTo: ann@example.com\r\n\r\n--b--\r\n";

const FETCHED_AT: &str = "2026-08-05T00:00:00Z";

pub(crate) struct Stack {
    pub(crate) local: LocalStack,
    pub(crate) archive: Archive,
    pub(crate) contacts: Repository,
    pub(crate) function: Function,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let local = LocalStack::temporary().await.expect("a temporary stack");
        let tables = Tables::with_prefix("test-");
        tables.ensure(&local.dynamodb()).await.expect("new tables");
        Self::over(local, tables)
    }

    pub(crate) fn over(local: LocalStack, tables: Tables) -> Self {
        let archive = Archive::new(local.s3(), local.bucket());
        let contacts = Repository::new(&local.dynamodb(), tables, Arc::new(Policy::default()));
        let function = Function::new(archive.clone(), Arc::new(Classifier::new()), contacts.clone());
        Self {
            local,
            archive,
            contacts,
            function,
        }
    }

    pub(crate) async fn store(&self, message: &str) -> ObjectKey {
        self.store_bytes(message.as_bytes()).await
    }

    pub(crate) async fn store_bytes(&self, message: &[u8]) -> ObjectKey {
        let account = Account::new("bounces".parse().expect("a name"));
        let provenance = Provenance {
            found_as: FoundAs::Source("test".into()),
            fetched_at: FETCHED_AT.parse().expect("a time"),
        };
        let message = RawMessage::new(message.to_vec());
        let stored = self.archive.store(&account, &message, &provenance).await;
        stored.expect("the embedded archive").key
    }

    /// Lets the function handle an SQS batch of one notification a key.
    pub(crate) async fn handle(&self, keys: &[&str]) -> (Outcome, Invocation) {
        let invocation = Invocation::parse(batch(self.local.bucket(), keys)).expect("a queue batch");
        let outcome = self.function.handle(&invocation, Timestamp::UNIX_EPOCH).await;
        (outcome, invocation)
    }

    pub(crate) async fn ann(&self) -> Option<Contact> {
        let ann = "ann@example.com".parse().expect("an address");
        self.contacts.contact(&ann).await.expect("the embedded table")
    }
}

pub(crate) fn batch(bucket: &str, keys: &[&str]) -> Value {
    let record = |(number, key): (usize, &&str)| {
        let body = json!({"Records": [{"eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 100}}}]});
        json!({"messageId": format!("record-{number}"), "eventSource": "aws:sqs", "body": body.to_string()})
    };
    json!({"Records": keys.iter().enumerate().map(record).collect::<Vec<_>>()})
}

pub(crate) fn failed_ids(outcome: Outcome, invocation: &Invocation) -> Vec<String> {
    let response = outcome.into_response(invocation).expect("every record has an id");
    response
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect()
}
