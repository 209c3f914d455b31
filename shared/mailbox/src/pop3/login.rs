//! Logging in.

use super::conversation::{Conversation, Size, mentions, refused, unexpected};
use super::{Command, Event, Refusal, ResponseCode};
use crate::sasl::{Mechanism, challenge_words};
use crate::server::{ErrorKind, Login, MailboxError, Secret, Step};

/// Logs in the best way that the server lists, and only one way: a second attempt with the same words would count as
/// another failure and bring the account nearer to being locked.
pub(super) fn log_in(
    conversation: &mut Conversation,
    capabilities: Option<&[String]>,
    login: &Login,
) -> Result<(), MailboxError> {
    let way = Way::choose(login, capabilities)?;
    let refusal = match (way, login) {
        (Way::UserPass, Login::Password { user, password }) => user_pass(conversation, user, password)?,
        (Way::UserPass, Login::Token { .. }) => None,
        (Way::Sasl(mechanism), login) => authenticate(conversation, mechanism, login)?,
    };
    match refusal {
        None => Ok(()),
        Some(refusal) => Err(conversation.fail(not_let_in(login, &refusal))),
    }
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    UserPass,
    Sasl(Mechanism),
}

impl Way {
    fn choose(login: &Login, capabilities: Option<&[String]>) -> Result<Self, MailboxError> {
        let capabilities = capabilities.unwrap_or_default();
        let mut mechanisms = capabilities
            .iter()
            .filter_map(|line| line.strip_prefix("SASL"))
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
            .peekable();
        let lists_mechanisms = mechanisms.peek().is_some();
        if let Some(mechanism) = Mechanism::choose(login, mechanisms.flat_map(str::split_ascii_whitespace)) {
            return Ok(Self::Sasl(mechanism));
        }
        let unsupported = |what: &str| MailboxError::new(Step::Login, ErrorKind::Unsupported, what.to_owned());
        match login {
            // Servers without CAPA, or whose list is silent about logging in, know USER and PASS: RFC 1939 has nothing
            // else in plain text.
            Login::Password { .. } if !lists_mechanisms || capabilities.iter().any(|line| line == "USER") => {
                Ok(Self::UserPass)
            }
            Login::Password { .. } => Err(unsupported("the server lets nobody in with a password here")
                .with_hint("it may want TLS first (`security`), or OAuth 2")),
            Login::Token { .. } if capabilities.is_empty() => Ok(Self::Sasl(Mechanism::XOAuth2)),
            Login::Token { .. } => Err(unsupported("the server lets nobody in with an OAuth 2 token")
                .with_hint("log in with a password, or read the account with IMAP")),
        }
    }
}

/// USER and PASS, RFC 1939 section 7. Gives the server's no, if it says no.
fn user_pass(conversation: &mut Conversation, user: &str, password: &Secret) -> Result<Option<Refusal>, MailboxError> {
    for command in [Command::User(user), Command::Pass(password)] {
        match conversation.ask(Step::Login, command, Size::Line)? {
            Event::Ok(_) => {}
            Event::Refused(refusal) => return Ok(Some(refusal)),
            other => return Err(conversation.fail(unexpected(Step::Login, &other))),
        }
    }
    Ok(None)
}

/// AUTH, RFC 5034, with one response of the client's. It goes along with the command where it is short; a long one, as
/// tokens are, waits for the server's `+`, which is the form that Microsoft 365 wants.
fn authenticate(
    conversation: &mut Conversation,
    mechanism: Mechanism,
    login: &Login,
) -> Result<Option<Refusal>, MailboxError> {
    let response = mechanism.initial_response(login);
    let command = Command::Auth {
        mechanism: mechanism.name(),
        // The older mechanism has its two-step form from Microsoft, which takes no other.
        initial: (mechanism != Mechanism::XOAuth2).then_some(&response),
    };
    let mut said = command.carries_initial_response();
    let mut reason = None;
    let mut command = command;
    let farewell = Secret::new(mechanism.farewell());
    loop {
        match conversation.ask(Step::Login, command, Size::Line)? {
            Event::Ok(_) => return Ok(None),
            Event::Refused(mut refusal) => {
                if let Some(reason) = reason {
                    refusal.text = format!("{} {reason}", refusal.text);
                }
                return Ok(Some(refusal));
            }
            Event::Challenge(_) if !said => {
                said = true;
                command = Command::Answer(&response);
            }
            Event::Challenge(why) if reason.is_none() => {
                reason = Some(challenge_words(&why));
                command = Command::Answer(&farewell);
            }
            other => return Err(conversation.fail(unexpected(Step::Login, &other))),
        }
    }
}

/// What it means that a server did not let somebody in.
fn not_let_in(login: &Login, refusal: &Refusal) -> MailboxError {
    // Words that servers without response codes refuse for now with. RFC 1939 itself has one of them, for a mailbox that
    // another session has locked. What is not understood counts as a wrong password, which is never tried again soon.
    const FOR_NOW: [&str; 9] = [
        "in use",
        "is locked by",
        "unable to lock",
        "another session",
        "too many",
        "try again",
        "try later",
        "temporar",
        "unavailable",
    ];
    const NEEDS_TLS: [&str; 3] = ["stls", "ssl", "tls"];
    let kind = match refusal.code {
        None if mentions(&refusal.text, &FOR_NOW) => ErrorKind::Unavailable,
        _ => ErrorKind::Credentials,
    };
    let error = refused(Step::Login, refusal, kind);
    if error.hint.is_some() || error.kind != ErrorKind::Credentials {
        return error;
    }
    error.with_hint(match (refusal.code, login) {
        (Some(ResponseCode::SysPerm), _) => "see whether POP3 is switched on for this account in the provider's settings",
        (_, _) if mentions(&refusal.text, &NEEDS_TLS) => "the server wants TLS: set `security` to tls or starttls",
        (_, Login::Password { .. }) => {
            "check user name and password; where two-factor login is on, providers want an app password, and some take \
             no passwords at all but OAuth 2"
        }
        (_, Login::Token { .. }) => {
            "authorize the account again, for this user and with the scope for POP3, and see whether POP3 is switched on"
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_in_is_the_best_that_both_know() {
        let password = Login::Password {
            user: "ann".to_owned(),
            password: Secret::new("p"),
        };
        let token = Login::Token {
            user: "ann".to_owned(),
            token: Secret::new("t"),
        };
        let plain = Ok(Way::Sasl(Mechanism::Plain));
        let xoauth2 = Ok(Way::Sasl(Mechanism::XOAuth2));
        let bearer = Ok(Way::Sasl(Mechanism::OAuthBearer));
        let user_pass = Ok(Way::UserPass);
        let none = Err(ErrorKind::Unsupported);
        for (capabilities, with_password, with_token) in [
            (None, user_pass, xoauth2),
            (Some(&["UIDL", "TOP"][..]), user_pass, none),
            (Some(&["USER"]), user_pass, none),
            (Some(&["USER", "SASL PLAIN XOAUTH2"]), plain, xoauth2),
            (Some(&["SASL PLAIN OAUTHBEARER"]), plain, bearer),
            (Some(&["USER", "SASL CRAM-MD5"]), user_pass, none),
            (Some(&["SASL XOAUTH2"]), none, xoauth2),
            (Some(&["SASL"]), none, none),
            (Some(&["SASLX PLAIN"]), user_pass, none),
        ] {
            let capabilities: Option<Vec<_>> = capabilities.map(|all| all.iter().map(|&c| c.to_owned()).collect());
            for (login, way) in [(&password, with_password), (&token, with_token)] {
                let chosen = Way::choose(login, capabilities.as_deref()).map_err(|error| error.kind);
                assert_eq!(chosen, way, "{capabilities:?} {login:?}");
            }
        }
    }
}
