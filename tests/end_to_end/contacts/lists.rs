//! Suppression lists: taking over those of others, handing out our own.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::suppress;
use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// What is known after a list was imported, sorted: address, cause, since, lists left.
fn imported(name: &str, list: &str, arguments: &[&str]) -> (String, Vec<String>) {
    let data = TempDir::new().expect("a folder");
    let file = data.path().join(name);
    fs::write(&file, list).expect("a file");
    let told = stdout(
        rebound(data.path())
            .args(["contacts", "import"])
            .arg(&file)
            .args(arguments),
    );
    let contacts = contacts(data.path());
    let again = stdout(
        rebound(data.path())
            .args(["contacts", "import"])
            .arg(&file)
            .args(arguments),
    );
    assert!(again.contains("\n0 recorded, "), "{name} again: {again}");
    assert_eq!(self::contacts(data.path()), contacts, "{name} again");
    (told, contacts)
}

fn contacts(data: &Path) -> Vec<String> {
    let lines = stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"]));
    let text = |value: &Value| value.as_str().unwrap_or("-").replace(".000Z", "Z");
    documents(&lines)
        .iter()
        .map(|contact| {
            let [spelling, cause, at, lists] =
                ["spelling", "suppressed_cause", "suppressed_at", "unsubscribed_lists"].map(|key| text(&contact[key]));
            format!("{spelling} {cause} {at} {lists}").trim_end().to_owned()
        })
        .collect()
}

#[test]
fn every_providers_list_is_known_by_its_columns() {
    for (name, list, kind, expected) in [
        (
            "ses.json",
            "{\"SuppressedDestinationSummaries\": [\n  {\"EmailAddress\": \"Ann@example.com\", \"Reason\": \"BOUNCE\",\n  \
             \"LastUpdateTime\": \"2026-03-01T10:00:00.000000+01:00\"},\n  {\"EmailAddress\": \"bob@example.com\", \
             \"Reason\": \"COMPLAINT\", \"LastUpdateTime\": 1772355600.0}\n], \"NextToken\": null}\n",
            "Amazon SES suppression list",
            &[
                "Ann@example.com hard-bounce 2026-03-01T09:00:00Z",
                "bob@example.com complaint 2026-03-01T09:00:00Z",
            ][..],
        ),
        (
            "ses.csv",
            "EmailAddress,Reason,LastUpdateTime\nann@example.com,BOUNCE,2026-03-01T09:00:00+00:00\n",
            "Amazon SES suppression list",
            &["ann@example.com hard-bounce 2026-03-01T09:00:00Z"],
        ),
        (
            "suppression_bounces.csv",
            "status,reason,email,created\n5.1.1,\"550 5.1.1 No such user, \"\"ann\"\"\nhere\",ann@example.com,1772355600\n",
            "SendGrid bounces or blocks",
            &["ann@example.com hard-bounce 2026-03-01T09:00:00Z"],
        ),
        (
            "suppression_blocks.csv",
            "status,reason,email,created\n5.7.1,550 5.7.1 Blocked,ann@example.com,1772355600\n",
            "SendGrid bounces or blocks",
            &["ann@example.com - -"],
        ),
        (
            "suppression_spam_reports.csv",
            "ip,email,created\n192.0.2.1,ann@example.com,1772355600\n",
            "SendGrid spam reports",
            &["ann@example.com complaint 2026-03-01T09:00:00Z"],
        ),
        (
            "suppression_invalid_emails.csv",
            "reason,email,created\nMail domain mentioned in email address is unknown,ann@example.invalid,1772355600\n",
            "SendGrid invalid emails",
            &["ann@example.invalid hard-bounce 2026-03-01T09:00:00Z"],
        ),
        (
            "suppression_unsubscribes.csv",
            "email,created\nann@example.com,1772355600\n",
            "SendGrid unsubscribes",
            &["ann@example.com unsubscribe 2026-03-01T09:00:00Z"],
        ),
        (
            "bounces.csv",
            "address,code,error,created_at\nann@example.com,550,No such mailbox,\"Sun, 01 Mar 2026 09:00:00 UTC\"\n",
            "Mailgun bounces",
            &["ann@example.com hard-bounce 2026-03-01T09:00:00Z"],
        ),
        (
            "complaints.csv",
            "address,created_at\nann@example.com,\"Sun, 01 Mar 2026 09:00:00 UTC\"\n",
            "Mailgun complaints",
            &["ann@example.com complaint 2026-03-01T09:00:00Z"],
        ),
        (
            "unsubscribes.json",
            "{\"items\": [{\"address\": \"ann@example.com\", \"tags\": [\"*\"], \"created_at\": \"Sun, 01 Mar 2026 09:00:00 UTC\"},\n\
             {\"address\": \"bob@example.com\", \"tags\": [\"news\", \"offers\"], \"created_at\": \"Sun, 01 Mar 2026 09:00:00 UTC\"}]}",
            "Mailgun unsubscribes",
            &[
                "ann@example.com unsubscribe 2026-03-01T09:00:00Z",
                "bob@example.com - - news offers",
            ],
        ),
        (
            "postmark.json",
            "{\"Suppressions\":[{\"EmailAddress\":\"ann@example.com\",\"SuppressionReason\":\"HardBounce\",\"Origin\":\"Recipient\",\
             \"CreatedAt\":\"2026-03-01T04:00:00-05:00\"},{\"EmailAddress\":\"bob@example.com\",\"SuppressionReason\":\
             \"SpamComplaint\",\"Origin\":\"Recipient\",\"CreatedAt\":\"2026-03-01T04:00:00-05:00\"}]}",
            "Postmark suppressions",
            &[
                "ann@example.com hard-bounce 2026-03-01T09:00:00Z",
                "bob@example.com complaint 2026-03-01T09:00:00Z",
            ],
        ),
        (
            "postmark.csv",
            "EmailAddress,SuppressionReason,Origin,CreatedAt\n\
             ann@example.com,ManualSuppression,Recipient,2026-03-01T04:00:00-05:00\n\
             bob@example.com,ManualSuppression,Customer,2026-03-01T04:00:00-05:00\n",
            "Postmark suppressions",
            &[
                "ann@example.com unsubscribe 2026-03-01T09:00:00Z",
                "bob@example.com manual 2026-03-01T09:00:00Z",
            ],
        ),
        (
            "unsubscribed_members_export.csv",
            "\"Email Address\",\"First Name\",OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID\n\
             ann@example.com,Ann,,\"2026-03-01 09:00:00\",\"Weekly 9\",NORMAL,1,a\n",
            "Mailchimp unsubscribed contacts",
            &["ann@example.com unsubscribe 2026-03-01T09:00:00Z"],
        ),
        (
            "cleaned_members_export.csv",
            "\"Email Address\",\"First Name\",CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\n\
             ann@example.com,Ann,\"2026-03-01 09:00:00\",\"Weekly 9\",1,a\n",
            "Mailchimp cleaned contacts",
            &["ann@example.com hard-bounce 2026-03-01T09:00:00Z"],
        ),
    ] {
        let (told, contacts) = imported(name, list, &[]);
        assert!(told.starts_with(&format!("{kind}:\n")), "{name}: {told}");
        assert_eq!(contacts, expected, "{name}: {told}");
    }
}

#[test]
fn whoever_left_is_off_the_list_that_is_named() {
    let list = "email,created\nann@example.com,1772355600\n";
    let (told, contacts) = imported("suppression_unsubscribes.csv", list, &["--list", "news"]);
    assert_eq!(contacts, ["ann@example.com - - news"]);
    assert_eq!(
        told,
        "SendGrid unsubscribes:\n  1  unsubscribe from the list news\n\
         1 recorded, 0 were in already. Newly suppressed: 0; newly off a list: 1.\n"
    );
}

#[test]
fn what_columns_do_not_say_is_asked_for() {
    let data = TempDir::new().expect("a folder");
    let bounces = "status,reason,email,created\n5.1.1,550 No,ann@example.com,1772355600\n";
    for (list, arguments, expected) in [
        (bounces, &[][..], "--kind says it"),
        ("ann@example.com\nbob@example.com\n", &[], "--from plain"),
        (
            "email\nann@example.com\n",
            &[],
            "nobody's columns that are known here: email",
        ),
        (
            "name,email,created\nAnn,ann@example.com,1772355600\n",
            &[],
            "known here: name, email, created",
        ),
        (bounces, &["--from", "mailgun"], "Mailgun bounces: address, code, error"),
        (
            "\"Email Address\",LEID\nann@example.com,1\n",
            &[],
            "these people want mail",
        ),
        (
            "phone\n1\n",
            &["--from", "plain"],
            "no column of addresses is among phone",
        ),
        ("email,created\nann,1772355600\n", &[], "no row of it can be used"),
        ("[]", &[], "there is no row in it"),
        ("", &[], "there is nothing in it"),
    ] {
        let mut command = rebound(data.path());
        command
            .args(["contacts", "import", "-"])
            .args(arguments)
            .write_stdin(list);
        let complaint = stderr(&mut command);
        assert!(
            complaint.contains(expected) && complaint.contains("refused"),
            "{list:?}: {complaint}"
        );
        command.assert().code(1);
    }
    assert_eq!(contacts(data.path()), [""; 0]);
    for (list, arguments, expected) in [
        (
            bounces,
            &["--kind", "bounces"][..],
            "ann@example.com hard-bounce 2026-03-01T09:00:00Z",
        ),
        ("dora@example.com,BOUNCE\n", &[], "dora@example.com hard-bounce"),
        (
            "Dora <dora@example.com>\n",
            &["--from", "plain"],
            "dora@example.com manual",
        ),
        (
            "name;E-Mail\nDora;dora@example.com\n",
            &["--from", "plain", "--kind", "complaints"],
            "dora@example.com complaint",
        ),
    ] {
        let (_, contacts) = imported("list", list, arguments);
        assert!(contacts[0].starts_with(expected), "{contacts:?}");
    }
}

#[test]
fn bad_rows_are_named_and_the_rest_is_taken() {
    let data = TempDir::new().expect("a folder");
    let list = "EmailAddress,Reason,LastUpdateTime\n\
                ann@example.com,BOUNCE,2026-03-01T09:00:00Z\n\
                nobody,BOUNCE,2026-03-01T09:00:00Z\n\
                \n\
                bob@example.com,HOLIDAY,2026-03-01T09:00:00Z\n\
                cleo@example.com,BOUNCE,last week\n\
                \"dora@example.com,BOUNCE,2026-03-01T09:00:00Z\n\
                emil@example.com,COMPLAINT,\n";
    for (arguments, last) in [
        (&["--dry-run"][..], "Nothing was recorded: this was a dry run."),
        (
            &[],
            "2 recorded, 0 were in already. Newly suppressed: 2; newly off a list: 0.",
        ),
    ] {
        let mut command = rebound(data.path());
        command
            .args(["contacts", "import", "-"])
            .args(arguments)
            .write_stdin(list);
        assert_eq!(
            stdout(&mut command),
            format!(
                "Amazon SES suppression list:\n  1  complaint\n  1  hard-bounce\n  4  can't be read: left out\n{last}\n"
            )
        );
        assert_eq!(
            stderr(&mut command),
            "warning: line 3: has no domain: nobody, BOUNCE, 2026-03-01T09:00:00Z\n\
             warning: line 5: has a reason that is not known here: bob@example.com, HOLIDAY, 2026-03-01T09:00:00Z\n\
             warning: line 6: has a time that nobody can read: cleo@example.com, BOUNCE, last week\n\
             warning: line 7: a quotation mark that never ends\n"
        );
    }
}

#[test]
fn the_rest_of_an_interrupted_import_is_all_that_the_next_one_adds() {
    let data = TempDir::new().expect("a folder");
    let rows: Vec<String> = (0..2500)
        .map(|n| format!("person{n}@example.com,BOUNCE,2026-03-01T09:00:00Z\n"))
        .collect();
    let import = |rows: &[String]| {
        let list = format!("EmailAddress,Reason,LastUpdateTime\n{}", rows.concat());
        stdout(rebound(data.path()).args(["contacts", "import", "-"]).write_stdin(list))
    };
    let told = import(&rows[..1200]);
    assert!(
        told.ends_with("\n1200 recorded, 0 were in already. Newly suppressed: 1200; newly off a list: 0.\n"),
        "{told}"
    );
    let told = import(&rows);
    assert!(
        told.ends_with("\n1300 recorded, 1200 were in already. Newly suppressed: 1300; newly off a list: 0.\n"),
        "{told}"
    );
    // More than a page of them.
    let plain = stdout(rebound(data.path()).args(["contacts", "export", "--format", "plain"]));
    assert_eq!(plain.lines().count(), rows.len());
    let addresses: Vec<String> = (0..3000).map(|n| format!("person{n}@example.com\n")).collect();
    let passed = stdout(
        rebound(data.path())
            .args(["contacts", "check", "-"])
            .write_stdin(addresses.concat()),
    );
    assert_eq!(passed.lines().count(), 500);
}

#[test]
fn an_imported_event_says_where_it_comes_from() {
    let data = TempDir::new().expect("a folder");
    let file = data.path().join("suppression_bounces.csv");
    fs::write(
        &file,
        "status,reason,email,created\n5.1.1,550 5.1.1 No such user,ann@example.com,1772355600\n",
    )
    .expect("a file");
    stdout(rebound(data.path()).args(["contacts", "import"]).arg(file));
    let shown = stdout(rebound(data.path()).args(["contacts", "show", "ann@example.com", "--format", "json"]));
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let event = &shown["events"][0];
    for (key, expected) in [
        ("category", "hard-bounce"),
        ("severity", "hard"),
        ("status", "5.1.1"),
        ("diagnostic", "550 5.1.1 No such user"),
        ("actor", "import"),
        ("note", "suppression_bounces.csv"),
        ("at", "2026-03-01T09:00:00.000Z"),
    ] {
        assert_eq!(event[key], expected, "{key}");
    }
}

/// The sample mailbox judged, and some decisions by hand.
fn well_known() -> TempDir {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).arg("run").arg(mailbox()).assert().success();
    // What nothing proves is looked through.
    let release = ["contacts", "release", "--all", "--because", "unproven"];
    stdout(rebound(data.path()).args(release).args(["--by", "m", "--why", "seen"]));
    suppress(data.path(), &["=1+1@example.com", "Ann.Lee@BÜCHER.example"], None);
    suppress(data.path(), &["cleo@example.net"], Some("news, and more"));
    stdout(rebound(data.path()).args([
        "contacts",
        "correct",
        "ann@exmaple.com",
        "ann@example.com",
        "--by",
        "m",
        "--why",
        "slip",
    ]));
    data
}

#[test]
fn our_own_export_comes_back_as_it_was() {
    let data = well_known();
    let export = |data: &Path, format: &str| {
        stdout(rebound(data).args(["contacts", "export", "--list", "news, and more", "--format", format]))
    };
    let original = export(data.path(), "jsonl");
    assert!(documents(&original).len() > 50);
    let summary = |lines: &str| -> Vec<String> {
        let keys = [
            "address",
            "spelling",
            "suppressed_cause",
            "suppressed_at",
            "list",
            "new_address",
        ];
        let mut rows: Vec<String> = documents(lines)
            .iter()
            .map(|row| {
                // Five soft bounces are one row here, and a decision there.
                let cause = row["suppressed_cause"].to_string().replace("soft-bounce", "manual");
                let rest = keys
                    .iter()
                    .filter(|key| **key != "suppressed_cause")
                    .map(|key| row[*key].to_string());
                format!("{cause} {}", rest.collect::<Vec<_>>().join(" "))
            })
            .collect();
        rows.sort_unstable();
        rows
    };
    for format in ["csv", "jsonl"] {
        let copy = TempDir::new().expect("a folder");
        let list = export(data.path(), format);
        let told = stdout(rebound(copy.path()).args(["contacts", "import", "-"]).write_stdin(list));
        assert!(told.starts_with("rebound's own export:"), "{told}");
        assert_eq!(summary(&export(copy.path(), "jsonl")), summary(&original), "{format}");
    }
    // The longer table of all contacts will do as well.
    let copy = TempDir::new().expect("a folder");
    let list = stdout(rebound(data.path()).args(["contacts", "list", "--format", "csv"]));
    let told = stdout(rebound(copy.path()).args(["contacts", "import", "-"]).write_stdin(list));
    assert!(told.contains("may be mailed: left out"), "{told}");
    let suppressed = |data: &Path| {
        stdout(rebound(data).args(["contacts", "export", "--format", "plain"]))
            .lines()
            .count()
    };
    assert_eq!(suppressed(copy.path()), suppressed(data.path()));
}

#[test]
fn an_export_is_what_other_tools_take() {
    let data = well_known();
    let export = |arguments: &[&str]| stdout(rebound(data.path()).args(["contacts", "export"]).args(arguments));
    let csv = export(&["--cause", "manual"]);
    let rows: Vec<_> = csv.lines().collect();
    assert!(
        rows[0].starts_with("address,spelling,suppressed_cause,suppressed_at,list,"),
        "{csv}"
    );
    assert!(
        rows[1].starts_with("'=1+1@example.com,'=1+1@example.com,manual,20"),
        "{csv}"
    );
    assert!(
        rows[2].starts_with("ann.lee@xn--bcher-kva.example,Ann.Lee@BÜCHER.example,manual,20"),
        "{csv}"
    );
    assert_eq!(
        export(&["--format", "plain", "--cause", "manual"]),
        "=1+1@example.com\nAnn.Lee@BÜCHER.example\n"
    );
    assert_eq!(
        export(&["--format", "plain", "--cause", "corrected"]),
        "ann@exmaple.com\n"
    );
    assert_eq!(
        export(&[
            "--format",
            "plain",
            "--cause",
            "unsubscribe",
            "--list",
            "news, and more"
        ]),
        "cleo@example.net\n"
    );
    assert_eq!(export(&["--format", "plain", "--since", "2200-01-01"]), "");
    let ses = export(&["--format", "ses"]);
    assert!(ses.contains("\nann.lee@xn--bcher-kva.example,BOUNCE\n"), "{ses}");
    let reasons: std::collections::BTreeSet<_> = ses.lines().filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), ["BOUNCE", "COMPLAINT"]);
    for (arguments, expected) in [
        (&["--since", "yesterday"][..], "a day is 2026-11-01"),
        (&["--cause", "boredom"], "hint: causes: hard-bounce"),
        (&["--format", "ses", "--list", "news"], "hint: leave out --list"),
    ] {
        let complaint = stderr(rebound(data.path()).args(["contacts", "export"]).args(arguments));
        assert!(complaint.contains(expected), "{complaint}");
    }
}
