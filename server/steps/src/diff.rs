//! `diff`: tells in which rows two tables, queries or files differ.
//!
//! The comparison itself is [`transfer::compare`]; this step names the sides and hands the differences on by its ports.

mod sender;

use crate::kind::{Action, ActionReport, Opened, Outputs, Part, StepContext, StepKind, Trying};
use crate::settings::{self, Names, names_schema};
use crate::side::{Named, SideSettings, check_side, open_file, refused, side_schema};
use arrow::json::LineDelimitedWriter;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::Relation;
use data::{Connector, Files, Result};
use engine::ports::{Expansion, Gathered};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use sender::Sender;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use transfer::diff::{Leeway, Repairing, Report, Rows, Strategy};
use transfer::{DiffOptions, DifferenceKind, Totals};

/// How many differences of each kind the outputs show unless the settings say otherwise.
const SAMPLE: usize = 10;
const KINDS: [DifferenceKind; 3] = [DifferenceKind::Missing, DifferenceKind::Extra, DifferenceKind::Changed];
/// How many they show at most.
const MAX_SAMPLE: usize = 100;

const OUTPUTS: [&str; 14] = [
    "repaired",
    "differences",
    "missing",
    "extra",
    "changed",
    "equal",
    "left_rows",
    "right_rows",
    "percent",
    "sample",
    "strategy",
    "reasons",
    "notes",
    "complete",
];

/// The step kind `diff`.
pub struct Diff {
    files: Arc<dyn Files>,
}

impl Diff {
    /// The kind, reading files through `files`.
    #[must_use]
    pub fn new(files: Arc<dyn Files>) -> Self {
        Self { files }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    left: SideSettings,
    right: SideSettings,
    #[serde(default)]
    key: Names,
    #[serde(default)]
    columns: Names,
    #[serde(default)]
    mapping: BTreeMap<String, String>,
    #[serde(default)]
    tolerance: BTreeMap<String, Leeway>,
    #[serde(default)]
    except: Names,
    #[serde(default)]
    strategy: Strategy,
    #[serde(default)]
    parallel: usize,
    max_connections: Option<usize>,
    pause_above: Option<u64>,
    max_differences: Option<u64>,
    sample_rows: Option<u64>,
    #[serde(default)]
    spread: bool,
    #[serde(default)]
    range_rows: u64,
    #[serde(default)]
    repair: Mending,
    #[serde(default = "default_sample")]
    sample: usize,
}

/// What is done about the differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mending {
    /// Nothing.
    #[default]
    None,
    /// The statements that make the right side equal the left leave by the port `repair`.
    Statements,
    /// They are run, too.
    Apply,
}

fn default_sample() -> usize {
    SAMPLE
}

#[async_trait]
impl StepKind for Diff {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "diff".to_owned(),
            summary: "Tells in which rows two tables, queries or files differ.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["left", "right"],
                "properties": {
                    "left": side_schema("One side; rows that only it has are `missing`."),
                    "right": side_schema("The other side; rows that only it has are `extra`."),
                    "key": names_schema("The columns that say which rows belong together; without, whole rows are compared."),
                    "columns": names_schema("The columns to compare; without, all that both sides have."),
                    "mapping": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Columns that are called otherwise on the right: `{ left_name: right_name }`." },
                    "except": names_schema("Columns that are not compared."),
                    "tolerance": tolerance_schema(),
                    "strategy": { "enum": ["auto", "merge", "checksum", "join"], "default": "auto", "description": "How the sides are compared: `merge` reads both in the order of the key, `checksum` lets the databases sum up their rows and reads only what differs, `join` lets the one database that holds both find the rows without an equal." },
                    "parallel": { "type": "integer", "minimum": 0, "maximum": 64, "default": 0, "description": "How many ranges of the key are compared at the same time; 0: as many as suit the machine, 4 at most." },
                    "max_connections": { "type": "integer", "minimum": 1, "description": "How many connections are read by at the same time on either side at most." },
                    "pause_above": { "type": "integer", "minimum": 1, "description": "Reading pauses while a server has more busy sessions than this, Sluice's own among them." },
                    "max_differences": { "type": "integer", "minimum": 1, "description": "The comparison ends early when so many differences were found." },
                    "sample_rows": { "type": "integer", "minimum": 1, "description": "Compare only about so many rows, in ranges spread over the whole key." },
                    "spread": { "type": "boolean", "default": false, "description": "Ranges of the key become tasks that any worker takes; no step may take rows by a port then." },
                    "range_rows": { "type": "integer", "minimum": 1, "description": "About how many rows a range of the key has; a million where absent." },
                    "repair": { "enum": ["none", "statements", "apply"], "default": "none", "description": "`statements`: what makes the right table equal the left leaves by the port `repair`; `apply`: it is run, too." },
                    "sample": { "type": "integer", "minimum": 0, "maximum": MAX_SAMPLE, "default": SAMPLE, "description": "How many differences of each kind the output `sample` shows." },
                },
            }),
            inputs: Inputs::None,
            ports: ["missing", "extra", "changed", "repair"].map(ToOwned::to_owned).to_vec(),
            named_ports: false,
            outputs: OUTPUTS.map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let sides = ["left", "right"].into_iter().filter_map(|side| Some((side, with.get(side)?)));
        let mut faults: Vec<Fault> =
            sides.flat_map(|(side, value)| check_side(value, &format!("with.{side}"))).collect();
        let is_set = |name: &str| with.get(name).is_some_and(|value| *value != json!("none"));
        let alone = ["repair", "sample_rows", "max_differences"].into_iter().any(is_set);
        if with.get("spread") == Some(&json!(true)) && alone {
            faults.push(spread_alone().path("with.spread"));
        }
        faults
    }

    fn trying(&self, step: &Step) -> Trying {
        // What it reads is whole tables, however few rows the other steps get; and it must not mend them.
        match step.with.get("repair").and_then(Value::as_str) {
            Some("apply") => Trying::LeftOut,
            _ => Trying::Done,
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let mending = settings.repair;
        let left = settings.left.named().map_err(|fault| refused(fault, &context, "left"))?;
        let right = settings.right.named().map_err(|fault| refused(fault, &context, "right"))?;
        let options = DiffOptions {
            key: settings.key.to_list(),
            columns: settings.columns.to_list(),
            mapping: settings.mapping,
            tolerance: settings.tolerance,
            except: settings.except.to_list(),
            strategy: settings.strategy,
            parallel: settings.parallel,
            max_connections: settings.max_connections,
            pause_above: settings.pause_above,
            max_differences: settings.max_differences,
            sample_rows: settings.sample_rows,
            range_rows: settings.range_rows,
            ..DiffOptions::default()
        };
        if settings.spread
            && (mending != Mending::None || options.sample_rows.is_some() || options.max_differences.is_some())
        {
            return Err(refused(spread_alone(), &context, "spread"));
        }
        let mut options = options;
        let task = match &context.part {
            Part::Whole if settings.spread && context.may_expand() => Task::Spread,
            Part::Whole => Task::All,
            Part::Chunk(item) => {
                let range = serde_json::from_value(item.clone());
                options.range =
                    Some(range.map_err(|error| settings::invalid(format!("a chunk is no range: {error}")))?);
                Task::All
            }
            Part::Finish(gathered) => Task::Finish(gathered.clone()),
        };
        let sample = settings.sample.min(MAX_SAMPLE);
        Ok(Opened::Action(Box::new(Differing {
            context,
            files: self.files.clone(),
            left,
            right,
            options,
            sample,
            mending,
            task,
        })))
    }
}

struct Differing {
    context: StepContext,
    files: Arc<dyn Files>,
    left: Named,
    right: Named,
    options: DiffOptions,
    sample: usize,
    mending: Mending,
    task: Task,
}

/// What of the comparison is to be done.
enum Task {
    /// All of it, or the range that the options name.
    All,
    /// The ranges are to be found, for other tasks.
    Spread,
    /// What the ranges' tasks have told is to be put together.
    Finish(Box<Gathered>),
}

fn spread_alone() -> Fault {
    Fault::new(ErrorCode::InvalidValue, "`spread` goes with neither `repair`, `sample_rows` nor `max_differences`")
        .hint("Leave one of them out.")
}

/// A table or query, and the connection it is read by.
type Stored = (Arc<dyn Connector>, transfer::Side);

/// A side whose connection is open.
enum Reached {
    Stored(Arc<dyn Connector>, transfer::Side),
    File(Box<dyn data::Source>),
}

impl Reached {
    fn rows(self) -> (Option<Stored>, Option<Box<dyn data::Source>>) {
        match self {
            Self::Stored(connector, side) => (Some((connector, side)), None),
            Self::File(source) => (None, Some(source)),
        }
    }
}

impl Differing {
    async fn reach(&self, named: &Named) -> Result<Reached> {
        match named {
            Named::Stored { connection, side } => {
                Ok(Reached::Stored(self.context.connections.get(connection).await?, side.clone()))
            }
            Named::File { format, path, options } => {
                Ok(Reached::File(open_file(self.files.as_ref(), &self.context, format, path, options).await?))
            }
        }
    }
}

impl Differing {
    /// The outputs of all ranges.
    fn put_together(&self, gathered: &Gathered) -> Map<String, Value> {
        let mut outputs = gathered.outputs.clone();
        let number = |name: &str| outputs.get(name).and_then(Value::as_u64).unwrap_or(0);
        let totals = Totals {
            left_rows: number("left_rows"),
            right_rows: number("right_rows"),
            equal: number("equal"),
            missing: number("missing"),
            extra: number("extra"),
            changed: number("changed"),
        };
        // Percentages of ranges do not add up.
        outputs.insert("percent".to_owned(), totals.percent().into());
        let reason = format!("{} ranges of the key were compared, each by the worker that took it", gathered.chunks);
        outputs.insert("reasons".to_owned(), json!([reason]));
        if let Some(Value::Array(notes)) = outputs.get_mut("notes") {
            let mut seen = HashSet::new();
            notes.retain(|note| seen.insert(note.to_string()));
        }
        let level = if totals.differences() == 0 { LogLevel::Info } else { LogLevel::Warn };
        self.context.log(level, format!("{reason}: {} differences", totals.differences()));
        outputs
    }

    /// The table that is to be repaired, and its connection.
    fn mended<'a>(&self, right: Option<&'a Stored>) -> Result<(&'a dyn Connector, &'a str)> {
        match right {
            Some((connector, transfer::Side { relation: Relation::Table(table), .. })) => {
                Ok((connector.as_ref(), table))
            }
            _ => Err(Fault::new(
                model::ErrorCode::Unsupported,
                "the right side is no table, and only a table can be repaired",
            )
            .path(format!("steps.{}.with.repair", self.context.step.id))
            .into()),
        }
    }
}

fn as_rows<'a>(
    stored: &'a Option<(Arc<dyn Connector>, transfer::Side)>,
    file: Option<Box<dyn data::Source>>,
) -> Option<Rows<'a>> {
    match (stored, file) {
        (Some((connector, side)), _) => Some(Rows::Stored(connector.as_ref(), side.clone())),
        (None, Some(source)) => Some(Rows::Unsorted(source)),
        (None, None) => None,
    }
}

#[async_trait]
impl Action for Differing {
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport> {
        if let Task::Finish(gathered) = &self.task {
            return Ok(ActionReport { outputs: self.put_together(gathered), ..ActionReport::default() });
        }
        let (left_stored, left_file) = self.reach(&self.left).await?.rows();
        let (right_stored, right_file) = self.reach(&self.right).await?.rows();
        let left = as_rows(&left_stored, left_file).expect("a side is stored or a file");
        let right = as_rows(&right_stored, right_file).expect("a side is stored or a file");
        if let (Task::Spread, Some(left), Some(right)) = (&self.task, &left_stored, &right_stored) {
            let [left, right] = [left, right].map(|(connector, side)| Rows::Stored(connector.as_ref(), side.clone()));
            let (report, ranges) = transfer::diff::find_ranges(left, right, &self.options).await?;
            for text in report.reasons.iter().chain(&report.notes) {
                self.context.log(LogLevel::Info, text.clone());
            }
            if ranges.len() > 1 {
                let items = ranges.iter().map(|range| json!(range)).collect();
                let expand = Some(Expansion { items, max_parallel: None, finish: Some(Map::new()) });
                return Ok(ActionReport { expand, ..ActionReport::default() });
            }
        }
        let mut sender = Sender {
            out,
            step: self.context.step.id.to_string(),
            sequences: HashMap::new(),
            sample: HashMap::new(),
            limit: self.sample,
            context: &self.context,
        };
        let canceled = || data::Error::permanent(model::ErrorCode::Canceled, "the comparison was canceled");
        let mut repair = None;
        let report = if self.mending == Mending::None {
            tokio::select! {
                biased;
                () = self.context.cancel.cancelled() => return Err(canceled()),
                report = transfer::diff::run(left, right, &self.options, &mut sender) => report?,
            }
        } else {
            let (connector, table) = self.mended(right_stored.as_ref())?;
            let mut repairing = Repairing::new(&mut sender, connector, table)?;
            let report = tokio::select! {
                biased;
                () = self.context.cancel.cancelled() => return Err(canceled()),
                report = transfer::diff::run(left, right, &self.options, &mut repairing) => report?,
            };
            repair = Some((repairing.finish(), connector));
            report
        };
        let Report { totals, strategy, reasons, notes, complete, .. } = report;
        let mut repaired = 0;
        if let Some((repair, connector)) = &mut repair {
            sender.send_statements(repair).await?;
            if self.mending == Mending::Apply {
                repaired = repair.apply(*connector).await?;
                self.context.log(LogLevel::Info, format!("{repaired} statements were run on the right side"));
            }
        }
        let sample = KINDS.map(|kind| {
            let rows = sender.sample.remove(&kind).unwrap_or_default();
            (kind.as_str().to_owned(), Value::Array(rows))
        });
        let level = if totals.differences() == 0 { LogLevel::Info } else { LogLevel::Warn };
        self.context.log(
            level,
            format!(
                "{} rows left, {} right: {} equal, {} missing, {} extra, {} changed",
                totals.left_rows, totals.right_rows, totals.equal, totals.missing, totals.extra, totals.changed
            ),
        );
        let mut outputs = Map::new();
        for (name, count) in [
            ("differences", totals.differences()),
            ("missing", totals.missing),
            ("extra", totals.extra),
            ("changed", totals.changed),
            ("equal", totals.equal),
            ("left_rows", totals.left_rows),
            ("right_rows", totals.right_rows),
        ] {
            outputs.insert(name.to_owned(), count.into());
        }
        outputs.insert("repaired".to_owned(), repaired.into());
        outputs.insert("percent".to_owned(), totals.percent().into());
        outputs.insert("sample".to_owned(), Value::Object(sample.into_iter().collect()));
        outputs.insert("strategy".to_owned(), strategy.as_str().into());
        outputs.insert("reasons".to_owned(), reasons.into());
        outputs.insert("notes".to_owned(), notes.into());
        outputs.insert("complete".to_owned(), complete.into());
        let rows_in = totals.left_rows + totals.right_rows;
        Ok(ActionReport { outputs, rows_in, rows_out: totals.differences(), ..ActionReport::default() })
    }
}

fn tolerance_schema() -> Value {
    json!({
        "type": "object",
        "description": "By column, what makes no difference: how far numbers may lie apart, or more by name.",
        "additionalProperties": { "oneOf": [
            { "type": "number", "minimum": 0 },
            { "type": "object", "additionalProperties": false, "properties": {
                "number": { "type": "number", "minimum": 0, "description": "How far two numbers may lie apart." },
                "time": { "enum": ["microsecond", "millisecond", "second", "minute", "day"], "description": "The unit up to which instants and times are compared." },
                "trim": { "type": "boolean", "description": "White space around text is not looked at." },
                "ignore_case": { "type": "boolean", "description": "Nor is the case of its letters." },
                "unicode": { "enum": ["nfc", "nfkc"], "description": "The form of Unicode in which text is compared." },
            } },
        ] },
    })
}

/// The rows as JSON objects.
///
/// # Errors
/// `value_refused` where a column has no form in JSON.
pub(crate) fn to_json(records: &RecordBatch) -> Result<Vec<Value>> {
    if records.num_rows() == 0 || records.num_columns() == 0 {
        return Ok(vec![Value::Object(Map::new()); records.num_rows()]);
    }
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(records)?;
    writer.finish()?;
    let lines = serde_json::Deserializer::from_slice(&writer.into_inner()).into_iter().collect::<Result<Vec<_>, _>>();
    lines.map_err(|error| {
        data::Error::permanent(model::ErrorCode::ValueRefused, format!("a sample row has no form in JSON: {error}"))
    })
}
