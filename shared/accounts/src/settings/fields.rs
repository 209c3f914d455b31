//! Every setting by name.

/// A setting that a document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in documents.
    pub name: &'static str,
    /// What it is set to.
    pub kind: FieldKind,
    /// What it says, on one line.
    pub about: &'static str,
}

/// What a setting is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Words.
    Text,
    /// Words that nobody may see.
    Secret,
    /// Several lines.
    Block,
    /// Several lines that nobody may see.
    SecretBlock,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
}

impl FieldKind {
    /// Whether nobody may see it.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretBlock)
    }
}

impl Field {
    /// Every setting, in the order in which they are written.
    pub const ALL: [Self; 25] = [
        field("enabled", FieldKind::Flag, "whether it is fetched on schedule [true]"),
        field(
            "list",
            FieldKind::Text,
            "the mailing list its mail is about [the account's name]",
        ),
        field("protocol", FieldKind::Text, "imap or pop3 [found out]"),
        field("host", FieldKind::Text, "the mail server"),
        field(
            "port",
            FieldKind::Number,
            "its port [993 or 995, 143 or 110 with starttls]",
        ),
        field("security", FieldKind::Text, "tls, starttls or none [tls]"),
        field(
            "ca",
            FieldKind::Block,
            "authorities of a private server, in PEM, or the path of a file of them",
        ),
        field(
            "pin",
            FieldKind::Text,
            "SHA-256 of the public key of a private server, as sha256//BASE64",
        ),
        field("user", FieldKind::Text, "who logs in"),
        field(
            "auth",
            FieldKind::Text,
            "password or oauth [whichever the rest is about]",
        ),
        field("password", FieldKind::Secret, "their password, or an app password"),
        field("provider", FieldKind::Text, "OAuth: microsoft or google"),
        field(
            "tenant",
            FieldKind::Text,
            "OAuth: the tenant at Microsoft, its id or a domain [common]",
        ),
        field(
            "token_url",
            FieldKind::Text,
            "OAuth: where tokens are had [the provider's]",
        ),
        field("client_id", FieldKind::Text, "OAuth: the application"),
        field("client_secret", FieldKind::Secret, "OAuth: the application's secret"),
        field(
            "refresh_token",
            FieldKind::Secret,
            "OAuth: what a person's consent gave",
        ),
        field(
            "service_account",
            FieldKind::SecretBlock,
            "OAuth: the JSON key of a service account at Google",
        ),
        field(
            "subject",
            FieldKind::Text,
            "OAuth: whose mailbox the service account opens [user]",
        ),
        field(
            "scope",
            FieldKind::Text,
            "OAuth: what is asked for [the provider's for mail]",
        ),
        field("folder", FieldKind::Text, "the folder that is read [INBOX]"),
        field(
            "only_unread",
            FieldKind::Flag,
            "whether only unread messages are fetched [false]",
        ),
        field(
            "after",
            FieldKind::Text,
            "what becomes of stored bounces: keep, delete, move:FOLDER or seen [keep]",
        ),
        field(
            "after_others",
            FieldKind::Text,
            "the same for mail that is not recognised [keep]",
        ),
        field(
            "max_message_bytes",
            FieldKind::Number,
            "the longest message that is fetched [67108864]",
        ),
    ];

    /// The setting called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|field| field.name == name)
    }

    /// The setting that somebody may have meant who wrote `name`.
    pub(super) fn like(name: &str) -> Option<&'static Self> {
        let folded = name.to_ascii_lowercase().replace('-', "_");
        Self::ALL.iter().find(|field| {
            field.name == folded || MEANT.contains(&(folded.as_str(), field.name)) || is_near(field.name, &folded)
        })
    }
}

/// What other programs call it.
const MEANT: [(&str, &str); 12] = [
    ("server", "host"),
    ("hostname", "host"),
    ("address", "user"),
    ("username", "user"),
    ("login", "user"),
    ("pass", "password"),
    ("passwd", "password"),
    ("mailbox", "folder"),
    ("ssl", "security"),
    ("tls", "security"),
    ("unread_only", "only_unread"),
    ("token_endpoint", "token_url"),
];

const fn field(name: &'static str, kind: FieldKind, about: &'static str) -> Field {
    Field { name, kind, about }
}

/// One letter more, fewer or different, or two neighbours swapped.
fn is_near(name: &str, written: &str) -> bool {
    let (name, written) = (name.as_bytes(), written.as_bytes());
    let same = name.iter().zip(written).take_while(|(a, b)| a == b).count();
    let (Some(name), Some(written)) = (name.get(same..), written.get(same..)) else {
        return false;
    };
    match (name, written) {
        ([_, rest @ ..], _) if rest == written => true,
        (_, [_, rest @ ..]) if rest == name => true,
        ([_, rest @ ..], [_, other @ ..]) if rest == other => true,
        ([a, b, rest @ ..], [c, d, other @ ..]) => (a, b) == (d, c) && rest == other,
        _ => false,
    }
}
