//! What an error of Redis means.

use super::Config;
use data::Error;
use model::ErrorCode;
use redis::RedisError;

/// Words with which a server says what is wrong.
const REASONS: [&str; 15] = [
    "NOPERM",
    "WRONGTYPE",
    "OOM",
    "READONLY",
    "MOVED",
    "ASK",
    "CROSSSLOT",
    "LOADING",
    "BUSY",
    "MASTERDOWN",
    "MISCONF",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "BUSYKEY",
    "EXECABORT",
];

/// The error as people see it; never holds the password.
pub(super) fn mapped(config: &Config, error: &RedisError) -> Error {
    let place = format!("{}:{}", config.host, config.port);
    if let Some(refusal) = crate::tls::refusal(error, "tls_ca") {
        let message = format!("TLS with `{place}` failed: {}", refusal.why);
        return Error::permanent(ErrorCode::ConnectionFailed, message).hint(refusal.hint);
    }
    let said = error.to_string();
    let code = error.code().unwrap_or_default();
    let refused = ["WRONGPASS", "NOAUTH", "AUTH failed", "authentication failed", "invalid username-password"];
    if refused.iter().any(|word| said.contains(word)) {
        return Error::permanent(ErrorCode::AuthenticationFailed, format!("`{place}` refused the credentials"))
            .hint("Check user and password of the Redis connection.");
    }
    // Of a pipeline or a MULTI the reason stands within the text only.
    let within = |word: &&str| said.split(|c: char| !c.is_ascii_uppercase()).any(|part| part == *word);
    let reason = match code {
        "" | "EXECABORT" => REASONS.into_iter().find(within).unwrap_or(code),
        code => code,
    };
    match reason {
        "NOPERM" => Error::permanent(ErrorCode::PermissionDenied, format!("`{place}`: {said}"))
            .hint("Grant the user the command and the keys: `ACL SETUSER name +@write ~quote:*`."),
        "WRONGTYPE" => Error::permanent(ErrorCode::ValueRefused, format!("`{place}`: {said}"))
            .hint("A key of that name holds another structure; `TYPE key` tells which."),
        "OOM" => Error::transient(ErrorCode::StatementFailed, format!("the memory of `{place}` is full: {said}"))
            .hint("Raise `maxmemory` of the server, or choose a policy that evicts keys."),
        "READONLY" => Error::transient(ErrorCode::StatementFailed, format!("`{place}` is a replica: {said}"))
            .hint("Connect to the primary server; after a failover, try again."),
        "MOVED" | "ASK" | "CROSSSLOT" => {
            Error::permanent(ErrorCode::Unsupported, format!("`{place}` is a node of a cluster: {said}")).hint(
                "Clusters are not supported: connect to a server of its own, or to a proxy in front of the cluster.",
            )
        }
        "BUSYKEY" => Error::permanent(ErrorCode::AlreadyExists, format!("`{place}`: {said}"))
            .hint("Allow that keys that are there are replaced."),
        "LOADING" | "BUSY" | "MASTERDOWN" | "MISCONF" | "TRYAGAIN" | "CLUSTERDOWN" => {
            Error::transient(ErrorCode::StatementFailed, format!("`{place}`: {said}"))
        }
        _ if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
            Error::transient(ErrorCode::ConnectionFailed, format!("`{place}` cannot be reached: {said}"))
                .hint("Check host, port and firewall, and that the server is running.")
        }
        _ => Error::permanent(ErrorCode::StatementFailed, format!("`{place}`: {said}")),
    }
}

/// The server took the call and said nothing.
pub(super) fn silent(config: &Config) -> Error {
    let place = format!("{}:{}", config.host, config.port);
    let message = format!("`{place}` did not answer within {} s", config.connect_timeout);
    Error::transient(ErrorCode::ConnectionFailed, message)
        .hint("Check that a Redis server listens there, with TLS as the connection says, and is not overloaded.")
}
