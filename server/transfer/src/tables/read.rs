//! Reads a document about tables and reports everything that is wrong with it at once.
//!
//! Here the shape is read; `check.rs` looks at what a table's parts mean together.

use super::check;
use super::document::{DatabaseType, Document};
use super::types::shorten;
use data::structure::{CheckConstraint, ForeignKey, Generated, IndexStructure};
use model::document::read::{MAX_FAULTS, Reader};
use model::tree::{self, Content, Key, Limits, Node, Position};
use model::{ErrorCode, Fault};
use std::collections::BTreeMap;

/// How much a document about tables may hold: more than a workflow, since a database is imported as one.
const LIMITS: Limits = Limits { bytes: 8 * 1024 * 1024, depth: 32, nodes: 500_000, text: 64 * 1024 };
/// Tables of one document at most.
const MAX_TABLES: usize = 5_000;
/// Columns of one table at most: what the widest database takes.
const MAX_COLUMNS: usize = 4_096;

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
pub(super) const COLUMN_KEYS: [&str; 18] = [
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
    "values",
];
const INDEX_KEYS: [&str; 6] = ["name", "columns", "unique", "method", "filter", "include"];
const FOREIGN_KEYS: [&str; 6] = ["name", "columns", "references", "referenced_columns", "on_delete", "on_update"];
const REACTIONS: [(&str, &str); 5] = [
    ("cascade", "cascade"),
    ("set null", "set null"),
    ("set default", "set default"),
    ("restrict", "restrict"),
    ("no action", ""),
];

/// One table as it was read; `check.rs` makes an entry of it.
#[derive(Debug, Default)]
pub(super) struct RawTable {
    pub(super) path: String,
    pub(super) at: Option<Position>,
    pub(super) places: BTreeMap<&'static str, Position>,
    pub(super) database_type: Option<DatabaseType>,
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) name: Option<String>,
    pub(super) is_super_table: bool,
    pub(super) is_hypertable: bool,
    pub(super) time_column: Option<String>,
    pub(super) chunk_interval: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<RawColumn>,
    /// Whether a column could not be read, so that nobody reports it as missing as well.
    pub(super) has_unread_columns: bool,
    pub(super) primary_key: Option<Vec<Named>>,
    pub(super) indexes: Vec<(Position, String, IndexStructure)>,
    pub(super) foreign_keys: Vec<(Position, String, ForeignKey)>,
    pub(super) checks: Vec<CheckConstraint>,
    pub(super) options: BTreeMap<String, String>,
}

/// A name and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) at: Position,
    pub(super) path: String,
    pub(super) name: String,
}

/// What a column's default is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawDefault {
    Number(String),
    Bool(bool),
    Text(String),
    /// SQL as it stands.
    Expression(String),
}

/// One column as it was read.
#[derive(Debug, Default)]
pub(super) struct RawColumn {
    pub(super) path: String,
    pub(super) at: Option<Position>,
    pub(super) places: BTreeMap<&'static str, Position>,
    pub(super) name: String,
    pub(super) word: Option<String>,
    pub(super) native_type: Option<String>,
    pub(super) length: Option<u32>,
    pub(super) precision: Option<u32>,
    pub(super) scale: Option<u32>,
    pub(super) unsigned: bool,
    pub(super) nullable: Option<bool>,
    pub(super) primary_key: bool,
    pub(super) auto_increment: bool,
    pub(super) default: Option<RawDefault>,
    pub(super) on_update: Option<String>,
    pub(super) unique: bool,
    pub(super) is_tag: bool,
    pub(super) comment: Option<String>,
    pub(super) generated: Option<Generated>,
    pub(super) collation: Option<String>,
    pub(super) values: Vec<String>,
}

impl RawTable {
    /// Where the key stands; where it is missing, where the table begins.
    pub(super) fn place(&self, key: &str) -> Position {
        self.places.get(key).copied().or(self.at).unwrap_or(Position::START)
    }
}

impl RawColumn {
    /// Where the key stands; where it is missing, where the column begins.
    pub(super) fn place(&self, key: &str) -> Position {
        self.places.get(key).copied().or(self.at).unwrap_or(Position::START)
    }
}

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

fn read_columns(reader: &mut Reader, node: &Node, path: &str, table: &mut RawTable) {
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

/// The items of a list of mappings, each with its path.
fn read_list<'n>(reader: &mut Reader, node: &'n Node, path: &str, hint: &str) -> Vec<(&'n Node, String)> {
    match node.as_list() {
        Some(items) => items.iter().enumerate().map(|(index, item)| (item, format!("{path}.{index}"))).collect(),
        None => {
            reader.wrong_type(node, path, "a list", hint);
            Vec::new()
        }
    }
}

fn read_indexes(reader: &mut Reader, node: &Node, path: &str) -> Vec<(Position, String, IndexStructure)> {
    const HINT: &str = "Write `- { name: by_day, columns: [trade_date] }`.";
    let mut indexes = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &INDEX_KEYS);
        let mut index = IndexStructure::default();
        for (key, value) in given(pairs) {
            let path = format!("{path}.{}", key.text);
            let mut names = |hint: &str| -> Vec<String> {
                let names = read_names(reader, value, &path, hint).unwrap_or_default();
                names.into_iter().map(|named| named.name).collect()
            };
            match key.text.as_str() {
                "name" => index.name = read_name(reader, value, &path, "an index").unwrap_or_default(),
                "columns" => index.columns = names(HINT),
                "include" => index.include = names("List columns."),
                "unique" => index.unique = reader.boolean(value, &path).unwrap_or_default(),
                "method" => {
                    index.method = reader.text(value, &path, "Write a word such as `hash`.").map(str::to_lowercase);
                }
                "filter" => index.filter = reader.text(value, &path, "Write a condition.").map(str::to_owned),
                _ => {}
            }
        }
        if item.get("columns").is_none() && !pairs.is_empty() {
            reader.missing(item.at, &format!("{path}.columns"), "columns", "the index", HINT);
        }
        if !index.columns.is_empty() {
            indexes.push((item.at, path, index));
        }
    }
    indexes
}

fn read_foreign_keys(reader: &mut Reader, node: &Node, path: &str) -> Vec<(Position, String, ForeignKey)> {
    const HINT: &str = "Write `- { columns: [symbol_id], references: symbols, referenced_columns: [id] }`.";
    let mut keys = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &FOREIGN_KEYS);
        let mut foreign = ForeignKey::default();
        for (key, value) in given(pairs) {
            let path = format!("{path}.{}", key.text);
            let mut names = || -> Vec<String> {
                let names = read_names(reader, value, &path, HINT).unwrap_or_default();
                names.into_iter().map(|named| named.name).collect()
            };
            match key.text.as_str() {
                "name" => foreign.name = read_name(reader, value, &path, "a foreign key").unwrap_or_default(),
                "columns" => foreign.columns = names(),
                "referenced_columns" => foreign.referenced_columns = names(),
                "references" => foreign.references = read_name(reader, value, &path, "a table").unwrap_or_default(),
                "on_delete" => foreign.on_delete = read_reaction(reader, value, &path),
                "on_update" => foreign.on_update = read_reaction(reader, value, &path),
                _ => {}
            }
        }
        if pairs.is_empty() {
            continue;
        }
        for key in ["columns", "references"] {
            if item.get(key).is_none() {
                reader.missing(item.at, &format!("{path}.{key}"), key, "the foreign key", HINT);
            }
        }
        if !foreign.columns.is_empty() && !foreign.references.is_empty() {
            keys.push((item.at, path, foreign));
        }
    }
    keys
}

fn read_reaction(reader: &mut Reader, node: &Node, path: &str) -> Option<String> {
    let folded = node.as_text().map(|text| text.to_lowercase().replace('_', " "));
    if let Some(found) = folded.and_then(|text| REACTIONS.into_iter().find(|(word, _)| *word == text)) {
        return Some(found.1.to_owned()).filter(|word| !word.is_empty());
    }
    reader.word(node, path, &REACTIONS).map(str::to_owned).filter(|word| !word.is_empty())
}

fn read_checks(reader: &mut Reader, node: &Node, path: &str) -> Vec<CheckConstraint> {
    const HINT: &str = "Write `- { name: positive, condition: \"price > 0\" }`.";
    let mut checks: Vec<CheckConstraint> = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        if let Some(condition) = item.as_text() {
            checks.push(CheckConstraint { name: String::new(), condition: condition.trim().to_owned() });
            continue;
        }
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &["name", "condition"]);
        let name = item.get("name").and_then(|name| read_name(reader, name, &format!("{path}.name"), "a check"));
        let name = name.unwrap_or_default();
        if !name.is_empty() && checks.iter().any(|known| known.name == name) {
            let message = format!("two checks are called `{}`", shorten(&name));
            reader.refuse(ErrorCode::Duplicate, item.at, &path, message, "Give one of them another name.");
        }
        match item.get("condition") {
            Some(condition) => {
                if let Some(condition) = reader.text(condition, &format!("{path}.condition"), HINT) {
                    checks.push(CheckConstraint { name, condition: condition.trim().to_owned() });
                }
            }
            None if !pairs.is_empty() => {
                reader.missing(item.at, &format!("{path}.condition"), "condition", "the check", HINT);
            }
            None => {}
        }
    }
    checks
}

fn read_options(reader: &mut Reader, node: &Node, path: &str, options: &mut BTreeMap<String, String>) {
    const HINT: &str = "Write `options: { engine: InnoDB, charset: utf8mb4 }`.";
    for (key, value) in given(reader.map(node, path, HINT)) {
        if let Some(text) = read_scalar(reader, value, &format!("{path}.{}", key.text), HINT) {
            options.insert(key.text.clone(), text);
        }
    }
}
