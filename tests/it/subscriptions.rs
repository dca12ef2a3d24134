//! Run events over a WebSocket, as a browser listens to them.

use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use crate::site::{Gate, Site};
use crate::websocket::WebSocket;
use serde_json::{Value, json};
use std::io::Read as _;
use std::time::Duration;

const PATH: &str = "/graphql/ws";

fn init(token: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "token": token } })
}

fn subscribe(id: &str, run: &str) -> Value {
    let query = "subscription($run: String) { runEvents(run: $run) { runId status step stepStatus } }";
    json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": { "run": run } } })
}

#[test]
fn a_listener_hears_a_run_to_its_end() {
    let Some(sluice) = Sluice::find() else { return };
    let gate = Gate::default();
    let passed = gate.clone();
    let site = Site::start(move |_, _| {
        passed.pass();
        "[{\"a\": 1}, {\"a\": 2}]".to_owned()
    });
    let server = TestServer::start(sluice);
    server.save(&format!(
        "name: heard\nsteps:\n  - {{ id: rows, uses: fetch, with: {{ source: http, url: \"{}/rows\" }} }}\n  \
         - {{ id: after, uses: script, needs: [rows], with: {{ script: \"steps.rows.rows_out\" }} }}\n",
        site.base
    ));
    let ended = server.run_once("name: ended\nsteps:\n  - { id: a, uses: script, with: { script: \"1\" } }\n");
    let ended = ended["id"].as_str().unwrap();
    let run = server.start_run("heard", &json!({}));
    wait_for("the request of the first step", || site.asked() > 0);

    let own_page = format!("http://{}", server.address);
    let mut socket = WebSocket::open(server.address, PATH, &[("origin", &own_page)]).unwrap();
    socket.send(&init(&server.token));
    assert_eq!(socket.next().unwrap()["type"], "connection_ack");
    socket.send(&json!({ "type": "ping" }));
    assert_eq!(socket.next().unwrap()["type"], "pong");
    socket.send(&subscribe("held", &run));
    // The server begins operations in their order: when it has ended this one, it listens to the other.
    socket.send(&subscribe("ended", ended));
    assert_eq!(socket.next().unwrap(), json!({ "id": "ended", "type": "complete" }), "nothing more happens to it");
    gate.open();

    let mut heard = Vec::new();
    let end = loop {
        let message = socket.next().unwrap();
        match message["type"].as_str().unwrap() {
            "next" => heard.push(message["payload"]["data"]["runEvents"].clone()),
            _ => break message,
        }
    };
    assert_eq!(end["type"], "complete", "{end:#}");
    assert!(heard.iter().all(|event| event["runId"] == run.as_str()), "{heard:#?}");
    let steps = heard.iter().filter(|event| event["stepStatus"] == "SUCCEEDED");
    let steps: Vec<&str> = steps.map(|event| event["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["rows", "after"], "{heard:#?}");
    assert_eq!(heard.last().unwrap()["status"], "SUCCEEDED", "{heard:#?}");
}

#[test]
fn a_listener_need_not_say_anything_and_one_that_is_gone_is_let_go() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    server.save("name: late\nsteps:\n  - { id: a, uses: script, with: { script: \"1\" } }\n");
    let listen = || {
        let mut socket = WebSocket::open(server.address, PATH, &[]).unwrap();
        socket.send(&init(&server.token));
        assert_eq!(socket.next().unwrap()["type"], "connection_ack");
        let query = "subscription { runEvents { status } }";
        socket.send(&json!({ "id": "all", "type": "subscribe", "payload": { "query": query } }));
        socket
    };
    let (mut attentive, gone) = (listen(), listen().into_stream());
    let heard = std::thread::spawn(move || attentive.next().unwrap());
    // Nothing happens for longer than a silence may take, of whoever does not even answer the pings of the socket.
    std::thread::sleep(Duration::from_secs(40));
    assert!(!heard.is_finished(), "it is told nothing, and is not sent away");
    server.start_run("late", &json!({}));
    assert_eq!(heard.join().unwrap()["type"], "next");
    let mut left = Vec::new();
    (&gone).read_to_end(&mut left).unwrap();
    assert!(!left.is_empty(), "it was asked whether it is there, and the socket has ended");
}

#[test]
fn a_listener_that_falls_behind_misses_events_and_hears_the_end() {
    const LINES: usize = 100 * 500;
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let items: Vec<usize> = (0..100).collect();
    let words = "a few words that make the line long enough to fill what lies between a server and who does not listen";
    server.save(&format!(
        "name: flood\nsteps:\n  - id: each\n    uses: foreach\n    with:\n      items: {items:?}\n      steps:\n        \
         - {{ id: talk, uses: script, with: {{ script: 'for n in 0..500 {{ log(\"info\", \"{words}\"); }}' }} }}\n"
    ));
    let mut socket = WebSocket::open(server.address, PATH, &[]).unwrap();
    socket.send(&init(&server.token));
    assert_eq!(socket.next().unwrap()["type"], "connection_ack");
    let run = server.start_run("flood", &json!({}));
    let query = "subscription($run: String) { runEvents(run: $run) { status log { message } } }";
    let payload = json!({ "query": query, "variables": { "run": run } });
    socket.send(&json!({ "id": "slow", "type": "subscribe", "payload": payload }));
    assert_eq!(server.wait_run(&run)["status"], "SUCCEEDED");

    let (mut lines, mut last) = (0, Value::Null);
    loop {
        let message = socket.next().unwrap();
        match message["type"].as_str().unwrap() {
            "next" => last = message["payload"]["data"]["runEvents"].clone(),
            _ => break assert_eq!(message["type"], "complete", "{message:#}"),
        }
        lines += usize::from(last["log"].is_object());
    }
    assert!(lines > 0 && lines < LINES, "{lines}");
    assert_eq!(last["status"], "SUCCEEDED");
}

#[test]
fn strangers_do_not_listen() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    for origin in ["https://evil.example", "null"] {
        let refused = WebSocket::open(server.address, PATH, &[("origin", origin)]);
        assert_eq!(refused.err(), Some(401), "{origin}");
    }
    for first in [init("wrong"), json!({ "type": "connection_init" }), subscribe("1", "run_1")] {
        let mut socket = WebSocket::open(server.address, PATH, &[]).unwrap();
        socket.send(&first);
        let code = loop {
            match socket.next() {
                Ok(message) => assert_ne!(message["type"], "connection_ack", "{first}"),
                Err(code) => break code,
            }
        };
        assert!((4400..4500).contains(&code), "{first}: closed with {code}");
    }
    // Whoever says nothing at all holds no socket.
    let mut socket = WebSocket::open(server.address, PATH, &[]).unwrap();
    let code = std::iter::from_fn(|| Some(socket.next())).find_map(Result::err);
    assert_eq!(code, Some(4408));
    // Programs may send the header instead.
    let bearer = format!("Bearer {}", server.token);
    let mut socket = WebSocket::open(server.address, PATH, &[("authorization", &bearer)]).unwrap();
    socket.send(&json!({ "type": "connection_init" }));
    assert_eq!(socket.next().unwrap()["type"], "connection_ack");
    // What has the limits of a request is asked by one.
    socket.send(&json!({ "id": "q", "type": "subscribe", "payload": { "query": "{ me { name } }" } }));
    let answer = socket.next().unwrap();
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "bad_request", "{answer:#}");
}
