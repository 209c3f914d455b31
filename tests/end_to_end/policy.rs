//! The policy in force, and the circuit breaker.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// Three suppressions at once and no more; two failures in a row suppress.
const CAUTIOUS: &str = "[breaker]\nsuppressions = 3\npercent = 0\n[count]\nthreshold = 2\n";

fn held(data: &Path) -> Vec<serde_json::Value> {
    documents(&stdout(rebound(data).args([
        "contacts",
        "held",
        "--because",
        "breaker",
        "--format",
        "jsonl",
    ])))
}

fn suppressed(data: &Path) -> usize {
    stdout(rebound(data).args(["contacts", "export", "--format", "plain"]))
        .lines()
        .count()
}

/// The sample mailbox without the contact that a delivery saves: in which order it is judged decides whether it is among
/// those that are suppressed for a moment.
fn copy_without_deliveries(folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    for entry in fs::read_dir(mailbox()).expect("the mailbox") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.strip_suffix(".eml").is_some() && !name.starts_with("soft-then-delivered") {
            fs::copy(&path, folder.join(name)).expect("a copy");
        }
    }
}

#[test]
fn a_policy_is_put_in_force_as_a_whole_or_not_at_all() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let (good, bad) = (folder.path().join("good.toml"), folder.path().join("bad.toml"));
    fs::write(&good, CAUTIOUS).expect("written");
    fs::write(&bad, "[count]\nthreshold = 0\n[categories]\nhard = 'suppress'\n").expect("written");

    let built_in = stdout(rebound(data).args(["policy", "show"]));
    assert!(built_in.contains("hard-bounce = \"suppress\""), "{built_in}");
    rebound(data).args(["policy", "use"]).arg(&good).assert().success();
    for verb in ["check", "use"] {
        let mut command = rebound(data);
        let complaint = stderr(command.args(["policy", verb]).arg(&bad));
        for line in [
            "bad.toml:2: a threshold of 0",
            "bad.toml:4: `hard` is unknown here",
            "hint: ",
        ] {
            assert!(complaint.contains(line), "{line:?} is not in {complaint}");
        }
        command.assert().code(1);
    }
    assert_eq!(stdout(rebound(data).args(["policy", "show"])), CAUTIOUS);
    rebound(data).args(["policy", "reset"]).assert().success();
    assert_eq!(stdout(rebound(data).args(["policy", "show"])), built_in);
}

#[test]
fn a_contact_that_a_late_delivery_report_saves_is_not_called_held() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let (policy, mail) = (folder.path().join("policy.toml"), folder.path().join("mail"));
    fs::write(&policy, CAUTIOUS.replace("suppressions = 3", "suppressions = 0")).expect("written");
    rebound(data).args(["policy", "use"]).arg(&policy).assert().success();
    fs::create_dir(&mail).expect("a folder");
    // Two quota reports in a row would suppress; the delivery came between them.
    for (place, name) in ["3-quota", "5-quota", "4-success"].iter().enumerate() {
        let message = mailbox().join(format!("soft-then-delivered-{name}.eml"));
        fs::copy(message, mail.join(format!("{place}.eml"))).expect("a copy");
    }

    // One at a time, so that the delivery is judged when the contact is held already.
    let mut held_by_runs = Vec::new();
    for message in ["0.eml", "1.eml", "2.eml"] {
        stdout(rebound(data).arg("run").arg(mail.join(message)));
        held_by_runs.push(held(data).len());
    }
    assert_eq!(held_by_runs, [0, 1, 0], "the late report lets it go");

    let at_once = &folder.path().join("at-once");
    rebound(at_once).args(["policy", "use"]).arg(&policy).assert().success();
    let told = stdout(rebound(at_once).args(["run", "--format", "json"]).arg(&mail));
    let told: serde_json::Value = serde_json::from_str(&told).expect("a JSON summary");
    assert_eq!(
        told["held_in_all"],
        held(at_once).len(),
        "whatever the order in which they were judged"
    );
}

#[test]
fn what_one_run_would_suppress_beyond_the_usual_waits_to_be_released() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, CAUTIOUS).expect("written");
    rebound(data).args(["policy", "use"]).arg(&policy).assert().success();
    let mail = folder.path().join("mail");
    copy_without_deliveries(&mail);

    let told = stdout(rebound(data).arg("run").arg(&mail));
    assert!(told.contains("counted; 2 of them suppress"), "{told}");
    let held_before = held(data);
    assert_eq!(suppressed(data), 3, "{told}");
    assert!(
        told.contains(&format!("Held: {} contacts", held_before.len())),
        "{} are: {told}",
        held_before.len()
    );
    assert!(held_before.len() > 20);
    assert!(
        held_before
            .iter()
            .all(|row| row["account"] == "local" && !row["held_by"].is_null())
    );

    let one = held_before[0]["address"].as_str().expect("an address");
    let release = |arguments: &[&str]| {
        let mut command = rebound(data);
        stdout(
            command
                .args(["contacts", "release", "--why", "looked through", "--by", "maria"])
                .args(arguments),
        )
    };
    let told = release(&[one]);
    assert!(told.contains("now suppressed by"), "{told}");
    assert_eq!((suppressed(data), held(data).len()), (4, held_before.len() - 1));
    let again = stderr(rebound(data).args(["contacts", "release", one, "--why", "again", "--by", "maria"]));
    assert!(again.contains("nothing is held"), "{again}");

    let other = held_before[1]["address"].as_str().expect("an address");
    let discard = [
        "contacts",
        "discard",
        "--held",
        other,
        "--why",
        "she wrote",
        "--by",
        "maria",
    ];
    assert!(stdout(rebound(data).args(discard)).contains("nothing is held any more"));
    assert_eq!((suppressed(data), held(data).len()), (4, held_before.len() - 2));

    release(&["--all", "--account", "local"]);
    assert_eq!((suppressed(data), held(data)), (2 + held_before.len(), Vec::new()));
    let story = stdout(rebound(data).args(["contacts", "why", one]));
    for words in ["hold", "release", "maria", "looked through"] {
        assert!(story.contains(words), "{words:?} is not in {story}");
    }
}
