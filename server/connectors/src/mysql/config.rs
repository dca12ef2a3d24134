//! Settings of a MySQL connection, and the session every connection gets.

use crate::error::invalid_settings;
use data::Result;
use mysql_async::{Opts, OptsBuilder, PoolConstraints, PoolOpts, SslOpts};
use serde::Deserialize;
use std::time::Duration;

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
    /// Accept any certificate; only together with `tls`; default false.
    #[serde(default)]
    pub tls_accept_invalid: bool,
    /// Connections kept at most; default 8.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// To connect, in milliseconds; default 10,000.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
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

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        Self::deserialize(settings).map_err(|error| invalid_settings("mysql", &error))
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) fn options(&self, secret: Option<&str>) -> Opts {
        let pool = PoolConstraints::new(0, self.pool_size.max(1)).expect("0 is not above 1 or more");
        let tls = self.tls.then(|| SslOpts::default().with_danger_accept_invalid_certs(self.tls_accept_invalid));
        OptsBuilder::default()
            .ip_or_hostname(self.host.clone())
            .tcp_port(self.port)
            .user(Some(self.user.clone()))
            .pass(secret)
            .db_name(self.database.clone())
            .ssl_opts(tls)
            .prefer_socket(false)
            // An UPDATE that changes nothing must still tell that its line is there.
            .client_found_rows(true)
            .pool_opts(PoolOpts::default().with_constraints(pool))
            .stmt_cache_size(64)
            .setup(vec![
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO'",
                "SET SESSION time_zone = '+00:00'",
                "SET NAMES utf8mb4",
            ])
            .into()
    }
}
