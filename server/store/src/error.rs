//! What can go wrong in the metadata database, in the shape people see.

use engine::ports::StoreError;
use model::{ErrorCode, Fault};
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// A failed call to the metadata database.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{fault}")]
pub struct Error {
    /// What is wrong, for people.
    pub fault: Box<Fault>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

/// The result of a call to the metadata database.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that trying again will not mend.
    pub(crate) fn permanent(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { fault: Box::new(Fault::new(code, message)), retryable: false }
    }

    /// The same error, telling what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.fault.hint = Some(hint.into());
        self
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Failed(*error.fault)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        *error.fault
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let retryable = is_unreachable(&error) || is_busy(&error);
        let reason = reason(&error);
        let (code, hint) = if is_full(&error) {
            (ErrorCode::DiskFailed, "Free space on the disk of the metadata database; nothing was written")
        } else if is_unreachable(&error) {
            (ErrorCode::StoreFailed, "Check that the metadata database runs and can be reached")
        } else if is_busy(&error) {
            (ErrorCode::StoreFailed, "Another process holds the metadata database; try again")
        } else {
            (ErrorCode::StoreFailed, "The server's log and the database's log tell more")
        };
        let message = format!("the metadata database failed: {reason}");
        Self { fault: Box::new(Fault::new(code, message).hint(hint)), retryable }
    }
}

/// What the driver says, without its wrapping; drivers never repeat the address's password.
fn reason(error: &DbErr) -> String {
    let text = match driver_error(error) {
        Some(SqlxError::Database(inner)) => inner.message().to_owned(),
        Some(inner) => inner.to_string(),
        None => error.to_string(),
    };
    let mut text = text.trim_end_matches('.').replace('\n', " ");
    // Lowercase the first word unless it is a name or an abbreviation.
    if text.chars().nth(1).is_some_and(char::is_lowercase) {
        text[..1].make_ascii_lowercase();
    }
    text
}

/// The driver's own error, if one lies beneath.
fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => Some(inner),
        _ => None,
    }
}

fn driver_code(error: &DbErr) -> Option<String> {
    match driver_error(error) {
        Some(SqlxError::Database(inner)) => inner.code().map(|code| code.into_owned()),
        _ => None,
    }
}

/// The database could not be reached, or the connection broke: whether the last statement took effect is unknown.
pub(crate) fn is_unreachable(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match driver_error(error) {
        // 57P01..57P03: the server is going down or starting up; 08…: the connection broke.
        Some(SqlxError::Database(_)) => {
            driver_code(error).is_some_and(|code| code.starts_with("57P0") || code.starts_with("08"))
        }
        Some(SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed) => true,
        Some(SqlxError::Protocol(_) | SqlxError::Tls(_)) => true,
        _ => false,
    }
}

/// Another process held SQLite's write lock for longer than the busy time-out.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    // SQLite's extended codes keep the primary code in the low byte: 5 is BUSY, 6 is LOCKED.
    driver_code(error)
        .and_then(|code| code.parse::<i32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 5 | 6) && code < 5000)
}

/// The statement lost against another transaction (PostgreSQL: deadlock or serialization failure).
pub(crate) fn is_lost_race(error: &DbErr) -> bool {
    driver_code(error).is_some_and(|code| code == "40P01" || code == "40001")
}

fn is_full(error: &DbErr) -> bool {
    // SQLite 13 is FULL; PostgreSQL 53100 is disk_full.
    driver_code(error).is_some_and(|code| code == "13" || code == "53100")
}

/// Whether a unique key refused the row.
pub(crate) fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// Refuses text that PostgreSQL cannot keep, on both databases alike.
pub(crate) fn check_text(what: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::permanent(ErrorCode::InvalidValue, format!("{what} contains a zero byte"))
            .hint("Remove the zero byte (U+0000)"));
    }
    Ok(())
}
