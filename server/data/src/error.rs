//! What can go wrong in the data plane, already in the shape people see, plus whether trying again can help.

use model::{ErrorCode, Fault};

/// A failed read, write, delivery or conversion.
///
/// Whether a retry can help is decided here, where the error is born: a refused connection may pass, a missing column will not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{fault}")]
pub struct Error {
    /// What is wrong, for people.
    pub fault: Box<Fault>,
    /// Whether the same attempt may succeed later.
    pub retryable: bool,
    /// How long the other side asked to be left alone.
    pub retry_after: Option<std::time::Duration>,
}

impl Error {
    /// An error that trying again will not mend.
    #[must_use]
    pub fn permanent(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { fault: Box::new(Fault::new(code, message)), retryable: false, retry_after: None }
    }

    /// An error that may pass.
    #[must_use]
    pub fn transient(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::permanent(code, message) }
    }

    /// The same error, telling what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.fault.hint = Some(hint.into());
        self
    }

    /// The kind of error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.fault.code
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self { fault: Box::new(fault), retryable: false, retry_after: None }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::permanent(ErrorCode::ValueRefused, error.to_string())
    }
}
