//! A private mail server: `aiosmtpd`, which keeps every mail as a file of a maildir and sends none on.

use super::{Launch, Place};
use crate::command;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The installed `aiosmtpd`, or a Python that has it.
pub(super) fn find_program() -> Option<PathBuf> {
    if let Some(program) = command::find_program("aiosmtpd") {
        return Some(program);
    }
    let python = command::find_program("python3")?;
    command::succeeds(Command::new(&python).args(["-c", "import aiosmtpd"])).then_some(python)
}

/// Tells how to start the server; its URL ends with the folder of the maildir.
pub(super) fn prepare(program: &Path, place: &Place) -> Launch {
    let mails = place.folder.join("mails");
    let mut server = Command::new(program);
    if program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python")) {
        server.args(["-m", "aiosmtpd"]);
    }
    server.args(["-n", "-l", &format!("127.0.0.1:{}", place.port), "-c", "aiosmtpd.handlers.Mailbox"]).arg(&mails);
    let url = format!("smtp://127.0.0.1:{}{}", place.port, mails.display());
    Launch { command: server, url, stop: "TERM", is_ready }
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut greeting = String::new();
        BufReader::new(stream).read_line(&mut greeting)?;
        Ok(greeting.starts_with("220 "))
    };
    ask().unwrap_or(false)
}
