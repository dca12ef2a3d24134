//! Who may ask: the API token, and what keeps a browser from asking on a stranger's behalf.

use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::http::header;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The API token, kept as its digest.
#[derive(Clone)]
pub struct ApiToken([u8; 32]);

impl ApiToken {
    /// The token spelled by `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text.trim().as_bytes()).into())
    }

    /// Whether `text` is the token. Takes the same time for every wrong one.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        digest.ct_eq(&self.0).into()
    }
}

/// Lets a request pass that carries the API token in `Authorization`.
///
/// # Errors
/// `unauthorized`, the same for a missing and a wrong token.
pub fn require_token(request: &HttpRequest, token: &ApiToken) -> Result<(), ApiError> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    match given {
        Some(given) if token.is(given) => Ok(()),
        _ => Err(ApiError::unauthorized()),
    }
}

/// Lets a WebSocket pass that comes from the server's own pages, or from no browser.
///
/// Browsers send `Origin` and let any page open a socket to any host; only the header tells them apart.
///
/// # Errors
/// `unauthorized` for another origin.
pub fn require_own_origin(request: &HttpRequest) -> Result<(), ApiError> {
    if !request.headers().contains_key(header::ORIGIN) || is_own_origin(request) {
        return Ok(());
    }
    Err(ApiError::unauthorized())
}

/// Whether the request says that it comes from the server's own pages.
#[must_use]
pub fn is_own_origin(request: &HttpRequest) -> bool {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return false };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.to_str().is_ok_and(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(|rest| rest == host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_whole_token_passes() {
        let token = ApiToken::new("s3cret\n");
        for (header, passes) in [
            ("Bearer s3cret", true),
            ("Bearer s3cre", false),
            ("Bearer ", false),
            ("s3cret", false),
            ("Basic s3cret", false),
        ] {
            let request = TestRequest::default().insert_header(("authorization", header)).to_http_request();
            assert_eq!(require_token(&request, &token).is_ok(), passes, "{header}");
        }
        assert!(require_token(&TestRequest::default().to_http_request(), &token).is_err());
    }

    #[test]
    fn a_strangers_page_opens_no_socket() {
        for (origin, passes) in [
            ("http://localhost:7700", true),
            ("https://evil.example", false),
            ("http://localhost:7700.evil.example", false),
            ("null", false),
        ] {
            let request = TestRequest::default()
                .insert_header(("host", "localhost:7700"))
                .insert_header(("origin", origin))
                .to_http_request();
            assert_eq!(require_own_origin(&request).is_ok(), passes, "{origin}");
        }
    }
}
