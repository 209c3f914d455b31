//! Contacts, events and messages to record.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use rebound_classify::{Address, Category, EnhancedStatus, Reason, ReplyCode, Severity};
use rebound_contacts::repository::ContactFilter;
use rebound_contacts::{
    Authenticity, Contact, ContactAddress, Event, EventKind, ManualAction, MessageHash, MessageRecord, Moment,
};

use crate::stores::Store;

const HOUR: i64 = 60 * 60 * 1000;

pub(crate) async fn all_contacts(store: &Store) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = store
        .repository
        .contacts(ContactFilter::All)
        .try_collect()
        .await
        .unwrap();
    contacts.sort_by(|a, b| a.address.cmp(&b.address));
    contacts
}

pub(crate) async fn events_of(store: &Store, address: &ContactAddress) -> Vec<Event> {
    store.repository.events_of(address).try_collect().await.unwrap()
}

pub(crate) fn record(events: Vec<Event>) -> MessageRecord {
    MessageRecord::new(events).unwrap()
}

pub(crate) fn event(message: &str, who: &str, at: i64, category: Category) -> Event {
    let message = MessageHash::of(message.as_bytes());
    Event::new(message, Some(contact_address(who)), hour(at), EventKind::Mail(category))
}

pub(crate) fn contact_address(who: &str) -> ContactAddress {
    format!("{who}@example.com").parse().unwrap()
}

pub(crate) fn hour(hour: i64) -> Moment {
    Moment::from_millis(hour * HOUR)
}

/// One to four contacts out of twenty, mostly bounced.
pub(crate) fn random_record(nth: u32, random: &mut fastrand::Rng) -> MessageRecord {
    let who: BTreeSet<u8> = (0..random.usize(1..=4)).map(|_| random.u8(..20)).collect();
    let events = who.into_iter().map(|who| {
        let category = random.choice([
            Category::SoftBounce,
            Category::SoftBounce,
            Category::Delivered,
            Category::HardBounce,
            Category::Unsubscribe,
        ]);
        let mut event = event(
            &nth.to_string(),
            &format!("contact{who}"),
            random.i64(0..500),
            category.unwrap(),
        );
        if random.u8(..12) == 0 {
            event.kind = EventKind::Manual(ManualAction::Reactivate);
        }
        event.original_message_id = random.bool().then(|| format!("{}@example.com", random.u8(..50)));
        event.account = Some("bounces".to_owned());
        event
    });
    record(events.collect())
}

/// Every attribute there is.
pub(crate) fn full_event() -> Event {
    let text = |text: &str| Some(text.to_owned());
    Event {
        message: MessageHash::of(b"full"),
        address: Some("Ann@Bücher.example".parse().unwrap()),
        at: Moment::from_millis(1_795_292_617_123),
        kind: EventKind::Mail(Category::HardBounce),
        severity: Severity::Hard,
        reason: Reason::UserUnknown,
        account: text("bounces"),
        list: text("news"),
        campaign: text("2026-11"),
        status: Some(EnhancedStatus::new(5, 1, 1)),
        reply: ReplyCode::new(550),
        diagnostic: text("550 5.1.1 no such user – Empfänger unbekannt"),
        final_recipient: Address::parse("ann@far.example.net"),
        provider: text("example"),
        reporting_mta: text("mx.example.net"),
        original_message_id: text("1@news.example.com"),
        original_subject: text("Neues im November"),
        object_key: text("raw/bounces/00/00.eml"),
        rule: text("dsn.5.1.1"),
        rules_version: text("1"),
        evidence: text("no such user"),
        own_category: text("invalid-recipient"),
        new_address: Address::parse("Ann.B@example.org"),
        authenticity: Some(Authenticity::Ledger),
        proof: text("the sent ledger knows it"),
        sent_at: Some(Moment::from_millis(1_795_206_217_000)),
        stale: false,
        server: text("203.0.113.7"),
        expires_at: Some(Moment::from_millis(1_895_292_617_000)),
        actor: text("the operator"),
        about: Some(MessageHash::of(b"another")),
        note: text("a test"),
    }
}
