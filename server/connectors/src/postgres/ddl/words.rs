//! What a document may call a type, in words that PostgreSQL knows, and what of a document it has no place for.
//!
//! Everything that PostgreSQL itself reads is left as it is.

use data::structure::{TableKind, TableStructure};
use data::{Error, Result};
use model::ErrorCode;

/// The structure with types that the server can read, and with what follows from other parts written out.
pub(super) fn tidied(wanted: &TableStructure) -> Result<TableStructure> {
    let invalid = |message: String, hint: &str| {
        Err(Error::permanent(ErrorCode::InvalidValue, format!("table `{}`: {message}", wanted.name)).hint(hint))
    };
    match wanted.kind {
        TableKind::Plain | TableKind::Hypertable { .. } => {}
        TableKind::View => return invalid("a view cannot be planned".to_owned(), "Make it by a statement."),
        TableKind::SuperTable | TableKind::SubTable { .. } => {
            return invalid("PostgreSQL has no supertables".to_owned(), "They are tables of TDengine.");
        }
    }
    if wanted.columns.is_empty() {
        return invalid("it has no columns".to_owned(), "Give it at least one column.");
    }
    let mut tidied = wanted.clone();
    for (index, column) in tidied.columns.iter_mut().enumerate() {
        if wanted.columns[..index].iter().any(|other| other.name == column.name) {
            return invalid(format!("column `{}` is there twice", column.name), "Name each column once.");
        }
        if let Some((native, numbered)) = native(&column.native_type) {
            column.native_type = native;
            column.auto_increment |= numbered;
        }
        if column.native_type.to_ascii_lowercase().starts_with("enum(")
            || column.native_type.to_ascii_lowercase().starts_with("set(")
        {
            return invalid(
                format!("column `{}`: PostgreSQL has no type `{}`", column.name, column.native_type),
                "Use text with a check, or the name of a type made by CREATE TYPE … AS ENUM.",
            );
        }
        if wanted.primary_key.contains(&column.name) || column.auto_increment {
            column.nullable = false;
        }
        if matches!(&wanted.kind, TableKind::Hypertable { time_column, .. } if *time_column == column.name) {
            column.nullable = false;
        }
    }
    let missing = |names: &[String]| names.iter().find(|name| wanted.column(name).is_none()).cloned();
    if let Some(name) = missing(&wanted.primary_key) {
        return invalid(format!("column `{name}` of the primary key is none of its columns"), "Add it to the columns.");
    }
    for key in &wanted.foreign_keys {
        if let Some(name) = missing(&key.columns) {
            return invalid(
                format!("column `{name}` of a foreign key is none of its columns"),
                "Add it to the columns.",
            );
        }
    }
    Ok(tidied)
}

/// What the document says that PostgreSQL has no place for.
pub(super) fn notes(wanted: &TableStructure) -> Vec<String> {
    let mut notes = Vec::new();
    for column in &wanted.columns {
        if column.on_update.is_some() {
            notes.push(format!("column `{}`: ON UPDATE is left out; PostgreSQL needs a trigger for it", column.name));
        }
        if column.is_tag {
            notes.push(format!("column `{}`: tags are TDengine's; it becomes a plain column", column.name));
        }
    }
    for key in wanted.options.keys() {
        if !is_option(key) {
            notes.push(format!("option `{key}` is left out; it is none of PostgreSQL's"));
        }
    }
    notes
}

/// Whether PostgreSQL has a table option of that name.
pub(super) fn is_option(key: &str) -> bool {
    is_storage(key)
        || key.starts_with("constraint ")
        || matches!(
            key,
            "partition_by"
                | "partition_of"
                | "partition_bound"
                | "tablespace"
                | "unlogged"
                | "primary_key_name"
                | "space_column"
                | "space_partitions"
        )
}

/// Whether it is a parameter of `WITH (…)`.
pub(super) fn is_storage(key: &str) -> bool {
    matches!(key, "fillfactor" | "toast_tuple_target" | "parallel_workers" | "user_catalog_table")
        || key.starts_with("autovacuum_")
        || key.starts_with("toast.")
}

/// The type in PostgreSQL's words and whether it numbers its rows; `None` for what the server reads itself.
fn native(written: &str) -> Option<(String, bool)> {
    let lower = written.trim().to_ascii_lowercase();
    let unsigned = lower.ends_with(" unsigned");
    let plain = lower.trim_end_matches(" unsigned").trim_end_matches(" zerofill").trim();
    let (word, length) = match plain.split_once('(') {
        Some((word, rest)) => (word.trim(), rest.strip_suffix(')').map(str::trim)),
        None => (plain, None),
    };
    let fixed = |native: &str| Some((native.to_owned(), false));
    let with_length =
        |native: &str| Some((length.map_or_else(|| native.to_owned(), |length| format!("{native}({length})")), false));
    match (word, unsigned) {
        ("tinyint", false) if length == Some("1") => fixed("boolean"),
        ("tinyint" | "int1" | "year", _) => fixed("smallint"),
        ("smallint", true) | ("mediumint", _) => fixed("integer"),
        ("int" | "integer", true) => fixed("bigint"),
        ("bigint", true) => fixed("numeric(20,0)"),
        // A width of display, which PostgreSQL does not have.
        ("smallint", false) if length.is_some() => fixed("smallint"),
        ("int" | "integer", false) if length.is_some() => fixed("integer"),
        ("bigint", false) if length.is_some() => fixed("bigint"),
        ("serial" | "serial4", _) => Some(("integer".to_owned(), true)),
        ("bigserial" | "serial8", _) => Some(("bigint".to_owned(), true)),
        ("smallserial" | "serial2", _) => Some(("smallint".to_owned(), true)),
        ("double", _) => fixed("double precision"),
        ("datetime", _) => with_length("timestamp"),
        ("nvarchar" | "varchar2" | "nvarchar2", _) => with_length("varchar"),
        ("nchar", _) => with_length("char"),
        ("string" | "tinytext" | "mediumtext" | "longtext" | "clob", _) => fixed("text"),
        ("text", _) if length.is_some() => fixed("text"),
        ("blob" | "tinyblob" | "mediumblob" | "longblob" | "binary" | "varbinary", _) => fixed("bytea"),
        ("number", _) => with_length("numeric"),
        ("float" | "decimal" | "numeric" | "real", true) => with_length(if word == "float" { "real" } else { word }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_systems_become_native_types() {
        let check = |written: &str, expected: &str| {
            let found = native(written).map_or_else(|| written.to_owned(), |(native, _)| native);
            assert_eq!(found, expected, "{written}");
        };
        check("DATETIME(3)", "timestamp(3)");
        check("DOUBLE", "double precision");
        check("TINYINT", "smallint");
        check("tinyint(1)", "boolean");
        check("INT UNSIGNED", "bigint");
        check("BIGINT UNSIGNED", "numeric(20,0)");
        check("int(11)", "integer");
        check("NVARCHAR(20)", "varchar(20)");
        check("LONGBLOB", "bytea");
        check("varchar(20)", "varchar(20)");
        check("timestamp with time zone", "timestamp with time zone");
    }
}
