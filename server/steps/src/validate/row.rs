//! Rules that look at one row: `expect`, `not_null`, `between`, `in`, `regex`.

use super::rule::{Judge, Verdict, find_column};
use super::settings::{Between, RuleSettings};
use crate::route::rule::plain;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Float64Array, Int64Array, Scalar, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::compute::{CastOptions, cast, cast_with_options, is_not_null, is_null};
use arrow::datatypes::{DataType, Float64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::Result;
use query::Predicate;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The test of `rule`, if it is one of this file.
pub(super) fn open(rule: &RuleSettings, schema: &SchemaRef) -> Result<Option<Box<dyn Judge>>> {
    let find = |name: &str| find_column(schema, name, &rule.name);
    if let Some(sql) = &rule.expect {
        let columns =
            schema.fields().iter().map(|field| field.name().clone()).filter(|name| mentions(sql, name)).collect();
        return Ok(Some(Box::new(Expect { sql: sql.clone(), predicate: Predicate::compile(sql, schema)?, columns })));
    }
    if let Some(names) = &rule.not_null {
        let names = names.to_list();
        let columns = names.iter().map(|name| find(name)).collect::<Result<_>>()?;
        return Ok(Some(Box::new(NotNull { names, columns })));
    }
    if let Some(between) = &rule.between {
        return Ok(Some(Box::new(Range::new(find(&between.column)?, between, schema)?)));
    }
    if let Some(one_of) = &rule.one_of {
        let column = find(&one_of.column)?;
        return Ok(Some(Box::new(Member { name: one_of.column.clone(), column, values: Values::new(&one_of.values) })));
    }
    if let Some(regex) = &rule.regex {
        let column = find(&regex.column)?;
        let pattern = compile_pattern(&regex.pattern).map_err(crate::settings::invalid)?;
        return Ok(Some(Box::new(Pattern { name: regex.column.clone(), column, pattern })));
    }
    Ok(None)
}

/// Compiles a pattern within bounded memory.
pub(super) fn compile_pattern(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large once compiled".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern does not parse: {last}")
        }
    })
}

/// Whether the SQL text names the column, as a word of its own.
fn mentions(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    sql.match_indices(&name)
        .any(|(at, found)| !is_word(sql[..at].chars().next_back()) && !is_word(sql[at + found.len()..].chars().next()))
}

struct Expect {
    sql: String,
    predicate: Predicate,
    columns: Vec<String>,
}

impl Expect {
    /// Rows for which the condition cannot be computed, found by halving the batch. Only reached when a batch has such rows.
    fn sift(
        &self,
        records: &RecordBatch,
        from: usize,
        rows: usize,
        looked_at: &BooleanBuffer,
        reasons: &mut HashMap<usize, String>,
    ) {
        if looked_at.slice(from, rows).count_set_bits() == 0 {
            return;
        }
        match self.predicate.evaluate(&records.slice(from, rows)) {
            Ok(holds) => {
                for row in (0..rows).filter(|row| holds.is_valid(*row) && !holds.value(*row)) {
                    reasons.insert(from + row, format!("`{}` does not hold", self.sql));
                }
            }
            Err(error) if rows == 1 => {
                reasons.insert(from, error.fault.message);
            }
            Err(_) => {
                let half = rows / 2;
                self.sift(records, from, half, looked_at, reasons);
                self.sift(records, from + half, rows - half, looked_at, reasons);
            }
        }
    }
}

#[async_trait]
impl Judge for Expect {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        match self.predicate.evaluate(records) {
            Ok(holds) => {
                let is_false = match holds.nulls() {
                    Some(nulls) => &!holds.values() & nulls.inner(),
                    None => !holds.values(),
                };
                let why = format!("`{}` does not hold", self.sql);
                Ok(Verdict::same(looked_at & &is_false, why, self.columns.clone()))
            }
            Err(_) => {
                let mut reasons = HashMap::new();
                self.sift(records, 0, records.num_rows(), looked_at, &mut reasons);
                reasons.retain(|row, _| looked_at.value(*row));
                Ok(Verdict::rows(records.num_rows(), reasons))
            }
        }
    }
}

struct NotNull {
    names: Vec<String>,
    columns: Vec<usize>,
}

#[async_trait]
impl Judge for NotNull {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        let mut broken = BooleanBuffer::new_unset(records.num_rows());
        for column in &self.columns {
            if records.column(*column).null_count() > 0 {
                broken = &broken | is_null(records.column(*column))?.values();
            }
        }
        Ok(Verdict::same(looked_at & &broken, "a value is missing", self.names.clone()))
    }
}

struct Range {
    name: String,
    column: usize,
    /// The type in which values and bounds are compared.
    compared: DataType,
    min: Option<ArrayRef>,
    max: Option<ArrayRef>,
    why: String,
}

impl Range {
    fn new(column: usize, between: &Between, schema: &SchemaRef) -> Result<Self> {
        let own = schema.field(column).data_type();
        let bounds = [&between.min, &between.max];
        let are_numbers = bounds.iter().all(|bound| bound.as_ref().is_none_or(Value::is_number));
        let are_whole = bounds.iter().all(|bound| bound.as_ref().is_none_or(Value::is_i64));
        let compared = match own {
            _ if are_numbers && are_whole && own.is_integer() => DataType::Int64,
            _ if are_numbers => DataType::Float64,
            other => other.clone(),
        };
        let make = |bound: &Option<Value>| -> Result<Option<ArrayRef>> {
            let Some(bound) = bound else { return Ok(None) };
            let value: ArrayRef = match bound {
                Value::Number(number) if compared == DataType::Int64 => {
                    Arc::new(Int64Array::from(vec![number.as_i64().unwrap_or_default()]))
                }
                Value::Number(number) if are_numbers => {
                    Arc::new(Float64Array::from(vec![number.as_f64().unwrap_or_default()]))
                }
                Value::String(text) => Arc::new(StringArray::from(vec![text.as_str()])),
                other => Arc::new(StringArray::from(vec![other.to_string()])),
            };
            let options = CastOptions { safe: true, ..CastOptions::default() };
            let value = cast_with_options(&value, &compared, &options)?;
            if value.is_null(0) {
                return Err(crate::settings::invalid(format!(
                    "the bound `{bound}` of column `{}` is not {compared}",
                    between.column
                )));
            }
            Ok(Some(value))
        };
        let (min, max) = (make(&between.min)?, make(&between.max)?);
        let spell = |bound: &Value| bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
        let why = match (&between.min, &between.max) {
            (Some(min), Some(max)) => format!("{} is not between {} and {}", between.column, spell(min), spell(max)),
            (Some(min), None) => format!("{} is below {}", between.column, spell(min)),
            (_, Some(max)) => format!("{} is above {}", between.column, spell(max)),
            (None, None) => String::new(),
        };
        Ok(Self { name: between.column.clone(), column, compared, min, max, why })
    }
}

#[async_trait]
impl Judge for Range {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        let own = records.column(self.column);
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let values = if own.data_type() == &self.compared {
            own.clone()
        } else {
            cast_with_options(own, &self.compared, &options)?
        };
        // A text that is no number lies nowhere.
        let mut broken = if values.null_count() > own.null_count() {
            is_null(&values)?.values() & is_not_null(own)?.values()
        } else {
            BooleanBuffer::new_unset(records.num_rows())
        };
        if let Some(min) = &self.min {
            broken = &broken | &plain(lt(&values, &Scalar::new(min.clone()) as &dyn Datum)?);
        }
        if let Some(max) = &self.max {
            broken = &broken | &plain(gt(&values, &Scalar::new(max.clone()) as &dyn Datum)?);
        }
        Ok(Verdict::same(looked_at & &broken, self.why.clone(), vec![self.name.clone()]))
    }
}

struct Values {
    texts: HashSet<String>,
    numbers: Option<Vec<f64>>,
    spelled: String,
}

impl Values {
    fn new(values: &[Value]) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
        let shown: Vec<String> = values.iter().take(10).map(text).collect();
        let more = if values.len() > 10 { ", …" } else { "" };
        Self { texts: values.iter().map(text).collect(), numbers, spelled: format!("{}{more}", shown.join(", ")) }
    }
}

struct Member {
    name: String,
    column: usize,
    values: Values,
}

#[async_trait]
impl Judge for Member {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        let column = records.column(self.column);
        let rows = records.num_rows();
        let is_number = column.data_type().is_numeric();
        let outside = match &self.values.numbers {
            Some(numbers) if is_number => {
                let values = cast(column, &DataType::Float64)?;
                let values = values.as_primitive::<Float64Type>();
                BooleanBuffer::collect_bool(rows, |row| values.is_valid(row) && !numbers.contains(&values.value(row)))
            }
            _ => {
                let values = cast(column, &DataType::Utf8)?;
                let values = values.as_string::<i32>();
                BooleanBuffer::collect_bool(rows, |row| {
                    values.is_valid(row) && !self.values.texts.contains(values.value(row))
                })
            }
        };
        let why = format!("{} is none of {}", self.name, self.values.spelled);
        Ok(Verdict::same(looked_at & &outside, why, vec![self.name.clone()]))
    }
}

struct Pattern {
    name: String,
    column: usize,
    pattern: regex::Regex,
}

#[async_trait]
impl Judge for Pattern {
    async fn judge(&mut self, records: &RecordBatch, looked_at: &BooleanBuffer, _: &BooleanBuffer) -> Result<Verdict> {
        let values = cast(records.column(self.column), &DataType::Utf8)?;
        let values: &StringArray = values.as_string::<i32>();
        let misses: BooleanArray =
            values.iter().map(|value| Some(value.is_some_and(|text| !self.pattern.is_match(text)))).collect();
        let why = format!("{} does not match `{}`", self.name, self.pattern.as_str());
        Ok(Verdict::same(looked_at & misses.values(), why, vec![self.name.clone()]))
    }
}
