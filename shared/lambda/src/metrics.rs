//! What is counted, and how CloudWatch learns of it.
//!
//! A function prints what it counted in a call as lines of JSON in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>):
//! metrics cost no request that way, and a line is found in the log beside those it sums up. Every metric is told by
//! `service` and `stage`, and some of them again by account or category; each of these is a line of its own, since a line has
//! one value for each name. No line ever holds an address.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "rebound";

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The function that judges.
    Classifier,
    /// The function that fetches.
    Fetcher,
    /// The function that makes reports.
    Reporter,
}

/// What is counted; all of it in pieces (CloudWatch's unit `Count`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Messages recorded for the first time; also by category and account. A message that says different things
    /// about different recipients is one message in each of these categories.
    Messages,
    /// Messages that had been recorded before, and so change nothing.
    Duplicates,
    /// New messages that nobody can make sense of.
    Unrecognised,
    /// Contacts that were mailed until now and are not any more.
    Suppressed,
    /// Suppressions that the circuit breaker holds back; also by account.
    Held,
    /// Contacts of whom something came that would have silenced them, were it sure that it is not forged; also by account.
    Unproven,
    /// Records that have to be delivered again.
    Failures,
    /// One for each schedule's event that was dealt with.
    Heartbeat,
    /// Jobs queued by a schedule's event.
    Queued,
    /// Messages that were not in the archive before; also by account.
    Fetched,
    /// Jobs that ended in an error, or were left alone because of an earlier one; also by account.
    AccountErrors,
    /// Messages still in the mailbox when a run stopped; also by account.
    Left,
    /// Messages that are longer than allowed and stay in the mailbox.
    Oversized,
    /// Reports that were written.
    Reports,
    /// Events that are counted in reports.
    EventsReported,
    /// Contacts on the lists of the suppressed.
    SuppressionsListed,
}

/// What a metric is told by, beside `service` and `stage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// The account that the mail came in through.
    Account,
    /// What a message is.
    Category,
}

impl Service {
    /// Its name, as the dimension `service` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Fetcher => "fetcher",
            Self::Reporter => "reporter",
        }
    }
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Messages,
        Self::Duplicates,
        Self::Unrecognised,
        Self::Suppressed,
        Self::Held,
        Self::Unproven,
        Self::Failures,
        Self::Heartbeat,
        Self::Queued,
        Self::Fetched,
        Self::AccountErrors,
        Self::Left,
        Self::Oversized,
        Self::Reports,
        Self::EventsReported,
        Self::SuppressionsListed,
    ];

    /// Its name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Duplicates => "Duplicates",
            Self::Unrecognised => "Unrecognised",
            Self::Suppressed => "Suppressed",
            Self::Held => "Held",
            Self::Unproven => "Unproven",
            Self::Failures => "Failures",
            Self::Heartbeat => "Heartbeat",
            Self::Queued => "Queued",
            Self::Fetched => "Fetched",
            Self::AccountErrors => "AccountErrors",
            Self::Left => "Left",
            Self::Oversized => "Oversized",
            Self::Reports => "Reports",
            Self::EventsReported => "EventsReported",
            Self::SuppressionsListed => "SuppressionsListed",
        }
    }

    /// Who counts it.
    pub const fn service(self) -> Service {
        match self {
            Self::Messages
            | Self::Duplicates
            | Self::Unrecognised
            | Self::Suppressed
            | Self::Held
            | Self::Unproven
            | Self::Failures => Service::Classifier,
            Self::Heartbeat | Self::Queued | Self::Fetched | Self::AccountErrors | Self::Left | Self::Oversized => {
                Service::Fetcher
            }
            Self::Reports | Self::EventsReported | Self::SuppressionsListed => Service::Reporter,
        }
    }

    /// By what it is told, each for itself, beside `service` and `stage`.
    pub const fn also_by(self) -> &'static [Dimension] {
        match self {
            Self::Messages => &[Dimension::Account, Dimension::Category],
            Self::Held | Self::Unproven | Self::Fetched | Self::AccountErrors | Self::Left => &[Dimension::Account],
            Self::Duplicates
            | Self::Unrecognised
            | Self::Suppressed
            | Self::Failures
            | Self::Heartbeat
            | Self::Queued
            | Self::Oversized
            | Self::Reports
            | Self::EventsReported
            | Self::SuppressionsListed => &[],
        }
    }
}

impl Dimension {
    /// Its name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Category => "category",
        }
    }
}

/// The names of all metrics.
pub fn names() -> [&'static str; Metric::ALL.len()] {
    Metric::ALL.map(Metric::name)
}

/// What was counted in one call. A count of zero is told as well: it is what ends an alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    all: BTreeMap<Metric, u64>,
    by: BTreeMap<(Dimension, String), BTreeMap<Metric, u64>>,
}

impl Counts {
    /// Adds so many to what is counted of all.
    pub fn add(&mut self, metric: Metric, count: u64) {
        *self.all.entry(metric).or_default() += count;
    }

    /// Adds so many to what is counted of one account or category; to what is counted of all, [`add`](Self::add) does. What
    /// the metric is not told by is passed over.
    pub fn add_by(&mut self, metric: Metric, dimension: Dimension, value: &str, count: u64) {
        if metric.also_by().contains(&dimension) {
            let counts = self.by.entry((dimension, value.to_owned())).or_default();
            *counts.entry(metric).or_default() += count;
        }
    }

    /// How many were counted of all.
    pub fn of(&self, metric: Metric) -> u64 {
        self.all.get(&metric).copied().unwrap_or_default()
    }

    /// The same, for one account or category.
    pub fn of_one(&self, metric: Metric, dimension: Dimension, value: &str) -> u64 {
        let counts = self.by.get(&(dimension, value.to_owned()));
        counts
            .and_then(|counts| counts.get(&metric))
            .copied()
            .unwrap_or_default()
    }

    /// The lines that tell CloudWatch, each a document in the embedded metric format; none when nothing was counted.
    pub fn lines(&self, service: Service, stage: &str, now: Timestamp) -> Vec<String> {
        let common = [("service", service.name()), ("stage", stage)];
        let whole = (!self.all.is_empty()).then(|| line(&common, &self.all, now));
        let parts = self.by.iter().map(|((dimension, value), counts)| {
            let [first, second] = common;
            line(&[first, second, (dimension.name(), value)], counts, now)
        });
        whole.into_iter().chain(parts).collect()
    }
}

fn line(dimensions: &[(&str, &str)], counts: &BTreeMap<Metric, u64>, now: Timestamp) -> String {
    let names: Vec<_> = dimensions.iter().map(|(name, _)| name).collect();
    let units: Vec<_> = counts
        .keys()
        .map(|metric| json!({"Name": metric.name(), "Unit": "Count"}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": units}],
        }),
    );
    for (name, value) in dimensions {
        line.insert((*name).to_owned(), json!(value));
    }
    for (metric, count) in counts {
        line.insert(metric.name().to_owned(), json!(count));
    }
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A metric's name, its dimensions, and its value.
    type Understood = (String, Vec<(String, String)>, u64);

    /// What CloudWatch makes of a line: the values of its metrics, under the dimensions it names.
    fn understood(line: &str) -> Vec<Understood> {
        let line: Value = serde_json::from_str(line).unwrap();
        let mut found = Vec::new();
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], "rebound");
            for set in directive["Dimensions"].as_array().unwrap() {
                let dimension = |name: &Value| {
                    let name = name.as_str().unwrap();
                    (name.to_owned(), line[name].as_str().unwrap().to_owned())
                };
                let dimensions: Vec<_> = set.as_array().unwrap().iter().map(dimension).collect();
                for metric in directive["Metrics"].as_array().unwrap() {
                    assert_eq!(metric["Unit"], "Count");
                    let name = metric["Name"].as_str().unwrap();
                    found.push((name.to_owned(), dimensions.clone(), line[name].as_u64().unwrap()));
                }
            }
        }
        found
    }

    fn dimensions(all: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        all.iter().map(own).collect()
    }

    #[test]
    fn cloudwatch_is_told_every_count_once_under_its_dimensions() {
        let mut counts = Counts::default();
        counts.add(Metric::Messages, 3);
        counts.add(Metric::Failures, 0);
        counts.add_by(Metric::Messages, Dimension::Category, "hard-bounce", 2);
        counts.add_by(Metric::Messages, Dimension::Category, "hard-bounce", 1);
        counts.add_by(Metric::Messages, Dimension::Account, "news", 3);
        counts.add_by(Metric::Held, Dimension::Account, "news", 1);
        counts.add_by(Metric::Failures, Dimension::Account, "news", 9);
        let now = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
        let lines = counts.lines(Service::Classifier, "prod", now);
        let all = [("service", "classifier"), ("stage", "prod")];
        let [service, stage] = all;
        let news = [service, stage, ("account", "news")];
        let hard = [service, stage, ("category", "hard-bounce")];
        let understood: Vec<_> = lines.iter().flat_map(|line| understood(line)).collect();
        assert_eq!(
            understood,
            [
                ("Messages".to_owned(), dimensions(&all), 3),
                ("Failures".to_owned(), dimensions(&all), 0),
                ("Messages".to_owned(), dimensions(&news), 3),
                ("Held".to_owned(), dimensions(&news), 1),
                ("Messages".to_owned(), dimensions(&hard), 3),
            ]
        );
        assert!(lines.iter().all(|line| line.contains("\"Timestamp\":1790000000123")));
        assert!(lines.iter().all(|line| !line.contains('\n')));
    }

    #[test]
    fn nothing_counted_is_nothing_told() {
        let lines = Counts::default().lines(Service::Fetcher, "local", Timestamp::UNIX_EPOCH);
        assert!(lines.is_empty());
    }

    #[test]
    fn every_metric_has_a_name_of_its_own() {
        let mut names = names().to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
        assert!(names.iter().all(|name| !name.is_empty()));
    }
}
