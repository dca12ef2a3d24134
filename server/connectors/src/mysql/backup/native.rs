//! The system's own dump program and client.
//!
//! They get the password by their environment and the address that the gate let through, never a name.

use crate::backup::{find_program, run_program};
use crate::mysql::Mysql;
use data::backup::{BackupRequest, RestoreRequest};
use data::{Error, Result};
use model::ErrorCode;
use std::path::PathBuf;
use tokio::process::Command;

const FILE: &str = "dump.sql";

/// A program on this machine.
pub(super) struct Program {
    pub(super) name: String,
    path: PathBuf,
}

/// The dump program, where there is one.
pub(super) fn find() -> Option<Program> {
    ["mariadb-dump", "mysqldump"].into_iter().find_map(named)
}

fn named(name: &str) -> Option<Program> {
    Some(Program { name: name.to_owned(), path: find_program(name)? })
}

/// Writes definitions and rows of all or some tables.
pub(super) async fn dump(mysql: &Mysql, program: &Program, request: &BackupRequest) -> Result<()> {
    let mut command = connecting(mysql, program).await?;
    command.args(["--single-transaction", "--quick", "--hex-blob", "--triggers", "--no-tablespaces"]);
    if !is_mariadb(program).await {
        // What only MySQL's own program knows, and would else break a restore elsewhere.
        command.args(["--set-gtid-purged=OFF", "--column-statistics=0"]);
    }
    if request.tables.is_empty() {
        command.args(["--routines", "--events"]);
    }
    let mut file = std::ffi::OsString::from("--result-file=");
    file.push(request.folder.join(FILE));
    command.arg(file).arg("--").arg(mysql.config.database.as_deref().unwrap_or_default()).args(&request.tables);
    run_program(command, &program.name).await
}

/// Runs the dump by the client.
pub(super) async fn load(mysql: &Mysql, request: &RestoreRequest) -> Result<()> {
    let program = ["mariadb", "mysql"].into_iter().find_map(named).ok_or_else(|| {
        Error::permanent(
            ErrorCode::Unsupported,
            format!("the backup was made by `{}`, and neither `mariadb` nor `mysql` is installed here", request.method),
        )
        .hint("Install the client, or restore where it is.")
    })?;
    if mysql.config.tls {
        return Err(Error::permanent(
            ErrorCode::Unsupported,
            "a native backup cannot be restored over TLS: the client would check the wrong name",
        )
        .hint("Restore by a connection without `tls` from the database's own machine or network."));
    }
    let mut command = connecting(mysql, &program).await?;
    command.arg(format!("--database={}", mysql.config.database.as_deref().unwrap_or_default()));
    // The file is named relative to the folder: its path may hold what the client would read as its own words.
    command.current_dir(&request.folder).arg(format!("--execute=source {FILE}"));
    run_program(command, &program.name).await
}

/// The program with server, user and password.
async fn connecting(mysql: &Mysql, program: &Program) -> Result<Command> {
    let addresses = mysql.connections.addresses().await?;
    let Some(address) = addresses.first() else {
        return Err(Error::permanent(ErrorCode::ConnectionFailed, "the host of the connection has no address"));
    };
    let mut command = Command::new(&program.path);
    // Option files could name another server or say more than is meant.
    command.arg("--no-defaults");
    command.args([format!("--host={address}"), format!("--port={}", mysql.config.port)]);
    command.args([format!("--user={}", mysql.config.user)]);
    command.args(["--protocol=tcp", "--default-character-set=utf8mb4"]);
    command.env("MYSQL_PWD", mysql.connections.secret().unwrap_or_default());
    Ok(command)
}

async fn is_mariadb(program: &Program) -> bool {
    let told = Command::new(&program.path).arg("--version").kill_on_drop(true).output().await;
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains("MariaDB"))
}
