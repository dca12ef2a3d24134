//! Restate as a peer: its server and SDK from npm, a service with no-op steps, called over HTTP.

use super::load::{self, Load, Request, Seen};
use crate::servers::free_port;
use crate::{command, project};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SERVER: &str = "@restatedev/restate-server@1.7.12";
const SDK: &str = "@restatedev/restate-sdk@1.17.2";

/// The running server with its service; both end when this is dropped.
pub(super) struct Restate {
    ingress: u16,
    children: Vec<Child>,
    folder: PathBuf,
}

impl Restate {
    /// The version measured.
    pub(super) fn version() -> &'static str {
        SERVER.rsplit('@').next().unwrap_or(SERVER)
    }

    /// Installs what is missing into the cache and starts it on free ports with an empty data folder.
    pub(super) fn start() -> Result<Self> {
        let home = install()?;
        let folder = project::target_dir().join("bench/restate");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let (ingress, admin, node, service) = (free_port()?, free_port()?, free_port()?, free_port()?);
        let mut restate = Self { ingress, children: Vec::new(), folder };

        let mut server = Command::new(find_server(&home)?);
        server.args(["--no-logo", "--base-dir"]).arg(restate.folder.join("data"));
        server.env("RESTATE_INGRESS__BIND_ADDRESS", format!("127.0.0.1:{ingress}"));
        server.env("RESTATE_ADMIN__BIND_ADDRESS", format!("127.0.0.1:{admin}"));
        server.env("RESTATE_BIND_ADDRESS", format!("127.0.0.1:{node}"));
        server.env("RESTATE_LISTEN_MODE", "tcp").env("RESTATE_DISABLE_TELEMETRY", "true").env("DO_NOT_TRACK", "1");
        restate.spawn("server", &mut server)?;
        let mut endpoint = Command::new("node");
        endpoint.arg(home.join("noop.mjs")).arg(service.to_string()).env("NODE_ENV", "production");
        restate.spawn("service", &mut endpoint)?;
        restate.register(admin, service)?;
        Ok(restate)
    }

    /// Calls the handler with `steps` steps.
    pub(super) fn drive(&self, steps: u32, load: Load) -> Result<Seen> {
        let handler = if steps == 1 { "one" } else { "ten" };
        let path = format!("/noop/{handler}");
        let request =
            Request { port: self.ingress, path, headers: Vec::new(), body: "null".into(), expect: "succeeded" };
        load::drive(&request, load)
    }

    fn spawn(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let log = fs::File::create(self.folder.join(format!("{name}.log")))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.children.push(command.spawn().with_context(|| format!("cannot start the {name}"))?);
        Ok(())
    }

    /// Tells the server of the service, once both are up, and waits until a call comes through.
    fn register(&self, admin: u16, service: u16) -> Result<()> {
        let body = format!("{{\"uri\":\"http://127.0.0.1:{service}\"}}");
        let deploy = Request { port: admin, path: "/deployments".into(), headers: Vec::new(), body, expect: "noop" };
        let call = Request {
            port: self.ingress,
            path: "/noop/one".into(),
            headers: Vec::new(),
            body: "null".into(),
            expect: "succeeded",
        };
        for request in [deploy, call] {
            let deadline = Instant::now() + Duration::from_secs(60);
            while let Err(error) = load::call_once(&request) {
                if Instant::now() > deadline {
                    return Err(error.context(format!("Restate does not come up; see {}", self.folder.display())));
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }
}

impl Drop for Restate {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Its data folder is thrown away, so there is no good order to keep.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(self.folder.join("data"));
    }
}

fn install() -> Result<PathBuf> {
    let home = project::cache_dir()?.join("restate");
    fs::create_dir_all(&home)?;
    fs::write(home.join("noop.mjs"), include_str!("restate.mjs"))?;
    let wanted = format!("{SERVER} {SDK}");
    if fs::read_to_string(home.join("installed")).is_ok_and(|installed| installed == wanted) {
        return Ok(home);
    }
    fs::write(home.join("package.json"), "{\"private\":true}\n")?;
    let mut npm = Command::new("npm");
    // Their install scripts only report that they were installed.
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", SERVER, SDK]).current_dir(&home);
    command::output(&mut npm)?;
    fs::write(home.join("installed"), wanted)?;
    Ok(home)
}

/// The server's binary, which lies in a package named after the system.
fn find_server(home: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(home.join("node_modules/@restatedev"))? {
        let program = entry?.path().join("bin/restate-server");
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!("npm has no Restate server for this system")
}
