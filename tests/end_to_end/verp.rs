//! Signed return addresses.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use rebound_contacts::ContactAddress;
use rebound_verp::canonical;
use serde_json::Value;
use tempfile::TempDir;

use crate::serve::Serving;
use crate::support::{documents, rebound, stderr, stdout};

const KEYS: &str =
    "[[keys]]\nid = 1\nsecret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\ncreated = \"2026-11-22\"\n";
/// Of key 1, for ann@example.org on news, on 2026-11-22.
const TOKEN: &str = "ceavckyz7oqotjs6xwbkpthov7qwalhlihmojqfqwhz22mjs";
const TOKEN_TO_UNSUBSCRIBE: &str = "ciavckyz7oqotjs6xwbkpthov7qwbyfugqoofydxr3ltt64f";

fn keys_file(data: &Path) -> std::path::PathBuf {
    data.join("keys/return-path-keys.toml")
}

#[test]
fn tokens_and_contacts_mean_the_same_address() {
    for address in [
        "Ann@Example.ORG",
        "ann@example.org.",
        "\"ann.b\"@example.org",
        "\"Ann B\"@example.org",
        "\"ann@home\"@example.org",
        "\"o\\\"b\\\\c\"@example.org",
        "o'brien+tag@mail.example.net",
        "ann@BÜCHER.example",
        "ann@bu\u{308}cher.example",
        "JOSE\u{301}@example.org",
        "ΟΔΟΣ@example.org",
        "a..b.@docomo.example",
    ] {
        let contact: ContactAddress = address.parse().expect("an address");
        assert_eq!(canonical(address).as_deref(), Some(contact.as_str()), "{address}");
        assert_eq!(
            canonical(contact.as_str()).as_deref(),
            Some(contact.as_str()),
            "{address}"
        );
    }
}

/// A data folder with key 1.
fn with_a_key() -> TempDir {
    let data = TempDir::new().expect("a folder");
    stdout(rebound(data.path()).args(["verp", "keys", "new"]));
    // Keeps the mode of the file that was made.
    fs::write(keys_file(data.path()), KEYS).expect("written");
    data
}

fn verp(data: &Path, arguments: &[&str]) -> Command {
    let mut command = rebound(data);
    command.arg("verp").args(arguments);
    command
}

fn one(lines: &str) -> Value {
    let mut documents = documents(lines);
    assert_eq!(documents.len(), 1, "{lines}");
    documents.remove(0)
}

#[test]
fn keys_are_made_listed_and_retired_and_their_secrets_stay_unseen() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let list = || documents(&stdout(&mut verp(data, &["keys", "list", "--format", "jsonl"])));
    assert!(stderr(&mut verp(data, &["keys", "list"])).contains("`rebound verp keys new` makes one"));
    let tried = one(&stdout(&mut verp(
        data,
        &["keys", "new", "--dry-run", "--format", "jsonl"],
    )));
    assert_eq!(
        (&tried["id"], list().len()),
        (&Value::from(1), 0),
        "a dry run makes nothing"
    );

    for id in 1..=2 {
        let made = one(&stdout(&mut verp(data, &["keys", "new", "--format", "jsonl"])));
        assert_eq!((&made["id"], &made["signs"]), (&Value::from(id), &Value::from(true)));
    }
    let document = fs::read_to_string(keys_file(data)).expect("the keys");
    let secrets: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("secret = "))
        .collect();
    assert_eq!(secrets.len(), 2);
    assert_ne!(secrets[0], secrets[1]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(keys_file(data)).expect("the keys").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }

    stdout(&mut verp(data, &["keys", "retire", "2", "--dry-run"]));
    assert_eq!(list()[1]["signs"], true, "a dry run changes nothing");
    stdout(&mut verp(data, &["keys", "retire", "2"]));
    let listed = list();
    assert_eq!(
        (&listed[0]["signs"], &listed[1]["signs"]),
        (&Value::from(true), &Value::from(false))
    );
    assert!(listed[1]["retired"].is_string());
    assert!(stderr(&mut verp(data, &["keys", "retire", "1"])).contains("no key is left to sign with"));
    let mut unknown = verp(data, &["keys", "retire", "9"]);
    assert!(stderr(&mut unknown).contains("there is no key 9"));
    unknown.assert().code(1);

    for arguments in [
        &["keys", "list"][..],
        &["keys", "list", "--format", "json"],
        &["keys", "retire", "1"],
    ] {
        let output = verp(data, arguments).output().expect("run");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            !secrets.iter().any(|secret| said.contains(secret.trim_matches('"'))),
            "{said}"
        );
    }
}

#[test]
fn an_address_is_signed_for_what_was_asked() {
    let data = with_a_key();
    let sign = |more: &[&str]| {
        let mut command = verp(
            data.path(),
            &["sign", "Ann@example.org", "--list", "news", "--day", "2026-11-22"],
        );
        stdout(command.args(more))
    };
    assert_eq!(
        sign(&["--domain", "example.com"]),
        format!("bounces+{TOKEN}@example.com\n")
    );
    assert_eq!(
        sign(&["--domain", "example.com", "--prefix", "b-"]),
        format!("b-{TOKEN}@example.com\n")
    );
    assert_eq!(
        sign(&["--domain", "b.example.com", "--prefix", ""]),
        format!("{TOKEN}@b.example.com\n")
    );
    assert_eq!(sign(&[]), format!("bounces+{TOKEN}\n"));
    assert_eq!(
        sign(&["--domain", "example.com", "--for", "unsubscribe"]),
        format!("unsubscribe+{TOKEN_TO_UNSUBSCRIBE}@example.com\n")
    );
    let told = stderr(&mut verp(
        data.path(),
        &[
            "sign",
            "ann@example.org",
            "--list",
            "news",
            "--prefix",
            "much-too-long-a-prefix",
        ],
    ));
    assert!(told.contains("at most 64 octets"), "{told}");
}

#[test]
fn many_addresses_are_signed_from_a_list_or_a_table() {
    let data = with_a_key();
    let expected = format!("address,return_path\nann@example.org,bounces+{TOKEN}@example.com\n");
    for list in [
        "ann@example.org\n",
        "\nann@example.org",
        "name,E-Mail\nAnn,ann@example.org\n",
        "address;name\nann@example.org;Ann\n",
    ] {
        let mut sign = verp(
            data.path(),
            &["sign", "--file", "-", "--list", "news", "--day", "2026-11-22"],
        );
        sign.args(["--domain", "example.com", "--format", "csv"])
            .write_stdin(list);
        assert_eq!(stdout(&mut sign), expected, "{list:?}");
    }
    let mut sign = verp(
        data.path(),
        &["sign", "--file", "-", "--list", "news", "--format", "jsonl"],
    );
    sign.write_stdin("ann@example.org\nnobody\nbob@example.org\n");
    let output = sign.assert().code(1);
    let output = output.get_output();
    assert_eq!(
        documents(&String::from_utf8_lossy(&output.stdout)).len(),
        2,
        "the others are signed"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 2: has no domain: nobody"));
}

#[test]
fn nothing_is_signed_without_a_key() {
    let data = TempDir::new().expect("a folder");
    let mut sign = verp(data.path(), &["sign", "ann@example.org", "--list", "news"]);
    let told = stderr(&mut sign);
    assert!(
        told.contains("there is no key to sign with") && told.contains("hint: `rebound verp keys new`"),
        "{told}"
    );
    sign.assert().code(1);
}

#[test]
fn an_address_is_verified_with_what_it_was_signed_for() {
    let data = with_a_key();
    let verify_on = |day: &str, address: &str, more: &[&str]| {
        let mut command = verp(data.path(), &["verify", address, "--day", day, "--format", "jsonl"]);
        let output = command.args(more).output().expect("run");
        let row = one(&String::from_utf8_lossy(&output.stdout));
        let code = i32::from(row["valid"] != true);
        assert_eq!(output.status.code(), Some(code), "{row}");
        row
    };
    let verify = |address: &str, more: &[&str]| verify_on("2026-11-29", address, more);
    let ours = format!("bounces+{TOKEN}@example.com");
    let wrapped = format!(
        "SRS0=Hx7f=TT=example.com=BOUNCES+{}@relay.example.net",
        TOKEN.to_uppercase()
    );
    for address in [&ours, &wrapped] {
        let row = verify(address, &["--list", "news", "--contact", "ANN@example.org"]);
        assert_eq!(row["valid"], true, "{row}");
        assert_eq!((&row["key"], &row["age"]), (&Value::from(1), &Value::from(7)));
        assert_eq!(
            (&row["day"], &row["purpose"]),
            (&Value::from("2026-11-22"), &Value::from("return-path"))
        );
        assert_eq!(
            (&row["list_matches"], &row["contact_matches"]),
            (&Value::from(true), &Value::from(true))
        );
    }
    assert_eq!(verify(&wrapped, &[])["wrappers"], "srs0");
    for (address, more, why) in [
        (ours.clone(), &["--list", "offers"][..], "for another list"),
        (ours.clone(), &["--contact", "bob@example.org"], "for another contact"),
        (ours.replace("mjs@", "mjt@"), &[], "key 1 did not sign this token"),
        (ours.replace("mjs@", "@"), &[], "cut off"),
        ("bounces@example.com".to_owned(), &[], "cut the token off"),
        (
            "bounces+ann=example.org@example.com".to_owned(),
            &[],
            "there is no token in it",
        ),
    ] {
        let row = verify(&address, more);
        assert!(
            row["valid"] == false && row["why"].as_str().expect("why").contains(why),
            "{row}"
        );
    }
    let early = verify_on("2026-11-20", &ours, &[]);
    assert!(
        early["why"].as_str().expect("why").contains("is yet to come"),
        "{early}"
    );
    assert_eq!(
        verify("bounces+ann=example.org@example.com", &[])["hints"],
        "ann@example.org"
    );
    let table = stdout(&mut verp(
        data.path(),
        &["verify", &ours, "--list", "news", "--day", "2026-11-29"],
    ));
    assert!(table.contains("valid") && table.contains("for this list"), "{table}");
}

#[test]
fn keys_that_others_may_read_or_nobody_can_are_refused_with_the_remedy() {
    let data = with_a_key();
    fs::write(keys_file(data.path()), KEYS.replace("id = 1", "id = 1000")).expect("written");
    let mut list = verp(data.path(), &["keys", "list"]);
    let told = stderr(&mut list);
    assert!(
        told.contains("return-path-keys.toml") && told.contains("it needs an id"),
        "{told}"
    );
    list.assert().code(1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(keys_file(data.path()), fs::Permissions::from_mode(0o644)).expect("changed");
        let told = stderr(&mut list);
        assert!(told.contains("chmod 600"), "{told}");
    }
    let doctor = rebound(data.path())
        .args(["doctor", "--offline", "--format", "jsonl"])
        .output()
        .expect("run");
    let findings = documents(&String::from_utf8_lossy(&doctor.stdout));
    let keys = findings.iter().find(|finding| finding["check"] == "return-path-keys");
    assert_eq!(keys.expect("looked at")["result"], "problem");
}

#[test]
fn on_a_stack_the_keys_are_its_secret() {
    let data = TempDir::new().expect("a folder");
    let serving = Serving::start(data.path());
    let on_stack = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
        command
            .env("AWS_ENDPOINT_URL", &serving.url)
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_REGION", "us-east-1")
            .args(["--stack", "local", "verp"])
            .args(arguments);
        command
    };
    let told = stderr(&mut on_stack(&["keys", "new"]));
    assert!(told.contains("secret rebound/return-path-keys"), "{told}");
    let sign = ["sign", "ann@example.org", "--list", "news", "--domain", "example.com"];
    let address = stdout(&mut on_stack(&sign));
    let verified = stdout(&mut on_stack(&[
        "verify",
        address.trim(),
        "--list",
        "news",
        "--contact",
        "ann@example.org",
    ]));
    assert!(verified.contains("for this contact"), "{verified}");
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    // The folder's own commands see the same keys.
    stdout(&mut verp(data.path(), &["verify", address.trim(), "--list", "news"]));
}
