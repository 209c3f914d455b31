//! `rebound classify`: verdicts on messages, nothing kept.

mod story;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap::error::ErrorKind;
use rebound_classify::explain::Explanation;
use rebound_classify::reason::Rules;
use rebound_classify::{Category, Classifier, Report, Verdict};
use rebound_mailbox::sources::{SourceMessage, Sources};
use rebound_message::MessageHash;
use serde::Serialize;

use crate::args::{ClassifyArgs, Cli, ReportFormat};
use crate::complaints::Complaints;
use crate::outcome::Outcome;
use crate::output::{Align, JsonStream, Table, prose_width, width};
use crate::progress::Progress;

/// Judges every message and prints the verdicts in the order of the messages.
pub(super) fn classify(args: &ClassifyArgs) -> Result<Outcome> {
    let mut complaints = Complaints::default();
    let out = BufWriter::new(io::stdout().lock());
    let classifier = args.rules.classifier()?;
    if let Some(category) = &args.category {
        check_category(category, classifier.rules());
    }
    let sources = Sources::open(&args.paths);
    let progress = Progress::start(sources.count_hint());
    let judged = sources
        .inspect(|_| progress.advance(1))
        .filter_map(|found| {
            let complain = |error| progress.suspend(|| complaints.source(&error));
            found.map_err(complain).ok()
        })
        .map(|message| Judged::new(&classifier, &message, args.explain))
        .filter(|judged| args.category.as_deref().is_none_or(|category| judged.is(category)));
    let printed = match args.format {
        ReportFormat::Table if args.explain => print_stories(judged, out, &progress),
        ReportFormat::Table => print_table(judged, out, &progress),
        ReportFormat::Json => print_json(judged, JsonStream::array(out)),
        ReportFormat::Jsonl => print_json(judged, JsonStream::lines(out)),
    };
    drop(progress);
    printed.context("printing the verdicts")?;
    Ok(complaints.outcome())
}

/// Ends the command when neither rebound nor one of the user's rules knows the category: that is wrong usage.
fn check_category(category: &str, rules: &Rules) {
    let own: BTreeSet<&str> = rules
        .list()
        .filter_map(|rule| Some(rule.own?.category.as_str()))
        .collect();
    if category.parse::<Category>().is_ok() || own.contains(category) {
        return;
    }
    let known: Vec<&str> = Category::ALL.iter().map(|known| known.as_str()).chain(own).collect();
    let complaint = format!("no category is called '{category}'; there are {}", known.join(", "));
    Cli::command().error(ErrorKind::InvalidValue, complaint).exit()
}

/// One message's verdict: in the JSON formats, the contract that other programs build on.
#[derive(Serialize)]
struct Judged {
    file: String,
    message: MessageHash,
    #[serde(flatten)]
    report: Report,
    /// How it came about; only for those who ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

impl Judged {
    fn new(classifier: &Classifier, message: &SourceMessage, explain: bool) -> Self {
        let (report, explanation) = if explain {
            let (report, explanation) = classifier.explain(&message.bytes);
            (report, Some(explanation))
        } else {
            (classifier.classify(&message.bytes), None)
        };
        Self {
            file: message.origin.to_string(),
            message: MessageHash::of(&message.bytes),
            report,
            explanation,
        }
    }

    /// Whether the message, or what it says about one of its recipients, is of this category, built in or the user's.
    fn is(&self, category: &str) -> bool {
        self.report.category.as_str() == category
            || self.report.recipients.iter().any(|verdict| {
                verdict.category.as_str() == category || verdict.own_category.as_deref() == Some(category)
            })
    }
}

fn print_json<W: Write>(judged: impl Iterator<Item = Judged>, mut out: JsonStream<W>) -> io::Result<()> {
    for message in judged {
        out.write(&message)?;
    }
    out.finish()
}

fn print_table(judged: impl Iterator<Item = Judged>, mut out: impl Write, progress: &Progress) -> io::Result<()> {
    let headings = ["FILE", "CATEGORY", "REASON", "STATUS", "ADDRESS", "WORDS"];
    let mut table = Table::new(headings.map(|heading| (heading, Align::Left))).without_if_need_be(&[5]);
    for Judged { file, report, .. } in judged {
        if report.recipients.is_empty() {
            table.row([file.as_str(), report.category.as_str()]);
        }
        for verdict in &report.recipients {
            table.row([
                file.as_str(),
                verdict.own_category.as_deref().unwrap_or(verdict.category.as_str()),
                verdict.reason.as_str(),
                &code(verdict),
                verdict.address.as_ref().map_or("", |address| address.as_str()),
                verdict
                    .diagnostic
                    .as_deref()
                    .or(verdict.evidence.as_deref())
                    .unwrap_or_default(),
            ]);
        }
    }
    progress.finish();
    out.write_all(table.render(width()).as_bytes())?;
    out.flush()
}

fn print_stories(judged: impl Iterator<Item = Judged>, mut out: impl Write, progress: &Progress) -> io::Result<()> {
    for (number, message) in judged.enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let explanation = message.explanation.unwrap_or_default();
        let story = story::tell(&message.file, &message.report, &explanation, prose_width());
        let mut written = Ok(());
        progress.suspend(|| written = out.write_all(story.as_bytes()).and_then(|()| out.flush()));
        written?;
    }
    out.flush()
}

/// The status if there is one, else the reply code.
fn code(verdict: &Verdict) -> String {
    let status = verdict.status.as_ref().map(ToString::to_string);
    status
        .or_else(|| verdict.reply.as_ref().map(ToString::to_string))
        .unwrap_or_default()
}
