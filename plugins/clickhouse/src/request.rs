//! One request to the HTTP interface, and what ClickHouse's exceptions mean for the next attempt.

use crate::config::Config;
use plugin_sdk::{Error, ErrorKind, Host, Method, Request, Response, Result, refusal, text, url};

const WHO: &str = "ClickHouse";

/// Sends `body` with these settings of the query; credentials go into headers, which nobody logs.
pub(crate) fn send(host: &Host, config: &Config, settings: &[(&str, &str)], body: Vec<u8>) -> Result<Response> {
    let mut request = Request::new(Method::Post, url::with_query(config.url.trim(), settings))
        .header("x-clickhouse-user", config.user.as_str())
        .body(body);
    if let Some(password) = host.find_secret("password") {
        request = request.header("x-clickhouse-key", password);
    }
    if let Some(database) = &config.database {
        request = request.header("x-clickhouse-database", database.as_str());
    }
    let mut response = host.send(request)?;
    if (200..=299).contains(&response.status) {
        return Ok(response);
    }
    let (status, wait) = (response.status, response.retry_after_ms());
    let said = response.text(64 << 10)?;
    Err(exception(&said).unwrap_or_else(|| refusal(WHO, status, wait, &said)))
}

/// The exception that a text tells: `Code: 60. DB::Exception: …`; it may begin anywhere in an answer that had begun well.
pub(crate) fn exception(said: &str) -> Option<Error> {
    let at = said.find("Code: ")?;
    let rest = &said[at + "Code: ".len()..];
    let (code, message) = rest.split_once('.')?;
    let code: u32 = code.parse().ok()?;
    let message = message.split_once("DB::Exception:")?.1;
    let kind = match code {
        // Time-outs, too many queries or parts, no memory, a replica that is read-only or out of touch.
        159 | 164 | 202 | 209 | 210 | 225 | 241 | 242 | 252 | 279 | 285 | 319 | 425 | 999 => ErrorKind::Transient,
        192 | 193 | 194 | 291 | 492 | 497 | 516 => ErrorKind::Auth,
        // A value of ours that the table cannot hold.
        6 | 26 | 27 | 38 | 41 | 53 | 69 | 70 | 72 | 117 | 349 => ErrorKind::Data,
        _ => ErrorKind::Permanent,
    };
    let message = text::cut_chars(text::one_line(message).trim(), 500);
    Some(Error::new(kind, format!("{WHO} refused the query with code {code}: {message}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exceptions_are_sorted_by_whether_trying_again_may_help() {
        for (said, kind) in [
            (
                "Code: 60. DB::Exception: Table default.x does not exist. (UNKNOWN_TABLE) (version 24.3.1)",
                ErrorKind::Permanent,
            ),
            ("Code: 62. DB::Exception: Syntax error: failed at position 1", ErrorKind::Permanent),
            ("Code: 516. DB::Exception: default: Authentication failed", ErrorKind::Auth),
            ("Code: 497. DB::Exception: Not enough privileges", ErrorKind::Auth),
            ("Code: 252. DB::Exception: Too many parts (300)", ErrorKind::Transient),
            ("Code: 202. DB::Exception: Too many simultaneous queries", ErrorKind::Transient),
            ("[1,2]\nCode: 241. DB::Exception: Memory limit (total) exceeded", ErrorKind::Transient),
            ("Code: 27. DB::Exception: Cannot parse input", ErrorKind::Data),
        ] {
            assert_eq!(exception(said).unwrap().kind, kind, "{said}");
        }
        for said in ["", "Code: x. DB::Exception: y", "Code: 60 no point", "<html>"] {
            assert!(exception(said).is_none(), "{said}");
        }
    }
}
