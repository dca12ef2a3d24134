//! The settings of the step.

use plugin_sdk::{Error, Result, time, url};
use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    pub(crate) query: String,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    /// Seconds between two samples.
    #[serde(default = "minute")]
    pub(crate) step: i64,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    #[serde(default)]
    pub(crate) authorized: bool,
}

fn minute() -> i64 {
    60
}

impl Config {
    /// The range in seconds since 1970, both ends in it; none for the value now.
    pub(crate) fn range(&self) -> Result<Option<(i64, i64)>> {
        url::check("url", &self.url)?;
        if let Some(taken) =
            self.labels.iter().find(|label| ["time", "value", "metric", "labels"].contains(&label.as_str()))
        {
            return Err(Error::config("labels", format!("label `{taken}` would be the name of another column")));
        }
        let second = |field: &str, text: &Option<String>| {
            let Some(text) = text else { return Ok::<_, Error>(None) };
            let micros = time::parse_timestamp(text)
                .ok_or_else(|| Error::config(field, format!("`{text}` is no moment like 2024-01-31T00:00:00Z")))?;
            Ok(Some(micros.div_euclid(1_000_000)))
        };
        match (second("start", &self.start)?, second("end", &self.end)?) {
            (None, None) => Ok(None),
            (Some(start), Some(end)) if start <= end && self.step > 0 => Ok(Some((start, end))),
            (Some(_), Some(_)) => Err(Error::config("end", "`end` must not be before `start`, and `step` not below 1")),
            (Some(_), None) => Err(Error::config("end", "a range needs `end` as well as `start`")),
            (None, Some(_)) => Err(Error::config("start", "a range needs `start` as well as `end`")),
        }
    }
}
