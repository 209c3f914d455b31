//! rebound fetcher.
