//! Group commit: one thread takes all writes that wait and puts them on the disk with one flush.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::folder::Folder;

/// Writes that may wait before callers are held back: bounds memory.
const QUEUE: usize = 256;

/// Writes that share one transaction at most: bounds how long the first waits for the last.
const GROUP: usize = 256;

/// Runs in the transaction (or is told why there is none) and leaves behind what to do once its fate is known.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>)>;

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

impl Writer {
    /// Starts the thread, which keeps `folder` for as long as it has the file open.
    pub(super) fn start(connection: Connection, folder: Arc<Folder>) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("s3-writer".into())
            .spawn(move || run(connection, waiting, &folder))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// See `Store::write`.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = transaction.and_then(|connection| in_savepoint(connection, work));
            Box::new(move |committed| {
                // Nobody may be waiting any more; the write stands all the same.
                let _ = answer.send(match committed {
                    Ok(()) => result,
                    Err(error) => Err(error),
                });
            })
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        jobs.ok_or(StoreError::Closed)?
            .send(job)
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets the writes under way end, then closes the database. Blocking.
    pub(super) fn stop(&self) -> Result<(), StoreError> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        match self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(thread) => thread.join().unwrap_or(Err(StoreError::Closed)),
            None => Ok(()),
        }
    }
}

fn run(connection: Connection, mut jobs: mpsc::Receiver<Job>, _folder: &Folder) -> Result<(), StoreError> {
    while let Some(job) = jobs.blocking_recv() {
        commit_group(&connection, job, &mut jobs);
    }
    connection.close().map_err(|(_, error)| StoreError::from(error))
}

fn commit_group(connection: &Connection, first: Job, jobs: &mut mpsc::Receiver<Job>) {
    let mut fate = connection.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from);
    let mut finishes = Vec::new();
    let mut next = Some(first);
    while let Some(job) = next {
        finishes.push(job(fate.as_ref().map(|()| connection).map_err(StoreError::clone)));
        // A full disk rolls the whole transaction back, not just the savepoint: nothing more may join it.
        let open = fate.is_ok() && !connection.is_autocommit();
        next = if open && finishes.len() < GROUP {
            jobs.try_recv().ok()
        } else {
            None
        };
    }
    if fate.is_ok() {
        fate = connection.execute_batch("COMMIT").map_err(StoreError::from);
        if fate.is_err() && !connection.is_autocommit() {
            // Already rolled back or about to be with the next BEGIN's failure: the callers are told either way.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    if let Err(error) = &fate {
        tracing::error!(error.message = %error, local.writes = finishes.len(), "writes were not committed");
    }
    for finish in finishes {
        finish(fate.clone());
    }
}

/// Runs `work` so that its failure undoes only its own changes.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = work(connection);
    if !connection.is_autocommit() {
        if result.is_err() {
            connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        connection.prepare_cached("RELEASE job")?.execute([])?;
    }
    result
}
