//! Quiet hours: when a channel is left alone, in the wall-clock time of a zone.
//!
//! A window may go past midnight and may begin on some days only. Where the clocks jump, the window begins and ends at
//! the first moment that exists.

use super::policy::one_or_more;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use model::alert::AlertSeverity;
use serde::{Deserialize, Deserializer};

/// When a channel is left alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Quiet {
    /// When it begins.
    #[serde(deserialize_with = "time")]
    pub from: NaiveTime,
    /// When it ends; the next day where that is not later, so that equal times mean a whole day.
    #[serde(deserialize_with = "time")]
    pub to: NaiveTime,
    /// The zone of both.
    #[serde(default = "utc", deserialize_with = "zone")]
    pub zone: Tz,
    /// Days on which it begins; none: every day.
    #[serde(default, deserialize_with = "days")]
    pub days: Vec<Weekday>,
    /// Severities that are told all the same.
    #[serde(default, deserialize_with = "one_or_more")]
    pub except: Vec<AlertSeverity>,
    /// What becomes of the others.
    #[serde(default)]
    pub then: Then,
}

/// What becomes of alerts within quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// They are sent afterwards.
    #[default]
    Hold,
    /// They are not sent.
    Drop,
}

impl Quiet {
    /// The end of the quiet hours that `at` lies in; none: it lies in none.
    #[must_use]
    pub fn until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = at.with_timezone(&self.zone).date_naive();
        let ends = [today.checked_sub_days(Days::new(1)), Some(today)].into_iter().flatten().filter_map(|day| {
            let (start, end) = self.window(day)?;
            (start <= at && at < end).then_some(end)
        });
        ends.max()
    }

    /// The window that begins on that day.
    fn window(&self, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if !self.days.is_empty() && !self.days.contains(&day.weekday()) {
            return None;
        }
        let end = if self.to > self.from { day } else { day.checked_add_days(Days::new(1))? };
        Some((self.instant(day.and_time(self.from))?, self.instant(end.and_time(self.to))?))
    }

    fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        // A gap is at most some hours long; what is within it stands for its end.
        let mut tried = local;
        for _ in 0..48 {
            if let Some(found) = self.zone.from_local_datetime(&tried).earliest() {
                return Some(found.with_timezone(&Utc));
            }
            tried = tried.checked_add_signed(TimeDelta::minutes(30))?;
        }
        None
    }
}

fn utc() -> Tz {
    Tz::UTC
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is no time of day")))
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no time zone")))
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Weekday>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let read = |word: &String| word.parse().map_err(|_| serde::de::Error::custom(format!("`{word}` is no day")));
    words.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn quiet_hours_are_those_of_their_zone() {
        let check = |settings: serde_json::Value, at: &str, until: Option<&str>| {
            let quiet: Quiet = serde_json::from_value(settings.clone()).unwrap();
            let at: DateTime<Utc> = at.parse().unwrap();
            let until = until.map(|text| text.parse::<DateTime<Utc>>().unwrap());
            assert_eq!(quiet.until(at), until, "{settings} at {at}");
        };
        let night = json!({ "from": "22:00", "to": "07:00", "zone": "Asia/Shanghai" });
        check(night.clone(), "2024-01-31T13:59:59Z", None);
        check(night.clone(), "2024-01-31T14:00:00Z", Some("2024-01-31T23:00:00Z"));
        check(night.clone(), "2024-01-31T22:59:59Z", Some("2024-01-31T23:00:00Z"));
        check(night, "2024-01-31T23:00:00Z", None);
        let noon = json!({ "from": "12:00", "to": "13:00" });
        check(noon.clone(), "2024-01-31T12:30:00Z", Some("2024-01-31T13:00:00Z"));
        check(noon, "2024-01-31T13:00:00Z", None);
        // Saturday and Sunday as whole days; the night before Monday ends at midnight.
        let weekend = json!({ "from": "00:00", "to": "00:00", "days": ["sat", "sun"] });
        check(weekend.clone(), "2024-02-02T23:59:59Z", None);
        check(weekend.clone(), "2024-02-03T00:00:00Z", Some("2024-02-04T00:00:00Z"));
        check(weekend.clone(), "2024-02-04T12:00:00Z", Some("2024-02-05T00:00:00Z"));
        check(weekend, "2024-02-05T00:00:00Z", None);
        // The night in which the clocks of Berlin jump from 2 to 3: an end at 2:30 is the end of the gap.
        let berlin = json!({ "from": "22:00", "to": "02:30", "zone": "Europe/Berlin" });
        check(berlin.clone(), "2024-03-31T00:59:00Z", Some("2024-03-31T01:00:00Z"));
        check(berlin, "2024-03-31T01:00:00Z", None);
    }
}
