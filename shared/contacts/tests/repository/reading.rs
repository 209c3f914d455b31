//! Listing contacts and events, page by page.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use rebound_classify::Category;
use rebound_contacts::repository::{ContactFilter, Unmailable};
use rebound_contacts::{Cause, Contact, Event};

use crate::stores::{Store, on_every_store};
use crate::support::{all_contacts, contact_address, event, events_of, hour, record};

#[tokio::test]
async fn suppressed_contacts_are_listed_by_cause_and_time() {
    on_every_store("listed", async |store| {
        let batch: Vec<_> = (0..230_i64)
            .map(|nth| {
                let category = match nth % 3 {
                    0 => Category::HardBounce,
                    1 => Category::Complaint,
                    _ => Category::OutOfOffice,
                };
                record(vec![event(
                    &nth.to_string(),
                    &format!("contact{}", 999 - nth),
                    nth,
                    category,
                )])
            })
            .collect();
        for result in store.repository.record(&batch).await {
            result.unwrap();
        }
        for (filter, expected) in [
            (ContactFilter::All, 230),
            (
                ContactFilter::Suppressed {
                    cause: None,
                    since: None,
                },
                154,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Mail(Category::Complaint)),
                    since: None,
                },
                77,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Mail(Category::HardBounce)),
                    since: Some(hour(210)),
                },
                7,
            ),
            (
                ContactFilter::Suppressed {
                    cause: Some(Cause::Manual),
                    since: None,
                },
                0,
            ),
        ] {
            let listed: Vec<Contact> = store.repository.contacts(filter).try_collect().await.unwrap();
            let distinct: BTreeSet<_> = listed.iter().map(|contact| contact.address.as_str()).collect();
            assert_eq!((listed.len(), distinct.len()), (expected, expected), "{filter:?}");
            if filter != ContactFilter::All {
                assert!(
                    listed.is_sorted_by_key(|contact| contact.suppression.map(|by| (by.cause, by.at))),
                    "{filter:?}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn however_small_the_pages_nothing_is_missing() {
    Box::pin(on_every_store("pages", async |store| {
        // One message about many, and many messages about one of them.
        let many = (0..12).map(|nth| event("many", &format!("contact{nth:02}"), 1, Category::HardBounce));
        let mut batch = vec![record(many.collect())];
        batch.extend(
            (0..10).map(|nth| record(vec![event(&nth.to_string(), "contact00", 2 + nth, Category::Delivered)])),
        );
        let unsubscribed = (0..12).filter(|nth| nth % 2 == 0).map(|nth| {
            let mut event = event("off", &format!("contact{nth:02}"), 40, Category::Unsubscribe);
            event.list = Some("news".to_owned());
            event
        });
        batch.push(record(unsubscribed.collect()));
        for result in store.repository.record(&batch).await {
            result.unwrap();
        }
        let whole = Box::pin(everything(store)).await;
        assert_eq!(whole.lens(), [12, 12, 12, 12, 12, 6]);
        // 12 items are full pages of 1, 2, 3 and 12: then the last page may be empty.
        for page in [1, 2, 3, 5, 12, 100] {
            store.requests.limit_pages(page);
            assert_eq!(Box::pin(everything(store)).await, whole, "pages of {page}");
        }
    }))
    .await;
}

#[tokio::test]
async fn what_a_read_leaves_unprocessed_is_asked_for_again() {
    on_every_store("unprocessed", async |store| {
        let bounces = |nth: i64| {
            let event = |who| event(&nth.to_string(), &format!("contact{who:03}"), nth, Category::HardBounce);
            [record((0..40).map(event).collect())]
        };
        assert!(store.repository.record(&bounces(1)).await[0].as_ref().unwrap().new);
        store.requests.take();
        store.requests.leave_unprocessed(4);
        assert!(store.repository.record(&bounces(2)).await[0].as_ref().unwrap().new);
        // Nothing was taken for new that is not: one transaction, that was not refused.
        let read = "BatchGetItem";
        assert_eq!(
            store.requests.take(),
            [read, read, read, read, read, "TransactWriteItems"]
        );

        store.requests.leave_unprocessed(3);
        let suppressed = ContactFilter::Suppressed {
            cause: None,
            since: None,
        };
        let listed: Vec<Contact> = store.repository.contacts(suppressed).try_collect().await.unwrap();
        assert_eq!(listed.len(), 40);
        assert!(listed.iter().all(|contact| contact.counters.hard_bounces == 2));

        // One item, and it is left.
        store.requests.leave_unprocessed(3);
        let contact = store.repository.contact(&contact_address("contact007")).await.unwrap();
        assert_eq!(contact.unwrap().events, 2);
    })
    .await;
}

/// All that can be listed.
#[derive(Debug, PartialEq)]
struct Everything {
    of_message: Vec<Event>,
    of_contact: Vec<Event>,
    contacts: Vec<Contact>,
    suppressed: Vec<Contact>,
    unmailable: Vec<Unmailable>,
    off_list: Vec<Contact>,
}

impl Everything {
    fn lens(&self) -> [usize; 6] {
        [
            self.of_message.len(),
            self.of_contact.len(),
            self.contacts.len(),
            self.suppressed.len(),
            self.unmailable.len(),
            self.off_list.len(),
        ]
    }
}

async fn everything(store: &Store) -> Everything {
    let of_message = store
        .repository
        .events_of_message(event("many", "anybody", 0, Category::Delivered).message);
    let filter = ContactFilter::Suppressed {
        cause: None,
        since: None,
    };
    let mut suppressed: Vec<Contact> = store.repository.contacts(filter).try_collect().await.unwrap();
    // They were all suppressed at the same time, and come in any order.
    suppressed.sort_by(|a, b| a.address.cmp(&b.address));
    let mut unmailable: Vec<Unmailable> = store.repository.unmailable(Some("news")).try_collect().await.unwrap();
    unmailable.sort_by(|a, b| a.address.cmp(&b.address));
    let mut off_list: Vec<Contact> = store.repository.off_list("news").try_collect().await.unwrap();
    off_list.sort_by(|a, b| a.address.cmp(&b.address));
    Everything {
        of_message: of_message.try_collect().await.unwrap(),
        of_contact: events_of(store, &contact_address("contact00")).await,
        contacts: all_contacts(store).await,
        suppressed,
        unmailable,
        off_list,
    }
}
