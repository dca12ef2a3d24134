//! How old the newest row is, in open days or in minutes of trading: outside sessions nothing grows older.

use super::calendar::{self, Calendar};
use super::columns::MICROS_A_DAY;
use super::facts::Facts;
use super::settings::{Freshness, Sla};
use chrono::DateTime;
use data::Result;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How old the newest row is, and whether that is too old.
pub(super) struct Age {
    /// `ok`, `late` (up to three times the limit) or `stale`.
    pub(super) status: &'static str,
    pub(super) lag: f64,
    unit: &'static str,
    newest: i64,
}

impl Age {
    pub(super) fn spell(&self) -> String {
        let newest =
            DateTime::from_timestamp_micros(self.newest).map(|at| at.naive_utc().to_string()).unwrap_or_default();
        format!("the newest row is of {newest}, {:.1} {} behind", self.lag, self.unit)
    }

    pub(super) fn output(&self) -> Value {
        let newest = DateTime::from_timestamp_micros(self.newest).map(|at| at.naive_utc().to_string());
        json!({ "status": self.status, "lag": self.lag, "unit": self.unit, "newest": newest })
    }
}

/// The age of the newest row.
pub(super) fn measure(freshness: &Freshness, facts: &Facts, newest: i64) -> Result<Age> {
    let limit = freshness.limit()?;
    let weekdays;
    let calendar = match &facts.calendar {
        Some(calendar) => calendar,
        None => {
            weekdays = Calendar::weekdays(BTreeSet::new(), None);
            &weekdays
        }
    };
    let (now_day, now_minute) = split(facts.now);
    let (newest_day, newest_minute) = split(newest);
    let (lag, limit, unit) = match limit {
        Sla::Days(days) => {
            // A day's rows are not late before they are due.
            let is_due = now_minute >= freshness.due_minute()?;
            let last = if is_due { now_day } else { now_day - 1 };
            (calendar.count(newest_day + 1, last) as f64, days as f64, "open days")
        }
        Sla::Minutes(minutes) => {
            let within = |day: i32, minute: u32| {
                if calendar.is_open(day) { f64::from(facts.sessions.minutes_before(minute)) } else { 0.0 }
            };
            let a_day = f64::from(facts.sessions.minutes());
            let whole = if now_day > newest_day { calendar.count(newest_day, now_day - 1) as f64 * a_day } else { 0.0 };
            (whole + within(now_day, now_minute) - within(newest_day, newest_minute), minutes, "minutes of trading")
        }
    };
    let status = if lag <= limit {
        "ok"
    } else if lag <= limit * 3.0 {
        "late"
    } else {
        "stale"
    };
    Ok(Age { status, lag, unit, newest })
}

/// Day and minute of the day of local microseconds.
fn split(micros: i64) -> (i32, u32) {
    let day = i32::try_from(micros.div_euclid(MICROS_A_DAY)).unwrap_or(calendar::DAYS.end);
    let minute = micros.rem_euclid(MICROS_A_DAY) / 60_000_000;
    (day, u32::try_from(minute).unwrap_or_default())
}
