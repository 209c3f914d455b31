//! Connections that only read.
//!
//! dynoxide does one thing at a time on a connection. With SQLite's write-ahead log, connections of their own read side
//! by side and beside the one that writes, and each reading sees all that was written before it began.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use dynoxide::{Database, DynoxideError};

/// More do not read faster: what is read must be written out and taken in again, too.
const MOST: usize = 4;

/// The connections to one database file, opened when they are first needed.
pub(super) struct Readers {
    path: String,
    most: usize,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Database>,
    /// Those that are idle, and those that are reading.
    open: usize,
    /// A connection remembers how tables are defined: those opened before the last change are of no use any more.
    definitions: u64,
}

impl Readers {
    /// Of the file at `path`, which is there.
    pub(super) fn of(path: &str) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            path: path.to_owned(),
            most: cores.min(MOST),
            pool: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Reads on a connection of its own, as soon as there is one. Blocking.
    pub(super) fn read<A>(
        &self,
        operation: impl FnOnce(&Database) -> Result<A, DynoxideError>,
    ) -> Result<A, DynoxideError> {
        let borrowed = self.borrow()?;
        match &borrowed.database {
            Some(database) => operation(database),
            None => Err(DynoxideError::InternalServerError("a connection was lost".to_owned())),
        }
    }

    /// Tables are defined otherwise from now on.
    pub(super) fn forget_definitions(&self) {
        let mut pool = self.pool();
        pool.definitions += 1;
        pool.open -= pool.idle.len();
        pool.idle.clear();
    }

    fn borrow(&self) -> Result<Borrowed<'_>, DynoxideError> {
        let mut pool = self.pool();
        loop {
            let definitions = pool.definitions;
            let borrowed = |database| Borrowed {
                readers: self,
                database,
                definitions,
            };
            if let Some(database) = pool.idle.pop() {
                return Ok(borrowed(Some(database)));
            }
            if pool.open < self.most {
                pool.open += 1;
                drop(pool);
                // Given back with nothing in it when this fails.
                let mut reader = borrowed(None);
                reader.database = Some(Database::new(&self.path)?);
                return Ok(reader);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back where it came from, even when reading panics.
struct Borrowed<'a> {
    readers: &'a Readers,
    database: Option<Database>,
    /// See [`Pool::definitions`].
    definitions: u64,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool();
        match self.database.take() {
            Some(database) if self.definitions == pool.definitions => pool.idle.push(database),
            _ => pool.open -= 1,
        }
        drop(pool);
        self.readers.returned.notify_one();
    }
}
