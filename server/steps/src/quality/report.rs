//! What is told of a check besides its rows: columns that are missing, rules that were skipped, and anomalies.

use super::columns::{Columns, Field};
use super::facts::Facts;
use super::settings::{By, Period, Settings};
use super::tally::{Broken, RULES, Tally, find_rule};
use crate::watching::finding;
use arrow::datatypes::{DataType, Schema};
use model::anomaly::Finding;
use serde_json::{Map, Value, json};

/// Anomalies of one rule by code at most.
const MOST_ANOMALIES: usize = 50;

/// Whether the columns that are expected are there.
pub(super) fn check_columns(settings: &Settings, schema: &Schema, tally: &mut Tally) {
    for (name, wanted) in &settings.expect {
        let reason = match schema.field_with_name(name) {
            Err(_) => format!("column `{name}` is missing"),
            Ok(field) => match wanted {
                Some(wanted) if !is_of_type(field.data_type(), wanted) => {
                    format!("column `{name}` is of type `{}`, not `{wanted}`", field.data_type())
                }
                _ => continue,
            },
        };
        let column = name.clone();
        tally.add("c7", "", || Broken { column, reason, ..Broken::default() });
    }
}

/// Whether a type is what people mean by a word, or spells itself so.
fn is_of_type(found: &DataType, wanted: &str) -> bool {
    let wanted = wanted.trim().to_ascii_lowercase();
    match wanted.as_str() {
        "text" | "string" => matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
        "integer" | "int" => found.is_integer(),
        "number" => found.is_numeric(),
        "decimal" => matches!(found, DataType::Decimal128(..) | DataType::Decimal256(..)),
        "date" => matches!(found, DataType::Date32 | DataType::Date64),
        "timestamp" => matches!(found, DataType::Timestamp(..)),
        "bool" | "boolean" => matches!(found, DataType::Boolean),
        _ => found.to_string().to_ascii_lowercase() == wanted,
    }
}

/// Rules that are on but cannot be looked at, and what they lack.
pub(super) fn skipped(settings: &Settings, facts: &Facts, columns: &Columns, tally: &Tally) -> Map<String, Value> {
    let lacks = |fields: &[Field]| {
        let lacking: Vec<&str> =
            fields.iter().filter(|field| !columns.has(**field)).map(|field| field.word()).collect();
        (!lacking.is_empty()).then(|| format!("no column of {}", lacking.join(", ")))
    };
    let is_daily = facts.period == Period::Day;
    let only_daily = (!is_daily).then(|| "for bars of a day only".to_owned());
    let calendar = facts.calendar.is_none().then(|| "no `calendar`".to_owned());
    let has_price = columns.has(Field::Close) || columns.has(Field::Last);
    let price = (!has_price).then(|| "no column of close".to_owned());
    let reason = |rule: &str| match rule {
        "c1" | "c2" => calendar.clone(),
        "c3" => facts.period.minutes().is_none().then(|| "for minute bars only".to_owned()),
        "c4" | "v8" => (facts.period != Period::Tick).then(|| "for ticks only".to_owned()),
        "d3" => settings.other.is_none().then(|| "no `other` source".to_owned()),
        "v11" => match (facts.period.minutes(), &settings.daily) {
            (None, _) => Some("for minute bars only".to_owned()),
            (_, None) => Some("no `daily` table".to_owned()),
            _ => None,
        },
        "v12" => lacks(&[Field::Index, Field::Weight]),
        "v14" => match (lacks(&[Field::Quantity, Field::FilledQuantity]), lacks(&[Field::Balance, Field::Change])) {
            (Some(_), Some(_)) if settings.fills.is_some() && columns.has(Field::Quantity) => None,
            (Some(orders), Some(cash)) => Some(format!("{orders}; {cash}")),
            _ => None,
        },
        "a7" => price.clone(),
        "a8" => (facts.period == Period::Tick).then(|| "for bars only".to_owned()).or_else(|| price.clone()),
        "v1" => lacks(&[Field::High, Field::Low]),
        "v3" => lacks(&[Field::Volume]),
        "v4" => lacks(&[Field::Volume, Field::Amount, Field::High, Field::Low])
            .or_else(|| facts.adjusted.then(|| "prices are adjusted".to_owned())),
        "v5" => facts.adjusted.then(|| "prices are adjusted".to_owned()).or_else(|| price.clone()),
        "v6" => match (columns.has(Field::Change), columns.has(Field::PctChg)) {
            (false, false) => Some("no column of change, pct_chg".to_owned()),
            _ => lacks(&[Field::PreClose]),
        },
        "v7" => only_daily.clone().or_else(|| lacks(&[Field::PreClose])),
        "v9" => None,
        "v13" => lacks(&[Field::AdjFactor]),
        "a1" | "a2" | "a4" | "a6" => only_daily.clone().or_else(|| price.clone()),
        "a3" | "a5" | "s1" => only_daily.clone().or_else(|| lacks(&[Field::Volume])),
        "f1" => settings.freshness.is_none().then(|| "no `freshness`".to_owned()),
        _ => None,
    };
    let on = RULES.iter().filter(|rule| tally.is_on(rule.id));
    on.filter_map(|rule| Some((rule.id.to_owned(), reason(rule.id)?.into()))).collect()
}

/// The names that findings of the enabled rules have as anomalies.
pub(super) fn anomaly_rules(tally: &Tally) -> Vec<String> {
    RULES.iter().filter(|rule| tally.is_on(rule.id)).map(|rule| format!("quality.{}", rule.id)).collect()
}

/// What is found, as anomalies: one for each rule, or one for each rule and code.
pub(super) fn anomalies(tally: &Tally, by: By) -> Vec<Finding> {
    let mut anomalies = Vec::new();
    for (rule, found) in &tally.found {
        let name = format!("quality.{rule}");
        let severity = tally.severity(rule);
        let text = find_rule(rule).map_or("", |rule| rule.text);
        let samples = |code: Option<&str>| -> Vec<String> {
            let rows = found.rows.iter().filter(|row| code.is_none_or(|code| row.code == code));
            rows.take(10).map(|row| format!("{}: {}", row.key(), row.reason)).collect()
        };
        let mut add = |scope: &str, count: u64, samples: Vec<String>| {
            let first = samples.first().map(|sample| format!(", first {sample}")).unwrap_or_default();
            let message = if scope.is_empty() {
                format!("{count} × {rule}{first}")
            } else {
                format!("{scope}: {count} × {rule}{first}")
            };
            let details = json!({ "count": count, "rule": text, "samples": samples });
            anomalies.push(finding(&name, severity, scope, message, details));
        };
        let codes: Vec<_> = found.codes.iter().filter(|(code, _)| !code.is_empty()).collect();
        if by == By::Table || codes.is_empty() || codes.len() > MOST_ANOMALIES {
            add("", found.count, samples(None));
            continue;
        }
        for (code, count) in codes {
            add(code, *count, samples(Some(code.as_str())));
        }
    }
    anomalies
}
