//! Reads rows in the order of code and moment, and holds each against the rules.
//!
//! Memory is bounded by the number of codes and of days: of each code only the last few dozen values are kept
//! (`history.rs`). A row that one rule explains is not told again by rules that would follow from the same fault.

use super::calendar::{self, DAYS};
use super::columns::{Columns, Field, MICROS_A_DAY, Values};
use super::facts::Facts;
use super::history::{Bar, History};
use super::market::find_board;
use super::row::{Prices, check_prices};
use super::settings::Period;
use super::tally::{Broken, Tally};
use data::{Error, Result};
use model::ErrorCode;
use model::anomaly::Severity;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Codes of one table at most, which bounds what is held in memory.
const MOST_CODES: usize = 1_000_000;
/// Rows of one moment that are compared with each other.
const MOST_GROUP: usize = 16;
/// A moment may be so far ahead of the clock.
const AHEAD: i64 = 5 * 60_000_000;

/// What became of all rows.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) rows: u64,
    pub(super) codes: u64,
    pub(super) first_day: Option<i32>,
    pub(super) last_day: Option<i32>,
    /// The newest moment that is not in the future, local microseconds.
    pub(super) newest: Option<i64>,
    /// Rows that must be there.
    pub(super) expected: u64,
    code_days: u64,
    keyless: u64,
    nulls: BTreeMap<Field, u64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Day {
    codes: u64,
    /// Rows that are known to be missing, and why.
    missing: u64,
    suspended: u64,
    listed: u64,
    delisted: u64,
}

/// The rows of one moment of one code.
type Group = Vec<(Arc<Values>, usize)>;

/// Holds rows against rules.
pub(super) struct Series {
    facts: Facts,
    columns: Columns,
    thresholds: BTreeMap<&'static str, f64>,
    pub(super) tally: Tally,
    pub(super) totals: Totals,
    days: BTreeMap<i32, Day>,
    ends: HashMap<String, (i32, i32)>,
    current: Option<Current>,
    overlaps: bool,
}

/// The code whose rows are coming in.
struct Current {
    code: String,
    history: History,
    key: (i32, Option<i64>),
    group: Group,
    first_day: i32,
    /// The last open day with a row.
    last_day: i32,
    bars: u64,
    /// Volume and amount so far on the day, for ticks.
    cumulated: (f64, f64),
}

impl Series {
    pub(super) fn new(facts: Facts, columns: Columns, thresholds: BTreeMap<&'static str, f64>, tally: Tally) -> Self {
        Self {
            facts,
            columns,
            thresholds,
            tally,
            totals: Totals::default(),
            days: BTreeMap::new(),
            ends: HashMap::new(),
            current: None,
            overlaps: false,
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// `invalid_value` where they do not come in order, or have too many codes.
    pub(super) fn push(&mut self, values: Values) -> Result<()> {
        if self.facts.unit.is_none() {
            self.facts.unit = guess_unit(&values);
        }
        for (row, field, text) in &values.unreadable {
            let column = self.columns.name(*field).unwrap_or_default().to_owned();
            let (day, micros) = (values.day(*row), values.micros(*row));
            let reason = format!("`{column}` holds `{text}`, which is no number");
            let broken = || Broken { day, micros, column, value: text.clone(), reason, ..Broken::default() };
            self.tally.add("c7", values.code(*row).unwrap_or_default(), broken);
        }
        let values = Arc::new(values);
        for row in 0..values.records.num_rows() {
            self.push_row(&values, row)?;
        }
        Ok(())
    }

    fn push_row(&mut self, values: &Arc<Values>, row: usize) -> Result<()> {
        self.totals.rows += 1;
        self.count_nulls(values, row);
        let (code, day, micros) = (values.code(row), values.day(row), values.micros(row));
        let (Some(code), Some(day)) = (code, day) else {
            self.totals.keyless += 1;
            let broken =
                || Broken { day, micros, reason: "a key field is null or no date".to_owned(), ..Broken::default() };
            self.tally.add("c6", code.unwrap_or_default(), broken);
            return Ok(());
        };
        if !DAYS.contains(&day) {
            let reason = format!("the date {} cannot be", calendar::spell(day));
            self.tally.add("v9", code, || Broken { day: Some(day), micros, reason, ..Broken::default() });
            return Ok(());
        }
        if self.current.as_ref().is_none_or(|current| current.code != code) {
            self.finish_code();
            self.begin_code(code, day)?;
        }
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let taken = self.take(&mut current, values, row, day, micros);
        self.current = Some(current);
        taken
    }

    fn begin_code(&mut self, code: &str, day: i32) -> Result<()> {
        if self.ends.contains_key(code) {
            return Err(out_of_order(code));
        }
        if self.ends.len() >= MOST_CODES {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("the rows have more than {MOST_CODES} codes"),
            )
            .hint("Check a part of them at a time, by `where`."));
        }
        self.totals.codes += 1;
        self.current = Some(Current {
            code: code.to_owned(),
            history: History::new(find_board(code)),
            key: (i32::MIN, None),
            group: Vec::new(),
            first_day: day,
            last_day: i32::MIN,
            bars: 0,
            cumulated: (0.0, 0.0),
        });
        Ok(())
    }

    fn take(
        &mut self,
        current: &mut Current,
        values: &Arc<Values>,
        row: usize,
        day: i32,
        micros: Option<i64>,
    ) -> Result<()> {
        let key = (day, micros);
        if key < current.key {
            return Err(out_of_order(&current.code));
        }
        if key == current.key {
            self.duplicate(current, values, row, day, micros);
            return Ok(());
        }
        current.key = key;
        current.group.clear();
        current.group.push((values.clone(), row));
        let is_known = self.facts.calendar.as_ref().is_none_or(|calendar| calendar.knows(day));
        self.overlaps |= is_known;
        if let Some(calendar) = &self.facts.calendar
            && is_known
            && !calendar.is_open(day)
        {
            let reason = format!("{} is closed", calendar::spell(day));
            self.tally.add("c2", &current.code, || Broken { day: Some(day), micros, reason, ..Broken::default() });
            return Ok(());
        }
        let at = micros.unwrap_or(i64::from(day) * MICROS_A_DAY);
        if at > self.facts.now + AHEAD {
            let reason = "it lies in the future".to_owned();
            self.tally.add("v9", &current.code, || Broken { day: Some(day), micros, reason, ..Broken::default() });
            return Ok(());
        }
        self.totals.newest = self.totals.newest.max(Some(at));
        self.totals.first_day = Some(self.totals.first_day.map_or(day, |first| first.min(day)));
        self.totals.last_day = self.totals.last_day.max(Some(day));
        let gap = day != current.last_day && self.next_day(current, day);
        current.bars += 1;
        self.check_time(current, day, micros);
        if self.facts.period == Period::Tick {
            self.check_tick(current, values, row, day, micros);
            return Ok(());
        }
        let prices = Prices::read(values, row);
        let tick = if self.facts.adjusted { None } else { self.facts.tick.or(current.history.tick()) };
        let unit = if self.facts.adjusted { None } else { self.facts.unit };
        let thresholds = |rule: &str| self.thresholds.get(rule).copied().unwrap_or_default();
        let mut tell = |rule: &'static str, field: Field, value: String, reason: String| {
            let column = self.columns.name(field).unwrap_or_default().to_owned();
            self.tally.add(rule, &current.code, || Broken {
                day: Some(day),
                micros,
                column,
                value,
                reason,
                ..Broken::default()
            });
        };
        let is_sound = check_prices(&prices, tick, unit, &thresholds, &mut tell);
        let is_ex_date = self.facts.actions.as_ref().map(|actions| actions.contains(&(current.code.clone(), day)));
        let bar = Bar {
            day,
            prices,
            gap,
            is_sound,
            is_ex_date,
            trading_day: self.facts.trading_day(&current.code, day),
            st: self.facts.is_st(&current.code, day, values.name(row)),
        };
        current.history.check(&bar, &self.facts, &thresholds, &mut tell);
        if let Some(spike) = current.history.take_spike() {
            let column = self.columns.name(Field::Close).unwrap_or_default().to_owned();
            self.tally.add("a5", &current.code, || Broken { column, ..spike });
        }
        Ok(())
    }

    /// The code's first row of a day: which days before it lack one. Tells whether any does.
    fn next_day(&mut self, current: &mut Current, day: i32) -> bool {
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
    fn finish_day(&mut self, current: &Current) {
        let Some(width) = self.facts.period.minutes() else { return };
        if current.last_day == i32::MIN {
            return;
        }
        let full = u64::from(self.facts.sessions.minutes() / width);
        if current.bars != full && current.bars != full + 1 {
            let reason = format!("{} bars instead of {full}", current.bars);
            let (day, value) = (Some(current.last_day), current.bars.to_string());
            self.tally.add("c3", &current.code, || Broken { day, value, reason, ..Broken::default() });
        }
    }

    fn finish_code(&mut self) {
        let Some(current) = self.current.take() else { return };
        self.finish_day(&current);
        self.ends.insert(current.code, (current.first_day, current.last_day));
    }

    fn duplicate(&mut self, current: &mut Current, values: &Arc<Values>, row: usize, day: i32, micros: Option<i64>) {
        let is_same = current.group.iter().any(|(other, index)| same_row(values, row, other, *index));
        let (rule, reason) = if is_same {
            ("d2", "the very row is there already")
        } else {
            ("d1", "another row has the same code and time")
        };
        self.tally.add(rule, &current.code, || Broken {
            day: Some(day),
            micros,
            reason: reason.to_owned(),
            ..Broken::default()
        });
        if current.group.len() < MOST_GROUP {
            current.group.push((values.clone(), row));
        }
    }

    fn check_time(&mut self, current: &Current, day: i32, micros: Option<i64>) {
        let Some(micros) = micros else { return };
        let reason = if micros.div_euclid(MICROS_A_DAY) != i64::from(day) {
            Some(format!("the time lies on another day than {}", calendar::spell(day)))
        } else {
            let second = micros.rem_euclid(MICROS_A_DAY) / 1_000_000;
            let second = u32::try_from(second).unwrap_or_default();
            let fits = |second: u32| match self.facts.period {
                Period::Day => true,
                Period::Tick => self.facts.sessions.may_trade(second),
                other => {
                    second.is_multiple_of(60) && self.facts.sessions.may_end(second / 60, other.minutes().unwrap_or(1))
                }
            };
            let ahead = u32::try_from(self.facts.offset.rem_euclid(MICROS_A_DAY) / 1_000_000).unwrap_or_default();
            match (fits(second), fits((second + ahead) % 86_400)) {
                (true, _) => None,
                (false, true) if ahead > 0 => Some("it is outside the sessions, and looks like UTC".to_owned()),
                (false, _) => Some("it is outside the sessions, or no end of a bar".to_owned()),
            }
        };
        let Some(reason) = reason else { return };
        self.tally.add("v9", &current.code, || Broken {
            day: Some(day),
            micros: Some(micros),
            reason,
            ..Broken::default()
        });
    }

    fn check_tick(&mut self, current: &mut Current, values: &Values, row: usize, day: i32, micros: Option<i64>) {
        let number = |field| values.number(field, row);
        let mut reasons: Vec<(Field, String)> = Vec::new();
        let volume = number(Field::Volume);
        if let Some(volume) = volume {
            if volume < current.cumulated.0 {
                reasons.push((
                    Field::Volume,
                    format!("volume falls from {} to {volume} within the day", current.cumulated.0),
                ));
            }
            current.cumulated.0 = current.cumulated.0.max(volume);
        }
        if let Some(amount) = number(Field::Amount) {
            if amount < current.cumulated.1 {
                reasons.push((
                    Field::Amount,
                    format!("amount falls from {} to {amount} within the day", current.cumulated.1),
                ));
            }
            current.cumulated.1 = current.cumulated.1.max(amount);
        }
        // An empty side of the book, and prices before the auction, are zero.
        let positive = |field| number(field).filter(|value| *value > 0.0);
        if let (Some(bid), Some(ask)) = (positive(Field::Bid1), positive(Field::Ask1))
            && bid >= ask
        {
            reasons.push((Field::Bid1, format!("bid {bid} is not below ask {ask}")));
        }
        if let (Some(last), Some(low), Some(high)) =
            (positive(Field::Last), positive(Field::Low), positive(Field::High))
            && !(low - 1e-6..=high + 1e-6).contains(&last)
        {
            reasons.push((Field::Last, format!("last {last} lies outside {low} to {high}")));
        }
        for (field, reason) in reasons {
            let column = self.columns.name(field).unwrap_or_default().to_owned();
            let value = number(field).map(|value| value.to_string()).unwrap_or_default();
            self.tally.add("v8", &current.code, || Broken {
                day: Some(day),
                micros,
                column,
                value,
                reason,
                ..Broken::default()
            });
        }
        if let Some(last) = number(Field::Last).filter(|last| *last < 0.0) {
            let column = self.columns.name(Field::Last).unwrap_or_default().to_owned();
            let reason = format!("last {last} is below zero");
            self.tally.add("v2", &current.code, || Broken {
                day: Some(day),
                micros,
                column,
                reason,
                ..Broken::default()
            });
        }
    }

    fn count_nulls(&mut self, values: &Values, row: usize) {
        for field in [Field::Open, Field::High, Field::Low, Field::Close, Field::Last, Field::Volume] {
            if self.columns.has(field) && values.number(field, row).is_none() {
                *self.totals.nulls.entry(field).or_default() += 1;
            }
        }
    }

    /// Judges what only all rows together tell.
    ///
    /// # Errors
    /// `invalid_value` where the calendar knows none of the days.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.finish_code();
        if let (Some(calendar), Some(first), Some(last)) =
            (&self.facts.calendar, self.totals.first_day, self.totals.last_day)
            && !self.overlaps
        {
            let (from, until) = calendar.span();
            let known = |date: Option<chrono::NaiveDate>| date.map_or_else(|| "…".to_owned(), |date| date.to_string());
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!(
                    "the rows are from {} to {}, and the calendar knows {} to {} only",
                    calendar::spell(first),
                    calendar::spell(last),
                    known(from),
                    known(until)
                ),
            )
            .hint("Extend the calendar, or set its `known_until`."));
        }
        self.finish_securities();
        self.finish_days();
        self.finish_nulls();
        let expected = self.totals.expected;
        self.tally.set_of("c1", expected);
        let missing = self.tally.found.get("c1").map_or(0, |found| found.count);
        if missing as f64 > expected as f64 * self.thresholds.get("c1").copied().unwrap_or_default() {
            self.tally.set_severity("c1", Severity::Error);
        }
        let code_days = self.totals.code_days;
        self.tally.set_of("c3", code_days);
        Ok(())
    }

    /// Days that listed codes lack behind their last row, or wholly.
    fn finish_securities(&mut self) {
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
    fn finish_days(&mut self) {
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

    fn finish_nulls(&mut self) {
        let most = self.thresholds.get("c6").copied().unwrap_or_default();
        if self.totals.keyless > 0 {
            self.tally.set_severity("c6", Severity::Error);
        }
        for (field, count) in std::mem::take(&mut self.totals.nulls) {
            let ratio = count as f64 / self.totals.rows.max(1) as f64;
            if ratio > most {
                let column = self.columns.name(field).unwrap_or_default().to_owned();
                let reason = format!("`{column}` is null in {count} of {} rows", self.totals.rows);
                self.tally.add("c6", "", || Broken { column, value: count.to_string(), reason, ..Broken::default() });
                if let Some(found) = self.tally.found.get_mut("c6") {
                    // The finding stands for all its rows.
                    found.count += count.saturating_sub(1);
                }
            }
        }
    }
}

fn out_of_order(code: &str) -> Error {
    Error::permanent(ErrorCode::InvalidValue, format!("the rows of code `{code}` do not come in order of their time"))
        .hint("A column of dates as text must be spelled so that it sorts by day, such as 2024-01-02.")
}

/// Whether two rows are alike in every column.
fn same_row(left: &Values, row: usize, right: &Values, other: usize) -> bool {
    let columns = left.records.columns().iter().zip(right.records.columns());
    columns.into_iter().all(|(mine, theirs)| mine.slice(row, 1).as_ref() == theirs.slice(other, 1).as_ref())
}

/// Amount by volume and price, where the rows agree on one of the usual units.
fn guess_unit(values: &Values) -> Option<f64> {
    let rows = 0..values.records.num_rows().min(1_000);
    let mut ratios: Vec<f64> = rows
        .filter_map(|row| {
            let number = |field| values.number(field, row).filter(|value| *value > 0.0);
            Some(number(Field::Amount)? / (number(Field::Volume)? * number(Field::Close)?))
        })
        .collect();
    if ratios.is_empty() {
        return None;
    }
    ratios.sort_by(f64::total_cmp);
    let middle = ratios[ratios.len() / 2];
    [1.0, 100.0, 0.1, 0.001].into_iter().find(|unit| (middle / unit - 1.0).abs() < 0.3)
}
