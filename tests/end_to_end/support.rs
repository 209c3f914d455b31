//! Running the real command.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// The sample mailbox.
pub(crate) fn mailbox() -> PathBuf {
    tests().join("mailbox")
}

/// A file beside the sample mailbox.
pub(crate) fn beside_mailbox(name: &str) -> String {
    std::fs::read_to_string(tests().join(name)).expect("part of the repository")
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

/// `rebound --data DATA`, for more arguments to follow.
pub(crate) fn rebound(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    command.env_remove("REBOUND_DATA").arg("--data").arg(data);
    command
}

/// Standard output of a command that must succeed.
pub(crate) fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).expect("output is UTF-8")
}

/// Standard error, whatever the exit code.
pub(crate) fn stderr(command: &mut Command) -> String {
    String::from_utf8(command.assert().get_output().stderr.clone()).expect("complaints are UTF-8")
}

/// JSON Lines, each a document.
pub(crate) fn documents(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON document a line"))
        .collect()
}
