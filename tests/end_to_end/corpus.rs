//! Labelled returned mail, where it lies beside the checkout: the verdicts must not get worse.
//!
//! The mail is real and belongs to others, so it is not part of this repository. Where `../shared/corpus` and
//! `../shared/tools/score` are not there, nothing is measured, and the test says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{rebound, stdout};

/// What each set reaches, in per cent, and the mistakes it is known to hold; raise a floor when the verdicts get better.
///
/// What is missing is labelled otherwise than a reader would: a bounce that a person forwards, "user unknown" as the
/// recipient's filter, two messages in one file. One message of `cws-mail-bounce-handler` is a failure report under the
/// label of a complaint.
const FLOORS: &[Set] = &[
    Set {
        name: "sisimai",
        floors: &[
            ("output", 100.0),
            ("detected", 99.7),
            ("recipients", 98.5),
            ("status", 98.9),
            ("reply", 98.5),
            ("reason", 89.5),
            ("hard", 98.7),
        ],
        known_false: 0.0,
    },
    Set::new(
        "bounce_email",
        &[("output", 100.0), ("detected", 100.0), ("recipients", 100.0)],
    ),
    Set {
        name: "cws-mail-bounce-handler",
        floors: &[("output", 100.0), ("detected", 100.0), ("temporary", 100.0)],
        known_false: 1.0,
    },
    Set::new(
        "php-bounce-handler",
        &[
            ("output", 100.0),
            ("detected", 100.0),
            ("recipients", 100.0),
            ("temporary", 100.0),
        ],
    ),
    Set::new(
        "crisp-email-bounce-parser",
        &[
            ("output", 100.0),
            ("detected", 100.0),
            ("recipients", 100.0),
            ("status", 100.0),
            ("reply", 100.0),
        ],
    ),
    Set::new("bmh-fixtures", &[("output", 100.0)]),
    Set::new("emailengine", &[("output", 100.0)]),
    Set::new("ham", &[("output", 100.0)]),
];

struct Set {
    name: &'static str,
    /// Metric and the least it may be.
    floors: &'static [(&'static str, f64)],
    /// Labelled ordinary mail that is taken for a failure, and rightly so.
    known_false: f64,
}

impl Set {
    const fn new(name: &'static str, floors: &'static [(&'static str, f64)]) -> Self {
        Self {
            name,
            floors,
            known_false: 0.0,
        }
    }
}

#[test]
fn the_labelled_corpus_is_judged_as_well_as_ever() {
    let Some((corpus, score)) = beside_checkout() else {
        return;
    };
    let mut shortfalls = Vec::new();
    for Set {
        name: set,
        floors,
        known_false,
    } in FLOORS
    {
        let figures = measure(&corpus.join(set), &score);
        let figure = |name: &str| -> Option<(f64, f64)> {
            let figure = figures.get(name)?.as_array()?;
            Some((figure.first()?.as_f64()?, figure.get(1)?.as_f64()?)).filter(|(_, of)| *of > 0.0)
        };
        for (name, floor) in *floors {
            if let Some((hits, of)) = figure(name).filter(|(hits, of)| 100.0 * hits / of < *floor) {
                shortfalls.push(format!("{set}: {name} {hits}/{of}, less than {floor} %"));
            }
        }
        for (name, known) in [("false", *known_false), ("dangerous", 0.0)] {
            if let Some((hits, _)) = figure(name).filter(|(hits, _)| *hits > known) {
                shortfalls.push(format!("{set}: {hits} {name}"));
            }
        }
    }
    assert!(shortfalls.is_empty(), "\n{}", shortfalls.join("\n"));
}

#[test]
fn line_ends_change_no_verdict() {
    let Some((corpus, _)) = beside_checkout() else { return };
    let verdicts = |set: &str| -> std::collections::BTreeMap<String, Value> {
        let lines = classify(&corpus.join(set));
        let verdict = |line: &str| -> (String, Value) {
            let mut verdict: Value = serde_json::from_str(line).expect("JSON");
            let name = Path::new(verdict["file"].as_str().expect("a name"))
                .file_name()
                .expect("a name");
            let name = name
                .to_string_lossy()
                .trim_start_matches("dos-")
                .trim_start_matches("mac-")
                .to_owned();
            for own in ["file", "message"] {
                verdict.as_object_mut().expect("an object").remove(own);
            }
            (name, verdict)
        };
        lines.lines().map(verdict).collect()
    };
    let (originals, twins) = (verdicts("sisimai"), verdicts("sisimai-crlf-cr"));
    let different: Vec<_> = twins
        .iter()
        .filter(|(name, twin)| originals.get(*name).is_some_and(|original| original != *twin))
        .map(|(name, twin)| format!("{name}\n  {}\n  {twin}", originals[name]))
        .collect();
    assert!(
        different.is_empty(),
        "{} differ\n{}",
        different.len(),
        different.join("\n")
    );
}

fn beside_checkout() -> Option<(PathBuf, PathBuf)> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let (corpus, score) = (shared.join("corpus"), shared.join("tools/score"));
    if corpus.is_dir() && score.is_file() {
        return Some((corpus, score));
    }
    eprintln!("SKIPPED: no labelled corpus beside this checkout");
    None
}

fn classify(folder: &Path) -> String {
    let data = TempDir::new().expect("a folder");
    stdout(rebound(data.path()).args(["classify", "--format", "jsonl"]).arg(folder))
}

fn measure(folder: &Path, score: &Path) -> Value {
    let output = TempDir::new().expect("a folder");
    let lines = output.path().join("verdicts.jsonl");
    std::fs::write(&lines, classify(folder)).expect("room on the disk");
    let figures = Command::new("python3")
        .arg(score)
        .arg(folder)
        .arg(&lines)
        .arg("--json")
        .output()
        .expect("python3");
    assert!(figures.status.success(), "{}", String::from_utf8_lossy(&figures.stderr));
    serde_json::from_slice(&figures.stdout).expect("JSON")
}
