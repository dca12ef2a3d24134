//! `quality`: holds the rows of a table against the rules for market data, and tells how good they are.
//!
//! Rows are read in the order of code and time and judged as they come (`quality/series.rs`), so that a table of any
//! size is checked in the memory of its codes and days. `quality/tally.rs` lists the rules, `quality/settings.rs` what
//! users write, `quality/market.rs` boards and price limits.

mod against;
mod calendar;
mod codes;
mod columns;
mod drift;
mod facts;
mod fills;
mod freshness;
mod history;
mod market;
mod orders;
mod reference;
mod repeats;
mod report;
mod row;
mod series;
mod settings;
mod tally;
#[cfg(test)]
mod tests;
mod weights;

use crate::kind::{Action, ActionReport, Flow, Opened, Outputs, StepContext, StepKind};
use crate::settings::read;
use crate::watching::{self, Rules};
use against::Against;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use columns::{Columns, Values};
use data::connector::{ReadOptions, Relation};
use data::source::MemorySource;
use data::{Batch, Connector, Error, Lane, Result, Source};
use facts::Facts;
use model::anomaly::Severity;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use report::{anomalies, anomaly_rules, check_columns, skipped};
use serde_json::{Map, Value, json};
use series::Series;
use settings::Settings;
use std::collections::BTreeMap;
use std::sync::Arc;
use tally::{Broken, Tally, findings_schema};

/// Rows that are put in order in memory at most, where they do not come so from a store.
const MOST_IN_MEMORY: usize = 2_000_000;

/// The step kind `quality`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quality;

#[async_trait]
impl StepKind for Quality {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "quality".to_owned(),
            summary: "Holds market data against a calendar, price limits and its own past, and scores it.".to_owned(),
            schema: settings::schema(),
            inputs: Inputs::Optional,
            ports: vec!["findings".to_owned()],
            named_ports: false,
            outputs: [
                "score",
                "grade",
                "errors",
                "warnings",
                "infos",
                "rows",
                "codes",
                "expected",
                "first",
                "last",
                "rules",
                "skipped",
                "freshness",
                "calendar",
                "anomalies",
            ]
            .map(ToOwned::to_owned)
            .to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        settings::check(with)
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = read(&context.step)?;
        let has_input = !context.step.from.is_empty();
        let checking = Checking { context, settings };
        Ok(match checking.settings.place(has_input)? {
            Some((connection, relation)) => Opened::Action(Box::new(Reading { checking, connection, relation })),
            None => Opened::Flow(Box::new(Gathering {
                checking,
                lane: None,
                batches: Vec::new(),
                rows: 0,
                outputs: Map::new(),
            })),
        })
    }
}

/// Rows of a connection.
struct Reading {
    checking: Checking,
    connection: String,
    relation: Relation,
}

#[async_trait]
impl Action for Reading {
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport> {
        let connector = self.checking.context.connections.get(&self.connection).await?;
        let options = ReadOptions {
            filter: self.checking.settings.filter.clone(),
            ..match &self.relation {
                Relation::Table(table) => ReadOptions::table(table),
                Relation::Query(query) => ReadOptions::query(query),
            }
        };
        let named = &self.checking.settings.columns;
        let source = open_ordered(connector.as_ref(), &self.connection, &self.relation, options, named).await?;
        let table = match &self.relation {
            Relation::Table(table) => table.as_str(),
            Relation::Query(_) => "",
        };
        let verdict = self.checking.check(source, (&self.connection, table)).await?;
        let lane = Lane::new(&format!("{}.findings", self.checking.context.step.id));
        send(&verdict, &lane, out).await?;
        Ok(ActionReport {
            outputs: verdict.outputs,
            rows_in: verdict.rows,
            rows_out: verdict.kept,
            ..ActionReport::default()
        })
    }
}

/// Rows of a table or query in the order of code and time, by the store or in memory.
async fn open_ordered(
    connector: &dyn Connector,
    connection: &str,
    relation: &Relation,
    options: ReadOptions,
    named: &BTreeMap<String, String>,
) -> Result<Box<dyn Source>> {
    let schema = match relation {
        Relation::Table(table) => match connector.find_table(table).await? {
            Some(info) => {
                let fields = info.columns.iter().map(|column| {
                    arrow::datatypes::Field::new(&column.name, column.data_type.clone(), column.nullable)
                });
                Schema::new(fields.collect::<Vec<_>>())
            }
            None => {
                return Err(Error::permanent(
                    ErrorCode::TableNotFound,
                    format!("connection `{connection}` has no table `{table}`"),
                )
                .hint("Look at the table's name."));
            }
        },
        Relation::Query(_) => {
            let source = connector.read(ReadOptions { limit: Some(1), ..options.clone() }).await?;
            source.schema().as_ref().clone()
        }
    };
    if connector.abilities().ordered_read {
        let columns = Columns::find(named, &schema)?;
        return connector.read(ReadOptions { order_by: columns.order(), ..options }).await;
    }
    let mut source = connector.read(options).await?;
    let (schema, mut batches, mut rows) = (source.schema(), Vec::new(), 0);
    while let Some(batch) = source.next().await? {
        rows += batch.records.num_rows();
        check_room(rows)?;
        batches.push(batch.records);
    }
    in_order(&schema, &batches, &Columns::find(named, &schema)?)
}

/// Rows that come in by `from`.
struct Gathering {
    checking: Checking,
    lane: Option<(Lane, SchemaRef)>,
    batches: Vec<RecordBatch>,
    rows: usize,
    outputs: Map<String, Value>,
}

#[async_trait]
impl Flow for Gathering {
    fn is_stateful(&self) -> bool {
        true
    }

    fn is_deterministic(&self) -> bool {
        // The clock decides what is stale.
        false
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        match &self.lane {
            None => self.lane = Some((batch.lane.clone(), batch.records.schema())),
            Some((lane, _)) if *lane == batch.lane => {}
            Some((lane, _)) => {
                return Err(Error::permanent(
                    ErrorCode::InvalidValue,
                    format!("rows come in from both `{lane}` and `{}`", batch.lane),
                )
                .hint("Give each its own `quality` step."));
            }
        }
        if batch.sequence == 0 {
            return out.send("findings", batch.with_records(RecordBatch::new_empty(findings_schema()))).await;
        }
        self.rows += batch.records.num_rows();
        check_room(self.rows)?;
        self.batches.push(batch.records);
        Ok(())
    }

    async fn finish(&mut self, out: &mut Outputs<'_>) -> Result<()> {
        let Some((lane, schema)) = self.lane.take() else { return Ok(()) };
        let columns = Columns::find(&self.checking.settings.columns, &schema)?;
        let source = in_order(&schema, &std::mem::take(&mut self.batches), &columns)?;
        let verdict = self.checking.check(source, ("", "")).await?;
        send(&verdict, &lane, out).await?;
        self.outputs = verdict.outputs;
        Ok(())
    }

    fn outputs(&self) -> Map<String, Value> {
        self.outputs.clone()
    }
}

async fn send(verdict: &Verdict, lane: &Lane, out: &mut Outputs<'_>) -> Result<()> {
    for (records, sequence) in verdict.findings.iter().zip(1..) {
        let batch = Batch { lane: lane.clone(), sequence, checkpoint: None, records: records.clone() };
        out.send("findings", batch).await?;
    }
    Ok(())
}

fn check_room(rows: usize) -> Result<()> {
    if rows <= MOST_IN_MEMORY {
        return Ok(());
    }
    Err(Error::permanent(
        ErrorCode::InvalidValue,
        format!("more than {MOST_IN_MEMORY} rows came in, and they must be put in order in memory"),
    )
    .hint("Write them to a table first and check that, or narrow them."))
}

/// The rows in the order of code and time.
fn in_order(schema: &SchemaRef, batches: &[RecordBatch], columns: &Columns) -> Result<Box<dyn Source>> {
    let all = concat_batches(schema, batches)?;
    let keys: Vec<SortColumn> = columns
        .order()
        .iter()
        .filter_map(|name| all.column_by_name(name))
        .map(|values| SortColumn { values: values.clone(), options: None })
        .collect();
    let sorted = take_record_batch(&all, &lexsort_to_indices(&keys, None)?)?;
    let pieces = (0..sorted.num_rows()).step_by(data::BATCH_ROWS);
    let batches = pieces.map(|from| sorted.slice(from, data::BATCH_ROWS.min(sorted.num_rows() - from))).collect();
    Ok(Box::new(MemorySource::new(schema.clone(), batches)))
}

fn out_of_order(code: &str) -> Error {
    Error::permanent(ErrorCode::InvalidValue, format!("the rows of code `{code}` do not come in order of their time"))
        .hint("A column of dates as text must be spelled so that it sorts by day, such as 2024-01-02.")
}

/// What was found.
struct Verdict {
    outputs: Map<String, Value>,
    findings: Vec<RecordBatch>,
    rows: u64,
    kept: u64,
}

struct Checking {
    context: StepContext,
    settings: Settings,
}

impl Checking {
    /// Holds rows, which come in order, against all rules.
    async fn check(&self, mut source: Box<dyn Source>, place: (&str, &str)) -> Result<Verdict> {
        let (context, settings) = (&self.context, &self.settings);
        let rules = Rules::load(context).await?;
        let schema = source.schema();
        let columns = Columns::find(&settings.columns, &schema)?;
        let facts = Facts::load(settings, context, &columns).await?;
        let offset = facts.offset;
        let mut tally = Tally::new(settings.enabled(), settings.max_findings);
        check_columns(settings, &schema, &mut tally);
        let skipped = skipped(settings, &facts, &columns, &tally);
        let calendar = facts.calendar.as_ref().map(|calendar| {
            let (first, last) = calendar.span();
            json!({ "first": first, "known_until": last })
        });
        let thresholds = settings.thresholds(&rules);
        let slack = |rule: &str| thresholds.get(rule).copied().unwrap_or_default();
        let (mut other, mut daily) = (None, None);
        if let Some(reference) = settings.other.as_ref().filter(|_| tally.is_on("d3")) {
            other = Some(Against::open(reference, context, offset).await?);
        }
        if let Some(reference) = settings.daily.as_ref().filter(|_| facts.period.minutes().is_some()) {
            daily = Some(Against::open(reference, context, offset).await?);
        }
        let mut series = Series::new(facts, columns.clone(), thresholds.clone(), tally);
        loop {
            let next = tokio::select! {
                biased;
                () = context.cancel.cancelled() => {
                    return Err(Error::permanent(ErrorCode::Canceled, "the check was canceled"));
                }
                next = source.next() => next?,
            };
            let Some(batch) = next else { break };
            let values = Arc::new(Values::of(&columns, batch.records, offset)?);
            if let Some(other) = &mut other {
                other.compare(&values, &columns, slack("d3"), &mut series.tally).await?;
            }
            series.push(&values)?;
            if let Some(daily) = &mut daily {
                daily.compare_days(series.take_finished(), slack("v11"), &mut series.tally).await?;
            }
            // A long table must not hold its thread for itself.
            tokio::task::yield_now().await;
        }
        series.finish()?;
        if let Some(daily) = &mut daily {
            daily.compare_days(series.take_finished(), slack("v11"), &mut series.tally).await?;
            series.tally.set_of("v11", daily.compared);
        }
        if let Some(other) = &other {
            series.tally.set_of("d3", other.compared);
        }
        let freshness = self.check_freshness(&mut series)?;
        let rows = series.totals.rows;
        if rows == 0 {
            series.tally.add("c6", "", || Broken { reason: "there are no rows".to_owned(), ..Broken::default() });
            series.tally.set_severity("c6", Severity::Error);
        }
        let tally = &series.tally;
        let (score, grade) = if rows == 0 { (0.0, "D") } else { tally.score(rows) };
        let count = |severity| tally.count(severity);
        let (errors, warnings, infos) = (count(Severity::Error), count(Severity::Warn), count(Severity::Info));
        let recorded = watching::report(
            context,
            &settings.watch,
            place,
            &anomaly_rules(tally).iter().map(String::as_str).collect::<Vec<_>>(),
            anomalies(tally, settings.by),
        )
        .await?;
        let level = if errors > 0 {
            LogLevel::Error
        } else if warnings > 0 {
            LogLevel::Warn
        } else {
            LogLevel::Info
        };
        context
            .log(level, format!("grade {grade}, score {score}: {errors} errors, {warnings} warnings in {rows} rows"));
        let date = |day: Option<i32>| day.and_then(calendar::date);
        let outputs = json!({
            "score": score,
            "grade": grade,
            "errors": errors,
            "warnings": warnings,
            "infos": infos,
            "rows": rows,
            "codes": series.totals.codes,
            "expected": series.totals.expected,
            "first": date(series.totals.first_day),
            "last": date(series.totals.last_day),
            "rules": tally.results(rows),
            "skipped": skipped,
            "freshness": freshness,
            "calendar": calendar,
            "anomalies": watching::outcome(&recorded),
        });
        let findings = tally.batches()?;
        let kept = findings.iter().map(|records| records.num_rows() as u64).sum();
        let Value::Object(outputs) = outputs else { unreachable!("an object was made above") };
        Ok(Verdict { outputs, findings, rows, kept })
    }

    fn check_freshness(&self, series: &mut Series) -> Result<Value> {
        let (Some(freshness), Some(newest)) = (&self.settings.freshness, series.totals.newest) else {
            return Ok(Value::Null);
        };
        let age = freshness::measure(freshness, series.facts(), newest)?;
        if age.status != "ok" {
            let severity = if age.status == "stale" { Severity::Error } else { Severity::Warn };
            let day = columns::day_of_micros(newest);
            let value = age.lag.to_string();
            series.tally.add("f1", "", || Broken { day, value, reason: age.spell(), ..Broken::default() });
            series.tally.set_severity("f1", severity);
            // A table that is stale is so wholly, one that is late by half.
            series.tally.set_of("f1", if age.status == "stale" { 1 } else { 2 });
        }
        Ok(age.output())
    }
}
