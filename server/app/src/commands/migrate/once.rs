//! `sluice migrate run`: moves tables between two addresses at once, without a server and its database.
//!
//! A connection that breaks is opened again where it broke, by the target's ledger, whose lines are removed at the end.
//! A process that is killed leaves what it has written; run it again with `--mode truncate` or `upsert`.

use crate::failure::Failure;
use crate::opener::Connectors;
use crate::output;
use crate::settings::Settings;
use clap::{Args, ValueEnum};
use data::connector::Relation;
use data::{Connector, Error, LedgerKey, Mode, Opener, Ruled};
use indicatif::{ProgressBar, ProgressStyle};
use model::{ErrorCode, Fault, TaskId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use transfer::migrate::{
    self, AsNull, Chosen, Conversions, Copied, CopyOptions, Known, Look, NulAs, TableJob, Validate, Watcher,
};

/// The most ranges of one table.
const MAX_RANGES: usize = 10_000;

#[derive(Debug, Args)]
pub(crate) struct Once {
    /// The address to read from: `mysql://user:password@host/database`.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The address to write to.
    #[arg(long, value_name = "URL")]
    to: String,
    /// A table, or a pattern such as `orders_*`; repeatable.
    #[arg(long = "table", required_unless_present = "query", conflicts_with = "query")]
    tables: Vec<String>,
    /// A query that only reads, instead of a table.
    #[arg(long, requires = "target")]
    query: Option<String>,
    /// A condition in the source's SQL.
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// The target's table; for several, `*` stands for the source's name. Without, the source's name.
    #[arg(long)]
    target: Option<String>,
    /// Make the table from the source's structure where it is missing.
    #[arg(long)]
    create: bool,
    /// What happens to rows that are there already.
    #[arg(long, value_enum, default_value = "append")]
    mode: ModeWord,
    /// How the copy is proven afterwards.
    #[arg(long, value_enum, default_value = "count")]
    validate: ValidateWord,
    /// How closely the source is looked at first.
    #[arg(long, value_enum, default_value = "full")]
    look: LookWord,
    /// Let values that the target cannot hold become NULL or go without NUL: zero_dates, not_finite, far_dates, nul; repeatable.
    #[arg(long, value_enum)]
    convert: Vec<ConvertWord>,
    /// Ranges at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel: u64,
    /// Rows of one range, about.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    chunk_rows: u64,
    /// Rows each second at most.
    #[arg(long)]
    rate_limit: Option<f64>,
    /// A view, or a pattern, to make at the target after the rows, translated; repeatable.
    #[arg(long = "view", value_name = "NAME")]
    views: Vec<String>,
    /// A plugin with rules of your own for translating the views; again for another.
    #[arg(long, value_name = "PLUGIN", requires = "views")]
    rules: Vec<String>,
    /// Only look, and tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ModeWord {
    /// Rows are added.
    Append,
    /// Rows whose key is there replace the copied columns of the old row.
    Upsert,
    /// Rows whose key is there replace the whole old row.
    Replace,
    /// Rows whose key is there are left out.
    InsertIgnore,
    /// The table is emptied first.
    Truncate,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ValidateWord {
    /// Not at all.
    None,
    /// By the numbers of rows.
    Count,
    /// By sums of the rows that each database makes itself.
    Checksum,
    /// Row by row.
    Diff,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LookWord {
    /// The structure, and the values by one query that reads the table once.
    Full,
    /// The structure only.
    Structure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ConvertWord {
    /// Dates without year, month or day become NULL.
    ZeroDates,
    /// NaN and infinity become NULL.
    NotFinite,
    /// Infinite dates, and those outside the years 1 to 9999, become NULL.
    FarDates,
    /// NUL characters in text are left out.
    Nul,
}

impl Once {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if self.rate_limit.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
            let fault = Fault::new(ErrorCode::InvalidValue, "`--rate-limit` must be above 0");
            return Err(fault.hint("Leave it out for no limit.").into());
        }
        let opener = Connectors::new(settings.connection_gate()?, &settings.data_dir);
        let open = |url: &str| opener.open(&opener.parse_url(url)?);
        let (from, to) = (open(&self.from)?, open(&self.to)?);
        let chosen = match &self.query {
            Some(_) => {
                let to = self.target.clone().unwrap_or_default();
                vec![Chosen { from: "query".to_owned(), to }]
            }
            None => migrate::choose(from.as_ref(), &self.tables, &[], self.target.as_deref()).await?,
        };
        let names: BTreeMap<String, String> =
            chosen.iter().map(|table| (table.from.clone(), table.to.clone())).collect();
        let mut told = Vec::new();
        let mut ended_well = true;
        for table in &chosen {
            let job = self.job(table);
            let work = Work { once: &self, from: &from, to: &to, table, job: &job };
            let one = if self.dry_run { work.look(&names).await? } else { work.copy(&names).await? };
            ended_well &= one["validation"]["verdict"] != "differs";
            if !self.json {
                print(&one);
            }
            told.push(one);
        }
        if !self.views.is_empty() && !self.dry_run {
            let translator = super::super::translate::translator(settings)?;
            let translator = Ruled { translator: &translator, rules: &self.rules };
            let made = migrate::views(from.as_ref(), to.as_ref(), &self.views, &names, &translator).await?;
            for view in made {
                if !self.json {
                    let what = if view.statement.is_some() { "made" } else { "left out" };
                    output::line(format!("view {}: {what}", view.name));
                    view.notes.iter().for_each(|note| output::line(format!("  {note}")));
                }
                told.push(json!({ "view": view.name, "statement": view.statement, "notes": view.notes }));
            }
        }
        if self.json {
            output::json(&told);
        }
        Ok(if ended_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn job(&self, table: &Chosen) -> TableJob {
        let has = |word: ConvertWord| self.convert.contains(&word);
        let null = |word: ConvertWord| has(word).then_some(AsNull::Null);
        TableJob {
            relation: match &self.query {
                Some(query) => Relation::Query(query.clone()),
                None => Relation::Table(table.from.clone()),
            },
            filter: self.filter.clone(),
            convert: Conversions {
                zero_dates: null(ConvertWord::ZeroDates),
                not_finite: null(ConvertWord::NotFinite),
                far_dates: null(ConvertWord::FarDates),
                nul: has(ConvertWord::Nul).then_some(NulAs::Strip),
            },
            create: self.create,
            mode: match self.mode {
                ModeWord::Append => Mode::Append,
                ModeWord::Upsert => Mode::Upsert,
                ModeWord::Replace => Mode::Replace,
                ModeWord::InsertIgnore => Mode::InsertIgnore,
                ModeWord::Truncate => Mode::Truncate,
            },
            look: match self.look {
                LookWord::Full => Look::Full,
                LookWord::Structure => Look::Structure,
            },
            ..TableJob::table(&table.from, &table.to)
        }
    }

    fn validate(&self) -> Validate {
        match self.validate {
            ValidateWord::None => Validate::None,
            ValidateWord::Count => Validate::Count,
            ValidateWord::Checksum => Validate::Checksum,
            ValidateWord::Diff => Validate::Diff,
        }
    }
}

/// One table at work.
struct Work<'a> {
    once: &'a Once,
    from: &'a Arc<dyn Connector>,
    to: &'a Arc<dyn Connector>,
    table: &'a Chosen,
    job: &'a TableJob,
}

impl Work<'_> {
    async fn look(&self, names: &BTreeMap<String, String>) -> Result<Value, Error> {
        let prepared = migrate::examine(self.from.as_ref(), self.to.as_ref(), self.job, names).await?;
        let sample = migrate::sample(self.from.as_ref(), self.to.as_ref(), self.job, 5).await?;
        Ok(json!({ "table": self.table.from, "target": self.table.to, "prepared": prepared, "sample": sample.rows }))
    }

    async fn copy(&self, names: &BTreeMap<String, String>) -> Result<Value, Error> {
        let since = Instant::now();
        let task = format!("migrate-{}", TaskId::generate());
        let (from, to) = (self.from, self.to);
        let ledger = ledger_table(&self.table.to);
        let had_ledger = to.find_table(&ledger).await?.is_some();
        let key = |part: &str| LedgerKey { task: format!("{task}/{part}"), fence: 1 };
        let prepared = migrate::prepare(from.as_ref(), to.as_ref(), self.job, names, Some(key("prepare"))).await?;
        let cut = migrate::ranges(from.as_ref(), self.job, self.once.chunk_rows, MAX_RANGES).await?;
        let show = (!self.once.json && std::io::stderr().is_terminal()).then(bar);
        let telling = Arc::new(Telling {
            rows: AtomicU64::new(0),
            expected: cut.rows,
            since,
            bar: show,
            table: self.table.from.clone(),
        });
        let copied = self.ranges(&cut.ranges, &key, &telling).await;
        if let Some(bar) = &telling.bar {
            bar.finish_and_clear();
        }
        let copied = copied?;
        let finished = migrate::finish(from.as_ref(), to.as_ref(), self.job, names, prepared.created).await?;
        let known = Known { rejected: copied.rejected, rows_before: prepared.rows_before, ..Known::default() };
        let how = self.once.validate();
        let validation = migrate::validate(from.as_ref(), to.as_ref(), self.job, how, 0, known).await?;
        clear(to.as_ref(), &ledger, had_ledger, &task).await;
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(json!({
            "table": self.table.from, "target": self.table.to, "rows": copied.written, "bytes": copied.bytes,
            "duration_ms": millis, "prepared": prepared, "finished": finished, "validation": validation,
        }))
    }

    /// Copies all ranges, some at once.
    async fn ranges(
        &self,
        ranges: &[Option<String>],
        key: &impl Fn(&str) -> LedgerKey,
        telling: &Arc<Telling>,
    ) -> Result<Copied, Error> {
        let mut sum = Copied::default();
        let mut running: JoinSet<Result<Copied, Error>> = JoinSet::new();
        let mut left = ranges.iter().enumerate();
        let parallel = usize::try_from(self.once.parallel).unwrap_or(1);
        #[allow(clippy::cast_precision_loss, reason = "at most 64")]
        let rate = self.once.rate_limit.map(|rate| rate / parallel.min(ranges.len().max(1)) as f64);
        loop {
            while running.len() < parallel
                && let Some((number, range)) = left.next()
            {
                let (from, to, job, range) = (self.from.clone(), self.to.clone(), self.job.clone(), range.clone());
                let ledger = key(&number.to_string());
                let spool: PathBuf = std::env::temp_dir().join(ledger.task.replace('/', "-")).join("rows.arrows");
                let options = CopyOptions { ledger: Some(ledger), keep_refused: false, rate, spool: Some(spool) };
                let watcher = Range { telling: telling.clone(), told: AtomicU64::new(0) };
                running
                    .spawn(async move { migrate::copy(&from, &to, &job, range.as_deref(), &options, &watcher).await });
            }
            let Some(ended) = running.join_next().await else { break };
            let ended = ended.map_err(|error| {
                Error::permanent(ErrorCode::Internal, format!("a range was not copied to its end: {error}"))
            });
            let one = ended??;
            sum.read += one.read;
            sum.written += one.written;
            sum.rejected += one.rejected;
            sum.bytes += one.bytes;
        }
        Ok(sum)
    }
}

/// The ledger beside a table.
fn ledger_table(table: &str) -> String {
    match table.rsplit_once('.') {
        Some((schema, _)) => format!("{schema}._sluice_ledger"),
        None => "_sluice_ledger".to_owned(),
    }
}

/// Takes the lines of this run out of the ledger, and the ledger away where this run has made it.
async fn clear(to: &dyn Connector, ledger: &str, had_ledger: bool, task: &str) {
    let sql = match had_ledger {
        true => format!("DELETE FROM {ledger} WHERE task LIKE '{task}/%'"),
        false => format!("DROP TABLE {ledger}"),
    };
    if let Err(error) = to.execute(&sql).await {
        tracing::debug!(%error, "the ledger's lines stay");
    }
}

/// A line of the terminal that shows how far it is.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is fixed"));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// What all ranges of a table have in common.
struct Telling {
    rows: AtomicU64,
    expected: Option<u64>,
    since: Instant,
    bar: Option<ProgressBar>,
    table: String,
}

struct Range {
    telling: Arc<Telling>,
    told: AtomicU64,
}

impl Watcher for Range {
    fn progress(&self, copied: &Copied) {
        let telling = &self.telling;
        let before = self.told.swap(copied.written, Ordering::Relaxed);
        let rows = telling.rows.fetch_add(copied.written.saturating_sub(before), Ordering::Relaxed) + copied.written
            - before.min(copied.written);
        let Some(bar) = &telling.bar else { return };
        #[allow(clippy::cast_precision_loss, reason = "rates are shown, not counted with")]
        let rate = rows as f64 / telling.since.elapsed().as_secs_f64().max(0.001);
        let expected = telling.expected.map(|all| format!(" of about {}", output::count(all))).unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in whole numbers")]
        let rate = output::count(rate as u64);
        bar.set_message(format!("{}: {}{expected} rows, {rate} rows/s", telling.table, output::count(rows)));
    }

    fn broke(&self, error: &Error) {
        let message = format!("{}: {error}; going on where it broke", self.telling.table);
        match &self.telling.bar {
            Some(bar) => bar.println(message),
            None => eprintln!("warning: {message}"),
        }
    }
}

fn print(told: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for hazard in told["prepared"]["hazards"].as_array().into_iter().flatten() {
        let rows =
            hazard["rows"].as_u64().map(|rows| format!(" ({})", output::counted(rows, "row"))).unwrap_or_default();
        output::line(format!(
            "{}.{}: {}{rows}",
            text(&told["table"]),
            text(&hazard["column"]),
            text(&hazard["message"])
        ));
    }
    for part in ["prepared", "finished"] {
        for note in told[part]["notes"].as_array().into_iter().flatten() {
            output::line(format!("{}: {}", text(&told["table"]), text(note)));
        }
    }
    let Some(rows) = told["rows"].as_u64() else {
        for sql in told["prepared"]["statements"].as_array().into_iter().flatten() {
            output::line(format!("{};", text(sql)));
        }
        for row in told["sample"].as_array().into_iter().flatten() {
            output::line(row.to_string());
        }
        return;
    };
    let millis = told["duration_ms"].as_u64().unwrap_or(0);
    let verdict = match told["validation"]["verdict"].as_str() {
        Some("equal") => "equal",
        Some("differs") => "DIFFERENT",
        _ => "not compared",
    };
    output::line(format!(
        "{} to {}: {} in {}, {verdict}",
        text(&told["table"]),
        text(&told["target"]),
        output::counted(rows, "row"),
        output::duration(millis)
    ));
    if verdict == "DIFFERENT" {
        let number = |name: &str| output::count(told["validation"][name].as_u64().unwrap_or(0));
        let (there, here) = (number("source_rows"), number("target_rows"));
        output::line(format!("  rows there {there}, here {here}, different {}", number("differences")));
    }
}
