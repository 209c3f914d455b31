//! What every command takes: where to work, and how to talk about it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::place::{DEFAULT_FOLDER, Place, StackName};

/// Under which heading help names these.
const HEADING: &str = "Global options";

#[derive(Debug, Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct GlobalArgs {
    /// Folder that holds the archived messages, the contacts and everything else on this machine
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "REBOUND_DATA",
        default_value = DEFAULT_FOLDER
    )]
    pub data: PathBuf,
    /// Work on the stack of this name, deployed to AWS, instead of a folder on this machine
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    /// With --stack: the profile of the AWS configuration to log in with [default: as the AWS CLI]
    #[arg(long, global = true, value_name = "NAME", requires = "stack")]
    pub profile: Option<String>,
    /// With --stack: the AWS region it is in [default: as the AWS CLI]
    #[arg(long, global = true, value_name = "NAME", requires = "stack")]
    pub region: Option<String>,
    /// Say nothing but errors, and print what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what is being done; twice, also every request and how long it took
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl GlobalArgs {
    /// Where the command is to work.
    pub(crate) fn place(&self) -> Place {
        match &self.stack {
            None => Place::Folder(self.data.clone()),
            Some(name) => Place::Stack(StackName {
                name: name.clone(),
                profile: self.profile.clone(),
                region: self.region.clone(),
            }),
        }
    }

    /// How much is to be said about it.
    pub(crate) fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (false, 0) => Volume::Usual,
            (false, 1) => Volume::Steps,
            (false, _) => Volume::Requests,
        }
    }
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Errors, and what to do about them.
    Quiet,
    /// Notes and warnings, too, and how far long work has come.
    Usual,
    /// Also what is being done.
    Steps,
    /// Also what the libraries log, down to single requests.
    Requests,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set; elsewhere where CLICOLOR_FORCE is
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// From here on, for all that this process prints, and what the argument parser does.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What a command line says about colours, before it has been read. What makes no sense there is told by whoever reads it.
pub(super) fn color_of(arguments: impl Iterator<Item = OsString>) -> Color {
    let words = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<String> = words.take_while(|word| word != "--").collect();
    let apart = words.iter().zip(words.iter().skip(1));
    let apart = apart.filter_map(|(option, value)| (option == "--color").then_some(value.as_str()));
    let joined = words.iter().filter_map(|word| word.strip_prefix("--color="));
    let said = apart.chain(joined).last();
    said.and_then(|word| Color::from_str(word, false).ok())
        .unwrap_or(Color::Auto)
}

/// Variables of the environment, and what each is for.
const VARIABLES: [(&str, &str); 7] = [
    ("REBOUND_DATA", "the folder, where --data does not say it"),
    (
        "REBOUND_PASSWORD",
        "the password that `accounts add` would ask for; REBOUND_CLIENT_SECRET and REBOUND_REFRESH_TOKEN likewise",
    ),
    (
        "REBOUND_COLUMNS",
        "how wide tables and stories are; else as wide as the terminal, and in a pipe as wide as need be",
    ),
    (
        "REBOUND_LOG",
        "what the libraries log on standard error, `rebound=debug` for example; overrules --verbose",
    ),
    (
        "NO_COLOR",
        "when set to anything: no colours, unless --color says always",
    ),
    (
        "CLICOLOR_FORCE",
        "when set to anything but 0: colours in pipes and files, too",
    ),
    (
        "AWS_PROFILE, AWS_REGION",
        "with --stack, these and all others that the AWS CLI takes: how to log in, and where the stack is",
    ),
];

/// The variables of the environment, as help and reference tell them.
pub(crate) fn environment() -> String {
    VARIABLES.iter().fold("Environment:".to_owned(), |told, (name, what)| {
        format!("{told}\n  {name}\n          {what}")
    })
}

/// The same, one by one.
pub(crate) const fn variables() -> &'static [(&'static str, &'static str)] {
    &VARIABLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_known_before_the_rest_is_read() {
        for (line, color) in [
            ("rebound run x", Color::Auto),
            ("rebound --color never run x", Color::Never),
            ("rebound run --color=always x", Color::Always),
            ("rebound run --color=purple x", Color::Auto),
            ("rebound run --color", Color::Auto),
            ("rebound run -- --color=always", Color::Auto),
        ] {
            assert_eq!(color_of(line.split(' ').map(OsString::from)), color, "{line}");
        }
    }
}
