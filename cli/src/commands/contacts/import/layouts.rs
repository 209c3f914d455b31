//! What suppression lists look like, by who exports them. The table is described in `docs/import.md`.

use crate::args::{ListKind, ListSource};

/// A table that somebody exports.
#[derive(Debug)]
pub(super) struct Layout {
    /// Who.
    pub(super) source: ListSource,
    /// What, for people.
    pub(super) name: &'static str,
    /// The columns that tell it apart. Of several layouts that fit, the one with the most of them is meant.
    pub(super) columns: &'static [&'static str],
    /// Whether there must be no others: so few columns could be anybody's.
    pub(super) exact: bool,
    /// Where the address stands: in the first of these that is filled.
    pub(super) address: &'static [&'static str],
    /// Where the time stands.
    pub(super) at: &'static [&'static str],
    /// What its rows say.
    pub(super) meaning: Meaning,
    /// Where the enhanced status code stands.
    pub(super) status: Option<&'static str>,
    /// Where the reply code stands.
    pub(super) reply: Option<&'static str>,
    /// Where the receiving server's words stand.
    pub(super) diagnostic: Option<&'static str>,
    /// Where the campaign stands.
    pub(super) campaign: Option<&'static str>,
    /// Where the list stands that somebody left; `*` is every list.
    pub(super) list: Option<&'static str>,
}

/// What the rows of a table say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// All the same.
    Always(ListKind),
    /// What words in these columns, joined by `/`, mean; the first word that they begin with counts.
    Words(&'static [&'static str], &'static [(&'static str, ListKind)]),
    /// What the name of the file says, or who imports it.
    FileName(&'static [(&'static str, ListKind)]),
    /// Our own words for it: a cause of suppression.
    Cause,
    /// Nothing that concerns us.
    Nothing(&'static str),
}

/// What most layouts have in common.
const PLAIN: Layout = Layout {
    source: ListSource::Plain,
    name: "plain list",
    columns: &[],
    exact: false,
    address: &[],
    at: &[],
    meaning: Meaning::Always(ListKind::Suppressions),
    status: None,
    reply: None,
    diagnostic: None,
    campaign: None,
    list: None,
};

/// A list of addresses and nothing else.
pub(super) const PLAIN_LIST: &Layout = &PLAIN;

/// The file that Amazon SES imports in bulk: no header, an address and a reason.
pub(super) const SES_BULK_COLUMNS: [&str; 2] = ["emailAddress", "reason"];

/// Every layout that columns can tell.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        source: ListSource::Rebound,
        name: "rebound's own export",
        columns: &["address", "suppressed_cause", "suppressed_at"],
        address: &["spelling", "address"],
        at: &["suppressed_at"],
        meaning: Meaning::Cause,
        status: Some("last_status"),
        diagnostic: Some("last_diagnostic"),
        list: Some("list"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Ses,
        name: "Amazon SES suppression list",
        columns: &["EmailAddress", "Reason"],
        address: &["EmailAddress"],
        at: &["LastUpdateTime"],
        meaning: Meaning::Words(
            &["Reason"],
            &[("bounce", ListKind::Bounces), ("complaint", ListKind::Complaints)],
        ),
        ..PLAIN
    },
    Layout {
        source: ListSource::Sendgrid,
        name: "SendGrid bounces or blocks",
        columns: &["status", "reason", "email", "created"],
        address: &["email"],
        at: &["created"],
        meaning: Meaning::FileName(&[("bounce", ListKind::Bounces), ("block", ListKind::Blocks)]),
        status: Some("status"),
        diagnostic: Some("reason"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Sendgrid,
        name: "SendGrid spam reports",
        columns: &["ip", "email", "created"],
        exact: true,
        address: &["email"],
        at: &["created"],
        meaning: Meaning::Always(ListKind::Complaints),
        ..PLAIN
    },
    Layout {
        source: ListSource::Sendgrid,
        name: "SendGrid invalid emails",
        columns: &["reason", "email", "created"],
        exact: true,
        address: &["email"],
        at: &["created"],
        meaning: Meaning::Always(ListKind::Bounces),
        diagnostic: Some("reason"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Sendgrid,
        name: "SendGrid unsubscribes",
        columns: &["email", "created"],
        exact: true,
        address: &["email"],
        at: &["created"],
        meaning: Meaning::Always(ListKind::Unsubscribes),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailgun,
        name: "Mailgun bounces",
        columns: &["address", "code", "error"],
        address: &["address"],
        at: &["created_at"],
        meaning: Meaning::Always(ListKind::Bounces),
        reply: Some("code"),
        diagnostic: Some("error"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailgun,
        name: "Mailgun unsubscribes",
        columns: &["address", "tags"],
        address: &["address"],
        at: &["created_at"],
        meaning: Meaning::Always(ListKind::Unsubscribes),
        list: Some("tags"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailgun,
        name: "Mailgun complaints",
        columns: &["address", "created_at"],
        exact: true,
        address: &["address"],
        at: &["created_at"],
        meaning: Meaning::Always(ListKind::Complaints),
        ..PLAIN
    },
    Layout {
        source: ListSource::Postmark,
        name: "Postmark suppressions",
        columns: &["EmailAddress", "SuppressionReason"],
        address: &["EmailAddress"],
        at: &["CreatedAt"],
        meaning: Meaning::Words(
            &["SuppressionReason", "Origin"],
            &[
                ("hardbounce", ListKind::Bounces),
                ("spamcomplaint", ListKind::Complaints),
                // What the recipient does by hand is to unsubscribe.
                ("manualsuppression/recipient", ListKind::Unsubscribes),
                ("manualsuppression", ListKind::Suppressions),
            ],
        ),
        ..PLAIN
    },
    Layout {
        source: ListSource::Postmark,
        name: "Postmark bounces",
        columns: &["Type", "Email", "BouncedAt"],
        address: &["Email"],
        at: &["BouncedAt"],
        meaning: Meaning::Words(
            &["Type"],
            &[
                ("hardbounce", ListKind::Bounces),
                ("bademailaddress", ListKind::Bounces),
                ("spamcomplaint", ListKind::Complaints),
                ("unsubscribe", ListKind::Unsubscribes),
                ("manuallydeactivated", ListKind::Suppressions),
                ("softbounce", ListKind::SoftBounces),
                ("transient", ListKind::SoftBounces),
                ("dnserror", ListKind::SoftBounces),
                ("blocked", ListKind::Blocks),
                ("spamnotification", ListKind::Blocks),
            ],
        ),
        diagnostic: Some("Details"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailchimp,
        name: "Mailchimp unsubscribed contacts",
        columns: &["Email Address", "UNSUB_TIME"],
        address: &["Email Address"],
        at: &["UNSUB_TIME"],
        meaning: Meaning::Always(ListKind::Unsubscribes),
        campaign: Some("UNSUB_CAMPAIGN_TITLE"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailchimp,
        name: "Mailchimp cleaned contacts",
        columns: &["Email Address", "CLEAN_TIME"],
        address: &["Email Address"],
        at: &["CLEAN_TIME"],
        meaning: Meaning::Always(ListKind::Bounces),
        campaign: Some("CLEAN_CAMPAIGN_TITLE"),
        ..PLAIN
    },
    Layout {
        source: ListSource::Mailchimp,
        name: "Mailchimp subscribed contacts",
        columns: &["Email Address", "LEID"],
        meaning: Meaning::Nothing("these people want mail: import the unsubscribed and the cleaned ones"),
        ..PLAIN
    },
];

impl Layout {
    /// Whether a table with these columns may be one. `has` says whether there is a column of this name.
    pub(super) fn fits(&self, count: usize, has: impl Fn(&str) -> bool) -> bool {
        self.columns.iter().all(|name| has(name)) && (!self.exact || count == self.columns.len())
    }

    /// Every column that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = &'static str> {
        let words: &[&str] = match self.meaning {
            Meaning::Words(columns, _) => columns,
            _ => &[],
        };
        let single = [self.status, self.reply, self.diagnostic, self.campaign, self.list];
        (self.columns.iter().chain(self.address).chain(self.at).chain(words))
            .copied()
            .chain(single.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_reads_columns_that_could_be_there() {
        for layout in LAYOUTS {
            let nothing = matches!(layout.meaning, Meaning::Nothing(_));
            assert!(nothing || !layout.address.is_empty(), "{}", layout.name);
            assert!(layout.columns.len() >= 2, "{}", layout.name);
        }
    }
}
