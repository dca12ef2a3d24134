//! Connections, and calls that always end.
//!
//! The client library waits for ever where the server vanishes without a word, and panics on answers it does not know.
//! So every call here has a time limit, a panic becomes a failure, and a connection that failed is never used again.

use super::error::Failure;
use super::{Config, relay};
use crate::address::Gate;
use data::connector::System;
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use taos::taos_query::common::Field;
use taos::taos_query::{Address, AsyncFetchable, AsyncQueryable, Dsn, RawBlock, RawError};
use taos::{ResultSet, Taos, TaosBuilder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A connection unused for longer is asked for a sign of life before it is used again.
const FRESH: Duration = Duration::from_secs(2);
/// How long that sign may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How often a waiting call makes the socket show whether its other end is still there.
const NUDGE: Duration = Duration::from_secs(3);

/// The connections of one connector.
pub(super) struct Pool {
    config: Arc<Config>,
    secret: Option<String>,
    gate: Gate,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Arc<Taos>, Instant)>>,
}

/// A connection, lent.
pub(super) struct Session {
    taos: Arc<Taos>,
    pool: Arc<Pool>,
    /// Whether nothing was left half-done.
    sound: bool,
    /// Whether it may be used again.
    keep: bool,
    _permit: OwnedSemaphorePermit,
}

/// Rows of a query that are still to be fetched.
pub(super) struct Cursor {
    /// Boxed: the library keeps a pointer to it while a block is on its way.
    result: Box<ResultSet>,
}

impl Cursor {
    pub(super) fn fields(&self) -> &[Field] {
        AsyncFetchable::fields(&*self.result)
    }

    pub(super) fn precision(&self) -> taos::taos_query::common::Precision {
        AsyncFetchable::precision(&*self.result)
    }
}

impl Pool {
    pub(super) fn new(config: Arc<Config>, secret: Option<&str>, gate: &Gate) -> Self {
        let permits = Arc::new(Semaphore::new(config.pool_size.max(1)));
        Self { config, secret: secret.map(str::to_owned), gate: gate.clone(), permits, idle: Mutex::default() }
    }

    pub(super) fn limit(&self) -> usize {
        self.config.pool_size.max(1)
    }

    pub(super) fn busy(&self) -> usize {
        self.limit() - self.permits.available_permits()
    }

    pub(super) fn idle(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Arc<Taos>, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that was just seen alive, or a new one.
    pub(super) async fn session(self: &Arc<Self>) -> Result<Session, Failure> {
        let waiting = self.permits.clone().acquire_owned();
        let permit = match tokio::time::timeout(self.config.query_timeout(), waiting).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(Failure::Lost("the pool is closed".to_owned())),
            Err(_) => {
                let message = format!("all {} connections of the pool are busy", self.limit());
                let error = data::Error::transient(model::ErrorCode::ConnectionFailed, message)
                    .hint("Raise `pool_size` of the connection, or run fewer steps on it at the same time.");
                return Err(Failure::Other(Box::new(error)));
            }
        };
        loop {
            let kept = self.kept().pop();
            let Some((taos, used)) = kept else { break };
            if used.elapsed() < FRESH || alive(&taos).await {
                return Ok(Session { taos, pool: self.clone(), sound: true, keep: true, _permit: permit });
            }
        }
        let taos = Arc::new(self.connect().await?);
        Ok(Session { taos, pool: self.clone(), sound: true, keep: true, _permit: permit })
    }

    async fn connect(&self) -> Result<Taos, Failure> {
        let deadline = Instant::now() + self.config.connect_timeout();
        let resolving = self.gate.resolve(&self.config.host, self.config.port);
        let addresses = match tokio::time::timeout_at(deadline, resolving).await {
            Ok(found) => found.map_err(|error| Failure::Other(Box::new(error)))?,
            Err(_) => return Err(Failure::Lost("its name was not resolved in time".to_owned())),
        };
        let mut failed = Failure::Lost("it has no address".to_owned());
        for address in addresses {
            // The address is connected to, not the name: a name may lead elsewhere by now.
            let relay = match tokio::time::timeout_at(deadline, relay::open(address)).await {
                Ok(Ok(relay)) => relay,
                Ok(Err(error)) => {
                    failed = Failure::Lost(error.to_string());
                    continue;
                }
                Err(_) => return Err(Failure::Lost("no answer in time".to_owned())),
            };
            let dsn = Dsn {
                driver: "ws".to_owned(),
                protocol: None,
                username: Some(self.config.user.clone()),
                password: Some(self.secret.clone().unwrap_or_else(|| "taosdata".to_owned())),
                addresses: vec![Address::new(relay.ip().to_string(), relay.port())],
                path: None,
                subject: self.config.database.clone(),
                params: std::collections::BTreeMap::new(),
            };
            let opening = AssertUnwindSafe(open(dsn)).catch_unwind();
            failed = match tokio::time::timeout_at(deadline, opening).await {
                Ok(Ok(Ok(taos))) => return Ok(taos),
                Ok(Ok(Err(error))) => Failure::of(&error),
                Ok(Err(panic)) => Failure::Broken(words(panic.as_ref())),
                Err(_) => return Err(Failure::Lost("no answer in time".to_owned())),
            };
            // Whoever refuses a password has been reached.
            if matches!(failed, Failure::Server(..) | Failure::Broken(_)) {
                break;
            }
        }
        Err(failed)
    }
}

async fn open(dsn: Dsn) -> Result<Taos, RawError> {
    let builder = TaosBuilder::from_dsn(dsn)?;
    let taos = taos::taos_query::AsyncTBuilder::build(&builder).await?;
    // The library connects at the first query.
    AsyncQueryable::exec(&taos, "SELECT SERVER_STATUS()").await?;
    Ok(taos)
}

async fn alive(taos: &Taos) -> bool {
    let asking = AssertUnwindSafe(AsyncQueryable::exec(taos, "SELECT SERVER_STATUS()")).catch_unwind();
    matches!(tokio::time::timeout(SIGN_OF_LIFE, asking).await, Ok(Ok(Ok(_))))
}

/// What a panic said, without anything of ours in it.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    crate::error::shortened(said.unwrap_or("the client library panicked"))
}

impl Session {
    /// Closes the connection once it is given back, instead of lending it again.
    pub(super) fn discard(&mut self) {
        self.keep = false;
    }

    /// Runs a statement; tells how many rows changed.
    pub(super) async fn exec(&mut self, sql: &str) -> Result<u64, Failure> {
        let taos = self.taos.clone();
        let limit = self.pool.config.query_timeout();
        self.wait(limit, AsyncQueryable::exec(&*taos, sql)).await.map(|count| count as u64)
    }

    /// Runs a query; its rows are fetched as they are asked for.
    pub(super) async fn query(&mut self, sql: &str) -> Result<Cursor, Failure> {
        let limit = self.pool.config.query_timeout();
        self.query_within(sql, limit).await
    }

    pub(super) async fn query_within(&mut self, sql: &str, limit: Duration) -> Result<Cursor, Failure> {
        let taos = self.taos.clone();
        let result = self.wait(limit, AsyncQueryable::query(&*taos, sql)).await?;
        Ok(Cursor { result: Box::new(result) })
    }

    /// The next rows, or `None` at the end.
    pub(super) async fn fetch(&mut self, cursor: &mut Cursor) -> Result<Option<RawBlock>, Failure> {
        let limit = self.pool.config.query_timeout();
        self.fetch_within(cursor, limit).await
    }

    pub(super) async fn fetch_within(
        &mut self,
        cursor: &mut Cursor,
        limit: Duration,
    ) -> Result<Option<RawBlock>, Failure> {
        let fetching = std::future::poll_fn(|context| AsyncFetchable::fetch_raw_block(&mut *cursor.result, context));
        self.wait(limit, fetching).await
    }

    /// Waits for an answer, for as long as `limit`; the connection is fit for further use only if one came.
    async fn wait<T>(
        &mut self,
        limit: Duration,
        call: impl Future<Output = Result<T, RawError>>,
    ) -> Result<T, Failure> {
        self.sound = false;
        let call = AssertUnwindSafe(call).catch_unwind();
        tokio::pin!(call);
        let deadline = Instant::now() + limit;
        let mut nudges = tokio::time::interval_at(Instant::now() + NUDGE, NUDGE);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut call => break done,
                () = tokio::time::sleep_until(deadline) => return Err(Failure::Silent(limit)),
                _ = nudges.tick() => nudge(self.taos.clone()),
            }
        };
        match done {
            Ok(Ok(answer)) => {
                self.sound = true;
                Ok(answer)
            }
            Ok(Err(error)) => {
                let failure = Failure::of(&error);
                self.sound = failure.is_sound();
                Err(failure)
            }
            Err(panic) => Err(Failure::Broken(words(panic.as_ref()))),
        }
    }
}

/// Writes to the socket: where the other end is gone, the library notices only then, and fails the call that waits.
fn nudge(taos: Arc<Taos>) {
    tokio::spawn(async move { alive(&taos).await });
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.sound && self.keep {
            self.pool.kept().push((self.taos.clone(), Instant::now()));
        } else if !self.sound {
            // What broke this connection has likely broken those that wait beside it.
            self.pool.kept().clear();
            tracing::debug!(system = System::Tdengine.as_str(), "connection given up");
        }
    }
}
