//! Stops the private servers and removes their folder however this program ends.
//!
//! A shell holds the far end of a pipe. When the pipe closes (a normal end, a failure, an interrupt, SIGKILL), it
//! stops exactly the process ids it was told and removes the folder. It ignores the terminal's signals itself.

use anyhow::{Context, Result};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
servers=
while read -r signal pid; do servers="$servers $signal:$pid"; done
for server in $servers; do kill -s "${server%%:*}" "${server##*:}" 2>/dev/null; done
for server in $servers; do
  tries=0
  while kill -0 "${server##*:}" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then kill -s KILL "${server##*:}" 2>/dev/null; break; fi
    sleep 0.1
  done
done
rm -rf "$1"
"#;

/// The shell that outlives us for a moment.
pub(super) struct Keeper {
    shell: Child,
    pipe: Option<ChildStdin>,
    folder: PathBuf,
}

impl Keeper {
    /// Makes the folder for all private instances, and the shell that will remove it.
    pub(super) fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("sluice-servers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        // Servers run under other accounts and must reach their own folders within.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start `sh`")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe, folder })
    }

    /// Where private instances put their folders.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells the shell to send `signal` to `pid` at the end.
    pub(super) fn stop_at_end(&mut self, pid: u32, signal: &str) -> Result<()> {
        let pipe = self.pipe.as_mut().expect("the pipe is open until the servers are stopped");
        writeln!(pipe, "{signal} {pid}").context("the keeper of the servers has gone")
    }

    /// Makes the shell begin its work.
    pub(super) fn stop_servers(&mut self) {
        drop(self.pipe.take());
    }

    /// Waits until it is done.
    pub(super) fn wait(mut self) {
        let _ = self.shell.wait();
    }
}
