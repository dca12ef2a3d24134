//! The socket: WebSocket and REST on one port, and the switches that make it fail.

use crate::store::Store;
use crate::{rest, websocket};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// How the server fails, from now on, at every query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// It does not.
    #[default]
    None,
    /// It sends a WebSocket close frame.
    CloseFrame,
    /// It closes the socket without a word.
    Drop,
    /// It closes the socket without a word in the middle of a result.
    DropWhileFetching,
    /// It takes so long to answer.
    Slow(Duration),
    /// It answers with this code.
    Refuse(u16),
}

/// What the server is like.
#[derive(Debug, Clone)]
pub struct StubOptions {
    /// The password of `root`.
    pub password: String,
    /// The version it tells.
    pub version: String,
}

impl Default for StubOptions {
    fn default() -> Self {
        Self { password: "taosdata".to_owned(), version: "3.3.6.0".to_owned() }
    }
}

/// A running server; dropping it stops it.
pub struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
}

/// What all connections see.
pub(crate) struct Shared {
    pub(crate) store: Mutex<Store>,
    pub(crate) fault: Mutex<Fault>,
    pub(crate) options: StubOptions,
    /// Connections accepted so far.
    accepted: AtomicU64,
    /// Statements run so far.
    pub(crate) statements: AtomicU64,
}

impl Shared {
    pub(crate) fn fault(&self) -> Fault {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stub {
    /// Starts a server on a free port of loopback, in a thread of its own.
    ///
    /// # Panics
    /// Where the machine gives no socket or no thread.
    #[must_use]
    pub fn start(options: StubOptions) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            store: Mutex::default(),
            fault: Mutex::default(),
            options,
            accepted: AtomicU64::new(0),
            statements: AtomicU64::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        std::thread::Builder::new()
            .name("tdengine-stub".to_owned())
            .spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
                runtime.block_on(async {
                    tokio::select! {
                        () = serve(listener, served) => {}
                        _ = stopped => {}
                    }
                });
            })
            .expect("a thread starts");
        Self { address, shared, stop: Some(stop) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it fails from now on.
    pub fn set_fault(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// How many statements it has run.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.shared.statements.load(Ordering::Relaxed)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    listener.set_nonblocking(true).expect("a socket can be asynchronous");
    let listener = TcpListener::from_std(listener).expect("a socket can be asynchronous");
    while let Ok((stream, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(connection(stream, shared.clone()));
    }
}

/// A GET is the beginning of a WebSocket, anything else is REST.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Answers are small, and tests ask many things.
    let _ = stream.set_nodelay(true);
    let mut head = [0u8; 5];
    let is_websocket = match stream.peek(&mut head).await {
        Ok(0) | Err(_) => return,
        Ok(_) => head.starts_with(b"GET /"),
    };
    if is_websocket {
        websocket::serve(stream, shared).await;
    } else {
        rest::serve(stream, shared).await;
    }
}
