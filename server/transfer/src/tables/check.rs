//! Makes an entry of a table that was read, and says what its parts cannot mean together.

mod column;
mod constraint;
mod kind;

pub(super) use column::is_expression;

use super::document::{DatabaseType, TableEntry};
use super::read::{RawColumn, RawTable};
use super::types::shorten;
use data::System;
use data::structure::TableStructure;
use model::ErrorCode;
use model::document::read::Reader;
use model::tree::Position;
use std::collections::HashMap;

/// The table's entry; none where too little of it could be read.
pub(super) fn entry(reader: &mut Reader, raw: &RawTable) -> Option<TableEntry> {
    let (database, name) = (raw.database_type?, raw.name.clone()?);
    let mut checker = Checker { reader, raw, database };
    checker.names(&name);
    let columns = checker.columns();
    let mut structure = TableStructure {
        name: name.clone(),
        kind: checker.kind(),
        columns,
        primary_key: checker.primary_key(),
        indexes: raw.indexes.iter().map(|(_, _, index)| index.clone()).collect(),
        foreign_keys: raw.foreign_keys.iter().map(|(_, _, key)| key.clone()).collect(),
        checks: raw.checks.clone(),
        comment: raw.comment.clone(),
        options: raw.options.clone(),
    };
    checker.constraints(&mut structure);
    checker.hypertable(&mut structure);
    checker.supertable(&structure);
    for column in &mut structure.columns {
        column.nullable &= !structure.primary_key.contains(&column.name);
    }
    Some(TableEntry {
        path: raw.path.clone(),
        at: raw.place(""),
        database_type: database,
        database: raw.database.clone(),
        schema: raw.schema.clone(),
        connection: raw.connection.clone(),
        structure,
    })
}

/// Refuses a table that stands in the document twice.
pub(super) fn twice(reader: &mut Reader, tables: &[TableEntry]) {
    let mut seen: HashMap<_, Position> = HashMap::new();
    for table in tables {
        let name = fold(&table.structure.name, table.database_type);
        let place = (table.database_type.system(), &table.connection, &table.database, &table.schema, name);
        if let Some(first) = seen.get(&place) {
            let message = format!("the table `{}` stands here twice", shorten(&table.structure.name));
            let hint = format!("Remove one; the first is in line {}.", first.line);
            reader.refuse(ErrorCode::Duplicate, table.at, &table.path, message, hint);
        } else {
            seen.insert(place, table.at);
        }
    }
}

/// The name as the database compares it.
fn fold(name: &str, database: DatabaseType) -> String {
    if database.folds_names() { name.to_lowercase() } else { name.to_owned() }
}

struct Checker<'r, 't> {
    reader: &'r mut Reader,
    raw: &'t RawTable,
    database: DatabaseType,
}

impl Checker<'_, '_> {
    fn refuse(&mut self, key: &str, code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) {
        let path = format!("{}.{key}", self.raw.path);
        self.reader.refuse(code, self.raw.place(key), &path, message.into(), hint);
    }

    fn refuse_column(&mut self, column: &RawColumn, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let path = format!("{}.{key}", column.path);
        self.reader.refuse(ErrorCode::InvalidValue, column.place(key), &path, message.into(), hint);
    }

    /// Names that the database would cut or refuse.
    fn names(&mut self, name: &str) {
        let (table_most, column_most, bytes) = match self.database.system() {
            System::Postgres => (63, 63, true),
            System::Mysql => (64, 64, false),
            System::Tdengine => (192, 64, true),
            _ => (255, 255, true),
        };
        let size = |name: &str| if bytes { name.len() } else { name.chars().count() };
        let unit = if bytes { "bytes" } else { "characters" };
        let database = self.database.as_str();
        if size(name) > table_most {
            let message = format!("the name `{}` has {} {unit}", shorten(name), size(name));
            self.refuse(
                "table_name",
                ErrorCode::InvalidValue,
                message,
                format!("{database} takes at most {table_most}."),
            );
        }
        let raw = self.raw;
        let mut seen: HashMap<String, Position> = HashMap::new();
        for column in &raw.columns {
            if size(&column.name) > column_most {
                let message = format!("the name `{}` has {} {unit}", shorten(&column.name), size(&column.name));
                self.refuse_column(column, "name", message, format!("{database} takes at most {column_most}."));
            }
            let folded = fold(&column.name, self.database);
            match seen.get(&folded) {
                Some(first) => {
                    let message = format!("two columns are called `{}`", shorten(&column.name));
                    let hint = format!("Give one of them another name; the first is in line {}.", first.line);
                    let path = format!("{}.name", column.path);
                    self.reader.refuse(ErrorCode::Duplicate, column.place("name"), &path, message, hint);
                }
                None => {
                    seen.insert(folded, column.place("name"));
                }
            }
        }
        if raw.schema.is_some() && self.database.system() != System::Postgres {
            let hint = "Only PostgreSQL has schemas within a database; name the database by `database_name`.";
            self.refuse("schema", ErrorCode::InvalidValue, format!("{database} has no `schema`"), hint);
        }
    }
}
