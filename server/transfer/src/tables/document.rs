//! What a document about tables holds, once it has been read.

use data::structure::TableStructure;
use data::{System, structure};
use model::tree::Position;

/// The word in `database_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum DatabaseType {
    /// MySQL.
    MySQL,
    /// MariaDB.
    MariaDB,
    /// PostgreSQL.
    PostgreSQL,
    /// PostgreSQL with TimescaleDB.
    TimescaleDB,
    /// TDengine 3.
    TDengine,
    /// An SQLite file.
    SQLite,
}

impl DatabaseType {
    /// All of them, as documents spell them.
    pub const ALL: [Self; 6] =
        [Self::MySQL, Self::MariaDB, Self::PostgreSQL, Self::TimescaleDB, Self::TDengine, Self::SQLite];

    /// The word, as documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MySQL => "MySQL",
            Self::MariaDB => "MariaDB",
            Self::PostgreSQL => "PostgreSQL",
            Self::TimescaleDB => "TimescaleDB",
            Self::TDengine => "TDengine",
            Self::SQLite => "SQLite",
        }
    }

    /// Which connector speaks to it.
    #[must_use]
    pub fn system(self) -> System {
        match self {
            Self::MySQL | Self::MariaDB => System::Mysql,
            Self::PostgreSQL | Self::TimescaleDB => System::Postgres,
            Self::TDengine => System::Tdengine,
            Self::SQLite => System::Sqlite,
        }
    }

    /// Whether two names that differ in upper and lower case only are the same column.
    #[must_use]
    pub(crate) fn folds_names(self) -> bool {
        self.system() != System::Postgres
    }
}

/// A document about tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its tables, in its order.
    pub tables: Vec<TableEntry>,
}

/// One table of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEntry {
    /// Where it stands: `tables.0`.
    pub path: String,
    /// Where it begins in the text.
    pub at: Position,
    /// What kind of database it is in.
    pub database_type: DatabaseType,
    /// The database, where one is named.
    pub database: Option<String>,
    /// The schema within the database, where one is named.
    pub schema: Option<String>,
    /// The connection, where one is named.
    pub connection: Option<String>,
    /// What the table is to be like, in the database's own types; its name without schema.
    pub structure: TableStructure,
}

/// The name as connectors read it: quoted where a dot or a quote would be misread.
pub(crate) fn spelled(name: &str) -> String {
    match name.contains('.') || name.starts_with('"') {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    }
}

/// Whether a type that is written in lower case is one of whole numbers.
pub(crate) fn is_whole_number(native: &str) -> bool {
    let native = native.to_ascii_lowercase();
    let word = native.split(['(', ' ']).next().unwrap_or_default();
    matches!(word, "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "int2" | "int4" | "int8")
}

/// A column's line for people: `numeric(10,4) not null default 0`.
pub(crate) fn describe(column: &structure::ColumnStructure) -> String {
    let mut text = column.native_type.clone();
    if !column.nullable {
        text.push_str(" not null");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" default {default}"));
    }
    if column.auto_increment {
        text.push_str(" auto increment");
    }
    if let Some(generated) = &column.generated {
        text.push_str(&format!(" generated as ({})", generated.expression));
    }
    if let Some(on_update) = &column.on_update {
        text.push_str(&format!(" on update {on_update}"));
    }
    if column.is_tag {
        text.push_str(" tag");
    }
    text
}
