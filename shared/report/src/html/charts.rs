//! Charts as SVG. Across, everything is a share of whatever width there is, so that a chart fits a phone and a wall alike and
//! its letters never shrink; from top to bottom, and in letters, units are the page's pixels. Colours are classes of the style.

mod scale;

use maud::{Markup, html};

use super::words::grouped;
use crate::rates::Rate;
use scale::{HEIGHT, Places, Scale, Share, TOP, pixels};

/// The most labels below a chart; where even they are too many, every other one is spared.
const LABELS: usize = 7;

/// How high the labels' line is.
const LABEL_LINE: u64 = 24;

/// The widest column: a single day is no wall.
const WIDEST: Share = Share::millionths(60_000);

/// Of few columns the first label would not fit between the chart's edge and the middle of its column.
const MANY: usize = 14;

/// A part of a column or of a bar.
pub(super) struct Part {
    /// What it counts, a class of the style.
    pub(super) class: &'static str,
    pub(super) count: u64,
}

/// What stands above one another at one place of a chart.
pub(super) struct Column {
    /// Below the chart.
    pub(super) label: String,
    /// What is told of it, in full.
    pub(super) told: String,
    pub(super) parts: Vec<Part>,
}

/// Columns of parts.
pub(super) fn columns(id: &str, title: &str, columns: &[Column]) -> Markup {
    let scale = Scale::up_to(columns.iter().map(Column::sum).max().unwrap_or(0));
    let places = Places::for_each_of(columns);
    let width = places.width().fifths(4).min(WIDEST);
    frame(
        id,
        title,
        &scale,
        columns,
        &html! {
            @for (index, column) in (0..).zip(columns) {
                @let x = places.middle(index).minus_half_of(width);
                @for (below, part) in stacked(&column.parts) {
                    @let (y, height) = scale.span(below, part.count);
                    rect.(part.class) x=(x) y=(pixels(y)) width=(width) height=(pixels(height)) {}
                }
            }
        },
    )
}

/// A line through the first parts of the columns, and the area below it.
pub(super) fn line(id: &str, title: &str, columns: &[Column]) -> Markup {
    let scale = Scale::up_to(columns.iter().map(Column::sum).max().unwrap_or(0));
    // Two units a column, so that the middle of each is a whole number.
    let width = 2 * columns.len();
    let points = columns.iter().enumerate();
    let points: Vec<String> = points
        .map(|(index, column)| format!("{},{}", 2 * index + 1, scale.y(column.sum())))
        .collect();
    let points = points.join(" ");
    let floor = scale.y(0);
    frame(
        id,
        title,
        &scale,
        columns,
        &html! {
            svg viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" width="100%" height=(pixels(HEIGHT)) {
                polygon.area points={ "1," (floor) " " (points) " " (width.saturating_sub(1)) "," (floor) } {}
                polyline.line points=(points) vector-effect="non-scaling-stroke" {}
            }
        },
    )
}

/// A bar as wide as its share of the greatest.
pub(super) fn bar(parts: &[Part], greatest: u64) -> Markup {
    html! {
        svg.bar aria-hidden="true" {
            @for (before, part) in stacked(parts) {
                rect.(part.class) x=(Share::of(before, greatest)) width=(Share::of(part.count, greatest)) height="100%" {}
            }
        }
    }
}

/// A rate on a scale that ends a little above its limit of alarm, with a mark at each limit.
pub(super) fn meter(rate: Rate, limits: [u64; 2]) -> Markup {
    let [_, alarm] = limits;
    let end = alarm + alarm / 4;
    html! {
        svg.meter aria-hidden="true" {
            rect.track y="25%" width="100%" height="50%" {}
            rect.(rate.level) y="25%" width=(Share::of(rate.millionths().min(end), end)) height="50%" {}
            @for limit in limits { line.limit x1=(Share::of(limit, end)) x2=(Share::of(limit, end)) y2="100%" {} }
        }
    }
}

/// Columns without any letters, beside the number that they add up to.
pub(super) fn spark(class: &str, counts: &[u64]) -> Markup {
    let greatest = counts.iter().copied().max().unwrap_or(0).max(1);
    let width = counts.len();
    html! {
        svg.spark viewBox={ "0 0 " (10 * width) " 100" } preserveAspectRatio="none" aria-hidden="true" {
            @for (index, count) in counts.iter().enumerate() {
                @if *count > 0 {
                    @let height = (count.saturating_mul(100) / greatest).max(4);
                    rect.(class) x=(10 * index + 1) y=(100 - height) width="8" height=(height) {}
                }
            }
        }
    }
}

/// The colour of a class.
pub(super) fn swatch(class: &str) -> Markup {
    html! { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect.(class) width="10" height="10" rx="2" {} } }
}

/// What every chart has: the scale at its left, lines across, labels below, and a text for each column.
fn frame(id: &str, title: &str, scale: &Scale, columns: &[Column], content: &Markup) -> Markup {
    let places = Places::for_each_of(columns);
    let every = columns.len().div_ceil(LABELS).max(1);
    let first_anchor = if columns.len() > MANY { "start" } else { "middle" };
    let height = pixels(HEIGHT);
    let letters = grouped(scale.top()).chars().count();
    html! {
        div.chart {
            svg.scale width=(7 * letters + 8) height=(height) aria-hidden="true" {
                @for mark in scale.marks() {
                    text x="100%" y=(pixels(scale.y(mark))) dx="-6" dy="4" text-anchor="end" { (grouped(mark)) }
                }
            }
            svg.plot #(id) width="100%" height=(pixels(HEIGHT + LABEL_LINE * 100)) role="img" aria-labelledby={ (id) "-title" } {
                title id={ (id) "-title" } { (title) }
                @for mark in scale.marks() {
                    @let y = pixels(scale.y(mark));
                    line.axis x2="100%" y1=(y) y2=(y) {}
                }
                (content)
                @for (order, (index, column)) in (0..).zip(columns).step_by(every).enumerate() {
                    text.spare[order % 2 == 1] x=(places.middle(index)) y=(pixels(HEIGHT)) dy=(LABEL_LINE - 6)
                        text-anchor=(if index == 0 { first_anchor } else { "middle" }) { (column.label) }
                }
                @for (index, column) in (0..).zip(columns) {
                    rect.column x=(places.left(index)) y=(pixels(TOP)) width=(places.width()) height=(pixels(HEIGHT - TOP)) {
                        title { (column.told) }
                    }
                }
            }
        }
    }
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

impl Column {
    fn sum(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }
}
