//! `rebound` alone: where to begin.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;

use crate::outcome::Outcome;
use crate::place::{Place, program};

/// Says what to do first, and what next.
pub(super) fn start(place: &Place) -> Result<Outcome> {
    let begun = match place {
        Place::Folder(folder) => folder.is_dir(),
        Place::Stack(_) => true,
    };
    let rebound = in_short(place);
    let state = match place {
        Place::Folder(_) if !begun => format!("Nothing is kept in {place} yet. To begin:"),
        Place::Folder(_) => format!("Your mail and your contacts are kept in {place}."),
        Place::Stack(_) => format!("This is about {place}."),
    };
    let first = [
        ("classify PATH", "say what returned messages are, and keep nothing"),
        (
            "run PATH",
            "archive and judge them: .eml files, folders, Maildirs, mbox files",
        ),
        (
            "accounts add NAME",
            "or set up a mailbox on a server, and fetch them with `run --account NAME`",
        ),
    ];
    let then = [
        ("contacts list --suppressed", "whom to stop mailing"),
        ("contacts why ADDRESS", "why, in the server's own words"),
        ("contacts check FILE", "filter a list of recipients before sending"),
        ("report", "why mail comes back, and what is yours to mend"),
        ("doctor", "is everything set up as it should be?"),
    ];
    let width = first.iter().chain(&then).map(|(verb, _)| verb.len()).max().unwrap_or(0);
    let lines = |commands: &[(&str, &str)]| {
        commands.iter().fold(String::new(), |lines, (verb, what)| {
            format!("{lines}  {rebound} {verb:<width$}   {what}\n")
        })
    };
    let (first, then) = (lines(&first), lines(&then));
    let body = if begun {
        format!("{then}\nMore mail:\n{first}")
    } else {
        format!("{first}\nThen:\n{then}")
    };
    let mut out = io::stdout().lock();
    write!(
        out,
        "rebound: what comes back, who it is about, and whom to stop mailing.\n\n{state}\n{body}\n\
         `{rebound} --help` names all commands, `{rebound} COMMAND --help` explains one, with examples.\n"
    )?;
    out.flush()?;
    Ok(Outcome::Done)
}

/// The command that works here, called by its bare name: what is shown in columns should fit.
fn in_short(place: &Place) -> String {
    let program = program();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str);
    place.command().replacen(&program, name.unwrap_or(&program), 1)
}
