//! The log: JSON, a line each.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::Environment;

/// Logs to standard output from now on, at the level that `LOG_LEVEL` names. Every line of a call carries the call's id
/// and its trace id, as `span.requestId` and `span.xrayTraceId`.
pub(crate) fn init(environment: &Environment) {
    let wanted = environment.get_or("LOG_LEVEL", "info");
    let level = wanted.parse();
    // In tests another call may have been first.
    let _ = subscriber(level.clone().unwrap_or(LevelFilter::INFO), std::io::stdout).try_init();
    if level.is_err() {
        tracing::warn!(
            LOG_LEVEL = wanted,
            "no such level: error, warn, info, debug and trace are; info is used"
        );
    }
}

fn subscriber<W>(level: LevelFilter, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // What the libraries below have to say at these levels helps nobody who runs this, and may quote what they carry.
    let shown = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("rebound", level)
        // Holds the span with the ids; says nothing by itself.
        .with_target("lambda_runtime", level.max(Level::INFO.into()));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(shown).with(lines)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use lambda_runtime::Context;
    use lambda_runtime::layers::trace::request_span;
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let written = lines.clone();
        tracing::subscriber::with_default(subscriber(level, move || lines.clone()), log);
        let written = written.0.lock().unwrap();
        let line = |line| serde_json::from_slice(line).unwrap();
        written
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(line)
            .collect()
    }

    #[test]
    fn a_line_is_a_flat_document_with_the_calls_ids() {
        let lines = logged(LevelFilter::INFO, || {
            let mut context = Context::default();
            context.request_id = "7".to_owned();
            context.xray_trace_id = Some("Root=1".to_owned());
            request_span(&context)
                .in_scope(|| tracing::info!(target: "rebound_classifier", account = "news", "message judged"));
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "message judged");
        assert_eq!(lines[0]["account"], "news");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["span"]["requestId"], "7");
        assert_eq!(lines[0]["span"]["xrayTraceId"], "Root=1");
    }

    #[test]
    fn libraries_stay_quiet_and_the_level_is_followed() {
        let all = || {
            tracing::debug!(target: "rebound_fetcher", "ours");
            tracing::debug!(target: "hyper", "theirs");
            tracing::warn!(target: "hyper", "theirs, and worth it");
        };
        let messages = |level| {
            let lines = logged(level, all);
            lines
                .iter()
                .map(|line| line["message"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(messages(LevelFilter::DEBUG), ["ours", "theirs, and worth it"]);
        assert_eq!(messages(LevelFilter::INFO), ["theirs, and worth it"]);
        assert!(messages(LevelFilter::ERROR).is_empty());
    }
}
