//! Changing.

use super::Context;
use super::alerts::{self, Alert, AlertDelivery, AlertPolicyApplied, AlertSeverity};
use super::anomalies::{self, Anomaly, AnomalyRule, AnomalyRuleInput};
use super::channels::{self, Channel, ChannelInput, ChannelTest};
use super::connections::{Connection, ConnectionInput, ConnectionTest, NewConnection};
use super::console::{self, Answer, StatementInput};
use super::diffs::{self, Diff, DiffInput};
use super::migrations::{self, Migration, MigrationInput, MigrationTask};
use super::monitors::{self, Monitor, MonitorInput};
use super::people::{self, CreatedToken, LevelWord, RoleWord, ThingWord, TokenInput, User};
use super::plugins::{self, Plugin};
use super::query::run_id;
use super::tables::{self, TablePlanAgreement, TablesApplied, TablesDropped, TablesValidation};
use super::trials::{self, Asked, TrialPin, Tried};
use super::types::{Problem, Run, Saved, Workflow};
use crate::error::ApiError;
use crate::rest::query::{at_console, parse_id};
use engine::engine::StartRun;
use juniper::graphql_object;
use model::anomaly::AnomalyAction;
use model::{ErrorCode, Fault, StepId};
use serde_json::{Map, Value};

/// Everything that can be changed.
pub struct Mutation;

#[graphql_object(context = Context)]
impl Mutation {
    /// Saves a document as the newest version of the workflow it names, or tells all its faults.
    async fn save_workflow(context: &Context, text: String) -> Saved {
        match context.engine.save_workflow(&text).await {
            Ok(workflow) => Saved { workflow: Some(Workflow(workflow)), problems: Vec::new() },
            Err(faults) => Saved { workflow: None, problems: faults.into_iter().map(Problem::from).collect() },
        }
    }

    /// Installs a plugin from an archive made by `sluice plugin pack`, in base64, and puts it to use; a broken one leaves the
    /// version before in use. Without `grants` an upgrade keeps what it had. Larger ones go to `POST /api/plugins`.
    async fn install_plugin(
        context: &Context,
        archive: String,
        grants: Option<Vec<String>>,
    ) -> Result<Plugin, ApiError> {
        plugins::install(context, &archive, grants).await
    }

    /// Replaces what the version of a plugin that is in use was granted: `http:https://api.example.com`, `clock`, ….
    async fn grant_plugin(context: &Context, name: String, grants: Vec<String>) -> Result<Plugin, ApiError> {
        plugins::grant(context, &name, grants)
    }

    /// Puts an earlier version of a plugin to use again: the one before, or that of the given number.
    async fn rollback_plugin(context: &Context, name: String, to: Option<String>) -> Result<Plugin, ApiError> {
        plugins::roll_back(context, &name, to.as_deref())
    }

    /// Removes a plugin, or one version of it that is not in use: `name@1.2.3`.
    async fn remove_plugin(context: &Context, name: String) -> Result<bool, ApiError> {
        plugins::remove(context, &name)
    }

    /// Makes a monitor: a workflow that compares on its schedule and tells people when a threshold is passed.
    /// `startRun` runs it now, `setWorkflowEnabled` starts and stops its schedule.
    async fn create_monitor(context: &Context, input: MonitorInput) -> Result<Monitor, ApiError> {
        monitors::create(context, input).await
    }

    /// Saves a migration: a workflow that moves tables; `replace` the one of that name.
    async fn create_migration(
        context: &Context,
        name: String,
        input: MigrationInput,
        replace: Option<bool>,
    ) -> Result<Migration, ApiError> {
        migrations::create(context, &name, input, replace.unwrap_or(false)).await
    }

    /// Starts a run of a migration; absent: it moves the tables.
    async fn start_migration(context: &Context, name: String, task: Option<MigrationTask>) -> Result<Run, ApiError> {
        migrations::start(context, &name, task.unwrap_or(MigrationTask::Move)).await
    }

    /// Cancels the newest run of a migration; what was copied stays.
    async fn cancel_migration(context: &Context, name: String) -> Result<Migration, ApiError> {
        migrations::cancel(context, &name).await
    }

    /// Goes on with what the newest run of a migration has left.
    async fn resume_migration(context: &Context, name: String) -> Result<Migration, ApiError> {
        migrations::resume(context, &name).await
    }

    /// Compares the rows of a migration with their source, one by one, in a run of its own.
    async fn validate_migration(context: &Context, name: String) -> Result<Run, ApiError> {
        migrations::start(context, &name, MigrationTask::Validate).await
    }

    /// Begins to compare two tables or queries; `diff` tells what was found, `diffRows` leafs through it.
    async fn start_diff(context: &Context, input: DiffInput) -> Result<Diff, ApiError> {
        diffs::start(context, input).await
    }

    /// Lets a workflow's triggers fire, or not.
    async fn set_workflow_enabled(context: &Context, id: String, enabled: bool) -> Result<Workflow, ApiError> {
        let workflow = context.engine.get_workflow(&id).await?;
        context.engine.set_workflow_enabled(workflow.id, enabled).await?;
        Ok(Workflow(context.engine.get_workflow(&workflow.id.to_string()).await?))
    }

    /// Removes a workflow and its versions; its runs stay.
    async fn delete_workflow(context: &Context, id: String) -> Result<bool, ApiError> {
        let workflow = context.engine.get_workflow(&id).await?;
        Ok(context.engine.delete_workflow(workflow.id).await?)
    }

    /// Tries a document on the first rows of its sources, without saving it: what leaves each port, and what targets would get.
    /// Nothing is written; steps that do something else than work on rows are left out. `upTo` tries one step with all that
    /// stands before it; `rows` says how many each source gives (50), `inputs` is JSON text. A step with `pins` gives their rows
    /// instead of doing its work, and what only it would need is left alone.
    async fn try_document(
        context: &Context,
        document: String,
        up_to: Option<String>,
        rows: Option<i32>,
        inputs: Option<String>,
        pins: Option<Vec<TrialPin>>,
    ) -> Result<Tried, ApiError> {
        let asked = Asked { up_to, rows, inputs, pins: pins.unwrap_or_default() };
        trials::try_document(context, &document, asked).await
    }

    /// Starts a run. `inputs` is JSON text: `{"day": "2024-01-31"}`.
    async fn start_run(
        context: &Context,
        workflow: String,
        inputs: Option<String>,
        version: Option<String>,
    ) -> Result<Run, ApiError> {
        let workflow = context.engine.get_workflow(&workflow).await?;
        let version = version
            .map(|version| version.parse())
            .transpose()
            .map_err(|error: model::id::ParseIdError| Fault::new(ErrorCode::VersionNotFound, error.to_string()))?;
        let start = StartRun { inputs: parse_inputs(inputs.as_deref())?, version, ..StartRun::default() };
        let run = context.engine.start_run(&workflow, start).await?;
        Ok(Run(context.engine.get_run(run).await?))
    }

    /// Makes the tables of a document as it describes them. With `agreed`, only tables whose plan is still the one named.
    async fn apply_tables(
        context: &Context,
        document: String,
        only: Option<Vec<String>>,
        allow_destructive: Option<bool>,
        agreed: Option<Vec<TablePlanAgreement>>,
    ) -> TablesApplied {
        tables::apply(context, &document, only, allow_destructive.unwrap_or_default(), agreed).await
    }

    /// Compares tables with their description, column by column, and keeps the result in the logs.
    async fn validate_tables(context: &Context, document: String, only: Option<Vec<String>>) -> TablesValidation {
        tables::validate(context, &document, only).await
    }

    /// Drops the tables of a document; without `allowDestructive` it only says what would be dropped.
    async fn drop_tables(
        context: &Context,
        document: String,
        only: Option<Vec<String>>,
        allow_destructive: Option<bool>,
    ) -> TablesDropped {
        tables::drop_tables(context, &document, only, allow_destructive.unwrap_or_default()).await
    }

    /// Stops a run.
    async fn cancel_run(context: &Context, id: String, reason: Option<String>) -> Result<Run, ApiError> {
        let run = run_id(&id)?;
        let reason: String = reason.unwrap_or_else(|| "canceled by a person".to_owned()).chars().take(500).collect();
        context.engine.cancel_run(run, &reason).await?;
        Ok(Run(context.engine.get_run(run).await?))
    }

    /// Saves a new connection; nothing is sent to it yet.
    async fn create_connection(context: &Context, name: String, input: NewConnection) -> Result<Connection, ApiError> {
        Ok(Connection(context.workbench.connections.create(input.into_new(name)?).await?))
    }

    /// Changes a saved connection; what is absent stays as it is.
    async fn update_connection(
        context: &Context,
        name: String,
        input: ConnectionInput,
    ) -> Result<Connection, ApiError> {
        Ok(Connection(context.workbench.connections.update(&name, input.into_change()?).await?))
    }

    /// Deletes a saved connection; `force` even where enabled workflows use it.
    async fn delete_connection(context: &Context, name: String, force: Option<bool>) -> Result<bool, ApiError> {
        context.workbench.connections.delete(&name, force.unwrap_or(false)).await?;
        Ok(true)
    }

    /// Asks the connection's system who it is. A failure is an answer too.
    async fn test_connection(context: &Context, name: String) -> Result<ConnectionTest, ApiError> {
        Ok(ConnectionTest(context.workbench.connections.test(&name).await?))
    }

    /// Runs a statement. It only reads, unless `write` is set and the connection allows writing.
    async fn run_statement(context: &Context, input: StatementInput) -> Result<Answer, ApiError> {
        console::run(context, input).await
    }

    /// Stops a statement that runs on this server.
    async fn cancel_statement(context: &Context, id: String) -> Result<bool, ApiError> {
        context.workbench.console.cancel(parse_id(&id)?, &at_console(&context.caller, ""))?;
        Ok(true)
    }

    /// Tries again what did not succeed; with `from`, that step and everything after it as well.
    async fn retry_run(context: &Context, id: String, from: Option<String>) -> Result<Run, ApiError> {
        let run = run_id(&id)?;
        let from = match from {
            Some(step) => Some(StepId::new(&step).ok_or_else(|| {
                Fault::new(
                    ErrorCode::StepNotFound,
                    format!("`{}` is not a step id", step.chars().take(80).collect::<String>()),
                )
            })?),
            None => None,
        };
        context.engine.retry_run(run, from).await?;
        Ok(Run(context.engine.get_run(run).await?))
    }

    /// Attempts a delivery here and now that failed, was dropped, or waits.
    async fn retry_delivery(context: &Context, id: String) -> Result<AlertDelivery, ApiError> {
        alerts::retry(context, &id).await
    }

    /// Says that somebody knows of an alert: nobody else is told.
    async fn acknowledge_alert(context: &Context, id: String, comment: Option<String>) -> Result<Alert, ApiError> {
        alerts::acknowledge(context, &id, comment.as_deref()).await
    }

    /// Applies an alert policy in place of the one before, or tells all its faults.
    async fn apply_alert_policy(context: &Context, text: String) -> Result<AlertPolicyApplied, ApiError> {
        alerts::apply_policy(context, &text).await
    }

    /// Forgets the alert policy; false: there was none.
    async fn delete_alert_policy(context: &Context) -> Result<bool, ApiError> {
        alerts::delete_policy(context).await
    }

    /// Saves a new channel; nothing is sent to it yet.
    async fn create_channel(context: &Context, name: String, input: ChannelInput) -> Result<Channel, ApiError> {
        channels::create(context, name, input).await
    }

    /// Changes a channel.
    async fn update_channel(context: &Context, name: String, input: ChannelInput) -> Result<Channel, ApiError> {
        channels::update(context, name, input).await
    }

    /// Deletes a channel.
    async fn delete_channel(context: &Context, name: String) -> Result<bool, ApiError> {
        channels::delete(context, &name).await
    }

    /// Sends a test alert to a channel; a failure is an answer too.
    async fn test_channel(
        context: &Context,
        name: String,
        severity: Option<AlertSeverity>,
    ) -> Result<ChannelTest, ApiError> {
        channels::test(context, &name, severity).await
    }

    /// Says that somebody knows of an anomaly: it does not alert again.
    async fn acknowledge_anomaly(context: &Context, id: String, comment: Option<String>) -> Result<Anomaly, ApiError> {
        anomalies::change(context, &id, AnomalyAction::Acknowledge, comment.as_deref()).await
    }

    /// Says that an anomaly is over.
    async fn resolve_anomaly(context: &Context, id: String, comment: Option<String>) -> Result<Anomaly, ApiError> {
        anomalies::change(context, &id, AnomalyAction::Resolve, comment.as_deref()).await
    }

    /// Says that an anomaly is not over after all.
    async fn reopen_anomaly(context: &Context, id: String, comment: Option<String>) -> Result<Anomaly, ApiError> {
        anomalies::change(context, &id, AnomalyAction::Reopen, comment.as_deref()).await
    }

    /// Sets what a rule of anomalies does, in place of what was set before.
    async fn configure_anomaly_rule(context: &Context, rule: AnomalyRuleInput) -> Result<AnomalyRule, ApiError> {
        anomalies::configure(context, rule).await
    }

    /// Forgets what was set for a rule; false: nothing was.
    async fn reset_anomaly_rule(context: &Context, rule: String) -> Result<bool, ApiError> {
        anomalies::reset(context, &rule).await
    }

    /// Adds a person; without a password only the identity provider lets them in.
    async fn create_user(
        context: &Context,
        name: String,
        password: Option<String>,
        role: RoleWord,
    ) -> Result<User, ApiError> {
        people::create(context, &name, password, role).await
    }

    /// Changes a person's role, or whether they may sign in; what is absent stays as it is.
    async fn update_user(
        context: &Context,
        id: String,
        role: Option<RoleWord>,
        disabled: Option<bool>,
    ) -> Result<User, ApiError> {
        people::update(context, &id, role, disabled).await
    }

    /// Removes a person with their grants, sessions and tokens; what they did stays on record.
    async fn delete_user(context: &Context, id: String) -> Result<bool, ApiError> {
        people::delete(context, &id).await
    }

    /// Sets somebody's password, and ends their sessions.
    async fn reset_password(context: &Context, id: String, password: String) -> Result<bool, ApiError> {
        people::reset_password(context, &id, &password).await
    }

    /// Changes one's own password, and ends one's other sessions.
    async fn change_password(context: &Context, old_password: String, new_password: String) -> Result<bool, ApiError> {
        people::change_password(context, &old_password, &new_password).await
    }

    /// Ends a session, one's own or, for an admin, anybody's.
    async fn end_session(context: &Context, id: String) -> Result<bool, ApiError> {
        people::end_session(context, &id).await
    }

    /// Makes an API token; its text is in this answer and nowhere else.
    async fn create_token(context: &Context, input: TokenInput) -> Result<CreatedToken, ApiError> {
        people::create_token(context, input).await
    }

    /// Revokes a token, one's own or, for an admin, anybody's.
    async fn revoke_token(context: &Context, id: String) -> Result<bool, ApiError> {
        people::revoke_token(context, &id).await
    }

    /// Sets what a person may do with the connections or workflows whose names fit a pattern, in place of their role's level.
    async fn set_grant(
        context: &Context,
        user: String,
        thing: ThingWord,
        pattern: String,
        level: LevelWord,
    ) -> Result<User, ApiError> {
        people::set_grant(context, &user, thing, &pattern, Some(level)).await
    }

    /// Forgets what was set for a pattern.
    async fn remove_grant(
        context: &Context,
        user: String,
        thing: ThingWord,
        pattern: String,
    ) -> Result<User, ApiError> {
        people::set_grant(context, &user, thing, &pattern, None).await
    }
}

pub(super) fn parse_inputs(text: Option<&str>) -> Result<Map<String, Value>, Fault> {
    let Some(text) = text else { return Ok(Map::new()) };
    serde_json::from_str(text).map_err(|error| {
        Fault::new(ErrorCode::InvalidInput, format!("`inputs` is not a JSON object: {error}"))
            .hint("Write it as text: `\"{\\\"day\\\": \\\"2024-01-31\\\"}\"`.")
    })
}
