//! What a handful of events and contacts comes to.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test may panic, and so may what helps it

use rebound_classify::{Category, Reason};
use rebound_contacts::{
    Cause, ContactAddress, ContactBrief, Event, EventKind, MessageHash, Moment, Ruling, Sent, Suppression,
};
use rebound_report::{ContactTally, Group, Level, Measure, Period, Report, RollUp, Selection, Subject, Tally, page};

fn moment(text: &str) -> Moment {
    Moment::from(text.parse::<jiff::Timestamp>().expect("a time"))
}

fn address(text: &str) -> ContactAddress {
    text.parse().expect("an address")
}

fn event(name: &str, at: &str, who: &str, category: Category, reason: Reason) -> Event {
    let message = MessageHash::of(name.as_bytes());
    let who = (!who.is_empty()).then(|| address(who));
    Event {
        reason,
        list: Some("news".to_owned()),
        account: Some("bounces".to_owned()),
        campaign: Some("spring".to_owned()),
        diagnostic: Some(format!("550 {name}")),
        ..Event::new(message, who, moment(at), EventKind::Mail(category))
    }
}

/// The latest first.
fn history() -> Vec<Event> {
    let blocked = |name: &str, who: &str| Event {
        provider: Some("microsoft".to_owned()),
        diagnostic: Some("550 5.7.1 blocked using zen.spamhaus.org; <script>alert(1)</script>".to_owned()),
        ..event(
            name,
            "2026-11-20T10:00:00Z",
            who,
            Category::SenderBlocked,
            Reason::Blocked,
        )
    };
    let about = |name: &str, sent: &str| Event {
        original_message_id: Some(sent.to_owned()),
        ..event(
            name,
            "2026-11-19T10:00:00Z",
            "bob@example.com",
            Category::HardBounce,
            Reason::UserUnknown,
        )
    };
    vec![
        Event::ruling(
            Ruling::Discard,
            MessageHash::of(b"forged"),
            address("dora@example.org"),
            moment("2026-11-22T09:00:00Z"),
        ),
        blocked("blocked 1", "ann@hotmail.com"),
        blocked("blocked 2", "eve@hotmail.com"),
        about("final", "one@sender.example"),
        about("the same again", "one@sender.example"),
        about("another mail", "two@sender.example"),
        event(
            "forged",
            "2026-11-18T10:00:00Z",
            "dora@example.org",
            Category::HardBounce,
            Reason::UserUnknown,
        ),
        event(
            "spam",
            "2026-11-18T09:00:00Z",
            "",
            Category::Unrecognised,
            Reason::Undefined,
        ),
        Event {
            new_address: rebound_classify::Address::parse("carol@new.example"),
            ..event(
                "moved",
                "2026-11-18T08:00:00Z",
                "carol@example.net",
                Category::AddressChange,
                Reason::HasMoved,
            )
        },
        event(
            "abuse",
            "2026-11-18T07:00:00Z",
            "fred@example.net",
            Category::Complaint,
            Reason::Feedback,
        ),
        event(
            "long ago",
            "2026-10-01T07:00:00Z",
            "fred@example.net",
            Category::HardBounce,
            Reason::UserUnknown,
        ),
    ]
}

fn period() -> Period {
    Period::ending("2026-11-21".parse().expect("a day"), 7)
}

fn report(selection: &Selection, sent: Vec<Sent>) -> Report {
    let mut tally = Tally::new(selection.clone(), sent);
    for event in &history() {
        tally.add(event);
    }
    let mut contacts = ContactTally::of(selection);
    let brief = |who: &str, suppressed: Option<&str>, streak, reason| ContactBrief {
        address: address(who),
        suppression: suppressed.map(|at| Suppression {
            cause: Cause::Mail(Category::HardBounce),
            at: moment(at),
            by: MessageHash::of(b"final"),
        }),
        held: None,
        soft_streak: streak,
        last_reason: Some(reason),
        last_diagnostic: None,
    };
    for contact in [
        brief("bob@example.com", Some("2026-11-19T10:00:00Z"), 0, Reason::UserUnknown),
        brief("old@example.com", Some("2026-01-01T00:00:00Z"), 0, Reason::UserUnknown),
        brief("full@example.com", None, 3, Reason::MailboxFull),
        brief("ann@gmial.com", None, 1, Reason::HostUnknown),
    ] {
        contacts.add(&contact);
    }
    Report::new(tally, contacts)
}

fn sent(campaign: &str, count: u64) -> Sent {
    Sent {
        campaign: campaign.to_owned(),
        list: Some("news".to_owned()),
        domain: None,
        count,
        at: moment("2026-11-17T12:00:00Z"),
    }
}

#[test]
fn every_number_counts_what_it_says() {
    let report = report(&Selection::all(period()), Vec::new());
    assert_eq!((report.seen.events, report.seen.repeated), (7, 1));
    let of_group = |group| report.totals.of_group(group);
    assert_eq!(
        (
            of_group(Group::Hard),
            of_group(Group::Blocked),
            of_group(Group::Complaints),
            of_group(Group::Other)
        ),
        (2, 2, 1, 2),
        "discarded, repeated and older ones do not count"
    );
    let days: Vec<_> = report
        .days
        .iter()
        .map(|row| (row.day.to_string(), row.outcomes.all()))
        .collect();
    let expected = [
        ("15", 0),
        ("16", 0),
        ("17", 0),
        ("18", 3),
        ("19", 2),
        ("20", 2),
        ("21", 0),
    ];
    assert_eq!(days, expected.map(|(day, count)| (format!("2026-11-{day}"), count)));
    assert_eq!(
        report.days.iter().map(|row| row.suppressed_in_all).collect::<Vec<_>>(),
        [1, 1, 1, 1, 2, 2, 2]
    );
    let reasons: Vec<_> = report.reasons.iter().map(|row| (row.reason, row.count)).collect();
    assert_eq!(reasons, [(Reason::UserUnknown, 2), (Reason::Blocked, 2)]);
    let providers: Vec<_> = report.heat.iter().map(|row| row.provider.as_str()).collect();
    assert_eq!(providers, ["example.com", "microsoft"]);
    assert_eq!(
        report.contacts.streaks.clone().into_iter().collect::<Vec<_>>(),
        [(1, 1), (3, 1)]
    );
    let contacts = &report.contacts;
    assert_eq!(
        (
            contacts.known,
            contacts.active,
            contacts.newly_suppressed,
            contacts.suppressed_before
        ),
        (4, 2, 1, 1)
    );
    assert_eq!(report.suppressed[0].address, "bob@example.com");
    assert_eq!(report.moved[0].new_address, "carol@new.example");
    assert_eq!(report.unrecognised.len(), 1);
    let [misspelt] = report.misspelt.as_slice() else {
        panic!("{:?}", report.misspelt)
    };
    assert_eq!(
        (misspelt.domain.as_str(), misspelt.meant, misspelt.contacts),
        ("gmial.com", "gmail.com", 1)
    );
}

#[test]
fn what_is_ours_to_mend_stands_apart_with_where_and_what_to_do() {
    let report = report(&Selection::all(period()), Vec::new());
    let [fault] = report.our_faults.as_slice() else {
        panic!("{:?}", report.our_faults)
    };
    assert_eq!((fault.reason, fault.count), (Reason::Blocked, 2));
    assert_eq!(fault.providers, [("microsoft".to_owned(), 2)]);
    assert_eq!(
        fault.blocklists.iter().map(|list| list.name).collect::<Vec<_>>(),
        ["Spamhaus"]
    );
    assert_eq!(fault.words.len(), 1, "the same words are said once");
    assert!(fault.advice.todo.contains("taken off"));
}

#[test]
fn rates_are_of_what_was_sent_and_alarms_come_the_worst_first() {
    let with_rates = report(
        &Selection::all(period()),
        vec![sent("spring", 50), sent("quiet", 1_000)],
    );
    let campaigns: Vec<_> = with_rates
        .campaigns
        .iter()
        .map(|row| (row.name.as_deref(), row.sent, row.bounces.map(|rate| rate.count)))
        .collect();
    assert_eq!(
        campaigns,
        [
            (Some("spring"), Some(50), Some(4)),
            (Some("quiet"), Some(1_000), Some(0))
        ]
    );
    let alarms: Vec<_> = with_rates
        .alarms
        .iter()
        .map(|alarm| (alarm.subject.clone(), alarm.measure, alarm.rate.level))
        .collect();
    let spring = || Subject::Campaign("spring".to_owned());
    assert_eq!(
        alarms,
        [
            (spring(), Measure::Complaints, Level::Alarm),
            (spring(), Measure::Bounces, Level::Warning),
        ]
    );
    assert_eq!(with_rates.level(), Level::Alarm);
    assert_eq!(
        report(&Selection::all(period()), Vec::new()).level(),
        Level::Fine,
        "nothing is known to be sent"
    );
}

#[test]
fn a_selection_leaves_out_the_rest() {
    let only = |change: fn(&mut Selection)| {
        let mut selection = Selection::all(period());
        change(&mut selection);
        report(&selection, vec![sent("spring", 50)])
    };
    assert_eq!(
        only(|selection| selection.domain = Some("hotmail.com".to_owned()))
            .totals
            .all(),
        2
    );
    assert_eq!(
        only(|selection| selection.list = Some("other".to_owned())).totals.all(),
        0
    );
    let campaign = only(|selection| selection.campaign = Some("spring".to_owned()));
    assert_eq!((campaign.totals.all(), campaign.campaigns[0].sent), (7, Some(50)));
    let account = only(|selection| selection.account = Some("bounces".to_owned()));
    assert_eq!(
        (account.totals.all(), account.campaigns[0].sent),
        (7, None),
        "an account sends nothing"
    );
}

#[test]
fn its_json_can_be_read_by_others() {
    let json = serde_json::to_value(report(&Selection::all(period()), vec![sent("spring", 50)])).expect("JSON");
    for (pointer, expected) in [
        ("/selection/period/since", serde_json::json!("2026-11-15")),
        ("/totals/categories/hard-bounce", serde_json::json!(2)),
        ("/reasons/0", serde_json::json!({"reason": "user-unknown", "count": 2})),
        (
            "/alarms/1/subject",
            serde_json::json!({"kind": "campaign", "name": "spring"}),
        ),
        (
            "/alarms/0/rate",
            serde_json::json!({"count": 1, "sent": 50, "level": "alarm"}),
        ),
        ("/heat/0/reasons", serde_json::json!({"user-unknown": 2})),
        ("/our_faults/0/blocklists/0/name", serde_json::json!("Spamhaus")),
    ] {
        assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[test]
fn a_day_rolls_up_without_an_address() {
    let day = Period::ending("2026-11-19".parse().expect("a day"), 1);
    let period = report(&Selection::all(period()), Vec::new());
    let only = report(&Selection::all(day), Vec::new());
    let rolled = serde_json::to_value(RollUp::of(&only, &period)).expect("JSON");
    assert_eq!(
        rolled,
        serde_json::json!({
            "schema_version": 1,
            "day": "2026-11-19",
            "list": null, "account": null, "campaign": null, "domain": null,
            "events": 2, "repeated": 1,
            "categories": {"hard-bounce": 2},
            "reasons": {"user-unknown": 2},
            "providers": [{"name": "example.com", "categories": {"hard-bounce": 2}, "reasons": {"user-unknown": 2}}],
            "domains": [{"name": "example.com", "categories": {"hard-bounce": 2}, "reasons": {"user-unknown": 2}}],
            "campaigns": [{"name": "spring", "categories": {"hard-bounce": 2}, "reasons": {"user-unknown": 2}}],
            "lists": [{"name": "news", "categories": {"hard-bounce": 2}, "reasons": {"user-unknown": 2}}],
            "accounts": [{"name": "bounces", "categories": {"hard-bounce": 2}, "reasons": {"user-unknown": 2}}],
            "suppressed": 1, "suppressed_in_all": 2,
        })
    );
    let of_list = Selection {
        list: Some("news".to_owned()),
        ..Selection::all(day)
    };
    let of_list = report(&of_list, Vec::new());
    let rolled = serde_json::to_value(RollUp::of(&of_list, &period)).expect("JSON");
    assert_eq!(
        (&rolled["list"], &rolled["events"], &rolled["suppressed"]),
        (&"news".into(), &2.into(), &serde_json::Value::Null),
        "a contact belongs to no list"
    );
}

#[test]
fn a_page_without_a_time_is_the_same_at_any() {
    let report = report(&Selection::all(period()), Vec::new());
    let now = "2026-11-22T08:00:00Z".parse::<jiff::Timestamp>().expect("a time");
    assert!(page(&report, now).contains("Made by rebound at <time datetime=\"2026-11-22T08:00:00Z\">"));
    assert!(page(&report, None).contains("Made by rebound of 7 events"));
}
