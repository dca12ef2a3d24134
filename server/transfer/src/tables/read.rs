//! Reads a document about tables and reports everything that is wrong with it at once.
//!
//! Here the shape is read: of a table, of its [`column`]s and its [`constraint`]s; `check.rs` looks at what they mean
//! together.

mod column;
mod constraint;
mod raw;

#[cfg(test)]
pub(super) use column::COLUMN_KEYS;
pub(super) use raw::{Named, RawColumn, RawDefault, RawTable};

use super::check;
use super::document::{DatabaseType, Document};
use super::types::shorten;
use column::read_columns;
use constraint::{read_checks, read_foreign_keys, read_indexes};
use model::document::read::{MAX_FAULTS, Reader};
use model::tree::{self, Content, Key, Limits, Node};
use model::{ErrorCode, Fault};
use std::collections::BTreeMap;

/// How much a document about tables may hold: more than a workflow, since a database is imported as one.
const LIMITS: Limits = Limits { bytes: 8 * 1024 * 1024, depth: 32, nodes: 500_000, text: 64 * 1024 };
/// Tables of one document at most.
const MAX_TABLES: usize = 5_000;

pub(super) const TABLE_KEYS: [&str; 17] = [
    "database_type",
    "database_name",
    "schema",
    "connection",
    "table_name",
    "is_super_table",
    "is_timescale_hypertable",
    "time_column",
    "chunk_interval",
    "comment",
    "columns",
    "primary_key",
    "indexes",
    "foreign_keys",
    "checks",
    "partition",
    "options",
];

/// Reads a document about tables.
///
/// # Errors
/// Everything that is wrong with it, each fault with its place and what to do; at most 100.
pub fn parse(text: &str) -> Result<Document, Vec<Fault>> {
    let root = tree::parse(text, &LIMITS).map_err(|faults| faults.into_iter().map(reword).collect::<Vec<_>>())?;
    let mut reader = Reader::new();
    let mut raw = Vec::new();
    read_root(&mut reader, &root, &mut raw);
    let tables: Vec<_> = raw.iter().filter_map(|table| check::entry(&mut reader, table)).collect();
    check::twice(&mut reader, &tables);
    let (mut faults, _) = reader.finish();
    if faults.is_empty() {
        return Ok(Document { tables });
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults.truncate(MAX_FAULTS);
    Err(faults)
}

/// The tree's reader speaks of workflows.
fn reword(mut fault: Fault) -> Fault {
    if let Some(hint) = &mut fault.hint {
        if hint.starts_with("A workflow needs") {
            *hint = "A document about tables begins with `tables:` and a list.".to_owned();
        } else if hint.starts_with("Save each workflow") {
            *hint = "Save each document on its own.".to_owned();
        } else if hint.starts_with("Keep data in files") {
            *hint = "Spread the tables over several files.".to_owned();
        }
    }
    fault
}

fn read_root(reader: &mut Reader, root: &Node, tables: &mut Vec<RawTable>) {
    let Content::Map(pairs) = &root.content else {
        let message = format!("a document about tables is a mapping, not {}", root.kind());
        reader.refuse(
            ErrorCode::InvalidValue,
            root.at,
            "",
            message,
            "Begin with `tables:` and list the tables below it.",
        );
        return;
    };
    reader.known_keys(pairs, "", &["tables", "description"]);
    let Some(list) = root.get("tables") else {
        reader.missing(
            root.at,
            "tables",
            "tables",
            "the document",
            "Begin with `tables:` and list the tables below it.",
        );
        return;
    };
    let Some(items) = list.as_list() else {
        reader.wrong_type(list, "tables", "a list", "Begin each table with `- database_type: …`.");
        return;
    };
    if items.is_empty() {
        let message = "`tables` is empty".to_owned();
        reader.refuse(ErrorCode::InvalidValue, list.at, "tables", message, "List at least one table.");
    }
    if items.len() > MAX_TABLES {
        let message = format!("the document has {} tables; at most {MAX_TABLES} are allowed", items.len());
        reader.refuse(ErrorCode::DocumentTooLarge, list.at, "tables", message, "Spread the tables over several files.");
        return;
    }
    for (index, item) in items.iter().enumerate() {
        tables.extend(read_table(reader, item, &format!("tables.{index}")));
    }
}

/// The pairs of a mapping whose value is there: a key with nothing behind it is as good as absent.
fn given(pairs: &[(Key, Node)]) -> impl Iterator<Item = (&Key, &Node)> {
    pairs.iter().filter(|(_, node)| node.content != Content::Null).map(|(key, node)| (key, node))
}

fn read_table(reader: &mut Reader, node: &Node, path: &str) -> Option<RawTable> {
    let pairs = reader.map(node, path, "Write `- database_type: …` and below it `table_name` and `columns`.");
    if pairs.is_empty() {
        return None;
    }
    reader.known_keys(pairs, path, &TABLE_KEYS);
    let mut table = RawTable { path: path.to_owned(), at: Some(node.at), ..RawTable::default() };
    for (key, value) in given(pairs) {
        let Some(known) = TABLE_KEYS.into_iter().find(|known| *known == key.text) else { continue };
        table.places.insert(known, value.at);
        let path = format!("{path}.{known}");
        let text = |reader: &mut Reader, hint: &str| reader.text(value, &path, hint).map(str::to_owned);
        match known {
            "database_type" => table.database_type = read_database_type(reader, value, &path),
            "database_name" => table.database = read_name(reader, value, &path, "a database"),
            "schema" => table.schema = read_name(reader, value, &path, "a schema"),
            "connection" => table.connection = read_name(reader, value, &path, "a connection"),
            "table_name" => table.name = read_name(reader, value, &path, "a table"),
            "is_super_table" => table.is_super_table = reader.boolean(value, &path).unwrap_or_default(),
            "is_timescale_hypertable" => table.is_hypertable = reader.boolean(value, &path).unwrap_or_default(),
            "time_column" => table.time_column = read_name(reader, value, &path, "a column"),
            "chunk_interval" => table.chunk_interval = read_scalar(reader, value, &path, "Write `7 days`."),
            "comment" => table.comment = text(reader, "Write a sentence."),
            "columns" => read_columns(reader, value, &path, &mut table),
            "primary_key" => table.primary_key = read_names(reader, value, &path, "Write `primary_key: [id]`."),
            "indexes" => table.indexes = read_indexes(reader, value, &path),
            "foreign_keys" => table.foreign_keys = read_foreign_keys(reader, value, &path),
            "checks" => table.checks = read_checks(reader, value, &path),
            "partition" => {
                let partition = text(reader, "Write what stands behind `PARTITION BY`: `RANGE (trade_date)`.");
                table.options.extend(partition.map(|text| ("partition_by".to_owned(), text)));
            }
            "options" => read_options(reader, value, &path, &mut table.options),
            _ => {}
        }
    }
    let hints = [
        ("database_type", "Name the database: `database_type: PostgreSQL`."),
        ("table_name", "Name the table: `table_name: daily_bars`."),
        ("columns", "List the columns: `columns: [{ name: id, type: BIGINT }]`."),
    ];
    for (key, hint) in hints {
        if node.get(key).is_none_or(|value| value.content == Content::Null) {
            reader.missing(node.at, &format!("{path}.{key}"), key, "the table", hint);
        }
    }
    Some(table)
}

fn read_database_type(reader: &mut Reader, node: &Node, path: &str) -> Option<DatabaseType> {
    if let Some(text) = node.as_text() {
        let found = DatabaseType::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text));
        if found.is_some() {
            return found;
        }
        let aliases = [
            ("postgres", DatabaseType::PostgreSQL),
            ("timescale", DatabaseType::TimescaleDB),
            ("taos", DatabaseType::TDengine),
        ];
        if let Some((_, found)) = aliases.into_iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text)) {
            return Some(found);
        }
    }
    let words: Vec<(&str, DatabaseType)> = DatabaseType::ALL.into_iter().map(|known| (known.as_str(), known)).collect();
    reader.word(node, path, &words)
}

/// A name that databases can hold: not empty, not endless, nothing that cannot be seen.
fn read_name(reader: &mut Reader, node: &Node, path: &str, of: &str) -> Option<String> {
    let name = reader.text(node, path, "Write a name; put it between quotes where it looks like a number.")?;
    let fault = if name.trim().is_empty() {
        Some("is empty")
    } else if name.trim() != name {
        Some("begins or ends with a blank")
    } else if name.chars().any(char::is_control) {
        Some("holds a character that cannot be seen")
    } else if name.len() > 255 {
        Some("is longer than 255 bytes")
    } else {
        None
    };
    if let Some(fault) = fault {
        let visible: String = name.chars().filter(|char| !char.is_control()).collect();
        let message = format!("the name `{}` of {of} {fault}", shorten(&visible));
        reader.refuse(ErrorCode::InvalidValue, node.at, path, message, "Give it another name.");
        return None;
    }
    Some(name.to_owned())
}

/// Text, or a number as text.
fn read_scalar(reader: &mut Reader, node: &Node, path: &str, hint: &str) -> Option<String> {
    match &node.content {
        Content::Number(number) => Some(number.to_string()),
        Content::Bool(value) => Some(value.to_string()),
        _ => reader.text(node, path, hint).map(str::to_owned),
    }
}

fn read_names(reader: &mut Reader, node: &Node, path: &str, hint: &str) -> Option<Vec<Named>> {
    let Some(items) = node.as_list() else {
        let name = reader.text(node, path, hint)?;
        return Some(vec![Named { at: node.at, path: path.to_owned(), name: name.to_owned() }]);
    };
    let mut names: Vec<Named> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}.{index}");
        let Some(name) = reader.text(item, &path, hint) else { continue };
        if names.iter().any(|known| known.name == name) {
            let message = format!("`{}` stands here twice", shorten(name));
            reader.refuse(ErrorCode::Duplicate, item.at, &path, message, "Remove one.");
            continue;
        }
        names.push(Named { at: item.at, path, name: name.to_owned() });
    }
    Some(names)
}

fn read_options(reader: &mut Reader, node: &Node, path: &str, options: &mut BTreeMap<String, String>) {
    const HINT: &str = "Write `options: { engine: InnoDB, charset: utf8mb4 }`.";
    for (key, value) in given(reader.map(node, path, HINT)) {
        if let Some(text) = read_scalar(reader, value, &format!("{path}.{}", key.text), HINT) {
            options.insert(key.text.clone(), text);
        }
    }
}
