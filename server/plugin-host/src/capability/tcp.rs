//! Capability `tcp`: plain connections to granted hosts and ports, with TLS where the plugin asks for it.
//!
//! A name is resolved here and each of its addresses held against the same rules as those of HTTP requests; what was
//! checked is what is connected to. Every wait has an end, and each direction of a connection a limit in bytes.

use super::always::clean;
use super::names::Names;
use super::refuse;
use crate::bindings::sluice::plugin::tcp;
use crate::bindings::sluice::plugin::types::{Error, ErrorKind};
use crate::grants::Grants;
use crate::limits::{Limits, human_size};
use crate::state::State;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasmtime::component::Resource;

/// As much as one read hands over.
const PIECE: usize = 4 << 20;
/// Connections that one instance may have open at once.
const OPEN: usize = 16;

/// An open connection.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection {
    stream: Stream,
    /// `host:port`, for messages.
    peer: String,
    received: u64,
    sent: u64,
    limit: u64,
    patience: Duration,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// TLS was begun and failed: nothing more can be said.
    Broken,
}

/// Connects to an address that is granted and allowed.
async fn connect(
    names: &dyn Names,
    grants: &Grants,
    plugin: &str,
    limits: &Limits,
    host: &str,
    port: u16,
    timeout_ms: Option<u32>,
) -> Result<Connection, Error> {
    let denied = |why: String| {
        let hint = "an administrator can grant it with `sluice plugin grant`";
        refuse(ErrorKind::Denied, format!("plugin `{plugin}` may not connect there: {}: {hint}", clean(&why, 300)))
    };
    let (host, permit) = grants.permit_tcp(host, port).map_err(denied)?;
    let peer = format!("{host}:{port}");
    let patience = timeout_ms.map_or(limits.http, |ms| limits.http.min(Duration::from_millis(u64::from(ms))));
    let work = async {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let found = names.look_up(name, port).await;
        let found = found.map_err(|error| refuse(ErrorKind::Transient, unreachable(&peer, &error)))?;
        let (mut allowed, mut refused) = (Vec::<SocketAddr>::new(), None);
        for address in found {
            match permit.rules().permits(&host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(why) => refused = Some(why),
            }
        }
        if let Some(why) = refused.filter(|_| allowed.is_empty()) {
            let what = "grant the host by its own name to allow it";
            return Err(refuse(
                ErrorKind::Denied,
                format!("plugin `{plugin}` may not connect to `{host}`: {why}: {what}"),
            ));
        }
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in allowed {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(refuse(ErrorKind::Transient, unreachable(&peer, &last)))
    };
    let stream = timeout(patience, work).await.map_err(|_| slow(&peer, "could not be reached", patience))??;
    Ok(Connection {
        stream: Stream::Plain(stream),
        peer,
        received: 0,
        sent: 0,
        limit: limits.body,
        patience: limits.http,
    })
}

fn unreachable(peer: &str, error: &io::Error) -> String {
    format!("`{peer}` cannot be reached: {}", clean(&error.to_string(), 300))
}

fn slow(peer: &str, what: &str, patience: Duration) -> Error {
    refuse(ErrorKind::Transient, format!("`{peer}` {what} within {patience:?}"))
}

impl Connection {
    fn broken(&self, error: &io::Error) -> Error {
        let message = format!("the connection to `{}` broke off: {}", self.peer, clean(&error.to_string(), 300));
        refuse(ErrorKind::Transient, message)
    }

    fn exceeded(&self, what: &str) -> Error {
        let limit = human_size(usize::try_from(self.limit).unwrap_or(usize::MAX));
        refuse(ErrorKind::Permanent, format!("what was {what} `{}` exceeds the limit of {limit}", self.peer))
    }

    async fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>, Error> {
        let patience = self.patience;
        let mut bytes = vec![0; max_bytes.clamp(1, PIECE)];
        let reading = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut bytes).await,
                Stream::Tls(stream) => stream.read(&mut bytes).await,
                Stream::Broken => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let read = timeout(patience, reading).await.map_err(|_| slow(&self.peer, "sent nothing", patience))?;
        let length = read.map_err(|error| self.broken(&error))?;
        self.received += length as u64;
        if self.received > self.limit {
            return Err(self.exceeded("received from"));
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let patience = self.patience;
        self.sent += bytes.len() as u64;
        if self.sent > self.limit {
            return Err(self.exceeded("sent to"));
        }
        let writing = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.write_all(bytes).await,
                Stream::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Stream::Broken => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let written = timeout(patience, writing).await.map_err(|_| slow(&self.peer, "took nothing", patience))?;
        written.map_err(|error| self.broken(&error))
    }

    async fn start_tls(&mut self, server_name: &str, config: Option<Arc<ClientConfig>>) -> Result<(), Error> {
        let shown = clean(server_name, 100);
        let name = ServerName::try_from(server_name.to_owned())
            .map_err(|_| refuse(ErrorKind::Permanent, format!("`{shown}` is no name of a server")))?;
        let config = config.ok_or_else(|| refuse(ErrorKind::Permanent, "TLS cannot be set up on this machine"))?;
        let stream = match std::mem::replace(&mut self.stream, Stream::Broken) {
            Stream::Plain(stream) => stream,
            other => {
                self.stream = other;
                return Err(refuse(
                    ErrorKind::Permanent,
                    format!("TLS was begun already on the connection to `{}`", self.peer),
                ));
            }
        };
        let begun = timeout(self.patience, TlsConnector::from(config).connect(name, stream)).await;
        let stream = begun.map_err(|_| slow(&self.peer, "did not agree on TLS", self.patience))?.map_err(|error| {
            // A certificate that is wrong stays wrong.
            let certificate = error.get_ref().is_some_and(|it| it.downcast_ref::<rustls::Error>().is_some());
            let kind = if certificate { ErrorKind::Permanent } else { ErrorKind::Transient };
            refuse(kind, format!("TLS with `{}` failed: {}", self.peer, clean(&error.to_string(), 300)))
        })?;
        self.stream = Stream::Tls(Box::new(stream));
        Ok(())
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl tcp::Host for State {
    async fn connect(&mut self, host: String, port: u16, timeout_ms: Option<u32>) -> Answer<Resource<Connection>> {
        self.host_call()?;
        if self.connections >= OPEN {
            let message = format!("plugin `{}` has {OPEN} connections open; no more are allowed", self.plugin);
            return Ok(Err(refuse(ErrorKind::Permanent, message)));
        }
        let (grants, limits) = (self.grants.clone(), self.meter.limits().clone());
        let names = self.web.names.clone();
        match connect(&*names, &grants, &self.plugin, &limits, &host, port, timeout_ms).await {
            Ok(connection) => {
                self.connections += 1;
                Ok(Ok(self.resources.push(connection)?))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

impl tcp::HostConnection for State {
    async fn read(&mut self, connection: Resource<Connection>, max_bytes: u32) -> Answer<Vec<u8>> {
        self.host_call()?;
        Ok(self.resources.get_mut(&connection)?.read(max_bytes as usize).await)
    }

    async fn write(&mut self, connection: Resource<Connection>, bytes: Vec<u8>) -> Answer<()> {
        self.host_call()?;
        Ok(self.resources.get_mut(&connection)?.write(&bytes).await)
    }

    async fn start_tls(&mut self, connection: Resource<Connection>, server_name: String) -> Answer<()> {
        self.host_call()?;
        let config = self.web.names.tls();
        Ok(self.resources.get_mut(&connection)?.start_tls(&server_name, config).await)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.resources.delete(connection)?;
        self.connections = self.connections.saturating_sub(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::names::SystemNames;
    use super::super::names::tests::Rebinding;
    use super::*;
    use tokio::net::TcpListener;

    fn granted(patterns: &[&str]) -> Grants {
        Grants { tcp: patterns.iter().map(|it| it.parse().unwrap()).collect(), ..Grants::default() }
    }

    async fn open(patterns: &[&str], limits: &Limits, host: &str, port: u16) -> Result<Connection, Error> {
        connect(&SystemNames, &granted(patterns), "reader", limits, host, port, None).await
    }

    fn error<T>(outcome: Result<T, Error>) -> Error {
        outcome.err().expect("it must fail")
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_the_end_is_empty() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 5];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(b"answer").await.unwrap();
            asked
        });
        let pattern = format!("127.0.0.1:{port}");
        let mut connection = open(&[&pattern], &Limits::default(), "127.0.0.1", port).await.unwrap();
        connection.write(b"hello").await.unwrap();
        let mut answer = Vec::new();
        loop {
            let piece = connection.read(4).await.unwrap();
            assert!(piece.len() <= 4);
            if piece.is_empty() {
                break;
            }
            answer.extend(piece);
        }
        assert_eq!(answer, b"answer");
        assert_eq!(&peer.await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn an_address_that_is_not_public_is_refused_by_what_it_resolves_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limits = Limits::default();
        let any = format!("*:{port}");
        for host in ["127.0.0.1", "2130706433", "localhost", "::ffff:127.0.0.1"] {
            assert_eq!(error(open(&[&any], &limits, host, port).await).kind, ErrorKind::Denied, "{host}");
        }
        assert_eq!(error(open(&[], &limits, "example.com", 9).await).kind, ErrorKind::Denied);
        let named = format!("localhost:{port}");
        assert!(open(&[&named], &limits, "localhost", port).await.is_ok());
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_private_address_is_not_followed_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // At first a public address, at which nobody answers here; then this machine, alone and among others.
        let names = Rebinding::new(&[&["223.255.255.254"], &["127.0.0.1"], &["127.0.0.1", "::1", "192.168.0.1"]]);
        let any = format!("*:{port}");
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let outcome =
                connect(&names, &granted(&[&any]), "reader", &Limits::default(), "rebind.example", port, Some(300))
                    .await;
            kinds.push(error(outcome).kind);
        }
        assert_eq!(kinds, [ErrorKind::Transient, ErrorKind::Denied, ErrorKind::Denied]);
        // One look-up for each connection: between check and use there is no second one.
        assert_eq!(*names.asked.lock().unwrap(), ["rebind.example"; 3]);
        let nobody = timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "something came");
        // A grant that names the host lets it be private.
        let named = format!("rebind.example:{port}");
        let limits = Limits::default();
        assert!(connect(&names, &granted(&[&named]), "reader", &limits, "rebind.example", port, None).await.is_ok());
    }

    #[tokio::test]
    async fn waiting_and_bytes_have_limits() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limits = Limits { http: Duration::from_millis(50), body: 10, ..Limits::default() };
        let pattern = format!("127.0.0.1:{port}");
        let mut connection = open(&[&pattern], &limits, "127.0.0.1", port).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let silent = error(connection.read(10).await);
        assert_eq!(silent.kind, ErrorKind::Transient);
        assert!(silent.message.contains("sent nothing within 50ms"), "{}", silent.message);
        peer.write_all(&[7; 11]).await.unwrap();
        let mut outcome = connection.read(100).await;
        while outcome.is_ok() {
            outcome = connection.read(100).await;
        }
        let error = error(outcome);
        assert!(error.message.contains("exceeds the limit of 10 bytes"), "{}", error.message);
        let error = self::error(connection.write(&[0; 11]).await);
        assert!(error.message.contains("sent to"), "{}", error.message);
    }

    #[tokio::test]
    async fn tls_with_what_speaks_none_fails_and_ends_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 plain text only\r\n").await.unwrap();
            let _ = stream.read(&mut [0; 100]).await;
        });
        let pattern = format!("127.0.0.1:{port}");
        let mut connection = open(&[&pattern], &Limits::default(), "127.0.0.1", port).await.unwrap();
        let tls = || SystemNames.tls();
        let failed = error(connection.start_tls("localhost", tls()).await);
        assert!(failed.message.contains("TLS with"), "{}", failed.message);
        assert_eq!(error(connection.read(1).await).kind, ErrorKind::Transient);
        assert!(error(connection.start_tls("localhost", tls()).await).message.contains("already"));
        assert!(error(connection.start_tls("no name", tls()).await).message.contains("no name of a server"));
    }
}
