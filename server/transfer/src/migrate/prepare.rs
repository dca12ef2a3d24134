//! Before the rows: the look, the target's table, and where the source is cut.

use super::columns::{Reading, Reads};
use super::look::{Hazard, Seen, look, origin};
use super::structure::{Translated, translate};
use super::types::{Place, spell};
use super::{Look, TableJob};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use data::connector::Relation;
use data::split::SplitRequest;
use data::structure::TableStructure;
use data::{Batch, Connector, Error, Lane, LedgerKey, Mode, Result, WriteOptions};
use model::ErrorCode;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What was found and made.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    /// The target's table.
    pub table: String,
    /// Whether it was made now, or had been made and was still empty; its indexes and foreign keys then come after the rows.
    pub created: bool,
    /// What goes where.
    pub columns: Vec<PreparedColumn>,
    /// What people should know of the values.
    pub hazards: Vec<Hazard>,
    /// What people should know of the structure.
    pub notes: Vec<String>,
    /// The statements that make the table.
    pub statements: Vec<String>,
    /// The source's own guess of its rows.
    pub row_estimate: Option<u64>,
    /// Rows that were in the target before.
    pub rows_before: u64,
}

/// What one column of the target gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreparedColumn {
    /// The target's column.
    pub target: String,
    /// Its type there.
    pub target_type: String,
    /// The source's column, or an expression in its SQL; none where the target computes it.
    pub source: Option<String>,
    /// Its type there.
    pub source_type: Option<String>,
}

/// Looks at both sides and tells what would be done; nothing is changed. What would be lost is told, not refused.
///
/// # Errors
/// `table_not_found`, `column_not_found`, `invalid_value`, `unsupported`, and whatever the systems meet.
pub async fn examine(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    tables: &BTreeMap<String, String>,
) -> Result<Prepared> {
    let seen = look(from, to, job).await?;
    let translated = translated(&seen, job, tables);
    let statements = match &seen.live {
        Some(_) => Vec::new(),
        None => super::enums::planned(to, &first_part(&translated.structure), &translated.types).await?,
    };
    Ok(told(&seen, translated, statements, job))
}

/// Looks, refuses what would be lost, makes the table and empties it where that is asked for.
///
/// `ledger` names the emptying, so that an attempt that was stopped and wakes later empties nothing.
///
/// # Errors
/// As for [`examine`], and `loss_not_allowed`.
pub async fn prepare(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    tables: &BTreeMap<String, String>,
    ledger: Option<LedgerKey>,
) -> Result<Prepared> {
    let seen = look(from, to, job).await?;
    if let Some(refusal) = seen.refusal() {
        return Err(refusal);
    }
    let translated = translated(&seen, job, tables);
    let mut statements = Vec::new();
    let mut is_fresh = false;
    let mut rows_before = 0;
    match &seen.live {
        None if !job.create => {
            let error = crate::schema::not_found(to, &job.table).await;
            return Err(error.hint("Set `create: true` to make it from the source's structure."));
        }
        None => {
            for sql in super::enums::statements(&translated.types) {
                to.execute(&sql).await?;
                statements.push(sql);
            }
            let plan = to.plan_table(&first_part(&translated.structure), None).await?;
            for change in plan.changes {
                to.execute(&change.sql).await?;
                statements.push(change.sql);
            }
            is_fresh = true;
        }
        Some(live) => {
            rows_before = to.count(&Relation::Table(job.table.clone()), None).await?;
            // An attempt that ended between making the table and saying so has left it empty and bare.
            let is_bare = live.indexes.is_empty() && live.foreign_keys.is_empty();
            is_fresh |= job.create && rows_before == 0 && is_bare;
        }
    }
    if job.mode == Mode::Truncate && rows_before > 0 {
        empty(to, job, &seen, ledger).await?;
        rows_before = 0;
    }
    let mut prepared = told(&seen, translated, statements, job);
    prepared.created = is_fresh;
    prepared.rows_before = rows_before;
    Ok(prepared)
}

fn translated(seen: &Seen, job: &TableJob, tables: &BTreeMap<String, String>) -> Translated {
    translate(&seen.origin.structure, seen.origin.system, &seen.planned, seen.to, &job.table, tables)
}

/// The table without what comes after the rows. A unique index that has to tell rows apart is needed at once.
fn first_part(whole: &TableStructure) -> TableStructure {
    let mut first = TableStructure { indexes: Vec::new(), foreign_keys: Vec::new(), ..whole.clone() };
    if whole.primary_key.is_empty() {
        first.indexes.extend(whole.indexes.iter().find(|index| index.unique && index.filter.is_none()).cloned());
    }
    first
}

fn told(seen: &Seen, translated: Translated, statements: Vec<String>, job: &TableJob) -> Prepared {
    let column = |planned: &super::columns::Planned| {
        let live = seen.live.as_ref().and_then(|live| live.column(&planned.target));
        let made = live.or_else(|| translated.structure.column(&planned.target));
        let source = match &planned.reads {
            Reads::Nothing => None,
            Reads::Column(name) => Some(name.clone()),
            Reads::Expression(sql) => Some(sql.clone()),
        };
        PreparedColumn {
            target: planned.target.clone(),
            target_type: made.map_or_else(
                || spell(seen.to.system, &planned.neutral, Place::default()),
                |column| column.native_type.clone(),
            ),
            source,
            source_type: planned.origin.as_ref().map(|origin| origin.native_type.clone()),
        }
    };
    Prepared {
        table: job.table.clone(),
        created: false,
        columns: seen.planned.iter().map(column).collect(),
        hazards: seen.hazards.clone(),
        notes: if seen.live.is_some() { Vec::new() } else { translated.notes },
        statements,
        row_estimate: seen.row_estimate,
        rows_before: 0,
    }
}

/// Empties the target by a sink without rows.
async fn empty(to: &dyn Connector, job: &TableJob, seen: &Seen, ledger: Option<LedgerKey>) -> Result<()> {
    let reading = Reading::of(&seen.origin, &seen.planned, None, None);
    let names: Vec<String> = reading.columns.into_iter().map(|(_, target)| target).collect();
    let Some(info) = to.find_table(&job.table).await? else {
        return Err(crate::schema::not_found(to, &job.table).await);
    };
    let fields = info.columns.iter().filter(|column| names.contains(&column.name));
    let fields = fields.map(|column| arrow::datatypes::Field::new(&column.name, column.data_type.clone(), true));
    let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    let is_ledgered = ledger.is_some();
    let options = WriteOptions { mode: Mode::Truncate, create: false, ledger, ..WriteOptions::append(&job.table) };
    let mut sink = to.write(schema.clone(), options).await?;
    let lane = Lane::new("rows");
    if is_ledgered && sink.claim(&lane).await?.is_some() {
        return Ok(());
    }
    let records = arrow::record_batch::RecordBatch::new_empty(schema);
    sink.write(&Batch { lane, sequence: 1, checkpoint: None, records }).await?;
    sink.finish().await
}

/// Where the source is cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// The condition of each range; one without condition where it is not cut.
    pub ranges: Vec<Option<String>>,
    /// How the boundaries were found, or why there are none.
    pub how: String,
    /// How many rows there are, about.
    pub rows: Option<u64>,
}

/// The conditions that cut the source into ranges of about `rows` rows, at most `most` of them; one without condition where
/// it cannot be cut or need not be.
///
/// # Errors
/// Whatever the source meets.
pub async fn ranges(from: &dyn Connector, job: &TableJob, rows: u64, most: usize) -> Result<Cut> {
    let uncut = |why: &str, rows: Option<u64>| Ok(Cut { ranges: vec![None], how: why.to_owned(), rows });
    let Relation::Table(table) = &job.relation else { return uncut("a query is one range", None) };
    let Some(info) = from.find_table(table).await? else { return Err(crate::schema::not_found(from, table).await) };
    let key = if job.key.is_empty() { info.key } else { job.key.clone() };
    if key.is_empty() {
        return uncut("a table without a key is one range", info.row_estimate);
    }
    let estimate = match info.row_estimate {
        Some(estimate) => estimate,
        None => from.count(&job.relation, job.filter.as_deref()).await?,
    };
    let whole = |why: &str| uncut(why, Some(estimate));
    let parts = usize::try_from(estimate.div_ceil(rows.max(1))).unwrap_or(usize::MAX).clamp(1, most.max(1));
    if parts < 2 {
        return whole("the table is small enough for one range");
    }
    let request = SplitRequest { relation: job.relation.clone(), filter: job.filter.clone(), key: key.clone(), parts };
    let split = match from.split(&request).await {
        Ok(split) => split,
        Err(error) if error.code() == ErrorCode::Unsupported => return whole(&error.fault.message),
        Err(error) => return Err(error),
    };
    let mut filters = Vec::with_capacity(split.bounds.len() + 1);
    for range in split.ranges() {
        let filter = from.range_filter(table, &key, &range).await?;
        if !filter.indexed {
            // Every range would read the whole table.
            return whole("no index finds a range of the key");
        }
        filters.push(filter.filter);
    }
    Ok(Cut { ranges: filters, how: split.how, rows: Some(estimate) })
}

/// The first rows as they would arrive.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Each row by the target's names, values as text.
    pub rows: Vec<Map<String, Value>>,
}

/// Reads the first rows as they would be written.
///
/// # Errors
/// As for [`examine`].
pub async fn sample(from: &dyn Connector, to: &dyn Connector, job: &TableJob, rows: u64) -> Result<Sample> {
    let quick = TableJob { look: Look::Structure, ..job.clone() };
    let seen = look(from, to, &quick).await?;
    let reading = Reading::of(&seen.origin, &seen.planned, job.filter.as_deref(), None);
    let mut options = reading.options();
    options.limit = Some(rows);
    let mut source = from.read(options).await?;
    let mut sample = Sample::default();
    let shown = |error: arrow::error::ArrowError| Error::permanent(ErrorCode::ValueRefused, error.to_string());
    let format = FormatOptions::default();
    while let Some(batch) = source.next().await? {
        let columns = batch.records.columns().iter();
        let formatters: Vec<ArrayFormatter<'_>> = columns
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &format))
            .collect::<Result<_, _>>()
            .map_err(shown)?;
        for row in 0..batch.records.num_rows() {
            let value = |place: usize| match batch.records.column(place).is_null(row) {
                true => Value::Null,
                false => Value::String(formatters[place].value(row).to_string()),
            };
            let named = reading.columns.iter().enumerate();
            sample.rows.push(named.map(|(place, (_, target))| (target.clone(), value(place))).collect());
        }
    }
    Ok(sample)
}

/// What a chunk needs to know: the columns as they are read now, without looking at the values.
pub(super) async fn reading(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    range: Option<&str>,
) -> Result<Reading> {
    let flavor = super::look::flavor(to, job).await?;
    let Some(live) = to.structure(&job.table).await? else {
        return Err(crate::schema::not_found(to, &job.table).await);
    };
    let (origin, _) = origin(from, job, false).await?;
    let wishes = super::columns::Wishes { rules: &job.columns, skip: &job.skip, conversions: job.convert };
    let planned = super::columns::plan(&origin, &wishes, flavor, Some(&live))?;
    Ok(Reading::of(&origin, &planned, job.filter.as_deref(), range))
}
