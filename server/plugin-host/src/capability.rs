//! What the host does for plugins, one capability a file.

pub(crate) mod always;
pub(crate) mod clock;
pub(crate) mod dev;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod names;
pub(crate) mod redis;
pub(crate) mod secret;
pub(crate) mod sql;
pub(crate) mod tcp;
pub(crate) mod wasi;

use crate::bindings::sluice::plugin::types::{Error, ErrorKind};

impl crate::bindings::sluice::plugin::types::Host for crate::state::State {}

/// An error for the guest.
pub(crate) fn refuse(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error { kind, message: message.into(), field: None, row: None, retry_after_ms: None, details: Vec::new() }
}

/// The capability was not granted.
pub(crate) fn denied(plugin: &str, what: &str) -> Error {
    refuse(
        ErrorKind::Denied,
        format!(
            "{what} was not granted to plugin `{plugin}`: an administrator can grant it with `sluice plugin grant`"
        ),
    )
}
