//! Filtering a list of recipients before sending.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{cells, suppress};
use crate::support::rebound;

struct Checked {
    code: Option<i32>,
    passed: String,
    told: String,
}

fn check(data: &Path, arguments: &[&str], recipients: &[u8]) -> Checked {
    let mut command = rebound(data);
    let output = command
        .args(["contacts", "check", "-"])
        .args(arguments)
        .write_stdin(recipients)
        .assert()
        .get_output()
        .clone();
    Checked {
        code: output.status.code(),
        passed: String::from_utf8(output.stdout).expect("UTF-8"),
        told: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A folder in which Ann and Bücher's Bob are suppressed, and Cleo is off the list `news`.
fn folder() -> TempDir {
    let data = TempDir::new().expect("a folder");
    suppress(data.path(), &["ann@example.com", "bob@bücher.example"], None);
    suppress(data.path(), &["cleo@example.net"], Some("news"));
    data
}

#[test]
fn rows_that_may_be_mailed_come_out_as_they_are() {
    let data = folder();
    for (recipients, passed) in [
        (
            "dora@example.com\r\nAnn@Example.COM\r\n emil@example.org \r\n",
            "dora@example.com\r\n emil@example.org \r\n",
        ),
        (
            "Bob <BOB@xn--bcher-kva.EXAMPLE>\n\"Lee, Dora\" <dora@example.com>",
            "\"Lee, Dora\" <dora@example.com>",
        ),
        ("\u{feff}ann@example.com\n\ncleo@example.net\n", "cleo@example.net\n"),
        (
            "Name;E-Mail;Note\r\n\"Lee; Ann\";ann@example.com;x\r\nDora;dora@example.com;\"two\r\nlines\"\r\n",
            "Name;E-Mail;Note\r\nDora;dora@example.com;\"two\r\nlines\"\r\n",
        ),
        (
            "address,email\n\"1, High Street\",ann@example.com\nhere,emil@example.org\n",
            "address,email\nhere,emil@example.org\n",
        ),
        (
            "email\nann@example.com\ndora@example.com\n",
            "email\ndora@example.com\n",
        ),
        ("", ""),
    ] {
        let checked = check(data.path(), &[], recipients.as_bytes());
        assert_eq!(
            (checked.code, checked.passed.as_str()),
            (Some(0), passed),
            "{recipients:?}: {}",
            checked.told
        );
    }
}

#[test]
fn who_left_the_list_is_left_out_of_that_list_only() {
    let data = folder();
    let recipients = b"cleo@example.net\ndora@example.com\n";
    for (list, passed) in [
        ("news", "dora@example.com\n"),
        ("offers", "cleo@example.net\ndora@example.com\n"),
    ] {
        let checked = check(data.path(), &["--list", list], recipients);
        assert_eq!(checked.passed, passed, "{list}");
    }
}

#[test]
fn everybody_left_out_is_accounted_for() {
    let data = folder();
    let rejected = data.path().join("left out.csv");
    let recipients =
        "name,mail\nA,Ann@example.com\nC,cleo@example.net\nX,nobody\nY\nD,dora@example.com\nZ,=x@example..com\n";
    let checked = check(
        data.path(),
        &["--list", "news", "--rejected", rejected.to_str().expect("UTF-8")],
        recipients.as_bytes(),
    );
    assert_eq!(checked.passed, "name,mail\nD,dora@example.com\n");
    assert_eq!(
        checked.told,
        "warning: line 4: has no domain: nobody\n\
         warning: line 5: has no such column: Y\n\
         warning: line 7: has no domain that could exist: =x@example..com\n\
         note: 1 may be mailed; left out: 1 suppressed, 1 off the list news, 3 that can't be read\n"
    );
    let written = cells(&fs::read_to_string(rejected).expect("a file"));
    let told: Vec<_> = written
        .iter()
        .map(|row| [&row[0], &row[1], &row[2]].map(String::as_str))
        .collect();
    assert_eq!(
        told,
        [
            ["line", "address", "why"],
            ["2", "Ann@example.com", "manual"],
            ["3", "cleo@example.net", "unsubscribe"],
            ["4", "nobody", "has no domain"],
            ["5", "Y", "has no such column"],
            ["7", "'=x@example..com", "has no domain that could exist"],
        ]
    );
    for row in &written[1..3] {
        assert!(row[3].starts_with("20") && row[3].ends_with('Z'), "{row:?}");
    }
}

#[test]
fn a_quotation_mark_that_never_ends_costs_one_row() {
    let data = folder();
    let checked = check(
        data.path(),
        &[],
        b"name,email\n\"Dora,dora@example.com\nEmil,emil@example.org\nAnn,ann@example.com\n",
    );
    assert_eq!(checked.passed, "name,email\nEmil,emil@example.org\n");
    assert!(
        checked
            .told
            .starts_with("warning: line 2: a quotation mark that never ends"),
        "{}",
        checked.told
    );
}

#[test]
fn only_the_first_bad_rows_are_named_and_all_are_counted() {
    let data = folder();
    let recipients = "nobody\n".repeat(1000) + "dora@example.com\n";
    let checked = check(data.path(), &[], recipients.as_bytes());
    assert_eq!(checked.passed, "dora@example.com\n");
    assert!(checked.told.lines().count() < 30, "{}", checked.told);
    assert!(checked.told.contains("and 980 more"), "{}", checked.told);
    assert!(
        checked.told.ends_with("0 suppressed, 1000 that can't be read\n"),
        "{}",
        checked.told
    );
}

#[test]
fn a_table_without_a_column_of_addresses_is_refused_and_nothing_passes() {
    let data = folder();
    for (recipients, column, seen) in [
        ("name,phone\nDora,1\n", None, "name, phone"),
        (
            "ann@example.com,dora@example.com\n",
            None,
            "ann@example.com, dora@example.com",
        ),
        ("name,email\nDora,dora@example.com\n", Some("mailbox"), "name, email"),
    ] {
        let arguments = column.map_or(Vec::new(), |column| vec!["--column", column]);
        let checked = check(data.path(), &arguments, recipients.as_bytes());
        assert_eq!((checked.code, checked.passed.as_str()), (Some(1), ""), "{recipients:?}");
        assert!(
            checked.told.contains(seen) && checked.told.contains("hint: --column NAME"),
            "{}",
            checked.told
        );
    }
    let checked = check(
        data.path(),
        &["--column", "Kontakt"],
        b"email,KONTAKT\nann@example.com,dora@example.com\n",
    );
    assert_eq!(checked.passed, "email,KONTAKT\nann@example.com,dora@example.com\n");
}

#[test]
fn a_folder_without_suppressed_contacts_is_suspicious() {
    let data = TempDir::new().expect("a folder");
    let checked = check(data.path(), &[], b"ann@example.com\n");
    assert_eq!((checked.code, checked.passed.as_str()), (Some(0), "ann@example.com\n"));
    assert!(
        checked.told.starts_with("warning: nobody in ") && checked.told.contains("hint: --data DIR"),
        "{}",
        checked.told
    );
}
