//! `/api/runs`: the files that runs leave. Everything else of a run is GraphQL's `run`.

use super::{Caller, Problem};
use crate::error::ApiError;
use crate::graphql::query::run_id;
use crate::server::ApiState;
use actix_web::http::header::{
    self, ContentDisposition, DispositionParam, DispositionType, ETag, EntityTag, ExtendedValue,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use model::{ErrorCode, Fault};

/// Answers an artifact of a run as it was kept. It takes the right to read the run's workflow, and to use the connections
/// that its document names, since it holds rows.
#[utoipa::path(
    get, path = "/api/runs/{id}/artifacts/{name}", tag = "runs", security(("token" = [])),
    params(("id" = String, Path, description = "the run"), ("name" = String, Path, description = "the artifact")),
    responses(
        (status = 200, description = "the file, with its media type; `ETag` is its SHA-256", content_type = "application/octet-stream"),
        (status = 304, description = "`If-None-Match` has its `ETag`"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem, description = "no such run or artifact")
    )
)]
pub async fn artifact(
    _: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (run, name) = path.into_inner();
    let run = state.engine.get_run(run_id(&run)?).await?.id;
    let found = state.workbench.artifacts.find_artifact(run, &name).await.map_err(Fault::from)?;
    let Some((artifact, content)) = found else {
        let shown: String = name.chars().take(80).collect();
        let fault = Fault::new(ErrorCode::ArtifactNotFound, format!("the run has no artifact `{shown}`"));
        return Err(fault.hint("`artifacts` of GraphQL's `run` lists what it has.").into());
    };
    let tag = EntityTag::new_strong(artifact.digest);
    if request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag.to_string()))
    {
        return Ok(HttpResponse::NotModified().insert_header(ETag(tag)).finish());
    }
    // A file to be saved, whatever is in it: a browser shows nothing of it as a page of ours.
    let attachment = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::FilenameExt(ExtendedValue {
            charset: header::Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: artifact.name.into_bytes(),
        })],
    };
    Ok(HttpResponse::Ok()
        .content_type(artifact.media_type)
        .insert_header(attachment)
        .insert_header(ETag(tag))
        .body(content))
}
