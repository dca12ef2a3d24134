//! Bodies: bounded, and where they are to be JSON, read in a way that says what is wrong without repeating what was sent.

use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures::future::LocalBoxFuture;
use model::{ErrorCode, Fault};
use serde::de::DeserializeOwned;

/// The whole body, within the server's limit.
pub struct Body(pub Bytes);

impl FromRequest for Body {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = Bytes::from_request(request, payload);
        Box::pin(async move { reading.await.map(Self).map_err(|error| explain(&error)) })
    }
}

fn explain(error: &actix_web::Error) -> ApiError {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => {
            Fault::new(ErrorCode::RequestTooLarge, "the body has more than 2 MiB").hint("Send less at once.").into()
        }
        _ => ApiError::bad_request("the body cannot be read to its end"),
    }
}

/// The body as `T`.
///
/// # Errors
/// `bad_request` for another type of body, for what is no JSON, and for JSON of another shape. The message tells where, but
/// shows no value: it may be a secret in the wrong place.
pub fn read<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> Result<T, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // A form posted by a strange page cannot have this type.
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::bad_request("the body's type must be `application/json`"));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::bad_request("the body is empty, and should be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let mut message = hide_value(&error.to_string());
        if message.chars().count() > 400 {
            message = message.chars().take(400).chain(['…']).collect();
        }
        let mut fault = ApiError::bad_request(format!("the body is not what is asked for: {message}")).0;
        fault.line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
        fault.column = u32::try_from(error.column()).ok().filter(|column| *column > 0);
        fault.hint = Some("`/api/openapi.json` describes every body.".to_owned());
        ApiError(fault)
    })
}

/// `invalid type: string "hunter2", expected u16` without the value: `invalid type: string, expected u16`.
fn hide_value(message: &str) -> String {
    for beginning in ["invalid type: ", "invalid value: "] {
        let Some(rest) = message.strip_prefix(beginning) else { continue };
        let Some((found, expected)) = rest.rsplit_once(", expected ") else { break };
        let kind: Vec<&str> = found.split(' ').take_while(|word| word.chars().all(char::is_alphabetic)).collect();
        return format!("{beginning}{}, expected {expected}", kind.join(" "));
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        port: Option<u16>,
    }

    fn refusal(kind: &str, body: &[u8]) -> String {
        let request = TestRequest::default().insert_header(("content-type", kind)).to_http_request();
        read::<Body>(&request, body).unwrap_err().0.message
    }

    #[test]
    fn what_is_right_is_read() {
        for kind in ["application/json", "Application/JSON ; charset=utf-8"] {
            let request = TestRequest::default().insert_header(("content-type", kind)).to_http_request();
            let Body { name, port } = read(&request, "\n{\"port\": 65535, \"name\": \"数据\"}".as_bytes()).unwrap();
            assert_eq!((name.as_str(), port), ("数据", Some(65_535)));
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_what_was_sent() {
        let json = "application/json; charset=utf-8";
        for (body, part) in [
            (&br#"{"name": 7}"#[..], "invalid type: integer, expected a string"),
            (br#"{"name": "a", "port": "canary, expected x"}"#, "invalid type: string, expected u16"),
            (br#"{"name": ["canary"]}"#, "invalid type: sequence, expected a string"),
            (br#"{"name": "a", "port": 99999}"#, "invalid value: integer, expected u16"),
            (br#"{"name": "a", "nmae": 1}"#, "unknown field `nmae`"),
            (br#"{}"#, "missing field `name`"),
            (b"[", "EOF"),
            (b"\xff\xfe", ""),
            (b"  \n", "the body is empty"),
        ] {
            let message = refusal(json, body);
            assert!(message.contains(part) && !message.contains("canary"), "{message}");
        }
        assert!(refusal("text/plain", b"{}").contains("application/json"));
        assert!(refusal(json, format!("{{\"{}\": 1}}", "x".repeat(9999)).as_bytes()).len() < 600);
    }
}
