//! Looking into a mailbox without changing anything there: whether it opens, its folders, what its messages are.

use std::ops::ControlFlow;

use anyhow::Result;
use rebound_accounts::store::AccountStore;
use rebound_accounts::{AccountName, AccountSettings, Accounts};
use rebound_classify::{Category, Classifier, Report};
use rebound_mailbox::server::{
    After, Delivery, ErrorKind, Listed, Listing, MailboxError, MessageRef, OpenFolder, Probe, Session, Step, probe,
};
use serde::Serialize;

use super::list::after;
use super::open::{Door, blocking, place};
use crate::args::RowFormat;
use crate::complaints::{Complaints, say};
use crate::outcome::Outcome;
use crate::output::print_rows;
use crate::progress::Progress;

/// Tries every step on the way to an open folder, and says how far it comes.
pub(super) async fn test(store: AccountStore, name: &AccountName, format: RowFormat) -> Result<Outcome> {
    let accounts = Accounts::new(store);
    let settings = accounts.store().settings(name).await?;
    let tried = Box::pin(try_all(&accounts, Door::find(&accounts, name))).await;
    let rows = match &tried.error {
        Some(error) => tried.rows_until(error),
        None => tried.rows(&settings),
    };
    print_rows(&rows, format, ["STEP", "", "DETAIL"], |row| {
        [
            row.step.as_str(),
            if row.ok { "ok" } else { "FAILED" },
            row.detail.as_deref().unwrap_or_default(),
        ]
    })?;
    let Some(error) = tried.error else {
        say("note", format!("account {name} can be fetched from"));
        return Ok(Outcome::Done);
    };
    let mut complaints = Complaints::default();
    complaints.failure(format!("account {name}: {error}"));
    error.hint.iter().for_each(|hint| say("hint", hint));
    Ok(complaints.outcome())
}

/// Prints the account's folders with their counts.
pub(super) async fn folders(store: AccountStore, name: &AccountName, format: RowFormat) -> Result<Outcome> {
    let accounts = Accounts::new(store);
    let door = Door::find(&accounts, name).await?;
    let mut session = door.open(&accounts).await?;
    let folders = blocking(move || {
        let folders = session.folders()?;
        let _ = session.close();
        Ok(folders)
    })
    .await?;
    let rows: Vec<FolderRow> = folders
        .into_iter()
        .map(|folder| FolderRow {
            fetched: folder.name == door.ready.settings.folder,
            folder: folder.name.to_string(),
            selectable: folder.selectable,
            messages: folder.messages,
            unread: folder.unread,
            counts: [folder.messages, folder.unread]
                .map(|count| count.map(|count| count.to_string()).unwrap_or_default()),
        })
        .collect();
    print_rows(&rows, format, ["FOLDER", "MESSAGES", "UNREAD", ""], |row| {
        let [messages, unread] = &row.counts;
        let note = match (row.selectable, row.fetched) {
            (false, _) => "holds no messages",
            (true, true) => "fetched",
            (true, false) => "",
        };
        [row.folder.as_str(), messages, unread, note]
    })?;
    Ok(Outcome::Done)
}

/// Prints what the newest messages are and what a fetch would do, without doing it.
pub(super) async fn preview(
    store: AccountStore,
    name: &AccountName,
    count: usize,
    format: RowFormat,
) -> Result<Outcome> {
    let accounts = Accounts::new(store);
    let door = Door::find(&accounts, name).await?;
    let session = door.open(&accounts).await?;
    let settings = door.ready.settings.clone();
    let progress = Progress::start(u64::try_from(count).ok());
    let (folder, rows) = blocking(move || peek(session, &settings, count, &progress)).await?;
    let headings = [
        "MESSAGE",
        "CATEGORY",
        "REASON",
        "CONTACT",
        "WOULD",
        "ON THE SERVER",
        "WORDS",
    ];
    print_rows(&rows, format, headings, |row| {
        [
            row.message.as_str(),
            row.category.unwrap_or("not fetched"),
            row.reason.unwrap_or_default(),
            row.address.as_deref().unwrap_or_default(),
            row.action.unwrap_or_default(),
            row.on_the_server.as_str(),
            row.diagnostic.as_deref().or(row.subject.as_deref()).unwrap_or_default(),
        ]
    })?;
    say(
        "note",
        format!(
            "looked at the newest messages of {} in {}, which holds {}; nothing was changed, there or here",
            folder.name,
            place(&door.server),
            folder.messages
        ),
    );
    Ok(Outcome::Done)
}

/// What came of trying.
struct Tried {
    /// What the server said before anybody logged in.
    probe: Option<Probe>,
    folder: Option<OpenFolder>,
    error: Option<MailboxError>,
}

/// Tries every step, and says in a line what came of it. Nothing is said on the way.
pub(in crate::commands) async fn reach(store: AccountStore, name: &AccountName) -> Result<String, MailboxError> {
    let accounts = Accounts::new(store);
    let tried = Box::pin(try_all(&accounts, Door::find_silently(&accounts, name))).await;
    match tried {
        Tried { error: Some(error), .. } => Err(error),
        Tried {
            folder: Some(folder), ..
        } => Ok(format!("{}, {} messages", folder.name, folder.messages)),
        Tried { .. } => Ok("can be logged in to".to_owned()),
    }
}

async fn try_all(accounts: &Accounts, door: impl Future<Output = Result<Door>>) -> Tried {
    let mut tried = Tried {
        probe: None,
        folder: None,
        error: None,
    };
    if let Err(error) = try_steps(accounts, door, &mut tried).await {
        tried.error = Some(error);
    }
    tried
}

async fn try_steps(
    accounts: &Accounts,
    door: impl Future<Output = Result<Door>>,
    tried: &mut Tried,
) -> Result<(), MailboxError> {
    let door = door.await.map_err(of_mailbox)?;
    let (server, limits) = (door.server.clone(), door.ready.settings.limits());
    let probed = blocking(move || probe(&server, &limits)).await?;
    let doubt = probed.doubt.clone();
    tried.probe = Some(probed);
    if let Some(doubt) = doubt {
        return Err(doubt);
    }
    let session = door.open(accounts).await?;
    tried.folder = Some(session.folder().clone());
    // Whatever the server says to that, everything was tried.
    let _ = blocking(move || session.close()).await;
    Ok(())
}

/// What kept the mailbox shut; settings that are wrong were told before.
fn of_mailbox(error: anyhow::Error) -> MailboxError {
    error
        .downcast()
        .unwrap_or_else(|error| MailboxError::new(Step::Resolve, ErrorKind::Unsupported, format!("{error:#}")))
}

impl Tried {
    fn rows(&self, settings: &AccountSettings) -> Vec<StepRow> {
        Step::TO_A_FOLDER
            .into_iter()
            .filter_map(|step| {
                let detail = self.detail(step, settings)?;
                Some(StepRow::ok(step, Some(detail).filter(|detail| !detail.is_empty())))
            })
            .collect()
    }

    /// What there is to say about a step that went well; `None` when there was no such step.
    fn detail(&self, step: Step, settings: &AccountSettings) -> Option<String> {
        let connection = self.probe.as_ref().map(|probe| &probe.connection);
        Some(match step {
            Step::Resolve => settings.host.clone(),
            Step::Connect => connection?.peer.to_string(),
            Step::Tls => self.security()?,
            Step::Greeting => connection?.greeting.clone(),
            Step::Login => format!("as {}", settings.user),
            Step::Folder => {
                let folder = self.folder.as_ref()?;
                format!("{}, {} messages", folder.name, folder.messages)
            }
            _ => return None,
        })
    }

    fn security(&self) -> Option<String> {
        let probe = self.probe.as_ref()?;
        let tls = probe.connection.tls.clone()?;
        Some(match &probe.certificate {
            Some(certificate) => format!("{tls}; {certificate}"),
            None => tls,
        })
    }

    fn rows_until(&self, error: &MailboxError) -> Vec<StepRow> {
        let connection = self.probe.as_ref().map(|probe| &probe.connection);
        let before = Step::TO_A_FOLDER
            .into_iter()
            .filter(|step| *step < error.step)
            .map(|step| {
                let detail = match step {
                    Step::Connect => connection.map(|connection| connection.peer.to_string()),
                    Step::Tls => self.security(),
                    Step::Greeting => connection.map(|connection| connection.greeting.clone()),
                    _ => None,
                };
                StepRow::ok(step, detail)
            });
        let failed = StepRow {
            step: error.step.to_string(),
            ok: false,
            detail: Some(error.reason.clone()),
            kind: Some(error.kind.as_str()),
            hint: error.hint.clone(),
        };
        before.chain([failed]).collect()
    }
}

#[derive(Debug, Serialize)]
struct StepRow {
    step: String,
    ok: bool,
    detail: Option<String>,
    /// What kind of trouble it is, as a stable word.
    kind: Option<&'static str>,
    hint: Option<String>,
}

impl StepRow {
    fn ok(step: Step, detail: Option<String>) -> Self {
        Self {
            step: step.to_string(),
            ok: true,
            detail,
            kind: None,
            hint: None,
        }
    }
}

#[derive(Debug, Serialize)]
struct FolderRow {
    folder: String,
    selectable: bool,
    messages: Option<u64>,
    unread: Option<u64>,
    /// Whether it is the one that the account names.
    fetched: bool,
    #[serde(skip)]
    counts: [String; 2],
}

/// One recipient that a message speaks of, or a message that speaks of none.
#[derive(Debug, Serialize)]
struct PreviewRow {
    message: String,
    bytes: u64,
    /// `None` when it was not fetched: too long, removed meanwhile, or not given out.
    category: Option<&'static str>,
    reason: Option<&'static str>,
    address: Option<String>,
    /// What would happen to the contact.
    action: Option<&'static str>,
    /// What would become of the message there.
    on_the_server: String,
    diagnostic: Option<String>,
    /// The subject of the message that came back.
    subject: Option<String>,
}

/// Fetches the newest `count` messages without a trace, and judges them.
fn peek(
    mut session: Box<dyn Session>,
    settings: &AccountSettings,
    count: usize,
    progress: &Progress,
) -> Result<(OpenFolder, Vec<PreviewRow>), MailboxError> {
    let mut listed = session.list(&Listing {
        after: None,
        only_unread: settings.only_unread,
    })?;
    let newest = listed.split_off(listed.len().saturating_sub(count));
    let classifier = Classifier::new();
    let mut rows = Vec::new();
    session.fetch(&newest, &mut |delivery| {
        progress.advance(1);
        let (message, report) = match &delivery {
            Delivery::Message { message, bytes, .. } => (message, Some(classifier.classify(bytes))),
            Delivery::TooLong(listed) => (&listed.message, None),
            Delivery::Gone(message) | Delivery::Refused { message, .. } => (message, None),
        };
        if let Some(listed) = newest.iter().find(|listed| listed.message == *message) {
            rows.extend(told(listed, report, settings));
        }
        ControlFlow::Continue(())
    })?;
    let folder = session.folder().clone();
    let _ = session.close();
    Ok((folder, rows))
}

fn told(listed: &Listed, report: Option<Report>, settings: &AccountSettings) -> Vec<PreviewRow> {
    let then = match report.as_ref().map(|report| report.category) {
        Some(Category::Unrecognised) => &settings.after_others,
        Some(_) => &settings.after,
        None => &After::Keep,
    };
    let row = PreviewRow {
        message: called(&listed.message),
        bytes: listed.bytes,
        category: report.as_ref().map(|report| report.category.as_str()),
        reason: None,
        address: None,
        action: None,
        on_the_server: after(then),
        diagnostic: None,
        subject: report.as_ref().and_then(|report| report.original.subject.clone()),
    };
    let Some(report) = report.filter(|report| !report.recipients.is_empty()) else {
        return vec![row];
    };
    report
        .recipients
        .into_iter()
        .map(|verdict| PreviewRow {
            message: row.message.clone(),
            category: Some(verdict.category.as_str()),
            reason: Some(verdict.reason.as_str()),
            address: verdict.address.as_ref().map(ToString::to_string),
            action: Some(verdict.action.as_str()),
            on_the_server: row.on_the_server.clone(),
            diagnostic: verdict.diagnostic,
            subject: row.subject.clone(),
            ..row
        })
        .collect()
}

fn called(message: &MessageRef) -> String {
    match message {
        MessageRef::Uid(uid) => uid.0.to_string(),
        MessageRef::Uidl { uidl, .. } => uidl.as_str().to_owned(),
    }
}
