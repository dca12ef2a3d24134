//! `route`: sends each row to the tables, plugins or ports of the rules it matches.
//!
//! A rule asks for a class, a SQL condition or both; without rules the server's [`Stores`] say where each class goes. Each target works in a task of its own behind a bounded queue
//! (`route/sink.rs`), so that a slow one holds the others back only once its queue is full. Rows that targets refuse come back
//! later than their batch was sent; the port `rejected` still gets every batch's number once and in order.

pub(crate) mod rule;
mod sink;

use crate::kind::{Claim, Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::lanes::Lanes;
use crate::rejected::{Refusal, rejected_rows, rejected_schema};
use crate::settings::{self, Names, names_schema};
use crate::stores::Stores;
use crate::target::{Target, TargetSettings, TargetWritten, target_properties};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Error, Lane, LedgerEntry, Result};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::{ErrorCode, Fault};
use rule::{LaneRules, Rule};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sink::{Probed, SinkTask};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The step kind `route`.
#[derive(Debug, Default)]
pub struct Route {
    stores: Option<Arc<Stores>>,
}

impl Route {
    /// The kind on a server with `stores`, which a step without rules follows.
    #[must_use]
    pub fn following(stores: Arc<Stores>) -> Self {
        Self { stores: Some(stores) }
    }
}

/// Names a rule's port may not take.
const OWN_PORTS: [&str; 2] = ["unmatched", "rejected"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteSettings {
    /// None: those of the server's stores.
    #[serde(default)]
    rules: Vec<RuleSettings>,
    #[serde(default, rename = "match")]
    matching: Matching,
    /// None: what the server's stores say, or else to the port `rejected`.
    otherwise: Option<Otherwise>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSettings {
    pub(crate) name: Option<String>,
    pub(crate) when: Option<String>,
    #[serde(default)]
    pub(crate) class: Names,
    #[serde(default)]
    pub(crate) to: Targets,
    pub(crate) port: Option<String>,
    /// What tells its targets from others in their ledgers; none: its number.
    #[serde(skip)]
    pub(crate) place: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Matching {
    /// A row goes where the first rule that matches says.
    #[default]
    First,
    /// A row goes where every rule that matches says.
    All,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(crate) enum Targets {
    #[default]
    None,
    Many(Vec<TargetSettings>),
    One(Box<TargetSettings>),
}

impl Targets {
    pub(crate) fn to_list(&self) -> Vec<TargetSettings> {
        match self {
            Self::None => Vec::new(),
            Self::Many(targets) => targets.clone(),
            Self::One(target) => vec![target.as_ref().clone()],
        }
    }
}

/// What becomes of rows that no rule matches.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Otherwise {
    Word(OtherwiseWord),
    To(OtherwiseTo),
}

impl Default for Otherwise {
    fn default() -> Self {
        Self::Word(OtherwiseWord::Reject)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtherwiseWord {
    Reject,
    Unmatched,
    Drop,
    Fail,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherwiseTo {
    to: Targets,
}

impl OtherwiseTo {
    pub(crate) fn targets(&self) -> Vec<TargetSettings> {
        self.to.to_list()
    }
}

#[async_trait]
impl StepKind for Route {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "route".into(),
            summary: "Sends each row to the tables or ports of the rules it matches.".into(),
            schema: schema(),
            inputs: Inputs::Required,
            ports: vec!["unmatched".into(), "rejected".into()],
            named_ports: true,
            outputs: vec!["rows".into(), "rules".into(), "unmatched".into(), "rejected".into()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let Ok(settings) = settings::parse::<RouteSettings>(with) else { return Vec::new() };
        match self.complete(settings) {
            Ok(settings) => settings.check(),
            Err(fault) => vec![fault],
        }
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: RouteSettings = settings::read(&context.step)?;
        let settings =
            self.complete(settings).map_err(|fault| fault.path(format!("steps.{}.with", context.step.id)))?;
        if let Some(fault) = settings.check().into_iter().next() {
            let path = format!("steps.{}.{}", context.step.id, fault.path.as_deref().unwrap_or("with"));
            return Err(fault.path(path).into());
        }
        Ok(Opened::Flow(Box::new(RouteFlow::new(settings, context)?)))
    }
}

impl Route {
    /// The settings with the rules of the server's stores where they have none.
    fn complete(&self, mut settings: RouteSettings) -> Result<RouteSettings, Fault> {
        if !settings.rules.is_empty() {
            return Ok(settings);
        }
        let Some(stores) = &self.stores else {
            return Err(Fault::new(
                ErrorCode::MissingKey,
                "there are no `rules`, and this server has no `stores.yaml`",
            )
            .hint("Add `rules`, or write `stores.yaml` as `docs/stores.md` shows.")
            .path("with"));
        };
        let (rules, otherwise) = stores.rules();
        settings.rules = rules;
        settings.otherwise = settings.otherwise.or(Some(otherwise));
        Ok(settings)
    }
}

impl RouteSettings {
    fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut names = HashSet::new();
        let mut ports = HashSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let path = format!("with.rules.{index}");
            let name = rule.name.clone().unwrap_or_else(|| default_name(index));
            if !names.insert(name.clone()) {
                faults.push(
                    Fault::new(ErrorCode::Duplicate, format!("two rules are called `{name}`"))
                        .hint("Give one of them another name.")
                        .path(format!("{path}.name")),
                );
            }
            match &rule.when {
                Some(when) if !settings::is_open(when) => {
                    if let Err(error) = query::parse_condition(when) {
                        faults.push(error.fault.path(format!("{path}.when")));
                    }
                }
                None if rule.class == Names::None => faults.push(
                    Fault::new(ErrorCode::MissingKey, format!("rule `{name}` has neither `when` nor `class`"))
                        .hint("Write `when: \"true\"` for a rule that takes every row.")
                        .path(path.clone()),
                ),
                _ => {}
            }
            let targets = rule.to.to_list();
            if targets.is_empty() && rule.port.is_none() {
                faults.push(
                    Fault::new(ErrorCode::MissingKey, format!("rule `{name}` does not say where its rows go"))
                        .hint("Add `to` with a connection and a table, or `port`.")
                        .path(path.clone()),
                );
            }
            for target in targets {
                faults.extend(target.check(&format!("{path}.to")));
            }
            if let Some(port) = &rule.port {
                if OWN_PORTS.contains(&port.as_str()) {
                    faults.push(
                        Fault::new(
                            ErrorCode::InvalidValue,
                            format!("a rule cannot send to the port `{port}`, which has a meaning of its own"),
                        )
                        .hint("Choose another name.")
                        .path(format!("{path}.port")),
                    );
                }
                ports.insert(port.clone());
            }
        }
        if let Some(Otherwise::To(otherwise)) = &self.otherwise {
            for target in otherwise.to.to_list() {
                faults.extend(target.check("with.otherwise.to"));
            }
        }
        faults
    }
}

fn default_name(index: usize) -> String {
    format!("rule_{}", index + 1)
}

struct RouteFlow {
    rules: Vec<Rule>,
    /// The targets and port of each rule; the last entry is for rows that no rule matches.
    ways: Vec<Way>,
    matching: Matching,
    otherwise: OtherwiseWord,
    lanes: Lanes<LaneState>,
    pending: VecDeque<Pending>,
    further: Vec<LedgerEntry>,
    step: String,
    written: u64,
    unmatched: u64,
    rejected: u64,
}

#[derive(Default)]
struct Way {
    name: String,
    sinks: Vec<SinkTask>,
    port: Option<String>,
    rows: u64,
}

struct LaneState {
    rules: LaneRules,
    claim: Claim,
}

/// A batch whose targets have not all answered.
struct Pending {
    place: Batch,
    /// What the route itself rejected.
    rejected: RecordBatch,
    replies: Vec<Reply>,
}

struct Reply {
    rule: String,
    records: RecordBatch,
    written: oneshot::Receiver<Result<TargetWritten>>,
}

impl RouteFlow {
    fn new(settings: RouteSettings, context: StepContext) -> Result<Self> {
        let step = context.step.id.to_string();
        let open = |targets: Vec<TargetSettings>, place: &str, may_lack: bool| -> Result<Vec<SinkTask>> {
            let tasks = targets.into_iter().enumerate().map(|(index, target)| {
                let target = Target::new(target, context.clone(), format!("{place}.{index}"))?;
                Ok(SinkTask::start(target, may_lack))
            });
            tasks.collect()
        };
        let (mut rules, mut ways) = (Vec::new(), Vec::new());
        for (index, rule) in settings.rules.into_iter().enumerate() {
            let name = rule.name.unwrap_or_else(|| default_name(index));
            // The server's stores are for every workflow: one that a step sends nothing to must not hold it up.
            let of_stores = rule.place.is_some();
            let place = rule.place.unwrap_or_else(|| index.to_string());
            let sinks = open(rule.to.to_list(), &place, of_stores)?;
            ways.push(Way { name: name.clone(), sinks, port: rule.port, rows: 0 });
            rules.push(Rule { name, when: rule.when, classes: rule.class.into_list() });
        }
        let (otherwise, last) = match settings.otherwise.unwrap_or_default() {
            Otherwise::Word(word) => (word, Vec::new()),
            Otherwise::To(otherwise) => (OtherwiseWord::Drop, open(otherwise.to.to_list(), "otherwise", false)?),
        };
        ways.push(Way { name: "otherwise".into(), sinks: last, port: None, rows: 0 });
        Ok(Self {
            rules,
            ways,
            matching: settings.matching,
            otherwise,
            lanes: Lanes::default(),
            pending: VecDeque::new(),
            further: Vec::new(),
            step,
            written: 0,
            unmatched: 0,
            rejected: 0,
        })
    }

    /// Asks every target that may get the lane's rows where it stands.
    async fn probe(&mut self, batch: &Batch) -> Result<Claim> {
        let (mut entries, mut has_fresh) = (Vec::new(), false);
        for sink in self.ways.iter().flat_map(|way| &way.sinks) {
            match sink.probe(&batch.lane, batch.records.schema()).await? {
                Probed::At(entry) => entries.push(entry),
                Probed::Fresh => has_fresh = true,
                Probed::Foreign => {}
            }
        }
        if self.ways.iter().all(|way| way.sinks.is_empty()) {
            return Ok(Claim::NotASink);
        }
        let smallest = entries.iter().min_by_key(|entry| entry.sequence).cloned();
        self.further.extend(entries);
        Ok(match smallest {
            Some(entry) if !has_fresh => Claim::At(entry),
            _ => Claim::Fresh,
        })
    }

    /// Sends on what the targets have answered; all of it where `wait`.
    async fn settle(&mut self, wait: bool, out: &mut Outputs<'_>) -> Result<()> {
        while let Some(front) = self.pending.front_mut() {
            let mut parts = vec![front.rejected.clone()];
            for reply in &mut front.replies {
                let written = if wait {
                    (&mut reply.written).await.map_err(|_| stopped(&self.step))??
                } else {
                    match reply.written.try_recv() {
                        Ok(written) => written?,
                        Err(oneshot::error::TryRecvError::Closed) => return Err(stopped(&self.step)),
                        Err(oneshot::error::TryRecvError::Empty) => return Ok(()),
                    }
                };
                self.written += written.rows;
                let refusals: Vec<Refusal> = written
                    .refused
                    .into_iter()
                    .map(|refused| Refusal { row: refused.row, rule: reply.rule.clone(), reason: refused.reason })
                    .collect();
                if !refusals.is_empty() {
                    parts.push(rejected_rows(&reply.records, &front.rejected.schema(), &refusals)?);
                }
                // A reply is taken once; what is left are those not asked yet.
                let (answered, written) = oneshot::channel();
                let _ = answered.send(Ok(TargetWritten::default()));
                reply.written = written;
            }
            let rejected = match parts.len() {
                1 => parts.remove(0),
                _ => arrow::compute::concat_batches(&front.rejected.schema(), &parts)?,
            };
            let place = front.place.with_records(rejected);
            self.rejected += place.records.num_rows() as u64;
            self.pending.pop_front();
            out.send("rejected", place).await?;
        }
        Ok(())
    }
}

fn stopped(step: &str) -> Error {
    Error::permanent(ErrorCode::Internal, format!("a target of step `{step}` stopped in the middle"))
}

#[async_trait]
impl Flow for RouteFlow {
    fn is_deterministic(&self) -> bool {
        self.lanes.values().all(|lane| lane.rules.is_deterministic())
    }

    async fn claim(&mut self, lane: &Lane) -> Result<Claim> {
        Ok(self.lanes.find(lane).map_or(Claim::Fresh, |lane| lane.claim.clone()))
    }

    fn further_entries(&self) -> Vec<LedgerEntry> {
        self.further.clone()
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        if self.lanes.find(&batch.lane).is_none() {
            let claim = if batch.sequence == 0 { self.probe(&batch).await? } else { Claim::Fresh };
            let rules = LaneRules::new(&self.rules, &batch.records.schema());
            self.lanes.insert(&batch.lane, LaneState { rules, claim });
        }
        let lane = self.lanes.find(&batch.lane).expect("it was inserted a moment ago");
        let masks = lane.rules.masks(&self.rules, &batch.records, self.matching == Matching::First)?;
        let mut replies = Vec::new();
        for (way, mask) in self.ways.iter_mut().zip(&masks) {
            let matched = mask.true_count();
            let records = match matched {
                0 => RecordBatch::new_empty(batch.records.schema()),
                all if all == batch.records.num_rows() => batch.records.clone(),
                _ => filter_record_batch(&batch.records, mask)?,
            };
            way.rows += matched as u64;
            for sink in way.sinks.iter().filter(|_| batch.sequence > 0) {
                let written = sink.write(batch.with_records(records.clone())).await;
                replies.push(Reply { rule: way.name.clone(), records: records.clone(), written });
            }
            if let Some(port) = &way.port {
                out.send(port, batch.with_records(records)).await?;
            }
        }
        let rest = masks.last().expect("there is one for the rows without a match");
        let unmatched = rest.true_count();
        self.unmatched += unmatched as u64;
        let schema = rejected_schema(&batch.records.schema());
        let mut rejected = RecordBatch::new_empty(schema.clone());
        match self.otherwise {
            OtherwiseWord::Fail if unmatched > 0 => {
                return Err(Error::permanent(
                    ErrorCode::RowsRejected,
                    format!("no rule of step `{}` matches {unmatched} rows", self.step),
                )
                .hint("Add a rule for them, or say with `otherwise` where they go."));
            }
            OtherwiseWord::Reject if unmatched > 0 => {
                let refusals: Vec<Refusal> = (0..rest.len())
                    .filter(|&row| rest.value(row))
                    .map(|row| Refusal { row, rule: "otherwise".into(), reason: "no rule matches".into() })
                    .collect();
                rejected = rejected_rows(&batch.records, &schema, &refusals)?;
            }
            _ => {}
        }
        let unmatched_rows = match self.otherwise {
            OtherwiseWord::Unmatched if unmatched > 0 => filter_record_batch(&batch.records, rest)?,
            _ => RecordBatch::new_empty(batch.records.schema()),
        };
        out.send("unmatched", batch.with_records(unmatched_rows)).await?;
        self.pending.push_back(Pending { place: batch, rejected, replies });
        self.settle(false, out).await
    }

    async fn finish(&mut self, out: &mut Outputs<'_>) -> Result<()> {
        self.settle(true, out).await?;
        for sink in self.ways.iter().flat_map(|way| &way.sinks) {
            sink.finish().await?;
        }
        Ok(())
    }

    fn rows_written(&self) -> Option<u64> {
        self.ways.iter().any(|way| !way.sinks.is_empty()).then_some(self.written)
    }

    fn outputs(&self) -> Map<String, Value> {
        let rules: Map<String, Value> =
            self.ways[..self.rules.len()].iter().map(|way| (way.name.clone(), json!(way.rows))).collect();
        [
            ("rows".to_owned(), json!(self.written)),
            ("rules".to_owned(), Value::Object(rules)),
            ("unmatched".to_owned(), json!(self.unmatched)),
            ("rejected".to_owned(), json!(self.rejected)),
        ]
        .into_iter()
        .collect()
    }
}

fn schema() -> Value {
    let target = json!({ "type": "object", "properties": target_properties(), "additionalProperties": false });
    let to = json!({
        "description": "One target, or several that each get the rows.",
        "oneOf": [target, { "type": "array", "items": target, "minItems": 1 }],
    });
    json!({
        "type": "object",
        "properties": {
            "rules": {
                "description": "Where rows go; without rules each class goes where the server's `stores.yaml` says.",
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string", "minLength": 1, "description": "How counts and errors name the rule." },
                        "when": { "type": "string", "minLength": 1, "description": "A SQL condition on the row." },
                        "class": names_schema("Only rows whose column `class` says so."),
                        "to": to,
                        "port": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "A port by which the rows leave." },
                    },
                    "additionalProperties": false,
                },
            },
            "match": { "enum": ["first", "all"], "default": "first", "description": "Whether a row goes where the first rule says, or where all say that match." },
            "otherwise": {
                "description": "Where rows go that no rule matches: to the port `rejected` or `unmatched`, nowhere, to a target; or the step fails.",
                "default": "reject",
                "oneOf": [
                    { "enum": ["reject", "unmatched", "drop", "fail"] },
                    { "type": "object", "properties": { "to": to }, "required": ["to"], "additionalProperties": false },
                ],
            },
        },
        "additionalProperties": false,
    })
}
