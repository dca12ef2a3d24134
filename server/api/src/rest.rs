//! REST: what scripts and other systems call. One file for each noun; the routes are listed in [`crate::server`].
//!
//! Every handler takes a [`Caller`] first, whom the gate let in, and reads its body by
//! [`crate::body::read`], so that whatever is sent instead of JSON gets the one error shape. Lists have a cursor and a cap.

pub mod anomalies;
pub mod databases;
pub mod oidc;
pub mod page;
pub mod plugins;
pub mod query;
pub mod runs;
pub mod session;
pub mod tasks;

pub use crate::access::Caller;

use serde::Serialize;
use utoipa::ToSchema;

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
