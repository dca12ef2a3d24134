//! How soon a thousand sockets that listen to all runs have heard the end of one, and what they cost.

use crate::bench::load;
use crate::bench::sluice::{Sluice, noops};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// Runs of which all are to hear, one after the other.
const RUNS: usize = 50;
/// How long one may take to reach everybody.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn measure(program: &Path, subscribers: usize) -> Result<Value> {
    let server = Sluice::start(program, None, &[noops("brief", 1)])?;
    let token = server.token()?;
    let before_mib = server.resident_mib();
    let (told, ends) = mpsc::channel();
    let opened = Instant::now();
    for _ in 0..subscribers {
        let mut socket = subscribe(server.port, &token).with_context(|| server.see())?;
        let told = told.clone();
        // Reading takes little; a stack of its usual size for each would take much.
        std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
            while let Ok(message) = socket.read() {
                if let Message::Text(text) = message
                    && text.contains("\"SUCCEEDED\"")
                    && told.send(()).is_err()
                {
                    return;
                }
            }
        })?;
    }
    let opened = opened.elapsed();
    let request = server.hook("brief");
    let mut latencies = Vec::new();
    for _ in 0..RUNS {
        let sent = Instant::now();
        load::call_once(&request)?;
        for heard in 0..subscribers {
            if ends.recv_timeout(PATIENCE).is_err() {
                bail!("only {heard} of {subscribers} heard of a run within {PATIENCE:?}; {}", server.see());
            }
        }
        latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
    }
    latencies.sort_by(f64::total_cmp);
    let (p50, worst) = (latencies[RUNS / 2], latencies[RUNS - 1]);
    let each_kib = (server.resident_mib() - before_mib) * 1024.0 / (subscribers.max(1) as f64);
    println!(
        "{subscribers} subscribers, opened in {:.1} s: all have heard of a run {p50:.0} ms after it was asked for \
         (at worst {worst:.0} ms); each takes {each_kib:.0} KiB of the server",
        opened.as_secs_f64()
    );
    Ok(json!({ "count": subscribers, "p50_ms": p50, "worst_ms": worst, "kib_each": each_kib }))
}

/// A socket that hears of the state of every run.
fn subscribe(port: u16, token: &str) -> Result<WebSocket<TcpStream>> {
    let mut request = format!("ws://127.0.0.1:{port}/graphql/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let stream = TcpStream::connect(("127.0.0.1", port)).context("cannot connect")?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tungstenite::client(request, stream).context("the server opens no socket")?;
    socket.send(Message::Text(json!({ "type": "connection_init", "payload": { "token": token } }).to_string()))?;
    let answer = next(&mut socket)?;
    ensure!(answer.contains("connection_ack"), "the server answered {answer}");
    let mut ask = |id: &str, query: &str| -> Result<()> {
        let message = json!({ "id": id, "type": "subscribe", "payload": { "query": query } });
        Ok(socket.send(Message::Text(message.to_string()))?)
    };
    ask("all", "subscription { runEvents { runId status } }")?;
    // The server begins operations in their order: when it has refused this one, it listens to the other.
    ask("none", "subscription { runEvents(run: \"none\") { runId } }")?;
    while !next(&mut socket)?.contains("\"none\"") {}
    Ok(socket)
}

/// The next text; pings are answered meanwhile.
fn next(socket: &mut WebSocket<TcpStream>) -> Result<String> {
    loop {
        if let Message::Text(text) = socket.read()? {
            return Ok(text);
        }
    }
}
