//! The stores that commands work on, and the functions that work on them.

mod policy;
mod stack;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_accounts::{Accounts, DEFAULT_RETURN_PATH_KEYS, ReturnPathKeys};
use rebound_archive::Archive;
use rebound_classifier::{Function, UserRules};
use rebound_classify::Classifier;
use rebound_contacts::Policy;
use rebound_contacts::repository::{Repository, Tables};
use rebound_fetcher::mailboxes::Mailboxes;
use rebound_fetcher::{AccountFetcher, Clock, over_the_network};
use rebound_local::{LocalStack, NotificationQueue, RETURN_PATH_KEYS_FILE, SECRETS_FOLDER};

use crate::clock;
use crate::complaints::step;
use crate::place::Place;
pub(crate) use policy::{PolicyFile, text_at};
pub(crate) use stack::Stack;

/// How the names of the tables on this machine begin.
pub(crate) const TABLE_PREFIX: &str = "rebound-";

/// Everything the commands work on, in one place.
pub(crate) struct Workspace {
    stores: Stores,
    archive: Archive,
    contacts: Repository,
    rules: Arc<Classifier>,
    classifier: Function,
    return_path_keys: ReturnPathKeys,
    mailboxes: Mailboxes,
}

/// Clients for the stores of a place, and what things are called there.
struct Stores {
    s3: aws_sdk_s3::Client,
    bucket: String,
    dynamodb: aws_sdk_dynamodb::Client,
    table_prefix: String,
    accounts: AccountStore,
    /// What answers the clients, where that is in this process.
    embedded: Option<LocalStack>,
}

impl Workspace {
    /// Opens a place: a folder, which is made when it is not there and which one command at a time may have open, or a
    /// stack.
    pub(crate) async fn open(place: &Place) -> Result<Self> {
        Self::open_with(place, None).await
    }

    /// The same, judging with this classifier instead of the one of the place.
    pub(crate) async fn open_with(place: &Place, classifier: Option<Classifier>) -> Result<Self> {
        let mut workspace = Box::pin(Self::open_whatever_policy(place)).await?;
        step("reading the policy in force");
        let policy = Arc::new(workspace.policy_file().policy().await?);
        workspace.contacts = workspace.contacts.with_policy(policy);
        let rules_in_bucket = classifier.is_none();
        workspace.rules = Arc::new(classifier.unwrap_or_default());
        workspace.classifier = Function::new(
            workspace.archive.clone(),
            Arc::clone(&workspace.rules),
            workspace.contacts.clone(),
        )
        .with_return_path_keys(workspace.return_path_keys.clone());
        if rules_in_bucket {
            let rules = UserRules::new(workspace.stores.s3.clone(), &workspace.stores.bucket);
            workspace.classifier = workspace.classifier.with_rules(rules);
        }
        Ok(workspace)
    }

    /// The same, with the built-in policy, whatever is in force: for whoever is about to change that.
    pub(crate) async fn open_whatever_policy(place: &Place) -> Result<Self> {
        // On the heap: opening is done once, and no command's future should be as large as all that it takes.
        step(format!("opening {place}"));
        let (stores, return_path_keys) = match place {
            Place::Folder(folder) => (Box::pin(Stores::embedded(folder)).await?, return_path_keys_in(folder)),
            Place::Stack(stack) => {
                let stack = Box::pin(Stack::find(stack)).await?;
                (stack.stores()?, stack.return_path_keys())
            }
        };
        let tables = Tables::with_prefix(&stores.table_prefix);
        let mailboxes = Mailboxes::new(&stores.dynamodb, &stores.table_prefix);
        let archive = Archive::new(stores.s3.clone(), &stores.bucket);
        let contacts = Repository::new(&stores.dynamodb, tables, Arc::new(Policy::default()));
        let rules = Arc::new(Classifier::new());
        let classifier = Function::new(archive.clone(), Arc::clone(&rules), contacts.clone());
        Ok(Self {
            stores,
            archive,
            contacts,
            rules,
            classifier,
            return_path_keys,
            mailboxes,
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
        PolicyFile::new(self.stores.s3.clone(), self.stores.bucket.clone())
    }

    /// The bucket of everything that is no table: a client, and what it is called.
    pub(crate) fn bucket(&self) -> (&aws_sdk_s3::Client, &str) {
        (&self.stores.s3, &self.stores.bucket)
    }

    /// The tables: a client, and how their names begin.
    pub(crate) fn tables(&self) -> (&aws_sdk_dynamodb::Client, &str) {
        (&self.stores.dynamodb, &self.stores.table_prefix)
    }

    /// The accounts' settings.
    pub(crate) fn accounts(&self) -> &AccountStore {
        &self.stores.accounts
    }

    /// What is remembered of mailboxes between two runs.
    pub(crate) fn mailboxes(&self) -> &Mailboxes {
        &self.mailboxes
    }

    /// The stores in this process, where they are.
    pub(crate) fn embedded(&self) -> Option<&LocalStack> {
        self.stores.embedded.as_ref()
    }

    /// The classifier function over these stores.
    pub(crate) fn classifier(&self) -> &Function {
        &self.classifier
    }

    /// What fetches accounts' mailboxes into these stores.
    pub(crate) fn fetcher(&self) -> AccountFetcher<Archive> {
        AccountFetcher::new(
            Accounts::new(self.stores.accounts.clone()),
            self.archive.clone(),
            self.mailboxes.clone(),
            Arc::clone(&self.rules),
            over_the_network(),
            Clock::new(clock::now),
        )
    }

    /// What the archive has announced and the classifier has not yet dealt with, where that [is to be done
    /// here](Self::judges_here).
    pub(crate) fn notifications(&self) -> Option<NotificationQueue> {
        self.stores.embedded.as_ref().map(LocalStack::notifications)
    }

    /// Whether what is archived is judged by this process; a stack does that by itself.
    pub(crate) fn judges_here(&self) -> bool {
        self.stores.embedded.is_some()
    }

    /// Ends everything in good order.
    pub(crate) async fn close(self) -> Result<()> {
        match self.stores.embedded {
            Some(embedded) => {
                step("closing the local stores");
                embedded.close().await.context("closing the local stores")
            }
            None => Ok(()),
        }
    }
}

/// The accounts of a place. In a folder their files are replaced as a whole, so a command that runs beside is no trouble.
pub(crate) async fn accounts(place: &Place) -> Result<AccountStore> {
    match place {
        Place::Folder(folder) => Ok(accounts_in(folder)),
        Place::Stack(stack) => Box::pin(Stack::find(stack)).await?.accounts(),
    }
}

/// The keys of signed return addresses of a place; in a folder a file that is replaced as a whole, like the accounts'.
pub(crate) async fn return_path_keys(place: &Place) -> Result<ReturnPathKeys> {
    match place {
        Place::Folder(folder) => Ok(return_path_keys_in(folder)),
        Place::Stack(stack) => Ok(Box::pin(Stack::find(stack)).await?.return_path_keys()),
    }
}

/// The same for a folder.
pub(crate) fn return_path_keys_in(folder: &Path) -> ReturnPathKeys {
    let client = rebound_local::secrets_manager(folder);
    ReturnPathKeys::new(client, DEFAULT_RETURN_PATH_KEYS).in_file(folder.join(RETURN_PATH_KEYS_FILE))
}

fn accounts_in(folder: &Path) -> AccountStore {
    AccountStore::new(rebound_local::secrets_manager(folder), DEFAULT_PREFIX).with_files(folder.join(SECRETS_FOLDER))
}

/// Opens the stores in a folder, with their tables; on AWS the template makes those.
pub(crate) async fn embedded_stores(folder: &Path) -> Result<LocalStack> {
    let stack = Box::pin(LocalStack::open(folder))
        .await
        .with_context(|| format!("opening {}", folder.display()))?;
    let client = stack.dynamodb();
    Box::pin(Tables::with_prefix(TABLE_PREFIX).ensure(&client))
        .await
        .context("preparing the tables")?;
    Box::pin(Mailboxes::new(&client, TABLE_PREFIX).ensure())
        .await
        .context("preparing the tables")?;
    Ok(stack)
}

impl Stores {
    async fn embedded(folder: &Path) -> Result<Self> {
        let stack = embedded_stores(folder).await?;
        Ok(Self {
            s3: stack.s3(),
            bucket: stack.bucket().to_owned(),
            dynamodb: stack.dynamodb(),
            table_prefix: TABLE_PREFIX.to_owned(),
            accounts: accounts_in(folder),
            embedded: Some(stack),
        })
    }
}
