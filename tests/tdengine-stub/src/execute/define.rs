//! CREATE, ALTER and DROP, with the server's rules for them.

use super::Session;
use crate::error::{Result, fail, unknown_column, unknown_table};
use crate::parse::{Change, Statement, Subtable};
use crate::store::{Column, Database, Stable, Store, Table};
use crate::value::{Precision, Type, Value, coerce};
use std::collections::BTreeMap;

pub(super) fn define(store: &mut Store, session: &mut Session, statement: Statement) -> Result<()> {
    match statement {
        Statement::Use(name) => {
            store.database(&name)?;
            session.database = Some(name);
            Ok(())
        }
        Statement::CreateDatabase { name, if_not_exists, options } => {
            create_database(store, name, if_not_exists, options)
        }
        Statement::AlterDatabase { name, options } => {
            let database = store.database_mut(&name)?;
            for (option, value) in options {
                if matches!(option.as_str(), "precision" | "duration" | "vgroups") {
                    return fail(0x2600, format!("syntax error near \"{option}\": it cannot be altered"));
                }
                database.options.insert(option, value);
            }
            Ok(())
        }
        Statement::DropDatabase { name, if_exists } => {
            if store.databases.remove(&name).is_none() && !if_exists {
                return Err(crate::error::unknown_database(&name));
            }
            Ok(())
        }
        Statement::CreateTable { name, if_not_exists, columns, tags, comment } => {
            let (database, table) = session.place(&name)?;
            let database = store.database_mut(&database)?;
            check_columns(&table, &columns, tags.as_deref())?;
            if database.stables.contains_key(&table) || database.tables.contains_key(&table) {
                let code = if tags.is_some() { 0x0360 } else { 0x0603 };
                return if if_not_exists { Ok(()) } else { fail(code, format!("Table already exists: {table}")) };
            }
            if let Some(tags) = tags {
                database.stables.insert(table, Stable { columns, tags, comment });
            } else {
                let rows = BTreeMap::new();
                database.tables.insert(table, Table { columns, of: None, tags: Vec::new(), rows, comment });
            }
            Ok(())
        }
        Statement::CreateSubtables { tables, if_not_exists } => {
            for table in tables {
                let (database, name) = session.place(&table.name)?;
                if store.database(&database)?.tables.contains_key(&name) {
                    if if_not_exists {
                        continue;
                    }
                    return fail(0x0603, format!("Table already exists: {name}"));
                }
                create_subtable(store, session, table)?;
            }
            Ok(())
        }
        Statement::DropTables { names, if_exists, stables } => {
            for name in names {
                let (database, table) = session.place(&name)?;
                let database = store.database_mut(&database)?;
                // DROP TABLE drops supertables, too; DROP STABLE nothing else.
                let found =
                    database.stables.remove(&table).is_some() || (!stables && database.tables.remove(&table).is_some());
                if !found && !if_exists {
                    return if stables {
                        fail(0x0362, format!("STable not exist: {table}"))
                    } else {
                        Err(unknown_table(&table))
                    };
                }
                database.tables.retain(|_, child| child.of.as_deref() != Some(table.as_str()));
            }
            Ok(())
        }
        Statement::Alter { name, change } => {
            let (database, table) = session.place(&name)?;
            alter(store.database_mut(&database)?, &table, change)
        }
        _ => fail(0x2600, "syntax error"),
    }
}

fn create_database(store: &mut Store, name: String, if_not_exists: bool, options: Vec<(String, String)>) -> Result<()> {
    if name.len() > 64 {
        return fail(0x2617, format!("Invalid identifier name: {name}"));
    }
    if store.databases.contains_key(&name) {
        return if if_not_exists { Ok(()) } else { fail(0x0381, format!("Database already exists: {name}")) };
    }
    let mut options: BTreeMap<String, String> = options.into_iter().collect();
    let precision = match options.remove("precision").as_deref() {
        None | Some("ms") => Precision::Milli,
        Some("us") => Precision::Micro,
        Some("ns") => Precision::Nano,
        Some(other) => return fail(0x2600, format!("Invalid option precision: {other}")),
    };
    let database = Database { precision, options, stables: BTreeMap::new(), tables: BTreeMap::new() };
    store.databases.insert(name, database);
    Ok(())
}

fn check_columns(table: &str, columns: &[Column], tags: Option<&[Column]>) -> Result<()> {
    if table.len() > 192 {
        return fail(0x2617, format!("Invalid identifier name: {table}"));
    }
    if columns[0].kind != Type::Timestamp {
        return fail(0x2641, "The first column must be of the type timestamp");
    }
    if columns.len() < 2 {
        return fail(0x2600, "Table must have at least two columns");
    }
    let tags = tags.unwrap_or_default();
    if columns.len() + tags.len() > 4096 {
        return fail(0x2640, "Too many columns");
    }
    if tags.len() > 128 {
        return fail(0x263F, "Tags number is exceeded");
    }
    for (index, column) in columns.iter().enumerate() {
        if column.second_key && (index != 1 || !matches!(column.kind, Type::Int(32 | 64, _) | Type::Varchar(_))) {
            return fail(0x2600, format!("{} cannot be part of the primary key", column.name));
        }
        if column.kind == Type::Json {
            return fail(0x2652, "Only tag can be json type");
        }
    }
    if tags.len() > 1 && tags.iter().any(|tag| tag.kind == Type::Json) {
        return fail(0x2652, "Only one tag can be of json type");
    }
    let mut seen: Vec<&str> = Vec::new();
    for column in columns.iter().chain(tags) {
        if column.name.len() > 64 {
            return fail(0x2617, format!("Invalid identifier name: {}", column.name));
        }
        if seen.contains(&column.name.as_str()) {
            return fail(0x263C, format!("Duplicated column names: {}", column.name));
        }
        seen.push(&column.name);
    }
    check_lengths(columns, tags)
}

fn check_lengths(columns: &[Column], tags: &[Column]) -> Result<()> {
    if let Some(column) = columns.iter().find(|column| column.kind.bytes() > 65_519) {
        return fail(0x2643, format!("Invalid column length of {}", column.name));
    }
    if columns.iter().map(|column| column.kind.bytes()).sum::<u32>() > 65_531 {
        return fail(0x2642, "Row length exceeds max length: 65531");
    }
    let tag_bytes: u32 = tags.iter().filter(|tag| tag.kind != Type::Json).map(|tag| tag.kind.bytes()).sum();
    if tag_bytes > 16_384 || tags.iter().any(|tag| tag.kind != Type::Json && tag.kind.bytes() > 16_384) {
        return fail(0x2642, "Tags length exceeds max length: 16384");
    }
    Ok(())
}

pub(super) fn create_subtable(store: &mut Store, session: &Session, subtable: Subtable) -> Result<()> {
    let (database, name) = session.place(&subtable.name)?;
    // An unqualified supertable is looked for beside the subtable.
    let of = subtable.of.table;
    let database = store.database_mut(&database)?;
    let Some(stable) = database.stables.get(&of) else { return fail(0x0362, format!("STable not exist: {of}")) };
    if name.len() > 192 {
        return fail(0x2617, format!("Invalid identifier name: {name}"));
    }
    if database.stables.contains_key(&name) {
        return fail(0x0360, format!("STable already exists: {name}"));
    }
    let named: Vec<usize> = match &subtable.tag_names {
        None => (0..stable.tags.len()).collect(),
        Some(names) => names
            .iter()
            .map(|name| stable.tags.iter().position(|tag| tag.name == *name).ok_or_else(|| unknown_column(name)))
            .collect::<Result<_>>()?,
    };
    if named.len() != subtable.tags.len() {
        return fail(0x260D, "Tags number not matched");
    }
    let mut tags = vec![Value::Null; stable.tags.len()];
    for (place, value) in named.into_iter().zip(subtable.tags) {
        let tag = &stable.tags[place];
        tags[place] = coerce(value, tag.kind, database.precision, &tag.name)?;
    }
    let table = Table { columns: Vec::new(), of: Some(of), tags, rows: BTreeMap::new(), comment: None };
    database.tables.insert(name, table);
    Ok(())
}

fn alter(database: &mut Database, table: &str, change: Change) -> Result<()> {
    let precision = database.precision;
    if let Change::SetTag(name, value) = change {
        let tags = database.tags(table).to_vec();
        let place = tags.iter().position(|tag| tag.name == name).ok_or_else(|| unknown_column(&name))?;
        let value = coerce(value, tags[place].kind, precision, &name)?;
        let found = database.tables.get_mut(table).filter(|table| table.of.is_some());
        let Some(found) = found else { return fail(0x2603, format!("Table does not exist: {table} is no subtable")) };
        found.tags[place] = value;
        return Ok(());
    }
    if let Some(stable) = database.stables.get_mut(table) {
        let (width, tag_width) = (stable.columns.len(), stable.tags.len());
        let mut dropped = None;
        let mut dropped_tag = None;
        match change {
            Change::Comment(comment) => stable.comment = Some(comment),
            Change::AddTag(tag) => add(&mut stable.tags, &stable.columns, tag)?,
            Change::DropTag(name) => {
                if stable.tags.len() == 1 {
                    return fail(0x2600, "The only tag cannot be dropped");
                }
                dropped_tag = Some(remove(&mut stable.tags, &name)?);
            }
            Change::ModifyTag(name, kind) => widen(&mut stable.tags, &name, kind)?,
            Change::RenameTag(from, to) => rename(&mut stable.tags, &from, to)?,
            Change::RenameColumn(..) => return fail(0x2600, "Columns of a supertable cannot be renamed"),
            Change::AddColumn(column) => add(&mut stable.columns, &stable.tags, column)?,
            Change::DropColumn(name) => dropped = Some(drop_column(&mut stable.columns, &name)?),
            Change::ModifyColumn(name, kind) => widen(&mut stable.columns, &name, kind)?,
            Change::SetTag(..) => {}
        }
        check_lengths(&stable.columns, &stable.tags)?;
        let (added, added_tag) = (stable.columns.len() > width, stable.tags.len() > tag_width);
        for child in database.tables.values_mut().filter(|child| child.of.as_deref() == Some(table)) {
            if let Some(place) = dropped_tag {
                child.tags.remove(place);
            }
            if added_tag {
                child.tags.push(Value::Null);
            }
            reshape(&mut child.rows, added, dropped);
        }
        return Ok(());
    }
    let Some(found) = database.tables.get_mut(table) else { return Err(unknown_table(table)) };
    if found.of.is_some() && !matches!(change, Change::Comment(_)) {
        return fail(0x2600, "Only the tags of a subtable can be altered");
    }
    let width = found.columns.len();
    let mut dropped = None;
    match change {
        Change::Comment(comment) => found.comment = Some(comment),
        Change::AddColumn(column) => add(&mut found.columns, &[], column)?,
        Change::DropColumn(name) => dropped = Some(drop_column(&mut found.columns, &name)?),
        Change::ModifyColumn(name, kind) => widen(&mut found.columns, &name, kind)?,
        Change::RenameColumn(from, to) => rename(&mut found.columns, &from, to)?,
        _ => return fail(0x2600, "A normal table has no tags"),
    }
    let added = found.columns.len() > width;
    reshape(&mut found.rows, added, dropped);
    Ok(())
}

fn reshape(rows: &mut BTreeMap<crate::store::Key, Vec<Value>>, added: bool, dropped: Option<usize>) {
    for row in rows.values_mut() {
        if added {
            row.push(Value::Null);
        }
        if let Some(place) = dropped {
            row.remove(place);
        }
    }
}

fn find(columns: &[Column], name: &str) -> Result<usize> {
    columns.iter().position(|column| column.name == name).ok_or_else(|| unknown_column(name))
}

fn add(columns: &mut Vec<Column>, others: &[Column], column: Column) -> Result<()> {
    if columns.iter().chain(others).any(|other| other.name == column.name) {
        return fail(0x263C, format!("Duplicated column names: {}", column.name));
    }
    if column.second_key || column.kind == Type::Json {
        return fail(0x2600, format!("{} cannot be added", column.name));
    }
    columns.push(column);
    Ok(())
}

fn remove(columns: &mut Vec<Column>, name: &str) -> Result<usize> {
    let place = find(columns, name)?;
    columns.remove(place);
    Ok(place)
}

fn drop_column(columns: &mut Vec<Column>, name: &str) -> Result<usize> {
    let place = find(columns, name)?;
    if place == 0 || columns[place].second_key || columns.len() == 2 {
        return fail(0x2600, format!("Column {name} cannot be dropped"));
    }
    remove(columns, name)
}

fn rename(columns: &mut [Column], from: &str, to: String) -> Result<()> {
    if columns.iter().any(|column| column.name == to) {
        return fail(0x263C, format!("Duplicated column names: {to}"));
    }
    let place = find(columns, from)?;
    columns[place].name = to;
    Ok(())
}

fn widen(columns: &mut [Column], name: &str, kind: Type) -> Result<()> {
    let place = find(columns, name)?;
    let wider = match (columns[place].kind, kind) {
        (Type::Varchar(old), Type::Varchar(new))
        | (Type::Nchar(old), Type::Nchar(new))
        | (Type::Varbinary(old), Type::Varbinary(new)) => new > old,
        _ => false,
    };
    if !wider {
        return fail(0x2600, format!("Only the length of {name} can be made larger"));
    }
    columns[place].kind = kind;
    Ok(())
}
