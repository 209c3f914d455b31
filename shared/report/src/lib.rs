//! Why mail comes back, in numbers: what a report says, and nothing of how it looks or where its events come from.
//!
//! A [`Tally`] takes in events one by one, the latest first, a [`ContactTally`] contacts, in bounded memory however many there are;
//! [`Report::new`] makes of them what people look at. Pure: no clock, no input or output.
//!
//! ```
//! use rebound_contacts::{Event, EventKind, Moment};
//! use rebound_classify::Category;
//! use rebound_message::MessageHash;
//! use rebound_report::{ContactTally, Period, Report, Selection, Tally};
//!
//! let period = Period::ending("2026-11-21".parse()?, 30);
//! let mut tally = Tally::new(Selection::all(period), []);
//! let at = Moment::from_millis(1_795_000_000_000);
//! tally.add(&Event::new(MessageHash::of(b"a message"), None, at, EventKind::Mail(Category::Unrecognised)));
//! let report = Report::new(tally, ContactTally::new(period));
//! assert_eq!(report.totals.of(Category::Unrecognised), 1);
//! # Ok::<(), jiff::Error>(())
//! ```

mod advice;
mod contacts;
mod html;
mod names;
mod outcomes;
mod period;
mod rates;
mod report;
mod roll_up;
mod sends;
mod sheets;
mod spelling;
mod spreadsheet;
mod suppressions;
mod tally;

pub use advice::{Advice, Blocklist};
pub use contacts::{ContactNumbers, ContactTally, Suppressed};
pub use html::page;
pub use names::MAX_NAMES;
pub use outcomes::{Group, Outcomes};
pub use period::{Period, Selection};
pub use rates::{Alarm, Level, Measure, Rate, Subject};
pub use report::{DayRow, HeatRow, Misspelt, NamedRow, OurFault, ReasonRow, Report};
pub use roll_up::RollUp;
pub use sheets::{Sheet, sheets};
pub use spreadsheet::{harmless_cell, original_cell};
pub use suppressions::SuppressionList;
pub use tally::{Moved, Seen, Tally, Unrecognised};
