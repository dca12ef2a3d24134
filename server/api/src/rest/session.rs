//! `/api/session`: signing in and out by a browser, and `/api/setup`: the first admin.
//!
//! The session's token lies in a cookie that scripts cannot read and other sites do not send. Whatever changes something
//! with it needs the header `x-sluice-csrf` and the server's own `Origin` besides; see `access::caller`.

use super::{Caller, Problem};
use crate::access::caller::{SESSION_COOKIE, find_cookie};
use crate::access::{origin, record};
use crate::auth::require_own_origin;
use crate::body::{self, Body};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use model::access::Role;
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use workbench::audit::NewAuditEntry;
use workbench::people::SignedIn;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "ann", "password": "…" }))]
pub struct SignIn {
    name: String,
    password: String,
}

/// Who becomes the first admin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "setup": "…", "name": "ann", "password": "…" }))]
pub struct Setup {
    /// What stands behind `#setup=` in the address that the server printed.
    setup: String,
    name: String,
    /// At least 10 characters.
    password: String,
}

/// Who asks, and what that person may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "ann", "user": "user_018d…", "role": "editor", "read_only": false, "session": "session_018d…",
    "operations": ["workflows", "saveWorkflow"]
}))]
pub struct SessionView {
    /// The name on record; `api` for the server's own token.
    name: String,
    /// Id of the person; null for the server's own token.
    user: Option<String>,
    /// `viewer`, `operator`, `editor` or `admin`.
    role: String,
    /// Whether nothing may be changed, whatever the role.
    read_only: bool,
    /// Id of the session; null where a token was shown.
    session: Option<String>,
    /// When the session ends by itself; told at login.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// Fields of GraphQL that may be asked for, at least of some connections and workflows.
    operations: Vec<String>,
}

/// Signs in by name and password; the answer sets the session's cookie.
#[utoipa::path(
    post, path = "/api/session", tag = "session", request_body = SignIn,
    responses(
        (status = 200, body = SessionView), (status = 400, body = Problem),
        (status = 401, body = Problem, description = "name or password is wrong; which is not told"),
        (status = 429, body = Problem, description = "too many attempts have failed")
    )
)]
pub async fn create(state: Data<ApiState>, request: HttpRequest, Body(bytes): Body) -> Result<HttpResponse, ApiError> {
    require_own_origin(&request)?;
    let SignIn { name, password } = body::read(&request, &bytes)?;
    let address = origin::address(&request);
    let signed = state.workbench.people.sign_in(&name, &password, &address, browser(&request)).await;
    // The failures before it are on record; this one would let a stranger fill it.
    if let Err(refused) = &signed
        && refused.code == ErrorCode::TooBusy
    {
        return Err(refused.clone().into());
    }
    let shown: String = name.chars().take(64).collect();
    let outcome = signed.as_ref().err().map_or("done", |fault| fault.code.as_str());
    let entry = NewAuditEntry {
        who: if signed.is_ok() { shown.clone() } else { "nobody".to_owned() },
        way: "password".to_owned(),
        address,
        operation: "signIn".to_owned(),
        subject: format!("user {shown}"),
        outcome: outcome.to_owned(),
        ..NewAuditEntry::default()
    };
    record::write(&state.workbench.audit, &entry).await?;
    let (cookie, view) = admitted(&state, &request, signed?).await?;
    Ok(HttpResponse::Ok().insert_header((header::SET_COOKIE, cookie)).json(view))
}

/// Makes the first admin, with what the server printed at its first start, and signs in.
#[utoipa::path(
    post, path = "/api/setup", tag = "session", request_body = Setup,
    responses(
        (status = 200, body = SessionView), (status = 400, body = Problem),
        (status = 401, body = Problem, description = "the link was used, or is of an earlier start"),
        (status = 422, body = Problem, description = "the name or password cannot be")
    )
)]
pub async fn set_up(state: Data<ApiState>, request: HttpRequest, Body(bytes): Body) -> Result<HttpResponse, ApiError> {
    require_own_origin(&request)?;
    let Setup { setup, name, password } = body::read(&request, &bytes)?;
    let mut link = state.setup.lock().await;
    let people = &state.workbench.people;
    if !link.as_ref().is_some_and(|link| link.is(&setup)) || people.has_admin().await? {
        return Err(Fault::new(ErrorCode::Unauthorized, "the setup link was used already, or is of an earlier start")
            .hint("Sign in; `sluice user add --role admin` makes an admin on the server's machine.")
            .into());
    }
    let account = people.create(&name, Some(&password), Role::Admin).await?;
    *link = None;
    let address = origin::address(&request);
    let entry = NewAuditEntry {
        who: account.name.clone(),
        way: "setup link".to_owned(),
        address: address.clone(),
        operation: "setUp".to_owned(),
        subject: format!("user {}", account.name),
        outcome: "done".to_owned(),
        after: json!({ "name": account.name, "role": account.role }).to_string(),
        ..NewAuditEntry::default()
    };
    record::write(&state.workbench.audit, &entry).await?;
    let signed = people.begin_session(account, &address, browser(&request)).await?;
    let (cookie, view) = admitted(&state, &request, signed).await?;
    Ok(HttpResponse::Ok().insert_header((header::SET_COOKIE, cookie)).json(view))
}

/// Who asks, and what that person may.
#[utoipa::path(
    get, path = "/api/session", tag = "session", security(("token" = [])),
    responses((status = 200, body = SessionView), (status = 401, body = Problem))
)]
pub async fn get(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(view(&caller, None))
}

/// Which ways of signing in there are, for the page that asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "password": true, "oidc": false, "setup": false }))]
pub struct SessionOptions {
    /// Whether somebody has a password, so that `POST /api/session` makes sense.
    password: bool,
    /// Whether `/api/oidc/login` leads to an identity provider.
    oidc: bool,
    /// Whether the link that makes the first admin is still open.
    setup: bool,
}

/// Which ways of signing in there are.
#[utoipa::path(
    get, path = "/api/session/options", tag = "session", responses((status = 200, body = SessionOptions))
)]
pub async fn options(state: Data<ApiState>) -> Result<HttpResponse, ApiError> {
    let has_admin = state.workbench.people.has_admin().await?;
    let setup = state.setup.lock().await.is_some() && !has_admin;
    Ok(HttpResponse::Ok().json(SessionOptions { password: has_admin, oidc: state.oidc.is_some(), setup }))
}

/// Signs out: ends the session that asks.
#[utoipa::path(
    delete, path = "/api/session", tag = "session", security(("token" = [])),
    responses((status = 204, description = "the session is over"), (status = 401, body = Problem))
)]
pub async fn delete(caller: Caller, state: Data<ApiState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let gone = cookie(&request, "", 0);
    if let Some(session) = caller.session {
        state.workbench.people.end_session(session, caller.authority.user).await?;
    }
    Ok(HttpResponse::NoContent().insert_header((header::SET_COOKIE, gone)).finish())
}

/// The cookie of a session that begins, and who it is.
pub(super) async fn admitted(
    state: &ApiState,
    request: &HttpRequest,
    signed: SignedIn,
) -> Result<(String, SessionView), ApiError> {
    let caller = state.access.of_session(&signed.token, &origin::address(request)).await?;
    // A session that the browser had before is left behind, so that nobody can have given it one.
    if let Some(before) = find_cookie(request)
        && let Ok(Some(before)) = state.workbench.people.admit_session(before).await
        && let Some(session) = before.session
    {
        let _ = state.workbench.people.end_session(session, before.authority.user).await;
    }
    let kept = cookie(request, &signed.token, (signed.expires_at - Utc::now()).num_seconds());
    Ok((kept, view(&caller, Some(signed.expires_at))))
}

fn view(caller: &Caller, expires_at: Option<DateTime<Utc>>) -> SessionView {
    SessionView {
        name: caller.who().to_owned(),
        user: caller.authority.user.map(|user| user.to_string()),
        role: caller.authority.role.to_string(),
        read_only: caller.authority.read_only,
        session: caller.session.map(|session| session.to_string()),
        expires_at,
        operations: caller.operations().into_iter().map(ToOwned::to_owned).collect(),
    }
}

/// The cookie for so many seconds; its value is base64 and needs no quoting.
fn cookie(request: &HttpRequest, value: &str, seconds: i64) -> String {
    let secure = if is_behind_tls(request) { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}

/// Whether the browser came by HTTPS, which a proxy before the server tells.
pub(super) fn is_behind_tls(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header("x-forwarded-proto").eq_ignore_ascii_case("https") || header("origin").starts_with("https://")
}

pub(super) fn browser(request: &HttpRequest) -> &str {
    request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_cookie_is_hidden_from_scripts_and_other_sites_and_from_plain_http_where_tls_is_used() {
        let plain = cookie(&TestRequest::default().to_http_request(), "x", 9);
        assert_eq!(plain, "sluice_session=x; HttpOnly; SameSite=Strict; Path=/; Max-Age=9");
        let request = TestRequest::default().insert_header(("x-forwarded-proto", "https")).to_http_request();
        assert!(cookie(&request, "x", 9).ends_with("; Secure"));
    }
}
