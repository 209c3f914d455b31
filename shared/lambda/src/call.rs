//! One call of a function, and what it is answered with.

use std::time::Duration;

use jiff::Timestamp;

use crate::metrics::Counts;

/// One call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is called; unique among all calls.
    pub id: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it is ended, whatever it does; `None` when nobody ends it.
    pub ends_at: Option<Timestamp>,
}

/// What a call is answered with, and what was counted meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// For the metrics.
    pub counts: Counts,
}

impl Call {
    /// How long it may take from its beginning; `None` when nobody ends it.
    pub fn time(&self) -> Option<Duration> {
        let ends_at = self.ends_at?;
        Some(Duration::try_from(ends_at.duration_since(self.began_at)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_began_after_its_end_has_no_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (ends_at, time) in [
            (None, None),
            (Some(at(70)), Some(Duration::from_mins(1))),
            (Some(at(10)), Some(Duration::ZERO)),
            (Some(at(9)), Some(Duration::ZERO)),
        ] {
            let call = Call {
                id: "call".to_owned(),
                began_at: at(10),
                ends_at,
            };
            assert_eq!(call.time(), time);
        }
    }
}
