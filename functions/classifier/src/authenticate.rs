//! How far a message can be believed: what is asked for that, and of whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rebound_accounts::ReturnPathKeys;
use rebound_archive::ArchivedMessage;
use rebound_authenticity::dkim::{self, Proof, Question};
use rebound_authenticity::{Context, Settings, judge, received_at};
use rebound_classify::{Address, Classifier, Report, returned_original};
use rebound_contacts::repository::{Failure, ReadError, Repository};
use rebound_contacts::{Finding, MessageId, Moment, SentMessage, Trust};
use rebound_verp::{Keys, Reading, Refusal};

use crate::dns::Dns;
use crate::handler::JudgeError;

/// Where keys come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeySources {
    /// Those that return addresses are signed with; without it no address is looked at.
    pub(crate) return_paths: Option<ReturnPathKeys>,
    /// Those of DKIM.
    pub(crate) dns: Dns,
}

/// Finds out how far messages can be believed, in one invocation.
pub(crate) struct Authenticator {
    keys: Arc<Keys>,
    sources: KeySources,
    now: Timestamp,
}

/// A message that was judged, and how it came in.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) message: &'a ArchivedMessage,
    pub(crate) account: &'a str,
    pub(crate) report: &'a Report,
}

impl Authenticator {
    /// With the keys in force at `now`.
    pub(crate) async fn new(sources: KeySources, now: Timestamp) -> Result<Self, JudgeError> {
        let keys = match &sources.return_paths {
            Some(keys) => keys.keys(now).await?,
            None => Arc::default(),
        };
        Ok(Self { keys, sources, now })
    }

    /// What is found of a report's recipients, in their order.
    pub(crate) async fn findings(
        &self,
        arrival: Arrival<'_>,
        classifier: &Classifier,
        contacts: &Repository,
    ) -> Result<Vec<Finding>, JudgeError> {
        let Arrival {
            message,
            account,
            report,
        } = arrival;
        if report.recipients.is_empty() {
            return Ok(Vec::new());
        }
        let trust = &contacts.policy().trust;
        let fetched_at = message.metadata.fetched_at.unwrap_or(self.now).as_second();
        let own_list = message.metadata.list.as_ref().map(ToString::to_string);
        let settings = settings(trust, account, own_list);
        let keys = self.keys_for(report).await?;
        let ledger = self.ledger(trust, report, contacts).await?;
        let dkim = self.dkim(trust, &settings, arrival, classifier, fetched_at).await;
        let context = Context {
            settings: &settings,
            keys: &keys,
            ledger: &ledger,
            dkim: dkim.as_ref(),
            fetched_at,
        };
        Ok(judge(report, &context))
    }

    /// The keys, read again where the report names one that is not known: it may have been made a moment ago.
    async fn keys_for(&self, report: &Report) -> Result<Arc<Keys>, JudgeError> {
        let shown = &report.provenance;
        let mut addresses = shown
            .delivered_to
            .iter()
            .chain(&shown.returned_path)
            .chain(&shown.unsubscribe);
        let is_unknown = |address: &Address| {
            let reading = self.keys.read(address.as_str());
            matches!(reading, Reading::Refused(Refusal::UnknownKey { .. }))
        };
        match &self.sources.return_paths {
            Some(keys) if addresses.any(is_unknown) => Ok(keys.newest(self.now).await?),
            _ => Ok(Arc::clone(&self.keys)),
        }
    }

    /// What the sent ledger says of the message that came back, if it is kept.
    async fn ledger(&self, trust: &Trust, report: &Report, contacts: &Repository) -> Result<SentMessage, ReadError> {
        let id = report.original.message_id.as_deref().filter(|_| trust.ledger);
        match id.and_then(|id| id.parse::<MessageId>().ok()) {
            Some(id) => match contacts.sent_message(&id, Moment::from(self.now)).await {
                // Whoever sends writes these items; asking again makes none of them better.
                Err(error) if matches!(error.failure, Failure::Miswritten { .. }) => {
                    tracing::warn!(%error, "an item of the sent ledger is not as it should be; it proves nothing");
                    Ok(SentMessage::Unknown)
                }
                answer => answer,
            },
            None => Ok(SentMessage::Unknown),
        }
    }

    /// What the signature of the message that came back proves, if keys are to be had.
    async fn dkim(
        &self,
        trust: &Trust,
        settings: &Settings,
        arrival: Arrival<'_>,
        classifier: &Classifier,
        fetched_at: i64,
    ) -> Option<Proof> {
        if settings.domains.is_empty() || trust.dkim_keys.is_empty() && !trust.dkim_dns {
            return None;
        }
        let returned = returned_original(&arrival.message.bytes)?;
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for name in dkim::keys_wanted(&returned.raw, &settings.domains) {
            let record = match trust.dkim_keys.get(&name) {
                Some(record) => Some(record.clone()),
                None if trust.dkim_dns => self.sources.dns.txt(&name).await,
                None => None,
            };
            found.extend(record.map(|record| (name, record)));
        }
        let question = Question {
            domains: &settings.domains,
            contact_fields: classifier.contact_fields(),
            at: received_at(arrival.report, fetched_at),
        };
        dkim::prove(&returned.raw, &question, |name| found.get(name).cloned()).ok()
    }
}

/// What holds for the mail of an account, whose own list this is.
fn settings(trust: &Trust, account: &str, own_list: Option<String>) -> Settings {
    let others = trust.of_account(account).map(|account| account.lists.iter().cloned());
    Settings {
        domains: trust.domains.iter().cloned().collect(),
        lists: own_list.into_iter().chain(others.into_iter().flatten()).collect(),
        return_path: trust.return_path.clone(),
        return_path_days: trust.return_path_days,
        unsubscribe_days: trust.unsubscribe_days,
        report_days: trust.max_age_days,
    }
}
