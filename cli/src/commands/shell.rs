//! `rebound completions` and `rebound man`: the command line, told to other programs.

mod reference;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_complete::generate;
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::output::replace_file;

/// Prints what a shell reads to complete our command line.
pub(super) fn completions(args: &CompletionsArgs) -> Result<Outcome> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "rebound", &mut script);
    print(&script)
}

/// Prints our manual page, or writes those of all commands.
pub(super) fn man(args: &ManArgs) -> Result<Outcome> {
    if args.markdown {
        return print(reference::page().as_bytes());
    }
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        return print(page(command)?.1.as_bytes());
    };
    let write = || {
        fs::create_dir_all(folder)?;
        write_pages(&command, folder)
    };
    write().with_context(|| format!("writing the manual pages into {}", folder.display()))?;
    say("note", format!("the manual pages are in {}", folder.display()));
    Ok(Outcome::Done)
}

/// A page for the command and one for each of its verbs.
fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    let (name, page) = page(command.clone())?;
    replace_file(&folder.join(name), page.as_bytes())?;
    command.get_subcommands().try_for_each(|verb| write_pages(verb, folder))
}

/// How the parts behind the options begin, and how `man` calls them. EXTRA is the library's word for all of it.
const SECTIONS: [(&str, &str); 4] = [
    (".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n"),
    (".SH EXTRA\nExample:\n", ".SH EXAMPLES\n"),
    ("\n\nEnvironment:\n", "\n.SH ENVIRONMENT\n"),
    ("\n\nExit codes:\n", "\n.SH EXIT STATUS\n"),
];

/// The name of a command's page, and what it says.
fn page(command: Command) -> io::Result<(String, String)> {
    let page = Man::new(command);
    let mut text = Vec::new();
    page.render(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let text = SECTIONS
        .iter()
        .fold(text.into_owned(), |text, (ours, mans)| text.replace(ours, mans));
    Ok((page.get_filename(), text))
}

fn print(text: &[u8]) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Outcome::Done)
}
