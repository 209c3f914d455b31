//! Who must not be mailed, read at once.

use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::repository::Unmailable;
use rebound_contacts::{Cause, Event, EventKind, ManualAction, MessageHash, MessageRecord, Moment};

use crate::stores::on_every_store;

#[tokio::test]
async fn suppressed_contacts_and_those_off_the_list_are_found_and_nobody_else() {
    on_every_store("unmailable", async |store| {
        let suppress = EventKind::Manual(ManualAction::Suppress);
        let events = [
            ("ann", EventKind::Mail(Category::HardBounce), None),
            ("bob", EventKind::Mail(Category::SoftBounce), None),
            ("cleo", suppress, Some("news")),
            ("dora", suppress, Some("offers")),
            ("emil", EventKind::Mail(Category::Complaint), None),
            ("emil", suppress, Some("news")),
        ];
        let records: Vec<_> = (0..).zip(events).map(|(at, event)| record(at, event)).collect();
        for recorded in store.repository.record(&records).await {
            recorded.unwrap();
        }
        let found = async |list| {
            let found: Vec<Unmailable> = store.repository.unmailable(list).try_collect().await.unwrap();
            let mut found: Vec<_> = found
                .into_iter()
                .map(|found| {
                    let (name, _) = found.address.split_once('@').unwrap();
                    let left_at = found.left_at.map(Moment::as_millis);
                    (
                        name.to_owned(),
                        found.suppression.map(|(cause, at)| (cause, at.as_millis())),
                        left_at,
                    )
                })
                .collect();
            found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            found
        };
        let ann = ("ann".to_owned(), Some((Cause::Mail(Category::HardBounce), 0)), None);
        let emil = |left_at| ("emil".to_owned(), Some((Cause::Mail(Category::Complaint), 4)), left_at);
        assert_eq!(found(None).await, [ann.clone(), emil(None)]);
        assert_eq!(
            found(Some("news")).await,
            [ann, ("cleo".to_owned(), None, Some(2)), emil(Some(5))]
        );
        let mut off: Vec<_> = store.repository.off_list("news").try_collect().await.unwrap();
        off.sort_unstable_by(|one, other| one.address.cmp(&other.address));
        let off: Vec<_> = off
            .iter()
            .map(|contact| (contact.address.as_str(), contact.left_at("news")))
            .collect();
        assert_eq!(
            off,
            [
                ("cleo@example.com", Some(Moment::from_millis(2))),
                ("emil@example.com", Some(Moment::from_millis(5)))
            ]
        );
    })
    .await;
}

fn record(at: i64, (name, kind, list): (&str, EventKind, Option<&str>)) -> MessageRecord {
    let address = format!("{name}@example.com").parse().unwrap();
    let message = MessageHash::of(&at.to_be_bytes());
    let mut event = Event::new(message, Some(address), Moment::from_millis(at), kind);
    event.list = list.map(str::to_owned);
    MessageRecord::new(vec![event]).unwrap()
}
