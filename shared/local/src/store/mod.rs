//! Objects and the queues of messages in one SQLite file: one writer with group commit, a few readers beside it.

mod checkup;
mod listing;
mod objects;
mod parts;
mod queue;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Notify, Semaphore, watch};

use crate::blobs::Blobs;
use crate::error::{Error, StoreError};
use crate::folder::Folder;
use writer::Writer;

pub(crate) use checkup::damage_of;
pub(crate) use listing::{Listed, ListedObject, Page, Position};
pub(crate) use objects::{Attributes, Body, Checksum, Condition, NewObject, Payload};
pub(crate) use parts::{NewPart, NewUpload, Part, PartsPage, Upload};
pub(crate) use queue::{Content, Delivery, Notification, Queue, Queued, ToSend};

/// The database in the folder.
pub(crate) const OBJECTS_FILE: &str = "s3.sqlite";

/// Connections kept for reading. SQLite reads from the page cache, so more than the cores of a small machine gain nothing.
const READERS: u32 = 4;

/// The object store: buckets, objects, and the queue of notifications about them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: PathBuf,
    blobs: Blobs,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    reading: Semaphore,
    /// Rings when a message has been committed: for the one who works the queue of notifications,
    arrival: Notify,
    /// and for everybody who waits for any queue.
    arrivals: watch::Sender<()>,
}

impl Store {
    /// Opens or creates the store in `folder`, and sweeps what a crash left behind. Blocking.
    pub(crate) fn open(folder: Arc<Folder>, durable: bool) -> Result<Self, Error> {
        let database = folder.path().join(OBJECTS_FILE);
        let objects = folder.path().join("objects");
        let blobs = Blobs::new(objects.clone(), durable).map_err(Error::io("create", &objects))?;
        let connection = schema::open(&database, durable)?;
        parts::forget_abandoned(&connection).map_err(StoreError::from)?;
        let named = schema::file_names(&connection).map_err(StoreError::from)?;
        let swept = blobs.sweep(&named).map_err(Error::io("sweep", &objects))?;
        if swept > 0 {
            tracing::info!(local.swept_files = swept, "removed object files of interrupted writes");
        }
        queue::release_all(&connection).map_err(StoreError::from)?;
        let writer = Writer::start(connection, folder).map_err(Error::io("start the writer of", &database))?;
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                blobs,
                writer,
                readers: Mutex::new(Vec::new()),
                reading: Semaphore::new(READERS as usize),
                arrival: Notify::new(),
                arrivals: watch::Sender::new(()),
            }),
        })
    }

    /// Waits for the writes under way, then closes the files. Everything asked afterwards is answered with `Closed`.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        if let Ok(all) = self.inner.reading.acquire_many(READERS).await {
            self.inner.reading.close();
            drop(all);
        }
        lock(&self.inner.readers).clear();
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.writer.stop()).await
    }

    /// Runs `work` in the writer's current transaction and answers once that is on the disk.
    ///
    /// What `work` wrote is undone when it fails; what others wrote in the same transaction is not.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(work).await
    }

    /// Runs `work` on a connection that sees everything committed so far.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.inner.reading.acquire().await.map_err(|_| StoreError::Closed)?;
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let connection = match lock(&inner.readers).pop() {
                Some(connection) => connection,
                None => open_reader(&inner.database)?,
            };
            let result = work(&connection);
            lock(&inner.readers).push(connection);
            result
        })
        .await
    }

    /// Where large objects lie.
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }
}

fn open_reader(database: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(schema::BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(StoreError::Closed))
}

/// A poisoned list of connections is still a list of connections.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
