//! A mailbox read with IMAP.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::Duration;

use imap::Client;

use super::greet::greet;
use super::login::{capabilities, log_in};
use super::quirks::Quirks;
use super::wire::Handle;
use super::{ANSWER_BYTES, names};
use crate::net::Check;
use crate::sasl::without_secret;
use crate::server::{
    Access, After, Applied, Connection, Delivery, ErrorKind, Folder, FolderName, Limits, Listed, Listing, Login,
    MailboxError, MessageRef, OpenFolder, Probe, Server, Session, Step, UidValidity,
};

/// A mailbox read with IMAP: one connection, logged in, with one folder open.
#[derive(Debug)]
pub struct ImapSession {
    pub(super) session: imap::Session<Handle>,
    pub(super) handle: Handle,
    pub(super) limits: Limits,
    pub(super) commands: u32,
    pub(super) quirks: Quirks,
    connection: Connection,
    folder: OpenFolder,
    access: Access,
    failed: Option<MailboxError>,
}

/// What SELECT is asked for.
const OPENED: &[&str] = &["EXISTS", "UIDVALIDITY"];

/// How long the server may take to say goodbye: there is nothing left to lose.
const GOODBYE: Duration = Duration::from_secs(5);

impl ImapSession {
    /// Connects, logs in, and opens a folder.
    pub fn open(
        server: &Server,
        login: &Login,
        folder: &FolderName,
        access: Access,
        limits: &Limits,
    ) -> Result<Self, MailboxError> {
        let (wire, greeting) = greet(server, limits, Check::Enforce)?;
        let handle = Handle::new(wire);
        let mut client = Client::new(handle.clone());
        let offered = offered(&mut client, &handle, limits)?;
        let mut session =
            log_in(client, &handle, &offered, server.security, login, limits).map_err(|error| MailboxError {
                reason: without_secret(&error.reason, login),
                ..error
            })?;
        // What a server lists may be more once it knows whom it talks to.
        handle.wire().allow_asked(limits.command, ANSWER_BYTES, &["CAPABILITY"]);
        let capable = session
            .capabilities()
            .map_err(|error| handle.wire().refusal(Step::Login, error))?;
        let connection = connection(&handle, greeting, capabilities(&capable));
        let mut opened = Self {
            session,
            handle,
            limits: *limits,
            commands: 0,
            quirks: Quirks::of(&connection),
            connection,
            folder: OpenFolder {
                name: folder.clone(),
                messages: 0,
                uid_validity: None,
            },
            access,
            failed: None,
        };
        if opened.quirks.wants_a_name {
            opened.ask(Step::Folder, |session| {
                session.run_command_and_check_ok(r#"ID ("name" "rebound")"#)
            })?;
        }
        opened.select(folder)?;
        Ok(opened)
    }

    /// Connects and asks what the server can do, without a login. Its certificate need not be trusted: nothing is sent
    /// that needs protection.
    pub(crate) fn probe(server: &Server, limits: &Limits) -> Result<Probe, MailboxError> {
        let (wire, greeting) = greet(server, limits, Check::Report)?;
        let handle = Handle::new(wire);
        let mut client = Client::new(handle.clone());
        let capabilities = offered(&mut client, &handle, limits)?;
        let connection = connection(&handle, greeting, capabilities);
        let wire = handle.wire();
        let stream = wire.stream();
        Ok(Probe {
            connection,
            certificate: stream.certificate().cloned(),
            doubt: stream.doubt().cloned(),
        })
    }

    fn select(&mut self, folder: &FolderName) -> Result<(), MailboxError> {
        let name = names::encode(folder);
        let access = self.access;
        let opened = self.ask_for(Step::Folder, OPENED, ANSWER_BYTES, |session| match access {
            Access::Full => session.select(&name),
            Access::ReadOnly => session.examine(&name),
        })?;
        self.folder.messages = u64::from(opened.exists);
        self.folder.uid_validity = opened.uid_validity.and_then(NonZeroU32::new).map(UidValidity);
        let is_read_only = self
            .handle
            .wire()
            .ended()
            .is_some_and(|line| line.has_code("READ-ONLY"));
        if is_read_only {
            self.access = Access::ReadOnly;
        }
        Ok(())
    }

    pub(super) fn can(&self, capability: &str) -> bool {
        self.connection.capabilities.iter().any(|name| name == capability)
    }

    pub(super) fn may_change(&self) -> bool {
        self.access == Access::Full
    }

    /// A command that is answered yes or no, spoken by the crate.
    pub(super) fn ask<T>(
        &mut self,
        step: Step,
        command: impl FnOnce(&mut imap::Session<Handle>) -> imap::Result<T>,
    ) -> Result<T, MailboxError> {
        self.ask_for(step, &[], ANSWER_BYTES, command)
    }

    /// A command that is answered with responses of these kinds ([`Wire::allow_asked`]), of up to so many bytes in all.
    ///
    /// [`Wire::allow_asked`]: super::wire::Wire::allow_asked
    pub(super) fn ask_for<T>(
        &mut self,
        step: Step,
        kinds: &'static [&'static str],
        bytes: u64,
        command: impl FnOnce(&mut imap::Session<Handle>) -> imap::Result<T>,
    ) -> Result<T, MailboxError> {
        self.usable()?;
        self.handle.wire().allow_asked(self.limits.command, bytes, kinds);
        let answer = command(&mut self.session);
        answer.map_err(|error| {
            use imap::Error::{Bad, MissingStatusResponse, No};
            let is_final = !matches!(error, No(_) | Bad(_) | MissingStatusResponse);
            let error = self.handle.wire().refusal(step, error);
            if is_final { self.fail(error) } else { error }
        })
    }

    /// Whether the connection still is; an error is repeated.
    pub(super) fn usable(&self) -> Result<(), MailboxError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Makes an error the session's last word.
    pub(super) fn fail(&mut self, error: MailboxError) -> MailboxError {
        self.failed.get_or_insert(error).clone()
    }
}

/// What the server offers before a login. One that does not say is taken by its word later.
fn offered(client: &mut Client<Handle>, handle: &Handle, limits: &Limits) -> Result<Vec<String>, MailboxError> {
    handle.wire().allow_asked(limits.command, ANSWER_BYTES, &["CAPABILITY"]);
    let offered = client.capabilities();
    let offered = offered.map_err(|error| handle.wire().refusal(Step::Greeting, error))?;
    Ok(capabilities(&offered))
}

fn connection(handle: &Handle, greeting: String, capabilities: Vec<String>) -> Connection {
    let wire = handle.wire();
    let stream = wire.stream();
    Connection {
        peer: stream.peer(),
        tls: stream.tls(),
        greeting,
        capabilities,
    }
}

impl Session for ImapSession {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn folder(&self) -> &OpenFolder {
        &self.folder
    }

    fn folders(&mut self) -> Result<Vec<Folder>, MailboxError> {
        self.all_folders()
    }

    fn list(&mut self, listing: &Listing) -> Result<Vec<Listed>, MailboxError> {
        self.list_messages(*listing)
    }

    fn fetch(
        &mut self,
        wanted: &[Listed],
        sink: &mut dyn FnMut(Delivery) -> ControlFlow<()>,
    ) -> Result<(), MailboxError> {
        self.fetch_messages(wanted, sink)
    }

    fn apply(&mut self, messages: &[MessageRef], after: &After) -> Result<Applied, MailboxError> {
        if *after == After::Keep || messages.is_empty() {
            return Ok(Applied::Done);
        }
        if !self.may_change() {
            return Err(MailboxError::new(
                Step::After,
                ErrorKind::Unsupported,
                format!("the folder {} is open for reading only", self.folder.name),
            ));
        }
        self.apply_to(messages, after)
    }

    fn close(mut self: Box<Self>) -> Result<(), MailboxError> {
        // Everything is done already, so that a goodbye that fails means nothing. Never CLOSE: it expunges what others
        // have flagged.
        if self.usable().is_ok() {
            self.handle.wire().allow(GOODBYE.min(self.limits.command), ANSWER_BYTES);
            let _ = self.session.logout();
        }
        Ok(())
    }
}
