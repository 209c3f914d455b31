//! The durable queues: a notification is written with the object it is about, and every message is kept until somebody
//! says it is done.

use rusqlite::{Connection, params};

use super::Store;
use crate::clock;
use crate::error::StoreError;
use crate::notifications::{Depth, NotificationId};

/// Deliveries before a message counts as poisonous and is set aside.
const MAX_RECEIVES: u32 = 5;

/// The queues there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Jobs of the fetcher.
    Fetch,
    /// Notifications about new objects, for the classifier.
    Classify,
}

impl Queue {
    pub(crate) const ALL: [Self; 2] = [Self::Classify, Self::Fetch];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Classify => "classify",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.name() == name)
    }
}

/// One message as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) id: NotificationId,
    pub(crate) content: Content,
    pub(crate) at_ms: i64,
    /// When it was delivered for the first time, if it was.
    pub(crate) first_ms: Option<i64>,
    /// Deliveries, this one included.
    pub(crate) receives: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Object(Notification),
    Sent {
        body: String,
        /// As they were sent, JSON.
        attributes: Option<String>,
    },
}

/// That something happened to an object.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    /// Such as `ObjectCreated:Put`.
    pub(crate) event: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) size: i64,
    pub(crate) etag: String,
}

/// What somebody sends.
#[derive(Clone, Debug)]
pub(crate) struct ToSend {
    pub(crate) body: String,
    pub(crate) attributes: Option<String>,
    /// How long nobody shall receive it.
    pub(crate) delay_ms: i64,
}

/// One delivery of a message: who was given it later makes this one void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) id: NotificationId,
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
    let sql = "INSERT INTO queued (queue, event, bucket, key, size, etag, at_ms, visible_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)";
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    connection
        .prepare_cached(sql)?
        .execute(params![Queue::Classify.name(), event, bucket, key, size, etag, at_ms])?;
    Ok(())
}

/// Whoever held messages when the last process ended holds them no more. What was sent with a delay waits on.
pub(super) fn release_all(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE queued SET visible_ms = 0 WHERE dead = 0 AND visible_ms > 0 AND receives > 0",
            [],
        )
        .map(drop)
}

impl Store {
    /// Queues messages; answers their numbers, in their order.
    pub(crate) async fn send(&self, queue: Queue, messages: Vec<ToSend>) -> Result<Vec<NotificationId>, StoreError> {
        let sent = self.write(move |connection| {
            let now = clock::now_ms();
            let mut insert = connection.prepare_cached(
                "INSERT INTO queued (queue, body, attributes, at_ms, visible_ms) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
            )?;
            let mut ids = Vec::new();
            for message in messages {
                // As with notifications: 0 is at once, so that they come in the order of arrival.
                let visible = if message.delay_ms > 0 { now.saturating_add(message.delay_ms) } else { 0 };
                let values = params![queue.name(), message.body, message.attributes, now, visible];
                ids.push(NotificationId::new(insert.query_row(values, |row| row.get(0))?));
            }
            Ok(ids)
        });
        let sent = sent.await?;
        self.ring();
        Ok(sent)
    }

    /// Delivers up to `max` messages and hides them from others for `hide_ms`.
    pub(crate) async fn receive(&self, queue: Queue, max: usize, hide_ms: i64) -> Result<Vec<Queued>, StoreError> {
        self.write(move |connection| {
            let now = clock::now_ms();
            let mut received = Vec::new();
            // Some may be set aside instead: look again until there are enough or no more.
            while received.len() < max {
                let waiting = waiting(connection, queue, now, max - received.len())?;
                if waiting.is_empty() {
                    break;
                }
                for message in waiting {
                    received.extend(deliver(connection, message, now, now.saturating_add(hide_ms))?);
                }
                if hide_ms <= 0 {
                    break;
                }
            }
            Ok(received)
        })
        .await
    }

    /// The messages that were delivered too often.
    pub(crate) async fn dead(&self, queue: Queue) -> Result<Vec<Queued>, StoreError> {
        self.read(move |connection| select(connection, "WHERE queue = ?1 AND dead = 1 ORDER BY id", [queue.name()]))
            .await
    }

    /// Puts all dead messages back into the queue as if they were new; answers how many.
    pub(crate) async fn redrive(&self, queue: Queue) -> Result<usize, StoreError> {
        let revived = self
            .write(move |connection| {
                let sql = "UPDATE queued SET dead = 0, receives = 0, visible_ms = 0 WHERE queue = ?1 AND dead = 1";
                Ok(connection.prepare_cached(sql)?.execute([queue.name()])?)
            })
            .await?;
        self.ring();
        Ok(revived)
    }

    /// Forgets messages.
    pub(crate) async fn done(&self, ids: Vec<NotificationId>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut delete = connection.prepare_cached("DELETE FROM queued WHERE id = ?1")?;
            ids.iter()
                .try_for_each(|id| delete.execute([id.get()]).map(drop).map_err(StoreError::from))
        })
        .await
    }

    /// Forgets messages, those that have been delivered again since excepted.
    pub(crate) async fn acknowledge(&self, queue: Queue, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut delete =
                connection.prepare_cached("DELETE FROM queued WHERE id = ?1 AND queue = ?2 AND receives = ?3")?;
            deliveries.iter().try_for_each(|delivery| {
                let values = params![delivery.id.get(), queue.name(), delivery.receives];
                delete.execute(values).map(drop).map_err(StoreError::from)
            })
        })
        .await
    }

    /// Hides a delivered message for `hide_ms` from now on; answers whether it was still hidden by this delivery.
    pub(crate) async fn hide(&self, queue: Queue, delivery: Delivery, hide_ms: i64) -> Result<bool, StoreError> {
        let hidden = self.write(move |connection| {
            let now = clock::now_ms();
            let sql = "UPDATE queued SET visible_ms = ?4
                       WHERE id = ?1 AND queue = ?2 AND receives = ?3 AND dead = 0 AND visible_ms > ?5";
            let until = if hide_ms > 0 { now.saturating_add(hide_ms) } else { 0 };
            let values = params![delivery.id.get(), queue.name(), delivery.receives, until, now];
            Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
        });
        let hidden = hidden.await?;
        self.ring();
        Ok(hidden)
    }

    /// Makes hidden messages visible at once.
    pub(crate) async fn release(&self, ids: Vec<NotificationId>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut show = connection.prepare_cached("UPDATE queued SET visible_ms = 0 WHERE id = ?1")?;
            ids.iter()
                .try_for_each(|id| show.execute([id.get()]).map(drop).map_err(StoreError::from))
        })
        .await?;
        self.ring();
        Ok(())
    }

    /// Forgets all that is in a queue, but for what was set aside.
    pub(crate) async fn purge(&self, queue: Queue) -> Result<(), StoreError> {
        self.write(move |connection| {
            let sql = "DELETE FROM queued WHERE queue = ?1 AND dead = 0";
            connection.prepare_cached(sql)?.execute([queue.name()])?;
            Ok(())
        })
        .await
    }

    /// How many messages there are, by what they wait for.
    pub(crate) async fn depth(&self, queue: Queue) -> Result<Depth, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT count(*) FILTER (WHERE dead = 0 AND visible_ms <= ?2),
                              count(*) FILTER (WHERE dead = 0 AND visible_ms > ?2 AND receives > 0),
                              count(*) FILTER (WHERE dead = 0 AND visible_ms > ?2 AND receives = 0),
                              count(*) FILTER (WHERE dead = 1)
                       FROM queued WHERE queue = ?1";
            let count =
                |row: &rusqlite::Row<'_>, column| row.get(column).map(|count: i64| u64::try_from(count).unwrap_or(0));
            let values = params![queue.name(), clock::now_ms()];
            Ok(connection.prepare_cached(sql)?.query_row(values, |row| {
                Ok(Depth {
                    waiting: count(row, 0)?,
                    in_flight: count(row, 1)?,
                    delayed: count(row, 2)?,
                    dead: count(row, 3)?,
                })
            })?)
        })
        .await
    }

    /// Waits until a message has been queued, put back or released since the last wait.
    pub(crate) async fn arrival(&self) {
        self.inner.arrival.notified().await;
    }

    /// Tells of every arrival from now on, to as many as want to know.
    pub(crate) fn arrivals(&self) -> tokio::sync::watch::Receiver<()> {
        self.inner.arrivals.subscribe()
    }

    /// Something can be received that could not before.
    pub(super) fn ring(&self) {
        self.inner.arrival.notify_one();
        self.inner.arrivals.send_replace(());
    }
}

/// The first `max` that may be received. Fresh and released ones are visible since 0, so they come in the order of arrival.
fn waiting(connection: &Connection, queue: Queue, now: i64, max: usize) -> Result<Vec<Queued>, StoreError> {
    let sql = "WHERE queue = ?1 AND dead = 0 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3";
    let values = params![queue.name(), now, i64::try_from(max).unwrap_or(i64::MAX)];
    select(connection, sql, values)
}

/// Counts a delivery and hides the message; `None` if it had been delivered too often and is set aside instead.
fn deliver(connection: &Connection, found: Queued, now: i64, until: i64) -> Result<Option<Queued>, StoreError> {
    let id = found.id.get();
    if found.receives >= MAX_RECEIVES {
        connection
            .prepare_cached("UPDATE queued SET dead = 1 WHERE id = ?1")?
            .execute([id])?;
        tracing::warn!(
            local.notification = id,
            local.receives = found.receives,
            "message set aside"
        );
        return Ok(None);
    }
    let first_ms = found.first_ms.unwrap_or(now);
    let sql = "UPDATE queued SET receives = receives + 1, visible_ms = ?2, first_ms = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, until, first_ms])?;
    Ok(Some(Queued {
        receives: found.receives + 1,
        first_ms: Some(first_ms),
        ..found
    }))
}

fn select(connection: &Connection, rest: &str, values: impl rusqlite::Params) -> Result<Vec<Queued>, StoreError> {
    let sql = format!(
        "SELECT id, at_ms, first_ms, receives, body, attributes, event, bucket, key, size, etag FROM queued {rest}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(values, |row| {
        let content = match row.get(4)? {
            Some(body) => Content::Sent {
                body,
                attributes: row.get(5)?,
            },
            None => Content::Object(Notification {
                event: row.get(6)?,
                bucket: row.get(7)?,
                key: String::from_utf8_lossy(row.get_ref(8)?.as_blob()?).into_owned(),
                size: row.get(9)?,
                etag: row.get(10)?,
            }),
        };
        Ok(Queued {
            id: NotificationId::new(row.get(0)?),
            content,
            at_ms: row.get(1)?,
            first_ms: row.get(2)?,
            receives: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
