//! A consistent copy of a database in a folder, and back: by `pg_dump` where it is installed and asked for, else by ourselves.
//!
//! Our own copy reads everything in one snapshot: the structures of the tables, from which [`super::ddl`] makes the statements
//! again, and their rows as the server's binary COPY streams, which go into files as they come. What is no table (functions,
//! types, roles, rights) is copied by `pg_dump` only.

mod native;
mod plain;

use super::pool::{Lent, Pool};
use super::timescale::Timescale;
use super::{introspect, structure};
use crate::backup::{begin, open};
use crate::error::table_not_found;
use crate::name::TableName;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use std::sync::Arc;

const NATIVE: &str = "pg_dump";
const PLAIN: &str = "connector";

/// Writes a copy into the request's folder.
pub(super) async fn backup(
    pool: &Arc<Pool>,
    request: &BackupRequest,
    assumed: Option<Timescale>,
) -> Result<BackupReport> {
    let client = pool.get().await?;
    let tables = tables(pool, &client, &request.tables).await?;
    begin(&request.folder)?;
    let program = if request.native { native::program(&client, NATIVE).await? } else { None };
    let report = match program {
        Some(program) => {
            let dumped = native::dump(pool, &client, &program, request, &tables).await?;
            client.release();
            dumped
        }
        None => plain::dump(client, request, &tables, assumed).await?,
    };
    Ok(report)
}

/// Brings a copy back.
pub(super) async fn restore(pool: &Arc<Pool>, request: &RestoreRequest, assumed: Option<Timescale>) -> Result<()> {
    let report = open(request, System::Postgres).await?;
    let client = pool.get().await?;
    match report.method.as_str() {
        NATIVE => native::restore(pool, client, request, &report, assumed).await,
        PLAIN => plain::restore(client, request, &report, assumed).await,
        other => Err(Error::permanent(
            ErrorCode::InvalidValue,
            format!("a backup made by `{other}` cannot be brought back here"),
        )),
    }
}

/// The tables asked for, or all: those of the connection's schema where it has one.
async fn tables(pool: &Pool, client: &Lent, asked: &[String]) -> Result<Vec<String>> {
    let mut all = introspect::list_tables(client).await?;
    if asked.is_empty() {
        if pool.config.schema.is_some() {
            all.retain(|name| TableName::parse(name).schema.is_none());
        }
        return Ok(all);
    }
    let mut found = Vec::new();
    for name in asked {
        match structure::find(client, name).await? {
            Some(table) => found.push(table.shown),
            None => return Err(table_not_found(name, all.iter().map(String::as_str))),
        }
    }
    Ok(found)
}

/// Refuses to go over tables that are there.
fn refuse_existing(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("already there: `{}`", names.join("`, `"));
    Err(Error::permanent(ErrorCode::AlreadyExists, message)
        .hint("Let the restore replace them (`--replace`), or restore into an empty database."))
}
