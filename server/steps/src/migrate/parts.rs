//! The three tasks of a migration: what comes before the ranges, one range, and what comes after the last.

use super::settings::{MAX_CHUNKS, OnRow, Settings, Task};
use super::watcher::Watching;
use crate::kind::{Action, ActionReport, Outputs, Part, StepContext};
use async_trait::async_trait;
use data::{Connections, Connector, Error, LedgerKey, Result, Ruled};
use engine::ports::{Expansion, Gathered};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use transfer::migrate::{
    self, CatchUpOptions, Chosen, Copied, CopyOptions, Known, LeftOut, MovedView, Prepared, TableJob, Verdict,
};

/// How often what comes after the rows is begun again where a connection breaks, and the pause before, which grows.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Migration {
    pub(super) context: StepContext,
    pub(super) settings: Settings,
}

/// What one chunk is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Item {
    from: String,
    to: String,
    /// The condition of its range; none: the whole table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    /// Tells this expansion of the step from earlier ones of the run, for the ledger.
    generation: i64,
    created: bool,
    rows_before: u64,
    /// Where the column of `catch_up` stood before the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// How many chunks share the rate.
    #[serde(default)]
    peers: usize,
    /// Why the table could not be prepared; nothing is copied then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// What the chunks of one table tell together. Texts stay as the first chunk tells them, numbers are added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct TableTally {
    to: String,
    created: bool,
    rows_before: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(default)]
    read: u64,
    #[serde(default)]
    rows: u64,
    #[serde(default)]
    rejected: u64,
    #[serde(default)]
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Fault>,
}

#[async_trait]
impl Action for Migration {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        match self.context.part.clone() {
            Part::Whole => self.begin().await,
            Part::Chunk(item) => self.chunk(item).await,
            Part::Finish(gathered) => self.end(&gathered).await,
        }
    }
}

impl Migration {
    async fn connectors(&self) -> Result<(Arc<dyn Connector>, Arc<dyn Connector>)> {
        let connections = &self.context.connections;
        Ok((
            connections.get(&self.settings.from.connection).await?,
            connections.get(&self.settings.to.connection).await?,
        ))
    }

    async fn begin(&self) -> Result<ActionReport> {
        let (from, to) = self.connectors().await?;
        let chosen = chosen(&self.settings, from.as_ref()).await?;
        let names: BTreeMap<String, String> =
            chosen.iter().map(|table| (table.from.clone(), table.to.clone())).collect();
        if self.settings.task == Task::Validate {
            return self.prove().await;
        }
        if self.settings.dry_run || self.settings.task == Task::Look {
            return self.dry_run(from.as_ref(), to.as_ref(), &chosen, &names).await;
        }
        if !self.context.may_expand() {
            let message = "a `migrate` step cannot be nested in a `foreach`";
            return Err(Error::permanent(ErrorCode::Unsupported, message)
                .hint("Name several tables or a pattern in the step itself."));
        }
        for left_out in self.left_out(from.as_ref(), &chosen).await? {
            self.context.log(LogLevel::Warn, left_out.sentence());
        }
        let (mut items, mut expected) = (Vec::new(), Some(0u64));
        for table in &chosen {
            match self.table(from.as_ref(), to.as_ref(), table, &names).await {
                Ok((of_table, rows)) => {
                    items.extend(of_table);
                    expected = expected.zip(rows).map(|(sum, rows)| sum + rows);
                }
                Err(error) if self.settings.keep_going && !error.retryable => {
                    self.context.log(LogLevel::Error, format!("table `{}` is left out: {error}", table.from));
                    items.push(self.item(table, None, Some(*error.fault)));
                }
                Err(error) => return Err(named(error, &table.from, chosen.len())),
            }
        }
        let peers = self.settings.parallel.min(items.len()).max(1);
        let items: Vec<Value> = items.into_iter().map(|item| json!(Item { peers, ..item })).collect();
        let mut outputs = Map::new();
        if let Some(expected) = expected {
            outputs.insert("rows_expected".to_owned(), json!(expected));
        }
        let expand = Expansion { items, max_parallel: Some(self.settings.parallel), finish: Some(Map::new()) };
        Ok(ActionReport { outputs, expand: Some(expand), ..ActionReport::default() })
    }

    /// What is not moved. Who names tables misses no views.
    async fn left_out(&self, from: &dyn Connector, chosen: &[Chosen]) -> Result<Vec<LeftOut>> {
        if self.settings.from.query.is_some() {
            return Ok(Vec::new());
        }
        let mut found = migrate::left_out(from, chosen).await?;
        let views = self.settings.views.to_list();
        found.retain(|left_out| left_out.kind != "view" || !migrate::means(&views, &left_out.name));
        if !self.settings.is_many() {
            found.retain(|left_out| left_out.table.is_some());
        }
        Ok(found)
    }

    /// Compares every table with what the target has of it.
    async fn prove(&self) -> Result<ActionReport> {
        let (_, threshold) = self.settings.validate.parts();
        let found = validate(&self.settings, self.context.connections.as_ref()).await?;
        let mut differences = 0;
        for (table, validation) in &found {
            let own = validation["differences"].as_u64().unwrap_or(0);
            differences += own;
            let level = if validation["verdict"] == "equal" { LogLevel::Info } else { LogLevel::Warn };
            self.context.log(level, format!("`{table}`: {own} differences"));
        }
        if let Some((table, _)) = found.iter().find(|(_, validation)| validation["verdict"] != "equal") {
            self.context.log(LogLevel::Error, json!(found).to_string());
            let message = format!("source and target differ in {differences} rows, first in `{table}`");
            return Err(Error::permanent(ErrorCode::RowsDiffer, message).hint(format!(
                "More than {threshold} differences of a table are not borne. Look which with a `diff` step."
            )));
        }
        let outputs = [("tables", json!(found)), ("differences", json!(differences))];
        let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(ActionReport { outputs, ..ActionReport::default() })
    }

    /// Tells this task, with all its deliveries, from other attempts.
    fn generation(&self) -> i64 {
        self.context.fence >> 24
    }

    fn ledger(&self, part: &str) -> LedgerKey {
        LedgerKey { task: format!("{}/{}/{part}", self.context.run, self.context.step.id), fence: self.context.fence }
    }

    fn item(&self, table: &Chosen, prepared: Option<&Prepared>, fault: Option<Fault>) -> Item {
        Item {
            from: table.from.clone(),
            to: table.to.clone(),
            range: None,
            generation: self.generation(),
            created: prepared.is_some_and(|prepared| prepared.created),
            rows_before: prepared.map_or(0, |prepared| prepared.rows_before),
            since: None,
            peers: self.settings.parallel,
            fault,
        }
    }

    /// Prepares one table and cuts it.
    async fn table(
        &self,
        from: &dyn Connector,
        to: &dyn Connector,
        table: &Chosen,
        names: &BTreeMap<String, String>,
    ) -> Result<(Vec<Item>, Option<u64>)> {
        let job = self.settings.job(&table.from, &table.to);
        let ledger = self.ledger(&format!("{}.{}", self.generation(), short(&table.to)));
        let since = match &self.settings.catch_up {
            Some(catch_up) => migrate::before_load(from, to, &job, &catch_up.column).await?,
            None => None,
        };
        let prepared = migrate::prepare(from, to, &job, names, Some(ledger)).await?;
        self.tell(table, &prepared);
        let item = Item { since, ..self.item(table, Some(&prepared), None) };
        let cut = migrate::ranges(from, &job, self.settings.chunk_rows, MAX_CHUNKS).await?;
        self.context.log(LogLevel::Info, format!("`{}`: {} chunks, {}", table.from, cut.ranges.len(), cut.how));
        let items = cut.ranges.into_iter().map(|range| Item { range, ..item.clone() }).collect();
        Ok((items, cut.rows))
    }

    fn tell(&self, table: &Chosen, prepared: &Prepared) {
        let made = if prepared.statements.is_empty() { "is there" } else { "was made" };
        self.context.log(LogLevel::Info, format!("`{}`: the target's table `{}` {made}", table.from, table.to));
        for hazard in &prepared.hazards {
            let rows = hazard.rows.map(|rows| format!(" ({rows} rows)")).unwrap_or_default();
            let level = if hazard.rows.is_some() { LogLevel::Warn } else { LogLevel::Info };
            self.context.log(level, format!("`{}.{}`: {}{rows}", table.from, hazard.column, hazard.message));
        }
        for note in &prepared.notes {
            self.context.log(LogLevel::Warn, format!("`{}`: {note}", table.from));
        }
    }

    async fn dry_run(
        &self,
        from: &dyn Connector,
        to: &dyn Connector,
        chosen: &[Chosen],
        names: &BTreeMap<String, String>,
    ) -> Result<ActionReport> {
        let (mut hazards, mut notes, mut statements) = (Vec::new(), Vec::new(), Vec::new());
        let (mut tables, mut samples, mut expected) = (Map::new(), Map::new(), 0);
        for table in chosen {
            let job = self.settings.job(&table.from, &table.to);
            let examined = migrate::examine(from, to, &job, names).await;
            let prepared = examined.map_err(|error| named(error, &table.from, chosen.len()))?;
            let sample = migrate::sample(from, to, &job, self.settings.sample).await?;
            samples.insert(table.from.clone(), json!(sample.rows));
            hazards.extend(prepared.hazards.iter().map(|hazard| {
                let mut told = json!(hazard);
                told["table"] = json!(table.from);
                told
            }));
            notes.extend(prepared.notes.iter().map(|note| json!(format!("`{}`: {note}", table.from))));
            statements.extend(prepared.statements.iter().map(|sql| json!(sql)));
            expected += prepared.row_estimate.unwrap_or(0);
            tables.insert(table.from.clone(), json!({ "to": table.to, "columns": prepared.columns }));
        }
        let left_out = self.left_out(from, chosen).await?;
        let outputs = [
            ("tables", json!(tables)),
            ("left_out", json!(left_out)),
            ("hazards", json!(hazards)),
            ("notes", json!(notes)),
            ("statements", json!(statements)),
            ("sample", json!(samples)),
            ("rows", json!(0)),
            ("rows_expected", json!(expected)),
        ];
        let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(ActionReport { outputs, ..ActionReport::default() })
    }

    async fn chunk(&self, item: Value) -> Result<ActionReport> {
        let item: Item = serde_json::from_value(item).map_err(|error| {
            Error::permanent(ErrorCode::Internal, format!("the chunk's item cannot be read: {error}"))
        })?;
        let mut tally = TableTally {
            to: item.to.clone(),
            created: item.created,
            rows_before: item.rows_before.to_string(),
            since: item.since.clone(),
            error: item.fault.clone(),
            ..TableTally::default()
        };
        if item.fault.is_none() {
            match self.copy(&item).await {
                Ok(copied) => {
                    (tally.read, tally.rows) = (copied.read, copied.written);
                    (tally.rejected, tally.bytes) = (copied.rejected, copied.bytes);
                }
                Err(error) if self.settings.keep_going && !self.may_pass(&error) => {
                    self.context.log(LogLevel::Error, format!("table `{}`: {error}", item.from));
                    tally.error = Some(*error.fault);
                }
                Err(error) => return Err(named(error, &item.from, 2)),
            }
        }
        let report = ActionReport {
            rows_in: tally.read,
            rows_out: tally.rows,
            rows_rejected: tally.rejected,
            bytes: tally.bytes,
            ..ActionReport::default()
        };
        let tables = json!({ item.from: tally });
        Ok(ActionReport { outputs: Map::from_iter([("tables".to_owned(), tables)]), ..report })
    }

    /// Whether the error may pass and another attempt follows, so that the chunk must not end with it.
    fn may_pass(&self, error: &Error) -> bool {
        let attempts = self.context.step.retry.map_or(1, |retry| retry.attempts);
        let lost = matches!(error.code(), ErrorCode::LeaseLost | ErrorCode::Canceled);
        lost || (error.retryable && self.context.attempt < attempts)
    }

    async fn copy(&self, item: &Item) -> Result<Copied> {
        let (from, to) = self.connectors().await?;
        let job = self.settings.job(&item.from, &item.to);
        let number = self.context.chunk.unwrap_or_default();
        let part = format!("{}.{number}", item.generation);
        #[allow(clippy::cast_precision_loss, reason = "the number of chunks at once is small")]
        let rate = self.settings.rate_limit.map(|rate| rate / item.peers.max(1) as f64);
        let options = CopyOptions {
            ledger: Some(self.ledger(&part)),
            keep_refused: self.settings.on_error == OnRow::Reject,
            rate,
            spool: Some(self.spool(&part)),
        };
        let rejected = Some(self.ledger(&format!("{part}#rejected")));
        let watcher = Watching::new(self, to.clone(), (&item.from, &item.to), rejected);
        migrate::copy(&from, &to, &job, item.range.as_deref(), &options, &watcher).await
    }

    fn spool(&self, part: &str) -> PathBuf {
        let name = format!("{}.{part}.arrows", self.context.step.id);
        self.context.data_dir.join("spool").join(self.context.run.to_string()).join(name)
    }

    async fn end(&self, gathered: &Gathered) -> Result<ActionReport> {
        let (from, to) = self.connectors().await?;
        let told = gathered.outputs.get("tables").cloned().unwrap_or_else(|| json!({}));
        let tables: BTreeMap<String, TableTally> = serde_json::from_value(told).map_err(|error| {
            Error::permanent(ErrorCode::Internal, format!("what the chunks told cannot be read: {error}"))
        })?;
        let names: BTreeMap<String, String> =
            tables.iter().map(|(from, tally)| (from.clone(), tally.to.clone())).collect();
        let (mut outputs, mut failed, mut differences) = (Map::new(), 0u64, 0u64);
        let mut totals = Copied::default();
        let mut first: Option<Error> = None;
        for (name, tally) in &tables {
            let job = self.settings.job(name, &tally.to);
            let mut entry = json!({ "to": tally.to, "rows": tally.rows, "rejected": tally.rejected });
            let ended = match &tally.error {
                Some(fault) => Err(fault.clone().into()),
                None => {
                    let mut tries = 0;
                    loop {
                        tries += 1;
                        let ended = self.end_table(&from, &to, (&job, name, tally), &names, &mut entry).await;
                        match ended {
                            // What was made stays; only the rest is done again.
                            Err(error) if error.retryable && tries < TRIES => {
                                let message = format!("`{name}`: {error}; going on where it broke");
                                self.context.log(LogLevel::Warn, message);
                                tokio::time::sleep(PAUSE * tries).await;
                            }
                            ended => break ended,
                        }
                    }
                }
            };
            differences += entry["validation"]["differences"].as_u64().unwrap_or(0);
            totals.written += tally.rows;
            totals.rejected += tally.rejected;
            totals.bytes += tally.bytes;
            if let Err(error) = ended {
                failed += 1;
                entry["error"] = json!({ "code": error.code(), "message": error.fault.message });
                if !self.settings.keep_going {
                    return Err(named(error, name, tables.len()));
                }
                first.get_or_insert(named(error, name, 2));
            }
            outputs.insert(name.clone(), entry);
        }
        if let Some(error) = first {
            let message = format!("{failed} of {} tables failed; the first: {}", tables.len(), error.fault.message);
            let summed = Error { fault: Box::new(Fault { message, ..*error.fault }), ..error };
            self.context.log(LogLevel::Error, json!(outputs).to_string());
            return Err(summed);
        }
        let views = self.views(from.as_ref(), to.as_ref(), &names).await?;
        let all = [
            ("tables", json!(outputs)),
            ("views", json!(views)),
            ("rows", json!(totals.written)),
            ("rejected", json!(totals.rejected)),
            ("bytes", json!(totals.bytes)),
            ("differences", json!(differences)),
            ("failed", json!(failed)),
        ];
        let outputs = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(ActionReport { outputs, ..ActionReport::default() })
    }

    /// The source's views, after all the tables that they read.
    async fn views(
        &self,
        from: &dyn Connector,
        to: &dyn Connector,
        names: &BTreeMap<String, String>,
    ) -> Result<Vec<MovedView>> {
        let patterns = self.settings.views.to_list();
        let rules = self.settings.rules.to_list();
        let translator = Ruled { translator: self.context.translator.as_ref(), rules: &rules };
        let views = migrate::views(from, to, &patterns, names, &translator).await?;
        for view in &views {
            let what = if view.statement.is_some() { "was made" } else { "is left out" };
            let notes: String = view.notes.iter().map(|note| format!("; {note}")).collect();
            let level = if view.notes.is_empty() { LogLevel::Info } else { LogLevel::Warn };
            self.context.log(level, format!("the view `{}` {what}{notes}", view.name));
        }
        Ok(views)
    }

    /// Indexes, foreign keys, numbers; what changed meanwhile; the proof.
    async fn end_table(
        &self,
        from: &Arc<dyn Connector>,
        to: &Arc<dyn Connector>,
        (job, name, tally): (&TableJob, &str, &TableTally),
        names: &BTreeMap<String, String>,
        entry: &mut Value,
    ) -> Result<()> {
        let finished = migrate::finish(from.as_ref(), to.as_ref(), job, names, tally.created).await?;
        for sql in &finished.statements {
            self.context.log(LogLevel::Info, format!("`{name}`: {sql}"));
        }
        for note in &finished.notes {
            self.context.log(LogLevel::Warn, format!("`{name}`: {note}"));
        }
        let mut known =
            Known { rejected: tally.rejected, rows_before: tally.rows_before.parse().unwrap_or(0), ..Known::default() };
        if let Some(catch_up) = &self.settings.catch_up {
            let options = CatchUpOptions {
                column: catch_up.column.clone(),
                since: tally.since.clone(),
                rounds: catch_up.rounds,
                keep_refused: self.settings.on_error == OnRow::Reject,
            };
            // Without a ledger: each attempt may read other rows.
            let watcher = Watching::new(self, to.clone(), (name, &tally.to), None);
            let caught = migrate::catch_up(from, to, job, options, &watcher).await?;
            self.context
                .log(LogLevel::Info, format!("`{name}`: {} rows read again in {} rounds", caught.rows, caught.rounds));
            known.rejected_again = caught.rejected;
            entry["caught_up"] = json!(caught);
        }
        let (how, threshold) = self.settings.validate.parts();
        let validation = migrate::validate(from.as_ref(), to.as_ref(), job, how, threshold, known).await?;
        entry["validation"] = json!(validation);
        if validation.verdict == Verdict::Differs {
            let message = format!(
                "source and target differ in {} rows ({} there, {} here), more than {threshold}",
                validation.differences, validation.source_rows, validation.target_rows
            );
            return Err(Error::permanent(ErrorCode::RowsDiffer, message).hint(
                "Look which with a `diff` step; rows that changed at the source meanwhile are copied by `catch_up`.",
            ));
        }
        Ok(())
    }
}

/// The tables that are moved.
async fn chosen(settings: &Settings, from: &dyn Connector) -> Result<Vec<Chosen>> {
    let to = settings.to.table.as_deref();
    if settings.from.query.is_some() {
        let to = to.unwrap_or_default().to_owned();
        return Ok(vec![Chosen { from: "query".to_owned(), to }]);
    }
    let names = settings.from.table.to_list();
    migrate::choose(from, &names, &settings.from.except.to_list(), to).await
}

/// Compares every table row by row.
pub(super) async fn validate(settings: &Settings, connections: &dyn Connections) -> Result<Map<String, Value>> {
    let from = connections.get(&settings.from.connection).await?;
    let to = connections.get(&settings.to.connection).await?;
    let (_, threshold) = settings.validate.parts();
    let mut found = Map::new();
    for table in chosen(settings, from.as_ref()).await? {
        let job = settings.job(&table.from, &table.to);
        let by = migrate::Validate::Diff;
        let validation = migrate::validate(from.as_ref(), to.as_ref(), &job, by, threshold, Known::default()).await;
        let validation = validation.map_err(|error| named(error, &table.from, 2))?;
        found.insert(table.from, json!(validation));
    }
    Ok(found)
}

/// A name that fits into a ledger's line: short ones as they are.
fn short(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    if name.len() <= 60 { name.to_owned() } else { format!("{hash:016x}") }
}

/// Names the table where there are several.
fn named(error: Error, table: &str, tables: usize) -> Error {
    if tables < 2 {
        return error;
    }
    let message = format!("table `{table}`: {}", error.fault.message);
    Error { fault: Box::new(Fault { message, ..*error.fault }), ..error }
}
