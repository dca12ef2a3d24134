//! By the connector: structures as JSON and rows as binary COPY streams, all of one snapshot.

use super::{PLAIN, refuse_existing};
use crate::backup::{disk_failed, finish};
use crate::name::{TableName, quote, quote_all};
use crate::postgres::error::mapped;
use crate::postgres::pool::Lent;
use crate::postgres::timescale::{Timescale, detect};
use crate::postgres::{ddl, structure};
use bytes::Bytes;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::structure::{TableKind, TableStructure};
use data::{Error, Result, System};
use futures::{SinkExt, StreamExt};
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::pin::pin;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const STRUCTURES: &str = "tables.json";
/// How much of a file is sent at once.
const PART: usize = 256 << 10;

/// One table of the copy.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    structure: TableStructure,
    /// The file of its rows.
    rows: String,
    /// Columns of the file, in order; computed ones are left out.
    columns: Vec<String>,
}

pub(super) async fn dump(
    client: Lent,
    request: &BackupRequest,
    tables: &[String],
    assumed: Option<Timescale>,
) -> Result<BackupReport> {
    let timescale = detect(&client, assumed).await?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(|error| mapped(&error))?;
    let (mut kept, mut counts) = (Vec::new(), Vec::new());
    for name in tables {
        // A table that was dropped meanwhile is missing in the snapshot of the catalog, too.
        let Some(found) = structure::find(&client, name).await? else { continue };
        let structure = structure::describe(&client, &found, timescale).await?;
        if structure.kind == TableKind::View {
            kept.push(Kept { structure, rows: String::new(), columns: Vec::new() });
            continue;
        }
        let file = format!("{:05}.copy", kept.len());
        let columns: Vec<String> = structure
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.name.clone())
            .collect();
        // The rows of a partitioned table lie in its partitions, each of which is a table of its own.
        let is_partitioned = structure.options.contains_key("partition_by");
        let rows = match is_partitioned {
            true => 0,
            false => {
                let quoted = TableName { schema: Some(found.schema), table: found.table }.quoted();
                rows_to_file(&client, &quoted, &columns, &request.folder.join(&file)).await?
            }
        };
        counts.push((structure.name.clone(), (!is_partitioned).then_some(rows)));
        kept.push(Kept { structure, rows: if is_partitioned { String::new() } else { file }, columns });
    }
    client.batch_execute("COMMIT").await.map_err(|error| mapped(&error))?;
    client.release();
    let path = request.folder.join(STRUCTURES);
    let text = serde_json::to_vec_pretty(&kept).expect("structures are plain data");
    tokio::fs::write(&path, text).await.map_err(|error| disk_failed(&path, &error))?;
    finish(&request.folder, System::Postgres, PLAIN, counts).await
}

async fn rows_to_file(client: &Lent, table: &str, columns: &[String], path: &Path) -> Result<u64> {
    let failed = |error: std::io::Error| disk_failed(path, &error);
    let list = quote_all(columns.iter().map(String::as_str));
    let row = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.map_err(|error| mapped(&error))?;
    let rows = row.get::<_, i64>(0).unsigned_abs();
    // A query rather than the table itself: COPY of a hypertable would leave out its chunks.
    let sql = format!("COPY (SELECT {list} FROM {table}) TO STDOUT (FORMAT binary)");
    let stream = client.copy_out(&sql).await.map_err(|error| mapped(&error))?;
    let mut stream = pin!(stream);
    let mut file = tokio::io::BufWriter::with_capacity(PART, tokio::fs::File::create(path).await.map_err(failed)?);
    while let Some(part) = stream.next().await {
        file.write_all(&part.map_err(|error| mapped(&error))?).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(rows)
}

pub(super) async fn restore(
    client: Lent,
    request: &RestoreRequest,
    report: &BackupReport,
    assumed: Option<Timescale>,
) -> Result<()> {
    let path = request.folder.join(STRUCTURES);
    if !report.files.iter().any(|file| file.path == STRUCTURES) {
        return Err(Error::permanent(ErrorCode::FileNotFound, format!("the backup has no `{STRUCTURES}`")));
    }
    let text = tokio::fs::read(&path).await.map_err(|error| disk_failed(&path, &error))?;
    let kept: Vec<Kept> = serde_json::from_slice(&text).map_err(|error| {
        Error::permanent(ErrorCode::InvalidValue, format!("`{}` cannot be read: {error}", path.display()))
    })?;
    let mut existing = Vec::new();
    for table in &kept {
        if structure::find(&client, &table.structure.name).await?.is_some() {
            existing.push(table.structure.name.clone());
        }
    }
    if !request.replace {
        refuse_existing(&existing)?;
    }
    let (views, kept): (Vec<Kept>, Vec<Kept>) =
        kept.into_iter().partition(|table| table.structure.kind == TableKind::View);
    let mut plans = Vec::new();
    for table in &kept {
        plans.push(plan(&client, table, assumed).await?);
    }
    // All or nothing, so that a restore that fails leaves the database as it was.
    let mapped = |error| mapped(&error);
    client.batch_execute("BEGIN").await.map_err(mapped)?;
    drop_all(&client, &views, &existing, "VIEW").await?;
    drop_all(&client, &kept, &existing, "TABLE").await?;
    // A partition comes after the table it is a part of.
    plans.sort_by_key(|statements| statements.is_part);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for statements in plans {
        first.extend(statements.first);
        last.extend(statements.last);
    }
    for sql in &first {
        client.batch_execute(sql).await.map_err(mapped)?;
    }
    for table in kept.iter().filter(|table| !table.rows.is_empty()) {
        rows_from_file(&client, table, &request.folder.join(&table.rows)).await?;
        numbers_go_on(&client, &table.structure).await?;
    }
    for sql in &last {
        client.batch_execute(sql).await.map_err(mapped)?;
    }
    create_views(&client, views).await?;
    client.batch_execute("COMMIT").await.map_err(mapped)?;
    client.release();
    Ok(())
}

/// Drops what is there in one statement, so that what hangs on each other goes together. What is no part of the backup
/// and hangs on it keeps the restore from going on.
async fn drop_all(client: &Lent, kept: &[Kept], existing: &[String], word: &str) -> Result<()> {
    let names = |materialized: bool| {
        let there = kept.iter().map(|table| &table.structure).filter(|table| existing.contains(&table.name));
        let there = there.filter(|table| table.options.contains_key("materialized") == materialized);
        there.map(|table| TableName::parse(&table.name).quoted()).collect::<Vec<_>>()
    };
    for (prefix, names) in [("MATERIALIZED ", names(true)), ("", names(false))] {
        if !names.is_empty() {
            let sql = format!("DROP {prefix}{word} IF EXISTS {}", names.join(", "));
            client.batch_execute(&sql).await.map_err(|error| mapped(&error))?;
        }
    }
    Ok(())
}

/// Makes views again; one may stand on another, so that whoever fails waits for the others.
async fn create_views(client: &Lent, mut views: Vec<Kept>) -> Result<()> {
    while !views.is_empty() {
        let before = views.len();
        let (mut left, mut refused) = (Vec::new(), None);
        for view in views {
            let options = &view.structure.options;
            let word = if options.contains_key("materialized") { "MATERIALIZED VIEW" } else { "VIEW" };
            let definition = options.get("definition").map_or("", String::as_str).trim_end_matches(';');
            let sql = format!("CREATE {word} {} AS {definition}", TableName::parse(&view.structure.name).quoted());
            client.batch_execute("SAVEPOINT view").await.map_err(|error| mapped(&error))?;
            if let Err(error) = client.batch_execute(&sql).await {
                client.batch_execute("ROLLBACK TO SAVEPOINT view").await.map_err(|error| mapped(&error))?;
                refused = Some(mapped(&error));
                left.push(view);
            }
        }
        if let Some(error) = refused.filter(|_| left.len() == before) {
            return Err(error);
        }
        views = left;
    }
    Ok(())
}

/// Statements before the rows come, and after.
struct Statements {
    /// 0: a table of its own; 1: a partition with partitions; 2: a partition with rows.
    is_part: u8,
    first: Vec<String>,
    last: Vec<String>,
}

/// The statements that make a table; indexes and foreign keys come after the rows, when all tables have theirs.
async fn plan(client: &Lent, table: &Kept, assumed: Option<Timescale>) -> Result<Statements> {
    let options = &table.structure.options;
    if let (Some(of), Some(bound)) = (options.get("partition_of"), options.get("partition_bound")) {
        let parent = TableName::parse(of).quoted();
        let name = TableName::parse(&table.structure.name).quoted();
        let mut by = String::new();
        if let Some(partition) = options.get("partition_by") {
            by = format!(" PARTITION BY {partition}");
        }
        // Columns, keys and indexes come from the table it is a part of.
        let sql = format!("CREATE TABLE {name} PARTITION OF {parent} {bound}{by}");
        let is_part = if by.is_empty() { 2 } else { 1 };
        return Ok(Statements { is_part, first: vec![sql], last: Vec::new() });
    }
    let plan = ddl::plan(client, &table.structure, None, assumed).await?;
    let is_late = |sql: &str| {
        sql.starts_with("CREATE INDEX") || sql.starts_with("CREATE UNIQUE INDEX") || sql.contains(" FOREIGN KEY (")
    };
    let (mut last, first): (Vec<String>, Vec<String>) =
        plan.changes.into_iter().map(|change| change.sql).partition(|sql| is_late(sql));
    // A foreign key wants the unique index it leads to.
    last.sort_by_key(|sql| sql.contains(" FOREIGN KEY ("));
    Ok(Statements { is_part: 0, first, last })
}

async fn rows_from_file(client: &Lent, table: &Kept, path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::permanent(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", path.display()))
    };
    let name = TableName::parse(&table.structure.name).quoted();
    let list = quote_all(table.columns.iter().map(String::as_str));
    let sink = client
        .copy_in::<_, Bytes>(&format!("COPY {name} ({list}) FROM STDIN (FORMAT binary)"))
        .await
        .map_err(|error| mapped(&error))?;
    let mut sink = pin!(sink);
    let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
    loop {
        let mut part = vec![0; PART];
        let count = file.read(&mut part).await.map_err(failed)?;
        if count == 0 {
            break;
        }
        part.truncate(count);
        sink.feed(part.into()).await.map_err(|error| mapped(&error))?;
    }
    sink.finish().await.map_err(|error| mapped(&error))?;
    Ok(())
}

/// Moves the sequences of numbered columns beyond the rows that came.
async fn numbers_go_on(client: &Lent, table: &TableStructure) -> Result<()> {
    let name = TableName::parse(&table.name).quoted();
    for column in table.columns.iter().filter(|column| column.auto_increment) {
        let quoted = quote(&column.name);
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence($1, $2), greatest(max({quoted})::int8, 1), max({quoted}) IS NOT NULL) FROM {name}"
        );
        client.query_one(&sql, &[&name, &column.name]).await.map_err(|error| mapped(&error))?;
    }
    Ok(())
}
