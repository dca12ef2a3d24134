//! Orders, positions and cash (v14): what is filled fits the order, its status and its fills; a position and a balance follow
//! from what changed them.
//!
//! Rows of one order are looked at in the order of their time. A cash table is read with its account as the code.

use super::columns::{Columns, Field, Values};
use super::fills::Fills;
use super::tally::{Broken, Tally};
use std::collections::HashMap;

/// Orders that are kept at most.
const MOST: usize = 2_000_000;
/// Quantities differ by more than what a double makes of them.
const SLACK: f64 = 1e-6;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Partial,
    Filled,
    Canceled,
    Rejected,
}

impl State {
    fn of(word: &str) -> Option<Self> {
        let word: String = word.trim().to_lowercase().chars().filter(|char| char.is_alphanumeric()).collect();
        Some(match word.as_str() {
            "new" | "open" | "submitted" | "accepted" | "reported" | "pending" | "queued" | "已报" | "未报"
            | "未成交" => Self::New,
            "partial" | "partiallyfilled" | "partfilled" | "parttraded" | "部成" | "部分成交" => Self::Partial,
            "filled" | "done" | "completed" | "complete" | "alltraded" | "traded" | "已成" | "全部成交" => {
                Self::Filled
            }
            "canceled" | "cancelled" | "expired" | "partcanceled" | "已撤" | "撤单" | "部撤" => Self::Canceled,
            "rejected" | "invalid" | "废单" => Self::Rejected,
            _ => return None,
        })
    }

    fn is_end(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Rejected)
    }

    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Partial => "partially filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Rejected => "rejected",
        }
    }

    /// Why so much of an order cannot be filled in this state.
    fn refuses(self, filled: f64, quantity: f64) -> Option<String> {
        let fits = match self {
            Self::New | Self::Rejected => filled.abs() <= SLACK,
            Self::Partial => filled > SLACK && filled < quantity - SLACK,
            Self::Filled => (filled - quantity).abs() <= SLACK,
            Self::Canceled => true,
        };
        (!fits).then(|| format!("the order is {}, and {filled} of {quantity} are filled", self.word()))
    }
}

#[derive(Debug)]
struct Order {
    code: String,
    day: i32,
    micros: Option<i64>,
    state: Option<State>,
    filled: f64,
}

/// What is kept of orders and balances.
#[derive(Debug, Default)]
pub(super) struct Orders {
    orders: HashMap<String, Order>,
    /// The account whose rows are coming in, and its balance.
    balance: Option<(String, f64)>,
    /// Day and quantity of each account's position in the code whose rows are coming in.
    positions: HashMap<String, (String, i32, f64)>,
}

/// One row on its way.
pub(super) struct Moment<'a> {
    pub(super) code: &'a str,
    pub(super) day: i32,
    pub(super) micros: Option<i64>,
}

impl Orders {
    pub(super) fn take(
        &mut self,
        values: &Values,
        row: usize,
        at: &Moment<'_>,
        fills: Option<&Fills>,
        columns: &Columns,
        tally: &mut Tally,
    ) {
        let mut tell = |field: Field, value: String, reason: String| {
            let column = columns.name(field).unwrap_or_default().to_owned();
            let (day, micros) = (Some(at.day), at.micros);
            tally.add("v14", at.code, || Broken { day, micros, column, value, reason, ..Broken::default() });
        };
        self.check_balance(values, row, at, &mut tell);
        if let Some(fills) = fills {
            self.check_position(values, row, at, fills, &mut tell);
        }
        let (Some(quantity), Some(filled)) =
            (values.number(Field::Quantity, row), values.number(Field::FilledQuantity, row))
        else {
            return;
        };
        if filled < -SLACK || filled > quantity + SLACK {
            tell(Field::FilledQuantity, filled.to_string(), format!("{filled} of {quantity} are filled"));
            return;
        }
        let state = values.text(Field::Status, row).and_then(State::of);
        if let Some(reason) = state.and_then(|state| state.refuses(filled, quantity)) {
            tell(Field::Status, values.text(Field::Status, row).unwrap_or_default().to_owned(), reason);
            return;
        }
        let Some(id) = values.text(Field::OrderId, row) else { return };
        let now = Order { code: at.code.to_owned(), day: at.day, micros: at.micros, state, filled };
        let Some(before) = self.orders.get_mut(id) else {
            if self.orders.len() < MOST {
                self.orders.insert(id.to_owned(), now);
            }
            return;
        };
        if let (Some(was), Some(is)) = (before.state, state)
            && was != is
            && (was.is_end() || (was, is) == (State::Partial, State::New))
        {
            let reason = format!("order `{id}` goes from {} to {}", was.word(), is.word());
            tell(Field::Status, is.word().to_owned(), reason);
        } else if filled < before.filled - SLACK {
            let reason = format!("what is filled of order `{id}` falls from {} to {filled}", before.filled);
            tell(Field::FilledQuantity, filled.to_string(), reason);
        }
        *before = now;
    }

    fn check_balance(
        &mut self,
        values: &Values,
        row: usize,
        at: &Moment<'_>,
        tell: &mut impl FnMut(Field, String, String),
    ) {
        let Some(balance) = values.number(Field::Balance, row) else { return };
        let before = self.balance.replace((at.code.to_owned(), balance));
        let (Some((account, before)), Some(change)) = (before, values.number(Field::Change, row)) else { return };
        // A cent is more than what a double makes of sums.
        if account == at.code && (before + change - balance).abs() > 0.005_f64.max(balance.abs() * 1e-12) {
            let reason =
                format!("the balance is {balance}, and {before} with a change of {change} make {}", before + change);
            tell(Field::Balance, balance.to_string(), reason);
        }
    }

    fn check_position(
        &mut self,
        values: &Values,
        row: usize,
        at: &Moment<'_>,
        fills: &Fills,
        tell: &mut impl FnMut(Field, String, String),
    ) {
        let Some(quantity) = values.number(Field::Quantity, row) else { return };
        let account = values.text(Field::Account, row).unwrap_or_default();
        let before = self.positions.insert(account.to_owned(), (at.code.to_owned(), at.day, quantity));
        let Some((_, day, before)) = before.filter(|(code, ..)| code == at.code) else { return };
        let Some(added) = fills.between(account, at.code, day, at.day) else { return };
        if (before + added - quantity).abs() > SLACK.max(quantity.abs() * 1e-12) {
            let reason =
                format!("the position is {quantity}, and {before} with fills of {added} make {}", before + added);
            tell(Field::Quantity, quantity.to_string(), reason);
        }
    }

    /// Holds what orders say is filled against the sums of their fills.
    pub(super) fn finish(&mut self, fills: Option<&Fills>, columns: &Columns, tally: &mut Tally) {
        let Some(Fills::ByOrder(fills)) = fills else { return };
        let mut orders: Vec<(String, Order)> = std::mem::take(&mut self.orders).into_iter().collect();
        orders.sort_by(|left, right| left.0.cmp(&right.0));
        for (id, order) in orders {
            let sum = fills.get(&id).copied().unwrap_or_default();
            if (sum - order.filled).abs() > SLACK.max(sum.abs() * 1e-12) {
                let column = columns.name(Field::FilledQuantity).unwrap_or_default().to_owned();
                let reason = format!("order `{id}` has {} filled, its fills sum to {sum}", order.filled);
                let (day, micros, value) = (Some(order.day), order.micros, order.filled.to_string());
                tally.add("v14", &order.code, || Broken { day, micros, column, value, reason, ..Broken::default() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_however_they_are_spelled() {
        for (word, state) in [
            ("Partially-Filled", State::Partial),
            ("ALL_TRADED", State::Filled),
            ("cancelled", State::Canceled),
            ("废单", State::Rejected),
            ("部成", State::Partial),
        ] {
            assert_eq!(State::of(word), Some(state), "{word}");
        }
        assert_eq!(State::of("whatever"), None);
    }
}
