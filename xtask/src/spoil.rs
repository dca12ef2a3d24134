//! `cargo xtask spoil`: makes the spoiled input of the market-day workflow from the good one, and the list of what a
//! run must find in it.
//!
//! Everything is done to lines of text at fixed days, so the result is the same each time and a person can read it.

use crate::project;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Days taken out.
const MISSING: &[&str] = &["2002-07-09", "2009-03-10", "2009-03-11", "2015-06-17"];
/// Days repeated, and how many lines further down.
const DUPLICATE: &[(&str, usize)] = &[("2004-02-11", 1), ("2007-01-04", 3), ("2011-08-09", 1)];
/// Days whose high and low change places.
const HIGH_BELOW_LOW: &[&str] = &["2001-03-13", "2018-02-06"];
/// Days whose prices are halved, as if an index had been split for one day.
const JUMP: &[&str] = &["2006-05-17", "2013-10-10"];
/// Days with text where a number belongs: day, column, text.
const TEXT: &[(&str, usize, &str)] = &[("2008-09-16", 4, "n/a"), ("2016-11-09", 6, "1.2bn"), ("2019-01-04", 1, "—")];

const COLUMNS: &[&str] = &["date", "open", "high", "low", "close", "adjclose", "volume"];

/// A line of the spoiled file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    cells: Vec<String>,
    /// The rule that must refuse it.
    rule: Option<&'static str>,
}

/// Writes `data/spoiled/sp500-2000.csv`, `data/calendar.csv` and `expected.json`.
pub(crate) fn run() -> Result<()> {
    let folder = folder();
    let good = fs::read_to_string(folder.join("data/sp500-2000.csv")).context("the good input is missing")?;
    let spoiled = spoil(&good)?;
    fs::create_dir_all(folder.join("data/spoiled"))?;
    fs::write(folder.join("data/spoiled/sp500-2000.csv"), spoiled.text)?;
    fs::write(folder.join("data/calendar.csv"), calendar(&good))?;
    fs::write(folder.join("expected.json"), format!("{:#}\n", spoiled.expected))?;
    println!("wrote data/spoiled/sp500-2000.csv, data/calendar.csv and expected.json");
    Ok(())
}

/// Where the workflow lies.
pub(crate) fn folder() -> PathBuf {
    project::root().join("workflows/market-day")
}

struct Spoiled {
    text: String,
    expected: Value,
}

fn spoil(good: &str) -> Result<Spoiled> {
    let mut lines: Vec<Line> = good
        .lines()
        .skip(1)
        .map(|line| Line { cells: line.split(',').map(str::to_owned).collect(), rule: None })
        .collect();
    for day in HIGH_BELOW_LOW {
        let line = find(&mut lines, day)?;
        line.cells.swap(2, 3);
        line.rule = Some("ohlc");
    }
    for day in JUMP {
        let line = find(&mut lines, day)?;
        for cell in &mut line.cells[1..=5] {
            *cell = format!("{:.6}", cell.parse::<f64>()? / 2.0);
        }
        line.rule = Some("jump");
    }
    for (day, column, text) in TEXT {
        let line = find(&mut lines, day)?;
        (*text).clone_into(&mut line.cells[*column]);
        line.rule = Some("number");
    }
    for (day, distance) in DUPLICATE {
        let index = position(&lines, day)?;
        let copy = Line { rule: Some("unique_day"), ..lines[index].clone() };
        lines.insert(index + distance, copy);
    }
    for day in MISSING {
        let index = position(&lines, day)?;
        lines.remove(index);
    }
    let mut text = format!("{}\n", COLUMNS.join(","));
    let mut rejected = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&line.cells.join(","));
        text.push('\n');
        if let Some(rule) = line.rule {
            // The header is line 1.
            rejected.push(json!({ "line": index + 2, "date": line.cells[0], "rule": rule }));
        }
    }
    let expected = json!({ "rows": lines.len(), "rejected": rejected, "missing": MISSING });
    Ok(Spoiled { text, expected })
}

fn calendar(good: &str) -> String {
    let mut text = "exchange,date,is_open\n".to_owned();
    for line in good.lines().skip(1) {
        let day = line.split(',').next().unwrap_or_default();
        text.push_str(&format!("NYSE,{day},1\n"));
    }
    text
}

fn find<'a>(lines: &'a mut [Line], day: &str) -> Result<&'a mut Line> {
    let index = position(lines, day)?;
    let line = &mut lines[index];
    ensure!(line.rule.is_none(), "{day} is spoiled twice");
    Ok(line)
}

fn position(lines: &[Line], day: &str) -> Result<usize> {
    lines.iter().position(|line| line.cells[0] == day).with_context(|| format!("the good input has no {day}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_files_beside_the_workflow_are_what_this_would_write() {
        let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
        let good = read("data/sp500-2000.csv");
        let spoiled = spoil(&good).unwrap();
        assert_eq!(spoiled.text, read("data/spoiled/sp500-2000.csv"));
        assert_eq!(format!("{:#}\n", spoiled.expected), read("expected.json"));
        assert_eq!(calendar(&good), read("data/calendar.csv"));
    }

    #[test]
    fn every_spoiled_row_is_listed_once() {
        let good = fs::read_to_string(folder().join("data/sp500-2000.csv")).unwrap();
        let spoiled = spoil(&good).unwrap();
        let count = HIGH_BELOW_LOW.len() + JUMP.len() + TEXT.len() + DUPLICATE.len();
        assert_eq!(spoiled.expected["rejected"].as_array().unwrap().len(), count);
        assert_eq!(spoiled.text.lines().count(), good.lines().count() + DUPLICATE.len() - MISSING.len());
    }
}
