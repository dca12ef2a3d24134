//! People, sessions, API tokens and grants.

use super::Context;
use super::page::{Filling, connection};
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLEnum, GraphQLInputObject, GraphQLObject, graphql_object};
use model::access::{self, Level, Role, Thing};
use model::{ApiTokenId, ErrorCode, Fault, SessionId, UserId};
use workbench::people::{AccountRecord, ApiTokenRecord, SessionRecord, TokenWish};

macro_rules! word {
    ($(#[$doc:meta])* $name:ident of $of:ident { $($(#[$each:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(GraphQLEnum, Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$each])* $variant),+ }

        impl From<$of> for $name {
            fn from(word: $of) -> Self {
                match word { $($of::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $of {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

word!(
    /// What a person is on this server. Each may do what the ones before it may.
    RoleWord of Role {
        /// Sees workflows, runs and the names and structure of connections; changes nothing.
        Viewer,
        /// Starts and stops runs, reads rows, cares for anomalies.
        Operator,
        /// Changes workflows, connections and what is in them.
        Editor,
        /// Everything, people and the audit log too.
        Admin,
    }
);
word!(
    /// What may be done with one connection or workflow. Each allows what the ones before it allow.
    LevelWord of Level {
        /// It is as if it were not there.
        None,
        /// See it.
        Read,
        /// Read rows through it; start, cancel and retry its runs.
        Use,
        /// Write through it, change it, delete it.
        Write,
    }
);
word!(
    /// What a grant is about.
    ThingWord of Thing {
        /// Connections.
        Connection,
        /// Workflows, with their versions and runs.
        Workflow,
    }
);

/// One person's level for the connections or workflows whose names fit a pattern.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Grant {
    thing: ThingWord,
    /// A name; `*` stands for any number of characters.
    pattern: String,
    level: LevelWord,
}

impl From<access::Grant> for Grant {
    fn from(grant: access::Grant) -> Self {
        Self { thing: grant.thing.into(), pattern: grant.pattern, level: grant.level.into() }
    }
}

/// Whoever asks.
pub struct Me;

#[graphql_object(context = Context)]
impl Me {
    /// The name on record; `api` for the server's own token.
    fn name(context: &Context) -> &str {
        context.caller.who()
    }
    /// The person; none for the server's own token.
    async fn user(context: &Context) -> Result<Option<User>, ApiError> {
        let Some(id) = context.caller.authority.user else { return Ok(None) };
        Ok(Some(User(context.workbench.people.get(&id.to_string()).await?)))
    }
    /// The role that holds: the person's, or the token's where that is less.
    fn role(context: &Context) -> RoleWord {
        context.caller.authority.role.into()
    }
    /// Whether nothing may be changed, whatever the role.
    fn read_only(context: &Context) -> bool {
        context.caller.authority.read_only
    }
    /// What differs from the role.
    fn grants(context: &Context) -> Vec<Grant> {
        context.caller.authority.grants.iter().cloned().map(Grant::from).collect()
    }
    /// Fields of `Query`, `Mutation` and `Subscription` that may be asked for, at least of some connections and workflows.
    fn operations(context: &Context) -> Vec<&str> {
        context.caller.operations()
    }
}

/// Somebody who may sign in.
pub struct User(pub AccountRecord);

#[graphql_object(context = Context)]
impl User {
    /// Prefix `user_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn name(&self) -> &str {
        &self.0.name
    }
    fn role(&self) -> RoleWord {
        self.0.role.into()
    }
    /// Whether nobody may sign in as this person.
    fn disabled(&self) -> bool {
        self.0.disabled
    }
    /// Whether there is a password; without one only the identity provider lets in.
    fn has_password(&self) -> bool {
        self.0.has_password
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
    /// When somebody last signed in.
    fn signed_in_at(&self) -> Option<DateTime<Utc>> {
        self.0.signed_in_at
    }
    /// What differs from the role.
    async fn grants(&self, context: &Context) -> Result<Vec<Grant>, ApiError> {
        let grants = context.workbench.people.list_grants(self.0.id).await?;
        Ok(grants.into_iter().map(Grant::from).collect())
    }
}

/// A browser that somebody signed in with.
pub struct Session(SessionRecord);

#[graphql_object(context = Context)]
impl Session {
    /// Prefix `session_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    /// Id of the person.
    fn user_id(&self) -> String {
        self.0.user.to_string()
    }
    /// Whether it is the one that asks.
    fn current(&self, context: &Context) -> bool {
        context.caller.session == Some(self.0.id)
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was last used, to the minute.
    fn seen_at(&self) -> DateTime<Utc> {
        self.0.seen_at
    }
    fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
    /// From where it was begun.
    fn address(&self) -> &str {
        &self.0.address
    }
    /// What the browser calls itself.
    fn browser(&self) -> &str {
        &self.0.browser
    }
}

/// A token that scripts send; never its text.
pub struct ApiToken(ApiTokenRecord);

#[graphql_object(context = Context)]
impl ApiToken {
    /// Prefix `token_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    /// Id of the person on whose behalf it works.
    fn user_id(&self) -> String {
        self.0.user.to_string()
    }
    /// What it is for.
    fn name(&self) -> &str {
        &self.0.name
    }
    /// The most it may do, whatever its owner may.
    fn role(&self) -> RoleWord {
        self.0.role.into()
    }
    fn read_only(&self) -> bool {
        self.0.read_only
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it stops working; none: never.
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
    /// When it was last used, to the minute.
    fn used_at(&self) -> Option<DateTime<Utc>> {
        self.0.used_at
    }
}

connection!(
    /// A page of people.
    UserConnection of UserEdge of User
);
connection!(
    /// A page of sessions.
    SessionConnection of SessionEdge of Session
);
connection!(
    /// A page of API tokens.
    TokenConnection of TokenEdge of ApiToken
);

/// A token that was just made.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct CreatedToken {
    /// Its text, shown this once.
    text: String,
    token: ApiToken,
}

/// What an API token is to be.
#[derive(GraphQLInputObject)]
pub struct TokenInput {
    /// What it is for.
    name: String,
    /// Whose it is, by id or name; absent: one's own. Somebody else's takes an admin.
    user: Option<String>,
    /// The most it may do; absent: what its owner may.
    role: Option<RoleWord>,
    /// Whether it may change nothing.
    read_only: Option<bool>,
    /// When it stops working; absent: never.
    expires_at: Option<DateTime<Utc>>,
}

pub(super) async fn list(
    context: &Context,
    after: Option<String>,
    first: Option<i32>,
) -> Result<UserConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let found = context.workbench.people.list(after, limit).await?;
        filling.take(found.into_iter().map(|found| (found.name.clone(), User(found), true)));
    }
    Ok(filling.page().into())
}

pub(super) async fn get(context: &Context, id: &str) -> Result<User, ApiError> {
    Ok(User(context.workbench.people.get(id).await?))
}

/// Whose sessions or tokens are shown: one's own, or everybody's to an admin who asks for them.
fn shown(context: &Context, all: Option<bool>) -> Result<Option<UserId>, ApiError> {
    let (user, is_admin) = (context.caller.authority.user, context.caller.authority.role == Role::Admin);
    if (all.unwrap_or(false) || user.is_none()) && is_admin { Ok(None) } else { own(context).map(Some) }
}

/// Whose sessions and tokens may be ended: one's own, or everybody's by an admin.
fn endable(context: &Context) -> Result<Option<UserId>, ApiError> {
    if context.caller.authority.role == Role::Admin { Ok(None) } else { own(context).map(Some) }
}

fn own(context: &Context) -> Result<UserId, ApiError> {
    context.caller.authority.user.ok_or_else(|| {
        ApiError(
            Fault::new(ErrorCode::InvalidValue, "the server's own token belongs to no person")
                .hint("Sign in as somebody, or say for whom."),
        )
    })
}

pub(super) async fn sessions(
    context: &Context,
    all: Option<bool>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<SessionConnection, ApiError> {
    let user = shown(context, all)?;
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(session_id).transpose()?;
        let found = context.workbench.people.list_sessions(user, before, limit).await?;
        filling.take(found.into_iter().map(|found| (found.id.to_string(), Session(found), true)));
    }
    Ok(filling.page().into())
}

pub(super) async fn tokens(
    context: &Context,
    all: Option<bool>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<TokenConnection, ApiError> {
    let user = shown(context, all)?;
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(token_id).transpose()?;
        let found = context.workbench.people.list_tokens(user, before, limit).await?;
        filling.take(found.into_iter().map(|found| (found.id.to_string(), ApiToken(found), true)));
    }
    Ok(filling.page().into())
}

fn session_id(text: &str) -> Result<SessionId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::SessionNotFound, error.to_string()).hint("List the sessions.")
    })
}

fn token_id(text: &str) -> Result<ApiTokenId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::TokenNotFound, error.to_string()).hint("List the tokens.")
    })
}

pub(super) async fn create(
    context: &Context,
    name: &str,
    password: Option<String>,
    role: RoleWord,
) -> Result<User, ApiError> {
    Ok(User(context.workbench.people.create(name, password.as_deref(), role.into()).await?))
}

pub(super) async fn update(
    context: &Context,
    id: &str,
    role: Option<RoleWord>,
    disabled: Option<bool>,
) -> Result<User, ApiError> {
    let found = context.workbench.people.get(id).await?;
    Ok(User(context.workbench.people.update(found.id, role.map(Into::into), disabled).await?))
}

pub(super) async fn delete(context: &Context, id: &str) -> Result<bool, ApiError> {
    let found = context.workbench.people.get(id).await?;
    context.workbench.people.delete(found.id).await?;
    Ok(true)
}

pub(super) async fn reset_password(context: &Context, id: &str, password: &str) -> Result<bool, ApiError> {
    let found = context.workbench.people.get(id).await?;
    context.workbench.people.set_password(found.id, password, None).await?;
    Ok(true)
}

pub(super) async fn change_password(context: &Context, old: &str, new: &str) -> Result<bool, ApiError> {
    let caller = &context.caller;
    let people = &context.workbench.people;
    people.change_password(own(context)?, (old, new), caller.session, &caller.address).await?;
    Ok(true)
}

pub(super) async fn end_session(context: &Context, id: &str) -> Result<bool, ApiError> {
    context.workbench.people.end_session(session_id(id)?, endable(context)?).await?;
    Ok(true)
}

pub(super) async fn create_token(context: &Context, input: TokenInput) -> Result<CreatedToken, ApiError> {
    let caller = &context.caller;
    let user = match &input.user {
        None => own(context)?,
        Some(name) if caller.authority.role == Role::Admin => context.workbench.people.get(name).await?.id,
        Some(_) => return Err(caller.forbidden("only an admin makes tokens of other people".to_owned())),
    };
    // A token made with a token has no more than that, and does not outlive it.
    let most = caller.authority.role;
    let role = input.role.map_or(most, Role::from).min(most);
    let wish = TokenWish {
        name: input.name,
        role: Some(role),
        read_only: input.read_only.unwrap_or(false) || caller.authority.read_only,
        expires_at: input.expires_at.into_iter().chain(caller.expires_at).min(),
    };
    let (text, record) = context.workbench.people.create_token(user, wish).await?;
    Ok(CreatedToken { text, token: ApiToken(record) })
}

pub(super) async fn revoke_token(context: &Context, id: &str) -> Result<bool, ApiError> {
    context.workbench.people.revoke_token(token_id(id)?, endable(context)?).await?;
    Ok(true)
}

pub(super) async fn set_grant(
    context: &Context,
    user: &str,
    thing: ThingWord,
    pattern: &str,
    level: Option<LevelWord>,
) -> Result<User, ApiError> {
    let found = context.workbench.people.get(user).await?;
    context.workbench.people.set_grant(found.id, thing.into(), pattern, level.map(Into::into)).await?;
    Ok(User(found))
}
