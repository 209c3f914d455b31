//! A file of what was sent: where its columns are, and the entries that its rows make.

use std::fs::File;
use std::io;

use anyhow::{Result, bail};
use rebound_contacts::{LedgerEntry, MessageId, Moment};

use crate::args::SentImportArgs;
use crate::complaints::Hinted;
use crate::input::{
    ADDRESS_COLUMNS, Cells, Header, first_keys, first_line, holds_objects, open_again_and_again, recipient, time,
};

/// How the columns are called, the usual name first. Case, spaces, hyphens and underscores do not count.
const MESSAGE_ID: [&str; 4] = ["message_id", "smtp_id", "internet_message_id", "msgid"];
const RECIPIENT: [&str; 3] = ["to", "rcpt_to", "rcpt"];
const LIST: [&str; 4] = ["list", "list_name", "mailing_list", "list_id"];
const CAMPAIGN: [&str; 3] = ["campaign", "campaign_name", "campaign_id"];
const SENT_AT: [&str; 6] = ["sent_at", "sent", "timestamp", "time", "date", "created_at"];

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// A file of what was sent.
pub(super) struct SentFile {
    file: File,
    /// Else it is a table.
    is_json: bool,
    header: Header,
    places: Places,
    /// What a row is taken to say where it says nothing.
    list: Option<String>,
    campaign: Option<String>,
    now: Moment,
    keep_millis: i64,
}

/// Which columns are read.
struct Places {
    message_id: usize,
    address: usize,
    list: Option<usize>,
    campaign: Option<usize>,
    sent_at: Option<usize>,
}

impl SentFile {
    /// Opens it and finds its columns. What rows do not say is taken from `args`, and that they are of `now`.
    pub(super) fn open(args: &SentImportArgs, now: Moment) -> Result<Self> {
        let mut file = open_again_and_again(&args.file)?;
        let is_json = holds_objects(&mut file)?;
        let mut header = if is_json {
            Header {
                delimiter: b',',
                columns: first_keys(&file)?,
            }
        } else {
            Header::read(&first_line(&file)?)
        };
        let places = Places::of(&mut header, is_json)?;
        Ok(Self {
            file,
            is_json,
            header,
            places,
            list: args.list.clone(),
            campaign: args.campaign.clone(),
            now,
            keep_millis: i64::from(args.keep_days) * MILLIS_PER_DAY,
        })
    }

    /// Its rows.
    pub(super) fn rows(&self) -> io::Result<Cells<'_>> {
        if self.is_json {
            Cells::of_objects(&self.file, &self.header.columns)
        } else {
            Cells::below_header(&self.file, self.header.delimiter)
        }
    }

    /// What a row says; `Err` is what is wrong with it.
    pub(super) fn entry(&self, cells: &[String]) -> Result<LedgerEntry, &'static str> {
        let Places {
            message_id,
            address,
            list,
            campaign,
            sent_at,
        } = self.places;
        let cell = |place: Option<usize>| {
            let cell = place.and_then(|place| cells.get(place));
            cell.map(String::as_str).filter(|cell| !cell.is_empty())
        };
        let message_id = cell(Some(message_id)).ok_or("no Message-ID")?;
        let message_id: MessageId = message_id.parse().map_err(|_| "not a Message-ID")?;
        let address = recipient(cell(Some(address)).unwrap_or_default())?;
        let sent_at = match cell(sent_at) {
            None => self.now,
            Some(text) => time(text).ok_or("has a time that nobody can read")?,
        };
        let told = |place, otherwise: &Option<String>| cell(place).map(str::to_owned).or_else(|| otherwise.clone());
        Ok(LedgerEntry {
            message_id,
            address,
            list: told(list, &self.list),
            campaign: told(campaign, &self.campaign),
            sent_at,
            expires_at: Some(Moment::from_millis(
                sent_at.as_millis().saturating_add(self.keep_millis),
            )),
        })
    }
}

impl Places {
    fn of(header: &mut Header, is_json: bool) -> Result<Self> {
        let find = |names: &[&str]| names.iter().find_map(|name| header.position(name));
        let address = find(&ADDRESS_COLUMNS).or_else(|| find(&RECIPIENT));
        let (Some(message_id), Some(address)) = (find(&MESSAGE_ID), address) else {
            let columns = header.columns.join(", ");
            bail!(Hinted::new(
                format!("no column of Message-IDs, or none of addresses, is among {columns}"),
                "name them in the first line: message_id, address, and where there are some list, campaign, sent_at",
            ));
        };
        let mut optional = |names: &[&str]| {
            let place = names.iter().find_map(|name| header.position(name));
            let usual = names.first().filter(|_| is_json && place.is_none());
            // Not every object has every key; the first that has it may come late.
            place.or_else(|| {
                header.columns.push((*usual?).to_owned());
                Some(header.columns.len() - 1)
            })
        };
        Ok(Self {
            message_id,
            address,
            list: optional(&LIST),
            campaign: optional(&CAMPAIGN),
            sent_at: optional(&SENT_AT),
        })
    }
}
