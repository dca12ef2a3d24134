//! The other end of plain connections of a plugin that is checked: whatever address `check.toml` names leads here, where
//! it answers what is laid out, or misbehaves as the stub does.

use super::setup::{Peer, Tls};
use super::stub::{Asked, Mode, Shared};
use crate::capability::names::{Names, SystemNames, trusting};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A longer message is no request.
const MESSAGE: usize = 16 << 20;

/// Where the names of `check.toml` lead.
pub(super) struct Peers {
    places: BTreeMap<String, SocketAddr>,
    /// Trusts the certificates that those places show.
    trust: Option<Arc<ClientConfig>>,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

impl Peers {
    /// One server for each address.
    pub(super) async fn start(laid: &[Peer], shared: &Arc<Shared>) -> io::Result<Self> {
        let mut peers = Self { places: BTreeMap::new(), trust: None, servers: Vec::new() };
        let mut roots = RootCertStore::empty();
        for address in laid.iter().map(|peer| peer.address.clone()) {
            if peers.places.contains_key(&address) {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            peers.places.insert(address.clone(), listener.local_addr()?);
            let answers: Arc<[Peer]> = laid.iter().filter(|peer| peer.address == address).cloned().collect();
            let acceptor = match answers.iter().any(|answer| answer.tls.is_some()) {
                true => Some(certify(&address, &mut roots).map_err(io::Error::other)?),
                false => None,
            };
            let side = Arc::new(Side { address, answers, acceptor, shared: shared.clone() });
            peers.servers.push(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // Answers are small.
                    let _ = stream.set_nodelay(true);
                    let side = side.clone();
                    tokio::spawn(async move { side.serve(Box::new(stream)).await });
                }
            }));
        }
        peers.trust = trusting(roots);
        Ok(peers)
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.servers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

#[async_trait::async_trait]
impl Names for Peers {
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self.places.get(&format!("{host}:{port}")) {
            Some(place) => Ok(vec![*place]),
            None => SystemNames.look_up(host, port).await,
        }
    }

    fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.trust.clone()
    }
}

/// A certificate of its own for the host of that address, which becomes trusted.
fn certify(address: &str, roots: &mut RootCertStore) -> Result<TlsAcceptor, Box<dyn std::error::Error + Send + Sync>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec![host.to_owned()])?;
    roots.add(cert.der().clone())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A connection, in TLS or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// The other end of one address.
struct Side {
    address: String,
    answers: Arc<[Peer]>,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
}

impl Side {
    /// Speaks with one plugin until either side has enough.
    async fn serve(&self, mut wire: Box<dyn Wire>) {
        let mut waiting = Vec::new();
        let mut greeted = false;
        loop {
            match self.shared.mode() {
                Mode::Laid => {}
                // A protocol of its own has no statuses.
                Mode::Status(_) | Mode::HangUp => return,
                Mode::Nonsense if waiting.is_empty() => {}
                Mode::Nonsense => {
                    // Whoever hung up wants no answer.
                    let _ = wire.write_all("\u{0}\u{fffd}]{\"<grün>,,\n".as_bytes()).await;
                    return;
                }
            }
            let fits = |peer: &&Peer| match &peer.expect {
                None => !greeted && waiting.is_empty(),
                Some(part) => part.is_in(&waiting),
            };
            let found = self.answers.iter().find(fits).filter(|_| self.shared.mode() == Mode::Laid);
            greeted = true;
            if let Some(answer) = found {
                if !waiting.is_empty() {
                    let (body, target) = (std::mem::take(&mut waiting), self.address.clone());
                    self.shared.note(Asked { method: "TCP".to_owned(), target, headers: String::new(), body });
                }
                match self.answer(wire, answer).await {
                    Ok(Some(open)) => wire = open,
                    _ => return,
                }
                continue;
            }
            match wire.read_buf(&mut waiting).await {
                Ok(0) | Err(_) => return,
                Ok(_) if waiting.len() > MESSAGE => return,
                Ok(_) => {}
            }
        }
    }

    /// Sends an answer; gives the connection back where it goes on.
    async fn answer(&self, mut wire: Box<dyn Wire>, answer: &Peer) -> io::Result<Option<Box<dyn Wire>>> {
        if answer.tls == Some(Tls::Before) {
            wire = self.encrypt(wire).await?;
        }
        wire.write_all(&answer.send.0).await?;
        wire.flush().await?;
        if answer.tls == Some(Tls::After) {
            wire = self.encrypt(wire).await?;
        }
        if answer.close {
            wire.shutdown().await?;
            return Ok(None);
        }
        Ok(Some(wire))
    }

    async fn encrypt(&self, wire: Box<dyn Wire>) -> io::Result<Box<dyn Wire>> {
        let acceptor = self.acceptor.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Box::new(acceptor.accept(wire).await?))
    }
}
