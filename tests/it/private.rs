//! A database server of a test's own, which it may kill: as a power cut would, all its processes at once, to be started
//! again on the same data folder.
//!
//! It listens on a port of this machine and is gone with the test.

use crate::program::skip;
use crate::server::PATIENCE;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// The server's process, its folder and how it is started.
pub(crate) struct Private {
    pub(crate) port: u16,
    folder: TempDir,
    account: Option<(u32, u32)>,
    program: PathBuf,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl Private {
    /// PostgreSQL, whose user `postgres` needs no password; none where it is not installed, which is said aloud.
    pub(crate) fn postgres(what: &str) -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.retain(|folder| folder.join("postgres").is_file());
        folders.sort();
        let Some(programs) = folders.pop() else {
            skip(&format!("{what} needs PostgreSQL's server"));
            return None;
        };
        let mut private = Self::new(&["postgres", "nobody"], programs.join("postgres"));
        let mut init = private.command(&programs.join("initdb"));
        init.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        done(init.arg("--no-sync"));
        let place = private.folder.path().display().to_string();
        private.arguments = vec!["-D".to_owned(), format!("{place}/data")];
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", private.port),
            format!("unix_socket_directories={place}"),
            "shared_buffers=32MB".to_owned(),
        ] {
            private.arguments.extend(["-c".to_owned(), setting]);
        }
        private.start();
        Some(private)
    }

    /// MariaDB, whose user `root` needs no password; none where it is not installed, which is said aloud.
    pub(crate) fn mariadb(what: &str) -> Option<Self> {
        let (Some(program), Some(installer)) = (find("mariadbd"), find("mariadb-install-db")) else {
            skip(&format!("{what} needs MariaDB's server"));
            return None;
        };
        let mut private = Self::new(&["mysql", "nobody"], program);
        let place = private.folder.path().display().to_string();
        let data = format!("--datadir={place}/data");
        done(private.command(&installer).args(["--no-defaults", &data, "--auth-root-authentication-method=normal"]));
        private.arguments = vec![
            "--no-defaults".to_owned(),
            data,
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--innodb-buffer-pool-size=32M".to_owned(),
            format!("--port={}", private.port),
            format!("--socket={place}/socket"),
            format!("--pid-file={place}/pid"),
        ];
        private.start();
        Some(private)
    }

    /// What MariaDB's own client prints for statements.
    pub(crate) fn mariadb_says(&self, sql: &str) -> Output {
        let mut client = Command::new(find("mariadb").expect("the client comes with the server"));
        let port = format!("--port={}", self.port);
        // Whatever the locale says.
        client.args([
            "--no-defaults",
            "--default-character-set=utf8mb4",
            "--host=127.0.0.1",
            &port,
            "--user=root",
            "--batch",
            "--skip-column-names",
        ]);
        client.args(["--execute", sql]).output().unwrap()
    }

    /// The folder with the server's files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) fn start(&mut self) {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "the database server does not start:\n{}", self.log());
            if self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some()) {
                // Also after a start that failed: what the killed one left may not be gone yet.
                let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
                // Where there is a program for it, the server does not outlive a test that is killed itself.
                let mut command = match find("setpriv") {
                    Some(setpriv) => {
                        let mut command = self.command(&setpriv);
                        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
                        command
                    }
                    None => self.command(&self.program),
                };
                command.args(&self.arguments).stdout(log.try_clone().unwrap()).stderr(log);
                self.process = Some(command.spawn().unwrap());
            }
            let is_heard = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if is_heard && self.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_none()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Ends all its processes at once, none of which can do anything about it.
    pub(crate) fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let mut doomed = children(process.id());
        doomed.push(process.id());
        let ids = doomed.iter().map(u32::to_string);
        let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
        process.wait().unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn new(accounts: &[&str], program: PathBuf) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let account = account(accounts);
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).unwrap();
            chown(&data, Some(user), Some(group)).unwrap();
        }
        Self { port, folder, account, program, arguments: Vec::new(), process: None }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the database server's log:\n{}", self.log());
        }
    }
}

/// The processes that a process has begun.
fn children(parent: u32) -> Vec<u32> {
    let own = |folder: &Path| -> Option<u32> {
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        // Its name, which may hold anything, ends with the last parenthesis; then come its state and its parent.
        let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then_some(())?;
        folder.file_name()?.to_str()?.parse().ok()
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| own(&entry.path())).collect()
}

/// Database servers refuse to run as root: the first of the accounts there is, where we are root.
fn account(names: &[&str]) -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &&str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    names.iter().find_map(find)
}

fn find(program: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
