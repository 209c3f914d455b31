//! Where the documents of accounts are kept: Secrets Manager, one secret each.

mod error;

use std::path::PathBuf;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

pub(crate) use error::Trouble;
pub use error::{Operation, StoreError};

use crate::{AccountName, AccountSettings, Document};

/// How the secrets of accounts are called unless a deployment says otherwise: `rebound/accounts/news`.
pub const DEFAULT_PREFIX: &str = "rebound/accounts/";

/// The documents of accounts in Secrets Manager. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccountStore {
    client: Client,
    prefix: String,
    files: Option<PathBuf>,
}

impl AccountStore {
    /// The documents in the secrets whose names begin with `prefix`.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
            files: None,
        }
    }

    /// The same store, on a machine where documents may name files; their paths are seen from `folder`.
    #[must_use]
    pub fn with_files(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            files: Some(folder.into()),
            ..self
        }
    }

    /// Every account, sorted. A secret below the prefix that no account can be called after is none, and is logged.
    pub async fn names(&self) -> Result<Vec<AccountName>, StoreError> {
        let filter = Filter::builder()
            .key(FilterNameStringType::Name)
            .values(&self.prefix)
            .build();
        let mut pages = self.client.list_secrets().filters(filter).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(None, Operation::List, &error))?;
            for secret in page.secret_list() {
                // The filter also finds what begins alike in other letters.
                let Some(rest) = secret.name().and_then(|name| name.strip_prefix(self.prefix.as_str())) else {
                    continue;
                };
                match rest.parse() {
                    Ok(name) => names.push(name),
                    Err(error) => tracing::warn!(secret.name = secret.name(), "skipped a secret: {error}"),
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The document of an account.
    pub async fn document(&self, account: &AccountName) -> Result<Document, StoreError> {
        let answer = self.client.get_secret_value().secret_id(self.secret(account));
        let answer = answer
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(Some(account), Operation::Read, &error))?;
        let text = answer.secret_string().ok_or_else(|| StoreError::Binary {
            account: account.clone(),
        })?;
        Ok(Document::parse(account.clone(), text)?)
    }

    /// The settings in the document of an account.
    pub async fn settings(&self, account: &AccountName) -> Result<AccountSettings, StoreError> {
        self.settings_of(&self.document(account).await?)
    }

    /// The settings in a document, as they would be once it is stored here.
    pub fn settings_of(&self, document: &Document) -> Result<AccountSettings, StoreError> {
        Ok(match &self.files {
            Some(folder) => document.settings_beside(folder),
            None => document.settings(),
        }?)
    }

    /// Stores the document of a new account.
    pub async fn create(&self, document: &Document) -> Result<(), StoreError> {
        let account = document.account();
        let request = self.client.create_secret().name(self.secret(account));
        request
            .secret_string(document.reveal())
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(Some(account), Operation::Create, &error))?;
        Ok(())
    }

    /// Stores the changed document of an account.
    pub async fn replace(&self, document: &Document) -> Result<(), StoreError> {
        let account = document.account();
        let request = self.client.put_secret_value().secret_id(self.secret(account));
        request
            .secret_string(document.reveal())
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(Some(account), Operation::Replace, &error))?;
        Ok(())
    }

    /// Removes the document of an account, for good.
    pub async fn remove(&self, account: &AccountName) -> Result<(), StoreError> {
        // Removing what is not there would be answered with success.
        let id = self.secret(account);
        let known = self.client.describe_secret().secret_id(&id).send().await;
        known.map_err(|error| StoreError::from_sdk(Some(account), Operation::Read, &error))?;
        let request = self.client.delete_secret().secret_id(id);
        request
            .force_delete_without_recovery(true)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(Some(account), Operation::Remove, &error))?;
        Ok(())
    }

    /// Where the document of an account is kept, for a person: a file on a machine where documents are files, else a
    /// secret.
    pub fn location(&self, account: &AccountName) -> String {
        match &self.files {
            Some(folder) => folder.join(format!("{account}.toml")).display().to_string(),
            None => format!("secret {}", self.secret(account)),
        }
    }

    fn secret(&self, account: &AccountName) -> String {
        format!("{}{account}", self.prefix)
    }
}
