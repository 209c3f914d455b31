//! The user's own rules in the bucket of archived messages, kept fresh.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use jiff::{SignedDuration, Timestamp};
use rebound_classify::Classifier;
use rebound_classify::reason::{RuleErrors, RuleSet, Rules};
use tokio::sync::Mutex;

/// Where a user puts the rules.
pub const RULES_KEY: &str = "config/rules.toml";

/// How long rules are used before they are asked for again: what a user changes is in force after a minute, and that costs
/// one request a minute.
const LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// A longer file is no file of rules; [`RuleSet::parse`] refuses it too, but has it in memory by then.
const MAX_BYTES: i64 = 1 << 20;

/// The rules at `config/rules.toml` of a bucket, compiled. Cheap to clone; all clones share what was read.
///
/// A file is taken or refused as a whole: after a bad one, the rules before it stay in force, and the log says what is
/// wrong in which line. Without a file, and until the first good one, the built-in rules judge alone.
#[derive(Clone, Debug)]
pub struct UserRules {
    client: Client,
    bucket: Arc<str>,
    current: Arc<Mutex<Current>>,
}

#[derive(Debug)]
struct Current {
    classifier: Arc<Classifier>,
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

impl UserRules {
    /// The rules in `bucket`, as `client` reaches it. Nothing is read yet.
    pub fn new(client: Client, bucket: &str) -> Self {
        let current = Current {
            classifier: Arc::new(Classifier::new()),
            etag: None,
            asked_at: None,
        };
        Self {
            client,
            bucket: bucket.into(),
            current: Arc::new(Mutex::new(current)),
        }
    }

    /// A classifier with the rules in force at `now`. Reads them when they were read more than a minute ago; when that
    /// fails, those known stay in force.
    pub async fn classifier(&self, now: Timestamp) -> Arc<Classifier> {
        let mut current = self.current.lock().await;
        let is_fresh = |asked_at: Timestamp| now.duration_since(asked_at) < LIFETIME;
        if !current.asked_at.is_some_and(is_fresh) {
            current.asked_at = Some(now);
            match self.ask(current.etag.as_deref()).await {
                Ok(answer) => current.take(answer),
                Err(reason) => tracing::error!(
                    key = RULES_KEY,
                    reason,
                    "rules could not be read; those known stay in force"
                ),
            }
        }
        Arc::clone(&current.classifier)
    }

    async fn ask(&self, known: Option<&str>) -> Result<Answer, String> {
        let request = self.client.get_object().bucket(&*self.bucket).key(RULES_KEY);
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

impl Current {
    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Unchanged => {}
            Answer::Absent => {
                if self.etag.take().is_some() {
                    tracing::info!(key = RULES_KEY, "rules were taken away; the built-in ones judge alone");
                    self.classifier = Arc::new(Classifier::new());
                }
            }
            Answer::File { etag, .. } if etag.is_some() && etag == self.etag => {}
            Answer::File { etag, text } => {
                self.etag = etag;
                match compile(&text) {
                    Ok(classifier) => {
                        let version = classifier.rules().version().to_owned();
                        tracing::info!(key = RULES_KEY, rules.version = version, "rules are in force");
                        self.classifier = Arc::new(classifier);
                    }
                    Err(errors) => {
                        for fault in &errors.faults {
                            tracing::error!(
                                key = RULES_KEY,
                                line = fault.line,
                                rule = fault.rule,
                                reason = fault.reason,
                                "rules were refused as a whole; those before them stay in force"
                            );
                        }
                    }
                }
            }
        }
    }
}

fn compile(text: &str) -> Result<Classifier, RuleErrors> {
    let set = RuleSet::parse(text, RULES_KEY)?;
    Ok(Classifier::new().with_rules(Rules::with_user_rules(&[set])?))
}
