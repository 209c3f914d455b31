//! rebound local.
