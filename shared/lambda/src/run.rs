//! The loop around a handler.

use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::metrics::Service;
use crate::{Answer, Call, Environment, logging};

/// What `STAGE` is where nobody has set it: metrics are printed, and nobody collects them.
const DEFAULT_STAGE: &str = "local";

/// The time. Here the functions read the clock; everything else is told.
#[expect(clippy::disallowed_methods, reason = "the edge reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes a function, and has it answer calls until its environment is taken down.
///
/// What `make` does is the cold start. It logs already, so what it fails with is in the log as well. After every call
/// what was counted goes to standard output for CloudWatch.
pub async fn run<F, T, E>(
    service: Service,
    make: impl AsyncFnOnce(&Environment) -> Result<F, Error>,
) -> Result<(), Error>
where
    F: AsyncFn(Value, Call) -> Result<Answer<T>, E>,
    T: Serialize,
    E: Into<Diagnostic> + fmt::Debug + fmt::Display,
{
    let environment = Environment::of_process();
    logging::init(&environment);
    let handler = make(&environment)
        .await
        .inspect_err(|error| tracing::error!(target: "rebound", error, "the function cannot start"))?;
    let stage = environment.get_or("STAGE", DEFAULT_STAGE);
    let answer = async |event: LambdaEvent<Value>| {
        let call = Call {
            id: event.context.request_id,
            began_at: now(),
            ends_at: i64::try_from(event.context.deadline)
                .ok()
                .and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        };
        match handler(event.payload, call).await {
            Ok(Answer { value, counts }) => {
                print(&counts.lines(service, stage, now()));
                Ok(value)
            }
            Err(error) => {
                tracing::error!(target: "rebound", %error, "the call failed");
                Err(error)
            }
        }
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// A line that cannot be written is a metric less, and no reason to fail.
fn print(lines: &[String]) {
    let mut all = lines.join("\n");
    if !all.is_empty() {
        all.push('\n');
        let _ = std::io::stdout().lock().write_all(all.as_bytes());
    }
}
