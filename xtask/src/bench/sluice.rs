//! A Sluice server of a measurement's own.

use super::load::Request;
use super::usage;
use crate::command;
use crate::project;
use crate::servers::free_port;
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the callers of webhooks prove to know; a document names it `bench`.
const SECRET: &str = "only-for-this-measurement";

/// A running server; it ends when dropped.
pub(super) struct Sluice {
    process: Child,
    pub(super) port: u16,
    /// How long it took until it listened.
    pub(super) started_in: Duration,
    folder: PathBuf,
}

impl Sluice {
    /// Starts one with an empty data folder and these documents, each a name and its text; `database` holds the metadata in
    /// place of SQLite.
    pub(super) fn start(program: &Path, database: Option<&str>, documents: &[(String, String)]) -> Result<Self> {
        let folder = project::target_dir().join("bench/sluice");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        for (name, text) in documents {
            let file = folder.join(format!("{name}.yaml"));
            fs::write(&file, text)?;
            command::output(sluice(program, database, &folder).args(["workflow", "save"]).arg(file))?;
        }
        Self::start_again(program, database)
    }

    /// Starts one over what the last one left.
    pub(super) fn start_again(program: &Path, database: Option<&str>) -> Result<Self> {
        let folder = project::target_dir().join("bench/sluice");
        let port = free_port()?;
        let log = fs::File::create(folder.join("log"))?;
        let mut serve = sluice(program, database, &folder);
        serve.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let spawned = Instant::now();
        let process = serve.spawn().context("cannot start the server")?;
        let mut server = Self { process, port, started_in: Duration::ZERO, folder };
        server.wait_ready()?;
        server.started_in = spawned.elapsed();
        Ok(server)
    }

    /// Starts a run of the workflow by its webhook, and waits for its end.
    pub(super) fn hook(&self, workflow: &str) -> Request {
        Request {
            port: self.port,
            path: format!("/hooks/{workflow}?wait=30s"),
            headers: vec![format!("Authorization: Bearer {SECRET}")],
            body: "{}".into(),
            expect: "\"status\":\"succeeded\"",
        }
    }

    /// Where to look when something went wrong.
    pub(super) fn see(&self) -> String {
        format!("see {}", self.folder.display())
    }

    /// The SQLite file with its metadata, where no other database holds them.
    pub(super) fn metadata(&self) -> PathBuf {
        self.folder.join("sluice.db")
    }

    /// The token that may do everything.
    pub(super) fn token(&self) -> Result<String> {
        let token = fs::read_to_string(self.folder.join("api-token")).context("the server has made no token")?;
        Ok(token.trim().to_owned())
    }

    /// What it holds of the machine's memory now, in MiB.
    pub(super) fn resident_mib(&self) -> f64 {
        usage::resident_mib(self.process.id())
    }

    fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once ({status}); {}", self.see());
            }
            if Instant::now() > deadline {
                bail!("the server does not listen; {}", self.see());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Sluice {
    fn drop(&mut self) {
        // Durable is what was acknowledged, so nothing is lost by ending it at once.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sluice(program: &Path, database: Option<&str>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--data-dir").arg(folder).env("SLUICE_SECRET_BENCH", SECRET);
    if let Some(url) = database {
        command.env("SLUICE_METADATA_URL", url);
    }
    command
}

/// A workflow of `steps` scripts that do nothing, each needing the one before, with a webhook of its name.
pub(super) fn noops(name: &str, steps: u32) -> (String, String) {
    let mut text = format!("name: {name}\ntriggers:\n  - webhook: {name}\n    secret: bench\nsteps:\n");
    for step in 1..=steps {
        text.push_str(&format!("  - id: s{step}\n    uses: script\n    with: {{ script: \"1\" }}\n"));
        if step > 1 {
            text.push_str(&format!("    needs: [s{}]\n", step - 1));
        }
    }
    (name.to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_needs_the_one_before() {
        let text = noops("noop-10", 10).1;
        assert_eq!(text.matches("uses: script").count(), 10);
        assert_eq!(text.matches("needs:").count(), 9);
        assert!(text.ends_with("needs: [s9]\n"));
    }
}
