//! Rules that remember earlier rows of the lane or look into another table: `unique`, `jump`, `no_gap`, `foreign_key`,
//! `row_count`, `freshness`.
//!
//! Keys are remembered as 128-bit hashes (two independent SipHashes with random keys), 16 bytes each; two different keys are
//! taken for equal with a chance below 1 in 10^20 for ten billion rows. Memory ends at [`MAX_KEYS`] with an error.

use super::cast::convert;
use super::rule::{Judge, Verdict, find_column, spell};
use super::settings::{Calendar, CalendarTable, CalendarWord, Jump, Keep, NoGap, RuleSettings};
use crate::kind::StepContext;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{CastOptions, cast, cast_with_options, max};
use arrow::datatypes::{DataType, Date32Type, Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, Rows, SortField};
use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use data::connector::ReadOptions;
use data::{Error, Result};
use model::ErrorCode;
use model::document::parse_duration;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// The most keys that one rule remembers in one lane: about 2 GB of memory.
const MAX_KEYS: usize = 64_000_000;

/// The test of `rule`, if it is one of this file.
pub(super) async fn open(
    rule: &RuleSettings,
    schema: &SchemaRef,
    context: &StepContext,
) -> Result<Option<Box<dyn Judge>>> {
    let find = |name: &str| find_column(schema, name, &rule.name);
    let find_all = |names: &[String]| names.iter().map(|name| find(name)).collect::<Result<Vec<usize>>>();
    if let Some(names) = &rule.unique {
        let names = names.to_list();
        let keys = Keys::new(schema, find_all(&names)?)?;
        return Ok(Some(Box::new(Unique { names, keys, keep: rule.keep.unwrap_or_default(), seen: HashSet::new() })));
    }
    if let Some(jump) = &rule.jump {
        let keys = Keys::new(schema, find_all(&jump.key.to_list())?)?;
        let order = jump.order_by.as_deref().map(find).transpose()?;
        return Ok(Some(Box::new(JumpJudge {
            column: find(&jump.column)?,
            order,
            keys,
            jump: jump.clone(),
            last: HashMap::new(),
        })));
    }
    if let Some(gap) = &rule.no_gap {
        let keys = Keys::new(schema, find_all(&gap.key.to_list())?)?;
        let days = match &gap.calendar {
            Calendar::EveryDay | Calendar::Word(CalendarWord::Days) => Days::Every,
            Calendar::Word(CalendarWord::Weekdays) => Days::Weekdays,
            Calendar::Table(table) => Days::Listed(read_calendar(table, context).await?),
        };
        return Ok(Some(Box::new(GapJudge {
            column: find(&gap.column)?,
            keys,
            gap: gap.clone(),
            days,
            last: HashMap::new(),
        })));
    }
    if let Some(foreign) = &rule.foreign_key {
        let names = foreign.columns.to_list();
        let columns = find_all(&names)?;
        let references = match foreign.references.to_list() {
            same if same.is_empty() => names.clone(),
            other => other,
        };
        let why = format!("there is no such row in `{}`", foreign.table);
        let mut judge = ForeignJudge { names, columns, known: HashSet::new(), hash: Hash::default(), why };
        judge.load(&foreign.connection, &foreign.table, references, context).await?;
        return Ok(Some(Box::new(judge)));
    }
    if rule.row_count.is_some() {
        return Ok(Some(Box::new(Counter { rows: 0 })));
    }
    if let Some(freshness) = &rule.freshness {
        let max_age = parse_duration(&freshness.max_age)
            .ok_or_else(|| crate::settings::invalid(format!("`{}` is no duration", freshness.max_age)))?;
        let oldest = Utc::now() - chrono::Duration::from_std(max_age).unwrap_or(chrono::Duration::MAX);
        let name = freshness.column.clone();
        return Ok(Some(Box::new(Fresh {
            column: find(&name)?,
            name,
            oldest,
            newest: None,
            max_age: freshness.max_age.clone(),
        })));
    }
    Ok(None)
}

#[derive(Default)]
struct Hash(RandomState, RandomState);

impl Hash {
    fn of(&self, bytes: &[u8]) -> u128 {
        (u128::from(self.0.hash_one(bytes)) << 64) | u128::from(self.1.hash_one(bytes))
    }
}

/// Makes comparable keys of some columns.
struct Keys {
    columns: Vec<usize>,
    converter: RowConverter,
    hash: Hash,
}

impl Keys {
    fn new(schema: &SchemaRef, columns: Vec<usize>) -> Result<Self> {
        let fields = columns.iter().map(|column| SortField::new(schema.field(*column).data_type().clone())).collect();
        Ok(Self { columns, converter: RowConverter::new(fields)?, hash: Hash::default() })
    }

    /// The keys of a batch; none where the rule has no key columns, so that all rows are of one series.
    fn rows(&self, records: &RecordBatch) -> Result<Option<Rows>> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = self.columns.iter().map(|column| records.column(*column).clone()).collect();
        Ok(Some(self.converter.convert_columns(&columns)?))
    }

    fn key(&self, rows: Option<&Rows>, row: usize) -> u128 {
        rows.map_or(0, |rows| self.hash.of(rows.row(row).data()))
    }

    fn has_null(&self, records: &RecordBatch, row: usize) -> bool {
        self.columns.iter().any(|column| records.column(*column).is_null(row))
    }
}

fn too_many(rule: &str) -> Error {
    Error::permanent(
        ErrorCode::Unsupported,
        format!("the rule `{rule}` would have to remember more than {MAX_KEYS} keys"),
    )
    .hint("Let the table's own key keep such rows out, or check a slice at a time.")
}

struct Unique {
    names: Vec<String>,
    keys: Keys,
    keep: Keep,
    seen: HashSet<u128>,
}

#[async_trait]
impl Judge for Unique {
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict> {
        let rows = self.keys.rows(records)?;
        let mut reasons = HashMap::new();
        let mut first_here: HashMap<u128, usize> = HashMap::new();
        let judged = looked_at & kept;
        for row in judged.set_indices() {
            // As in SQL, a key with a NULL equals none.
            if self.keys.has_null(records, row) {
                continue;
            }
            let key = self.keys.key(rows.as_ref(), row);
            if self.seen.insert(key) {
                if self.seen.len() > MAX_KEYS {
                    return Err(too_many("unique"));
                }
                if self.keep == Keep::None {
                    first_here.insert(key, row);
                }
                continue;
            }
            let why = || {
                let columns = self.names.iter().zip(&self.keys.columns);
                let values: Vec<String> =
                    columns.map(|(name, column)| format!("{name} = {}", spell(records.column(*column), row))).collect();
                format!("{} was there before", values.join(", "))
            };
            reasons.insert(row, why());
            if let Some(first) = first_here.get(&key) {
                reasons.insert(*first, why().replace("was there before", "comes again"));
            }
        }
        Ok(Verdict::rows(records.num_rows(), reasons))
    }
}

struct JumpJudge {
    column: usize,
    order: Option<usize>,
    keys: Keys,
    jump: Jump,
    /// The last accepted value of each series, and its place in the order.
    last: HashMap<u128, (f64, Option<Vec<u8>>)>,
}

#[async_trait]
impl Judge for JumpJudge {
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict> {
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let values = cast_with_options(records.column(self.column), &DataType::Float64, &options)?;
        let values = values.as_primitive::<Float64Type>();
        let order = match self.order {
            Some(column) => {
                let column = records.column(column);
                let converter = RowConverter::new(vec![SortField::new(column.data_type().clone())])?;
                Some(converter.convert_columns(std::slice::from_ref(column))?)
            }
            None => None,
        };
        let rows = self.keys.rows(records)?;
        let mut reasons = HashMap::new();
        for row in (looked_at & kept).set_indices() {
            let value = if values.is_valid(row) { values.value(row) } else { continue };
            if value.is_nan() || value <= 0.0 {
                continue;
            }
            let place = order.as_ref().map(|order| order.row(row).data().to_vec());
            match self.last.entry(self.keys.key(rows.as_ref(), row)) {
                Entry::Vacant(entry) => {
                    entry.insert((value, place));
                }
                Entry::Occupied(mut entry) => {
                    let (before, last_place) = entry.get();
                    // A row out of order has no neighbor to be compared with.
                    if place.is_some() && place <= *last_place {
                        continue;
                    }
                    let ratio = (value / before).max(before / value);
                    if ratio > self.jump.max_ratio {
                        let name = &self.jump.column;
                        reasons.insert(
                            row,
                            format!("{name} jumps from {before} to {value}, by more than {}", self.jump.max_ratio),
                        );
                        continue;
                    }
                    entry.insert((value, place));
                }
            }
            if self.last.len() > MAX_KEYS {
                return Err(too_many("jump"));
            }
        }
        Ok(Verdict::rows(records.num_rows(), reasons))
    }
}

enum Days {
    Every,
    Weekdays,
    Listed(BTreeSet<i32>),
}

impl Days {
    /// How many days of the calendar lie between two days, both excluded.
    fn between(&self, from: i32, to: i32) -> u32 {
        let count = match self {
            Self::Every => i64::from(to) - i64::from(from) - 1,
            Self::Weekdays => weekdays_before(to) - weekdays_before(from + 1),
            Self::Listed(days) => days.range(from + 1..to).count() as i64,
        };
        u32::try_from(count.max(0)).unwrap_or(u32::MAX)
    }

    /// The first of those days.
    fn first_after(&self, from: i32) -> Option<i32> {
        match self {
            Self::Every => Some(from + 1),
            Self::Weekdays => (from + 1..from + 4).find(|day| weekdays_before(day + 1) > weekdays_before(*day)),
            Self::Listed(days) => days.range(from + 1..).next().copied(),
        }
    }
}

/// How many weekdays lie before the day, counted from a Monday long ago; days are counted from 1970-01-01, a Thursday.
fn weekdays_before(day: i32) -> i64 {
    let since_monday = i64::from(day) + 3;
    let (weeks, rest) = (since_monday.div_euclid(7), since_monday.rem_euclid(7));
    weeks * 5 + rest.min(5)
}

fn date(day: i32) -> String {
    let epoch = NaiveDate::default().num_days_from_ce();
    NaiveDate::from_num_days_from_ce_opt(epoch.saturating_add(day))
        .map_or_else(|| day.to_string(), |date| date.to_string())
}

struct GapJudge {
    column: usize,
    keys: Keys,
    gap: NoGap,
    days: Days,
    last: HashMap<u128, i32>,
}

#[async_trait]
impl Judge for GapJudge {
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict> {
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let days = cast_with_options(records.column(self.column), &DataType::Date32, &options)?;
        let days = days.as_primitive::<Date32Type>();
        let rows = self.keys.rows(records)?;
        let mut reasons = HashMap::new();
        for row in (looked_at & kept).set_indices().filter(|row| days.is_valid(*row)) {
            let day = days.value(row);
            match self.last.entry(self.keys.key(rows.as_ref(), row)) {
                Entry::Vacant(entry) => {
                    entry.insert(day);
                }
                Entry::Occupied(mut entry) => {
                    let before = *entry.get();
                    if day <= before {
                        continue;
                    }
                    let missing = self.days.between(before, day);
                    if missing > self.gap.max_gap {
                        let first = self
                            .days
                            .first_after(before)
                            .map_or_else(String::new, |first| format!(", the first {}", date(first)));
                        let text =
                            format!("{missing} days are missing between {} and {}{first}", date(before), date(day));
                        reasons.insert(row, text);
                    }
                    // A gap is told once, whatever becomes of the row behind it.
                    entry.insert(day);
                }
            }
            if self.last.len() > MAX_KEYS {
                return Err(too_many("no_gap"));
            }
        }
        Ok(Verdict::rows(records.num_rows(), reasons))
    }
}

async fn read_calendar(table: &CalendarTable, context: &StepContext) -> Result<BTreeSet<i32>> {
    let connector = context.connections.get(&table.connection).await?;
    let options = ReadOptions {
        columns: vec![table.column.clone()],
        filter: table.filter.clone(),
        ..ReadOptions::table(&table.table)
    };
    let mut source = connector.read(options).await?;
    let mut days = BTreeSet::new();
    while let Some(batch) = source.next().await? {
        let (column, _) = convert(batch.records.column(0), &DataType::Date32)?;
        days.extend(column.as_primitive::<Date32Type>().iter().flatten());
    }
    if days.is_empty() {
        let message = format!("the calendar `{}` of connection `{}` lists no day", table.table, table.connection);
        return Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Fill the table, or use `weekdays`."));
    }
    Ok(days)
}

struct ForeignJudge {
    names: Vec<String>,
    columns: Vec<usize>,
    known: HashSet<u128>,
    hash: Hash,
    why: String,
}

impl ForeignJudge {
    async fn load(
        &mut self,
        connection: &str,
        table: &str,
        references: Vec<String>,
        context: &StepContext,
    ) -> Result<()> {
        let connector = context.connections.get(connection).await?;
        let options = ReadOptions { columns: references, ..ReadOptions::table(table) };
        let mut source = connector.read(options).await?;
        while let Some(batch) = source.next().await? {
            let columns = texts(batch.records.columns())?;
            for row in 0..batch.records.num_rows() {
                if let Some(key) = self.key(&columns, row) {
                    self.known.insert(key);
                }
            }
            if self.known.len() > MAX_KEYS {
                return Err(too_many("foreign_key"));
            }
        }
        Ok(())
    }

    /// The key of a row; none where a part is NULL, which refers to nothing.
    fn key(&self, columns: &[ArrayRef], row: usize) -> Option<u128> {
        let mut bytes = Vec::with_capacity(32);
        for column in columns {
            let column = column.as_string::<i32>();
            if column.is_null(row) {
                return None;
            }
            let text = column.value(row);
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Some(self.hash.of(&bytes))
    }
}

/// Values as text, since two systems rarely agree on the width of a number.
fn texts(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| Ok(cast(column, &DataType::Utf8)?)).collect()
}

#[async_trait]
impl Judge for ForeignJudge {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        let own: Vec<ArrayRef> = self.columns.iter().map(|column| records.column(*column).clone()).collect();
        let columns = texts(&own)?;
        let broken = BooleanBuffer::collect_bool(records.num_rows(), |row| {
            looked_at.value(row) && self.key(&columns, row).is_some_and(|key| !self.known.contains(&key))
        });
        Ok(Verdict::same(broken, self.why.clone(), self.names.clone()))
    }
}

struct Counter {
    rows: u64,
}

#[async_trait]
impl Judge for Counter {
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict> {
        self.rows += (looked_at & kept).count_set_bits() as u64;
        Ok(Verdict::rows(records.num_rows(), HashMap::new()))
    }

    fn rows_seen(&self) -> u64 {
        self.rows
    }
}

/// The newest value of a column must be young enough; looked at when all rows are there.
struct Fresh {
    name: String,
    column: usize,
    oldest: DateTime<Utc>,
    newest: Option<i64>,
    max_age: String,
}

#[async_trait]
impl Judge for Fresh {
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict> {
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let moments = DataType::Timestamp(TimeUnit::Microsecond, None);
        let judged = arrow::array::BooleanArray::new(looked_at & kept, None);
        let values = arrow::compute::filter(records.column(self.column), &judged)?;
        let values = cast_with_options(&values, &moments, &options)?;
        self.newest = self.newest.max(max(values.as_primitive::<TimestampMicrosecondType>()));
        Ok(Verdict::rows(records.num_rows(), HashMap::new()))
    }

    fn conclude(&self) -> Option<String> {
        let newest = DateTime::from_timestamp_micros(self.newest?)?;
        (newest < self.oldest).then(|| format!("the newest `{}` is {newest:?}, older than {}", self.name, self.max_age))
    }
}
