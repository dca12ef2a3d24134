//! What users write for a `quality` step, and what can be wrong with it before a row is seen.

use super::calendar::{self, Sessions};
use super::columns::FIELDS;
use super::market::Limit;
use super::tally::{RULES, find_rule};
use crate::settings::{self, is_open};
use crate::watching::{Rules, WatchSettings, watch_properties};
use chrono::{NaiveDate, NaiveDateTime};
use data::{Error, Result};
use model::anomaly::Severity;
use model::document::parse_duration;
use model::{ErrorCode, Fault, nearest};
use serde::Deserialize;
use serde_json::{Map, Value, json};
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

/// The JSON Schema of `with`.
pub(super) fn schema() -> Value {
    let date = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    let reference = |description: &str, columns: &str| {
        json!({
            "type": "object",
            "description": description,
            "additionalProperties": false,
            "required": ["connection", "table"],
            "properties": {
                "connection": text("The connection."),
                "table": text("The table."),
                "columns": { "type": "object", "additionalProperties": { "type": "string" }, "description": format!("Names of its columns where they differ: {columns}.") },
                "where": text("A condition in the system's own SQL."),
            },
        })
    };
    let fields: Map<String, Value> =
        FIELDS.iter().map(|(_, word)| ((*word).to_owned(), text(&format!("The column of `{word}`.")))).collect();
    let severity = json!({ "enum": ["error", "warn", "info"] });
    let rule = |text: &str| {
        json!({
            "description": text,
            "oneOf": [
                { "type": "boolean" },
                severity,
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": { "severity": severity, "threshold": { "type": "number", "minimum": 0 } },
                },
            ],
        })
    };
    let rules: Map<String, Value> = RULES
        .iter()
        .flat_map(|known| [known.id.to_owned(), known.id.to_uppercase()].map(|id| (id, rule(known.text))))
        .collect();
    let mut properties = watch_properties();
    let source = json!({
        "connection": text("The connection whose table is checked; none where rows come in by `from`."),
        "table": text("The table."),
        "query": text("A query that only reads, instead of a table."),
        "where": text("A condition in the system's own SQL."),
        "columns": { "type": "object", "additionalProperties": false, "properties": fields, "description": "Which column is what, where the names do not say so." },
        "expect": { "type": "object", "additionalProperties": { "type": ["string", "null"] }, "description": "Columns that must be there (c7), with their types as `int64`, `float64`, `text`, `date`, `timestamp`; null: any." },
        "period": { "enum": ["tick", "1m", "5m", "15m", "30m", "60m", "1d"], "default": "1d", "description": "How much time a row is about." },
        "adjusted": { "type": "boolean", "default": false, "description": "Whether prices are adjusted, so that ticks and limits do not hold." },
        "tick": { "type": "number", "exclusiveMinimum": 0, "description": "The smallest step of a price; otherwise the board's." },
        "units": {
            "type": "object",
            "description": "What volume and amount count; otherwise told from the rows.",
            "additionalProperties": false,
            "properties": { "volume": { "enum": ["shares", "lots"], "default": "shares" }, "amount": { "enum": ["one", "thousand"], "default": "one" } },
        },
        "calendar": {
            "description": "Which days are open: `weekdays`, weekdays but `holidays`, a `file`, or a table.",
            "oneOf": [
                { "const": "weekdays" },
                { "type": "object", "additionalProperties": false, "required": ["holidays"], "properties": { "holidays": { "type": "array", "items": date("A weekday that is closed.") }, "known_until": date("The last day of which it is known whether it is open.") } },
                { "type": "object", "additionalProperties": false, "required": ["file"], "properties": { "file": text("A file of days, with `,1` or `,0` behind each."), "known_until": date("The last day of which it is known whether it is open; the last listed where left out.") } },
                { "type": "object", "additionalProperties": false, "required": ["connection", "table"], "properties": { "connection": text("The connection."), "table": text("The table."), "date": text("Its column of days."), "open": text("Its column that says whether a day is open; all are where there is none."), "where": text("A condition in the system's own SQL."), "known_until": date("The last day of which it is known whether it is open; the last listed where left out.") } },
            ],
        },
    });
    let market = json!({
        "range": { "type": "object", "additionalProperties": false, "properties": { "start": date("The first day asked about."), "end": date("The last day asked about.") }, "description": "Which days rows must be there for; otherwise from the first to the last that is there." },
        "securities": reference("Codes with their days of listing and delisting.", "`code`, `list_date`, `delist_date`"),
        "special_treatment": reference("When codes were under special treatment (ST).", "`code`, `from`, `until`"),
        "suspensions": reference("Days on which codes were suspended.", "`code`, `date`"),
        "actions": reference("Ex-dates of corporate actions.", "`code`, `ex_date`"),
        "limits": {
            "type": "array",
            "description": "Price limits that go before the built-in ones.",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["board"],
                "properties": {
                    "board": { "enum": ["main", "star", "chinext", "bse", "b_share", "fund", "convertible", "index"] },
                    "st": { "type": "boolean", "description": "Only with, or only without special treatment." },
                    "from": date("The first day."),
                    "until": date("The last day."),
                    "up": { "type": "integer", "minimum": 0, "description": "Thousandths of the previous close; no limit where left out." },
                    "down": { "type": "integer", "minimum": 0, "maximum": 1000, "description": "Thousandths of the previous close; no limit where left out." },
                    "free_days": { "type": "integer", "minimum": 0, "default": 0, "description": "Trading days after listing without limits." },
                    "first_up": { "type": "integer", "minimum": 0, "description": "The first day's limit." },
                    "first_down": { "type": "integer", "minimum": 0, "maximum": 1000, "description": "The first day's limit." },
                },
            },
        },
    });
    let judged = json!({
        "sessions": { "type": "array", "items": text("`09:30-11:30`"), "minItems": 1, "description": "When trading goes on; those of Shanghai and Shenzhen where left out." },
        "utc_offset": { "type": "string", "default": "+08:00", "description": "How far local time is ahead of UTC." },
        "now": text("The local moment taken for now, `2024-01-31T18:00`; the clock where left out."),
        "freshness": {
            "type": "object",
            "description": "How new the newest row must be (f1).",
            "additionalProperties": false,
            "required": ["sla"],
            "properties": {
                "sla": text("`0d`, `1d` in open days; `2m`, `10s` in minutes of trading."),
                "due": { "type": "string", "default": "18:00", "description": "When a day's rows are due, with an `sla` in days." },
            },
        },
        "rules": { "type": "object", "additionalProperties": false, "properties": rules, "description": "Switches a rule off (`false`), or sets its severity and threshold." },
        "only": { "type": "array", "items": text("A rule."), "minItems": 1, "description": "Looks at these rules only." },
        "max_findings": { "type": "integer", "minimum": 0, "maximum": 100_000, "default": 1000, "description": "Rows of each rule that leave by `findings` at most; all are counted." },
        "by": { "enum": ["table", "code"], "default": "table", "description": "Whether a rule's findings are one anomaly for the table, or one for each code." },
    });
    for part in [source, market, judged] {
        if let Value::Object(part) = part {
            properties.extend(part);
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
