//! Faults on their way out: as a REST body, and as GraphQL `extensions`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use juniper::{FieldError, IntoFieldError, ScalarValue, Value};
use model::{ErrorCode, Fault};
use std::fmt;

/// Why a request was not served.
#[derive(Debug, Clone)]
pub struct ApiError(pub Fault);

impl ApiError {
    /// A request without, or with wrong, credentials.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self(
            Fault::new(ErrorCode::Unauthorized, "the request has no valid token")
                .hint("Send `Authorization: Bearer <token>`; the token is in the data folder's file `api-token`."),
        )
    }

    /// A request that cannot be understood.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self(Fault::new(ErrorCode::BadRequest, message))
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<data::Error> for ApiError {
    fn from(error: data::Error) -> Self {
        Self(*error.fault)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if self.0.code == ErrorCode::TooBusy {
            answer.insert_header((header::RETRY_AFTER, "1"));
        }
        answer.json(&self.0)
    }
}

impl<S: ScalarValue> IntoFieldError<S> for ApiError {
    fn into_field_error(self) -> FieldError<S> {
        let fault = self.0;
        let text = |value: String| Value::scalar(S::from_displayable(&value));
        let number = |value: u32| Value::scalar(i32::try_from(value).unwrap_or(i32::MAX));
        let mut extensions = juniper::Object::with_capacity(5);
        extensions.add_field("code", text(fault.code.to_string()));
        for (key, value) in [("hint", fault.hint), ("path", fault.path)] {
            if let Some(value) = value {
                extensions.add_field(key, text(value));
            }
        }
        for (key, value) in [("line", fault.line), ("column", fault.column)] {
            if let Some(value) = value {
                extensions.add_field(key, number(value));
            }
        }
        FieldError::new(fault.message, Value::object(extensions))
    }
}
