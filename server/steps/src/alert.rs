//! `alert`: tells people, through the channels it names and those the alert policy adds.
//!
//! The alert is kept before anything is sent, by the port `Alerts`, which also makes the first attempts and tells how they
//! went. What fails then is attempted again without the step. The alert's id is the same in every attempt, so that a
//! receiver can drop what a retry repeats. [`message`] makes what is sent.

mod message;

use crate::kind::{Action, ActionReport, Flow, Opened, Outputs, StepContext, StepKind};
use crate::settings::{self, Names, names_schema};
use crate::watching::store_failed;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Alert, AlertSeverity, Batch, Error, Result};
use engine::alerts::{self, Template};
use engine::ports::Standing;
use model::alert::NewAlert;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many rows of an input an alert shows where it does not say.
const SAMPLE: usize = 10;
/// How many rows an alert may show.
const MOST_SHOWN: usize = 100;
/// How many rows go into an attachment at most.
const MOST_ATTACHED: usize = 1_000;

/// The step kind `alert`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlertStep;

/// How the message is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Making {
    /// A ready-made one, or one of the alert policy.
    Named(String),
    /// As it is written here.
    Inline(Template),
}

/// A message that needs no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadyMade {
    DiffFound,
    RunFailed,
}

impl Making {
    fn ready_made(&self) -> Option<ReadyMade> {
        match self {
            Self::Named(name) if name == "diff-found" => Some(ReadyMade::DiffFound),
            Self::Named(name) if name == "run-failed" => Some(ReadyMade::RunFailed),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Attach {
    Csv,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    channels: Names,
    #[serde(default)]
    severity: AlertSeverity,
    title: Option<String>,
    text: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    template: Option<Making>,
    id: Option<String>,
    link: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, Value>,
    group: Option<String>,
    dedupe: Option<String>,
    rows: Option<usize>,
    attach: Option<Attach>,
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
                "properties": {
                    "channels": names_schema("The channels to tell, besides those the alert policy adds; `log` is always there and writes to the run's log."),
                    "severity": { "enum": ["info", "warning", "critical", "resolved"], "default": "warning", "description": "How urgent it is." },
                    "title": { "type": "string", "minLength": 1, "description": "One line. Needed where there is no `template`." },
                    "text": { "type": "string", "description": "The message, Markdown where the channel can show it." },
                    "fields": { "type": "object", "description": "Named facts, shown in this order." },
                    "template": { "description": "How the message is made: `diff-found`, `run-failed`, the name of a template of the alert policy, or a template.", "oneOf": [
                        { "type": "string", "minLength": 1, "description": "`diff-found`, `run-failed`, or the name of a template of the alert policy." },
                        alerts::template::schema(),
                    ] },
                    "id": { "type": "string", "minLength": 1, "description": "Names the alert for receivers that drop repeats; otherwise run and step do." },
                    "link": { "type": "string", "description": "Where to read more." },
                    "labels": { "type": "object", "description": "Words that the alert policy routes by: `team: data`." },
                    "group": { "type": "string", "minLength": 1, "description": "Alerts of one such word within a window become one message." },
                    "dedupe": { "type": "string", "minLength": 1, "description": "Of alerts of one such word within a window only the first is told." },
                    "rows": { "type": "integer", "minimum": 0, "maximum": MOST_SHOWN, "default": SAMPLE, "description": "How many rows of its input the message shows." },
                    "attach": { "enum": ["csv"], "description": "The rows of its input as a file, where the channel can carry one: the first 1,000, at most 256 KiB." },
                },
            }),
            inputs: Inputs::Optional,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["delivered", "failed", "waiting", "dropped", "rows", "alert", "deliveries"]
                .map(ToOwned::to_owned)
                .to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let has_subject =
            with.get("template").is_some_and(|template| template.is_string() || template.get("subject").is_some());
        if !with.contains_key("title") && !has_subject {
            return vec![no_title().path("with.title")];
        }
        // What is no template was told by the schema.
        let template =
            with.get("template").and_then(|written| serde_json::from_value::<Template>(written.clone()).ok());
        let faults = template.iter().flat_map(alerts::template::check);
        faults.map(|(key, fault)| fault.path(format!("with.template.{key}"))).collect()
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        if settings.title.is_none() && settings.template.is_none() {
            return Err(no_title().path(format!("steps.{}.with.title", context.step.id)).into());
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
        let most = self.settings.kept();
        let wanted = (most - shown.min(most)).min(batch.records.num_rows());
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

impl Settings {
    /// How many rows the message shows.
    fn shown(&self) -> usize {
        self.rows.unwrap_or(SAMPLE).min(MOST_SHOWN)
    }

    /// How many rows are kept for the message and its attachment.
    fn kept(&self) -> usize {
        if self.attach.is_some() { MOST_ATTACHED } else { self.shown() }
    }
}

impl Alerting {
    async fn deliver(&mut self) -> Result<()> {
        let alert = self.new_alert().await?;
        let raised = self.context.alerts.raise(&alert).await.map_err(store_failed)?;
        let mut deliveries = Vec::new();
        let mut first_error: Option<Error> = None;
        let [mut delivered, mut failed, mut waiting, mut dropped] = [0_u64; 4];
        for report in raised.channels {
            let channel = report.channel;
            match report.standing {
                Standing::Delivered { provider_id } => {
                    delivered += 1;
                    if channel == alerts::LOG {
                        self.log(&alert.message);
                    }
                    deliveries.push(json!({ "channel": channel, "provider_id": provider_id }));
                }
                Standing::Failed { fault, retryable, retry_after } => {
                    failed += 1;
                    self.context.log(LogLevel::Error, format!("channel `{channel}` did not take the alert: {fault}"));
                    deliveries.push(json!({ "channel": channel, "error": fault.message }));
                    // A failure that may pass is the one worth reporting: it makes the step try again.
                    if first_error.as_ref().is_none_or(|first| retryable && !first.retryable) {
                        first_error = Some(Error { fault: Box::new(fault), retryable, retry_after });
                    }
                }
                Standing::Waiting { until, reason } => {
                    waiting += 1;
                    let reason = reason.map(|reason| reason.as_str());
                    deliveries.push(json!({ "channel": channel, "reason": reason, "until": until }));
                }
                Standing::Dropped { reason } => {
                    dropped += 1;
                    deliveries.push(json!({ "channel": channel, "dropped": reason.map(|reason| reason.as_str()) }));
                }
            }
        }
        let may_retry = self.context.step.retry.is_some_and(|retry| self.context.attempt < retry.attempts);
        if let Some(error) = first_error
            && (delivered + waiting + dropped == 0 || (error.retryable && may_retry))
        {
            return Err(error);
        }
        for (name, count) in [("delivered", delivered), ("failed", failed), ("waiting", waiting), ("dropped", dropped)]
        {
            self.outputs.insert(name.to_owned(), count.into());
        }
        self.outputs.insert("alert".to_owned(), raised.id.to_string().into());
        self.outputs.insert("deliveries".to_owned(), Value::Array(deliveries));
        Ok(())
    }

    fn log(&self, alert: &Alert) {
        let level = match alert.severity {
            AlertSeverity::Critical => LogLevel::Error,
            AlertSeverity::Warning => LogLevel::Warn,
            AlertSeverity::Info | AlertSeverity::Resolved => LogLevel::Info,
        };
        let facts: String = alert.fields.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
        let text = if alert.text.is_empty() { String::new() } else { format!("\n{}", alert.text) };
        self.context.log(level, format!("{}: {}{text}{facts}", alert.severity.as_str(), alert.title));
    }

    async fn new_alert(&self) -> Result<NewAlert> {
        let spelled = self.settings.labels.iter().map(|(name, value)| (name.clone(), message::spell(value)));
        let labels: BTreeMap<String, String> = spelled.collect();
        let message = self.message(&labels).await?;
        let workflow = self.context.values.get("run").and_then(|run| run.get("workflow")).and_then(Value::as_str);
        Ok(NewAlert {
            message,
            channels: self.settings.channels.to_list(),
            labels,
            workflow: workflow.map(str::to_owned),
            run: Some(self.context.run),
            step: Some(self.context.step.id.to_string()),
            group: self.settings.group.clone(),
            dedupe: self.settings.dedupe.clone(),
        })
    }
}
