//! A second table beside the one that is checked: another source of the same rows (d3), or daily bars beside minute
//! bars (v11). Both are read in the order of code and time and go side by side.

use super::columns::{Columns, Field, Values};
use super::series::DayBar;
use super::settings::Reference;
use super::tally::{Broken, Tally};
use super::{open_ordered, out_of_order};
use crate::kind::StepContext;
use data::connector::{ReadOptions, Relation};
use data::{Result, Source};
use std::collections::BTreeMap;

/// Fields that two sources have to agree on.
const SHARED: [Field; 9] = [
    Field::Open,
    Field::High,
    Field::Low,
    Field::Close,
    Field::Last,
    Field::PreClose,
    Field::Volume,
    Field::Amount,
    Field::AdjFactor,
];

/// What tells rows apart: code, day and moment.
type Key = (String, i32, Option<i64>);

/// A second table, read row by row.
pub(super) struct Against {
    source: Box<dyn Source>,
    columns: Columns,
    /// How people call it.
    name: String,
    offset: i64,
    batch: Option<(Values, usize)>,
    key: Option<Key>,
    pub(super) compared: u64,
}

impl Against {
    pub(super) async fn open(reference: &Reference, context: &StepContext, offset: i64) -> Result<Self> {
        let connector = context.connections.get(&reference.connection).await?;
        let relation = Relation::Table(reference.table.clone());
        let options = ReadOptions { filter: reference.filter.clone(), ..ReadOptions::table(&reference.table) };
        let source =
            open_ordered(connector.as_ref(), &reference.connection, &relation, options, &reference.columns).await?;
        let columns = Columns::find(&reference.columns, &source.schema())?;
        let name = format!("{}.{}", reference.connection, reference.table);
        Ok(Self { source, columns, name, offset, batch: None, key: None, compared: 0 })
    }

    /// Goes to the first row that does not lie before the key; tells whether it has just that key.
    async fn seek(&mut self, code: &str, day: i32, micros: Option<i64>) -> Result<bool> {
        loop {
            let place = |key: &Key| (key.0.as_str(), key.1, key.2).cmp(&(code, day, micros));
            match self.key.as_ref().map(place) {
                Some(std::cmp::Ordering::Less) | None => {}
                Some(found) => return Ok(found.is_eq()),
            }
            if !self.step().await? {
                return Ok(false);
            }
        }
    }

    /// Goes to the next row that has a key; tells whether there is one.
    async fn step(&mut self) -> Result<bool> {
        loop {
            let next = match &self.batch {
                Some((values, row)) if row + 1 < values.records.num_rows() => Some(row + 1),
                _ => None,
            };
            match (next, &mut self.batch) {
                (Some(next), Some((_, row))) => *row = next,
                _ => {
                    let Some(batch) = self.source.next().await? else { return Ok(false) };
                    if batch.records.num_rows() == 0 {
                        continue;
                    }
                    self.batch = Some((Values::of(&self.columns, batch.records, self.offset)?, 0));
                }
            }
            let Some((values, row)) = &self.batch else { return Ok(false) };
            let (Some(code), Some(day)) = (values.code(*row), values.day(*row)) else { continue };
            let key = (code.to_owned(), day, values.micros(*row));
            if self.key.as_ref().is_some_and(|before| key < *before) {
                return Err(out_of_order(code));
            }
            self.key = Some(key);
            return Ok(true);
        }
    }

    /// The figure of the row that was sought.
    fn number(&self, field: Field) -> Option<f64> {
        let (values, row) = self.batch.as_ref()?;
        values.number(field, *row)
    }

    /// Holds rows against those of the same key (d3).
    pub(super) async fn compare(
        &mut self,
        values: &Values,
        columns: &Columns,
        slack: f64,
        tally: &mut Tally,
    ) -> Result<()> {
        for row in 0..values.records.num_rows() {
            let (Some(code), Some(day), micros) = (values.code(row), values.day(row), values.micros(row)) else {
                continue;
            };
            if !self.seek(code, day, micros).await? {
                continue;
            }
            self.compared += 1;
            let mut differing = Vec::new();
            for field in SHARED {
                if let (Some(here), Some(there)) = (values.number(field, row), self.number(field))
                    && (here - there).abs() > here.abs().max(there.abs()) * slack
                {
                    differing.push((field, here, there));
                }
            }
            let Some((field, here, _)) = differing.first().copied() else { continue };
            let told: Vec<String> =
                differing.iter().map(|(field, here, there)| format!("{} {here} and {there}", field.word())).collect();
            let reason = format!("this table and `{}` have {}", self.name, told.join(", "));
            let column = columns.name(field).unwrap_or_default().to_owned();
            let value = here.to_string();
            tally.add("d3", code, || Broken { day: Some(day), micros, column, value, reason, ..Broken::default() });
        }
        Ok(())
    }

    /// Holds what the bars of a day make together against the day's own bar (v11).
    pub(super) async fn compare_days(&mut self, bars: Vec<DayBar>, slack: f64, tally: &mut Tally) -> Result<()> {
        for bar in bars {
            // A daily table may carry the moment of its bars.
            let mut there = self.seek(&bar.code, bar.day, None).await?;
            if !there && self.key.as_ref().is_some_and(|key| key.0 == bar.code && key.1 == bar.day) {
                there = true;
            }
            if !there {
                continue;
            }
            self.compared += 1;
            let prices =
                [(Field::Open, bar.open), (Field::High, bar.high), (Field::Low, bar.low), (Field::Close, bar.close)];
            let mut differing: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
            for (field, made) in prices {
                if let (Some(made), Some(day)) = (made, self.number(field))
                    && (made - day).abs() > day.abs() * 1e-6
                {
                    differing.insert(field.word(), (made, day));
                }
            }
            if let (Some(made), Some(day)) = (bar.volume, self.number(Field::Volume))
                && (made - day).abs() > day.abs() * slack
            {
                differing.insert(Field::Volume.word(), (made, day));
            }
            let told: Vec<String> =
                differing.iter().map(|(word, (made, day))| format!("{word} {made} rather than {day}")).collect();
            let Some((column, (made, _))) = differing.first_key_value() else { continue };
            let reason = format!("its bars make {} of `{}`", told.join(", "), self.name);
            let (column, value) = ((*column).to_owned(), made.to_string());
            tally.add("v11", &bar.code, || Broken { day: Some(bar.day), column, value, reason, ..Broken::default() });
        }
        Ok(())
    }
}
