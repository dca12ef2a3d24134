//! What a run must have done, compared with what it did: exactly the spoiled rows are kept out, exactly the missing
//! days are missed, all other rows are in their stores, and an alert came where there was something to tell.

use super::report::Run;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What is true of an input.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// Rows of the file of bars.
    rows: u64,
    /// How often each rule must refuse each day.
    rejected: BTreeMap<(String, String), u32>,
    /// Days the file lacks.
    missing: BTreeSet<String>,
}

impl Expected {
    /// Of a file in which nothing is wrong: as many rows as it has lines below its header.
    pub(super) fn good(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { rows: text.lines().skip(1).count() as u64, ..Self::default() })
    }

    /// Of the spoiled file, as `cargo xtask spoil` wrote it down.
    pub(super) fn spoiled(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        let missing = value["missing"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            rows: value["rows"].as_u64().context("expected.json lacks `rows`")?,
            rejected: count_rejected(value["rejected"].as_array().map_or(&[], Vec::as_slice), "rule"),
            missing: missing.map(ToOwned::to_owned).collect(),
        })
    }

    /// Compares.
    ///
    /// # Errors
    /// Names everything that is not as expected.
    pub(super) fn check(&self, run: &Run, rejected: &[Value], alerts: usize) -> Result<()> {
        let mut faults = Vec::new();
        let mut same = |what: &str, found: u64, wanted: u64| {
            if found != wanted {
                faults.push(format!("{what}: {found} instead of {wanted}"));
            }
        };
        let kept_out: u64 = self.rejected.values().copied().map(u64::from).sum();
        // A day is not in the store where the file lacks it and where its only row was refused.
        let lost = self.rejected.keys().filter(|(_, rule)| rule != "unique_day").map(|(day, _)| day);
        let missed: BTreeSet<String> = self.missing.iter().chain(lost).cloned().collect();
        same("rows of bars", run.metric("bars", "rows_out"), self.rows);
        same("rows rejected", run.output("checked", "/rejected"), kept_out);
        same("rejected rows that were kept", run.output("kept_out", "/rows"), kept_out);
        same("bars stored", run.output("stored", "/rules/market"), self.rows - kept_out);
        same("airports stored", run.output("stored", "/rules/reference"), run.metric("airports", "rows_out"));
        same("films stored", run.output("stored", "/rules/film"), run.metric("films", "rows_out"));
        same("rows refused by a store", run.output("stored", "/rejected"), 0);
        same("rows not in the store as they came", run.output("same", "/differences"), kept_out);
        same("days missing from the store", run.output("gaps", "/differences"), missed.len() as u64);
        same("alerts", alerts as u64, u64::from(!missed.is_empty() || kept_out > 0));

        let found = count_rejected(rejected, "_rule");
        for ((day, rule), count) in &self.rejected {
            if found.get(&(day.clone(), rule.clone())) != Some(count) {
                faults.push(format!("{day} was not rejected by `{rule}`"));
            }
        }
        for (day, rule) in found.keys().filter(|key| !self.rejected.contains_key(*key)) {
            faults.push(format!("{day} was rejected by `{rule}`, though nothing is wrong with it"));
        }
        let told: BTreeSet<String> = run.missing_days("gaps").collect();
        for day in told.symmetric_difference(&missed) {
            faults.push(format!("{day} is missing from the store or from the list of missing days, but not from both"));
        }
        if !faults.is_empty() {
            bail!("the run did not do what it should:\n  {}", faults.join("\n  "));
        }
        Ok(())
    }
}

fn count_rejected(rows: &[Value], rule: &str) -> BTreeMap<(String, String), u32> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        *counts.entry((text("date"), text(rule))).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn check(bars: u64, rejected: &[Value], alerts: usize, expected: Option<&str>) {
        let spoiled = Expected {
            rows: 3,
            rejected: [(("2020-01-02".to_owned(), "ohlc".to_owned()), 1)].into(),
            missing: ["2020-01-01".to_owned()].into(),
        };
        let run = Run::new(json!({ "steps": [
            { "id": "bars", "metrics": { "rows_out": bars } },
            { "id": "airports", "metrics": { "rows_out": 1 } },
            { "id": "films", "metrics": { "rows_out": 1 } },
            { "id": "checked", "outputs": { "rejected": 1 } },
            { "id": "kept_out", "outputs": { "rows": 1 } },
            { "id": "stored", "outputs": { "rules": { "market": 2, "reference": 1, "film": 1 }, "rejected": 0 } },
            { "id": "same", "outputs": { "differences": 1 } },
            { "id": "gaps", "outputs": {
                "differences": 2,
                "sample": { "missing": [{ "date": "2020-01-01" }, { "date": "2020-01-02" }] },
            } },
        ] }));
        let found = spoiled.check(&run, rejected, alerts).err().map(|error| error.to_string());
        match expected {
            None => assert_eq!(found, None),
            Some(part) => assert!(found.as_ref().is_some_and(|found| found.contains(part)), "{found:?}"),
        }
    }

    #[test]
    fn what_is_not_as_expected_is_named() {
        let refused = json!({ "date": "2020-01-02", "_rule": "ohlc" });
        let innocent = json!({ "date": "2020-01-03", "_rule": "ohlc" });
        check(3, std::slice::from_ref(&refused), 1, None);
        check(4, std::slice::from_ref(&refused), 1, Some("rows of bars: 4 instead of 3"));
        check(3, std::slice::from_ref(&refused), 0, Some("alerts: 0 instead of 1"));
        check(3, &[], 1, Some("2020-01-02 was not rejected by `ohlc`"));
        check(3, &[refused, innocent], 1, Some("2020-01-03 was rejected by `ohlc`"));
    }
}
