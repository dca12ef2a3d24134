//! What watching steps have in common: settings about anomalies, thresholds people set for rules, telling channels.

use crate::kind::StepContext;
use crate::settings::{Names, names_schema};
use data::{Alert, AlertSeverity, Error, Result};
use engine::alerts::{LOG, template::one_line};
use engine::ports::{Standing, StoreError};
use model::Fault;
use model::alert::NewAlert;
use model::anomaly::{Anomaly, AnomalyRule, Finding, Observation, Recorded, Severity};
use model::run::LogLevel;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Settings about anomalies, alike for every step that finds any.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WatchSettings {
    /// Whether findings become anomalies.
    #[serde(default = "yes")]
    pub(crate) anomalies: bool,
    /// Whether anomalies resolve when they are no longer found.
    #[serde(default = "yes")]
    pub(crate) resolve: bool,
    /// Who is told, for rules that name nobody.
    #[serde(default)]
    pub(crate) channels: Names,
    /// Tells several looks at the same place apart.
    #[serde(default)]
    pub(crate) subject: String,
}

fn yes() -> bool {
    true
}

/// The JSON Schema's properties of [`WatchSettings`].
pub(crate) fn watch_properties() -> Map<String, Value> {
    let properties = json!({
        "anomalies": { "type": "boolean", "default": true, "description": "Whether what is found is kept as anomalies." },
        "resolve": { "type": "boolean", "default": true, "description": "Whether an anomaly that is no longer found resolves by itself." },
        "channels": names_schema("Who is told of new anomalies, for rules that have no channels of their own; `log` is the run's log."),
        "subject": { "type": "string", "maxLength": 200, "description": "Tells several steps that look at the same place apart, so that none resolves another's anomalies." },
    });
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

/// What people have set for rules, together with what the step's own settings say.
pub(crate) struct Rules {
    rules: Vec<AnomalyRule>,
}

impl Rules {
    /// What people have set.
    pub(crate) async fn load(context: &StepContext) -> Result<Self> {
        Ok(Self { rules: context.watch.list_anomaly_rules().await.map_err(store_failed)? })
    }

    /// The threshold `name` of `rule`: the step's own, else what people set for the rule, else `default`.
    pub(crate) fn threshold(&self, own: Option<f64>, rule: &str, name: &str, default: f64) -> f64 {
        own.or_else(|| AnomalyRule::narrowest(&self.rules, rule)?.thresholds.get(name)?.as_f64()).unwrap_or(default)
    }
}

/// A finding of a rule.
pub(crate) fn finding(rule: &str, severity: Severity, scope: &str, message: String, details: Value) -> Finding {
    let details = match details {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    Finding { rule: rule.to_owned(), severity, scope: scope.to_owned(), message, details }
}

/// Keeps what one look found, where the settings want it kept, and tells channels of what is new.
pub(crate) async fn report(
    context: &StepContext,
    settings: &WatchSettings,
    place: (&str, &str),
    rules: &[&str],
    findings: Vec<Finding>,
) -> Result<Recorded> {
    if !settings.anomalies {
        return Ok(Recorded::default());
    }
    let observation = Observation {
        connection: place.0.to_owned(),
        table: place.1.to_owned(),
        subject: settings.subject.clone(),
        run: Some(context.run),
        at: chrono::Utc::now(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        resolve: settings.resolve,
        channels: settings.channels.to_list(),
        findings,
    };
    let recorded = context.watch.record_observation(&observation).await.map_err(store_failed)?;
    let mut told = Vec::new();
    for (anomaly, channels) in &recorded.alerts {
        match tell(context, channels, anomaly).await {
            Ok(true) => told.push(anomaly.id),
            Ok(false) => {}
            // The anomaly stays due, so that the next look tries again; the look itself has done its work.
            Err(error) => context.log(LogLevel::Error, format!("the alert was not raised: {error}")),
        }
    }
    if !told.is_empty() {
        context.watch.mark_alerted(&told, chrono::Utc::now()).await.map_err(store_failed)?;
    }
    Ok(recorded)
}

/// What became of an observation, for a step's outputs.
pub(crate) fn outcome(recorded: &Recorded) -> Value {
    json!({
        "new": recorded.new,
        "reopened": recorded.reopened,
        "known": recorded.known,
        "resolved": recorded.resolved,
        "muted": recorded.muted,
        "alerted": recorded.alerts.len(),
    })
}

/// Raises the alert; whether anybody has heard of it, or will without a further look.
async fn tell(context: &StepContext, channels: &[String], anomaly: &Anomaly) -> Result<bool> {
    let workflow = context.values.get("run").and_then(|run| run.get("workflow")).and_then(Value::as_str);
    let label = |name: &str, value: &String| (!value.is_empty()).then(|| (name.to_owned(), value.clone()));
    let labels =
        [label("rule", &anomaly.rule), label("connection", &anomaly.connection), label("table", &anomaly.table)];
    let new = NewAlert {
        message: alert(context, anomaly),
        channels: channels.to_vec(),
        labels: labels.into_iter().flatten().collect(),
        workflow: workflow.map(str::to_owned),
        run: Some(context.run),
        step: Some(context.step.id.to_string()),
        group: None,
        dedupe: None,
    };
    let raised = context.alerts.raise(&new).await.map_err(store_failed)?;
    let mut heard = false;
    for report in raised.channels {
        match report.standing {
            Standing::Failed { fault, .. } => {
                let message = format!("channel `{}` did not take the alert: {fault}", report.channel);
                context.log(LogLevel::Error, message);
            }
            Standing::Delivered { .. } if report.channel == LOG => {
                let level = match anomaly.severity {
                    Severity::Error => LogLevel::Error,
                    Severity::Warn => LogLevel::Warn,
                    Severity::Info => LogLevel::Info,
                };
                context.log(level, format!("{}: {}", anomaly.rule, anomaly.message));
                heard = true;
            }
            _ => heard = true,
        }
    }
    Ok(heard)
}

fn alert(context: &StepContext, anomaly: &Anomaly) -> Alert {
    let place = [&anomaly.connection, &anomaly.table, &anomaly.scope];
    let place: Vec<&str> = place.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let mut fields = vec![
        ("rule".to_owned(), anomaly.rule.clone()),
        ("place".to_owned(), place.join(" / ")),
        ("anomaly".to_owned(), anomaly.id.to_string()),
        ("run".to_owned(), context.run.to_string()),
    ];
    let facts = anomaly.details.iter().filter(|(_, value)| value.is_number() || value.is_string());
    fields.extend(facts.take(8).map(|(name, value)| (name.clone(), value.to_string())));
    Alert {
        // The same while it is not delivered, another when the anomaly is back.
        id: format!("{}-{}", anomaly.id, anomaly.changed_at.timestamp_millis()),
        severity: match anomaly.severity {
            Severity::Error => AlertSeverity::Critical,
            Severity::Warn => AlertSeverity::Warning,
            Severity::Info => AlertSeverity::Info,
        },
        title: one_line(&anomaly.message),
        text: format!("Rule `{}` found this {} times since {}.", anomaly.rule, anomaly.count, anomaly.first_seen),
        fields,
        ..Alert::default()
    }
}

/// A failure of the metadata database, as a step's.
pub(crate) fn store_failed(error: StoreError) -> Error {
    Fault::from(error).into()
}
