//! A session on a thread of its own: what blocks there is awaited here.

use std::ops::ControlFlow;
use std::sync::mpsc as blocking;
use std::thread;

use rebound_mailbox::server::{
    After, Applied, Connection, Delivery, ErrorKind, Folder, Listed, Listing, MailboxError, MessageRef, OpenFolder,
    Session, Step,
};
use tokio::sync::{mpsc, oneshot};

/// What opens a session: blocks, and is called on the session's own thread.
pub type Opening = Box<dyn FnOnce() -> Result<Box<dyn Session>, MailboxError> + Send>;

type Answer<T> = oneshot::Sender<Result<T, MailboxError>>;

enum Command {
    List(Listing, Answer<Vec<Listed>>),
    Folders(Answer<Vec<Folder>>),
    Fetch(Vec<Listed>, mpsc::UnboundedSender<Delivery>, Stop, Answer<()>),
    Apply(Vec<MessageRef>, After, Answer<Applied>),
    Close(Answer<()>),
}

/// Says, between two messages, whether fetching is to stop.
pub(crate) type Stop = Box<dyn Fn() -> bool + Send>;

/// A session on a thread of its own. When it is dropped, the thread ends after the command under way, and drops the
/// session without a word to the server.
#[derive(Debug)]
pub(crate) struct Worker {
    commands: blocking::Sender<Command>,
    pub(crate) connection: Connection,
    pub(crate) folder: OpenFolder,
}

impl Worker {
    /// Opens a session.
    pub(crate) async fn open(opening: Opening) -> Result<Self, MailboxError> {
        let (commands, receiver) = blocking::channel();
        let (opened, answer) = oneshot::channel();
        let run = move || match opening() {
            Ok(session) => {
                // Nobody waits any more: the run was given up.
                if opened
                    .send(Ok((session.connection().clone(), session.folder().clone())))
                    .is_ok()
                {
                    serve(session, &receiver);
                }
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        if let Err(error) = thread::Builder::new().name("mailbox".to_owned()).spawn(run) {
            let reason = format!("no thread for the session: {error}");
            return Err(MailboxError::new(Step::Connect, ErrorKind::Unavailable, reason));
        }
        let (connection, folder) = answer.await.map_err(|_| ended(Step::Connect))??;
        Ok(Self {
            commands,
            connection,
            folder,
        })
    }

    pub(crate) async fn list(&self, listing: Listing) -> Result<Vec<Listed>, MailboxError> {
        self.ask(Step::List, |answer| Command::List(listing, answer)).await
    }

    pub(crate) async fn folders(&self) -> Result<Vec<Folder>, MailboxError> {
        self.ask(Step::List, Command::Folders).await
    }

    /// Begins to fetch. The deliveries come as they arrive; the answer when there are no more.
    pub(crate) fn fetch(
        &self,
        wanted: Vec<Listed>,
        stop: Stop,
    ) -> (
        mpsc::UnboundedReceiver<Delivery>,
        impl Future<Output = Result<(), MailboxError>> + use<>,
    ) {
        let (sender, deliveries) = mpsc::unbounded_channel();
        let asked = self.send(|answer| Command::Fetch(wanted, sender, stop, answer));
        (deliveries, async move {
            asked.await.unwrap_or_else(|_| Err(ended(Step::Fetch)))
        })
    }

    pub(crate) async fn apply(&self, messages: Vec<MessageRef>, after: After) -> Result<Applied, MailboxError> {
        self.ask(Step::After, |answer| Command::Apply(messages, after, answer))
            .await
    }

    pub(crate) async fn close(self) -> Result<(), MailboxError> {
        self.ask(Step::Close, Command::Close).await
    }

    async fn ask<T>(&self, step: Step, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, MailboxError> {
        self.send(command).await.unwrap_or_else(|_| Err(ended(step)))
    }

    fn send<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> oneshot::Receiver<Result<T, MailboxError>> {
        let (sender, answer) = oneshot::channel();
        // Where nobody takes commands any more, the answer's sender is dropped, which says the same.
        let _ = self.commands.send(command(sender));
        answer
    }
}

/// The thread has ended by itself, which it only does when it panics.
fn ended(step: Step) -> MailboxError {
    MailboxError::new(
        step,
        ErrorKind::Protocol,
        "the session ended in a panic, which is a bug in rebound: please report it",
    )
}

fn serve(mut session: Box<dyn Session>, commands: &blocking::Receiver<Command>) {
    while let Ok(command) = commands.recv() {
        match command {
            Command::List(listing, answer) => drop(answer.send(session.list(&listing))),
            Command::Folders(answer) => drop(answer.send(session.folders())),
            Command::Fetch(wanted, deliveries, stop, answer) => {
                let fetched = session.fetch(&wanted, &mut |delivery| {
                    if deliveries.send(delivery).is_err() || stop() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                drop(deliveries);
                let _ = answer.send(fetched);
            }
            Command::Apply(messages, after, answer) => drop(answer.send(session.apply(&messages, &after))),
            Command::Close(answer) => {
                let _ = answer.send(session.close());
                return;
            }
        }
    }
}
