//! `backup`: writes a consistent copy of a connection's data into a folder of its own, and puts it on record.
//!
//! The copy is the connector's; folder, manifest, checksums and retention are `backup/copy.rs`, which the command line
//! uses as well.

pub mod copy;
#[cfg(test)]
mod tests;

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings::{self, Names, names_schema};
use crate::watching::{self, WatchSettings, finding, watch_properties};
use async_trait::async_trait;
use copy::{Making, Vault};
use data::Result;
use model::anomaly::Severity;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Every rule a backup looks at.
const RULES: [&str; 2] = ["backup.failed", "backup.damaged"];

/// The step kind `backup`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backup;

#[derive(Debug, Clone, Deserialize)]
struct Settings {
    connection: String,
    #[serde(default)]
    tables: Names,
    #[serde(default = "yes")]
    native: bool,
    #[serde(default = "yes")]
    verify: bool,
    keep: Option<u32>,
    #[serde(flatten)]
    watch: WatchSettings,
}

fn yes() -> bool {
    true
}

#[async_trait]
impl StepKind for Backup {
    fn info(&self) -> KindInfo {
        let mut properties = watch_properties();
        let own = json!({
            "connection": { "type": "string", "minLength": 1, "description": "The connection whose data is copied." },
            "tables": names_schema("Only these tables; all where left out."),
            "native": { "type": "boolean", "default": true, "description": "Whether the system's own program (`pg_dump`, `mariadb-dump`) is used where it is installed." },
            "verify": { "type": "boolean", "default": true, "description": "Whether every file is read back and its checksum compared before the backup counts as whole." },
            "keep": { "type": "integer", "minimum": 1, "maximum": 10000, "description": "How many whole backups of the connection are kept; older ones are removed. All where left out." },
        });
        if let Value::Object(own) = own {
            properties.extend(own);
        }
        KindInfo {
            name: "backup".to_owned(),
            summary: "Writes a consistent copy of a connection's data into a folder, on record with checksums."
                .to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": properties,
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: [
                "backup",
                "folder",
                "method",
                "bytes",
                "checksum",
                "duration_ms",
                "files",
                "tables",
                "removed",
                "anomalies",
            ]
            .map(ToOwned::to_owned)
            .to_vec(),
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        Ok(Opened::Action(Box::new(BackingUp { context, settings })))
    }
}

struct BackingUp {
    context: StepContext,
    settings: Settings,
}

#[async_trait]
impl Action for BackingUp {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let (context, settings) = (&self.context, &self.settings);
        let vault = Vault::new(&context.data_dir, context.watch.clone());
        let making = Making {
            connection: settings.connection.clone(),
            tables: settings.tables.to_list(),
            native: settings.native,
            verify: settings.verify,
            run: Some(context.run),
        };
        // An unreachable store is a failed backup too, and told like one.
        let made = match context.connections.get(&settings.connection).await {
            Ok(connector) => vault.make(connector.as_ref(), &making, &context.cancel).await,
            Err(error) => Err(error),
        };
        let place = (settings.connection.as_str(), "");
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                if !context.cancel.is_cancelled() {
                    let message =
                        format!("connection `{}` could not be backed up: {}", settings.connection, error.fault.message);
                    let failed = finding(RULES[0], Severity::Error, "", message, json!({ "code": error.code() }));
                    watching::report(context, &settings.watch, place, &RULES[..1], vec![failed]).await?;
                }
                return Err(error);
            }
        };
        let removed = match settings.keep {
            Some(keep) => vault.prune(&settings.connection, keep).await?,
            None => Vec::new(),
        };
        let recorded = watching::report(context, &settings.watch, place, &RULES[..1], Vec::new()).await?;
        let record = &made.record;
        context.log(
            LogLevel::Info,
            format!("{} by {}, {} bytes in {} ms", record.id, record.method, record.bytes, record.duration_ms),
        );
        let tables: Map<String, Value> =
            made.manifest.tables.iter().take(500).map(|(table, rows)| (table.clone(), json!(rows))).collect();
        let rows: u64 = made.manifest.tables.iter().filter_map(|(_, rows)| *rows).sum();
        let outputs = json!({
            "backup": record.id,
            "folder": record.folder,
            "method": record.method,
            "bytes": record.bytes,
            "checksum": record.checksum,
            "duration_ms": record.duration_ms,
            "files": made.manifest.files.len(),
            "tables": tables,
            "removed": removed.len(),
            "anomalies": watching::outcome(&recorded),
        });
        let Value::Object(outputs) = outputs else { return Ok(ActionReport::default()) };
        Ok(ActionReport { outputs, rows_in: rows, rows_out: rows, ..ActionReport::default() })
    }
}
