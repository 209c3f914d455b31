//! The part of the vocabulary that folding knows.

#[allow(dead_code, unreachable_pub, reason = "only a part of it is needed here")]
#[path = "../src/words/status.rs"]
mod status;

pub(crate) use status::{EnhancedStatus, ReplyCode};
