//! Whether an address is one of ours.

use std::io::{self, Write};

use anyhow::{Context, Result};
use rebound_verp::{Day, Reading, Verified, Wrapper, contact_hints, unwrapped};
use serde::Serialize;

use super::today;
use crate::args::{RowFormat, VerifyArgs};
use crate::complaints::say;
use crate::input::recipient;
use crate::outcome::Outcome;
use crate::output::{Align, Table, print_rows, printable, width};
use crate::place::Place;
use crate::workspace;

/// Prints what an address says, and whether it can be believed.
pub(super) async fn verify(place: &Place, args: &VerifyArgs) -> Result<Outcome> {
    let contact = match &args.contact {
        Some(contact) => Some(recipient(contact).map_err(anyhow::Error::msg).context("--contact")?),
        None => None,
    };
    let store = workspace::return_path_keys(place).await?;
    let keys = store.read().await?;
    if keys.is_empty() {
        say(
            "warning",
            format!("there are no keys in {}: nothing can be verified", store.location()),
        );
    }
    let today = args.day.map_or_else(today, Ok)?;
    let reading = keys.read_expecting(&args.address, &args.prefix);
    let mut row = Row::new(&args.address, &reading);
    if let Some(verified) = reading.signed() {
        row.list_matches = args.list.as_deref().map(|list| verified.is_for_list(list));
        row.contact_matches = contact.map(|contact| verified.is_for_contact(contact.as_str()));
        row.judge(verified, today);
    }
    match args.format {
        RowFormat::Table => {
            let mut out = io::stdout().lock();
            out.write_all(row.table().render(width()).as_bytes())?;
        }
        format => print_rows(&[&row], format, [""; 0], |_| [])?,
    }
    Ok(if row.valid { Outcome::Done } else { Outcome::Incomplete })
}

/// What an address says. Keys stay; what is not known is null.
#[derive(Debug, Default, Serialize)]
struct Row {
    address: String,
    valid: bool,
    /// Why it is not.
    why: Option<String>,
    purpose: Option<String>,
    key: Option<u8>,
    day: Option<String>,
    /// In days.
    age: Option<u32>,
    list_matches: Option<bool>,
    contact_matches: Option<bool>,
    /// What was taken off, outermost first, with spaces between.
    wrappers: String,
    /// Whom the address may have been made for, where nothing is signed; with spaces between.
    hints: String,
}

impl Row {
    fn new(address: &str, reading: &Reading) -> Self {
        let seen = unwrapped(address);
        let mut row = Self {
            address: address.to_owned(),
            wrappers: told(&seen.wrappers),
            ..Self::default()
        };
        row.why = match reading {
            Reading::Signed(verified) => {
                row.purpose = Some(verified.purpose().to_string());
                row.key = Some(verified.key_id());
                row.day = Some(verified.day().to_string());
                row.wrappers = told(verified.wrappers());
                None
            }
            Reading::Refused(refusal) => Some(refusal.to_string()),
            Reading::Stripped => Some("the prefix stands alone: something on the way cut the token off".to_owned()),
            Reading::Absent => Some("there is no token in it".to_owned()),
        };
        if row.why.is_some() {
            row.hints = contact_hints(address).join(" ");
        }
        row
    }

    /// Whether a signed address is what was asked for.
    fn judge(&mut self, verified: &Verified, today: Day) {
        self.age = verified.age(today);
        self.why = if self.age.is_none() {
            Some(format!(
                "it says that it was signed on {}, which is yet to come",
                verified.day()
            ))
        } else if self.list_matches == Some(false) {
            Some("it was signed for another list".to_owned())
        } else if self.contact_matches == Some(false) {
            Some("it was signed for another contact".to_owned())
        } else {
            None
        };
        self.valid = self.why.is_none();
    }

    fn table(&self) -> Table {
        let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        let mut table = Table::new([("WHAT", Align::Left), ("VALUE", Align::Left)]);
        let key = self.key.map(|key| key.to_string());
        let day = self.day.as_ref().map(|day| match self.age {
            Some(age) => format!("{day}, {age} days ago"),
            None => day.clone(),
        });
        for (what, value) in [
            ("valid", Some(yes(self.valid))),
            ("why not", self.why.clone()),
            ("purpose", self.purpose.clone()),
            ("key", key),
            ("signed", day),
            ("for this list", self.list_matches.map(yes)),
            ("for this contact", self.contact_matches.map(yes)),
            (
                "taken off",
                Some(self.wrappers.clone()).filter(|wrappers| !wrappers.is_empty()),
            ),
            (
                "may be about",
                Some(self.hints.clone()).filter(|hints| !hints.is_empty()),
            ),
        ] {
            if let Some(value) = value {
                table.row([what, &printable(&value)]);
            }
        }
        table
    }
}

fn told(wrappers: &[Wrapper]) -> String {
    let names: Vec<String> = wrappers.iter().map(ToString::to_string).collect();
    names.join(" ")
}
