//! What is recorded of one message.

use std::collections::BTreeMap;

use rebound_classify::{Address, Category, Report, Verdict};
use rebound_message::MessageHash;

use crate::address::ContactAddress;
use crate::event::{Authenticity, Event, EventKind};
use crate::moment::Moment;

/// How much of a text goes into an event, in bytes. The whole message stays in the archive; an event must stay small
/// enough that a transaction of a hundred is far below DynamoDB's 4 MB, and a campaign or list below the 2,048 bytes
/// of an index key.
const MAX_TEXT_BYTES: usize = 1024;

/// One message's events: one per contact it charges, or one that charges nobody.
///
/// Built by [`MessageRecord::new`] or [`MessageRecord::from_report`], so it always holds at least one event, all of the
/// same message, each about another contact.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    message: MessageHash,
    events: Vec<Event>,
}

/// What is known of a message beside what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its identity.
    pub message: MessageHash,
    /// When it counts as having happened: the date the report itself bears, unless that is missing or later than when
    /// it was fetched. It must be the same every time the message is judged.
    pub at: Moment,
    /// The mailbox account it came in through.
    pub account: Option<String>,
    /// The list of that account; goes before the list named in the returned message.
    pub list: Option<String>,
    /// Where the raw message is kept.
    pub object_key: Option<String>,
    /// When its events may be deleted.
    pub expires_at: Option<Moment>,
    /// The server that handed it over.
    pub server: Option<String>,
}

/// How sure it is that a verdict speaks of mail we sent, and what that shows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Whom the verdict is about, if that is somebody else than it says.
    pub address: Option<Address>,
    /// The list that was mailed; goes before every other word on it.
    pub list: Option<String>,
    /// How sure it is.
    pub authenticity: Authenticity,
    /// When the mail was sent.
    pub sent_at: Option<Moment>,
    /// Whether the report came so long after that it counts no more.
    pub stale: bool,
    /// Why, in words for people.
    pub proof: String,
}

impl MessageRecord {
    /// The record of a message that says these events.
    ///
    /// Texts longer than an event should carry are cut at 1,024 bytes and marked with `…`; empty ones are absent.
    /// Events come out sorted by recipient.
    pub fn new(events: Vec<Event>) -> Result<Self, InvalidRecord> {
        let message = events.first().ok_or(InvalidRecord::Empty)?.message;
        let mut by_recipient = BTreeMap::new();
        for mut event in events {
            if event.message != message {
                return Err(InvalidRecord::TwoMessages(message, event.message));
            }
            bound_texts(&mut event);
            if let Some(twin) = by_recipient.insert(event.recipient().to_owned(), event) {
                return Err(InvalidRecord::SameRecipientTwice(twin.message));
            }
        }
        Ok(Self {
            message,
            events: by_recipient.into_values().collect(),
        })
    }

    /// The record of a classified message; `findings` are those on its recipients, in the same order, as far as anybody
    /// asked.
    ///
    /// Two verdicts that charge the same contact (an alias that expands to two mailboxes) are one event: the weightier
    /// one, the first among equals. Verdicts that charge nobody count only when no other verdict is there.
    pub fn from_report(report: &Report, origin: &Origin, findings: &[Finding]) -> Self {
        let mut by_contact: BTreeMap<Option<ContactAddress>, (&Verdict, Option<&Finding>)> = BTreeMap::new();
        for (nth, verdict) in report.recipients.iter().enumerate() {
            let finding = findings.get(nth);
            let address = finding
                .and_then(|finding| finding.address.as_ref())
                .or(verdict.address.as_ref())
                .and_then(|address| ContactAddress::try_from(address).ok());
            let known = by_contact.entry(address).or_insert((verdict, finding));
            if weight(verdict.category) > weight(known.0.category) {
                *known = (verdict, finding);
            }
        }
        if by_contact.len() > 1 {
            by_contact.remove(&None);
        }
        let mut events: Vec<_> = by_contact
            .into_iter()
            .map(|(address, (verdict, finding))| {
                let mut event = event_of(report, origin, address, Some(verdict));
                if let Some(finding) = finding {
                    add_finding(&mut event, finding);
                }
                event
            })
            .collect();
        if events.is_empty() {
            events.push(event_of(report, origin, None, None));
        }
        events.iter_mut().for_each(bound_texts);
        Self {
            message: origin.message,
            events,
        }
    }

    /// Which message.
    pub const fn message(&self) -> MessageHash {
        self.message
    }

    /// Its events, at least one, sorted by recipient.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}

/// Events that are no record of one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// There are none.
    #[error("a message is recorded with at least one event; one that charges nobody has no address")]
    Empty,
    /// They come from different messages.
    #[error("the events are of two messages, {0} and {1}: record them separately")]
    TwoMessages(MessageHash, MessageHash),
    /// Two of them charge the same contact.
    #[error("two events of message {0} charge the same contact: merge them into one")]
    SameRecipientTwice(MessageHash),
}

fn event_of(report: &Report, origin: &Origin, address: Option<ContactAddress>, verdict: Option<&Verdict>) -> Event {
    let kind = EventKind::Mail(verdict.map_or(report.category, |verdict| verdict.category));
    let mut event = Event::new(origin.message, address, origin.at, kind);
    event.account.clone_from(&origin.account);
    event.list = origin.list.clone().or_else(|| report.original.list.clone());
    event.campaign.clone_from(&report.original.campaign);
    event.reporting_mta.clone_from(&report.reporting_mta);
    event.original_message_id.clone_from(&report.original.message_id);
    event.original_subject.clone_from(&report.original.subject);
    event.object_key.clone_from(&origin.object_key);
    event.server.clone_from(&origin.server);
    event.rules_version = Some(report.rules_version.to_string());
    event.expires_at = origin.expires_at;
    if let Some(verdict) = verdict {
        event.severity = verdict.severity;
        event.reason = verdict.reason;
        event.status = verdict.status;
        event.reply = verdict.reply;
        event.diagnostic.clone_from(&verdict.diagnostic);
        event.final_recipient.clone_from(&verdict.final_recipient);
        event.provider = verdict.provider.as_ref().map(ToString::to_string);
        event.rule = Some(verdict.rule.to_string());
        event.evidence.clone_from(&verdict.evidence);
        event.own_category.clone_from(&verdict.own_category);
        event.new_address.clone_from(&verdict.new_address);
    }
    event
}

fn add_finding(event: &mut Event, finding: &Finding) {
    event.authenticity = Some(finding.authenticity);
    event.proof = Some(finding.proof.clone());
    event.sent_at = finding.sent_at.map(|sent_at| sent_at.min(event.at));
    event.stale = finding.stale;
    if finding.list.is_some() {
        event.list.clone_from(&finding.list);
    }
}

/// Which of two verdicts on one contact stands: the one with the graver consequence for it.
fn weight(category: Category) -> u8 {
    match category {
        Category::Complaint => 9,
        Category::HardBounce => 8,
        Category::Unsubscribe => 7,
        Category::SoftBounce => 6,
        Category::UnknownUnavailable => 5,
        Category::UnknownAvailable => 4,
        Category::SenderBlocked => 3,
        Category::PossibleFailure
        | Category::OutOfOffice
        | Category::Challenge
        | Category::AddressChange
        | Category::Subscribe => 2,
        Category::Delivered | Category::DeliveryReport | Category::VirusNotice => 1,
        Category::Unrecognised => 0,
    }
}

fn bound_texts(event: &mut Event) {
    for text in [
        &mut event.account,
        &mut event.list,
        &mut event.campaign,
        &mut event.diagnostic,
        &mut event.provider,
        &mut event.reporting_mta,
        &mut event.original_message_id,
        &mut event.original_subject,
        &mut event.object_key,
        &mut event.rule,
        &mut event.rules_version,
        &mut event.evidence,
        &mut event.own_category,
        &mut event.proof,
        &mut event.server,
        &mut event.actor,
        &mut event.note,
    ] {
        match text {
            Some(long) if long.len() > MAX_TEXT_BYTES => {
                long.truncate(long.floor_char_boundary(MAX_TEXT_BYTES - '…'.len_utf8()));
                long.push('…');
            }
            Some(empty) if empty.is_empty() => *text = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::{Address, Original, Reason, Severity};

    use super::*;

    #[test]
    fn every_contact_of_a_report_gets_one_event() {
        let verdicts = [
            verdict(Some("ann@example.com"), Category::SoftBounce),
            verdict(Some("Bob@example.com"), Category::OutOfOffice),
            verdict(Some("ANN@example.com"), Category::HardBounce),
            verdict(Some("ann@example.com"), Category::Delivered),
            verdict(None, Category::Complaint),
            verdict(Some("-"), Category::Complaint),
        ];
        let record = MessageRecord::from_report(&report(&verdicts), &origin(), &[]);
        let events: Vec<_> = record
            .events()
            .iter()
            .map(|event| (event.recipient(), event.kind.as_str()))
            .collect();
        assert_eq!(
            events,
            [("ann@example.com", "hard-bounce"), ("bob@example.com", "out-of-office")]
        );
        assert_eq!(
            record.events()[0].address.as_ref().unwrap().spelling(),
            "ann@example.com"
        );
    }

    #[test]
    fn a_report_about_nobody_is_recorded_without_a_contact() {
        for verdicts in [&[][..], &[verdict(None, Category::Complaint)]] {
            let record = MessageRecord::from_report(&report(verdicts), &origin(), &[]);
            let events: Vec<_> = record
                .events()
                .iter()
                .map(|event| (event.recipient(), event.kind.as_str()))
                .collect();
            let category = verdicts
                .first()
                .map_or("unrecognised", |verdict| verdict.category.as_str());
            assert_eq!(events, [("-", category)]);
        }
    }

    #[test]
    fn the_accounts_list_goes_before_the_one_in_the_returned_message() {
        let mut origin = origin();
        let list = |origin: &Origin| {
            MessageRecord::from_report(&report(&[]), origin, &[]).events()[0]
                .list
                .clone()
        };
        assert_eq!(list(&origin).as_deref(), Some("returned.example.com"));
        origin.list = Some("news".to_owned());
        assert_eq!(list(&origin).as_deref(), Some("news"));
    }

    #[test]
    fn long_texts_are_cut_visibly_and_empty_ones_absent() {
        let mut event = event_of(&report(&[]), &origin(), None, None);
        event.diagnostic = Some("é".repeat(5000));
        event.evidence = Some(String::new());
        let record = MessageRecord::new(vec![event]).unwrap();
        let diagnostic = record.events()[0].diagnostic.as_deref().unwrap();
        assert!(
            diagnostic.len() <= MAX_TEXT_BYTES && diagnostic.ends_with("é…"),
            "{diagnostic}"
        );
        assert_eq!(record.events()[0].evidence, None);
    }

    #[test]
    fn events_that_are_no_record_of_one_message_are_refused() {
        let event = event_of(&report(&[]), &origin(), None, None);
        let mut of_another = event.clone();
        of_another.message = MessageHash::of(b"another");
        assert_eq!(MessageRecord::new(vec![]), Err(InvalidRecord::Empty));
        assert_eq!(
            MessageRecord::new(vec![event.clone(), event.clone()]),
            Err(InvalidRecord::SameRecipientTwice(event.message))
        );
        assert_eq!(
            MessageRecord::new(vec![event.clone(), of_another.clone()]),
            Err(InvalidRecord::TwoMessages(event.message, of_another.message))
        );
    }

    fn origin() -> Origin {
        Origin {
            message: MessageHash::of(b"message"),
            at: Moment::from_millis(0),
            account: Some("bounces".to_owned()),
            list: None,
            object_key: None,
            expires_at: None,
            server: None,
        }
    }

    fn report(verdicts: &[Verdict]) -> Report {
        Report {
            category: Category::Unrecognised,
            recipients: verdicts.to_vec(),
            original: Original {
                list: Some("returned.example.com".to_owned()),
                ..Original::default()
            },
            feedback_type: None,
            dialect: None,
            rules_version: "1".into(),
            reporting_mta: None,
            written_at: None,
            provenance: rebound_classify::Provenance::default(),
            notes: Vec::new(),
        }
    }

    fn verdict(address: Option<&str>, category: Category) -> Verdict {
        Verdict {
            address: address.and_then(Address::parse),
            candidates: Vec::new(),
            final_recipient: None,
            outcome: None,
            category,
            reason: Reason::Undefined,
            severity: Severity::None,
            action: category.default_action(),
            status: None,
            reply: None,
            diagnostic: None,
            remote_mta: None,
            new_address: None,
            rule: "test".into(),
            evidence: None,
            contradicts_status: false,
            provider: None,
            own_category: None,
        }
    }
}
