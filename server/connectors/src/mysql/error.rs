//! What an error of the server or the driver means.

use super::Config;
use data::Error;
use model::ErrorCode;
use mysql_async::{Error as DriverError, IoError, ServerError};
use std::io::ErrorKind;

/// The server cannot be reached.
pub(super) fn unreachable(config: &Config, why: &str) -> Error {
    Error::transient(ErrorCode::ConnectionFailed, format!("`{}:{}` cannot be reached: {why}", config.host, config.port))
        .hint("Check host, port and firewall, and that the server is running.")
}

/// The server was reached, and then it, or something in between, closed the connection.
pub(super) fn lost(config: &Config, why: &str) -> Error {
    let message = format!("the connection to `{}:{}` was lost: {why}", config.host, config.port);
    Error::transient(ErrorCode::ConnectionFailed, message)
        .hint("Try again; look into the server's log if it comes back.")
}

/// Reading or writing failed.
pub(super) fn broken(config: &Config, error: &std::io::Error) -> Error {
    let is_loss = matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    );
    if is_loss { lost(config, &error.to_string()) } else { unreachable(config, &error.to_string()) }
}

/// TLS could not be agreed upon.
pub(super) fn tls(config: &Config, why: &str) -> Error {
    Error::permanent(ErrorCode::ConnectionFailed, format!("TLS with `{}:{}` failed: {why}", config.host, config.port))
        .hint("Check the server's certificate and its name, or name its authority in `tls_ca`.")
}

/// The server's certificate is refused, where that is what `error` is about.
pub(super) fn certificate(config: &Config, error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let refusal = crate::tls::refusal(error, "tls_ca")?;
    Some(tls(config, &refusal.why).hint(refusal.hint))
}

/// The connection wants TLS and the server has none.
pub(super) fn without_tls(config: &Config) -> Error {
    Error::permanent(ErrorCode::ConnectionFailed, format!("`{}:{}` does not speak TLS", config.host, config.port))
        .hint("Turn TLS on at the server, or leave `tls` out of the connection.")
}

/// The error as people see it; never holds the password.
pub(super) fn mapped(config: &Config, error: &DriverError) -> Error {
    if let Some(refused) = certificate(config, error) {
        return refused;
    }
    match error {
        DriverError::Server(error) => server(config, error),
        DriverError::Io(IoError::Tls(error)) => tls(config, &error.to_string()),
        DriverError::Io(IoError::Io(error)) => broken(config, error),
        DriverError::Driver(mysql_async::DriverError::ConnectionClosed) => lost(config, "it is closed"),
        DriverError::Driver(mysql_async::DriverError::NoClientSslFlagFromServer) => without_tls(config),
        DriverError::Driver(error) => {
            let text = error.to_string();
            if text.contains("onnection") || text.contains("isconnect") {
                return unreachable(config, &text);
            }
            Error::permanent(ErrorCode::StatementFailed, format!("the MySQL driver: {text}"))
        }
        DriverError::Other(error) => unreachable(config, &error.to_string()),
        DriverError::Url(_) => {
            Error::permanent(ErrorCode::InvalidValue, "the address of the MySQL connection is wrong")
        }
    }
}

/// What the server said, as people see it.
pub(super) fn server(config: &Config, error: &ServerError) -> Error {
    let said = format!("{} (error {})", error.message, error.code);
    match error.code {
        1045 | 1698 | 1251 | 2059 => Error::permanent(
            ErrorCode::AuthenticationFailed,
            format!("`{}:{}` refused user `{}`", config.host, config.port, config.user),
        )
        .hint("Check user and password, and from which hosts the user may connect."),
        1049 => Error::permanent(
            ErrorCode::ConnectionFailed,
            format!("`{}:{}` has no database `{}`", config.host, config.port, config.database.as_deref().unwrap_or("")),
        ),
        1044 | 1142 | 1143 | 1227 | 1370 => Error::permanent(ErrorCode::PermissionDenied, said)
            .hint(format!("Grant the privilege to user `{}`.", config.user)),
        1205 | 1213 | 1020 | 1040 | 1203 | 1053 | 1077 | 1079 | 1158..=1161 | 1317 | 1927 => {
            Error::transient(ErrorCode::StatementFailed, said)
        }
        1021 | 1114 => Error::transient(ErrorCode::DiskFailed, said),
        1969 | 3024 => Error::permanent(ErrorCode::StatementTimeout, said),
        1792 => data::console::not_allowed("it would change something, and the transaction only reads"),
        1146 => Error::permanent(ErrorCode::TableNotFound, said)
            .hint("Check the name of the table, its case and its database."),
        1054 => Error::permanent(ErrorCode::ColumnNotFound, said).hint("Check the name of the column."),
        code if concerns_row(code) => Error::permanent(ErrorCode::ValueRefused, said),
        _ => Error::permanent(ErrorCode::StatementFailed, said),
    }
}

/// Whether the server refused a row, not the statement.
pub(super) fn concerns_row(code: u16) -> bool {
    matches!(
        code,
        1048 | 1062
            | 1264
            | 1265
            | 1292
            | 1364
            | 1366
            | 1367
            | 1406
            | 1411
            | 1416
            | 1451
            | 1452
            | 1526
            | 1557
            | 1586
            | 1644
            | 1690
            | 1748
            | 3140
            | 3141
            | 3156
            | 3819
            | 4025
    )
}
