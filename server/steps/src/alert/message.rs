//! What an alert says: its own words, or those a template makes of run, steps and rows.

use super::{Alerting, Attach, Making, ReadyMade};
use crate::columns::Columns;
use crate::diff::to_json;
use crate::kind::StepContext;
use crate::settings;
use crate::watching::store_failed;
use arrow::record_batch::RecordBatch;
use chrono::Utc;
use data::encode::{Format, Writer};
use data::{Alert, Attachment, Error, Result};
use engine::alerts::template::{self, Template, one_line};
use model::ErrorCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many characters of one value a table shows.
const MAX_CELL: usize = 60;
/// Characters of an alert's id at most.
const LONGEST_ID: usize = 200;
/// Bytes of an attachment at most.
const LARGEST_ATTACHMENT: usize = 256 * 1024;
const CSV: Format = Format::Csv { spreadsheet: true };

impl Alerting {
    /// What is sent.
    pub(super) async fn message(&self, labels: &BTreeMap<String, String>) -> Result<Alert> {
        let own = self.own_message()?;
        let template = match &self.settings.template {
            Some(making) if making.ready_made().is_some() => return Ok(own),
            Some(Making::Named(name)) => self.context.alerts.find_template(name).await.map_err(store_failed)?.ok_or_else(|| {
                settings::invalid(format!("there is no alert template `{name}`"))
                    .hint("Use `diff-found`, `run-failed`, or a template of the alert policy (`sluice alert policy show`).")
            })?,
            Some(Making::Inline(template)) => template.clone(),
            None => return Ok(own),
        };
        self.make(template, own, labels).await
    }

    /// What the settings say without a template.
    fn own_message(&self) -> Result<Alert> {
        let id = self.settings.id.clone().unwrap_or_else(|| self.context.ledger_key("").task);
        if id.chars().count() > LONGEST_ID {
            return Err(settings::invalid(format!("the alert's `id` has more than {LONGEST_ID} characters"))
                .hint("Name it shorter."));
        }
        let ready_made = self.settings.template.as_ref().and_then(Making::ready_made);
        let (default_title, default_text) = ready_made.map(|made| tell(made, &self.context)).unwrap_or_default();
        let title = self.settings.title.clone().unwrap_or(default_title);
        let mut text = self.settings.text.clone().unwrap_or(default_text);
        let shown = self.shown();
        if !self.context.step.from.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&format!("{} rows", self.rows));
            for records in &shown {
                text.push_str("\n\n");
                text.push_str(&table(records)?);
            }
        }
        let mut fields: Vec<(String, String)> =
            self.settings.fields.iter().map(|(name, value)| (one_line(name), spell(value))).collect();
        if !fields.iter().any(|(name, _)| name == "run") {
            fields.push(("run".to_owned(), self.context.run.to_string()));
        }
        Ok(Alert {
            id: id.replace('.', "-").replace(char::is_control, "-"),
            severity: self.settings.severity,
            title: one_line(&title),
            text,
            fields,
            link: self.settings.link.clone(),
            plain: None,
            attachments: self.attachments()?,
        })
    }

    async fn make(&self, template: Template, own: Alert, labels: &BTreeMap<String, String>) -> Result<Alert> {
        let shown = self.shown();
        let mut rows: Vec<Value> = Vec::new();
        let mut tables = Vec::new();
        for records in &shown {
            rows.extend(to_json(records)?);
            tables.push(table(records)?);
        }
        let columns: Vec<String> = self.sample.first().map(names).unwrap_or_default();
        let more = Map::from_iter([
            ("rows".to_owned(), Value::Array(rows)),
            ("row_count".to_owned(), self.rows.into()),
            ("columns".to_owned(), json!(columns)),
            ("table".to_owned(), tables.join("\n\n").into()),
            ("labels".to_owned(), json!(labels)),
        ]);
        let values = template::values(&self.context.values, &own, more);
        let path = format!("steps.{}.with.template", self.context.step.id);
        // Expressions may take their time.
        let made = meter::spawn_blocking(move || template::render(&template, &values, &own, Utc::now())).await;
        let made =
            made.map_err(|_| Error::permanent(ErrorCode::Internal, "rendering the alert's template panicked"))?;
        made.map_err(|fault| {
            let inner = fault.path.as_deref().map_or_else(|| path.clone(), |inner| format!("{path}.{inner}"));
            fault.path(inner).into()
        })
    }

    /// The rows that the message shows.
    fn shown(&self) -> Vec<RecordBatch> {
        let mut left = self.settings.shown();
        let mut shown = Vec::new();
        for records in &self.sample {
            let taken = left.min(records.num_rows());
            if taken > 0 {
                shown.push(records.slice(0, taken));
            }
            left -= taken;
        }
        shown
    }

    fn attachments(&self) -> Result<Vec<Attachment>> {
        if self.settings.attach != Some(Attach::Csv) || self.sample.is_empty() {
            return Ok(Vec::new());
        }
        let content = csv(&self.sample)?;
        Ok(vec![Attachment { name: "rows.csv".to_owned(), media_type: "text/csv".to_owned(), content }])
    }
}

/// The title and text of a message that needs no template.
fn tell(made: ReadyMade, context: &StepContext) -> (String, String) {
    let steps = context.values.get("steps").and_then(Value::as_object);
    let number = |step: &Value, name: &str| step.get(name).and_then(Value::as_u64).unwrap_or(0);
    match made {
        ReadyMade::DiffFound => {
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
        ReadyMade::RunFailed => {
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

pub(super) fn spell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn names(records: &RecordBatch) -> Vec<String> {
    records.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// The rows as a Markdown table.
fn table(records: &RecordBatch) -> Result<String> {
    let names = names(records);
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

/// The rows as CSV, as many as fit; text that a spreadsheet would run as a formula stands behind a `'`.
fn csv(sample: &[RecordBatch]) -> Result<String> {
    let mut columns = Columns::default();
    sample.iter().for_each(|records| columns.add(&records.schema()));
    let mut writer = Writer::new(CSV, &columns.schema())?;
    let mut content = writer.write(&RecordBatch::new_empty(columns.schema()))?;
    'rows: for records in sample {
        let records = columns.align(records)?;
        for row in 0..records.num_rows() {
            let line = writer.write(&records.slice(row, 1))?;
            if content.len() + line.len() > LARGEST_ATTACHMENT {
                break 'rows;
            }
            content.extend_from_slice(&line);
        }
    }
    String::from_utf8(content).map_err(|error| Error::permanent(ErrorCode::Internal, error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    fn records() -> RecordBatch {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a|b\nc"), None]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, -2]));
        RecordBatch::try_from_iter([("name", names), ("n", numbers)]).unwrap()
    }

    #[test]
    fn sample_rows_become_a_markdown_table() {
        assert_eq!(table(&records()).unwrap(), "| name | n |\n| --- | --- |\n| a\\|b c | 1 |\n|  | -2 |");
    }

    #[test]
    fn rows_become_csv_that_runs_no_formula() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["=1+1", "600000.SH"]));
        let others = RecordBatch::try_from_iter([("name", texts)]).unwrap();
        let content = csv(&[records(), others]).unwrap();
        assert_eq!(content, "name,n\n\"a|b\nc\",1\n,-2\n\"'=1+1\",\n600000.SH,\n");
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(100_000); 5]));
        let large = csv(&[RecordBatch::try_from_iter([("a", long)]).unwrap()]).unwrap();
        assert!(large.len() <= LARGEST_ATTACHMENT && large.lines().count() == 3);
    }
}
