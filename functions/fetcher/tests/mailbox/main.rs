//! From a mailbox on a server into an archive, in a world where everything may break.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test may panic, and so may what helps it

mod behaviour;
mod crashes;
mod events;
mod function;
mod leases;
mod table;
mod world;
