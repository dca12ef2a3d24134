//! Columns of a document about tables.

use super::{RawColumn, RawDefault, RawTable, given, read_name, read_names};
use data::structure::Generated;
use model::ErrorCode;
use model::document::read::Reader;
use model::tree::{Content, Node};

/// Columns of one table at most: what the widest database takes.
const MAX_COLUMNS: usize = 4_096;

pub(in crate::tables) const COLUMN_KEYS: [&str; 19] = [
    "name",
    "type",
    "native_type",
    "length",
    "precision",
    "scale",
    "unsigned",
    "nullable",
    "primary_key",
    "auto_increment",
    "default",
    "on_update",
    "unique",
    "is_tag",
    "comment",
    "generated",
    "collation",
    "renamed_from",
    "values",
];

pub(super) fn read_columns(reader: &mut Reader, node: &Node, path: &str, table: &mut RawTable) {
    let Some(items) = node.as_list() else {
        reader.wrong_type(node, path, "a list", "Write `- { name: id, type: BIGINT }` for each column.");
        table.has_unread_columns = true;
        return;
    };
    if items.is_empty() {
        let message = "`columns` is empty".to_owned();
        reader.refuse(ErrorCode::InvalidValue, node.at, path, message, "A table has at least one column.");
        table.has_unread_columns = true;
    }
    if items.len() > MAX_COLUMNS {
        let message = format!("the table has {} columns; at most {MAX_COLUMNS} are possible", items.len());
        reader.refuse(ErrorCode::DocumentTooLarge, node.at, path, message, "Split the table.");
        table.has_unread_columns = true;
        return;
    }
    for (index, item) in items.iter().enumerate() {
        match read_column(reader, item, &format!("{path}.{index}")) {
            Some(column) => table.columns.push(column),
            None => table.has_unread_columns = true,
        }
    }
}

fn read_column(reader: &mut Reader, node: &Node, path: &str) -> Option<RawColumn> {
    let pairs = reader.map(node, path, "Write `- { name: id, type: BIGINT }`.");
    if pairs.is_empty() {
        return None;
    }
    reader.known_keys(pairs, path, &COLUMN_KEYS);
    let mut column = RawColumn { path: path.to_owned(), at: Some(node.at), ..RawColumn::default() };
    let mut name = None;
    for (key, value) in given(pairs) {
        let Some(known) = COLUMN_KEYS.into_iter().find(|known| *known == key.text) else { continue };
        column.places.insert(known, value.at);
        let path = format!("{path}.{known}");
        let mut flag = || reader.boolean(value, &path).unwrap_or_default();
        match known {
            "name" => name = read_name(reader, value, &path, "a column"),
            "type" => column.word = reader.text(value, &path, "Write a type such as `BIGINT`.").map(str::to_owned),
            "native_type" => {
                column.native_type = reader.text(value, &path, "Write the database's own type.").map(str::to_owned);
            }
            "length" => column.length = reader.whole_number(value, &path, 0..=1_073_741_824),
            "precision" => column.precision = reader.whole_number(value, &path, 0..=1000),
            "scale" => column.scale = reader.whole_number(value, &path, 0..=1000),
            "unsigned" => column.unsigned = flag(),
            "nullable" => column.nullable = reader.boolean(value, &path),
            "primary_key" => column.primary_key = flag(),
            "auto_increment" => column.auto_increment = flag(),
            "default" => column.default = read_default(reader, value, &path),
            "on_update" => {
                column.on_update = reader.text(value, &path, "Write `CURRENT_TIMESTAMP`.").map(str::to_owned)
            }
            "unique" => column.unique = flag(),
            "is_tag" => column.is_tag = flag(),
            "comment" => column.comment = reader.text(value, &path, "Write a sentence.").map(str::to_owned),
            "generated" => column.generated = read_generated(reader, value, &path),
            "collation" => {
                column.collation = reader.text(value, &path, "Name a collation of the database.").map(str::to_owned);
            }
            "renamed_from" => column.renamed_from = read_name(reader, value, &path, "a column"),
            "values" => {
                let names = read_names(reader, value, &path, "Write `values: [open, closed]`.").unwrap_or_default();
                column.values = names.into_iter().map(|named| named.name).collect();
            }
            _ => {}
        }
    }
    if node.get("name").is_none_or(|value| value.content == Content::Null) {
        reader.missing(node.at, &format!("{path}.name"), "name", "the column", "Name it: `name: price`.");
    }
    if column.word.is_none() && column.native_type.is_none() && !column.places.contains_key("type") {
        reader.missing(node.at, &format!("{path}.type"), "type", "the column", "Say what it holds: `type: BIGINT`.");
    }
    column.name = name?;
    Some(column)
}

fn read_default(reader: &mut Reader, node: &Node, path: &str) -> Option<RawDefault> {
    const HINT: &str = "Write a value, or SQL as `default: { expression: \"now()\" }`.";
    match &node.content {
        Content::Number(number) => Some(RawDefault::Number(number.to_string())),
        Content::Bool(value) => Some(RawDefault::Bool(*value)),
        Content::Text(text) => Some(RawDefault::Text(text.clone())),
        Content::Map(pairs) => {
            reader.known_keys(pairs, path, &["expression"]);
            let Some(expression) = node.get("expression") else {
                reader.missing(node.at, &format!("{path}.expression"), "expression", "the default", HINT);
                return None;
            };
            let text = reader.text(expression, &format!("{path}.expression"), HINT)?;
            Some(RawDefault::Expression(text.trim().to_owned()))
        }
        _ => {
            reader.wrong_type(node, path, "a value", HINT);
            None
        }
    }
}

fn read_generated(reader: &mut Reader, node: &Node, path: &str) -> Option<Generated> {
    const HINT: &str = "Write `generated: \"price * volume\"`, or `{ expression: …, stored: true }`.";
    if let Some(text) = node.as_text() {
        return Some(Generated { expression: text.trim().to_owned(), stored: true });
    }
    let pairs = reader.map(node, path, HINT);
    if pairs.is_empty() {
        return None;
    }
    reader.known_keys(pairs, path, &["expression", "stored"]);
    let Some(expression) = node.get("expression") else {
        reader.missing(node.at, &format!("{path}.expression"), "expression", "the generated column", HINT);
        return None;
    };
    let text = reader.text(expression, &format!("{path}.expression"), HINT)?.trim().to_owned();
    let stored = match node.get("stored") {
        Some(stored) => reader.boolean(stored, &format!("{path}.stored"))?,
        None => true,
    };
    Some(Generated { expression: text, stored })
}
