//! Charts as SVG, in a coordinate system of their own that the page scales. Colours are classes of the style.

use maud::{Markup, html};

use super::grouped;

/// A chart's size in its own units.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 200;

/// What is left free for the axis's numbers at the left and for its days below.
const LEFT: u64 = 44;
const BELOW: u64 = 22;
const ABOVE: u64 = 10;

/// The most days that have a label each; of more, every so many.
const LABELS: usize = 8;

/// A part of a column.
pub(super) struct Part {
    /// What it counts, a class of the style.
    pub(super) class: &'static str,
    pub(super) count: u64,
}

/// Columns of parts, one a day.
pub(super) fn columns(id: &str, title: &str, days: &[(String, Vec<Part>)]) -> Markup {
    let top = days
        .iter()
        .map(|(_, parts)| parts.iter().map(|part| part.count).sum())
        .max();
    let scale = Scale::up_to(top.unwrap_or(0));
    let step = step(days.len());
    let width = (step * 4 / 5).max(1);
    frame(
        id,
        title,
        &scale,
        days.iter().map(|(day, _)| day.as_str()),
        &html! {
            @for (index, (day, parts)) in (0_u64..).zip(days) {
                g {
                    title { (day) @for part in parts.iter().filter(|part| part.count > 0) { ", " (grouped(part.count)) " " (part.class) } }
                    @for (below, part) in stacked(parts) {
                        @let (y, height) = scale.span(below, part.count);
                        rect.(part.class) x=(units(at(index, step) + (step - width) / 2)) y=(units(y)) width=(units(width)) height=(units(height)) {}
                    }
                }
            }
        },
    )
}

/// A line over the days, and the area below it.
pub(super) fn line(id: &str, title: &str, days: &[(String, u64)]) -> Markup {
    let scale = Scale::up_to(days.iter().map(|(_, count)| *count).max().unwrap_or(0));
    let step = step(days.len());
    let points: Vec<_> = (0_u64..)
        .zip(days)
        .map(|(index, (_, count))| (at(index, step) + step / 2, scale.y(*count)))
        .collect();
    let path = |points: &[(u64, u64)]| -> String {
        let points = points.iter().map(|(x, y)| format!("{},{}", units(*x), units(*y)));
        points.collect::<Vec<_>>().join(" ")
    };
    let floor = scale.y(0);
    let area = match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!(
            "{},{} {} {},{}",
            units(first.0),
            units(floor),
            path(&points),
            units(last.0),
            units(floor)
        ),
        _ => String::new(),
    };
    frame(
        id,
        title,
        &scale,
        days.iter().map(|(day, _)| day.as_str()),
        &html! {
            polygon.area points=(area) {}
            polyline.line points=(path(&points)) {}
        },
    )
}

/// A bar as wide as its share of the greatest.
pub(super) fn bar(count: u64, greatest: u64) -> Markup {
    let share = count.saturating_mul(1_000) / greatest.max(1);
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.bar x="0" y="0" width=(share.max(u64::from(count > 0))) height="10" {}
        }
    }
}

/// The colour of a class.
pub(super) fn swatch(class: &str) -> Markup {
    html! { svg viewBox="0 0 10 10" aria-hidden="true" focusable="false" { rect.(class) width="10" height="10" {} } }
}

fn frame<'a>(
    id: &str,
    title: &str,
    scale: &Scale,
    days: impl ExactSizeIterator<Item = &'a str>,
    content: &Markup,
) -> Markup {
    let step = step(days.len());
    let every = days.len().div_ceil(LABELS).max(1);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby=(id) {
            title id=(id) { (title) }
            @for mark in scale.marks() {
                @let y = units(scale.y(mark));
                line.axis x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text x=(LEFT - 6) y=(y) dy="4" text-anchor="end" { (grouped(mark)) }
            }
            (content)
            @for (index, day) in (0_u64..).zip(days) {
                @if usize::try_from(index).is_ok_and(|index| index.is_multiple_of(every)) {
                    text x=(units(at(index, step) + step / 2)) y=(HEIGHT - 6) text-anchor="middle" { (day.get(5..).unwrap_or(day)) }
                }
            }
        }
    }
}

/// Hundredths of the chart's units, so that no rounding shows.
const FINE: u64 = 100;

/// How far apart days are, in hundredths.
fn step(days: usize) -> u64 {
    let days = u64::try_from(days).unwrap_or(u64::MAX).max(1);
    (WIDTH - LEFT) * FINE / days
}

fn at(index: u64, step: u64) -> u64 {
    LEFT * FINE + index * step
}

/// Hundredths as a decimal number.
fn units(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / FINE, hundredths % FINE)
}

fn stacked(parts: &[Part]) -> impl Iterator<Item = (u64, &Part)> {
    parts
        .iter()
        .scan(0, |below, part| {
            let from = *below;
            *below += part.count;
            Some((from, part))
        })
        .filter(|(_, part)| part.count > 0)
}

/// From counts to heights.
struct Scale {
    /// What the top stands for, a round number.
    top: u64,
    mark: u64,
}

impl Scale {
    fn up_to(count: u64) -> Self {
        let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
        let marks = powers.flat_map(|power| [1, 2, 5].map(|factor| power.saturating_mul(factor)));
        // Four marks at most.
        let mark = marks
            .into_iter()
            .find(|mark| count <= mark.saturating_mul(4))
            .unwrap_or(u64::MAX);
        Self {
            top: mark.saturating_mul(count.div_ceil(mark).max(1)),
            mark,
        }
    }

    fn marks(&self) -> impl Iterator<Item = u64> {
        (0..=self.top / self.mark).map(|index| index * self.mark)
    }

    /// How far from the top a count is, in hundredths.
    fn y(&self, count: u64) -> u64 {
        let space = (HEIGHT - ABOVE - BELOW) * FINE;
        ABOVE * FINE + space
            - u64::try_from(u128::from(space) * u128::from(count.min(self.top)) / u128::from(self.top)).unwrap_or(space)
    }

    fn span(&self, below: u64, count: u64) -> (u64, u64) {
        let y = self.y(below + count);
        (y, self.y(below) - y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_above_the_greatest() {
        for (count, top, marks) in [
            (0, 1, 2),
            (1, 1, 2),
            (4, 4, 5),
            (5, 6, 4),
            (8, 8, 5),
            (9, 10, 3),
            (37, 40, 5),
            (41, 60, 4),
            (1_234, 1_500, 4),
            (999_999, 1_000_000, 3),
        ] {
            let scale = Scale::up_to(count);
            assert_eq!((scale.top, scale.marks().count()), (top, marks), "{count}");
            assert_eq!(scale.y(0), (HEIGHT - BELOW) * FINE);
            assert_eq!(scale.y(scale.top), ABOVE * FINE);
        }
    }
}
