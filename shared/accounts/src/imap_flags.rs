//! The mailbox names of older tools: `{mail.example.com:993/imap/ssl}INBOX`, as c-client and PHP's `imap_open` take them,
//! or only the flags of one, `/imap/ssl/novalidate-cert`.

use std::str::FromStr;

/// What a mailbox name of an older tool says, in the settings of a [`Document`](crate::Document).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImapFlags {
    /// Settings by name, each at most once.
    pub settings: Vec<(&'static str, String)>,
    /// Whether any certificate was to be believed. There is no such setting: pin the key that the server shows.
    pub any_certificate: bool,
    /// What a person should know about how the flags were understood.
    pub notes: Vec<String>,
}

/// A mailbox name that cannot be turned into settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImapFlags {
    /// It is written wrongly.
    #[error("{0:?} is no mailbox name of the form {{HOST:PORT/FLAG…}}FOLDER, and no list of flags of the form /FLAG…")]
    Malformed(String),
    /// Nobody knows the flag.
    #[error(
        "the flag /{0} is not known; known are /imap /pop3 /ssl /tls /nossl /notls /validate-cert /novalidate-cert \
         /norsh /secure /readonly /debug /service=… and /user=…"
    )]
    Unknown(String),
    /// The flag is known, and cannot be done.
    #[error("the flag /{flag} asks for {what}, which rebound does not do")]
    Unsupported {
        /// The flag.
        flag: String,
        /// What it asks for.
        what: &'static str,
    },
    /// Two flags want different things.
    #[error("the flags /{0} and /{1} contradict each other")]
    Contradiction(&'static str, &'static str),
}

impl FromStr for ImapFlags {
    type Err = InvalidImapFlags;

    fn from_str(name: &str) -> Result<Self, InvalidImapFlags> {
        let malformed = || InvalidImapFlags::Malformed(name.to_owned());
        let trimmed = name.trim();
        let (server, folder) = match trimmed.strip_prefix('{') {
            Some(rest) => rest.split_once('}').ok_or_else(malformed)?,
            None => (trimmed, ""),
        };
        let (host, flags) = match server.split_once('/') {
            Some((host, flags)) => (host, flags),
            // Flags alone begin with a slash.
            None if trimmed.starts_with('{') => (server, ""),
            None => return Err(malformed()),
        };
        let mut said = Said::default();
        for flag in flags.split('/').filter(|flag| !flag.is_empty()) {
            said.flag(flag)?;
        }
        said.host(host).ok_or_else(malformed)?;
        if !folder.is_empty() {
            said.folder = Some(folder.to_owned());
        }
        said.settings()
    }
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that was given or not")]
struct Said {
    host: Option<String>,
    port: Option<u16>,
    folder: Option<String>,
    user: Option<String>,
    imap: bool,
    pop3: bool,
    ssl: bool,
    nossl: bool,
    tls: bool,
    notls: bool,
    readonly: bool,
    any_certificate: bool,
}

impl Said {
    /// `HOST`, `HOST:PORT` or nothing.
    fn host(&mut self, host: &str) -> Option<()> {
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') => (host, Some(port.parse().ok()?)),
            _ => (host, None),
        };
        self.host = (!host.is_empty()).then(|| host.to_owned());
        self.port = port;
        Some(())
    }

    fn flag(&mut self, flag: &str) -> Result<(), InvalidImapFlags> {
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches('"'))),
            None => (flag, None),
        };
        let unsupported = |what| {
            Err(InvalidImapFlags::Unsupported {
                flag: name.to_owned(),
                what,
            })
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("imap" | "imap2" | "imap2bis" | "imap4" | "imap4rev1", None) => self.imap = true,
            ("pop3" | "pop", None) => self.pop3 = true,
            ("service", Some(service)) => return self.flag(service),
            ("user", Some(user)) => self.user = Some(user.to_owned()),
            ("ssl", None) => self.ssl = true,
            ("nossl", None) => self.nossl = true,
            ("tls", None) => self.tls = true,
            ("notls", None) => self.notls = true,
            ("novalidate-cert", None) => self.any_certificate = true,
            ("readonly", None) => self.readonly = true,
            // What rebound does anyway.
            ("validate-cert" | "norsh" | "secure" | "debug", None) => {}
            ("nntp", None) => return unsupported("news"),
            ("anonymous", None) => return unsupported("a login without a name"),
            ("authuser", Some(_)) => return unsupported("a login in somebody else's name"),
            _ => return Err(InvalidImapFlags::Unknown(name.to_owned())),
        }
        Ok(())
    }

    fn settings(self) -> Result<ImapFlags, InvalidImapFlags> {
        for (one, other, both) in [
            ("imap", "pop3", self.imap && self.pop3),
            ("ssl", "nossl", self.ssl && self.nossl),
            ("tls", "notls", self.tls && self.notls),
            ("ssl", "tls", self.ssl && self.tls),
        ] {
            if both {
                return Err(InvalidImapFlags::Contradiction(one, other));
            }
        }
        let mut notes = Vec::new();
        let by_port = matches!(self.port, Some(993 | 995));
        // Without /ssl those tools begin in plain text, and secure the connection if the server offers that.
        let security = if self.ssl || by_port && !self.tls && !self.notls {
            "tls"
        } else if self.notls {
            notes.push("/notls without /ssl means no protection at all: security is \"none\"".to_owned());
            "none"
        } else {
            if !self.tls {
                notes.push(
                    "without /ssl, TLS began with STARTTLS where the server offered it: security is \"starttls\", which \
                     insists on it"
                        .to_owned(),
                );
            }
            "starttls"
        };
        if self.readonly {
            notes.push("/readonly is what `after = \"keep\"` does, which is usual".to_owned());
        }
        // They speak IMAP unless told.
        let protocol = if self.pop3 { "pop3" } else { "imap" };
        let mut settings = vec![("protocol", protocol.to_owned())];
        let port = self.port.map(|port| port.to_string());
        let optional = [("host", self.host), ("port", port), ("user", self.user)];
        settings.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        settings.push(("security", security.to_owned()));
        // POP3 has no other.
        let folder = self.folder.filter(|folder| !folder.eq_ignore_ascii_case("inbox"));
        settings.extend(folder.map(|folder| ("folder", folder)));
        Ok(ImapFlags {
            settings,
            any_certificate: self.any_certificate && security != "none",
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &str) -> (String, bool, usize) {
        let flags: ImapFlags = flags.parse().unwrap_or_else(|error| panic!("{flags}: {error}"));
        let settings: Vec<_> = flags
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (settings.join(" "), flags.any_certificate, flags.notes.len())
    }

    #[test]
    fn the_flags_of_older_tools_become_settings() {
        for (flags, settings, any_certificate, notes) in [
            ("/imap/ssl", "protocol=imap security=tls", false, 0),
            ("/imap/ssl/novalidate-cert", "protocol=imap security=tls", true, 0),
            ("/pop3/ssl/novalidate-cert/norsh", "protocol=pop3 security=tls", true, 0),
            ("/pop3/notls", "protocol=pop3 security=none", false, 1),
            ("/imap/notls/novalidate-cert", "protocol=imap security=none", false, 1),
            ("/ssl/notls", "protocol=imap security=tls", false, 0),
            ("/imap/tls", "protocol=imap security=starttls", false, 0),
            ("/imap/tls/nossl", "protocol=imap security=starttls", false, 0),
            ("/imap", "protocol=imap security=starttls", false, 1),
            ("/pop3/nossl", "protocol=pop3 security=starttls", false, 1),
            ("/SERVICE=pop3/SSL", "protocol=pop3 security=tls", false, 0),
            (
                "/imap/ssl/user=\"ann@example.com\"",
                "protocol=imap user=ann@example.com security=tls",
                false,
                0,
            ),
            ("/imap/ssl/readonly", "protocol=imap security=tls", false, 1),
            (
                "{mail.example.com}",
                "protocol=imap host=mail.example.com security=starttls",
                false,
                1,
            ),
            (
                "{mail.example.com:993/imap/ssl}INBOX",
                "protocol=imap host=mail.example.com port=993 security=tls",
                false,
                0,
            ),
            (
                "{mail.example.com:995/pop3}",
                "protocol=pop3 host=mail.example.com port=995 security=tls",
                false,
                0,
            ),
            (
                "{[2001:db8::1]:143/imap/tls}Bounces/2026",
                "protocol=imap host=[2001:db8::1] port=143 security=starttls folder=Bounces/2026",
                false,
                0,
            ),
        ] {
            assert_eq!(read(flags), (settings.to_owned(), any_certificate, notes), "{flags}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (flags, said) in [
            ("", "no mailbox name"),
            ("imap", "no mailbox name"),
            ("{mail.example.com/imap", "no mailbox name"),
            ("{mail.example.com:port/imap}", "no mailbox name"),
            ("/imap/sssl", "the flag /sssl is not known"),
            ("/user", "the flag /user is not known"),
            ("/nntp", "asks for news"),
            ("/anonymous", "without a name"),
            ("/authuser=bob", "in somebody else's name"),
            ("/imap/pop3", "/imap and /pop3 contradict each other"),
            ("/ssl/nossl", "contradict"),
            ("/ssl/tls", "contradict"),
        ] {
            let error = flags.parse::<ImapFlags>().unwrap_err().to_string();
            assert!(error.contains(said), "{flags}: {error}");
        }
    }
}
