//! Which days are open, as far as that is known, and when trading goes on within them.

use chrono::{Datelike, NaiveDate};
use std::collections::BTreeSet;

/// Days since 1970 that are looked at at all: 1900 to 2200. What lies outside is a broken date.
pub(super) const DAYS: std::ops::Range<i32> = -25_567..84_006;

/// A trading calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    days: Days,
    /// The last day of which it is known whether it is open.
    known_until: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    Listed(BTreeSet<i32>),
    WeekdaysBut(BTreeSet<i32>),
}

impl Calendar {
    /// The days listed; known until `known_until`, or the last of them.
    pub(super) fn listed(days: BTreeSet<i32>, known_until: Option<i32>) -> Self {
        let last = days.last().copied().unwrap_or(i32::MIN);
        Self { days: Days::Listed(days), known_until: known_until.unwrap_or(last) }
    }

    /// All weekdays but the holidays.
    pub(super) fn weekdays(holidays: BTreeSet<i32>, known_until: Option<i32>) -> Self {
        Self { days: Days::WeekdaysBut(holidays), known_until: known_until.unwrap_or(i32::MAX) }
    }

    /// Whether it is known of the day whether it is open.
    pub(super) fn knows(&self, day: i32) -> bool {
        let since = match &self.days {
            Days::Listed(days) => days.first().copied().unwrap_or(i32::MAX),
            Days::WeekdaysBut(_) => DAYS.start,
        };
        (since..=self.known_until).contains(&day)
    }

    /// Whether the day is open.
    pub(super) fn is_open(&self, day: i32) -> bool {
        match &self.days {
            Days::Listed(days) => days.contains(&day),
            Days::WeekdaysBut(holidays) => (day + 3).rem_euclid(7) < 5 && !holidays.contains(&day),
        }
    }

    /// Open days of a range, as far as they are known, in order.
    pub(super) fn open_days(&self, from: i32, until: i32) -> impl Iterator<Item = i32> + '_ {
        let (from, until) = (from.max(DAYS.start), until.min(self.known_until).min(DAYS.end));
        let mut day = from;
        std::iter::from_fn(move || {
            let found = match &self.days {
                Days::Listed(days) => {
                    if day > until {
                        return None;
                    }
                    days.range(day..=until).next().copied()
                }
                Days::WeekdaysBut(_) => (day..=until).find(|day| self.is_open(*day)),
            }?;
            day = found + 1;
            Some(found)
        })
    }

    /// How many open days a range has.
    pub(super) fn count(&self, from: i32, until: i32) -> u64 {
        self.open_days(from, until).count() as u64
    }

    /// First and last day that it says anything of, for people.
    pub(super) fn span(&self) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let first = match &self.days {
            Days::Listed(days) => days.first().copied(),
            Days::WeekdaysBut(_) => None,
        };
        (first.and_then(date), (self.known_until < DAYS.end).then_some(self.known_until).and_then(date))
    }
}

/// When trading goes on, in minutes of the day, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sessions(pub(super) Vec<(u32, u32)>);

impl Default for Sessions {
    fn default() -> Self {
        Self(vec![(9 * 60 + 30, 11 * 60 + 30), (13 * 60, 15 * 60)])
    }
}

impl Sessions {
    /// Reads `09:30-11:30`.
    pub(super) fn parse(texts: &[String]) -> Option<Self> {
        let mut sessions = Vec::new();
        for text in texts {
            let (from, until) = text.split_once('-')?;
            let (from, until) = (minute(from)?, minute(until)?);
            if from >= until {
                return None;
            }
            sessions.push((from, until));
        }
        sessions.sort_unstable();
        Some(Self(sessions))
    }

    /// Minutes of trading in a day.
    pub(super) fn minutes(&self) -> u32 {
        self.0.iter().map(|(from, until)| until - from).sum()
    }

    /// Minutes of trading before a minute of the day.
    pub(super) fn minutes_before(&self, minute: u32) -> u32 {
        self.0.iter().map(|(from, until)| minute.clamp(*from, *until) - from).sum()
    }

    /// Seconds of trading before a second of the day.
    pub(super) fn seconds_before(&self, second: u32) -> u32 {
        self.0.iter().map(|(from, until)| second.clamp(from * 60, until * 60) - from * 60).sum()
    }

    /// Whether a bar of `width` minutes may end at that minute; the first may also be the opening auction's own.
    pub(super) fn may_end(&self, minute: u32, width: u32) -> bool {
        let is_auction = self.0.first().is_some_and(|(from, _)| minute == *from || minute + 5 == *from);
        is_auction
            || self.0.iter().any(|(from, until)| {
                minute > *from && minute <= *until && ((minute - from).is_multiple_of(width) || minute == *until)
            })
    }

    /// Whether a tick may come at that second of the day: auctions and after-hours trading included.
    pub(super) fn may_trade(&self, second: u32) -> bool {
        let first = self.0.first().map(|(from, _)| *from);
        let last = self.0.last().map(|(_, until)| *until);
        self.0.iter().any(|(from, until)| {
            let from = if Some(*from) == first { from.saturating_sub(15) } else { *from };
            // The last ticks of a session arrive a moment late; after-hours trading ends half an hour after the last.
            let until = if Some(*until) == last { until + 31 } else { until + 1 };
            (from * 60..=until * 60).contains(&second)
        })
    }
}

/// Reads `09:30`.
pub(super) fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Days since 1970 as a date.
pub(super) fn date(day: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(day.checked_add(719_163)?)
}

/// A date as days since 1970.
pub(super) fn day_of(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

/// A day for people.
pub(super) fn spell(day: i32) -> String {
    date(day).map_or_else(|| day.to_string(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn day(text: &str) -> i32 {
        day_of(text.parse().unwrap())
    }

    #[test]
    fn weekdays_are_open_but_for_holidays_as_far_as_known() {
        let calendar = Calendar::weekdays(BTreeSet::from([day("2024-01-01")]), Some(day("2024-01-05")));
        let open: Vec<String> = calendar.open_days(day("2023-12-29"), day("2024-02-01")).map(spell).collect();
        assert_eq!(open, ["2023-12-29", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]);
        assert!(!calendar.knows(day("2024-01-06")) && calendar.knows(day("2024-01-01")));
    }

    #[test]
    fn a_listed_calendar_knows_what_it_lists() {
        let calendar = Calendar::listed(BTreeSet::from([day("2024-01-02"), day("2024-01-04")]), None);
        assert_eq!(calendar.count(day("2023-01-01"), day("2025-01-01")), 2);
        assert!(!calendar.knows(day("2024-01-05")) && !calendar.knows(day("2024-01-01")));
        assert_eq!(Calendar::listed(BTreeSet::new(), None).count(0, 100), 0);
    }

    #[test]
    fn bars_end_within_sessions() {
        let sessions = Sessions::default();
        for (text, width, may) in [
            ("09:30", 1, true),
            ("09:31", 1, true),
            ("11:30", 1, true),
            ("13:00", 1, false),
            ("13:01", 1, true),
            ("15:00", 5, true),
            ("15:01", 1, false),
            ("09:33", 5, false),
            ("01:31", 1, false),
        ] {
            assert_eq!(sessions.may_end(minute(text).unwrap(), width), may, "{text}");
        }
        assert_eq!((sessions.minutes(), sessions.minutes_before(12 * 60), sessions.minutes_before(0)), (240, 120, 0));
        assert!(Sessions::parse(&["11:30-09:30".to_owned()]).is_none());
        assert!(Sessions::parse(&["25:00-26:00".to_owned()]).is_none());
    }
}
