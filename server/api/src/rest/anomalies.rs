//! `/api/anomalies`: what watching steps found, and what is set for their rules.

use super::page::{MOST, cut};
use super::{Caller, Problem};
use crate::body::{self, Body};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use model::access::Thing;
use model::anomaly::{Anomaly as Found, AnomalyAction, AnomalyFilter, AnomalyRule, AnomalyState, Severity};
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use workbench::anomalies::parse_anomaly_id;

/// Something wrong with somebody's data or store, from its first sight until it is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "anomaly_018d…", "rule": "quality.c1", "severity": "warn", "state": "open", "connection": "history",
    "table": "daily_bars", "subject": "", "scope": "600519.SH", "message": "2 trading days are missing",
    "details": { "missing": ["2024-01-30", "2024-01-31"] }, "count": 3, "first_seen": "2024-02-01T08:00:00Z",
    "last_seen": "2024-02-03T08:00:00Z", "run": "run_018d…", "changed_by": null, "changed_at": "2024-02-01T08:00:00Z",
    "comment": null, "alerted_at": "2024-02-01T08:00:01Z"
}))]
pub struct Anomaly {
    id: String,
    /// `quality.c1`, `inspect.connections`, `backup.failed`.
    rule: String,
    /// `info`, `warn` or `error`.
    #[schema(value_type = String)]
    severity: Severity,
    /// `open`, `acknowledged` or `resolved`.
    #[schema(value_type = String)]
    state: AnomalyState,
    /// Name of the connection; empty: none.
    connection: String,
    /// Empty: the whole system.
    table: String,
    /// Tells several looks at the same table apart.
    subject: String,
    /// What within the table or system.
    scope: String,
    message: String,
    /// Figures and sample keys.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// How often it was found.
    count: u64,
    first_seen: DateTime<Utc>,
    last_seen: DateTime<Utc>,
    /// The run that last found it.
    run: Option<String>,
    /// Who last changed its state; null: Sluice itself.
    changed_by: Option<String>,
    changed_at: DateTime<Utc>,
    /// What was said with the last change of state.
    comment: Option<String>,
    /// When people were last told of it.
    alerted_at: Option<DateTime<Utc>>,
}

/// One page of anomalies, the last seen first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnomalyPage {
    items: Vec<Anomaly>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// Which anomalies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Only in this state: `open`, `acknowledged` or `resolved`; several with commas between. Any where absent.
    state: Option<String>,
    /// Only of this severity or worse: `info`, `warn` or `error`.
    severity: Option<String>,
    /// Only of this rule, or of a family such as `quality.*`.
    rule: Option<String>,
    /// Only of this connection.
    connection: Option<String>,
    /// Only of this table.
    table: Option<String>,
    /// Only those last seen at that moment or later: `2024-01-31T08:00:00Z`.
    since: Option<DateTime<Utc>>,
    /// The `next` of the page before; none: from the last seen on.
    after: Option<String>,
    /// How many at most; 50 where absent, at most 200.
    limit: Option<u32>,
}

/// What is said with a change of state.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "comment": "the vendor knows" }))]
pub struct Note {
    /// At most 1,000 characters.
    comment: Option<String>,
}

/// What is set for a rule. What is absent is not set; nothing is taken from a wider rule.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "rule": "inspect.connections", "thresholds": { "share": 0.9 }, "severity": "error", "muted": false,
    "channels": ["ops"], "dedupe_seconds": 21600
}))]
pub struct Rule {
    /// The rule (`quality.c1`), a family (`quality.*`), or `*`; the narrowest that fits holds.
    rule: String,
    /// Numbers by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    thresholds: Map<String, Value>,
    /// Replaces the rule's own severity: `info`, `warn` or `error`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    /// Findings are not kept and nobody is told.
    #[serde(default)]
    muted: bool,
    /// Names of channels that are told; `log` is the run's log.
    #[serde(default)]
    channels: Vec<String>,
    /// What comes back within so many seconds after it was told is not told again; 3600 where absent.
    #[serde(default = "usual_dedupe")]
    dedupe_seconds: u64,
}

/// One page of rules, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulePage {
    items: Vec<Rule>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// Which rule.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RuleName {
    /// As it was set: `quality.c1`, `quality.*` or `*`.
    rule: String,
}

/// Whether there was something to forget.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "reset": true }))]
pub struct Reset {
    /// False: nothing was set for that rule.
    reset: bool,
}

/// Lists anomalies, the last seen first.
#[utoipa::path(
    get, path = "/api/anomalies", tag = "anomalies", params(Wanted), security(("token" = [])),
    responses(
        (status = 200, body = AnomalyPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem, description = "`after` is none that is there")
    )
)]
pub async fn list(caller: Caller, state: Data<ApiState>, wanted: Query<Wanted>) -> Result<HttpResponse, ApiError> {
    let wanted = wanted.into_inner();
    let size = wanted.limit.unwrap_or(50).clamp(1, MOST);
    let words = wanted.state.as_deref().into_iter().flat_map(|text| text.split(',').map(str::trim));
    let filter = AnomalyFilter {
        states: words.map(parse_state).collect::<Result<_, _>>()?,
        severity: wanted.severity.as_deref().map(parse_severity).transpose()?,
        rule: wanted.rule,
        connection: wanted.connection,
        table: wanted.table,
        since: wanted.since,
        after: wanted.after.as_deref().map(parse_anomaly_id).transpose()?,
        limit: size + 1,
    };
    let mut found = state.workbench.anomalies.list(&filter).await?;
    let next = cut(&mut found, size, |anomaly| anomaly.id.to_string());
    found.retain(|anomaly| anomaly.connection.is_empty() || caller.sees(Thing::Connection, &anomaly.connection));
    Ok(HttpResponse::Ok().json(AnomalyPage { items: found.into_iter().map(Anomaly::from).collect(), next }))
}

/// The anomaly of that id.
#[utoipa::path(
    get, path = "/api/anomalies/{id}", tag = "anomalies", params(("id" = String, Path)), security(("token" = [])),
    responses((status = 200, body = Anomaly), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn get(_: Caller, state: Data<ApiState>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let found = state.workbench.anomalies.get(parse_anomaly_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(Anomaly::from(found)))
}

/// Says that somebody knows of an anomaly, that it is over, or that it is not over after all.
#[utoipa::path(
    post, path = "/api/anomalies/{id}/{action}", tag = "anomalies",
    params(("id" = String, Path), ("action" = String, Path, description = "`acknowledge`, `resolve` or `reopen`")),
    request_body(content = Option<Note>), security(("token" = [])),
    responses(
        (status = 200, body = Anomaly), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "it is resolved and cannot be acknowledged, or the comment is too long")
    )
)]
pub async fn change(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    path: Path<(String, String)>,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let (id, action) = path.into_inner();
    let action = match action.as_str() {
        "acknowledge" => AnomalyAction::Acknowledge,
        "resolve" => AnomalyAction::Resolve,
        "reopen" => AnomalyAction::Reopen,
        _ => return Ok(crate::server::not_found(request).await),
    };
    let note: Note = if bytes.is_empty() { Note::default() } else { body::read(&request, &bytes)? };
    let id = parse_anomaly_id(&id)?;
    let changed = state.workbench.anomalies.change(id, action, caller.who(), note.comment.as_deref()).await?;
    Ok(HttpResponse::Ok().json(Anomaly::from(changed)))
}

/// Lists what is set for rules, by name.
#[utoipa::path(
    get, path = "/api/anomalies/config", tag = "anomalies", params(super::page::Cursor), security(("token" = [])),
    responses((status = 200, body = RulePage), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub async fn rules(
    _: Caller,
    state: Data<ApiState>,
    cursor: Query<super::page::Cursor>,
) -> Result<HttpResponse, ApiError> {
    let mut rules = state.workbench.anomalies.list_rules().await?;
    // Not every database sorts by bytes, as the cursor does.
    rules.sort_by(|a, b| a.rule.cmp(&b.rule));
    if let Some(after) = &cursor.after {
        rules.retain(|rule| rule.rule > *after);
    }
    let next = cut(&mut rules, cursor.size(), |rule| rule.rule.clone());
    Ok(HttpResponse::Ok().json(RulePage { items: rules.into_iter().map(Rule::from).collect(), next }))
}

/// Sets what a rule does, in place of what was set before.
#[utoipa::path(
    put, path = "/api/anomalies/config", tag = "anomalies", request_body = Rule, security(("token" = [])),
    responses(
        (status = 200, body = Rule), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem, description = "there is no such channel"),
        (status = 422, body = Problem, description = "no step looks at such a rule, or a threshold is no number")
    )
)]
pub async fn configure(
    caller: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let rule: Rule = body::read(&request, &bytes)?;
    let set = state.workbench.anomalies.configure(&rule.into(), caller.who()).await?;
    Ok(HttpResponse::Ok().json(Rule::from(set)))
}

/// Forgets what was set for a rule.
#[utoipa::path(
    delete, path = "/api/anomalies/config", tag = "anomalies", params(RuleName), security(("token" = [])),
    responses((status = 200, body = Reset), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub async fn reset(_: Caller, state: Data<ApiState>, name: Query<RuleName>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(Reset { reset: state.workbench.anomalies.reset(&name.rule).await? }))
}

fn parse_state(word: &str) -> Result<AnomalyState, ApiError> {
    AnomalyState::find(word).ok_or_else(|| no_word("state", word, "Write `open`, `acknowledged` or `resolved`."))
}

fn parse_severity(word: &str) -> Result<Severity, ApiError> {
    Severity::find(word).ok_or_else(|| no_word("severity", word, "Write `info`, `warn` or `error`."))
}

fn no_word(name: &str, word: &str, hint: &str) -> ApiError {
    let shown: String = word.chars().take(80).collect();
    Fault::new(ErrorCode::BadRequest, format!("`{shown}` is no {name} of an anomaly")).hint(hint).path(name).into()
}

fn usual_dedupe() -> u64 {
    AnomalyRule::named("*").dedupe_seconds
}

impl From<Found> for Anomaly {
    fn from(found: Found) -> Self {
        Self {
            id: found.id.to_string(),
            rule: found.rule,
            severity: found.severity,
            state: found.state,
            connection: found.connection,
            table: found.table,
            subject: found.subject,
            scope: found.scope,
            message: found.message,
            details: found.details,
            count: found.count,
            first_seen: found.first_seen,
            last_seen: found.last_seen,
            run: found.run.map(|run| run.to_string()),
            changed_by: found.changed_by,
            changed_at: found.changed_at,
            comment: found.comment,
            alerted_at: found.alerted_at,
        }
    }
}

impl From<AnomalyRule> for Rule {
    fn from(rule: AnomalyRule) -> Self {
        let AnomalyRule { rule, thresholds, severity, muted, channels, dedupe_seconds } = rule;
        Self { rule, thresholds, severity, muted, channels, dedupe_seconds }
    }
}

impl From<Rule> for AnomalyRule {
    fn from(rule: Rule) -> Self {
        let Rule { rule, thresholds, severity, muted, channels, dedupe_seconds } = rule;
        Self { rule, thresholds, severity, muted, channels, dedupe_seconds }
    }
}
