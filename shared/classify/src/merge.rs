//! All that is said about one recipient, put together: one verdict each, however often a report repeats itself.

use crate::evidence::{Evidence, Outcome};

/// Evidence about the same recipient becomes one; the first says most, what it leaves out is taken from the others.
pub(crate) fn merge(evidence: Vec<Evidence>) -> Vec<Evidence> {
    if evidence.len() < 2 {
        return evidence;
    }
    let mut merged: Vec<Evidence> = Vec::with_capacity(evidence.len());
    let mut known = std::collections::HashMap::new();
    for next in evidence {
        let key = next
            .recipient
            .as_ref()
            .or(next.original.as_ref())
            .map(|address| address.as_str().to_ascii_lowercase());
        if let Some(index) = known.get(&key).copied() {
            if let Some(same) = merged.get_mut(index) {
                absorb(same, next);
            }
            continue;
        }
        known.insert(key, merged.len());
        merged.push(next);
    }
    merged
}

fn absorb(known: &mut Evidence, other: Evidence) {
    // A failure after a warning is a failure; a failure of one copy is not undone by the arrival of another.
    if other.outcome == Some(Outcome::Failed) && known.outcome != Some(Outcome::Failed) {
        let older = std::mem::replace(known, other);
        return absorb_missing(known, older);
    }
    absorb_missing(known, other);
}

fn absorb_missing(known: &mut Evidence, other: Evidence) {
    known.original = known.original.take().or(other.original);
    known.outcome = known.outcome.or(other.outcome);
    known.status = known.status.or(other.status);
    known.reply = known.reply.or(other.reply);
    known.remote_mta = known.remote_mta.take().or(other.remote_mta);
    known.command = known.command.or(other.command);
    if known.words.is_empty() {
        known.words = other.words;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Source;
    use crate::words::Address;

    fn saying(address: &str, outcome: Outcome, words: &str) -> Evidence {
        let mut evidence = Evidence::new(Source::StatusField);
        evidence.recipient = Address::parse(address);
        evidence.outcome = Some(outcome);
        evidence.words.append(words);
        evidence
    }

    #[test]
    fn one_recipient_is_one_verdict_and_failure_wins() {
        let merged = merge(vec![
            saying("ann@example.com", Outcome::Delayed, "later"),
            saying("bob@example.com", Outcome::Failed, "no"),
            saying("Ann@Example.com", Outcome::Failed, ""),
        ]);
        let read: Vec<_> = merged
            .iter()
            .map(|e| (e.recipient.as_ref().map(Address::as_str), e.outcome, &*e.words))
            .collect();
        assert_eq!(
            read,
            [
                (Some("Ann@Example.com"), Some(Outcome::Failed), "later"),
                (Some("bob@example.com"), Some(Outcome::Failed), "no")
            ]
        );
    }
}
