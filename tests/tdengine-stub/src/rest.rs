//! `POST /rest/sql[/database]`: one statement in, JSON out.

use crate::execute::{Answer, Session, run, time};
use crate::server::{Fault, Shared};
use crate::value::{Precision, Type, Value};
use base64::Engine;
use serde_json::{Value as Json, json};
use std::sync::{Arc, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some((head, body)) = read(&mut stream).await else { return };
    match shared.fault() {
        Fault::CloseFrame | Fault::Drop => return,
        Fault::Slow(time) => tokio::time::sleep(time).await,
        _ => {}
    }
    let (status, answer) = respond(&shared, &head, &body);
    let text = answer.to_string();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    // The client may be gone; it then hears nothing.
    let _ = stream.write_all(response.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                return Some((head, body));
            }
        }
        if bytes.len() > 4 << 20 || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn respond(shared: &Shared, head: &str, body: &str) -> (&'static str, Json) {
    let error = |code: u16, desc: &str| json!({ "code": code, "desc": desc });
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let Some(database) = path.strip_prefix("/rest/sql") else {
        return ("404 Not Found", error(0xFFFF, "no such path"));
    };
    let Some(auth) = header(head, "authorization") else { return ("401 Unauthorized", error(0x1105, "no auth info")) };
    let Some(basic) = auth.strip_prefix("Basic ") else {
        return ("401 Unauthorized", error(0x1122, "invalid auth type"));
    };
    let decoded =
        base64::engine::general_purpose::STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(decoded) = decoded else { return ("401 Unauthorized", error(0x1124, "invalid basic auth")) };
    if decoded != format!("root:{}", shared.options.password) {
        return ("200 OK", error(0x0357, "Authentication failure"));
    }
    if body.trim().is_empty() {
        return ("400 Bad Request", error(0xFFFF, "no msg got"));
    }
    let mut store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
    let database = Some(database.trim_start_matches('/')).filter(|name| store.databases.contains_key(*name));
    let mut session = Session { database: database.map(str::to_owned), version: shared.options.version.clone() };
    match run(&mut store, &mut session, body) {
        Err(fault) => ("200 OK", error(fault.code, &fault.message)),
        Ok(Answer::Changed(count)) => {
            ("200 OK", json!({ "code": 0, "column_meta": [["affected_rows", "INT", 4]], "data": [[count]], "rows": 1 }))
        }
        Ok(Answer::Rows(rows)) => {
            let meta: Vec<Json> =
                rows.columns.iter().map(|(name, kind)| json!([name, kind.word(), kind.length()])).collect();
            let data: Vec<Vec<Json>> = rows
                .rows
                .iter()
                .map(|row| {
                    row.iter().zip(&rows.columns).map(|(value, column)| cell(value, column.1, rows.precision)).collect()
                })
                .collect();
            ("200 OK", json!({ "code": 0, "column_meta": meta, "data": data, "rows": data.len() }))
        }
    }
}

fn cell(value: &Value, kind: Type, precision: Precision) -> Json {
    match (value, kind) {
        (Value::Null, _) => Json::Null,
        (Value::Int(at), Type::Timestamp) => json!(time::rfc3339(*at as i64, precision)),
        (Value::Bool(value), _) => json!(value),
        (Value::Int(number), Type::Int(64, false)) => json!(*number as u64),
        (Value::Int(number), _) => json!(*number as i64),
        (Value::Float(number), Type::Float) => json!(*number as f32),
        (Value::Float(number), _) => json!(number),
        (value, _) => json!(value.text(precision, Some(kind))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Stub, StubOptions};
    use base64::Engine;
    use serde_json::{Value as Json, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn post(stub: &Stub, password: &str, sql: &str) -> (String, Json) {
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("root:{password}"));
        let mut stream = tokio::net::TcpStream::connect(stub.address()).await.unwrap();
        let request = format!(
            "POST /rest/sql HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {auth}\r\nContent-Length: {}\r\n\r\n{sql}",
            sql.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
    }

    #[tokio::test]
    async fn a_statement_is_answered_in_json() {
        let stub = Stub::start(StubOptions::default());
        let run = async |sql: &str| post(&stub, "taosdata", sql).await.1;
        assert_eq!(run("CREATE DATABASE d").await["code"], 0);
        run("CREATE TABLE d.t (ts TIMESTAMP, u BIGINT UNSIGNED, n NCHAR(5))").await;
        let changed = run("INSERT INTO d.t VALUES ('2026-01-02 02:00:00.5', 18446744073709551615, '浦发')").await;
        assert_eq!(changed["data"], json!([[1]]));
        let rows = run("SELECT * FROM d.t").await;
        assert_eq!(rows["data"], json!([["2026-01-02T02:00:00.500Z", 18_446_744_073_709_551_615u64, "浦发"]]));
        assert_eq!(rows["column_meta"][1], json!(["u", "BIGINT UNSIGNED", 8]));
        assert_eq!(run("SELECT * FROM d.x").await["code"], 0x2603);
        let (status, body) = post(&stub, "wrong", "SHOW DATABASES").await;
        assert_eq!((status.as_str(), body["code"].as_u64()), ("HTTP/1.1 200 OK", Some(0x0357)));
    }
}
