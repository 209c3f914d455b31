//! `rebound contacts`, from outside.

mod again;
mod check;
mod decide;
mod dry_run;
mod lists;
mod why;

use std::path::Path;

use crate::support::{rebound, stdout};

/// Suppresses contacts by hand, from one list only where one is named.
fn suppress(data: &Path, addresses: &[&str], list: Option<&str>) {
    let mut command = rebound(data);
    command.args(["contacts", "suppress", "--why", "asked to", "--by", "maria"]);
    if let Some(list) = list {
        command.args(["--list", list]);
    }
    stdout(command.args(addresses));
}

/// The cells of a CSV file, as one line each.
fn cells(csv: &str) -> Vec<Vec<String>> {
    csv.lines()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}
