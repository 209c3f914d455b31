//! What histories amount to, as stories: `soft@3/a` is a soft bounce on day 3 of the sent message `a`, `hard@4#news` one of
//! the list `news`, `hold@5:0` a ruling on the first event of the story, `hard@4!none` one that nothing speaks for, `hard@4~1`
//! one about mail of day 1, `hard@4?` one that came too late.

use rebound_classify::{Action, Category, Reason};
use rebound_message::MessageHash;

use super::*;
use crate::JOURNAL_DEPTH;
use crate::event::{Authenticity, EventKind, ManualAction, Ruling};
use crate::policy::{InvalidPolicy, Policy, SoftLimit};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[test]
fn what_suppresses_and_when() {
    for (story, expected) in [
        ("", "active"),
        ("hard@3", "hard-bounce@3"),
        ("hard@3 hard@1 hard@2", "hard-bounce@1"),
        ("complaint@2 hard@3", "complaint@2"),
        ("suppress@2 hard@3", "manual@2"),
        ("block@1 block@2 block@3 block@4 block@5 block@6", "active"),
        ("ooo@1 delayed@2 maybe@3 available@4 virus@5 junk@6", "active"),
        // A streak.
        ("soft@1 soft@2 soft@3 soft@4", "active streak 4"),
        ("soft@1 soft@2 soft@3 soft@4 soft@5 soft@6", "soft-bounce@5 streak 6"),
        ("soft@6 soft@2 unavailable@4 soft@3 soft@1", "soft-bounce@6 streak 5"),
        ("soft@1/a soft@2/a soft@3/a soft@4/a soft@5/a", "active streak 1"),
        (
            "soft@1/a soft@2/a soft@3/b soft@4/c soft@5/d soft@6/e",
            "soft-bounce@6 streak 5",
        ),
        ("soft@1 soft@2 soft@3 soft@4 hard@9 soft@5", "soft-bounce@5 streak 5"),
        // The window.
        ("soft@1 soft@2 soft@3 soft@4 soft@180", "soft-bounce@180 streak 5"),
        ("soft@1 soft@2 soft@3 soft@4 soft@181", "active streak 4"),
        ("soft@1 soft@100 soft@200 soft@300 soft@400 soft@500", "active streak 2"),
        // A delivery starts it again, but revives nobody.
        ("soft@1 soft@2 soft@3 soft@4 delivered@5 soft@6", "active streak 1"),
        ("soft@1 soft@2 soft@3 soft@4 soft@5 delivered@6", "soft-bounce@5"),
        ("soft@1 soft@2 delivered@2 soft@3 soft@4 soft@5", "active streak 4"),
        ("soft@1 soft@2 soft@3 delivered@3 soft@4 soft@5", "active streak 3"),
        ("hard@1 delivered@2", "hard-bounce@1"),
        ("soft@1/a delivered@2 soft@3/a", "active"),
        // A reactivation does: nothing up to it counts, whenever it arrives.
        ("hard@1 reactivate@2", "active"),
        ("reactivate@2 hard@1", "active"),
        ("hard@1 reactivate@2 hard@3", "hard-bounce@3"),
        ("hard@3 reactivate@2 complaint@1", "hard-bounce@3"),
        ("soft@1 soft@2 soft@3 soft@4 reactivate@5 soft@6", "active streak 1"),
        ("suppress@1 reactivate@2 reactivate@1", "active"),
        // Lists.
        ("unsub@1#news", "active off news"),
        ("unsub@1#news unsub@2#ads", "active off ads news"),
        ("unsub@1#news reactivate@2", "active off news"),
        ("unsub@1#news reactivate@2#news", "active"),
        ("reactivate@2#news unsub@1#news unsub@3#ads", "active off ads"),
        ("hard@1 reactivate@2#news", "hard-bounce@1"),
        ("suppress@1#news", "active off news"),
        ("unsub@1", "unsubscribe@1"),
        // A misspelt address.
        ("correct@2 hard@3", "corrected@2"),
        ("correct@2 reactivate@3", "active"),
        // What is held suppresses nobody until it is released, and then from the release on.
        ("hard@1 hold@1:0", "active held hard-bounce@1"),
        ("hold@1:1 hard@1", "active held hard-bounce@1"),
        ("hard@1 hold@1:0 release@4:0", "hard-bounce@4"),
        ("release@4:2 hold@1:2 hard@1", "hard-bounce@4"),
        ("hard@1 release@4:0", "hard-bounce@1"),
        ("hard@1 hold@1:0 complaint@3", "complaint@3"),
        ("hard@1 hold@1:0 complaint@3 release@4:0", "complaint@3"),
        ("hard@1 hold@1:0 hard@2 hold@2:2", "active held hard-bounce@1"),
        ("hard@1 hold@1:0 reactivate@2 release@3:0", "active"),
        (
            "soft@1 soft@2 soft@3 soft@4 soft@5 hold@5:4",
            "active held soft-bounce@5 streak 5",
        ),
        (
            "soft@1 soft@2 soft@3 soft@4 soft@5 hold@5:4 soft@6",
            "soft-bounce@6 streak 6",
        ),
        (
            "soft@1 soft@2 soft@3 soft@4 soft@5 hold@5:4 release@9:4",
            "soft-bounce@9 streak 5",
        ),
        // What is discarded never happened.
        ("hard@1 discard@2:0", "active"),
        ("discard@2:1 hard@1", "active"),
        ("hard@1 hold@1:0 discard@2:0", "active"),
        ("soft@1 soft@2 soft@3 soft@4 soft@5 discard@6:2", "active streak 4"),
        ("hard@1 reactivate@2 discard@3:1", "hard-bounce@1"),
    ] {
        assert_eq!(outcome(&Policy::default(), story), expected, "{story}");
    }
}

#[test]
fn what_is_not_sure_silences_nobody_alone() {
    for (story, expected) in [
        ("hard@3!signed", "hard-bounce@3"),
        ("hard@3!plausible", "hard-bounce@3"),
        ("hard@3!none", "active held hard-bounce@3"),
        // Another claim of another day, about another message.
        ("hard@3!none hard@4!none", "hard-bounce@4"),
        ("hard@3!none/a hard@4!none/b", "hard-bounce@4"),
        ("hard@4!none/b hard@3!none/a", "hard-bounce@4"),
        ("hard@3!none hard@3!none hard@3!none", "active held hard-bounce@3"),
        ("hard@3!none/a hard@4!none/a hard@5!none/a", "active held hard-bounce@3"),
        ("hard@3!none hard@183!none", "active held hard-bounce@3"),
        ("hard@3!none hard@4!plausible", "hard-bounce@4"),
        // A person.
        ("hard@3!none release@5:0", "hard-bounce@5"),
        ("hard@3!none discard@5:0", "active"),
        ("hard@3!none reactivate@4", "active"),
        ("hard@3!none reactivate@4 hard@5!none", "active held hard-bounce@5"),
        // What is one of a flood bears out nothing.
        ("hard@3!none hold@3:0 hard@4!none", "active held hard-bounce@3"),
        ("hard@3!none hard@4!none hold@4:1 hard@5!none", "hard-bounce@5"),
        // Anybody can write these in somebody's name, as often as he likes.
        ("complaint@3!plausible", "active held complaint@3"),
        ("complaint@1!none complaint@2!none", "active held complaint@1"),
        ("complaint@3!dkim", "complaint@3"),
        ("unsub@1!none", "active held unsubscribe@1"),
        ("unsub@1!none#news", "active held unsubscribe@1"),
        ("unsub@1!none#news unsub@2!none#news", "active held unsubscribe@1"),
        ("unsub@1!signed#news", "active off news"),
        ("unsub@1!none#news unsub@2!signed#news", "active off news"),
        ("unsub@1!none#news reactivate@2#news", "active"),
        ("unsub@1!none#news reactivate@2", "active"),
        ("unsub@1!none#news discard@2:0", "active"),
        ("unsub@1!none#news release@4:0#news", "active off news"),
        ("release@4:1#news unsub@1!none#news", "active off news"),
        (
            "unsub@1!none#news release@4:0#news unsub@5!none#news",
            "active off news",
        ),
        ("unsub@1!none#news release@4:0#news reactivate@5", "active off news"),
        ("unsub@1!none#news release@4:0#news reactivate@5#news", "active"),
        ("unsub@1!none#news hard@3", "hard-bounce@3"),
        // Of what counts, one claim a day.
        (
            "soft@1!none soft@1!none soft@2!none soft@3!none soft@4!none",
            "active streak 4",
        ),
        (
            "soft@1!none soft@2!none soft@3!none soft@4!none soft@5!none",
            "soft-bounce@5 streak 5",
        ),
        (
            "soft@1!none soft@1!none soft@1!none soft@1!none soft@1!none",
            "active streak 1",
        ),
        // What came too late, or again.
        ("hard@3!signed?", "active"),
        ("soft@1? soft@2 soft@3", "active streak 2"),
        ("hard@1/a reactivate@2 hard@3/a", "active"),
        ("hard@3/a reactivate@2 hard@1/a", "active"),
        ("hard@1/a reactivate@2 hard@3/b", "hard-bounce@3"),
        ("hard@1 reactivate@2 hard@3~1", "active"),
        ("hard@3~1 reactivate@2", "active"),
        ("hard@3~1", "hard-bounce@3"),
        ("soft@1/a reactivate@2 soft@3/a soft@4/b", "active streak 1"),
    ] {
        assert_eq!(outcome(&Policy::default(), story), expected, "{story}");
    }
}

#[test]
fn however_much_is_made_up_what_is_proven_is_remembered() {
    for (proven, made_up, expected) in [
        ("hard@1!signed", "hard@2!none", "hard-bounce@1"),
        ("hard@1!ledger", "hard@2!plausible", "hard-bounce@1"),
        ("hard@1!signed", "complaint@2!none", "hard-bounce@1"),
        ("hard@9!signed", "hard@9!none", "hard-bounce@9"),
        (
            "soft@1!signed soft@2!signed soft@3!signed soft@4!signed soft@6!signed",
            "soft@7!none",
            "soft-bounce@6 streak 6",
        ),
        (
            "unsub@1!none#news release@2:0#news",
            "unsub@3!none#news",
            "active off news",
        ),
        ("hard@1!dkim/a reactivate@2 hard@4!dkim/a", "hard@1!none/b", "active"),
    ] {
        let story = format!("{proven}{}", format!(" {made_up}").repeat(3 * JOURNAL_DEPTH));
        assert_eq!(
            outcome(&Policy::default(), &story),
            expected,
            "{proven}, then {made_up} over and over"
        );
    }
}

#[test]
fn a_policy_says_what_is_sure_enough() {
    let mut strict = Policy::default();
    let account = strict.trust.accounts.entry("bounces".to_owned()).or_default();
    account.require = Some(Authenticity::Signed);
    let mut lenient = Policy::default();
    lenient
        .trust
        .enough
        .insert(Category::Complaint, Authenticity::Plausible);
    lenient.trust.enough.insert(Category::HardBounce, Authenticity::None);
    let mut one = limited(SoftLimit::new(1, 0, false));
    for (policy, story, expected) in [
        (
            &strict,
            "hard@1!plausible hard@2!plausible",
            "active held hard-bounce@1",
        ),
        (&strict, "hard@1!dkim hard@2!ledger", "active held hard-bounce@1"),
        (&strict, "hard@1!dkim hard@2!signed", "hard-bounce@2"),
        (&strict, "soft@1!dkim soft@2!none", "active"),
        (&lenient, "complaint@1!plausible", "complaint@1"),
        (&lenient, "hard@1!none", "hard-bounce@1"),
        (&one, "soft@1!none", "active streak 1"),
        (&one, "soft@1!none soft@2!none", "soft-bounce@2 streak 2"),
    ] {
        assert_eq!(outcome(policy, story), expected, "{story}");
    }
    one.trust.accounts = strict.trust.accounts;
    assert_eq!(outcome(&one, "soft@1!plausible"), "active");
}

#[test]
fn a_policy_changes_what_events_do() {
    let patient = limited(SoftLimit::new(2, 0, false));
    let mut by_reason = Policy::default();
    by_reason.overrides.reasons.insert(Reason::Undefined, Action::Record);
    let mut strict_news = Policy::default();
    strict_news
        .lists
        .entry("news".to_owned())
        .or_default()
        .categories
        .insert(Category::SoftBounce, Action::Suppress);
    let mut lists_only = Policy::default();
    lists_only
        .overrides
        .categories
        .insert(Category::Complaint, Action::Unsubscribe);
    let daily = limited(SoftLimit::new(3, 30, true));
    let mut of_lists = Policy::default();
    for (list, threshold, window) in [("strict", 2, 0), ("patient", 4, 2)] {
        of_lists.lists.entry(list.to_owned()).or_default().soft_limit = SoftLimit::new(threshold, window, false).ok();
    }
    let mut own = Policy::default();
    own.protected.domains.insert("example.com".to_owned());
    for (policy, story, expected) in [
        (&patient, "soft@1 soft@9999", "soft-bounce@9999 streak 2"),
        (&daily, "soft@1 soft@1 soft@1 soft@2 soft@2", "active streak 2"),
        (&daily, "soft@1 soft@1 soft@2 soft@31", "active streak 2"),
        (&daily, "soft@1 soft@1 soft@2 soft@30", "soft-bounce@30 streak 3"),
        (&of_lists, "soft@1 soft@2#strict", "soft-bounce@2 streak 2"),
        (&of_lists, "soft@1#strict soft@2", "active streak 2"),
        (&of_lists, "soft@1 soft@2 soft@3 soft@4#patient", "active streak 2"),
        (
            &of_lists,
            "soft@1 soft@2 soft@3 soft@4#patient soft@5",
            "soft-bounce@5 streak 5",
        ),
        (&own, "hard@1 complaint@2 suppress@3 correct@4 unsub@5#news", "active"),
        (&by_reason, "hard@1 complaint@2", "complaint@2"),
        (&strict_news, "soft@1#ads", "active streak 1"),
        (&strict_news, "soft@1#ads soft@2#news", "soft-bounce@2 streak 1"),
        (&lists_only, "complaint@1#news", "active off news"),
    ] {
        assert_eq!(outcome(policy, story), expected, "{story}");
    }
}

#[test]
fn ignored_events_do_not_touch_the_contact() {
    let (address, events) = history("junk@1 junk@2");
    assert_eq!(fold(&Policy::default(), &address, &events), Contact::new(address));
}

#[test]
fn counters_count_every_event_once_and_the_details_are_the_latest() {
    let story = "hard@3 soft@1/a soft@2/a block@5 ooo@4 delivered@0 unavailable@1 maybe@1 complaint@2 suppress@9";
    let (address, events) = history(story);
    let twice: Vec<_> = events.iter().chain(&events).collect();
    let contact = fold(&Policy::default(), &address, twice);
    let expected = Counters {
        hard_bounces: 1,
        soft_bounces: 2,
        unknown_bounces: 1,
        blocks: 1,
        complaints: 1,
        auto_replies: 1,
        delivered: 1,
    };
    assert_eq!(contact.counters, expected);
    assert_eq!(contact.events, 10);
    assert_eq!(contact.last_verdict.unwrap().category, Category::SenderBlocked);
    assert_eq!(contact.first_event_at, Some(Moment::from_millis(0)));
    assert_eq!(contact.last_event_at, Some(Moment::from_millis(9 * DAY)));
}

#[test]
fn deliveries_that_were_forgotten_never_join_two_streaks() {
    let deliveries: String = (5..300)
        .flat_map(|day| [" delivered@".to_owned(), day.to_string()])
        .collect();
    let story = format!("soft@1 soft@2 soft@3 soft@4{deliveries}");
    assert_eq!(
        outcome(&Policy::default(), &format!("{story} soft@300")),
        "active streak 1"
    );
    assert_eq!(
        outcome(&Policy::default(), &format!("{story} soft@100 soft@300")),
        "active streak 1"
    );
}

#[test]
fn a_change_is_told_once() {
    let (address, events) = history("soft@1#n soft@2 soft@3 soft@4 soft@5 hard@6 reactivate@7 unsub@8#n unsub@9#n");
    let mut contact = Contact::new(address);
    let told: Vec<_> = events
        .iter()
        .map(|event| contact.apply(&Policy::default(), event))
        .map(
            |change| match (change.suppressed, change.reactivated, change.unsubscribed) {
                (Some(suppression), false, None) => suppression.cause.to_string(),
                (None, true, None) => "reactivated".to_owned(),
                (None, false, Some(list)) => format!("off {list}"),
                _ => String::new(),
            },
        )
        .collect();
    assert_eq!(told, ["", "", "", "", "soft-bounce", "", "reactivated", "off n", ""]);
}

#[test]
fn an_event_about_somebody_else_changes_nothing() {
    let (_, events) = history("hard@1");
    let mut other = Contact::new("bob@example.com".parse().unwrap());
    assert_eq!(other.apply(&Policy::default(), &events[0]), Change::default());
    assert_eq!(other, Contact::new("bob@example.com".parse().unwrap()));
}

#[test]
fn serialises_flat_with_every_key() {
    let (address, events) = history("hard@1");
    let contact = fold(&Policy::default(), &address, &events);
    let json = serde_json::to_value(&contact).unwrap();
    assert_eq!(json["address"], "ann@example.com");
    assert_eq!(json["status"], "suppressed");
    assert_eq!(json["suppressed_at"], "1970-01-02T00:00:00.000Z");
    assert_eq!(json["suppressed_by"], events[0].message.to_string());
    assert_eq!(json["hard_bounces"], 1);
    assert_eq!(json["new_address"], serde_json::Value::Null);
    assert_eq!(json.as_object().unwrap().len(), 29);
}

#[test]
fn a_discarded_event_leaves_no_trace() {
    let (address, events) = history("soft@2 hard@1 hold@1:1 release@3:1 complaint@9 discard@9:1 discard@9:4");
    assert_eq!(
        fold(&Policy::default(), &address, &events),
        fold(&Policy::default(), &address, &events[..1])
    );
}

fn limited(limit: Result<SoftLimit, InvalidPolicy>) -> Policy {
    Policy {
        soft_limit: limit.unwrap(),
        ..Policy::default()
    }
}

fn outcome(policy: &Policy, story: &str) -> String {
    let (address, events) = history(story);
    let contact = fold(policy, &address, &events);
    let mut outcome = vec![contact.suppression.map_or("active".to_owned(), |suppression| {
        format!("{}@{}", suppression.cause, suppression.at.as_millis() / DAY)
    })];
    if let Some(held) = contact.held {
        outcome.push(format!("held {}@{}", held.cause, held.at.as_millis() / DAY));
    }
    if contact.soft_streak > 0 {
        outcome.push(format!("streak {}", contact.soft_streak));
    }
    if !contact.unsubscribed_lists.is_empty() {
        outcome.push(format!("off {}", contact.unsubscribed_lists.join(" ")));
    }
    outcome.join(" ")
}

fn history(story: &str) -> (ContactAddress, Vec<Event>) {
    let address: ContactAddress = "Ann@example.com".parse().unwrap();
    let events = story.split_whitespace().enumerate().map(|(nth, word)| {
        let (word, list) = word
            .split_once('#')
            .map_or((word, None), |(word, list)| (word, Some(list)));
        let (word, sent) = word
            .split_once('/')
            .map_or((word, None), |(word, sent)| (word, Some(sent)));
        let (word, about) = word.split_once(':').map_or((word, None), |(word, about)| {
            (word, Some(about.parse::<usize>().unwrap()))
        });
        let (word, stale) = word.strip_suffix('?').map_or((word, false), |word| (word, true));
        let (word, sent_at) = word
            .split_once('~')
            .map_or((word, None), |(word, day)| (word, Some(day.parse::<i64>().unwrap())));
        let (word, authenticity) = word.split_once('!').map_or((word, None), |(word, authenticity)| {
            (word, Some(authenticity.parse().unwrap()))
        });
        let (kind, day) = word.split_once('@').unwrap();
        let message = MessageHash::of(&nth.to_be_bytes());
        let at = Moment::from_millis(day.parse::<i64>().unwrap() * DAY);
        let mut event = Event::new(message, Some(address.clone()), at, kind_named(kind));
        event.about = about.map(|nth| MessageHash::of(&nth.to_be_bytes()));
        event.list = list.map(str::to_owned);
        event.original_message_id = sent.map(str::to_owned);
        event.account = authenticity
            .filter(|_| list.is_none())
            .map(|_: Authenticity| "bounces".to_owned());
        event.authenticity = authenticity;
        event.sent_at = sent_at.map(|day| Moment::from_millis(day * DAY));
        event.stale = stale;
        event
    });
    (address.clone(), events.collect())
}

fn kind_named(kind: &str) -> EventKind {
    EventKind::Mail(match kind {
        "hard" => Category::HardBounce,
        "soft" => Category::SoftBounce,
        "unavailable" => Category::UnknownUnavailable,
        "available" => Category::UnknownAvailable,
        "maybe" => Category::PossibleFailure,
        "block" => Category::SenderBlocked,
        "ooo" => Category::OutOfOffice,
        "delayed" => Category::DeliveryReport,
        "delivered" => Category::Delivered,
        "complaint" => Category::Complaint,
        "unsub" => Category::Unsubscribe,
        "virus" => Category::VirusNotice,
        "junk" => Category::Unrecognised,
        "suppress" => return EventKind::Manual(ManualAction::Suppress),
        "reactivate" => return EventKind::Manual(ManualAction::Reactivate),
        "correct" => return EventKind::Manual(ManualAction::Correct),
        "hold" => return EventKind::Ruling(Ruling::Hold),
        "release" => return EventKind::Ruling(Ruling::Release),
        "discard" => return EventKind::Ruling(Ruling::Discard),
        _ => panic!("no such kind: {kind}"),
    })
}
