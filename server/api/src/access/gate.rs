//! The gate before every route: finds its row, who asks, and what it is about.

use super::caller::{Caller, Presented};
use super::needs::{self, Given};
use super::operations::{self, Least, Operation};
use crate::error::ApiError;
use crate::server::{ApiState, method_not_allowed};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
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
    match admit(&state, operation, request.request()).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        Err(refused) => return Ok(request.error_response(refused)),
    }
    next.call(request).await
}

async fn admit(state: &ApiState, operation: &Operation, request: &HttpRequest) -> Result<Option<Caller>, ApiError> {
    if operation.least == Least::Public {
        return Ok(None);
    }
    let caller = state.access.resolve(&Presented::of(request), &address(request)).await;
    if operation.least == Least::Own {
        return Ok(caller.ok());
    }
    let caller = caller?;
    let parts = request.match_info().iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    let given = Given(Value::Object(parts.collect::<Map<_, _>>()));
    needs::require(&state.context(caller.clone()), operation, &given).await?;
    Ok(Some(caller))
}

/// Where the request comes from: the other end of its connection.
pub(crate) fn address(request: &HttpRequest) -> String {
    request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default()
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(ApiError::unauthorized))
    }
}
