//! Times as crontab(5) spells them, in a time zone with its gaps and overlaps.
//!
//! The `cron` crate does the arithmetic of fields, but counts Sunday as 1, wants seconds, knows no zone rules of its
//! own choosing, and joins day-of-month and day-of-week by "and" where crontab(5) says "or". So a line is
//! translated (weekdays by name, two schedules where both day fields are restricted) and iterated in *local* time;
//! each local time is then placed on the real time line: one that a zone skips fires right after the gap, and one
//! that happens twice fires at its first occurrence, or at both where the hour field is a wildcard.

use chrono::{DateTime, Duration, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use cron::Schedule;
use std::str::FromStr;

/// A crontab line in a time zone.
#[derive(Debug, Clone)]
pub struct CronSchedule {
    schedules: Vec<Schedule>,
    timezone: Tz,
    every_hour: bool,
}

/// A line or zone that cannot be read; says what and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not an IANA zone.
    #[error("time zone `{0}` is not an IANA name")]
    Timezone(String),
    /// Not five or six fields.
    #[error("cron line `{0}` has {1} fields instead of five (or six with seconds first)")]
    Fields(String, usize),
    /// A field that cannot be read.
    #[error("cron line `{0}` cannot be read: {1}")]
    Line(String, String),
}

const WEEKDAYS: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl CronSchedule {
    /// Reads a line of five fields, or six with seconds first, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    ///
    /// # Errors
    /// [`CronError`] naming the line or zone.
    pub fn parse(line: &str, timezone: &str) -> Result<Self, CronError> {
        let timezone = Tz::from_str(timezone).map_err(|_| CronError::Timezone(shorten(timezone)))?;
        let spelled = match line.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let mut fields: Vec<&str> = spelled.split_whitespace().collect();
        match fields.len() {
            5 => fields.insert(0, "0"),
            6 => {}
            other => return Err(CronError::Fields(shorten(line), other)),
        }
        let [second, minute, hour, day, month, weekday] = fields[..] else { unreachable!("counted above") };
        let wrong = |why: String| CronError::Line(shorten(line), why);
        let weekday = translate_weekdays(weekday).map_err(wrong)?;
        let parse = |day: &str, weekday: &str| {
            Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} {weekday}"))
                .map_err(|error| wrong(error.to_string()))
        };
        // crontab(5): where both day fields are restricted, either may match.
        let schedules = if day.starts_with('*') || weekday.starts_with('*') {
            vec![parse(day, &weekday)?]
        } else {
            vec![parse(day, "*")?, parse("*", &weekday)?]
        };
        Ok(Self { schedules, timezone, every_hour: hour.starts_with('*') })
    }

    /// The first firing later than `after`, or none where the line never fires again.
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Zones move by at most a few hours at once, so local times this far back may still lie ahead.
        let slack = Duration::hours(4);
        let start = after.with_timezone(&self.timezone).naive_local() - slack;
        let mut best: Option<DateTime<Utc>> = None;
        for schedule in &self.schedules {
            for local in schedule.after(&start.and_utc()) {
                let local = local.naive_utc();
                let firings = self.instants(local);
                for instant in firings.into_iter().flatten().filter(|instant| *instant > after) {
                    best = Some(best.map_or(instant, |best| best.min(instant)));
                }
                let horizon = best.map(|best| best.with_timezone(&self.timezone).naive_local() + slack);
                if horizon.is_some_and(|horizon| local > horizon) {
                    break;
                }
            }
        }
        best
    }

    /// Where a local time lies on the real time line.
    fn instants(&self, local: NaiveDateTime) -> [Option<DateTime<Utc>>; 2] {
        match self.timezone.from_local_datetime(&local) {
            chrono::LocalResult::Single(instant) => [Some(instant.to_utc()), None],
            chrono::LocalResult::Ambiguous(first, second) => {
                [Some(first.to_utc()), self.every_hour.then(|| second.to_utc())]
            }
            chrono::LocalResult::None => [self.end_of_gap(local), None],
        }
    }

    /// The first instant after the gap that swallowed `local`.
    fn end_of_gap(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        // Gaps end on whole minutes, and none is longer than a day (Samoa skipped one in 2011).
        let minute = local - Duration::seconds(i64::from(chrono::Timelike::second(&local)));
        (1..=24 * 60 + 60)
            .find_map(|minutes| self.timezone.from_local_datetime(&(minute + Duration::minutes(minutes))).earliest())
            .map(|instant| instant.to_utc())
    }
}

/// `0-6`, `7` and `1-5/2` become names, since the crate counts Sunday as 1.
fn translate_weekdays(field: &str) -> Result<String, String> {
    let name = |text: &str| -> Result<String, String> {
        match text.parse::<usize>() {
            Ok(number) => WEEKDAYS
                .get(number)
                .map(|name| (*name).to_owned())
                .ok_or_else(|| format!("weekday {number} is not between 0 and 7")),
            Err(_) => Ok(text.to_owned()),
        }
    };
    let number_of = |text: &str| -> Option<usize> {
        let upper = text.to_uppercase();
        text.parse().ok().or_else(|| WEEKDAYS.iter().position(|name| upper.starts_with(name)))
    };
    let mut parts = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        match (range.split_once('-'), step) {
            (None, None) => parts.push(if range == "*" || range == "?" { "*".to_owned() } else { name(range)? }),
            (None, Some("1")) if range == "*" => parts.push("*".to_owned()),
            // Steps and ranges are spelled out: the crate would count them from its own Sunday.
            (bounds, step) => {
                let step: usize = step.unwrap_or("1").parse().map_err(|_| format!("`{part}` has no whole step"))?;
                let (first, last) = match bounds {
                    Some((first, last)) => (number_of(first), number_of(last)),
                    None if range == "*" => (Some(0), Some(6)),
                    None => (number_of(range), Some(6)),
                };
                let (Some(first), Some(mut last)) = (first, last) else {
                    return Err(format!("`{part}` is not a range of weekdays"));
                };
                if last < first {
                    last += 7; // `FRI-MON` goes over the week's end.
                }
                if step == 0 || first > 7 || last > 14 {
                    return Err(format!("`{part}` is not a range of weekdays"));
                }
                parts.extend((first..=last).step_by(step).map(|day| WEEKDAYS[day % 7].to_owned()));
            }
        }
    }
    parts.dedup();
    Ok(parts.join(","))
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(line: &str, zone: &str, after: &str, expected: &[&str]) {
        let schedule = CronSchedule::parse(line, zone).unwrap();
        let mut at = DateTime::parse_from_rfc3339(after).unwrap().to_utc();
        let mut firings = Vec::new();
        for _ in expected {
            at = schedule.next_after(at).unwrap();
            firings.push(at.with_timezone(&Tz::from_str(zone).unwrap()).to_rfc3339());
        }
        assert_eq!(firings, expected, "{line} in {zone}");
    }

    #[test]
    fn weekdays_count_from_sunday_as_crontab_does() {
        // 2024-01-06 is a Saturday.
        check("0 9 * * 0", "UTC", "2024-01-06T00:00:00Z", &["2024-01-07T09:00:00+00:00"]);
        check("0 9 * * 7", "UTC", "2024-01-06T00:00:00Z", &["2024-01-07T09:00:00+00:00"]);
        check(
            "30 15 * * 1-5",
            "Asia/Shanghai",
            "2024-01-05T08:00:00Z",
            &["2024-01-08T15:30:00+08:00", "2024-01-09T15:30:00+08:00"],
        );
        check(
            "0 0 * * FRI-MON",
            "UTC",
            "2024-01-04T12:00:00Z",
            &[
                "2024-01-05T00:00:00+00:00",
                "2024-01-06T00:00:00+00:00",
                "2024-01-07T00:00:00+00:00",
                "2024-01-08T00:00:00+00:00",
                "2024-01-12T00:00:00+00:00",
            ],
        );
        check(
            "0 0 * * */3",
            "UTC",
            "2024-01-06T12:00:00Z",
            &["2024-01-07T00:00:00+00:00", "2024-01-10T00:00:00+00:00", "2024-01-13T00:00:00+00:00"],
        );
    }

    #[test]
    fn day_of_month_or_weekday_where_both_are_restricted() {
        check(
            "0 0 13 * 5",
            "UTC",
            "2024-02-08T12:00:00Z",
            &["2024-02-09T00:00:00+00:00", "2024-02-13T00:00:00+00:00", "2024-02-16T00:00:00+00:00"],
        );
    }

    #[test]
    fn a_time_in_a_gap_fires_right_after_it_once() {
        // Berlin skips 02:00–03:00 on 2024-03-31.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2024-03-30T12:00:00Z",
            &["2024-03-31T03:00:00+02:00", "2024-04-01T02:30:00+02:00"],
        );
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2024-03-31T00:15:00Z",
            &["2024-03-31T01:30:00+01:00", "2024-03-31T03:00:00+02:00", "2024-03-31T03:30:00+02:00"],
        );
    }

    #[test]
    fn a_time_that_happens_twice_fires_once_unless_hourly() {
        // Berlin repeats 02:00–03:00 on 2024-10-27.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2024-10-26T12:00:00Z",
            &["2024-10-27T02:30:00+02:00", "2024-10-28T02:30:00+01:00"],
        );
        check(
            "30 * * * *",
            "Europe/Berlin",
            "2024-10-26T23:45:00Z",
            &["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", "2024-10-27T03:30:00+01:00"],
        );
    }

    #[test]
    fn a_skipped_day_fires_after_it() {
        // Samoa went from 29 to 31 December 2011.
        check(
            "0 12 30 12 *",
            "Pacific/Apia",
            "2011-12-01T00:00:00Z",
            &["2011-12-31T00:00:00+14:00", "2012-12-30T12:00:00+14:00"],
        );
    }

    #[test]
    fn leap_days_seconds_and_names() {
        check("0 0 29 2 *", "UTC", "2023-01-01T00:00:00Z", &["2024-02-29T00:00:00+00:00"]);
        check(
            "*/20 0 0 1 JAN *",
            "UTC",
            "2023-06-01T00:00:00Z",
            &["2024-01-01T00:00:00+00:00", "2024-01-01T00:00:20+00:00"],
        );
        check("@weekly", "UTC", "2024-01-03T00:00:00Z", &["2024-01-07T00:00:00+00:00"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (line, zone, part) in [
            ("* * *", "UTC", "3 fields"),
            ("0 25 * * *", "UTC", "0 25"),
            ("0 0 * * 8", "UTC", "weekday 8"),
            ("0 0 * * MON-X", "UTC", "MON-X"),
            ("0 0 * * *", "Mars/Olympus", "Mars/Olympus"),
            ("", "UTC", "0 fields"),
        ] {
            let error = CronSchedule::parse(line, zone).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
