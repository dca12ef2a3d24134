//! A live table with everything that makes it what it is. SQLite keeps no comments, so that none are told.

use super::create::{CreateTable, read_index};
use super::introspect::plain_name;
use data::structure::{ColumnStructure, ForeignKey, IndexStructure, TableKind, TableStructure};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;

/// What a rebuild of the table must keep and a structure has no place for.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// Statements that make the table's triggers again.
    pub(super) triggers: Vec<String>,
    /// Clauses that a rebuild would lose.
    pub(super) unusual: Vec<&'static str>,
}

/// The table of that name.
pub(super) fn structure(connection: &Connection, name: &str) -> rusqlite::Result<Option<TableStructure>> {
    let Some(found) = find(connection, name)? else { return Ok(None) };
    let created = CreateTable::read(&found.sql);
    let (columns, primary_key) = columns(connection, &found, &created)?;
    let mut options = BTreeMap::new();
    for (word, set) in [("strict", found.strict), ("without_rowid", found.without_rowid)] {
        if set {
            options.insert(word.to_owned(), "true".to_owned());
        }
    }
    Ok(Some(TableStructure {
        indexes: indexes(connection, &found.name, &created)?,
        foreign_keys: foreign_keys(connection, &found.name, &created)?,
        name: found.name,
        kind: if found.is_view { TableKind::View } else { TableKind::Plain },
        columns,
        primary_key,
        checks: created.checks,
        comment: None,
        options,
    }))
}

/// What hangs on the table besides its structure.
pub(super) fn attached(connection: &Connection, name: &str) -> rusqlite::Result<Attached> {
    let Some(found) = find(connection, name)? else { return Ok(Attached::default()) };
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE ORDER BY rowid",
    )?;
    let triggers = statement.query_map([&found.name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut unusual = CreateTable::read(&found.sql).unusual;
    unusual.dedup();
    Ok(Attached { triggers, unusual })
}

struct Found {
    name: String,
    sql: String,
    is_view: bool,
    strict: bool,
    without_rowid: bool,
}

fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Found>> {
    let found = connection.query_row(
        "SELECT l.name, l.type, l.strict, l.wr, (SELECT s.sql FROM sqlite_schema AS s WHERE s.name = l.name AND s.type IN ('table', 'view')) \
         FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE",
        [plain_name(name)],
        |row| {
            Ok(Found {
                name: row.get(0)?,
                is_view: row.get::<_, String>(1)? == "view",
                strict: row.get(2)?,
                without_rowid: row.get(3)?,
                sql: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            })
        },
    );
    found.optional()
}

fn columns(
    connection: &Connection,
    found: &Found,
    created: &CreateTable,
) -> rusqlite::Result<(Vec<ColumnStructure>, Vec<String>)> {
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
    )?;
    let mut rows = statement.query([&found.name])?;
    let (mut columns, mut primary) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let place: i64 = row.get(4)?;
        if place > 0 {
            primary.push((place, name.clone()));
        }
        columns.push(ColumnStructure {
            native_type: row.get::<_, String>(1)?.split_whitespace().collect::<Vec<_>>().join(" "),
            nullable: !row.get::<_, bool>(2)?,
            default: row
                .get::<_, Option<String>>(3)?
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.eq_ignore_ascii_case("null")),
            auto_increment: place > 0 && created.autoincrement,
            generated: if found.is_view { None } else { created.generated(&name) },
            on_update: None,
            is_tag: false,
            collation: if found.is_view { None } else { created.collation(&name) },
            comment: None,
            renamed_from: None,
            name,
        });
    }
    primary.sort_unstable();
    let primary: Vec<String> = primary.into_iter().map(|(_, name)| name).collect();
    for column in &mut columns {
        let only_key = primary.len() == 1 && primary[0] == column.name;
        // The row's number is never NULL, and no key of a table without row numbers is.
        let row_number = only_key && column.native_type.eq_ignore_ascii_case("INTEGER");
        if row_number || (found.without_rowid && primary.contains(&column.name)) {
            column.nullable = false;
        }
    }
    Ok((columns, primary))
}

fn indexes(connection: &Connection, table: &str, created: &CreateTable) -> rusqlite::Result<Vec<IndexStructure>> {
    let mut statement = connection.prepare(
        "SELECT l.name, l.\"unique\", l.origin, s.sql FROM pragma_index_list(?1) AS l \
         LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name WHERE l.origin <> 'pk' ORDER BY l.name",
    )?;
    let listed: Vec<(String, bool, String, Option<String>)> = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut indexes = Vec::new();
    for (name, unique, origin, sql) in listed {
        let (columns, filter) = match &sql {
            Some(sql) => read_index(sql),
            None => {
                let mut statement =
                    connection.prepare("SELECT name FROM pragma_index_info(?1) WHERE name NOT NULL ORDER BY seqno")?;
                (statement.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?, None)
            }
        };
        let constraint = if origin == "u" { created.name_of(&columns) } else { String::new() };
        let name = if constraint.is_empty() { name } else { constraint };
        indexes.push(IndexStructure { name, columns, unique, method: None, filter, include: Vec::new() });
    }
    Ok(indexes)
}

fn foreign_keys(connection: &Connection, table: &str, created: &CreateTable) -> rusqlite::Result<Vec<ForeignKey>> {
    let mut statement = connection.prepare(
        "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
    )?;
    let action = |text: String| Some(text.to_ascii_lowercase()).filter(|text| text != "no action");
    let mut rows = statement.query([table])?;
    let mut keys: Vec<(i64, ForeignKey, bool)> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let to: Option<String> = row.get(3)?;
        if keys.last().is_none_or(|(last, ..)| *last != id) {
            let key = ForeignKey {
                references: row.get(1)?,
                on_update: action(row.get(4)?),
                on_delete: action(row.get(5)?),
                ..ForeignKey::default()
            };
            keys.push((id, key, to.is_none()));
        }
        if let Some((_, key, _)) = keys.last_mut() {
            key.columns.push(row.get(2)?);
            key.referenced_columns.extend(to);
        }
    }
    drop(rows);
    let mut found = Vec::new();
    for (_, mut key, to_primary) in keys {
        if to_primary {
            // Without named columns the primary key is meant.
            let mut statement =
                connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
            key.referenced_columns =
                statement.query_map([&key.references], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        }
        key.name = created.name_of(&key.columns);
        found.push(key);
    }
    Ok(found)
}
