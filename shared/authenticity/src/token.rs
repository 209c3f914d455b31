//! Tokens that a report presents, where they count.

use rebound_classify::Address;
use rebound_verp::{Day, Purpose, Reading, Refusal, Verified};

use crate::judge::{Bench, Claim};

/// What a report has to show.
#[derive(Debug)]
pub(crate) enum Presented {
    /// At least one token that counts.
    Signed(Vec<Token>),
    /// What looks like a token and does not count, and why.
    Refused(String),
    /// A return path without the token that every return path has.
    Stripped,
    /// No token.
    Nothing,
}

/// A token that counts.
#[derive(Debug)]
pub(crate) struct Token {
    verified: Verified,
    place: &'static str,
    /// The list it was made for, where that is known by name.
    pub(crate) list: Option<String>,
    /// In days.
    pub(crate) age: u32,
}

impl Token {
    pub(crate) fn is_for(&self, contact: &Address) -> bool {
        self.verified.is_for_contact(contact.as_str())
    }

    pub(crate) fn day(&self) -> Day {
        self.verified.day()
    }

    /// What it proves, for people.
    pub(crate) fn why(&self) -> String {
        let list = self
            .list
            .as_deref()
            .map(|list| format!(" for list {list}"))
            .unwrap_or_default();
        let (place, key, day) = (self.place, self.verified.key_id(), self.day());
        format!("{place} signed with key {key}{list} on {day}")
    }
}

const RETURN_PATH: &str = "return path";
const UNSUBSCRIBE: &str = "unsubscribe address";

impl Presented {
    /// Looks where a token counts for `claim`, and nowhere else: what a report says in its own words, subject or author is
    /// its author's.
    pub(crate) fn read(claim: Claim, bench: &Bench<'_>) -> Self {
        if bench.context.keys.is_empty() {
            return Self::Nothing;
        }
        let shown = &bench.report.provenance;
        match claim {
            Claim::Delivery | Claim::Answer => {
                Self::among(bench, &[(&shown.delivered_to, RETURN_PATH)], &[Purpose::ReturnPath])
            }
            Claim::Request => Self::among(bench, &[(&shown.delivered_to, UNSUBSCRIBE)], &[Purpose::Unsubscribe]),
            // Providers send complaints to where complaints go, with our message as we sent it.
            Claim::Complaint => Self::among(
                bench,
                &[
                    (&shown.returned_path, RETURN_PATH),
                    (&shown.unsubscribe, UNSUBSCRIBE),
                    (&shown.delivered_to, RETURN_PATH),
                ],
                &[Purpose::ReturnPath, Purpose::Unsubscribe],
            ),
        }
    }

    /// One that counts outweighs others: nobody without a key can make one.
    fn among(bench: &Bench<'_>, places: &[(&Vec<Address>, &'static str)], purposes: &[Purpose]) -> Self {
        let mut signed = Vec::new();
        let mut refused = None;
        let mut stripped = false;
        for (addresses, place) in places {
            for address in *addresses {
                match read(bench, address) {
                    Reading::Signed(verified) => match check(bench, verified, place, purposes) {
                        Ok(token) => signed.push(token),
                        Err(why) => refused = refused.or(Some(why)),
                    },
                    Reading::Refused(refusal) => refused = refused.or_else(|| Some(refusal_of(place, refusal))),
                    Reading::Stripped => stripped = true,
                    Reading::Absent => {}
                }
            }
        }
        match refused {
            _ if !signed.is_empty() => Self::Signed(signed),
            Some(why) => Self::Refused(why),
            None if stripped => Self::Stripped,
            None => Self::Nothing,
        }
    }
}

fn read(bench: &Bench<'_>, address: &Address) -> Reading {
    let keys = bench.context.keys;
    match &bench.context.settings.return_path {
        Some(prefix) => keys.read_expecting(address.as_str(), prefix),
        None => keys.read(address.as_str()),
    }
}

/// Whether a signed token counts for this purpose, now, and for this account.
fn check(bench: &Bench<'_>, verified: Verified, place: &'static str, purposes: &[Purpose]) -> Result<Token, String> {
    let settings = bench.context.settings;
    if !purposes.contains(&verified.purpose()) {
        let made_for = match verified.purpose() {
            Purpose::ReturnPath => "reports",
            Purpose::Unsubscribe => "unsubscribing",
        };
        return Err(format!("the {place} was made for {made_for} only"));
    }
    let longest = match verified.purpose() {
        Purpose::ReturnPath => settings.return_path_days,
        Purpose::Unsubscribe => settings.unsubscribe_days,
    };
    let day = verified.day();
    let age = verified
        .age(bench.today())
        .ok_or_else(|| format!("the {place} was signed on {day}, after the report arrived"))?;
    if age > longest {
        return Err(format!(
            "the {place} expired: it was signed on {day}, more than {longest} days before"
        ));
    }
    // What the returned message calls its list is a name to try; the token says whether it is right.
    let claimed = &bench.report.original.list;
    let mut names = settings
        .lists
        .iter()
        .chain(claimed.iter().filter(|_| settings.lists.is_empty()));
    let list = names.find(|list| verified.is_for_list(list)).cloned();
    if list.is_none() && !settings.lists.is_empty() {
        return Err(format!("the {place} was made for another list"));
    }
    Ok(Token {
        verified,
        place,
        list,
        age,
    })
}

fn refusal_of(place: &str, refusal: Refusal) -> String {
    match refusal {
        Refusal::UnknownKey { id } => format!("the {place} is signed with key {id}, which is not known"),
        Refusal::WrongSignature { .. } => format!("the {place}'s signature is wrong"),
        Refusal::Truncated => format!("the {place}'s signature is cut off"),
        other => format!("the {place}'s signature can't be read: {other}"),
    }
}
