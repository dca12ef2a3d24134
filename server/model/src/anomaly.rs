//! What is wrong with somebody's data or store: found by steps, kept until it is gone, told once.
//!
//! A step makes [`Finding`]s; those that name the same rule, place and scope are one [`Anomaly`], however often they are
//! found. [`AnomalyRule`] is what people set for a rule: how severe it is, whether it is muted, who hears of it.

use crate::{AnomalyId, RunId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Every rule that a step looks at, with the names of the thresholds people may set for it.
pub const RULES: &[(&str, &[&str])] = &[
    ("quality.c1", &["threshold"]),
    ("quality.c2", &["threshold"]),
    ("quality.c3", &["threshold"]),
    ("quality.c4", &["threshold"]),
    ("quality.c5", &["threshold"]),
    ("quality.c6", &["threshold"]),
    ("quality.c7", &["threshold"]),
    ("quality.d1", &["threshold"]),
    ("quality.d2", &["threshold"]),
    ("quality.d3", &["threshold"]),
    ("quality.v1", &["threshold"]),
    ("quality.v2", &["threshold"]),
    ("quality.v3", &["threshold"]),
    ("quality.v4", &["threshold"]),
    ("quality.v5", &["threshold"]),
    ("quality.v6", &["threshold"]),
    ("quality.v7", &["threshold"]),
    ("quality.v8", &["threshold"]),
    ("quality.v9", &["threshold"]),
    ("quality.v10", &["threshold"]),
    ("quality.v11", &["threshold"]),
    ("quality.v12", &["threshold"]),
    ("quality.v13", &["threshold"]),
    ("quality.v14", &["threshold"]),
    ("quality.a1", &["threshold"]),
    ("quality.a2", &["threshold"]),
    ("quality.a3", &["threshold"]),
    ("quality.a4", &["threshold"]),
    ("quality.a5", &["threshold"]),
    ("quality.a6", &["threshold"]),
    ("quality.a7", &["threshold"]),
    ("quality.a8", &["threshold"]),
    ("quality.s1", &["threshold"]),
    ("quality.f1", &["threshold"]),
    ("inspect.connections", &["share"]),
    ("inspect.pool", &["share"]),
    ("inspect.slow_statement", &["mean_ms"]),
    ("inspect.running", &["for_ms"]),
    ("inspect.blocked", &[]),
    ("inspect.unused_index", &["bytes"]),
    ("inspect.duplicate_index", &[]),
    ("inspect.disk_growth", &["ratio"]),
    ("inspect.disk_bytes", &["bytes"]),
    ("inspect.damaged", &[]),
    ("backup.failed", &[]),
    ("backup.damaged", &[]),
];

/// The rules that `name` stands for: one of that name, those of a family (`quality.*`), or all (`*`).
pub fn rules_named(name: &str) -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    let family = name.strip_suffix('*').filter(|family| family.is_empty() || family.ends_with('.')).map(str::to_owned);
    let name = name.to_owned();
    RULES.iter().filter(move |(rule, _)| match &family {
        Some(family) => rule.starts_with(family),
        None => *rule == name,
    })
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warn,
    /// Wrong.
    Error,
}

impl Severity {
    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        [Self::Info, Self::Warn, Self::Error].into_iter().find(|severity| severity.as_str() == word)
    }
}

/// Where an anomaly stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyState {
    /// Found, and nobody has said anything of it.
    Open,
    /// Somebody knows; it does not alert again.
    Acknowledged,
    /// Gone, or said to be.
    Resolved,
}

impl AnomalyState {
    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        [Self::Open, Self::Acknowledged, Self::Resolved].into_iter().find(|state| state.as_str() == word)
    }
}

/// One thing a step found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule: `quality.c1`, `inspect.connections`, `backup.damaged`.
    pub rule: String,
    /// How bad the rule takes it to be.
    pub severity: Severity,
    /// What within the table or system: a code, an index; empty: all of it.
    pub scope: String,
    /// One sentence.
    pub message: String,
    /// Figures and sample keys, small.
    pub details: Map<String, Value>,
}

/// Everything one look at one place found.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The connection looked at; empty: none (rows of the workflow itself).
    pub connection: String,
    /// The table looked at; empty: the whole system.
    pub table: String,
    /// Tells several looks at the same table apart; usually empty.
    pub subject: String,
    /// The run that looked.
    pub run: Option<RunId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The rules that were looked at. What they do not find any more resolves, where `resolve` is set.
    pub rules: Vec<String>,
    /// Whether what is not found any more resolves by itself.
    pub resolve: bool,
    /// Channels for rules that name none of their own.
    pub channels: Vec<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What became of an observation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    /// Anomalies that were not known.
    pub new: u64,
    /// Anomalies that were resolved and are back.
    pub reopened: u64,
    /// Anomalies that were known, and are seen once more.
    pub known: u64,
    /// Anomalies that are gone.
    pub resolved: u64,
    /// Of muted rules, and therefore not kept.
    pub muted: u64,
    /// Those to be told, each with the channels to tell.
    pub alerts: Vec<(Anomaly, Vec<String>)>,
}

/// Something wrong, from its first sight until it is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Its id.
    pub id: AnomalyId,
    /// The same for all findings that are this anomaly.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// How bad, by the rule or by what people set for it.
    pub severity: Severity,
    /// Where it stands.
    pub state: AnomalyState,
    /// The connection; empty: none.
    pub connection: String,
    /// The table; empty: the whole system.
    pub table: String,
    /// Tells several looks at the same table apart.
    pub subject: String,
    /// What within the table or system.
    pub scope: String,
    /// One sentence, as last found.
    pub message: String,
    /// Figures and sample keys, as last found.
    pub details: Map<String, Value>,
    /// How often it was found.
    pub count: u64,
    /// When it was first found.
    pub first_seen: DateTime<Utc>,
    /// When it was last found.
    pub last_seen: DateTime<Utc>,
    /// The run that last found it.
    pub run: Option<RunId>,
    /// Who last changed its state; none: Sluice itself.
    pub changed_by: Option<String>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
    /// What was said with the last change of state.
    pub comment: Option<String>,
    /// When people were last told of it.
    pub alerted_at: Option<DateTime<Utc>>,
}

/// What people set for a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalyRule {
    /// The rule (`quality.c1`), all rules of a family (`quality.*`), or all (`*`); the narrowest that fits holds.
    pub rule: String,
    /// Thresholds that replace a step's defaults; what a step's own settings say goes first.
    #[serde(default)]
    pub thresholds: Map<String, Value>,
    /// Replaces the rule's own severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Findings are not kept and nobody is told.
    #[serde(default)]
    pub muted: bool,
    /// Who is told.
    #[serde(default)]
    pub channels: Vec<String>,
    /// An anomaly that comes back within so many seconds after it was told is not told again.
    #[serde(default = "dedupe_default")]
    pub dedupe_seconds: u64,
}

fn dedupe_default() -> u64 {
    3600
}

impl AnomalyRule {
    /// A rule with nothing set.
    #[must_use]
    pub fn named(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            thresholds: Map::new(),
            severity: None,
            muted: false,
            channels: Vec::new(),
            dedupe_seconds: dedupe_default(),
        }
    }

    /// The narrowest of `rules` that is about `name`.
    #[must_use]
    pub fn narrowest<'a>(rules: &'a [Self], name: &str) -> Option<&'a Self> {
        let fits = |rule: &&Self| match rule.rule.strip_suffix('*') {
            Some(family) => name.starts_with(family),
            None => rule.rule == name,
        };
        rules.iter().filter(fits).max_by_key(|rule| (!rule.rule.ends_with('*'), rule.rule.len()))
    }
}

/// Which anomalies to list; the last seen first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnomalyFilter {
    /// Only in one of these states; empty: any.
    pub states: Vec<AnomalyState>,
    /// Only of this severity or worse.
    pub severity: Option<Severity>,
    /// Only of this rule, or of a family (`quality.*`).
    pub rule: Option<String>,
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only of this table.
    pub table: Option<String>,
    /// Only those last seen at that moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those after this one in the list (the last of the page before).
    pub after: Option<AnomalyId>,
    /// How many at most; the store caps it at 500.
    pub limit: u32,
}

/// What a person does to an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyAction {
    /// Known; no further alerts.
    Acknowledge,
    /// Over.
    Resolve,
    /// Not over after all.
    Reopen,
}

impl AnomalyAction {
    /// The state it leads to.
    #[must_use]
    pub fn state(self) -> AnomalyState {
        match self {
            Self::Acknowledge => AnomalyState::Acknowledged,
            Self::Resolve => AnomalyState::Resolved,
            Self::Reopen => AnomalyState::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_rule_holds() {
        let rules: Vec<_> = ["*", "quality.*", "quality.c1", "inspect.*"].map(AnomalyRule::named).to_vec();
        let find = |name: &str| AnomalyRule::narrowest(&rules, name).map(|rule| rule.rule.as_str());
        assert_eq!(find("quality.c1"), Some("quality.c1"));
        assert_eq!(find("quality.c10"), Some("quality.*"));
        assert_eq!(find("backup.failed"), Some("*"));
        assert_eq!(AnomalyRule::narrowest(&rules[1..], "backup.failed"), None);
    }
}
