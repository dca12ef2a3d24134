//! How an SQLite file is doing: sizes, row estimates of `ANALYZE`, indexes that do the same twice, and a look at its health.

use super::config::Config;
use super::structure::structure;
use data::inspection::{IndexUse, Inspection, TableSize};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Files beyond this size are not read through for sizes of tables and for damage.
const LOOKED_THROUGH: u64 = 4 << 30;

/// Looks at the file.
pub(super) fn inspect(connection: &Connection, config: &Config) -> rusqlite::Result<Inspection> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (pages, page_size, free) = (pragma("page_count")?, pragma("page_size")?, pragma("freelist_count")?);
    let bytes = pages.unsigned_abs() * page_size.unsigned_abs();
    let log = log_bytes(config);
    let mut found = Inspection {
        version: format!("SQLite {}", rusqlite::version()),
        disk_bytes: Some(bytes + log),
        ..Inspection::default()
    };
    found.figures = vec![
        ("page_size_bytes".to_owned(), page_size as f64),
        ("pages".to_owned(), pages as f64),
        ("free_pages".to_owned(), free as f64),
        ("free_bytes".to_owned(), (free * page_size) as f64),
        ("wal_bytes".to_owned(), log as f64),
    ];
    found.unavailable = vec![
        "connections and running statements: SQLite has no server that could tell".to_owned(),
        "slow statements: SQLite does not record them".to_owned(),
        "index use: SQLite does not count it; `EXPLAIN QUERY PLAN` tells for one statement".to_owned(),
    ];
    let sizes = if bytes <= LOOKED_THROUGH { sizes(connection)? } else { None };
    match &sizes {
        Some(_) => found.figures.push(("damages".to_owned(), damages(connection)?)),
        None if bytes > LOOKED_THROUGH => found
            .unavailable
            .push("sizes of tables and damages: the file has more than 4 GiB, which would have to be read".to_owned()),
        None => found.unavailable.push("sizes of tables: this SQLite was built without `dbstat`".to_owned()),
    }
    let estimates = estimates(connection)?;
    if estimates.is_empty() {
        found
            .unavailable
            .push("exact row estimates: run `ANALYZE`; until then the largest row number stands in".to_owned());
    }
    tables(connection, &sizes.unwrap_or_default(), &estimates, &mut found)?;
    Ok(found)
}

/// The write-ahead log beside the file.
fn log_bytes(config: &Config) -> u64 {
    let mut path = config.path.clone().into_os_string();
    path.push("-wal");
    std::fs::metadata(PathBuf::from(path)).map_or(0, |found| found.len())
}

/// Bytes of each table and index; none where SQLite cannot tell.
fn sizes(connection: &Connection) -> rusqlite::Result<Option<BTreeMap<String, u64>>> {
    let Ok(mut statement) = connection.prepare("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE") else {
        return Ok(None);
    };
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    found.collect::<rusqlite::Result<_>>().map(Some)
}

/// How many damages a quick look finds, a hundred at most.
fn damages(connection: &Connection) -> rusqlite::Result<f64> {
    let mut statement = connection.prepare("PRAGMA quick_check(100)")?;
    let told: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(told.iter().filter(|line| *line != "ok").count() as f64)
}

/// Rows of each table, by the last `ANALYZE`.
fn estimates(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    // Without an `ANALYZE` ever there is no such table.
    let Ok(mut statement) = connection.prepare("SELECT tbl, stat FROM sqlite_stat1") else {
        return Ok(BTreeMap::new());
    };
    let mut rows = statement.raw_query();
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (table, stat): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let rows = stat.as_deref().and_then(|stat| stat.split_whitespace().next()?.parse().ok());
        let known: &mut u64 = found.entry(table).or_default();
        // The entry of a partial index counts its own rows only.
        *known = rows.unwrap_or(0).max(*known);
    }
    Ok(found)
}

fn tables(
    connection: &Connection,
    sizes: &BTreeMap<String, u64>,
    estimates: &BTreeMap<String, u64>,
    found: &mut Inspection,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name <> '_sluice_ledger' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for name in names {
        let Some(table) = structure(connection, &name)? else { continue };
        let largest = format!("SELECT max(_rowid_) FROM {}", crate::name::quote(&name));
        let rows = match estimates.get(&name) {
            Some(rows) => Some(*rows),
            // A virtual table or one without row numbers has no such column.
            None => connection
                .query_row(&largest, [], |row| row.get::<_, Option<i64>>(0))
                .optional()
                .ok()
                .flatten()
                .map(|largest| largest.unwrap_or(0).max(0).unsigned_abs()),
        };
        // Keys of the table have indexes without a name a person chose.
        let mut statement = connection.prepare("SELECT name FROM pragma_index_list(?1)")?;
        let all: Vec<String> = statement.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let index_bytes = all.iter().map(|index| sizes.get(index)).sum::<Option<u64>>();
        found.tables.push(TableSize { rows, data_bytes: sizes.get(&name).copied(), index_bytes, table: name.clone() });
        for index in &table.indexes {
            let covers = |other: &[String]| {
                index.columns.len() <= other.len()
                    && index.columns.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
            };
            let other = table.indexes.iter().find(|other| {
                other.name != index.name
                    && other.filter == index.filter
                    && covers(&other.columns)
                    // A unique index guards something that a longer one does not.
                    && (!index.unique || (other.unique && other.columns.len() == index.columns.len()))
                    // Of two that are alike the later one is the duplicate.
                    && (other.columns.len() > index.columns.len() || other.name < index.name)
            });
            let by_key = index.filter.is_none() && !index.unique && covers(&table.primary_key);
            let duplicate_of =
                other.map(|other| other.name.clone()).or_else(|| by_key.then(|| "the primary key".to_owned()));
            found.indexes.push(IndexUse {
                table: name.clone(),
                index: index.name.clone(),
                scans: None,
                bytes: sizes.get(&index.name).copied(),
                duplicate_of,
            });
        }
    }
    found.tables.sort_by_key(|table| std::cmp::Reverse(table.data_bytes.unwrap_or(0) + table.index_bytes.unwrap_or(0)));
    found.indexes.sort_by_key(|index| (index.duplicate_of.is_none(), std::cmp::Reverse(index.bytes)));
    Ok(())
}
