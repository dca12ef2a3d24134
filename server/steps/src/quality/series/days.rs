//! Which days have rows, which lack them, and how many codes each has.

use super::{Current, DayBar, Series};
use crate::quality::calendar::{self, DAYS};
use crate::quality::settings::Period;
use crate::quality::tally::Broken;

impl Series {
    /// The code's first row of a day: which days before it lack one. Tells whether any does.
    pub(super) fn next_day(&mut self, current: &mut Current, day: i32) -> bool {
        self.finish_day(current);
        let counted = self.days.entry(day).or_default();
        counted.codes += 1;
        self.totals.expected += 1;
        self.totals.code_days += 1;
        let is_first = current.last_day == i32::MIN;
        let from = if is_first { self.first_wanted(&current.code, day) } else { current.last_day + 1 };
        current.last_day = day;
        current.bars = 0;
        current.cumulated = (0.0, 0.0);
        current.ticks = Default::default();
        current.made = DayBar { code: current.code.clone(), day, ..DayBar::default() };
        self.missing(&current.code, from, day - 1)
    }

    /// The first day that the code must have a row for, given its first row.
    fn first_wanted(&self, code: &str, first_row: i32) -> i32 {
        let listed = self.facts.listed.as_ref().and_then(|listed| listed.get(code)).and_then(|(listed, _)| *listed);
        match (listed, self.facts.range.0) {
            (Some(listed), Some(start)) => listed.max(start),
            // Without a first day that is asked about, rows may simply begin later than the listing.
            (Some(listed), None) => listed.max(self.totals.first_day.unwrap_or(first_row)),
            (None, _) => first_row,
        }
    }

    /// Counts open days without a row; tells whether there were any.
    fn missing(&mut self, code: &str, from: i32, until: i32) -> bool {
        let Some(calendar) = &self.facts.calendar else { return false };
        let from = self.facts.range.0.map_or(from, |start| start.max(from));
        if from > until || from < DAYS.start {
            return false;
        }
        let mut any = false;
        for day in calendar.open_days(from, until) {
            let counted = self.days.entry(day).or_default();
            if self.facts.suspended.contains(&(code.to_owned(), day)) {
                counted.suspended += 1;
                continue;
            }
            any = true;
            counted.missing += 1;
            self.totals.expected += 1;
            let reason = format!("no row on {}, an open day", calendar::spell(day));
            self.tally.add("c1", code, || Broken { day: Some(day), reason, ..Broken::default() });
        }
        any
    }

    /// The day's bars are all there.
    pub(super) fn finish_day(&mut self, current: &Current) {
        if current.last_day == i32::MIN {
            return;
        }
        if self.facts.period == Period::Tick {
            self.check_gaps(current);
        }
        let Some(width) = self.facts.period.minutes() else { return };
        if self.facts.has_daily {
            self.finished.push(current.made.clone());
        }
        let full = u64::from(self.facts.sessions.minutes() / width);
        if current.bars != full && current.bars != full + 1 {
            let reason = format!("{} bars instead of {full}", current.bars);
            let (day, value) = (Some(current.last_day), current.bars.to_string());
            self.tally.add("c3", &current.code, || Broken { day, value, reason, ..Broken::default() });
        }
    }

    /// Days that listed codes lack behind their last row, or wholly.
    pub(super) fn finish_securities(&mut self) {
        let Some(listed) = self.facts.listed.take() else { return };
        let until = self.facts.range.1.or(self.totals.last_day);
        let start = self.facts.range.0.or(self.totals.first_day);
        if let (Some(until), Some(start)) = (until, start) {
            for (code, (list, delist)) in &listed {
                let from = match self.ends.get(code) {
                    Some((_, last)) if *last > i32::MIN => last + 1,
                    _ => list.map_or(start, |list| list.max(start)),
                };
                self.missing(code, from, delist.map_or(until, |delist| until.min(delist - 1)));
                for (day, is_new) in [(*list, true), (*delist, false)] {
                    if let Some(day) = day.filter(|day| (start + 1..=until).contains(day)) {
                        let counted = self.days.entry(day).or_default();
                        if is_new { counted.listed += 1 } else { counted.delisted += 1 }
                    }
                }
            }
        }
        self.facts.listed = Some(listed);
    }

    /// The number of codes from day to day.
    pub(super) fn finish_days(&mut self) {
        let most = self.thresholds.get("c5").copied().unwrap_or_default();
        let days = std::mem::take(&mut self.days);
        let mut before: Option<u64> = None;
        let (mut listed, mut delisted) = (0, 0);
        let mut of = 0;
        for (day, counted) in days {
            listed += counted.listed;
            delisted += counted.delisted;
            let there = counted.codes + counted.missing + counted.suspended;
            if there == 0 {
                continue;
            }
            of += 1;
            if let Some(before) = before.filter(|before| *before > 0) {
                let explained = (before + listed).saturating_sub(delisted);
                let change = there.abs_diff(explained) as f64 / before as f64;
                if change > most {
                    let reason = format!("{there} codes instead of {explained} as on the open day before");
                    let value = there.to_string();
                    self.tally.add("c5", "", || Broken { day: Some(day), value, reason, ..Broken::default() });
                }
            }
            (listed, delisted) = (0, 0);
            before = Some(there);
        }
        self.tally.set_of("c5", of);
    }
}
