//! SIGKILL at random moments of a worker, of the server, and of the target's database server, which is started again on the
//! same data folder. At the end the target is row for row the source.
//!
//! The long form, by hand: `SLUICE_TEST_SOAK=1 cargo test -p tests --test it migrate::kills`.

use super::{Chance, KEYLESS, LOOKS, assert_same, document, fill, kills, rows};
use crate::databases::{Postgres, sqlite_number};
use crate::private::Private;
use crate::program::Sluice;
use crate::server::{PATIENCE, TestServer, TestWorker, is_final, wait_for};
use serde_json::json;
use std::time::{Duration, Instant};

/// Codes of runs that were cut off again and again and are given up; a person lets them go on.
const CUT_OFF: [&str; 3] = ["worker_lost", "connection_failed", "statement_failed"];

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Worker,
    Server,
    Database,
}

/// Runs the migration again and again until enough was killed; `number` looks at the target, `empty` makes its table anew.
fn outlive(
    server: &mut TestServer,
    source: &std::path::Path,
    mut kill: impl FnMut(&mut TestServer, &mut Chance),
    number: impl Fn(&str) -> Option<i64>,
    empty: impl Fn(),
) {
    let mut chance = Chance::new();
    server.save(&document("append"));
    let (mut done, mut runs, mut given_up) = (0, 0, 0);
    let began = Instant::now();
    while done < kills() {
        empty();
        let run = server.start_run("move", &json!({}));
        runs += 1;
        let started = Instant::now();
        let mut due = Instant::now() + Duration::from_millis(chance.below(1_500));
        let mut seen = 0;
        loop {
            let view = server.run(&run);
            let code = view["error"]["code"].as_str().unwrap_or_default().to_ascii_lowercase();
            if is_final(&view) && CUT_OFF.contains(&code.as_str()) {
                given_up += 1;
                server.retry(&run);
            } else if is_final(&view) {
                break;
            }
            assert!(started.elapsed() < 8 * PATIENCE, "the run does not come to its end: {view:#}");
            let written = number(LOOKS[0]).unwrap_or(0);
            // One of three comes blindly; the others wait until something was achieved since the one before.
            if done < kills() && Instant::now() >= due && (done % 3 == 0 || written > seen) {
                println!("with {written} of {} rows written", rows());
                seen = written;
                kill(server, &mut chance);
                done += 1;
                due = Instant::now() + Duration::from_millis(500 + chance.below(1_500));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let view = server.wait_run(&run);
        assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
        for look in LOOKS {
            assert_eq!(number(look), sqlite_number(source, look), "{look}");
        }
    }
    let (rows, seconds) = (rows(), began.elapsed().as_secs());
    println!("{done} kills in {runs} runs of {rows} rows, {given_up} of them let go on, {seconds} s");
}

#[test]
fn a_migration_outlives_worker_server_and_database() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(metadata) = Postgres::create("whatever is killed") else { return };
    let Some(mut database) = Private::postgres("whatever is killed") else { return };
    let target = Postgres::create_on(&format!("postgres://postgres@127.0.0.1:{}/postgres", database.port));
    let sluice = sluice.set("SLUICE_METADATA_URL", &metadata.url);
    let source = sluice.add_sqlite("source");
    fill(&source, rows());
    sluice.call(&["connection", "add", "target", &target.url]);
    let mut server = TestServer::start(sluice);
    let mut workers = vec![TestWorker::start(&server.sluice), TestWorker::start(&server.sluice)];
    let mut order = Vec::new();
    let kill = |server: &mut TestServer, chance: &mut Chance| {
        if order.is_empty() {
            // Each of them once, in any order.
            order = vec![Victim::Worker, Victim::Server, Victim::Database];
        }
        let most = order.len() as u64;
        let victim = order.swap_remove(usize::try_from(chance.below(most)).unwrap());
        println!("killed: {victim:?}");
        match victim {
            Victim::Worker => {
                workers.remove(0).kill();
                workers.push(TestWorker::start(&server.sluice));
            }
            Victim::Server => {
                server.kill();
                server.restart();
            }
            Victim::Database => {
                database.kill();
                std::thread::sleep(Duration::from_millis(chance.below(1_000)));
                database.start();
                wait_for("the database to have recovered", || target.number("SELECT 1") == Some(1));
            }
        }
    };
    let empty = || target.execute(&format!("DROP TABLE IF EXISTS orders, _sluice_ledger; {KEYLESS}"));
    outlive(&mut server, &source, kill, |sql| target.number(sql), empty);
    assert_same(&source, &target);
}

#[test]
fn a_migration_outlives_its_mariadb() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(database) = Private::mariadb("a killed MariaDB") else { return };
    let says = |database: &Private, sql: &str| {
        let output = database.mariadb_says(&format!("SET NAMES utf8mb4; SET sql_mode = 'PIPES_AS_CONCAT'; {sql}"));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    says(&database, "CREATE DATABASE target CHARACTER SET utf8mb4");
    let source = sluice.add_sqlite("source");
    fill(&source, rows());
    let url = format!("mysql://root@127.0.0.1:{}/target", database.port);
    sluice.call(&["connection", "add", "target", &url]);
    let mut server = TestServer::start(sluice);
    let database = std::cell::RefCell::new(database);
    let number = |sql: &str| {
        // MariaDB casts to `signed` what others cast to `bigint`.
        let sql = sql.replace("AS bigint", "AS signed").replace("FROM orders", "FROM target.orders");
        says(&database.borrow(), &sql).parse().ok()
    };
    let empty = || {
        let keyless = KEYLESS.replace("TABLE orders", "TABLE target.orders").replace("at timestamp", "at datetime(6)");
        says(&database.borrow(), &format!("DROP TABLE IF EXISTS target.orders, target._sluice_ledger; {keyless}"));
    };
    let kill = |_: &mut TestServer, chance: &mut Chance| {
        let mut database = database.borrow_mut();
        database.kill();
        std::thread::sleep(Duration::from_millis(chance.below(1_000)));
        database.start();
        wait_for("the database to have recovered", || says(&database, "SELECT 1") == "1");
    };
    outlive(&mut server, &source, kill, number, empty);
}
