use std::fs;

use proptest::prelude::*;
use rebound_mailbox::server::{After, FolderName, Pin, Protocol, Secret, Security, Trust};

use super::*;
use crate::{AccountName, ListName};

/// What no message may show.
const PASSWORD: &str = "Opensesame-4711";

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

const KEY: &str = r#"{"client_email": "robot@project.example", "private_key_id": "7",
    "private_key": "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
    "token_uri": "https://oauth2.example.com/token"}"#;

fn name() -> AccountName {
    "news".parse().unwrap()
}

fn settings(document: &str) -> Result<AccountSettings, InvalidAccount> {
    AccountSettings::parse(name(), document)
}

/// The smallest document, with more lines.
fn with(more: &str) -> String {
    format!("host = \"imap.example.com\"\nuser = \"ann\"\npassword = \"{PASSWORD}\"\n{more}")
}

/// The smallest document for OAuth, with more lines.
fn oauth(more: &str) -> String {
    format!("user = \"ann@example.com\"\n{more}")
}

#[test]
fn server_user_and_password_are_enough() {
    let settings = settings(&with("")).unwrap();
    assert_eq!(
        settings,
        AccountSettings {
            account: Account::new(name()),
            enabled: true,
            protocol: None,
            host: "imap.example.com".to_owned(),
            port: None,
            security: Security::Tls,
            trust: Trust::Public,
            user: "ann".to_owned(),
            auth: Auth::Password(Secret::new(PASSWORD)),
            folder: FolderName::inbox(),
            only_unread: false,
            after: After::Keep,
            after_others: After::Keep,
            max_message_bytes: 64 * 1024 * 1024,
        }
    );
    assert_eq!(settings.warnings(), [""; 0]);
}

#[test]
fn every_setting_can_be_set_in_toml_and_json() {
    let toml = "enabled = false\nlist = \"Weekly News\"\nprotocol = \"imap\"\nhost = \"mail.example.com\"\nport = 1993\n\
                security = \"starttls\"\nuser = \"ann\"\nauth = \"password\"\npassword = \"Opensesame-4711\"\n\
                folder = \"INBOX/Zurück\"\nonly_unread = true\nafter = \"move:Done\"\nafter_others = \"seen\"\n\
                max_message_bytes = 1000\n";
    let json = r#"{"enabled": false, "list": "Weekly News", "protocol": "imap", "host": "mail.example.com",
                   "port": 1993, "security": "starttls", "user": "ann", "auth": "password",
                   "password": "Opensesame-4711", "folder": "INBOX/Zurück", "only_unread": true,
                   "after": "move:Done", "after_others": "seen", "max_message_bytes": 1000}"#;
    // The console of Secrets Manager knows text only.
    let console = json
        .replace("false", "\"false\"")
        .replace("true", "\"true\"")
        .replace("1993", "\"1993\"")
        .replace(": 1000", ": \"1000\"");
    for document in [toml, json, &console] {
        let settings = settings(document).unwrap();
        let folder = |name| FolderName::new(name).unwrap();
        assert!(!settings.enabled && settings.only_unread);
        assert_eq!(settings.account.list, "Weekly News".parse::<ListName>().unwrap());
        assert_eq!(settings.folder, folder("INBOX/Zurück"));
        assert_eq!(
            (settings.after.clone(), settings.after_others.clone()),
            (After::Move(folder("Done")), After::Seen)
        );
        assert_eq!(settings.limits().message_bytes, 1000);
        let server = settings.server().unwrap();
        assert_eq!(
            (server.protocol, server.port, server.security),
            (Protocol::Imap, 1993, Security::StartTls)
        );
        assert_eq!(server.host, "mail.example.com");
    }
}

#[test]
fn the_protocol_follows_from_the_port_or_is_found_out() {
    for (more, protocol, port) in [
        ("", None, None),
        ("port = 993", Some(Protocol::Imap), Some(993)),
        ("port = 995", Some(Protocol::Pop3), Some(995)),
        ("protocol = \"pop3\"", Some(Protocol::Pop3), Some(995)),
        (
            "protocol = \"imap\"\nsecurity = \"starttls\"",
            Some(Protocol::Imap),
            Some(143),
        ),
        ("port = 110\nsecurity = \"none\"", Some(Protocol::Pop3), Some(110)),
        ("port = 12345", None, None),
    ] {
        let settings = settings(&with(more)).unwrap();
        assert_eq!(settings.protocol, protocol, "{more}");
        assert_eq!(settings.server().map(|server| server.port), port, "{more}");
    }
    let found = settings(&with("port = 12345"))
        .unwrap()
        .speaking(Protocol::Pop3)
        .unwrap();
    assert_eq!(found.server().map(|server| server.port), Some(12345));
    let refused = settings(&with("only_unread = true")).unwrap().speaking(Protocol::Pop3);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("POP3 cannot tell which messages are unread")
    );
}

#[test]
fn private_servers_are_trusted_by_authority_or_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), PEM).unwrap();
    let inline = with(&format!("ca = \"\"\"\n{PEM}\"\"\""));
    assert_eq!(settings(&inline).unwrap().trust, Trust::Authorities(PEM.to_owned()));
    let file = with("ca = \"ca.pem\"");
    let beside = AccountSettings::parse_beside(name(), &file, folder.path()).unwrap();
    assert_eq!(beside.trust, Trust::Authorities(PEM.to_owned()));
    assert!(settings(&file).unwrap_err().reason.contains("in PEM"));

    let key = Pin([0xab; 32]);
    for pin in [
        "sha256//q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=".to_owned(),
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=".to_owned(),
        "ab".repeat(32),
        format!("sha256:{}", ["AB"; 32].join(":")),
    ] {
        assert_eq!(
            settings(&with(&format!("pin = \"{pin}\""))).unwrap().trust,
            Trust::Key(key),
            "{pin}"
        );
    }
}

#[test]
fn oauth_takes_little_where_the_provider_is_known() {
    let read = |more: &str| match settings(&oauth(more)) {
        Ok(AccountSettings {
            host,
            auth: Auth::OAuth(oauth),
            ..
        }) => (host, oauth),
        other => panic!("{other:?}"),
    };
    let (host, microsoft) =
        read("provider = \"microsoft\"\ntenant = \"example.com\"\nclient_id = \"app\"\nclient_secret = \"s3\"");
    assert_eq!(host, "outlook.office365.com");
    assert_eq!(
        microsoft.token_url.as_str(),
        "https://login.microsoftonline.com/example.com/oauth2/v2.0/token"
    );
    assert_eq!(
        microsoft.scope.as_deref(),
        Some("https://outlook.office365.com/.default")
    );
    assert!(matches!(microsoft.grant, Grant::ClientCredentials { .. }));

    let (_, consented) = read("provider = \"microsoft\"\nclient_id = \"app\"\nrefresh_token = \"r\"");
    assert_eq!(
        consented.token_url.as_str(),
        "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    );
    assert_eq!(
        consented.scope.as_deref(),
        Some("https://outlook.office.com/IMAP.AccessAsUser.All offline_access")
    );

    let (host, google) = read(
        "provider = \"google\"\nprotocol = \"pop3\"\nclient_id = \"app\"\nclient_secret = \"s\"\nrefresh_token = \"r\"",
    );
    assert_eq!(host, "pop.gmail.com");
    assert_eq!(
        (google.token_url.as_str(), google.scope),
        ("https://oauth2.googleapis.com/token", None)
    );
    assert!(matches!(google.grant, Grant::RefreshToken { .. }));

    let (_, robot) = read(&format!("host = \"imap.gmail.com\"\nservice_account = '''{KEY}'''"));
    assert_eq!(robot.token_url.as_str(), "https://oauth2.example.com/token");
    assert_eq!(robot.scope.as_deref(), Some("https://mail.google.com/"));
    assert!(matches!(robot.grant, Grant::ServiceAccount { subject, .. } if subject == "ann@example.com"));

    let (_, own) = read(
        "host = \"mail.example.net\"\ntoken_url = \"https://login.example.net/t\"\nscope = \"mail\"\n\
         client_id = \"app\"\nrefresh_token = \"r\"",
    );
    assert_eq!(
        (own.token_url.as_str(), own.scope.as_deref()),
        ("https://login.example.net/t", Some("mail"))
    );
}

#[test]
fn the_key_of_a_service_account_may_lie_in_json_as_it_is() {
    let document =
        format!("{{\"user\": \"ann@example.com\", \"host\": \"imap.gmail.com\", \"service_account\": {KEY}}}");
    let settings = settings(&document).unwrap();
    assert!(matches!(
        settings.auth,
        Auth::OAuth(OAuth {
            grant: Grant::ServiceAccount { .. },
            ..
        })
    ));
}

#[test]
fn a_wrong_setting_is_named_with_its_line() {
    for (line, document, said) in [
        (
            4,
            with("lsit = \"news\""),
            "unknown setting `lsit`: do you mean `list`?",
        ),
        (4, with("only-unread = true"), "do you mean `only_unread`?"),
        (4, with("verbosity = 9"), "unknown setting `verbosity`"),
        (4, with("[oauth]\nclient_id = \"x\""), "unknown setting `oauth`"),
        (4, with("list = \"\""), "`list` is empty"),
        (4, with("list = \" a\""), "`list` takes a list's name"),
        (5, with("\nenabled = 1"), "`enabled` takes true or false"),
        (4, with("enabled = \"yes\""), "`enabled` takes true or false"),
        (4, with("protocol = \"smtp\""), "`protocol` takes \"imap\" or \"pop3\""),
        (4, with("port = 0"), "`port` takes 1 to 65535"),
        (4, with("port = 70000"), "`port` takes 1 to 65535"),
        (4, with("port = 143"), "set security = \"starttls\""),
        (4, with("security = \"ssl\""), "`security` takes"),
        (4, with("pin = \"sha256//AAAA\""), "`pin` takes the SHA-256"),
        (
            4,
            with("ca = \"-----BEGIN RSA PRIVATE KEY-----\""),
            "`ca` holds a private key",
        ),
        (4, with("ca = \"-----BEGIN X509 CRL-----\""), "no certificate in PEM"),
        (
            5,
            with("security = \"none\"\nca = \"-----BEGIN CERTIFICATE----------END CERTIFICATE-----\""),
            "without TLS",
        ),
        (4, with("folder = \"a\\nb\""), "`folder` takes one line"),
        (
            4,
            with("after = \"move:\""),
            "`after` takes keep, delete, move:FOLDER or seen",
        ),
        (4, with("after = \"expunge\""), "`after` takes"),
        (4, with("after = \"move:INBOX\""), "for ever"),
        (4, with("after_others = \"throw\""), "`after_others` takes"),
        (
            5,
            with("after = \"seen\"\nprotocol = \"pop3\""),
            "POP3 cannot mark messages as read",
        ),
        (
            4,
            with("protocol = \"pop3\"\nfolder = \"Done\""),
            "POP3 cannot open any folder but INBOX",
        ),
        (
            4,
            with("max_message_bytes = 0"),
            "`max_message_bytes` takes 1 to 67108864",
        ),
        (
            4,
            with("max_message_bytes = -1"),
            "`max_message_bytes` takes 1 to 67108864",
        ),
        (4, with("auth = \"kerberos\""), "`auth` takes"),
        (4, with("client_id = \"app\""), "`client_id` is about OAuth"),
        (
            3,
            with("auth = \"oauth\"\nclient_id = \"app\""),
            "there is no `password`",
        ),
        (
            2,
            oauth("host = \"h.example:993\"\npassword = \"x\""),
            "`host` takes the server's name or address alone",
        ),
        (2, oauth("host = \"a..b\"\npassword = \"x\""), "`host` takes"),
        (
            4,
            oauth("host = \"h\"\nclient_id = \"a\"\ntenant = \"x/y\"\nrefresh_token = \"r\""),
            "`tenant` takes",
        ),
        (
            4,
            oauth("host = \"h\"\nclient_id = \"a\"\ntenant = \"x\"\nrefresh_token = \"r\""),
            "only Microsoft has tenants",
        ),
        (
            3,
            oauth("host = \"h\"\ntoken_url = \"http://example.com/\"\nclient_id = \"a\"\nrefresh_token = \"r\""),
            "`token_url` takes an address that begins with https://",
        ),
        (
            2,
            oauth("service_account = '{}'\nprovider = \"google\""),
            "`service_account` takes the JSON key",
        ),
        (
            2,
            oauth("subject = \"bob@example.com\"\nprovider = \"google\""),
            "`subject` belongs to `service_account`",
        ),
        (1, "{\"hots\": \"x\"}".to_owned(), "do you mean `host`?"),
        (
            3,
            "{\"host\": \"x\",\n\"user\": \"ann\",\n\"port\": [7]}".to_owned(),
            "`port` takes a whole number",
        ),
    ] {
        let error = settings(&document).unwrap_err();
        assert!(error.reason.contains(said), "{document}: {error}");
        assert_eq!(error.line, Some(line), "{document}: {error}");
        assert!(error.to_string().contains("account news"), "{error}");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    for (document, said) in [
        (String::new(), "`host` is missing"),
        ("host = \"h\"".to_owned(), "`user` is missing"),
        ("host = \"h\"\nuser = \"u\"".to_owned(), "`password` is missing"),
        (oauth("provider = \"google\""), "`client_id` is missing"),
        (
            oauth("provider = \"google\"\nclient_id = \"a\""),
            "`refresh_token` is missing",
        ),
        (
            oauth("host = \"h\"\nclient_id = \"a\"\nrefresh_token = \"r\""),
            "`provider` is missing",
        ),
        (
            oauth("provider = \"microsoft\"\nclient_id = \"a\"\nclient_secret = \"s\""),
            "`tenant` is missing",
        ),
        ("{\"host\": \"a\", \"host\": \"b\"}".to_owned(), "`host` is set twice"),
        ("#".repeat(MAX_DOCUMENT_BYTES + 1), "longer than 65536 bytes"),
    ] {
        let error = settings(&document).unwrap_err().to_string();
        assert!(error.contains(said), "{document}: {error}");
    }
}

#[test]
fn settings_that_cost_something_are_warned_about() {
    let plain = settings(&with("security = \"none\"\nafter_others = \"delete\"")).unwrap();
    let [none, delete] = &plain.warnings()[..] else {
        panic!("two warnings")
    };
    assert!(
        none.contains("account news") && none.contains("security is \"none\"") && none.contains("imap.example.com")
    );
    assert!(delete.contains("after_others is \"delete\""), "{delete}");
}

#[test]
fn a_broken_document_is_refused_without_showing_it() {
    for broken in [
        "password = Opensesame-4711",
        "password = \"Opensesame-4711",
        "password \"Opensesame-4711\"",
        "Opensesame-4711",
        "Opensesame-4711 = 1",
        "\"Opensesame-4711!\" = 1",
        "password = \"a\"\npassword = \"Opensesame-4711\"",
        "password.Opensesame-4711 = 1",
        "password = [\"Opensesame-4711\"]",
        "port = \"Opensesame-4711\"",
        "protocol = \"Opensesame-4711\"",
        "{\"password\": \"Opensesame-4711\"",
        "{\"password\": Opensesame-4711}",
        "{\"Opensesame-4711!\": 1}",
        "{\"password\": {\"a\": \"Opensesame-4711\"}}",
        "{\"after\": \"Opensesame-4711\", \"host\": \"h\", \"user\": \"u\", \"password\": \"p\"}",
        "{} Opensesame-4711",
    ] {
        let error = settings(broken).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sesame"), "{broken}: {error}");
    }
}

#[test]
fn nothing_prints_a_secret() {
    let documents = [
        with(""),
        oauth(
            "provider = \"google\"\nclient_id = \"a\"\nclient_secret = \"Opensesame-4711\"\nrefresh_token = \"Opensesame-4711\"",
        ),
    ];
    for text in documents {
        let document = Document::parse(name(), &text).unwrap();
        let shown: Vec<_> = document
            .shown()
            .map(|(field, value)| format!("{} {value}", field.name))
            .collect();
        let printed = format!("{document:?} {:?} {shown:?}", document.settings());
        assert!(!printed.contains("sesame"), "{printed}");
        assert!(printed.contains("***"), "{printed}");
    }
}

#[test]
fn a_change_keeps_comments_order_and_format() {
    let field = |name| Field::named(name).unwrap();
    let toml = "# the bounce mailbox\nhost = \"old.example.com\" # moves in May\nuser = \"ann\"\n\n# app password\n\
                password = 'x'\nport = 993\n";
    let mut document = Document::parse(name(), toml).unwrap();
    document.set(field("host"), "new.example.com").unwrap();
    document.set(field("only_unread"), "true").unwrap();
    document.set(field("password"), "quote \" and \\ é").unwrap();
    document.unset(field("port")).unwrap();
    assert_eq!(
        document.reveal(),
        "# the bounce mailbox\nhost = \"new.example.com\" # moves in May\nuser = \"ann\"\n\n# app password\n\
         password = 'quote \" and \\ é'\nonly_unread = true\n"
    );
    assert_eq!(document.get(field("password")).as_deref(), Some("quote \" and \\ é"));
    assert_eq!(document.get(field("port")), None);

    let mut document = Document::parse(name(), "{\"host\": \"h\", \"port\": 993}").unwrap();
    document.set(field("port"), "995").unwrap();
    assert_eq!(document.reveal(), "{\n  \"host\": \"h\",\n  \"port\": 995\n}\n");

    for (name, value) in [("port", "x"), ("enabled", "yes")] {
        assert!(document.set(field(name), value).unwrap_err().reason.contains("takes"));
    }
}

#[test]
fn every_setting_is_one_that_is_read() {
    for field in &Field::ALL {
        assert_eq!(Field::named(field.name), Some(field));
        let value = match field.kind {
            FieldKind::Flag => "true",
            FieldKind::Number => "7",
            _ => "words",
        };
        let mut document = Document::new(name());
        document.set(field, value).unwrap();
        assert_eq!(document.get(field).as_deref(), Some(value));
    }
}

proptest! {
    #[test]
    fn what_is_set_is_what_is_read(text in "\\PC{1,60}", json in any::<bool>()) {
        let mut document = if json { Document::parse(name(), "{}").unwrap() } else { Document::new(name()) };
        for (field, value) in [("host", "h.example"), ("user", "u"), ("password", &text)] {
            document.set(Field::named(field).unwrap(), value).unwrap();
        }
        match document.settings() {
            Ok(settings) => prop_assert_eq!(settings.auth, Auth::Password(Secret::new(text))),
            Err(error) => prop_assert!(text.trim().is_empty(), "{}", error),
        }
    }

    #[test]
    fn any_text_is_settings_or_refused(text in "\\PC{0,200}") {
        let _ = settings(&text);
        let _ = settings(&format!("{{{text}"));
    }
}
