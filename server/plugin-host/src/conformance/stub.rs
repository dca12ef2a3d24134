//! The HTTP server behind a plugin that is checked: answers what `check.toml` lays out, or misbehaves on request, and
//! remembers what it was asked.

use super::setup::Route;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How `check.toml` spells the stub's address.
const SPELLED: &str = "http://stub";
/// A longer request is cut.
const REQUEST: usize = 64 << 20;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As `check.toml` says.
    Laid,
    /// With this status, whatever is asked.
    Status(u16),
    /// With 200 and bytes that mean nothing.
    Nonsense,
    /// Not at all: it closes the connection.
    HangUp,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// Whether the other asks for the same: headers hold moments and signatures, which may differ.
    pub(super) fn is_repeat_of(&self, other: &Self) -> bool {
        self.method == other.method && self.target == other.target && self.body == other.body
    }

    /// Whether it carries that key anywhere.
    pub(super) fn names(&self, key: &str) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        self.target.contains(key) || self.headers.contains(key) || body.contains(key)
    }
}

/// Ends when it is dropped.
pub(super) struct Stub {
    port: u16,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

/// What it answers and was asked, shared with the stand-ins of databases.
pub(super) struct Shared {
    routes: Vec<Route>,
    state: Mutex<(Mode, Vec<Asked>)>,
}

impl Shared {
    /// Remembers what was asked, and tells how to answer.
    pub(super) fn note(&self, asked: Asked) -> Mode {
        let mut state = self.state();
        state.1.push(asked);
        state.0
    }

    /// How to answer.
    pub(super) fn mode(&self) -> Mode {
        self.state().0
    }

    fn state(&self) -> MutexGuard<'_, (Mode, Vec<Asked>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stub {
    pub(super) async fn start(routes: Vec<Route>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { routes, state: Mutex::new((Mode::Laid, Vec::new())) });
        let handler = shared.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, handler.clone()));
            }
        });
        Ok(Self { port, shared, server })
    }

    /// What stand-ins beside it share with it.
    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Its address.
    pub(super) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Writes its address wherever a text names the stub.
    pub(super) fn put_address(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = text.replace(SPELLED, &self.base()),
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_address(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.put_address(item)),
            _ => {}
        }
    }

    /// Answers in that way from now on.
    pub(super) fn answer(&self, mode: Mode) {
        self.shared.state().0 = mode;
    }

    /// Forgets what it was asked, and answers as `check.toml` says.
    pub(super) fn forget(&self) {
        *self.shared.state() = (Mode::Laid, Vec::new());
    }

    /// What it was asked since.
    pub(super) fn requests(&self) -> Vec<Asked> {
        self.shared.state().1.clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(asked) = read(&mut stream).await else { return };
    let mode = shared.note(asked.clone());
    let answer = match mode {
        Mode::HangUp => return,
        Mode::Status(status) => response(status, "", b"the service is not itself today"),
        Mode::Nonsense => response(200, "", "\u{0}\u{fffd}]{\"<grün>,,\n".as_bytes()),
        Mode::Laid => match shared.routes.iter().find(|route| fits(route, &asked)) {
            Some(route) => {
                let headers: String =
                    route.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                response(route.status, &headers, route.body.as_bytes())
            }
            None => response(404, "", b"`check.toml` lays out no answer for this"),
        },
    };
    // Whoever hung up wants no answer.
    let _ = stream.write_all(&answer).await;
}

fn fits(route: &Route, asked: &Asked) -> bool {
    let path = asked.target.split('?').next().unwrap_or_default();
    let path_fits = match route.path.strip_suffix('*') {
        Some(begin) => path.starts_with(begin),
        None => path == route.path,
    };
    let holds = |text: &String| {
        asked.target.contains(text.as_str()) || String::from_utf8_lossy(&asked.body).contains(text.as_str())
    };
    path_fits
        && route.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&asked.method))
        && route.contains.as_ref().is_none_or(holds)
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let bodiless = matches!(status, 204 | 304);
    let length = if bodiless { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let mut all = format!("HTTP/1.1 {status} Laid Out\r\n{headers}{length}connection: close\r\n\r\n").into_bytes();
    if !bodiless {
        all.extend_from_slice(body);
    }
    all
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut request = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let head = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0 && request.len() < REQUEST)?;
        request.extend_from_slice(&piece[..read]);
    };
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let (line, headers) = text.split_once("\r\n").unwrap_or((text.as_str(), ""));
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let wanted = length.unwrap_or(0).min(REQUEST);
    let mut body = request[head + 4..].to_vec();
    while body.len() < wanted {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&piece[..read]);
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Asked { method, target, headers: headers.to_owned(), body })
}
