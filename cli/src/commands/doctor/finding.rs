//! What checks find.

use std::fmt::Write;

use serde::Serialize;

use crate::output::{Told, harmless_cell, paint_word, plural, printable};
use crate::progress::Progress;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It could not be made, which says nothing.
    Skipped,
    /// It works, and somebody may regret it.
    Warning,
    /// It does not work.
    Problem,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What one check found. The keys, and the names of the checks, are stable.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at: `folder`, `table`, `account` …
    check: &'static str,
    /// Which of them.
    about: String,
    result: Verdict,
    /// What was found.
    detail: String,
    /// What to do about it.
    hint: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, check, about, detail)
    }

    pub(super) fn new(
        result: Verdict,
        check: &'static str,
        about: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            check,
            about: about.into(),
            result,
            detail: detail.into(),
            hint: None,
        }
    }

    /// Whether all is well.
    pub(super) fn is_ok(&self) -> bool {
        self.result == Verdict::Ok
    }

    /// The same, taken no more seriously than this.
    pub(super) fn at_most(self, result: Verdict) -> Self {
        Self {
            result: self.result.min(result),
            ..self
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// Columns of the widest verdict, and of the widest check with what it is about.
const VERDICT_WIDTH: usize = 8;
const CHECK_WIDTH: usize = 24;

impl Told for Finding {
    fn told(&self) -> String {
        let result = paint_word(self.result.as_str(), VERDICT_WIDTH);
        let what = printable(format!("{} {}", self.check, self.about).trim_end()).into_owned();
        let mut text = format!("{result}  {what:<CHECK_WIDTH$}  {}\n", printable(&self.detail));
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "{:VERDICT_WIDTH$}  → {}", "", printable(hint));
        }
        text
    }

    fn harmless(&self) -> Self {
        Self {
            about: harmless_cell(&self.about).into_owned(),
            detail: harmless_cell(&self.detail).into_owned(),
            hint: self.hint.as_deref().map(|hint| harmless_cell(hint).into_owned()),
            ..self.clone()
        }
    }
}

/// All that was found, in the order in which it was looked at.
pub(super) struct Findings {
    all: Vec<Finding>,
    progress: Progress,
}

impl Findings {
    pub(super) fn new(progress: Progress) -> Self {
        Self {
            all: Vec::new(),
            progress,
        }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.progress.advance(1);
        self.all.push(finding);
    }

    /// How many checks went so.
    fn count(&self, result: Verdict) -> usize {
        self.all.iter().filter(|finding| finding.result == result).count()
    }

    /// Whether anything does not work.
    pub(super) fn has_problem(&self) -> bool {
        self.count(Verdict::Problem) > 0
    }

    /// In a line.
    pub(super) fn told(&self) -> String {
        let [ok, skipped, warnings, problems] =
            [Verdict::Ok, Verdict::Skipped, Verdict::Warning, Verdict::Problem].map(|result| self.count(result));
        let (some_warnings, some_problems) = (plural(warnings as u64, "warning"), plural(problems as u64, "problem"));
        format!("{ok} ok, {skipped} skipped, {warnings} {some_warnings}, {problems} {some_problems}")
    }

    /// All of it; nothing more is to come.
    pub(super) fn finish(self) -> Vec<Finding> {
        self.progress.finish();
        self.all
    }
}
