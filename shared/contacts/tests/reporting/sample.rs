//! What the page's answers are about: two campaigns, and what came back.

use rebound_classify::{Address, Category, EnhancedStatus, Reason, ReplyCode, Severity};
use rebound_contacts::{
    Authenticity, Event, EventKind, LedgerEntry, ManualAction, MessageHash, MessageRecord, Moment, Ruling,
};

/// When, whom, what, why, which campaign; then the server's words.
type Row = (
    &'static str,
    &'static str,
    EventKind,
    Reason,
    &'static str,
    &'static str,
);

const SUPPRESS: EventKind = EventKind::Manual(ManualAction::Suppress);
const REACTIVATE: EventKind = EventKind::Manual(ManualAction::Reactivate);
const HARD: EventKind = EventKind::Mail(Category::HardBounce);
const SOFT: EventKind = EventKind::Mail(Category::SoftBounce);

const ROWS: &[Row] = &[
    (
        "2026-10-30T06:00:00Z",
        "grace@example.com",
        HARD,
        Reason::Suspended,
        "autumn",
        "550 5.2.1 account disabled",
    ),
    (
        "2026-11-01T09:00:00Z",
        "grace@example.com",
        REACTIVATE,
        Reason::Undefined,
        "",
        "",
    ),
    (
        "2026-11-17T07:00:00Z",
        "kate@example.net",
        EventKind::Mail(Category::Complaint),
        Reason::Feedback,
        "",
        "",
    ),
    (
        "2026-11-18T07:00:00Z",
        "root",
        EventKind::Mail(Category::SenderBlocked),
        Reason::NoRelaying,
        "",
        "",
    ),
    (
        "2026-11-19T10:00:00Z",
        "heidi@example.net",
        SUPPRESS,
        Reason::Undefined,
        "",
        "",
    ),
    (
        "2026-11-20T08:00:05Z",
        "Ann@Example.com",
        HARD,
        Reason::UserUnknown,
        "autumn",
        "550 5.1.1 no such user",
    ),
    (
        "2026-11-20T08:15:00Z",
        "bob@example.com",
        SOFT,
        Reason::MailboxFull,
        "autumn",
        "452 4.2.2 mailbox full",
    ),
    (
        "2026-11-20T17:30:00Z",
        "carol@example.net",
        EventKind::Mail(Category::Complaint),
        Reason::Feedback,
        "autumn",
        "",
    ),
    (
        "2026-11-21T08:00:01Z",
        "bob@example.com",
        SOFT,
        Reason::MailboxFull,
        "winter",
        "452 4.2.2 mailbox full",
    ),
    (
        "2026-11-21T08:00:02Z",
        "dave@example.net",
        EventKind::Mail(Category::SenderBlocked),
        Reason::BadReputation,
        "winter",
        "554 5.7.1 listed",
    ),
    (
        "2026-11-21T08:00:03Z",
        "eve@example.org",
        HARD,
        Reason::HostUnknown,
        "winter",
        "550 5.1.2 domain not found",
    ),
    (
        "2026-11-21T08:04:00Z",
        "ivan@example.com",
        SOFT,
        Reason::MailboxFull,
        "winter",
        "452 4.2.2 mailbox full",
    ),
    (
        "2026-11-21T09:12:00Z",
        "frank@example.org",
        EventKind::Mail(Category::Unsubscribe),
        Reason::Undefined,
        "winter",
        "",
    ),
    (
        "2026-11-21T09:30:00Z",
        "judy@example.net",
        EventKind::Mail(Category::OutOfOffice),
        Reason::Vacation,
        "winter",
        "",
    ),
    (
        "2026-11-21T10:00:00Z",
        "",
        EventKind::Mail(Category::Unrecognised),
        Reason::Undefined,
        "",
        "",
    ),
];

/// One message each; one of them is held by the circuit breaker.
pub(crate) fn records() -> Vec<MessageRecord> {
    let mut records: Vec<_> = (0_u32..).zip(ROWS).map(|(nth, row)| record(nth, row)).collect();
    let held = records.iter().find_map(|record| {
        let event = record.events().first()?;
        let address = event.address.clone()?;
        let hold = |address| Event::ruling(Ruling::Hold, event.message, address, event.at);
        (address.as_str() == "kate@example.net").then(|| hold(address))
    });
    records.push(MessageRecord::new(held.into_iter().collect()).unwrap());
    records
}

fn record(nth: u32, (at, address, kind, reason, campaign, diagnostic): &Row) -> MessageRecord {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let message = MessageHash::of(&nth.to_be_bytes());
    let at: Moment = at.parse().unwrap();
    let address = (!address.is_empty()).then(|| address.parse().unwrap());
    let mut event = Event::new(message, address, at, *kind);
    event.reason = *reason;
    event.campaign = text(campaign);
    event.diagnostic = text(diagnostic);
    let mut words = diagnostic.split(' ');
    event.reply = words.next().and_then(|code| ReplyCode::new(code.parse().ok()?));
    event.status = words.next().and_then(|code| code.parse::<EnhancedStatus>().ok());
    event.severity = match *kind {
        HARD => Severity::Hard,
        SOFT => Severity::Soft,
        _ => Severity::None,
    };
    match kind {
        EventKind::Manual(_) | EventKind::Ruling(_) => {
            event.actor = text("support");
            event.note = text("asked for it by telephone");
        }
        EventKind::Mail(_) => {
            event.account = text("bounces");
            event.list = event.address.as_ref().map(|_| "news".to_owned());
            event.object_key = Some(format!("raw/bounces/00/{message}.eml"));
            event.rules_version = text("1");
            // Proven, all but the soft bounces, which are of one server.
            let (authenticity, proof, server) = match *kind {
                SOFT => (Authenticity::Plausible, "names example.com", "198.51.100.9"),
                _ => (Authenticity::Signed, "return path signed with key 1", "203.0.113.7"),
            };
            event.authenticity = Some(authenticity);
            event.proof = text(proof);
            event.server = text(server);
            event.sent_at = Some(Moment::from_millis(at.as_millis() - LATE_MILLIS));
            event.stale = *kind == EventKind::Mail(Category::OutOfOffice);
            event.expires_at = Some(Moment::from_millis(at.as_millis() + EXPIRY_MILLIS));
        }
    }
    if *kind == HARD {
        event.rule = text("user-unknown");
        event.evidence = text("no such user");
        event.provider = text("example");
        event.reporting_mta = text("mx.example.net");
        event.original_message_id = Some(format!("{nth}@news.example.com"));
        event.original_subject = text("What is new");
        event.final_recipient = Address::parse("far@example.net");
        event.own_category = text("invalid-recipient");
        event.new_address = Address::parse("new@example.org");
    }
    MessageRecord::new(vec![event]).unwrap()
}

/// An hour.
const LATE_MILLIS: i64 = 60 * 60 * 1000;

/// What a sender says of two messages.
pub(crate) fn sent() -> [LedgerEntry; 2] {
    let sent_at: Moment = "2026-11-20T07:59:00Z".parse().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let full = LedgerEntry {
        message_id: "<5@news.example.com>".parse().unwrap(),
        address: "Ann@Example.com".parse().unwrap(),
        list: text("news"),
        campaign: text("autumn"),
        sent_at,
        expires_at: Some(Moment::from_millis(sent_at.as_millis() + EXPIRY_MILLIS)),
    };
    let bare = LedgerEntry {
        message_id: "<6@news.example.com>".parse().unwrap(),
        list: None,
        campaign: None,
        expires_at: None,
        ..full.clone()
    };
    [full, bare]
}

/// A year and a month.
const EXPIRY_MILLIS: i64 = 396 * 24 * 60 * 60 * 1000;
