//! How much was sent: what the sender says, so that there is something to set bounces against.

use serde::Serialize;

use crate::moment::Moment;

/// How many messages of a campaign were sent, as the sender says: one item of the `events` table, which is no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// In which campaign, by the name that its bounces carry.
    pub campaign: String,
    /// To which list.
    pub list: Option<String>,
    /// To which domain only; `None` when to all of them.
    pub domain: Option<String>,
    /// How many.
    pub count: u64,
    /// When, or when the first of them.
    pub at: Moment,
}

impl Sent {
    /// What tells it from others: the campaign and, where it is about one only, the domain.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn key(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{} @{domain}", self.campaign),
            None => self.campaign.clone(),
        }
    }
}
