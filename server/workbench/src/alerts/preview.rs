//! What a message would look like, without sending it.

use super::AlertDesk;
use chrono::Utc;
use engine::alerts::template::{self, Template};
use model::alert::{Alert, AlertSeverity};
use model::{AlertId, ErrorCode, Fault, nearest};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// A template by the name it has in the policy.
    pub name: Option<String>,
    /// A template as it is written.
    pub template: Option<Template>,
    /// Whose data to show; none: sample data.
    pub alert: Option<AlertId>,
    /// How urgent the sample is.
    pub severity: Option<AlertSeverity>,
    /// Values of a run (`inputs`, `steps`, `run`, `trigger`), and of `alert` where it is to be another one.
    pub values: Map<String, Value>,
}

impl AlertDesk {
    /// The message that a template makes of an alert, or of sample data.
    ///
    /// # Errors
    /// `invalid_value` for a template that is not there, `invalid_expression` for one that cannot be rendered,
    /// `alert_not_found`, `store_failed`.
    pub async fn preview(&self, wish: &Preview) -> Result<Alert, Fault> {
        let policy = self.policy().await?;
        let template = match (&wish.name, &wish.template) {
            (Some(name), _) => Some(
                policy
                    .templates
                    .get(name)
                    .cloned()
                    .ok_or_else(|| no_template(name, policy.templates.keys().map(String::as_str)))?,
            ),
            (None, template) => template.clone(),
        };
        if let Some((key, fault)) = template.as_ref().and_then(|template| template::check(template).into_iter().next())
        {
            return Err(fault.path(key));
        }
        let (mut alert, labels) = match wish.alert {
            Some(id) => {
                let record = self.get(id).await?;
                (record.message, record.labels)
            }
            None => (sample(), BTreeMap::from([("team".to_owned(), "data".to_owned())])),
        };
        if let Some(severity) = wish.severity {
            alert.severity = severity;
        }
        let Some(template) = template else { return Ok(alert) };
        let mut run = sample_run();
        run.extend(wish.values.clone());
        let mut more = sample_rows();
        more.insert("labels".to_owned(), json!(labels));
        if let Some(Value::Object(given)) = run.remove("alert") {
            more.extend(given);
        }
        let values = template::values(&Value::Object(run), &alert, more);
        let now = Utc::now();
        // An expression may take its time.
        let made = tokio::task::spawn_blocking(move || template::render(&template, &values, &alert, now));
        made.await.map_err(|_| Fault::new(ErrorCode::Internal, "rendering the template panicked"))?
    }
}

/// Says that a template is not there, and which is near.
fn no_template<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    let shown: String = name.chars().take(80).collect();
    let fault = Fault::new(ErrorCode::InvalidValue, format!("the alert policy has no template `{shown}`"));
    match nearest(&shown, known) {
        Some(near) => fault.hint(format!("Did you mean `{near}`?")),
        None => fault.hint("`sluice alert policy show` shows the templates there are."),
    }
}

fn sample() -> Alert {
    Alert {
        id: "sample".to_owned(),
        severity: AlertSeverity::Warning,
        title: "3 rows were rejected".to_owned(),
        text: "The load of **daily_bars** kept 3 rows out.".to_owned(),
        fields: vec![("workflow".to_owned(), "market-day".to_owned()), ("rejected".to_owned(), "3".to_owned())],
        link: Some("https://sluice.example.com/runs/sample".to_owned()),
        ..Alert::default()
    }
}

fn sample_rows() -> Map<String, Value> {
    let rows = json!([
        { "symbol": "600000.SH", "trade_date": "2024-01-31", "close": 6.63 },
        { "symbol": "000001.SZ", "trade_date": "2024-01-31", "close": 9.47 },
    ]);
    Map::from_iter([
        ("rows".to_owned(), rows),
        ("row_count".to_owned(), json!(2)),
        ("columns".to_owned(), json!(["symbol", "trade_date", "close"])),
        (
            "table".to_owned(),
            json!(
                "| symbol | trade_date | close |\n| --- | --- | --- |\n| 600000.SH | 2024-01-31 | 6.63 |\n| 000001.SZ | 2024-01-31 | 9.47 |"
            ),
        ),
    ])
}

fn sample_run() -> Map<String, Value> {
    let run = json!({
        "inputs": {},
        "steps": {},
        "run": { "id": "run_sample", "attempt": 1, "workflow": "market-day" },
        "trigger": { "kind": "manual" },
    });
    match run {
        Value::Object(run) => run,
        _ => Map::new(),
    }
}
