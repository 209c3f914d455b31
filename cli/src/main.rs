//! The `rebound` command.

mod args;
mod clock;
mod commands;
mod complaints;
mod input;
mod output;
mod place;
mod progress;
mod workspace;

use std::process::ExitCode;

use commands::Outcome;

/// Threads for work that blocks: reading the mailbox, the embedded stores, judging. Enough to keep every core and the
/// disk busy; the allocator keeps memory for each thread, so more would only cost.
const BLOCKING_THREADS: usize = 8;

fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match runtime.max_blocking_threads(BLOCKING_THREADS).enable_all().build() {
        Ok(runtime) => runtime.block_on(command()),
        Err(error) => {
            complaints::say("error", format!("starting: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn command() -> ExitCode {
    let cli = args::Cli::from_command_line();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("REBOUND_LOG"))
        .with_writer(std::io::stderr)
        .init();
    match commands::execute(cli).await {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::FAILURE,
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complaints::say("error", told(&error));
            if let Some(hinted) = error.downcast_ref::<complaints::Hinted>() {
                complaints::say("hint", &hinted.hint);
            }
            ExitCode::FAILURE
        }
    }
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
    let io = |cause: &(dyn std::error::Error + 'static)| Some(cause.downcast_ref::<std::io::Error>()?.kind());
    error
        .chain()
        .any(|cause| io(cause) == Some(std::io::ErrorKind::BrokenPipe))
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
