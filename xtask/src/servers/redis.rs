//! A private Redis.

use super::{Launch, Place};
use crate::command;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The installed `redis-server`.
pub(super) fn find_program() -> Option<PathBuf> {
    command::find_program("redis-server")
}

/// Tells how to start the server; it keeps nothing on disk.
pub(super) fn prepare(program: &Path, place: &Place) -> Launch {
    let mut server = Command::new(program);
    server.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]);
    server.args(["--port", &place.port.to_string()]).arg("--dir").arg(&place.folder);
    Launch { command: server, url: format!("redis://127.0.0.1:{}", place.port), stop: "TERM", is_ready }
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0_u8; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ask().unwrap_or(false)
}
