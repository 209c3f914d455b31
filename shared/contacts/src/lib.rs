//! rebound contacts.
