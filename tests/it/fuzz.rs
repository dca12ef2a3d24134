//! Requests made up from the server's own descriptions: by [`graphql`] from the schema, by [`rest`] from the OpenAPI; and
//! conversations over a WebSocket that keep to no protocol, by [`socket`].
//!
//! `cargo xtask fuzz` asks ten thousand of each, the tests some hundreds. Everything comes from one seed
//! (`SLUICE_FUZZ_SEED`), so that what has failed fails again: a failure tells the request itself. Nothing may answer with
//! 5xx or an internal error, nothing may panic, and the server's memory must not grow with the requests.

mod graphql;
mod random;
mod rest;
mod socket;

use crate::http::{self, Answer};
use crate::program::Sluice;
use crate::server::TestServer;
use random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Memory by which a server may grow over the second half of the requests, in MiB.
const GROWTH_MOST: u64 = 48;
/// Requests after which memory is looked at.
const SETTLED: usize = 2_000;
/// Codes that say that the server itself has failed.
const OWN_FAULTS: [&str; 2] = ["internal", "store_failed"];

/// How many requests, unless `SLUICE_FUZZ_REQUESTS` says otherwise.
const REQUESTS: usize = 300;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// A server with something of everything, and the names of it.
struct World {
    server: TestServer,
    /// Names and ids that are there.
    known: Vec<String>,
}

impl World {
    fn start() -> Option<Self> {
        let sluice = Sluice::find()?;
        for name in ["store", "other"] {
            let file = sluice.add_sqlite(name);
            let rows = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')";
            rusqlite::Connection::open(file).unwrap().execute_batch(rows).unwrap();
        }
        let server = TestServer::start(sluice);
        let text = "name: lab\nsteps:\n  - { id: x, uses: fetch, with: { connection: store, table: t } }\n";
        let workflow = server.save(text)["id"].as_str().unwrap().to_owned();
        let run = server.start_run("lab", &json!({}));
        server.wait_run(&run);
        let user = crate::access::add(&server, "ann", "EDITOR");
        let known = [workflow, run, user].into_iter().chain(["store", "other", "lab", "t", "ann"].map(str::to_owned));
        Some(Self { server, known: known.collect() })
    }

    /// Puts back what made-up requests may have removed.
    fn restore(&self) {
        let create =
            "mutation($name: String!, $url: String!) { createConnection(name: $name, input: { url: $url }) { name } }";
        for name in ["store", "other"] {
            let url = format!("sqlite://{}", self.server.sluice.folder.path().join(format!("{name}.db")).display());
            self.server.ask(create, json!({ "name": name, "url": url }));
        }
        let text = "name: lab\nsteps:\n  - { id: x, uses: fetch, with: { connection: store, table: t } }\n";
        self.server.ask(
            "mutation($text: String!) { saveWorkflow(text: $text) { problems { code } } }",
            json!({ "text": text }),
        );
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.server.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let file = http::download(self.server.address, method, path, &headers, body);
        Answer { status: file.status, body: String::from_utf8_lossy(&file.bytes).into_owned() }
    }
}

/// What has gone wrong, once for each kind of it.
#[derive(Default)]
struct Findings(BTreeMap<String, String>);

impl Findings {
    fn add(&mut self, what: String, request: &str) {
        self.0.entry(what).or_insert_with(|| request.chars().take(1_500).collect());
    }

    /// Looks at what every answer must be; 502 and 504 tell that a system behind a connection has failed.
    fn look(&mut self, about: &str, answer: &Answer, request: &str) {
        if answer.status >= 500 && ![502, 504].contains(&answer.status) {
            let told: String = answer.body.chars().take(200).collect();
            self.add(format!("{about}: {} {told}", answer.status), request);
        }
    }
}

/// Lets `ask` ask often enough; then nothing may have gone wrong, and nothing have grown.
fn fuzz(world: &World, mut ask: impl FnMut(&World, &mut Random, &mut Findings)) {
    let requests = usize::try_from(setting("SLUICE_FUZZ_REQUESTS", REQUESTS as u64)).unwrap();
    let mut random = Random::new(setting("SLUICE_FUZZ_SEED", 7));
    let mut findings = Findings::default();
    let mut half = 0;
    for index in 0..requests {
        if index == requests / 2 {
            half = memory(world);
        }
        if index % 200 == 0 {
            world.restore();
        }
        ask(world, &mut random, &mut findings);
    }
    let whole = memory(world);
    println!("{requests} requests; memory {half} MiB after half of them, {whole} MiB after all");
    let log = world.server.log();
    if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
        findings.add(format!("a panic: {line}"), &log);
    }
    assert!(findings.0.is_empty(), "{} findings: {:#?}", findings.0.len(), findings.0);
    // Before that it is still filling its caches and pools.
    if requests >= SETTLED {
        assert!(whole <= half + GROWTH_MOST, "memory has grown from {half} to {whole} MiB");
    }
    assert_eq!(world.server.ask("{ me { name } }", json!({}))["data"]["me"]["name"], "api");
}

/// What the server's process holds, in MiB; 0 where the system does not tell.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.server.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_024
}

/// The code of an error of GraphQL.
fn code_of(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap_or_default()
}
