//! What the editor asks of the runs' history, with ten thousand runs kept and with a million.
//!
//! One run is real; the others are its copies, one a second back from now, spread over fifty workflows. One in a hundred has
//! failed; ten in a million were canceled, and ten are of a workflow that runs rarely. One caller asks each question again and
//! again, so that the figures are those of a warm server.

use crate::bench::load::{self, Load, Request, Seen};
use crate::bench::sluice::{Sluice, noops};
use crate::command;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs in the short history.
const FEW: u64 = 10_000;
const WORKFLOWS: u64 = 49;
/// How a run begins in an answer.
const A_RUN: &str = "\"id\":\"run_";

/// What is asked, with the field that answers it.
const QUESTIONS: [(&str, &str); 9] = [
    ("the newest 50", "runs(first: 50)"),
    ("of one workflow", r#"runs(workflow: "w7", first: 50)"#),
    ("those that failed", "runs(statuses: [FAILED], first: 50)"),
    ("of one workflow, failed", r#"runs(workflow: "w7", statuses: [FAILED], first: 50)"#),
    ("canceled, of which there are few", "runs(statuses: [CANCELED], first: 50)"),
    ("of a workflow with few", r#"runs(workflow: "rare", first: 50)"#),
    ("50 in the middle", r#"runs(after: "MIDDLE", first: 50)"#),
    ("one run with its steps", r#"run(id: "MIDDLE")"#),
    ("50 workflows, each with its last 10", "workflows(first: 50)"),
];

/// Where the metadata are.
enum Store<'a> {
    Sqlite,
    Postgres(&'a str),
}

impl Store<'_> {
    fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(url) => Some(url),
        }
    }
}

/// Measures both databases and prints a table for each.
pub(super) fn measure(program: &Path, postgres: Option<&str>, runs: u64) -> Result<Vec<Value>> {
    ensure!(runs > FEW, "`--runs` must be more than {FEW}");
    command::find_program("sqlite3").context("`sqlite3`, the shell, is missing")?;
    let mut figures = measure_one("SQLite", &Store::Sqlite, program, runs)?;
    match postgres {
        Some(url) => figures.extend(measure_one("PostgreSQL", &Store::Postgres(url), program, runs)?),
        None => println!("PostgreSQL is missing; its figures are left out"),
    }
    Ok(figures)
}

fn measure_one(system: &str, store: &Store<'_>, program: &Path, runs: u64) -> Result<Vec<Value>> {
    let names = (0..WORKFLOWS).map(|at| format!("w{at}")).chain(["rare".to_owned()]);
    let documents: Vec<_> = names.map(|name| noops(&name, 5)).collect();
    let server = Sluice::start(program, store.url(), &documents)?;
    load::call_once(&server.hook("w0")).with_context(|| server.see())?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let short = grow(server, store, program, now, 0..FEW)?;
    let few = ask_all(&short, now, FEW)?;
    println!("{system}: {runs} runs are put into the metadata");
    let long = grow(short, store, program, now, FEW..runs)?;
    let many = ask_all(&long, now, runs)?;
    println!(
        "\n{system:<36} {:>16} {:>5} {:>16} {:>5}",
        format!("of {FEW}, ms"),
        "rows",
        format!("of {runs}, ms"),
        "rows"
    );
    let mut rows = Vec::new();
    for ((few, many), (question, _)) in few.iter().zip(&many).zip(QUESTIONS) {
        let [few_ms, many_ms] = [few, many].map(|asked| asked.seen.percentile_ms(0.5));
        println!("{question:<36} {few_ms:>16.2} {:>5} {many_ms:>16.2} {:>5}", few.rows, many.rows);
        let told = |asked: &Asked| json!({ "rows": asked.rows, "p50_ms": asked.seen.percentile_ms(0.5), "p95_ms": asked.seen.percentile_ms(0.95) });
        rows.push(json!({ "system": system, "question": question, "few": told(few), "many": told(many) }));
    }
    Ok(rows)
}

/// Ends the server, adds runs to its metadata, and starts it again.
fn grow(server: Sluice, store: &Store<'_>, program: &Path, now: u64, added: Range<u64>) -> Result<Sluice> {
    let metadata = server.metadata();
    drop(server);
    let mut shell = match store {
        Store::Sqlite => {
            let mut shell = Command::new("sqlite3");
            shell.args(["-bail", "-batch"]).arg(metadata);
            shell
        }
        Store::Postgres(url) => {
            let mut shell = Command::new("psql");
            shell.args(["--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", url]);
            shell
        }
    };
    let mut script = match store {
        Store::Sqlite => "BEGIN;\nCREATE TEMP TABLE copy (n INTEGER PRIMARY KEY, id BLOB, at INTEGER);\n".to_owned(),
        Store::Postgres(_) => {
            "BEGIN;\nCREATE TEMP TABLE copy (n bigint, id uuid, at bigint);\nCOPY copy FROM STDIN;\n".to_owned()
        }
    };
    for n in added {
        let (id, at) = (id(now, n), made_at(now, n) * 1_000);
        let _ = match store {
            Store::Sqlite => writeln!(script, "INSERT INTO copy VALUES ({n}, X'{id}', {at});"),
            Store::Postgres(_) => writeln!(script, "{n}\t{id}\t{at}"),
        };
    }
    if let Store::Postgres(_) = store {
        script.push_str("\\.\n");
    }
    // The one real run is the newest.
    script.push_str(
        "INSERT INTO run (id, workflow_id, version_id, status, revision, started_by, created_at, started_at, finished_at, state)
         SELECT copy.id, workflow.id, workflow.version_id, word.status, made.revision, made.started_by,
                copy.at, copy.at + 1000, copy.at + 40000, replace(made.state, '\"succeeded\"', '\"' || word.status || '\"')
         FROM copy
         JOIN workflow ON workflow.name = CASE WHEN copy.n % 100000 = 5 THEN 'rare' ELSE 'w' || (copy.n % 49) END
         JOIN (SELECT 17 AS of_many, 'canceled' AS status UNION ALL SELECT 3, 'failed' UNION ALL SELECT 0, 'succeeded') AS word
           ON word.of_many = CASE WHEN copy.n % 100000 = 17 THEN 17 WHEN copy.n % 100 = 3 THEN 3 ELSE 0 END
         JOIN (SELECT revision, started_by, state FROM run ORDER BY id DESC LIMIT 1) AS made ON 1 = 1;
         COMMIT;
         ANALYZE;\n",
    );
    let mut process = shell.stdin(Stdio::piped()).spawn().context("cannot start the database's shell")?;
    process.stdin.take().context("the shell takes no statements")?.write_all(script.as_bytes())?;
    let status = process.wait()?;
    ensure!(status.success(), "the runs could not be put into the metadata ({status})");
    Sluice::start_again(program, store.url())
}

/// When the run before `n` others was made, in milliseconds.
fn made_at(now: u64, n: u64) -> u64 {
    now - (n + 1) * 1_000
}

/// An id of version 7, as hexadecimal digits.
fn id(now: u64, n: u64) -> String {
    format!("{:012x}70008000{n:012x}", made_at(now, n))
}

/// What one question gave.
struct Asked {
    /// Runs in the answer.
    rows: usize,
    seen: Seen,
}

fn ask_all(server: &Sluice, now: u64, runs: u64) -> Result<Vec<Asked>> {
    let authorization = format!("Authorization: Bearer {}", server.token()?);
    let middle = format!("run_{}", id(now, runs / 2));
    let load = Load { callers: 1, warm_up: Duration::from_millis(500), measured: Duration::from_secs(2) };
    let of_list = "nodes { id status trigger workflowName createdAt startedAt finishedAt error { message } \
                   steps { id rowsOut rowsRejected } } pageInfo { hasNextPage endCursor }";
    let of_run = "id status trigger inputs createdAt steps { id status attempts outputs rowsIn rowsOut durationMs }";
    let of_workflows = "nodes { name versionNumber runs(first: 10) { nodes { id status startedAt finishedAt } } }";
    let mut all = Vec::new();
    for (question, operation) in QUESTIONS {
        let wanted = match operation.split('(').next() {
            Some("runs") => of_list,
            Some("run") => of_run,
            _ => of_workflows,
        };
        let query = format!("{{ {} {{ {wanted} }} }}", operation.replace("MIDDLE", &middle));
        let request = Request {
            port: server.port,
            path: "/graphql".into(),
            headers: vec![authorization.clone()],
            body: json!({ "query": query }).to_string(),
            expect: A_RUN,
        };
        let rows = load::call_once(&request).with_context(|| question.to_owned())?.matches(A_RUN).count();
        all.push(Asked { rows, seen: load::drive(&request, load)? });
    }
    Ok(all)
}
