//! The `sluice` binary in a data folder of its own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Settings of the person who runs the tests; they must not reach the servers under test.
const SETTINGS: [&str; 33] = [
    "DATABASE_URL",
    "MYSQL_HOST",
    "MYSQL_PASSWORD",
    "MYSQL_PORT",
    "MYSQL_URL",
    "POSTGRESQL_HOST",
    "POSTGRESQL_URL",
    "REDIS_HOST",
    "REDIS_URL",
    "SLUICE_ALLOW_ADDRESSES",
    "SLUICE_CONNECTION_ADDRESSES",
    "SLUICE_DATA_DIR",
    "SLUICE_DISPATCH_URL",
    "SLUICE_FILES_DIR",
    "SLUICE_KEY",
    "SLUICE_LISTEN",
    "SLUICE_LOG",
    "SLUICE_METADATA_URL",
    "SLUICE_PLUGIN_KEYS",
    "SLUICE_PLUGIN_SIGNATURES",
    "SLUICE_SERVER",
    "SLUICE_OIDC_CLIENT_ID",
    "SLUICE_OIDC_CLIENT_SECRET",
    "SLUICE_OIDC_DEFAULT_ROLE",
    "SLUICE_OIDC_ISSUER",
    "SLUICE_OIDC_ROLES",
    "SLUICE_OIDC_ROLE_CLAIM",
    "SLUICE_PUBLIC_URL",
    "SLUICE_HTTP_THREADS",
    "SLUICE_STORES_FILE",
    "SLUICE_TOKEN",
    "SLUICE_TRUSTED_PROXIES",
    "SQLITE_PATH",
];

/// The checkout's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Where cargo builds: the test binary lies in `<target>/<profile>/deps`.
fn profile_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

/// The built plugin's folder, or none where it was not built (`cargo xtask plugins` builds it).
pub(crate) fn find_plugin(name: &str) -> Option<PathBuf> {
    let folder = profile_dir().parent()?.join("plugins").join(name);
    folder.join("plugin.wasm").is_file().then_some(folder)
}

/// Says aloud that a test is skipped; where nothing may be skipped, fails it instead.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "nothing may be skipped: {reason}");
    println!("skipped: {reason}");
}

/// The binary with a fresh data folder, removed at the end.
pub(crate) struct Sluice {
    program: PathBuf,
    pub(crate) folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Sluice {
    /// None where the binary was not built; that is said aloud.
    pub(crate) fn find() -> Option<Self> {
        let program = profile_dir().join(format!("sluice{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            skip("the server is not built; `cargo xtask test` builds it");
            return None;
        }
        Some(Self { program, folder: tempfile::tempdir().unwrap(), settings: Vec::new() })
    }

    /// The same with an environment variable, for every subcommand.
    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// The folder that a server's workflows read files from.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("data/files")
    }

    /// Saves a connection to an SQLite file of that name in the folder; gives the file.
    pub(crate) fn add_sqlite(&self, name: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{name}.db"));
        self.call(&["connection", "add", name, &format!("sqlite://{}", file.display())]);
        file
    }

    /// The command line, ready for its subcommand.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(self.folder.path().join("data")).current_dir(self.folder.path());
        for name in SETTINGS {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Calls a subcommand that must succeed; gives what it printed.
    pub(crate) fn call(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "`sluice {}`: {}", arguments.join(" "), both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a document; gives the run as JSON, whether it succeeded or not.
    pub(crate) fn run(&self, file: &Path, inputs: &[(String, String)]) -> Value {
        let mut command = self.command();
        command.arg("run").arg(file).arg("--json");
        for (name, value) in inputs {
            command.arg("--input").arg(format!("{name}={value}"));
        }
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no run was printed: {}", both(&output)))
    }

    /// Rows of a connection's table, as JSON objects.
    pub(crate) fn read(&self, connection: &str, table: &str) -> Vec<Value> {
        let text = self.call(&["connection", "read", connection, table, "--limit", "1000", "--json"]);
        serde_json::from_str(&text).unwrap()
    }
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
