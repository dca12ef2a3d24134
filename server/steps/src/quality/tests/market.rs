//! A small market without a fault: twenty codes of all boards from 2023-12-25 to 2024-01-31, always the same.

use crate::quality::calendar;
use crate::quality::market::{Listed, band, find_board};
use arrow::array::{ArrayRef, Date32Array, Float64Array, StringArray};
use arrow::record_batch::RecordBatch;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The codes; of these one is under special treatment, one new, one suspended for two days, one has an ex-date.
pub(super) const CODES: [&str; 20] = [
    "000001.SZ",
    "000002.SZ",
    "001979.SZ",
    "002415.SZ",
    "113050.SH",
    "300059.SZ",
    "300750.SZ",
    "301236.SZ",
    "430047.BJ",
    "510300.SH",
    "600000.SH",
    "600100.SH",
    "601318.SH",
    "603288.SH",
    "605117.SH",
    "688001.SH",
    "688111.SH",
    "688999.SH",
    "830799.BJ",
    "920001.BJ",
];
pub(super) const ST: &str = "600100.SH";
pub(super) const NEW: &str = "688999.SH";
pub(super) const SUSPENDED: &str = "000002.SZ";
pub(super) const EX: &str = "601318.SH";
/// A code that nothing happens to.
pub(super) const PLAIN: &str = "600000.SH";

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) code: String,
    pub(super) day: i32,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) pre_close: f64,
    pub(super) volume: Option<f64>,
    pub(super) amount: f64,
    pub(super) change: f64,
    pub(super) pct_chg: f64,
    pub(super) factor: f64,
}

pub(super) fn day(text: &str) -> i32 {
    calendar::day_of(text.parse().unwrap())
}

/// The open days.
pub(super) fn days() -> Vec<i32> {
    let calendar = calendar::Calendar::weekdays(BTreeSet::from([day("2024-01-01")]), None);
    calendar.open_days(day("2023-12-25"), day("2024-01-31")).collect()
}

/// What happens to a code on a day: another return, or another volume.
#[derive(Default)]
pub(super) struct Events {
    pub(super) returns: HashMap<usize, f64>,
    pub(super) volumes: HashMap<usize, f64>,
}

struct Dice(u64);

impl Dice {
    /// A number from -1 to 1.
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }
}

/// The rows of one code from the day at `from`; `events` happen at places counted from the market's first day.
pub(super) fn walk(code: &str, from: usize, events: &Events) -> Vec<Row> {
    let board = find_board(code).unwrap();
    let mut dice = Dice(code.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    let decimals = 1.0 / board.tick;
    let mut close = ((2_000.0 + dice.throw() * 500.0) / 100.0 * decimals).round() / decimals;
    let mut factor = 1.0;
    let mut rows = Vec::new();
    for (place, today) in days().into_iter().enumerate().skip(from) {
        let date = calendar::date(today).unwrap();
        let mut pre_close = close;
        if code == EX && today == day("2024-01-17") {
            factor = 1.1;
            pre_close = (close / 1.1 * decimals).round() / decimals;
        }
        let number = (code == NEW).then(|| u32::try_from(place - from + 1).unwrap());
        let limits = band(&[], board, date, Listed { st: code == ST, trading_day: number }, pre_close);
        // Below a tick's noise a step is still a step, so that no close stays the same for long.
        let usual = dice.throw() * 0.008;
        let wild = if number.is_some_and(|number| number <= 5) { usual * 30.0 } else { usual };
        let change = events.returns.get(&place).copied().unwrap_or(wild);
        let clip = |price: f64| {
            let price = (price * decimals).round() / decimals;
            match &limits {
                Some(limits) if !events.returns.contains_key(&place) => price.clamp(limits.down, limits.up),
                Some(limits) => price.min(limits.up.max((pre_close * (1.0 + change) * decimals).round() / decimals)),
                None => price,
            }
        };
        close = clip(pre_close * (1.0 + change));
        let open = clip(pre_close * (1.0 + change * 0.5));
        let high = clip(open.max(close) * (1.0 + dice.throw().abs() * 0.002));
        let low = clip(open.min(close) * (1.0 - dice.throw().abs() * 0.002));
        let usual_volume = ((1_000_000.0 * (1.0 + dice.throw() * 0.15)) / 100.0).round() * 100.0;
        let volume = (usual_volume * events.volumes.get(&place).copied().unwrap_or(1.0)).round();
        let row = Row {
            code: code.to_owned(),
            day: today,
            open,
            high,
            low,
            close,
            pre_close,
            volume: Some(volume),
            amount: (volume * f64::midpoint(low, high) * 100.0).round() / 100.0,
            change: ((close - pre_close) * 1_000.0).round() / 1_000.0,
            pct_chg: ((close / pre_close - 1.0) * 1_000_000.0).round() / 10_000.0,
            factor,
        };
        let is_suspended = code == SUSPENDED && (day("2024-01-10")..=day("2024-01-11")).contains(&today);
        if is_suspended {
            close = pre_close;
        } else {
            rows.push(row);
        }
    }
    rows
}

/// All rows, with `events` for the plain code.
pub(super) fn market(events: &Events) -> Vec<Row> {
    let nothing = Events::default();
    let listing = days().iter().position(|known| *known == day("2024-01-15")).unwrap();
    CODES
        .iter()
        .flat_map(|code| {
            let from = if *code == NEW { listing } else { 0 };
            walk(code, from, if *code == PLAIN { events } else { &nothing })
        })
        .collect()
}

/// Rows as a batch, in the order of code and day.
pub(super) fn batch(rows: &[Row], names: &[&str; 12]) -> RecordBatch {
    let mut rows = rows.to_vec();
    rows.sort_by(|left, right| (&left.code, left.day).cmp(&(&right.code, right.day)));
    let numbers = |value: &dyn Fn(&Row) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<Float64Array>())
    };
    let columns: [ArrayRef; 12] = [
        Arc::new(rows.iter().map(|row| Some(row.code.as_str())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| Some(row.day)).collect::<Date32Array>()),
        numbers(&|row| Some(row.open)),
        numbers(&|row| Some(row.high)),
        numbers(&|row| Some(row.low)),
        numbers(&|row| Some(row.close)),
        numbers(&|row| Some(row.pre_close)),
        numbers(&|row| row.volume),
        numbers(&|row| Some(row.amount)),
        numbers(&|row| Some(row.change)),
        numbers(&|row| Some(row.pct_chg)),
        numbers(&|row| Some(row.factor)),
    ];
    RecordBatch::try_from_iter(names.iter().copied().zip(columns)).unwrap()
}

pub(super) const NAMES: [&str; 12] = [
    "symbol",
    "trade_date",
    "open",
    "high",
    "low",
    "close",
    "pre_close",
    "volume",
    "amount",
    "change",
    "pct_chg",
    "adj_factor",
];
