//! A server of scripted answers on a real socket, for tests.

use super::{Client, ClientOptions};
use data::AddressRules;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers one connection per script entry, then stops.
pub(super) struct Stub {
    port: u16,
    task: JoinHandle<Vec<String>>,
}

impl Stub {
    pub(super) async fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let task = tokio::spawn(async move {
            let mut requests = Vec::new();
            for answer in answers {
                let Ok((mut socket, _)) = listener.accept().await else { break };
                requests.push(read_request(&mut socket).await);
                let answer = answer.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
            requests
        });
        Self { port, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was asked; ends when every answer was given.
    pub(super) async fn requests(self) -> Vec<String> {
        self.task.await.expect("the stub does not panic")
    }
}

async fn read_request(socket: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match socket.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return text,
        }
    }
}

/// A client that may reach loopback.
pub(super) fn local_client() -> Client {
    let rules = AddressRules { allow_private: true, ..AddressRules::default() };
    Client::new(ClientOptions { rules, max_body: 1000, max_download: 100_000, ..ClientOptions::default() })
        .expect("the TLS library starts")
}
