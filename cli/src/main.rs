//! The `rebound` command.

mod args;
mod clock;
mod commands;
mod complaints;
mod hints;
mod input;
mod outcome;
mod output;
mod place;
mod progress;
mod workspace;

use std::process::ExitCode;

use args::{Cli, Volume};
use outcome::Outcome;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Threads for work that blocks: reading the mailbox, the embedded stores, judging. Enough to keep every core and the
/// disk busy; the allocator keeps memory for each thread, so more would only cost.
const BLOCKING_THREADS: usize = 8;

/// Says what the libraries log, where --verbose is not enough.
const LOG_VARIABLE: &str = "REBOUND_LOG";

/// Items of the embedded stores come and go as maps of short texts, on one thread and on the next.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::from_command_line();
    output::begin();
    complaints::set_volume(cli.global.volume());
    tracing_subscriber::fmt()
        .with_env_filter(logged(cli.global.volume()))
        // A request is a span: it is told when it has been answered, with how long that took.
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr)
        .init();

    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let done = match runtime.max_blocking_threads(BLOCKING_THREADS).enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::execute(cli)),
        Err(error) => Err(anyhow::Error::from(error).context("starting")),
    };
    let outcome = done.unwrap_or_else(|error| {
        // Whoever reads our output has seen enough.
        if is_broken_pipe(&error) {
            return Outcome::Done;
        }
        complaints::say("error", told(&error));
        if let Some(hint) = hints::of(&error) {
            complaints::say("hint", hint);
        }
        Outcome::Incomplete
    });
    outcome.into()
}

fn logged(volume: Volume) -> EnvFilter {
    let usual = match volume {
        Volume::Quiet | Volume::Usual => "error",
        Volume::Steps => "warn,rebound=info",
        Volume::Requests => "info,rebound=debug,aws_sdk=debug",
    };
    EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual))
}

/// The error and its causes on one line. Many say their cause themselves; it is not said twice.
fn told(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |told, cause| match told.as_str() {
            "" => cause,
            _ if told.contains(&cause) => told,
            _ => format!("{told}: {cause}"),
        })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    // An error of the csv crate is no cause of itself: it has to be asked.
    let of_csv = |cause: &'_ (dyn std::error::Error + 'static)| match cause.downcast_ref::<csv::Error>()?.kind() {
        csv::ErrorKind::Io(error) => Some(error.kind()),
        _ => None,
    };
    let of_io = |cause: &'_ (dyn std::error::Error + 'static)| Some(cause.downcast_ref::<std::io::Error>()?.kind());
    error
        .chain()
        .any(|cause| of_io(cause).or_else(|| of_csv(cause)) == Some(std::io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let echoed = anyhow!("disk full")
            .context("can't write x: disk full")
            .context("opening y");
        assert_eq!(told(&echoed), "opening y: can't write x: disk full");
        let plain = anyhow!("disk full").context("opening y");
        assert_eq!(told(&plain), "opening y: disk full");
    }
}
