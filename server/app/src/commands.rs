//! The subcommands, one file each.

mod alert;
mod anomaly;
mod audit;
mod backup;
mod channel;
mod connection;
mod diff;
mod graphql_schema;
mod key;
mod migrate;
mod monitor;
mod plugin;
mod query;
mod run;
mod schema;
mod serve;
mod tables;
mod translate;
mod try_out;
mod user;
mod validate;
mod worker;
mod workflow;

pub(crate) use query::with_statements;

use crate::failure::Failure;
use crate::settings::Settings;
use clap::Subcommand;
use std::process::ExitCode;

/// What `sluice` can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: API, scheduler and a worker.
    Serve(serve::Serve),
    /// Run only a worker; needs a PostgreSQL metadata database shared with a server.
    Worker(worker::Worker),
    /// Run a workflow document once and wait for its end.
    Run(run::Run),
    /// Try a workflow document on a few rows: what is on each edge, and what would be written.
    Try(try_out::TryOut),
    /// Check a workflow document (exit code 0 valid, 1 refused).
    Validate(validate::Validate),
    /// Save, list and show workflows.
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    /// Add, change, list, test, read and remove connections.
    #[command(subcommand)]
    Connection(connection::Connection),
    /// Run one statement on a connection (reads only, unless both it and the connection say otherwise), or show the history.
    Query(query::Query),
    /// Tell in which rows two tables, queries or files differ (exit code 0 equal, 1 different, 2 failed).
    Diff(diff::Diff),
    /// Compare on a schedule, and tell people when a threshold is passed.
    #[command(subcommand)]
    Monitor(monitor::Monitor),
    /// Add, list, test and remove alert channels.
    #[command(subcommand)]
    Channel(channel::Channel),
    /// List alerts with what became of them, acknowledge them, try again, and set the alert policy.
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Add, list, change and remove people who may sign in, their grants and API tokens.
    #[command(subcommand)]
    User(user::User),
    /// Show what was changed by whom, and verify that record.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Show and change the key that seals secrets.
    #[command(subcommand)]
    Key(key::Key),
    /// Install, list and remove plugins, and grant them capabilities.
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Make tables of all databases as a document describes them.
    #[command(subcommand)]
    Tables(tables::Tables),
    /// Move tables from one connection to another.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Translate SQL from one dialect into another, with what may differ (exit code 1: something was refused).
    Translate(translate::Translate),
    /// List anomalies, acknowledge and resolve them, and set what their rules do.
    #[command(subcommand)]
    Anomaly(anomaly::AnomalyCommand),
    /// Back data up, look through backups, and bring them back.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Print the JSON Schema of workflow documents.
    Schema,
    /// Print the GraphQL schema.
    GraphqlSchema,
}

/// Carries out one subcommand.
pub(crate) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some(change) = audit::Change::find(&words) else { return carry_out(command, settings).await };
    let begun = change.begin(settings).await?;
    let ended = carry_out(command, settings).await;
    begun.end(ended.is_ok()).await?;
    ended
}

async fn carry_out(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(serve) => serve.run(settings).await,
        Command::Worker(worker) => worker.run(settings).await,
        Command::Run(run) => run.run(settings).await,
        Command::Try(trial) => trial.run(settings).await,
        Command::Validate(validate) => validate.run(settings).await,
        Command::Workflow(workflow) => workflow.run(settings).await,
        Command::Connection(connection) => connection.run(settings).await,
        Command::Query(query) => query.run(settings).await,
        Command::Diff(diff) => diff.run(settings).await,
        Command::Monitor(monitor) => monitor.run(settings).await,
        Command::Channel(channel) => channel.run(settings).await,
        Command::Alert(alert) => alert.run(settings).await,
        Command::User(user) => user.run(settings).await,
        Command::Audit(audit) => audit.run(settings).await,
        Command::Key(key) => key.run(settings).await,
        Command::Plugin(plugin) => plugin.run(settings).await,
        Command::Tables(tables) => tables.run(settings).await,
        Command::Migrate(migrate) => migrate.run(settings).await,
        Command::Translate(translate) => translate.run(settings).await,
        Command::Anomaly(anomaly) => anomaly.run(settings).await,
        Command::Backup(backup) => backup.run(settings).await,
        Command::Schema => schema::run(settings),
        Command::GraphqlSchema => graphql_schema::run(),
    }
}
