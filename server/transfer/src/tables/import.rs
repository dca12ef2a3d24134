//! Writes the document from live tables, so that planning it right away finds nothing to do.

use super::check::is_expression;
use super::document::DatabaseType;
use super::journal::{Operation, Scribe, kind_word};
use super::read;
use super::target::Target;
use super::types::{self, Parts, TypeSpec};
use super::yaml;
use data::structure::{ColumnStructure, ForeignKey, IndexStructure, TableKind, TableStructure};
use data::{ConnectionInfo, Connector, Result, System};
use model::tree::Position;
use model::{Fault, TableLogStatus};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::time::Instant;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imported {
    /// The document.
    pub document: String,
    /// Tables it holds.
    pub tables: Vec<String>,
    /// Tables it does not hold, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Writes the document of the tables named in `only`, or of all tables of the connection.
///
/// # Errors
/// `table_not_found` for a name in `only`, and whatever the system meets.
pub async fn import(
    connector: &dyn Connector,
    connection: &ConnectionInfo,
    only: &[String],
    scribe: Scribe<'_>,
) -> Result<Imported> {
    let database = database_type(connector).await?;
    let names = if only.is_empty() { connector.list_tables().await? } else { only.to_vec() };
    let mut imported = Imported { document: String::new(), tables: Vec::new(), left_out: Vec::new() };
    let _ = writeln!(
        imported.document,
        "# Tables of the connection `{}`, as they were on {}.\ntables:",
        connection.name,
        chrono::Utc::now().format("%Y-%m-%d")
    );
    for name in names {
        let since = Instant::now();
        // The ledger is Sluice's own.
        if only.is_empty() && name.rsplit('.').next().is_some_and(|bare| bare.trim_matches('"').starts_with("_sluice_"))
        {
            continue;
        }
        let Some(live) = connector.structure(&name).await? else {
            if only.is_empty() {
                continue;
            }
            return Err(crate::schema::not_found(connector, &name).await);
        };
        match written(database, connection, &live) {
            Ok(text) => {
                imported.document.push_str(&text);
                imported.tables.push(name.clone());
                let target = Target {
                    path: String::new(),
                    at: Position::START,
                    database_type: database,
                    connection: connection.name.clone(),
                    table: name,
                    structure: live,
                };
                let parameters = json!({ "columns": target.structure.columns.len() });
                let status = TableLogStatus::Succeeded;
                let operation = Operation { word: "import", ddl: None, parameters, since, status, error: None };
                scribe.operation(&target, operation).await;
            }
            Err(reason) => imported.left_out.push((name, reason)),
        }
    }
    if imported.tables.is_empty() {
        // A list with nothing in it, rather than nothing, which could be anything.
        imported.document.truncate(imported.document.len() - 1);
        imported.document.push_str(" []\n");
    }
    Ok(imported)
}

/// What kind of database is behind the connector: MySQL and MariaDB share one.
pub(super) async fn database_type(connector: &dyn Connector) -> Result<DatabaseType> {
    Ok(match connector.system() {
        System::Mysql if connector.ping().await?.starts_with("MariaDB") => DatabaseType::MariaDB,
        System::Mysql => DatabaseType::MySQL,
        System::Postgres => DatabaseType::PostgreSQL,
        System::Tdengine => DatabaseType::TDengine,
        System::Sqlite => DatabaseType::SQLite,
        other => {
            return Err(data::Error::permanent(
                model::ErrorCode::Unsupported,
                format!("{} has no tables that a document describes", other.as_str()),
            ));
        }
    })
}

/// The table's entry, or why it cannot have one.
fn written(
    database: DatabaseType,
    connection: &ConnectionInfo,
    live: &TableStructure,
) -> std::result::Result<String, String> {
    match &live.kind {
        TableKind::View => return Err("it is a view".to_owned()),
        TableKind::SubTable { of } => return Err(format!("it is a subtable of `{of}`")),
        _ => {}
    }
    let text = entry(database, connection, live);
    // Whatever the reader would refuse must not be in the document: better to say so now.
    match read::parse(&format!("tables:\n{text}")) {
        Ok(_) => Ok(text),
        Err(faults) => {
            let first: Option<&Fault> = faults.first();
            Err(format!(
                "its {} has no place in a document: {}",
                kind_word(&live.kind),
                first.map_or("", |fault| &fault.message)
            ))
        }
    }
}

fn entry(database: DatabaseType, connection: &ConnectionInfo, live: &TableStructure) -> String {
    let (schema, name) = split(&live.name);
    let is_hypertable = matches!(live.kind, TableKind::Hypertable { .. });
    let database_type = if is_hypertable { DatabaseType::TimescaleDB } else { database };
    let mut head: Vec<(&str, Value)> =
        vec![("database_type", database_type.as_str().into()), ("connection", connection.name.clone().into())];
    match (schema, database.system()) {
        (Some(schema), System::Postgres) => head.push(("schema", schema.into())),
        (Some(schema), System::Mysql | System::Tdengine) => head.push(("database_name", schema.into())),
        _ => {}
    }
    head.push(("table_name", name.into()));
    match &live.kind {
        TableKind::Hypertable { time_column, chunk_interval } => {
            head.push(("is_timescale_hypertable", true.into()));
            head.push(("time_column", time_column.clone().into()));
            head.extend(chunk_interval.clone().map(|interval| ("chunk_interval", interval.into())));
        }
        TableKind::SuperTable => head.push(("is_super_table", true.into())),
        _ => {}
    }
    head.extend(live.comment.clone().filter(|comment| !comment.is_empty()).map(|comment| ("comment", comment.into())));
    let mut text = String::new();
    for (index, (key, value)) in head.iter().enumerate() {
        let _ = writeln!(text, "{} {key}: {}", if index == 0 { "  -" } else { "   " }, yaml::inline(value));
    }
    text.push_str("    columns:\n");
    for column in &live.columns {
        let _ = writeln!(text, "      - {}", yaml::flow(&column_keys(database, column)));
    }
    if !live.primary_key.is_empty() {
        let _ = writeln!(text, "    primary_key: {}", yaml::inline(&json!(live.primary_key)));
    }
    list(&mut text, "indexes", live.indexes.iter().map(index_keys));
    list(&mut text, "foreign_keys", live.foreign_keys.iter().map(foreign_keys));
    let checks = live.checks.iter().map(|check| {
        let mut keys = Map::new();
        if !check.name.is_empty() {
            keys.insert("name".to_owned(), check.name.clone().into());
        }
        keys.insert("condition".to_owned(), check.condition.clone().into());
        keys
    });
    list(&mut text, "checks", checks);
    let mut options = live.options.clone();
    if let Some(partition) = options.remove("partition_by") {
        let _ = writeln!(text, "    partition: {}", yaml::text(&partition));
    }
    if !options.is_empty() {
        let _ = writeln!(text, "    options: {}", yaml::inline(&json!(options)));
    }
    text
}

fn list(text: &mut String, key: &str, items: impl Iterator<Item = Map<String, Value>>) {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "    {key}:");
    for item in items {
        let _ = writeln!(text, "      - {}", yaml::flow(&item));
    }
}

fn column_keys(database: DatabaseType, column: &ColumnStructure) -> Map<String, Value> {
    let mut keys = Map::new();
    let mut add = |key: &str, value: Value| keys.insert(key.to_owned(), value);
    add("name", column.name.clone().into());
    for (key, value) in type_keys(database, column) {
        add(key, value);
    }
    if !column.nullable {
        add("nullable", false.into());
    }
    if column.auto_increment {
        add("auto_increment", true.into());
    }
    if let Some(default) = &column.default {
        let value = match is_expression(default) {
            true => default.clone().into(),
            false => json!({ "expression": default }),
        };
        add("default", value);
    }
    if let Some(generated) = &column.generated {
        add("generated", json!({ "expression": generated.expression, "stored": generated.stored }));
    }
    if let Some(on_update) = &column.on_update {
        add("on_update", on_update.clone().into());
    }
    if column.is_tag {
        add("is_tag", true.into());
    }
    if let Some(collation) = &column.collation {
        add("collation", collation.clone().into());
    }
    if let Some(comment) = column.comment.as_ref().filter(|comment| !comment.is_empty()) {
        add("comment", comment.clone().into());
    }
    keys
}

/// The type in the document's words where they mean just this type, else in the system's own.
fn type_keys(database: DatabaseType, column: &ColumnStructure) -> Vec<(&'static str, Value)> {
    let native = column.native_type.as_str();
    let parts = Parts::of(native);
    let number = |index: usize| parts.arguments.get(index).and_then(|argument| argument.parse::<u32>().ok());
    let is_sized = parts.texts.is_empty() && parts.arguments.len() == 1;
    let is_decimal = parts.texts.is_empty() && parts.arguments.len() == 2;
    let short = match parts.word.as_str() {
        "CHARACTER VARYING" => "VARCHAR",
        "CHARACTER" => "CHAR",
        "TIMESTAMP WITHOUT TIME ZONE" => "TIMESTAMP",
        "TIMESTAMP WITH TIME ZONE" => "TIMESTAMPTZ",
        "TIME WITHOUT TIME ZONE" => "TIME",
        "DOUBLE PRECISION" => "DOUBLE",
        "INTEGER" => "INT",
        other => other,
    };
    let spec = TypeSpec {
        word: short,
        length: number(0).filter(|_| is_sized),
        precision: number(0).filter(|_| is_decimal),
        scale: number(1).filter(|_| is_decimal),
        unsigned: parts.unsigned,
        values: &parts.texts,
        is_tag: column.is_tag,
    };
    // A check, which is imported by itself, keeps the values of an enumeration that is no type.
    if types::native(database, &spec).is_ok_and(|again| again == native) {
        let mut keys = vec![("type", short.into())];
        keys.extend(spec.length.map(|length| ("length", length.into())));
        keys.extend(spec.precision.map(|precision| ("precision", precision.into())));
        keys.extend(spec.scale.map(|scale| ("scale", scale.into())));
        if spec.unsigned {
            keys.push(("unsigned", true.into()));
        }
        if !spec.values.is_empty() {
            keys.push(("values", json!(spec.values)));
        }
        return keys;
    }
    vec![("native_type", native.into())]
}

fn index_keys(index: &IndexStructure) -> Map<String, Value> {
    let mut keys = Map::new();
    keys.insert("name".to_owned(), index.name.clone().into());
    keys.insert("columns".to_owned(), json!(index.columns));
    if index.unique {
        keys.insert("unique".to_owned(), true.into());
    }
    if let Some(method) = &index.method {
        keys.insert("method".to_owned(), method.clone().into());
    }
    if let Some(filter) = &index.filter {
        keys.insert("filter".to_owned(), filter.clone().into());
    }
    if !index.include.is_empty() {
        keys.insert("include".to_owned(), json!(index.include));
    }
    keys
}

fn foreign_keys(key: &ForeignKey) -> Map<String, Value> {
    let mut keys = Map::new();
    if !key.name.is_empty() {
        keys.insert("name".to_owned(), key.name.clone().into());
    }
    keys.insert("columns".to_owned(), json!(key.columns));
    keys.insert("references".to_owned(), key.references.clone().into());
    keys.insert("referenced_columns".to_owned(), json!(key.referenced_columns));
    if let Some(reaction) = &key.on_delete {
        keys.insert("on_delete".to_owned(), reaction.clone().into());
    }
    if let Some(reaction) = &key.on_update {
        keys.insert("on_update".to_owned(), reaction.clone().into());
    }
    keys
}

/// Schema and table of a name, quotes taken off.
fn split(name: &str) -> (Option<String>, String) {
    let mut parts = super::drop::parts(name);
    match parts.len() {
        2 => (Some(parts.swap_remove(0)), parts.swap_remove(0)),
        _ => (None, parts.swap_remove(0)),
    }
}
