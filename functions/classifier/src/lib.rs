//! rebound classifier.
