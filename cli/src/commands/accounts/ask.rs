//! Asking a person, or standard input when there is nobody.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::{Context, Result, bail};
use console::Term;
use rebound_accounts::{AccountName, Field};

use crate::complaints::prompt;

/// The longest that standard input may say, in bytes: more than any password and any token.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret setting: from the environment (`REBOUND_PASSWORD`), from the terminal without showing it, or from the next
/// line of standard input.
pub(super) fn secret(account: &AccountName, field: &Field) -> Result<String> {
    let variable = format!("REBOUND_{}", field.name.to_ascii_uppercase());
    if let Some(secret) = std::env::var(&variable).ok().filter(|secret| !secret.is_empty()) {
        return Ok(secret);
    }
    let what = field.name.replace('_', " ");
    let secret = if io::stdin().is_terminal() {
        prompt(&format!("{what} of account {account} (not shown): "));
        Term::stderr().read_secure_line()?
    } else {
        line()?
    };
    if secret.is_empty() {
        bail!("no {what} was given; type it, or set {variable}");
    }
    Ok(secret)
}

/// All of standard input, but for the line end that `echo` adds.
pub(super) fn all_of_stdin() -> Result<String> {
    let mut text = String::new();
    let stdin = io::stdin().lock();
    stdin
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .context("reading the password from standard input")?;
    let text = without_line_end(&text);
    if text.is_empty() {
        bail!("standard input holds no password");
    }
    Ok(text.to_owned())
}

/// Whether a person says yes. Where there is none, the answer is an error that says `otherwise`.
pub(super) fn yes(question: &str, otherwise: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("there is nobody to ask: {otherwise}");
    }
    prompt(&format!("{question} [y/N] "));
    Ok(matches!(line()?.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_BYTES).read_line(&mut line)?;
    Ok(without_line_end(&line).to_owned())
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
