//! `migrate`: moves tables from one connection to another.
//!
//! The step's first task looks at the source, makes the target's tables and cuts each table into ranges; every range is a
//! chunk that any worker may take; the last task makes indexes and foreign keys and compares both sides. The work
//! itself is [`transfer::migrate`]; `migrate/settings.rs` reads the settings, `migrate/parts.rs` has the three tasks, `migrate/watcher.rs`
//! keeps what is refused.
//! Exactly once: a chunk is resumed by the target's ledger, wherever its next attempt runs.

mod parts;
mod settings;
#[cfg(test)]
mod tests;
mod watcher;

use crate::kind::{Opened, StepContext, StepKind};
use async_trait::async_trait;
use data::Result;
use model::Fault;
use model::kind::{Inputs, KindInfo};
use serde_json::{Map, Value};
use settings::Settings;

/// The step kind `migrate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Migrate;

/// Compares the tables that a step of these settings moves, row by row, whatever the settings say of it; one entry for each
/// table, by the source's name.
///
/// # Errors
/// `invalid_value` for settings that do not fit, and as for [`transfer::migrate::validate`].
pub async fn validate(with: &Map<String, Value>, connections: &dyn data::Connections) -> Result<Map<String, Value>> {
    let settings: Settings = crate::settings::parse(&settled(with))
        .map_err(|error| crate::settings::invalid(format!("the settings of the step do not fit: {error}")))?;
    parts::validate(&settings, connections).await
}

/// The settings without a `task` that is told only when a run starts.
fn settled(with: &Map<String, Value>) -> Map<String, Value> {
    let mut with = with.clone();
    if with.get("task").and_then(Value::as_str).is_some_and(|task| task.contains("${{")) {
        with.remove("task");
    }
    with
}

#[async_trait]
impl StepKind for Migrate {
    fn info(&self) -> KindInfo {
        let outputs = [
            "tables",
            "views",
            "rows",
            "rejected",
            "bytes",
            "rows_expected",
            "differences",
            "failed",
            "hazards",
            "left_out",
            "notes",
            "sample",
            "statements",
        ];
        KindInfo {
            name: "migrate".to_owned(),
            summary: "Moves tables from one connection to another, structure and rows, each row exactly once."
                .to_owned(),
            schema: settings::schema(),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: outputs.map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        match crate::settings::parse::<Settings>(&settled(with)) {
            Ok(settings) => settings.faults(),
            Err(_) => Vec::new(),
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = crate::settings::read(&context.step)?;
        if let Some(fault) = settings.faults().into_iter().next() {
            let path = fault.path.clone().unwrap_or_default();
            return Err(fault.path(format!("steps.{}.{path}", context.step.id)).into());
        }
        Ok(Opened::Action(Box::new(parts::Migration { context, settings })))
    }
}
