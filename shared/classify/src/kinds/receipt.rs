//! Read receipts (RFC 8098).

use super::letter::Letter;
use super::phrases::Says;
use super::{Evidence, Kind};
use crate::mime::Role;
use crate::words::{Address, Category, Reason};

/// A notification with its machine-readable part. One that reports a failure or an error is none.
pub(super) fn structured(letter: &Letter<'_>) -> Option<Kind> {
    let part = letter.mail.part(Role::DispositionNotification)?;
    let text = part.text();
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (label, value) = line.split_once(':')?;
            label.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let disposition = field("disposition").unwrap_or_default();
    // RFC 2298 still had `failed`; RFC 8098 section 3.2.7 has fields that speak of failure.
    let failed = disposition.to_ascii_lowercase().contains("failed")
        || field("failure").is_some_and(|failure| !failure.is_empty())
        || field("error").is_some_and(|error| !error.is_empty());
    if failed {
        return None;
    }
    let recipient = ["final-recipient", "original-recipient"].iter().find_map(|name| {
        let value = field(name)?;
        Address::parse(value.split_once(';').map_or(value, |(_, address)| address))
    });
    let evidence = Evidence {
        language: "",
        words: format!("Disposition: {disposition}"),
    };
    Some(
        Kind::new(
            Category::DeliveryReport,
            Reason::Undefined,
            "receipt.disposition",
            Some(evidence),
        )
        .about(recipient.or_else(|| letter.author())),
    )
}

/// A receipt in words alone: subject and text both say that it was read.
pub(super) fn worded(letter: &Letter<'_>) -> Option<Kind> {
    let subject = letter.subject();
    let announced = subject
        .hits
        .all(Says::ReadReceipt)
        .any(|hit| hit.start == 0 || hit.end == subject.folded.len());
    if !announced || !letter.words().hits.has(Says::ReadBody) || letter.is_bulk() {
        return None;
    }
    let evidence = letter.evidence(Says::ReadBody);
    Some(Kind::new(Category::DeliveryReport, Reason::Undefined, "receipt.words", evidence).about(letter.author()))
}
