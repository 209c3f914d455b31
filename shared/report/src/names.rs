//! Counts by names that strangers choose, in bounded memory.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::outcomes::Outcomes;

/// How many different names of a kind (domains, campaigns …) are told apart. When there are twice as many, the rarer half
/// is counted as others from then on.
pub const MAX_NAMES: usize = 5_000;

/// What came back, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Where in `counts` a name is counted.
    places: HashMap<Box<str>, usize>,
    counts: Vec<Outcomes>,
    /// Of names that were too many.
    others: Outcomes,
}

impl Names {
    /// What is counted under a name.
    pub(crate) fn of(&mut self, name: &str) -> &mut Outcomes {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => self.place_for(name),
        };
        self.counts.get_mut(place).unwrap_or(&mut self.others)
    }

    /// Names with their counts, the most frequent first; what was counted under no name of its own.
    pub(crate) fn finish(mut self) -> (Vec<(Box<str>, Outcomes)>, Outcomes) {
        (self.take(), self.others)
    }

    fn place_for(&mut self, name: &str) -> usize {
        if self.counts.len() >= 2 * MAX_NAMES {
            let mut names = self.take();
            for (_, rare) in names.drain(MAX_NAMES..) {
                self.others.add(&rare);
            }
            for (name, outcomes) in names {
                self.places.insert(name, self.counts.len());
                self.counts.push(outcomes);
            }
        }
        self.places.insert(name.into(), self.counts.len());
        self.counts.push(Outcomes::default());
        self.counts.len() - 1
    }

    fn take(&mut self) -> Vec<(Box<str>, Outcomes)> {
        let mut counts = std::mem::take(&mut self.counts);
        let places = std::mem::take(&mut self.places).into_iter();
        let mut names: Vec<_> = places
            .filter_map(|(name, place)| Some((name, std::mem::take(counts.get_mut(place)?))))
            .collect();
        names.sort_by(|one, other| rank(one).cmp(&rank(other)));
        names
    }
}

fn rank((name, outcomes): &(Box<str>, Outcomes)) -> (Reverse<u64>, &str) {
    (Reverse(outcomes.all()), name)
}

#[cfg(test)]
mod tests {
    use rebound_classify::{Category, Reason};

    use super::*;

    #[test]
    fn of_too_many_names_the_frequent_stay_and_nothing_is_lost() {
        let mut names = Names::default();
        let mut count = |name: &str| names.of(name).count(Category::HardBounce, Reason::UserUnknown);
        for _ in 0..3 {
            count("often.example");
        }
        for index in 0..3 * MAX_NAMES {
            count(&format!("{index}.example"));
        }
        count("often.example");
        let (names, others) = names.finish();
        assert!(names.len() <= 2 * MAX_NAMES);
        let (first, outcomes) = &names[0];
        assert_eq!((&**first, outcomes.all()), ("often.example", 4));
        let kept: u64 = names.iter().map(|(_, outcomes)| outcomes.all()).sum();
        assert_eq!(kept + others.all(), 3 * MAX_NAMES as u64 + 4);
    }
}
