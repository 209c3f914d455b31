//! How a verdict came about, in words for people who answer other people's questions.

use std::fmt::Write as _;

use rebound_classify::explain::{
    Basis, ContactSource, Explanation, Finding, Matched, Outcome, RecipientExplanation, Source, Strength,
};
use rebound_classify::{Category, Reason, Report, Verdict};
use unicode_width::UnicodeWidthStr;

use crate::output::printable;

/// Columns before what a line says.
const MARGIN: usize = 18;

/// Words of a message longer than this are told by their beginning.
const MAX_QUOTE: usize = 400;

/// Rules that lost and are named; more of them say nothing new.
const MAX_LOST: usize = 6;

/// The story of one message in lines of at most `width` columns.
pub(super) fn tell(file: &str, report: &Report, explanation: &Explanation, width: usize) -> String {
    let mut story = Story {
        text: format!("{}\n", printable(file)),
        width,
    };
    let category = report.category.as_str();
    if report.recipients.is_empty() {
        story.line("is", &format!("{category}: {}", report.category.meaning()));
    } else {
        story.line("is", category);
    }
    story.line("known by", &basis(report, explanation));
    let side = |signs: bool| {
        let signs = explanation.signs.iter().filter(|sign| (sign.points > 0) == signs);
        signs.map(|sign| sign.what).collect::<Vec<_>>().join("; ")
    };
    story.line("for a report", &side(true));
    story.line("against one", &side(false));
    story.line("lacks", &explanation.missing.join("; "));
    for note in &report.notes {
        story.line("note", note);
    }
    for (index, verdict) in report.recipients.iter().enumerate() {
        let about = verdict.address.as_ref().or(verdict.final_recipient.as_ref());
        let about = about.map_or("somebody who is not named", |address| address.as_str());
        let _ = writeln!(story.text, "\n  {}", printable(about));
        if let Some(why) = explanation.recipients.get(index) {
            story.failure(verdict, why);
        } else {
            story.line("contact", person(verdict.category));
            story.line("recognised", &recognised(verdict));
        }
        story.decision(verdict);
    }
    story.text
}

struct Story {
    text: String,
    width: usize,
}

impl Story {
    /// What happened to one recipient's mail, and how that is known.
    fn failure(&mut self, verdict: &Verdict, why: &RecipientExplanation) {
        let mut contacts = why.contacts.iter();
        if let Some(charged) = contacts.next() {
            self.line("contact", &format!("{}: {}", charged.address, contact(charged.source)));
        }
        for other in contacts {
            let same = verdict
                .address
                .as_ref()
                .is_some_and(|address| address.same(&other.address));
            if !same {
                self.line("", &format!("rather than {}: {}", other.address, contact(other.source)));
            }
        }
        for (number, finding) in why.findings.iter().enumerate() {
            let repeated = why
                .findings
                .iter()
                .take(number)
                .any(|other| other.words == finding.words);
            self.line(if number == 0 { "found" } else { "" }, &found(finding, repeated));
        }
        self.line("delivery", outcome(why.outcome));
        if why.outcome == Outcome::Delivered {
            return;
        }
        let Some((winner, others)) = why.rules.split_first() else {
            self.line("rule", "none knows these words or codes");
            return;
        };
        self.line("rule", &decided(winner));
        let (same, lost): (Vec<_>, Vec<_>) = others.iter().partition(|rule| says(rule) == says(winner));
        let same: Vec<_> = same.iter().map(|rule| rule.rule.as_str()).collect();
        self.line("agree", &same.join(", "));
        for (number, rule) in lost.iter().take(MAX_LOST).enumerate() {
            self.line(if number == 0 { "lost" } else { "" }, &lost_to(rule, winner));
        }
        if let Some(more @ 1..) = lost.len().checked_sub(MAX_LOST) {
            self.line("", &format!("and {more} more"));
        }
        if let Some(status) = &why.contradicted {
            let text = format!(
                "the status {} says {} (rule {}), the words say {}; words are believed before codes",
                status.status,
                status.reason,
                status.rule,
                says(winner)
            );
            self.line("contradiction", &text);
        }
    }

    /// What the verdict is and what follows from it.
    fn decision(&mut self, verdict: &Verdict) {
        if let Some(new) = &verdict.new_address {
            self.line("new address", new.as_str());
        }
        self.line("reason", &format!("{}: {}", verdict.reason, verdict.reason.meaning()));
        let category = match &verdict.own_category {
            Some(own) => format!("{own}, a category of your own ({} without it)", verdict.category),
            None => format!("{}: {}", verdict.category, meaning(verdict)),
        };
        self.line("verdict", &category);
        self.line("doubt", doubt(verdict));
        self.line(
            "severity",
            &format!("{}: {}", verdict.severity, verdict.severity.meaning()),
        );
        self.line("action", &format!("{}: {}", verdict.action, verdict.action.meaning()));
    }

    /// One thing that is said, under its name; nothing for nothing.
    fn line(&mut self, name: &str, said: &str) {
        if said.is_empty() {
            return;
        }
        let said = printable(said);
        let room = self.width.saturating_sub(MARGIN).max(1);
        let mut used = 0;
        let _ = write!(self.text, "    {name:<14}");
        for word in said.split(' ') {
            if used > 0 && used + 1 + word.width() > room {
                let _ = write!(self.text, "\n{:MARGIN$}", "");
                used = 0;
            } else if used > 0 {
                self.text.push(' ');
                used += 1;
            }
            self.text.push_str(word);
            used += word.width();
        }
        self.text.push('\n');
    }
}

fn basis(report: &Report, explanation: &Explanation) -> String {
    let basis = match explanation.basis {
        Basis::DeliveryStatus => "a delivery-status part (RFC 3464), which only mail systems write",
        Basis::FeedbackReport => "a feedback-report part (RFC 5965), in which providers pass on complaints",
        Basis::Notification => "a sending service's notification, written for programs",
        Basis::Words => "words that are a mail system's: there is no part for programs that could be relied on",
        Basis::Hint => "words that are a mail system's; they say that something failed, but not whose mail",
        Basis::Kind => "words or header fields that tell this kind of mail",
        Basis::Nothing => "nothing in it says that mail came back, or asks for anything",
    };
    let mut text = basis.to_owned();
    if let Some(dialect) = &report.dialect {
        let _ = write!(text, "; in the style of {dialect}");
    }
    if let Some(host) = &report.reporting_mta {
        let _ = write!(text, "; written by {host}");
    }
    if explanation.wrapped {
        text.push_str("; a robot had wrapped another message around it");
    }
    text
}

/// Whom mail is about that reports no delivery.
fn person(category: Category) -> &'static str {
    match category {
        Category::Complaint => "the recipient of the mail that is complained about",
        _ => "the author of this mail, or the address it names",
    }
}

/// What the category means here: of the two things that `possible-failure` is, the one that it is.
fn meaning(verdict: &Verdict) -> &'static str {
    match (verdict.category, verdict.outcome) {
        (Category::PossibleFailure, Some(Outcome::Delayed)) => {
            "delayed, not failed; should it fail for good, another report says so, and that one counts"
        }
        (category, _) => category.meaning(),
    }
}

/// Why what usually lasts is taken to pass.
fn doubt(verdict: &Verdict) -> &'static str {
    let lasting = matches!(
        verdict.reason,
        Reason::UserUnknown
            | Reason::HostUnknown
            | Reason::HasMoved
            | Reason::NotAccept
            | Reason::Suspended
            | Reason::Suppressed
    );
    if lasting && verdict.category == Category::SoftBounce {
        "this reason usually lasts, but the codes or the rule say that this time it may pass"
    } else {
        ""
    }
}

/// What told a kind of mail that reports no delivery.
fn recognised(verdict: &Verdict) -> String {
    match &verdict.evidence {
        Some(words) => format!("by {}: {}", verdict.rule, quote(words)),
        None => format!("by {}: header fields say so", verdict.rule),
    }
}

fn contact(source: ContactSource) -> &'static str {
    match source {
        ContactSource::ReturnPath => "the return path was made for it (a `verp` pattern of yours)",
        ContactSource::ContactHeader => "the message that came back names it as its contact",
        ContactSource::OriginalRecipient => "the report says that this was the address written to (Original-Recipient)",
        ContactSource::ReturnPathHint => "the return path reads as if it had been made for it",
        ContactSource::ReturnedTo => "the message that came back was for it (To)",
        ContactSource::FinalRecipient => "the last server tried to deliver to it (Final-Recipient)",
    }
}

/// What one place says; `repeated` when its words were told already.
fn found(finding: &Finding, repeated: bool) -> String {
    let mut text = match finding.source {
        Source::StatusField => "in the fields for programs",
        Source::Header => "in the text, about somebody whom the header or the fields name",
        Source::RecipientLine => "in a line that begins with the recipient",
        Source::Label => "in a line that is labelled",
        Source::Sentence => "in a sentence",
        Source::Transcript => "in an SMTP reply",
        Source::Returned => "in the text, which names nobody; the message that came back does",
    }
    .to_owned();
    if let Some(recipient) = &finding.recipient {
        let _ = write!(text, ": {recipient}");
    }
    if let Some(outcome) = finding.outcome {
        let _ = write!(text, ", {}", outcome.as_str());
    }
    if let Some(status) = finding.status {
        let _ = write!(text, ", status {status}");
    }
    if let Some(reply) = finding.reply {
        let _ = write!(text, ", reply {reply}");
    }
    if let Some(host) = &finding.remote_mta {
        let _ = write!(text, ", from {host}");
    }
    if repeated && !finding.words.is_empty() {
        text.push_str(", the same words");
    } else if !finding.words.is_empty() {
        let _ = write!(text, ", {}", quote(&finding.words));
    }
    text
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Failed => "failed: it was given up",
        Outcome::Delayed => "delayed: it is still being tried",
        Outcome::Delivered => "delivered: it arrived",
        Outcome::Relayed => "relayed: it went on to a system that reports no more",
        Outcome::Expanded => "expanded: it went on to several recipients",
    }
}

fn decided(rule: &Matched) -> String {
    let by = match &rule.words {
        Some(words) => format!("it knows the words {}", quote(words)),
        None => "it knows the codes or circumstances".to_owned(),
    };
    format!(
        "{} says {}: {by}; {}, in {}",
        rule.rule,
        says(rule),
        kind(rule),
        rule.origin
    )
}

fn lost_to(rule: &Matched, winner: &Matched) -> String {
    let mut text = format!("{} would have said {}", rule.rule, says(rule));
    if let Some(words) = &rule.words {
        let _ = write!(text, " for {}", quote(words));
    }
    if rule.strength == winner.strength {
        text.push_str(": it is no stronger, and asked later");
    } else {
        let _ = write!(text, ": {} come after {}", kinds(rule.strength), kinds(winner.strength));
    }
    text
}

fn says(rule: &Matched) -> &str {
    rule.own_category.as_deref().unwrap_or(rule.reason.as_str())
}

fn kind(rule: &Matched) -> String {
    match (rule.strength, &rule.provider) {
        (Strength::User, _) => "a rule of your own".to_owned(),
        (Strength::Provider, Some(provider)) => format!("wording of {provider}"),
        (Strength::Provider, None) => "a provider's wording".to_owned(),
        (Strength::Words, _) => "clear words".to_owned(),
        (Strength::Status, _) => "a definite status code".to_owned(),
        (Strength::Weak, _) => "a weak rule, about words or codes that say little: nothing stronger matched".to_owned(),
    }
}

fn kinds(strength: Strength) -> &'static str {
    match strength {
        Strength::User => "your own rules",
        Strength::Provider => "providers' own codes and wording",
        Strength::Words => "clear words",
        Strength::Status => "status codes",
        Strength::Weak => "weak rules",
    }
}

fn quote(words: &str) -> String {
    if words.len() <= MAX_QUOTE {
        return format!("“{words}”");
    }
    let beginning = words.get(..words.floor_char_boundary(MAX_QUOTE)).unwrap_or_default();
    format!("“{}…”", beginning.trim_end())
}

#[cfg(test)]
mod tests {
    use rebound_classify::Classifier;

    use super::*;

    fn told(words: &str, width: usize) -> String {
        let message = format!(
            "From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n\
             Final-Recipient: rfc822; ann@example.com\nAction: failed\nDiagnostic-Code: smtp; {words}\n\n--b--\n"
        );
        let (report, explanation) = Classifier::new().explain(message.as_bytes());
        tell("a.eml", &report, &explanation, width)
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let story = told("450 4.0.0 account disabled, and so on and so forth", 80);
        assert!(story.lines().all(|line| line.width() <= 80), "{story}");
        assert!(story.lines().count() > 10, "{story}");
    }

    #[test]
    fn a_strangers_words_cannot_steer_the_terminal() {
        let story = told("550 \u{1b}[31mno such user", 80);
        assert!(story.contains("no such user") && !story.contains('\u{1b}'), "{story}");
    }

    #[test]
    fn a_lasting_reason_taken_for_passing_is_doubted() {
        let story = told("450 4.2.1 account disabled", 200);
        assert!(story.contains("verdict       soft-bounce"), "{story}");
        assert!(story.contains("doubt         this reason usually lasts"), "{story}");
    }

    #[test]
    fn long_words_are_told_by_their_beginning() {
        let long = "word ".repeat(400);
        let quoted = quote(&long);
        assert!(quoted.len() < MAX_QUOTE + 16 && quoted.ends_with("…”"), "{quoted}");
    }
}
