//! Conversations over `/graphql/ws` that keep to no protocol: messages in a wrong order or of a wrong shape, frames that are
//! none, too large, binary or in pieces, many subscriptions, no token or a wrong one.

use super::random::Random;
use super::{Findings, OWN_FAULTS, World, fuzz};
use crate::websocket::WebSocket;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const PATH: &str = "/graphql/ws";
/// Bytes of a message that is too large.
const HUGE: usize = 300 << 10;
/// After that the server has forgotten a conversation; nothing takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

const TEXT: u8 = 1;

const OPERATIONS: &[&str] = &[
    "subscription { runEvents { runId status } }",
    "subscription($run: String) { runEvents(run: $run) { runId log { message } error { code } } }",
    "subscription { runEvents(run: \"run_00000000000000000000000000000000\") { runId } }",
    "subscription { a: runEvents { runId } b: runEvents { runId } }",
    "subscription { __typename }",
    "subscription { nothing }",
    "subscription {",
    "{ me { name } }",
    "{ workflows { __typename } }",
    "mutation { startRun(workflow: \"lab\") { id } }",
    "query A { me { name } } query B { me { name } }",
    "fragment f on Query { me { name } }",
    "",
];

#[test]
fn made_up_conversations_are_closed_or_answered_and_never_break_the_server() {
    let Some(world) = World::start() else { return };
    fuzz(&world, |world, random, findings| {
        let bearer = format!("Bearer {}", world.server.token);
        let by_header = random.percent(30);
        let headers = match by_header {
            true => vec![("authorization", bearer.as_str())],
            false if random.percent(5) => vec![("authorization", "Bearer wrong")],
            false if random.percent(5) => vec![("origin", "https://evil.example")],
            false => Vec::new(),
        };
        let mut stream = match WebSocket::open(world.server.address, PATH, &headers) {
            Ok(socket) => socket.into_stream(),
            Err(status) if [401, 403].contains(&status) => return,
            Err(status) => return findings.add(format!("a socket is refused by {status}"), &format!("{headers:?}")),
        };
        let mut said = Vec::new();
        let mut is_known = by_header;
        for _ in 0..=random.below(10) {
            let frames = frames(random, &world.known, &world.server.token, &mut is_known);
            said.push(String::from_utf8_lossy(&frames).chars().take(200).collect::<String>());
            // A server that has had enough closes, and what comes then is not written.
            if stream.write_all(&frames).is_err() {
                break;
            }
        }
        listen(&mut stream, is_known, findings, &said.join("\n"));
    });
}

/// The bytes of one or several frames; `is_known` becomes true where they may let somebody in.
fn frames(random: &mut Random, known: &[String], token: &str, is_known: &mut bool) -> Vec<u8> {
    let mut message = |random: &mut Random| message(random, known, token, is_known).to_string().into_bytes();
    match random.below(20) {
        0..10 => frame(true, TEXT, &message(random)),
        10 => {
            let spoiled = message(random);
            frame(true, TEXT, &random.spoil(spoiled))
        }
        11 => frame(true, TEXT, random.text(known).as_bytes()),
        12 => frame(true, 2, &message(random)),
        13 => {
            let whole = message(random);
            let (one, two) = whole.split_at(random.below(whole.len()));
            [frame(false, TEXT, one), frame(true, 9, b"between"), frame(true, 0, two)].concat()
        }
        14 => frame(true, TEXT, &vec![b'x'; HUGE]),
        15 => {
            (0..8).flat_map(|part| frame(part == 7, if part == 0 { TEXT } else { 0 }, &vec![b' '; HUGE / 6])).collect()
        }
        // Operations that the protocol does not know, and pieces of nothing.
        16 => frame(random.percent(50), random.below(16) as u8, &message(random)),
        17 => frame(true, 8, random.pick::<&[u8]>(&[b"", b"\x03", b"\x03\xe8bye", b"\xff\xff\xff"])),
        // Without a mask, or no frame at all.
        18 => [&[0x81_u8, 5][..], &b"plain"[..]].concat(),
        _ => {
            let bytes = frame(true, TEXT, &message(random));
            random.spoil(bytes)
        }
    }
}

/// A message of the protocol, more or less.
fn message(random: &mut Random, known: &[String], token: &str, is_known: &mut bool) -> Value {
    let id = random.pick(&["1", "2", "3", ""]).to_owned();
    match random.below(12) {
        0..3 => {
            *is_known = true;
            json!({ "type": "connection_init", "payload": { "token": token } })
        }
        3 => json!({ "type": "connection_init", "payload": { "token": random.text(known) } }),
        4 => json!({ "type": "connection_init", "payload": random.json(known, 2) }),
        5..9 => {
            let variables =
                if random.percent(70) { json!({ "run": random.text(known) }) } else { random.json(known, 2) };
            let payload = json!({ "query": random.pick(OPERATIONS), "variables": variables });
            json!({ "id": id, "type": "subscribe", "payload": payload })
        }
        9 => json!({ "id": id, "type": "complete" }),
        10 => json!({ "type": random.pick(&["ping", "pong", "next", "connection_ack", "subscribe", "start", ""]) }),
        _ => random.json(known, 3),
    }
}

/// A frame with a mask of zeros, which leaves the content as it is.
fn frame(is_last: bool, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![(u8::from(is_last) << 7) | kind];
    match content.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(content);
    frame
}

/// Hears what the server says until it has closed, which it must once nobody speaks any more.
fn listen(stream: &mut TcpStream, is_known: bool, findings: &mut Findings, said: &str) {
    // Some subscriptions have no end: the client says that it goes.
    let _ = stream.write_all(&frame(true, 8, b"\x03\xe8"));
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => heard.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return findings.add("a conversation has no end".to_owned(), said);
            }
            // What was on its way to a server that has closed already.
            Err(_) => break,
        }
    }
    for text in texts(&heard) {
        let Ok(message) = serde_json::from_str::<Value>(&text) else {
            findings.add(format!("no JSON: {}", text.chars().take(100).collect::<String>()), said);
            continue;
        };
        let kind = message["type"].as_str().unwrap_or_default();
        if !["connection_ack", "next", "error", "complete", "ping", "pong"].contains(&kind) {
            findings.add(format!("a message of the type `{kind}`"), said);
        }
        if !is_known && ["connection_ack", "next"].contains(&kind) {
            findings.add(format!("a stranger is told `{kind}`"), said);
        }
        let errors = if kind == "error" { &message["payload"] } else { &message["payload"]["errors"] };
        for error in errors.as_array().into_iter().flatten() {
            let code = super::code_of(error);
            if code.is_empty() || OWN_FAULTS.contains(&code) {
                findings.add(format!("{kind} {code}: {}", error["message"]), said);
            }
        }
    }
}

/// The text messages among the frames; the last may be cut off.
fn texts(mut bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (length, rest) = match (second & 0x7f, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (127, rest) if rest.len() >= 8 => {
                let (length, rest) = rest.split_at(8);
                (u64::from_be_bytes(length.try_into().unwrap()), rest)
            }
            (126 | 127, _) => break,
            (length, rest) => (u64::from(length), rest),
        };
        let Some(content) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else { break };
        if first & 0x0f == TEXT {
            found.push(String::from_utf8_lossy(content).into_owned());
        }
        bytes = &rest[content.len()..];
    }
    found
}
