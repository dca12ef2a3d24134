//! What an error of the server or of its client library means.

use super::Config;
use data::Error;
use model::ErrorCode;
use std::time::Duration;
use taos::taos_query::RawError;

/// Why a call failed.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The server's own code (its low 16 bits) and words.
    Server(u16, String),
    /// The connection is gone.
    Lost(String),
    /// No answer in time.
    Silent(Duration),
    /// The client library gave up on an answer.
    Broken(String),
    /// Said already: an address that may not be reached, a pool that is closed.
    Other(Box<Error>),
}

impl Failure {
    pub(super) fn of(error: &RawError) -> Self {
        let code: u32 = i32::from(error.code()).cast_unsigned() & 0xFFFF;
        let said = error.message();
        // The library wraps the server's words.
        let said =
            said.strip_prefix("Internal error: `").and_then(|said| said.strip_suffix('`')).unwrap_or(&said).to_owned();
        match code as u16 {
            0xE000..=0xE00F if code != 0xE006 => Self::Lost(said),
            0xFFFF if said.contains("closed") || said.contains("onnect") => Self::Lost(said),
            code => Self::Server(code, said),
        }
    }

    /// Whether the connection can be used further.
    pub(super) fn is_sound(&self) -> bool {
        matches!(self, Self::Server(code, _) if *code != 0xFFFF && *code < 0xE000)
    }

    /// Whether the server refused a row rather than the statement.
    pub(super) fn concerns_row(&self) -> bool {
        // Out of range, of the wrong type, older than KEEP allows, too long.
        matches!(self, Self::Server(0x0224 | 0x2605 | 0x060B | 0x2653, _))
    }

    pub(super) fn is_missing_table(&self) -> bool {
        matches!(self, Self::Server(0x2603 | 0x0362 | 0x2662 | 0x0618, _))
    }

    /// The failure as people see it; never holds the password.
    pub(super) fn told(self, config: &Config) -> Error {
        let place = format!("`{}:{}`", config.host, config.port);
        match self {
            Self::Server(code, said) => server(config, code, &said),
            Self::Lost(why) => {
                Error::transient(ErrorCode::ConnectionFailed, format!("{place} cannot be reached: {why}")).hint(
                    "Check host and port (that of taosAdapter, 6041), the firewall, and that taosAdapter is running.",
                )
            }
            Self::Silent(time) => {
                let message = format!("{place} gave no answer within {} ms", time.as_millis());
                Error::transient(ErrorCode::ConnectionFailed, message)
                    .hint("Raise `query_timeout_ms` of the connection for statements that take longer. A query that asks for a DECIMAL or BLOB must cast it: the client library cannot read the answer.")
            }
            Self::Broken(why) => Error::permanent(
                ErrorCode::ConnectionFailed,
                format!("{place} answered what the client does not understand: {why}"),
            )
            .hint("The server must be TDengine 3; columns of type DECIMAL or BLOB in a query must be cast to VARCHAR."),
            Self::Other(error) => *error,
        }
    }
}

fn server(config: &Config, code: u16, said: &str) -> Error {
    let place = format!("`{}:{}`", config.host, config.port);
    let told = format!("{} (error 0x{code:04X})", said.trim());
    match code {
        0x0350 | 0x0351 | 0x0357 | 0xE006 => {
            Error::permanent(ErrorCode::AuthenticationFailed, format!("{place} refused user `{}`", config.user))
                .hint("Check user and password.")
        }
        0x0388 => Error::permanent(ErrorCode::ConnectionFailed, format!("{place}: {told}"))
            .hint("Create the database first, with the `PRECISION` its timestamps need: it is fixed for life."),
        0x2616 => Error::permanent(ErrorCode::InvalidValue, told)
            .hint("Name a `database` in the connection, or write `database.table`."),
        0x000B | 0x0020 => Error::transient(ErrorCode::ConnectionFailed, format!("{place}: {told}")),
        0x03D3 => Error::transient(ErrorCode::StatementFailed, told),
        0x2644 | 0x0303 => Error::permanent(ErrorCode::PermissionDenied, told)
            .hint(format!("Grant the privilege to user `{}`.", config.user)),
        0x2603 | 0x0362 | 0x2662 | 0x0618 => Error::permanent(ErrorCode::TableNotFound, told),
        0x2602 => Error::permanent(ErrorCode::ColumnNotFound, told),
        0x0360 | 0x0603 => Error::permanent(ErrorCode::AlreadyExists, told),
        0x060B => Error::permanent(ErrorCode::ValueRefused, told)
            .hint("The database keeps rows only as long as its `KEEP` says, and none beyond the year 2970."),
        0x0224 | 0x2605 | 0x2653 => Error::permanent(ErrorCode::ValueRefused, told),
        _ => Error::permanent(ErrorCode::StatementFailed, told),
    }
}
