//! Looking into mailboxes on a real server through `rebound accounts`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use rebound_test_mail::{Door, MailServer, Mailbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, mailbox as samples, rebound};

const LETTER: &[u8] = b"From: ann@example.com\r\nTo: news@example.org\r\nSubject: Hello\r\n\r\nHow are you?\r\n";

/// An account of a mailbox of its own.
struct Account {
    data: TempDir,
    mailbox: Mailbox,
}

struct Said {
    code: Option<i32>,
    rows: Vec<Value>,
    complaints: String,
}

impl Account {
    /// `None` where there is no server.
    fn new(test: &str, door: Door, more: &[&str]) -> Option<Self> {
        let server = MailServer::dovecot()?;
        let account = Self {
            data: TempDir::new().expect("a folder"),
            mailbox: server.mailbox(test),
        };
        let mut add = account.command("add");
        add.args(["--host", server.host(), "--port", &server.port(door).to_string()])
            .args(["--user", account.mailbox.user(), "--password-stdin"])
            .args(more)
            .write_stdin(server.password());
        add.assert().success();
        Some(account)
    }

    fn authority(&self) -> &Path {
        self.mailbox.server().authority()
    }

    /// `rebound accounts VERB news`, for more arguments to follow.
    fn command(&self, verb: &str) -> Command {
        let mut command = rebound(self.data.path());
        command.args(["accounts", verb, "news"]);
        command
    }

    fn says(&self, verb: &str, more: &[&str]) -> Said {
        let mut command = self.command(verb);
        let output = command
            .args(["--format", "jsonl"])
            .args(more)
            .assert()
            .get_output()
            .clone();
        Said {
            code: output.status.code(),
            rows: documents(&String::from_utf8(output.stdout).expect("output is UTF-8")),
            complaints: String::from_utf8(output.stderr).expect("complaints are UTF-8"),
        }
    }

    fn edit(&self, more: &[&str]) {
        self.command("edit").args(more).assert().success();
    }
}

#[test]
fn a_test_tells_every_step() {
    let Some(account) = Account::new("tells-steps", Door::Imaps, &["--protocol", "imap"]) else {
        return;
    };
    let said = account.says("test", &[]);
    let last = said.rows.last().expect("a step");
    assert_eq!(
        (said.code, &last["ok"], &last["kind"]),
        (Some(1), &false.into(), &"certificate".into())
    );
    assert!(
        said.complaints
            .contains("error: account news: securing the connection: "),
        "{}",
        said.complaints
    );

    account.edit(&["--ca", account.authority().to_str().expect("a path")]);
    let said = account.says("test", &[]);
    assert_eq!(said.code, Some(0), "{}", said.complaints);
    let steps: Vec<_> = said
        .rows
        .iter()
        .map(|row| row["step"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        steps,
        [
            "looking up the server",
            "connecting",
            "securing the connection",
            "greeting",
            "logging in",
            "opening the folder"
        ]
    );
    assert!(
        said.rows[2]["detail"]
            .as_str()
            .expect("a detail")
            .contains("CN=localhost"),
        "{:?}",
        said.rows[2]
    );
    assert_eq!(said.rows[5]["detail"], "INBOX, 0 messages");

    for (edit, step, kind) in [
        ("folder=Nowhere", "opening the folder", "folder"),
        ("host=nowhere.invalid", "looking up the server", "unreachable"),
    ] {
        account.edit(&["--set", edit]);
        let said = account.says("test", &[]);
        let last = said.rows.last().expect("a step");
        assert_eq!(
            (said.code, &last["step"], &last["kind"]),
            (Some(1), &step.into(), &kind.into()),
            "{}",
            said.complaints
        );
    }
    account.edit(&[
        "--unset",
        "folder",
        "--set",
        &format!("host={}", account.mailbox.server().host()),
    ]);
    account
        .command("edit")
        .arg("--password-stdin")
        .write_stdin("wrong")
        .assert()
        .success();
    let said = account.says("test", &[]);
    let last = said.rows.last().expect("a step");
    assert_eq!(
        (&last["step"], &last["kind"]),
        (&"logging in".into(), &"credentials".into()),
        "{}",
        said.complaints
    );
    assert!(!said.complaints.contains("wrong\n"), "{}", said.complaints);
}

#[test]
fn a_key_is_trusted_once_and_no_other_after_that() {
    let Some(server) = MailServer::dovecot() else { return };
    let flags = format!(
        "{{{}:{}/imap/ssl/novalidate-cert}}INBOX",
        server.host(),
        server.port(Door::Imaps)
    );
    let data = TempDir::new().expect("a folder");
    let mailbox = server.mailbox("trusts-key");
    let accounts = |verb: &str| {
        let mut command = rebound(data.path());
        command.args(["accounts", verb, "news"]);
        command
    };
    let add = ["--user", mailbox.user(), "--imap-flags", &flags, "--password-stdin"];
    // Nobody is there to be asked.
    let refused = accounts("add")
        .args(add)
        .write_stdin(server.password())
        .assert()
        .code(1)
        .get_output()
        .clone();
    let complaint = String::from_utf8(refused.stderr).expect("complaints are UTF-8");
    assert!(
        complaint.contains("CN=localhost") && complaint.contains("say --trust-key"),
        "{complaint}"
    );
    assert!(!data.path().join("accounts/news.toml").exists());

    accounts("add")
        .args(add)
        .arg("--trust-key")
        .write_stdin(server.password())
        .assert()
        .success();
    let settings = fs::read_to_string(data.path().join("accounts/news.toml")).expect("the settings");
    assert!(settings.contains("pin = \"sha256//"), "{settings}");
    accounts("test").assert().success();
    let other = "pin=sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    accounts("edit").args(["--set", other]).assert().success();
    accounts("test").assert().code(1);
}

#[test]
fn folders_are_listed_and_messages_previewed_without_a_trace() {
    for (protocol, door) in [("imap", Door::Imaps), ("pop3", Door::Pop3s)] {
        let Some(account) = Account::new("previews", door, &["--protocol", protocol]) else {
            return;
        };
        account.edit(&["--ca", account.authority().to_str().expect("a path")]);
        let after: &[&str] = &["--set", "after=delete"];
        account.edit(after);
        let bounce = fs::read(samples().join("postfix-no-such-user.eml")).expect("part of the sample mailbox");
        let inbox = account.mailbox.inbox();
        for message in [b"Subject: old\r\n\r\nold\r\n", &bounce[..], LETTER] {
            inbox.deliver(message);
        }
        let before = inbox.messages();

        let said = account.says("folders", &[]);
        assert_eq!(said.code, Some(0), "{}", said.complaints);
        let row = said.rows.iter().find(|row| row["folder"] == "INBOX").expect("an inbox");
        assert_eq!(
            (&row["messages"], &row["fetched"]),
            (&3.into(), &true.into()),
            "{protocol}"
        );

        let said = account.says("preview", &["-n", "2"]);
        assert_eq!(said.code, Some(0), "{}", said.complaints);
        let told: Vec<_> = said
            .rows
            .iter()
            .map(|row| {
                (
                    row["category"].as_str(),
                    row["action"].as_str(),
                    row["on_the_server"].as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("hard-bounce"), Some("suppress"), Some("delete")),
                (Some("unrecognised"), None, Some("keep")),
            ],
            "{protocol}"
        );
        assert!(said.complaints.contains("nothing was changed"), "{}", said.complaints);
        assert_eq!(inbox.messages(), before, "{protocol}");
        assert!(
            !account.data.path().join("dynamodb.sqlite").exists(),
            "nothing is kept here either"
        );
    }
}

#[test]
fn a_protocol_that_nobody_named_is_found_out() {
    let Some(account) = Account::new("finds-out", Door::Pop3s, &[]) else {
        return;
    };
    account.edit(&["--ca", account.authority().to_str().expect("a path")]);
    let said = account.says("test", &[]);
    assert_eq!(said.code, Some(0), "{}", said.complaints);
    assert!(
        said.complaints
            .contains("speaks pop3; `rebound accounts edit news --set protocol=pop3`"),
        "{}",
        said.complaints
    );
}
