//! HTTP as plain bytes over a socket: one request, one connection.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// What a server answered, whatever it is, and as what.
pub(crate) struct File {
    pub(crate) status: u16,
    head: String,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// The header of that name; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }
}

/// Sends a request and reads the answer, which is text, to its end.
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let file = download(address, method, path, headers, body);
    Answer { status: file.status, body: String::from_utf8(file.bytes).unwrap() }
}

/// Sends a request and reads the answer to its end.
pub(crate) fn download(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> File {
    let mut stream = begin(address, method, path, headers, body);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        panic!("no HTTP answer: {:?}", String::from_utf8_lossy(&answer));
    };
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut file = File { status: status_of(&head), head, bytes: answer.split_off(end + 4) };
    if file.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        file.bytes = join(&file.bytes);
    }
    file
}

/// Sends a request and leaves the answer to whoever wants it.
pub(crate) fn begin(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
    let mut stream = connect(address);
    let length = body.len();
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    stream
}

/// The content of a body that comes in chunks; one that breaks off is no body.
fn join(mut chunks: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = chunks.windows(2).position(|bytes| bytes == b"\r\n").expect("the body breaks off");
        let size = std::str::from_utf8(&chunks[..end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).unwrap();
        if size == 0 {
            return content;
        }
        let chunk = &chunks[end + 2..];
        assert!(chunk.len() >= size + 2, "the body breaks off");
        content.extend_from_slice(&chunk[..size]);
        chunks = &chunk[size + 2..];
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    stream
}

/// The status in an answer's first line.
pub(crate) fn status_of(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {head}"))
}
