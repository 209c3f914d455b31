//! From what a report shows to how far each of its verdicts is believed.

use rebound_classify::{Address, Category, Outcome, Report, Verdict};
use rebound_contacts::{Authenticity, ContactAddress, Finding, Moment, SentMessage};
use rebound_verp::{Day, Keys};

use crate::dkim::Proof;
use crate::plausible::looks_like_ours;
use crate::token::Presented;

/// Days that reports come back in: mail servers try for five days, and some are switched off for weeks.
const REPORT_DAYS: u32 = 30;
/// Days that a mail is kept and may still be unsubscribed from: a year and a month.
const UNSUBSCRIBE_DAYS: u32 = 400;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// What an account is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The domains that we send from, in lower case and ASCII. With none, DKIM proves nothing, and mail looks like ours when
    /// it is from the organisation that the report was delivered to.
    pub domains: Vec<String>,
    /// The lists that reports to this account may be about; with none, any.
    pub lists: Vec<String>,
    /// What every return path begins with, `bounces` or `bounces@example.com`: one that is nothing else has lost its token.
    pub return_path: Option<String>,
    /// How many days a return path counts.
    pub return_path_days: u32,
    /// How many days an unsubscribe address counts.
    pub unsubscribe_days: u32,
    /// How many days after it was sent a report about a message is expected.
    pub report_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            lists: Vec::new(),
            return_path: None,
            return_path_days: REPORT_DAYS,
            unsubscribe_days: UNSUBSCRIBE_DAYS,
            report_days: REPORT_DAYS,
        }
    }
}

/// What is known besides the report.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// What the account is set to.
    pub settings: &'c Settings,
    /// The keys that return paths are signed with. With none, no token is looked for.
    pub keys: &'c Keys,
    /// What the sent ledger says about the returned message.
    pub ledger: &'c SentMessage,
    /// What the signature of the returned message proves.
    pub dkim: Option<&'c Proof>,
    /// When the report was fetched, seconds since 1970-01-01 UTC.
    pub fetched_at: i64,
}

/// A finding for each of the report's verdicts, in their order: whom it charges, which is whom the mail was proven to be for
/// and else whom the verdict names; how sure it is; and in `proof` why, in one short sentence that holds no address.
pub fn judge(report: &Report, context: &Context<'_>) -> Vec<Finding> {
    let bench = Bench {
        report,
        context,
        received_at: received_at(report, context.fetched_at),
    };
    // All verdicts of a report claim the same, as a rule.
    let mut presented: Option<(Claim, Presented)> = None;
    let findings = report.recipients.iter().map(|verdict| {
        let claim = Claim::of(verdict);
        let known = presented.take().filter(|(known, _)| *known == claim);
        let (_, shown) = presented.insert(known.unwrap_or_else(|| (claim, Presented::read(claim, &bench))));
        bench.finding(verdict, claim, shown)
    });
    findings.collect()
}

/// When a report arrived, seconds since 1970-01-01 UTC: as the server that received it says; of one that no server received,
/// which is a file from elsewhere, as its author says. Never later than it was fetched.
pub fn received_at(report: &Report, fetched_at: i64) -> i64 {
    let arrived_at = report.provenance.arrived_at.or(report.written_at);
    arrived_at
        .filter(|arrived_at| (0..=fetched_at).contains(arrived_at))
        .unwrap_or(fetched_at)
}

/// What a verdict would have us believe, which says where a token has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// What became of a delivery.
    Delivery,
    /// Somebody does not want our mail.
    Complaint,
    /// Somebody asks to be put on a list or off it.
    Request,
    /// Somebody, or a robot, answers.
    Answer,
}

impl Claim {
    fn of(verdict: &Verdict) -> Self {
        match verdict.category {
            Category::Complaint => Self::Complaint,
            Category::Subscribe | Category::Unsubscribe => Self::Request,
            _ if verdict.outcome.is_some() => Self::Delivery,
            Category::OutOfOffice
            | Category::Challenge
            | Category::AddressChange
            | Category::VirusNotice
            | Category::Unrecognised => Self::Answer,
            _ => Self::Delivery,
        }
    }
}

/// A report with all that is known about it.
pub(crate) struct Bench<'b> {
    pub(crate) report: &'b Report,
    pub(crate) context: &'b Context<'b>,
    pub(crate) received_at: i64,
}

impl Bench<'_> {
    fn finding(&self, verdict: &Verdict, claim: Claim, presented: &Presented) -> Finding {
        let nothing = |why: String| Finding {
            address: verdict.address.clone(),
            list: None,
            authenticity: Authenticity::None,
            sent_at: None,
            stale: false,
            proof: why,
        };
        match presented {
            // Somebody tried: nothing else that the report shows is believed.
            Presented::Refused(why) => return nothing(why.clone()),
            Presented::Signed(tokens) => {
                let found = tokens.iter().find_map(|token| {
                    let contact = verdict.candidates.iter().find(|candidate| token.is_for(candidate))?;
                    Some((token, contact.clone()))
                });
                let Some((token, contact)) = found else {
                    return nothing(
                        "the address it came to was made for somebody else than the report names".to_owned(),
                    );
                };
                return Finding {
                    address: Some(contact),
                    list: token.list.clone(),
                    authenticity: Authenticity::Signed,
                    sent_at: Some(end_of(token.day())),
                    stale: token.age > self.context.settings.report_days,
                    proof: token.why(),
                };
            }
            Presented::Stripped | Presented::Nothing => {}
        }
        let lost = matches!(presented, Presented::Stripped).then_some("the return path lost its token on the way");
        // Who writes a letter may attach what he likes.
        if claim == Claim::Request {
            return nothing(
                lost.unwrap_or("it came to no address that was signed for anybody")
                    .to_owned(),
            );
        }
        let proven = match self.ledger(verdict) {
            None => self.signed_header(verdict),
            known => known,
        };
        match proven {
            Some(Ok(finding)) => return finding,
            Some(Err(why)) => return nothing(why),
            None => {}
        }
        let failed = matches!(verdict.outcome, Some(Outcome::Failed | Outcome::Delayed));
        if !failed && claim != Claim::Complaint {
            return nothing(lost.unwrap_or("nothing proves that it answers mail of ours").to_owned());
        }
        match looks_like_ours(self) {
            Ok(why) => Finding {
                authenticity: Authenticity::Plausible,
                sent_at: self.report.provenance.returned_date.map(moment),
                ..nothing(match lost {
                    Some(lost) => format!("{why}; {lost}"),
                    None => why,
                })
            },
            Err(why) => Finding {
                sent_at: self.report.provenance.returned_date.map(moment),
                stale: self.is_stale(self.report.provenance.returned_date),
                ..nothing(lost.map_or(why, str::to_owned))
            },
        }
    }

    /// What the ledger proves; `Err` where it speaks against the verdict.
    fn ledger(&self, verdict: &Verdict) -> Option<Result<Finding, String>> {
        let SentMessage::To(entry) = self.context.ledger else {
            return None;
        };
        let contact = verdict
            .candidates
            .iter()
            .find(|candidate| ContactAddress::try_from(*candidate).is_ok_and(|contact| contact == entry.address));
        let Some(contact) = contact else {
            return Some(Err(
                "the sent ledger knows the message as sent to somebody else".to_owned()
            ));
        };
        let sent_at = entry.sent_at.as_millis().div_euclid(1000);
        Some(Ok(Finding {
            address: Some(contact.clone()),
            list: entry.list.clone(),
            authenticity: Authenticity::Ledger,
            sent_at: Some(entry.sent_at),
            stale: self.is_stale(Some(sent_at)),
            proof: format!(
                "the sent ledger knows the message, sent to this contact alone{}",
                on(sent_at)
            ),
        }))
    }

    /// What the signature of the returned message proves; `Err` where it speaks against the verdict.
    fn signed_header(&self, verdict: &Verdict) -> Option<Result<Finding, String>> {
        let proof = self.context.dkim?;
        let named = |candidate: &&Address| {
            let same = |other: &ContactAddress| ContactAddress::try_from(*candidate).is_ok_and(|own| own == *other);
            ContactAddress::try_from(&proof.address).is_ok_and(|other| same(&other))
        };
        let Some(contact) = verdict.candidates.iter().find(named) else {
            return Some(Err("the message that came back was signed for somebody else".to_owned()));
        };
        Some(Ok(Finding {
            address: Some(contact.clone()),
            list: None,
            authenticity: Authenticity::Dkim,
            sent_at: proof.sent_at.map(moment),
            stale: self.is_stale(proof.sent_at),
            proof: format!(
                "the message that came back is signed by {} and names this contact ({}){}",
                proof.domain,
                proof.field.to_ascii_lowercase(),
                proof.sent_at.map(on).unwrap_or_default()
            ),
        }))
    }

    pub(crate) fn is_stale(&self, sent_at: Option<i64>) -> bool {
        let longest = i64::from(self.context.settings.report_days) * SECONDS_OF_A_DAY;
        sent_at.is_some_and(|sent_at| self.received_at.saturating_sub(sent_at) > longest)
    }

    /// The day that the report arrived, as tokens count days.
    pub(crate) fn today(&self) -> Day {
        let (first, last) = (Day::from_days(0), Day::from_days(u16::MAX));
        Day::of_unix_seconds(self.received_at).unwrap_or(if self.received_at < 0 { first } else { last })
    }
}

/// The last millisecond of a day. A token tells no more than its day, and mail of that day may have been sent after
/// somebody reactivated the contact on it.
fn end_of(day: Day) -> Moment {
    let next = (i64::from(day.days()) + 1) * SECONDS_OF_A_DAY;
    Moment::from_millis(next * 1000 - 1)
}

fn moment(seconds: i64) -> Moment {
    Moment::from_millis(seconds.saturating_mul(1000))
}

/// ` on 2026-11-22`, or nothing where no calendar goes.
pub(crate) fn on(seconds: i64) -> String {
    Day::of_unix_seconds(seconds)
        .map(|day| format!(" on {day}"))
        .unwrap_or_default()
}
