//! Messages a second and bytes a second, with mail-parser merely parsing the same bytes beside it; start-up and growth.
//!
//! The messages are built here. `REBOUND_BENCH_FOLDER=folder` measures the `.eml` files of a folder as well.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

#[path = "../tests/hostile_messages/mod.rs"]
mod hostile_messages;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rebound_classify::Classifier;

type Build = fn(usize) -> Vec<u8>;

fn benches(criterion: &mut Criterion) {
    criterion.bench_function("start/rules compiled and first message judged", |bencher| {
        let message = status_report(1);
        bencher.iter(|| Classifier::new().classify(black_box(&message)));
    });
    let kinds: [(&str, Build); 4] = [
        ("status report", status_report),
        ("plain report", plain_report),
        ("ordinary mail", ordinary_mail),
        ("large attachment", large_report),
    ];
    for (name, build) in kinds {
        measure(criterion, name, &(0..100).map(build).collect::<Vec<_>>());
    }
    grow(criterion);
    endure(criterion);
    if let Some(folder) = std::env::var_os("REBOUND_BENCH_FOLDER") {
        measure(criterion, "folder", &read_folder(Path::new(&folder)));
    }
}

/// Messages a second, then the same as bytes a second.
fn measure(criterion: &mut Criterion, name: &str, messages: &[Vec<u8>]) {
    let classifier = Classifier::new();
    let parser = mail_parser::MessageParser::default();
    let bytes = messages.iter().map(Vec::len).sum::<usize>();
    let mean = bytes / messages.len().max(1);
    for (what, throughput) in [
        ("messages", Throughput::Elements(messages.len() as u64)),
        ("bytes", Throughput::Bytes(bytes as u64)),
    ] {
        let mut group = criterion.benchmark_group(format!("{name}, {mean} bytes each, {what}"));
        group.throughput(throughput);
        group.bench_function("classify", |bencher| {
            bencher.iter(|| {
                messages
                    .iter()
                    .map(|message| classifier.classify(black_box(message)).recipients.len())
                    .sum::<usize>()
            });
        });
        group.bench_function("mail-parser alone", |bencher| {
            bencher.iter(|| {
                messages
                    .iter()
                    .filter_map(|message| parser.parse(black_box(message.as_slice())))
                    .map(|m| m.parts.len())
                    .sum::<usize>()
            });
        });
        group.finish();
    }
}

/// Twice the size has to take twice the time: bytes a second stay what they are.
fn grow(criterion: &mut Criterion) {
    let classifier = Classifier::new();
    let mut group = criterion.benchmark_group("growth");
    for recipients in [50, 100, 200, 400] {
        let message = report_about(recipients);
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("{recipients} recipients"), |bencher| {
            bencher.iter(|| classifier.classify(black_box(&message)).recipients.len());
        });
    }
    group.finish();
}

/// Messages made to break parsers, as large as any that is read whole: none may take two seconds.
fn endure(criterion: &mut Criterion) {
    let classifier = Classifier::new();
    let mut group = criterion.benchmark_group("hostile");
    group.sample_size(10);
    for (name, message) in hostile_messages::hostile() {
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| classifier.classify(black_box(&message)).recipients.len());
        });
    }
    group.finish();
}

fn report_about(recipients: usize) -> Vec<u8> {
    let failed = |n| format!("<ann{n}@example.com>:\nRemote host said: 550 5.1.1 User {n} unknown\n\n");
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: news@example.org\nSubject: failure notice\n\n\
         Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n\
         {}--- Below this line is a copy of the message.\n\n{}",
        (0..recipients).map(failed).collect::<String>(),
        sent_message(0, 2_000)
    )
    .into_bytes()
}

fn status_report(n: usize) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nReceived: from mx{n}.example.net by in.example.org; Mon, 3 Aug 2026 10:00:00 +0000\r\n\
         From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: news@example.org\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b{n}\"\r\n\r\n\
         --b{n}\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.net.\r\n\r\nI'm sorry to have to inform you that your message could not\r\n\
         be delivered to one or more recipients.\r\n\r\n<ann{n}@example.com>: host mail.example.com[192.0.2.1] said: 550 5.1.1 <ann{n}@example.com>: Recipient address rejected: \
         User unknown (in reply to RCPT TO command)\r\n\r\n--b{n}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; ann{n}@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mail.example.com\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <ann{n}@example.com>: Recipient address rejected: User unknown\r\n\r\n\
         --b{n}\r\nContent-Type: message/rfc822\r\n\r\n{}--b{n}--\r\n",
        sent_message(n, 2_000)
    )
    .into_bytes()
}

fn plain_report(n: usize) -> Vec<u8> {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: news@example.org\nSubject: failure notice\n\n\
         Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\
         This is a permanent error; I've given up. Sorry it didn't work out.\n\n<bob{n}@example.com>:\n192.0.2.7 does not like recipient.\n\
         Remote host said: 550 5.2.2 Mailbox full\nGiving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\n{}",
        sent_message(n, 2_000)
    )
    .into_bytes()
}

fn ordinary_mail(n: usize) -> Vec<u8> {
    format!("Return-Path: <ann{n}@example.com>\n{}", sent_message(n, 6_000)).into_bytes()
}

fn large_report(n: usize) -> Vec<u8> {
    let attachment = "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2ljaW5n\r\n".repeat(4_000);
    let report = String::from_utf8(status_report(n)).unwrap_or_default();
    let head = "Content-Type: message/rfc822\r\n\r\n";
    let attached = format!(
        "{head}Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{attachment}--in--\r\n"
    );
    report.replacen(head, &attached, 1).into_bytes()
}

fn sent_message(n: usize, size: usize) -> String {
    let sentence = "The quick brown fox jumps over the lazy dog while nobody is looking.\r\n";
    format!(
        "Received: from app.example.org by mx.example.net; Mon, 3 Aug 2026 09:00:00 +0000\r\nFrom: Example Weekly <news@example.org>\r\nTo: ann{n}@example.com\r\n\
         Subject: News of week {n}\r\nDate: Mon, 3 Aug 2026 09:00:00 +0000\r\nMessage-ID: <{n}@example.org>\r\nList-Id: Weekly <weekly.example.org>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{}",
        sentence.repeat(size / sentence.len())
    )
}

fn read_folder(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    entries
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

criterion_group!(all, benches);
criterion_main!(all);
