//! `/api/tasks`: workflows that start at set times. (A task here is such a workflow, not what a worker leases.)

use super::page::{Cursor, cut};
use super::{Caller, Problem};
use crate::body::{self, Body};
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use engine::ports::RunFilter;
use engine::{RunView, Scheduled, StartRun};
use model::access::Thing;
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How many times ahead are told.
const TIMES: usize = 5;

/// A workflow that starts at set times.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "workflow_01HN…", "name": "market-day", "description": null, "enabled": true, "version": 3,
    "schedules": [{ "cron": "30 15 * * MON-FRI", "timezone": "Asia/Shanghai" }],
    "next": ["2026-02-02T07:30:00Z"], "last_run": { "id": "run_01HN…", "status": "succeeded" }
}))]
pub struct ScheduledTask {
    id: String,
    name: String,
    description: Option<String>,
    /// Whether it starts by itself.
    enabled: bool,
    /// Number of the document's newest version.
    version: u32,
    schedules: Vec<Schedule>,
    /// When it starts next, at most five times; none while it is switched off.
    next: Vec<DateTime<Utc>>,
    last_run: Option<TaskRun>,
}

/// A cron line.
#[derive(Debug, Serialize, ToSchema)]
pub struct Schedule {
    /// Five fields, or six with seconds first.
    cron: String,
    /// The zone it is meant in.
    timezone: String,
}

/// A run of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "id": "run_01HN…", "status": "running", "trigger": "manual", "created_at": "2026-01-31T08:00:00Z" }))]
pub struct TaskRun {
    id: String,
    /// `queued`, `running`, `waiting`, `succeeded`, `failed` or `canceled`.
    status: String,
    /// What started it: `cron`, `manual`, `webhook`.
    trigger: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Problem>)]
    error: Option<Fault>,
}

/// One page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskPage {
    items: Vec<ScheduledTask>,
    /// The cursor of the next page; null: this is the last.
    next: Option<String>,
}

/// What a task is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": false }))]
pub struct TaskChange {
    /// Whether it starts by itself.
    enabled: bool,
}

/// What a run is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "inputs": { "day": "2024-01-31" } }))]
pub struct TaskStart {
    /// Values for the workflow's inputs.
    #[serde(default)]
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
}

/// Lists tasks by name.
#[utoipa::path(
    get, path = "/api/tasks", tag = "tasks", params(Cursor), security(("token" = [])),
    responses((status = 200, body = TaskPage), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub async fn list(caller: Caller, state: Data<ApiState>, cursor: Query<Cursor>) -> Result<HttpResponse, ApiError> {
    let mut found = state.engine.list_scheduled(cursor.after.as_deref(), cursor.look()).await?;
    let next = cut(&mut found, cursor.size(), |task| task.workflow.name.clone());
    found.retain(|task| caller.sees(Thing::Workflow, &task.workflow.name));
    let mut items = Vec::with_capacity(found.len());
    for task in found {
        items.push(view(&state, task).await?);
    }
    Ok(HttpResponse::Ok().json(TaskPage { items, next }))
}

/// The task of that workflow's name or id.
#[utoipa::path(
    get, path = "/api/tasks/{name}", tag = "tasks", params(("name" = String, Path)), security(("token" = [])),
    responses((status = 200, body = ScheduledTask), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn get(_: Caller, state: Data<ApiState>, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let task = find(&state, &name).await?;
    Ok(HttpResponse::Ok().json(view(&state, task).await?))
}

/// Lets the task start by itself, or not.
#[utoipa::path(
    put, path = "/api/tasks/{name}", tag = "tasks", params(("name" = String, Path)), request_body = TaskChange,
    security(("token" = [])),
    responses(
        (status = 200, body = ScheduledTask), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)
    )
)]
pub async fn update(
    _: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    name: Path<String>,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let change: TaskChange = body::read(&request, &bytes)?;
    let task = find(&state, &name).await?;
    state.engine.set_workflow_enabled(task.workflow.id, change.enabled).await?;
    let task = find(&state, &name).await?;
    Ok(HttpResponse::Ok().json(view(&state, task).await?))
}

/// Starts a run now, whether or not the task starts by itself.
#[utoipa::path(
    post, path = "/api/tasks/{name}/runs", tag = "tasks", params(("name" = String, Path)),
    request_body(content = Option<TaskStart>), security(("token" = [])),
    responses(
        (status = 202, body = TaskRun, description = "the run was accepted"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem, description = "an input is wrong")
    )
)]
pub async fn run(
    _: Caller,
    state: Data<ApiState>,
    request: HttpRequest,
    name: Path<String>,
    Body(bytes): Body,
) -> Result<HttpResponse, ApiError> {
    let start: TaskStart = if bytes.is_empty() { TaskStart::default() } else { body::read(&request, &bytes)? };
    let task = find(&state, &name).await?;
    let start = StartRun { inputs: start.inputs, ..StartRun::default() };
    let run = state.engine.start_run(&task.workflow, start).await?;
    Ok(HttpResponse::Accepted().json(TaskRun::from(state.engine.get_run(run).await?)))
}

async fn find(state: &ApiState, name: &str) -> Result<Scheduled, ApiError> {
    let found = state.engine.find_scheduled(name).await?;
    found.ok_or_else(|| {
        let shown: String = name.chars().take(80).collect();
        Fault::new(ErrorCode::WorkflowNotFound, format!("workflow `{shown}` has no cron line, so it is no task"))
            .hint("GraphQL shows and starts every workflow; give it a `cron` trigger to have it here.")
            .into()
    })
}

async fn view(state: &ApiState, task: Scheduled) -> Result<ScheduledTask, ApiError> {
    let filter = RunFilter { workflow: Some(task.workflow.id), limit: 1, ..RunFilter::default() };
    let last_run = state.engine.list_runs(&filter).await?.into_iter().next().map(TaskRun::from);
    let next = task.next_times(Utc::now(), TIMES);
    let schedule = |line: model::document::CronTrigger| Schedule { cron: line.line, timezone: line.timezone };
    Ok(ScheduledTask {
        id: task.workflow.id.to_string(),
        name: task.workflow.name,
        description: task.description,
        enabled: task.workflow.enabled,
        version: task.workflow.number,
        schedules: task.lines.into_iter().map(schedule).collect(),
        next,
        last_run,
    })
}

impl From<RunView> for TaskRun {
    fn from(run: RunView) -> Self {
        Self {
            id: run.id.to_string(),
            status: run.status.as_str().to_owned(),
            trigger: run.trigger,
            created_at: run.created_at,
            finished_at: run.finished_at,
            error: run.error,
        }
    }
}
