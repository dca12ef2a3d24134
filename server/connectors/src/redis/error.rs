//! What an error of Redis means.

use super::Config;
use data::Error;
use model::ErrorCode;
use redis::RedisError;

/// The error as people see it; never holds the password.
pub(super) fn mapped(config: &Config, error: &RedisError) -> Error {
    let place = format!("{}:{}", config.host, config.port);
    let said = error.to_string();
    let code = error.code().unwrap_or_default();
    let refused = ["WRONGPASS", "NOAUTH", "AUTH failed", "authentication failed", "invalid username-password"];
    if refused.iter().any(|word| said.contains(word)) {
        return Error::permanent(ErrorCode::AuthenticationFailed, format!("`{place}` refused the credentials"))
            .hint("Check user and password of the Redis connection.");
    }
    match code {
        "NOPERM" => Error::permanent(ErrorCode::PermissionDenied, said).hint("Grant the command to the user."),
        "WRONGTYPE" => Error::permanent(ErrorCode::ValueRefused, said)
            .hint("A key of that name holds another structure; choose another key template."),
        "OOM" | "LOADING" | "BUSY" | "READONLY" | "MASTERDOWN" | "MISCONF" | "TRYAGAIN" | "CLUSTERDOWN" => {
            Error::transient(ErrorCode::StatementFailed, format!("`{place}`: {said}"))
        }
        _ if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
            Error::transient(ErrorCode::ConnectionFailed, format!("`{place}` cannot be reached: {said}"))
                .hint("Check host, port and firewall, and that the server is running.")
        }
        _ => Error::permanent(ErrorCode::StatementFailed, format!("`{place}`: {said}")),
    }
}
