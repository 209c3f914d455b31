//! `rebound completions` and `rebound man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  rebound completions bash > ~/.local/share/bash-completion/completions/rebound
  rebound completions zsh > ~/.zfunc/_rebound
  rebound completions fish > ~/.config/fish/completions/rebound.fish
  rebound completions elvish >> ~/.config/elvish/rc.elv
  rebound completions powershell >> $PROFILE";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  rebound man | man -l -                       read it here
  rebound man ~/.local/share/man/man1          from then on `man rebound` and `man rebound-contacts-check` find theirs
  rebound man --markdown > reference.md        all commands on one page";

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages of all commands; it is made when it is not there [default: print the page of rebound itself]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Print all commands on one page in Markdown, which is docs/reference.md
    #[arg(long, conflicts_with = "folder")]
    pub markdown: bool,
}
