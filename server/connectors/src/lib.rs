//! Code that speaks to outside systems: one folder per system, the same file names in each.
//!
//! A database connector implements [`data::Connector`]; a missing file (`read.rs`, `write.rs`) is a missing ability.
//! Start with [`open`], which turns a saved connection into a connector, and [`Settings`], which reads a URL.

pub mod address;
pub mod file;
pub mod http;
pub mod mail;
pub mod mysql;
pub mod postgres;
pub mod redis;
pub mod sqlite;
pub mod tdengine;

mod backup;
mod canonical;
mod cell;
mod checksum;
mod civil;
mod console;
mod decimal;
mod error;
mod name;
mod rename;
mod repair;
mod settings;
mod split;
mod statement;
#[cfg(test)]
mod suite;
mod tls;
mod twin;

pub use address::Gate;
pub use settings::Settings;
pub use tls::choose_cryptography;

use data::{Connector, System};
use std::sync::Arc;

/// Opens the connector of `system` with a connection's `settings` (a JSON object) and its `secret`.
///
/// `gate` decides which addresses it may reach, at the moment of connecting.
///
/// Nothing is sent yet: a wrong host or password shows at the first use, or by [`Connector::ping`].
///
/// # Errors
/// `invalid_value` or `unknown_key` for settings that the system does not know; `unsupported` for a system without connector.
pub fn open(
    system: System,
    settings: &serde_json::Value,
    secret: Option<&str>,
    gate: &Gate,
) -> data::Result<Arc<dyn Connector>> {
    match system {
        System::Postgres => postgres::open(settings, secret, gate),
        System::Sqlite => sqlite::open(settings),
        System::Mysql => mysql::open(settings, secret, gate),
        System::Redis => redis::open(settings, secret, gate),
        System::Http => http::open(settings, secret, gate),
        System::Tdengine => tdengine::open(settings, secret, gate),
    }
}
