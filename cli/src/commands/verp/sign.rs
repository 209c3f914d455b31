//! Signing return addresses.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use rebound_verp::{Day, Keys, Purpose, SignError, Token};
use serde::Serialize;

use super::today;
use crate::args::SignArgs;
use crate::complaints::{BadRows, Hinted, say};
use crate::input::{self, ADDRESS_COLUMNS, Header, Rows, fields, recipient};
use crate::outcome::Outcome;
use crate::output::{RowStream, Told, harmless_cell};
use crate::place::Place;
use crate::workspace;

/// Prints an address for each contact.
pub(super) async fn sign(place: &Place, args: SignArgs) -> Result<Outcome> {
    let store = workspace::return_path_keys(place).await?;
    let keys = store.read().await?;
    if keys.signing().is_none() {
        let nothing = format!("there is no key to sign with in {}", store.location());
        return Err(Hinted::new(nothing, "`rebound verp keys new` makes one").into());
    }
    let purpose = Purpose::from(args.purpose);
    let usual = match purpose {
        Purpose::ReturnPath => "bounces",
        Purpose::Unsubscribe => "unsubscribe",
    };
    let signer = Signer {
        keys: &keys,
        purpose,
        list: &args.list,
        day: args.day.map_or_else(today, Ok)?,
        prefix: args.prefix.as_deref().unwrap_or(usual),
        domain: args.domain.as_deref(),
        is_alone: args.addresses.len() == 1,
    };
    let mut out = RowStream::new(args.format);
    let bad = match &args.file {
        Some(file) => signer.file(file, &mut out)?,
        None => signer.addresses(&args.addresses, &mut out)?,
    };
    out.finish()?;
    if bad > 0 {
        say("error", format!("{bad} were not signed: no address of a contact"));
        return Ok(Outcome::Incomplete);
    }
    Ok(Outcome::Done)
}

struct Signer<'a> {
    keys: &'a Keys,
    purpose: Purpose,
    list: &'a str,
    day: Day,
    prefix: &'a str,
    domain: Option<&'a str>,
    /// One address was asked for, and its answer needs no name.
    is_alone: bool,
}

impl Signer<'_> {
    fn addresses(&self, addresses: &[String], out: &mut RowStream) -> Result<u64> {
        let mut bad = 0;
        for address in addresses {
            match recipient(address) {
                Ok(contact) => out.write(&self.row(contact.spelling())?)?,
                Err(what) => {
                    bad += 1;
                    say("warning", format!("{what}: {address}"));
                }
            }
        }
        Ok(bad)
    }

    /// The addresses of a file: one a line, or a column whose name says so.
    fn file(&self, path: &Path, out: &mut RowStream) -> Result<u64> {
        let reading = || format!("reading {}", path.display());
        let mut rows = Rows::new(input::open(path)?).with_context(reading)?;
        let column = column(&mut rows).with_context(reading)?;
        let mut bad = BadRows::default();
        while let Some(row) = rows.next().with_context(reading)? {
            let row = match row {
                Ok(row) if row.bytes.trim_ascii().is_empty() => continue,
                Ok(row) => row,
                Err(row) => {
                    bad.add(row.line, row.what, "");
                    continue;
                }
            };
            let cell = match column {
                None => String::from_utf8_lossy(row.bytes),
                Some((column, delimiter)) => fields(row.bytes, delimiter).nth(column).unwrap_or_default(),
            };
            match recipient(&cell) {
                Ok(contact) => out.write(&self.row(contact.spelling())?)?,
                Err(what) => bad.add(row.line, what, &cell),
            }
        }
        Ok(bad.finish())
    }

    fn row(&self, contact: &str) -> Result<Row> {
        let token = self.token(contact)?;
        let return_path = match self.domain {
            Some(domain) => token.address(self.prefix, domain)?,
            None => token.local_part(self.prefix)?,
        };
        Ok(Row {
            address: contact.to_owned(),
            return_path,
            is_alone: self.is_alone,
        })
    }

    fn token(&self, contact: &str) -> Result<Token, SignError> {
        self.keys.sign(self.purpose, self.list, contact, self.day)
    }
}

/// The column of addresses and what stands between columns; `None` where lines are addresses.
fn column(rows: &mut Rows<impl Read>) -> Result<Option<(usize, u8)>> {
    let first = rows.peek_line()?;
    if recipient(&String::from_utf8_lossy(first)).is_ok() {
        return Ok(None);
    }
    let header = Header::read(first);
    let known = ADDRESS_COLUMNS.iter().find_map(|name| header.position(name));
    match known {
        Some(column) => {
            rows.delimited_by(header.delimiter);
            rows.next()?;
            Ok(Some((column, header.delimiter)))
        }
        None if header.columns.len() == 1 => Ok(None),
        None => {
            let what = format!(
                "the first line names no column of addresses; it has: {}",
                header.columns.join(", ")
            );
            Err(Hinted::new(what, "call the column `email`, or give one address a line").into())
        }
    }
}

/// A contact and the address that was signed for it.
#[derive(Debug, Serialize)]
struct Row {
    address: String,
    return_path: String,
    #[serde(skip)]
    is_alone: bool,
}

impl Told for Row {
    fn told(&self) -> String {
        // What can be signed holds no control characters.
        if self.is_alone {
            format!("{}\n", self.return_path)
        } else {
            format!("{}  {}\n", self.return_path, self.address)
        }
    }

    fn harmless(&self) -> Self {
        Self {
            address: harmless_cell(&self.address).into_owned(),
            return_path: harmless_cell(&self.return_path).into_owned(),
            is_alone: self.is_alone,
        }
    }
}
