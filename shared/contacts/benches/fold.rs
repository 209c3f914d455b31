//! How fast histories fold. The aim is a million events a second on one core.
#![allow(missing_docs, clippy::unwrap_used)] // criterion writes functions without documentation

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rebound_classify::Category;
use rebound_contacts::{ContactAddress, Event, EventKind, MessageHash, Moment, Policy, fold};

fn folding(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    for (name, contacts, events_each) in [("many_short", 10_000, 5), ("few_long", 10, 5_000)] {
        let histories: Vec<_> = (0..contacts).map(|contact| history(contact, events_each)).collect();
        group.throughput(Throughput::Elements(contacts * events_each));
        group.bench_function(name, |b| {
            let policy = Policy::default();
            b.iter(|| {
                let suppressed = histories.iter().filter(|(address, events)| {
                    let contact = fold(&policy, address, events);
                    contact.suppression.is_some()
                });
                suppressed.count()
            });
        });
    }
    group.finish();
}

fn history(contact: u64, events: u64) -> (ContactAddress, Vec<Event>) {
    let address: ContactAddress = format!("contact{contact}@example.com").parse().unwrap();
    let kinds = [
        Category::SoftBounce,
        Category::SenderBlocked,
        Category::OutOfOffice,
        Category::HardBounce,
    ];
    let events = (0..events).zip(kinds.iter().cycle()).map(|(nth, category)| {
        let message = MessageHash::of(format!("{contact} {nth}").as_bytes());
        let at = Moment::from_millis(i64::try_from(nth).unwrap() * 60_000);
        let mut event = Event::new(message, Some(address.clone()), at, EventKind::Mail(*category));
        event.original_message_id = Some(format!("{nth}.{contact}@news.example.com"));
        event.diagnostic = Some("550 5.1.1 <contact@example.com>: no such user".to_owned());
        event
    });
    let events = events.collect();
    (address, events)
}

criterion_group!(benches, folding);
criterion_main!(benches);
