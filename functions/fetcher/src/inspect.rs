//! Looking at a mailbox without changing anything: whether it can be opened, what folders there are, and what a fetch
//! would do.

use std::sync::Arc;

use rebound_classify::{Action, Category, Classifier, Reason, Report};
use rebound_mailbox::server::{After, Delivery, ErrorKind, Listed, Listing, MailboxError, Step};
use serde::Serialize;

use crate::budget::unwind;
use crate::mailbox::{Worker, called};
use crate::{Attempt, Errand, Opener};

/// How far one comes on the way to an open folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// Whether the folder could be opened.
    pub ok: bool,
    /// Each step that was tried; the last one has failed unless all is well.
    pub steps: Vec<TestedStep>,
    /// What may be done about the step that failed, where that is known.
    pub hint: Option<String>,
}

/// One step on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestedStep {
    /// What was tried: `logging in`.
    pub step: String,
    /// Whether it went well.
    pub ok: bool,
    /// What is known about it, or what went wrong.
    pub detail: Option<String>,
    /// What kind of trouble it is, as a stable word.
    pub kind: Option<&'static str>,
}

/// A folder and its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FolderCounts {
    /// Its name.
    pub name: String,
    /// Whether it can hold messages at all.
    pub selectable: bool,
    /// How many messages are in it, where the server says.
    pub messages: Option<u64>,
    /// How many of them nobody has read, where the server says.
    pub unread: Option<u64>,
}

/// What a message of the mailbox is, and what would happen to it and to its contacts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Previewed {
    /// What the server calls it: `UID 17`.
    pub message: String,
    /// Its size in bytes, as the server says.
    pub bytes: u64,
    /// What it is; `None` when it was not fetched, because it is too long, was removed meanwhile, or is
    /// not given out.
    pub category: Option<Category>,
    /// Whom it is about, and what the default policy would do.
    pub recipients: Vec<PreviewedRecipient>,
    /// The subject of the message that came back, where it was returned.
    pub original_subject: Option<String>,
    /// What would become of it on the server: `keep`, `delete`, `move to FOLDER`, `mark as read`.
    pub then: String,
}

/// What a message says about one recipient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewedRecipient {
    /// The contact.
    pub address: Option<String>,
    /// What it means for the contact.
    pub category: Category,
    /// Why.
    pub reason: Reason,
    /// What the default policy does about it.
    pub action: Action,
    /// The receiving server's own words.
    pub diagnostic: Option<String>,
}

/// Opens the mailbox and says how far that went.
pub async fn test(opener: &dyn Opener) -> Tested {
    match open(opener).await {
        Ok(worker) => {
            let steps = Step::TO_A_FOLDER
                .into_iter()
                .filter(|step| *step != Step::Tls || worker.connection.tls.is_some())
                .map(|step| TestedStep {
                    step: step.to_string(),
                    ok: true,
                    detail: detail(&worker, step),
                    kind: None,
                })
                .collect();
            let _ = worker.close().await;
            Tested {
                ok: true,
                steps,
                hint: None,
            }
        }
        Err(error) => Tested {
            ok: false,
            steps: steps_until(&error),
            hint: error.hint,
        },
    }
}

/// The account's folders.
pub async fn folders(opener: &dyn Opener) -> Result<Vec<FolderCounts>, MailboxError> {
    let worker = open(opener).await?;
    let folders = worker.folders().await?;
    let _ = worker.close().await;
    Ok(folders
        .into_iter()
        .map(|folder| FolderCounts {
            name: folder.name.to_string(),
            selectable: folder.selectable,
            messages: folder.messages,
            unread: folder.unread,
        })
        .collect())
}

/// What the newest `count` messages of the mailbox are, the newest last, and what a fetch would do about them. Whether
/// they have been fetched before makes no difference.
pub async fn preview(
    opener: &dyn Opener,
    errand: &Errand,
    classifier: &Arc<Classifier>,
    count: usize,
) -> Result<Vec<Previewed>, MailboxError> {
    let worker = open(opener).await?;
    let listing = Listing {
        after: None,
        only_unread: errand.only_unread,
    };
    let mut listed = worker.list(listing).await?;
    let newest = listed.split_off(listed.len().saturating_sub(count));
    let (mut deliveries, end) = worker.fetch(newest.clone(), Box::new(|| false));
    let mut newest = newest.into_iter();
    let mut previewed = Vec::with_capacity(newest.len());
    while let Some(delivery) = deliveries.recv().await {
        let (message, bytes) = match delivery {
            Delivery::Message { message, bytes } => (message, Some(bytes)),
            Delivery::TooLong(listed) => (listed.message, None),
            Delivery::Gone(message) | Delivery::Refused { message, .. } => (message, None),
        };
        let Some(listed) = newest.find(|listed| listed.message == message) else {
            continue;
        };
        let report = match bytes {
            Some(bytes) => {
                let classifier = Arc::clone(classifier);
                Some(unwind(
                    tokio::task::spawn_blocking(move || classifier.classify(&bytes)).await,
                ))
            }
            None => None,
        };
        previewed.push(told(&listed, report, errand));
    }
    end.await?;
    let _ = worker.close().await;
    Ok(previewed)
}

async fn open(opener: &dyn Opener) -> Result<Worker, MailboxError> {
    let first = match opener.prepare(Attempt::First).await? {
        Some(opening) => Worker::open(opening).await,
        None => Err(nothing_to_try()),
    };
    let Err(error) = first else { return first };
    if error.kind != ErrorKind::Credentials {
        return Err(error);
    }
    // What is remembered may be out of date.
    match opener.prepare(Attempt::Refused).await? {
        Some(opening) => Worker::open(opening).await,
        None => Err(error),
    }
}

fn nothing_to_try() -> MailboxError {
    MailboxError::new(Step::Login, ErrorKind::Credentials, "there is nothing to log in with")
}

fn steps_until(error: &MailboxError) -> Vec<TestedStep> {
    let before = Step::TO_A_FOLDER
        .into_iter()
        .filter(|step| *step < error.step)
        .map(|step| TestedStep {
            step: step.to_string(),
            ok: true,
            detail: None,
            kind: None,
        });
    let failed = TestedStep {
        step: error.step.to_string(),
        ok: false,
        detail: Some(error.reason.clone()),
        kind: Some(error.kind.as_str()),
    };
    before.chain([failed]).collect()
}

/// What there is to say about a step that went well.
fn detail(worker: &Worker, step: Step) -> Option<String> {
    match step {
        Step::Connect => Some(worker.connection.peer.to_string()),
        Step::Tls => worker.connection.tls.clone(),
        Step::Greeting => Some(worker.connection.greeting.clone()),
        Step::Login => Some(worker.connection.capabilities.join(" ")),
        Step::Folder => Some(format!("{}: {} messages", worker.folder.name, worker.folder.messages)),
        _ => None,
    }
}

fn told(listed: &Listed, report: Option<Report>, errand: &Errand) -> Previewed {
    let then = match report.as_ref().map(|report| report.category) {
        Some(Category::Unrecognised) => &errand.after_others,
        Some(_) => &errand.after,
        None => &After::Keep,
    };
    let recipients = report.as_ref().map(|report| report.recipients.as_slice());
    Previewed {
        message: called(&listed.message),
        bytes: listed.bytes,
        category: report.as_ref().map(|report| report.category),
        recipients: recipients
            .unwrap_or_default()
            .iter()
            .map(|verdict| PreviewedRecipient {
                address: verdict.address.as_ref().map(ToString::to_string),
                category: verdict.category,
                reason: verdict.reason,
                action: verdict.action,
                diagnostic: verdict.diagnostic.clone(),
            })
            .collect(),
        then: match then {
            After::Keep => "keep".to_owned(),
            After::Delete => "delete".to_owned(),
            After::Move(folder) => format!("move to {folder}"),
            After::Seen => "mark as read".to_owned(),
        },
        original_subject: report.and_then(|report| report.original.subject),
    }
}
