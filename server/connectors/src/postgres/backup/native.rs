//! By the server's own programs, in their custom format: everything the database has, compressed.

use super::{NATIVE, refuse_existing};
use crate::backup::{disk_failed, find_program, finish, run_program};
use crate::postgres::config::SslMode;
use crate::postgres::error::mapped;
use crate::postgres::pool::{Lent, Pool};
use crate::postgres::structure;
use crate::postgres::timescale::{Timescale, detect};
use base64::Engine as _;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio::process::Command;

const FILE: &str = "database.dump";

/// The program of that name, where it is installed and not older than the server, which it would refuse.
pub(super) async fn program(client: &Lent, name: &str) -> Result<Option<PathBuf>> {
    let Some(program) = find_program(name) else { return Ok(None) };
    let row = client
        .query_one("SELECT current_setting('server_version_num')::int4 / 10000", &[])
        .await
        .map_err(|error| mapped(&error))?;
    let server: i32 = row.get(0);
    let told = Command::new(&program).arg("--version").kill_on_drop(true).output().await;
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // `pg_dump (PostgreSQL) 15.18 (…)`
    let version = told.split_whitespace().find_map(|word| word.split('.').next()?.parse::<i32>().ok());
    Ok(version.filter(|version| *version >= server).map(|_| program))
}

/// The program with the address of the connection; the password goes by the environment, which nobody else can read.
///
/// The file that comes with it holds certificate authorities and lives as long as the program runs.
async fn command(pool: &Arc<Pool>, program: &Path) -> Result<(Command, Option<NamedTempFile>)> {
    let config = &pool.config;
    let mut command = Command::new(program);
    command.env("PGHOST", &config.host);
    // Never the name alone: the address that was let through is the one that is connected to.
    if let Some(address) = pool.addresses().await?.first() {
        command.env("PGHOSTADDR", address.ip().to_string());
    }
    let mode = match config.sslmode {
        SslMode::Disable => "disable",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::VerifyCa => "verify-ca",
        SslMode::VerifyFull => "verify-full",
    };
    command
        .env("PGPORT", config.port.to_string())
        .env("PGUSER", &config.user)
        .env("PGDATABASE", config.database.as_ref().unwrap_or(&config.user))
        .env("PGSSLMODE", mode)
        .env("PGAPPNAME", &config.application_name)
        .env("PGCONNECT_TIMEOUT", config.connect_timeout.max(2).to_string());
    for inherited in ["PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGPASSFILE", "PGPASSWORD"] {
        command.env_remove(inherited);
    }
    if let Some(password) = &pool.password {
        command.env("PGPASSWORD", password);
    }
    let authorities = match &config.sslrootcert {
        Some(path) => {
            command.env("PGSSLROOTCERT", path);
            None
        }
        None if matches!(config.sslmode, SslMode::VerifyCa | SslMode::VerifyFull) => {
            let file = machine_authorities()?;
            command.env("PGSSLROOTCERT", file.path());
            Some(file)
        }
        None => None,
    };
    Ok((command, authorities))
}

/// The authorities of the machine in a file: without one libpq looks into the home folder.
fn machine_authorities() -> Result<NamedTempFile> {
    let written = NamedTempFile::new().and_then(|mut file| {
        for certificate in rustls_native_certs::load_native_certs().certs {
            let text = base64::engine::general_purpose::STANDARD.encode(&certificate);
            writeln!(file, "-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----")?;
        }
        Ok(file)
    });
    written.map_err(|error| disk_failed(&std::env::temp_dir(), &error))
}

/// `"sche*ma"."table"` as a pattern that means just that.
fn pattern(schema: &str, table: &str) -> String {
    format!("{}.{}", crate::name::quote(schema), crate::name::quote(table))
}

pub(super) async fn dump(
    pool: &Arc<Pool>,
    client: &Lent,
    program: &Path,
    request: &BackupRequest,
    tables: &[String],
) -> Result<BackupReport> {
    let (mut command, authorities) = command(pool, program).await?;
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s"]);
    command.arg("--file").arg(request.folder.join(FILE));
    if request.tables.is_empty() {
        // A connection with a schema of its own means that schema.
        if let Some(schema) = &pool.config.schema {
            command.arg("--schema").arg(crate::name::quote(schema));
        }
    } else {
        for table in tables {
            if let Some(found) = structure::find(client, table).await? {
                command.arg("--table").arg(pattern(&found.schema, &found.table));
            }
        }
    }
    run_program(command, NATIVE).await?;
    drop(authorities);
    let told = tables.iter().map(|table| (table.clone(), None)).collect();
    finish(&request.folder, System::Postgres, NATIVE, told).await
}

pub(super) async fn restore(
    pool: &Arc<Pool>,
    client: Lent,
    request: &RestoreRequest,
    report: &BackupReport,
    assumed: Option<Timescale>,
) -> Result<()> {
    let Some(program) = find_program("pg_restore") else {
        return Err(Error::permanent(
            ErrorCode::Unsupported,
            "the backup was made by `pg_dump`, and `pg_restore` is not installed",
        )
        .hint("Install the client programs of PostgreSQL on this machine."));
    };
    let mut existing = Vec::new();
    for (table, _) in &report.tables {
        if structure::find(&client, table).await?.is_some() {
            existing.push(table.clone());
        }
    }
    if !request.replace {
        refuse_existing(&existing)?;
    }
    let timescale = detect(&client, assumed).await?.is_installed();
    let (mut command, authorities) = command(pool, &program).await?;
    let database = pool.config.database.as_ref().unwrap_or(&pool.config.user);
    command.args(["--no-owner", "--no-privileges", "--exit-on-error"]);
    if request.replace {
        command.args(["--clean", "--if-exists"]);
    }
    if let Some(schema) = &pool.config.schema {
        // What is in the schema, not the schema itself, which is there and may hold more.
        command.arg("--schema").arg(schema);
    }
    command.arg("--dbname").arg(database).arg(request.folder.join(FILE));
    if !timescale {
        // All or nothing, so that a restore that fails leaves the database as it was.
        command.arg("--single-transaction");
        client.release();
        let restored = run_program(command, "pg_restore").await;
        drop(authorities);
        return restored;
    }
    // TimescaleDB keeps its workers and triggers out of the way between these two, for sessions that begin in between.
    client.batch_execute("SELECT timescaledb_pre_restore()").await.map_err(|error| mapped(&error))?;
    let restored = run_program(command, "pg_restore").await;
    drop(authorities);
    client.batch_execute("SELECT timescaledb_post_restore()").await.map_err(|error| mapped(&error))?;
    client.close();
    restored
}
