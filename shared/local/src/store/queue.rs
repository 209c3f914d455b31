//! The durable queue of notifications: written with the object they are about, kept until somebody says they are done.

use rusqlite::{Connection, params};

use super::Store;
use crate::clock;
use crate::error::StoreError;
use crate::notifications::{Depth, NotificationId};

/// Deliveries before a notification counts as poisonous and is set aside.
const MAX_RECEIVES: u32 = 5;

/// One notification as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) id: NotificationId,
    /// Such as `ObjectCreated:Put`.
    pub(crate) event: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) size: i64,
    pub(crate) etag: String,
    pub(crate) at_ms: i64,
    /// Deliveries, this one included.
    pub(crate) receives: u32,
}

/// Queues a notification in the transaction that makes its object visible.
pub(super) fn push(
    connection: &Connection,
    event: &str,
    bucket: &str,
    key: &[u8],
    size: u64,
    etag: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO notifications (event, bucket, key, size, etag, at_ms, visible_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)";
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    connection
        .prepare_cached(sql)?
        .execute(params![event, bucket, key, size, etag, at_ms])?;
    Ok(())
}

/// Whoever held notifications when the last process ended holds them no more.
pub(super) fn release_all(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE notifications SET visible_ms = 0 WHERE dead = 0 AND visible_ms > 0",
            [],
        )
        .map(drop)
}

impl Store {
    /// Delivers up to `max` notifications and hides them from others for `hide_ms`.
    pub(crate) async fn receive(&self, max: usize, hide_ms: i64) -> Result<Vec<Notification>, StoreError> {
        self.write(move |connection| {
            let now = clock::now_ms();
            let mut received = Vec::new();
            // Some may be set aside instead: look again until there are enough or no more.
            while received.len() < max {
                let waiting = waiting(connection, now, max - received.len())?;
                if waiting.is_empty() {
                    break;
                }
                for notification in waiting {
                    received.extend(deliver(connection, notification, now.saturating_add(hide_ms))?);
                }
                if hide_ms <= 0 {
                    break;
                }
            }
            Ok(received)
        })
        .await
    }

    /// The notifications that were delivered too often.
    pub(crate) async fn dead(&self) -> Result<Vec<Notification>, StoreError> {
        self.read(|connection| select(connection, "WHERE dead = 1 ORDER BY id", []))
            .await
    }

    /// Puts all dead notifications back into the queue as if they were new; answers how many.
    pub(crate) async fn redrive(&self) -> Result<usize, StoreError> {
        let revived = self
            .write(|connection| {
                let sql = "UPDATE notifications SET dead = 0, receives = 0, visible_ms = 0 WHERE dead = 1";
                Ok(connection.prepare_cached(sql)?.execute([])?)
            })
            .await?;
        self.inner.arrival.notify_one();
        Ok(revived)
    }

    /// Forgets notifications.
    pub(crate) async fn done(&self, ids: Vec<NotificationId>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut delete = connection.prepare_cached("DELETE FROM notifications WHERE id = ?1")?;
            ids.iter()
                .try_for_each(|id| delete.execute([id.get()]).map(drop).map_err(StoreError::from))
        })
        .await
    }

    /// Makes hidden notifications visible at once.
    pub(crate) async fn release(&self, ids: Vec<NotificationId>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut show = connection.prepare_cached("UPDATE notifications SET visible_ms = 0 WHERE id = ?1")?;
            ids.iter()
                .try_for_each(|id| show.execute([id.get()]).map(drop).map_err(StoreError::from))
        })
        .await?;
        self.inner.arrival.notify_one();
        Ok(())
    }

    /// How many notifications there are, by what they wait for.
    pub(crate) async fn depth(&self) -> Result<Depth, StoreError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FILTER (WHERE dead = 0 AND visible_ms <= ?1),
                              count(*) FILTER (WHERE dead = 0 AND visible_ms > ?1),
                              count(*) FILTER (WHERE dead = 1)
                       FROM notifications";
            let count =
                |row: &rusqlite::Row<'_>, column| row.get(column).map(|count: i64| u64::try_from(count).unwrap_or(0));
            Ok(connection.prepare_cached(sql)?.query_row([clock::now_ms()], |row| {
                Ok(Depth {
                    waiting: count(row, 0)?,
                    in_flight: count(row, 1)?,
                    dead: count(row, 2)?,
                })
            })?)
        })
        .await
    }

    /// Waits until a notification has been queued, put back or released since the last wait.
    pub(crate) async fn arrival(&self) {
        self.inner.arrival.notified().await;
    }
}

/// The first `max` that may be received. Fresh and released ones are visible since 0, so they come in the order of arrival.
fn waiting(connection: &Connection, now: i64, max: usize) -> Result<Vec<Notification>, StoreError> {
    let sql = "WHERE dead = 0 AND visible_ms <= ?1 ORDER BY visible_ms, id LIMIT ?2";
    select(connection, sql, params![now, i64::try_from(max).unwrap_or(i64::MAX)])
}

/// Counts a delivery and hides the notification; `None` if it had been delivered too often and is set aside instead.
fn deliver(connection: &Connection, found: Notification, until: i64) -> Result<Option<Notification>, StoreError> {
    let id = found.id.get();
    if found.receives >= MAX_RECEIVES {
        connection
            .prepare_cached("UPDATE notifications SET dead = 1 WHERE id = ?1")?
            .execute([id])?;
        tracing::warn!(
            local.notification = id,
            local.receives = found.receives,
            "notification set aside"
        );
        return Ok(None);
    }
    let sql = "UPDATE notifications SET receives = receives + 1, visible_ms = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, until])?;
    Ok(Some(Notification {
        receives: found.receives + 1,
        ..found
    }))
}

fn select(connection: &Connection, rest: &str, values: impl rusqlite::Params) -> Result<Vec<Notification>, StoreError> {
    let sql = format!("SELECT id, event, bucket, key, size, etag, at_ms, receives FROM notifications {rest}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(values, |row| {
        let key: Vec<u8> = row.get(3)?;
        Ok(Notification {
            id: NotificationId::new(row.get(0)?),
            event: row.get(1)?,
            bucket: row.get(2)?,
            key: String::from_utf8_lossy(&key).into_owned(),
            size: row.get(4)?,
            etag: row.get(5)?,
            at_ms: row.get(6)?,
            receives: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
