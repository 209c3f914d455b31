//! The report from outside: `rebound report --html --csv` over a folder full of events, durable or not; its time, its
//! largest resident set, and the size of the page. The aim: 1,000,000 events in under 20 seconds and 200 MB.
//!
//! Filling the folder takes minutes. `REBOUND_BENCH_FOLDER` names one to keep: it is filled once and used again.
//! `REBOUND_BENCH_EVENTS` says how many events (default 1,000,000), `REBOUND_BENCH_ROUNDS` how often they are reported
//! on (default 3).

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss
)] // millions at most

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rebound_classify::{Category, Reason, Severity};
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{Event, EventKind, MessageHash, MessageRecord, Moment, Policy};
use rebound_local::LocalStack;
use tempfile::TempDir;

/// Over how many days the events are spread.
const DAYS: u64 = 90;

/// 2026-08-25, the first of them.
const FIRST_DAY_MILLIS: i64 = 1_787_616_000_000;

/// The last of them.
const LAST_DAY: &str = "2026-11-22";

/// Events recorded in one call.
const BATCH: u64 = 500;

/// What comes back, and how often in a hundred.
const KINDS: [(u64, Category, Severity, Reason, &str); 7] = [
    (
        40,
        Category::HardBounce,
        Severity::Hard,
        Reason::UserUnknown,
        "550 5.1.1 <person@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    (
        65,
        Category::SoftBounce,
        Severity::Soft,
        Reason::MailboxFull,
        "452 4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to free some space",
    ),
    (
        75,
        Category::SoftBounce,
        Severity::Soft,
        Reason::NetworkError,
        "connect to mx.example.net[192.0.2.17]:25: Connection timed out",
    ),
    (
        87,
        Category::SenderBlocked,
        Severity::None,
        Reason::BadReputation,
        "554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org",
    ),
    (95, Category::OutOfOffice, Severity::None, Reason::Vacation, ""),
    (97, Category::Complaint, Severity::None, Reason::Feedback, ""),
    (100, Category::Unrecognised, Severity::None, Reason::Undefined, ""),
];

const PROVIDERS: [&str; 6] = ["google", "microsoft", "yahoo", "gmx", "apple", "zoho"];

fn main() {
    let events = number("REBOUND_BENCH_EVENTS", 1_000_000);
    let temporary = TempDir::new().unwrap();
    let kept = env::var_os("REBOUND_BENCH_FOLDER").map(PathBuf::from);
    let data = kept.unwrap_or_else(|| temporary.path().join("data"));
    let filled = data.join(format!("filled-{events}"));
    if !filled.exists() {
        let start = Instant::now();
        tokio::runtime::Runtime::new().unwrap().block_on(fill(&data, events));
        fs::write(filled, "").unwrap();
        println!("filled with {events} events in {:.0?}", start.elapsed());
    }
    for _ in 0..number("REBOUND_BENCH_ROUNDS", 3) {
        let page = temporary.path().join("report.html");
        let (took, peak) = report(&data, &page, &temporary.path().join("numbers"));
        let page = fs::metadata(page).unwrap().len();
        println!(
            "{events} events: {took:.2?}, {:.0} events/s, {peak} MB at most, page of {} KB",
            events as f64 / took.as_secs_f64(),
            page / 1024
        );
    }
}

/// How long a report takes, and how many megabytes at most.
#[expect(
    clippy::disallowed_methods,
    reason = "the kernel forgets the largest resident set with the process: it is looked at now and then"
)]
fn report(data: &Path, page: &Path, numbers: &Path) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    command.arg("--data").arg(data).arg("report");
    command
        .args(["--until", LAST_DAY, "--days", &DAYS.to_string(), "--html"])
        .arg(page);
    command
        .arg("--csv")
        .arg(numbers)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let end = loop {
        if let Some(end) = child.try_wait().unwrap() {
            break end;
        }
        peak = fs::read_to_string(&status).map_or(peak, |status| peak.max(high_water_mark(&status)));
        thread::sleep(Duration::from_millis(5));
    };
    assert!(end.success());
    (start.elapsed(), peak)
}

/// The largest resident set so far in MB, as Linux tells it.
fn high_water_mark(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

async fn fill(data: &Path, events: u64) {
    let stack = LocalStack::open_unflushed(data).await.unwrap();
    let tables = Tables::with_prefix("rebound-");
    tables.ensure(&stack.dynamodb()).await.unwrap();
    let repository = Repository::new(&stack.dynamodb(), tables, Arc::new(Policy::default()));
    let mut random = fastrand::Rng::with_seed(7);
    for first in (0..events).step_by(BATCH as usize) {
        let batch = BATCH.min(events - first);
        let records: Vec<_> = (first..first + batch)
            .map(|nth| record(&mut random, nth, events))
            .collect();
        for recorded in repository.record(&records).await {
            recorded.unwrap();
        }
    }
    stack.close().await.unwrap();
}

/// An event of one of as many contacts as half the events.
fn record(random: &mut fastrand::Rng, nth: u64, events: u64) -> MessageRecord {
    let message = MessageHash::of(&nth.to_be_bytes());
    let day = 24 * 60 * 60 * 1000;
    let at = Moment::from_millis(FIRST_DAY_MILLIS + random.i64(0..DAYS as i64 * day));
    let share = random.u64(0..100);
    let (_, category, severity, reason, words) = *KINDS.iter().find(|(to, ..)| share < *to).unwrap();
    let known = category != Category::Unrecognised;
    let contact = random.u64(0..events.div_ceil(2));
    let address = format!("person{contact}@host{}.example.com", contact % 5_000);
    let mut event = Event::new(
        message,
        known.then(|| address.parse().unwrap()),
        at,
        EventKind::Mail(category),
    );
    event.severity = severity;
    event.reason = reason;
    event.account = Some(format!("bounces-{}", random.u8(0..3)));
    event.list = Some(format!("list-{}", random.u8(0..12)));
    event.campaign = Some(format!("weekly-2026-{}", 34 + random.u8(0..13)));
    event.diagnostic = (!words.is_empty()).then(|| words.to_owned());
    event.provider = random.choice(PROVIDERS).map(str::to_owned);
    event.reporting_mta = Some("mx.example.org".to_owned());
    event.original_message_id = Some(format!("{nth}@news.example.com"));
    event.original_subject = Some("What is new in November".to_owned());
    event.object_key = Some(format!("raw/bounces/{message}.eml"));
    event.rule = Some("text.user-unknown.virtual-mailbox".to_owned());
    event.rules_version = Some("2026-11-21".to_owned());
    MessageRecord::new(vec![event]).unwrap()
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}
