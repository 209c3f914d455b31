//! Amazon SES notifications (SNS JSON) that arrive as a mail.
//!
//! Source: Amazon SES developer guide, "Amazon SNS notification contents"; the event publishing format differs in one
//! key.

use serde_json::Value;

use super::{Evidence, Outcome, Source};
use crate::words::Address;

/// The longest JSON looked at; SNS ends at 256 KiB.
const MAX_JSON_BYTES: usize = 300 << 10;

/// What the notification is about.
#[derive(Debug)]
pub(crate) struct Notification {
    /// Those of a bounce, a delay or a delivery.
    pub(crate) recipients: Vec<Evidence>,
    /// Those who complained, with the feedback type if known.
    pub(crate) complaint: Option<(Vec<Address>, Option<String>)>,
    /// The header of the sent message, as far as the notification repeats it.
    pub(crate) sent_header: String,
}

/// Reads `text` if it begins with such a notification.
pub(crate) fn read_notification(text: &str) -> Option<Notification> {
    let text = text.trim_start();
    if !text.starts_with('{') || text.len() > MAX_JSON_BYTES {
        return None;
    }
    // Mail servers fold the one long line; JSON strings hold no line ends of their own.
    let unfolded = text.replace("\n ", "").replace('\n', "");
    let root: Value = serde_json::Deserializer::from_str(&unfolded).into_iter().next()?.ok()?;
    let inner: Value = match root.get("Message").and_then(Value::as_str) {
        Some(message) => serde_json::from_str(message).ok()?,
        None => root,
    };
    let kind = inner
        .get("notificationType")
        .or_else(|| inner.get("eventType"))?
        .as_str()?
        .to_owned();
    let mail = inner.get("mail");
    let mut notification = Notification {
        recipients: Vec::new(),
        complaint: None,
        sent_header: mail.map(sent_header).unwrap_or_default(),
    };
    match kind.as_str() {
        "Bounce" => {
            let bounce = inner.get("bounce")?;
            let permanent = bounce.get("bounceType").and_then(Value::as_str);
            for entry in list(bounce.get("bouncedRecipients")) {
                let mut evidence = recipient(entry, Outcome::Failed)?;
                if evidence.words.is_empty() {
                    let sub_type = bounce.get("bounceSubType").and_then(Value::as_str).unwrap_or_default();
                    let kind = permanent.unwrap_or_default();
                    evidence.words.append(&format!("{kind} {sub_type}"));
                }
                notification.recipients.push(evidence);
            }
        }
        "DeliveryDelay" => {
            for entry in list(inner.pointer("/deliveryDelay/delayedRecipients")) {
                notification.recipients.push(recipient(entry, Outcome::Delayed)?);
            }
        }
        "Delivery" => {
            let response = string(inner.pointer("/delivery/smtpResponse")).unwrap_or_default();
            for entry in list(inner.pointer("/delivery/recipients")) {
                let mut evidence = Evidence::new(Source::StatusField);
                evidence.recipient = entry.as_str().and_then(Address::parse);
                evidence.outcome = Some(Outcome::Delivered);
                evidence.words.append(&response);
                let mut numbers = response.split_ascii_whitespace();
                evidence.reply = numbers.next().and_then(|code| code.parse().ok());
                evidence.status = numbers.next().and_then(|code| code.parse().ok());
                notification.recipients.push(evidence);
            }
        }
        "Complaint" => {
            let complaint = inner.get("complaint")?;
            let who = list(complaint.get("complainedRecipients"))
                .filter_map(|entry| entry.get("emailAddress")?.as_str())
                .filter_map(Address::parse);
            notification.complaint = Some((who.collect(), string(complaint.get("complaintFeedbackType"))));
        }
        _ => return None,
    }
    Some(notification)
}

fn recipient(entry: &Value, outcome: Outcome) -> Option<Evidence> {
    let mut evidence = Evidence::new(Source::StatusField);
    evidence.recipient = entry
        .get("emailAddress")
        .and_then(Value::as_str)
        .and_then(Address::parse);
    evidence.outcome = entry
        .get("action")
        .and_then(Value::as_str)
        .and_then(Outcome::named)
        .or(Some(outcome));
    evidence.status = entry
        .get("status")
        .and_then(Value::as_str)
        .and_then(|status| status.parse().ok());
    let diagnostic = entry.get("diagnosticCode").and_then(Value::as_str).unwrap_or_default();
    evidence.words.append(
        diagnostic
            .trim_start_matches("smtp;")
            .trim_start_matches("Amazon SES did not send the message to this address because"),
    );
    let codes = evidence.words.codes();
    evidence.reply = codes.reply;
    evidence.status = evidence.status.or(codes.status);
    evidence.recipient.is_some().then_some(evidence)
}

/// `mail.headers` and `mail.commonHeaders` written as a header again; envelope addresses stand in for what they leave out.
fn sent_header(mail: &Value) -> String {
    const COMMON: &[(&str, &str)] = &[
        ("From", "/commonHeaders/from"),
        ("To", "/commonHeaders/to"),
        ("Subject", "/commonHeaders/subject"),
        ("Date", "/commonHeaders/date"),
        ("Message-ID", "/commonHeaders/messageId"),
    ];
    const ENVELOPE: &[(&str, &str)] = &[("From", "/source"), ("To", "/destination"), ("Date", "/timestamp")];
    let full = list(mail.get("headers"))
        .filter_map(|header| Some((header.get("name")?.as_str()?, header.get("value")?.as_str()?.to_owned())));
    let pointed = COMMON
        .iter()
        .chain(ENVELOPE)
        .filter_map(|(name, at)| Some((*name, words(mail.pointer(at)?)?)));
    // The first field of a name counts, so the fullest source comes first.
    full.chain(pointed).fold(String::new(), |mut header, (name, value)| {
        header.extend([name, ": ", &value.replace('\n', " "), "\n"]);
        header
    })
}

/// A string, or strings with commas between them.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => Some(texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn string(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}
