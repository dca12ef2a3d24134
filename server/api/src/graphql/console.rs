//! The SQL console: statements, what can be said of them, and their history.

use super::Context;
use super::page::{Filling, connection};
use crate::error::ApiError;
use crate::rest::query::{at_console, parse_id, require_text};
use chrono::{DateTime, Utc};
use data::StatementCheck;
use data::console::Effect;
use juniper::{GraphQLEnum, graphql_object};
use model::{ErrorCode, Fault};
use serde_json::Value;
use std::time::Duration;
use workbench::console::{Ask, Page, PageColumn, StatementFilter, StatementRecord};

use super::types::Problem;

/// What a statement answered.
pub struct Answer(pub Page);

#[graphql_object(context = Context)]
impl Answer {
    /// Its id in the history.
    fn id(&self) -> &str {
        &self.0.id
    }
    fn columns(&self) -> Vec<AnswerColumn> {
        self.0.columns.iter().map(AnswerColumn::from).collect()
    }
    /// The rows as JSON text: a list of lists, each in the order of the columns. Decimals, dates and integers beyond 2^53
    /// are text.
    fn rows(&self) -> String {
        serde_json::to_string(&self.0.rows).expect("rows are JSON values")
    }
    /// Whether there were more rows than the limit.
    fn truncated(&self) -> bool {
        self.0.truncated
    }
    /// Rows that a writing statement changed.
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn affected(&self) -> Option<f64> {
        self.0.affected.map(|rows| rows as f64)
    }
    fn duration_ms(&self) -> i32 {
        i32::try_from(self.0.duration_ms).unwrap_or(i32::MAX)
    }
}

/// A column of an answer.
#[derive(juniper::GraphQLObject)]
#[graphql(context = Context)]
pub struct AnswerColumn {
    name: String,
    /// The type, as the system spells it.
    native_type: String,
}

impl From<&PageColumn> for AnswerColumn {
    fn from(column: &PageColumn) -> Self {
        Self { name: column.name.clone(), native_type: column.native_type.clone() }
    }
}

/// What a statement does.
#[derive(GraphQLEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementEffect {
    /// Only reads.
    Read,
    /// Changes rows.
    Write,
    /// Changes tables, rights or settings.
    Define,
    /// Cannot be told; treated as the worst.
    Unknown,
}

/// What can be said of a statement without running it.
pub struct Checked(pub StatementCheck);

#[graphql_object(context = Context)]
impl Checked {
    fn effect(&self) -> StatementEffect {
        match self.0.effect {
            Effect::Read => StatementEffect::Read,
            Effect::Write => StatementEffect::Write,
            Effect::Define => StatementEffect::Define,
            Effect::Unknown => StatementEffect::Unknown,
        }
    }
    /// Tables it names.
    fn tables(&self) -> &[String] {
        &self.0.tables
    }
    /// Columns it names; `*` where it asks for all.
    fn columns(&self) -> &[String] {
        &self.0.columns
    }
    /// Why the console, which only reads, refuses it; none: it is allowed.
    fn refusal(&self) -> Option<&str> {
        self.0.refusal.as_deref()
    }
    /// Why it cannot be run at all.
    fn problem(&self) -> Option<Problem> {
        self.0.fault.clone().map(Problem::from)
    }
    /// Rows the system expects it to answer.
    fn estimated_rows(&self) -> Option<f64> {
        self.0.estimate.as_ref()?.rows
    }
    /// Cost in the system's own unit.
    fn estimated_cost(&self) -> Option<f64> {
        self.0.estimate.as_ref()?.cost
    }
    /// The plan, as the system tells it.
    fn plan(&self) -> Option<&str> {
        Some(&self.0.estimate.as_ref()?.plan)
    }
}

/// A statement of the history.
pub struct Statement(pub StatementRecord);

#[graphql_object(context = Context)]
impl Statement {
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn connection(&self) -> &str {
        &self.0.connection
    }
    /// Its text; what looks like a password in it is left out.
    fn sql(&self) -> &str {
        &self.0.statement
    }
    /// Who asked.
    fn who(&self) -> &str {
        &self.0.who
    }
    fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at
    }
    /// `running`, `succeeded`, `refused`, `failed`, `canceled`, `timed_out` or `interrupted`.
    fn outcome(&self) -> &str {
        self.0.outcome.as_str()
    }
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn rows(&self) -> Option<f64> {
        self.0.rows.map(|rows| rows as f64)
    }
    fn truncated(&self) -> bool {
        self.0.truncated
    }
    fn duration_ms(&self) -> Option<i32> {
        self.0.duration_ms.map(|duration| i32::try_from(duration).unwrap_or(i32::MAX))
    }
    /// Code of what went wrong.
    fn error_code(&self) -> Option<&str> {
        self.0.error_code.as_deref()
    }
}

connection!(
    /// A page of the console's history.
    StatementConnection of StatementEdge of Statement
);

/// What is asked of the console.
#[derive(juniper::GraphQLInputObject)]
pub struct StatementInput {
    /// Name of the connection.
    connection: String,
    /// One statement in the database's own SQL.
    sql: String,
    /// Values for its placeholders, as JSON text of a list.
    params: Option<String>,
    /// Rows at most; 1,000 where absent.
    limit: Option<i32>,
    /// How long it may take, in milliseconds.
    timeout_ms: Option<i32>,
    /// Whether it may change something, where the connection allows that.
    write: Option<bool>,
    /// An id of your own, by which it can be canceled while it runs.
    id: Option<String>,
}

/// Runs the statement.
pub(super) async fn run(context: &Context, input: StatementInput) -> Result<Answer, ApiError> {
    require_text(&input.sql)?;
    let ask = Ask {
        sql: input.sql,
        params: parse_params(input.params.as_deref())?,
        rows: input.limit.map(|limit| positive("limit", limit)).transpose()?,
        time: input.timeout_ms.map(|time| positive("timeoutMs", time)).transpose()?.map(Duration::from_millis),
        write: input.write.unwrap_or(false),
        id: input.id.as_deref().map(parse_id).transpose()?,
    };
    let who = at_console(&context.caller, &input.connection);
    let answered = context.workbench.console.query(&input.connection, ask, &who).await?;
    Ok(Answer(Page::of(&answered)?))
}

/// Looks at a statement without running it.
pub(super) async fn check(context: &Context, connection: &str, sql: &str, estimate: bool) -> Result<Checked, ApiError> {
    require_text(sql)?;
    Ok(Checked(context.workbench.console.validate(connection, sql, estimate).await?))
}

/// The history, newest first.
pub(super) async fn history(
    context: &Context,
    connection: Option<String>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<StatementConnection, ApiError> {
    let asker = at_console(&context.caller, "");
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(parse_id).transpose()?;
        let filter = StatementFilter { connection: connection.clone(), who: None, before, limit };
        let found = context.workbench.console.history(filter, &asker).await?;
        filling.take(found.into_iter().map(|record| {
            let is_seen = context.sees_connection(&record.connection);
            (record.id.to_string(), Statement(record), is_seen)
        }));
    }
    Ok(filling.page().into())
}

fn positive(name: &str, number: i32) -> Result<u64, Fault> {
    u64::try_from(number)
        .map_err(|_| Fault::new(ErrorCode::InvalidValue, format!("`{name}` is negative")).path(name.to_owned()))
}

/// Values may be secret, so nothing of the text is repeated.
fn parse_params(text: Option<&str>) -> Result<Vec<Value>, Fault> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Fault::new(ErrorCode::InvalidValue, format!("`params` is not a JSON list ({place})"))
            .hint("Write it as text: `\"[1, \\\"a\\\"]\"`.")
            .path("params")
    })
}
