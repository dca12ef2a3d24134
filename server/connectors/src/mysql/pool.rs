//! Connections to one server: a pool for the data plane, and connections of their own for what may have to be cut off.
//!
//! Every connection goes to an address the gate let through; a name is resolved anew after a minute and after a failure.

use super::wire::Wire;
use super::{Config, error};
use crate::Gate;
use data::{Error, Result};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Pool};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How long an answer of the name server is used for new connections.
const RESOLVED_FOR: Duration = Duration::from_secs(60);

/// Who may lend connections to one server.
pub(super) struct Connections {
    pub(super) config: Arc<Config>,
    secret: Option<String>,
    gate: Gate,
    opened: Mutex<Option<Opened>>,
    console: Semaphore,
    reads: Arc<Semaphore>,
}

#[derive(Clone)]
struct Opened {
    resolved: Instant,
    addresses: Vec<IpAddr>,
    pool: Pool,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Connections {
    pub(super) fn new(config: Config, secret: Option<&str>, gate: &Gate) -> Self {
        let console = Semaphore::new(config.console_size.max(1));
        let reads = Arc::new(Semaphore::new(config.pool_size.max(1)));
        Self {
            config: Arc::new(config),
            secret: secret.map(str::to_owned),
            gate: gate.clone(),
            opened: Mutex::new(None),
            console,
            reads,
        }
    }

    /// A connection of the pool.
    pub(super) async fn pooled(&self) -> Result<Conn> {
        let pool = self.in_time("its name was not resolved in time", self.pool()).await??;
        match tokio::time::timeout(self.config.connect_timeout(), pool.get_conn()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(failed)) => {
                self.forget_addresses();
                Err(error::mapped(&self.config, &failed))
            }
            Err(_) if pool.metrics().connections_in_use.load(Ordering::Relaxed) >= self.config.pool_size => {
                Err(self.all_in_use())
            }
            Err(_) => {
                self.forget_addresses();
                Err(error::unreachable(&self.config, "no answer in time"))
            }
        }
    }

    fn all_in_use(&self) -> Error {
        let message = format!(
            "all {} connections to `{}:{}` are in use",
            self.config.pool_size, self.config.host, self.config.port
        );
        Error::transient(ErrorCode::ConnectionFailed, message)
            .hint("Raise the connection's `pool_size`, or run less at the same time.")
    }

    /// A connection to read a result by, and the place it takes among those.
    pub(super) async fn reading(&self) -> Result<(Wire, OwnedSemaphorePermit)> {
        let place = tokio::time::timeout(self.config.connect_timeout(), self.reads.clone().acquire_owned()).await;
        let place = place.map_err(|_| self.all_in_use())?.map_err(|_| self.all_in_use())?;
        let connecting = async {
            let addresses = self.opened().await?.addresses;
            Wire::connect(&self.config, self.secret.as_deref(), &addresses).await
        };
        let wire = self.in_time("no answer in time", connecting).await?;
        if wire.is_err() {
            self.forget_addresses();
        }
        Ok((wire?, place))
    }

    /// A connection outside of the pool, closed after use.
    pub(super) async fn alone(&self) -> Result<Conn> {
        self.open_alone(&self.config.user).await
    }

    /// A connection for one statement of the console, and the place it takes among those.
    pub(super) async fn console(&self) -> Result<(Conn, SemaphorePermit<'_>)> {
        let busy = || {
            Error::transient(
                ErrorCode::ConnectionFailed,
                format!("{} statements of the console run on this connection already", self.config.console_size),
            )
            .hint("Wait until one of them ends, or raise the connection's `console_size`.")
        };
        let place = tokio::time::timeout(self.config.connect_timeout(), self.console.acquire()).await;
        let place = place.map_err(|_| busy())?.map_err(|_| busy())?;
        let user = self.config.console_user.as_deref().unwrap_or(&self.config.user);
        Ok((self.open_alone(user).await?, place))
    }

    async fn open_alone(&self, user: &str) -> Result<Conn> {
        let connecting = async {
            let addresses = self.opened().await?.addresses;
            let options = self.config.options(self.secret.as_deref(), addresses).user(Some(user)).stmt_cache_size(0);
            Conn::new(Opts::from(options)).await.map_err(|e| error::mapped(&self.config, &e))
        };
        let connection = self.in_time("no answer in time", connecting).await?;
        if connection.is_err() {
            self.forget_addresses();
        }
        connection
    }

    /// Open, lent and most connections of the pool.
    pub(super) fn load(&self) -> (u64, u64, u64) {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, busy) = opened.as_ref().map_or((0, 0), |opened| {
            let metrics = opened.pool.metrics();
            let of = |count: &std::sync::atomic::AtomicUsize| count.load(Ordering::Relaxed) as u64;
            (of(&metrics.connection_count), of(&metrics.connections_in_use))
        });
        (open, busy, self.config.pool_size as u64)
    }

    pub(super) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// The addresses of the server that may be connected to.
    pub(super) async fn addresses(&self) -> Result<Vec<IpAddr>> {
        Ok(self.opened().await?.addresses)
    }

    async fn in_time<T>(&self, why: &str, work: impl Future<Output = T>) -> Result<T> {
        let timed = tokio::time::timeout(self.config.connect_timeout(), work).await;
        timed.map_err(|_| error::unreachable(&self.config, why))
    }

    async fn pool(&self) -> Result<Pool> {
        Ok(self.opened().await?.pool)
    }

    async fn opened(&self) -> Result<Opened> {
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(opened) = known.filter(|opened| opened.resolved.elapsed() < RESOLVED_FOR) {
            return Ok(opened);
        }
        let resolved = self.gate.resolve(&self.config.host, self.config.port).await?;
        let mut addresses: Vec<IpAddr> = resolved.iter().map(std::net::SocketAddr::ip).collect();
        addresses.dedup();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let same = opened.as_ref().filter(|opened| {
            opened.addresses.len() == addresses.len() && addresses.iter().all(|one| opened.addresses.contains(one))
        });
        let pool = match same {
            Some(opened) => opened.pool.clone(),
            // Connections of the old pool end when they come back to it.
            None => Pool::new(Opts::from(self.config.options(self.secret.as_deref(), addresses.clone()))),
        };
        let now = Opened { resolved: Instant::now(), addresses, pool };
        *opened = Some(now.clone());
        Ok(now)
    }

    fn forget_addresses(&self) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = opened.as_mut() {
            opened.resolved = opened.resolved.checked_sub(RESOLVED_FOR).unwrap_or(opened.resolved);
        }
    }
}

/// Ends a session of its own where it is dropped before [`CutOff::done`]: the server would go on with its statement, and
/// the driver would read the rest of the rows.
pub(super) struct CutOff {
    connections: Arc<Connections>,
    user: String,
    session: Option<u32>,
}

impl CutOff {
    /// Watches over a session that [`Connections::console`] opened.
    pub(super) fn console(connections: &Arc<Connections>, session: u32) -> Self {
        let config = &connections.config;
        let user = config.console_user.as_ref().unwrap_or(&config.user).clone();
        Self { connections: connections.clone(), user, session: Some(session) }
    }

    /// Watches over a session that [`Connections::alone`] opened.
    pub(super) fn alone(connections: &Arc<Connections>, session: u32) -> Self {
        let user = connections.config.user.clone();
        Self { connections: connections.clone(), user, session: Some(session) }
    }

    /// Nothing is left to cut.
    pub(super) fn done(&mut self) {
        self.session = None;
    }
}

impl Drop for CutOff {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (connections, user) = (self.connections.clone(), std::mem::take(&mut self.user));
        runtime.spawn(async move { kill(&connections, &user, session).await });
    }
}

/// Ends a session of `user`, by another connection of the same user. What fails is logged: nobody waits for it.
pub(super) async fn kill(connections: &Connections, user: &str, session: u32) {
    let killed = async {
        let mut connection = connections.open_alone(user).await?;
        let killed = connection.query_drop(format!("KILL {session}")).await;
        // The answer has been given; closing fails only where it is closed.
        let _ = connection.disconnect().await;
        killed.map_err(|e| error::mapped(&connections.config, &e))
    };
    if let Err(failed) = killed.await {
        tracing::debug!(session, %failed, "a session could not be ended; it may have ended by itself");
    }
}
