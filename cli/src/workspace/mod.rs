//! The stores of this machine, and the functions that work on them.

mod policy;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rebound_accounts::Accounts;
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_archive::Archive;
use rebound_classifier::Function;
use rebound_classify::Classifier;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{AccountFetcher, Clock, over_the_network};
use rebound_local::{LocalStack, NotificationQueue, SECRETS_FOLDER};

use crate::clock;

pub(crate) use policy::PolicyFile;

/// How the names of the tables begin, as the deployed ones' do.
const TABLE_PREFIX: &str = "rebound-";

/// Everything the commands work on, in one folder.
pub(crate) struct Workspace {
    stack: LocalStack,
    archive: Archive,
    contacts: Repository,
    rules: Arc<Classifier>,
    classifier: Function,
    mailboxes: Mailboxes,
    notifications: NotificationQueue,
}

impl Workspace {
    /// Opens the folder, making it when it is not there. One command at a time may have it open.
    pub(crate) async fn open(data: &Path) -> Result<Self> {
        Self::open_with(data, Classifier::new()).await
    }

    /// The same, judging with this classifier.
    pub(crate) async fn open_with(data: &Path, classifier: Classifier) -> Result<Self> {
        let mut workspace = Box::pin(Self::open_whatever_policy(data)).await?;
        let policy = Arc::new(workspace.policy_file().policy().await?);
        workspace.contacts = workspace.contacts.with_policy(policy);
        workspace.rules = Arc::new(classifier);
        workspace.classifier = Function::new(
            workspace.archive.clone(),
            Arc::clone(&workspace.rules),
            workspace.contacts.clone(),
        );
        Ok(workspace)
    }

    /// The same, with the built-in policy, whatever is in force: for whoever is about to change that.
    pub(crate) async fn open_whatever_policy(data: &Path) -> Result<Self> {
        // On the heap: opening is done once, and no command's future should be as large as all that it takes.
        let stack = Box::pin(LocalStack::open(data))
            .await
            .with_context(|| format!("opening {}", data.display()))?;
        let tables = Tables::with_prefix(TABLE_PREFIX);
        Box::pin(tables.ensure(&stack.dynamodb()))
            .await
            .context("preparing the tables")?;
        let archive = Archive::new(stack.s3(), stack.bucket());
        let contacts = Repository::new(&stack.dynamodb(), tables, Arc::new(Policy::default()));
        let rules = Arc::new(Classifier::new());
        let classifier = Function::new(archive.clone(), Arc::clone(&rules), contacts.clone());
        let mailboxes = Mailboxes::new(&stack.dynamodb(), TABLE_PREFIX);
        Box::pin(mailboxes.ensure()).await.context("preparing the tables")?;
        let notifications = stack.notifications();
        Ok(Self {
            stack,
            archive,
            contacts,
            rules,
            classifier,
            mailboxes,
            notifications,
        })
    }

    /// The raw messages.
    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Contacts and events.
    pub(crate) fn contacts(&self) -> &Repository {
        &self.contacts
    }

    /// The policy in force, as a file.
    pub(crate) fn policy_file(&self) -> PolicyFile {
        PolicyFile::of(&self.stack)
    }

    /// The classifier function over these stores.
    pub(crate) fn classifier(&self) -> &Function {
        &self.classifier
    }

    /// What fetches accounts' mailboxes into these stores.
    pub(crate) fn fetcher(&self) -> AccountFetcher<Archive> {
        let store = AccountStore::new(self.stack.secrets_manager(), DEFAULT_PREFIX)
            .with_files(self.stack.folder().join(SECRETS_FOLDER));
        AccountFetcher::new(
            Accounts::new(store),
            self.archive.clone(),
            self.mailboxes.clone(),
            Arc::clone(&self.rules),
            over_the_network(),
            Clock::new(clock::now),
        )
    }

    /// What the archive has announced and the classifier has not yet dealt with.
    pub(crate) fn notifications(&self) -> &NotificationQueue {
        &self.notifications
    }

    /// Ends everything in good order.
    pub(crate) async fn close(self) -> Result<()> {
        self.stack.close().await.context("closing the local stores")
    }
}
