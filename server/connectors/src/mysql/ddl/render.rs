//! Tables and their parts as statements.

use super::super::{quote, quote_all, quote_table};
use crate::mysql::create::plain;
use data::structure::{CheckConstraint, ColumnStructure, ForeignKey, IndexStructure, TableStructure};

/// A text literal: backslashes mean something here.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// `CREATE TABLE` with all there is.
pub(super) fn create(table: &TableStructure) -> String {
    let mut lines = body(table, true);
    lines.extend(table.foreign_keys.iter().map(foreign_key));
    let mut sql =
        format!("CREATE TABLE {} (\n  {}\n){}", quote_table(&table.name), lines.join(",\n  "), options(table));
    if let Some(comment) = table.comment.as_deref().filter(|comment| !comment.is_empty()) {
        sql.push_str(&format!(" COMMENT={}", literal(comment)));
    }
    if let Some(partitions) = table.options.get("partition_by") {
        sql.push_str(&format!("\nPARTITION BY {}", super::normal::partitions_text(partitions)));
    }
    sql
}

/// The table as a temporary one; those have no foreign keys, partitions, full texts and places.
pub(super) fn temporary(table: &TableStructure, quoted: &str) -> String {
    format!("CREATE TEMPORARY TABLE {quoted} ({}){}", body(table, false).join(", "), options(table))
}

fn body(table: &TableStructure, all: bool) -> Vec<String> {
    let mut lines: Vec<String> = table.columns.iter().map(|column| self::column(column, None)).collect();
    if !table.primary_key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quote_all(table.primary_key.iter().map(String::as_str))));
    }
    let special = |index: &&IndexStructure| all || !matches!(index.method.as_deref(), Some("fulltext" | "spatial"));
    lines.extend(table.indexes.iter().filter(special).map(index));
    lines.extend(table.checks.iter().map(check));
    lines
}

/// Engine, charset and collation. A table that leaves its charset open takes any text.
fn options(table: &TableStructure) -> String {
    let option = |name: &str| table.options.get(name);
    let mut sql = String::new();
    if let Some(engine) = option("engine") {
        sql.push_str(&format!(" ENGINE={engine}"));
    }
    match (option("charset"), option("collation")) {
        (Some(charset), _) => sql.push_str(&format!(" DEFAULT CHARACTER SET {charset}")),
        (None, None) => sql.push_str(" DEFAULT CHARACTER SET utf8mb4"),
        (None, Some(_)) => {}
    }
    if let Some(collation) = option("collation") {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(format) = option("row_format") {
        sql.push_str(&format!(" ROW_FORMAT={format}"));
    }
    sql
}

/// A column as it stands in `CREATE` and `MODIFY`; MariaDB's check of the column itself goes with it.
pub(super) fn column(column: &ColumnStructure, check: Option<&CheckConstraint>) -> String {
    let mut sql = format!("{} {}", quote(&column.name), column.native_type.trim());
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(generated) = &column.generated {
        let kept = if generated.stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kept}", generated.expression));
    } else {
        sql.push_str(if column.nullable { " NULL" } else { " NOT NULL" });
        if let Some(default) = &column.default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        if let Some(expression) = &column.on_update {
            sql.push_str(&format!(" ON UPDATE {expression}"));
        }
        if column.auto_increment {
            sql.push_str(" AUTO_INCREMENT");
        }
    }
    if let Some(comment) = column.comment.as_deref().filter(|comment| !comment.is_empty()) {
        sql.push_str(&format!(" COMMENT {}", literal(comment)));
    }
    if let Some(check) = check {
        sql.push_str(&format!(" CHECK ({})", check.condition));
    }
    sql
}

/// A key's part: `name(20) desc` or `(expression)`.
fn part(part: &str) -> String {
    if part.starts_with('(') {
        return part.to_owned();
    }
    let name = plain(part);
    let (length, direction) = match part[name.len()..].strip_suffix(" desc") {
        Some(length) => (length, " DESC"),
        None => (&part[name.len()..], ""),
    };
    format!("{}{length}{direction}", quote(name))
}

/// An index as it stands in `CREATE` and behind `ADD`.
pub(super) fn index(index: &IndexStructure) -> String {
    let kind = match (index.method.as_deref(), index.unique) {
        (Some("fulltext"), _) => "FULLTEXT KEY",
        (Some("spatial"), _) => "SPATIAL KEY",
        (_, true) => "UNIQUE KEY",
        (_, false) => "KEY",
    };
    let parts: Vec<String> = index.columns.iter().map(|column| part(column)).collect();
    let name = if index.name.is_empty() { String::new() } else { format!(" {}", quote(&index.name)) };
    let using = match index.method.as_deref() {
        Some(method @ ("hash" | "btree")) => format!(" USING {}", method.to_ascii_uppercase()),
        _ => String::new(),
    };
    format!("{kind}{name} ({}){using}", parts.join(", "))
}

/// A foreign key as it stands in `CREATE` and behind `ADD`.
pub(super) fn foreign_key(key: &ForeignKey) -> String {
    let name = if key.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", quote(&key.name)) };
    let rule = |word: &str, rule: &Option<String>| {
        rule.as_ref().map(|rule| format!(" ON {word} {}", rule.to_ascii_uppercase())).unwrap_or_default()
    };
    format!(
        "{name}FOREIGN KEY ({}) REFERENCES {} ({}){}{}",
        quote_all(key.columns.iter().map(String::as_str)),
        quote_table(&key.references),
        quote_all(key.referenced_columns.iter().map(String::as_str)),
        rule("DELETE", &key.on_delete),
        rule("UPDATE", &key.on_update)
    )
}

/// A check as it stands in `CREATE` and behind `ADD`.
pub(super) fn check(check: &CheckConstraint) -> String {
    let name = if check.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", quote(&check.name)) };
    format!("{name}CHECK ({})", check.condition)
}
