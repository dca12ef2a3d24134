//! What users write for a `quality` step, and what can be wrong with it before a row is seen.

mod schema;

pub(super) use schema::schema;

use super::calendar::{self, Sessions};
use super::market::Limit;
use super::tally::{RULES, find_rule};
use crate::settings::{self, is_open};
use crate::watching::{Rules, WatchSettings};
use chrono::{NaiveDate, NaiveDateTime};
use data::{Error, Result};
use model::anomaly::Severity;
use model::document::parse_duration;
use model::{ErrorCode, Fault, nearest};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Settings {
    pub(super) connection: Option<String>,
    pub(super) table: Option<String>,
    pub(super) query: Option<String>,
    #[serde(rename = "where")]
    pub(super) filter: Option<String>,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Option<String>>,
    pub(super) period: Option<Period>,
    #[serde(default)]
    pub(super) adjusted: bool,
    pub(super) tick: Option<f64>,
    pub(super) units: Option<Units>,
    pub(super) calendar: Option<CalendarSettings>,
    #[serde(default)]
    pub(super) range: Range,
    pub(super) securities: Option<Reference>,
    pub(super) special_treatment: Option<Reference>,
    pub(super) suspensions: Option<Reference>,
    pub(super) actions: Option<Reference>,
    pub(super) other: Option<Reference>,
    pub(super) daily: Option<Reference>,
    pub(super) fills: Option<Reference>,
    #[serde(default)]
    pub(super) limits: Vec<Limit>,
    #[serde(default)]
    sessions: Vec<String>,
    #[serde(default)]
    utc_offset: Option<String>,
    now: Option<String>,
    pub(super) freshness: Option<Freshness>,
    #[serde(default)]
    pub(super) rules: BTreeMap<String, RuleSetting>,
    #[serde(default)]
    pub(super) only: Vec<String>,
    #[serde(default = "findings_default")]
    pub(super) max_findings: usize,
    #[serde(default)]
    pub(super) by: By,
    #[serde(flatten)]
    pub(super) watch: WatchSettings,
}

fn findings_default() -> usize {
    1_000
}

/// How much time a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Period {
    #[serde(rename = "tick")]
    Tick,
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    Quarter,
    #[serde(rename = "30m")]
    Half,
    #[serde(rename = "60m")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

impl Period {
    /// Its minutes, where it is a part of a day.
    pub(super) fn minutes(self) -> Option<u32> {
        match self {
            Self::Minute => Some(1),
            Self::FiveMinutes => Some(5),
            Self::Quarter => Some(15),
            Self::Half => Some(30),
            Self::Hour => Some(60),
            Self::Tick | Self::Day => None,
        }
    }
}

/// What findings of a rule are gathered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// One anomaly for each rule.
    #[default]
    Table,
    /// One anomaly for each rule and code.
    Code,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Units {
    #[serde(default)]
    volume: VolumeUnit,
    #[serde(default)]
    amount: AmountUnit,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VolumeUnit {
    #[default]
    Shares,
    Lots,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AmountUnit {
    #[default]
    One,
    Thousand,
}

impl Units {
    /// Amount by volume and price.
    pub(super) fn ratio(&self) -> f64 {
        let volume = match self.volume {
            VolumeUnit::Shares => 1.0,
            VolumeUnit::Lots => 100.0,
        };
        match self.amount {
            AmountUnit::One => volume,
            AmountUnit::Thousand => volume / 1_000.0,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) start: Option<NaiveDate>,
    pub(super) end: Option<NaiveDate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum CalendarSettings {
    Weekdays(Weekdays),
    Table {
        connection: String,
        table: String,
        date: Option<String>,
        open: Option<String>,
        #[serde(rename = "where")]
        filter: Option<String>,
        known_until: Option<NaiveDate>,
    },
    File {
        file: String,
        known_until: Option<NaiveDate>,
    },
    Holidays {
        holidays: Vec<NaiveDate>,
        known_until: Option<NaiveDate>,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weekdays {
    Weekdays,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) connection: String,
    pub(super) table: String,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, String>,
    #[serde(rename = "where")]
    pub(super) filter: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Freshness {
    pub(super) sla: String,
    #[serde(default = "due_default")]
    pub(super) due: String,
}

fn due_default() -> String {
    "18:00".to_owned()
}

/// How late a newest row may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sla {
    /// In open days.
    Days(u64),
    /// In minutes of trading.
    Minutes(f64),
}

impl Freshness {
    /// The time limit.
    pub(super) fn limit(&self) -> Result<Sla, Fault> {
        let wrong = || {
            Fault::new(ErrorCode::InvalidSchedule, format!("`{}` is no time limit", short(&self.sla)))
                .hint("Write open days (`1d`) or minutes of trading (`2m`, `10s`).")
        };
        if let Some(days) = self.sla.strip_suffix('d') {
            return days.parse().map(Sla::Days).map_err(|_| wrong());
        }
        let span: Duration = parse_duration(&self.sla).ok_or_else(wrong)?;
        Ok(Sla::Minutes(span.as_secs_f64() / 60.0))
    }

    /// The minute of the day at which a day's rows are due.
    pub(super) fn due_minute(&self) -> Result<u32, Fault> {
        calendar::minute(&self.due).ok_or_else(|| {
            Fault::new(ErrorCode::InvalidSchedule, format!("`{}` is no time of day", short(&self.due)))
                .hint("Write it as `18:00`.")
        })
    }
}

/// What users set for one rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RuleSetting {
    Switch(bool),
    Severity(Severity),
    Full(FullRule),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullRule {
    severity: Option<Severity>,
    threshold: Option<f64>,
}

impl Settings {
    /// The rules that are looked at, with the severities that users set.
    pub(super) fn enabled(&self) -> BTreeMap<&'static str, Option<Severity>> {
        let setting = |id: &str| self.rules.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)).map(|(_, set)| set);
        let is_on = |id: &str| {
            let is_among = self.only.is_empty() || self.only.iter().any(|name| name.eq_ignore_ascii_case(id));
            is_among && !matches!(setting(id), Some(RuleSetting::Switch(false)))
        };
        let severity = |id: &str| match setting(id) {
            Some(RuleSetting::Severity(severity)) => Some(*severity),
            Some(RuleSetting::Full(full)) => full.severity,
            _ => None,
        };
        RULES.iter().filter(|rule| is_on(rule.id)).map(|rule| (rule.id, severity(rule.id))).collect()
    }

    /// The thresholds: the step's own, else what people set for the rule, else the defaults.
    pub(super) fn thresholds(&self, rules: &Rules) -> BTreeMap<&'static str, f64> {
        let own = |id: &str| match self.rules.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)) {
            Some((_, RuleSetting::Full(full))) => full.threshold,
            _ => None,
        };
        let with_one = RULES.iter().filter_map(|rule| Some((rule, rule.threshold?)));
        with_one
            .map(|(rule, default)| {
                let name = format!("quality.{}", rule.id);
                (rule.id, rules.threshold(own(rule.id), &name, "threshold", default))
            })
            .collect()
    }

    pub(super) fn sessions(&self) -> Result<Sessions> {
        if self.sessions.is_empty() {
            return Ok(Sessions::default());
        }
        Sessions::parse(&self.sessions).ok_or_else(|| {
            settings::invalid(format!("`{}` are no sessions", short(&self.sessions.join(", "))))
                .hint("Write them as `09:30-11:30`.")
        })
    }

    /// Microseconds that local time is ahead of UTC.
    pub(super) fn offset(&self) -> Result<i64> {
        let text = self.utc_offset.as_deref().unwrap_or("+08:00");
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => (1, ""),
        };
        let minutes = calendar::minute(rest).ok_or_else(|| {
            settings::invalid(format!("`{}` is no offset from UTC", short(text))).hint("Write it as `+08:00`.")
        })?;
        Ok(sign * i64::from(minutes) * 60_000_000)
    }

    /// Now, in local microseconds.
    pub(super) fn now(&self) -> Result<i64> {
        let Some(text) = &self.now else {
            return Ok(chrono::Utc::now().timestamp_micros() + self.offset()?);
        };
        let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let read = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        read.map(|at| at.and_utc().timestamp_micros()).ok_or_else(|| {
            settings::invalid(format!("`{}` is no local moment", short(text))).hint("Write it as `2024-01-31T18:00`.")
        })
    }
}

/// Faults of settings that a JSON Schema cannot see.
pub(super) fn check(with: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let unknown = |name: &str, path: String| {
        let fault = Fault::new(ErrorCode::UnknownKey, format!("there is no rule `{}`", short(name))).path(path);
        match nearest(&name.to_lowercase(), RULES.iter().map(|rule| rule.id)) {
            Some(near) => fault.hint(format!("Did you mean `{near}`?")),
            None => fault.hint("docs/steps.md lists all rules."),
        }
    };
    for (name, value) in with.get("rules").and_then(Value::as_object).into_iter().flatten() {
        match find_rule(&name.to_lowercase()) {
            None => faults.push(unknown(name, format!("with.rules.{name}"))),
            Some(rule) if rule.threshold.is_none() && value.get("threshold").is_some() => faults.push(
                Fault::new(ErrorCode::InvalidValue, format!("rule `{name}` has no threshold"))
                    .path(format!("with.rules.{name}.threshold"))
                    .hint("Leave it out."),
            ),
            Some(_) => {}
        }
    }
    for (index, name) in with.get("only").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Some(name) = name.as_str().filter(|name| !is_open(name) && find_rule(&name.to_lowercase()).is_none()) {
            faults.push(unknown(name, format!("with.only.{index}")));
        }
    }
    if let Some(freshness) = with.get("freshness")
        && let Ok(freshness) = serde_json::from_value::<Freshness>(freshness.clone())
    {
        if !is_open(&freshness.sla)
            && let Err(fault) = freshness.limit()
        {
            faults.push(fault.path("with.freshness.sla"));
        }
        if !is_open(&freshness.due)
            && let Err(fault) = freshness.due_minute()
        {
            faults.push(fault.path("with.freshness.due"));
        }
    }
    faults
}

impl Settings {
    /// The table or query they name; none: rows come in by `from`.
    pub(super) fn place(&self, has_input: bool) -> Result<Option<(String, data::connector::Relation)>> {
        use data::connector::Relation;
        let wrong = |message: &str, hint: &str| Err(Error::permanent(ErrorCode::InvalidValue, message).hint(hint));
        match (&self.connection, &self.table, &self.query) {
            (None, None, None) if has_input => Ok(None),
            (Some(_), ..) if has_input => {
                wrong("rows come in by `from`, and `connection` names others", "Leave one of the two out.")
            }
            (Some(connection), Some(table), None) => Ok(Some((connection.clone(), Relation::Table(table.clone())))),
            (Some(connection), None, Some(query)) => Ok(Some((connection.clone(), Relation::Query(query.clone())))),
            _ => wrong(
                "nothing says which rows are to be checked",
                "Give `from`, or a `connection` with either `table` or `query`.",
            ),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
