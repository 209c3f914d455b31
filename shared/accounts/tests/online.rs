//! Settings from a store, logins from a token endpoint on this machine.

#![cfg(feature = "online")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failed test may say so at once

mod endpoint;

use std::fs;

use endpoint::{Answer, Endpoint};
use jiff::{SignedDuration, Timestamp};
use rebound_accounts::oauth::TokenClient;
use rebound_accounts::store::{AccountStore, DEFAULT_PREFIX};
use rebound_accounts::{AccountError, AccountName, AccountSettings, Accounts, Auth, Document, OAuth, Ready};
use rebound_mailbox::server::{ErrorKind, Login, Secret};
use tempfile::TempDir;

fn now() -> Timestamp {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn news() -> AccountName {
    "news".parse().unwrap()
}

/// Accounts in files of a folder.
struct Machine {
    data: TempDir,
    accounts: Accounts,
}

impl Machine {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = AccountStore::new(rebound_local::secrets_manager(data.path()), DEFAULT_PREFIX);
        Self {
            accounts: Accounts::new(store.with_files(data.path().join("accounts"))),
            data,
        }
    }

    async fn with(document: &str) -> Self {
        let machine = Self::new();
        machine
            .store()
            .create(&Document::parse(news(), document).unwrap())
            .await
            .unwrap();
        machine
    }

    fn store(&self) -> &AccountStore {
        self.accounts.store()
    }

    fn file(&self) -> String {
        fs::read_to_string(self.data.path().join("accounts/news.toml")).unwrap()
    }

    async fn write(&self, document: &str) {
        self.store()
            .replace(&Document::parse(news(), document).unwrap())
            .await
            .unwrap();
    }

    async fn login(&self, now: Timestamp) -> Result<Ready, AccountError> {
        self.accounts.login(&news(), now).await
    }

    /// The token that a login sends.
    async fn token(&self, now: Timestamp) -> String {
        match self.login(now).await.unwrap().login {
            Login::Token { token, .. } => token.reveal().to_owned(),
            Login::Password { .. } => panic!("a token"),
        }
    }
}

const PASSWORD: &str = "host = \"h.example\"\nuser = \"ann\"\npassword = \"one\"\n";

/// Refreshes at this endpoint; the comment has to survive.
fn refreshing(endpoint: &Endpoint) -> String {
    format!(
        "host = \"h.example\"\nuser = \"ann@example.com\"\nclient_id = \"app\"\nclient_secret = \"s3cret-of-app\"\n\
         refresh_token = \"first-refresh\" # since May\ntoken_url = \"{}\"\nscope = \"mail offline_access\"\n",
        endpoint.url()
    )
}

fn given(token: &str, seconds: u32) -> Answer {
    Answer::json(
        200,
        &format!(r#"{{"access_token": "{token}", "token_type": "Bearer", "expires_in": {seconds}}}"#),
    )
}

#[tokio::test]
async fn accounts_are_kept_listed_changed_and_removed() {
    let machine = Machine::new();
    let store = machine.store();
    assert_eq!(store.names().await.unwrap(), []);
    assert!(store.document(&news()).await.unwrap_err().is_not_found());
    let document = |name: &str, text: &str| Document::parse(name.parse().unwrap(), text).unwrap();
    for name in ["weekly", "news"] {
        store.create(&document(name, PASSWORD)).await.unwrap();
    }
    let error = store.create(&document("news", "")).await.unwrap_err();
    assert_eq!(error.to_string(), "there is an account called news already");
    assert_eq!(store.names().await.unwrap(), [news(), "weekly".parse().unwrap()]);
    store
        .replace(&document("news", &format!("{PASSWORD}port = 995")))
        .await
        .unwrap();
    assert_eq!(store.settings(&news()).await.unwrap().port, Some(995));
    store.remove(&news()).await.unwrap();
    assert_eq!(
        store.remove(&news()).await.unwrap_err().to_string(),
        "there is no account called news"
    );
    assert_eq!(store.names().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused_in_words() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::with(PASSWORD).await;
    let file = machine.data.path().join("accounts/news.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = machine.login(now()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the settings of account news could not be read: "),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with(&format!("run `chmod 600 '{}'`", file.display())),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn settings_are_read_again_after_some_minutes_or_a_refusal() {
    let machine = Machine::with(PASSWORD).await;
    let password = |ready: Ready| match ready.login {
        Login::Password { password, .. } => password.reveal().to_owned(),
        Login::Token { .. } => panic!("a password"),
    };
    assert_eq!(password(machine.login(now()).await.unwrap()), "one");
    machine.write(&PASSWORD.replace("one", "two")).await;
    assert_eq!(password(machine.login(later(4)).await.unwrap()), "one");
    assert_eq!(password(machine.login(later(5)).await.unwrap()), "two");

    machine.write(&PASSWORD.replace("one", "three")).await;
    let refused = machine.login(later(6)).await.unwrap().login;
    let renewed = machine
        .accounts
        .renew(&news(), &refused, later(6))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(password(renewed.clone()), "three");
    // The same password again could lock the account.
    let again = machine.accounts.renew(&news(), &renewed.login, later(6)).await.unwrap();
    assert!(again.is_none());
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_shortly_before_its_end() {
    let endpoint = Endpoint::start([given("one", 3600), given("two", 3600), given("three", 3600)]).await;
    let machine = Machine::with(&refreshing(&endpoint)).await;
    assert_eq!(machine.token(now()).await, "one");
    assert_eq!(machine.token(later(54)).await, "one");
    assert_eq!(machine.token(later(55)).await, "two");
    let refused = machine.login(later(56)).await.unwrap().login;
    let renewed = machine
        .accounts
        .renew(&news(), &refused, later(56))
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(renewed.login, Login::Token { token, user } if token == Secret::new("three") && user == "ann@example.com")
    );

    let requests = endpoint.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[0].starts_with("POST /token HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(
        requests[0].contains("content-type: application/x-www-form-urlencoded\r\n"),
        "{}",
        requests[0]
    );
    let body = requests[0].split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(
        body,
        "grant_type=refresh_token&refresh_token=first-refresh&client_id=app&client_secret=s3cret-of-app\
         &scope=mail%20offline_access"
    );
}

#[tokio::test]
async fn a_change_of_settings_keeps_the_token_unless_it_is_about_the_login() {
    let endpoint = Endpoint::start([given("one", 36000), given("two", 36000)]).await;
    let machine = Machine::with(&refreshing(&endpoint)).await;
    assert_eq!(machine.token(now()).await, "one");
    machine
        .write(&format!("{}folder = \"Bounces\"\n", refreshing(&endpoint)))
        .await;
    assert_eq!(machine.token(later(10)).await, "one");
    machine
        .write(&refreshing(&endpoint).replace("first-refresh", "another"))
        .await;
    assert_eq!(machine.token(later(20)).await, "two");
}

#[tokio::test]
async fn a_new_refresh_token_is_written_back_and_loses_no_comment() {
    let rotating = |token: &str, refresh: &str| {
        Answer::json(
            200,
            &format!(r#"{{"access_token": "{token}", "expires_in": "3600", "refresh_token": "{refresh}"}}"#),
        )
    };
    let endpoint = Endpoint::start([
        rotating("one", "second-refresh"),
        rotating("two", "third-refresh"),
        rotating("three", "third-refresh"),
    ])
    .await;
    let machine = Machine::with(&refreshing(&endpoint)).await;
    let ready = machine.login(now()).await.unwrap();
    assert_eq!(ready.warnings, [""; 0]);
    assert_eq!(
        machine.file(),
        refreshing(&endpoint).replace("first-refresh", "second-refresh")
    );
    machine.token(later(60)).await;
    machine.token(later(120)).await;
    assert!(machine.file().contains("\"third-refresh\" # since May"));
    let shown: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|request| request.split(['&']).nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        shown,
        ["first", "second", "third"].map(|nth| format!("refresh_token={nth}-refresh"))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_refresh_token_that_cannot_be_stored_is_used_and_told() {
    use std::os::unix::fs::PermissionsExt;
    let rotated = r#"{"access_token": "one", "expires_in": 600, "refresh_token": "second-refresh"}"#;
    let endpoint = Endpoint::start([Answer::json(200, rotated), given("two", 3600)]).await;
    let machine = Machine::with(&refreshing(&endpoint)).await;
    machine.accounts.settings(&news(), now()).await.unwrap();
    // Others may read it: it is refused, until somebody makes it private.
    let file = machine.data.path().join("accounts/news.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ready = machine.login(now()).await.unwrap();
    let [warning] = &ready.warnings[..] else {
        panic!("{:?}", ready.warnings)
    };
    assert!(
        warning.contains("a new refresh token, which could not be stored"),
        "{warning}"
    );
    assert!(!warning.contains("second-refresh"), "{warning}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    // Read again from the file, which still has the first one.
    assert_eq!(machine.token(later(10)).await, "two");
    assert!(endpoint.requests()[1].contains("refresh_token=second-refresh"));
    assert_eq!(machine.file(), refreshing(&endpoint));
}

#[tokio::test]
async fn a_refusal_is_told_with_what_to_do_and_without_a_secret() {
    let refusal = |code: &str, words: &str| format!(r#"{{"error": "{code}", "error_description": "{words}"}}"#);
    for (answer, kind, said, hint) in [
        (
            Answer::json(
                400,
                &refusal("invalid_grant", "AADSTS70008: first-refresh\\r\\nhas expired"),
            ),
            ErrorKind::Credentials,
            "it refused (status 400), invalid_grant: AADSTS70008: *** has expired",
            Some("consent again"),
        ),
        (
            Answer::json(401, &refusal("invalid_client", "AADSTS7000215: s3cret-of-app")),
            ErrorKind::Credentials,
            "invalid_client: AADSTS7000215: ***",
            Some("check client_id and client_secret"),
        ),
        (
            Answer::json(400, &refusal("invalid_scope", "no")),
            ErrorKind::Credentials,
            "invalid_scope",
            Some("check `scope`"),
        ),
        (
            Answer::json(400, &refusal("temporarily_unavailable", "later")),
            ErrorKind::Unavailable,
            "temporarily_unavailable: later",
            None,
        ),
        (
            Answer::json(503, "<html>busy</html>"),
            ErrorKind::Unavailable,
            "(status 503), without a reason",
            None,
        ),
        (Answer::json(429, "{}"), ErrorKind::Unavailable, "(status 429)", None),
        (
            Answer::json(404, "no such page"),
            ErrorKind::Protocol,
            "(status 404)",
            Some("`token_url`"),
        ),
        (
            Answer::redirect("https://elsewhere.example.com/"),
            ErrorKind::Protocol,
            "(status 302)",
            Some("`token_url`"),
        ),
        (
            Answer::json(200, "welcome"),
            ErrorKind::Protocol,
            "an answer without a token",
            Some("`token_url`"),
        ),
        (
            Answer::json(200, r#"{"access_token": "a\u0001b"}"#),
            ErrorKind::Protocol,
            "a token that cannot be sent",
            None,
        ),
        (
            Answer::json(200, r#"{"access_token": "a", "token_type": "mac"}"#),
            ErrorKind::Protocol,
            "a token of a kind that mail servers do not take",
            None,
        ),
        (
            Answer::json(200, &format!("\"{}\"", "x".repeat(70_000))),
            ErrorKind::Protocol,
            "too long for a token",
            None,
        ),
        (Answer::hang_up(), ErrorKind::Unreachable, "it cannot be reached", None),
    ] {
        let endpoint = Endpoint::start([answer]).await;
        let machine = Machine::with(&refreshing(&endpoint)).await;
        let error = machine.login(now()).await.unwrap_err();
        let AccountError::Token { error: token, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(token.kind, kind, "{error}");
        assert_eq!(error.is_retryable(), kind.is_retryable());
        let told = format!("{error} {:?}", error.hint());
        assert!(told.contains("account news: no access token from 127.0.0.1"), "{told}");
        assert!(told.contains(said) && told.contains(hint.unwrap_or_default()), "{told}");
        assert!(!told.contains("first-refresh") && !told.contains("s3cret"), "{told}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_retryable() {
    let endpoint = Endpoint::start([]).await;
    let document = refreshing(&endpoint);
    drop(endpoint);
    let machine = Machine::with(&document).await;
    let error = machine.login(now()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains("it cannot be reached: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answers_is_given_up() {
    let endpoint = Endpoint::start([Answer::silence()]).await;
    let settings = AccountSettings::parse(news(), &refreshing(&endpoint)).unwrap();
    let error = TokenClient::default()
        .fetch(&oauth(&settings), now())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
}

#[tokio::test]
async fn an_application_asks_in_its_own_right() {
    let endpoint = Endpoint::start([given("one", 3600)]).await;
    let document = format!(
        "provider = \"microsoft\"\nuser = \"ann@example.com\"\ntenant = \"example.com\"\nclient_id = \"app\"\n\
         client_secret = \"s&cret\"\ntoken_url = \"{}\"\n",
        endpoint.url()
    );
    let settings = AccountSettings::parse(news(), &document).unwrap();
    let granted = TokenClient::default().fetch(&oauth(&settings), now()).await.unwrap();
    assert_eq!(granted.token.secret, Secret::new("one"));
    assert_eq!(granted.token.use_until, later(55));
    assert!(endpoint.requests()[0].ends_with(
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret\
         &scope=https%3A%2F%2Foutlook.office365.com%2F.default"
    ));
}

fn oauth(settings: &AccountSettings) -> OAuth {
    match &settings.auth {
        Auth::OAuth(oauth) => oauth.clone(),
        Auth::Password(_) => panic!("OAuth"),
    }
}
