//! A loopback web site that serves the sample files and takes alerts, as a provider and a chat room would.
//!
//! Alerts are believed only with a right signature (Standard Webhooks): the id, the time and the raw body under the
//! shared secret, not older than five minutes; a repeated id is taken once.

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tiny_http::{Header, Method, Request, Response, Server};

/// Longest body a receiver of alerts takes.
const MAX_ALERT: u64 = 64 * 1024;
/// How far the sender's clock may be from ours, in seconds.
const MAX_SKEW: u64 = 300;

/// An alert as it came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReceivedAlert {
    id: String,
    pub(crate) body: Value,
}

/// The running site; it ends with the program.
pub(crate) struct Site {
    address: String,
    secret: String,
    alerts: Arc<Mutex<Vec<ReceivedAlert>>>,
}

impl Site {
    /// Serves the files of `folder` on a free loopback port.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(|error| anyhow!("cannot listen: {error}"))?);
        let address = server.server_addr().to_ip().map(|address| format!("http://{address}"));
        let mut key = [0_u8; 24];
        fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        let site = Self {
            address: address.expect("the server listens on an IP address"),
            secret: format!("whsec_{}", STANDARD.encode(key)),
            alerts: Arc::default(),
        };
        for _ in 0..4 {
            let (server, folder, alerts) = (server.clone(), folder.to_owned(), site.alerts.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    answer(request, &folder, &key, &alerts);
                }
            });
        }
        Ok(site)
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the sender of alerts must sign with.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The alerts since the last call.
    pub(crate) fn take_alerts(&self) -> Vec<ReceivedAlert> {
        std::mem::take(&mut *self.alerts.lock().expect("no thread panics while it holds the list"))
    }
}

fn answer(mut request: Request, folder: &Path, key: &[u8], alerts: &Mutex<Vec<ReceivedAlert>>) {
    // A client that goes away before its answer is its own affair.
    let _ = match (request.method().clone(), request.url().to_owned()) {
        (Method::Post, url) if url == "/alerts" => match take_alert(&mut request, key) {
            Some(alert) => {
                let mut alerts = alerts.lock().expect("no thread panics while it holds the list");
                if alerts.iter().all(|known| known.id != alert.id) {
                    alerts.push(alert);
                }
                request.respond(Response::empty(204))
            }
            None => request.respond(Response::empty(401)),
        },
        (Method::Get | Method::Head, url) => match file_of(folder, &url).and_then(|file| fs::read(file).ok()) {
            Some(bytes) => {
                let kind = if url.ends_with(".csv") { "text/csv; charset=utf-8" } else { "application/json" };
                let header = Header::from_bytes("Content-Type", kind).expect("both kinds are plain ASCII");
                request.respond(Response::from_data(bytes).with_header(header))
            }
            None => request.respond(Response::empty(404)),
        },
        _ => request.respond(Response::empty(405)),
    };
}

/// The file a path names, never one outside the folder.
fn file_of(folder: &Path, url: &str) -> Option<PathBuf> {
    let path = Path::new(url.split('?').next()?.strip_prefix('/')?);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    inside.then(|| folder.join(path))
}

fn take_alert(request: &mut Request, key: &[u8]) -> Option<ReceivedAlert> {
    let header = |name: &'static str| {
        request.headers().iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str().to_owned())
    };
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let mut body = Vec::new();
    request.as_reader().take(MAX_ALERT).read_to_end(&mut body).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let is_fresh = timestamp.parse::<u64>().is_ok_and(|sent| now.abs_diff(sent) <= MAX_SKEW);
    if !is_fresh || !is_signed(key, &id, &timestamp, &body, &signatures) {
        return None;
    }
    Some(ReceivedAlert { id, body: serde_json::from_slice(&body).ok()? })
}

/// Whether one of the space-separated `v1,<base64>` signatures is right; compared in constant time.
fn is_signed(key: &[u8], id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks format with a key of 24 counted bytes.
    const BODY: &[u8] = br#"{"type":"run.failed","timestamp":"2023-11-14T22:13:20Z","data":{"run":7}}"#;
    const SIGNATURE: &str = "v1,rUeVLVZwx8xRffOyCAlJ3RZ8YrbdYIlfKjZtH1yvAx8=";

    fn check(id: &str, body: &[u8], signatures: &str, expected: bool) {
        let key: Vec<u8> = (0..24).collect();
        assert_eq!(is_signed(&key, id, "1700000000", body, signatures), expected);
    }

    #[test]
    fn a_right_signature_is_believed() {
        check("msg_demo1", BODY, SIGNATURE, true);
        check("msg_demo1", BODY, &format!("v1,AAAA {SIGNATURE}"), true);
    }

    #[test]
    fn a_changed_message_is_not() {
        check("msg_demo2", BODY, SIGNATURE, false);
        check("msg_demo1", b"{}", SIGNATURE, false);
        check("msg_demo1", BODY, "v1,AAAA", false);
        check("msg_demo1", BODY, "", false);
    }

    #[test]
    fn only_files_of_the_folder_are_served() {
        let folder = Path::new("data");
        assert_eq!(file_of(folder, "/spoiled/a.csv?x=1"), Some(folder.join("spoiled/a.csv")));
        assert_eq!(file_of(folder, "/../secret"), None);
        assert_eq!(file_of(folder, "//etc/passwd"), None);
    }
}
