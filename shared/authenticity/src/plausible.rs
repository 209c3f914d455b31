//! What looks like our mail, and proves nothing: anybody who has had mail of ours knows what it looks like.

use rebound_classify::organisational;

use crate::judge::{Bench, on};

/// Clocks of senders that run ahead, and time zones that were got wrong.
const MAX_AHEAD_SECONDS: i64 = 86_400;

/// Whether the returned message names one of our domains and was sent lately, and in words why; `Err` with why not.
pub(crate) fn looks_like_ours(bench: &Bench<'_>) -> Result<String, String> {
    let shown = &bench.report.provenance;
    if shown.returned_domains.is_empty() {
        return Err("nothing came back that names a sender".to_owned());
    }
    let ours = our_domains(bench);
    let Some(domain) = shown.returned_domains.iter().find(|domain| ours.contains(domain)) else {
        return Err("the message that came back is from none of our domains".to_owned());
    };
    let Some(date) = shown.returned_date else {
        return Ok(format!(
            "the message that came back names {domain}, which anybody could write"
        ));
    };
    if bench.is_stale(Some(date)) {
        let days = bench.context.settings.report_days;
        return Err(format!(
            "the message that came back was sent{}, more than {days} days before",
            on(date)
        ));
    }
    if date.saturating_sub(bench.received_at) > MAX_AHEAD_SECONDS {
        return Err(format!(
            "the message that came back claims to be sent{}, after the report",
            on(date)
        ));
    }
    Ok(format!(
        "the message that came back names {domain} and was sent{}, which anybody could write",
        on(date)
    ))
}

/// The organisations that we are.
fn our_domains(bench: &Bench<'_>) -> Vec<String> {
    let settled = &bench.context.settings.domains;
    let delivered = bench
        .report
        .provenance
        .delivered_to
        .iter()
        .filter_map(|address| address.domain());
    let names: Vec<&str> = if settled.is_empty() {
        delivered.collect()
    } else {
        settled.iter().map(String::as_str).collect()
    };
    let organisations = names.into_iter().map(|name| organisational(name).unwrap_or(name));
    organisations.map(str::to_ascii_lowercase).collect()
}
