//! What reports read.

use futures::TryStreamExt;
use jiff::civil::date;
use rebound_classify::{Category, Reason, Severity};
use rebound_contacts::{ContactBrief, Event, Sent};

use crate::stores::on_every_store;
use crate::support::{contact_address, event, full_event, hour, record};

#[tokio::test]
async fn the_events_of_a_day_come_the_latest_first_without_what_reports_leave_out() {
    on_every_store("reports-day", async |store| {
        let events = [
            event("too early", "ann", 23, Category::HardBounce),
            event("morning", "ann", 24, Category::SoftBounce),
            event("noon", "bob", 36, Category::Complaint),
            event("night", "bob", 47, Category::SoftBounce),
            event("too late", "bob", 48, Category::SoftBounce),
        ];
        let mut records: Vec<_> = events.iter().map(|event| record(vec![event.clone()])).collect();
        records.push(record(vec![full_event()]));
        for recorded in store.repository.record(&records).await {
            recorded.unwrap();
        }
        store.requests.limit_pages(1);
        let [_, morning, noon, night, _] = events;
        let day: Vec<Event> = store
            .repository
            .events_on(date(1970, 1, 2), 0..24)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(day, [night.clone(), noon.clone(), morning.clone()]);
        for (hours, expected) in [
            (0..1, vec![morning.clone()]),
            (0..12, vec![morning]),
            (1..12, vec![]),
            (12..24, vec![night, noon]),
        ] {
            let part = store.repository.events_on(date(1970, 1, 2), hours.clone());
            assert_eq!(part.try_collect::<Vec<_>>().await.unwrap(), expected, "{hours:?}");
        }

        let full = full_event();
        let read: Vec<Event> = store
            .repository
            .events_on(date(2026, 11, 21), 0..24)
            .try_collect()
            .await
            .unwrap();
        let expected = Event {
            severity: Severity::None,
            status: None,
            reply: None,
            final_recipient: None,
            reporting_mta: None,
            original_subject: None,
            rule: None,
            rules_version: None,
            own_category: None,
            authenticity: None,
            proof: None,
            sent_at: None,
            stale: false,
            server: None,
            expires_at: None,
            actor: None,
            note: None,
            ..full
        };
        assert_eq!(read, [expected]);
    })
    .await;
}

#[tokio::test]
async fn contacts_are_read_in_short() {
    on_every_store("reports-briefs", async |store| {
        let why = |event: Event| Event {
            reason: Reason::MailboxFull,
            severity: Severity::Soft,
            diagnostic: Some("452 full".to_owned()),
            ..event
        };
        let records = [
            record(vec![event("1", "ann", 1, Category::HardBounce)]),
            record(vec![why(event("2", "bob", 2, Category::SoftBounce))]),
        ];
        for recorded in store.repository.record(&records).await {
            recorded.unwrap();
        }
        let mut briefs: Vec<ContactBrief> = store.repository.briefs().try_collect().await.unwrap();
        briefs.sort_by(|one, other| one.address.cmp(&other.address));
        let [ann, bob] = briefs.as_slice() else {
            panic!("{briefs:?}")
        };
        assert_eq!(
            (&ann.address, ann.suppression.map(|by| by.at)),
            (&contact_address("ann"), Some(hour(1)))
        );
        let expected = ContactBrief {
            address: contact_address("bob"),
            suppression: None,
            held: None,
            soft_streak: 1,
            last_reason: Some(Reason::MailboxFull),
            last_diagnostic: Some("452 full".to_owned()),
        };
        assert_eq!(*bob, expected);
    })
    .await;
}

#[tokio::test]
async fn how_much_was_sent_is_kept_by_campaign_and_domain_and_is_no_event() {
    on_every_store("reports-sent", async |store| {
        let sent = |count, domain: Option<&str>| Sent {
            campaign: "spring".to_owned(),
            list: Some("news".to_owned()),
            domain: domain.map(str::to_owned),
            count,
            at: hour(3),
        };
        for noted in [sent(10, None), sent(12, None), sent(5, Some("example.com"))] {
            store.repository.note_sent(&noted).await.unwrap();
        }
        let read: Vec<Sent> = store.repository.sent().try_collect().await.unwrap();
        assert_eq!(read, [sent(12, None), sent(5, Some("example.com"))]);
        let day: Vec<Event> = store
            .repository
            .events_on(date(1970, 1, 1), 0..24)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(day, []);
        assert_eq!(
            store.repository.addresses(None).try_collect::<Vec<_>>().await.unwrap(),
            []
        );
    })
    .await;
}
