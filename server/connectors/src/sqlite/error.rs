//! SQLite's result codes as errors people can act on.

use data::Error;
use model::ErrorCode;
use rusqlite::ErrorCode as Native;
use std::path::Path;

/// The error of opening or using the file at `path`.
pub(super) fn mapped(path: &Path, error: &rusqlite::Error) -> Error {
    let file = path.display();
    let said = said(error);
    match error.sqlite_error_code() {
        Some(Native::CannotOpen) => {
            Error::permanent(ErrorCode::ConnectionFailed, format!("file `{file}` cannot be opened: {said}"))
                .hint("Check that the folder exists and that the server may write in it.")
        }
        Some(Native::NotADatabase) => {
            Error::permanent(ErrorCode::ConnectionFailed, format!("file `{file}` is not an SQLite database"))
                .hint("Check the path; an encrypted database cannot be opened either.")
        }
        Some(Native::DatabaseCorrupt) => {
            Error::permanent(ErrorCode::StatementFailed, format!("file `{file}` is damaged: {said}"))
                .hint("Restore it from a backup, or recover what is left with `.recover` of the sqlite3 shell.")
        }
        Some(Native::DatabaseBusy | Native::DatabaseLocked) => {
            Error::transient(ErrorCode::StatementFailed, format!("file `{file}` is locked by another writer"))
                .hint("Wait until the other program has finished, or raise `busy_timeout_ms` of the connection.")
        }
        Some(Native::ReadOnly) => {
            Error::permanent(ErrorCode::PermissionDenied, format!("file `{file}` can only be read"))
                .hint("Give the server the right to write the file and its folder, or unset `read_only`.")
        }
        Some(Native::PermissionDenied | Native::AuthorizationForStatementDenied) => {
            Error::permanent(ErrorCode::PermissionDenied, format!("file `{file}` may not be used: {said}"))
        }
        Some(Native::DiskFull) => Error::permanent(ErrorCode::DiskFailed, format!("the disk of file `{file}` is full"))
            .hint("Free some space and run the step again."),
        Some(Native::SystemIoFailure) => {
            Error::permanent(ErrorCode::DiskFailed, format!("file `{file}` cannot be read or written: {said}"))
        }
        Some(Native::ConstraintViolation | Native::TypeMismatch | Native::TooBig) => {
            Error::permanent(ErrorCode::ValueRefused, said)
        }
        _ => unknown_name(&said).unwrap_or_else(|| Error::permanent(ErrorCode::StatementFailed, said)),
    }
}

/// SQLite has one code for all that does not compile; only its words tell a name that is not there.
pub(super) fn unknown_name(said: &str) -> Option<Error> {
    let (code, what) = if said.starts_with("no such table: ") {
        (ErrorCode::TableNotFound, "table")
    } else if said.starts_with("no such column: ") {
        (ErrorCode::ColumnNotFound, "column")
    } else {
        return None;
    };
    Some(Error::permanent(code, said).hint(format!("Check the name of the {what}.")))
}

/// SQLite's own words.
pub(super) fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// Whether the error concerns the row rather than the database.
pub(super) fn concerns_row(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(Native::ConstraintViolation | Native::TypeMismatch | Native::TooBig))
}
