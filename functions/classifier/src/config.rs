//! Files in the bucket of archived messages that a user may change at any time, kept fresh.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use jiff::{SignedDuration, Timestamp};
use rebound_classify::Classifier;
use rebound_classify::reason::{RuleErrors, RuleSet, Rules};
use rebound_contacts::{Policy, PolicyErrors};
use tokio::sync::Mutex;

/// Where a user puts rules of their own.
pub const RULES_KEY: &str = "config/rules.toml";

/// Where a user puts the policy.
pub const POLICY_KEY: &str = "config/policy.toml";

/// How long a file is used before it is asked for again: what a user changes is in force after a minute, and that costs
/// one request a minute.
const LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// A longer file is no such file; whoever reads its text refuses it too, but has it in memory by then.
const MAX_BYTES: i64 = 1 << 20;

/// The user's own rules at `config/rules.toml` of a bucket, compiled. Cheap to clone; all clones share what was read.
///
/// A file is taken or refused as a whole: after a bad one, the rules before it stay in force, and the log says what is
/// wrong in which line. Without a file, and until the first good one, the built-in rules judge alone.
#[derive(Clone, Debug)]
pub struct UserRules(ConfigFile<Classifier>);

/// The policy at `config/policy.toml` of a bucket. Cheap to clone; all clones share what was read.
///
/// A file is taken or refused as a whole: after a bad one, the policy before it stays in force, and the log says what is
/// wrong in which line. Without a file the built-in policy is in force.
#[derive(Clone, Debug)]
pub struct UserPolicy(ConfigFile<Policy>);

/// There is a policy, but none that can be followed: it could not be read, or it is wrong and no earlier one is known.
///
/// Nothing is judged by a policy that the user did not want: whoever is suppressed by it is not mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy {POLICY_KEY} can't be followed and none before it is known; the log says why")]
pub struct NoPolicy;

impl UserRules {
    /// The rules in `bucket`, as `client` reaches it. Nothing is read yet.
    pub fn new(client: Client, bucket: &str) -> Self {
        Self(ConfigFile::new(client, bucket, RULES_KEY))
    }

    /// A classifier with the rules in force at `now`. Reads them when they were read more than a minute ago; when that
    /// fails, those known stay in force.
    pub async fn classifier(&self, now: Timestamp) -> Arc<Classifier> {
        self.0.value(now).await.unwrap_or_default()
    }
}

impl UserPolicy {
    /// The policy in `bucket`, as `client` reaches it. Nothing is read yet.
    pub fn new(client: Client, bucket: &str) -> Self {
        Self(ConfigFile::new(client, bucket, POLICY_KEY))
    }

    /// The policy in force at `now`. Reads it when it was read more than a minute ago; when that fails, the one known
    /// stays in force.
    pub async fn policy(&self, now: Timestamp) -> Result<Arc<Policy>, NoPolicy> {
        self.0.value(now).await.ok_or(NoPolicy)
    }
}

/// What a file says.
trait Config: Default + Sized {
    /// Reads its text; every fault with its line.
    fn read(text: &str, key: &str) -> Result<Self, Vec<Fault>>;
}

/// One thing wrong with a file.
struct Fault {
    line: usize,
    reason: String,
}

impl Config for Classifier {
    fn read(text: &str, key: &str) -> Result<Self, Vec<Fault>> {
        let compile = || -> Result<_, RuleErrors> { Rules::with_user_rules(&[RuleSet::parse(text, key)?]) };
        let faults = |errors: RuleErrors| errors.faults.into_iter().map(Fault::from).collect();
        compile().map(|rules| Self::new().with_rules(rules)).map_err(faults)
    }
}

impl Config for Policy {
    fn read(text: &str, key: &str) -> Result<Self, Vec<Fault>> {
        let fault = |fault: rebound_contacts::PolicyFault| Fault {
            line: fault.line,
            reason: fault.reason,
        };
        let faults = |errors: PolicyErrors| errors.faults.into_iter().map(fault).collect();
        Self::parse(text, key).map_err(faults)
    }
}

impl From<rebound_classify::reason::Fault> for Fault {
    fn from(fault: rebound_classify::reason::Fault) -> Self {
        let rule = fault.rule.map(|rule| format!("rule {rule}: ")).unwrap_or_default();
        Self {
            line: fault.line,
            reason: format!("{rule}{}", fault.reason),
        }
    }
}

/// A file of a bucket and what it says.
#[derive(Debug)]
struct ConfigFile<T> {
    client: Client,
    bucket: Arc<str>,
    key: &'static str,
    current: Arc<Mutex<Current<T>>>,
}

#[derive(Debug)]
struct Current<T> {
    /// What the last good file said, or that there is none; `None` until either is known.
    value: Option<Arc<T>>,
    /// Of the file that was read last, good or bad.
    etag: Option<String>,
    asked_at: Option<Timestamp>,
}

/// What the bucket answers.
enum Answer {
    Unchanged,
    Absent,
    File { etag: Option<String>, text: String },
}

impl<T> Clone for ConfigFile<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            bucket: Arc::clone(&self.bucket),
            key: self.key,
            current: Arc::clone(&self.current),
        }
    }
}

impl<T: Config> ConfigFile<T> {
    fn new(client: Client, bucket: &str, key: &'static str) -> Self {
        let current = Current {
            value: None,
            etag: None,
            asked_at: None,
        };
        Self {
            client,
            bucket: bucket.into(),
            key,
            current: Arc::new(Mutex::new(current)),
        }
    }

    async fn value(&self, now: Timestamp) -> Option<Arc<T>> {
        let mut current = self.current.lock().await;
        let is_fresh = |asked_at: Timestamp| now.duration_since(asked_at) < LIFETIME;
        if !(current.value.is_some() && current.asked_at.is_some_and(is_fresh)) {
            current.asked_at = Some(now);
            match self.ask(current.etag.as_deref()).await {
                Ok(answer) => current.take(answer, self.key),
                Err(reason) => tracing::error!(
                    key = self.key,
                    reason,
                    "file could not be read; what is known stays in force"
                ),
            }
        }
        current.value.clone()
    }

    async fn ask(&self, known: Option<&str>) -> Result<Answer, String> {
        let request = self.client.get_object().bucket(&*self.bucket).key(self.key);
        match request.set_if_none_match(known.map(str::to_owned)).send().await {
            Ok(file) => read(file).await,
            Err(error) => match error.raw_response().map(|answer| answer.status().as_u16()) {
                Some(304) => Ok(Answer::Unchanged),
                Some(404) => Ok(Answer::Absent),
                _ => Err(DisplayErrorContext(error).to_string()),
            },
        }
    }
}

async fn read(file: GetObjectOutput) -> Result<Answer, String> {
    if file.content_length().is_none_or(|length| length > MAX_BYTES) {
        return Err(format!("the file is longer than {MAX_BYTES} bytes"));
    }
    let etag = file.e_tag().map(str::to_owned);
    let bytes = file
        .body
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .into_bytes();
    let text = String::from_utf8(bytes.into()).map_err(|error| error.to_string())?;
    Ok(Answer::File { etag, text })
}

impl<T: Config> Current<T> {
    fn take(&mut self, answer: Answer, key: &str) {
        match answer {
            Answer::Unchanged => {}
            Answer::Absent => {
                if self.etag.take().is_some() {
                    tracing::info!(key, "file was taken away; what is built in is in force");
                    self.value = None;
                }
                self.value.get_or_insert_default();
            }
            Answer::File { etag, .. } if etag.is_some() && etag == self.etag => {}
            Answer::File { etag, text } => {
                self.etag = etag;
                match T::read(&text, key) {
                    Ok(value) => {
                        tracing::info!(key, "file is in force");
                        self.value = Some(Arc::new(value));
                    }
                    Err(faults) => {
                        for Fault { line, reason } in faults {
                            tracing::error!(
                                key,
                                line,
                                reason,
                                "file was refused as a whole; what is known stays in force"
                            );
                        }
                    }
                }
            }
        }
    }
}
