//! Whom to stop mailing, as a table for other tools.

use rebound_contacts::ContactBrief;

use crate::spreadsheet::{csv_writer, harmless_cell};

/// The columns, so that an empty list has a header, too.
const COLUMNS: [&str; 6] = [
    "address",
    "spelling",
    "suppressed_cause",
    "suppressed_at",
    "last_reason",
    "last_diagnostic",
];

/// The suppressed among contacts as CSV (RFC 4180), made a contact at a time and taken away a piece at a time, so that it
/// may be as long as it likes. No cell is a formula, whatever strangers wrote.
#[derive(Debug)]
pub struct SuppressionList {
    rows: csv::Writer<Vec<u8>>,
    count: u64,
}

impl SuppressionList {
    /// A list with its header and nobody on it.
    pub fn new() -> Self {
        let mut list = Self {
            rows: csv_writer(),
            count: 0,
        };
        list.write(COLUMNS);
        list
    }

    /// Puts a contact on the list, if it is suppressed.
    pub fn add(&mut self, contact: &ContactBrief) {
        let Some(suppression) = contact.suppression else {
            return;
        };
        self.count += 1;
        self.write([
            contact.address.as_str(),
            contact.address.spelling(),
            suppression.cause.as_str(),
            &suppression.at.to_string(),
            contact.last_reason.map_or("", |reason| reason.as_str()),
            contact.last_diagnostic.as_deref().unwrap_or_default(),
        ]);
    }

    /// How many are on it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What has been written since the last piece was taken, once that is so many bytes or more.
    pub fn take_piece(&mut self, least: usize) -> Option<Vec<u8>> {
        (self.rows.get_ref().len() >= least).then(|| self.take())
    }

    /// What is left.
    pub fn finish(mut self) -> Vec<u8> {
        self.take()
    }

    fn take(&mut self) -> Vec<u8> {
        // Into memory: nothing can fail.
        std::mem::replace(&mut self.rows, csv_writer())
            .into_inner()
            .unwrap_or_default()
    }

    fn write(&mut self, cells: [&str; COLUMNS.len()]) {
        // Into memory, and every row has as many cells: nothing can fail.
        let _ = self
            .rows
            .write_record(cells.map(harmless_cell).iter().map(|cell| cell.as_bytes()));
    }
}

impl Default for SuppressionList {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::{Category, Reason};
    use rebound_contacts::{Cause, MessageHash, Moment, Suppression};

    use super::*;

    fn contact(address: &str, suppressed: bool, diagnostic: &str) -> ContactBrief {
        ContactBrief {
            address: address.parse().unwrap(),
            suppression: suppressed.then(|| Suppression {
                cause: Cause::Mail(Category::HardBounce),
                at: Moment::from_millis(1_795_000_000_000),
                by: MessageHash::of(b"a report"),
            }),
            held: None,
            soft_streak: 0,
            last_reason: Some(Reason::UserUnknown),
            last_diagnostic: Some(diagnostic.to_owned()),
        }
    }

    #[test]
    fn the_suppressed_are_listed_and_nothing_they_say_is_run() {
        let mut list = SuppressionList::new();
        list.add(&contact("Ann@Example.com", true, "=cmd|'/c calc'!A1"));
        list.add(&contact("bob@example.com", false, ""));
        list.add(&contact("-eve@example.com", true, "no \"such\" user; really"));
        assert_eq!(list.count(), 2);
        assert_eq!(
            String::from_utf8(list.finish()).unwrap(),
            r#""address","spelling","suppressed_cause","suppressed_at","last_reason","last_diagnostic"
"ann@example.com","Ann@Example.com","hard-bounce","2026-11-18T11:06:40.000Z","user-unknown","'=cmd|'/c calc'!A1"
"'-eve@example.com","'-eve@example.com","hard-bounce","2026-11-18T11:06:40.000Z","user-unknown","no ""such"" user; really"
"#
            .replace('\n', "\r\n")
        );
    }

    #[test]
    fn pieces_one_behind_the_other_are_the_list() {
        let contacts: Vec<_> = (0..1000)
            .map(|nth| contact(&format!("{nth}@example.com"), true, "550 5.1.1 no such user"))
            .collect();
        let mut whole = SuppressionList::new();
        let (mut list, mut pieces) = (SuppressionList::new(), Vec::new());
        for contact in &contacts {
            whole.add(contact);
            list.add(contact);
            pieces.extend(list.take_piece(20_000));
        }
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() >= 20_000));
        pieces.push(list.finish());
        assert_eq!(pieces.concat(), whole.finish());
    }
}
