//! The corpus of console statements, run: no statement changes anything, every read is answered.

use super::world::World;
use crate::statement::corpus::{self, Case};
use data::System;
use data::connector::ReadOptions;
use data::console::{ConsoleLimits, ConsoleRequest};
use model::ErrorCode;
use std::path::Path;
use std::time::Duration;

/// What a statement may take here, and how long after that a console may take to say so.
const TIME: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(10);

/// Queries whose rows are the same as long as nothing has changed.
fn questions(system: System) -> &'static [&'static str] {
    match system {
        System::Postgres => &[
            "SELECT relname::text, relkind::text, relfilenode::text, relacl::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY 1",
            "SELECT attrelid::regclass::text, attname::text, atttypid::text FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace) AND attnum > 0 ORDER BY 1, 2",
            "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY 1",
            "SELECT i::text AS i FROM items i ORDER BY 1",
            "SELECT o::text AS o FROM orders o ORDER BY 1",
            "SELECT last_value, is_called FROM counter",
            "SELECT count(*) AS evil FROM pg_class WHERE relname LIKE 'evil%'",
            "SELECT count(*) AS blobs FROM pg_largeobject_metadata WHERE oid = 12345",
            "SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = 1 AND objsubid = 1",
            "SELECT count(*) AS slots FROM pg_replication_slots WHERE slot_name = 'evil'",
        ],
        System::Mysql => &[
            "SELECT CAST(table_name AS CHAR) AS a, CAST(table_type AS CHAR) AS b, CAST(create_time AS CHAR) AS c FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
            "SELECT CAST(table_name AS CHAR) AS a, CAST(column_name AS CHAR) AS b, CAST(column_type AS CHAR) AS c FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2",
            "SELECT CAST(routine_name AS CHAR) AS a FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1",
            "SELECT CAST(event_name AS CHAR) AS a FROM information_schema.events WHERE event_schema = DATABASE()",
            "SELECT CONCAT_WS('|', id, name, price, quantity, sold, at, day, data, notes) AS r FROM items ORDER BY id",
            "SELECT CONCAT_WS('|', id, item_id, amount, at) AS r FROM orders ORDER BY id",
            "SELECT COUNT(*) AS c FROM mysql.user WHERE User = 'evil'",
            "SELECT IS_FREE_LOCK('evil') AS c",
        ],
        _ => &[
            "SELECT type, name, sql FROM sqlite_schema ORDER BY name",
            "SELECT id, name, price, quantity, sold, at, day, data, hex(blob) AS b FROM items ORDER BY id",
            "SELECT id, item_id, amount, at FROM orders ORDER BY id",
            "SELECT body FROM notes ORDER BY body",
            "SELECT hex(block) AS b FROM notes_data ORDER BY id",
            "SELECT user_version FROM pragma_user_version",
            "SELECT journal_mode FROM pragma_journal_mode",
        ],
    }
}

async fn fingerprint(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for sql in questions(world.connector.system()) {
        let rows = world.read(ReadOptions::query(sql)).await;
        told.push(format!("{sql}\n{:?}", rows.columns()));
    }
    for file in ["/tmp/evil", "/tmp/evil.db", "evil.db"] {
        told.push(format!("{file} {}", Path::new(file).exists()));
    }
    told
}

/// Makes the corpus's tables.
async fn begin(world: &World) {
    for sql in corpus::setup(world.connector.system()) {
        world.connector.execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn ask(world: &World, case: &Case, time: Duration) -> data::Result<data::ConsoleAnswer> {
    let limits = ConsoleLimits { time, ..ConsoleLimits::default() };
    let request = ConsoleRequest { sql: case.sql.clone(), params: vec![], write: false, limits };
    let asked = tokio::time::timeout(time + GRACE, world.connector.console(request));
    asked.await.unwrap_or_else(|_| panic!("{} outlives its limit: {}", case.place, case.sql))
}

pub(super) async fn the_corpus_is_answered_and_changes_nothing(world: &World) {
    begin(world).await;
    let before = fingerprint(world).await;
    let mut wrong = Vec::new();
    for case in corpus::cases(world.connector.system()).iter().filter(|case| case.run) {
        let answer = ask(world, case, TIME).await;
        let good = match (&case.refused, &answer) {
            (None, answer) => answer.is_ok(),
            (Some(_), Ok(_)) => false,
            (Some(_), Err(error)) => {
                matches!(error.code(), ErrorCode::StatementNotAllowed | ErrorCode::InvalidSql | ErrorCode::InvalidInput)
            }
        };
        if !good {
            let told = answer.map(|answer| answer.batches.len()).map_err(|error| error.to_string());
            wrong.push(format!("{}: {}\n  {told:?}", case.place, case.sql));
        }
    }
    assert!(wrong.is_empty(), "{} statements:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(fingerprint(world).await, before);
}

/// What the user of the test servers could do for good outside the place of this test, were it let through.
const ELSEWHERE: [&str; 8] =
    ["outfile", "dumpfile", "program", "/tmp/", "user", "database", "extension", "max_connections"];

pub(super) async fn the_other_layers_hold_without_the_first(world: &World) {
    begin(world).await;
    let before = fingerprint(world).await;
    let kinds =
        ["more than", "changes", "FOR UPDATE", "takes time", "INTO", "cannot be seen", "may change", "brings code"];
    let attacks = corpus::cases(world.connector.system()).into_iter().filter(|case| {
        let text = case.sql.to_lowercase();
        let refused = case.refused.as_deref().unwrap_or_default();
        case.run
            && kinds.iter().any(|kind| refused.contains(kind))
            && refused != "changes settings"
            && !ELSEWHERE.iter().any(|word| text.contains(word))
    });
    let mut count = 0;
    for case in attacks {
        // Whether it is answered or refused: nothing may come of it, and it has to end.
        let answer = corpus::UNCHECKED.scope((), ask(world, &case, Duration::from_millis(300))).await;
        let after = fingerprint(world).await;
        assert_eq!(after, before, "{}: {}\n{:?}", case.place, case.sql, answer.map(|answer| answer.batches.len()));
        count += 1;
    }
    assert!(count > 50, "only {count} attacks");
}
