//! `/api/databases`: connections and their tables. A database here is what is called a connection everywhere else.

use super::page::{Cursor, cut};
use super::{Caller, Problem};
use crate::body::{self, Body};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use model::access::{Level, Thing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use workbench::connections::{Address, ConnectionChange, ConnectionView, NewAddress, Origin, TestReport};

/// A connection, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "history", "system": "postgres",
    "settings": { "host": "db.example.com", "port": 5432, "database": "history", "user": "me" },
    "has_secret": true, "origin": "saved", "allow_write": false, "description": "daily bars", "labels": ["bars"],
    "created_at": "2026-01-31T08:00:00Z", "updated_at": "2026-01-31T08:00:00Z"
}))]
pub struct Database {
    name: String,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    system: String,
    /// Host, port and so on, as the system's connector names them.
    #[schema(value_type = Object)]
    settings: Value,
    /// Whether it has a secret, which is never shown.
    has_secret: bool,
    /// `saved`, or `environment`: then it cannot be changed here.
    origin: &'static str,
    /// The environment variable that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// Whether the console may write through it.
    allow_write: bool,
    description: Option<String>,
    labels: Vec<String>,
    /// How the last test went, since it was last changed.
    last_test: Option<Test>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

/// One page of connections.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabasePage {
    items: Vec<Database>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// How a test went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "ok": true, "message": "PostgreSQL 15.18", "duration_ms": 12, "at": "2026-01-31T08:00:00Z" }))]
pub struct Test {
    /// Whether the system answered.
    ok: bool,
    /// What the system calls itself, or what fails.
    message: String,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    duration_ms: u64,
    at: DateTime<Utc>,
}

/// A connection to be made: by `url`, or by `system` and `settings`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "history", "url": "postgres://me:secret@db.example.com/history" }))]
pub struct NewDatabase {
    /// Lowercase letters, digits, `-` and `_`.
    name: String,
    /// `postgres://user:password@host:5432/database`, and so on.
    url: Option<String>,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    system: Option<String>,
    /// Host, port and so on.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// The secret, where it is not in the URL; sealed, and never shown again.
    secret: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    labels: Vec<String>,
    /// Whether the console may write through it.
    #[serde(default)]
    allow_write: bool,
}

/// What is to be different; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "system": "mysql", "settings": { "host": "db", "user": "me" }, "secret": "…", "labels": ["shop"] }))]
pub struct DatabaseChange {
    /// `postgres://user:password@host:5432/database`, and so on.
    url: Option<String>,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    system: Option<String>,
    /// Host, port and so on, wholly.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// The secret; sealed, and never shown again. Null removes it.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<String>)]
    secret: Option<Option<String>>,
    /// What it is for; null removes it.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// Words to find it by.
    labels: Option<Vec<String>>,
    /// Whether the console may write through it.
    allow_write: Option<bool>,
}

/// Which connections are to be deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Force {
    /// Delete it although enabled workflows use it.
    #[serde(default)]
    force: bool,
}

/// One page of names of tables.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "items": ["daily_bars", "symbols"], "next": null }))]
pub struct TablePage {
    items: Vec<String>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// Lists connections by name.
#[utoipa::path(
    get, path = "/api/databases", tag = "databases", params(Cursor), security(("token" = [])),
    responses((status = 200, body = DatabasePage), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub async fn list(caller: Caller, state: Data<ApiState>, cursor: Query<Cursor>) -> Result<HttpResponse, ApiError> {
    let mut views = state.workbench.connections.list(cursor.after.as_deref(), cursor.look()).await?;
    let next = cut(&mut views, cursor.size(), |view| view.name.clone());
    views.retain(|view| caller.sees(Thing::Connection, &view.name));
    Ok(HttpResponse::Ok().json(DatabasePage { items: views.into_iter().map(Database::from).collect(), next }))
}

/// Saves a new connection. Nothing is sent to it; see `/test`.
#[utoipa::path(
    post, path = "/api/databases", tag = "databases", request_body = NewDatabase, security(("token" = [])),
    responses(
        (status = 201, body = Database), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem, description = "there is one of that name"),
        (status = 422, body = Problem, description = "a setting is wrong")
    )
)]
pub async fn create(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let new: NewDatabase = body::read(&request, &bytes)?;
    caller.require(Thing::Connection, &new.name, Level::Write)?;
    let Some(address) = read_address(new.url, new.system, new.settings, new.secret)? else {
        return Err(ApiError::bad_request("the body names neither a `url` nor a `system` with its `settings`"));
    };
    let NewDatabase { name, description, labels, allow_write, .. } = new;
    let new = NewAddress { name, address, description, labels, allow_write };
    let view = state.workbench.connections.create(new).await?;
    Ok(HttpResponse::Created().json(Database::from(view)))
}

/// The connection of that name.
#[utoipa::path(
    get, path = "/api/databases/{name}", tag = "databases", params(("name" = String, Path)), security(("token" = [])),
    responses((status = 200, body = Database), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn get(_: Caller, state: Data<ApiState>, name: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(Database::from(state.workbench.connections.get(&name).await?)))
}

/// Changes a connection; what is absent stays as it is.
#[utoipa::path(
    put, path = "/api/databases/{name}", tag = "databases", params(("name" = String, Path)),
    request_body = DatabaseChange, security(("token" = [])),
    responses(
        (status = 200, body = Database), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem, description = "it comes from the environment"),
        (status = 422, body = Problem, description = "a setting is wrong, or the address changes without its secret")
    )
)]
pub async fn update(
    _: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    name: Path<String>,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let change: DatabaseChange = body::read(&request, &bytes)?;
    let change = ConnectionChange {
        address: read_address(change.url, change.system, change.settings, None)?,
        secret: change.secret,
        description: change.description,
        labels: change.labels,
        allow_write: change.allow_write,
    };
    let view = state.workbench.connections.update(&name, change).await?;
    Ok(HttpResponse::Ok().json(Database::from(view)))
}

/// Deletes a connection.
#[utoipa::path(
    delete, path = "/api/databases/{name}", tag = "databases", params(("name" = String, Path), Force),
    security(("token" = [])),
    responses(
        (status = 204, description = "it is gone"), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "enabled workflows use it, or it comes from the environment")
    )
)]
pub async fn delete(
    _: Caller,
    state: Data<ApiState>,
    name: Path<String>,
    force: Query<Force>,
) -> Result<HttpResponse, ApiError> {
    state.workbench.connections.delete(&name, force.force).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks the system who it is. A failure is an answer too: `ok` is false, and `message` says what fails.
#[utoipa::path(
    post, path = "/api/databases/{name}/test", tag = "databases", params(("name" = String, Path)),
    security(("token" = [])),
    responses((status = 200, body = Test), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn test(_: Caller, state: Data<ApiState>, name: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(Test::from(state.workbench.connections.test(&name).await?)))
}

/// Lists names of tables.
#[utoipa::path(
    get, path = "/api/databases/{name}/tables", tag = "databases", params(("name" = String, Path), Cursor),
    security(("token" = [])),
    responses(
        (status = 200, body = TablePage), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem, description = "the system has no tables"),
        (status = 502, body = Problem, description = "the system failed")
    )
)]
pub async fn tables(
    _: Caller,
    state: Data<ApiState>,
    name: Path<String>,
    cursor: Query<Cursor>,
) -> Result<HttpResponse, ApiError> {
    let after = cursor.after.as_deref();
    let mut items = state.workbench.connections.list_tables(&name, after, cursor.look()).await?;
    let next = cut(&mut items, cursor.size(), Clone::clone);
    Ok(HttpResponse::Ok().json(TablePage { items, next }))
}

/// What the system says about a table: columns, key, estimate, and `structure` with everything else where it can be told.
#[utoipa::path(
    get, path = "/api/databases/{name}/tables/{table}", tag = "databases",
    params(("name" = String, Path), ("table" = String, Path, description = "`table` or `schema.table`")),
    security(("token" = [])),
    responses(
        (status = 200, body = serde_json::Value, example = json!({
            "name": "daily_bars", "columns": [{ "name": "symbol", "native_type": "text", "nullable": false }],
            "key": ["symbol", "trade_date"], "row_estimate": 5105, "structure": null
        })),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 502, body = Problem)
    )
)]
pub async fn table(_: Caller, state: Data<ApiState>, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (name, table) = path.into_inner();
    Ok(HttpResponse::Ok().json(state.workbench.connections.get_table(&name, &table).await?))
}

/// A URL, or a system with its settings; none where neither is given.
pub(crate) fn read_address(
    url: Option<String>,
    system: Option<String>,
    settings: Option<Map<String, Value>>,
    secret: Option<String>,
) -> Result<Option<Address>, ApiError> {
    match (url, system, settings) {
        (Some(url), None, None) => Ok(Some(Address::Url { url, secret })),
        (None, Some(system), settings) => {
            Ok(Some(Address::Parts { system, settings: settings.unwrap_or_default(), secret }))
        }
        (None, None, None) => Ok(None),
        (None, None, Some(_)) => Err(ApiError::bad_request("`settings` need a `system` beside them")),
        (Some(_), _, _) => Err(ApiError::bad_request("`url` says what `system` and `settings` say; give only one")),
    }
}

/// Tells null from absent.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl From<ConnectionView> for Database {
    fn from(view: ConnectionView) -> Self {
        Self {
            name: view.name,
            system: view.system,
            settings: view.settings,
            has_secret: view.has_secret,
            origin: match view.origin {
                Origin::Saved => "saved",
                Origin::Environment => "environment",
            },
            variable: view.variable,
            allow_write: view.allow_write,
            description: view.description,
            labels: view.labels,
            last_test: view.last_test.map(Test::from),
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

impl From<TestReport> for Test {
    fn from(report: TestReport) -> Self {
        Self {
            ok: report.ok,
            message: report.message,
            code: report.code.map(|code| code.to_string()),
            hint: report.hint,
            duration_ms: report.duration_ms,
            at: report.at,
        }
    }
}
