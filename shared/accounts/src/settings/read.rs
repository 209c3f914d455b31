//! What the settings of a document mean.

use std::net::IpAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rebound_mailbox::server::{After, FolderName, Limits, Pin, Protocol, Secret, Security, Trust};

use super::document::{Entry, Written};
use super::{AccountSettings, Auth, Field, Grant, InvalidAccount, OAuth, Provider, ServiceAccountKey, TokenUrl};
use crate::{Account, AccountName};

/// The longest file of authorities in bytes: every public one takes 250 KB.
const MAX_CA_BYTES: u64 = 1024 * 1024;

/// The settings that `entries` make, or what is wrong with the first that is. Files are seen from `folder`; without
/// one, none are read.
pub(super) fn settings(
    account: &AccountName,
    entries: &[Entry],
    folder: Option<&Path>,
) -> Result<AccountSettings, InvalidAccount> {
    let reader = Reader { entries, folder };
    reader
        .settings(account)
        .map_err(|wrong| InvalidAccount::new(account.clone(), wrong.line, wrong.reason))
}

struct Wrong {
    line: Option<usize>,
    reason: String,
}

type Read<T> = Result<T, Wrong>;

struct Reader<'d> {
    entries: &'d [Entry],
    folder: Option<&'d Path>,
}

impl Reader<'_> {
    fn settings(&self, name: &AccountName) -> Read<AccountSettings> {
        let usual = Account::new(name.clone());
        let list = self.parsed("list", "a list's name: 1 to 256 bytes on one line", |list| {
            list.parse().ok()
        })?;
        let protocol = self.protocol()?;
        let provider = self.provider()?;
        let host = match (self.host()?, provider) {
            (Some(host), _) => host,
            (None, Some(provider)) => provider.host(protocol).to_owned(),
            (None, None) => return Err(missing("host", "which server holds the mailbox?")),
        };
        let port = self.port()?;
        let security = self.security(port)?;
        let protocol = protocol.or_else(|| usual_protocol(port));
        let user = self
            .text("user")?
            .ok_or_else(|| missing("user", "who logs in? It is often the mail address"))?;
        let settings = AccountSettings {
            account: Account {
                list: list.unwrap_or(usual.list),
                name: usual.name,
            },
            enabled: self.flag("enabled").unwrap_or(true),
            protocol,
            host,
            port,
            security,
            trust: self.trust(security)?,
            auth: self.auth(provider, protocol, user)?,
            user: user.to_owned(),
            folder: self
                .parsed("folder", "a folder's name on one line", |folder| {
                    FolderName::new(folder)
                })?
                .unwrap_or_else(FolderName::inbox),
            only_unread: self.flag("only_unread").unwrap_or(false),
            after: self.after("after")?,
            after_others: self.after("after_others")?,
            max_message_bytes: self.max_message_bytes()?,
        };
        self.check(&settings)?;
        Ok(settings)
    }

    /// What only shows when everything is known.
    fn check(&self, settings: &AccountSettings) -> Read<()> {
        for (name, after) in [("after", &settings.after), ("after_others", &settings.after_others)] {
            if matches!(after, After::Move(folder) if *folder == settings.folder) {
                let reason = format!("`{name}` moves messages into the folder they are fetched from, for ever");
                return Err(self.wrong(name, reason));
            }
        }
        match settings.beyond_pop3() {
            Some(reason) => Err(self.wrong("protocol", reason)),
            None => Ok(()),
        }
    }

    fn protocol(&self) -> Read<Option<Protocol>> {
        self.parsed("protocol", "\"imap\" or \"pop3\"", |protocol| match protocol {
            "imap" => Some(Protocol::Imap),
            "pop3" => Some(Protocol::Pop3),
            _ => None,
        })
    }

    fn provider(&self) -> Read<Option<Provider>> {
        self.parsed("provider", "\"microsoft\" or \"google\"", |provider| match provider {
            "microsoft" => Some(Provider::Microsoft),
            "google" => Some(Provider::Google),
            _ => None,
        })
    }

    fn host(&self) -> Read<Option<String>> {
        let expected = "the server's name or address alone, as imap.example.com: no port, no user, no path; a name in \
                        another script in its xn-- form";
        self.parsed("host", expected, |host| {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let bare = bare.unwrap_or(host);
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            };
            let is_name = bare.len() <= 253 && bare.trim_end_matches('.').split('.').all(label);
            (bare.parse::<IpAddr>().is_ok() || is_name).then(|| bare.to_owned())
        })
    }

    fn port(&self) -> Read<Option<u16>> {
        let Some(number) = self.number("port") else {
            return Ok(None);
        };
        match u16::try_from(number) {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(self.wrong("port", "`port` takes 1 to 65535")),
        }
    }

    fn security(&self, port: Option<u16>) -> Read<Security> {
        let security = self.parsed(
            "security",
            "\"tls\", \"starttls\" or \"none\"",
            |security| match security {
                "tls" => Some(Security::Tls),
                "starttls" => Some(Security::StartTls),
                "none" => Some(Security::None),
                _ => None,
            },
        )?;
        match (security, port) {
            (None, Some(143 | 110)) => Err(self.wrong(
                "port",
                "at this port TLS begins with STARTTLS: set security = \"starttls\", or leave the port out for TLS \
                 from the first byte",
            )),
            (security, _) => Ok(security.unwrap_or_default()),
        }
    }

    fn trust(&self, security: Security) -> Read<Trust> {
        let ca = self.authorities()?;
        let pin = self.parsed("pin", "the SHA-256 of a public key, as sha256//BASE64", pin)?;
        match (security, ca, pin) {
            (Security::None, Some(_), _) => Err(self.wrong("ca", "without TLS there is no certificate to check")),
            (Security::None, _, Some(_)) => Err(self.wrong("pin", "without TLS there is no certificate to check")),
            (_, Some(_), Some(_)) => Err(self.wrong("pin", "`pin` and `ca` are two ways to the same: set one of them")),
            (_, Some(authorities), None) => Ok(Trust::Authorities(authorities)),
            (_, None, Some(pin)) => Ok(Trust::Key(pin)),
            (_, None, None) => Ok(Trust::Public),
        }
    }

    fn authorities(&self) -> Read<Option<String>> {
        let Some(ca) = self.block("ca")? else {
            return Ok(None);
        };
        let pem = if ca.contains("-----BEGIN ") {
            ca.to_owned()
        } else {
            let Some(folder) = self.folder else {
                let reason = "`ca` has to hold the certificates themselves, in PEM: files are only read on the machine \
                              that has them";
                return Err(self.wrong("ca", reason));
            };
            let Some(ca) = self.text("ca").ok().flatten() else {
                return Err(self.wrong("ca", "`ca` is neither the path of a file nor a certificate in PEM"));
            };
            read_file(&folder.join(ca)).map_err(|error| {
                let reason = format!("`ca` is neither a certificate in PEM nor a file that can be read: {error}");
                self.wrong("ca", reason)
            })?
        };
        if pem.contains("PRIVATE KEY-----") {
            let reason = "`ca` holds a private key, which belongs to the server alone; the certificates are enough";
            return Err(self.wrong("ca", reason));
        }
        if !pem.contains("-----BEGIN CERTIFICATE-----") || !pem.contains("-----END CERTIFICATE-----") {
            return Err(self.wrong("ca", "`ca` holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"));
        }
        Ok(Some(pem))
    }

    fn auth(&self, provider: Option<Provider>, protocol: Option<Protocol>, user: &str) -> Read<Auth> {
        const OAUTH: [&str; 8] = [
            "provider",
            "tenant",
            "token_url",
            "client_id",
            "client_secret",
            "refresh_token",
            "service_account",
            "subject",
        ];
        let password = self.text("password")?;
        let oauth = OAUTH.into_iter().find(|name| self.entry(name).is_some());
        let chosen = self.parsed("auth", "\"password\" or \"oauth\"", |auth| match auth {
            "password" => Some(false),
            "oauth" => Some(true),
            _ => None,
        })?;
        match (chosen, password, oauth) {
            (None, Some(_), Some(name)) | (Some(false), _, Some(name)) => Err(self.wrong(
                name,
                format!("`{name}` is about OAuth, and `password` about passwords: set one way"),
            )),
            (Some(true), Some(_), _) => Err(self.wrong("password", "with auth = \"oauth\" there is no `password`")),
            (_, Some(password), None) => Ok(Auth::Password(Secret::new(password))),
            (Some(true), None, _) | (None, None, Some(_)) => self.oauth(provider, protocol, user).map(Auth::OAuth),
            (_, None, None) => Err(missing("password", "or the settings of OAuth")),
        }
    }

    fn oauth(&self, provider: Option<Provider>, protocol: Option<Protocol>, user: &str) -> Read<OAuth> {
        let grant = self.grant(user)?;
        let tenant = self.parsed("tenant", "the tenant's id or one of its domains", |tenant| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
            tenant.bytes().all(plain).then(|| tenant.to_owned())
        })?;
        if tenant.is_some() && provider != Some(Provider::Microsoft) {
            return Err(self.wrong("tenant", "only Microsoft has tenants: set provider = \"microsoft\""));
        }
        let own = self.parsed("token_url", "an address that begins with https://", |url| {
            TokenUrl::new(url)
        })?;
        let of_key = match &grant {
            Grant::ServiceAccount { key, .. } => key.token_uri.clone(),
            _ => None,
        };
        let of_provider = || {
            let by_consent = matches!(grant, Grant::RefreshToken { .. });
            if provider == Some(Provider::Microsoft) && tenant.is_none() && !by_consent {
                return Err(missing(
                    "tenant",
                    "an application is known in one tenant: its id or a domain",
                ));
            }
            let url = provider.map(|provider| provider.token_url(tenant.as_deref().unwrap_or("common")));
            Ok(url.and_then(TokenUrl::new))
        };
        let token_url = match own.or(of_key) {
            Some(url) => url,
            None => of_provider()?.ok_or_else(|| {
                missing(
                    "provider",
                    "who gives out the tokens? Set provider to microsoft or google, or token_url",
                )
            })?,
        };
        let provider = match grant {
            Grant::ServiceAccount { .. } => provider.or(Some(Provider::Google)),
            _ => provider,
        };
        let scope = match self.text("scope")? {
            Some(scope) => Some(scope.to_owned()),
            None => provider.and_then(|provider| provider.scope(&grant, protocol)),
        };
        Ok(OAuth {
            token_url,
            scope,
            grant,
        })
    }

    fn grant(&self, user: &str) -> Read<Grant> {
        let subject = self.text("subject")?;
        let client_id = self.text("client_id")?.map(ToOwned::to_owned);
        let client_secret = self.text("client_secret")?.map(Secret::new);
        let refresh_token = self.text("refresh_token")?.map(Secret::new);
        if let Some(json) = self.block("service_account")? {
            if let Some(name) = ["client_id", "client_secret", "refresh_token"]
                .into_iter()
                .find(|name| self.entry(name).is_some())
            {
                return Err(self.wrong(
                    name,
                    format!("`{name}` and `service_account` are two ways: set one of them"),
                ));
            }
            let key = ServiceAccountKey::parse(json).ok_or_else(|| {
                let reason = "`service_account` takes the JSON key of a service account as Google's console hands it \
                              out, with client_email and private_key";
                self.wrong("service_account", reason)
            })?;
            let subject = subject.unwrap_or(user).to_owned();
            return Ok(Grant::ServiceAccount { key, subject });
        }
        if subject.is_some() {
            return Err(self.wrong("subject", "`subject` belongs to `service_account`"));
        }
        let client_id = client_id.ok_or_else(|| missing("client_id", "which application asks for the tokens?"))?;
        match (refresh_token, client_secret) {
            (Some(refresh_token), client_secret) => Ok(Grant::RefreshToken {
                client_id,
                client_secret,
                refresh_token,
            }),
            (None, Some(client_secret)) => Ok(Grant::ClientCredentials {
                client_id,
                client_secret,
            }),
            (None, None) => Err(missing(
                "refresh_token",
                "or client_secret, for an application of its own right",
            )),
        }
    }

    fn after(&self, name: &'static str) -> Read<After> {
        let after = self.parsed(name, "keep, delete, move:FOLDER or seen", |after| match after {
            "keep" => Some(After::Keep),
            "delete" => Some(After::Delete),
            "seen" => Some(After::Seen),
            other => FolderName::new(other.strip_prefix("move:")?.trim()).map(After::Move),
        })?;
        Ok(after.unwrap_or_default())
    }

    fn max_message_bytes(&self) -> Read<u64> {
        let most = Limits::default().message_bytes;
        let Some(number) = self.number("max_message_bytes") else {
            return Ok(most);
        };
        match u64::try_from(number) {
            Ok(bytes) if (1..=most).contains(&bytes) => Ok(bytes),
            _ => Err(self.wrong("max_message_bytes", format!("`max_message_bytes` takes 1 to {most}"))),
        }
    }

    /// A setting that is understood by `parse`.
    fn parsed<T>(&self, name: &'static str, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Read<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(name, format!("`{name}` takes {expected}"))),
        }
    }

    /// Words on one line.
    fn text(&self, name: &'static str) -> Read<Option<&str>> {
        match self.block(name)? {
            Some(text) if text.chars().any(char::is_control) => {
                Err(self.wrong(name, format!("`{name}` takes one line without control characters")))
            }
            text => Ok(text),
        }
    }

    fn block(&self, name: &'static str) -> Read<Option<&str>> {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Written::Text(text)) if text.trim().is_empty() => {
                Err(self.wrong(name, format!("`{name}` is empty: leave it out for what is usual")))
            }
            Some(Written::Text(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Written::Number(number)) => Some(*number),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.entry(name).map(|entry| &entry.value) {
            Some(Written::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        debug_assert!(Field::named(name).is_some(), "{name} is no setting");
        self.entries.iter().find(|entry| entry.field.name == name)
    }

    fn wrong(&self, name: &str, reason: impl Into<String>) -> Wrong {
        Wrong {
            line: self.entry(name).map(|entry| entry.line),
            reason: reason.into(),
        }
    }
}

fn missing(name: &str, question: &str) -> Wrong {
    Wrong {
        line: None,
        reason: format!("`{name}` is missing: {question}"),
    }
}

/// What is served at the ports that belong to one protocol.
fn usual_protocol(port: Option<u16>) -> Option<Protocol> {
    match port? {
        993 | 143 => Some(Protocol::Imap),
        995 | 110 => Some(Protocol::Pop3),
        _ => None,
    }
}

/// As curl writes it (`sha256//` and base64), as openssl prints digests (hexadecimal, with colons or without).
fn pin(written: &str) -> Option<Pin> {
    let bare = written
        .strip_prefix("sha256//")
        .or_else(|| written.strip_prefix("sha256:"))
        .or_else(|| written.strip_prefix("sha256/"))
        .unwrap_or(written);
    let digits: String = bare.chars().filter(|c| *c != ':').collect();
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        let mut key = [0; 32];
        for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        return Some(Pin(key));
    }
    let decoded = STANDARD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()?;
    decoded.try_into().ok().map(Pin)
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(named)?;
    file.take(MAX_CA_BYTES).read_to_string(&mut text).map_err(named)?;
    Ok(text)
}
