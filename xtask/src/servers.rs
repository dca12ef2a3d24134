//! PostgreSQL, MariaDB, Redis and a mail server for the tests: given in the environment, else private instances of installed
//! programs, else installed with the system's package manager, else missing and said so.
//!
//! A private instance has its own data folder and a free loopback port, and dies with this program however that
//! ends: see [`keeper`].

mod install;
mod keeper;
mod mariadb;
mod postgres;
mod redis;
mod smtp;

use anyhow::{Context, Result, bail};
use keeper::Keeper;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `cargo xtask servers`: prints `export NAME=URL` for each server and waits for Ctrl-C or the end of standard input.
pub(crate) fn run() -> Result<()> {
    let servers = Servers::provide(Kind::ALL)?;
    for (name, url) in servers.variables() {
        println!("export {name}='{url}'");
    }
    println!("# Ctrl-C stops them.");
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?;
    Ok(())
}

/// One kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Mysql,
    Redis,
    Smtp,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: &'static [Self] = &[Self::Postgres, Self::Mysql, Self::Redis, Self::Smtp];

    /// The name people know it by.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB",
            Self::Redis => "Redis",
            Self::Smtp => "aiosmtpd",
        }
    }

    /// The variable that holds its URL.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "SLUICE_TEST_POSTGRES",
            Self::Mysql => "SLUICE_TEST_MYSQL",
            Self::Redis => "SLUICE_TEST_REDIS",
            Self::Smtp => "SLUICE_TEST_SMTP",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Mysql => "mariadb-server",
            Self::Redis => "redis-server",
            Self::Smtp => "python3-aiosmtpd",
        }
    }

    fn program(self) -> Option<PathBuf> {
        match self {
            Self::Postgres => postgres::find_program(),
            Self::Mysql => mariadb::find_program(),
            Self::Redis => redis::find_program(),
            Self::Smtp => smtp::find_program(),
        }
    }
}

/// The servers that are there; private ones stop when this is dropped.
pub(crate) struct Servers {
    urls: Vec<(Kind, String)>,
    missing: Vec<Kind>,
    // Dropped in this order: the keeper stops the servers, then they are reaped.
    keeper: Option<Keeper>,
    children: Vec<Child>,
}

impl Servers {
    /// Finds or starts one server of each kind in `kinds`.
    pub(crate) fn provide(kinds: &[Kind]) -> Result<Self> {
        let mut servers = Self::none();
        let mut to_start = Vec::new();
        for &kind in kinds {
            match std::env::var(kind.variable()) {
                Ok(url) if !url.is_empty() => {
                    println!("{}: given by {}", kind.title(), kind.variable());
                    servers.urls.push((kind, url));
                }
                _ => to_start.push(kind),
            }
        }
        install_missing(&to_start);
        for kind in to_start {
            match kind.program() {
                Some(program) => servers.start(kind, &program)?,
                None => servers.missing.push(kind),
            }
        }
        Ok(servers)
    }

    /// Starts a private server of that kind even where one is given: what is measured is then ours alone. Where its
    /// program is missing, the given one is taken.
    pub(crate) fn start_own(kind: Kind) -> Result<Self> {
        match kind.program() {
            Some(program) => {
                let mut servers = Self::none();
                servers.start(kind, &program)?;
                Ok(servers)
            }
            None => Self::provide(&[kind]),
        }
    }

    fn none() -> Self {
        Self { urls: Vec::new(), missing: Vec::new(), keeper: None, children: Vec::new() }
    }

    /// Variable and URL of each server that is there.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.urls.iter().map(|(kind, url)| (kind.variable(), url.as_str()))
    }

    /// The URL of the server of that kind.
    pub(crate) fn url(&self, kind: Kind) -> Option<&str> {
        self.urls.iter().find(|(of, _)| *of == kind).map(|(_, url)| url.as_str())
    }

    /// The process of the private server, where there is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.children.last().map(Child::id)
    }

    /// Kinds that could be neither found nor installed.
    pub(crate) fn missing(&self) -> &[Kind] {
        &self.missing
    }

    fn start(&mut self, kind: Kind, program: &Path) -> Result<()> {
        let keeper = match self.keeper.take() {
            Some(keeper) => self.keeper.insert(keeper),
            None => self.keeper.insert(Keeper::start()?),
        };
        let folder = keeper.folder().join(kind.package());
        // Somebody else may take the port between our look and the server's bind: then try another one.
        for attempt in 1..=3 {
            let place = Place { folder: folder.join(attempt.to_string()), port: free_port()? };
            fs::create_dir_all(&place.folder)?;
            let launch = match kind {
                Kind::Postgres => postgres::prepare(program, &place)?,
                Kind::Mysql => mariadb::prepare(program, &place)?,
                Kind::Redis => redis::prepare(program, &place),
                Kind::Smtp => smtp::prepare(program, &place),
            };
            let mut child = place.spawn(launch.command)?;
            keeper.stop_at_end(child.id(), launch.stop)?;
            let ready = place.wait_ready(&mut child, launch.is_ready);
            self.children.push(child);
            match ready {
                Ok(()) => {
                    println!("{}: private instance on port {}", kind.title(), place.port);
                    self.urls.push((kind, launch.url));
                    return Ok(());
                }
                Err(error) if attempt == 3 => return Err(error.context(format!("cannot start {}", kind.title()))),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        keeper.stop_servers();
        for child in &mut self.children {
            // The keeper ends each of them; here they are only reaped.
            let _ = child.wait();
        }
        keeper.wait();
    }
}

/// How one server is started, addressed and stopped.
struct Launch {
    command: Command,
    url: String,
    /// Signal that makes it stop in good order.
    stop: &'static str,
    /// Whether the server on that port takes requests.
    is_ready: fn(u16) -> bool,
}

/// Where a private instance lives.
struct Place {
    folder: PathBuf,
    port: u16,
}

impl Place {
    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn spawn(&self, mut command: Command) -> Result<Child> {
        let log = fs::File::create(self.log_file())?;
        // A group of its own: an interrupt from the terminal reaches us, and the keeper stops the server in good order.
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        command.spawn().with_context(|| format!("cannot start `{}`", command.get_program().display()))
    }

    fn wait_ready(&self, child: &mut Child, is_ready: fn(u16) -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                bail!("it ended at once ({status}): {}", self.log_tail());
            }
            if is_ready(self.port) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("it did not answer within 60 s: {}", self.log_tail())
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

fn install_missing(kinds: &[Kind]) {
    let packages: Vec<_> = kinds.iter().filter(|kind| kind.program().is_none()).map(|kind| kind.package()).collect();
    if packages.is_empty() {
        return;
    }
    println!("installing {}", packages.join(", "));
    if let Err(error) = install::install(&packages) {
        println!("cannot install {}: {error:#}", packages.join(", "));
    }
}

/// Installs the system's packages of those names.
pub(crate) fn install_packages(packages: &[&str]) -> Result<()> {
    install::install(packages)
}

/// A loopback port that nobody uses at the moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}

/// The account a server runs as: another one than ours where we are root, since database servers refuse root.
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The first of `names` that exists; none where we are not root.
    fn instead_of_root(names: &[&str]) -> Result<Option<Self>> {
        if !install::is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        for name in names {
            let entry = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|entry| entry[0] == *name);
            if let Some([_, _, uid, gid, ..]) = entry.as_deref() {
                return Ok(Some(Self { uid: uid.parse()?, gid: gid.parse()? }));
            }
        }
        bail!("none of the accounts {names:?} exists, and a database server does not run as root")
    }

    fn own(&self, folder: &Path) -> Result<()> {
        std::os::unix::fs::chown(folder, Some(self.uid), Some(self.gid))
            .with_context(|| format!("cannot give `{}` away", folder.display()))
    }

    fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn private_servers_answer_and_leave_nothing_behind() {
        let mut servers = Servers::none();
        for &kind in Kind::ALL {
            match kind.program() {
                Some(program) => servers.start(kind, &program).unwrap(),
                None => println!("skipped: {} is not installed", kind.title()),
            }
        }
        let Some(keeper) = &servers.keeper else { return };
        let folder = keeper.folder().to_owned();
        assert!(folder.is_dir());
        let ports: Vec<u16> = servers
            .urls
            .iter()
            .map(|(_, url)| url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap())
            .collect();
        assert!(ports.iter().all(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok()));
        drop(servers);
        assert!(!folder.exists());
        assert!(ports.iter().all(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_err()));
    }
}
