//! The subcommands, one file each.

mod channel;
mod connection;
mod graphql_schema;
mod plugin;
mod query;
mod run;
mod schema;
mod serve;
mod tables;
mod validate;
mod worker;
mod workflow;

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
    /// Check a workflow document (exit code 0 valid, 1 refused).
    Validate(validate::Validate),
    /// Save, list and show workflows.
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    /// Add, list, test, read and remove connections.
    #[command(subcommand)]
    Connection(connection::Connection),
    /// Run one statement on a connection (reads only, unless both it and the connection say otherwise), or show the history.
    Query(query::Query),
    /// Add, list, test and remove alert channels.
    #[command(subcommand)]
    Channel(channel::Channel),
    /// Install, list and remove plugins, and grant them capabilities.
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Make tables of all databases as a document describes them.
    #[command(subcommand)]
    Tables(tables::Tables),
    /// Print the JSON Schema of workflow documents.
    Schema,
    /// Print the GraphQL schema.
    GraphqlSchema,
}

/// Carries out one subcommand.
pub(crate) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(serve) => serve.run(settings).await,
        Command::Worker(worker) => worker.run(settings).await,
        Command::Run(run) => run.run(settings).await,
        Command::Validate(validate) => validate.run(settings).await,
        Command::Workflow(workflow) => workflow.run(settings).await,
        Command::Connection(connection) => connection.run(settings).await,
        Command::Query(query) => query.run(settings).await,
        Command::Channel(channel) => channel.run(settings).await,
        Command::Plugin(plugin) => plugin.run(settings).await,
        Command::Tables(tables) => tables.run(settings).await,
        Command::Schema => schema::run(settings),
        Command::GraphqlSchema => graphql_schema::run(),
    }
}

/// Refuses a name that could be mistaken for another or for a path.
fn require_name(what: &str, name: &str) -> Result<(), model::Fault> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(good) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    Err(model::Fault::new(model::ErrorCode::InvalidValue, format!("`{shown}` cannot name a {what}"))
        .hint("Use lowercase letters, digits, `-` and `_`, at most 64."))
}
