//! rebound mailbox.
