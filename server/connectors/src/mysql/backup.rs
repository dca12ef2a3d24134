//! A consistent copy of a database, by `mariadb-dump` or `mysqldump` where that is wanted and there, else by this connector.
//!
//! Both look at one snapshot of InnoDB's tables. The native program also takes routines, events and triggers along; the
//! connector takes tables, their rows and views.

mod native;
mod rows;

use super::{Mysql, error, quote};
use crate::backup;
use crate::error::table_not_found;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::path::Path;

/// How the connector names its own way.
const CONNECTOR: &str = "connector";

/// Writes the backup.
pub(super) async fn run(mysql: &Mysql, request: &BackupRequest) -> Result<BackupReport> {
    backup::begin(&request.folder)?;
    let mut connection = mysql.connections.alone().await?;
    let tables = chosen(mysql, &mut connection, &request.tables).await?;
    // A native program connects by itself, to an address that was checked; TLS would hold the certificate against that.
    let program = if request.native && !mysql.config.tls { native::find() } else { None };
    let (method, tables) = match program {
        Some(program) => {
            native::dump(mysql, &program, request).await?;
            (program.name.clone(), tables.into_iter().map(|table| (table.name, None)).collect())
        }
        None => (CONNECTOR.to_owned(), dump(mysql, &mut connection, &request.folder, tables).await?),
    };
    let _ = connection.disconnect().await;
    backup::finish(&request.folder, System::Mysql, &method, tables).await
}

/// Brings a backup back into the connection's database.
pub(super) async fn restore(mysql: &Mysql, request: &RestoreRequest) -> Result<()> {
    let report = backup::open(request, System::Mysql).await?;
    let mut connection = mysql.connections.alone().await?;
    let there = all(mysql, &mut connection).await?;
    let clash = report.tables.iter().find(|(name, _)| there.iter().any(|table| table.name == *name));
    if let Some((name, _)) = clash
        && !request.replace
    {
        return Err(Error::permanent(ErrorCode::AlreadyExists, format!("table `{name}` is there already"))
            .hint("Restore into an empty database, or let it replace tables (`--replace`)."));
    }
    if report.method == CONNECTOR {
        load(mysql, &mut connection, &request.folder, &report).await?;
        let _ = connection.disconnect().await;
        return Ok(());
    }
    native::load(mysql, request).await
}

/// A table or view of the database.
struct Table {
    name: String,
    is_view: bool,
}

async fn all(mysql: &Mysql, connection: &mut Conn) -> Result<Vec<Table>> {
    let rows: Vec<(String, u64)> = connection
        .query(
            "SELECT table_name AS a, CAST(table_type = 'VIEW' AS UNSIGNED) FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW') ORDER BY table_type, table_name",
        )
        .await
        .map_err(|e| error::mapped(&mysql.config, &e))?;
    Ok(rows.into_iter().map(|(name, view)| Table { name, is_view: view == 1 }).collect())
}

/// The tables that are asked for, or all.
async fn chosen(mysql: &Mysql, connection: &mut Conn, names: &[String]) -> Result<Vec<Table>> {
    if mysql.config.database.is_none() {
        return Err(Error::permanent(ErrorCode::InvalidValue, "the connection names no database to back up")
            .hint("Put the database into the connection's address."));
    }
    let mut tables = all(mysql, connection).await?;
    if let Some(absent) = names.iter().find(|name| !tables.iter().any(|table| table.name == **name)) {
        return Err(table_not_found(absent, tables.iter().map(|table| table.name.as_str())));
    }
    if !names.is_empty() {
        tables.retain(|table| names.contains(&table.name));
    }
    Ok(tables)
}

/// Writes definitions and rows as SQL, one file of each for every table.
async fn dump(
    mysql: &Mysql,
    connection: &mut Conn,
    folder: &Path,
    tables: Vec<Table>,
) -> Result<Vec<(String, Option<u64>)>> {
    let mapped = |e| error::mapped(&mysql.config, &e);
    for sql in [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ] {
        connection.query_drop(sql).await.map_err(mapped)?;
    }
    let mut told = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let shown: Option<mysql_async::Row> =
            connection.query_first(format!("SHOW CREATE TABLE {}", quote(&table.name))).await.map_err(mapped)?;
        let definition: String = shown.and_then(|row| row.get::<Option<String>, _>(1).flatten()).unwrap_or_default();
        let definition = if table.is_view { without_definer(&definition) } else { definition };
        let path = folder.join(definition_file(index));
        tokio::fs::write(&path, definition).await.map_err(|e| backup::disk_failed(&path, &e))?;
        let rows = match table.is_view {
            true => None,
            false => Some(rows::write(mysql, connection, &table.name, &folder.join(rows_file(index))).await?),
        };
        told.push((table.name, rows));
    }
    Ok(told)
}

fn definition_file(index: usize) -> String {
    format!("{:05}.table.sql", index + 1)
}

fn rows_file(index: usize) -> String {
    format!("{:05}.rows.sql", index + 1)
}

/// A view belongs to whoever restores it.
fn without_definer(sql: &str) -> String {
    let Some(start) = sql.find("DEFINER=") else { return sql.to_owned() };
    let end = sql[start..].find(" SQL SECURITY").map_or(start, |end| start + end + 1);
    format!("{}{}", &sql[..start], &sql[end..])
}

async fn load(mysql: &Mysql, connection: &mut Conn, folder: &Path, report: &BackupReport) -> Result<()> {
    let mapped = |e| error::mapped(&mysql.config, &e);
    // The rows were good in the database they come from: old dates and keys are taken as they are.
    connection
        .query_drop("SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        .await
        .map_err(mapped)?;
    let there = all(mysql, connection).await?;
    for (index, (name, rows)) in report.tables.iter().enumerate() {
        if let Some(old) = there.iter().find(|table| table.name == *name) {
            let kind = if old.is_view { "VIEW" } else { "TABLE" };
            connection.query_drop(format!("DROP {kind} {}", quote(name))).await.map_err(mapped)?;
        }
        let path = folder.join(definition_file(index));
        let definition = tokio::fs::read_to_string(&path).await.map_err(|e| backup::disk_failed(&path, &e))?;
        // Prepared where the server can, so that a file is one statement.
        connection.exec_drop(definition, ()).await.map_err(mapped)?;
        if let Some(expected) = rows {
            let found = rows::read(mysql, connection, name, &folder.join(rows_file(index))).await?;
            if found != *expected {
                let message = format!("table `{name}` has {found} rows after the restore, and had {expected}");
                return Err(Error::permanent(ErrorCode::StatementFailed, message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
