//! `/api/query`: the SQL console.

use super::page::MOST;
use super::{Caller, Problem};
use crate::body::{self, Body};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::http::{Version, header};
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use data::encode::Format;
use model::access::{Level, Role, Thing};
use model::{ErrorCode, Fault, StatementId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use workbench::console::export::Export;
use workbench::console::{self, Ask, Page, StatementFilter, StatementRecord};

/// A statement to run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "database": "history", "sql": "select * from daily_bars where symbol = $1", "params": ["600519.SH"], "limit": 100 }))]
pub struct Statement {
    /// Name of the connection.
    database: String,
    /// One statement in the database's own SQL.
    sql: String,
    /// Values for its placeholders, in order.
    #[serde(default)]
    params: Vec<Value>,
    /// Rows at most; 1,000 where absent.
    limit: Option<u64>,
    /// How long it may take, in milliseconds; 30,000 where absent.
    timeout_ms: Option<u64>,
    /// Whether it may change something, where the connection allows that.
    #[serde(default)]
    write: bool,
    /// An id of your own (`statement_` and a UUID), by which it can be canceled while it runs.
    id: Option<String>,
    /// Lets the rows come as a file of that form, all of them and as they come, whatever `Accept` says.
    format: Option<ExportForm>,
    /// Lets text in CSV stand behind a `'` where a spreadsheet would run it as a formula.
    #[serde(default)]
    spreadsheet: bool,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportForm {
    /// With a header.
    Csv,
    /// One list of objects.
    Json,
    /// An object on each line.
    Jsonl,
    /// Parquet.
    Parquet,
}

/// What a statement answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "statement_01HN…", "columns": [{ "name": "symbol", "type": "text" }, { "name": "close", "type": "numeric" }],
    "rows": [["600519.SH", "1685.0100"]], "truncated": false, "duration_ms": 7
}))]
pub struct QueryAnswer {
    /// Its id in the history.
    id: String,
    columns: Vec<QueryColumn>,
    /// Each row is a list of values in the order of the columns. Decimals, dates and integers beyond 2^53 are text.
    rows: Vec<Vec<Value>>,
    /// Whether there were more rows than the limit.
    truncated: bool,
    /// Rows that a writing statement changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    affected: Option<u64>,
    duration_ms: u64,
}

/// A column of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueryColumn {
    name: String,
    /// The type, as the system spells it.
    #[serde(rename = "type")]
    native_type: String,
}

/// A statement to look at without running it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "database": "history", "sql": "select * from daily_bars", "estimate": true }))]
pub struct StatementToCheck {
    /// Name of the connection.
    database: String,
    /// One statement in the database's own SQL.
    sql: String,
    /// Whether to ask the system what it would cost.
    #[serde(default)]
    estimate: bool,
}

/// Which lines of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryCursor {
    /// The `next` of the page before; none: from the newest on.
    after: Option<String>,
    /// How many at most; 50 where absent, at most 200.
    limit: Option<u32>,
    /// Only of this connection.
    database: Option<String>,
}

/// A statement of the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryLine {
    id: String,
    database: String,
    /// The statement; what looks like a password in it is left out.
    sql: String,
    /// Who asked.
    who: String,
    started_at: DateTime<Utc>,
    /// `running`, `succeeded`, `refused`, `failed`, `canceled`, `timed_out` or `interrupted`.
    outcome: &'static str,
    rows: Option<u64>,
    truncated: bool,
    affected: Option<u64>,
    duration_ms: Option<u64>,
    /// Code of what went wrong.
    error_code: Option<String>,
}

/// One page of the history, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryPage {
    items: Vec<HistoryLine>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// Runs one statement. It only reads, unless `write` is set and the connection allows writing.
///
/// With `format`, or `Accept: text/csv`, `application/x-ndjson` or `application/vnd.apache.parquet`, all rows come as a file,
/// as fast as they are taken; where something fails in the middle the answer breaks off without its last chunk. Going away
/// cancels the statement.
#[utoipa::path(
    post, path = "/api/query", tag = "query", request_body = Statement, security(("token" = [])),
    responses(
        (status = 200, body = QueryAnswer), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem, description = "`statement_not_allowed`, with the reason"),
        (status = 404, body = Problem), (status = 422, body = Problem, description = "the statement does not parse"),
        (status = 502, body = Problem, description = "the database refused it"),
        (status = 504, body = Problem, description = "it took too long")
    )
)]
pub async fn run(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let statement: Statement = body::read(&request, &bytes)?;
    let format = wanted(&request, &statement)?;
    require_text(&statement.sql)?;
    caller.require_connection(&state, &statement.database, Level::Use).await?;
    let who = at_console(&caller, &statement.database);
    let ask = Ask {
        sql: statement.sql,
        params: statement.params,
        rows: statement.limit,
        time: statement.timeout_ms.map(Duration::from_millis),
        write: statement.write,
        id: statement.id.as_deref().map(parse_id).transpose()?,
    };
    let console = &state.workbench.console;
    let Some(format) = format else {
        let answered = console.query(&statement.database, ask, &who).await?;
        return Ok(HttpResponse::Ok().json(QueryAnswer::from(Page::of(&answered)?)));
    };
    if request.version() < Version::HTTP_11 {
        let fault =
            Fault::new(ErrorCode::BadRequest, "an answer that breaks off cannot be told from a whole one by HTTP/1.0");
        return Err(fault.hint("Ask for a file by HTTP/1.1.").into());
    }
    file(console.export(&statement.database, ask, &who, format).await?, format).await
}

/// The answer that is a file; its first bytes come before its status, so that what fails at once has a status of its own.
async fn file(mut export: Export, format: Format) -> Result<HttpResponse, ApiError> {
    let id = export.id();
    let first = export.next().await?.map(Bytes::from);
    // The body is asked for more only where the client has taken what came before.
    let body = futures::stream::try_unfold((first, export), |(first, mut export)| async move {
        let bytes = match first {
            Some(first) => Some(first),
            None => export.next().await.inspect_err(|error| broken(&export, error))?.map(Bytes::from),
        };
        Ok::<_, data::Error>(bytes.map(|bytes| (bytes, (None, export))))
    });
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header(("x-statement-id", id.to_string()))
        .streaming(body))
}

fn broken(export: &Export, error: &data::Error) {
    tracing::info!(statement.id = %export.id(), code = error.code().as_str(), "an export broke off");
}

/// Tells what a statement would do, without running it: what it touches, whether it is allowed, what it may cost.
///
/// A statement that does not parse or is not allowed is an answer too: see `fault` and `refusal`.
#[utoipa::path(
    post, path = "/api/query/validate", tag = "query", request_body = StatementToCheck, security(("token" = [])),
    responses(
        (status = 200, body = serde_json::Value, example = json!({
            "effect": "read", "tables": ["daily_bars"], "columns": ["*"], "refusal": null, "fault": null,
            "estimate": { "rows": 5105.0, "cost": 98.05, "plan": "Seq Scan on daily_bars …" }
        })),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)
    )
)]
pub async fn validate(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let statement: StatementToCheck = body::read(&request, &bytes)?;
    require_text(&statement.sql)?;
    caller.require_connection(&state, &statement.database, Level::Use).await?;
    let console = &state.workbench.console;
    Ok(HttpResponse::Ok().json(console.validate(&statement.database, &statement.sql, statement.estimate).await?))
}

/// What was asked, newest first.
#[utoipa::path(
    get, path = "/api/query/history", tag = "query", params(HistoryCursor), security(("token" = [])),
    responses(
        (status = 200, body = HistoryPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem, description = "`after` is none that is there")
    )
)]
pub async fn history(
    caller: Caller,
    state: Data<ApiState>,
    cursor: Query<HistoryCursor>,
) -> Result<HttpResponse, ApiError> {
    let HistoryCursor { after, limit, database } = cursor.into_inner();
    let size = limit.unwrap_or(50).clamp(1, MOST);
    let before = after.as_deref().map(parse_id).transpose()?;
    let filter = StatementFilter { connection: database, who: None, before, limit: size + 1 };
    let mut records = state.workbench.console.history(filter, &at_console(&caller, "")).await?;
    let next = super::page::cut(&mut records, size, |record| record.id.to_string());
    records.retain(|record| caller.sees(Thing::Connection, &record.connection));
    let items = records.into_iter().map(HistoryLine::from).collect();
    Ok(HttpResponse::Ok().json(HistoryPage { items, next }))
}

/// Stops a statement that runs on this server.
#[utoipa::path(
    delete, path = "/api/query/{id}", tag = "query", params(("id" = String, Path)), security(("token" = [])),
    responses((status = 204, description = "it was told to stop"), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn cancel(caller: Caller, state: Data<ApiState>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id).map_err(|_| not_running(&id))?;
    state.workbench.console.cancel(id, &at_console(&caller, ""))?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the console may do for a caller with a connection; an admin sees what others asked.
pub(crate) fn at_console(caller: &Caller, connection: &str) -> console::Caller {
    console::Caller {
        name: caller.who().to_owned(),
        may_write: caller.authority.may(Thing::Connection, connection, Level::Write),
        sees_all: caller.authority.role == Role::Admin,
    }
}

pub(crate) fn parse_id(text: &str) -> Result<StatementId, ApiError> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(80).collect();
        Fault::new(ErrorCode::InvalidValue, format!("`{shown}` is not a statement's id"))
            .hint("An id is `statement_` and a UUID, as the history shows it.")
            .path("id")
            .into()
    })
}

pub(crate) fn require_text(sql: &str) -> Result<(), ApiError> {
    if sql.trim().is_empty() {
        return Err(Fault::new(ErrorCode::InvalidSql, "there is no statement")
            .hint("Write one statement.")
            .path("sql")
            .into());
    }
    Ok(())
}

fn not_running(id: &str) -> ApiError {
    let shown: String = id.chars().take(80).collect();
    Fault::new(ErrorCode::StatementNotFound, format!("statement `{shown}` is not running")).into()
}

/// The file the rows are to come as; none: as a page.
fn wanted(request: &HttpRequest, statement: &Statement) -> Result<Option<Format>, ApiError> {
    let csv = Format::Csv { spreadsheet: statement.spreadsheet };
    if let Some(form) = statement.format {
        return Ok(Some(match form {
            ExportForm::Csv => csv,
            ExportForm::Json => Format::Json,
            ExportForm::Jsonl => Format::JsonLines,
            ExportForm::Parquet => Format::Parquet,
        }));
    }
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    for one in accept.split(',').map(|one| one.split(';').next().unwrap_or(one).trim().to_ascii_lowercase()) {
        match one.as_str() {
            "application/json" | "application/*" | "*/*" | "" => return Ok(None),
            "text/csv" | "text/*" => return Ok(Some(csv)),
            "application/x-ndjson" | "application/jsonl" => return Ok(Some(Format::JsonLines)),
            "application/vnd.apache.parquet" => return Ok(Some(Format::Parquet)),
            _ => {}
        }
    }
    Err(ApiError(
        Fault::new(ErrorCode::BadRequest, "the answer cannot have the type that `Accept` asks for").hint(
            "Ask for `application/json`, `text/csv`, `application/x-ndjson` or `application/vnd.apache.parquet`.",
        ),
    ))
}

impl From<Page> for QueryAnswer {
    fn from(page: Page) -> Self {
        let column = |column: console::PageColumn| QueryColumn { name: column.name, native_type: column.native_type };
        Self {
            id: page.id,
            columns: page.columns.into_iter().map(column).collect(),
            rows: page.rows,
            truncated: page.truncated,
            affected: page.affected,
            duration_ms: page.duration_ms,
        }
    }
}

impl From<StatementRecord> for HistoryLine {
    fn from(record: StatementRecord) -> Self {
        Self {
            id: record.id.to_string(),
            database: record.connection,
            sql: record.statement,
            who: record.who,
            started_at: record.started_at,
            outcome: record.outcome.as_str(),
            rows: record.rows,
            truncated: record.truncated,
            affected: record.affected,
            duration_ms: record.duration_ms,
            error_code: record.error_code,
        }
    }
}
