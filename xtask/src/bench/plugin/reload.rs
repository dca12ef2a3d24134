//! From the change of a plugin's source to its use in a running server, by `sluice plugin dev --watch`.

use crate::bench::usage;
use crate::project;
use crate::servers::free_port;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Changes that are measured.
const CHANGES: usize = 5;
/// Longer than any build takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Milliseconds from writing the file to the line that tells of the reload; the middle of five.
pub(super) fn measure(program: &Path, folder: &Path, plugin: &Path, file: &str) -> Result<f64> {
    let data = folder.join("data-reload");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let server = Server::start(program, &data)?;
    let mut dev = Command::new(program);
    dev.arg("--data-dir").arg(&data).args(["plugin", "dev", "--watch"]).arg(plugin);
    dev.args(["--server", &format!("http://127.0.0.1:{}", server.port)]);
    let mut dev = Ended(dev.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?);
    let (tell, told) = mpsc::channel();
    let lines = BufReader::new(dev.0.stdout.take().context("its output is piped")?).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok).filter(|line| line.starts_with("reloaded ")) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    // What it depends on is compiled at the first time, however long that takes.
    told.recv_timeout(PATIENCE).context("the plugin was not loaded")?;
    let source = plugin.join(file);
    let good = fs::read_to_string(&source)?;
    let mut times = Vec::new();
    for change in 0..CHANGES {
        let comment = if file.ends_with(".py") { "#" } else { "//" };
        // Another name each time, so that what is built differs.
        let changed = format!(
            "{}\n{comment} change {change}\n",
            good.replace("there is no column", &format!("{change}: no column"))
        );
        let began = Instant::now();
        fs::write(&source, changed)?;
        told.recv_timeout(PATIENCE).context("the change was not loaded")?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    fs::write(&source, good)?;
    times.sort_by(f64::total_cmp);
    Ok(times[CHANGES / 2])
}

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server on a data folder; ends when dropped.
pub(super) struct Server {
    process: Ended,
    pub(super) port: u16,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(super) fn start(program: &Path, data: &Path) -> Result<Self> {
        let port = free_port()?;
        let log: PathBuf = project::target_dir().join("bench-plugin/server.log");
        let log = fs::File::create(log)?;
        let mut serve = Command::new(program);
        serve.arg("--data-dir").arg(data).args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut server = Self { process: Ended(serve.spawn().context("cannot start the server")?), port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.process.0.try_wait()? {
                bail!("the server ended at once ({status}); see `bench-plugin/server.log` in the build folder");
            }
            if Instant::now() > deadline {
                bail!("the server does not listen");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(server)
    }

    /// Memory that it holds now.
    pub(super) fn resident_mib(&self) -> f64 {
        usage::resident_mib(self.process.0.id())
    }
}
