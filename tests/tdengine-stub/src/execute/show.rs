//! SHOW and DESCRIBE.

use super::evaluate::like;
use super::{Rows, Session};
use crate::error::{Result, no_database};
use crate::parse::{Name, Show};
use crate::store::{Column, Store};
use crate::value::{Precision, Type, Value};

pub(super) fn rows(columns: &[(&str, Type)], rows: Vec<Vec<Value>>) -> Rows {
    let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    Rows { columns, precision: Precision::Milli, rows }
}

pub(super) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

const NAME: Type = Type::Varchar(192);

pub(super) fn describe(store: &Store, session: &Session, name: &Name) -> Result<Rows> {
    let (database, table) = session.place(name)?;
    let database = store.database(&database)?;
    let line = |column: &Column, note: &str| {
        vec![text(&column.name), text(column.kind.word()), Value::Int(i128::from(column.kind.length())), text(note)]
    };
    let columns = database.columns(&table)?.iter();
    let mut lines: Vec<_> =
        columns.map(|column| line(column, if column.second_key { "COMPOSITE KEY" } else { "" })).collect();
    lines.extend(database.tags(&table).iter().map(|tag| line(tag, "TAG")));
    let int = Type::Int(32, true);
    Ok(rows(
        &[("field", Type::Varchar(64)), ("type", Type::Varchar(30)), ("length", int), ("note", Type::Varchar(16))],
        lines,
    ))
}

pub(super) fn show(store: &Store, session: &Session, show: &Show) -> Result<Rows> {
    let current = |named: &Option<String>| named.clone().or_else(|| session.database.clone()).ok_or_else(no_database);
    let fits = |name: &str, pattern: &Option<String>| pattern.as_ref().is_none_or(|pattern| like(name, pattern));
    Ok(match show {
        Show::Databases => {
            let system = ["information_schema", "performance_schema"].into_iter().map(str::to_owned);
            let names = system.chain(store.databases.keys().cloned());
            rows(&[("name", NAME)], names.map(|name| vec![text(name)]).collect())
        }
        Show::Stables(named, pattern) => {
            let names = store.database(&current(named)?)?.stables.keys().filter(|name| fits(name, pattern));
            rows(&[("stable_name", NAME)], names.map(|name| vec![text(name)]).collect())
        }
        Show::Tables(named, pattern) => {
            let names = store.database(&current(named)?)?.tables.keys().filter(|name| fits(name, pattern));
            rows(&[("table_name", NAME)], names.map(|name| vec![text(name)]).collect())
        }
        Show::CreateDatabase(name) => {
            let database = store.database(name)?;
            let sql = format!("CREATE DATABASE `{name}` PRECISION '{}'", database.precision.word());
            rows(&[("Database", NAME), ("Create Database", Type::Varchar(4096))], vec![vec![text(name), text(sql)]])
        }
        Show::CreateTable(name) => {
            let sql = create_statement(store, session, name)?;
            rows(&[("Table", NAME), ("Create Table", Type::Varchar(60_000))], vec![vec![text(&name.table), text(sql)]])
        }
        Show::Tags(name) => {
            let (database, table) = session.place(name)?;
            super::system::tags(store, Some(&database), Some(&table))
        }
    })
}

fn create_statement(store: &Store, session: &Session, name: &Name) -> Result<String> {
    let (database, table) = session.place(name)?;
    let database = store.database(&database)?;
    let list = |columns: &[Column]| {
        let key = |column: &Column| if column.second_key { " COMPOSITE KEY" } else { "" };
        let shown = columns.iter().map(|column| format!("`{}` {}{}", column.name, column.kind.declared(), key(column)));
        shown.collect::<Vec<_>>().join(", ")
    };
    if let Some(stable) = database.stables.get(&table) {
        return Ok(format!("CREATE STABLE `{table}` ({}) TAGS ({})", list(&stable.columns), list(&stable.tags)));
    }
    let columns = database.columns(&table)?;
    match database.tables.get(&table).and_then(|table| table.of.as_ref()) {
        Some(of) => Ok(format!("CREATE TABLE `{table}` USING `{of}`")),
        None => Ok(format!("CREATE TABLE `{table}` ({})", list(columns))),
    }
}
