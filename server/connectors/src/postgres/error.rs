//! PostgreSQL's SQLSTATEs and the driver's failures as errors people can act on.

use data::Error;
use model::ErrorCode;
use std::error::Error as _;
use std::io::ErrorKind;

/// The error of a statement or of connecting.
pub(super) fn mapped(error: &tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        return by_state(db);
    }
    let mut causes = vec![error.to_string()];
    let mut io_kind = None;
    let mut source = error.source();
    while let Some(cause) = source {
        io_kind = io_kind.or_else(|| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        causes.push(cause.to_string());
        source = cause.source();
    }
    let told = causes.join(": ");
    let failed = |retryable: bool, what: &str, hint: &str| {
        let error = Error { retryable, ..Error::permanent(ErrorCode::ConnectionFailed, format!("{what}: {told}")) };
        error.hint(hint)
    };
    if told.contains("lookup address") || told.contains("failed to resolve") {
        return failed(
            true,
            "the host name of the PostgreSQL server cannot be resolved",
            "Check `host` of the connection.",
        );
    }
    if told.contains("authentication") || told.contains("password missing") {
        return Error::permanent(ErrorCode::AuthenticationFailed, told)
            .hint("Check user and password of the connection.");
    }
    if let Some(refusal) = crate::tls::refusal(error, "sslrootcert") {
        let message = format!("TLS with the PostgreSQL server failed: {}", refusal.why);
        return Error::permanent(ErrorCode::ConnectionFailed, message).hint(refusal.hint);
    }
    if told.contains("TLS") || told.contains("certificate") || told.contains("tls") {
        return failed(
            false,
            "TLS with the PostgreSQL server failed",
            "Check `sslmode` and `sslrootcert` of the connection.",
        );
    }
    if io_kind == Some(ErrorKind::ConnectionRefused) {
        return failed(
            true,
            "the PostgreSQL server refuses connections",
            "Check `port` of the connection, and that the server runs.",
        );
    }
    if told.contains("timed out") || told.contains("timeout") || io_kind == Some(ErrorKind::TimedOut) {
        return failed(
            true,
            "the PostgreSQL server does not answer in time",
            "Check host, port and firewalls between here and there.",
        );
    }
    if io_kind.is_some() || error.is_closed() || told.contains("closed") {
        return failed(
            true,
            "the connection to the PostgreSQL server was lost",
            "Try again; look into the server's log if it comes back.",
        );
    }
    Error::permanent(ErrorCode::StatementFailed, told)
}

fn by_state(db: &tokio_postgres::error::DbError) -> Error {
    let state = db.code().code();
    let mut message = db.message().to_owned();
    if let Some(detail) = db.detail() {
        message = format!("{message}: {}", detail.trim_end_matches('.'));
    }
    let permanent = |code, hint: &str| Error::permanent(code, message.clone()).hint(hint);
    let transient = |code, hint: &str| Error::transient(code, message.clone()).hint(hint);
    match state {
        "28P01" | "28000" => permanent(
            ErrorCode::AuthenticationFailed,
            "Check user and password of the connection, and the server's pg_hba.conf.",
        ),
        "3D000" => permanent(ErrorCode::ConnectionFailed, "Check `database` of the connection."),
        "42501" => permanent(ErrorCode::PermissionDenied, "Grant the user of the connection the right to do this."),
        "42P01" => permanent(ErrorCode::TableNotFound, "Check the name of the table, its case and its schema."),
        "42703" => permanent(ErrorCode::ColumnNotFound, "Check the name of the column and its case."),
        "23505" => {
            permanent(ErrorCode::ValueRefused, "Use mode `upsert` or `insert_ignore` where rows may be there already.")
        }
        "25006" => permanent(
            ErrorCode::PermissionDenied,
            "Connect to the primary server to write; a query that is read must not write.",
        ),
        "53100" => permanent(ErrorCode::DiskFailed, "Free some space on the disk of the database server."),
        "53300" => transient(
            ErrorCode::ConnectionFailed,
            "Lower `pool_size` of the connection, or raise `max_connections` of the server.",
        ),
        "40001" | "40P01" | "55P03" => {
            transient(ErrorCode::StatementFailed, "Another transaction was in the way; try again.")
        }
        "57014" => permanent(ErrorCode::StatementTimeout, "Narrow the statement down, or allow it more time."),
        "57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006" => {
            transient(ErrorCode::ConnectionFailed, "The server is stopping or starting; try again.")
        }
        _ if concerns_row(state) => Error::permanent(ErrorCode::ValueRefused, message),
        _ => Error::permanent(ErrorCode::StatementFailed, message),
    }
}

/// Whether the error concerns a row rather than the database: data exceptions and broken constraints.
pub(super) fn concerns_row(state: &str) -> bool {
    state.starts_with("22") || state.starts_with("23") || state.starts_with("44")
}

/// Row (from 0) and words of a refused row, where the server tells it.
pub(super) fn line_of(error: &tokio_postgres::Error) -> Option<usize> {
    let place = error.as_db_error()?.where_()?;
    let (_, rest) = place.split_once(", line ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<usize>().ok()?.checked_sub(1)
}

/// The server's words, with the column where it tells one.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    let Some(db) = error.as_db_error() else { return error.to_string() };
    let mut said = db.message().to_owned();
    if let Some(detail) = db.detail() {
        said = format!("{said}: {}", detail.trim_end_matches('.'));
    }
    let column = db
        .where_()
        .and_then(|place| place.split_once(", column "))
        .map(|(_, rest)| rest.split(':').next().unwrap_or(rest));
    match column {
        Some(column) => format!("column `{column}`: {said}"),
        None => said,
    }
}
