//! `/api/openapi.json`: what the REST routes take and answer (OpenAPI 3.1).

use crate::{health, hooks};
use actix_web::HttpResponse;
use utoipa::OpenApi;

/// The description of all REST routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sluice",
        description = "Scripts and other systems call these; everything else is GraphQL at /graphql."
    ),
    paths(health::health, hooks::receive)
)]
pub struct Description;

/// Answers the description.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}
