//! Setting up accounts, without any server.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, rebound, stderr, stdout};

const PASSWORD: &str = "Opensesame-4711";

fn data() -> TempDir {
    TempDir::new().expect("a folder")
}

fn accounts(data: &Path) -> Command {
    let mut command = rebound(data);
    command.env_remove("REBOUND_PASSWORD").arg("accounts");
    command
}

/// Sets up the account `news`.
fn add(data: &Path, more: &[&str]) -> Command {
    let mut command = accounts(data);
    command
        .args(["add", "news", "--user", "bounces@example.com"])
        .args(more)
        .write_stdin(format!("{PASSWORD}\n"));
    command
}

fn added(data: &Path) -> PathBuf {
    add(data, &["--host", "imap.example.com"]).assert().success();
    data.join("accounts/news.toml")
}

#[test]
fn an_account_is_set_up_shown_changed_and_removed() {
    let data = data();
    let data = data.path();
    assert!(stderr(accounts(data).arg("list")).contains("there are no accounts"));

    let file = added(data);
    assert_eq!(
        fs::read_to_string(&file).expect("the settings"),
        format!("host = \"imap.example.com\"\nuser = \"bounces@example.com\"\npassword = \"{PASSWORD}\"\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
        assert_eq!((mode(&file), mode(&data.join("accounts"))), (0o600, 0o700));
    }

    let shown = stdout(accounts(data).args(["show", "news"]));
    assert_eq!(
        shown,
        "SETTING   VALUE\nhost      imap.example.com\nuser      bounces@example.com\npassword  ***\n"
    );

    let said = "# app password of May\n";
    fs::write(
        &file,
        format!("{said}{}", fs::read_to_string(&file).expect("the settings")),
    )
    .expect("a comment");
    let edits = [
        "edit",
        "news",
        "--set",
        "folder=Bounces/2026",
        "--set",
        "only_unread=true",
        "--set",
        "after=delete",
    ];
    accounts(data).args(edits).assert().success();
    accounts(data)
        .args(["edit", "news", "--unset", "only_unread", "--password-stdin"])
        .write_stdin("another\r\n")
        .assert()
        .success();
    assert_eq!(
        fs::read_to_string(&file).expect("the settings"),
        "# app password of May\nhost = \"imap.example.com\"\nuser = \"bounces@example.com\"\npassword = \"another\"\n\
         folder = \"Bounces/2026\"\nafter = \"delete\"\n"
    );

    let rows = documents(&stdout(accounts(data).args(["list", "--format", "jsonl"])));
    let [row] = &rows[..] else {
        panic!("one account: {rows:?}")
    };
    assert_eq!(row["account"], "news");
    assert_eq!(row["host"], "imap.example.com");
    assert_eq!(
        (&row["folder"], &row["after"]),
        (&"Bounces/2026".into(), &"delete".into())
    );
    assert_eq!((&row["login"], &row["enabled"]), (&"password".into(), &true.into()));

    assert!(stderr(accounts(data).args(["remove", "news"])).contains("say --yes"));
    assert!(file.exists());
    accounts(data).args(["remove", "news", "--yes"]).assert().success();
    assert!(!file.exists());
    assert!(stderr(accounts(data).args(["remove", "news", "--yes"])).contains("there is no account called news"));
}

#[test]
fn flags_of_an_older_tool_are_understood() {
    let data = data();
    let complaint = stderr(&mut add(
        data.path(),
        &["--imap-flags", "{mail.example.com:110/pop3/notls}INBOX"],
    ));
    assert!(complaint.contains("security is \"none\""), "{complaint}");
    assert!(
        complaint.contains("warning: account news: security is \"none\""),
        "{complaint}"
    );
    let row = &documents(&stdout(accounts(data.path()).args(["list", "--format", "jsonl"])))[0];
    assert_eq!((&row["protocol"], &row["port"]), (&"pop3".into(), &110.into()));
    assert_eq!(
        (&row["host"], &row["security"]),
        (&"mail.example.com".into(), &"none".into())
    );
}

#[test]
fn oauth_is_set_up_with_its_secrets_from_standard_input() {
    let data = data();
    accounts(data.path())
        .args([
            "add",
            "news",
            "--user",
            "ann@example.com",
            "--set",
            "provider=microsoft",
            "--set",
            "client_id=app",
        ])
        .args(["--secret", "client_secret", "--secret", "refresh_token"])
        .write_stdin("of-app\nof-ann\n")
        .assert()
        .success();
    let file = fs::read_to_string(data.path().join("accounts/news.toml")).expect("the settings");
    assert!(
        file.contains("client_secret = \"of-app\"\nrefresh_token = \"of-ann\"\n"),
        "{file}"
    );
    let json: Value = serde_json::from_str(&stdout(
        accounts(data.path()).args(["show", "news", "--format", "json"]),
    ))
    .expect("JSON");
    assert_eq!(
        (&json["client_id"], &json["refresh_token"]),
        (&"app".into(), &"***".into())
    );
}

#[test]
fn no_secret_is_ever_an_argument_or_printed() {
    let data = data();
    added(data.path());
    for (arguments, said) in [
        (
            &["edit", "news", "--set", "password=Opensesame-4711"][..],
            "use --secret password",
        ),
        (
            &["edit", "news", "--set", "service_account=Opensesame-4711"],
            "use --service-account FILE",
        ),
        (
            &["edit", "news", "--set", "port=Opensesame-4711"],
            "`port` takes a whole number",
        ),
        (
            &["edit", "news", "--set", "Opensesame-4711"],
            "--set takes SETTING=VALUE",
        ),
        (
            &["edit", "news", "--set", "after=Opensesame-4711"],
            "`after` takes keep",
        ),
    ] {
        let complaint = stderr(accounts(data.path()).args(arguments));
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
        assert!(!complaint.contains("sesame"), "{arguments:?}: {complaint}");
    }
    fs::write(data.path().join("accounts/news.toml"), "password = Opensesame-4711").expect("a broken file");
    for arguments in [&["list"][..], &["show", "news"], &["edit", "news", "--set", "port=1"]] {
        let command = &mut accounts(data.path());
        let output = command.args(arguments).assert().code(1).get_output().clone();
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            printed.contains("account news") && printed.contains("line 1"),
            "{arguments:?}: {printed}"
        );
        assert!(!printed.contains("sesame"), "{arguments:?}: {printed}");
    }
}

#[test]
fn wrong_settings_are_refused_and_change_nothing() {
    let data = data();
    let file = added(data.path());
    let before = fs::read(&file).expect("the settings");
    for (arguments, said) in [
        (&["edit", "news", "--set", "security=ssl"][..], "`security` takes"),
        (&["edit", "news", "--set", "hots=x"], "there is no setting `hots`"),
        (&["edit", "news", "--unset", "host"], "`host` is missing"),
        (&["edit", "news", "--secret", "folder"], "`folder` is no secret"),
        (&["edit", "news", "--ca", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
        (
            &["edit", "weekly", "--set", "port=993"],
            "there is no account called weekly",
        ),
        (&["show", "weekly"], "there is no account called weekly"),
        (&["show", "No Name"], "cannot be an account's name"),
        (
            &["add", "news", "--host", "h", "--user", "u"],
            "there is an account called news already",
        ),
        (
            &[
                "add",
                "other",
                "--host",
                "h",
                "--user",
                "u",
                "--imap-flags",
                "/imap/sssl",
            ],
            "/sssl is not known",
        ),
        (&["add", "other", "--host", "h"], "`user` is missing"),
        (
            &["add", "other", "--host", "h", "--user", "u", "--port", "x"],
            "`port` takes a whole number",
        ),
    ] {
        let mut command = accounts(data.path());
        let output = command
            .args(arguments)
            .write_stdin("secret\n")
            .assert()
            .code(1)
            .get_output()
            .clone();
        let complaint = String::from_utf8(output.stderr).expect("complaints are UTF-8");
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
    }
    assert_eq!(fs::read(&file).expect("the settings"), before);
    assert_eq!(
        fs::read_dir(data.path().join("accounts")).expect("the folder").count(),
        1
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_refused_with_the_remedy() {
    use std::os::unix::fs::PermissionsExt;
    let data = data();
    let file = added(data.path());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("our file");
    let complaint = stderr(accounts(data.path()).args(["show", "news"]));
    assert!(
        complaint.contains(&format!("chmod 600 '{}'", file.display())),
        "{complaint}"
    );
}

#[test]
fn one_broken_account_hides_no_other() {
    let data = data();
    added(data.path());
    fs::copy(
        data.path().join("accounts/news.toml"),
        data.path().join("accounts/odd.toml"),
    )
    .expect("a copy");
    fs::write(data.path().join("accounts/odd.toml"), "verbose = true").expect("a broken file");
    let output = accounts(data.path())
        .args(["list", "--format", "jsonl"])
        .assert()
        .code(1)
        .get_output()
        .clone();
    let rows = documents(&String::from_utf8(output.stdout).expect("UTF-8"));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["problem"], Value::Null);
    assert!(
        rows[1]["problem"]
            .as_str()
            .expect("a problem")
            .contains("unknown setting `verbose`")
    );
}

#[test]
fn every_setting_is_named() {
    let data = data();
    let rows = documents(&stdout(accounts(data.path()).args(["settings", "--format", "jsonl"])));
    let named = |name: &str| rows.iter().find(|row| row["setting"] == name).expect(name);
    assert_eq!(named("password")["secret"], true);
    assert_eq!(named("after_others")["secret"], false);
}
