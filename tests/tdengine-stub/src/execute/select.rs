//! SELECT over one table, a supertable with all its subtables, a subquery, or nothing.

use super::evaluate::Scope;
use super::{Rows, Session, system};
use crate::error::{Result, fail};
use crate::parse::{Expression, From, Item, Select};
use crate::store::Store;
use crate::value::{Precision, Type, Value};
use std::cmp::Ordering;

const AGGREGATES: [&str; 9] = ["count", "sum", "avg", "min", "max", "first", "last", "last_row", "spread"];

pub(super) fn select(store: &Store, session: &Session, select: &Select) -> Result<Rows> {
    let (source, shown) = match &select.from {
        None => (Rows { columns: Vec::new(), precision: Precision::Milli, rows: vec![Vec::new()] }, 0),
        Some(From::Query(inner)) => {
            let rows = self::select(store, session, inner)?;
            let shown = rows.columns.len();
            (rows, shown)
        }
        Some(From::Table(name)) => match name.database.as_deref() {
            Some("information_schema" | "performance_schema") => {
                let rows = system::table(store, name)?;
                let shown = rows.columns.len();
                (rows, shown)
            }
            _ => scan(store, session, name)?,
        },
    };
    let scope = Scope { columns: &source.columns, precision: source.precision, session };
    let mut items: Vec<(Expression, String)> = Vec::new();
    for item in &select.items {
        match item {
            Item::All => {
                let all = source.columns[..shown].iter();
                items.extend(all.map(|(name, _)| (Expression::Column(name.clone()), name.clone())));
            }
            Item::One(expression, alias) => {
                items.push((expression.clone(), alias.clone().unwrap_or_else(|| expression.name())));
            }
        }
    }
    let columns: Vec<(String, Type)> =
        items.iter().map(|(expression, name)| Ok((name.clone(), scope.kind(expression)?))).collect::<Result<_>>()?;
    let mut kept: Vec<&Vec<Value>> = Vec::new();
    if let Some(filter) = &select.filter {
        scope.kind(filter)?;
    }
    for row in &source.rows {
        match &select.filter {
            Some(filter) if !scope.evaluate(filter, row)?.is_true() => {}
            _ => kept.push(row),
        }
    }
    let aggregated = items.iter().any(|(expression, _)| is_aggregate(expression));
    let mut rows: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    if aggregated {
        for group in groups(&scope, &select.partition, &kept)? {
            let values = items.iter().map(|(expression, _)| aggregate(&scope, expression, &group));
            rows.push((values.collect::<Result<_>>()?, group.first().map(|row| (*row).clone()).unwrap_or_default()));
        }
    } else {
        for row in kept {
            let values = items.iter().map(|(expression, _)| scope.evaluate(expression, row));
            rows.push((values.collect::<Result<_>>()?, row.clone()));
        }
    }
    sort(&scope, &select.order, &columns, &mut rows)?;
    let mut rows: Vec<Vec<Value>> = rows.into_iter().map(|(values, _)| values).collect();
    if select.distinct {
        let mut distinct: Vec<Vec<Value>> = Vec::new();
        for row in rows {
            if !distinct.contains(&row) {
                distinct.push(row);
            }
        }
        rows = distinct;
    }
    let rows = rows.into_iter().skip(select.offset).take(select.limit.unwrap_or(usize::MAX)).collect();
    Ok(Rows { columns, precision: source.precision, rows })
}

/// All rows of a table with `tbname` and tags behind its columns, and how many of the columns `*` shows.
fn scan(store: &Store, session: &Session, name: &crate::parse::Name) -> Result<(Rows, usize)> {
    let (database, table) = session.place(name)?;
    let database = store.database(&database)?;
    let own = database.columns(&table)?;
    let tags = database.tags(&table);
    let is_stable = database.stables.contains_key(&table);
    let mut columns: Vec<(String, Type)> = own.iter().map(|column| (column.name.clone(), column.kind)).collect();
    columns.extend(tags.iter().map(|tag| (tag.name.clone(), tag.kind)));
    // A subtable's `*` leaves its tags out, a supertable's shows them.
    let shown = if is_stable { columns.len() } else { own.len() };
    columns.push(("tbname".to_owned(), Type::Varchar(192)));
    let mut rows = Vec::new();
    let mut add = |name: &String, table: &crate::store::Table| {
        for values in table.rows.values() {
            let mut row = values.clone();
            row.extend(table.tags.iter().cloned());
            row.push(Value::Text(name.clone()));
            rows.push(row);
        }
    };
    if is_stable {
        for (name, child) in database.children(&table) {
            add(name, child);
        }
    } else if let Some(found) = database.tables.get(&table) {
        add(&table, found);
    }
    Ok((Rows { columns, precision: database.precision, rows }, shown))
}

fn is_aggregate(expression: &Expression) -> bool {
    match expression {
        Expression::CountAll => true,
        Expression::Call(name, _) => AGGREGATES.contains(&name.as_str()),
        Expression::Cast(inner, _) => is_aggregate(inner),
        _ => false,
    }
}

fn groups<'a>(scope: &Scope<'_>, by: &[Expression], rows: &[&'a Vec<Value>]) -> Result<Vec<Vec<&'a Vec<Value>>>> {
    if by.is_empty() {
        return Ok(vec![rows.to_vec()]);
    }
    let mut groups: Vec<(Vec<Value>, Vec<&Vec<Value>>)> = Vec::new();
    for row in rows {
        let key: Vec<Value> = by.iter().map(|expression| scope.evaluate(expression, row)).collect::<Result<_>>()?;
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

fn aggregate(scope: &Scope<'_>, expression: &Expression, rows: &[&Vec<Value>]) -> Result<Value> {
    let (name, argument) = match expression {
        Expression::CountAll => return Ok(Value::Int(rows.len() as i128)),
        Expression::Call(name, arguments) if AGGREGATES.contains(&name.as_str()) => match arguments.as_slice() {
            [argument] => (name.as_str(), argument),
            _ => return fail(0x2801, "Invalid number of arguments"),
        },
        other => return rows.first().map_or(Ok(Value::Null), |row| scope.evaluate(other, row)),
    };
    let mut values = Vec::new();
    for row in rows {
        let value = scope.evaluate(argument, row)?;
        if !value.is_null() {
            values.push(value);
        }
    }
    let least = || values.iter().min_by(|a, b| a.order(b));
    let most = || values.iter().max_by(|a, b| a.order(b));
    Ok(match name {
        "count" => Value::Int(values.len() as i128),
        _ if values.is_empty() => Value::Null,
        "min" => least().cloned().unwrap_or(Value::Null),
        "max" => most().cloned().unwrap_or(Value::Null),
        "first" => values[0].clone(),
        "last" | "last_row" => values[values.len() - 1].clone(),
        "sum" if values.iter().all(|value| matches!(value, Value::Int(_))) => {
            Value::Int(values.iter().map(|value| value.number() as i128).sum())
        }
        "sum" => Value::Float(values.iter().map(Value::number).sum()),
        "spread" => Value::Float(most().map_or(0.0, Value::number) - least().map_or(0.0, Value::number)),
        _ => Value::Float(values.iter().map(Value::number).sum::<f64>() / values.len() as f64),
    })
}

/// Sorts by columns of the result where they are named so, by the source's otherwise.
fn sort(
    scope: &Scope<'_>,
    order: &[(Expression, bool)],
    columns: &[(String, Type)],
    rows: &mut [(Vec<Value>, Vec<Value>)],
) -> Result<()> {
    if order.is_empty() {
        return Ok(());
    }
    let mut keyed = Vec::new();
    for (values, source) in rows.iter() {
        let mut key = Vec::new();
        for (expression, _) in order {
            let shown =
                columns.iter().position(|(name, _)| matches!(expression, Expression::Column(wanted) if wanted == name));
            key.push(match shown {
                Some(index) => values[index].clone(),
                None if source.is_empty() => {
                    return fail(0x2602, format!("Invalid column name: {}", expression.name()));
                }
                None => scope.evaluate(expression, source)?,
            });
        }
        keyed.push(key);
    }
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by(|a, b| {
        for (index, (_, descending)) in order.iter().enumerate() {
            let found = keyed[*a][index].order(&keyed[*b][index]);
            let found = if *descending { found.reverse() } else { found };
            if found != Ordering::Equal {
                return found;
            }
        }
        Ordering::Equal
    });
    let sorted: Vec<_> = places.into_iter().map(|place| std::mem::take(&mut rows[place])).collect();
    rows.clone_from_slice(&sorted);
    Ok(())
}
