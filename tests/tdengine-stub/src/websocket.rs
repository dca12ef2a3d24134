//! The WebSocket protocol of taosAdapter, as far as the client library goes.

use crate::block;
use crate::error::SqlError;
use crate::execute::{Answer, Rows, Session, run};
use crate::server::{Fault, Shared};
use futures::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Rows in one block, as the server cuts them.
const BLOCK_ROWS: usize = 4096;

pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let session = Session { version: shared.options.version.clone(), ..Session::default() };
    let mut client = Client { socket, shared, session, connected: false, results: HashMap::new(), next: 1 };
    while let Some(Ok(message)) = client.socket.next().await {
        let goes_on = match message {
            Message::Text(text) => client.text(&text).await,
            Message::Binary(bytes) => client.binary(&bytes).await,
            Message::Close(_) => break,
            _ => true,
        };
        if !goes_on {
            break;
        }
    }
}

struct Client {
    socket: WebSocketStream<TcpStream>,
    shared: Arc<Shared>,
    session: Session,
    connected: bool,
    /// Results with how many of their rows were fetched.
    results: HashMap<u64, (Rows, usize)>,
    next: u64,
}

impl Client {
    async fn send(&mut self, message: Message) -> bool {
        self.socket.send(message).await.is_ok()
    }

    async fn answer(&mut self, action: &str, request: u64, fields: Json) -> bool {
        let mut answer = json!({ "code": 0, "message": "", "action": action, "req_id": request, "timing": 1_000 });
        merge(&mut answer, fields);
        self.send(Message::Text(answer.to_string())).await
    }

    async fn refuse(&mut self, action: &str, request: u64, error: &SqlError) -> bool {
        let fields = json!({ "code": error.code, "message": error.message });
        self.answer(action, request, fields).await
    }

    async fn text(&mut self, text: &str) -> bool {
        let Ok(message) = serde_json::from_str::<Json>(text) else { return false };
        let action = message["action"].as_str().unwrap_or_default().to_owned();
        let args = &message["args"];
        let request = args["req_id"].as_u64().unwrap_or(0);
        match action.as_str() {
            "version" => {
                let version = self.shared.options.version.clone();
                self.answer("version", 0, json!({ "version": version })).await
            }
            "conn" => self.connect(request, args).await,
            "free_result" => {
                self.results.remove(&args["id"].as_u64().unwrap_or(0));
                true
            }
            _ if !self.connected => {
                let error = SqlError { code: 0xFFFF, message: "server not connected".to_owned() };
                self.refuse(&action, request, &error).await
            }
            "query" => {
                let sql = args["sql"].as_str().unwrap_or_default().to_owned();
                self.query("query", request, &sql).await
            }
            _ => {
                let error = SqlError { code: 0xFFFF, message: format!("unknown action {action}") };
                self.refuse(&action, request, &error).await
            }
        }
    }

    async fn connect(&mut self, request: u64, args: &Json) -> bool {
        if let Fault::Slow(time) = self.shared.fault() {
            tokio::time::sleep(time).await;
        }
        let known = args["user"] == "root" && args["password"] == self.shared.options.password.as_str();
        if !known {
            let error = SqlError { code: 0x0357, message: "Authentication failure".to_owned() };
            return self.refuse("conn", request, &error).await;
        }
        if let Some(database) = args["db"].as_str().filter(|database| !database.is_empty()) {
            let found = self.store(|store| store.database(database).map(|_| ()));
            if let Err(error) = found {
                return self.refuse("conn", request, &error).await;
            }
            self.session.database = Some(database.to_owned());
        }
        self.connected = true;
        self.answer("conn", request, json!({})).await
    }

    fn store<T>(&self, act: impl FnOnce(&mut crate::store::Store) -> T) -> T {
        act(&mut self.shared.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault the server is told to have; `false` where the connection ends here.
    async fn fail(&mut self) -> bool {
        match self.shared.fault() {
            Fault::CloseFrame => {
                // The client hears of it, or is gone already.
                let _ = self.socket.close(None).await;
                false
            }
            Fault::Drop => false,
            Fault::Slow(time) => {
                tokio::time::sleep(time).await;
                true
            }
            Fault::None | Fault::DropWhileFetching | Fault::Refuse(_) => true,
        }
    }

    async fn query(&mut self, action: &str, request: u64, sql: &str) -> bool {
        if !self.fail().await {
            return false;
        }
        if let Fault::Refuse(code) = self.shared.fault() {
            let error = SqlError { code, message: "told to refuse".to_owned() };
            return self.refuse(action, request, &error).await;
        }
        self.shared.statements.fetch_add(1, Ordering::Relaxed);
        let shared = self.shared.clone();
        let answer = {
            let mut store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
            run(&mut store, &mut self.session, sql)
        };
        match answer {
            Err(error) => self.refuse(action, request, &error).await,
            Ok(Answer::Changed(count)) => {
                let fields =
                    json!({ "id": 0, "is_update": true, "affected_rows": count, "fields_count": 0, "precision": 0 });
                self.answer(action, request, fields).await
            }
            Ok(Answer::Rows(rows)) => {
                let id = self.next;
                self.next += 1;
                let names: Vec<&str> = rows.columns.iter().map(|(name, _)| name.as_str()).collect();
                let types: Vec<u8> = rows.columns.iter().map(|(_, kind)| kind.code()).collect();
                let lengths: Vec<u32> = rows.columns.iter().map(|(_, kind)| kind.length()).collect();
                let fields = json!({
                    "id": id, "is_update": false, "affected_rows": 0, "fields_count": names.len(), "fields_names": names,
                    "fields_types": types, "fields_lengths": lengths, "precision": rows.precision.code(),
                });
                self.results.insert(id, (rows, 0));
                self.answer(action, request, fields).await
            }
        }
    }

    async fn binary(&mut self, bytes: &[u8]) -> bool {
        let word = |at: usize| bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map(u64::from_le_bytes);
        let (Some(request), Some(id), Some(action)) = (word(0), word(8), word(16)) else { return false };
        match action {
            6 if !self.connected => {
                let error = SqlError { code: 0xFFFF, message: "server not connected".to_owned() };
                self.refuse("binary_query", request, &error).await
            }
            6 => {
                let sql = String::from_utf8_lossy(bytes.get(30..).unwrap_or_default()).into_owned();
                self.query("binary_query", request, &sql).await
            }
            7 => self.fetch(request, id).await,
            _ => false,
        }
    }

    async fn fetch(&mut self, request: u64, id: u64) -> bool {
        let Some((rows, at)) = self.results.get_mut(&id) else {
            let error = Some((0xFFFF, "result is nil"));
            return self.send(Message::Binary(block::fetched(request, id, None, error))).await;
        };
        if *at > 0 && self.shared.fault() == Fault::DropWhileFetching {
            return false;
        }
        let end = rows.rows.len().min(*at + BLOCK_ROWS);
        if *at == end {
            self.results.remove(&id);
            return self.send(Message::Binary(block::fetched(request, id, None, None))).await;
        }
        let kinds: Vec<_> = rows.columns.iter().map(|(_, kind)| *kind).collect();
        let raw = block::raw(&kinds, &rows.rows[*at..end]);
        *at = end;
        self.send(Message::Binary(block::fetched(request, id, Some(&raw), None))).await
    }
}

fn merge(into: &mut Json, from: Json) {
    if let (Json::Object(into), Json::Object(from)) = (into, from) {
        into.extend(from);
    }
}
