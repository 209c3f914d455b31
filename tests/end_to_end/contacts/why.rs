//! A contact's story.

use serde_json::Value;
use tempfile::TempDir;

use super::suppress;
use crate::support::{mailbox, rebound, stdout};

#[test]
fn every_event_says_what_the_policy_made_of_it() {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).arg("run").arg(mailbox()).assert().success();
    let story = |address: &str| -> Value {
        let json = stdout(rebound(data.path()).args(["contacts", "why", address, "--format", "json"]));
        serde_json::from_str(&json).expect("JSON")
    };
    let outcomes = |story: &Value| -> Vec<String> {
        let events = story["events"].as_array().expect("a list").iter();
        events
            .map(|event| format!("{}: {}", event["category"], event["outcome"]).replace('"', ""))
            .collect()
    };
    let five = story("frieda.lang@alder.example.net");
    assert_eq!(
        outcomes(&five),
        [
            "soft-bounce: counted",
            "soft-bounce: counted",
            "soft-bounce: counted",
            "soft-bounce: counted",
            "soft-bounce: suppressed"
        ]
    );
    assert_eq!(five["events"][2]["outcome_told"], "counted: 3 of 5 that suppress");
    suppress(data.path(), &["frieda.lang@alder.example.net"], None);
    stdout(rebound(data.path()).args([
        "contacts",
        "reactivate",
        "frieda.lang@alder.example.net",
        "--by",
        "maria",
        "--why",
        "she made room",
    ]));
    let five = story("frieda.lang@alder.example.net");
    assert_eq!(
        outcomes(&five)[4..],
        [
            "soft-bounce: suppressed",
            "suppress: recorded",
            "reactivate: reactivated"
        ]
    );
    let told = stdout(rebound(data.path()).args(["contacts", "show", "frieda.lang@alder.example.net"]));
    for line in [
        "\n  may be mailed now\n",
        "\n  by            maria\n  why           she made room\n",
    ] {
        assert!(told.contains(line), "{line:?} is missing in {told}");
    }
}

#[test]
fn it_says_when_the_contact_may_be_mailed_again() {
    let data = TempDir::new().expect("a folder");
    suppress(data.path(), &["ann@example.com"], None);
    suppress(data.path(), &["bob@example.com"], Some("news"));
    stdout(
        rebound(data.path())
            .args(["contacts", "import", "--from", "plain", "--kind", "soft-bounces", "-"])
            .write_stdin("cleo@example.com\n"),
    );
    for (address, lines) in [
        (
            "ann@example.com",
            &["\n  may be mailed when somebody reactivates it: rebound contacts reactivate ann@example.com --why …\n"]
                [..],
        ),
        (
            "bob@example.com",
            &[
                "\n  may be mailed now, but not from the lists it is off\n",
                "\n  off the lists news\n",
            ],
        ),
        (
            "cleo@example.com",
            &[
                "\n  may be mailed now\n",
                "the counted ones will be forgotten on 20",
                " if no other comes\n",
            ],
        ),
    ] {
        let story = stdout(rebound(data.path()).args(["contacts", "why", address]));
        for line in lines {
            assert!(story.contains(line), "{line:?} is missing in {story}");
        }
    }
}
