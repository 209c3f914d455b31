//! Reports in plain words, read.

use super::*;

/// The recipients of `text` with reply code and words.
fn read(text: &str) -> Vec<(String, Option<String>, String)> {
    read_text(text, &Phrases::new(), &[], &[])
        .recipients
        .into_iter()
        .map(|e| {
            let address = e.recipient.map(|address| address.as_str().to_owned());
            (
                address.unwrap_or_default(),
                e.reply.map(|code| code.to_string()),
                e.words.into(),
            )
        })
        .collect()
}

#[test]
fn the_sender_in_a_table_of_details_is_no_recipient() {
    for (sender, recipient) in [
        ("Sender Address: ", "Recipient Address: "),
        ("Sender:  ", "Recipient: "),
        ("Absenderadresse: ", "Empfängeradresse: "),
        ("Adresse de l'expéditeur : ", "Destinataire : "),
        ("Dirección del remitente: ", "Destinatario: "),
        ("送信者のメールアドレス：", "受信者："),
    ] {
        let text = format!("Details\n{sender}bounces+17@news.example.org\n{recipient}ann@example.com\nError: 550 no\n");
        let named: Vec<_> = read(&text).into_iter().map(|(address, ..)| address).collect();
        assert_eq!(named, ["ann@example.com"], "{text}");
    }
}

#[test]
fn in_an_old_transcript_each_answer_belongs_to_the_recipient_below_it() {
    let text = "   ----- Transcript of session follows -----\n\
        While talking to mx.example.edu:\n\
        >>> DATA\n\
        <<< 552 Too many of these\n\
        421 example.edu (smtp)... Deferred: Connection reset\n\
        554 <ann@example.edu>... Remote protocol error\n\
        550 example.net (smtp)... 550 Host unknown\n\
        554 <bob@example.net>... 550 Host unknown (Authoritative answer from name server)\n\
        While talking to mx.example.com:\n\
        >>> RCPT To:<cy@example.com>\n\
        <<< 550 No such user here\n\
        550 <cy@example.com>... User unknown\n";
    let read = read(text);
    let says: Vec<_> = read
        .iter()
        .map(|(address, reply, words)| {
            let unknown_host = words.contains("Host unknown");
            (address.as_str(), reply.as_deref(), unknown_host)
        })
        .collect();
    assert_eq!(
        says,
        [
            ("ann@example.edu", Some("552"), false),
            ("bob@example.net", Some("550"), true),
            ("cy@example.com", Some("550"), false),
        ],
        "{read:#?}"
    );
}

#[test]
fn what_a_recipient_came_from_is_no_recipient_even_on_a_line_of_its_own() {
    let text = "could not be delivered:\n\n<box-17@mail.example.com> (expanded from\n    <ann@example.com>): temporary failure: quota exceeded\n";
    let evidence = read_text(text, &Phrases::new(), &[], &[]).recipients;
    let [only] = evidence.as_slice() else {
        panic!("{evidence:#?}");
    };
    let name = |address: &Option<Address>| address.as_ref().map(|a| a.as_str().to_owned());
    assert_eq!(name(&only.recipient).as_deref(), Some("box-17@mail.example.com"));
    assert_eq!(name(&only.original).as_deref(), Some("ann@example.com"));
    assert!(only.words.contains("quota exceeded"), "{only:#?}");
}

#[test]
fn recipients_are_known_by_their_place_in_tables_and_lists() {
    for text in [
        "Your mail came back.\nRecipient ann@example.com\nReason 552 5.2.2 full\n",
        "退信\n收件人 ann@example.com\n退信原因 552 5.2.2 full\n",
        "The affected recipients:\n\n  <ann@example.com>  delivery failed; will not continue trying (552 5.2.2)\n",
        "Delivery has failed to these recipients or groups:\n\nAnn Example (ann@example.com)\n552 5.2.2 full\n",
        "Failures:\n\nann@example.com does not take this: 552 5.2.2\n",
    ] {
        let evidence = read_text(text, &Phrases::new(), &[], &[]).recipients;
        let [only] = evidence.as_slice() else {
            panic!("{text}: {evidence:#?}");
        };
        assert!(only.source <= Source::Label, "{text}: {only:#?}");
        assert_eq!(only.status, "5.2.2".parse().ok(), "{text}");
    }
}
