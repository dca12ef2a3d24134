//! The wanted table in the server's own spelling, learned by making it.
//!
//! A temporary table with the wanted columns, checks and indexes is made and described in a transaction that is rolled
//! back. So `INTEGER` is `int4` is `integer`, and `0.0` is `'0'::numeric`, by the word of the server rather than by ours.

use super::create;
use super::statement::index_sql;
use crate::name::quote;
use crate::postgres::error::mapped;
use crate::postgres::pool::Lent;
use crate::postgres::structure::{self, Found};
use crate::postgres::timescale::Timescale;
use data::structure::{CheckConstraint, IndexStructure, TableStructure};
use data::{Error, Result};
use model::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};

/// The table as the server would tell it, and notes about what could not be learned.
pub(super) async fn normalized(client: &Lent, wanted: &TableStructure) -> Result<(TableStructure, Vec<String>)> {
    client.batch_execute("BEGIN").await.map_err(|error| mapped(&error))?;
    let tried = learn(client, wanted).await;
    client.batch_execute("ROLLBACK").await.map_err(|error| mapped(&error))?;
    match tried {
        Ok(normal) => Ok((normal, Vec::new())),
        Err(Failed::Denied) => {
            let note = "the user may not make temporary tables here, so that types and defaults are compared as they are spelled";
            Ok((wanted.clone(), vec![note.to_owned()]))
        }
        Err(Failed::Other(error)) => Err(error),
    }
}

enum Failed {
    /// The user may not make temporary tables, or the server is read-only.
    Denied,
    Other(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

const NAME: &str = "_sluice_wanted";

async fn learn(client: &Lent, wanted: &TableStructure) -> Result<TableStructure, Failed> {
    let mut bare = wanted.clone();
    bare.options.clear();
    for (place, check) in bare.checks.iter_mut().enumerate() {
        // Numbers keep the order, which names that the server makes would not.
        check.name = format!("{NAME}_{place:04}");
    }
    let sql = create::table(&bare, &quote(NAME), true);
    client.batch_execute("SAVEPOINT whole").await.map_err(|error| mapped(&error))?;
    if let Err(error) = client.batch_execute(&sql).await {
        let state = error.code().map_or("", |code| code.code());
        if matches!(state, "25006" | "42501") {
            return Err(Failed::Denied);
        }
        client.batch_execute("ROLLBACK TO SAVEPOINT whole").await.map_err(|error| mapped(&error))?;
        return Err(Failed::Other(culprit(client, &bare, &error).await?));
    }
    for (place, index) in wanted.indexes.iter().enumerate() {
        if let Err(error) =
            client.batch_execute(&index_sql(index, &format!("{NAME}_{place:04} "), &format!("pg_temp.{NAME}"))).await
        {
            let name = if index.name.is_empty() { index.columns.join(", ") } else { index.name.clone() };
            return Err(Failed::Other(invalid(wanted, &format!("index `{name}`"), &error)));
        }
    }
    let row = client
        .query_one("SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass($1)", &[&format!("pg_temp.{NAME}")])
        .await
        .map_err(|error| mapped(&error))?;
    let found = Found { oid: row.get(0), schema: "pg_temp".to_owned(), table: NAME.to_owned(), shown: NAME.to_owned() };
    let learned = structure::describe(client, &found, Timescale::None).await?;
    Ok(merged(wanted, learned))
}

/// Conditions of both tables that differ in their spelling, each as the server spells it in the end on the wanted columns.
///
/// What the server tells of a condition and reads again may come out otherwise, for one or two rounds; a condition that the
/// wanted columns cannot have is left out.
pub(super) async fn settled(
    client: &Lent,
    normal: &TableStructure,
    live: &TableStructure,
) -> Result<BTreeMap<String, String>> {
    let conditions = |table: &TableStructure| -> BTreeSet<String> {
        let checks = table.checks.iter().map(|check| check.condition.clone());
        checks.chain(table.indexes.iter().filter_map(|index| index.filter.clone())).collect()
    };
    let (wanted, there) = (conditions(normal), conditions(live));
    let differing: Vec<&String> = wanted.symmetric_difference(&there).collect();
    let mut settled = BTreeMap::new();
    if wanted.is_subset(&there) || there.is_subset(&wanted) {
        return Ok(settled);
    }
    client.batch_execute("BEGIN").await.map_err(|error| mapped(&error))?;
    let bare = TableStructure { columns: normal.columns.clone(), ..TableStructure::default() };
    let made = client.batch_execute(&create::table(&bare, &quote(NAME), true)).await;
    // Without the right to make one, conditions are compared as they are spelled.
    if made.is_ok() {
        for condition in differing {
            if let Some(last) = read_again(client, condition).await? {
                settled.insert(condition.clone(), without_casts(&last));
            }
        }
    }
    client.batch_execute("ROLLBACK").await.map_err(|error| mapped(&error))?;
    Ok(settled)
}

/// The condition after the server has read its own spelling often enough.
async fn read_again(client: &Lent, condition: &str) -> Result<Option<String>> {
    let mapped = |error| mapped(&error);
    let mut spelled = condition.to_owned();
    for _ in 0..4 {
        client.batch_execute("SAVEPOINT one").await.map_err(mapped)?;
        let sql = format!("ALTER TABLE pg_temp.{NAME} ADD CONSTRAINT {NAME} CHECK ({spelled})");
        let told = match client.batch_execute(&sql).await {
            Ok(()) => {
                let query = "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint \
                             WHERE conrelid = to_regclass($1) AND contype = 'c'";
                Some(client.query_one(query, &[&format!("pg_temp.{NAME}")]).await.map_err(mapped)?.get::<_, String>(0))
            }
            Err(_) => None,
        };
        client.batch_execute("ROLLBACK TO SAVEPOINT one").await.map_err(mapped)?;
        match told {
            Some(told) if told == spelled => break,
            Some(told) => spelled = told,
            None => return Ok(None),
        }
    }
    Ok(Some(spelled))
}

/// The condition without casts from one kind of text to another around literals, which mean nothing:
/// `('a'::character varying)::text` is `'a'::text`.
fn without_casts(condition: &str) -> String {
    let mut out = String::with_capacity(condition.len());
    let mut rest = condition;
    while let Some(at) = rest.find('\'') {
        let (before, from) = rest.split_at(at);
        let mut end = 1;
        while let Some(found) = from[end..].find('\'') {
            end += found + 1;
            if !from[end..].starts_with('\'') {
                break;
            }
            end += 1;
        }
        let (literal, after) = from.split_at(end);
        match (before.strip_suffix('('), after.strip_prefix("::character varying)::text")) {
            (Some(before), Some(after)) => {
                out.push_str(&format!("{before}{literal}::text"));
                rest = after;
            }
            _ => {
                out.push_str(&format!("{before}{literal}"));
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What was learned, under the names that were wanted, and with what a temporary table cannot have.
fn merged(wanted: &TableStructure, learned: TableStructure) -> TableStructure {
    let mut normal = wanted.clone();
    for (column, learned) in normal.columns.iter_mut().zip(learned.columns) {
        column.native_type = learned.native_type;
        column.nullable = learned.nullable;
        column.generated = learned.generated;
        // NULL written out means no default; the server forgets it.
        if learned.default.is_some() {
            column.default = learned.default;
        }
        if column.collation.is_some() {
            column.collation = learned.collation.or_else(|| column.collation.clone());
        }
    }
    let place = |name: &str| name.rsplit('_').next().and_then(|number| number.parse::<usize>().ok());
    for check in learned.checks {
        if let Some(slot) = place(&check.name).and_then(|place| normal.checks.get_mut(place)) {
            *slot = CheckConstraint { name: slot.name.clone(), condition: check.condition };
        }
    }
    for index in learned.indexes {
        if let Some(slot) = place(&index.name).and_then(|place| normal.indexes.get_mut(place)) {
            *slot = IndexStructure { name: slot.name.clone(), ..index };
        }
    }
    normal
}

/// Which part of the table the server refuses.
async fn culprit(client: &Lent, bare: &TableStructure, error: &tokio_postgres::Error) -> Result<Error> {
    for column in &bare.columns {
        let mut alone = TableStructure { name: bare.name.clone(), columns: vec![column.clone()], ..Default::default() };
        if column.generated.is_some() {
            // Its expression needs the others.
            alone.columns[0].generated = None;
        }
        client.batch_execute("SAVEPOINT part").await.map_err(|error| mapped(&error))?;
        let tried = client.batch_execute(&create::table(&alone, &quote(NAME), true)).await;
        client.batch_execute("ROLLBACK TO SAVEPOINT part").await.map_err(|error| mapped(&error))?;
        if let Err(error) = tried {
            return Ok(invalid(bare, &format!("column `{}`", column.name), &error));
        }
    }
    for check in &bare.checks {
        let alone = TableStructure { checks: vec![check.clone()], primary_key: Vec::new(), ..bare.clone() };
        client.batch_execute("SAVEPOINT part").await.map_err(|error| mapped(&error))?;
        let tried = client.batch_execute(&create::table(&alone, &quote(NAME), true)).await;
        client.batch_execute("ROLLBACK TO SAVEPOINT part").await.map_err(|error| mapped(&error))?;
        if let Err(error) = tried {
            return Ok(invalid(bare, &format!("check `{}`", check.condition), &error));
        }
    }
    Ok(invalid(bare, "its definition", error))
}

fn invalid(table: &TableStructure, part: &str, error: &tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else { return mapped(error) };
    let error = Error::permanent(ErrorCode::InvalidValue, format!("table `{}`: {part}: {}", table.name, db.message()));
    match db.hint() {
        Some(hint) => error.hint(hint),
        None => error.hint("Write types, defaults and conditions as PostgreSQL reads them."),
    }
}
