//! What a table is like, whatever the system: for tables as code, for copies of structure, for comparing structures.
//!
//! A connector reads it from a live table ([`crate::Connector::structure`]), a document spells it, and the connector's
//! `ddl.rs` turns the distance between two of them into a [`TablePlan`] of statements with their costs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A table with everything that makes it what it is, but for its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableStructure {
    /// Name, `schema.table` where the schema is not the connection's own.
    pub name: String,
    /// What kind of table.
    pub kind: TableKind,
    /// Columns in order; a supertable's tags come last.
    pub columns: Vec<ColumnStructure>,
    /// Columns of the primary key in order; empty: none.
    pub primary_key: Vec<String>,
    /// Secondary indexes and unique keys.
    pub indexes: Vec<IndexStructure>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints: name and condition in the system's SQL.
    pub checks: Vec<CheckConstraint>,
    /// What people wrote about it.
    pub comment: Option<String>,
    /// What only one system knows, by its own word: `engine`, `charset`, `collation`, `partition_by`, `keep`…
    pub options: BTreeMap<String, String>,
}

/// What kind of table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Plain,
    /// A view; never planned, only described.
    View,
    /// A TimescaleDB hypertable.
    Hypertable {
        /// The column its chunks are cut by.
        time_column: String,
        /// Width of a chunk as the server spells it: `7 days`.
        chunk_interval: Option<String>,
    },
    /// A TDengine supertable.
    SuperTable,
    /// A TDengine subtable, and the supertable it belongs to.
    SubTable {
        /// The supertable.
        of: String,
    },
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ColumnStructure {
    /// Name.
    pub name: String,
    /// The type in the system's own words, in its canonical spelling: `varchar(20)`, `numeric(10,4)`, `int unsigned`.
    pub native_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The default as an expression of the system's SQL; none: NULL or none at all.
    pub default: Option<String>,
    /// Numbered by the system: `AUTO_INCREMENT`, identity, serial.
    pub auto_increment: bool,
    /// The expression of a generated column.
    pub generated: Option<Generated>,
    /// MySQL's `ON UPDATE` expression.
    pub on_update: Option<String>,
    /// A tag of a TDengine supertable.
    pub is_tag: bool,
    /// Collation where it is not the table's own.
    pub collation: Option<String>,
    /// What people wrote about it.
    pub comment: Option<String>,
    /// What a wanted column is called in tables where it has its old name; never read from a live table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
}

/// How a generated column comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression.
    pub expression: String,
    /// Kept on disk rather than computed when read.
    pub stored: bool,
}

/// An index besides the primary key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IndexStructure {
    /// Name.
    pub name: String,
    /// Columns, or expressions in parentheses, in order, with ` desc` and prefix length `(20)` where they have them.
    pub columns: Vec<String>,
    /// Whether it refuses a second row with the same values.
    pub unique: bool,
    /// `btree`, `hash`, `gin`, `gist`, `brin`, `fulltext`, `spatial`; none: the system's default.
    pub method: Option<String>,
    /// Condition of a partial index.
    pub filter: Option<String>,
    /// Columns that only ride along (PostgreSQL's `INCLUDE`).
    pub include: Vec<String>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Name; empty where the system gives none.
    pub name: String,
    /// Columns here.
    pub columns: Vec<String>,
    /// The table referred to.
    pub references: String,
    /// Columns there.
    pub referenced_columns: Vec<String>,
    /// `cascade`, `set null`, `set default`, `restrict`; none: no action.
    pub on_delete: Option<String>,
    /// As for `on_delete`.
    pub on_update: Option<String>,
}

/// A check constraint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckConstraint {
    /// Name; empty where the system gives none.
    pub name: String,
    /// The condition.
    pub condition: String,
}

/// What has to happen so that a live table is as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePlan {
    /// The table.
    pub table: String,
    /// In one word.
    pub action: TableAction,
    /// Statements in order, each to be run on its own.
    pub changes: Vec<TableChange>,
    /// Differences that no statement here mends, in words, each with the reason and what a person may do.
    pub manual: Vec<String>,
    /// What a person should know before going on (`hypertable asked for, extension missing: a plain table is made`).
    pub notes: Vec<String>,
}

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableAction {
    /// The table is not there and can be made.
    Create,
    /// The table is there and can be changed.
    Alter,
    /// Nothing to do.
    Nothing,
    /// What is to be done takes a person, wholly or in part.
    Manual,
}

/// One statement, and what running it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// In words: "add column `price`", "change type of `volume` from int to bigint".
    pub summary: String,
    /// The statement, without closing semicolon.
    pub sql: String,
    /// What it costs.
    pub cost: ChangeCost,
}

/// What a statement does to a table in use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangeCost {
    /// What others cannot do meanwhile.
    pub lock: LockKind,
    /// Whether every row is written anew.
    pub rewrite: bool,
    /// Data that is lost or may be cut; none: nothing. A change with a loss is run only when that is allowed.
    pub loss: Option<String>,
    /// More for people: "scans the table to check existing rows".
    pub note: Option<String>,
}

/// What others cannot do while a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockKind {
    /// They notice nothing, or for a moment only.
    #[default]
    None,
    /// They cannot write.
    Writes,
    /// They can neither read nor write.
    All,
}

impl TablePlan {
    /// Nothing to do for `table`.
    #[must_use]
    pub fn nothing(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            action: TableAction::Nothing,
            changes: Vec::new(),
            manual: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether any of its statements loses data.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        self.changes.iter().any(|change| change.cost.loss.is_some())
    }
}

impl TableStructure {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnStructure> {
        self.columns.iter().find(|column| column.name == name)
    }
}
