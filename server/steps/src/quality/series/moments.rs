//! Rows of one moment, moments outside of sessions, and values that are not there.

use super::{Current, MOST_GROUP, Series};
use crate::quality::calendar;
use crate::quality::columns::{Field, MICROS_A_DAY, Values};
use crate::quality::settings::Period;
use crate::quality::tally::Broken;
use model::anomaly::Severity;
use std::sync::Arc;

impl Series {
    /// Whether the row is another entity at the same moment: another index of the member, another
    /// order, or another account.
    pub(super) fn stands_apart(&mut self, current: &mut Current, values: &Arc<Values>, row: usize) -> bool {
        let apart = [Field::Index, Field::OrderId, Field::Account].into_iter().find(|field| self.columns.has(*field));
        let Some(field) = apart else { return false };
        let name = values.text(field, row);
        let is_other = current.group.iter().all(|(other, at)| other.text(field, *at) != name);
        if is_other && current.group.len() < MOST_GROUP {
            current.group.push((values.clone(), row));
        }
        is_other
    }

    /// A row whose name is empty is told once for each code (v10).
    pub(super) fn check_name(&mut self, current: &mut Current, values: &Values, row: usize, day: i32) {
        let is_empty = values.name(row).is_none_or(|name| name.trim().is_empty());
        if !is_empty || current.is_nameless || !self.columns.has(Field::Name) {
            return;
        }
        current.is_nameless = true;
        let column = self.columns.name(Field::Name).unwrap_or_default().to_owned();
        let reason = format!("`{column}` is empty");
        self.tally.add("v10", &current.code, || Broken { day: Some(day), column, reason, ..Broken::default() });
    }

    pub(super) fn duplicate(
        &mut self,
        current: &mut Current,
        values: &Arc<Values>,
        row: usize,
        day: i32,
        micros: Option<i64>,
    ) {
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

    pub(super) fn check_time(&mut self, current: &Current, day: i32, micros: Option<i64>) {
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

    pub(super) fn count_nulls(&mut self, values: &Values, row: usize) {
        for field in [Field::Open, Field::High, Field::Low, Field::Close, Field::Last, Field::Volume] {
            if self.columns.has(field) && values.number(field, row).is_none() {
                *self.totals.nulls.entry(field).or_default() += 1;
            }
        }
    }

    pub(super) fn finish_nulls(&mut self) {
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

/// Whether two rows are alike in every column.
fn same_row(left: &Values, row: usize, right: &Values, other: usize) -> bool {
    let columns = left.records.columns().iter().zip(right.records.columns());
    columns.into_iter().all(|(mine, theirs)| mine.slice(row, 1).as_ref() == theirs.slice(other, 1).as_ref())
}
