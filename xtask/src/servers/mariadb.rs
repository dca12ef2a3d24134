//! A private MariaDB.

use super::{Account, Launch, Place};
use crate::command;
use anyhow::{Context, Result};
use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The installed `mariadbd`, with the program that makes its data folder.
pub(super) fn find_program() -> Option<PathBuf> {
    command::find_program("mariadb-install-db")?;
    command::find_program("mariadbd")
}

/// Makes the data folder with an empty database `test` and tells how to start the server.
pub(super) fn prepare(program: &Path, place: &Place) -> Result<Launch> {
    let data = place.folder.join("data");
    fs::create_dir_all(&data)?;
    let data_option = format!("--datadir={}", data.display());
    let installer = command::find_program("mariadb-install-db").context("`mariadb-install-db` has gone")?;
    let mut init = Command::new(installer);
    init.args(["--no-defaults", &data_option, "--auth-root-authentication-method=normal"]);
    let mut server = Command::new(program);
    server.args(["--no-defaults", &data_option]);
    server.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=300", "--local-infile=1"]);
    server.arg(format!("--port={}", place.port));
    server.arg(format!("--socket={}", place.folder.join("socket").display()));
    server.arg(format!("--pid-file={}", place.folder.join("pid").display()));
    if let Some(account) = Account::instead_of_root(&["mysql", "nobody"])? {
        account.own(&place.folder)?;
        account.own(&data)?;
        account.apply(&mut init);
        account.apply(&mut server);
    }
    command::output(init.current_dir(&place.folder))?;
    server.current_dir(&place.folder);
    // The installer makes the database only in some packagings.
    fs::write(place.folder.join("init.sql"), "CREATE DATABASE IF NOT EXISTS test;\n")?;
    server.arg(format!("--init-file={}", place.folder.join("init.sql").display()));
    let url = format!("mysql://root@127.0.0.1:{}/test", place.port);
    Ok(Launch { command: server, url, stop: "TERM", is_ready })
}

/// The server greets whoever connects once it takes sessions; a greeting that is an error packet says otherwise.
fn is_ready(port: u16) -> bool {
    let listen = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut head = [0_u8; 5];
        stream.read_exact(&mut head)?;
        Ok(head[4] != 0xff)
    };
    listen().unwrap_or(false)
}
