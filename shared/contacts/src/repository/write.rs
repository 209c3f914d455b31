//! Recording messages.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::StreamExt;
use rebound_message::MessageHash;
use tokio::time::Instant;

use super::error::{DamagedItem, Failure, RecordError};
use super::lanes::{Load, Unit, lanes};
use super::plan::{Known, Plan, Verdict};
use super::read::Found;
use super::retry::Attempts;
use super::watch::{Limits, Watch};
use super::{Recorded, Repository};
use crate::moment::Moment;
use crate::record::MessageRecord;

/// What became of a unit.
struct Outcome {
    record: usize,
    first: bool,
    result: Result<Recorded, Failure>,
}

impl Repository {
    /// Records messages; the results come in the order of the messages.
    ///
    /// A message that was recorded before, or that stands in the batch a second time, is a success that is not new.
    /// Contacts are read once per batch. Messages are packed into transactions; a message is never split over two,
    /// unless it charges more than 33 contacts, which with their events and the rulings on them fill a transaction. Then
    /// each part is recorded all or nothing, and the message counts as new when its first part does. Recording again
    /// what was interrupted counts exactly what is missing.
    ///
    /// Nobody watches how many contacts this suppresses: it is for what people decide. For mail there is
    /// [`record_mail`](Self::record_mail).
    pub async fn record(&self, records: &[MessageRecord]) -> Vec<Result<Recorded, RecordError>> {
        self.record_under(None, records).await
    }

    /// The same for messages that mailboxes have received, under the policy's circuit breaker: what an account's mail
    /// suppresses on the UTC day of `now` beyond its limits is recorded together with a [`Ruling::Hold`](crate::Ruling),
    /// and suppresses nobody until it is released. So it is with what one server hands over without proof. Costs one more
    /// request for each account and each such server of the batch, two when something is held.
    pub async fn record_mail(&self, records: &[MessageRecord], now: Moment) -> Vec<Result<Recorded, RecordError>> {
        let limits = Limits::of(&self.policy);
        self.record_under(limits.map(|limits| (limits, now)), records).await
    }

    async fn record_under(
        &self,
        limits: Option<(Limits, Moment)>,
        records: &[MessageRecord],
    ) -> Vec<Result<Recorded, RecordError>> {
        let deadline = self.deadline();
        let (units, twins) = units(records);
        let touched = units.iter().flat_map(Unit::contacts);
        let mut results: Vec<Option<Result<Recorded, Failure>>> = vec![None; records.len()];
        match self.stored(touched, deadline).await {
            Err(failure) => results.fill(Some(Err(failure))),
            Ok(Found { known, damaged }) => {
                let units = refuse_damaged(units, &damaged, &mut results);
                let watch = match limits {
                    Some((limits, now)) => self.watch(limits, now, &units, &known, deadline).await.map(Some),
                    None => Ok(None),
                };
                match watch {
                    Err(failure) => results.fill(Some(Err(failure))),
                    Ok(watch) => {
                        for outcome in self.run_all(units, known, watch.as_ref(), deadline).await {
                            if let Some(result) = results.get_mut(outcome.record) {
                                merge(result, outcome);
                            }
                        }
                        if let Some(watch) = watch {
                            self.unwatch(watch, deadline).await;
                        }
                    }
                }
            }
        }
        for (twin, first) in twins {
            let result = results
                .get(first)
                .cloned()
                .flatten()
                .map(|result| result.map(|_| Recorded::default()));
            if let Some(entry) = results.get_mut(twin) {
                *entry = result;
            }
        }
        let answer = |(record, result): (&MessageRecord, Option<Result<Recorded, Failure>>)| {
            let result = result.unwrap_or_else(|| {
                Err(Failure::Refused {
                    reason: "it has no events".to_owned(),
                })
            });
            // Parts of a message end in any order.
            let sorted = |mut recorded: Recorded| {
                recorded.changes.sort_by(|(a, _), (b, _)| a.cmp(b));
                recorded
            };
            result.map(sorted).map_err(|failure| RecordError {
                message: record.message(),
                failure,
            })
        };
        records.iter().zip(results).map(answer).collect()
    }

    /// Records units in lanes side by side.
    async fn run_all(
        &self,
        units: Vec<Unit<'_>>,
        mut known: Known,
        watch: Option<&Watch>,
        deadline: Instant,
    ) -> Vec<Outcome> {
        let attempt = Conditions { watch, deadline };
        // Where something is held, every event may come with a ruling beside its contact.
        let items = if watch.is_some_and(Watch::holds) {
            self.transaction_items * 2 / 3
        } else {
            self.transaction_items
        };
        let lanes: Vec<_> = lanes(units, items)
            .into_iter()
            .map(|lane| {
                let known = take_known(&mut known, &lane);
                self.run(lane, known, items, attempt)
            })
            .collect();
        let outcomes: Vec<_> = futures::stream::iter(lanes)
            .buffer_unordered(self.concurrency)
            .collect()
            .await;
        outcomes.into_iter().flatten().collect()
    }

    /// Records the units of a lane, one transaction after the other.
    async fn run(
        &self,
        lane: Vec<Unit<'_>>,
        mut known: Known,
        items: usize,
        conditions: Conditions<'_>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(lane.len());
        let mut waiting = VecDeque::from(lane);
        while !waiting.is_empty() {
            let mut load = Load::default();
            let mut units = Vec::new();
            while let Some(unit) = waiting.pop_front_if(|unit| load.takes(unit, items)) {
                units.push(unit);
            }
            self.commit(units, &mut known, &mut outcomes, conditions).await;
        }
        outcomes
    }

    /// Records units in one transaction, and in as few as possible when some of them stand in the way of the others.
    async fn commit(
        &self,
        mut units: Vec<Unit<'_>>,
        known: &mut Known,
        outcomes: &mut Vec<Outcome>,
        conditions: Conditions<'_>,
    ) {
        let mut attempts = Attempts::until(conditions.deadline);
        while !units.is_empty() {
            let attempted = self.attempt(&mut units, known, outcomes, conditions.watch, &mut attempts);
            match attempted.await {
                Ok(()) => {}
                // Which one it does not like, DynamoDB does not say: each for itself.
                Err(Failure::Refused { .. }) if units.len() > 1 => {
                    for unit in std::mem::take(&mut units) {
                        Box::pin(self.commit(vec![unit], known, outcomes, conditions)).await;
                    }
                }
                Err(failure) => {
                    outcomes.extend(units.drain(..).map(|unit| Outcome::of(&unit, Err(failure.clone()))));
                }
            }
        }
    }

    /// Tries once, and takes out of `units` those whose outcome is known. `Err` is about all that are left.
    async fn attempt(
        &self,
        units: &mut Vec<Unit<'_>>,
        known: &mut Known,
        outcomes: &mut Vec<Outcome>,
        watch: Option<&Watch>,
        attempts: &mut Attempts,
    ) -> Result<(), Failure> {
        let plan = self.plan(units, known, watch, attempts).await?;
        let transacted = self.transact(&plan.items, attempts).await;
        if let (Some(watch), Err(_) | Ok(Transacted::Cancelled(_))) = (watch, &transacted) {
            watch.give_back(&plan.claims);
        }
        let reasons = match transacted? {
            Transacted::Done => {
                known.extend(plan.contacts);
                for (unit, changes) in units.drain(..).zip(plan.changes) {
                    let new = !unit.seen;
                    outcomes.push(Outcome::of(&unit, Ok(Recorded { new, changes })));
                }
                return Ok(());
            }
            Transacted::Cancelled(reasons) => reasons,
        };
        let Verdict {
            recorded,
            stale,
            refused,
            conflict,
            transient,
        } = plan.judge(units, &reasons);
        let progress = !recorded.is_empty() || !refused.is_empty();
        for (nth, mut unit) in std::mem::take(units).into_iter().enumerate() {
            if let Some(reason) = refused.get(&nth) {
                outcomes.push(Outcome::of(&unit, Err(Failure::Refused { reason: reason.clone() })));
                continue;
            }
            unit.forget(|place| recorded.contains(&(nth, place)));
            if unit.events.is_empty() {
                outcomes.push(Outcome::of(&unit, Ok(Recorded::default())));
            } else {
                units.push(unit);
            }
        }
        match transient {
            Some(code) => attempts.after_trouble(|| code).await?,
            None if progress => {}
            None if conflict || !stale.is_empty() => attempts.after_conflict().await?,
            None => {
                return Err(Failure::Refused {
                    reason: "a transaction was cancelled without a reason".to_owned(),
                });
            }
        }
        known.retain(|key, _| !stale.contains(key));
        let stale = stale.iter().map(String::as_str);
        known.extend(self.stored(stale, attempts.deadline()).await?.whole()?);
        Ok(())
    }

    /// The transaction for some units, within what the watch allows.
    async fn plan(
        &self,
        units: &[Unit<'_>],
        known: &Known,
        watch: Option<&Watch>,
        attempts: &Attempts,
    ) -> Result<Plan, Failure> {
        loop {
            let plan =
                Plan::new(&self.policy, &self.tables, units, known, watch).map_err(|error| Failure::Refused {
                    reason: error.to_string(),
                })?;
            let Some(watch) = watch else { return Ok(plan) };
            let shortage = watch.shortage();
            if shortage.is_empty() {
                return Ok(plan);
            }
            watch.give_back(&plan.claims);
            self.claim_more(watch, shortage, attempts.deadline()).await?;
        }
    }

    /// Sends a transaction until it is answered.
    pub(super) async fn transact(
        &self,
        items: &[TransactWriteItem],
        attempts: &mut Attempts,
    ) -> Result<Transacted, Failure> {
        // With the same token a transaction whose answer was lost is not done twice, nor taken for somebody else's.
        let token = format!("{:032x}", fastrand::u128(..));
        loop {
            let request = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.to_vec()))
                .client_request_token(&token);
            let permit = self.permits.acquire().await;
            let answer = request.send().await;
            drop(permit);
            match answer {
                Ok(_) => return Ok(Transacted::Done),
                Err(error) => match cancellation(&error) {
                    Some(reasons) => return Ok(Transacted::Cancelled(reasons)),
                    None => attempts.after_error(&error).await?,
                },
            }
        }
    }
}

/// What holds for every transaction of a batch.
#[derive(Clone, Copy)]
struct Conditions<'a> {
    watch: Option<&'a Watch>,
    deadline: Instant,
}

/// How a transaction was answered.
pub(super) enum Transacted {
    Done,
    Cancelled(Vec<CancellationReason>),
}

fn cancellation(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> Option<Vec<CancellationReason>> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons().to_vec())
        }
        _ => None,
    }
}

/// The units of a batch, and the messages that stand in it again, each with its first occurrence.
fn units(records: &[MessageRecord]) -> (Vec<Unit<'_>>, Vec<(usize, usize)>) {
    let mut first: HashMap<MessageHash, usize> = HashMap::new();
    let mut twins = Vec::new();
    let mut units = Vec::new();
    for (nth, record) in records.iter().enumerate() {
        if let Some(first) = first.get(&record.message()) {
            twins.push((nth, *first));
            continue;
        }
        first.insert(record.message(), nth);
        units.extend(Unit::all(nth, record));
    }
    (units, twins)
}

/// The units that remain when those are refused that charge a contact which can't be read.
fn refuse_damaged<'a>(
    mut units: Vec<Unit<'a>>,
    damaged: &HashMap<String, DamagedItem>,
    results: &mut [Option<Result<Recorded, Failure>>],
) -> Vec<Unit<'a>> {
    units.retain(|unit| {
        let Some(damaged) = unit.events.iter().find_map(|event| damaged.get(event.recipient())) else {
            return true;
        };
        if let Some(result) = results.get_mut(unit.record) {
            merge(result, Outcome::of(unit, Err(Failure::Damaged(damaged.clone()))));
        }
        false
    });
    units
}

/// Takes what is known of a lane's contacts out of what is known of all.
fn take_known(known: &mut Known, lane: &[Unit<'_>]) -> Known {
    let keys: HashSet<_> = lane.iter().flat_map(Unit::contacts).collect();
    keys.into_iter().filter_map(|key| known.remove_entry(key)).collect()
}

/// Adds a part's outcome to its message's. Parts come in any order; one that failed fails the message.
fn merge(
    result: &mut Option<Result<Recorded, Failure>>,
    Outcome {
        first, result: part, ..
    }: Outcome,
) {
    let part = part.map(|part| Recorded {
        new: part.new && first,
        ..part
    });
    match (result, part) {
        (result @ None, part) => *result = Some(part),
        (Some(Ok(whole)), Ok(part)) => {
            whole.new |= part.new;
            whole.changes.extend(part.changes);
        }
        (Some(whole), Err(failure)) => *whole = Err(failure),
        (Some(Err(_)), Ok(_)) => {}
    }
}

impl Outcome {
    fn of(unit: &Unit<'_>, result: Result<Recorded, Failure>) -> Self {
        Self {
            record: unit.record,
            first: unit.first,
            result,
        }
    }
}
