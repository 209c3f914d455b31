//! Domains that are probably misspelt.

/// Where most people's mailboxes are, the most usual first.
const USUAL: &[&str] = &[
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "aol.com",
    "icloud.com",
    "live.com",
    "msn.com",
    "googlemail.com",
    "ymail.com",
    "me.com",
    "mac.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "earthlink.net",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "online.de",
    "arcor.de",
    "posteo.de",
    "mail.de",
    "yahoo.de",
    "hotmail.de",
    "outlook.de",
    "bluewin.ch",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "sfr.fr",
    "laposte.net",
    "yahoo.fr",
    "hotmail.fr",
    "outlook.fr",
    "libero.it",
    "virgilio.it",
    "tiscali.it",
    "alice.it",
    "yahoo.it",
    "hotmail.it",
    "hotmail.es",
    "yahoo.es",
    "telefonica.net",
    "hotmail.co.uk",
    "yahoo.co.uk",
    "btinternet.com",
    "sky.com",
    "virginmedia.com",
    "talktalk.net",
    "ziggo.nl",
    "kpnmail.nl",
    "planet.nl",
    "xs4all.nl",
    "telenet.be",
    "skynet.be",
    "telia.com",
    "wp.pl",
    "onet.pl",
    "o2.pl",
    "interia.pl",
    "seznam.cz",
    "centrum.cz",
    "mail.ru",
    "yandex.ru",
    "rambler.ru",
    "bk.ru",
    "list.ru",
    "ukr.net",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "yahoo.com.br",
    "hotmail.com.br",
    "rogers.com",
    "shaw.ca",
    "sympatico.ca",
    "bigpond.com",
    "optusnet.com.au",
    "yahoo.co.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "softbank.ne.jp",
    "naver.com",
    "daum.net",
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "rediffmail.com",
    "yahoo.co.in",
    "proton.me",
    "protonmail.com",
    "zoho.com",
    "fastmail.com",
];

/// Shorter domains are too much alike for one letter to say anything.
const MIN_LENGTH: usize = 7;

/// What was probably meant by a domain that does not exist: a usual one that differs by one slip of the finger (a letter
/// too many, too few, another, or two swapped).
pub(crate) fn meant(domain: &str) -> Option<&'static str> {
    if USUAL.contains(&domain) {
        return None;
    }
    USUAL
        .iter()
        .find(|usual| usual.len() >= MIN_LENGTH && differ_by_one_slip(domain.as_bytes(), usual.as_bytes()))
        .copied()
}

fn differ_by_one_slip(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.len() - short.len() > 1 || short == long {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(one, other)| one == other).count();
    let (Some(short), Some(long)) = (short.get(same..), long.get(same..)) else {
        return false;
    };
    match (short, long) {
        (short, [_, rest @ ..]) if short == rest => true,
        ([_, short @ ..], [_, long @ ..]) if short == long => true,
        ([a, b, short @ ..], [c, d, long @ ..]) => (a, b) == (d, c) && short == long,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_finger_is_seen() {
        for (domain, usual) in [
            ("gmial.com", Some("gmail.com")),
            ("gmai.com", Some("gmail.com")),
            ("gmaill.com", Some("gmail.com")),
            ("gmail.con", Some("gmail.com")),
            ("hotmal.com", Some("hotmail.com")),
            ("yaho.com", Some("yahoo.com")),
            ("t-onlime.de", Some("t-online.de")),
            ("gmail.com", None),
            ("gmail.co.uk", None),
            ("example.com", None),
            ("gmx.dee", None),
            ("", None),
        ] {
            assert_eq!(meant(domain), usual, "{domain}");
        }
    }
}
