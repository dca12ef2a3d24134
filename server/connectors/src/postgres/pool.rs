//! A few open connections, lent and given back.
//!
//! A connection comes back only when its user says it is clean; one that is dropped in the middle of a COPY or a transaction is closed.

use super::config::Config;
use super::error::mapped;
use data::{Error, Result};
use model::ErrorCode;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Text comes in UTF-8 and times in UTC, whatever the server's defaults are.
const SESSION: &str = "SET client_encoding = 'UTF8'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; \
    SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; SET client_min_messages = warning; SET lock_timeout = '60s'";

/// The pool of one connection.
pub(super) struct Pool {
    config: Config,
    driver: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    idle: Mutex<Vec<(Session, Instant)>>,
    permits: Arc<Semaphore>,
}

struct Session {
    client: Client,
    socket: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        // Closes the socket at once rather than after all that the server still has to say.
        self.socket.abort();
    }
}

impl Pool {
    pub(super) fn new(config: Config, password: Option<&str>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            driver: config.driver(password),
            tls: config.tls()?,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(config.pool_size)),
            config,
        }))
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

    async fn connect(&self) -> Result<Session> {
        let limit = Duration::from_secs(self.config.connect_timeout.max(1));
        let connecting = async {
            let (client, connection) = match self.driver.connect(self.tls.clone()).await {
                Ok(connected) => connected,
                Err(error) => return Err(self.named(mapped(&error))),
            };
            let socket = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = %error, "a connection to PostgreSQL ended");
                }
            });
            let session = Session { client, socket: socket.abort_handle() };
            session.client.batch_execute(SESSION).await.map_err(|error| mapped(&error))?;
            if let Some(schema) = &self.config.schema {
                let path = format!("SET search_path = {}", crate::name::quote(schema));
                session.client.batch_execute(&path).await.map_err(|error| mapped(&error))?;
            }
            Ok(session)
        };
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            let message = format!("the server does not answer within {limit:?}");
            Err(self.named(
                Error::transient(ErrorCode::ConnectionFailed, message)
                    .hint("Check host, port and firewalls between here and there."),
            ))
        })
    }

    /// The error of connecting, with the address and user it concerns.
    fn named(&self, mut error: Error) -> Error {
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
