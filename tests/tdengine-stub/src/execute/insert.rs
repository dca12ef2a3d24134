//! INSERT and DELETE.

use super::evaluate::Scope;
use super::{Session, define};
use crate::error::{Result, fail, unknown_column};
use crate::parse::{Expression, Name, Subtable, Target};
use crate::store::{Database, Key, Second, Store};
use crate::value::{Type, Value, coerce};

/// All targets are checked first; tables named with USING are made where they are missing.
pub(super) fn insert(store: &mut Store, session: &Session, targets: Vec<Target>) -> Result<u64> {
    let mut count = 0;
    for target in targets {
        let (database, table) = session.place(&target.name)?;
        if let Some(using) = target.using
            && !store.database(&database)?.tables.contains_key(&table)
        {
            let subtable = Subtable { name: target.name, of: using.of, tag_names: using.tag_names, tags: using.tags };
            define::create_subtable(store, session, subtable)?;
        }
        count += insert_into(store.database_mut(&database)?, &table, target.columns.as_deref(), target.rows)?;
    }
    Ok(count)
}

fn insert_into(database: &mut Database, table: &str, named: Option<&[String]>, rows: Vec<Vec<Value>>) -> Result<u64> {
    if database.stables.contains_key(table) {
        return fail(0x2603, format!("Table does not exist: {table} is a supertable"));
    }
    let columns = database.columns(table)?.to_vec();
    let places: Vec<usize> = match named {
        None => (0..columns.len()).collect(),
        Some(names) => names
            .iter()
            .map(|name| columns.iter().position(|column| column.name == *name).ok_or_else(|| unknown_column(name)))
            .collect::<Result<_>>()?,
    };
    if !places.contains(&0) {
        return fail(0x2600, "Primary timestamp column should not be null");
    }
    let mut ready = Vec::new();
    for row in rows {
        if row.len() != places.len() {
            return fail(0x2600, "Illegal number of columns");
        }
        let mut values: Vec<Option<Value>> = vec![None; columns.len()];
        for (place, value) in places.iter().zip(row) {
            let column = &columns[*place];
            values[*place] = Some(coerce(value, column.kind, database.precision, &column.name)?);
        }
        let Some(Value::Int(at)) = values[0] else {
            return fail(0x2600, "Primary timestamp column should not be null");
        };
        let at = at as i64;
        in_range(at, database)?;
        let second = match columns.get(1).filter(|column| column.second_key).and_then(|_| values[1].clone()) {
            Some(Value::Int(number)) => Second::Int(number),
            Some(Value::Text(text)) => Second::Text(text),
            Some(_) => return fail(0x2600, "Primary key column should not be null"),
            None if columns.get(1).is_some_and(|column| column.second_key) => {
                return fail(0x2600, "Primary key column should not be null");
            }
            None => Second::None,
        };
        ready.push((Key(at, second), values));
    }
    let count = ready.len() as u64;
    let Some(table) = database.tables.get_mut(table) else { return fail(0x2603, "Table does not exist") };
    for (key, values) in ready {
        let row = table.rows.entry(key).or_insert_with(|| vec![Value::Null; columns.len()]);
        for (old, new) in row.iter_mut().zip(values) {
            // A row that is there is merged over: what the new one leaves out or has as NULL stays.
            if let Some(new) = new.filter(|new| !new.is_null()) {
                *old = new;
            }
        }
    }
    Ok(count)
}

/// Times beyond what KEEP allows, or what the server can hold, are refused.
fn in_range(at: i64, database: &Database) -> Result<()> {
    let keep_days = database.options.get("keep").map_or(3_650, |keep| {
        keep.split(',').next().unwrap_or_default().trim_end_matches('d').parse::<i64>().unwrap_or(3_650)
    });
    let per_second = i128::from(database.precision.per_second());
    let oldest = i128::from(super::time::now(database.precision)) - i128::from(keep_days) * 86_400 * per_second;
    // The year 2970, and 2262 for nanoseconds by the width of the number.
    let newest = 31_556_995_200i128 * per_second;
    if i128::from(at) < oldest || i128::from(at) > newest {
        return fail(0x060B, "Timestamp data out of range");
    }
    Ok(())
}

pub(super) fn delete(store: &mut Store, session: &Session, name: &Name, filter: Option<&Expression>) -> Result<u64> {
    let (database_name, table) = session.place(name)?;
    let database = store.database_mut(&database_name)?;
    let columns = database.columns(&table)?.to_vec();
    let tags = database.tags(&table).to_vec();
    let mut scope_columns: Vec<(String, Type)> =
        columns.iter().map(|column| (column.name.clone(), column.kind)).collect();
    scope_columns.extend(tags.iter().map(|tag| (tag.name.clone(), tag.kind)));
    scope_columns.push(("tbname".to_owned(), Type::Varchar(192)));
    let allowed: Vec<&str> = std::iter::once(columns[0].name.as_str())
        .chain(tags.iter().map(|tag| tag.name.as_str()))
        .chain(std::iter::once("tbname"))
        .collect();
    if filter.is_none_or(|filter| !time_only(filter, &columns[0].name, &allowed)) {
        return fail(0x2655, "DELETE statement must have a definite time window range");
    }
    let scope = Scope { columns: &scope_columns, precision: database.precision, session };
    let mut count = 0;
    for (child, found) in &mut database.tables {
        if *child != table && found.of.as_deref() != Some(table.as_str()) {
            continue;
        }
        let (tags, child) = (found.tags.clone(), child.clone());
        let mut fault = None;
        found.rows.retain(|_, values| {
            let mut row = values.clone();
            row.extend(tags.iter().cloned());
            row.push(Value::Text(child.clone()));
            match filter.map(|filter| scope.evaluate(filter, &row)).transpose() {
                Ok(Some(value)) if value.is_true() => {
                    count += 1;
                    false
                }
                Ok(_) => true,
                Err(error) => {
                    fault = Some(error);
                    true
                }
            }
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
    Ok(count)
}

/// Whether a condition names only the time and tags, and the time at least once.
fn time_only(filter: &Expression, time: &str, allowed: &[&str]) -> bool {
    fn walk(filter: &Expression, visit: &mut impl FnMut(&str)) {
        match filter {
            Expression::Column(name) => visit(name),
            Expression::Binary(_, left, right) => {
                walk(left, visit);
                walk(right, visit);
            }
            Expression::In(inner, _)
            | Expression::Not(inner)
            | Expression::IsNull(inner)
            | Expression::Like(inner, _) => {
                walk(inner, visit);
            }
            Expression::Cast(inner, _) => walk(inner, visit),
            _ => {}
        }
    }
    let (mut timed, mut others) = (false, false);
    walk(filter, &mut |name| {
        timed |= name == time;
        others |= !allowed.contains(&name);
    });
    timed && !others
}
