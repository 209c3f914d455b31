//! rebound archive.
