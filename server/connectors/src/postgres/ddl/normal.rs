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
