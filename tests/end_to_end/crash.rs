//! Killed at any point, the next run makes good what was missed, and counts nothing twice.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{documents, mailbox, rebound, stdout};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn killed_runs_lose_nothing_and_count_nothing_twice() {
    let (whole, killed) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    rebound(whole.path()).arg("run").arg(mailbox()).assert().success();

    // Each run is killed once the store has grown by some more: no clock decides where.
    for size in [1, 40_000, 400_000, 900_000] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_rebound"));
        run.arg("--data").arg(killed.path()).arg("run").arg(mailbox());
        run_until(&mut run, || folder_size(killed.path()) >= size);
    }
    rebound(killed.path()).arg("run").arg(mailbox()).assert().success();
    assert_eq!(contacts(whole.path()), contacts(killed.path()));
}

/// Starts a run and kills it as soon as it has come so far, or lets it end when it never does. Says whether it was killed.
pub(crate) fn run_until(run: &mut Command, come_so_far: impl Fn() -> bool) -> bool {
    let mut child = run
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut killed = false;
    while child.try_wait().expect("our child").is_none() {
        if come_so_far() {
            child.kill().expect("our child");
            killed = true;
            break;
        }
        std::thread::yield_now();
    }
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output).expect("its output");
    }
    child.wait().expect("our child");
    killed
}

pub(crate) fn folder_size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn contacts(data: &Path) -> Vec<Value> {
    documents(&stdout(rebound(data).args(["contacts", "list", "--format", "jsonl"])))
}
