//! From counts to places in a chart. Whole numbers all the way: the same report gives the same page everywhere.

use std::fmt;

/// How high what is drawn can be, in hundredths of a pixel.
pub(super) const HEIGHT: u64 = 21_000;

/// What is left free above the greatest count, so that the topmost number is not cut.
pub(super) const TOP: u64 = 1_000;

/// A share of a chart's width, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share(u64);

impl Share {
    const ALL: u64 = 1_000_000;

    pub(super) const fn millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// What `part` is of `whole`.
    pub(super) fn of(part: u64, whole: u64) -> Self {
        let share = u128::from(part) * u128::from(Self::ALL) / u128::from(whole.max(1));
        Self(u64::try_from(share).unwrap_or(Self::ALL))
    }

    pub(super) const fn fifths(self, fifths: u64) -> Self {
        Self(self.0 / 5 * fifths)
    }

    pub(super) fn minus_half_of(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0 / 2))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}%", self.0 / 10_000, self.0 % 10_000)
    }
}

/// Where so many things of the same width have their places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    count: u64,
}

impl Places {
    pub(super) fn for_each_of<T>(things: &[T]) -> Self {
        Self {
            count: u64::try_from(things.len()).unwrap_or(u64::MAX).max(1),
        }
    }

    pub(super) fn width(self) -> Share {
        Share::of(1, self.count)
    }

    pub(super) fn left(self, index: u64) -> Share {
        Share::of(index, self.count)
    }

    pub(super) fn middle(self, index: u64) -> Share {
        Share::of(2 * index + 1, 2 * self.count)
    }
}

/// Hundredths of a pixel as pixels.
pub(super) fn pixels(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// From counts to heights.
pub(super) struct Scale {
    /// What the top stands for, a round number.
    top: u64,
    mark: u64,
}

impl Scale {
    pub(super) fn up_to(count: u64) -> Self {
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

    pub(super) const fn top(&self) -> u64 {
        self.top
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = u64> {
        (0..=self.top / self.mark).map(|index| index * self.mark)
    }

    /// How far from the chart's upper edge a count is, in hundredths of a pixel.
    pub(super) fn y(&self, count: u64) -> u64 {
        let space = HEIGHT - TOP;
        HEIGHT
            - u64::try_from(u128::from(space) * u128::from(count.min(self.top)) / u128::from(self.top)).unwrap_or(space)
    }

    /// From where and how far down a part is that stands on others.
    pub(super) fn span(&self, below: u64, count: u64) -> (u64, u64) {
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
            assert_eq!(scale.y(0), HEIGHT);
            assert_eq!(scale.y(scale.top), TOP);
        }
    }

    #[test]
    fn places_lie_side_by_side_within_the_chart() {
        let places = Places::for_each_of(&[(); 4]);
        assert_eq!(places.width().to_string(), "25.0000%");
        assert_eq!(places.left(3).to_string(), "75.0000%");
        assert_eq!(places.middle(0).to_string(), "12.5000%");
        assert_eq!(places.middle(0).minus_half_of(places.width()).to_string(), "0.0000%");
        assert_eq!(Share::of(u64::MAX, 1), Share::of(1, 1));
    }
}
