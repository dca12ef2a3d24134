//! Settings of a PostgreSQL connection, and TLS as its `sslmode` wants it.

use crate::error::read_settings;
use crate::tls::{self, Trust};
use data::{Error, Result};
use model::ErrorCode;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the server is and how to speak to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host name, address, or folder of the Unix socket (which counts as loopback); default `localhost`.
    #[serde(default = "host")]
    pub host: String,
    /// Port; default 5432.
    #[serde(default = "port")]
    pub port: u16,
    /// User; default `postgres`.
    #[serde(default = "user")]
    pub user: String,
    /// Database; default: named like the user.
    pub database: Option<String>,
    /// Schema of tables named without one; default: the server's search path.
    pub schema: Option<String>,
    /// `disable`, `prefer` (default), `require`, `verify-ca` or `verify-full`, as libpq means them.
    #[serde(default)]
    pub sslmode: SslMode,
    /// File of certificate authorities in PEM; default: those of the machine.
    pub sslrootcert: Option<PathBuf>,
    /// Connections open at the same time; default 16.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// Seconds to wait for a new connection; default 10.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: u64,
    /// Seconds after which an unused connection is closed; default 60.
    #[serde(default = "idle_timeout")]
    pub idle_timeout: u64,
    /// Name shown in `pg_stat_activity`; default `sluice`.
    #[serde(default = "application_name")]
    pub application_name: String,
    /// Role that the console's reading statements run as; default: the user itself.
    pub console_role: Option<String>,
}

/// How much TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// None.
    Disable,
    /// Where the server offers it; the certificate is not checked.
    #[default]
    Prefer,
    /// Always; the certificate is not checked.
    Require,
    /// Always; the certificate must come from a known authority.
    VerifyCa,
    /// Always; the certificate must come from a known authority and name the host.
    VerifyFull,
}

fn host() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    5432
}

fn user() -> String {
    "postgres".to_owned()
}

fn pool_size() -> usize {
    16
}

fn connect_timeout() -> u64 {
    10
}

fn idle_timeout() -> u64 {
    60
}

fn application_name() -> String {
    "sluice".to_owned()
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        let config: Self = read_settings("postgres", settings)?;
        if config.pool_size == 0 {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                "settings of the postgres connection: `pool_size` is 0",
            )
            .hint("Allow at least 1 connection; a workflow that copies within one database needs 2."));
        }
        Ok(config)
    }

    /// The driver's form of it, still without an address to connect to.
    pub(super) fn driver(&self, password: Option<&str>) -> tokio_postgres::Config {
        let mut driver = tokio_postgres::Config::new();
        driver
            .port(self.port)
            .user(&self.user)
            .application_name(&self.application_name)
            .connect_timeout(Duration::from_secs(self.connect_timeout))
            .ssl_mode(match self.sslmode {
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
                SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                _ => tokio_postgres::config::SslMode::Require,
            });
        if let Some(database) = &self.database {
            driver.dbname(database);
        }
        if let Some(password) = password {
            driver.password(password);
        }
        driver
    }

    /// TLS as `sslmode` wants it.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect> {
        let trust = match self.sslmode {
            SslMode::Disable | SslMode::Prefer | SslMode::Require => Trust::Anything,
            SslMode::VerifyCa => Trust::Authority,
            SslMode::VerifyFull => Trust::AuthorityAndName,
        };
        let client = tls::client(trust, self.sslrootcert.as_deref(), self.sslrootcert.is_none()).map_err(|why| {
            Error::permanent(ErrorCode::InvalidValue, format!("TLS of the postgres connection cannot be set up: {why}"))
                .hint("Check `sslmode` and `sslrootcert` of the connection.")
        })?;
        Ok(MakeRustlsConnect::new(client))
    }
}
