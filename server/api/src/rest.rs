//! REST: what scripts and other systems call. One file for each noun; the routes are listed in [`crate::server`].
//!
//! Every handler takes a [`Caller`] first, so that nobody without the token gets further than that, and reads its body by
//! [`crate::body::read`], so that whatever is sent instead of JSON gets the one error shape. Lists have a cursor and a cap.

pub mod anomalies;
pub mod databases;
pub mod page;
pub mod query;
pub mod tasks;

use crate::auth::require_token;
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use std::future::{Ready, ready};
use utoipa::ToSchema;

/// Proof that the request carries the API token.
pub struct Caller(());

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let Some(state) = request.app_data::<Data<ApiState>>() else { return ready(Err(ApiError::unauthorized())) };
        ready(require_token(request, &state.token).map(|()| Self(())))
    }
}

/// What every error answers. The page of each code tells more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "connection_not_found",
    "message": "connection `histroy` does not exist",
    "hint": "Did you mean `history`?"
}))]
pub struct Problem {
    /// Which kind of wrong, as a word that never changes its meaning.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in what was sent.
    pub path: Option<String>,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column, counted from 1.
    pub column: Option<u32>,
}
