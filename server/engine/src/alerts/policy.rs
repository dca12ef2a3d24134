//! The alert policy: one document that says whom alerts go to, how often, and when not.
//!
//! [`Policy::parse`] reads it and tells all its faults at once, each with its place. Without a policy an alert goes to
//! the channels its step names, at once.

use super::quiet::Quiet;
use super::template::{self, Template};
use crate::plan;
use model::alert::AlertSeverity;
use model::document::{Retry, parse_duration};
use model::kind::{Inputs, KindInfo};
use model::tree::{self, Limits};
use model::{ErrorCode, Fault};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an alert that names a key of its own is told once only, where the policy says nothing.
pub const DEDUPE_WINDOW: Duration = Duration::from_secs(3_600);
/// How long a group that a step names gathers, where the policy says nothing.
pub const GROUP_WINDOW: Duration = Duration::from_secs(60);

/// Whom alerts go to, how often, and when not.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Looked at in their order; each that matches has its say.
    pub routes: Vec<Route>,
    /// What holds for single channels.
    pub channels: BTreeMap<String, ChannelRules>,
    /// Messages by name.
    pub templates: BTreeMap<String, Template>,
}

/// What is done with the alerts that match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Which alerts; nothing said: all.
    #[serde(rename = "match")]
    pub matches: Match,
    /// Channels to tell, besides those the step names.
    pub channels: Vec<String>,
    /// Tell the channels of the routes only, not those the step names.
    pub replace: bool,
    /// Alerts that are alike within a window become one message.
    pub group: Option<Window>,
    /// Of alerts that are alike within a window only the first is told.
    pub dedupe: Option<Window>,
    /// Whom to tell where nobody acknowledges the alert.
    pub escalate: Vec<Escalation>,
    /// Later routes are not looked at.
    pub stop: bool,
}

/// Which alerts a route is about; all that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Match {
    /// One of these severities.
    #[serde(deserialize_with = "one_or_more")]
    pub severity: Vec<AlertSeverity>,
    /// These labels, each as it is or with `*` for anything.
    pub labels: BTreeMap<String, String>,
    /// The workflow's name, `*` for anything.
    pub workflow: Option<String>,
}

/// What makes alerts alike, and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Window {
    /// `severity`, `workflow`, `step`, `title`, `label.<name>`.
    #[serde(default)]
    pub by: Vec<String>,
    /// How long.
    #[serde(deserialize_with = "duration")]
    pub window: Duration,
}

/// Whom to tell later.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Escalation {
    /// How long after the alert was raised.
    #[serde(deserialize_with = "duration")]
    pub after: Duration,
    /// Channels.
    pub channels: Vec<String>,
}

/// What holds for one channel.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ChannelRules {
    /// How many messages it may get.
    pub rate: Option<Rate>,
    /// When it is left alone.
    pub quiet: Option<Quiet>,
    /// How often and when a failed delivery is attempted again.
    #[serde(deserialize_with = "retry")]
    pub retry: Option<Retry>,
}

/// How many messages a channel may get.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Rate {
    /// So many,
    pub limit: u32,
    /// within this time.
    #[serde(deserialize_with = "duration")]
    pub per: Duration,
}

/// How deliveries are attempted again where the policy says nothing.
#[must_use]
pub fn default_retry() -> Retry {
    Retry { attempts: 6, backoff: Duration::from_secs(10), max: Duration::from_secs(900) }
}

impl Policy {
    /// Reads the document.
    ///
    /// # Errors
    /// All its faults at once, each with line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let root = tree::parse(text.strip_prefix('\u{feff}').unwrap_or(text), &Limits::default())?;
        let place = |fault: Fault, path: &str, about_key: bool| {
            let at = root.locate(path, about_key);
            fault.path(path).at(at.line, at.column)
        };
        let Value::Object(document) = root.to_value() else {
            let fault = Fault::new(ErrorCode::InvalidValue, "an alert policy is a mapping")
                .hint("Write `routes:`, `channels:` and `templates:`.");
            return Err(vec![place(fault, "", false)]);
        };
        let kind = KindInfo {
            name: "alert policy".to_owned(),
            summary: String::new(),
            schema: schema(),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: Vec::new(),
        };
        let mut faults: Vec<Fault> = plan::check_settings(&document, &kind)
            .into_iter()
            .map(|(fault, path, about_key)| place(fault, &path, about_key))
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let policy: Self = serde_json::from_value(Value::Object(document)).map_err(|error| {
            vec![place(Fault::new(ErrorCode::InvalidValue, format!("the policy does not fit: {error}")), "", false)]
        })?;
        for (name, template) in &policy.templates {
            for (key, fault) in template::check(template) {
                faults.push(place(fault, &format!("templates.{name}.{key}"), false));
            }
        }
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }

    /// Every channel it names, with the path of the name.
    #[must_use]
    pub fn channel_names(&self) -> Vec<(String, &str)> {
        let mut names: Vec<(String, &str)> = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let path = format!("routes.{index}");
            names
                .extend(route.channels.iter().enumerate().map(|(at, name)| (format!("{path}.channels.{at}"), &**name)));
            for (step, escalation) in route.escalate.iter().enumerate() {
                let path = format!("{path}.escalate.{step}.channels");
                names
                    .extend(escalation.channels.iter().enumerate().map(|(at, name)| (format!("{path}.{at}"), &**name)));
            }
        }
        names.extend(self.channels.keys().map(|name| (format!("channels.{name}"), name.as_str())));
        names
    }

    /// The rules of a channel.
    #[must_use]
    pub fn rules(&self, channel: &str) -> ChannelRules {
        self.channels.get(channel).cloned().unwrap_or_default()
    }
}

/// The JSON Schema of the document.
#[must_use]
pub fn schema() -> Value {
    let duration = json!({ "type": "string", "pattern": "^[0-9]{1,10}(ms|s|m|h|d)$", "description": "A whole number and `ms`, `s`, `m`, `h` or `d`: `5m`." });
    let names =
        json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1, "maxItems": 20 });
    let severity = json!({ "enum": AlertSeverity::ALL.map(AlertSeverity::as_str) });
    let severities = json!({ "oneOf": [severity, { "type": "array", "items": severity, "minItems": 1 }], "description": "One severity or a list of them." });
    let window = |about: &str| {
        json!({
            "type": "object", "additionalProperties": false, "required": ["window"], "description": about,
            "properties": {
                "by": { "type": "array", "items": { "type": "string", "pattern": "^(severity|workflow|step|title|label\\..{1,64})$" }, "description": "What must be alike: `severity`, `workflow`, `step`, `title`, `label.<name>`." },
                "window": duration,
            },
        })
    };
    let time = json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "A time of day: `22:00`." });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice alert policy",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "routes": { "type": "array", "maxItems": 200, "items": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "match": { "type": "object", "additionalProperties": false, "properties": {
                        "severity": severities,
                        "labels": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Labels with their values; `*` stands for anything." },
                        "workflow": { "type": "string", "description": "The workflow's name; `*` stands for anything." },
                    } },
                    "channels": names,
                    "replace": { "type": "boolean", "description": "Tell only channels of routes, not those the step names." },
                    "group": window("Alerts that are alike become one message."),
                    "dedupe": window("Of alerts that are alike only the first is told."),
                    "escalate": { "type": "array", "maxItems": 10, "items": {
                        "type": "object", "additionalProperties": false, "required": ["after", "channels"],
                        "properties": { "after": duration, "channels": names },
                    } },
                    "stop": { "type": "boolean", "description": "Later routes are not looked at." },
                },
            } },
            "channels": { "type": "object", "additionalProperties": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "rate": { "type": "object", "additionalProperties": false, "required": ["limit", "per"], "properties": {
                        "limit": { "type": "integer", "minimum": 1, "maximum": 1000 }, "per": duration,
                    } },
                    "quiet": { "type": "object", "additionalProperties": false, "required": ["from", "to"], "properties": {
                        "from": time, "to": time,
                        "zone": { "type": "string", "description": "An IANA time zone: `Asia/Shanghai`; UTC where left out." },
                        "days": { "type": "array", "minItems": 1, "items": { "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }, "description": "Days on which it begins; all where left out." },
                        "except": severities,
                        "then": { "enum": ["hold", "drop"], "description": "What comes meanwhile is sent afterwards, or never." },
                    } },
                    "retry": { "type": "object", "additionalProperties": false, "properties": {
                        "attempts": { "type": "integer", "minimum": 1, "maximum": 50 }, "backoff": duration, "max": duration,
                    } },
                },
            } },
            "templates": { "type": "object", "maxProperties": 200, "additionalProperties": template::schema() },
        },
    })
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no duration such as `5m`")))
}

fn retry<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Retry>, D::Error> {
    #[derive(Deserialize)]
    struct Written {
        attempts: Option<u32>,
        backoff: Option<String>,
        max: Option<String>,
    }
    let written = Written::deserialize(deserializer)?;
    let read = |text: Option<String>, default: Duration| match text {
        None => Ok(default),
        Some(text) => parse_duration(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no duration such as `5m`"))),
    };
    let default = default_retry();
    Ok(Some(Retry {
        attempts: written.attempts.unwrap_or(default.attempts),
        backoff: read(written.backoff, default.backoff)?,
        max: read(written.max, default.max)?,
    }))
}

/// One severity or a list of them.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AlertSeverity>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(AlertSeverity),
        Many(Vec<AlertSeverity>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::One(severity) => vec![severity],
        Written::Many(severities) => severities,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_policy_reads_as_it_is_written() {
        let policy = Policy::parse(
            "routes:\n  - match: { severity: critical, labels: { team: data } }\n    channels: [pager]\n    \
             escalate: [{ after: 15m, channels: [boss] }]\n  - group: { by: [workflow], window: 5m }\n\
             channels:\n  pager:\n    rate: { limit: 3, per: 1m }\n    retry: { attempts: 3, backoff: 1s }\n    \
             quiet: { from: \"22:00\", to: \"07:00\", zone: Asia/Shanghai, except: [critical] }\n\
             templates:\n  brief: { subject: \"${{ alert.title }}\", text: hello }\n",
        )
        .unwrap();
        assert_eq!(policy.routes[0].matches.severity, [AlertSeverity::Critical]);
        assert_eq!(policy.routes[1].group.as_ref().unwrap().window, Duration::from_secs(300));
        let retry = policy.rules("pager").retry.unwrap();
        assert_eq!((retry.attempts, retry.max), (3, Duration::from_secs(900)));
        let names: Vec<_> = policy.channel_names().into_iter().map(|(path, name)| format!("{path}={name}")).collect();
        assert_eq!(names, ["routes.0.channels.0=pager", "routes.0.escalate.0.channels.0=boss", "channels.pager=pager"]);
        assert_eq!(Policy::parse("{}").unwrap(), Policy::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, code, line, part) in [
            ("routes:\n  - chanels: [a]", ErrorCode::UnknownKey, 2, "chanels"),
            ("routes:\n  - match: { severity: urgent }", ErrorCode::InvalidValue, 2, "severity"),
            ("routes:\n  - group: { by: [colour], window: 5m }", ErrorCode::InvalidValue, 2, "by"),
            ("routes:\n  - group: { by: [title] }", ErrorCode::MissingKey, 2, "window"),
            ("channels:\n  a:\n    quiet: { from: \"25:00\", to: \"07:00\" }", ErrorCode::InvalidValue, 3, "from"),
            ("channels:\n  a:\n    rate: { limit: 0, per: 1m }", ErrorCode::InvalidValue, 3, "limit"),
            ("templates:\n  t: { subject: \"${{ alert. }}\" }", ErrorCode::InvalidExpression, 2, ""),
            ("templates:\n  t: { subject: \"${{ nothing }}\" }", ErrorCode::InvalidExpression, 2, "nothing"),
            ("- a", ErrorCode::InvalidValue, 1, "mapping"),
            ("routes: [", ErrorCode::DocumentUnreadable, 1, ""),
        ] {
            let faults = Policy::parse(text).unwrap_err();
            let fault = &faults[0];
            assert_eq!((fault.code, fault.line), (code, Some(line)), "{text}: {faults:?}");
            assert!(fault.message.contains(part), "{text}: {fault}");
        }
        let far = "channels:\n  a:\n    quiet: { from: \"22:00\", to: \"07:00\", zone: Mars/Olympus }";
        assert!(Policy::parse(far).unwrap_err()[0].message.contains("Mars/Olympus"));
    }
}
