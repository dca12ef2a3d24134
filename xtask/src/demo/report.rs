//! A run in words and columns.

use super::site::ReceivedAlert;
use serde_json::Value;
use std::ops::Range;

/// How many rejected rows are shown.
const MAX_SHOWN: usize = 30;

/// A run as `sluice run --json` prints it.
pub(super) struct Run(Value);

impl Run {
    pub(super) fn new(run: Value) -> Self {
        Self(run)
    }

    pub(super) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or("?")
    }

    pub(super) fn status(&self) -> &str {
        self.0["status"].as_str().unwrap_or("unknown")
    }

    pub(super) fn succeeded(&self) -> bool {
        self.status() == "succeeded"
    }

    pub(super) fn rows_rejected(&self) -> u64 {
        self.steps().map(|step| number(step, "rows_rejected")).sum()
    }

    /// A figure of a step; 0 where the step or the figure is missing.
    pub(super) fn metric(&self, step: &str, name: &str) -> u64 {
        number(self.step(step), name)
    }

    /// A whole number of a step's outputs, by its JSON pointer; 0 where there is none.
    pub(super) fn output(&self, step: &str, pointer: &str) -> u64 {
        self.step(step)["outputs"].pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
    }

    /// The days in a diff step's sample of missing rows.
    pub(super) fn missing_days(&self, step: &str) -> impl Iterator<Item = String> {
        let rows = self.step(step)["outputs"]["sample"]["missing"].as_array();
        rows.into_iter().flatten().map(|row| text(&row["date"]))
    }

    fn step(&self, id: &str) -> &Value {
        self.steps().find(|step| step["id"] == id).unwrap_or(&Value::Null)
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        self.0["steps"].as_array().into_iter().flatten()
    }
}

fn number(step: &Value, name: &str) -> u64 {
    step["metrics"][name].as_u64().unwrap_or(0)
}

/// One line for each step: status, rows in, out and rejected, and its time; below it what went wrong.
pub(super) fn print_steps(run: &Run) {
    let mut table = vec![["step", "status", "rows in", "rows out", "rejected", "time"].map(str::to_owned)];
    for step in run.steps() {
        table.push([
            text(&step["id"]),
            text(&step["status"]),
            thousands(number(step, "rows_in")),
            thousands(number(step, "rows_out")),
            thousands(number(step, "rows_rejected")),
            format!("{} ms", thousands(number(step, "duration_ms"))),
        ]);
    }
    print_table(&table, 2..6);
    for step in run.steps().filter(|step| !step["error"].is_null() && step["status"] == "failed") {
        println!("  {}: {}", text(&step["id"]), text(&step["error"]["message"]));
        if let Some(hint) = step["error"]["hint"].as_str() {
            println!("    {hint}");
        }
    }
}

/// The rows that were kept out: what, which rule, why.
pub(super) fn print_rejected(rows: &[Value]) {
    if rows.is_empty() {
        println!("\nNo row was rejected.");
        return;
    }
    println!("\nRejected rows:\n");
    let mut table = vec![["date", "rule", "reason"].map(str::to_owned)];
    for row in rows.iter().take(MAX_SHOWN) {
        table.push([text(&row["date"]), text(&row["_rule"]), text(&row["_reason"])]);
    }
    print_table(&table, 0..0);
    if rows.len() > MAX_SHOWN {
        println!("  … and {} more", rows.len() - MAX_SHOWN);
    }
}

/// Where the rows of each class went, and the three strongest reasons why they were taken for that class.
pub(super) fn print_stored(run: &Run) {
    println!("\nStored by class:\n");
    let mut table = vec![["class", "rows", "because"].map(str::to_owned)];
    let lanes = run.step("kinds")["outputs"]["lanes"].as_object();
    for (lane, verdict) in lanes.into_iter().flatten() {
        let class = text(&verdict["class"]);
        let reasons =
            verdict["evidence"].as_array().into_iter().flatten().take(3).map(text).collect::<Vec<_>>().join(", ");
        let rows = thousands(run.output("stored", &format!("/rules/{class}")));
        table.push([class, rows, format!("{lane}: {reasons}")]);
    }
    print_table(&table, 1..2);
}

/// What each diff step found: the rows of its left side that the store lacks, one day a row.
pub(super) fn print_differences(run: &Run) {
    println!("\nDifferences:\n");
    for (step, what) in [("same", "rows not in the store as they came"), ("gaps", "days missing from the store")] {
        if run.step(step)["outputs"]["differences"].is_null() {
            println!("  {step}: not compared");
            continue;
        }
        println!("  {step}: {} {what}", thousands(run.output(step, "/differences")));
        let days: Vec<String> = run.missing_days(step).take(MAX_SHOWN).collect();
        for line in days.chunks(6) {
            println!("    {}", line.join("  "));
        }
        for kind in ["extra", "changed"] {
            for row in run.step(step)["outputs"]["sample"][kind].as_array().into_iter().flatten().take(MAX_SHOWN) {
                println!("    {kind} {row}");
            }
        }
    }
}

/// The alerts the receiver took.
pub(super) fn print_alerts(alerts: &[ReceivedAlert]) {
    if alerts.is_empty() {
        println!("\nNo alert was sent.");
    }
    for alert in alerts {
        println!("\nAlert received, its signature is right:\n");
        let data = if alert.body["data"].is_object() { &alert.body["data"] } else { &alert.body };
        println!("  [{}] {}", text(&data["severity"]), text(&data["title"]));
        for line in data["text"].as_str().unwrap_or_default().lines() {
            println!("  {line}");
        }
    }
}

/// Text as it is, everything else as JSON, nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Columns padded to their widest cell; those in `numbers` are set to the right.
fn print_table<const N: usize>(rows: &[[String; N]], numbers: Range<usize>) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let space = " ".repeat(width - cell.chars().count());
            let cell = if numbers.contains(&column) { format!(" {space}{cell} ") } else { format!(" {cell}{space} ") };
            line.push_str(&cell);
        }
        println!("{}", line.trim_end());
    }
}

/// `5,105`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, expected) in [(0, "0"), (999, "999"), (5105, "5,105"), (1_000_000, "1,000,000")] {
            assert_eq!(thousands(number), expected);
        }
    }
}
