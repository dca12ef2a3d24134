//! Settings of a Redis connection.

use crate::error::read_settings;
use data::{Error, Result};
use model::ErrorCode;
use redis::{IntoConnectionInfo, TlsCertificates};
use serde::Deserialize;
use std::path::PathBuf;

/// Where the server is and who asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host name or address; default `localhost`.
    #[serde(default = "localhost")]
    pub host: String,
    /// Port; default 6379.
    #[serde(default = "port")]
    pub port: u16,
    /// User, where the server has users.
    #[serde(default)]
    pub user: Option<String>,
    /// Number of the database; default 0.
    #[serde(default)]
    pub database: u32,
    /// Encrypt the connection; default false.
    #[serde(default)]
    pub tls: bool,
    /// File of certificate authorities in PEM, instead of those of the machine; only together with `tls`.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    /// Seconds until a server that does not answer the call counts as unreachable; default 10.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: u64,
    /// Seconds until an answer counts as lost; default 60.
    #[serde(default = "response_timeout")]
    pub response_timeout: u64,
}

fn localhost() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    6379
}

fn connect_timeout() -> u64 {
    10
}

fn response_timeout() -> u64 {
    60
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        read_settings("redis", settings)
    }

    pub(super) fn client(&self, secret: Option<&str>) -> Result<redis::Client> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = if self.tls { "rediss" } else { "redis" };
        let url = format!("{scheme}://{host}:{}/{}", self.port, self.database);
        let wrong = |_| Error::permanent(ErrorCode::InvalidValue, format!("`{}` is not a Redis host", self.host));
        let info = url.into_connection_info().map_err(wrong)?;
        let mut settings = info.redis_settings().clone();
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(secret) = secret {
            settings = settings.set_password(secret);
        }
        let info = info.set_redis_settings(settings);
        if !self.tls {
            return redis::Client::open(info).map_err(wrong);
        }
        crate::tls::choose_cryptography();
        let authorities = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| {
                let message = format!("`{}` of the Redis connection cannot be read: {error}", path.display());
                Error::permanent(ErrorCode::InvalidValue, message).hint("Check `tls_ca`: a file in PEM.")
            })
        };
        let root_cert = self.tls_ca.as_ref().map(authorities).transpose()?;
        redis::Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert }).map_err(|error| {
            let message = format!("TLS of the Redis connection cannot be set up: {error}");
            Error::permanent(ErrorCode::InvalidValue, message).hint("Check `tls_ca`: a file in PEM.")
        })
    }
}
