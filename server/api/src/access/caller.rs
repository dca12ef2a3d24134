//! Who asks: what a request presents, and the authority that makes of it.

use crate::auth::ApiToken;
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::HttpRequest;
use actix_web::http::header;
use model::access::{Authority, Level, Role, Thing};
use model::{ErrorCode, Fault};
use std::sync::Arc;

/// What a request shows to be let in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// `Authorization: Bearer …`.
    Bearer(String),
}

impl Presented {
    /// What the request's headers show.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match header.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) => Self::Bearer(token.to_owned()),
            None => Self::Nothing,
        }
    }
}

/// Finds out who asks.
#[derive(Clone)]
pub struct Access {
    token: ApiToken,
}

impl Access {
    /// Knows the server's own token.
    #[must_use]
    pub fn new(token: ApiToken) -> Self {
        Self { token }
    }

    /// Who shows that.
    ///
    /// # Errors
    /// `unauthorized`, the same for whatever does not let in.
    pub async fn resolve(&self, presented: &Presented, address: &str) -> Result<Caller, ApiError> {
        match presented {
            Presented::Bearer(token) if self.token.is(token) => Ok(Caller {
                authority: Arc::new(Authority::server()),
                address: address.to_owned(),
                presented: presented.clone(),
                access: self.clone(),
            }),
            _ => Err(ApiError::unauthorized()),
        }
    }
}

/// Somebody who was let in.
#[derive(Clone)]
pub struct Caller {
    /// What decides.
    pub authority: Arc<Authority>,
    /// The address the request came from.
    pub address: String,
    presented: Presented,
    access: Access,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Caller {
    /// The same caller with what holds now.
    ///
    /// # Errors
    /// `unauthorized` where what was shown lets nobody in any more.
    pub async fn renew(&self) -> Result<Self, ApiError> {
        self.access.resolve(&self.presented, &self.address).await
    }

    /// The name on record.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.authority.who
    }

    /// Whether lists show the thing of that name.
    #[must_use]
    pub fn sees(&self, thing: Thing, name: &str) -> bool {
        self.authority.may(thing, name, Level::Read)
    }

    /// Whether lists show every such thing.
    #[must_use]
    pub fn sees_all(&self, thing: Thing) -> bool {
        self.authority.may_all(thing, Level::Read)
    }

    /// Lets pass whoever has that level for the thing of that name. What cannot be seen is told as what is not there.
    ///
    /// # Errors
    /// The fault of an absent thing, or `forbidden`.
    pub fn require(&self, thing: Thing, name: &str, level: Level) -> Result<(), ApiError> {
        let has = self.authority.level(thing, name);
        if has >= level {
            return Ok(());
        }
        if has == Level::None {
            return Err(absent(thing, name));
        }
        Err(self.forbidden(format!("{thing} `{name}` takes the level `{level}`, and you have `{has}`")))
    }

    /// As [`Caller::require`], for a connection that must be there.
    ///
    /// # Errors
    /// `connection_not_found` or `forbidden`.
    pub async fn require_connection(&self, state: &ApiState, name: &str, level: Level) -> Result<(), ApiError> {
        super::needs::connection(&state.context(self.clone()), name, level).await
    }

    /// Whether nothing is kept from this caller.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.authority.role == Role::Admin && !self.authority.read_only
    }

    /// The refusal of what the caller may not.
    #[must_use]
    pub fn forbidden(&self, message: String) -> ApiError {
        ApiError(Fault::new(ErrorCode::Forbidden, message).hint("An admin can change your role or give you a grant."))
    }
}

/// What is said of a thing that is not there, or not to be seen.
#[must_use]
pub fn absent(thing: Thing, name: &str) -> ApiError {
    let shown: String = name.chars().take(80).collect();
    let (code, list) = match thing {
        Thing::Connection => (ErrorCode::ConnectionNotFound, "connections"),
        Thing::Workflow => (ErrorCode::WorkflowNotFound, "workflows"),
    };
    ApiError(
        Fault::new(code, format!("{thing} `{shown}` does not exist")).hint(format!("List the {list} you may see.")),
    )
}
