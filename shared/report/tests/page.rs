//! The page of the largest report that there can be.

#![allow(clippy::expect_used)] // a test may panic

use rebound_classify::{Address, Category, Reason};
use rebound_contacts::{Cause, ContactBrief, Event, EventKind, MessageHash, Moment, Sent, Suppression};
use rebound_report::{ContactTally, Period, Report, Selection, Tally, page};

/// What mail programs and people take without waiting.
const MOST_BYTES: usize = 500_000;

/// More names than the page shows of any kind, and more contacts.
const MANY: usize = 200;

/// What senders are refused for.
const REASONS: [Reason; 18] = [
    Reason::Blocked,
    Reason::BadReputation,
    Reason::AuthFailure,
    Reason::RequirePtr,
    Reason::RateLimited,
    Reason::TooManyConnections,
    Reason::SpamDetected,
    Reason::VirusDetected,
    Reason::ContentError,
    Reason::PolicyViolation,
    Reason::SecurityError,
    Reason::StarttlsFailed,
    Reason::NotCompliantRfc,
    Reason::NoRelaying,
    Reason::Rejected,
    Reason::SyntaxError,
    Reason::MessageTooBig,
    Reason::ExceedsLimit,
];

/// A stranger's text, as long as it likes, that grows when it is escaped.
fn long(name: usize) -> String {
    format!("{name:04} <script>alert(\"1 & 2\")</script> ").repeat(50)
}

fn at(day: usize) -> Moment {
    let day = i64::try_from(day).expect("a small number");
    Moment::from_millis(1_795_000_000_000 - day * 86_400_000)
}

fn events() -> impl Iterator<Item = Event> {
    let categories = [
        Category::HardBounce,
        Category::SoftBounce,
        Category::UnknownUnavailable,
        Category::SenderBlocked,
        Category::SenderBlocked,
        Category::Complaint,
        Category::Unsubscribe,
        Category::AddressChange,
        Category::Unrecognised,
    ];
    (0..MANY * 40).map(move |number| {
        let name = number % MANY;
        let category = categories.get(number % categories.len()).copied();
        let address = format!("{}{name}@{}{name}.example.com", "a".repeat(50), "b".repeat(50));
        Event {
            reason: REASONS
                .get(number / categories.len() % REASONS.len())
                .copied()
                .unwrap_or(Reason::Undefined),
            list: Some(long(name)),
            account: Some(long(name)),
            campaign: Some(long(name)),
            provider: Some(long(name)),
            diagnostic: Some(long(number)),
            object_key: Some(format!("raw/bounces/9f/{}.eml", "9f86d081".repeat(8))),
            new_address: Address::parse(&address),
            ..Event::new(
                MessageHash::of(&number.to_le_bytes()),
                address.parse().ok(),
                at(number * 124 / (MANY * 40)),
                EventKind::Mail(category.unwrap_or(Category::HardBounce)),
            )
        }
    })
}

fn sent() -> impl Iterator<Item = Sent> {
    (0..MANY).map(|name| Sent {
        campaign: long(name),
        list: Some(long(name)),
        domain: None,
        count: 20,
        at: at(1),
    })
}

fn suppressed() -> impl Iterator<Item = ContactBrief> {
    (0..MANY).map(|number| ContactBrief {
        address: format!("{}{number}@gmial.com", "a".repeat(60))
            .parse()
            .expect("an address"),
        suppression: Some(Suppression {
            cause: Cause::Mail(Category::HardBounce),
            at: at(number % 100),
            by: MessageHash::of(b"a report"),
        }),
        held: None,
        soft_streak: 0,
        last_reason: Some(Reason::HostUnknown),
        last_diagnostic: Some(long(number)),
    })
}

#[test]
fn a_page_is_light_however_much_came_back_and_whoever_wrote_it() {
    for days in [124, 3_000] {
        let selection = Selection::all(Period::ending("2026-11-18".parse().expect("a day"), days));
        let mut tally = Tally::new(selection.clone(), sent());
        events().for_each(|event| tally.add(&event));
        let mut contacts = ContactTally::of(&selection);
        suppressed().for_each(|contact| contacts.add(&contact));
        let report = Report::new(tally, contacts);
        let counts = [report.alarms.len(), report.our_faults.len(), report.moved.len()];
        assert!(counts.into_iter().all(|count| count > 15), "{counts:?}");
        let page = page(&report, None);
        assert!(page.len() < MOST_BYTES, "{} bytes for {days} days", page.len());
        assert!(
            page.len() > MOST_BYTES / 4,
            "{} bytes are not the largest report",
            page.len()
        );
    }
}
