//! Reads rows in the order of code and moment, and holds each against the rules.
//!
//! Memory is bounded by the number of codes and of days: of each code only the last few dozen values are kept
//! (`history.rs`). A row that one rule explains is not told again by rules that would follow from the same fault.

mod days;
mod moments;
mod ticks;

use super::calendar::{self, DAYS};
use super::codes;
use super::columns::{Columns, Field, MICROS_A_DAY, Values};
use super::drift::Drift;
use super::facts::Facts;
use super::history::{Bar, History};
use super::market::find_board;
use super::orders::{Moment, Orders};
use super::out_of_order;
use super::repeats::Repeats;
use super::row::{Prices, check_prices};
use super::settings::Period;
use super::tally::{Broken, Tally};
use super::weights::Weights;
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
    drift: Drift,
    repeats: Repeats,
    weights: Weights,
    orders: Orders,
    /// Days whose bars are all there, where a daily table is to be held against them.
    finished: Vec<DayBar>,
}

/// What the bars of a day make together.
#[derive(Debug, Clone, Default)]
pub(super) struct DayBar {
    pub(super) code: String,
    pub(super) day: i32,
    pub(super) open: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) close: Option<f64>,
    pub(super) volume: Option<f64>,
}

impl DayBar {
    fn add(&mut self, prices: &Prices) {
        self.open = self.open.or(prices.open);
        self.high = self.high.into_iter().chain(prices.high).reduce(f64::max);
        self.low = self.low.into_iter().chain(prices.low).reduce(f64::min);
        self.close = prices.close.or(self.close);
        self.volume = prices.volume.map(|volume| volume + self.volume.unwrap_or_default()).or(self.volume);
    }
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
    ticks: ticks::Gaps,
    made: DayBar,
    /// Whether it was told that the code has a row without a name.
    is_nameless: bool,
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
            drift: Drift::default(),
            repeats: Repeats::default(),
            weights: Weights::default(),
            orders: Orders::default(),
            finished: Vec::new(),
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Days whose bars are all there since this was last asked.
    pub(super) fn take_finished(&mut self) -> Vec<DayBar> {
        std::mem::take(&mut self.finished)
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// `invalid_value` where they do not come in order, or have too many codes.
    pub(super) fn push(&mut self, values: &Arc<Values>) -> Result<()> {
        if self.facts.unit.is_none() {
            self.facts.unit = guess_unit(values);
        }
        for (row, field, text) in &values.unreadable {
            let column = self.columns.name(*field).unwrap_or_default().to_owned();
            let (day, micros) = (values.day(*row), values.micros(*row));
            let reason = format!("`{column}` holds `{text}`, which is no number");
            let broken = || Broken { day, micros, column, value: text.clone(), reason, ..Broken::default() };
            self.tally.add("c7", values.code(*row).unwrap_or_default(), broken);
        }
        for row in 0..values.records.num_rows() {
            self.push_row(values, row)?;
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
        if self.tally.is_on("a7") {
            self.drift.take(values, row, day);
        }
        if self.tally.is_on("a8") && self.facts.period != Period::Tick {
            self.repeats.take(values, row);
        }
        self.weights.take(values, row, day);
        if self.tally.is_on("v14") {
            let (at, fills) = (Moment { code, day, micros }, self.facts.fills.as_ref());
            self.orders.take(values, row, &at, fills, &self.columns, &mut self.tally);
        }
        let Some(mut current) = self.current.take() else { return Ok(()) };
        self.check_name(&mut current, values, row, day);
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
        if let Some(reason) = codes::fault(code, &self.facts) {
            let column = self.columns.name(Field::Code).unwrap_or_default().to_owned();
            let value = code.to_owned();
            self.tally.add("v10", code, || Broken { day: Some(day), column, value, reason, ..Broken::default() });
        }
        self.current = Some(Current {
            code: code.to_owned(),
            history: History::new(find_board(code)),
            key: (i32::MIN, None),
            group: Vec::new(),
            first_day: day,
            last_day: i32::MIN,
            bars: 0,
            cumulated: (0.0, 0.0),
            ticks: ticks::Gaps::default(),
            made: DayBar::default(),
            is_nameless: false,
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
        if key == current.key && self.stands_apart(current, values, row) {
            return Ok(());
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
        current.made.add(&prices);
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

    fn finish_code(&mut self) {
        let Some(current) = self.current.take() else { return };
        self.finish_day(&current);
        self.ends.insert(current.code, (current.first_day, current.last_day));
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
        let most = |rule: &str| self.thresholds.get(rule).copied().unwrap_or_default();
        self.drift.finish(&self.columns, most("a7"), &mut self.tally);
        self.repeats.finish(&self.columns, most("a8"), &mut self.tally);
        self.weights.finish(&self.columns, most("v12"), &mut self.tally);
        self.orders.finish(self.facts.fills.as_ref(), &self.columns, &mut self.tally);
        self.tally.set_of("v10", self.totals.codes);
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
