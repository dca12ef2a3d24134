//! `POST /graphql`: JSON only, few operations at once, none for ever.

use crate::access::Caller;
use crate::body::Body;
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use juniper::http::GraphQLBatchRequest;
use model::{ErrorCode, Fault};
use serde_json::{Value, json};
use std::time::Duration;

/// The most operations in one request.
const BATCH_MOST: usize = 10;

/// The longest one request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// The largest answer, in bytes.
const ANSWER_MOST: usize = 16 << 20;

/// Executes one operation, or a list of them.
pub async fn post(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<HttpResponse, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // A form posted by a strange page cannot have this type.
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::bad_request("the body's type must be `application/json`"));
    }
    let batch: GraphQLBatchRequest = serde_json::from_slice(&body).map_err(|error| {
        // Of JSON of another shape serde only says that it is none of its variants.
        let why = if error.is_data() { String::new() } else { format!(": {error}") };
        let mut refused = ApiError::bad_request(format!("the body is not a GraphQL request{why}"));
        refused.0.hint = Some("Send `{\"query\": \"…\", \"variables\": {…}}`.".to_owned());
        refused
    })?;
    if matches!(&batch, GraphQLBatchRequest::Batch(requests) if requests.len() > BATCH_MOST) {
        return Err(ApiError::bad_request(format!("at most {BATCH_MOST} operations are allowed in one request")));
    }
    let context = state.context(caller);
    let Ok(answer) = tokio::time::timeout(LONGEST, batch.execute(&state.schema, &context)).await else {
        return Err(too_large(format!("the request took longer than {} s", LONGEST.as_secs())));
    };
    let unwritable =
        |error| ApiError(Fault::new(ErrorCode::Internal, format!("the answer cannot be written: {error}")));
    let text = if answer.is_ok() {
        serde_json::to_vec(&answer)
    } else {
        serde_json::to_value(&answer).and_then(|answer| serde_json::to_vec(&coded(answer)))
    };
    let text = text.map_err(unwritable)?;
    if text.len() > ANSWER_MOST {
        return Err(too_large(format!("the answer has more than {} MiB", ANSWER_MOST >> 20)));
    }
    // GraphQL over HTTP: an operation that could not start is the caller's fault.
    let mut response = if answer.is_ok() { HttpResponse::Ok() } else { HttpResponse::BadRequest() };
    Ok(response.content_type("application/json").body(text))
}

/// What juniper says of a document that it does not run has no code; everything that reaches a person has one.
fn coded(mut answer: Value) -> Value {
    let answers = match &mut answer {
        Value::Array(answers) => answers.iter_mut().collect(),
        one => vec![one],
    };
    let errors = answers.into_iter().filter_map(|answer| answer.get_mut("errors")?.as_array_mut()).flatten();
    errors.for_each(give_code);
    answer
}

/// Gives an error a code where it has none.
pub(super) fn give_code(error: &mut Value) {
    if let Some(error) = error.as_object_mut() {
        error.entry("extensions").or_insert_with(|| json!({ "code": ErrorCode::BadRequest.as_str() }));
    }
}

fn too_large(message: String) -> ApiError {
    ApiError(Fault::new(ErrorCode::RequestTooLarge, message).hint("Ask for fewer fields, or for smaller pages."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_not_run_is_refused_with_a_code() {
        let refused = json!({ "errors": [{ "message": "Unknown field" }] });
        let told = json!({ "errors": [{ "message": "no", "extensions": { "code": "workflow_not_found" } }] });
        assert_eq!(coded(refused.clone())["errors"][0]["extensions"]["code"], "bad_request");
        assert_eq!(coded(told.clone()), told);
        assert_eq!(coded(json!([told, refused]))[1]["errors"][0]["extensions"]["code"], "bad_request");
    }
}
