//! Bodies: bounded, and where they are to be JSON, read in a way that says what is wrong without repeating what was sent.

use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures::future::LocalBoxFuture;
use model::{ErrorCode, Fault, misfit};
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
        let misfit = misfit(&error.to_string());
        let mut message = misfit.message;
        if message.chars().count() > 400 {
            message = message.chars().take(400).chain(['…']).collect();
        }
        let mut fault = ApiError::bad_request(format!("the body is not what is asked for: {message}")).0;
        fault.line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
        fault.column = u32::try_from(error.column()).ok().filter(|column| *column > 0);
        fault.hint = Some(misfit.hint.unwrap_or_else(|| "`/api/openapi.json` describes every body.".to_owned()));
        ApiError(fault)
    })
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
            (&br#"{"name": 7}"#[..], "a number stands where text belongs"),
            (
                br#"{"name": "a", "port": "canary, expected x"}"#,
                "text stands where a whole number from 0 to 65535 belongs",
            ),
            (br#"{"name": ["canary"]}"#, "a list stands where text belongs"),
            (br#"{"name": "a", "port": 99999}"#, "a number stands where a whole number from 0 to 65535 belongs"),
            (br#"{"name": "a", "nmae": 1}"#, "there is no `nmae`"),
            (br#"{}"#, "`name` is missing"),
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
