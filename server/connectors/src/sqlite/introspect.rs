//! Tables, columns and keys of an SQLite file.

use super::types::Kind;
use super::{Config, error};
use crate::error::table_not_found;
use crate::name::{TableName, quote};
use data::Result;
use data::connector::{ColumnInfo, TableInfo};
use rusqlite::{Connection, OptionalExtension};

/// A table or view, with what the writer must know of it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<TableColumn>,
    /// Unique keys, the primary key first; partial ones and those over expressions left out.
    pub(super) unique_keys: Vec<Vec<String>>,
    pub(super) strict: bool,
    has_primary_key: bool,
    row_estimate: Option<u64>,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) generated: bool,
    /// Another name of the row's number, which is always an integer.
    pub(super) row_number: bool,
}

impl TableColumn {
    pub(super) fn kind(&self) -> Kind {
        Kind::of(Some(&self.declared))
    }
}

impl Table {
    pub(super) fn quoted(&self) -> String {
        quote(&self.name)
    }

    /// SQLite compares names of columns without regard to ASCII case.
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Whether these columns, in any order, are a unique key.
    pub(super) fn is_unique(&self, key: &[String]) -> bool {
        self.unique_keys.iter().any(|unique| {
            unique.len() == key.len()
                && unique.iter().all(|column| key.iter().any(|name| name.eq_ignore_ascii_case(column)))
        })
    }

    /// Whether none of these columns can be NULL.
    pub(super) fn never_null(&self, key: &[String]) -> bool {
        key.iter().all(|name| self.column(name).is_some_and(|column| column.not_null || column.row_number))
    }

    pub(super) fn info(&self) -> TableInfo {
        let columns = self.columns.iter().map(|column| ColumnInfo {
            name: column.name.clone(),
            native_type: column.declared.clone(),
            data_type: column.kind().data_type(),
            nullable: !(column.not_null || column.row_number),
        });
        let key = self
            .unique_keys
            .iter()
            .enumerate()
            .find(|(index, key)| (*index == 0 && self.has_primary_key) || self.never_null(key));
        TableInfo {
            name: self.name.clone(),
            columns: columns.collect(),
            key: key.map(|(_, key)| key.clone()).unwrap_or_default(),
            row_estimate: self.row_estimate,
        }
    }
}

/// Names of all tables and views, those of SQLite and of Sluice itself left out.
pub(super) fn list_tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name <> '_sluice_ledger' ORDER BY name",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The table of that name; `main.` before it is understood.
pub(super) fn find_table(connection: &Connection, name: &str) -> rusqlite::Result<Option<Table>> {
    let name = plain_name(name);
    let Some((name, strict)) = connection
        .query_row(
            "SELECT l.name, l.strict FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE",
            [&name],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
        )
        .optional()?
    else {
        return Ok(None);
    };
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
    )?;
    let mut primary = Vec::new();
    let mut columns = Vec::new();
    let mut rows = statement.query([&name])?;
    while let Some(row) = rows.next()? {
        let column = TableColumn {
            name: row.get(0)?,
            declared: row.get(1)?,
            not_null: row.get(2)?,
            default: row.get(3)?,
            generated: row.get::<_, i64>(5)? >= 2,
            row_number: false,
        };
        let place: i64 = row.get(4)?;
        if place > 0 {
            primary.push((place, column.name.clone()));
        }
        columns.push(column);
    }
    drop(rows);
    primary.sort_unstable();
    let primary: Vec<String> = primary.into_iter().map(|(_, name)| name).collect();

    let mut unique_keys = Vec::new();
    let mut has_own_index = false;
    let mut statement = connection
        .prepare("SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND partial = 0 ORDER BY seq")?;
    let indexes: Vec<(String, String)> =
        statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (index, origin) in indexes {
        has_own_index |= origin == "pk";
        let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
        let names: Vec<Option<String>> =
            statement.query_map([&index], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        if origin != "pk"
            && let Some(names) = names.into_iter().collect::<Option<Vec<_>>>()
        {
            unique_keys.push(names);
        }
    }
    if let [only] = primary.as_slice()
        && !has_own_index
        && let Some(column) = columns.iter_mut().find(|column| column.name == *only)
    {
        // A primary key without an index of its own is the row's number.
        column.row_number = column.declared.eq_ignore_ascii_case("INTEGER");
    }
    let has_primary_key = !primary.is_empty();
    if has_primary_key {
        unique_keys.insert(0, primary);
    }
    let row_estimate = connection
        .query_row(&format!("SELECT max(_rowid_) FROM {}", quote(&name)), [], |row| row.get::<_, Option<i64>>(0))
        .ok()
        .map(|last| last.unwrap_or(0).max(0).unsigned_abs());
    Ok(Some(Table { name, columns, unique_keys, strict, has_primary_key, row_estimate }))
}

/// The table of that name, or the error that it does not exist.
pub(super) fn get_table(connection: &Connection, config: &Config, name: &str) -> Result<Table> {
    let mapped = |error| error::mapped(&config.path, &error);
    match find_table(connection, name).map_err(mapped)? {
        Some(table) => Ok(table),
        None => {
            let others = list_tables(connection).map_err(mapped)?;
            Err(table_not_found(name, others.iter().map(String::as_str)))
        }
    }
}

/// An SQLite file has no schemas, so that a dot is part of the name, save in `main.`.
pub(super) fn plain_name(text: &str) -> String {
    let name = TableName::parse(text);
    match name.schema.as_deref() {
        None | Some("main") => name.table,
        Some(_) => text.to_owned(),
    }
}
