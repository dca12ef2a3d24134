//! After the rows: indexes, foreign keys, the next number of numbered columns, and the proof.

use super::columns::{Reading, Wishes, plan};
use super::look::{flavor, origin};
use super::sql::{literal, quote, quote_table};
use super::structure::translate;
use super::{TableJob, Validate};
use crate::diff::{DiffOptions, DifferenceKind, DifferenceSink, Side, Strategy, Totals};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::Relation;
use data::structure::{IndexStructure, TableStructure};
use data::{Connector, Mode, Result, System};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was done after the rows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Finished {
    /// Statements that were run.
    pub statements: Vec<String>,
    /// What could not be made, and why.
    pub notes: Vec<String>,
}

/// Makes indexes and foreign keys where the table was made by the migration (`created`), and sets the next numbers.
/// Run again it does only what is left.
///
/// # Errors
/// Whatever the systems meet; what was made stays.
pub async fn finish(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    tables: &BTreeMap<String, String>,
    created: bool,
) -> Result<Finished> {
    let mut finished = Finished::default();
    let Some(live) = to.structure(&job.table).await? else {
        return Err(crate::schema::not_found(to, &job.table).await);
    };
    if created {
        let to_flavor = flavor(to, job).await?;
        let (origin, _) = origin(from, job, false).await?;
        let wishes = Wishes { rules: &job.columns, skip: &job.skip, conversions: job.convert };
        let planned = plan(&origin, &wishes, to_flavor, None)?;
        let wanted = translate(&origin.structure, origin.system, &planned, to_flavor, &job.table, tables).structure;
        let mut whole = live.clone();
        let new = wanted.indexes.into_iter().filter(|index| !live.indexes.iter().any(|own| same_index(own, index)));
        whole.indexes.extend(new);
        let has = |key: &data::structure::ForeignKey| live.foreign_keys.iter().any(|own| own.columns == key.columns);
        let (mut keys, mut missing) = (Vec::new(), Vec::new());
        for key in wanted.foreign_keys.into_iter().filter(|key| !has(key)) {
            match to.find_table(&key.references).await? {
                Some(_) => keys.push(key),
                None => missing.push(key.references),
            }
        }
        whole.foreign_keys.extend(keys);
        for name in missing {
            finished.notes.push(format!("a foreign key to `{name}` is left out: the target has no such table"));
        }
        if whole != live {
            let changes = to.plan_table(&whole, Some(&live)).await?;
            for change in changes.changes {
                to.execute(&change.sql).await?;
                finished.statements.push(change.sql);
            }
            finished.notes.extend(changes.manual);
        }
    }
    if to.system() == System::Postgres {
        number(to, job, &live, &mut finished).await?;
    }
    Ok(finished)
}

fn same_index(own: &IndexStructure, wanted: &IndexStructure) -> bool {
    own.name == wanted.name
        || (own.columns == wanted.columns && own.unique == wanted.unique && own.filter == wanted.filter)
}

/// Lets numbering go on after the largest number that is there; other systems do that by themselves.
async fn number(to: &dyn Connector, job: &TableJob, live: &TableStructure, finished: &mut Finished) -> Result<()> {
    let table = quote_table(System::Postgres, &job.table);
    for column in live.columns.iter().filter(|column| column.auto_increment) {
        let name = quote(System::Postgres, &column.name);
        let (table_text, column_text) = (literal(System::Postgres, &table), literal(System::Postgres, &column.name));
        // A sequence that is further stays where it is: others may have taken numbers from it.
        let sql = format!(
            "DO $sluice$ DECLARE sequence text := pg_get_serial_sequence({table_text}, {column_text}); largest bigint; \
             reached bigint; used boolean; \
             BEGIN IF sequence IS NOT NULL THEN \
             SELECT max({name}) INTO largest FROM {table}; \
             EXECUTE format('SELECT last_value, is_called FROM %s', sequence) INTO reached, used; \
             IF largest IS NOT NULL AND (largest > reached OR (largest = reached AND NOT used)) THEN \
             PERFORM setval(sequence, largest, true); END IF; END IF; END $sluice$"
        );
        to.execute(&sql).await?;
        finished.statements.push(format!("-- `{}` goes on after its largest number", column.name));
    }
    Ok(())
}

/// What a proof found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Validation {
    /// Rows of the source.
    pub source_rows: u64,
    /// Rows of the target.
    pub target_rows: u64,
    /// Rows that differ: the difference of the numbers, or what a comparison counted.
    pub differences: u64,
    /// What a comparison counted.
    pub totals: Option<Totals>,
    /// In one word.
    pub verdict: Verdict,
}

/// Whether both sides are alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was compared.
    #[default]
    Skipped,
    /// They are, as far as was looked, within the threshold.
    Equal,
    /// They are not.
    Differs,
}

/// What is known of the target before it is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Rows that the target refused, and that are missing therefore.
    pub rejected: u64,
    /// Rows refused afterwards, which may be the same ones again.
    pub rejected_again: u64,
    /// Rows that were there before.
    pub rows_before: u64,
}

/// Compares both sides after a copy; at most `threshold` differences are borne.
///
/// # Errors
/// As for [`crate::diff::compare`].
pub async fn validate(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    how: Validate,
    threshold: u64,
    known: Known,
) -> Result<Validation> {
    let target = Side { relation: Relation::Table(job.table.clone()), filter: None };
    let mut validation = Validation::default();
    match how {
        Validate::None => return Ok(validation),
        Validate::Count => {
            let source = Side { relation: job.relation.clone(), filter: job.filter.clone() };
            (validation.source_rows, validation.target_rows) =
                crate::count::count_both((from, &source), (to, &target)).await?;
            let most = validation.source_rows.saturating_sub(known.rejected);
            let least = most.saturating_sub(known.rejected_again);
            validation.differences = match job.mode {
                // Rows that were there before may be among the source's.
                Mode::Upsert | Mode::Replace | Mode::InsertIgnore => least.saturating_sub(validation.target_rows),
                _ => {
                    let (least, most) = (least + known.rows_before, most + known.rows_before);
                    validation.target_rows.abs_diff(validation.target_rows.clamp(least, most))
                }
            };
        }
        Validate::Checksum | Validate::Diff => {
            let (origin, _) = origin(from, job, false).await?;
            let Some(live) = to.structure(&job.table).await? else {
                return Err(crate::schema::not_found(to, &job.table).await);
            };
            let wishes = Wishes { rules: &job.columns, skip: &job.skip, conversions: job.convert };
            let planned = plan(&origin, &wishes, flavor(to, job).await?, Some(&live))?;
            let reading = Reading::of(&origin, &planned, job.filter.as_deref(), None);
            let source = Side { relation: reading.relation.clone(), filter: reading.filter.clone() };
            let key: Vec<String> = origin
                .key
                .iter()
                .filter_map(|key| {
                    let planned =
                        planned.iter().find(|column| column.origin.as_ref().is_some_and(|own| own.name == *key))?;
                    reading.columns.iter().find(|(_, target)| *target == planned.target).map(|(read, _)| read.clone())
                })
                .collect();
            let key = if key.len() == origin.key.len() { key } else { Vec::new() };
            let strategy = if how == Validate::Checksum { Strategy::Checksum } else { Strategy::Merge };
            let options = DiffOptions {
                key,
                strategy,
                columns: reading.columns.iter().map(|(read, _)| read.clone()).collect(),
                mapping: reading.columns.iter().filter(|(read, target)| read != target).cloned().collect(),
                ..DiffOptions::default()
            };
            let totals = crate::diff::compare((from, &source), (to, &target), &options, &mut Nowhere).await?;
            (validation.source_rows, validation.target_rows) = (totals.left_rows, totals.right_rows);
            let extra = match job.mode {
                Mode::Truncate => totals.extra,
                // Rows that were there before are not the copy's.
                _ => totals.extra.saturating_sub(known.rows_before),
            };
            let rejected = known.rejected + known.rejected_again;
            validation.differences = totals.missing.saturating_sub(rejected) + totals.changed + extra;
            validation.totals = Some(totals);
        }
    }
    validation.verdict = if validation.differences <= threshold { Verdict::Equal } else { Verdict::Differs };
    Ok(validation)
}

/// Differences are only counted.
struct Nowhere;

#[async_trait]
impl DifferenceSink for Nowhere {
    async fn take(&mut self, _: DifferenceKind, _: RecordBatch) -> Result<()> {
        Ok(())
    }
}
