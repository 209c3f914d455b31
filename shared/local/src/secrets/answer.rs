//! The operations, as the API reference of Secrets Manager describes them.

use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::files::{FileError, Files, Stored};
use super::{RETURN_PATH_KEYS, SECRETS_PREFIX, Secrets};
use crate::stack::REGION;

/// The most secrets on one page, and as many as there are when nobody says.
const MAX_PAGE: usize = 100;

/// The longest secret in bytes.
const MAX_SECRET_BYTES: usize = 65_536;

/// The one version that a file has.
const CURRENT: &str = "AWSCURRENT";

/// Answers one operation. Blocking.
pub(super) fn answer(secrets: &Secrets, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    match operation {
        "GetSecretValue" => get(secrets, &read(body)?),
        "ListSecrets" => list(secrets, read(body)?),
        "DescribeSecret" => describe(secrets, &read(body)?),
        "CreateSecret" => create(secrets, read(body)?),
        // Of all that UpdateSecret may change, the text is what is kept here.
        "PutSecretValue" | "UpdateSecret" => put(secrets, read(body)?),
        "DeleteSecret" => delete(secrets, &read(body)?),
        other => Err(Refusal::new(
            "InvalidRequestException",
            format!("{other} is not supported here"),
        )),
    }
}

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    fn not_found() -> Self {
        Self::new(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"__type": self.code, "Message": self.message})
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Missing => Self::not_found(),
            FileError::Exists => Self::new(
                "ResourceExistsException",
                "The operation failed because the secret already exists.",
            ),
            FileError::NotPrivate(_) | FileError::Io { .. } => Self::new("InvalidRequestException", error.to_string()),
        }
    }
}

fn get(secrets: &Secrets, request: &WhichSecret) -> Result<Value, Refusal> {
    let secret = Kept::find(secrets, &request.secret_id)?;
    let stored = secret.files.read(secret.file)?;
    let version = version_of(&stored);
    let other_version = request.version_id.as_ref().is_some_and(|asked| *asked != version);
    let other_stage = request.version_stage.as_ref().is_some_and(|asked| asked != CURRENT);
    if other_version || other_stage {
        return Err(Refusal::not_found());
    }
    Ok(json!({
        "ARN": arn(secret.name),
        "Name": secret.name,
        "VersionId": version,
        "VersionStages": [CURRENT],
        "CreatedDate": stored.changed_at,
        "SecretString": stored.text,
    }))
}

fn describe(secrets: &Secrets, request: &WhichSecret) -> Result<Value, Refusal> {
    let secret = Kept::find(secrets, &request.secret_id)?;
    let stored = secret.files.read(secret.file)?;
    Ok(json!({
        "ARN": arn(secret.name),
        "Name": secret.name,
        "LastChangedDate": stored.changed_at,
        "VersionIdsToStages": {version_of(&stored): [CURRENT]},
    }))
}

/// In the order of their names, which is what `NextToken` holds too: the last name of the page before.
fn list(secrets: &Secrets, request: ListSecrets) -> Result<Value, Refusal> {
    let page = request.max_results.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&page) {
        return Err(Refusal::invalid(format!("MaxResults takes 1 to {MAX_PAGE}")));
    }
    let accounts = secrets.accounts.names()?;
    let mut names: Vec<_> = accounts.iter().map(|name| format!("{SECRETS_PREFIX}{name}")).collect();
    // Behind the accounts in the order of the alphabet, too.
    let keys = Kept::find(secrets, RETURN_PATH_KEYS)?;
    if keys.files.names()?.iter().any(|name| name == keys.file) {
        names.push(RETURN_PATH_KEYS.to_owned());
    }
    for filter in request.filters {
        if filter.key != "name" {
            return Err(Refusal::invalid("only the filter `name` is supported here"));
        }
        names.retain(|name| filter.accepts(name));
    }
    if let Some(after) = &request.next_token {
        names.retain(|name| name > after);
    }
    let rest = names.split_off(page.min(names.len()));
    let next = names.last().filter(|_| !rest.is_empty());
    let entry = |name: &String| json!({"ARN": arn(name), "Name": name});
    let mut answer = json!({"SecretList": names.iter().map(entry).collect::<Vec<_>>()});
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), next.as_str().into());
    }
    Ok(answer)
}

fn create(secrets: &Secrets, request: CreateSecret) -> Result<Value, Refusal> {
    let secret = Kept::find(secrets, &request.name)?;
    let text = text_of(request.secret_string)?;
    Ok(written(secret.name, &secret.files.create(secret.file, text)?))
}

fn put(secrets: &Secrets, request: PutSecretValue) -> Result<Value, Refusal> {
    let secret = Kept::find(secrets, &request.secret_id)?;
    let text = text_of(request.secret_string)?;
    Ok(written(secret.name, &secret.files.replace(secret.file, text)?))
}

fn written(name: &str, stored: &Stored) -> Value {
    json!({
        "ARN": arn(name),
        "Name": name,
        "VersionId": version_of(stored),
        "VersionStages": [CURRENT],
    })
}

fn delete(secrets: &Secrets, request: &DeleteSecret) -> Result<Value, Refusal> {
    let secret = Kept::find(secrets, &request.secret_id)?;
    if request.force != Some(true) {
        return Err(Refusal::invalid(
            "a file cannot be recovered for some days: ask for ForceDeleteWithoutRecovery",
        ));
    }
    let deleted = secret.files.remove(secret.file)?;
    Ok(json!({
        "ARN": arn(secret.name),
        "Name": secret.name,
        "DeletionDate": deleted,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WhichSecret {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListSecrets {
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    /// A value is the beginning of a name; `!` before it means any other.
    fn accepts(&self, name: &str) -> bool {
        self.values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !name.starts_with(value),
            None => name.starts_with(value),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: String,
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteSecret {
    secret_id: String,
    #[serde(rename = "ForceDeleteWithoutRecovery")]
    force: Option<bool>,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // The parser's words can show the request, and the secret in it.
    serde_json::from_slice(body).map_err(|_| Refusal::invalid("the request is not what the API describes"))
}

fn text_of(text: Option<String>) -> Result<String, Refusal> {
    match text {
        None => Err(Refusal::invalid("only SecretString is kept here")),
        Some(text) if text.len() > MAX_SECRET_BYTES => Err(Refusal::invalid(format!(
            "a secret takes at most {MAX_SECRET_BYTES} bytes"
        ))),
        Some(text) => Ok(text),
    }
}

/// Where a secret is kept.
struct Kept<'a> {
    /// The whole name of the secret.
    name: &'a str,
    files: &'a Files,
    /// The name of its file.
    file: &'a str,
}

impl<'a> Kept<'a> {
    /// The place of the secret with this name or ARN, if it can have one.
    fn find(secrets: &'a Secrets, secret_id: &'a str) -> Result<Self, Refusal> {
        let name = secret_id
            .split_once(":secret:")
            .map_or(Some(secret_id), |(_, rest)| rest.rsplit_once('-').map(|(name, _)| name));
        let kept = name.and_then(|name| {
            let (files, file) = if name == RETURN_PATH_KEYS {
                (&secrets.keys, name.rsplit('/').next()?)
            } else {
                (&secrets.accounts, name.strip_prefix(SECRETS_PREFIX)?)
            };
            Files::can_be_named(file).then_some(Self { name, files, file })
        });
        kept.ok_or_else(|| {
            Refusal::invalid(format!(
                "secrets here are called {RETURN_PATH_KEYS}, or {SECRETS_PREFIX}NAME; NAME takes 1 to 64 of a-z, 0-9, '.', \
                 '_' and '-', and begins with a letter or a digit"
            ))
        })
    }
}

/// Six characters at its end are what AWS adds too.
fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:000000000000:secret:{name}-local0")
}

/// Another text is another version. In the shape of the UUIDs that AWS gives.
fn version_of(stored: &Stored) -> String {
    let digest = Sha256::digest(stored.text.as_bytes());
    let mut version = String::with_capacity(36);
    for (index, byte) in digest.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            version.push('-');
        }
        let _ = write!(version, "{byte:02x}");
    }
    version
}
