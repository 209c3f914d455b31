//! The real command, from outside.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)] // a test may panic, and so may what helps it

mod accounts;
mod accounts_on_servers;
mod bad_input;
mod command;
mod contacts;
mod corpus;
mod crash;
mod doctor;
mod explain;
mod forged;
mod mailboxes;
mod mistakes;
mod pages;
mod policy;
mod report;
mod sample_mailbox;
mod screens;
mod sent;
mod serve;
mod stack;
mod support;
mod verp;
