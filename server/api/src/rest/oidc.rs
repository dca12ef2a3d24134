//! `/api/oidc/…`: signing in by the identity provider. The browser is sent there and comes back.

use super::session::{admitted, browser};
use crate::access::{origin, record};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use model::{ErrorCode, Fault};
use serde::Deserialize;
use utoipa::IntoParams;
use workbench::audit::NewAuditEntry;
use workbench::people::oidc::Oidc;

/// The cookie that ties the browser's return to its departure. Other than a session's it must come along from the provider.
const STATE_COOKIE: &str = "sluice_oidc";

/// What the provider sends the browser back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Return {
    /// Proves the login to the provider.
    code: Option<String>,
    /// What the browser left with.
    state: Option<String>,
    /// Why the provider refused.
    error: Option<String>,
}

/// Sends the browser to the identity provider.
#[utoipa::path(
    get, path = "/api/oidc/login", tag = "session",
    responses(
        (status = 303, description = "to the provider"), (status = 401, body = super::Problem),
        (status = 502, body = super::Problem, description = "the provider cannot be reached")
    )
)]
pub async fn login(state: Data<ApiState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let departure = provider(&state)?.begin().await?;
    let secure = if super::session::is_behind_tls(&request) { "; Secure" } else { "" };
    let cookie =
        format!("{STATE_COOKIE}={}; HttpOnly; SameSite=Lax; Path=/api/oidc; Max-Age=600{secure}", departure.state);
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, departure.url))
        .insert_header((header::SET_COOKIE, cookie))
        .finish())
}

/// Signs in whom the identity provider sends back, and goes to the editor.
#[utoipa::path(
    get, path = "/api/oidc/callback", tag = "session", params(Return),
    responses(
        (status = 303, description = "to the editor, signed in"),
        (status = 401, body = super::Problem, description = "it proves nothing, or no role fits")
    )
)]
pub async fn callback(
    state: Data<ApiState>,
    request: HttpRequest,
    back: Query<Return>,
) -> Result<HttpResponse, ApiError> {
    let oidc = provider(&state)?;
    let left_with = crate::access::caller::cookie_of(&request, STATE_COOKIE);
    let (Some(code), Some(given)) = (&back.code, back.state.as_deref().filter(|given| left_with == Some(*given)))
    else {
        let why = match &back.error {
            Some(error) => format!("the identity provider refused: {}", error.chars().take(80).collect::<String>()),
            None => "this browser did not begin the login that it ends".to_owned(),
        };
        return Err(Fault::new(ErrorCode::Unauthorized, why).hint("Sign in again.").into());
    };
    // Only what was begun here goes on record, or strangers could fill it.
    if !oidc.knows(given) {
        let why = "the login took too long, or was ended already";
        return Err(Fault::new(ErrorCode::Unauthorized, why).hint("Sign in again.").into());
    }
    let found = oidc.finish(given, code).await;
    let address = origin::address(&request);
    let name = found.as_ref().map_or("nobody", |account| account.name.as_str()).to_owned();
    let entry = NewAuditEntry {
        subject: if found.is_ok() { format!("user {name}") } else { String::new() },
        who: name,
        way: "identity provider".to_owned(),
        address: address.clone(),
        operation: "signIn".to_owned(),
        outcome: found.as_ref().err().map_or("done", |fault| fault.code.as_str()).to_owned(),
        ..NewAuditEntry::default()
    };
    record::write(&state.workbench.audit, &entry).await?;
    let signed = state.workbench.people.begin_session(found?, &address, browser(&request)).await?;
    let (cookie, _) = admitted(&state, &request, signed).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/"))
        .insert_header((header::SET_COOKIE, cookie))
        .finish())
}

fn provider(state: &ApiState) -> Result<&Oidc, ApiError> {
    state.oidc.as_ref().ok_or_else(|| {
        Fault::new(ErrorCode::BadRequest, "this server has no identity provider")
            .hint("The operator names one by `--oidc-issuer`.")
            .into()
    })
}
