//! What an HTTP exchange that failed means, and whether trying again can help.

use data::Error;
use data::address::Refused;
use model::ErrorCode;
use reqwest::header::HeaderMap;
use std::error::Error as _;
use std::time::Duration;

/// `https://host:port` of a URL: its path and query may hold a secret.
pub(super) fn place(url: &url::Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        (None, _) => url.scheme().to_owned(),
    }
}

/// The exchange broke before an answer was complete.
pub(super) fn broken(url: &url::Url, error: &reqwest::Error) -> Error {
    let place = place(url);
    let mut cause = error.source();
    let mut last = String::new();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            return address_refused(&place, refused);
        }
        last = inner.to_string();
        cause = inner.source();
    }
    if error.is_builder() {
        return Error::permanent(ErrorCode::InvalidValue, format!("the request to `{place}` cannot be made: {last}"));
    }
    let what = if error.is_timeout() {
        "did not answer in time".to_owned()
    } else if error.is_connect() {
        format!("cannot be reached: {last}")
    } else {
        format!("broke off: {last}")
    };
    Error::transient(ErrorCode::ConnectionFailed, format!("`{place}` {what}"))
}

/// The rules do not allow the address.
pub(super) fn address_refused(place: &str, refused: &Refused) -> Error {
    Error::permanent(ErrorCode::AddressRefused, format!("`{place}` is not reached: {refused}"))
        .hint("An operator can allow the host or network with `--allow-addresses`.")
}

/// The remote answered with a status that is no success.
pub(super) fn status(code: ErrorCode, place: &str, status: u16, headers: &HeaderMap, detail: &str) -> Error {
    let retryable = matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504);
    let mut message = format!("`{place}` answered with status {status}");
    if !detail.is_empty() {
        message.push_str(&format!(": {detail}"));
    }
    let mut error = if retryable { Error::transient(code, message) } else { Error::permanent(code, message) };
    if retryable {
        error.retry_after = retry_after(headers);
    }
    error
}

/// What `retry-after` asks for: seconds or a date; at most a day.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            u64::try_from((at.to_utc() - chrono::Utc::now()).num_seconds()).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.min(86_400)))
}

/// The beginning of an answer's text in one line, for a message.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(800)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
