//! Who asks: what a request presents, and the authority that makes of it.

use super::operations::{Least, Needs, Operation, Root};
use crate::auth::{ApiToken, is_own_origin};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use chrono::{DateTime, Utc};
use model::access::{Authority, Level, Role, Thing};
use model::{ErrorCode, Fault, SessionId};
use std::sync::Arc;
use workbench::people::{Admitted, People};

/// The cookie that holds a session's token.
pub const SESSION_COOKIE: &str = "sluice_session";

/// The header that whatever changes something by a cookie must carry, with any value: a form of another site cannot send it.
pub const CSRF: &str = "x-sluice-csrf";

/// What a request shows to be let in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// `Authorization: Bearer …`.
    Bearer(String),
    /// A session's cookie, in a request that the server's own page has sent.
    Session(String),
}

impl Presented {
    /// What the request shows. A cookie that another site may have made the browser send shows nothing.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(header) = header {
            return header.strip_prefix("Bearer ").map_or(Self::Nothing, |token| Self::Bearer(token.to_owned()));
        }
        let Some(cookie) = find_cookie(request) else { return Self::Nothing };
        let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_socket = request.headers().contains_key(header::UPGRADE);
        let own = match (is_safe, is_socket) {
            (true, false) => true,
            (true, true) => is_own_origin(request),
            (false, _) => request.headers().contains_key(CSRF) && is_own_origin(request),
        };
        if own { Self::Session(cookie.to_owned()) } else { Self::Nothing }
    }
}

/// The session's token in the request's cookies.
#[must_use]
pub fn find_cookie(request: &HttpRequest) -> Option<&str> {
    cookie_of(request, SESSION_COOKIE)
}

/// The value of a cookie.
pub(crate) fn cookie_of<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(header::COOKIE).filter_map(|header| header.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Finds out who asks.
#[derive(Clone)]
pub struct Access {
    token: ApiToken,
    people: People,
}

impl Access {
    /// Knows the server's own token, and people's.
    #[must_use]
    pub fn new(token: ApiToken, people: People) -> Self {
        Self { token, people }
    }

    /// Who shows that.
    ///
    /// # Errors
    /// `unauthorized`, the same for whatever does not let in; `store_failed`.
    pub async fn resolve(&self, presented: &Presented, address: &str) -> Result<Caller, ApiError> {
        let admitted = match presented {
            Presented::Bearer(token) if self.token.is(token) => Some(Arc::new(Admitted {
                authority: Authority::server(),
                session: None,
                token: None,
                expires_at: None,
            })),
            Presented::Bearer(token) => self.people.admit_token(token).await?,
            Presented::Session(token) => self.people.admit_session(token).await?,
            Presented::Nothing => None,
        };
        let admitted = admitted.ok_or_else(ApiError::unauthorized)?;
        Ok(Caller {
            authority: Arc::new(admitted.authority.clone()),
            session: admitted.session,
            expires_at: admitted.expires_at,
            address: address.to_owned(),
            presented: presented.clone(),
            access: self.clone(),
        })
    }

    /// Who has that session.
    ///
    /// # Errors
    /// As for [`Access::resolve`].
    pub async fn of_session(&self, token: &str, address: &str) -> Result<Caller, ApiError> {
        self.resolve(&Presented::Session(token.to_owned()), address).await
    }
}

/// Somebody who was let in.
#[derive(Clone)]
pub struct Caller {
    /// What decides.
    pub authority: Arc<Authority>,
    /// The session, where its cookie was shown.
    pub session: Option<SessionId>,
    /// When the API token that was shown stops working; none: never, or none was.
    pub expires_at: Option<DateTime<Utc>>,
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

    /// How the caller came in.
    #[must_use]
    pub fn way(&self) -> &'static str {
        match (&self.presented, self.authority.user) {
            (Presented::Session(_), _) => "session",
            (_, Some(_)) => "token",
            (_, None) => "server token",
        }
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

    /// Whether nothing is kept from this caller.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.authority.role == Role::Admin && !self.authority.read_only
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
        Err(self.forbidden(format!("{thing} `{}` takes the level `{level}`, and you have `{has}`", shorten(name))))
    }

    /// As [`Caller::require`], for a connection that must be there.
    ///
    /// # Errors
    /// `connection_not_found` or `forbidden`.
    pub async fn require_connection(&self, state: &ApiState, name: &str, level: Level) -> Result<(), ApiError> {
        super::needs::connection(&state.context(self.clone()), name, level).await
    }

    /// Fields of GraphQL that may be asked for, at least of some connections and workflows.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        let roots = [Root::Query, Root::Mutation, Root::Subscription];
        let rows = roots.iter().flat_map(|root| root.rows());
        rows.filter(|row| self.may_ask(row)).map(|row| row.name).collect()
    }

    /// Whether there is a name of a thing for which that level holds.
    #[must_use]
    pub fn has_somewhere(&self, thing: Thing, level: Level) -> bool {
        let authority = &self.authority;
        authority.role.level() >= level
            || authority.grants.iter().any(|grant| grant.thing == thing && grant.level >= level)
    }

    fn may_ask(&self, operation: &Operation) -> bool {
        let authority = &self.authority;
        let enough = match operation.least {
            Least::Role(role) => authority.role >= role,
            Least::Public | Least::Own | Least::Signed => true,
        };
        let somewhere = |needs: &Needs| needs.level().is_none_or(|(thing, level)| self.has_somewhere(thing, level));
        enough && !(operation.changes && authority.read_only) && operation.needs.iter().all(somewhere)
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
    let (code, list) = match thing {
        Thing::Connection => (ErrorCode::ConnectionNotFound, "connections"),
        Thing::Workflow => (ErrorCode::WorkflowNotFound, "workflows"),
    };
    let fault = Fault::new(code, format!("{thing} `{}` does not exist", shorten(name)));
    ApiError(fault.hint(format!("List the {list} you may see.")))
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_cookie_shows_nothing_in_what_another_site_may_have_sent() {
        let own = ("origin", "http://localhost:7700");
        let check = |request: TestRequest, headers: &[(&str, &str)], shows: bool| {
            let mut request = request.insert_header(("host", "localhost:7700"));
            request = request.insert_header(("cookie", "sluice_session=abc"));
            for (name, value) in headers {
                request = request.insert_header((*name, *value));
            }
            let presented = Presented::of(&request.to_http_request());
            assert_eq!(presented == Presented::Session("abc".to_owned()), shows, "{headers:?}");
        };
        check(TestRequest::get(), &[], true);
        for method in [TestRequest::post, TestRequest::put, TestRequest::delete, TestRequest::patch] {
            check(method(), &[], false);
            check(method(), &[own], false);
            check(method(), &[(CSRF, "1")], false);
            check(method(), &[(CSRF, "1"), ("origin", "https://evil.example")], false);
            check(method(), &[(CSRF, "1"), ("origin", "null")], false);
            check(method(), &[(CSRF, "1"), own], true);
        }
        check(TestRequest::get(), &[("upgrade", "websocket")], false);
        check(TestRequest::get(), &[("upgrade", "websocket"), ("origin", "https://evil.example")], false);
        check(TestRequest::get(), &[("upgrade", "websocket"), own], true);
        // A wrong header is not made up for by a cookie.
        check(TestRequest::get(), &[("authorization", "Basic eDp5")], false);
    }
}
