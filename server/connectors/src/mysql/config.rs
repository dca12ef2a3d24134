//! Settings of a MySQL connection, and the session every connection gets.

use crate::error::read_settings;
use data::Result;
use mysql_async::{OptsBuilder, PoolConstraints, PoolOpts, SslOpts};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What makes every session the same, whatever the server's defaults.
pub(super) const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,\
    ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', NAMES utf8mb4";

/// Where the server is and who asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host name or address; default `localhost`.
    #[serde(default = "localhost")]
    pub host: String,
    /// Port; default 3306.
    #[serde(default = "port")]
    pub port: u16,
    /// User; default `root`.
    #[serde(default = "root")]
    pub user: String,
    /// Database that unqualified names are in.
    #[serde(default)]
    pub database: Option<String>,
    /// Encrypt the connection; default false.
    #[serde(default)]
    pub tls: bool,
    /// File of certificate authorities in PEM, besides the built-in ones; only together with `tls`.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    /// Accept any certificate; only together with `tls`; default false.
    #[serde(default)]
    pub tls_accept_invalid: bool,
    /// Connections kept at most, and tables read at the same time besides; default 8.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// To connect, or to wait for a free connection of the pool, in milliseconds; default 10,000.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// After how long an unused connection is closed, in seconds; default 60.
    #[serde(default = "idle_timeout")]
    pub idle_timeout: u64,
    /// User of the console, with the same password; default the connection's own.
    #[serde(default)]
    pub console_user: Option<String>,
    /// Role the console takes on before it reads.
    #[serde(default)]
    pub console_role: Option<String>,
    /// Statements of the console at the same time; default 4.
    #[serde(default = "console_size")]
    pub console_size: usize,
    /// What becomes of dates such as `0000-00-00`; default `null`.
    #[serde(default)]
    pub zero_dates: ZeroDates,
    /// Write large batches by `LOAD DATA LOCAL` where the server allows it; default true.
    #[serde(default = "load_data")]
    pub load_data: bool,
}

/// What becomes of a date without year, month or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroDates {
    /// NULL; how many there were is logged.
    #[default]
    Null,
    /// An error that names the column.
    Error,
}

fn localhost() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    3306
}

fn root() -> String {
    "root".to_owned()
}

fn pool_size() -> usize {
    8
}

fn connect_timeout_ms() -> u64 {
    10_000
}

fn idle_timeout() -> u64 {
    60
}

fn console_size() -> usize {
    4
}

fn load_data() -> bool {
    true
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        read_settings("mysql", settings)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// How to reach the server at `addresses`; TLS still holds its certificate against the host's name.
    pub(super) fn options(&self, secret: Option<&str>, addresses: Vec<IpAddr>) -> OptsBuilder {
        let pool = PoolConstraints::new(0, self.pool_size.max(1)).expect("0 is not above 1 or more");
        let idle = Duration::from_secs(self.idle_timeout.max(1));
        let pool = PoolOpts::default()
            .with_constraints(pool)
            .with_inactive_connection_ttl(idle)
            .with_ttl_check_interval(idle.min(Duration::from_secs(15)));
        let tls = self.tls.then(|| {
            crate::tls::choose_cryptography();
            SslOpts::default()
                .with_danger_accept_invalid_certs(self.tls_accept_invalid)
                .with_root_certs(self.tls_ca.iter().map(|path| path.clone().into()).collect())
        });
        OptsBuilder::default()
            .ip_or_hostname(self.host.clone())
            .resolved_ips(Some(addresses))
            .tcp_port(self.port)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .user(Some(self.user.clone()))
            .pass(secret)
            .db_name(self.database.clone())
            .ssl_opts(tls)
            .prefer_socket(false)
            // An UPDATE that changes nothing must still tell that its line is there.
            .client_found_rows(true)
            .pool_opts(pool)
            .stmt_cache_size(64)
            .setup(vec![SESSION])
    }
}
