//! rebound accounts.
