//! The reference of all commands, made from the command line itself: docs/reference.md.

use std::fmt::Write;

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command, CommandFactory};

use crate::args::{Cli, variables};
use crate::outcome::EXIT_CODES;

const TOP: &str = "\
# Reference

Every command, with its options and what is usual. This page is made from the command line itself: `rebound man
--markdown` prints it, and a test compares.
";

/// The page.
pub(super) fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let commands = leaves(&command);
    let mut text = TOP.to_owned();
    contents(&mut text, &command);
    let _ = write!(text, "\n## Everywhere\n\nEvery command takes these.\n\n");
    options(&mut text, command.get_arguments().filter(|arg| arg.is_global_set()));
    exit_codes(&mut text);
    environment(&mut text);
    formats(&mut text, &commands);
    for command in commands {
        chapter(&mut text, command);
    }
    text
}

/// The commands that do something, in the order of the help.
fn leaves(command: &Command) -> Vec<&Command> {
    let mut found = Vec::new();
    for verb in verbs(command) {
        if verbs(verb).next().is_none() {
            found.push(verb);
        } else {
            found.extend(leaves(verb));
        }
    }
    found
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    let is_ours = |verb: &&Command| !verb.is_hide_set() && verb.get_name() != "help";
    command.get_subcommands().filter(is_ours)
}

fn contents(text: &mut String, command: &Command) {
    let _ = write!(text, "\n| command | what for |\n|---|---|\n");
    for noun in verbs(command) {
        let verbs: Vec<String> = leaves(noun).into_iter().map(link).collect();
        let name = if verbs.is_empty() {
            link(noun)
        } else {
            format!("`{}`: {}", noun.get_name(), verbs.join(", "))
        };
        let _ = writeln!(text, "| {name} | {} |", plain(noun.get_about()));
    }
}

fn link(command: &Command) -> String {
    let anchor = name(command).replace(' ', "-");
    format!("[{}](#{anchor})", command.get_name())
}

fn name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or(command.get_name())
}

fn exit_codes(text: &mut String) {
    let _ = write!(text, "\n### Exit codes\n\n| code | what it says |\n|---|---|\n");
    for (code, what) in EXIT_CODES {
        let _ = writeln!(text, "| {code} | {what} |");
    }
    let _ = write!(
        text,
        "\nA reader that has seen enough (`rebound contacts list | head`) is no failure.\n"
    );
}

fn environment(text: &mut String) {
    let _ = write!(text, "\n### Environment\n\n| variable | what it says |\n|---|---|\n");
    for (name, what) in variables() {
        let names: Vec<String> = name.split(", ").map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "| {} | {what} |", names.join(", "));
    }
}

/// Which command prints what.
fn formats(text: &mut String, commands: &[&Command]) {
    let _ = write!(
        text,
        "\n### Formats\n\nWhat is printed for programs has keys that stay as they are. The first format is the usual one.\n\n\
         | command | `--format` |\n|---|---|\n"
    );
    for command in commands {
        let Some(format) = command.get_arguments().find(|arg| arg.get_id() == "format") else {
            continue;
        };
        let usual = defaults(format);
        let others = format.get_possible_values();
        let others = others.iter().map(PossibleValue::get_name).filter(|name| *name != usual);
        let all: Vec<&str> = std::iter::once(usual.as_str()).chain(others).collect();
        let _ = writeln!(text, "| `{}` | {} |", name(command), all.join(", "));
    }
}

fn chapter(text: &mut String, command: &Command) {
    let _ = write!(text, "\n## {}\n\n", name(command));
    let about = command.get_long_about().or_else(|| command.get_about());
    for paragraph in plain(about).split("\n\n") {
        let end = if paragraph.ends_with('.') { "" } else { "." };
        let _ = write!(text, "{paragraph}{end}\n\n");
    }
    let usage = plain(Some(&command.clone().render_usage()));
    let _ = write!(text, "```text\n{}\n```\n\n", usage.trim_start_matches("Usage: "));
    let own = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help");
    options(text, own);
    if let Some(examples) = command.get_after_help() {
        let _ = write!(text, "\n```text\n{}\n```\n", plain(Some(examples)));
    }
}

fn options<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    for argument in arguments {
        let help = plain(argument.get_long_help().or_else(|| argument.get_help()));
        let _ = write!(text, "- `{}`: {help}", spelt(argument));
        let _ = writeln!(text, "{}", if help.ends_with('.') { "" } else { "." });
        let usual = defaults(argument);
        if !usual.is_empty() && argument.get_action().takes_values() {
            let _ = write!(text, "  Usually `{usual}`");
            let _ = match argument.get_env() {
                Some(variable) => writeln!(text, ", or what `{}` says.", variable.to_string_lossy()),
                None => writeln!(text, "."),
            };
        }
        for value in argument.get_possible_values() {
            if !argument.get_action().takes_values() || value.is_hide_set() {
                continue;
            }
            let what = value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
            let _ = writeln!(text, "  - `{}`{what}", value.get_name());
        }
    }
}

fn defaults(argument: &Arg) -> String {
    let defaults = argument.get_default_values().iter();
    defaults
        .map(|value| value.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `-q, --quiet`, `--data DIR`, `PATH…`.
fn spelt(argument: &Arg) -> String {
    let names = [
        argument.get_short().map(|short| format!("-{short}")),
        argument.get_long().map(|long| format!("--{long}")),
    ];
    let names: Vec<String> = names.into_iter().flatten().collect();
    let takes_values = argument.get_action().takes_values();
    let values = argument.get_value_names().filter(|_| takes_values);
    let values = values.map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let several = argument.get_num_args().is_some_and(|range| range.max_values() > 1)
        || takes_values && matches!(argument.get_action(), clap::ArgAction::Append);
    let mut spelt = names.join(", ");
    if let Some(values) = values {
        spelt += if spelt.is_empty() { "" } else { " " };
        spelt += &values;
    }
    if several {
        spelt.push('…');
    }
    spelt
}

fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}
