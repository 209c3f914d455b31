//! The `rebound` command.

mod args;
mod clock;
mod commands;
mod complaints;
mod output;
mod progress;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

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
    let cli = args::Cli::parse();
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
            complaints::say("error", format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| Some(cause.downcast_ref::<std::io::Error>()?.kind());
    error
        .chain()
        .any(|cause| io(cause) == Some(std::io::ErrorKind::BrokenPipe))
}
