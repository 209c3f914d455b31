//! The table of dialects. More particular software stands before what it grew out of.

use super::Dialect;

const NONE: Dialect = Dialect {
    id: "",
    text: &[],
    headers: &[],
    from_and_subject: &[],
    grew_out_of: None,
};

pub(super) const DIALECTS: &[Dialect] = &[
    // Sending services
    Dialect {
        id: "amazon-ses",
        text: &[
            "\"notificationtype\":",
            "an error occurred while trying to deliver the mail to the following recipients",
        ],
        headers: &[("x-ses-outgoing", "")],
        from_and_subject: &[
            ("amazonses.com", "delivery status notification"),
            ("sns.amazonaws.com", ""),
        ],
        ..NONE
    },
    Dialect {
        id: "amazon-workmail",
        headers: &[("x-mailer", "amazon workmail")],
        from_and_subject: &[("awsapps.com", "undeliverable")],
        ..NONE
    },
    Dialect {
        id: "sendgrid",
        text: &["sendgrid"],
        from_and_subject: &[("sendgrid", "")],
        ..NONE
    },
    Dialect {
        id: "mailgun",
        headers: &[("x-mailgun-sid", "")],
        from_and_subject: &[("mailgun.org", "")],
        ..NONE
    },
    Dialect {
        id: "postmark",
        headers: &[("x-pm-message-id", "")],
        from_and_subject: &[("mtasv.net", "")],
        ..NONE
    },
    Dialect {
        id: "mailjet",
        headers: &[("x-mj-mid", "")],
        from_and_subject: &[("mailjet.com", "")],
        ..NONE
    },
    Dialect {
        id: "powermta",
        text: &[
            "hello, this is the mail server on",
            "this message was created automatically by powermta",
            "powermta",
        ],
        headers: &[("x-mailer", "powermta")],
        ..NONE
    },
    Dialect {
        id: "kumomta",
        text: &["kumomta", "while communicating with "],
        headers: &[("x-kumoref", "")],
        ..NONE
    },
    Dialect {
        id: "momentum",
        text: &["ecelerity", "message systems"],
        ..NONE
    },
    // Microsoft
    Dialect {
        id: "exchange-5.5",
        text: &["msexch:ims:", "msexch:imc:", "msexch:mta:"],
        headers: &[
            ("x-mailer", "internet mail service (5.5"),
            ("x-mailer", "microsoft exchange server internet mail connector"),
        ],
        ..NONE
    },
    Dialect {
        id: "exchange-2003",
        text: &[
            "did not reach the following recipient(s)",
            "this is an automatically generated delivery status notification.\n\ndelivery to the following recipients",
            "your message did not reach some or all of the intended recipients",
        ],
        headers: &[
            ("x-dsncontext", ""),
            ("x-mailer", "microsoft cdo"),
            ("x-mimeole", "produced by microsoft exchange v6."),
        ],
        ..NONE
    },
    Dialect {
        id: "microsoft-365",
        text: &[
            "original message details",
            "office 365",
            ".prod.outlook.com",
            ".prod.exchangelabs.com",
        ],
        headers: &[],
        from_and_subject: &[("postmaster@outlook.com", ""), ("onmicrosoft.com", "undeliverable")],
        grew_out_of: Some("exchange-2007"),
    },
    Dialect {
        id: "exchange-2007",
        text: &[
            "diagnostic information for administrators",
            "generating server:",
            "generierender server:",
            "diagnoseinformationen für administratoren",
            "fehlerhafter server",
            "serveur de génération",
            "servidor de generación",
            "server di generazione",
        ],
        headers: &[("x-ms-exchange-message-is-ndr", "")],
        ..NONE
    },
    // Google
    Dialect {
        id: "google-groups",
        text: &["the group you tried to contact", "message to the google group"],
        headers: &[("x-google-group-id", "")],
        ..NONE
    },
    Dialect {
        id: "google",
        text: &[
            "address couldn't be found",
            "google tried to deliver your message",
            "technical details of permanent failure",
            "technical details of temporary failure",
        ],
        headers: &[],
        from_and_subject: &[("mailer-daemon@googlemail.com", ""), ("mailer-daemon@google.com", "")],
        ..NONE
    },
    // Mailbox providers
    Dialect {
        id: "yahoo",
        text: &["sorry, we were unable to deliver your message to the following address"],
        from_and_subject: &[("mailer-daemon@yahoo", ""), ("@yahoo.com", "failure notice")],
        ..NONE
    },
    Dialect {
        id: "aol",
        from_and_subject: &[("mailer-daemon@aol.com", "")],
        ..NONE
    },
    Dialect {
        id: "apple",
        from_and_subject: &[
            ("@icloud.com", "undeliver"),
            ("@me.com", "undeliver"),
            ("@mac.com", "undeliver"),
        ],
        ..NONE
    },
    Dialect {
        id: "zoho",
        headers: &[("x-mailer", "zoho mail"), ("x-zohomail", "")],
        from_and_subject: &[("zoho", "undelivered")],
        text: &["error_code :"],
        ..NONE
    },
    Dialect {
        id: "yandex",
        headers: &[("x-yandex-uniq", ""), ("x-yandex-forward", "")],
        from_and_subject: &[("@yandex", "")],
        text: &["this is the mail system at host yandex"],
        ..NONE
    },
    Dialect {
        id: "mail.ru",
        from_and_subject: &[("@corp.mail.ru", ""), ("@mail.ru", "delivery")],
        text: &["this message was created automatically by mail delivery software.\n\nnote: this message"],
        ..NONE
    },
    Dialect {
        id: "gmx",
        text: &[
            "gmx mail server",
            "requested action not taken: mailbox unavailable\nweb.de",
        ],
        from_and_subject: &[("@gmx.", "mail delivery")],
        headers: &[],
        ..NONE
    },
    Dialect {
        id: "1und1",
        text: &[
            "host:\n",
            "smtp error from remote server",
            "for possible causes and solutions",
            "unfortunately, your mail could not be delivered",
            "kundenserver.de",
        ],
        from_and_subject: &[("kundenserver.de", ""), ("1and1", "")],
        ..NONE
    },
    Dialect {
        id: "t-online",
        from_and_subject: &[("t-online.de", "")],
        ..NONE
    },
    Dialect {
        id: "orange",
        from_and_subject: &[("@orange.fr", ""), ("@wanadoo.fr", "")],
        ..NONE
    },
    Dialect {
        id: "free",
        from_and_subject: &[("@free.fr", "")],
        ..NONE
    },
    Dialect {
        id: "laposte",
        from_and_subject: &[("@laposte.net", "")],
        ..NONE
    },
    Dialect {
        id: "tencent",
        text: &["qq邮箱"],
        from_and_subject: &[("@qq.com", ""), ("postmaster@exmail.qq", "")],
        ..NONE
    },
    Dialect {
        id: "netease",
        text: &["网易"],
        from_and_subject: &[("@163.com", ""), ("@126.com", "")],
        ..NONE
    },
    Dialect {
        id: "kddi",
        text: &[
            "could not be delivered to mobile",
            "your mail sent on:",
            "this mail address is not available",
        ],
        from_and_subject: &[("ezweb.ne.jp", ""), ("au.com", "mail system error"), ("dion.ne.jp", "")],
        ..NONE
    },
    Dialect {
        id: "docomo",
        from_and_subject: &[("@docomo.ne.jp", "")],
        ..NONE
    },
    Dialect {
        id: "softbank",
        from_and_subject: &[("softbank.ne.jp", "")],
        ..NONE
    },
    Dialect {
        id: "verizon",
        from_and_subject: &[("vzwpix.com", ""), ("vtext.com", "")],
        text: &["message could not be delivered to mobile"],
        ..NONE
    },
    // Filters in front of mail servers
    Dialect {
        id: "barracuda",
        text: &["barracuda networks"],
        from_and_subject: &[("barracuda", "")],
        ..NONE
    },
    Dialect {
        id: "proofpoint",
        text: &["proofpoint email protection"],
        from_and_subject: &[("proofpoint", ""), ("ppops.net", ""), ("pphosted.com", "")],
        ..NONE
    },
    Dialect {
        id: "mimecast",
        text: &["by mimecast"],
        from_and_subject: &[("mimecast", "")],
        ..NONE
    },
    Dialect {
        id: "ironport",
        text: &["the following message to <"],
        ..NONE
    },
    Dialect {
        id: "messagelabs",
        text: &["this is the messagelabs"],
        from_and_subject: &[("messagelabs", "")],
        ..NONE
    },
    Dialect {
        id: "trend-micro",
        text: &["interscan", "trend micro"],
        headers: &[("x-mailer", "interscan")],
        from_and_subject: &[("", "mail delivery problem")],
        ..NONE
    },
    Dialect {
        id: "mcafee",
        headers: &[],
        text: &["mcafee"],
        ..NONE
    },
    Dialect {
        id: "mxlogic",
        headers: &[("x-mx-bounce", "")],
        ..NONE
    },
    Dialect {
        id: "surfcontrol",
        text: &[
            "surfcontrol",
            "your message could not be sent.\na transcript of the attempts to send the message follows",
        ],
        headers: &[("x-sef-processed", "")],
        from_and_subject: &[("mail manager", "mail delivery failure")],
        ..NONE
    },
    Dialect {
        id: "mailfoundry",
        text: &[
            "this is an automated delivery failure notice from mailfoundry",
            "mailfoundry",
        ],
        ..NONE
    },
    Dialect {
        id: "mailmarshal",
        text: &["mailmarshal", "your message:\n   from:"],
        headers: &[("x-mailer", "mailmarshal")],
        ..NONE
    },
    Dialect {
        id: "active-hunter",
        headers: &[("x-ahmailid", "")],
        text: &["active!hunter"],
        ..NONE
    },
    Dialect {
        id: "m-filter",
        headers: &[("x-mailer", "m-filter")],
        text: &["m-filter"],
        ..NONE
    },
    Dialect {
        id: "fml",
        headers: &[("x-mlserver", "fml")],
        text: &["this is fml"],
        ..NONE
    },
    Dialect {
        id: "amavis",
        text: &["amavisd", "amavis", "our content checker found"],
        headers: &[],
        from_and_subject: &[("mailer-daemon@amavis", "")],
        ..NONE
    },
    // Mail servers
    Dialect {
        id: "domino",
        text: &["not listed in domino directory", "lotus notes", "domino directory"],
        headers: &[("x-mimetrack", "by notes"), ("x-mailer", "lotus notes")],
        from_and_subject: &[("", "delivery failure:")],
        ..NONE
    },
    Dialect {
        id: "groupwise",
        text: &["groupwise"],
        headers: &[("x-mailer", "novell groupwise"), ("x-mailer", "groupwise")],
        ..NONE
    },
    Dialect {
        id: "pmdf",
        text: &["pmdf e-mail", "pmdf v"],
        from_and_subject: &[("pmdf", "")],
        ..NONE
    },
    Dialect {
        id: "messaging-server",
        text: &[
            "this report relates to a message you sent with the following header fields",
            "reporting channel",
            "your message cannot be delivered to the following recipients",
        ],
        headers: &[("x-mailer", "oracle communications messaging")],
        ..NONE
    },
    Dialect {
        id: "imail",
        text: &["delivery failed 20 attempts", "body of message generated response"],
        headers: &[("x-mailer", "<smtp32 v")],
        ..NONE
    },
    Dialect {
        id: "mdaemon",
        text: &[
            "mdaemon",
            "the following data may contain sections which represent bits of the original message",
        ],
        headers: &[("x-mdaemon-deliver-to", ""), ("x-mdbadqueue-from", "")],
        from_and_subject: &[("mdaemon", "")],
        ..NONE
    },
    Dialect {
        id: "courier",
        text: &[
            "this is a delivery status notification from",
            "running the courier mail server",
            "esmtp/courier",
        ],
        ..NONE
    },
    Dialect {
        id: "dovecot",
        text: &["was automatically rejected:"],
        ..NONE
    },
    Dialect {
        id: "opensmtpd",
        text: &[
            "hi!\n\n    this is the mailer-daemon",
            "this is the mailer-daemon, please do not reply",
            "an error has occurred while attempting to deliver a message for",
        ],
        ..NONE
    },
    Dialect {
        id: "dragonfly",
        text: &["dragonfly mail agent"],
        ..NONE
    },
    Dialect {
        id: "james",
        text: &[
            "message from james",
            "hi. this is the james mail server",
            "james mail server",
        ],
        ..NONE
    },
    Dialect {
        id: "haraka",
        text: &["haraka"],
        headers: &[("x-haraka-", "")],
        ..NONE
    },
    Dialect {
        id: "hmailserver",
        text: &["hmailserver"],
        grew_out_of: Some("exchange-2003"),
        ..NONE
    },
    Dialect {
        id: "mailenable",
        text: &["mailenable"],
        ..NONE
    },
    Dialect {
        id: "smartermail",
        text: &[
            "could not deliver message to the following recipient(s):\n\nfailed recipient:",
            "the header and top 20 lines of the message follows",
        ],
        ..NONE
    },
    Dialect {
        id: "smail",
        text: &[
            "message log follows: ---",
            "no valid recipients were found for this message",
        ],
        ..NONE
    },
    Dialect {
        id: "communigate",
        text: &["communigate"],
        headers: &[("x-mailer", "communigate")],
        ..NONE
    },
    Dialect {
        id: "kerio",
        text: &["kerio connect", "kerio mailserver"],
        headers: &[("x-mailer", "kerio")],
        ..NONE
    },
    Dialect {
        id: "zimbra",
        text: &["zimbra"],
        ..NONE
    },
    Dialect {
        id: "stalwart",
        text: &["stalwart"],
        ..NONE
    },
    Dialect {
        id: "nullmailer",
        text: &["nullmailer"],
        ..NONE
    },
    Dialect {
        id: "qmail",
        text: &[
            "this is the qmail-send program",
            "qmail-send",
            "i'm afraid i wasn't able to deliver your message to the following addresses",
            "i wasn't able to deliver your message",
            "unable to deliver message to the following address",
            "--- below this line is a copy of the message",
        ],
        ..NONE
    },
    Dialect {
        id: "exim",
        text: &[
            "this message was created automatically by mail delivery software",
            "a message that you sent could not be delivered to one or more of",
        ],
        headers: &[("x-failed-recipients", "")],
        ..NONE
    },
    Dialect {
        id: "postfix",
        text: &[
            "this is the mail system at host",
            "this is the postfix",
            "postfix program",
            "this is the \"mail system\"",
            "i'm sorry to have to inform you that your message could not",
        ],
        headers: &[("x-postfix-queue-id", "")],
        ..NONE
    },
    Dialect {
        id: "sendmail",
        text: &[
            "the original message was received at",
            "transcript of session follows",
            "the following addresses had permanent fatal errors",
            "the following addresses had transient non-fatal errors",
        ],
        from_and_subject: &[("mail delivery subsystem", "")],
        ..NONE
    },
];
