//! Before the first row: sends an empty batch down every lane, asks every sink where it stands, and decides where each
//! source starts and what is kept on disk.
//!
//! | source can | all flows stateless | a flow is stateful |
//! |---|---|---|
//! | give checkpoints | starts after the sinks' smallest entry | starts over (replayable) or is spooled |
//! | replay | starts over, sinks skip | starts over, sinks skip |
//! | neither | is spooled | is spooled |
//!
//! A flow that is not deterministic is spooled itself; the sinks behind it then do not concern the source.

use super::graph::Graph;
use super::node::SourceWork;
use super::{Ended, Settings};
use crate::kind::{Claim, Flow, OpenSource, Outputs, PortSender};
use crate::spool::{Spool, SpoolReader};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Error, Lane, LedgerEntry, Result, Resume};
use futures::FutureExt;
use meter::Meter;
use model::{ErrorCode, StepId};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;

/// A step before the stage starts.
pub(crate) enum Prepared {
    /// Reads in; opened once the sinks have told.
    Source(Box<dyn OpenSource>),
    /// A source that stands where it starts.
    Ready(SourceWork),
    /// Gets batches.
    Flow(Box<dyn Flow>),
    /// Does one thing.
    Action(Box<dyn crate::kind::Action>),
    /// Sends what an earlier attempt kept.
    Replay(SpoolReader),
    /// Does not take part, or failed already.
    Ended(Ended),
}

/// A step, what is known of it, and what was decided.
pub(crate) struct Candidate {
    pub(crate) id: StepId,
    pub(crate) first_port: String,
    pub(crate) prepared: Prepared,
    /// Whether it writes somewhere; none where no empty batch has reached it.
    pub(crate) is_sink: Option<bool>,
    pub(crate) spool: Option<Spool>,
    pub(crate) meter: Meter,
}

/// Decides for all steps.
pub(crate) async fn prepare(candidates: &mut [Candidate], graph: &Graph, settings: &Settings) {
    for (index, candidate) in candidates.iter_mut().enumerate() {
        let spool = Spool::new(&settings.data_dir, settings.run, &candidate.id, settings.chunk.as_ref());
        match spool.find() {
            Ok(Some(kept)) if !matches!(candidate.prepared, Prepared::Ended(_)) => {
                candidate.spool = Some(spool);
                candidate.prepared = Prepared::Replay(kept);
            }
            Ok(_) => {}
            Err(error) => candidate.prepared = Prepared::Ended(Ended::Failed(error)),
        }
        if matches!(candidate.prepared, Prepared::Action(_)) && !graph.edges[index].is_empty() {
            candidate.spool =
                Some(Spool::new(&settings.data_dir, settings.run, &candidate.id, settings.chunk.as_ref()));
        }
    }
    for index in 0..candidates.len() {
        // Those behind kept rows learn their lanes too; where their sinks stand does not matter.
        if let Prepared::Replay(kept) = &candidates[index].prepared {
            match kept.empty_batches() {
                Ok(sent) => drop(Probe::send(index, sent, candidates, graph, settings).await),
                Err(error) => candidates[index].prepared = Prepared::Ended(Ended::Failed(error)),
            }
        }
    }
    for index in 0..candidates.len() {
        if !matches!(candidates[index].prepared, Prepared::Source(_)) {
            continue;
        }
        let Prepared::Source(mut opener) =
            std::mem::replace(&mut candidates[index].prepared, Prepared::Ended(Ended::Skipped(None)))
        else {
            continue;
        };
        let started = AssertUnwindSafe(start_source(index, opener.as_mut(), candidates, graph, settings));
        candidates[index].prepared = match started.catch_unwind().await {
            Ok(Ok(work)) => Prepared::Ready(work),
            Ok(Err(error)) => Prepared::Ended(Ended::Failed(error)),
            Err(_) => Prepared::Ended(Ended::Failed(panicked(&candidates[index].id))),
        };
    }
}

async fn start_source(
    index: usize,
    opener: &mut dyn OpenSource,
    candidates: &mut [Candidate],
    graph: &Graph,
    settings: &Settings,
) -> Result<SourceWork> {
    let meter = candidates[index].meter.clone();
    let source = meter.count(opener.open(None)).await?;
    let mut sent = vec![(candidates[index].first_port.clone(), empty_batch(&candidates[index].id, source.schema()))];
    if let Some(schema) = source.rejected_schema() {
        sent.push((crate::edge::REJECTED.to_owned(), empty_batch(&candidates[index].id, schema)));
    }
    let probe = Probe::send(index, sent, candidates, graph, settings).await;
    let position = probe.position();
    let fresh = |source, marks| SourceWork { source, next_sequence: 1, marks };
    if !probe.has_sink {
        return Ok(fresh(source, BTreeMap::new()));
    }
    let is_resumable = !probe.is_stateful;
    // A source that can only start over gives checkpoints too: they tell whether it yields the same rows again.
    let starts_anywhere = is_resumable && source.resume() == Resume::Checkpoint;
    if let (true, Some(entry)) = (starts_anywhere, &position)
        && let Some(checkpoint) = &entry.checkpoint
    {
        drop(source);
        let marks = probe.marks(entry.sequence);
        let source = meter.count(opener.open(Some(checkpoint.clone()))).await?;
        return Ok(SourceWork { source, next_sequence: entry.sequence + 1, marks });
    }
    let may_start_over = match source.resume() {
        Resume::Replay => true,
        Resume::Checkpoint => is_resumable,
        Resume::Nothing => false,
    };
    if may_start_over {
        return Ok(fresh(source, probe.marks(0)));
    }
    if probe.entries.iter().any(|entry| entry.is_some()) {
        let message = format!(
            "an earlier attempt wrote rows that step `{}` read, and what it kept of them is not here",
            candidates[index].id
        );
        return Err(Error::permanent(ErrorCode::ReplayImpossible, message)
            .hint("Run the task on the machine that began it, or start a new run."));
    }
    candidates[index].spool =
        Some(Spool::new(&settings.data_dir, settings.run, &candidates[index].id, settings.chunk.as_ref()));
    Ok(fresh(source, BTreeMap::new()))
}

/// What an empty batch met on its way through the stage.
#[derive(Default)]
struct Probe {
    has_sink: bool,
    is_stateful: bool,
    /// Where each sink stands that batches reach as they are; `None`: nothing is durable.
    entries: Vec<Option<LedgerEntry>>,
    further: Vec<LedgerEntry>,
}

impl Probe {
    async fn send(
        from: usize,
        sent: Vec<(String, Batch)>,
        candidates: &mut [Candidate],
        graph: &Graph,
        settings: &Settings,
    ) -> Self {
        let mut probe = Self::default();
        let mut waiting = VecDeque::new();
        let mut reached = HashSet::new();
        let mut hidden = HashSet::new();
        route(from, sent, false, graph, &mut waiting);
        while let Some((step, batch, is_behind_spool)) = waiting.pop_front() {
            reached.insert(step);
            if !matches!(candidates[step].prepared, Prepared::Flow(_)) {
                // It failed, or sends what it kept: either way those behind it get nothing from here.
                hidden.extend(graph.reachable(step));
                continue;
            }
            let meter = candidates[step].meter.clone();
            let visit = probe.visit(&mut candidates[step], batch, is_behind_spool);
            let met = AssertUnwindSafe(meter.count(visit));
            let (sent, spools) = match met.catch_unwind().await {
                Ok(Ok(met)) => met,
                Ok(Err(error)) => {
                    candidates[step].prepared = Prepared::Ended(Ended::Failed(error));
                    hidden.extend(graph.reachable(step));
                    continue;
                }
                Err(_) => {
                    candidates[step].prepared = Prepared::Ended(Ended::Failed(panicked(&candidates[step].id)));
                    hidden.extend(graph.reachable(step));
                    continue;
                }
            };
            let has_edges = !graph.edges[step].is_empty();
            if spools && has_edges && candidates[step].spool.is_none() {
                let id = &candidates[step].id;
                candidates[step].spool =
                    Some(Spool::new(&settings.data_dir, settings.run, id, settings.chunk.as_ref()));
            }
            let hides = spools && has_edges;
            if hides {
                hidden.extend(graph.reachable(step));
            }
            route(step, sent, is_behind_spool || hides, graph, &mut waiting);
        }
        // What the empty batch did not reach may write: it is asked when its first batch comes.
        for step in graph.reachable(from) {
            if !reached.contains(&step)
                && !hidden.contains(&step)
                && matches!(candidates[step].prepared, Prepared::Flow(_))
            {
                probe.has_sink = true;
                probe.entries.push(None);
            }
        }
        probe
    }

    async fn visit(
        &mut self,
        candidate: &mut Candidate,
        batch: Batch,
        is_behind_spool: bool,
    ) -> Result<(Vec<(String, Batch)>, bool)> {
        let Prepared::Flow(flow) = &mut candidate.prepared else { return Ok((Vec::new(), false)) };
        let lane = batch.lane.clone();
        let mut collected = Collected::default();
        flow.process(batch, &mut Outputs::new(&mut collected)).await?;
        let spools = !flow.is_deterministic();
        let claim = flow.claim(&lane).await?;
        candidate.is_sink = Some(candidate.is_sink.unwrap_or(false) | (claim != Claim::NotASink));
        if !is_behind_spool {
            // A spool must be filled from the start, whatever the sinks on other ways have.
            self.is_stateful |= flow.is_stateful() || spools;
            match claim {
                Claim::NotASink => {}
                Claim::Fresh => self.note(None),
                Claim::At(entry) => self.note(Some(entry)),
            }
            self.further.extend(flow.further_entries());
        } else if let Claim::At(_) = claim {
            let message =
                format!("step `{}` wrote rows in an earlier attempt whose origin is not kept here", candidate.id);
            return Err(Error::permanent(ErrorCode::ReplayImpossible, message)
                .hint("Run the task on the machine that began it, or start a new run."));
        }
        Ok((collected.0, spools))
    }

    fn note(&mut self, entry: Option<LedgerEntry>) {
        self.has_sink = true;
        self.entries.push(entry);
    }

    /// The smallest entry; none where a sink has nothing.
    fn position(&self) -> Option<LedgerEntry> {
        let entries: Option<Vec<&LedgerEntry>> = self.entries.iter().map(Option::as_ref).collect();
        entries?.into_iter().min_by_key(|entry| entry.sequence).cloned()
    }

    fn marks(&self, after: u64) -> BTreeMap<u64, Checkpoint> {
        let known = self.entries.iter().flatten().chain(&self.further);
        known
            .filter(|entry| entry.sequence > after)
            .filter_map(|entry| Some((entry.sequence, entry.checkpoint.clone()?)))
            .collect()
    }
}

fn empty_batch(lane: &StepId, schema: SchemaRef) -> Batch {
    let records = RecordBatch::new_empty(schema);
    Batch { lane: Lane::new(lane.as_str()), sequence: 0, checkpoint: None, records }
}

fn route(
    from: usize,
    sent: Vec<(String, Batch)>,
    is_behind_spool: bool,
    graph: &Graph,
    waiting: &mut VecDeque<(usize, Batch, bool)>,
) {
    for (port, batch) in sent {
        for edge in graph.edges[from].iter().filter(|edge| edge.port == port) {
            let mut batch = batch.clone();
            if let Some(name) = edge.renames.get(&batch.lane) {
                batch.lane = name.clone();
            }
            waiting.push_back((edge.to, batch, is_behind_spool));
        }
    }
}

/// Gathers what a flow sends.
#[derive(Default)]
struct Collected(Vec<(String, Batch)>);

#[async_trait]
impl PortSender for Collected {
    async fn send(&mut self, port: &str, batch: Batch) -> Result<()> {
        self.0.push((port.to_owned(), batch));
        Ok(())
    }
}

/// The error of a step that panicked.
pub(crate) fn panicked(step: &StepId) -> Error {
    Error::permanent(ErrorCode::Internal, format!("step `{step}` met a fault of Sluice's own"))
        .hint("The server's log holds the details; please report it.")
}
