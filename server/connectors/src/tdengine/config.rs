//! Settings of a TDengine connection.

use crate::error::read_settings;
use data::{Error, Result};
use model::ErrorCode;
use serde::Deserialize;
use std::time::Duration;

/// Where taosAdapter is and who asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host name or address; default `localhost`.
    #[serde(default = "localhost")]
    pub host: String,
    /// Port of taosAdapter; default 6041.
    #[serde(default = "port")]
    pub port: u16,
    /// User; default `root`.
    #[serde(default = "root")]
    pub user: String,
    /// Database that unqualified names are in.
    #[serde(default)]
    pub database: Option<String>,
    /// Not there: the client library's TLS is years old.
    #[serde(default)]
    pub tls: bool,
    /// Connections at the same time; default 8.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// Of those, how many one write uses; default 2.
    #[serde(default = "writers")]
    pub writers: usize,
    /// To connect, in milliseconds; default 10,000.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// For each answer of the server, in milliseconds; default 60,000.
    #[serde(default = "query_timeout_ms")]
    pub query_timeout_ms: u64,
}

fn localhost() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    6041
}

fn root() -> String {
    "root".to_owned()
}

fn pool_size() -> usize {
    8
}

fn writers() -> usize {
    2
}

fn connect_timeout_ms() -> u64 {
    10_000
}

fn query_timeout_ms() -> u64 {
    60_000
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`; `unsupported` for TLS.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        let config: Self = read_settings("tdengine", settings)?;
        if config.tls {
            let message = "connections to TDengine cannot be encrypted: its client library knows only an outdated TLS";
            return Err(Error::permanent(ErrorCode::Unsupported, message)
                .hint("Leave `tls` out and lead the connection through a tunnel (WireGuard, stunnel, ssh -L) or a private network."));
        }
        if config.connect_timeout_ms == 0 || config.query_timeout_ms == 0 {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                "the time-outs of a TDengine connection must be at least 1",
            ));
        }
        Ok(config)
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) fn query_timeout(&self) -> Duration {
        Duration::from_millis(self.query_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_are_the_server_s_and_unknown_keys_are_refused() {
        let config = Config::parse(&json!({})).unwrap();
        assert_eq!((config.host.as_str(), config.port, config.user.as_str()), ("localhost", 6041, "root"));
        assert_eq!(Config::parse(&json!({ "prot": 1 })).unwrap_err().code(), ErrorCode::UnknownKey);
        assert_eq!(Config::parse(&json!({ "query_timeout_ms": 0 })).unwrap_err().code(), ErrorCode::InvalidValue);
    }

    #[test]
    fn tls_is_refused_with_a_way_out() {
        let error = Config::parse(&json!({ "tls": true })).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unsupported);
        assert!(error.fault.hint.unwrap().contains("tunnel"));
    }
}
