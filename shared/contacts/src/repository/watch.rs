//! The circuit breaker at work: how much one account's mail, or one server's word, has suppressed on a day, and what it may
//! still.
//!
//! Counts are items of the events table whose keys no event has: `message` is `breaker#<account>#<day>` or
//! `server#<server>#<day>`, `recipient` is `-`. They have no `at`, so they are in no index. What a batch would suppress is
//! claimed before it is recorded, so writers side by side never exceed the limits together; what turns out not to be needed
//! is given back. A claim that is lost on the way makes the breaker open earlier, never later.
//!
//! An account's mail is held from its limit on. A server's is all held once it is too much, what had been let through
//! before as well: nobody proves what it says, so that much of it is most likely a flood of forgeries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use rebound_message::MessageHash;
use tokio::time::Instant;

use super::Repository;
use super::error::Failure;
use super::item::Stored;
use super::lanes::Unit;
use super::plan::Known;
use super::retry::{Attempts, persist};
use crate::address::{ContactAddress, NO_ADDRESS};
use crate::contact::{Change, Contact};
use crate::event::{Event, Ruling};
use crate::moment::Moment;
use crate::policy::{Breaker, Policy};
use crate::record::MessageRecord;

/// Nobody asks what was counted on a day so many days ago.
const COUNT_KEPT_DAYS: i64 = 30;

/// Who signs a hold.
const ACTOR: &str = "circuit breaker";

/// What watches a batch; shared by its lanes.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    now: Moment,
    /// How many contacts this batch may still suppress.
    claims: Mutex<BTreeMap<Scope, Claims>>,
    /// Whether it is known from the start that some of the batch will be held.
    holds: bool,
}

/// Which limits there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    breaker: Option<Breaker>,
    per_server: Option<u64>,
}

/// Whose suppressions are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// What comes in through this account.
    Account(String),
    /// What this server hands over without proof.
    Server(String),
}

/// What a batch has claimed for one scope.
#[derive(Clone, Debug, Default)]
struct Claims {
    /// How many contacts it may still suppress.
    left: u64,
    /// Whom else a plan would suppress: a contact that others have written meanwhile suppresses where it was not
    /// forecast to.
    short: BTreeSet<Target>,
    /// No more are to be had: what is beyond is held.
    are_spent: bool,
}

/// A message that suppresses a contact, and that contact's key.
type Target = (MessageHash, String);

/// What came of taking a claim.
enum Taken {
    Claimed,
    /// There is none left, but more may be had.
    Short,
    /// It is too much.
    Refused,
}

/// What a batch would do in one scope if nobody watched.
#[derive(Debug, Default, PartialEq, Eq)]
struct Forecast {
    /// Contacts that were not heard of on this day.
    heard_of: u64,
    /// What would newly suppress.
    suppressing: BTreeSet<Target>,
}

impl Limits {
    /// What this policy sets; `None` when it sets nothing.
    pub(super) fn of(policy: &Policy) -> Option<Self> {
        let per_server = u64::from(policy.trust.suppressions_per_server);
        let limits = Self {
            breaker: policy.breaker,
            per_server: (per_server > 0).then_some(per_server),
        };
        (limits.breaker.is_some() || limits.per_server.is_some()).then_some(limits)
    }

    /// Where an event is counted. What people decide by hand or import is nobody's mail: it is not watched.
    fn scopes<'e>(self, policy: &Policy, event: &'e Event) -> impl Iterator<Item = Scope> + use<'e> {
        let is_mail = event.kind.category().is_some();
        let account = event.account.clone().filter(|_| is_mail && self.breaker.is_some());
        let server = policy.trust.unproven_server(event);
        let server = server.filter(|_| is_mail && self.per_server.is_some());
        let server = server.map(|server| Scope::Server(server.to_owned()));
        account.map(Scope::Account).into_iter().chain(server)
    }
}

impl Scope {
    /// The key of its count on a day.
    fn key(&self, day: &str) -> String {
        match self {
            Self::Account(account) => format!("breaker#{account}#{day}"),
            Self::Server(server) => format!("server#{server}#{day}"),
        }
    }

    /// Why something of it is held.
    fn note(&self) -> String {
        match self {
            Self::Account(_) => "more contacts than usual would have been suppressed on this day".to_owned(),
            Self::Server(server) => {
                format!("{server} has handed over more unproven reports than usual on this day: they may be forged")
            }
        }
    }
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
    /// used, and what was ruled.
    pub(super) fn apply(
        &self,
        policy: &Policy,
        contact: &mut Contact,
        event: &Event,
    ) -> (Change, Vec<Scope>, Vec<Event>) {
        let was_held = contact.is_held_by_breaker();
        let mut change = contact.apply(policy, event);
        let Some(mut suppression) = change.suppressed else {
            return (change, Vec::new(), Vec::new());
        };
        let target = (suppression.by, contact.address.as_str().to_owned());
        let mut claimed = Vec::new();
        let mut refused = None;
        for scope in self.limits.scopes(policy, event) {
            match self.take(&scope, &target) {
                Taken::Claimed => claimed.push(scope),
                Taken::Short => {}
                Taken::Refused => {
                    refused = Some(scope);
                    break;
                }
            }
        }
        let Some(refused) = refused else {
            return (change, claimed, Vec::new());
        };
        self.give_back(&claimed);
        let mut rulings = Vec::new();
        // With one thing held, another may suppress: a second report that came while the first was held, for example.
        while let Some(hold) = self.hold(event, suppression.by, &refused) {
            contact.apply(policy, &hold);
            rulings.push(hold);
            match contact.suppression {
                Some(next) if next.by != suppression.by => suppression = next,
                _ => break,
            }
        }
        change.suppressed = None;
        change.held = contact.held.filter(|_| contact.is_held_by_breaker() && !was_held);
        change.let_go = was_held && !contact.is_held_by_breaker();
        (change, Vec::new(), rulings)
    }

    /// Gives back claims of a transaction that was not done.
    pub(super) fn give_back(&self, scopes: &[Scope]) {
        let mut claims = self.claims();
        for scope in scopes {
            claims.entry(scope.clone()).or_default().left += 1;
        }
    }

    /// What the plans since the last call were short of. Such a plan is not to be carried out.
    pub(super) fn shortage(&self) -> Vec<(Scope, BTreeSet<Target>)> {
        let mut claims = self.claims();
        let short = claims
            .iter_mut()
            .map(|(scope, claims)| (scope.clone(), std::mem::take(&mut claims.short)));
        short.filter(|(_, short)| !short.is_empty()).collect()
    }

    /// Takes a claim. That there is none left is an answer only once no more are to be had; until then it is noted, and
    /// the plan goes on as if there were.
    fn take(&self, scope: &Scope, target: &Target) -> Taken {
        let mut claims = self.claims();
        let claims = claims.entry(scope.clone()).or_default();
        match claims.left.checked_sub(1) {
            Some(fewer) => {
                claims.left = fewer;
                Taken::Claimed
            }
            None if claims.are_spent => Taken::Refused,
            None => {
                claims.short.insert(target.clone());
                Taken::Short
            }
        }
    }

    fn grant(&self, scope: Scope, granted: u64, wanted: u64) {
        let mut claims = self.claims();
        let claims = claims.entry(scope).or_default();
        claims.left += granted;
        claims.are_spent |= granted < wanted;
    }

    fn claims(&self) -> MutexGuard<'_, BTreeMap<Scope, Claims>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, event: &Event, by: MessageHash, scope: &Scope) -> Option<Event> {
        let address = event.address.clone()?;
        let mut hold = held_by_breaker(by, address, self.now.max(event.at), scope);
        hold.account.clone_from(&event.account);
        hold.list.clone_from(&event.list);
        Some(hold)
    }
}

fn held_by_breaker(by: MessageHash, address: ContactAddress, at: Moment, scope: &Scope) -> Event {
    Event {
        actor: Some(ACTOR.to_owned()),
        note: Some(scope.note()),
        ..Event::ruling(Ruling::Hold, by, address, at)
    }
}

impl Repository {
    /// Claims what the units would suppress.
    pub(super) async fn watch(
        &self,
        limits: Limits,
        now: Moment,
        units: &[Unit<'_>],
        known: &Known,
        deadline: Instant,
    ) -> Result<Watch, Failure> {
        let mut watch = Watch {
            limits,
            now,
            claims: Mutex::default(),
            holds: false,
        };
        for (scope, forecast) in forecast(&self.policy, limits, now, units, known) {
            let wanted = unsigned(forecast.suppressing.len());
            let granted = self.claim(limits, now, &scope, &forecast, deadline).await?;
            watch.holds |= granted < wanted;
            watch.grant(scope, granted, wanted);
        }
        Ok(watch)
    }

    /// Claims what was not forecast.
    pub(super) async fn claim_more(
        &self,
        watch: &Watch,
        shortage: Vec<(Scope, BTreeSet<Target>)>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        for (scope, suppressing) in shortage {
            let wanted = unsigned(suppressing.len());
            let forecast = Forecast {
                heard_of: 0,
                suppressing,
            };
            let granted = self.claim(watch.limits, watch.now, &scope, &forecast, deadline).await?;
            watch.grant(scope, granted, wanted);
        }
        Ok(())
    }

    /// Gives back what was claimed and not used. When that fails, the breaker opens that much earlier.
    pub(super) async fn unwatch(&self, watch: Watch, deadline: Instant) {
        let claims = watch.claims.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (scope, claims) in claims.into_iter().filter(|(_, claims)| claims.left > 0) {
            let unused = Counts {
                suppressed: -signed(claims.left),
                ..Counts::default()
            };
            let _ = self.count(&scope, watch.now, unused, &BTreeSet::new(), deadline).await;
        }
    }

    /// How many of the forecast suppressions are allowed.
    async fn claim(
        &self,
        limits: Limits,
        now: Moment,
        scope: &Scope,
        forecast: &Forecast,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let wanted = unsigned(forecast.suppressing.len());
        match (scope, limits) {
            (
                Scope::Account(_),
                Limits {
                    breaker: Some(breaker), ..
                },
            ) if wanted > 0 || forecast.heard_of > 0 => {
                self.claim_of_account(breaker, now, scope, (forecast.heard_of, wanted), deadline)
                    .await
            }
            (
                Scope::Server(_),
                Limits {
                    per_server: Some(limit),
                    ..
                },
            ) if wanted > 0 => {
                self.claim_of_server(limit, now, scope, &forecast.suppressing, deadline)
                    .await
            }
            _ => Ok(wanted),
        }
    }

    async fn claim_of_account(
        &self,
        breaker: Breaker,
        now: Moment,
        scope: &Scope,
        (heard_of, wanted): (u64, u64),
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let nobody = BTreeSet::new();
        let counts = Counts {
            heard_of: signed(heard_of),
            suppressed: signed(wanted),
            held: 0,
        };
        let (day, _) = self.count(scope, now, counts, &nobody, deadline).await?;
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
            self.count(scope, now, counts, &nobody, deadline).await?;
        }
        Ok(granted)
    }

    /// All or nothing; where it is nothing, what was let through before is held as well.
    async fn claim_of_server(
        &self,
        limit: u64,
        now: Moment,
        scope: &Scope,
        suppressing: &BTreeSet<Target>,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let wanted = unsigned(suppressing.len());
        let counts = Counts {
            suppressed: signed(wanted),
            ..Counts::default()
        };
        let (day, let_through) = self.count(scope, now, counts, suppressing, deadline).await?;
        if u64::try_from(day.suppressed).unwrap_or_default() <= limit {
            return Ok(wanted);
        }
        // Those of this batch are held as they are recorded.
        let earlier = let_through.difference(suppressing).cloned().collect();
        self.take_back(now, scope, &earlier).await?;
        self.forget(now, scope, &let_through, deadline).await?;
        Ok(0)
    }

    /// Holds what was let through.
    async fn take_back(&self, now: Moment, scope: &Scope, let_through: &BTreeSet<Target>) -> Result<(), Failure> {
        let mut holds = Vec::with_capacity(let_through.len());
        for (message, recipient) in let_through {
            let Ok(address) = recipient.parse::<ContactAddress>() else {
                continue;
            };
            let hold = held_by_breaker(*message, address, now, scope);
            holds.extend(MessageRecord::new(vec![hold]));
        }
        for recorded in Box::pin(self.record(&holds)).await {
            recorded.map_err(|error| error.failure)?;
        }
        Ok(())
    }

    /// Takes those that are held out of the list of those that were let through.
    async fn forget(
        &self,
        now: Moment,
        scope: &Scope,
        let_through: &BTreeSet<Target>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        if let_through.is_empty() {
            return Ok(());
        }
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.events)
            .key("message", AttributeValue::S(scope.key(&now.day())))
            .key("recipient", AttributeValue::S(NO_ADDRESS.to_owned()))
            .update_expression("DELETE let_through :held")
            .expression_attribute_values(":held", targets(let_through));
        persist(Attempts::until(deadline), || request.clone().send()).await?;
        Ok(())
    }

    /// Adds to the counts of a scope and day, and says what they are then, and who has been let through.
    async fn count(
        &self,
        scope: &Scope,
        now: Moment,
        add: Counts,
        let_through: &BTreeSet<Target>,
        deadline: Instant,
    ) -> Result<(Counts, BTreeSet<Target>), Failure> {
        let text = |text: String| AttributeValue::S(text);
        let number = |number: i64| AttributeValue::N(number.to_string());
        let expires_at = now.timestamp().as_second() + COUNT_KEPT_DAYS * 24 * 60 * 60;
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.events)
            .key("message", text(scope.key(&now.day())))
            .key("recipient", text(NO_ADDRESS.to_owned()))
            .expression_attribute_values(":expiry", number(expires_at))
            .expression_attribute_values(":heard", number(add.heard_of))
            .expression_attribute_values(":suppressed", number(add.suppressed))
            .expression_attribute_values(":held", number(add.held))
            .return_values(ReturnValue::UpdatedNew);
        let counts = "SET expires_at = :expiry ADD heard_of :heard, suppressed :suppressed, held :held";
        request = if let_through.is_empty() {
            request.update_expression(counts)
        } else {
            request
                .update_expression(format!("{counts}, let_through :through"))
                .expression_attribute_values(":through", targets(let_through))
        };
        let answer = persist(Attempts::until(deadline), || request.clone().send()).await?;
        let counts = answer.attributes.unwrap_or_default();
        let read = |name: &str| {
            let digits = counts.get(name).and_then(|value| value.as_n().ok());
            digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
        };
        let through = counts.get("let_through").and_then(|value| value.as_ss().ok());
        let through = through.into_iter().flatten().filter_map(|target| {
            let (message, recipient) = target.split_once(' ')?;
            Some((message.parse().ok()?, recipient.to_owned()))
        });
        let numbers = Counts {
            heard_of: read("heard_of"),
            suppressed: read("suppressed"),
            held: read("held"),
        };
        Ok((numbers, through.collect()))
    }
}

/// As they are written down.
fn targets(targets: &BTreeSet<Target>) -> AttributeValue {
    let target = |(message, recipient): &Target| format!("{message} {recipient}");
    AttributeValue::Ss(targets.iter().map(target).collect())
}

/// What is counted of a scope's day.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    heard_of: i64,
    suppressed: i64,
    held: i64,
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn forecast(
    policy: &Policy,
    limits: Limits,
    now: Moment,
    units: &[Unit<'_>],
    known: &Known,
) -> BTreeMap<Scope, Forecast> {
    let today = now.day();
    let mut contacts: BTreeMap<&str, Contact> = BTreeMap::new();
    let mut heard_of = BTreeSet::new();
    let mut forecasts: BTreeMap<Scope, Forecast> = BTreeMap::new();
    for event in units.iter().flat_map(|unit| &unit.events) {
        let Some(address) = &event.address else { continue };
        let scopes: Vec<Scope> = limits.scopes(policy, event).collect();
        if scopes.is_empty() {
            continue;
        }
        let stored: Option<&Stored> = known.get(address.as_str());
        let is_news = stored.is_none_or(|stored| stored.heard_on.as_deref() != Some(&*today))
            && heard_of.insert(address.as_str());
        let contact = contacts
            .entry(address.as_str())
            .or_insert_with(|| stored.map_or_else(|| Contact::new(address.clone()), |stored| stored.contact.clone()));
        let suppressed = contact.apply(policy, event).suppressed;
        for scope in scopes {
            let forecast = forecasts.entry(scope).or_default();
            forecast.heard_of += u64::from(is_news);
            forecast
                .suppressing
                .extend(suppressed.map(|suppression| (suppression.by, address.as_str().to_owned())));
        }
    }
    forecasts
}
