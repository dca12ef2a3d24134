//! A private PostgreSQL.

use super::{Account, Launch, Place};
use crate::command;
use anyhow::{Context, Result};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The newest installed `postgres`.
pub(super) fn find_program() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version = folder.file_name()?.to_str()?.parse().ok()?;
            Some((version, folder.join("bin/postgres")))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, program)| program);
    // `initdb` must lie beside it, so a link from elsewhere is followed.
    newest.or_else(|| command::find_program("postgres").and_then(|program| program.canonicalize().ok()))
}

/// Makes the data folder and tells how to start the server. Durability settings stay as they are: fsync is on.
pub(super) fn prepare(program: &Path, place: &Place) -> Result<Launch> {
    let data = place.folder.join("data");
    fs::create_dir_all(&data)?;
    let account = Account::instead_of_root(&["postgres", "nobody"])?;
    let initdb = program.parent().context("`postgres` lies in no folder")?.join("initdb");
    let mut init = Command::new(initdb);
    init.arg("--pgdata").arg(&data).current_dir(&place.folder);
    init.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    let mut server = Command::new(program);
    server.arg("-D").arg(&data).current_dir(&place.folder);
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={}", place.port),
        format!("unix_socket_directories={}", data.display()),
        "max_connections=300".to_owned(),
    ] {
        server.args(["-c", &setting]);
    }
    // Statistics of statements, where the packaging has them: `inspect` is then tested with them.
    let library = program.parent().map(|bin| bin.join("../lib/pg_stat_statements.so"));
    if library.is_some_and(|library| library.is_file()) {
        server.args(["-c", "shared_preload_libraries=pg_stat_statements"]);
    }
    if let Some(account) = account {
        account.own(&place.folder)?;
        account.own(&data)?;
        account.apply(&mut init);
        account.apply(&mut server);
    }
    command::output(&mut init)?;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", place.port);
    // SIGINT is the fast shutdown: clients are cut off, the data folder is left in order.
    Ok(Launch { command: server, url, stop: "INT", is_ready })
}

/// Sends a start-up message: an `R` answer means that sessions are taken, an `E` that it is still starting.
fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let body = b"user\0postgres\0database\0postgres\0\0";
        let length = u32::try_from(body.len() + 8).expect("the message is short");
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&196_608_u32.to_be_bytes())?;
        stream.write_all(body)?;
        let mut answer = [0_u8; 1];
        stream.read_exact(&mut answer)?;
        Ok(answer[0] == b'R')
    };
    ask().unwrap_or(false)
}
