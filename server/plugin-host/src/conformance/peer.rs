//! The other end of plain connections of a plugin that is checked: whatever address `check.toml` names leads here, where
//! it answers what is laid out, or misbehaves as the stub does.

use super::setup::Peer;
use super::stub::{Asked, Mode, Shared};
use crate::capability::names::{Names, SystemNames};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A longer message is no request.
const MESSAGE: usize = 16 << 20;

/// Where the names of `check.toml` lead.
pub(super) struct Peers {
    places: BTreeMap<String, SocketAddr>,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

impl Peers {
    /// One server for each address.
    pub(super) async fn start(laid: &[Peer], shared: &Arc<Shared>) -> io::Result<Self> {
        let mut peers = Self { places: BTreeMap::new(), servers: Vec::new() };
        for address in laid.iter().map(|peer| peer.address.clone()) {
            if peers.places.contains_key(&address) {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            peers.places.insert(address.clone(), listener.local_addr()?);
            let answers: Vec<Peer> = laid.iter().filter(|peer| peer.address == address).cloned().collect();
            let (shared, address) = (shared.clone(), Arc::<str>::from(address));
            peers.servers.push(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, address.clone(), answers.clone(), shared.clone()));
                }
            }));
        }
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
}

/// Speaks with one plugin until either side has enough.
async fn serve(mut stream: TcpStream, address: Arc<str>, answers: Vec<Peer>, shared: Arc<Shared>) {
    // Answers are small.
    let _ = stream.set_nodelay(true);
    let mut waiting = Vec::new();
    let mut greeted = false;
    loop {
        match shared.mode() {
            Mode::Laid => {}
            // A protocol of its own has no statuses.
            Mode::Status(_) | Mode::HangUp => return,
            Mode::Nonsense if waiting.is_empty() => {}
            Mode::Nonsense => {
                // Whoever hung up wants no answer.
                let _ = stream.write_all("\u{0}\u{fffd}]{\"<grün>,,\n".as_bytes()).await;
                return;
            }
        }
        let fits = |peer: &&Peer| match &peer.expect {
            None => !greeted && waiting.is_empty(),
            Some(part) => part.is_in(&waiting),
        };
        let found = answers.iter().find(fits).filter(|_| shared.mode() == Mode::Laid);
        greeted = true;
        if let Some(answer) = found {
            if !waiting.is_empty() {
                let body = std::mem::take(&mut waiting);
                let target = address.to_string();
                shared.note(Asked { method: "TCP".to_owned(), target, headers: String::new(), body });
            }
            if stream.write_all(&answer.send.0).await.is_err() || answer.close {
                return;
            }
            continue;
        }
        match stream.read_buf(&mut waiting).await {
            Ok(0) | Err(_) => return,
            Ok(_) if waiting.len() > MESSAGE => return,
            Ok(_) => {}
        }
    }
}
