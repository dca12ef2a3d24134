//! What was filled, beside orders or positions (v14): sums by order, or what each day added to a position.

use super::columns::{Columns, Field, days};
use super::reference;
use super::settings::Reference;
use crate::kind::StepContext;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use data::{Error, Result};
use model::ErrorCode;
use std::collections::{BTreeMap, HashMap};

/// Fills as the table that is checked asks for them.
#[derive(Debug)]
pub(super) enum Fills {
    /// Of orders, by their ids.
    ByOrder(HashMap<String, f64>),
    /// Of positions, by account and code: what was bought less what was sold on each day.
    ByDay(HashMap<(String, String), BTreeMap<i32, f64>>),
}

impl Fills {
    /// Reads the fills: of orders where the table that is checked says what is filled of each, else of positions.
    pub(super) async fn load(reference: &Reference, context: &StepContext, columns: &Columns) -> Result<Self> {
        if columns.has(Field::FilledQuantity) {
            return Self::by_order(reference, context).await;
        }
        Self::by_day(reference, context).await
    }

    async fn by_order(reference: &Reference, context: &StepContext) -> Result<Self> {
        let mut fills: HashMap<String, f64> = HashMap::new();
        reference::read(reference, "fills", &[("order", true), ("qty", true)], context, |columns| {
            let (orders, quantities) = (texts(&columns[0])?, numbers(&columns[1])?);
            let (orders, quantities) = (orders.as_string::<i32>(), quantities.as_primitive::<Float64Type>());
            for row in (0..orders.len()).filter(|row| orders.is_valid(*row) && quantities.is_valid(*row)) {
                *fills.entry(orders.value(row).to_owned()).or_default() += quantities.value(row);
            }
            Ok(fills.len())
        })
        .await?;
        Ok(Self::ByOrder(fills))
    }

    async fn by_day(reference: &Reference, context: &StepContext) -> Result<Self> {
        let roles = [("code", true), ("date", true), ("qty", true), ("side", false), ("account", false)];
        let mut fills: HashMap<(String, String), BTreeMap<i32, f64>> = HashMap::new();
        let mut entries = 0;
        reference::read(reference, "fills", &roles, context, |columns| {
            let (codes, quantities) = (texts(&columns[0])?, numbers(&columns[2])?);
            let (codes, quantities) = (codes.as_string::<i32>(), quantities.as_primitive::<Float64Type>());
            let dates = match &columns[1] {
                Some(array) => days(array, 0)?,
                None => return Ok(entries),
            };
            let (sides, accounts) = (texts(&columns[3])?, texts(&columns[4])?);
            let word = |array: &ArrayRef, row: usize| {
                let array = array.as_string::<i32>();
                (row < array.len() && array.is_valid(row)).then(|| array.value(row).to_owned())
            };
            for row in 0..codes.len() {
                if codes.is_null(row) || dates.is_null(row) || quantities.is_null(row) {
                    continue;
                }
                let sign = match word(&sides, row) {
                    None => 1.0,
                    Some(side) => sign(&side).ok_or_else(|| {
                        let message = format!("`fills`: `{}` is neither buying nor selling", short(&side));
                        Error::permanent(ErrorCode::ValueRefused, message).hint("Write `buy` or `sell`.")
                    })?,
                };
                let place = (word(&accounts, row).unwrap_or_default(), codes.value(row).to_owned());
                let of_day = fills.entry(place).or_default();
                entries += usize::from(!of_day.contains_key(&dates.value(row)));
                *of_day.entry(dates.value(row)).or_default() += sign * quantities.value(row);
            }
            Ok(entries)
        })
        .await?;
        Ok(Self::ByDay(fills))
    }

    /// What the days after `from` up to `until` added to a position.
    pub(super) fn between(&self, account: &str, code: &str, from: i32, until: i32) -> Option<f64> {
        let Self::ByDay(fills) = self else { return None };
        let of_days = fills.get(&(account.to_owned(), code.to_owned()));
        Some(of_days.map_or(0.0, |days| days.range(from + 1..=until).map(|(_, quantity)| quantity).sum()))
    }
}

/// Buying is above zero, selling below.
fn sign(side: &str) -> Option<f64> {
    match side.trim().to_lowercase().as_str() {
        "b" | "buy" | "bought" | "1" | "买" | "买入" => Some(1.0),
        "s" | "sell" | "sold" | "-1" | "2" | "卖" | "卖出" => Some(-1.0),
        _ => None,
    }
}

fn texts(array: &Option<ArrayRef>) -> Result<ArrayRef> {
    reference::texts(array.as_ref())
}

fn numbers(array: &Option<ArrayRef>) -> Result<ArrayRef> {
    let Some(array) = array else { return Ok(std::sync::Arc::new(arrow::array::Float64Array::new_null(0))) };
    let numbers = cast(array, &DataType::Float64)?;
    let Some(row) = (0..array.len()).find(|row| array.is_valid(*row) && numbers.is_null(*row)) else {
        return Ok(numbers);
    };
    let text = cast(array, &DataType::Utf8)?;
    let message = format!("`fills`: the quantity `{}` is no number", short(text.as_string::<i32>().value(row)));
    Err(Error::permanent(ErrorCode::ValueRefused, message).hint("Name its column: `columns: { qty: … }`."))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
