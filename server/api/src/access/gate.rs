//! The gate before every route: finds its row, who asks, and what it is about.

use super::caller::{Caller, Presented};
use super::needs::{self, Given};
use super::operations::{self, Least, Operation};
use super::origin::address;
use super::record::Recording;
use crate::body::Body;
use crate::error::ApiError;
use crate::server::{ApiState, method_not_allowed};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError as _};
use model::ErrorCode;
use serde_json::{Map, Value};
use std::future::{Ready, ready};

/// Lets a request through to the route at `path`, or answers it.
pub(crate) async fn pass(
    path: &'static str,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(operation) = operations::find_route(request.method().as_str(), path) else {
        // No row, no service: whatever may be registered.
        let answer = method_not_allowed(request.request().clone()).await;
        return Ok(request.into_response(answer));
    };
    let Some(state) = request.app_data::<Data<ApiState>>().cloned() else {
        return Ok(request.error_response(ApiError::unauthorized()));
    };
    let mut request = request;
    let caller = match caller(&state, operation, request.request()).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return next.call(request).await,
        Err(refused) => return Ok(request.error_response(refused)),
    };
    let context = state.context(caller.clone());
    let mut given = parts(request.request());
    let recording = if operation.records {
        // Only what is read as JSON is looked at; an archive is left to its handler, and its own limits.
        let reading = if is_json(request.request()) { Some(request.extract::<Body>().await) } else { None };
        match reading.unwrap_or_else(|| Ok(Body(Bytes::new()))) {
            Ok(Body(bytes)) if bytes.is_empty() => {}
            Ok(Body(bytes)) => {
                given.add("body", serde_json::from_slice(&bytes).unwrap_or_default());
                request.set_payload(Payload::from(bytes));
            }
            Err(refused) => return Ok(request.error_response(refused)),
        }
        match Recording::begin(&context, operation, &given).await {
            Ok(recording) => Some(recording),
            Err(refused) => return Ok(request.error_response(refused)),
        }
    } else {
        None
    };
    let answer = match needs::require(&context, operation, &given).await {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            next.call(request).await?
        }
        Err(refused) => request.error_response(refused),
    };
    if let Some(recording) = recording
        && let Err(refused) = recording.end(&context, outcome(&answer)).await
    {
        return Ok(ServiceResponse::new(answer.request().clone(), refused.error_response()));
    }
    Ok(answer)
}

/// Who asks; none where the row lets strangers in.
async fn caller(state: &ApiState, operation: &Operation, request: &HttpRequest) -> Result<Option<Caller>, ApiError> {
    if operation.least == Least::Public {
        return Ok(None);
    }
    let caller = state.access.resolve(&Presented::of(request), &address(request)).await;
    if operation.least != Least::Own {
        return caller.map(Some);
    }
    if let Ok(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(None)
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// What the path and the query name.
fn parts(request: &HttpRequest) -> Given {
    let parts = request.match_info().iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    let mut given = Given(Value::Object(parts.collect::<Map<_, _>>()));
    if !request.query_string().is_empty() {
        given.add("query", Value::from(request.query_string()));
    }
    given
}

/// How a request ended, in the word that goes on record.
fn outcome(answer: &ServiceResponse<BoxBody>) -> &'static str {
    match answer.status().as_u16() {
        0..=399 => "done",
        401 => ErrorCode::Unauthorized.as_str(),
        403 => ErrorCode::Forbidden.as_str(),
        404 => "not_found",
        400..=499 => "refused",
        _ => "failed",
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(ApiError::unauthorized))
    }
}
