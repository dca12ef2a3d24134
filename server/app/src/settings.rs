//! The server's settings: flags, each with its environment variable and default.

use clap::Args;
use connectors::Gate;
use data::ConsoleLimits;
use data::address::{AddressPattern, AddressRules};
use model::{ErrorCode, Fault};
use plugin_host::Trust;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use workbench::console::ConsoleBounds;

/// What every command knows stands apart in its help, behind what is its own.
const SERVER: &str = "Options of every command";

/// Settings every subcommand shares.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Folder for the metadata database, plugins, keys and spools.
    #[arg(long, global = true, help_heading = SERVER, env = "SLUICE_DATA_DIR", default_value = "sluice-data")]
    pub(crate) data_dir: PathBuf,

    /// Metadata database: `postgres://…`; SQLite in the data folder where absent.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_METADATA_URL", hide_env_values = true)]
    pub(crate) metadata_url: Option<String>,

    /// Redis for dispatch among several servers and workers: `redis://…`; none where absent.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_DISPATCH_URL", hide_env_values = true)]
    pub(crate) dispatch_url: Option<String>,

    /// Folder that files named by workflows must lie in; the data folder's `files` where absent, for `sluice run` the document's own folder.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_FILES_DIR")]
    pub(crate) files_dir: Option<PathBuf>,

    /// Hosts and networks that HTTP requests, webhooks and mail may reach although they are not public:
    /// `127.0.0.1`, `10.0.0.0/8`, `*.internal.example`; separated by commas.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_ALLOW_ADDRESSES", value_delimiter = ',')]
    pub(crate) allow_addresses: Vec<String>,

    /// Hosts and networks that connections may reach, and nothing else: `db.example.com`, `*.internal.example`,
    /// `10.0.0.0/8`; separated by commas. Where absent: public, loopback and private addresses, but no link-local ones.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_CONNECTION_ADDRESSES", value_delimiter = ',')]
    pub(crate) connection_addresses: Vec<String>,

    /// Rows that one statement of the SQL console may answer at most; an export may have more.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_CONSOLE_ROWS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) console_rows: u64,

    /// MiB of values that one statement of the SQL console may answer at most, about; of an export, one row.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_CONSOLE_MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub(crate) console_mib: u64,

    /// Seconds that one statement of the SQL console may take at most.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_CONSOLE_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) console_seconds: u64,

    /// Where each class of data goes (`docs/stores.md`); the data folder's `stores.yaml` where absent and there.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_STORES_FILE")]
    pub(crate) stores_file: Option<PathBuf>,

    /// Keys whose signatures of plugins are trusted; the data folder's `plugin-keys` where absent.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_PLUGIN_KEYS")]
    pub(crate) plugin_keys: Option<PathBuf>,

    /// Whether plugins must be signed to be installed: `optional` or `required`.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_PLUGIN_SIGNATURES", default_value = "optional", value_parser = ["optional", "required"])]
    pub(crate) plugin_signatures: String,

    /// What is logged: `info`, `debug`, or directives such as `engine=debug,info`.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_LOG", default_value = "warn")]
    pub(crate) log: String,

    /// Log lines as JSON.
    #[arg(long, global = true, hide_short_help = true, help_heading = SERVER, env = "SLUICE_LOG_JSON")]
    pub(crate) log_json: bool,
}

impl Settings {
    /// The folder that relative paths of saved workflows start from.
    pub(crate) fn files(&self) -> PathBuf {
        self.files_dir.clone().unwrap_or_else(|| self.data_dir.join("files"))
    }

    /// The folder that relative paths of a document in a file start from: that of the file, unless a setting says another.
    pub(crate) fn files_of(&self, document: &Path) -> PathBuf {
        match &self.files_dir {
            Some(dir) => dir.clone(),
            None => document.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(".".as_ref()).to_owned(),
        }
    }

    /// The URL of the metadata database.
    pub(crate) fn metadata_url(&self) -> String {
        match &self.metadata_url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_dir.join("sluice.db").display()),
        }
    }

    /// Which addresses may be reached on a user's behalf.
    pub(crate) fn address_rules(&self) -> Result<AddressRules, Fault> {
        let allow = read_patterns("--allow-addresses", &self.allow_addresses)?;
        Ok(AddressRules { allow, ..AddressRules::public_only() })
    }

    /// Which addresses connections may reach: what is listed; where nothing is, all but link-local and metadata ones.
    pub(crate) fn connection_gate(&self) -> Result<Gate, Fault> {
        let allow = read_patterns("--connection-addresses", &self.connection_addresses)?;
        let is_listed = !allow.is_empty();
        Ok(Gate::new(AddressRules { allow, allow_private: !is_listed, only_listed: is_listed }))
    }

    /// The file of trusted keys.
    pub(crate) fn plugin_keys(&self) -> PathBuf {
        self.plugin_keys.clone().unwrap_or_else(|| self.data_dir.join("plugin-keys"))
    }

    /// Whose signatures of plugins count.
    pub(crate) fn plugin_trust(&self) -> Result<Trust, Fault> {
        let file = self.plugin_keys();
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.plugin_keys.is_none() => String::new(),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", file.display());
                return Err(Fault::new(ErrorCode::FileNotFound, message).hint("Check `--plugin-keys`."));
            }
        };
        Trust::parse(&text, self.plugin_signatures == "required").map_err(|error| *error.fault)
    }

    /// What the SQL console lets a statement use at most.
    pub(crate) fn console_bounds(&self) -> ConsoleBounds {
        let most = ConsoleLimits {
            rows: self.console_rows,
            bytes: self.console_mib << 20,
            time: Duration::from_secs(self.console_seconds),
        };
        ConsoleBounds { most, ..ConsoleBounds::default() }
    }

    /// The data folder, made where it is missing, for its owner only.
    pub(crate) fn make_data_dir(&self) -> Result<&Path, Fault> {
        let dir = self.data_dir.as_path();
        let cannot = |error: std::io::Error| {
            Fault::new(ErrorCode::DiskFailed, format!("data folder `{}` cannot be used: {error}", dir.display()))
                .hint("Choose another with `--data-dir`.")
        };
        if !dir.is_dir() {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(dir).map_err(cannot)?;
        }
        Ok(dir)
    }
}

fn read_patterns(flag: &str, texts: &[String]) -> Result<Vec<AddressPattern>, Fault> {
    let mut patterns = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let pattern = text.parse().map_err(|error| {
            Fault::new(ErrorCode::InvalidConfiguration, format!("`{flag} {text}`: {error}"))
                .hint("Write a host, `*.domain`, an address, or a network such as 10.0.0.0/8.")
        })?;
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// Addresses and networks, and no names.
pub(crate) fn read_networks(flag: &str, texts: &[String]) -> Result<Vec<AddressPattern>, Fault> {
    let patterns = read_patterns(flag, texts)?;
    match patterns.iter().zip(texts).find(|(pattern, _)| !matches!(pattern, AddressPattern::Network(..))) {
        Some((_, text)) => {
            Err(Fault::new(ErrorCode::InvalidConfiguration, format!("`{flag} {text}` is no address or network"))
                .hint("Write an address, or a network such as 10.0.0.0/8."))
        }
        None => Ok(patterns),
    }
}

/// Sends log lines to standard error.
pub(crate) fn start_logging(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|error| {
        eprintln!("warning: `--log {}` cannot be read ({error}); logging warnings", settings.log);
        EnvFilter::new("warn")
    });
    // The client library of TDengine warns of every connection that is closed as it should be.
    let filter = match "taos_ws=error".parse() {
        Ok(quiet) if !settings.log.contains("taos") => filter.add_directive(quiet),
        _ => filter,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.log_json {
        lines.json().init();
    } else {
        lines.with_target(false).init();
    }
}
