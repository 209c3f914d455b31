//! A contact in short.

use rebound_classify::Reason;

use crate::address::ContactAddress;
use crate::decision::{Held, Suppression};

/// What reports need of a contact: the part of its item that says how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactBrief {
    /// Who it is.
    pub address: ContactAddress,
    /// Whether, since when and why it must not be mailed.
    pub suppression: Option<Suppression>,
    /// What would suppress it if the circuit breaker did not hold it.
    pub held: Option<Held>,
    /// Counted failures since the last delivery or reactivation.
    pub soft_streak: u32,
    /// The reason that the latest message gave.
    pub last_reason: Option<Reason>,
    /// Its words.
    pub last_diagnostic: Option<String>,
}
