//! Why, and how to teach it more: `--explain`, `--rules` and `rebound rules`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// A category of one's own for words that the built-in rules take for a policy.
const GOOD: &str = r#"
[[rule]]
id = "ours.blocklist"
category = "ask-the-network-team"
action = "record"
phrases = ["blocked using zen.spamhaus.org", "blocked using {host}"]
examples = ["550 5.7.1 Service unavailable; client blocked using bl.example.org"]
"#;

/// A field that is not known, on line 4.
const MISSPELT: &str = "[[rule]]\nid = \"ours.x\"\nreason = \"blocked\"\nphrase = [\"x\"]\nexamples = [\"x\"]\n";

/// An example that an earlier rule decides, on line 12.
const FAULTY: &str = r#"[[rule]]
id = "ours.first"
reason = "blocked"
phrases = ["go away"]
examples = ["550 go away"]

[[rule]]
# An id says which.
id = "ours.second"
reason = "rejected"
phrases = ["away now"]
examples = ["550 go away now"]
not = ["550 stay away now"]
"#;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

/// A message of the sample mailbox.
fn sample(name: &str) -> PathBuf {
    mailbox().join(name)
}

fn explained(name: &str) -> String {
    let story = stdout(
        rebound(Path::new("unused"))
            .args(["classify", "--explain"])
            .arg(sample(name)),
    );
    let (_, told) = story.split_once('\n').expect("the file's name, then its story");
    format!("{name}\n{told}")
}

#[test]
fn an_explanation_says_what_was_found_what_decided_and_what_lost() {
    insta::assert_snapshot!("no-such-user", explained("amazon-sns-bounce-as-json.eml"));
}

#[test]
fn an_explanation_says_what_is_special_about_a_message() {
    let doubted = explained("postfix-spamhaus-as-5-1-1.eml");
    for told in [
        "says blocked: it knows the words “blocked using”",
        "would have said user-unknown: status codes come after clear words",
        "contradiction the status 5.1.1 says user-unknown",
        "action        record: ",
    ] {
        assert!(doubted.contains(told), "{doubted}");
    }
    let forwarded = explained("postfix-alias-forwards-to-dead-address.eml");
    for told in [
        "contact       office@willow.example.org: the report says",
        "rather than h.wolff@private.example.com: the last server tried",
        "action        suppress: ",
    ] {
        assert!(forwarded.contains(told), "{forwarded}");
    }
    let ordinary = explained("newsletter-about-bounces.eml");
    for told in [
        "is            unrecognised: ",
        "against one   a mailing list",
        "lacks         ",
    ] {
        assert!(ordinary.contains(told), "{ordinary}");
    }
    let robot = explained("out-of-office-polish.eml");
    assert!(
        robot.contains("recognised    by absence.away.pl: “przebywam na urlopie”"),
        "{robot}"
    );
}

#[test]
fn every_message_can_be_explained() {
    let mut command = rebound(Path::new("unused"));
    let lines = stdout(
        command
            .args(["classify", "--explain", "--format", "jsonl"])
            .arg(mailbox()),
    );
    let plain = stdout(
        rebound(Path::new("unused"))
            .args(["classify", "--format", "jsonl"])
            .arg(mailbox()),
    );
    let mut explained = documents(&lines);
    for document in &mut explained {
        let explanation = document.as_object_mut().and_then(|keys| keys.remove("explanation"));
        assert!(explanation.is_some_and(|why| why["basis"].is_string()), "{document}");
    }
    assert_eq!(
        explained,
        documents(&plain),
        "explaining adds one key and changes nothing"
    );
    let stories = stdout(
        rebound(Path::new("unused"))
            .args(["classify", "--explain"])
            .arg(mailbox()),
    );
    assert!(stories.lines().filter(|line| line.starts_with("    action ")).count() > 100);
}

#[test]
fn a_users_rule_decides_first_and_its_category_is_shown() {
    let folder = Folder::new();
    let rules = folder.file("ours.toml", GOOD);
    let message = sample("postfix-spamhaus-as-5-1-1.eml");
    let classify = |format: &str| {
        let mut command = rebound(Path::new("unused"));
        stdout(
            command
                .args(["classify", "--format", format, "--rules"])
                .args([&rules, &message]),
        )
    };
    let judged = documents(&classify("jsonl"));
    let verdict = &judged[0]["recipients"][0];
    assert_eq!(verdict["rule"], "ours.blocklist");
    assert_eq!(verdict["own_category"], "ask-the-network-team");
    assert_eq!(verdict["action"], "record");
    assert!(classify("table").contains("ask-the-network-team"));
    let only = |category: &str| {
        let mut command = rebound(Path::new("unused"));
        let command = command.args(["classify", "--format", "jsonl", "--category", category, "--rules"]);
        documents(&stdout(command.args([&rules, &message]))).len()
    };
    assert_eq!(
        only("ask-the-network-team"),
        1,
        "a category of one's own can be asked for"
    );
    let beside = verdict["category"].as_str().expect("a category of the built-in ones");
    assert_eq!(only(beside), 1, "and so can the one that it stands beside");
    assert_eq!(only("hard-bounce"), 0);
    let plain = stdout(
        rebound(Path::new("unused"))
            .args(["classify", "--format", "jsonl"])
            .arg(&message),
    );
    assert_ne!(documents(&plain)[0]["rules_version"], judged[0]["rules_version"]);
    assert_eq!(
        documents(&plain)[0]["recipients"][0].get("own_category"),
        None,
        "the contract's keys stay"
    );
}

#[test]
fn a_run_records_what_a_users_rule_says() {
    let folder = Folder::new();
    let rules = folder.file("ours.toml", GOOD);
    rebound(&folder.data())
        .arg("run")
        .arg(sample("postfix-spamhaus-as-5-1-1.eml"))
        .arg("--rules")
        .arg(&rules)
        .assert()
        .success();
    let mut command = rebound(&folder.data());
    let contact = stdout(command.args([
        "contacts",
        "show",
        "lucia.ferri@dogwood.example.net",
        "--format",
        "json",
    ]));
    let contact: Value = serde_json::from_str(&contact).expect("one document");
    assert_eq!(contact["events"][0]["rule"], "ours.blocklist");
    assert_eq!(contact["events"][0]["own_category"], "ask-the-network-team");
}

#[test]
fn a_bad_file_of_rules_is_refused_as_a_whole_with_every_line() {
    let folder = Folder::new();
    let message = sample("postfix-no-such-user.eml");
    for (text, faults) in [
        (MISSPELT, &["bad.toml:4: unknown field `phrase`"][..]),
        (
            FAULTY,
            &["bad.toml:12: rule ours.second: this example is decided by ours.first"],
        ),
        ("[[rule]\n", &["bad.toml:1: "]),
        (
            "# Two.\n[[rule]]\nid = \"a\"\nreason = \"nope\"\n\n[[rule]]\nid = \"b\"\nphrase = [\"x\"]\n",
            &[
                "bad.toml:4: \"nope\" is not a known",
                "bad.toml:8: unknown field `phrase`",
            ],
        ),
    ] {
        let rules = folder.file("bad.toml", text);
        for verb in ["classify", "run"] {
            let mut command = rebound(&folder.data());
            command.arg(verb).arg("--rules").args([&rules, &message]);
            let complaint = stderr(&mut command);
            assert!(complaint.starts_with("error: the rules in "), "{complaint}");
            assert!(complaint.contains("were refused as a whole\n"), "{complaint}");
            assert!(complaint.contains("\nhint: "), "{complaint}");
            for fault in faults {
                assert!(complaint.contains(fault), "{complaint}");
            }
            command.assert().code(1).stdout("");
        }
        let mut command = rebound(&folder.data());
        command.args(["rules", "test"]).arg(&rules).assert().code(1).stdout("");
    }
    assert!(!folder.data().exists(), "nothing was opened, nothing judged");
}

#[test]
fn a_file_of_rules_that_is_not_there_is_named() {
    let mut command = rebound(Path::new("unused"));
    command
        .args(["classify", "--rules", "/nowhere/rules.toml"])
        .arg(mailbox());
    assert!(stderr(&mut command).starts_with("error: reading the rules in /nowhere/rules.toml: "));
    command.assert().code(1);
}

#[test]
fn rules_are_listed_in_the_order_in_which_they_are_asked() {
    let folder = Folder::new();
    let ours = folder.file("ours.toml", GOOD);
    let mut command = rebound(Path::new("unused"));
    let rules = documents(&stdout(
        command
            .args(["rules", "list", "--format", "jsonl", "--rules"])
            .arg(&ours),
    ));
    assert_eq!(rules[0]["id"], "ours.blocklist");
    assert_eq!(rules[0]["category"], "ask-the-network-team");
    let mut strengths: Vec<_> = rules.iter().filter_map(|rule| rule["strength"].as_str()).collect();
    assert_eq!(strengths.len(), rules.len());
    strengths.dedup();
    assert_eq!(strengths.first(), Some(&"user"));
    assert_eq!(strengths.last(), Some(&"weak"), "{strengths:?}");
    let headings = stdout(rebound(Path::new("unused")).args(["rules", "list", "--format", "csv"]));
    assert!(
        headings.starts_with("id,reason,category,action,provider,strength,origin\n"),
        "{headings}"
    );
}

#[test]
fn a_text_can_be_tried_on_the_rules() {
    let folder = Folder::new();
    let ours = folder.file("ours.toml", GOOD);
    let good = stdout(rebound(Path::new("unused")).args(["rules", "test"]).arg(&ours));
    assert!(good.ends_with("ours.toml: ok, 1 rule\n"), "{good}");
    let text = "550 5.1.1 User unknown; blocked using bl.example.org";
    for (files, first) in [(&[][..], "blocked"), (&[ours], "undefined")] {
        let mut command = rebound(Path::new("unused"));
        command
            .args(["rules", "test", "--format", "jsonl", "--text", text])
            .args(files);
        let matched = documents(&stdout(&mut command));
        assert_eq!(
            (&matched[0]["decides"], &matched[0]["reason"]),
            (&true.into(), &first.into())
        );
        let lost = matched.iter().skip(1).find(|rule| rule["reason"] == "user-unknown");
        assert_eq!(lost.map(|rule| &rule["decides"]), Some(&false.into()), "{matched:?}");
    }
    let unknown = stderr(rebound(Path::new("unused")).args(["rules", "test", "--text", "qwertz"]));
    assert_eq!(unknown, "note: no rule knows this text\n");
    rebound(Path::new("unused")).args(["rules", "test"]).assert().code(2);
}
