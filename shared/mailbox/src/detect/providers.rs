//! How the well-known mail providers are reached.

use crate::server::{Protocol, Security, Server, Trust};

/// A mail provider that many people use. Its servers speak TLS from the first byte, at the usual ports.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// What people call it.
    pub name: &'static str,
    /// The domains of its addresses, those below them included.
    pub domains: &'static [&'static str],
    /// Its IMAP server, if it has one for everybody.
    pub imap: Option<&'static str>,
    /// Its POP3 server, likewise.
    pub pop3: Option<&'static str>,
    /// How one proves there who one is.
    pub proofs: &'static [Proof],
    /// What one has to know or do first.
    pub note: Option<&'static str>,
}

/// A way to prove who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The account's password.
    Password,
    /// A password for this one program, made in the account's settings; the account's own does not work.
    AppPassword,
    /// An OAuth 2 token.
    OAuth2,
}

impl Provider {
    /// Whose addresses are in this domain, or whose server has this name. In small letters.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| {
            let servers = [provider.imap, provider.pop3];
            servers.contains(&Some(name)) || provider.domains.iter().any(|domain| is_within(name, domain))
        })
    }

    /// Its servers.
    pub fn servers(&self) -> impl Iterator<Item = Server> {
        let server = |protocol: Protocol, host: Option<&str>| {
            host.map(|host| Server {
                protocol,
                host: host.to_owned(),
                port: protocol.usual_port(Security::Tls),
                security: Security::Tls,
                trust: Trust::Public,
            })
        };
        server(Protocol::Imap, self.imap)
            .into_iter()
            .chain(server(Protocol::Pop3, self.pop3))
    }
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// As the providers' help pages tell their customers. A wrong entry costs a line that says that nobody answers: whatever
/// stands here is tried before it is believed.
static PROVIDERS: &[Provider] = &[
    Provider {
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        imap: Some("imap.gmail.com"),
        pop3: Some("pop.gmail.com"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: Some("needs two-step verification for an app password; POP3 has to be switched on in Gmail's settings"),
    },
    Provider {
        name: "Outlook.com",
        domains: &[
            "outlook.com",
            "outlook.de",
            "outlook.fr",
            "outlook.it",
            "outlook.es",
            "outlook.jp",
            "outlook.co.uk",
            "hotmail.com",
            "hotmail.co.uk",
            "hotmail.de",
            "hotmail.fr",
            "hotmail.it",
            "hotmail.es",
            "live.com",
            "live.de",
            "live.fr",
            "live.nl",
            "live.co.uk",
            "msn.com",
        ],
        imap: Some("outlook.office365.com"),
        pop3: Some("outlook.office365.com"),
        proofs: &[Proof::OAuth2],
        note: Some("takes no passwords any more; POP3 has to be switched on in Outlook's settings"),
    },
    Provider {
        name: "Microsoft 365",
        domains: &["onmicrosoft.com"],
        imap: Some("outlook.office365.com"),
        pop3: Some("outlook.office365.com"),
        proofs: &[Proof::OAuth2],
        note: Some(
            "the tenant's administrator has to allow IMAP or POP3 for the mailbox, and to consent to the application",
        ),
    },
    Provider {
        name: "Yahoo Mail",
        domains: &[
            "yahoo.com",
            "yahoo.co.uk",
            "yahoo.de",
            "yahoo.fr",
            "yahoo.it",
            "yahoo.es",
            "yahoo.ca",
            "yahoo.co.in",
            "yahoo.in",
            "yahoo.com.au",
            "yahoo.com.br",
            "yahoo.com.mx",
            "ymail.com",
            "rocketmail.com",
        ],
        imap: Some("imap.mail.yahoo.com"),
        pop3: Some("pop.mail.yahoo.com"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: None,
    },
    Provider {
        name: "AOL Mail",
        domains: &["aol.com", "aol.de", "aol.fr", "aol.co.uk", "aim.com", "verizon.net"],
        imap: Some("imap.aol.com"),
        pop3: Some("pop.aol.com"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: None,
    },
    Provider {
        name: "iCloud Mail",
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: Some("imap.mail.me.com"),
        pop3: None,
        proofs: &[Proof::AppPassword],
        note: Some("has no POP3"),
    },
    Provider {
        name: "GMX",
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.eu", "gmx.org", "gmx.info"],
        imap: Some("imap.gmx.net"),
        pop3: Some("pop.gmx.net"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; with two-factor login it needs an app password",
        ),
    },
    Provider {
        name: "GMX.com",
        domains: &["gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr", "gmx.es"],
        imap: Some("imap.gmx.com"),
        pop3: Some("pop.gmx.com"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some("IMAP and POP3 have to be switched on in the settings of the mailbox"),
    },
    Provider {
        name: "mail.com",
        domains: &["mail.com"],
        imap: Some("imap.mail.com"),
        pop3: Some("pop.mail.com"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some("IMAP and POP3 need a premium account, and have to be switched on in its settings"),
    },
    Provider {
        name: "WEB.DE",
        domains: &["web.de"],
        imap: Some("imap.web.de"),
        pop3: Some("pop3.web.de"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; with two-factor login it needs an app password",
        ),
    },
    Provider {
        name: "Telekom",
        domains: &["t-online.de", "magenta.de"],
        imap: Some("secureimap.t-online.de"),
        pop3: Some("securepop.t-online.de"),
        proofs: &[Proof::AppPassword],
        note: Some("wants the password for e-mail programs, which is set in the customer centre"),
    },
    Provider {
        name: "1&1",
        domains: &[
            "online.de",
            "onlinehome.de",
            "sofortstart.de",
            "sofort-start.de",
            "sofortsurf.de",
            "sofort-surf.de",
            "go4more.de",
        ],
        imap: Some("imap.1und1.de"),
        pop3: Some("pop.1und1.de"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "IONOS",
        domains: &[
            "ionos.de",
            "ionos.com",
            "ionos.fr",
            "ionos.es",
            "ionos.it",
            "ionos.co.uk",
        ],
        imap: Some("imap.ionos.de"),
        pop3: Some("pop.ionos.de"),
        proofs: &[Proof::Password],
        note: Some(
            "mailboxes of one's own domain are at the server of their country, as imap.ionos.com or imap.ionos.fr",
        ),
    },
    Provider {
        name: "STRATO",
        domains: &["strato.de"],
        imap: Some("imap.strato.de"),
        pop3: Some("pop3.strato.de"),
        proofs: &[Proof::Password],
        note: Some("mailboxes of one's own domain are here, too"),
    },
    Provider {
        name: "freenet",
        domains: &["freenet.de"],
        imap: Some("mx.freenet.de"),
        pop3: None,
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
    Provider {
        name: "Vodafone",
        domains: &["vodafone.de", "vodafonemail.de", "arcor.de", "nexgo.de"],
        imap: Some("imap.vodafonemail.de"),
        pop3: Some("pop.vodafonemail.de"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "mailbox.org",
        domains: &["mailbox.org"],
        imap: Some("imap.mailbox.org"),
        pop3: Some("pop3.mailbox.org"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some("with two-factor login it needs an app password"),
    },
    Provider {
        name: "Posteo",
        domains: &[
            "posteo.de",
            "posteo.net",
            "posteo.eu",
            "posteo.org",
            "posteo.at",
            "posteo.ch",
        ],
        imap: Some("posteo.de"),
        pop3: Some("posteo.de"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Bluewin",
        domains: &["bluewin.ch", "bluemail.ch"],
        imap: Some("imaps.bluewin.ch"),
        pop3: Some("pop3s.bluewin.ch"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Orange",
        domains: &["orange.fr", "wanadoo.fr"],
        imap: Some("imap.orange.fr"),
        pop3: Some("pop.orange.fr"),
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
    Provider {
        name: "Free",
        domains: &["free.fr", "aliceadsl.fr"],
        imap: Some("imap.free.fr"),
        pop3: Some("pop.free.fr"),
        proofs: &[Proof::Password],
        note: Some("the user name is what stands before the @"),
    },
    Provider {
        name: "La Poste",
        domains: &["laposte.net"],
        imap: Some("imap.laposte.net"),
        pop3: Some("pop.laposte.net"),
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
    Provider {
        name: "SFR",
        domains: &["sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr"],
        imap: Some("imap.sfr.fr"),
        pop3: Some("pop.sfr.fr"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Bouygues Telecom",
        domains: &["bbox.fr"],
        imap: Some("imap4.bbox.fr"),
        pop3: Some("pop3.bbox.fr"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Libero",
        domains: &["libero.it", "inwind.it", "iol.it", "blu.it", "giallo.it"],
        imap: Some("imapmail.libero.it"),
        pop3: Some("popmail.libero.it"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: None,
    },
    Provider {
        name: "Virgilio",
        domains: &["virgilio.it"],
        imap: Some("in.virgilio.it"),
        pop3: Some("in.virgilio.it"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Aruba",
        domains: &["aruba.it"],
        imap: Some("imaps.aruba.it"),
        pop3: Some("pop3s.aruba.it"),
        proofs: &[Proof::Password],
        note: Some("mailboxes of one's own domain are here, too"),
    },
    Provider {
        name: "KPN",
        domains: &["kpnmail.nl", "planet.nl", "hetnet.nl", "kpnplanet.nl"],
        imap: Some("imap.kpnmail.nl"),
        pop3: Some("pop.kpnmail.nl"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Ziggo",
        domains: &["ziggo.nl", "home.nl", "upcmail.nl", "casema.nl", "chello.nl"],
        imap: Some("imap.ziggo.nl"),
        pop3: Some("pop.ziggo.nl"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "BT",
        domains: &["btinternet.com", "btopenworld.com", "talk21.com"],
        imap: Some("mail.btinternet.com"),
        pop3: Some("mail.btinternet.com"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "Comcast Xfinity",
        domains: &["comcast.net"],
        imap: Some("imap.comcast.net"),
        pop3: None,
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox; POP3 is being given up"),
    },
    Provider {
        name: "AT&T",
        domains: &[
            "att.net",
            "sbcglobal.net",
            "bellsouth.net",
            "pacbell.net",
            "ameritech.net",
        ],
        imap: Some("imap.mail.att.net"),
        pop3: Some("inbound.att.net"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: Some("AT&T calls the app password a secure mail key"),
    },
    Provider {
        name: "Fastmail",
        domains: &[
            "fastmail.com",
            "fastmail.fm",
            "messagingengine.com",
            "sent.com",
            "fastmail.net",
            "fastmail.org",
        ],
        imap: Some("imap.fastmail.com"),
        pop3: Some("pop.fastmail.com"),
        proofs: &[Proof::AppPassword],
        note: None,
    },
    Provider {
        name: "Zoho Mail",
        domains: &["zoho.com", "zohomail.com"],
        imap: Some("imap.zoho.com"),
        pop3: Some("pop.zoho.com"),
        proofs: &[Proof::Password, Proof::AppPassword, Proof::OAuth2],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; accounts of an organization are at imappro.zoho.com and poppro.zoho.com",
        ),
    },
    Provider {
        name: "Zoho Mail (EU)",
        domains: &["zoho.eu", "zohomail.eu"],
        imap: Some("imap.zoho.eu"),
        pop3: Some("pop.zoho.eu"),
        proofs: &[Proof::Password, Proof::AppPassword, Proof::OAuth2],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; accounts of an organization are at imappro.zoho.eu and poppro.zoho.eu",
        ),
    },
    Provider {
        name: "Yandex Mail",
        domains: &["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "ya.ru", "narod.ru"],
        imap: Some("imap.yandex.com"),
        pop3: Some("pop.yandex.com"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
    Provider {
        name: "Mail.ru",
        domains: &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"],
        imap: Some("imap.mail.ru"),
        pop3: Some("pop.mail.ru"),
        proofs: &[Proof::AppPassword, Proof::OAuth2],
        note: Some("wants a password for external applications"),
    },
    Provider {
        name: "Rambler",
        domains: &["rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"],
        imap: Some("imap.rambler.ru"),
        pop3: Some("pop.rambler.ru"),
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
    Provider {
        name: "Seznam",
        domains: &["seznam.cz", "email.cz", "post.cz", "spoluzaci.cz"],
        imap: Some("imap.seznam.cz"),
        pop3: Some("pop3.seznam.cz"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some("with two-factor login it needs an app password"),
    },
    Provider {
        name: "Wirtualna Polska",
        domains: &["wp.pl"],
        imap: Some("imap.wp.pl"),
        pop3: Some("pop3.wp.pl"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some("IMAP and POP3 have to be switched on in the settings of the mailbox"),
    },
    Provider {
        name: "o2.pl",
        domains: &["o2.pl", "tlen.pl", "go2.pl"],
        imap: Some("poczta.o2.pl"),
        pop3: Some("poczta.o2.pl"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; the user name is what stands before the @",
        ),
    },
    Provider {
        name: "Onet",
        domains: &["onet.pl", "op.pl", "onet.eu", "poczta.onet.pl", "vp.pl"],
        imap: Some("imap.poczta.onet.pl"),
        pop3: Some("pop3.poczta.onet.pl"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: None,
    },
    Provider {
        name: "Interia",
        domains: &["interia.pl", "interia.eu", "poczta.fm", "interia.com"],
        imap: Some("poczta.interia.pl"),
        pop3: Some("poczta.interia.pl"),
        proofs: &[Proof::Password],
        note: None,
    },
    Provider {
        name: "QQ Mail",
        domains: &["qq.com", "foxmail.com", "vip.qq.com"],
        imap: Some("imap.qq.com"),
        pop3: Some("pop.qq.com"),
        proofs: &[Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox, which gives an authorization code for programs",
        ),
    },
    Provider {
        name: "NetEase 163",
        domains: &["163.com"],
        imap: Some("imap.163.com"),
        pop3: Some("pop.163.com"),
        proofs: &[Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox, which gives an authorization code for programs",
        ),
    },
    Provider {
        name: "NetEase 126",
        domains: &["126.com"],
        imap: Some("imap.126.com"),
        pop3: Some("pop.126.com"),
        proofs: &[Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox, which gives an authorization code for programs",
        ),
    },
    Provider {
        name: "yeah.net",
        domains: &["yeah.net"],
        imap: Some("imap.yeah.net"),
        pop3: Some("pop.yeah.net"),
        proofs: &[Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox, which gives an authorization code for programs",
        ),
    },
    Provider {
        name: "Sina Mail",
        domains: &["sina.com"],
        imap: Some("imap.sina.com"),
        pop3: Some("pop.sina.com"),
        proofs: &[Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox, which gives an authorization code for programs",
        ),
    },
    Provider {
        name: "NAVER",
        domains: &["naver.com"],
        imap: Some("imap.naver.com"),
        pop3: Some("pop.naver.com"),
        proofs: &[Proof::Password, Proof::AppPassword],
        note: Some(
            "IMAP and POP3 have to be switched on in the settings of the mailbox; with two-step verification it needs an app password",
        ),
    },
    Provider {
        name: "Yahoo! Japan",
        domains: &["yahoo.co.jp", "ymail.ne.jp"],
        imap: Some("imap.mail.yahoo.co.jp"),
        pop3: Some("pop.mail.yahoo.co.jp"),
        proofs: &[Proof::Password],
        note: Some("access by other programs has to be allowed in the settings of the mailbox"),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn providers_are_found_by_domain_and_by_server() {
        for (name, provider) in [
            ("gmail.com", Some("Gmail")),
            ("imap.gmail.com", Some("Gmail")),
            ("example.onmicrosoft.com", Some("Microsoft 365")),
            ("notgmail.com", None),
            ("gmail.com.example.org", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(Provider::of(name).map(|provider| provider.name), provider, "{name}");
        }
    }

    #[test]
    fn every_provider_can_be_found_and_reached() {
        let mut names = HashSet::new();
        let mut domains = HashSet::new();
        for provider in PROVIDERS {
            assert!(names.insert(provider.name), "{} is there twice", provider.name);
            assert!(provider.servers().next().is_some(), "{} has no server", provider.name);
            assert!(!provider.proofs.is_empty(), "{} lets nobody in", provider.name);
            for domain in provider.domains {
                assert!(domains.insert(domain), "{domain} is there twice");
                assert_eq!(domain.to_ascii_lowercase(), *domain);
                assert_eq!(Provider::of(domain), Some(provider), "{domain} is another's");
            }
        }
    }
}
