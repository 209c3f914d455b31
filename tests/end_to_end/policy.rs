//! The policy in force, and the circuit breaker.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{documents, mailbox, rebound, stderr, stdout};

/// Three suppressions at once and no more; two failures in a row suppress.
const CAUTIOUS: &str = "[breaker]\nsuppressions = 3\npercent = 0\n[count]\nthreshold = 2\n";

fn held(data: &Path) -> Vec<serde_json::Value> {
    documents(&stdout(rebound(data).args(["contacts", "held", "--format", "jsonl"])))
}

fn suppressed(data: &Path) -> usize {
    stdout(rebound(data).args(["contacts", "export", "--format", "plain"]))
        .lines()
        .count()
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
fn what_one_run_would_suppress_beyond_the_usual_waits_to_be_released() {
    let folder = TempDir::new().expect("a folder");
    let data = &folder.path().join("data");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, CAUTIOUS).expect("written");
    rebound(data).args(["policy", "use"]).arg(&policy).assert().success();

    let told = stdout(rebound(data).arg("run").arg(mailbox()));
    assert!(told.contains("counted; 2 of them suppress"), "{told}");
    let held_before = held(data);
    assert_eq!(suppressed(data), 3, "{told}");
    assert!(
        told.contains(&format!("Held: {} contacts", held_before.len())),
        "{told}"
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
