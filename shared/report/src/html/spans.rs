//! Days drawn together where there are too many of them.

use jiff::civil::Date;

use crate::outcomes::{Group, Outcomes};
use crate::report::DayRow;

/// The most columns a chart has: on a phone each is then two pixels wide. It is four months of days.
const MOST: usize = 124;

/// How many days a column may stand for: one, a week, four weeks, a quarter, a year.
const LENGTHS: [usize; 5] = [1, 7, 28, 91, 364];

/// What happened within some days in a row.
pub(super) struct Span {
    pub(super) first: Date,
    pub(super) last: Date,
    outcomes: Outcomes,
    pub(super) suppressed: u64,
    /// At the end of the last day.
    pub(super) suppressed_in_all: u64,
}

/// The days in so many spans that all can be seen, and how many days each has (the last one may have fewer).
pub(super) fn of(days: &[DayRow]) -> (Vec<Span>, usize) {
    let fits = |length: &usize| days.len().div_ceil(*length) <= MOST;
    let length = LENGTHS.into_iter().find(fits).unwrap_or(days.len().div_ceil(MOST));
    (days.chunks(length).filter_map(Span::over).collect(), length)
}

/// What a column is called, in the singular.
pub(super) fn name(length: usize) -> String {
    match length {
        1 => "day".to_owned(),
        7 => "week".to_owned(),
        days => format!("{days} days"),
    }
}

/// What stands above a column of spans.
pub(super) fn heading(length: usize) -> &'static str {
    if length == 1 { "Day" } else { "Days" }
}

impl Span {
    fn over(days: &[DayRow]) -> Option<Self> {
        let (first, last) = (days.first()?, days.last()?);
        let mut outcomes = Outcomes::default();
        for day in days {
            outcomes.add(&day.outcomes);
        }
        Some(Self {
            first: first.day,
            last: last.day,
            outcomes,
            suppressed: days.iter().map(|day| day.suppressed).sum(),
            suppressed_in_all: last.suppressed_in_all,
        })
    }

    /// How many of a group came back in it.
    pub(super) fn of_group(&self, group: Group) -> u64 {
        self.outcomes.of_group(group)
    }

    /// Its first day, as short as a chart needs it.
    pub(super) fn short_label(&self) -> String {
        self.first.strftime("%-d %b").to_string()
    }

    /// Its days: `2026-08-01`, or `2026-08-01 to 2026-08-07`.
    pub(super) fn label(&self) -> String {
        if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{} to {}", self.first, self.last)
        }
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::Category;

    use super::*;
    use crate::period::Period;

    fn days(count: u16) -> Vec<DayRow> {
        let period = Period::ending("2026-11-21".parse().unwrap(), count);
        let row = |(index, day)| DayRow {
            day,
            outcomes: Outcomes {
                categories: [(Category::HardBounce, 1)].into(),
                ..Outcomes::default()
            },
            suppressed: 1,
            suppressed_in_all: index,
        };
        (1..).zip(period.days()).map(row).collect()
    }

    #[test]
    fn many_days_are_drawn_together_and_none_is_lost() {
        for (count, spans, length) in [
            (1, 1, 1),
            (124, 124, 1),
            (125, 18, 7),
            (366, 53, 7),
            (1_000, 36, 28),
            (60_000, 124, 484),
        ] {
            let (found, each) = of(&days(count));
            assert_eq!((found.len(), each), (spans, length), "{count}");
            let sum: u64 = found.iter().map(|span| span.of_group(Group::Hard)).sum();
            assert_eq!(sum, u64::from(count));
            assert_eq!(found.last().map(|span| span.suppressed_in_all), Some(u64::from(count)));
        }
    }

    #[test]
    fn no_days_are_no_spans() {
        assert!(of(&[]).0.is_empty());
    }
}
