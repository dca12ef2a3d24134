//! `/api/plugins`: installing an archive, for scripts and `sluice plugin dev`; all else about plugins is GraphQL.

use super::{Caller, Problem};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use model::{ErrorCode, Fault};
use serde::Serialize;
use utoipa::ToSchema;

/// The largest archive, in bytes: that of the largest component, hardly compressed.
pub(crate) const ARCHIVE: usize = 34 << 20;

/// What was installed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "name": "csv-http", "version": "0.2.0", "digest": "9f86d0…", "grants": ["clock"], "missing": [], "signed_by": null }))]
pub struct InstalledPlugin {
    name: String,
    /// The version that is in use now.
    version: String,
    digest: String,
    /// What it was granted.
    grants: Vec<String>,
    /// What it asks for and was not granted.
    missing: Vec<String>,
    /// The name of the trusted key that signed it.
    signed_by: Option<String>,
}

/// Installs an archive made by `sluice plugin pack` and puts it to use; a broken one leaves the version before in use.
#[utoipa::path(
    post, path = "/api/plugins", tag = "plugins", security(("token" = [])),
    params(("grant" = Option<Vec<String>>, Query, description = "`http:https://api.example.com`, `clock`, …; may be given several times. Without any, an upgrade keeps what it had.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The archive."),
    responses(
        (status = 201, description = "Installed and in use.", body = InstalledPlugin),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 413, description = "The archive is too large.", body = Problem),
        (status = 422, description = "Archive, signature or grants are refused.", body = Problem),
    ),
)]
pub async fn install(
    _caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    archive: Result<Bytes, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let archive = archive.map_err(|_| {
        ApiError::from(
            Fault::new(
                ErrorCode::RequestTooLarge,
                format!("the archive has more than {} MiB, or was cut off", ARCHIVE >> 20),
            )
            .hint("Let the plugin be smaller: strip it, and leave out what it does not need."),
        )
    })?;
    let query = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|_| ApiError::bad_request("the query string cannot be read"))?;
    if let Some((name, _)) = query.iter().find(|(name, _)| name != "grant") {
        let name: String = name.chars().take(64).collect();
        return Err(ApiError::bad_request(format!("there is no parameter `{name}`; `grant` is one")));
    }
    let grants: Vec<String> = query.into_inner().into_iter().map(|(_, grant)| grant).collect();
    let grants = (!grants.is_empty()).then_some(grants);
    let installed = state.workbench.plugins.install(archive.to_vec(), grants).await?;
    Ok(HttpResponse::Created().json(InstalledPlugin {
        name: installed.name,
        version: installed.version,
        digest: installed.digest,
        grants: installed.grants,
        missing: installed.missing,
        signed_by: installed.signed_by,
    }))
}
