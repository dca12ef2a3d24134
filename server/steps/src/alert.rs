//! `alert`: tells people, through every channel it names.
//!
//! A channel that fails does not keep the others from being tried. The alert's id is the same in every attempt, so that
//! a receiver can drop what a retry repeats.

use crate::diff::to_json;
use crate::kind::{Action, ActionReport, Flow, Opened, Outputs, StepContext, StepKind};
use crate::settings::{self, Names, names_schema};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Alert, AlertSeverity, Batch, Error, Result};
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The channel that is always there: the run's log.
const LOG: &str = "log";
/// How many rows of an input an alert shows.
const SAMPLE: usize = 10;
/// How many characters of one value it shows.
const MAX_CELL: usize = 60;

/// The step kind `alert`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlertStep;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Template {
    DiffFound,
    RunFailed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    channels: Names,
    #[serde(default)]
    severity: AlertSeverity,
    title: Option<String>,
    text: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    template: Option<Template>,
    id: Option<String>,
    link: Option<String>,
}

#[async_trait]
impl StepKind for AlertStep {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "alert".to_owned(),
            summary: "Tells people through channels such as mail, webhook or the run's log.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["channels"],
                "properties": {
                    "channels": names_schema("The channels to tell; `log` is always there and writes to the run's log."),
                    "severity": { "enum": ["info", "warning", "critical", "resolved"], "default": "warning", "description": "How urgent it is." },
                    "title": { "type": "string", "minLength": 1, "description": "One line. Needed where there is no `template`." },
                    "text": { "type": "string", "description": "The message, Markdown where the channel can show it." },
                    "fields": { "type": "object", "description": "Named facts, shown in this order." },
                    "template": { "enum": ["diff-found", "run-failed"], "description": "A ready-made title and text about the steps before this one." },
                    "id": { "type": "string", "minLength": 1, "description": "Names the alert for receivers that drop repeats; otherwise run and step do." },
                    "link": { "type": "string", "description": "Where to read more." },
                },
            }),
            inputs: Inputs::Optional,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["delivered", "failed", "rows", "deliveries"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let has_title = with.contains_key("title") || with.contains_key("template");
        if has_title { Vec::new() } else { vec![no_title().path("with.title")] }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        if settings.title.is_none() && settings.template.is_none() {
            return Err(no_title().path(format!("steps.{}.with.title", context.step.id)).into());
        }
        if settings.channels.to_list().is_empty() {
            return Err(settings::invalid("`channels` names none").hint("Name at least `log`."));
        }
        let has_input = !context.step.from.is_empty();
        let alerting = Alerting { context, settings, rows: 0, sample: Vec::new(), outputs: Map::new() };
        Ok(if has_input { Opened::Flow(Box::new(alerting)) } else { Opened::Action(Box::new(alerting)) })
    }
}

fn no_title() -> Fault {
    Fault::new(ErrorCode::MissingKey, "an `alert` step needs a `title` or a `template`")
        .hint("Say in one line what happened.")
}

struct Alerting {
    context: StepContext,
    settings: Settings,
    rows: u64,
    sample: Vec<RecordBatch>,
    outputs: Map<String, Value>,
}

#[async_trait]
impl Action for Alerting {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        self.deliver().await?;
        Ok(ActionReport { outputs: self.outputs.clone(), ..ActionReport::default() })
    }
}

#[async_trait]
impl Flow for Alerting {
    fn is_stateful(&self) -> bool {
        true
    }

    async fn process(&mut self, batch: Batch, _: &mut Outputs<'_>) -> Result<()> {
        let shown: usize = self.sample.iter().map(RecordBatch::num_rows).sum();
        let wanted = (SAMPLE - shown.min(SAMPLE)).min(batch.records.num_rows());
        if wanted > 0 {
            // A slice would keep the whole batch in memory.
            let indices =
                arrow::array::UInt32Array::from_iter_values((0..wanted).filter_map(|row| u32::try_from(row).ok()));
            self.sample.push(arrow::compute::take_record_batch(&batch.records, &indices)?);
        }
        self.rows += batch.records.num_rows() as u64;
        Ok(())
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        self.outputs.insert("rows".to_owned(), self.rows.into());
        self.deliver().await
    }

    fn outputs(&self) -> Map<String, Value> {
        self.outputs.clone()
    }
}

impl Alerting {
    async fn deliver(&mut self) -> Result<()> {
        let alert = self.alert()?;
        let mut deliveries = Vec::new();
        let mut first_error: Option<Error> = None;
        let mut delivered = 0_u64;
        for channel in self.settings.channels.to_list() {
            match self.send(&channel, &alert).await {
                Ok(provider_id) => {
                    delivered += 1;
                    deliveries.push(json!({ "channel": channel, "provider_id": provider_id }));
                }
                Err(error) => {
                    self.context.log(LogLevel::Error, format!("channel `{channel}` did not take the alert: {error}"));
                    deliveries.push(json!({ "channel": channel, "error": error.fault.message }));
                    // A failure that may pass is the one worth reporting: it makes the step try again.
                    if first_error.as_ref().is_none_or(|first| error.retryable && !first.retryable) {
                        first_error = Some(error);
                    }
                }
            }
        }
        let failed = deliveries.len() as u64 - delivered;
        let may_retry = self.context.step.retry.is_some_and(|retry| self.context.attempt < retry.attempts);
        if let Some(error) = first_error
            && (delivered == 0 || (error.retryable && may_retry))
        {
            return Err(error);
        }
        self.outputs.insert("delivered".to_owned(), delivered.into());
        self.outputs.insert("failed".to_owned(), failed.into());
        self.outputs.insert("deliveries".to_owned(), Value::Array(deliveries));
        Ok(())
    }

    async fn send(&self, channel: &str, alert: &Alert) -> Result<Option<String>> {
        if channel == LOG {
            let level = match alert.severity {
                AlertSeverity::Critical => LogLevel::Error,
                AlertSeverity::Warning => LogLevel::Warn,
                AlertSeverity::Info | AlertSeverity::Resolved => LogLevel::Info,
            };
            let facts: String = alert.fields.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
            let text = if alert.text.is_empty() { String::new() } else { format!("\n{}", alert.text) };
            self.context.log(level, format!("{}: {}{text}{facts}", alert.severity.as_str(), alert.title));
            return Ok(None);
        }
        let channel = self.context.connections.get_channel(channel).await?;
        Ok(channel.deliver(alert).await?.provider_id)
    }

    fn alert(&self) -> Result<Alert> {
        let id = self.settings.id.clone().unwrap_or_else(|| self.context.ledger_key("").task);
        let told = self.settings.template.map(|template| tell(template, &self.context));
        let (default_title, default_text) = told.unwrap_or_default();
        let title = self.settings.title.clone().unwrap_or(default_title);
        let mut text = self.settings.text.clone().unwrap_or(default_text);
        if !self.context.step.from.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&format!("{} rows", self.rows));
            for records in &self.sample {
                text.push_str("\n\n");
                text.push_str(&table(records)?);
            }
        }
        let mut fields: Vec<(String, String)> =
            self.settings.fields.iter().map(|(name, value)| (name.clone(), spell(value))).collect();
        if !fields.iter().any(|(name, _)| name == "run") {
            fields.push(("run".to_owned(), self.context.run.to_string()));
        }
        Ok(Alert {
            id: id.replace(['.', '\r', '\n'], "-"),
            severity: self.settings.severity,
            title: title.split_whitespace().collect::<Vec<_>>().join(" "),
            text,
            fields,
            link: self.settings.link.clone(),
        })
    }
}

/// The title and text of a template.
fn tell(template: Template, context: &StepContext) -> (String, String) {
    let steps = context.values.get("steps").and_then(Value::as_object);
    let number = |step: &Value, name: &str| step.get(name).and_then(Value::as_u64).unwrap_or(0);
    match template {
        Template::DiffFound => {
            let mut total = 0;
            let mut text = String::new();
            for (id, step) in steps.into_iter().flatten().filter(|(_, step)| step.get("differences").is_some()) {
                total += number(step, "differences");
                text.push_str(&format!(
                    "- `{id}`: {} missing, {} extra, {} changed of {} rows\n",
                    number(step, "missing"),
                    number(step, "extra"),
                    number(step, "changed"),
                    number(step, "left_rows"),
                ));
            }
            (format!("{total} differences found"), text)
        }
        Template::RunFailed => {
            let failed = steps
                .into_iter()
                .flatten()
                .filter(|(_, step)| step.get("status").and_then(Value::as_str) == Some("failed"));
            let lines: Vec<String> = failed
                .map(|(id, step)| {
                    let error = step.get("error").map(|error| error.get("message").unwrap_or(error));
                    error.map_or_else(|| format!("- `{id}`"), |error| format!("- `{id}`: {}", spell(error)))
                })
                .collect();
            (format!("{} steps failed", lines.len()), lines.join("\n"))
        }
    }
}

fn spell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows as a Markdown table.
fn table(records: &RecordBatch) -> Result<String> {
    let names: Vec<String> = records.schema().fields().iter().map(|field| field.name().clone()).collect();
    let cell = |text: &str| {
        let short: String = text.chars().take(MAX_CELL).collect();
        short.replace('|', "\\|").replace(['\n', '\r'], " ")
    };
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines =
        vec![line(names.iter().map(|name| cell(name)).collect()), line(vec!["---".to_owned(); names.len()])];
    for row in to_json(records)? {
        lines.push(line(names.iter().map(|name| cell(&row.get(name).map(spell).unwrap_or_default())).collect()));
    }
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn sample_rows_become_a_markdown_table() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a|b\nc"), None]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let records = RecordBatch::try_from_iter([("name", names), ("n", numbers)]).unwrap();
        assert_eq!(table(&records).unwrap(), "| name | n |\n| --- | --- |\n| a\\|b c | 1 |\n|  | 2 |");
    }
}
