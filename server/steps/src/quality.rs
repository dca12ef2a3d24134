//! `quality`: holds the rows of a table against the rules for market data, and tells how good they are.
//!
//! Rows are read in the order of code and time and judged as they come (`quality/series.rs`), so that a table of any
//! size is checked in the memory of its codes and days. `quality/tally.rs` lists the rules, `quality/settings.rs` what
//! users write, `quality/market.rs` boards and price limits.

mod calendar;
mod columns;
mod facts;
mod freshness;
mod history;
mod market;
mod row;
mod series;
mod settings;
mod tally;
#[cfg(test)]
mod tests;

use crate::kind::{Action, ActionReport, Flow, Opened, Outputs, StepContext, StepKind};
use crate::settings::read;
use crate::watching::{self, Rules, finding};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use columns::{Columns, Values};
use data::connector::{ReadOptions, Relation};
use data::source::MemorySource;
use data::{Batch, Error, Lane, Result, Source};
use facts::Facts;
use model::anomaly::{Finding, Severity};
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use series::Series;
use settings::{By, Settings};
use tally::{Broken, RULES, Tally, find_rule, findings_schema};

/// Rows that are put in order in memory at most, where they do not come so from a store.
const MOST_IN_MEMORY: usize = 2_000_000;
/// Anomalies of one rule by code at most.
const MOST_ANOMALIES: usize = 50;

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
        let schema = match &self.relation {
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
                        format!("connection `{}` has no table `{table}`", self.connection),
                    )
                    .hint("Look at the table's name."));
                }
            },
            Relation::Query(_) => {
                let source = connector.read(ReadOptions { limit: Some(1), ..options.clone() }).await?;
                source.schema().as_ref().clone()
            }
        };
        let columns = Columns::find(&self.checking.settings.columns, &schema)?;
        let source = if connector.abilities().ordered_read {
            connector.read(ReadOptions { order_by: columns.order(), ..options }).await?
        } else {
            let mut source = connector.read(options).await?;
            let (schema, mut batches, mut rows) = (source.schema(), Vec::new(), 0);
            while let Some(batch) = source.next().await? {
                rows += batch.records.num_rows();
                check_room(rows)?;
                batches.push(batch.records);
            }
            in_order(&schema, &batches, &columns)?
        };
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
        let facts = Facts::load(settings, context).await?;
        let offset = facts.offset;
        let rules = Rules::load(context).await?;
        let schema = source.schema();
        let columns = Columns::find(&settings.columns, &schema)?;
        let mut tally = Tally::new(settings.enabled(), settings.max_findings);
        check_columns(settings, &schema, &mut tally);
        let skipped = skipped(settings, &facts, &columns, &tally);
        let calendar = facts.calendar.as_ref().map(|calendar| {
            let (first, last) = calendar.span();
            json!({ "first": first, "known_until": last })
        });
        let mut series = Series::new(facts, columns.clone(), settings.thresholds(&rules), tally);
        loop {
            let next = tokio::select! {
                biased;
                () = context.cancel.cancelled() => {
                    return Err(Error::permanent(ErrorCode::Canceled, "the check was canceled"));
                }
                next = source.next() => next?,
            };
            let Some(batch) = next else { break };
            series.push(Values::of(&columns, batch.records, offset)?)?;
            // A long table must not hold its thread for itself.
            tokio::task::yield_now().await;
        }
        series.finish()?;
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

/// Whether the columns that are expected are there.
fn check_columns(settings: &Settings, schema: &Schema, tally: &mut Tally) {
    for (name, wanted) in &settings.expect {
        let reason = match schema.field_with_name(name) {
            Err(_) => format!("column `{name}` is missing"),
            Ok(field) => match wanted {
                Some(wanted) if !is_of_type(field.data_type(), wanted) => {
                    format!("column `{name}` is of type `{}`, not `{wanted}`", field.data_type())
                }
                _ => continue,
            },
        };
        let column = name.clone();
        tally.add("c7", "", || Broken { column, reason, ..Broken::default() });
    }
}

/// Whether a type is what people mean by a word, or spells itself so.
fn is_of_type(found: &DataType, wanted: &str) -> bool {
    let wanted = wanted.trim().to_ascii_lowercase();
    match wanted.as_str() {
        "text" | "string" => matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
        "integer" | "int" => found.is_integer(),
        "number" => found.is_numeric(),
        "decimal" => matches!(found, DataType::Decimal128(..) | DataType::Decimal256(..)),
        "date" => matches!(found, DataType::Date32 | DataType::Date64),
        "timestamp" => matches!(found, DataType::Timestamp(..)),
        "bool" | "boolean" => matches!(found, DataType::Boolean),
        _ => found.to_string().to_ascii_lowercase() == wanted,
    }
}

/// Rules that are on but cannot be looked at, and what they lack.
fn skipped(settings: &Settings, facts: &Facts, columns: &Columns, tally: &Tally) -> Map<String, Value> {
    use columns::Field;
    let lacks = |fields: &[Field]| {
        let lacking: Vec<&str> =
            fields.iter().filter(|field| !columns.has(**field)).map(|field| field.word()).collect();
        (!lacking.is_empty()).then(|| format!("no column of {}", lacking.join(", ")))
    };
    let is_daily = facts.period == settings::Period::Day;
    let only_daily = (!is_daily).then(|| "for bars of a day only".to_owned());
    let calendar = facts.calendar.is_none().then(|| "no `calendar`".to_owned());
    let has_price = columns.has(Field::Close) || columns.has(Field::Last);
    let price = (!has_price).then(|| "no column of close".to_owned());
    let reason = |rule: &str| match rule {
        "c1" | "c2" => calendar.clone(),
        "c3" => facts.period.minutes().is_none().then(|| "for minute bars only".to_owned()),
        "v1" => lacks(&[Field::High, Field::Low]),
        "v3" => lacks(&[Field::Volume]),
        "v4" => lacks(&[Field::Volume, Field::Amount, Field::High, Field::Low])
            .or_else(|| facts.adjusted.then(|| "prices are adjusted".to_owned())),
        "v5" => facts.adjusted.then(|| "prices are adjusted".to_owned()).or_else(|| price.clone()),
        "v6" => match (columns.has(Field::Change), columns.has(Field::PctChg)) {
            (false, false) => Some("no column of change, pct_chg".to_owned()),
            _ => lacks(&[Field::PreClose]),
        },
        "v7" => only_daily.clone().or_else(|| lacks(&[Field::PreClose])),
        "v8" => (facts.period != settings::Period::Tick).then(|| "for ticks only".to_owned()),
        "v9" => None,
        "v13" => lacks(&[Field::AdjFactor]),
        "a1" | "a2" | "a4" | "a6" => only_daily.clone().or_else(|| price.clone()),
        "a3" | "a5" | "s1" => only_daily.clone().or_else(|| lacks(&[Field::Volume])),
        "f1" => settings.freshness.is_none().then(|| "no `freshness`".to_owned()),
        _ => None,
    };
    let on = RULES.iter().filter(|rule| tally.is_on(rule.id));
    on.filter_map(|rule| Some((rule.id.to_owned(), reason(rule.id)?.into()))).collect()
}

fn anomaly_rules(tally: &Tally) -> Vec<String> {
    RULES.iter().filter(|rule| tally.is_on(rule.id)).map(|rule| format!("quality.{}", rule.id)).collect()
}

/// What is found, as anomalies: one for each rule, or one for each rule and code.
fn anomalies(tally: &Tally, by: By) -> Vec<Finding> {
    let mut anomalies = Vec::new();
    for (rule, found) in &tally.found {
        let name = format!("quality.{rule}");
        let severity = tally.severity(rule);
        let text = find_rule(rule).map_or("", |rule| rule.text);
        let samples = |code: Option<&str>| -> Vec<String> {
            let rows = found.rows.iter().filter(|row| code.is_none_or(|code| row.code == code));
            rows.take(10).map(|row| format!("{}: {}", row.key(), row.reason)).collect()
        };
        let mut add = |scope: &str, count: u64, samples: Vec<String>| {
            let first = samples.first().map(|sample| format!(", first {sample}")).unwrap_or_default();
            let message = if scope.is_empty() {
                format!("{count} × {rule}{first}")
            } else {
                format!("{scope}: {count} × {rule}{first}")
            };
            let details = json!({ "count": count, "rule": text, "samples": samples });
            anomalies.push(finding(&name, severity, scope, message, details));
        };
        let codes: Vec<_> = found.codes.iter().filter(|(code, _)| !code.is_empty()).collect();
        if by == By::Table || codes.is_empty() || codes.len() > MOST_ANOMALIES {
            add("", found.count, samples(None));
            continue;
        }
        for (code, count) in codes {
            add(code, *count, samples(Some(code.as_str())));
        }
    }
    anomalies
}
