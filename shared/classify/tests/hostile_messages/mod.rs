//! Messages made to break parsers.

/// Messages made to break parsers, each of several megabytes where size is the point.
pub(crate) fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let report = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: failure notice\n\n";
    let siblings = |n: usize| {
        let head = "Content-Type: multipart/mixed; boundary=a\n\n".to_owned();
        (0..n).fold(head, |all, i| {
            all + &format!("--a\nContent-Type: multipart/mixed; boundary=never{i}\n\n")
        })
    };
    vec![
        ("nothing", Vec::new()),
        ("one line end", b"\r".to_vec()),
        (
            "22,000 nested messages",
            "Content-Type: message/rfc822\n\n".repeat(22_000).into_bytes(),
        ),
        (
            "nested messages, one boundary",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"
                .repeat(20_000)
                .into_bytes(),
        ),
        ("siblings that never end", siblings(20_000).into_bytes()),
        ("one line of 60 MB", vec![b'a'; 60 << 20]),
        (
            "one line of at signs",
            format!("{report}{}", "a@".repeat(2 << 20)).into_bytes(),
        ),
        (
            "one line of angles",
            format!("{report}{}", "<".repeat(4 << 20)).into_bytes(),
        ),
        (
            "lines of dashes",
            format!("{report}{}", "--\n".repeat(1 << 20)).into_bytes(),
        ),
        (
            "lines of recipients",
            format!("{report}{}", "<ann@example.com>:\n550 5.1.1 no\n\n".repeat(100_000)).into_bytes(),
        ),
        (
            "many recipients",
            (0..50_000)
                .fold(report.to_owned(), |all, n| {
                    all + &format!("<a{n}@example.com>: 550 no\n")
                })
                .into_bytes(),
        ),
        (
            "many failed recipients",
            (0..20_000)
                .fold("X-Failed-Recipients: ".to_owned(), |all, n| {
                    all + &format!("a{n}@example.com,\n ")
                })
                .into_bytes(),
        ),
        ("many status groups", {
            let head = format!(
                "{}--b\nContent-Type: message/delivery-status\n\n",
                report.replace("\n\n", "\nContent-Type: multipart/report; boundary=b\n\n")
            );
            (0..50_000)
                .fold(head, |all, n| {
                    all + &format!("\nFinal-Recipient: rfc822; a{n}@example.com\nAction: failed\nStatus: 5.1.1\n")
                })
                .into_bytes()
        }),
        ("header without end", "X-A: b\n".repeat(700_000).into_bytes()),
        (
            "one header of 5 MB",
            format!("Subject: {}\n\n", "=?utf-8?q?a?= ".repeat(370_000)).into_bytes(),
        ),
        (
            "unclosed comments in HTML",
            format!(
                "{}<html>{}",
                report.replace("\n\n", "\nContent-Type: text/html\n\n"),
                "<!-- ".repeat(700_000)
            )
            .into_bytes(),
        ),
        (
            "unclosed tags in HTML",
            format!(
                "{}<html>{}",
                report.replace("\n\n", "\nContent-Type: text/html\n\n"),
                "<p ".repeat(1_000_000)
            )
            .into_bytes(),
        ),
        (
            "addresses with comments",
            format!("From: {}\nSubject: failure notice\n\nx", "(".repeat(1 << 20)).into_bytes(),
        ),
        (
            "deep JSON",
            format!("{report}{}", "{\"a\":[".repeat(40_000)).into_bytes(),
        ),
        (
            "digits",
            format!("{report}{}", "5.5.5.5 550 ".repeat(300_000)).into_bytes(),
        ),
        ("8-bit bytes", [report.as_bytes(), &[0xfe; 5 << 20]].concat()),
        ("escapes", [report.as_bytes(), &[0x1b; 5 << 20]].concat()),
        (
            "header lines in the text",
            format!("{report}{}", "From: a\n".repeat(500_000)).into_bytes(),
        ),
        (
            "phrases all over",
            format!(
                "{report}{}",
                "could not be delivered returned mail user unknown ".repeat(100_000)
            )
            .into_bytes(),
        ),
    ]
}
