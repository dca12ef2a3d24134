//! A few open connections, lent and given back.
//!
//! A connection comes back only when its user says it is clean; one that is dropped in the middle of a COPY or a
//! transaction is closed. Connections go to addresses that the [`Gate`] let through, never to the name itself; nothing
//! is locked while one is made, so that a server that does not answer holds up nobody else.

use super::config::Config;
use super::error::mapped;
use crate::Gate;
use data::inspection::PoolLoad;
use data::{Error, Result};
use futures::FutureExt;
use futures::future::{BoxFuture, Fuse};
use futures::task::AtomicWaker;
use model::ErrorCode;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Text comes in UTF-8 and times in UTC, whatever the server's defaults are.
pub(super) const SESSION: &str = "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; \
    SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; SET client_min_messages = warning; SET lock_timeout = '60s'";

/// The pool of one connection.
pub(super) struct Pool {
    pub(super) config: Config,
    pub(super) password: Option<String>,
    pub(super) driver: tokio_postgres::Config,
    pub(super) tls: MakeRustlsConnect,
    gate: Gate,
    /// How many statements of the console run at a time.
    pub(super) consoles: Arc<Semaphore>,
    open: AtomicU64,
    idle: Mutex<Vec<(Session, Instant)>>,
    permits: Arc<Semaphore>,
}

/// Statements of the console that run at the same time on one connection.
const CONSOLES: usize = 4;

struct Session {
    client: Client,
    driver: Arc<Driver>,
    socket: AbortHandle,
    pool: Weak<Pool>,
}

/// The end of a connection that reads and writes its socket, a future to be polled.
///
/// A task of its own does that. Who waits for much data may do it instead: a wake from thread to thread for every few
/// kilobytes costs more than to decode them.
struct Driver {
    connection: Mutex<Fuse<BoxFuture<'static, ()>>>,
    task: AtomicWaker,
}

impl Driver {
    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).poll_unpin(context)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.open.fetch_sub(1, Ordering::Relaxed);
        }
        // Closes the socket at once rather than after all that the server still has to say.
        self.socket.abort();
    }
}

impl Pool {
    pub(super) fn new(config: Config, password: Option<&str>, gate: &Gate) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            driver: config.driver(password),
            password: password.map(str::to_owned),
            tls: config.tls()?,
            gate: gate.clone(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(config.pool_size)),
            consoles: Arc::new(Semaphore::new(CONSOLES)),
            open: AtomicU64::new(0),
            config,
        }))
    }

    /// How many connections are open and lent.
    pub(super) fn load(&self) -> PoolLoad {
        let limit = self.config.pool_size as u64;
        PoolLoad {
            open: self.open.load(Ordering::Relaxed),
            busy: limit.saturating_sub(self.permits.available_permits() as u64),
            limit,
        }
    }

    /// The addresses that may be connected to; a Unix socket has none and is allowed where loopback is.
    pub(super) async fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let Config { host, port, .. } = &self.config;
        let is_socket = host.starts_with('/');
        let asked = if is_socket { "127.0.0.1" } else { host };
        let addresses = self.gate.resolve(asked, *port).await.map_err(|error| self.named(error))?;
        Ok(if is_socket { Vec::new() } else { addresses })
    }

    /// A connection of one's own until it is released or dropped.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Lent> {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let idle_timeout = Duration::from_secs(self.config.idle_timeout);
        let session = loop {
            let found = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match found {
                Some((session, since)) if !session.client.is_closed() && since.elapsed() < idle_timeout => {
                    break session;
                }
                Some(_) => {}
                None => break self.connect().await?,
            }
        };
        Ok(Lent { session: Some(session), pool: self.clone(), _permit: permit })
    }

    async fn connect(self: &Arc<Self>) -> Result<Session> {
        self.in_time(self.connect_anyhow()).await
    }

    async fn connect_anyhow(self: &Arc<Self>) -> Result<Session> {
        let mut driver = self.driver.clone();
        let addresses = self.addresses().await?;
        if addresses.is_empty() {
            driver.host(&self.config.host);
        }
        for address in addresses {
            // TLS goes on to verify the name.
            driver.host(&self.config.host).hostaddr(address.ip());
        }
        let (client, connection) =
            driver.connect(self.tls.clone()).await.map_err(|error| self.named(mapped(&error)))?;
        let connection = async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to PostgreSQL ended");
            }
        };
        let driver =
            Arc::new(Driver { connection: Mutex::new(connection.boxed().fuse()), task: AtomicWaker::default() });
        let driven = driver.clone();
        let socket = tokio::spawn(poll_fn(move |context| {
            driven.task.register(context.waker());
            driven.poll(context)
        }));
        self.open.fetch_add(1, Ordering::Relaxed);
        let session = Session { client, driver, socket: socket.abort_handle(), pool: Arc::downgrade(self) };
        self.prepare_session(&session.client).await?;
        Ok(session)
    }

    /// Settings of a new session, and where tables are looked for.
    pub(super) async fn prepare_session(&self, client: &Client) -> Result<()> {
        client.batch_execute(SESSION).await.map_err(|error| mapped(&error))?;
        if let Some(schema) = &self.config.schema {
            let path = format!("SET search_path = {}", crate::name::quote(schema));
            client.batch_execute(&path).await.map_err(|error| mapped(&error))?;
        }
        Ok(())
    }

    /// Ends an attempt to connect when it takes too long.
    pub(super) async fn in_time<T>(&self, connecting: impl Future<Output = Result<T>>) -> Result<T> {
        let limit = Duration::from_secs(self.config.connect_timeout.max(1));
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            let message = format!("the server does not answer within {limit:?}");
            Err(self.named(
                Error::transient(ErrorCode::ConnectionFailed, message)
                    .hint("Check host, port and firewalls between here and there."),
            ))
        })
    }

    /// The error of connecting, with the address and user it concerns.
    pub(super) fn named(&self, mut error: Error) -> Error {
        let Config { host, port, user, .. } = &self.config;
        error.fault.message = format!("`{host}:{port}` as user `{user}`: {}", error.fault.message);
        error
    }

    fn keep(self: &Arc<Self>, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((session, Instant::now()));
        let idle_timeout = Duration::from_secs(self.config.idle_timeout);
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(idle_timeout).await;
            if let Some(pool) = pool.upgrade() {
                let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|(_, since)| since.elapsed() < idle_timeout);
            }
        });
    }
}

/// A connection on loan.
pub(super) struct Lent {
    session: Option<Session>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// Reads and writes the socket in the caller's task, which is then the one that is woken. Every wait for another answer
    /// has to begin with [`Lent::hand_back`].
    pub(super) fn drive(&self, context: &mut Context<'_>) {
        if let Some(session) = &self.session {
            // That the connection has ended shows in the answer it was to bring.
            let _ = session.driver.poll(context);
        }
    }

    /// Lets the connection's own task read and write the socket again.
    pub(super) fn hand_back(&self) {
        if let Some(session) = &self.session {
            session.driver.task.wake();
        }
    }

    /// Closes the connection, on which nothing runs.
    pub(super) fn close(mut self) {
        self.session = None;
    }

    /// Gives the connection back for others; call it only with no transaction and no COPY open.
    pub(super) fn release(mut self) {
        if let Some(session) = self.session.take()
            && !session.client.is_closed()
        {
            self.pool.clone().keep(session);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        // The server may be busy with a long statement and would notice the closed socket only at its end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && !session.client.is_closed()
        {
            let (token, tls) = (session.client.cancel_token(), self.pool.tls.clone());
            runtime.spawn(async move {
                let _ = token.cancel_query(tls).await;
                drop(session);
            });
        }
    }
}

impl Deref for Lent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.session.as_ref().expect("a session is taken only at the end").client
    }
}
