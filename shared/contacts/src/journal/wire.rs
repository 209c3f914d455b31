//! The journal as bytes, for the attribute `journal`.
//!
//! A format byte, then the parts in the order of the struct. Numbers are LEB128; times are milliseconds since the entry
//! before (entries ascend); an option is a byte 0 or 1 and the value; text is its length and its bytes.

use rebound_message::MessageHash;

use super::{Grade, Graded, Journal, LeaveClaim, ListWord, Newest, SentMessage, Soft, Stamp, Strike};
use crate::journal::JOURNAL_DEPTH;
use crate::moment::Moment;
use crate::policy::{Belief, SoftLimit};

/// Changes whenever what follows does. Older ones are still read: format 1 had no limits of lists and no rulings, format 2
/// knew nothing of belief.
const FORMAT: u8 = 3;

impl Journal {
    /// As bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Writer(vec![FORMAT]);
        for stamp in [self.first, self.last_verdict, self.moved] {
            out.option(stamp, |out, stamp| out.stamp(stamp, &mut 0));
        }
        out.option(self.reactivated, |out, at| out.moment(at, &mut 0));
        out.graded(&self.suppressing, |out, strike, before| {
            out.stamp(strike.stamp, before);
            out.text(strike.cause.as_str());
            out.option(strike.sent, |out, sent| out.0.extend(sent.0));
            out.believed(strike.stamp, strike.about, strike.belief);
        });
        out.graded(&self.counted, |out, soft, before| {
            out.stamp(soft.stamp, before);
            out.option(soft.sent, |out, sent| out.0.extend(sent.0));
            out.option(soft.limit, Writer::soft_limit);
            out.believed(soft.stamp, soft.about, soft.belief);
        });
        out.newest(&self.delivered, |out, at, before| out.moment(*at, before));
        for rulings in [&self.held, &self.released] {
            out.newest(rulings, |out, ruling, before| out.stamp(*ruling, before));
        }
        out.number(self.lists.len() as u64);
        for (list, word) in &self.lists {
            out.text(list);
            out.stamp(word.stamp, &mut 0);
            out.0.push(u8::from(word.left));
        }
        out.graded(&self.reported, |out, (at, sent), before| {
            out.moment(*at, before);
            out.0.extend(sent.0);
        });
        out.newest(&self.leave_claims, |out, claim, before| {
            out.stamp(claim.stamp, before);
            out.text(&claim.list);
        });
        out.0
    }

    /// From bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, InvalidJournal> {
        let mut bytes = Reader(bytes);
        let format = bytes.byte()?;
        if !(1..=FORMAT).contains(&format) {
            return Err(InvalidJournal::Format(format));
        }
        let (has_rulings, has_belief) = (format > 1, format > 2);
        let journal = Self {
            first: bytes.option(|bytes| bytes.stamp(&mut 0))?,
            last_verdict: bytes.option(|bytes| bytes.stamp(&mut 0))?,
            moved: bytes.option(|bytes| bytes.stamp(&mut 0))?,
            reactivated: bytes.option(|bytes| bytes.moment(&mut 0))?,
            suppressing: bytes.graded(has_belief, |bytes, before| {
                let stamp = bytes.stamp(before)?;
                let cause = bytes.text()?.parse().map_err(|_| InvalidJournal::Damaged)?;
                let sent = if has_belief { bytes.sent()? } else { None };
                let (about, belief) = bytes.believed(stamp, has_belief)?;
                Ok(Strike {
                    stamp,
                    cause,
                    about,
                    sent,
                    belief,
                })
            })?,
            counted: bytes.graded(has_belief, |bytes, before| {
                let stamp = bytes.stamp(before)?;
                let sent = bytes.sent()?;
                let limit = if has_rulings {
                    bytes.option(Reader::soft_limit)?
                } else {
                    None
                };
                let (about, belief) = bytes.believed(stamp, has_belief)?;
                Ok(Soft {
                    stamp,
                    sent,
                    limit,
                    about,
                    belief,
                })
            })?,
            delivered: bytes.newest(Reader::moment)?,
            held: if has_rulings {
                bytes.newest(Reader::stamp)?
            } else {
                Newest::default()
            },
            released: if has_rulings {
                bytes.newest(Reader::stamp)?
            } else {
                Newest::default()
            },
            lists: (0..bytes.count()?)
                .map(|_| {
                    let list = bytes.text()?.to_owned();
                    let stamp = bytes.stamp(&mut 0)?;
                    Ok((
                        list,
                        ListWord {
                            stamp,
                            left: bytes.flag()?,
                        },
                    ))
                })
                .collect::<Result<_, _>>()?,
            reported: if has_belief {
                bytes.graded(true, |bytes, before| {
                    Ok((bytes.moment(before)?, SentMessage(bytes.array()?)))
                })?
            } else {
                Graded::default()
            },
            leave_claims: if has_belief {
                bytes.newest(|bytes, before| {
                    let stamp = bytes.stamp(before)?;
                    let list = bytes.text()?.to_owned();
                    Ok(LeaveClaim { stamp, list })
                })?
            } else {
                Newest::default()
            },
        };
        if bytes.0.is_empty() {
            Ok(journal)
        } else {
            Err(InvalidJournal::Damaged)
        }
    }
}

/// Bytes that are no journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidJournal {
    /// Written by a newer version, most likely.
    #[error("the journal has format {0}, this version reads format {FORMAT}: update, or rebuild the contact")]
    Format(u8),
    /// Not what was written.
    #[error("the journal is damaged: rebuild the contact from its events")]
    Damaged,
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn moment(&mut self, at: Moment, before: &mut i64) {
        self.number(u64::try_from(at.as_millis() - *before).unwrap_or_default());
        *before = at.as_millis();
    }

    fn stamp(&mut self, stamp: Stamp, before: &mut i64) {
        self.moment(stamp.at, before);
        self.0.extend(stamp.message.as_bytes());
    }

    /// The mail that it is about was sent before it happened.
    fn believed(&mut self, stamp: Stamp, about: Moment, belief: Belief) {
        self.number(u64::try_from(stamp.at.as_millis() - about.as_millis()).unwrap_or_default());
        self.0.push(match belief {
            Belief::Believed => 0,
            Belief::Claimed => 1,
            Belief::Doubted => 2,
        });
    }

    fn soft_limit(&mut self, limit: SoftLimit) {
        self.number(u64::from(limit.threshold()));
        self.number(u64::from(limit.window_days()));
        self.0.push(u8::from(limit.once_a_day()));
    }

    fn graded<T: Ord>(&mut self, Graded(grades): &Graded<T>, write: impl Fn(&mut Self, &T, &mut i64)) {
        for entries in grades {
            self.newest(entries, &write);
        }
    }

    fn newest<T: Ord>(&mut self, entries: &Newest<T>, write: impl Fn(&mut Self, &T, &mut i64)) {
        self.number(entries.0.len() as u64);
        let mut before = 0;
        entries.iter().for_each(|entry| write(self, entry, &mut before));
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], InvalidJournal> {
        let (array, rest) = self.0.split_first_chunk().ok_or(InvalidJournal::Damaged)?;
        self.0 = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, InvalidJournal> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Result<bool, InvalidJournal> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(InvalidJournal::Damaged),
        }
    }

    fn number(&mut self) -> Result<u64, InvalidJournal> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(InvalidJournal::Damaged)
    }

    fn count(&mut self) -> Result<usize, InvalidJournal> {
        let count = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if count <= JOURNAL_DEPTH {
            Ok(count)
        } else {
            Err(InvalidJournal::Damaged)
        }
    }

    fn text(&mut self) -> Result<&'a str, InvalidJournal> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let (text, rest) = self.0.split_at_checked(length).ok_or(InvalidJournal::Damaged)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| InvalidJournal::Damaged)
    }

    fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, InvalidJournal>,
    ) -> Result<Option<T>, InvalidJournal> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    fn moment(&mut self, before: &mut i64) -> Result<Moment, InvalidJournal> {
        let since = i64::try_from(self.number()?).unwrap_or(i64::MAX);
        *before = before.saturating_add(since);
        Ok(Moment::from_millis(*before))
    }

    fn stamp(&mut self, before: &mut i64) -> Result<Stamp, InvalidJournal> {
        Ok(Stamp {
            at: self.moment(before)?,
            message: self.array().map(MessageHash::from_bytes)?,
        })
    }

    fn sent(&mut self) -> Result<Option<SentMessage>, InvalidJournal> {
        self.option(|bytes| bytes.array().map(SentMessage))
    }

    fn believed(&mut self, stamp: Stamp, is_there: bool) -> Result<(Moment, Belief), InvalidJournal> {
        if !is_there {
            return Ok((stamp.at, Belief::Believed));
        }
        let before = i64::try_from(self.number()?).unwrap_or(i64::MAX);
        let belief = match self.byte()? {
            0 => Belief::Believed,
            1 => Belief::Claimed,
            2 => Belief::Doubted,
            _ => return Err(InvalidJournal::Damaged),
        };
        Ok((Moment::from_millis(stamp.at.as_millis().saturating_sub(before)), belief))
    }

    fn soft_limit(&mut self) -> Result<SoftLimit, InvalidJournal> {
        let mut number = || {
            let number = self.number()?;
            u32::try_from(number).map_err(|_| InvalidJournal::Damaged)
        };
        let (threshold, window_days) = (number()?, number()?);
        SoftLimit::new(threshold, window_days, self.flag()?).map_err(|_| InvalidJournal::Damaged)
    }

    /// What was written before there were grades is of the first.
    fn graded<T>(
        &mut self,
        has_grades: bool,
        read: impl Fn(&mut Self, &mut i64) -> Result<T, InvalidJournal>,
    ) -> Result<Graded<T>, InvalidJournal> {
        let mut graded = Graded::default();
        let written = if has_grades { Grade::ALL.len() } else { 1 };
        for entries in graded.0.iter_mut().take(written) {
            *entries = self.newest(&read)?;
        }
        Ok(graded)
    }

    fn newest<T>(
        &mut self,
        read: impl Fn(&mut Self, &mut i64) -> Result<T, InvalidJournal>,
    ) -> Result<Newest<T>, InvalidJournal> {
        let mut before = 0;
        (0..self.count()?)
            .map(|_| read(self, &mut before))
            .collect::<Result<_, _>>()
            .map(Newest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_newer_format_and_damage_are_told_apart() {
        assert_eq!(Journal::decode(&[4]), Err(InvalidJournal::Format(4)));
        // As the first version wrote an empty one.
        assert_eq!(Journal::decode(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), Ok(Journal::default()));
        assert_eq!(
            Journal::decode(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Ok(Journal::default())
        );
        let whole = Journal::default().encode();
        assert_eq!(Journal::decode(&whole), Ok(Journal::default()));
        for length in 0..whole.len() {
            assert_eq!(Journal::decode(&whole[..length]), Err(InvalidJournal::Damaged));
        }
        assert_eq!(
            Journal::decode(&[&whole[..], &[0]].concat()),
            Err(InvalidJournal::Damaged)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut journal = vec![FORMAT];
            journal.extend(bytes);
            if let Ok(read) = Journal::decode(&journal) {
                prop_assert!(read.encode().len() <= journal.len());
            }
        }
    }
}
