//! `POST /hooks/<path>`: other systems start runs, and may wait for the result (`?wait=30s`).
//!
//! A webhook with a `secret` wants proof of it: `Authorization: Bearer <secret>`, a Standard Webhooks signature
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature`), or `X-Signature-256: sha256=<hex>`. One without wants the API
//! token. The body, JSON or nothing, is `trigger.body` in expressions; members that are named like inputs fill them. A
//! webhook with `batch` gathers the rows of several calls into one run ([`batch`]).

pub mod batch;

use crate::access::Caller;
use crate::auth::{ApiToken, require_token};
use crate::body::Body;
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::engine::StartRun;
use engine::trigger::webhook::Hook;
use hmac::{Hmac, Mac};
use model::access::{Level, Thing};
use model::{ErrorCode, Fault, RunId, RunStatus};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::time::Duration;

/// The longest a caller may wait for a run.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How far a signature's timestamp may be from now, in seconds.
const SIGNATURE_AGE: i64 = 300;

/// What may follow the path.
#[derive(Debug, Deserialize)]
pub struct HookQuery {
    /// How long to wait for the run to end: `500ms`, `30s`, `2m`.
    wait: Option<String>,
}

/// Starts the run a webhook asks for.
///
/// Answers 202 with the run's id, or, with `wait`, 200 with its result as soon as it has ended (202 where the time is over).
#[utoipa::path(
    post, path = "/hooks/{path}", request_body = String,
    params(("path" = String, Path, description = "the webhook's path"), ("wait" = Option<String>, Query, description = "how long to wait for the result, e.g. 30s")),
    responses((status = 200, description = "the run ended; its result"), (status = 202, description = "the run was accepted"), (status = 401), (status = 404))
)]
pub async fn receive(
    state: Data<ApiState>,
    request: HttpRequest,
    path: Path<String>,
    query: Query<HookQuery>,
    Body(body): Body,
) -> Result<HttpResponse, ApiError> {
    let wait = query.wait.as_deref().map(parse_wait).transpose()?;
    let Some(hook) = state.engine.find_hook(&path) else {
        // The same answer whether or not the caller has the token would tell strangers nothing either way.
        require_caller(&request)?;
        return Err(no_hook(&path));
    };
    match &hook.trigger.secret {
        None => {
            let caller = require_caller(&request)?;
            if caller.authority.read_only {
                return Err(caller.forbidden("this token may only read".to_owned()));
            }
            let name = &hook.plan.workflow.name;
            if !caller.sees(Thing::Workflow, name) {
                return Err(no_hook(&path));
            }
            caller.require(Thing::Workflow, name, Level::Use)?;
        }
        Some(name) => {
            if let Err(refused) = require_proof(&request, &state.find_secret(name)?, &body) {
                // Whoever is signed in and may not see the workflow is not told that it listens here.
                let hidden = require_caller(&request)
                    .is_ok_and(|caller| !caller.sees(Thing::Workflow, &hook.plan.workflow.name));
                return Err(if hidden { no_hook(&path) } else { refused });
            }
        }
    }
    let body: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))?
    };
    // A task of its own: a sender that hangs up instead of waiting for the answer has its run nevertheless.
    let (accepting, path) = (state.clone(), path.into_inner());
    let accepted = actix_web::rt::spawn(async move {
        match hook.trigger.batch {
            Some(limits) => accepting.batches.add(&accepting.engine, hook, limits, rows(body)?).await,
            None => start(&accepting, &hook, &path, body).await,
        }
    });
    let stopped =
        || Fault::new(ErrorCode::Internal, "the server stopped before the run was kept").hint("Send it again.");
    let run = accepted.await.map_err(|_| stopped())??;
    let Some(wait) = wait else {
        return Ok(HttpResponse::Accepted().json(json!({ "run": run, "status": RunStatus::Running })));
    };
    let view = state.engine.wait_run(run, wait).await?;
    let status = if view.status.is_final() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let outputs: Map<String, Value> =
        view.steps.iter().map(|step| (step.id.to_string(), Value::Object(step.outputs.clone()))).collect();
    Ok(HttpResponse::build(status)
        .json(json!({ "run": run, "status": view.status, "outputs": outputs, "error": view.error })))
}

fn require_caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    request.extensions().get::<Caller>().cloned().ok_or_else(ApiError::unauthorized)
}

fn no_hook(path: &str) -> ApiError {
    let shown: String = path.chars().take(80).collect();
    Fault::new(ErrorCode::WebhookNotFound, format!("no webhook listens on `{shown}`"))
        .hint("Save a workflow with `triggers: [{ webhook: <path> }]`, and check that it is enabled.")
        .into()
}

/// Starts a run for one call.
async fn start(state: &ApiState, hook: &Hook, path: &str, body: Value) -> Result<RunId, ApiError> {
    let declared = &hook.plan.workflow.inputs;
    let inputs: Map<String, Value> = body
        .as_object()
        .map(|members| {
            let named = members.iter().filter(|(name, _)| declared.iter().any(|input| input.name == **name));
            named.map(|(name, value)| (name.clone(), value.clone())).collect()
        })
        .unwrap_or_default();
    let trigger_data = [("path".to_owned(), json!(path)), ("body".to_owned(), body)].into_iter().collect();
    let start = StartRun { inputs, version: None, trigger: "webhook".to_owned(), trigger_data };
    Ok(state.engine.start_hook(hook, start).await?)
}

/// The rows of a call to a webhook that gathers them: an object is one, a list has several.
fn rows(body: Value) -> Result<Vec<Value>, ApiError> {
    let wrong = |what: &str| {
        let fault = Fault::new(ErrorCode::BadRequest, format!("{what}, and this webhook gathers rows"));
        ApiError(fault.hint("Send an object for one row, or a list of objects."))
    };
    let rows = match body {
        Value::Object(_) => vec![body],
        Value::Array(rows) if rows.is_empty() => return Err(wrong("the body is an empty list")),
        Value::Array(rows) if rows.iter().all(Value::is_object) => rows,
        Value::Array(_) => return Err(wrong("the body is a list of other things than objects")),
        Value::Null => return Err(wrong("the body is empty")),
        _ => return Err(wrong("the body is neither an object nor a list")),
    };
    Ok(rows)
}

fn parse_wait(text: &str) -> Result<Duration, ApiError> {
    let wrong = || ApiError::bad_request(format!("`wait={}` is not a duration such as 30s", shorten(text)));
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let wait = match &text[digits..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(wrong()),
    };
    Ok(wait.min(LONGEST_WAIT))
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

fn require_proof(request: &HttpRequest, secret: &str, body: &[u8]) -> Result<(), ApiError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let (Some(id), Some(timestamp), Some(signatures)) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    {
        let now = chrono::Utc::now().timestamp();
        let fresh = timestamp.parse::<i64>().is_ok_and(|at| (now - at).abs() <= SIGNATURE_AGE);
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let key = secret.strip_prefix("whsec_").and_then(|key| BASE64_STANDARD.decode(key).ok());
        let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
        let given = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        let mut given = given.filter_map(|one| BASE64_STANDARD.decode(one).ok());
        if fresh && given.any(|one| mac(&key, &signed).verify_slice(&one).is_ok()) {
            return Ok(());
        }
    } else if let Some(given) = header("x-signature-256").and_then(|value| value.strip_prefix("sha256=")) {
        if decode_hex(given).is_some_and(|given| mac(secret.as_bytes(), body).verify_slice(&given).is_ok()) {
            return Ok(());
        }
    } else if require_token(request, &ApiToken::new(secret)).is_ok() {
        return Ok(());
    }
    Err(ApiError(
        Fault::new(ErrorCode::Unauthorized, "the call does not prove that it knows the webhook's secret")
            .hint("Send it as `Authorization: Bearer`, or sign the body as Standard Webhooks describes."),
    ))
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use actix_web::test::TestRequest;

    const BODY: &[u8] = br#"{"type":"run.failed","timestamp":"2023-11-14T22:13:20Z","data":{"run":7}}"#;

    fn check(headers: &[(&str, &str)], secret: &str, passes: bool) {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        assert_eq!(require_proof(&request.to_http_request(), secret, BODY).is_ok(), passes, "{headers:?}");
    }

    #[test]
    fn the_published_vector_of_the_simple_signature_passes() {
        let good = "sha256=8241c749c02c00d6f033071f57e47712d75999b72339fc7519e76b8e15f7e9a1";
        check(&[("x-signature-256", good)], "demo-secret", true);
        check(&[("x-signature-256", good)], "another", false);
        check(&[("x-signature-256", "sha256=zz")], "demo-secret", false);
        check(&[], "demo-secret", false);
        check(&[("authorization", "Bearer demo-secret")], "demo-secret", true);
    }

    #[test]
    fn a_standard_webhooks_signature_passes_while_it_is_fresh() {
        let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
        let sign = |at: i64| {
            let key = BASE64_STANDARD.decode(&secret[6..]).unwrap();
            let signed = [format!("msg_demo1.{at}.").as_bytes(), BODY].concat();
            format!("v1,{}", BASE64_STANDARD.encode(mac(&key, &signed).finalize().into_bytes()))
        };
        // The vector of the specification's page.
        assert_eq!(sign(1_700_000_000), "v1,rUeVLVZwx8xRffOyCAlJ3RZ8YrbdYIlfKjZtH1yvAx8=");
        for (age, passes) in [(0, true), (-200, true), (-400, false), (400, false)] {
            let at = chrono::Utc::now().timestamp() + age;
            let (at, signature) = (at.to_string(), format!("v1,AAAA {}", sign(at)));
            let headers = [("webhook-id", "msg_demo1"), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
            check(&headers, secret, passes);
        }
    }

    #[test]
    fn a_wait_is_a_duration_up_to_five_minutes() {
        for (text, millis) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("60m", Some(300_000)),
            ("30", None),
            ("x", None),
            ("-1s", None),
        ] {
            assert_eq!(parse_wait(text).ok().map(|wait| wait.as_millis()), millis, "{text}");
        }
    }
}
