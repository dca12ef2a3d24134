//! What a request is about: finds the connections and workflows its arguments name, and asks for the level each takes.

use super::caller::{Caller, absent};
use super::named::{self, Named, Which};
use super::operations::{Least, Needs, Operation};
use crate::error::ApiError;
use crate::graphql::Context;
use model::access::{Level, Thing};
use model::{AlertId, ErrorCode, Fault, RunId};
use serde_json::Value;
use workbench::alerts::{parse_alert_id, parse_delivery_id};
use workbench::anomalies::parse_anomaly_id;

/// The arguments of a request.
pub struct Given(pub Value);

impl Given {
    /// Adds an argument.
    pub(super) fn add(&mut self, name: &str, value: Value) {
        if let Value::Object(members) = &mut self.0 {
            members.insert(name.to_owned(), value);
        }
    }

    /// The texts at a path: one, several where a list stands there, none where it is absent.
    pub(super) fn texts(&self, path: &str) -> Vec<&str> {
        let found = path.split('.').try_fold(&self.0, |value, name| value.get(name));
        match found {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Needs {
    /// The path of its argument.
    #[must_use]
    pub fn path(&self) -> &'static str {
        match self {
            Self::Workflow(path, _)
            | Self::Named(path, _)
            | Self::Run(path, _)
            | Self::Rows(path)
            | Self::Connection(path, _)
            | Self::NewConnection(path, _)
            | Self::Anomaly(path, _)
            | Self::Alert(path, _)
            | Self::Delivery(path, _)
            | Self::Document(path)
            | Self::Tables(path, _)
            | Self::User(path)
            | Self::Id(path)
            | Self::Settings(path)
            | Self::Mended(path, _) => path,
        }
    }

    /// What it is about and the level it takes; none: that is not known before the argument is.
    #[must_use]
    pub fn level(&self) -> Option<(Thing, Level)> {
        match *self {
            Self::Workflow(_, level)
            | Self::Named(_, level)
            | Self::Run(_, level)
            | Self::Alert(_, level)
            | Self::Delivery(_, level) => Some((Thing::Workflow, level)),
            Self::Rows(_) => Some((Thing::Connection, Level::Use)),
            Self::Connection(_, level)
            | Self::NewConnection(_, level)
            | Self::Anomaly(_, level)
            | Self::Tables(_, level) => Some((Thing::Connection, level)),
            Self::Document(_) => Some((Thing::Workflow, Level::Write)),
            Self::Settings(_) | Self::Mended(..) | Self::User(_) | Self::Id(_) => None,
        }
    }
}

/// Lets pass whoever may carry out the operation with these arguments.
///
/// # Errors
/// `forbidden`, or the fault of an absent thing for what the caller may not see.
pub async fn require(context: &Context, operation: &Operation, given: &Given) -> Result<(), ApiError> {
    let caller = &context.caller;
    if let Least::Role(role) = operation.least
        && caller.authority.role < role
    {
        return Err(caller.forbidden(format!("this takes the role `{role}`, and yours is `{}`", caller.authority.role)));
    }
    if operation.changes && caller.authority.read_only {
        return Err(caller.forbidden("this token may only read".to_owned()));
    }
    for needs in operation.needs {
        for text in given.texts(needs.path()) {
            one(context, needs, text, given).await?;
        }
    }
    Ok(())
}

async fn one(context: &Context, needs: &Needs, text: &str, given: &Given) -> Result<(), ApiError> {
    let caller = &context.caller;
    // Whom nothing is kept from gets the resolvers' own answers, with what lies near in their hints.
    if caller.is_unbounded() {
        return Ok(());
    }
    match *needs {
        Needs::Workflow(_, level) => workflow(context, text, level).await,
        Needs::Named(_, level) => caller.require(Thing::Workflow, text, level),
        Needs::Run(_, level) => run(context, text, level).await,
        Needs::Rows(_) => rows(context, text).await,
        Needs::Connection(_, level) => connection(context, text, level).await,
        Needs::NewConnection(_, level) => caller.require(Thing::Connection, text, level),
        Needs::Anomaly(_, level) => anomaly(context, text, level).await,
        Needs::Alert(_, level) => alert(context, parse_alert_id(text)?, level).await,
        Needs::Delivery(_, level) => {
            let delivery = context.workbench.alerts.get_delivery(parse_delivery_id(text)?).await?;
            match alert(context, delivery.alert, level).await {
                // Word for word what the workbench says of one that is not there.
                Err(refused) if refused.0.code == ErrorCode::AlertNotFound => Err(ApiError(
                    Fault::new(ErrorCode::DeliveryNotFound, format!("there is no delivery `{}`", delivery.id))
                        .hint("`sluice alert show` lists an alert's deliveries."),
                )),
                other => other,
            }
        }
        Needs::Document(_) => document(context, text),
        Needs::Tables(_, level) => tables(context, text, level).await,
        // The row's role decides, or the resolver, which knows whose it is.
        Needs::User(_) | Needs::Id(_) => Ok(()),
        Needs::Settings(_) => settings(caller, text),
        Needs::Mended(_, of) => match given.texts(of).first().map(|text| serde_json::from_str::<Value>(text)) {
            Some(Ok(Value::Object(with))) if named::mends(&with) => connection(context, text, Level::Write).await,
            _ => Ok(()),
        },
    }
}

/// Further settings of a step, as JSON text.
fn settings(caller: &Caller, text: &str) -> Result<(), ApiError> {
    // Of what cannot be read the resolver tells what is wrong.
    let settings: Value = serde_json::from_str(text).unwrap_or_default();
    named::in_settings(&settings).iter().try_for_each(|which| through(caller, which, Level::Write))
}

async fn workflow(context: &Context, text: &str, level: Level) -> Result<(), ApiError> {
    match context.engine.get_workflow(text).await {
        Ok(found) if context.caller.sees(Thing::Workflow, &found.name) => {
            context.caller.require(Thing::Workflow, &found.name, level)
        }
        Ok(_) => Err(absent(Thing::Workflow, text)),
        Err(fault) if fault.code == ErrorCode::WorkflowNotFound => Err(absent(Thing::Workflow, text)),
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn connection(context: &Context, name: &str, level: Level) -> Result<(), ApiError> {
    if context.caller.is_unbounded() {
        return Ok(());
    }
    context.caller.require(Thing::Connection, name, level)?;
    match context.workbench.connections.get(name).await {
        Ok(_) => Ok(()),
        Err(fault) if fault.code == ErrorCode::ConnectionNotFound => Err(absent(Thing::Connection, name)),
        Err(fault) => Err(fault.into()),
    }
}

/// The name of a run's workflow; none where that was deleted.
pub(crate) async fn workflow_of(context: &Context, run: RunId) -> Result<Option<String>, ApiError> {
    let view = context.engine.get_run(run).await?;
    match context.engine.get_workflow(&view.workflow.to_string()).await {
        Ok(workflow) => Ok(Some(workflow.name)),
        Err(fault) if fault.code == ErrorCode::WorkflowNotFound => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn absent_run(text: &str) -> ApiError {
    let shown: String = text.chars().take(80).collect();
    ApiError(Fault::new(ErrorCode::RunNotFound, format!("run `{shown}` does not exist")))
}

async fn run(context: &Context, text: &str, level: Level) -> Result<(), ApiError> {
    let id = crate::graphql::query::run_id(text)?;
    let name = match workflow_of(context, id).await {
        Ok(name) => name,
        Err(refused) if refused.0.code == ErrorCode::RunNotFound => return Err(absent_run(text)),
        Err(refused) => return Err(refused),
    };
    match name {
        Some(name) if context.caller.sees(Thing::Workflow, &name) => {
            context.caller.require(Thing::Workflow, &name, level)
        }
        // Whose workflow is gone cannot be told; only who may see all of them sees its runs.
        None if context.caller.authority.may_all(Thing::Workflow, level) => Ok(()),
        _ => Err(absent_run(text)),
    }
}

async fn rows(context: &Context, text: &str) -> Result<(), ApiError> {
    run(context, text, Level::Read).await?;
    let view = context.engine.get_run(crate::graphql::query::run_id(text)?).await?;
    let version = context.engine.get_version(view.version).await?;
    for (_, which) in in_document(context, &version.text).found {
        if which != Which::AllWorkflows {
            through(&context.caller, &which, Level::Use)?;
        }
    }
    Ok(())
}

async fn anomaly(context: &Context, text: &str, level: Level) -> Result<(), ApiError> {
    let found = context.workbench.anomalies.get(parse_anomaly_id(text)?).await?;
    if found.connection.is_empty() || context.caller.sees(Thing::Connection, &found.connection) {
        return match found.connection.as_str() {
            "" => Ok(()),
            name => context.caller.require(Thing::Connection, name, level),
        };
    }
    // Word for word what the workbench says of one that is not there.
    Err(ApiError(
        Fault::new(ErrorCode::AnomalyNotFound, format!("there is no anomaly `{}`", found.id))
            .hint("`sluice anomaly list` shows what there is."),
    ))
}

/// An alert counts as a part of its workflow, by its name: the workflow itself may be gone.
async fn alert(context: &Context, id: AlertId, level: Level) -> Result<(), ApiError> {
    let found = context.workbench.alerts.get(id).await?;
    match found.workflow.as_deref() {
        None => Ok(()),
        Some(name) if context.caller.sees(Thing::Workflow, name) => {
            context.caller.require(Thing::Workflow, name, level)
        }
        // Word for word what the workbench says of one that is not there.
        Some(_) => Err(ApiError(
            Fault::new(ErrorCode::AlertNotFound, format!("there is no alert `{id}`"))
                .hint("`sluice alert list` shows what there is."),
        )),
    }
}

/// What saving a workflow takes: its name, and the connections of its steps.
fn document(context: &Context, text: &str) -> Result<(), ApiError> {
    let Named { name, found } = in_document(context, text);
    // A document without a name, or that cannot be read, is refused with all its faults by whoever saves it.
    if !name.is_empty() {
        context.caller.require(Thing::Workflow, &name, Level::Write)?;
    } else if !context.caller.has_somewhere(Thing::Workflow, Level::Write) {
        return Err(context.caller.forbidden("you may not `write` any workflow".to_owned()));
    }
    found.iter().try_for_each(|(level, which)| through(&context.caller, which, *level))
}

/// What the document names, by the schemas of this server's step kinds.
pub(super) fn in_document(context: &Context, text: &str) -> Named {
    let catalog = context.engine.catalog();
    named::in_document(text, &|uses| Some(catalog.find_kind(uses)?.schema))
}

/// Asks for what settings name; what is worked out later may be any connection.
fn through(caller: &Caller, which: &Which, level: Level) -> Result<(), ApiError> {
    match which {
        Which::Connection(name) => caller.require(Thing::Connection, name, level),
        Which::AnyConnection(_) if caller.authority.may_all(Thing::Connection, level) => Ok(()),
        Which::AllWorkflows if caller.authority.may_all(Thing::Workflow, level) => Ok(()),
        Which::AnyConnection(text) => {
            let shown: String = text.chars().take(80).collect();
            Err(caller.forbidden(format!("`{shown}` may name any connection, and you may not `{level}` every one")))
        }
        Which::AllWorkflows => {
            Err(caller.forbidden(format!("this is about all workflows, and you may not `{level}` every one")))
        }
    }
}

async fn tables(context: &Context, text: &str, level: Level) -> Result<(), ApiError> {
    let targets = match context.workbench.tables.targets(text, &[]).await {
        Ok(targets) => targets,
        Err(_) if !context.caller.has_somewhere(Thing::Connection, level) => {
            return Err(context.caller.forbidden(format!("you may not `{level}` any connection")));
        }
        // The resolver tells all its faults, unless they name what the caller may not see.
        Err(faults) => return conceal(context, &faults).await,
    };
    for target in targets {
        if !context.caller.sees(Thing::Connection, &target.connection) {
            return Err(unseen());
        }
        connection(context, &target.connection, level).await?;
    }
    Ok(())
}

/// Refuses a document whose faults would name connections that the caller may not see, or tell one that is hidden from one
/// that is not there.
async fn conceal(context: &Context, faults: &[Fault]) -> Result<(), ApiError> {
    if context.caller.sees_all(Thing::Connection) {
        return Ok(());
    }
    let names = context.workbench.connections.list(None, 500).await?;
    let hidden = names.iter().filter(|view| !context.caller.sees(Thing::Connection, &view.name));
    let told: String = faults.iter().map(ToString::to_string).collect();
    let is_absent = faults.iter().any(|fault| fault.code == ErrorCode::ConnectionNotFound);
    if is_absent || hidden.into_iter().any(|view| told.contains(&view.name)) {
        return Err(unseen());
    }
    Ok(())
}

/// What is said of a document that names a connection which is hidden, or not there.
fn unseen() -> ApiError {
    let message = "a table of the document has no connection that you may see";
    ApiError(Fault::new(ErrorCode::ConnectionNotFound, message).hint("Name one in the table's `connection`."))
}
