//! The circuit breaker at work: how much one account's mail of a day has suppressed, and what it may still.
//!
//! The count of an account and UTC day is an item of the events table whose keys no event has: `message` is
//! `breaker#<account>#<day>`, `recipient` is `-`. It has no `at`, so it is in no index. What a batch would suppress is
//! claimed before it is recorded, so writers side by side never exceed the limits together; what turns out not to be needed is
//! given back. A claim that is lost on the way makes the breaker open earlier, never later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use tokio::time::Instant;

use super::Repository;
use super::error::Failure;
use super::item::Stored;
use super::lanes::Unit;
use super::plan::Known;
use super::retry::{Attempts, persist};
use crate::address::NO_ADDRESS;
use crate::contact::{Change, Contact};
use crate::event::{Event, Ruling};
use crate::moment::Moment;
use crate::policy::{Breaker, Policy};

/// Nobody asks what was counted on a day so many days ago.
const COUNT_KEPT_DAYS: i64 = 30;

/// Who signs a hold.
const ACTOR: &str = "circuit breaker";

/// What watches a batch; shared by its lanes.
#[derive(Debug)]
pub(super) struct Watch {
    breaker: Breaker,
    now: Moment,
    /// By account, how many contacts this batch may still suppress.
    claims: Mutex<BTreeMap<String, Claims>>,
    /// Whether it is known from the start that some of the batch will be held.
    holds: bool,
}

/// What a batch has claimed for one account.
#[derive(Clone, Copy, Debug, Default)]
struct Claims {
    /// How many contacts it may still suppress.
    left: u64,
    /// How many more a plan would suppress: a contact that others have written meanwhile suppresses where it was not
    /// forecast to.
    short: u64,
    /// No more are to be had: what is beyond is held.
    are_spent: bool,
}

/// What came of taking a claim.
enum Taken {
    Claimed,
    /// There is none left, but more may be had.
    Short,
    /// It is too much.
    Refused,
}

/// What a batch would do, by account, if nobody watched.
#[derive(Debug, Default, PartialEq, Eq)]
struct Forecast {
    /// Contacts that were not heard of on this day.
    heard_of: u64,
    /// Contacts that would be newly suppressed.
    suppressions: u64,
}

impl Watch {
    /// The day, for the contacts that are heard of.
    pub(super) const fn now(&self) -> Moment {
        self.now
    }

    /// Whether events may come with a ruling.
    pub(super) const fn holds(&self) -> bool {
        self.holds
    }

    /// Applies an event and holds what it suppresses, as far as that is too much. Says what changed, which claims were
    /// used (`Some(account)`), and what was ruled.
    pub(super) fn apply<'e>(
        &self,
        policy: &Policy,
        contact: &mut Contact,
        event: &'e Event,
    ) -> (Change, Option<&'e str>, Vec<Event>) {
        let was_held = contact.held.is_some();
        let mut change = contact.apply(policy, event);
        let (Some(mut suppression), Some(account)) = (change.suppressed, watched_account(event)) else {
            return (change, None, Vec::new());
        };
        match self.take(account) {
            Taken::Claimed => return (change, Some(account), Vec::new()),
            Taken::Short => return (change, None, Vec::new()),
            Taken::Refused => {}
        }
        let mut rulings = Vec::new();
        // With one thing held, another may suppress: a second report that came while the first was held, for example.
        while let Some(hold) = self.hold(event, suppression.by) {
            contact.apply(policy, &hold);
            rulings.push(hold);
            match contact.suppression {
                Some(next) if next.by != suppression.by => suppression = next,
                _ => break,
            }
        }
        change.suppressed = None;
        change.held = contact.held.filter(|_| !was_held);
        change.let_go = was_held && contact.held.is_none();
        (change, None, rulings)
    }

    /// Gives back claims of a transaction that was not done.
    pub(super) fn give_back<'a>(&self, accounts: impl IntoIterator<Item = &'a str>) {
        let mut claims = self.claims();
        for account in accounts {
            claims.entry(account.to_owned()).or_default().left += 1;
        }
    }

    /// By account, how many claims the plans since the last call were short of. Such a plan is not to be carried out.
    pub(super) fn shortage(&self) -> Vec<(String, u64)> {
        let mut claims = self.claims();
        let short = claims
            .iter_mut()
            .map(|(account, claims)| (account.clone(), std::mem::take(&mut claims.short)));
        short.filter(|(_, short)| *short > 0).collect()
    }

    /// Takes a claim. That there is none left is an answer only once no more are to be had; until then it is noted, and
    /// the plan goes on as if there were.
    fn take(&self, account: &str) -> Taken {
        let mut claims = self.claims();
        let claims = claims.entry(account.to_owned()).or_default();
        match claims.left.checked_sub(1) {
            Some(fewer) => {
                claims.left = fewer;
                Taken::Claimed
            }
            None if claims.are_spent => Taken::Refused,
            None => {
                claims.short += 1;
                Taken::Short
            }
        }
    }

    fn grant(&self, account: &str, granted: u64, wanted: u64) {
        let mut claims = self.claims();
        let claims = claims.entry(account.to_owned()).or_default();
        claims.left += granted;
        claims.are_spent |= granted < wanted;
    }

    fn claims(&self) -> MutexGuard<'_, BTreeMap<String, Claims>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, event: &Event, by: rebound_message::MessageHash) -> Option<Event> {
        let address = event.address.clone()?;
        let mut hold = Event::ruling(Ruling::Hold, by, address, self.now.max(event.at));
        hold.account.clone_from(&event.account);
        hold.list.clone_from(&event.list);
        hold.actor = Some(ACTOR.to_owned());
        hold.note = Some("more contacts than usual would have been suppressed on this day".to_owned());
        Some(hold)
    }
}

impl Repository {
    /// Claims what the units would suppress.
    pub(super) async fn watch(
        &self,
        breaker: Breaker,
        now: Moment,
        units: &[Unit<'_>],
        known: &Known,
        deadline: Instant,
    ) -> Result<Watch, Failure> {
        let mut watch = Watch {
            breaker,
            now,
            claims: Mutex::default(),
            holds: false,
        };
        for (account, forecast) in forecast(&self.policy, now, units, known) {
            let granted = self.claim(breaker, now, account, &forecast, deadline).await?;
            watch.holds |= granted < forecast.suppressions;
            watch.grant(account, granted, forecast.suppressions);
        }
        Ok(watch)
    }

    /// Claims what was not forecast.
    pub(super) async fn claim_more(
        &self,
        watch: &Watch,
        shortage: Vec<(String, u64)>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        for (account, suppressions) in shortage {
            let wanted = Forecast {
                heard_of: 0,
                suppressions,
            };
            let granted = self
                .claim(watch.breaker, watch.now, &account, &wanted, deadline)
                .await?;
            watch.grant(&account, granted, suppressions);
        }
        Ok(())
    }

    /// Gives back what was claimed and not used. When that fails, the breaker opens that much earlier.
    pub(super) async fn unwatch(&self, watch: Watch, deadline: Instant) {
        let claims = watch.claims.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (account, claims) in claims.into_iter().filter(|(_, claims)| claims.left > 0) {
            let unused = Counts {
                suppressed: -signed(claims.left),
                ..Counts::default()
            };
            let _ = self.count(&account, watch.now, unused, deadline).await;
        }
    }

    /// How many of the forecast suppressions are allowed.
    async fn claim(
        &self,
        breaker: Breaker,
        now: Moment,
        account: &str,
        forecast: &Forecast,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let wanted = forecast.suppressions;
        if wanted == 0 && forecast.heard_of == 0 {
            return Ok(0);
        }
        let counts = Counts {
            heard_of: signed(forecast.heard_of),
            suppressed: signed(wanted),
            held: 0,
        };
        let day = self.count(account, now, counts, deadline).await?;
        let before = u64::try_from(day.suppressed - signed(wanted)).unwrap_or_default();
        let limit = breaker.allows(u64::try_from(day.heard_of).unwrap_or_default());
        let granted = limit.saturating_sub(before).min(wanted);
        if granted < wanted {
            let held = signed(wanted - granted);
            let counts = Counts {
                heard_of: 0,
                suppressed: -held,
                held,
            };
            self.count(account, now, counts, deadline).await?;
        }
        Ok(granted)
    }

    /// Adds to the counts of an account and day, and says what they are then.
    async fn count(&self, account: &str, now: Moment, add: Counts, deadline: Instant) -> Result<Counts, Failure> {
        let text = |text: String| AttributeValue::S(text);
        let number = |number: i64| AttributeValue::N(number.to_string());
        let expires_at = now.timestamp().as_second() + COUNT_KEPT_DAYS * 24 * 60 * 60;
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.events)
            .key("message", text(format!("breaker#{account}#{}", now.day())))
            .key("recipient", text(NO_ADDRESS.to_owned()))
            .update_expression("SET expires_at = :expiry ADD heard_of :heard, suppressed :suppressed, held :held")
            .expression_attribute_values(":expiry", number(expires_at))
            .expression_attribute_values(":heard", number(add.heard_of))
            .expression_attribute_values(":suppressed", number(add.suppressed))
            .expression_attribute_values(":held", number(add.held))
            .return_values(ReturnValue::UpdatedNew);
        let answer = persist(Attempts::until(deadline), || request.clone().send()).await?;
        let counts = answer.attributes.unwrap_or_default();
        let read = |name: &str| {
            let digits = counts.get(name).and_then(|value| value.as_n().ok());
            digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
        };
        Ok(Counts {
            heard_of: read("heard_of"),
            suppressed: read("suppressed"),
            held: read("held"),
        })
    }
}

/// What is counted of an account's day.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    heard_of: i64,
    suppressed: i64,
    held: i64,
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The account whose mail an event is. What people decide by hand or import is nobody's mail: it is not watched.
fn watched_account(event: &Event) -> Option<&str> {
    event.kind.category().and(event.account.as_deref())
}

fn forecast<'u>(policy: &Policy, now: Moment, units: &[Unit<'u>], known: &Known) -> BTreeMap<&'u str, Forecast> {
    let today = now.day();
    let mut contacts: BTreeMap<&str, Contact> = BTreeMap::new();
    let mut heard_of = BTreeSet::new();
    let mut forecasts: BTreeMap<&str, Forecast> = BTreeMap::new();
    for event in units.iter().flat_map(|unit| &unit.events) {
        let (Some(address), Some(account)) = (&event.address, watched_account(event)) else {
            continue;
        };
        let forecast = forecasts.entry(account).or_default();
        let stored: Option<&Stored> = known.get(address.as_str());
        if stored.is_none_or(|stored| stored.heard_on.as_deref() != Some(&*today)) && heard_of.insert(address.as_str())
        {
            forecast.heard_of += 1;
        }
        let contact = contacts
            .entry(address.as_str())
            .or_insert_with(|| stored.map_or_else(|| Contact::new(address.clone()), |stored| stored.contact.clone()));
        if contact.apply(policy, event).suppressed.is_some() {
            forecast.suppressions += 1;
        }
    }
    forecasts
}
