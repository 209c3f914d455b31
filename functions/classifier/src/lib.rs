//! rebound classifier.

pub mod event;
