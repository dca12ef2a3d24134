//! Asking.

use super::Context;
use super::alerts::{self, Alert, AlertConnection, AlertDelivery, AlertFilterInput, AlertPreview, AlertPreviewInput};
use super::anomalies::{self, Anomaly, AnomalyConnection, AnomalyFilterInput, AnomalyRule, BackupConnection};
use super::audit::{self, AuditConnection, AuditFilterInput, AuditVerdict};
use super::channels::{self, Channel, ChannelConnection, ChannelKind};
use super::connections::{Connection, ConnectionConnection, Table};
use super::console::{self, Checked, StatementConnection};
use super::diffs::{self, Diff, DiffPage, DiffRepair};
use super::migrations::{self, Migration, MigrationConnection, MigrationInput, MigrationLook};
use super::monitors::{self, MonitorConnection, MonitorResultConnection};
use super::page::Filling;
use super::people::{self, Me, SessionConnection, TokenConnection, User, UserConnection};
use super::plugins::{self, Plugin};
use super::server::Server;
use super::tables::{self, TableLogConnection, TableLogWish, TablesImport, TablesPlan};
use super::translations::{self, TranslateInput, TranslatedStatement};
use super::types::{Problem, Run, RunConnection, RunStatusWord, StepKind, Workflow, WorkflowConnection, list_runs};
use crate::error::ApiError;
use engine::ports::RunFilter;
use juniper::graphql_object;
use model::{ErrorCode, Fault, RunId};

/// Everything that can be asked.
pub struct Query;

#[graphql_object(context = Context)]
impl Query {
    /// The installed plugins, by name.
    async fn plugins(context: &Context) -> Result<Vec<Plugin>, ApiError> {
        plugins::list(context)
    }

    /// The plugin of that name; `name@1.2` is a version of it.
    async fn plugin(context: &Context, name: String) -> Result<Plugin, ApiError> {
        plugins::get(context, &name)
    }

    /// Workflows by name.
    async fn workflows(
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<WorkflowConnection, ApiError> {
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let found = context.engine.list_workflows(after, limit).await?;
            filling.take(found.into_iter().map(|found| {
                let is_seen = context.sees_workflow(&found.name);
                (found.name.clone(), Workflow(found), is_seen)
            }));
        }
        Ok(filling.page().into())
    }

    /// The workflow of that id or name.
    async fn workflow(context: &Context, id: String) -> Result<Workflow, ApiError> {
        Ok(Workflow(context.engine.get_workflow(&id).await?))
    }

    /// Runs, newest first.
    async fn runs(
        context: &Context,
        workflow: Option<String>,
        statuses: Option<Vec<RunStatusWord>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<RunConnection, ApiError> {
        let workflow = match workflow {
            Some(workflow) => Some(context.engine.get_workflow(&workflow).await?.id),
            None => None,
        };
        let statuses = statuses.unwrap_or_default().into_iter().map(Into::into).collect();
        list_runs(context, RunFilter { workflow, statuses, before: None, limit: 0 }, after, first).await
    }

    /// The run of that id.
    async fn run(context: &Context, id: String) -> Result<Run, ApiError> {
        Ok(Run(context.engine.get_run(run_id(&id)?).await?))
    }

    /// Monitors by name, each with its last result.
    async fn monitors(
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<MonitorConnection, ApiError> {
        monitors::list(context, after, first).await
    }

    /// What a monitor's runs found, newest first.
    async fn monitor_results(
        context: &Context,
        name: String,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<MonitorResultConnection, ApiError> {
        monitors::results(context, &name, after, first).await
    }

    /// Migrations by name, each with the progress of its newest run.
    async fn migrations(
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<MigrationConnection, ApiError> {
        migrations::list(context, after, first).await
    }

    /// The migration of that name.
    async fn migration(context: &Context, name: String) -> Result<Migration, ApiError> {
        migrations::get(context, &name).await
    }

    /// What a migration would do: tables, columns with their types, hazards, statements, the first rows (5, or `sample`).
    /// With `full` one query for each table counts what only its values tell; for large tables start a run of the task
    /// `LOOK` instead.
    async fn migration_look(
        context: &Context,
        input: MigrationInput,
        full: Option<bool>,
        sample: Option<i32>,
    ) -> Result<MigrationLook, ApiError> {
        migrations::look(context, input, full.unwrap_or(false), sample).await
    }

    /// What a comparison that `startDiff` began has found.
    async fn diff(context: &Context, run: String) -> Result<Diff, ApiError> {
        diffs::get(context, run_id(&run)?).await
    }

    /// Differences of what a run compared, in the order of the key; `after` is `next` of the page before. They are compared when
    /// the first is asked for, some thousand at a time, and kept for ten minutes after their last use.
    async fn diff_rows(
        context: &Context,
        run: String,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<DiffPage, ApiError> {
        diffs::rows(context, run_id(&run)?, after.as_deref(), first).await
    }

    /// The statements that would make the right table equal the left, of the first 1,000 differences, or `first`, at most
    /// 10,000; nothing is run. `startDiff` with the settings `{"repair": "apply"}` runs all.
    async fn diff_repair(context: &Context, run: String, first: Option<i32>) -> Result<DiffRepair, ApiError> {
        diffs::repair(context, run_id(&run)?, first).await
    }

    /// Anomalies, the last seen first.
    async fn anomalies(
        context: &Context,
        filter: Option<AnomalyFilterInput>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<AnomalyConnection, ApiError> {
        anomalies::list(context, filter, after, first).await
    }

    /// The anomaly of that id.
    async fn anomaly(context: &Context, id: String) -> Result<Anomaly, ApiError> {
        anomalies::get(context, &id).await
    }

    /// What people have set for rules of anomalies.
    async fn anomaly_rules(context: &Context) -> Result<Vec<AnomalyRule>, ApiError> {
        anomalies::list_rules(context).await
    }

    /// Alerts, newest first.
    async fn alerts(
        context: &Context,
        filter: Option<AlertFilterInput>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<AlertConnection, ApiError> {
        alerts::list(context, filter, after, first).await
    }

    /// The alert of that id.
    async fn alert(context: &Context, id: String) -> Result<Alert, ApiError> {
        alerts::get(context, &id).await
    }

    /// The deliveries of an alert, one for each channel.
    async fn deliveries(context: &Context, alert: String) -> Result<Vec<AlertDelivery>, ApiError> {
        alerts::deliveries(context, &alert).await
    }

    /// The alert policy as it was applied; null: there is none.
    async fn alert_policy(context: &Context) -> Result<Option<String>, ApiError> {
        alerts::policy(context).await
    }

    /// The JSON Schema of an alert policy, as JSON text.
    fn alert_policy_schema() -> String {
        alerts::policy_schema()
    }

    /// The message that a template makes, with sample or real data; nothing is sent.
    async fn preview_alert(context: &Context, input: AlertPreviewInput) -> Result<AlertPreview, ApiError> {
        alerts::preview(context, input).await
    }

    /// The kinds of channels there may be: those of this server and those of its plugins.
    async fn channel_kinds(context: &Context) -> Result<Vec<ChannelKind>, ApiError> {
        channels::kinds(context)
    }

    /// Channels by name.
    async fn channels(
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<ChannelConnection, ApiError> {
        channels::list(context, after, first).await
    }

    /// The channel of that name.
    async fn channel(context: &Context, name: String) -> Result<Channel, ApiError> {
        channels::get(context, &name).await
    }

    /// Backups, newest first.
    async fn backups(
        context: &Context,
        connection: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<BackupConnection, ApiError> {
        anomalies::list_backups(context, connection, after, first).await
    }

    /// All faults of a document; none: it would be accepted.
    fn check(context: &Context, text: String) -> Vec<Problem> {
        match context.engine.check(&text) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(Problem::from).collect(),
        }
    }

    /// What has to be run so that the tables of a document are as it describes them; `only` names some of them.
    async fn tables_plan(context: &Context, document: String, only: Option<Vec<String>>) -> TablesPlan {
        tables::plan(context, &document, only).await
    }

    /// The document of a connection's tables: those named, or all.
    async fn tables_import(
        context: &Context,
        connection: String,
        tables: Option<Vec<String>>,
    ) -> Result<TablesImport, ApiError> {
        tables::import(context, &connection, tables).await
    }

    /// Entries of one of the four logs about tables, newest first.
    async fn table_logs(
        context: &Context,
        filter: Option<TableLogWish>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<TableLogConnection, ApiError> {
        tables::logs(context, filter, after, first).await
    }

    /// Connections by name.
    async fn connections(
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<ConnectionConnection, ApiError> {
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let found = context.workbench.connections.list(after, limit).await?;
            filling.take(found.into_iter().map(|view| {
                let is_seen = context.sees_connection(&view.name);
                (view.name.clone(), Connection(view), is_seen)
            }));
        }
        Ok(filling.page().into())
    }

    /// The connection of that name.
    async fn connection(context: &Context, name: String) -> Result<Connection, ApiError> {
        Ok(Connection(context.workbench.connections.get(&name).await?))
    }

    /// What a connection's system says about one of its tables.
    async fn table(context: &Context, connection: String, name: String) -> Result<Table, ApiError> {
        Ok(Table(context.workbench.connections.get_table(&connection, &name).await?))
    }

    /// What can be said of a statement without running it; with `estimate`, what the system expects it to cost.
    async fn check_statement(
        context: &Context,
        connection: String,
        sql: String,
        estimate: Option<bool>,
    ) -> Result<Checked, ApiError> {
        console::check(context, &connection, &sql, estimate.unwrap_or(false)).await
    }

    /// Statements that were asked on the console, newest first.
    async fn statements(
        context: &Context,
        connection: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<StatementConnection, ApiError> {
        console::history(context, connection, after, first).await
    }

    /// Statements in the words of another dialect, with what may differ.
    async fn translate(context: &Context, input: TranslateInput) -> Result<Vec<TranslatedStatement>, ApiError> {
        translations::translate(context, input).await
    }

    /// The server itself: its version, what it was started with, and the keys that seal secrets.
    fn server(context: &Context) -> Server {
        Server(context.workbench.server.clone())
    }

    /// The step kinds there are.
    fn step_kinds(context: &Context) -> Vec<StepKind> {
        let catalog = context.engine.catalog();
        catalog.kind_names().iter().filter_map(|name| catalog.find_kind(name)).map(StepKind).collect()
    }

    /// Whoever asks, and what they may.
    fn me() -> Me {
        Me
    }

    /// People by name.
    async fn users(context: &Context, after: Option<String>, first: Option<i32>) -> Result<UserConnection, ApiError> {
        people::list(context, after, first).await
    }

    /// The person of that id or name.
    async fn user(context: &Context, id: String) -> Result<User, ApiError> {
        people::get(context, &id).await
    }

    /// Browsers one has signed in with, the newest first; `all`: everybody's, for an admin.
    async fn sessions(
        context: &Context,
        all: Option<bool>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<SessionConnection, ApiError> {
        people::sessions(context, all, after, first).await
    }

    /// One's API tokens, the newest first; `all`: everybody's, for an admin.
    async fn tokens(
        context: &Context,
        all: Option<bool>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<TokenConnection, ApiError> {
        people::tokens(context, all, after, first).await
    }

    /// What was changed, by whom, newest first.
    async fn audit_log(
        context: &Context,
        filter: Option<AuditFilterInput>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<AuditConnection, ApiError> {
        audit::list(context, filter, after, first).await
    }

    /// Whether the audit log is whole: its chain, and the signed checkpoints in the data folder. It reads the whole log; what
    /// takes longer than a request may, `sluice audit verify` tells.
    async fn audit_verdict(context: &Context) -> Result<AuditVerdict, ApiError> {
        audit::verify(context).await
    }
}

/// The run id spelled by `text`; what is none is not found.
pub(crate) fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|error| ApiError(Fault::new(ErrorCode::RunNotFound, format!("{error}"))))
}
