//! What a server's no means: response codes (RFC 5530), and the providers' own ways to say it.

use super::status::{Status, StatusLine};
use crate::server::{ErrorKind, MailboxError, Step};

/// The error of a server's no, bad or goodbye.
pub(super) fn refused(step: Step, line: &StatusLine) -> MailboxError {
    let (kind, hint) = meaning(step, line);
    let said = match line.words.as_str() {
        "" => "without a word".to_owned(),
        words => format!("with {words:?}"),
    };
    let reason = match line.status {
        Status::Bye => format!("the server hangs up {said}"),
        Status::Bad => format!("the server does not understand or allow the command: it answers {said}"),
        Status::Ok | Status::No | Status::PreAuth => format!("the server refuses {said}"),
    };
    let error = MailboxError::new(step, kind, reason);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Whether a refusal is about the server's state, and not about what was asked for.
pub(super) fn is_passing(step: Step, line: &StatusLine) -> bool {
    const OF_THE_MESSAGE: [&str; 3] = ["SERVERBUG", "CORRUPTION", "EXPUNGEISSUED"];
    let is_known = |(kind, _)| kind == ErrorKind::Unavailable;
    known(step, line).is_some_and(is_known) && !OF_THE_MESSAGE.iter().any(|code| line.has_code(code))
}

fn known(step: Step, line: &StatusLine) -> Option<(ErrorKind, Option<&'static str>)> {
    let words = line.words.to_ascii_lowercase();
    let quirk = QUIRKS
        .iter()
        .find(|quirk| quirk.steps.contains(&step) && words.contains(quirk.words));
    if let Some(quirk) = quirk {
        return Some((quirk.kind, quirk.hint));
    }
    let code = line.code.as_deref()?;
    let (_, kind, hint) = CODES.iter().find(|(known, ..)| *known == code)?;
    Some((*kind, *hint))
}

fn meaning(step: Step, line: &StatusLine) -> (ErrorKind, Option<&'static str>) {
    if let Some(known) = known(step, line) {
        return known;
    }
    if (line.status, step) == (Status::No, Step::Login) {
        return (ErrorKind::Credentials, Some(OAUTH));
    }
    let kind = match (line.status, step) {
        (Status::Bye, Step::Greeting | Step::Login) => ErrorKind::Unavailable,
        (Status::Bye, _) => ErrorKind::Lost,
        (Status::No, Step::Folder) => ErrorKind::Folder,
        (Status::No, Step::Tls) => ErrorKind::Certificate,
        (Status::No, _) => ErrorKind::Unavailable,
        (Status::Bad | Status::Ok | Status::PreAuth, _) => ErrorKind::Protocol,
    };
    (kind, None)
}

const APP_PASSWORD: &str = "the provider wants a password made for this program (an app password), or OAuth 2";
const OAUTH: &str = "check user name and password; many providers take no password any more: use OAuth 2";
const LATER: &str = "it is tried again later; fetch less often if it comes back";

/// Response codes, RFC 5530 section 3 and the registry that followed. What they mean does not depend on the step.
const CODES: [(&str, ErrorKind, Option<&str>); 17] = [
    ("UNAVAILABLE", ErrorKind::Unavailable, Some(LATER)),
    ("AUTHENTICATIONFAILED", ErrorKind::Credentials, Some(OAUTH)),
    (
        "AUTHORIZATIONFAILED",
        ErrorKind::Credentials,
        Some("this user may not open this mailbox"),
    ),
    (
        "EXPIRED",
        ErrorKind::Credentials,
        Some("the password has expired: set a new one with the provider"),
    ),
    (
        "PRIVACYREQUIRED",
        ErrorKind::Certificate,
        Some("the server takes no password without TLS: set `security` to tls or starttls"),
    ),
    (
        "CONTACTADMIN",
        ErrorKind::Credentials,
        Some("the server's operator must act"),
    ),
    (
        "NOPERM",
        ErrorKind::Folder,
        Some("this user may not do that in this folder"),
    ),
    ("INUSE", ErrorKind::Unavailable, Some(LATER)),
    ("EXPUNGEISSUED", ErrorKind::Unavailable, None),
    ("SERVERBUG", ErrorKind::Unavailable, Some(LATER)),
    ("LIMIT", ErrorKind::Unavailable, Some(LATER)),
    ("THROTTLED", ErrorKind::Unavailable, Some(LATER)),
    (
        "OVERQUOTA",
        ErrorKind::Quota,
        Some("make room in the mailbox, or raise its quota"),
    ),
    ("NONEXISTENT", ErrorKind::Folder, Some(FOLDERS)),
    ("TRYCREATE", ErrorKind::Folder, Some(FOLDERS)),
    ("CANNOT", ErrorKind::Unsupported, None),
    (
        "CORRUPTION",
        ErrorKind::Unavailable,
        Some("the mailbox is damaged: its operator must repair it"),
    ),
];

const FOLDERS: &str = "list the account's folders: servers name them differently, as INBOX.Returned or [Gmail]/Spam";

/// Words that mean more than the code beside them, or that come without a code.
struct Quirk {
    /// In small letters.
    words: &'static str,
    steps: &'static [Step],
    kind: ErrorKind,
    hint: Option<&'static str>,
}

const LOGIN: &[Step] = &[Step::Login];
const ANY: &[Step] = &[
    Step::Greeting,
    Step::Login,
    Step::Folder,
    Step::List,
    Step::Fetch,
    Step::After,
    Step::Close,
];

const fn quirk(words: &'static str, steps: &'static [Step], kind: ErrorKind, hint: Option<&'static str>) -> Quirk {
    Quirk {
        words,
        steps,
        kind,
        hint,
    }
}

const QUIRKS: &[Quirk] = &[
    // Gmail. `[OVERQUOTA]` there is bandwidth, not storage: it passes within a day.
    quirk(
        "exceeded command or bandwidth limits",
        ANY,
        ErrorKind::Unavailable,
        Some(LATER),
    ),
    quirk(
        "too many simultaneous connections",
        ANY,
        ErrorKind::Unavailable,
        Some(LATER),
    ),
    quirk(
        "application-specific password required",
        LOGIN,
        ErrorKind::Credentials,
        Some(APP_PASSWORD),
    ),
    quirk(
        "[webalert",
        LOGIN,
        ErrorKind::Credentials,
        Some("log in with a browser once, at the address that the server names"),
    ),
    quirk(
        "log in via your web browser",
        LOGIN,
        ErrorKind::Credentials,
        Some("log in with a browser once, then try again"),
    ),
    quirk(
        "not enabled for imap",
        LOGIN,
        ErrorKind::Credentials,
        Some("switch IMAP on in the mailbox's settings"),
    ),
    quirk(
        "imap access is disabled",
        LOGIN,
        ErrorKind::Credentials,
        Some("switch IMAP on in the mailbox's settings"),
    ),
    // Microsoft 365. Its load balancer logs in before its mailbox server answers.
    quirk(
        "user is authenticated but not connected",
        ANY,
        ErrorKind::Unavailable,
        Some("if it lasts: the user name is not the mailbox's own, the mailbox has no licence, or IMAP is off for it"),
    ),
    quirk("accesstokenexpired", ANY, ErrorKind::Lost, None), // a new session takes a new token
    quirk("session invalidated", ANY, ErrorKind::Lost, None),
    quirk("request is throttled", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("suggested backoff", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("server unavailable", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk(
        "basicauthblocked",
        LOGIN,
        ErrorKind::Credentials,
        Some("Microsoft 365 takes no password: use OAuth 2"),
    ),
    // Yahoo and AOL.
    quirk("rate limit", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk(
        "server error - please try again later",
        ANY,
        ErrorKind::Unavailable,
        Some(LATER),
    ),
    // Dovecot, Courier and Cyrus, with or without codes.
    quirk(
        "maximum number of connections",
        ANY,
        ErrorKind::Unavailable,
        Some(LATER),
    ),
    quirk("maximum connection limit", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("too many connections", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk(
        "temporary authentication failure",
        LOGIN,
        ErrorKind::Unavailable,
        Some(LATER),
    ),
    quirk("temporary failure", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("temporarily unavailable", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("try again later", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk("system i/o error", ANY, ErrorKind::Unavailable, Some(LATER)),
    quirk(
        "plaintext authentication disallowed",
        LOGIN,
        ErrorKind::Certificate,
        Some("the server takes no password without TLS: set `security` to tls or starttls"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_understood_whoever_says_it() {
        for (server, step, line, kind) in [
            (
                "Gmail",
                Step::Login,
                "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
                ErrorKind::Credentials,
            ),
            (
                "Gmail",
                Step::Login,
                "a1 NO [ALERT] Application-specific password required: https://support.google.com/ (Failure)",
                ErrorKind::Credentials,
            ),
            (
                "Gmail",
                Step::Login,
                "a1 NO [ALERT] Too many simultaneous connections. (Failure)",
                ErrorKind::Unavailable,
            ),
            (
                "Gmail",
                Step::Fetch,
                "* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.",
                ErrorKind::Unavailable,
            ),
            (
                "Gmail",
                Step::Folder,
                "a1 NO [NONEXISTENT] Unknown Mailbox: x (Failure)",
                ErrorKind::Folder,
            ),
            (
                "Microsoft 365",
                Step::Login,
                "a1 NO LOGIN failed.",
                ErrorKind::Credentials,
            ),
            (
                "Microsoft 365",
                Step::Folder,
                "a1 BAD User is authenticated but not connected.",
                ErrorKind::Unavailable,
            ),
            (
                "Microsoft 365",
                Step::Fetch,
                "a1 BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                ErrorKind::Unavailable,
            ),
            (
                "Microsoft 365",
                Step::Fetch,
                "* BYE Session invalidated - AccessTokenExpired",
                ErrorKind::Lost,
            ),
            (
                "Microsoft 365",
                Step::Login,
                "a1 NO Server Unavailable. 15",
                ErrorKind::Unavailable,
            ),
            (
                "Yahoo",
                Step::Login,
                "a1 NO [LIMIT] LOGIN Rate limit hit.",
                ErrorKind::Unavailable,
            ),
            (
                "Yahoo",
                Step::Fetch,
                "a1 NO [UNAVAILABLE] UID FETCH Server error - Please try again later",
                ErrorKind::Unavailable,
            ),
            (
                "AOL",
                Step::Login,
                "a1 NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials",
                ErrorKind::Credentials,
            ),
            (
                "Dovecot",
                Step::Login,
                "a1 NO [UNAVAILABLE] Temporary authentication failure.",
                ErrorKind::Unavailable,
            ),
            (
                "Dovecot",
                Step::Login,
                "a1 NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
                ErrorKind::Certificate,
            ),
            (
                "Dovecot",
                Step::Login,
                "a1 NO Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
                ErrorKind::Unavailable,
            ),
            (
                "Dovecot",
                Step::Folder,
                "a1 NO [NOPERM] Permission denied",
                ErrorKind::Folder,
            ),
            (
                "Dovecot",
                Step::After,
                "a1 NO [OVERQUOTA] Quota exceeded (mailbox for user is full)",
                ErrorKind::Quota,
            ),
            ("Courier", Step::Login, "a1 NO Login failed.", ErrorKind::Credentials),
            (
                "Courier",
                Step::Greeting,
                "* BYE Maximum connection limit reached for ::1",
                ErrorKind::Unavailable,
            ),
            (
                "Courier",
                Step::Folder,
                "a1 NO Unable to open this mailbox.",
                ErrorKind::Folder,
            ),
            (
                "Cyrus",
                Step::Login,
                "a1 NO Login failed: authentication failure",
                ErrorKind::Credentials,
            ),
            ("Cyrus", Step::Folder, "a1 NO Mailbox does not exist", ErrorKind::Folder),
            ("Cyrus", Step::Fetch, "a1 NO System I/O error", ErrorKind::Unavailable),
            ("any", Step::List, "a1 BAD what?", ErrorKind::Protocol),
            ("any", Step::Fetch, "* BYE Autologout", ErrorKind::Lost),
            ("any", Step::Greeting, "* BYE", ErrorKind::Unavailable),
        ] {
            let error = refused(step, &StatusLine::read(line.as_bytes()).unwrap());
            assert_eq!((error.step, error.kind), (step, kind), "{server}: {line}");
        }
    }

    #[test]
    fn the_servers_own_words_are_told() {
        let line = StatusLine::read(b"a1 NO [INUSE] Mailbox \x1b[0m locked\r\n").unwrap();
        assert_eq!(
            refused(Step::Folder, &line).reason,
            r#"the server refuses with "[INUSE] Mailbox \\u{1b}[0m locked""#
        );
        let line = StatusLine::read(b"* BYE\r\n").unwrap();
        assert_eq!(refused(Step::Fetch, &line).reason, "the server hangs up without a word");
    }
}
