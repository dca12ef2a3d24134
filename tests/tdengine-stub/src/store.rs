//! What the server holds: databases, supertables, tables and their rows.

use crate::error::{Result, unknown_database, unknown_table};
use crate::value::{Precision, Type, Value};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) databases: BTreeMap<String, Database>,
}

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) precision: Precision,
    /// Options as written: `keep`, `vgroups`…
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) stables: BTreeMap<String, Stable>,
    pub(crate) tables: BTreeMap<String, Table>,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Type,
    /// The second part of the key.
    pub(crate) second_key: bool,
}

#[derive(Debug)]
pub(crate) struct Stable {
    pub(crate) columns: Vec<Column>,
    pub(crate) tags: Vec<Column>,
    pub(crate) comment: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Table {
    /// Of a normal table; a subtable has its supertable's.
    pub(crate) columns: Vec<Column>,
    pub(crate) of: Option<String>,
    pub(crate) tags: Vec<Value>,
    pub(crate) rows: BTreeMap<Key, Vec<Value>>,
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) i64, pub(crate) Second);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Second {
    None,
    Int(i128),
    Text(String),
}

impl Store {
    pub(crate) fn database(&self, name: &str) -> Result<&Database> {
        self.databases.get(name).ok_or_else(|| unknown_database(name))
    }

    pub(crate) fn database_mut(&mut self, name: &str) -> Result<&mut Database> {
        self.databases.get_mut(name).ok_or_else(|| unknown_database(name))
    }
}

impl Database {
    /// Columns of a table or supertable, without tags.
    pub(crate) fn columns(&self, table: &str) -> Result<&[Column]> {
        if let Some(stable) = self.stables.get(table) {
            return Ok(&stable.columns);
        }
        let found = self.tables.get(table).ok_or_else(|| unknown_table(table))?;
        match &found.of {
            Some(stable) => self.columns(stable),
            None => Ok(&found.columns),
        }
    }

    /// Tags of a supertable or of the supertable of a subtable.
    pub(crate) fn tags(&self, table: &str) -> &[Column] {
        let of = self.tables.get(table).and_then(|table| table.of.as_deref());
        self.stables.get(of.unwrap_or(table)).map_or(&[], |stable| &stable.tags)
    }

    pub(crate) fn children<'a>(&'a self, stable: &'a str) -> impl Iterator<Item = (&'a String, &'a Table)> {
        self.tables.iter().filter(move |(_, table)| table.of.as_deref() == Some(stable))
    }
}
