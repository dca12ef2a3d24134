//! The one error of plugins, and how it crosses the boundary.

use crate::bindings::sluice::plugin::types as wit;
use std::fmt;

pub use wit::ErrorKind;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong; its kind decides whether the host tries again.
///
/// Messages are lowercase, without a final period, name the culprit in backticks and never hold a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// What kind of wrong.
    pub kind: ErrorKind,
    /// For people.
    pub message: String,
    /// The setting that is wrong.
    pub field: Option<String>,
    /// The row that is wrong, from 0 within its batch.
    pub row: Option<u32>,
    /// How long the other side asked to be left alone, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Named facts for the log.
    pub details: Vec<(String, String)>,
}

impl Error {
    /// An error of that kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, row: None, retry_after_ms: None, details: Vec::new() }
    }

    /// A setting is wrong.
    #[must_use]
    pub fn config(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(ErrorKind::Config, message) }
    }

    /// Credentials are missing or were refused.
    #[must_use]
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Auth, message)
    }

    /// Trying again may help.
    #[must_use]
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// A row or value is bad.
    #[must_use]
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// Trying again will not help.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, message)
    }

    /// The same error, asking to be left alone for so long.
    #[must_use]
    pub fn retry_after_ms(mut self, wait: Option<u64>) -> Self {
        self.retry_after_ms = wait;
        self
    }

    /// The same error with a named fact for the log.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// An error that went through a reader keeps its kind; any other failure of reading may pass.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(other) => Self::transient(other.to_string()),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        let wit::Error { kind, message, field, row, retry_after_ms, details } = error;
        Self { kind, message, field, row, retry_after_ms, details }
    }
}

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        let Error { kind, message, field, row, retry_after_ms, details } = error;
        Self { kind, message, field, row, retry_after_ms, details }
    }
}
