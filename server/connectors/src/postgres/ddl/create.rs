//! The statements that make a table which is not there.

use super::statement::{add_foreign_key, column, comment, create_index, hypertable, space};
use super::words::is_storage;
use super::{Facts, cost};
use crate::name::{TableName, quote, quote_all};
use data::structure::{TableChange, TableStructure};

/// The table, its hypertable, indexes, foreign keys and comments, in an order in which each can be run.
pub(super) fn changes(normal: &TableStructure, facts: &Facts) -> Vec<TableChange> {
    let mut wanted = normal.clone();
    for (place, check) in wanted.checks.iter_mut().enumerate() {
        *check = facts.spelled_check(place, check).clone();
    }
    for (place, index) in wanted.indexes.iter_mut().enumerate() {
        *index = facts.spelled_index(place, index).clone();
    }
    let wanted = &wanted;
    let name = TableName::parse(&wanted.name);
    let mut changes = Vec::new();
    if let Some(schema) = name.schema.as_deref().filter(|_| !facts.schema_exists) {
        changes.push(TableChange {
            summary: format!("create schema `{schema}`"),
            sql: format!("CREATE SCHEMA IF NOT EXISTS {}", quote(schema)),
            cost: cost::free(),
        });
    }
    changes.push(TableChange {
        summary: format!("create table `{}`", wanted.name),
        sql: table(wanted, &name.quoted(), false),
        cost: cost::free(),
    });
    changes.extend(hypertable(wanted, facts, false));
    changes.extend(space(wanted, facts));
    changes.extend(wanted.indexes.iter().map(|index| create_index(wanted, index)));
    changes.extend(wanted.foreign_keys.iter().map(|key| add_foreign_key(wanted, key)));
    if let Some(text) = wanted.comment.as_deref().filter(|text| !text.is_empty()) {
        changes.push(comment(wanted, None, Some(text)));
    }
    for column in &wanted.columns {
        if let Some(text) = column.comment.as_deref().filter(|text| !text.is_empty()) {
            changes.push(comment(wanted, Some(&column.name), Some(text)));
        }
    }
    changes
}

/// `CREATE TABLE` with columns, primary key and checks; `bare` leaves out where and how it is kept.
pub(super) fn table(wanted: &TableStructure, quoted: &str, bare: bool) -> String {
    let mut lines: Vec<String> = wanted.columns.iter().map(column).collect();
    if !wanted.primary_key.is_empty() {
        let constraint = wanted.options.get("primary_key_name").map(|name| format!("CONSTRAINT {} ", quote(name)));
        let columns = quote_all(wanted.primary_key.iter().map(String::as_str));
        lines.push(format!("{}PRIMARY KEY ({columns})", constraint.unwrap_or_default()));
    }
    for check in &wanted.checks {
        let name = if check.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", quote(&check.name)) };
        lines.push(format!("{name}CHECK ({})", check.condition));
    }
    for (key, definition) in &wanted.options {
        if let Some(name) = key.strip_prefix("constraint ").filter(|_| !bare) {
            lines.push(format!("CONSTRAINT {} {definition}", quote(name)));
        }
    }
    let body = format!("{quoted} (\n  {}\n)", lines.join(",\n  "));
    if bare {
        return format!("CREATE TEMP TABLE {body} ON COMMIT DROP");
    }
    let option = |key: &str| wanted.options.get(key);
    let unlogged = if option("unlogged").is_some_and(|value| value == "true") { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}TABLE {body}");
    if let Some(partition) = option("partition_by") {
        sql.push_str(&format!(" PARTITION BY {partition}"));
    }
    let storage: Vec<String> = wanted
        .options
        .iter()
        .filter(|(key, _)| is_storage(key))
        .map(|(key, value)| format!("{key} = {}", storage_value(value)))
        .collect();
    if !storage.is_empty() {
        sql.push_str(&format!(" WITH ({})", storage.join(", ")));
    }
    if let Some(tablespace) = option("tablespace") {
        sql.push_str(&format!(" TABLESPACE {}", quote(tablespace)));
    }
    sql
}

/// The value of a storage parameter: a bare number or word, or else quoted.
pub(super) fn storage_value(value: &str) -> String {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if is_plain { value.to_owned() } else { crate::name::literal(value) }
}
