//! A session for one statement of the console: opened for it, closed after it, and never lent to anybody else.
//!
//! Its stream counts the bytes that come in between two rows, so that a single value of a gigabyte ends the session rather
//! than the server's memory.

use crate::name::quote;
use crate::postgres::error::mapped;
use crate::postgres::pool::Pool;
use data::{Error, Result};
use model::ErrorCode;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, IsolationLevel, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What may come in beyond the limit of bytes: protocol, and the rows of one fetch.
const SLACK: u64 = 4 << 20;

/// Bytes that came in since somebody took a row.
#[derive(Debug, Clone)]
pub(super) struct Meter(Arc<Counter>);

#[derive(Debug)]
struct Counter {
    read: AtomicU64,
    most: u64,
    exceeded: AtomicBool,
}

impl Meter {
    pub(super) fn reset(&self) {
        self.0.read.store(0, Ordering::Relaxed);
    }
}

/// Where a connection goes.
#[derive(Debug, Clone)]
enum Place {
    Address(SocketAddr),
    Socket(String),
}

/// A stream to the server.
#[derive(Debug)]
enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls the stream, whichever it is.
macro_rules! on_wire {
    ($wire:expr, $stream:ident => $call:expr) => {
        match &mut *$wire {
            Wire::Tcp($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Wire::Unix($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        on_wire!(self, stream => stream.poll_read(context, out))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        on_wire!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        on_wire!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        on_wire!(self, stream => stream.poll_shutdown(context))
    }
}

/// A stream that stops when too much comes in unread.
struct Metered {
    wire: Wire,
    meter: Meter,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let counter = self.meter.0.clone();
        if counter.read.load(Ordering::Relaxed) > counter.most {
            counter.exceeded.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(std::io::Error::other("a row is larger than the limit of bytes")));
        }
        let before = out.filled().len();
        let polled = Pin::new(&mut self.wire).poll_read(context, out);
        counter.read.fetch_add((out.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

/// The session.
pub(super) struct Session {
    client: Client,
    socket: AbortHandle,
    place: Place,
    pool: Arc<Pool>,
    meter: Meter,
    is_done: bool,
    bytes: u64,
    _permit: OwnedSemaphorePermit,
}

impl Session {
    /// Waits for a place among the console's sessions and opens one.
    pub(super) async fn open(pool: &Arc<Pool>, write: bool, bytes: u64) -> Result<Self> {
        let permit = pool.consoles.clone().acquire_owned().await.expect("the semaphore is never closed");
        pool.in_time(async {
            let addresses = pool.addresses().await?;
            let mut places: Vec<Place> = addresses.into_iter().map(Place::Address).collect();
            if places.is_empty() {
                let file = format!("{}/.s.PGSQL.{}", pool.config.host, pool.config.port);
                places.push(Place::Socket(file));
            }
            let meter = Meter(Arc::new(Counter {
                read: AtomicU64::new(0),
                most: bytes.saturating_add(SLACK),
                exceeded: AtomicBool::new(false),
            }));
            let mut refused = None;
            for place in places {
                match connect(pool, &place, &meter).await {
                    Ok((client, socket)) => {
                        let session = Self {
                            client,
                            socket,
                            place,
                            pool: pool.clone(),
                            meter,
                            is_done: false,
                            bytes,
                            _permit: permit,
                        };
                        session.restrict(write).await?;
                        return Ok(session);
                    }
                    Err(error) => refused = Some(error),
                }
            }
            Err(pool.named(refused.expect("there is at least one place")))
        })
        .await
    }

    /// Settings of the session; for reading only, also the role and the default of every transaction.
    async fn restrict(&self, write: bool) -> Result<()> {
        self.pool.prepare_session(&self.client).await?;
        if write {
            return Ok(());
        }
        let mut settings = "SET default_transaction_read_only = on".to_owned();
        if let Some(role) = &self.pool.config.console_role {
            settings.push_str(&format!("; SET ROLE {}", quote(role)));
        }
        self.client.batch_execute(&settings).await.map_err(|error| {
            let mut told = mapped(&error);
            if let Some(role) = &self.pool.config.console_role {
                told.fault.message = format!("the role `{role}` of the console: {}", told.fault.message);
            }
            told
        })
    }

    pub(super) fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Begins the transaction of the statement, with its limits.
    pub(super) async fn begin(&mut self, write: bool, time: Duration) -> Result<Transaction<'_>> {
        let builder = self.client.build_transaction();
        let builder = match write {
            true => builder.isolation_level(IsolationLevel::ReadCommitted),
            // A second attempt sees the same rows.
            false => builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true),
        };
        let transaction = builder.start().await.map_err(|error| mapped(&error))?;
        let millis = time.as_millis().clamp(1, 86_400_000);
        let limits = format!(
            "SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {millis}; \
             SET LOCAL idle_in_transaction_session_timeout = {}",
            millis + 10_000
        );
        transaction.batch_execute(&limits).await.map_err(|error| mapped(&error))?;
        Ok(transaction)
    }

    /// Nothing runs any more.
    pub(super) fn done(&mut self) {
        self.is_done = true;
    }

    /// The error, or the limit that was its reason.
    pub(super) fn explained(&self, error: Error) -> Error {
        if !self.meter.0.exceeded.load(Ordering::Relaxed) {
            return error;
        }
        Error::permanent(
            ErrorCode::ValueRefused,
            format!("a row of the answer is larger than the limit of {} bytes", self.bytes),
        )
        .hint("Ask for fewer or shorter columns: `left(text, 1000)`.")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let (token, place, pool, socket) =
            (self.client.cancel_token(), self.place.clone(), self.pool.clone(), self.socket.clone());
        if self.is_done || self.client.is_closed() {
            socket.abort();
            return;
        }
        // The server would notice a closed socket only when its statement ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let canceled = tokio::time::timeout(Duration::from_secs(5), cancel(token, place, pool)).await;
                if canceled.is_err() {
                    tracing::debug!("a statement of the console could not be canceled; its time-out ends it");
                }
                socket.abort();
            });
        } else {
            socket.abort();
        }
    }
}

/// Asks the server to stop the statement; that it was asked is all one learns.
async fn cancel(token: CancelToken, place: Place, pool: Arc<Pool>) {
    let Ok(wire) = open_wire(place).await else { return };
    let mut tls = pool.tls.clone();
    let Ok(tls) = <MakeRustlsConnect as MakeTlsConnect<Wire>>::make_tls_connect(&mut tls, &pool.config.host);
    let _ = token.cancel_query_raw(wire, tls).await;
}

async fn open_wire(place: Place) -> std::io::Result<Wire> {
    Ok(match place {
        Place::Address(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Wire::Tcp(stream)
        }
        Place::Socket(file) => Wire::Unix(UnixStream::connect(file).await?),
    })
}

async fn connect(pool: &Arc<Pool>, place: &Place, meter: &Meter) -> Result<(Client, AbortHandle)> {
    let wire = open_wire(place.clone()).await.map_err(|error| {
        Error::transient(ErrorCode::ConnectionFailed, format!("the PostgreSQL server refuses connections: {error}"))
            .hint("Check `port` of the connection, and that the server runs.")
    })?;
    let mut driver = pool.driver.clone();
    if matches!(place, Place::Socket(_)) {
        // There is no TLS over a Unix socket.
        driver.ssl_mode(SslMode::Disable);
    }
    let mut tls = pool.tls.clone();
    let Ok(tls) = <MakeRustlsConnect as MakeTlsConnect<Metered>>::make_tls_connect(&mut tls, &pool.config.host);
    let metered = Metered { wire, meter: meter.clone() };
    let (client, connection) = driver.connect_raw(metered, tls).await.map_err(|error| mapped(&error))?;
    let socket = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a session of the console ended");
        }
    });
    Ok((client, socket.abort_handle()))
}
