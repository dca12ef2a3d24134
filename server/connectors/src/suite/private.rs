//! A database server of a test's own, for what cannot be asked of one that others use as well: its certificate.
//!
//! It runs under a shell that stops it as soon as the test is gone, however that ends.

use super::tls::Authority;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Runs a server, and stops it when standard input ends.
const KEEPER: &str = r#"signal=$1; shift; "$@" </dev/null >log 2>&1 & server=$!
read -r _; kill -s "$signal" "$server"; wait "$server""#;

/// A server with TLS on a port of this machine.
pub(crate) struct Private {
    pub(crate) port: u16,
    folder: TempDir,
    account: Option<(u32, u32)>,
    keeper: Option<Child>,
}

impl Private {
    /// PostgreSQL, whose user `postgres` needs no password; none where it is not installed.
    pub(crate) fn postgres(test: &str, authority: &Authority) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.retain(|folder| folder.join("postgres").is_file());
        folders.sort();
        let Some(programs) = folders.pop() else { return missing(test, "PostgreSQL") };
        let mut private = Self::new(&["postgres", "nobody"], authority);
        let mut init = private.command(&programs.join("initdb"));
        init.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        run(init.arg("--no-sync"));
        let place = private.folder.path().display().to_string();
        let mut arguments = vec!["-D".to_owned(), format!("{place}/data")];
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", private.port),
            format!("unix_socket_directories={place}"),
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={place}/server.pem"),
            format!("ssl_key_file={place}/server.key"),
        ] {
            arguments.extend(["-c".to_owned(), setting]);
        }
        private.start("INT", &programs.join("postgres"), &arguments);
        Some(private)
    }

    /// MariaDB, whose user `root` needs no password; none where it is not installed.
    pub(crate) fn mysql(test: &str, authority: &Authority) -> Option<Self> {
        let programs = (find("mariadbd"), find("mariadb-install-db"));
        let (Some(program), Some(installer)) = programs else { return missing(test, "MariaDB") };
        let mut private = Self::new(&["mysql", "nobody"], authority);
        let place = private.folder.path().display().to_string();
        let data = format!("--datadir={place}/data");
        run(private.command(&installer).args(["--no-defaults", &data, "--auth-root-authentication-method=normal"]));
        let arguments = [
            "--no-defaults".to_owned(),
            data,
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            format!("--port={}", private.port),
            format!("--socket={place}/socket"),
            format!("--pid-file={place}/pid"),
            format!("--ssl-cert={place}/server.pem"),
            format!("--ssl-key={place}/server.key"),
        ];
        private.start("TERM", &program, &arguments);
        Some(private)
    }

    /// Gives the server another certificate, which it takes when it is told to.
    pub(crate) fn certify(&self, authority: &Authority, is_expired: bool) {
        let (certificate, key) = authority.sign(is_expired);
        for (name, text) in [("server.pem", certificate.pem()), ("server.key", key.serialize_pem())] {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            self.give(&path);
        }
    }

    /// What the server has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn new(accounts: &[&str], authority: &Authority) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let private = Self { port, folder: tempfile::tempdir().unwrap(), account: account(accounts), keeper: None };
        let data = private.folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
        private.give(private.folder.path());
        private.give(&data);
        private.certify(authority, false);
        private
    }

    fn give(&self, path: &Path) {
        if let Some((user, group)) = self.account {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    fn start(&mut self, signal: &str, program: &Path, arguments: &[String]) {
        let mut keeper = self.command(Path::new("sh"));
        keeper.args(["-c", KEEPER, "keeper", signal]).arg(program).args(arguments);
        self.keeper = Some(keeper.stdin(Stdio::piped()).process_group(0).spawn().unwrap());
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Database servers refuse to run as root: the first of the accounts there is, where we are root.
fn account(names: &[&str]) -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &&str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    names.iter().find_map(find)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn missing(test: &str, system: &str) -> Option<Private> {
    assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{test} needs {system} installed");
    eprintln!("skipped: {test} needs {system} installed");
    None
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
