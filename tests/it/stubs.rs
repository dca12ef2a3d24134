//! Services for plugins to speak to: real sockets, and answers after the services' published rules.
//!
//! One file for each family; a stub keeps what it received and can be told what to answer next.

pub(crate) mod baostock;
pub(crate) mod chat;
pub(crate) mod clickhouse;
pub(crate) mod market;
pub(crate) mod oidc;
pub(crate) mod prometheus;
pub(crate) mod stores;

use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tiny_http::{Header, Response, Server};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names and values, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lowercase, and values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

pub(crate) fn json_reply(status: u16, body: &Value) -> Reply {
    reply(status, body.to_string()).header("content-type", "application/json")
}

impl Reply {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A service on a free loopback port; it ends with the test binary.
pub(crate) struct Stub {
    /// `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    received: Arc<Mutex<Vec<Received>>>,
    planned: Arc<Mutex<VecDeque<Reply>>>,
}

impl Stub {
    pub(crate) fn start(mut serve: impl FnMut(&Received) -> Reply + Send + 'static) -> Self {
        let server = Server::http("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.server_addr().to_ip().unwrap());
        let (received, planned) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(VecDeque::new())));
        let stub = Self { base, received: received.clone(), planned: planned.clone() };
        std::thread::spawn(move || {
            for mut request in server.incoming_requests() {
                let mut body = Vec::new();
                request.as_reader().read_to_end(&mut body).unwrap();
                let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
                let found = Received {
                    method: request.method().to_string(),
                    path: decode(path),
                    query: pairs(query),
                    headers: request
                        .headers()
                        .iter()
                        .map(|it| (it.field.as_str().as_str().to_ascii_lowercase(), it.value.as_str().to_owned()))
                        .collect(),
                    body,
                };
                let answer = planned.lock().unwrap().pop_front().unwrap_or_else(|| serve(&found));
                received.lock().unwrap().push(found);
                let mut response = Response::from_data(answer.body).with_status_code(answer.status);
                for (name, value) in answer.headers {
                    response.add_header(Header::from_bytes(name, value).unwrap());
                }
                let _ = request.respond(response);
            }
        });
        stub
    }

    /// What the next request without a planned answer gets, whatever it asks.
    pub(crate) fn plan(&self, reply: Reply) {
        self.planned.lock().unwrap().push_back(reply);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Names and values of a query or a form.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// Percent-decoding; a plus is a plus.
fn decode(text: &str) -> String {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
