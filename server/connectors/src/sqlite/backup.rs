//! A consistent copy of the file by SQLite's online backup, in pieces between which writers go on; and back, in one transaction.
//!
//! A restore writes into the file that is there rather than putting another in its place: whoever has the file open sees
//! the restored tables from then on, and a restore that is cut short is rolled back like any transaction.

use super::config::Config;
use super::introspect::list_tables;
use super::{Access, connect, error};
use crate::backup as shared;
use crate::name::quote;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The copy's name within the folder.
const FILE: &str = "database.sqlite";
/// How a copy of the whole file is made.
const WHOLE: &str = "sqlite backup";
/// How a copy of some tables is made.
const TABLES: &str = "sqlite tables";
/// Pages copied at a time.
const PIECE: i32 = 1_000;

/// Writes a copy into the folder.
pub(super) async fn backup(config: Arc<Config>, request: &BackupRequest) -> Result<BackupReport> {
    shared::begin(&request.folder)?;
    let (path, tables) = (request.folder.join(FILE), request.tables.clone());
    let method = if tables.is_empty() { WHOLE } else { TABLES };
    let counted = blocking(move |gone| copy_out(&config, &path, &tables, gone)).await?;
    shared::finish(&request.folder, System::Sqlite, method, counted).await
}

/// Brings a copy back.
pub(super) async fn restore(config: Arc<Config>, request: &RestoreRequest) -> Result<()> {
    let report = shared::open(request, System::Sqlite).await?;
    let (path, replace) = (request.folder.join(FILE), request.replace);
    let whole = report.method == WHOLE;
    blocking(move |gone| {
        let copy = open_copy(&path)?;
        let theirs = list_tables(&copy).map_err(|error| error::mapped(&path, &error))?;
        let mut connection = connect(&config, Access::Write)?;
        let mapped = |error| error::mapped(&config.path, &error);
        let ours = list_tables(&connection).map_err(mapped)?;
        let clash: Vec<&str> = ours.iter().filter(|name| theirs.contains(name)).map(String::as_str).take(10).collect();
        let in_the_way = if whole { ours.first().map(String::as_str) } else { clash.first().copied() };
        if let (Some(name), false) = (in_the_way, replace) {
            let message = format!("table `{name}` is in `{}` already", config.path.display());
            return Err(Error::permanent(ErrorCode::AlreadyExists, message)
                .hint("Restore into another file, or let it replace what is there (`--replace`)."));
        }
        if whole {
            let size = |connection: &Connection| {
                connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0)).map_err(mapped)
            };
            let resized = size(&copy)? != size(&connection)?;
            if resized {
                // A file with a log cannot change the size of its pages.
                connection.pragma_update(None, "journal_mode", "DELETE").map_err(mapped)?;
            }
            copy_pages(&copy, &mut connection, gone).map_err(|why| why.told(&config.path))?;
            if resized {
                connection.pragma_update(None, "journal_mode", "WAL").map_err(mapped)?;
            }
            return Ok(());
        }
        drop(copy);
        copy_tables(&mut connection, &path, &theirs).map_err(mapped)
    })
    .await
}

/// Runs the work on a thread; it learns when nobody waits for it any more.
async fn blocking<T: Send + 'static>(work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static) -> Result<T> {
    struct Leave(Arc<AtomicBool>);
    impl Drop for Leave {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let gone = Arc::new(AtomicBool::new(false));
    let leave = Leave(gone.clone());
    let done = meter::spawn_blocking(move || work(&gone)).await;
    drop(leave);
    done.map_err(|error| Error::permanent(ErrorCode::Internal, format!("the sqlite thread ended early: {error}")))?
}

/// The copy, which nobody else writes; it may lie where nothing can be written.
fn open_copy(path: &Path) -> Result<Connection> {
    let mapped = |error| error::mapped(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(path, flags).map_err(mapped)?;
    let told: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(mapped)?;
    if told == "ok" {
        return Ok(copy);
    }
    let message = format!("the copy `{}` is damaged: {told}", path.display());
    Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Restore another backup; nothing was changed."))
}

fn copy_out(config: &Config, path: &Path, tables: &[String], gone: &AtomicBool) -> Result<Vec<(String, Option<u64>)>> {
    let source = connect(config, Access::Read)?;
    let mapped = |error| error::mapped(&config.path, &error);
    let all = list_tables(&source).map_err(mapped)?;
    for table in tables {
        if !all.iter().any(|name| name.eq_ignore_ascii_case(table)) {
            return Err(crate::error::table_not_found(table, all.iter().map(String::as_str)));
        }
    }
    let mode: String = source.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(mapped)?;
    if mode.eq_ignore_ascii_case("wal") {
        // A snapshot: writers go on beside it, and the copy never has to begin anew because of them.
        source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").map_err(mapped)?;
    }
    let in_copy = |error| error::mapped(path, &error);
    let mut copy = Connection::open(path).map_err(in_copy)?;
    copy_pages(&source, &mut copy, gone).map_err(|why| why.told(&config.path))?;
    drop(source);
    // One file rather than one with a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(in_copy)?;
    if !tables.is_empty() {
        copy.pragma_update(None, "foreign_keys", "OFF").map_err(in_copy)?;
        keep_only(&copy, tables).map_err(in_copy)?;
    }
    count_rows(&copy).map_err(in_copy)
}

/// Why pages were not copied.
enum Why {
    Sqlite(rusqlite::Error),
    Locked,
    Abandoned,
}

impl Why {
    fn told(self, path: &Path) -> Error {
        match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) => {
                let message =
                    format!("`{}` has pages of another size than the copy, or can only be read", path.display());
                Error::permanent(ErrorCode::PermissionDenied, message)
                    .hint("Restore into a file that does not exist yet.")
            }
            Self::Sqlite(error) => error::mapped(path, &error),
            Self::Locked => {
                let message = format!("file `{}` was locked by another program all the time", path.display());
                Error::transient(ErrorCode::StatementFailed, message).hint("Try again when it has finished.")
            }
            Self::Abandoned => Error::permanent(ErrorCode::Canceled, "the copy was canceled"),
        }
    }
}

fn copy_pages(from: &Connection, to: &mut Connection, gone: &AtomicBool) -> Result<(), Why> {
    let copy = Backup::new(from, to).map_err(Why::Sqlite)?;
    let mut patience = Instant::now();
    loop {
        if gone.load(Ordering::Relaxed) {
            return Err(Why::Abandoned);
        }
        match copy.step(PIECE).map_err(Why::Sqlite)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked => {
                if patience.elapsed() > Duration::from_secs(30) {
                    return Err(Why::Locked);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => patience = Instant::now(),
        }
    }
}

/// Drops all tables of the copy but these, and gives the room back.
fn keep_only(copy: &Connection, tables: &[String]) -> rusqlite::Result<()> {
    let mut statement = copy.prepare(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY type DESC",
    )?;
    let all: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for (kind, name) in all {
        if !tables.iter().any(|kept| kept.eq_ignore_ascii_case(&name)) {
            // A virtual table takes the tables behind it along.
            copy.execute_batch(&format!("DROP {kind} IF EXISTS {}", quote(&name)))?;
        }
    }
    copy.execute_batch("VACUUM")
}

fn count_rows(copy: &Connection) -> rusqlite::Result<Vec<(String, Option<u64>)>> {
    let mut counted = Vec::new();
    for name in list_tables(copy)? {
        let is_view: bool =
            copy.query_row("SELECT type = 'view' FROM sqlite_schema WHERE name = ?1", [&name], |row| row.get(0))?;
        if !is_view {
            let sql = format!("SELECT count(*) FROM {}", quote(&name));
            let rows = copy.query_row(&sql, [], |row| row.get::<_, i64>(0))?;
            counted.push((name, Some(rows.unsigned_abs())));
        }
    }
    Ok(counted)
}

/// Copies single tables with their indexes and triggers, all in one transaction.
fn copy_tables(connection: &mut Connection, copy: &Path, tables: &[String]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.execute("ATTACH DATABASE ?1 AS sluice_copy", [copy.to_string_lossy().as_ref()])?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // A view that names a table which is away for a moment is no fault.
    transaction.execute_batch("PRAGMA legacy_alter_table = ON")?;
    for table in tables {
        let there: Option<String> = transaction
            .query_row(
                "SELECT type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')",
                [table],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(kind) = there {
            transaction.execute_batch(&format!("DROP {kind} main.{}", quote(table)))?;
        }
        let mut statement = transaction.prepare(
            "SELECT type, sql FROM sluice_copy.sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND sql NOT NULL \
             ORDER BY type = 'table' DESC, type = 'view' DESC, type = 'index' DESC",
        )?;
        let made: Vec<(String, String)> =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        drop(statement);
        for (kind, sql) in made {
            transaction.execute_batch(&sql)?;
            if kind == "table" {
                insert_all(&transaction, table)?;
            }
        }
    }
    transaction.commit()
}

fn insert_all(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid")?;
    let names: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let (names, table) = (crate::name::quote_all(names.iter().map(String::as_str)), quote(table));
    connection.execute_batch(&format!("INSERT INTO main.{table} ({names}) SELECT {names} FROM sluice_copy.{table}"))
}
