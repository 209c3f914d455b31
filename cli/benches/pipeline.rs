//! The whole job from outside: `rebound run` over a folder of distinct reports of 4 KB, into a fresh folder, with
//! durable writes. The time includes starting the command.
//!
//! `REBOUND_BENCH_MESSAGES` says how many messages (default 10,000).

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;

/// The length every message is filled up to, in bytes.
const MESSAGE_BYTES: usize = 4096;

fn pipeline(c: &mut Criterion) {
    let messages = std::env::var("REBOUND_BENCH_MESSAGES").map_or(10_000, |text| text.parse().unwrap());
    let mailbox = TempDir::new().unwrap();
    for number in 0..messages {
        std::fs::write(mailbox.path().join(format!("{number:06}.eml")), message(number)).unwrap();
    }
    let mut group = c.benchmark_group("run");
    group.sample_size(10).throughput(Throughput::Elements(messages));
    group.bench_function("fresh mailbox", |b| {
        let folder = || TempDir::new().unwrap();
        b.iter_batched(folder, |data| run(data.path(), mailbox.path()), BatchSize::PerIteration);
    });
    let data = TempDir::new().unwrap();
    run(data.path(), mailbox.path());
    group.bench_function("nothing new", |b| b.iter(|| run(data.path(), mailbox.path())));
    group.finish();
}

fn run(data: &Path, mailbox: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    command
        .arg("--data")
        .arg(data)
        .arg("run")
        .arg(mailbox)
        .stdout(Stdio::null());
    assert!(command.status().unwrap().success());
}

/// A Postfix report; every third recipient is hard, every contact turns up three times.
fn message(number: u64) -> String {
    let recipient = format!("person{}@host{}.example.com", number / 3, number % 97);
    let (status, words) = match number % 3 {
        0 => ("5.1.1", "550 5.1.1 No such user here"),
        1 => ("4.2.2", "452 4.2.2 Mailbox full"),
        _ => ("5.7.1", "554 5.7.1 Message blocked using zen.spamhaus.org"),
    };
    let mut text = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\r\n\
         To: bounces@news.example.org\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: Tue, 4 Aug 2026 04:00:51 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b{number}\"\r\n\r\n\
         --b{number}\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.org.\r\n\r\n\
         <{recipient}>: host mx.example.com[192.0.2.1] said: {words} (in reply to RCPT TO command)\r\n\r\n\
         --b{number}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {words}\r\n\r\n\
         --b{number}\r\nContent-Type: message/rfc822\r\n\r\n\
         From: newsletter@news.example.org\r\nTo: {recipient}\r\nSubject: Number {number}\r\n\
         Message-ID: <{number}@news.example.org>\r\n\r\n"
    );
    while text.len() < MESSAGE_BYTES {
        text.push_str("What the newsletter said, in so many words, line after line after line.\r\n");
    }
    let _ = write!(text, "--b{number}--\r\n");
    text
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
