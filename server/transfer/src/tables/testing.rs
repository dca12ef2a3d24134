//! A system in memory whose statements are small JSON orders, for tests of what is done with plans.

#![allow(clippy::unwrap_used)]

use super::{Journal, Scribe};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation, TableInfo};
use data::structure::{
    ChangeCost, ColumnStructure, ForeignKey, LockKind, TableAction, TableChange, TablePlan, TableStructure,
};
use data::{
    Abilities, Channel, ConnectionInfo, Connections, Connector, Error, Result, Sink, Source, System, WriteOptions,
};
use model::{ErrorCode, TableLog, TableLogEntry};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One system with tables. A table whose name begins with `broken` refuses every statement.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) system: System,
    pub(crate) tables: Arc<Mutex<BTreeMap<String, TableStructure>>>,
    pub(crate) executed: Arc<Mutex<Vec<String>>>,
    pub(crate) is_down: bool,
}

impl Memory {
    pub(crate) fn new(system: System) -> Self {
        Self { system, tables: Arc::default(), executed: Arc::default(), is_down: false }
    }

    fn refused<T>(message: String) -> Result<T> {
        Err(Error::permanent(ErrorCode::StatementFailed, message))
    }
}

fn unsupported<T>() -> Result<T> {
    Err(Error::permanent(ErrorCode::Unsupported, "the test has none"))
}

/// The statement `order`.
fn change(summary: String, order: serde_json::Value, loss: Option<&str>) -> TableChange {
    let cost = ChangeCost { lock: LockKind::Writes, loss: loss.map(str::to_owned), ..ChangeCost::default() };
    TableChange { summary, sql: order.to_string(), cost }
}

#[async_trait]
impl Connector for Memory {
    fn system(&self) -> System {
        self.system
    }
    fn abilities(&self) -> Abilities {
        Abilities { structure: true, ..Abilities::default() }
    }
    async fn ping(&self) -> Result<String> {
        Ok("MariaDB 10.11".to_owned())
    }
    async fn list_tables(&self) -> Result<Vec<String>> {
        Ok(self.tables.lock().unwrap().keys().cloned().collect())
    }
    async fn find_table(&self, _: &str) -> Result<Option<TableInfo>> {
        unsupported()
    }
    async fn read(&self, _: ReadOptions) -> Result<Box<dyn Source>> {
        unsupported()
    }
    async fn write(&self, _: SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        unsupported()
    }
    async fn count(&self, _: &Relation, _: Option<&str>) -> Result<u64> {
        unsupported()
    }

    async fn structure(&self, table: &str) -> Result<Option<TableStructure>> {
        if self.is_down {
            self.executed.lock().unwrap().push("asked".to_owned());
            return Err(Error::transient(ErrorCode::ConnectionFailed, "the system cannot be reached"));
        }
        Ok(self.tables.lock().unwrap().get(table).cloned())
    }

    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        let mut plan = TablePlan::nothing(&wanted.name);
        let Some(live) = live else {
            plan.action = TableAction::Create;
            let order = json!({ "create": wanted });
            plan.changes.push(change(format!("create table `{}`", wanted.name), order, None));
            return Ok(plan);
        };
        for column in &wanted.columns {
            let order = json!({ "table": wanted.name, "column": column });
            match live.column(&column.name) {
                None => plan.changes.push(change(format!("add column `{}`", column.name), order, None)),
                Some(there) if there.native_type != column.native_type => plan.changes.push(change(
                    format!("change type of `{}` from {} to {}", column.name, there.native_type, column.native_type),
                    order,
                    None,
                )),
                Some(_) => {}
            }
        }
        for column in live.columns.iter().filter(|column| wanted.column(&column.name).is_none()) {
            let order = json!({ "table": wanted.name, "drop": column.name });
            plan.changes.push(change(format!("drop column `{}`", column.name), order, Some("its values")));
        }
        for key in wanted.foreign_keys.iter().filter(|key| !live.foreign_keys.contains(key)) {
            plan.changes.push(change(
                format!("add foreign key `{}`", key.name),
                json!({ "table": wanted.name, "key": key }),
                None,
            ));
        }
        if wanted.primary_key != live.primary_key {
            plan.manual.push("the primary key differs; make the table anew".to_owned());
        }
        plan.action = match (plan.changes.is_empty(), plan.manual.is_empty()) {
            (_, false) => TableAction::Manual,
            (true, true) => TableAction::Nothing,
            (false, true) => TableAction::Alter,
        };
        Ok(plan)
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        self.executed.lock().unwrap().push(sql.to_owned());
        let mut tables = self.tables.lock().unwrap();
        if let Some(name) = sql.strip_prefix("DROP TABLE ") {
            let name = name.trim_matches(['"', '`']).to_owned();
            let is_used = tables.values().any(|table| table.foreign_keys.iter().any(|key| key.references == name));
            if is_used {
                return Self::refused(format!("`{name}` is referred to"));
            }
            tables.remove(&name);
            return Ok(0);
        }
        let order: serde_json::Value = serde_json::from_str(sql).unwrap();
        let refer = |tables: &BTreeMap<String, TableStructure>, key: &ForeignKey| {
            tables.contains_key(&key.references).then_some(()).ok_or(())
        };
        if let Some(create) = order.get("create") {
            let table: TableStructure = serde_json::from_value(create.clone()).unwrap();
            if table.name.starts_with("broken") {
                return Self::refused(format!("`{}` cannot be made", table.name));
            }
            for key in table.foreign_keys.iter().filter(|key| key.references != table.name) {
                if refer(&tables, key).is_err() {
                    return Self::refused(format!("there is no table `{}`", key.references));
                }
            }
            tables.insert(table.name.clone(), table);
            return Ok(0);
        }
        let table = tables.get_mut(order["table"].as_str().unwrap()).unwrap();
        if let Some(column) = order.get("column") {
            let column: ColumnStructure = serde_json::from_value(column.clone()).unwrap();
            table.columns.retain(|there| there.name != column.name);
            table.columns.push(column);
        } else if let Some(name) = order.get("drop") {
            table.columns.retain(|column| column.name != name.as_str().unwrap());
        } else if let Some(key) = order.get("key") {
            table.foreign_keys.push(serde_json::from_value(key.clone()).unwrap());
        }
        Ok(0)
    }
}

/// Connections to systems in memory, and a journal.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) systems: BTreeMap<&'static str, Memory>,
    pub(crate) entries: Mutex<Vec<TableLogEntry>>,
}

impl World {
    pub(crate) fn with(mut self, name: &'static str, system: System) -> Self {
        self.systems.insert(name, Memory::new(system));
        self
    }

    pub(crate) fn scribe(&self) -> Scribe<'_> {
        Scribe { who: "test", journal: self }
    }

    pub(crate) fn infos(&self) -> Vec<ConnectionInfo> {
        let infos = self.systems.iter();
        let database = Some("market".to_owned());
        infos.map(|(name, system)| info(name, system.system, database.as_deref())).collect()
    }

    /// The entries of a log, as `table subject status`.
    pub(crate) fn log(&self, log: TableLog) -> Vec<String> {
        let entries = self.entries.lock().unwrap();
        let of_log = entries.iter().filter(|entry| entry.log == log);
        of_log.map(|entry| format!("{} {} {}", entry.table, entry.subject, entry.status.as_str())).collect()
    }
}

pub(crate) fn info(name: &str, system: System, database: Option<&str>) -> ConnectionInfo {
    ConnectionInfo { name: name.to_owned(), system, database: database.map(str::to_owned) }
}

#[async_trait]
impl Connections for World {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        match self.systems.get(name) {
            Some(system) => Ok(Arc::new(system.clone())),
            None => Err(Error::permanent(ErrorCode::ConnectionNotFound, format!("there is no connection `{name}`"))),
        }
    }
    async fn list(&self) -> Result<Vec<ConnectionInfo>> {
        Ok(self.infos())
    }
    async fn get_channel(&self, _: &str) -> Result<Arc<dyn Channel>> {
        unsupported()
    }
}

#[async_trait]
impl Journal for World {
    async fn record(&self, entries: Vec<TableLogEntry>) {
        self.entries.lock().unwrap().extend(entries);
    }
}
