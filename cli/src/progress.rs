//! Progress of long work: a bar on a terminal, nothing in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Volume;
use crate::complaints::is_as_loud_as;

/// How often a bar is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Counts messages, or whatever else, where somebody watches.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts counting towards `total`, if that is known. indicatif draws on standard error, and only on a terminal.
    pub(crate) fn start(total: Option<u64>) -> Self {
        Self::of("messages", total)
    }

    /// The same, counting things of this name.
    pub(crate) fn of(things: &str, total: Option<u64>) -> Self {
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                format!("{{bar:32}} {{human_pos}}/{{human_len}} {things}, {{eta}} left"),
            ),
            None => (
                ProgressBar::new_spinner(),
                format!("{{spinner}} {{human_pos}} {things}, {{elapsed}}"),
            ),
        };
        let bar = match ProgressStyle::with_template(&template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        if !is_as_loud_as(Volume::Usual) {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // At once: the thread that draws from now on may begin when all is done.
        bar.tick();
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// So many more.
    pub(crate) fn advance(&self, things: u64) {
        self.0.inc(things);
    }

    /// Nothing more is to come: gives the line back, for what is printed next.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }

    /// Runs `print` while the bar is out of the way.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
