//! A table as it was read, before anything is said about what its parts mean together.

use crate::tables::document::DatabaseType;
use data::structure::{CheckConstraint, ForeignKey, Generated, IndexStructure};
use model::tree::Position;
use std::collections::BTreeMap;

/// One table as it was read; `check.rs` makes an entry of it.
#[derive(Debug, Default)]
pub(in crate::tables) struct RawTable {
    pub(in crate::tables) path: String,
    pub(in crate::tables) at: Option<Position>,
    pub(in crate::tables) places: BTreeMap<&'static str, Position>,
    pub(in crate::tables) database_type: Option<DatabaseType>,
    pub(in crate::tables) database: Option<String>,
    pub(in crate::tables) schema: Option<String>,
    pub(in crate::tables) connection: Option<String>,
    pub(in crate::tables) name: Option<String>,
    pub(in crate::tables) is_super_table: bool,
    pub(in crate::tables) is_hypertable: bool,
    pub(in crate::tables) time_column: Option<String>,
    pub(in crate::tables) chunk_interval: Option<String>,
    pub(in crate::tables) comment: Option<String>,
    pub(in crate::tables) columns: Vec<RawColumn>,
    /// Whether a column could not be read, so that nobody reports it as missing as well.
    pub(in crate::tables) has_unread_columns: bool,
    pub(in crate::tables) primary_key: Option<Vec<Named>>,
    pub(in crate::tables) indexes: Vec<(Position, String, IndexStructure)>,
    pub(in crate::tables) foreign_keys: Vec<(Position, String, ForeignKey)>,
    pub(in crate::tables) checks: Vec<CheckConstraint>,
    pub(in crate::tables) options: BTreeMap<String, String>,
}

/// A name and where it stands.
#[derive(Debug, Clone)]
pub(in crate::tables) struct Named {
    pub(in crate::tables) at: Position,
    pub(in crate::tables) path: String,
    pub(in crate::tables) name: String,
}

/// What a column's default is to be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tables) enum RawDefault {
    Number(String),
    Bool(bool),
    Text(String),
    /// SQL as it stands.
    Expression(String),
}

/// One column as it was read.
#[derive(Debug, Default)]
pub(in crate::tables) struct RawColumn {
    pub(in crate::tables) path: String,
    pub(in crate::tables) at: Option<Position>,
    pub(in crate::tables) places: BTreeMap<&'static str, Position>,
    pub(in crate::tables) name: String,
    pub(in crate::tables) word: Option<String>,
    pub(in crate::tables) native_type: Option<String>,
    pub(in crate::tables) length: Option<u32>,
    pub(in crate::tables) precision: Option<u32>,
    pub(in crate::tables) scale: Option<u32>,
    pub(in crate::tables) unsigned: bool,
    pub(in crate::tables) nullable: Option<bool>,
    pub(in crate::tables) primary_key: bool,
    pub(in crate::tables) auto_increment: bool,
    pub(in crate::tables) default: Option<RawDefault>,
    pub(in crate::tables) on_update: Option<String>,
    pub(in crate::tables) unique: bool,
    pub(in crate::tables) is_tag: bool,
    pub(in crate::tables) comment: Option<String>,
    pub(in crate::tables) generated: Option<Generated>,
    pub(in crate::tables) collation: Option<String>,
    pub(in crate::tables) renamed_from: Option<String>,
    pub(in crate::tables) values: Vec<String>,
}

impl RawTable {
    /// Where the key stands; where it is missing, where the table begins.
    pub(in crate::tables) fn place(&self, key: &str) -> Position {
        self.places.get(key).copied().or(self.at).unwrap_or(Position::START)
    }
}

impl RawColumn {
    /// Where the key stands; where it is missing, where the column begins.
    pub(in crate::tables) fn place(&self, key: &str) -> Position {
        self.places.get(key).copied().or(self.at).unwrap_or(Position::START)
    }
}
