//! `/health`: whether the server is ready. The only route without token.

use crate::server::ApiState;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

/// What `/health` answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `failing`.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// Seconds since it started.
    pub uptime_s: u64,
}

/// Answers 200 as soon as the metadata database answers, else 503.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(state: web::Data<ApiState>) -> HttpResponse {
    let ready = state.engine.list_workflows(None, 1).await;
    let body =
        |status| Health { status, version: env!("CARGO_PKG_VERSION"), uptime_s: state.started.elapsed().as_secs() };
    match ready {
        Ok(_) => HttpResponse::Ok().json(body("ok")),
        Err(fault) => {
            tracing::error!(error = %fault, "the server is not healthy");
            HttpResponse::ServiceUnavailable().json(body("failing"))
        }
    }
}
