//! Dispatch between processes: a stream that hands each wake-up to one process, a channel that tells all.
//!
//! An entry of the stream `<prefix>:tasks` holds a task id and goes to one process of the group, which acknowledges it at
//! once: what to do is read from the database. Run events go through the channel `<prefix>:events`. Nothing here ever fails a
//! caller: while Redis is away, workers poll, and subscribers hear of this process alone. An outage is logged
//! once when it begins and once when it ends.

use super::EVENTS;
use crate::Error;
use ::redis::aio::MultiplexedConnection;
use ::redis::streams::StreamReadReply;
use ::redis::{AsyncConnectionConfig, Client, Cmd, RedisError, RedisResult};
use async_trait::async_trait;
use engine::ports::{Dispatch, RunEvent};
use futures::StreamExt;
use model::{ErrorCode, TaskId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long one read of the stream waits at the server.
const BLOCK: Duration = Duration::from_secs(5);
/// How long any answer may take beyond that.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pause before the next attempt to connect.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest wait of a worker while Redis is away.
const POLL: Duration = Duration::from_millis(500);
/// Entries the stream keeps about; older wake-ups are worth nothing.
const STREAM_LENGTH: usize = 10_000;
/// Wake-ups taken in one read.
const WAKE_UPS: usize = 8;
/// Messages that may wait to be sent.
const QUEUE: usize = 8_192;
/// Messages sent in one round trip.
const BATCH: usize = 256;
/// A consumer unheard of for so long belongs to a process that is gone.
const CONSUMER_GONE_MS: u64 = 3_600_000;
const GROUP: &str = "workers";

/// Wakes workers and tells subscribers in all processes that name the same Redis and prefix.
pub struct RedisDispatch {
    shared: Arc<Shared>,
    outbox: mpsc::Sender<Message>,
    background: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for RedisDispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client's own output would hold the password.
        f.debug_struct("RedisDispatch").field("stream", &self.shared.stream).finish_non_exhaustive()
    }
}

struct Shared {
    client: Client,
    stream: String,
    channel: String,
    consumer: String,
    /// Tells this process's own events, which it has heard already, from those of others.
    origin: Uuid,
    wake: Notify,
    waiting: AtomicUsize,
    somebody_waits: Notify,
    events: broadcast::Sender<Arc<RunEvent>>,
    is_away: AtomicBool,
}

enum Message {
    Task(TaskId),
    Event(Arc<RunEvent>),
}

#[derive(Serialize, Deserialize)]
struct Envelope<E> {
    origin: Uuid,
    event: E,
}

impl RedisDispatch {
    /// A dispatch through the Redis at `url` (`redis://…` or `rediss://…`); all processes of one cluster use the same
    /// `prefix`. Redis need not be there yet.
    ///
    /// # Errors
    /// `invalid_configuration` where the address cannot be read.
    pub fn start(url: &str, prefix: &str) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|error| {
            let reason = error.detail().unwrap_or("it is malformed").to_lowercase();
            Error::permanent(ErrorCode::InvalidConfiguration, format!("the address of redis cannot be read: {reason}"))
                .hint("Write it as redis://:password@host:6379/0, or rediss:// for TLS")
        })?;
        let origin = Uuid::now_v7();
        let shared = Arc::new(Shared {
            client,
            stream: format!("{prefix}:tasks"),
            channel: format!("{prefix}:events"),
            consumer: origin.simple().to_string(),
            origin,
            wake: Notify::new(),
            waiting: AtomicUsize::new(0),
            somebody_waits: Notify::new(),
            events: broadcast::channel(EVENTS).0,
            is_away: AtomicBool::new(false),
        });
        let (outbox, messages) = mpsc::channel(QUEUE);
        let background = vec![
            tokio::spawn(Arc::clone(&shared).send_messages(messages)),
            tokio::spawn(Arc::clone(&shared).read_tasks()),
            tokio::spawn(Arc::clone(&shared).read_events()),
        ];
        Ok(Self { shared, outbox, background })
    }
}

impl Drop for RedisDispatch {
    fn drop(&mut self) {
        for task in &self.background {
            task.abort();
        }
    }
}

#[async_trait]
impl Dispatch for RedisDispatch {
    async fn notify(&self, tasks: &[TaskId]) {
        for task in tasks {
            if self.outbox.try_send(Message::Task(*task)).is_err() {
                // Redis does not keep up: at least this process looks.
                self.shared.wake.notify_one();
            }
        }
    }

    async fn wait(&self, timeout: Duration) {
        let timeout = if self.shared.is_away.load(Ordering::Relaxed) { timeout.min(POLL) } else { timeout };
        let _waiting = Waiting::new(&self.shared);
        let _ = tokio::time::timeout(timeout, self.shared.wake.notified()).await;
    }

    fn publish(&self, event: &RunEvent) {
        let event = Arc::new(event.clone());
        // It fails only where nobody listens here.
        let _ = self.shared.events.send(Arc::clone(&event));
        // Who misses an event reads the run: the queue is never waited for.
        let _ = self.outbox.try_send(Message::Event(event));
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<RunEvent>> {
        self.shared.events.subscribe()
    }
}

/// Counts a worker that waits, as long as it does, even if its future is dropped.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.waiting.fetch_add(1, Ordering::AcqRel);
        shared.somebody_waits.notify_one();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    async fn connect(&self, patience: Duration) -> RedisResult<MultiplexedConnection> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(patience));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    fn note_failure(&self, error: &RedisError) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %error, "redis is away; workers poll the metadata database until it is back");
            // Whoever waits looks now and then polls.
            self.wake.notify_waiters();
        }
    }

    fn note_success(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!("redis is back");
        }
    }

    async fn send_messages(self: Arc<Self>, mut messages: mpsc::Receiver<Message>) {
        let mut connection = None;
        let mut batch = Vec::with_capacity(BATCH);
        while messages.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(error) = self.send(&mut connection, &batch).await {
                self.note_failure(&error);
                connection = None;
                if batch.iter().any(|message| matches!(message, Message::Task(_))) {
                    self.wake.notify_one();
                }
            } else {
                self.note_success();
            }
            batch.clear();
        }
    }

    async fn send(&self, connection: &mut Option<MultiplexedConnection>, batch: &[Message]) -> RedisResult<()> {
        let mut pipeline = ::redis::pipe();
        for message in batch {
            match message {
                Message::Task(task) => {
                    let command = pipeline.cmd("XADD").arg(&self.stream).arg("MAXLEN").arg("~").arg(STREAM_LENGTH);
                    command.arg("*").arg("task").arg(task.to_string()).ignore();
                }
                Message::Event(event) => {
                    let envelope = Envelope { origin: self.origin, event: event.as_ref() };
                    if let Ok(text) = serde_json::to_string(&envelope) {
                        pipeline.cmd("PUBLISH").arg(&self.channel).arg(text).ignore();
                    }
                }
            }
        }
        if connection.is_none() {
            *connection = Some(self.connect(PATIENCE).await?);
        }
        match connection {
            Some(connection) => pipeline.query_async(connection).await,
            None => Ok(()),
        }
    }

    async fn read_tasks(self: Arc<Self>) {
        let mut connection = None;
        loop {
            // A process whose workers are all busy leaves the wake-ups to the others.
            while self.waiting.load(Ordering::Acquire) == 0 {
                self.somebody_waits.notified().await;
            }
            if let Err(error) = self.take_wake_ups(&mut connection).await {
                self.note_failure(&error);
                connection = None;
                tokio::time::sleep(PAUSE).await;
            } else {
                self.note_success();
            }
        }
    }

    async fn take_wake_ups(&self, connection: &mut Option<MultiplexedConnection>) -> RedisResult<()> {
        if connection.is_none() {
            // A connection of its own: a blocking read would hold up everything behind it.
            let mut fresh = self.connect(BLOCK + PATIENCE).await?;
            self.make_group(&mut fresh).await?;
            *connection = Some(fresh);
        }
        let Some(connection) = connection else { return Ok(()) };
        let mut read = ::redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg(&self.consumer).arg("COUNT").arg(WAKE_UPS);
        read.arg("BLOCK").arg(u64::try_from(BLOCK.as_millis()).unwrap_or(u64::MAX));
        read.arg("STREAMS").arg(&self.stream).arg(">");
        let reply = match read.query_async::<Option<StreamReadReply>>(connection).await {
            Ok(reply) => reply,
            // Redis was flushed, or somebody deleted the stream: make it again.
            Err(error) if error.code() == Some("NOGROUP") => return self.make_group(connection).await,
            Err(error) => return Err(error),
        };
        let ids: Vec<String> =
            reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).map(|entry| entry.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for _ in &ids {
            self.wake.notify_one();
        }
        let mut pipeline = ::redis::pipe();
        pipeline.cmd("XACK").arg(&self.stream).arg(GROUP).arg(&ids).ignore();
        pipeline.cmd("XDEL").arg(&self.stream).arg(&ids).ignore();
        pipeline.query_async(connection).await
    }

    /// Makes stream and group where they are missing, and forgets the consumers of processes that are gone.
    async fn make_group(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut create = ::redis::cmd("XGROUP");
        create.arg("CREATE").arg(&self.stream).arg(GROUP).arg("0").arg("MKSTREAM");
        match create.query_async::<()>(connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => return Err(error),
            _ => {}
        }
        let mut ask = Cmd::new();
        ask.arg("XINFO").arg("CONSUMERS").arg(&self.stream).arg(GROUP);
        // Tidying is a courtesy: where it is not allowed, the rest works.
        let consumers: Vec<std::collections::HashMap<String, ::redis::Value>> =
            ask.query_async(connection).await.unwrap_or_default();
        for consumer in consumers {
            let name: Option<String> = consumer.get("name").and_then(|value| ::redis::from_redis_value_ref(value).ok());
            let idle: Option<u64> = consumer.get("idle").and_then(|value| ::redis::from_redis_value_ref(value).ok());
            if let (Some(name), Some(idle)) = (name, idle)
                && idle > CONSUMER_GONE_MS
                && name != self.consumer
            {
                let mut remove = ::redis::cmd("XGROUP");
                remove.arg("DELCONSUMER").arg(&self.stream).arg(GROUP).arg(&name);
                let _ = remove.query_async::<()>(connection).await;
            }
        }
        Ok(())
    }

    async fn read_events(self: Arc<Self>) {
        loop {
            if let Err(error) = self.forward_events().await {
                self.note_failure(&error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Forwards what other processes publish until the connection ends.
    async fn forward_events(&self) -> RedisResult<()> {
        let connecting = tokio::time::timeout(PATIENCE, self.client.get_async_pubsub()).await;
        let timed_out = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let mut subscription = connecting.map_err(timed_out)??;
        subscription.subscribe(&self.channel).await?;
        self.note_success();
        let mut messages = subscription.on_message();
        while let Some(message) = messages.next().await {
            let Ok(envelope) = serde_json::from_slice::<Envelope<RunEvent>>(message.get_payload_bytes()) else {
                // Another release's event, or not ours at all.
                continue;
            };
            if envelope.origin != self.origin {
                let _ = self.events.send(Arc::new(envelope.event));
            }
        }
        Ok(())
    }
}
