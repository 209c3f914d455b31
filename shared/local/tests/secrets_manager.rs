//! One list of checks, run against the embedded Secrets Manager and against moto, so that neither our store nor our idea
//! of Secrets Manager is taken on trust.
//!
//! moto takes part when `REBOUND_MOTO_ENDPOINT` names a running server (`tests/servers/moto` at the top of the
//! repository starts one and prints it).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)] // a failed test may say so at once

use std::fs;
use std::path::Path;
use std::sync::Once;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use rebound_local::{RETURN_PATH_KEYS, RETURN_PATH_KEYS_FILE, SECRETS_PREFIX, secrets_manager};

macro_rules! conformance {
    ($($check:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $check() {
                let data = tempfile::tempdir().unwrap();
                let client = super::secrets_manager(data.path());
                super::$check(super::Secrets { client, test: stringify!($check) }).await;
            })+
        }
        mod moto {
            $(#[tokio::test]
            async fn $check() {
                let Some(client) = super::moto_client() else { return };
                let secrets = super::Secrets { client, test: stringify!($check) };
                secrets.clear().await;
                super::$check(secrets).await;
            })+
        }
    };
}

conformance![
    a_secret_is_read_as_it_was_created,
    a_secret_is_created_once,
    a_put_replaces_what_was_there_and_makes_another_version,
    what_is_missing_is_missing_in_a_typed_way,
    a_described_secret_shows_no_value,
    a_deleted_secret_is_gone,
    a_listing_takes_names_by_their_beginning_and_comes_in_pages,
];

async fn a_secret_is_read_as_it_was_created(secrets: Secrets) {
    let text = "host = \"h\"\n# Größe\r\n\0";
    let created = secrets.create("a", text).await.unwrap();
    let read = secrets
        .client
        .get_secret_value()
        .secret_id(secrets.name("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(read.secret_string(), Some(text));
    assert_eq!(read.name(), Some(secrets.name("a").as_str()));
    assert_eq!(read.version_id(), created.version_id());
    assert_eq!(read.version_stages(), ["AWSCURRENT"]);
    assert!(read.created_date().is_some());
    let by_arn = secrets.client.get_secret_value().secret_id(created.arn().unwrap());
    assert_eq!(by_arn.send().await.unwrap().secret_string(), Some(text));
}

async fn a_secret_is_created_once(secrets: Secrets) {
    secrets.create("a", "one").await.unwrap();
    let error = secrets.create("a", "two").await.unwrap_err().into_service_error();
    assert!(error.is_resource_exists_exception(), "{error:?}");
    assert_eq!(secrets.value("a").await.unwrap(), "one");
}

async fn a_put_replaces_what_was_there_and_makes_another_version(secrets: Secrets) {
    let created = secrets.create("a", "one").await.unwrap();
    let put = secrets.client.put_secret_value().secret_id(secrets.name("a"));
    let put = put.secret_string("two").send().await.unwrap();
    assert_ne!(put.version_id(), created.version_id());
    assert_eq!(secrets.value("a").await.unwrap(), "two");
}

async fn what_is_missing_is_missing_in_a_typed_way(secrets: Secrets) {
    let get = secrets
        .client
        .get_secret_value()
        .secret_id(secrets.name("a"))
        .send()
        .await;
    assert!(get.unwrap_err().into_service_error().is_resource_not_found_exception());
    let put = secrets
        .client
        .put_secret_value()
        .secret_id(secrets.name("a"))
        .secret_string("x");
    assert!(
        put.send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    let describe = secrets
        .client
        .describe_secret()
        .secret_id(secrets.name("a"))
        .send()
        .await;
    assert!(
        describe
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    secrets.create("a", "x").await.unwrap();
    let version = secrets
        .client
        .get_secret_value()
        .secret_id(secrets.name("a"))
        .version_stage("AWSPENDING");
    assert!(
        version
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
}

async fn a_described_secret_shows_no_value(secrets: Secrets) {
    let created = secrets.create("a", "hidden").await.unwrap();
    let described = secrets
        .client
        .describe_secret()
        .secret_id(secrets.name("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(described.name(), Some(secrets.name("a").as_str()));
    let versions = described.version_ids_to_stages().unwrap();
    assert_eq!(versions[created.version_id().unwrap()], ["AWSCURRENT"]);
    assert!(!format!("{described:?}").contains("hidden"));
}

async fn a_deleted_secret_is_gone(secrets: Secrets) {
    secrets.create("a", "one").await.unwrap();
    let delete = secrets.client.delete_secret().secret_id(secrets.name("a"));
    delete.force_delete_without_recovery(true).send().await.unwrap();
    let error = secrets.value("a").await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    secrets.create("a", "two").await.unwrap();
}

async fn a_listing_takes_names_by_their_beginning_and_comes_in_pages(secrets: Secrets) {
    for name in ["one", "two", "three", "four", "five"] {
        secrets.create(name, "x").await.unwrap();
    }
    assert_eq!(secrets.names("").await, ["five", "four", "one", "three", "two"]);
    assert_eq!(secrets.names("t").await, ["three", "two"]);
    assert_eq!(secrets.names("six").await, [""; 0]);
}

struct Secrets {
    client: Client,
    test: &'static str,
}

type Created = aws_sdk_secretsmanager::operation::create_secret::CreateSecretOutput;
type CreateError = SdkError<aws_sdk_secretsmanager::operation::create_secret::CreateSecretError>;
type GetError = SdkError<aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError>;

impl Secrets {
    /// Each test has its own beginning; a name here takes 64 characters.
    fn name(&self, name: &str) -> String {
        let test: String = self.test.chars().take(40).collect();
        format!("{SECRETS_PREFIX}{test}.{name}")
    }

    async fn create(&self, name: &str, text: &str) -> Result<Created, CreateError> {
        self.client
            .create_secret()
            .name(self.name(name))
            .secret_string(text)
            .send()
            .await
    }

    async fn value(&self, name: &str) -> Result<String, GetError> {
        let got = self.client.get_secret_value().secret_id(self.name(name)).send().await?;
        Ok(got.secret_string().unwrap().to_owned())
    }

    /// What is behind this test's beginning, sorted, of the secrets that begin with that and `beginning`.
    async fn names(&self, beginning: &str) -> Vec<String> {
        let filter = Filter::builder()
            .key(FilterNameStringType::Name)
            .values(self.name(beginning))
            .build();
        let pages = self
            .client
            .list_secrets()
            .filters(filter)
            .max_results(2)
            .into_paginator()
            .send();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        assert!(pages.iter().all(|page| page.secret_list().len() <= 2));
        let mut names: Vec<_> = pages
            .iter()
            .flat_map(ListSecretsOutput::secret_list)
            .map(|secret| secret.name().unwrap().strip_prefix(&self.name("")).unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// A server that has run these checks before still has the secrets.
    async fn clear(&self) {
        for name in self.names("").await {
            let delete = self.client.delete_secret().secret_id(self.name(&name));
            delete.force_delete_without_recovery(true).send().await.unwrap();
        }
    }
}

fn moto_client() -> Option<Client> {
    static SAID: Once = Once::new();
    let Some(endpoint) = std::env::var("REBOUND_MOTO_ENDPOINT")
        .ok()
        .filter(|endpoint| !endpoint.is_empty())
    else {
        SAID.call_once(|| eprintln!("SKIPPED: REBOUND_MOTO_ENDPOINT names no server; no cross-check against moto"));
        return None;
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .build();
    Some(Client::from_conf(config))
}

// What only files have.

#[tokio::test]
async fn a_secret_is_a_private_file_that_a_person_may_write_too() {
    let data = tempfile::tempdir().unwrap();
    let client = secrets_manager(data.path());
    let name = format!("{SECRETS_PREFIX}news");
    client
        .create_secret()
        .name(&name)
        .secret_string("host = \"h\"")
        .send()
        .await
        .unwrap();
    let file = data.path().join("accounts/news.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), "host = \"h\"");
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

    let own = data.path().join("accounts/own.toml");
    fs::copy(&file, &own).unwrap();
    fs::write(&own, "host = \"mine\"").unwrap();
    let read = client
        .get_secret_value()
        .secret_id(format!("{SECRETS_PREFIX}own"))
        .send()
        .await
        .unwrap();
    assert_eq!(read.secret_string(), Some("host = \"mine\""));
    let left: Vec<_> = fs::read_dir(data.path().join("accounts")).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing but the secrets is left: {left:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_may_read_or_replace_is_refused_with_the_remedy() {
    let data = tempfile::tempdir().unwrap();
    let client = secrets_manager(data.path());
    let name = format!("{SECRETS_PREFIX}news");
    client
        .create_secret()
        .name(&name)
        .secret_string("x")
        .send()
        .await
        .unwrap();
    let folder = data.path().join("accounts");
    let file = folder.join("news.toml");
    for (file_mode, folder_mode, remedy) in [
        (0o644, 0o700, Some(format!("chmod 600 '{}'", file.display()))),
        (0o620, 0o700, Some(format!("chmod 600 '{}'", file.display()))),
        (0o600, 0o777, Some(format!("chmod 700 '{}'", folder.display()))),
        (0o600, 0o755, None),
        (0o400, 0o700, None),
    ] {
        set_mode(&file, file_mode);
        set_mode(&folder, folder_mode);
        let read = client.get_secret_value().secret_id(&name).send().await;
        match remedy {
            None => assert_eq!(read.unwrap().secret_string(), Some("x")),
            Some(remedy) => {
                let error = read.unwrap_err();
                let message = error.message().unwrap();
                assert!(message.contains(&remedy) && message.contains("secrets"), "{message}");
                let put = client
                    .put_secret_value()
                    .secret_id(&name)
                    .secret_string("y")
                    .send()
                    .await;
                assert!(put.unwrap_err().message().unwrap().contains(&remedy));
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_is_no_file_here_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let client = secrets_manager(data.path());
    for name in [
        "news",
        "rebound/accounts/",
        "rebound/accounts/../x",
        "rebound/accounts/A",
        "rebound/accounts/.x",
        "rebound/keys",
        "rebound/return-path-keys/x",
    ] {
        let error = client
            .create_secret()
            .name(name)
            .secret_string("x")
            .send()
            .await
            .unwrap_err();
        assert!(
            error.message().unwrap().contains("rebound/accounts/NAME"),
            "{name}: {error:?}"
        );
    }
    assert!(!data.path().join("accounts").exists());
}

#[tokio::test]
async fn the_keys_of_return_addresses_are_a_private_file_of_their_own() {
    let data = tempfile::tempdir().unwrap();
    let client = secrets_manager(data.path());
    let read = || client.get_secret_value().secret_id(RETURN_PATH_KEYS).send();
    assert!(
        read()
            .await
            .unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
    let create = client.create_secret().name(RETURN_PATH_KEYS).secret_string("one");
    let arn = create.send().await.unwrap().arn.unwrap();
    let account = client.create_secret().name("rebound/accounts/return-path-keys");
    account.secret_string("an account").send().await.unwrap();
    client
        .put_secret_value()
        .secret_id(arn)
        .secret_string("two")
        .send()
        .await
        .unwrap();
    assert_eq!(read().await.unwrap().secret_string(), Some("two"));
    let listed = client.list_secrets().send().await.unwrap();
    let names: Vec<_> = listed.secret_list().iter().filter_map(|secret| secret.name()).collect();
    assert_eq!(names, ["rebound/accounts/return-path-keys", RETURN_PATH_KEYS]);
    let file = data.path().join(RETURN_PATH_KEYS_FILE);
    assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read().await.unwrap_err();
        assert!(refused.message().unwrap().contains("holds secrets"), "{refused:?}");
    }
}

#[tokio::test]
async fn files_that_are_no_secrets_are_not_listed() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("accounts");
    fs::create_dir(&folder).unwrap();
    for file in [
        "news.toml",
        "news.toml~",
        ".new-1.toml",
        "News.toml",
        "ca.pem",
        "a b.toml",
    ] {
        fs::write(folder.join(file), "").unwrap();
    }
    let listed = secrets_manager(data.path()).list_secrets().send().await.unwrap();
    let names: Vec<_> = listed
        .secret_list()
        .iter()
        .map(|secret| secret.name().unwrap())
        .collect();
    assert_eq!(names, ["rebound/accounts/news"]);
}

#[tokio::test]
async fn what_files_cannot_do_is_not_pretended() {
    let data = tempfile::tempdir().unwrap();
    let client = secrets_manager(data.path());
    let name = format!("{SECRETS_PREFIX}news");
    client
        .create_secret()
        .name(&name)
        .secret_string("x")
        .send()
        .await
        .unwrap();
    client.delete_secret().secret_id(&name).send().await.unwrap_err();
    client.rotate_secret().secret_id(&name).send().await.unwrap_err();
    let binary = client
        .put_secret_value()
        .secret_id(&name)
        .secret_binary(b"x".to_vec().into());
    binary.send().await.unwrap_err();
    let read = client.get_secret_value().secret_id(&name).send().await.unwrap();
    assert_eq!(read.secret_string(), Some("x"));
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
