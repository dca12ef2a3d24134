//! The client's side of a WebSocket, as far as text messages go (RFC 6455).

use crate::http;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// An open socket.
pub(crate) struct WebSocket(TcpStream);

impl WebSocket {
    /// The bytes below, for whoever does not keep to the protocol.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.0
    }

    /// Asks for a socket; the error is the HTTP status of the refusal.
    pub(crate) fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut stream = http::connect(address);
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: graphql-transport-ws\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Byte by byte, so that nothing of the first frame is taken.
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let head = String::from_utf8(answer).unwrap();
        match http::status_of(&head) {
            101 => {
                assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the key was not answered: {head}");
                Ok(Self(stream))
            }
            status => Err(status),
        }
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &Value) {
        self.send_frame(TEXT, message.to_string().as_bytes());
    }

    /// The next message; the error is the code the server closed the socket with.
    pub(crate) fn next(&mut self) -> Result<Value, u16> {
        loop {
            let (kind, content) = self.read_frame();
            match kind {
                TEXT => return Ok(serde_json::from_slice(&content).unwrap()),
                PING => self.send_frame(PONG, &content),
                CLOSE => return Err(content.first_chunk().map_or(0, |code| u16::from_be_bytes(*code))),
                _ => {}
            }
        }
    }

    fn send_frame(&mut self, kind: u8, content: &[u8]) {
        let length = u16::try_from(content.len()).unwrap();
        let mut frame = vec![0x80 | kind];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        // A mask of zeros leaves the content as it is.
        frame.extend([0; 4]);
        frame.extend(content);
        self.0.write_all(&frame).unwrap();
    }

    fn read_frame(&mut self) -> (u8, Vec<u8>) {
        let [first, second] = self.read::<2>();
        assert_eq!(first & 0x80, 0x80, "the message comes in pieces");
        let length = match second {
            126 => u64::from(u16::from_be_bytes(self.read())),
            127 => u64::from_be_bytes(self.read()),
            length => u64::from(length),
        };
        let mut content = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut content).unwrap();
        (first & 0x0f, content)
    }

    fn read<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }
}
