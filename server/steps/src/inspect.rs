//! `inspect`: looks at how a store is doing, and makes anomalies of what is beyond its thresholds.
//!
//! What is found leaves as outputs, and as rows by the ports `tables`, `indexes` and `statements`. `inspect/judge.rs`
//! has the thresholds; the look itself is the connector's.

mod judge;
mod rows;

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings;
use crate::watching::{self, Rules, WatchSettings, watch_properties};
use async_trait::async_trait;
use data::inspection::Inspection;
use data::{Batch, Error, Lane, Result};
use model::ErrorCode;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Rows of each list among the outputs at most; the ports have them all.
const SHOWN: usize = 20;

/// The step kind `inspect`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inspect;

#[derive(Debug, Clone, Deserialize)]
struct Settings {
    connection: String,
    #[serde(default)]
    thresholds: judge::Thresholds,
    #[serde(flatten)]
    watch: WatchSettings,
}

#[async_trait]
impl StepKind for Inspect {
    fn info(&self) -> KindInfo {
        let mut properties = watch_properties();
        properties.insert(
            "connection".to_owned(),
            json!({ "type": "string", "minLength": 1, "description": "The connection to look at." }),
        );
        properties.insert("thresholds".to_owned(), judge::schema());
        KindInfo {
            name: "inspect".to_owned(),
            summary: "Looks at how a store is doing: connections, slow statements, sizes, index use, disk.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": properties,
            }),
            inputs: Inputs::None,
            ports: ["tables", "indexes", "statements"].map(ToOwned::to_owned).to_vec(),
            named_ports: false,
            outputs: [
                "version",
                "connections",
                "pool",
                "tables",
                "indexes",
                "slow_statements",
                "running",
                "disk_bytes",
                "figures",
                "unavailable",
                "findings",
                "anomalies",
            ]
            .map(ToOwned::to_owned)
            .to_vec(),
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        Ok(Opened::Action(Box::new(Inspecting { context, settings })))
    }
}

struct Inspecting {
    context: StepContext,
    settings: Settings,
}

#[async_trait]
impl Action for Inspecting {
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport> {
        let (context, settings) = (&self.context, &self.settings);
        let connector = context.connections.get(&settings.connection).await?;
        let found = tokio::select! {
            biased;
            () = context.cancel.cancelled() => {
                return Err(Error::permanent(ErrorCode::Canceled, "the inspection was canceled"));
            }
            found = connector.inspect() => found?,
        };
        let before = context.watch.find_inspection(&settings.connection).await.map_err(watching::store_failed)?;
        let before = before.and_then(|(at, value)| {
            let found: Inspection = serde_json::from_value(value).ok()?;
            Some((at, found))
        });
        let rules = Rules::load(context).await?;
        let findings = judge::judge(&found, before.as_ref(), &settings.thresholds, &rules);
        for finding in &findings {
            context.log(LogLevel::Warn, finding.message.clone());
        }
        let count = findings.len();
        let place = (settings.connection.as_str(), "");
        let recorded = watching::report(context, &settings.watch, place, &judge::RULES, findings).await?;
        let at = chrono::Utc::now();
        let kept = serde_json::to_value(rows::shortened(&found, 200)).unwrap_or_default();
        context.watch.save_inspection(&settings.connection, at, &kept).await.map_err(watching::store_failed)?;

        let mut sent = 0;
        for (port, records) in rows::batches(&found)? {
            sent += records.num_rows() as u64;
            let lane = Lane::new(&format!("{}.{port}", context.step.id));
            out.send(port, Batch { lane, sequence: 1, checkpoint: None, records }).await?;
        }
        let mut outputs = outputs_of(&found);
        outputs.insert("findings".to_owned(), count.into());
        outputs.insert("anomalies".to_owned(), watching::outcome(&recorded));
        Ok(ActionReport { outputs, rows_out: sent, ..ActionReport::default() })
    }
}

fn outputs_of(found: &Inspection) -> Map<String, Value> {
    let shown = rows::shortened(found, SHOWN);
    let Ok(Value::Object(mut outputs)) = serde_json::to_value(shown) else { return Map::new() };
    let figures = found.figures.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    outputs.insert("figures".to_owned(), Value::Object(figures));
    outputs
}

#[cfg(test)]
mod tests;
