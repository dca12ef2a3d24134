//! A server and two workers on PostgreSQL and Redis: work is shared, and a worker that dies takes none of it along.

use crate::databases::{Postgres, find_url};
use crate::program::Sluice;
use crate::server::{TestServer, TestWorker, is_final, wait_for};
use crate::site::{Gate, Site};
use serde_json::json;

const RUNS: usize = 100;

/// How many tasks one process runs at once.
const SLOTS: usize = 32;

#[test]
fn runs_of_a_killed_worker_are_taken_over_by_others() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(redis) = find_url("SLUICE_TEST_REDIS", "a cluster") else { return };
    let Some(metadata) = Postgres::create("a cluster") else { return };
    let Some(store) = Postgres::create("a cluster") else { return };
    let gate = Gate::default();
    let passed = gate.clone();
    let site = Site::start(move |_, _| {
        passed.pass();
        "[{\"part\": 1}, {\"part\": 2}]".to_owned()
    });
    let sluice = sluice.set("SLUICE_METADATA_URL", &metadata.url).set("SLUICE_DISPATCH_URL", &redis);
    sluice.call(&["connection", "add", "store", &store.url]);
    store.execute("CREATE TABLE parts (run text NOT NULL, part bigint NOT NULL)");
    let server = TestServer::start(sluice);
    let (mut first, _second) = (TestWorker::start(&server.sluice), TestWorker::start(&server.sluice));
    server.save(&format!(
        "name: small\nsteps:\n  - {{ id: rows, uses: fetch, with: {{ source: http, url: \"{}/rows\" }} }}\n  \
         - {{ id: named, uses: transform, from: rows, with: {{ sql: \"SELECT '${{{{ run.id }}}}' AS run, part FROM input\" }} }}\n  \
         - {{ id: kept, uses: write, from: named, with: {{ connection: store, table: parts, mode: append }} }}\n",
        site.base
    ));
    let runs: Vec<String> = (0..RUNS).map(|_| server.start_run("small", &json!({}))).collect();
    // More than two processes can hold: both workers have taken their share.
    wait_for("the share of the second worker", || site.asked() > 2 * SLOTS);
    first.kill();
    gate.open();
    for run in &runs {
        let view = server.wait_run(run);
        assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
        assert!(is_final(&view));
    }
    let whole = i64::try_from(RUNS).unwrap();
    assert_eq!(store.number("SELECT count(*) FROM parts"), Some(2 * whole));
    assert_eq!(store.number("SELECT count(DISTINCT run) FROM parts"), Some(whole));
    assert_eq!(store.number("SELECT max(n) FROM (SELECT count(*) AS n FROM parts GROUP BY run, part) AS c"), Some(1));
    assert!(site.asked() > RUNS, "nothing had to be taken over");
}
