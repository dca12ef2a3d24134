//! Runs the steps of a stage together: one tokio task each, joined by bounded edges.
//!
//! `stage/graph.rs` says who sends to whom, `stage/prepare.rs` decides where sources start and what is spooled, and
//! `stage/node.rs` is one step at work. A step that fails does not stop the others: those behind it are skipped with
//! `upstream_failed`, those before it drop the edge and go on. The stage decides nothing about retries; its reports say whether one can help.

mod graph;
mod node;
mod prepare;
#[cfg(test)]
mod tests;

use crate::edge::{Edge, Letterbox, Ports, inbox};
use crate::kind::Opened;
use crate::spool::Spool;
use crate::trial::Book;
use data::{Error, Result};
use engine::ports::{Observer, StepReport};
use futures::FutureExt;
use graph::{Graph, Vertex};
use meter::Meter;
use model::document::{OnError, Step};
use model::run::{LogLevel, LogLine};
use model::{ErrorCode, Fault, RunId, StepId, StepStatus};
use node::{Counted, Node, Work};
use prepare::{Candidate, Prepared, panicked};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A step of the stage, opened.
pub struct Member {
    /// The step, its settings rendered.
    pub step: Step,
    /// The kind's ports; the first is the default.
    pub ports: Vec<String>,
    /// The step ready to work, or why it will not.
    pub opened: Result<Opened, Ended>,
    /// What the step was told to watch; fires when it is over.
    pub cancel: CancellationToken,
    /// Counts what the step takes, from its opening on.
    pub meter: Meter,
}

/// Why a step ended without having done its work.
#[derive(Debug, Clone)]
pub enum Ended {
    /// It failed.
    Failed(Error),
    /// Its `if` was false (no fault), or a step before it was skipped.
    Skipped(Option<Fault>),
    /// The run was canceled.
    Canceled,
}

/// What the whole stage shares.
#[derive(Clone)]
pub struct Settings {
    /// The run.
    pub run: RunId,
    /// The `foreach` and the number of its chunk; none outside.
    pub chunk: Option<(StepId, u32)>,
    /// The server's data folder; spools go to `spool/` in it.
    pub data_dir: PathBuf,
    /// Fires when the stage must stop.
    pub cancel: CancellationToken,
    /// Hears of progress and log lines.
    pub observer: Arc<dyn Observer>,
    /// Where the document is only tried: who is shown what leaves by each port.
    pub trial: Option<Arc<Book>>,
}

/// Runs the steps to their ends; one report for each, in the order given.
pub async fn run(members: Vec<Member>, settings: &Settings) -> Vec<StepReport> {
    let vertices: Vec<Vertex> = members.iter().map(vertex).collect();
    let graph = match Graph::new(&vertices) {
        Ok(graph) => graph,
        Err(error) => {
            return members
                .into_iter()
                .map(|member| report_of(&member.step.id, Ended::Failed(error.clone())))
                .collect();
        }
    };
    let mut candidates = Vec::with_capacity(members.len());
    let mut steps = Vec::with_capacity(members.len());
    for member in members {
        let prepared = match member.opened {
            Ok(Opened::Source(opener)) => Prepared::Source(opener),
            Ok(Opened::Flow(flow)) => Prepared::Flow(flow),
            Ok(Opened::Action(action)) => Prepared::Action(action),
            Err(ended) => Prepared::Ended(ended),
        };
        let first_port = member.ports.first().cloned().unwrap_or_else(|| "out".to_owned());
        candidates.push(Candidate {
            id: member.step.id.clone(),
            first_port,
            prepared,
            is_sink: None,
            spool: None,
            meter: member.meter,
        });
        steps.push((member.step, member.cancel));
    }
    tokio::select! {
        biased;
        () = settings.cancel.cancelled() => {
            return steps.iter().map(|(step, _)| report_of(&step.id, Ended::Canceled)).collect();
        }
        () = prepare::prepare(&mut candidates, &graph, settings) => {}
    }

    let spools: Vec<Option<Spool>> = candidates.iter().map(|candidate| candidate.spool.clone()).collect();
    let reports = stream(candidates, &graph, &steps, settings).await;
    let all_well = reports
        .iter()
        .all(|report| matches!(report.status, StepStatus::Succeeded | StepStatus::Skipped) && report.error.is_none());
    if all_well {
        let spools: Vec<Spool> = spools.into_iter().flatten().collect();
        let _ = node::blocking(move || {
            spools.iter().for_each(Spool::delete);
            Ok(())
        })
        .await;
    }
    reports
}

fn vertex(member: &Member) -> Vertex {
    Vertex {
        id: member.step.id.clone(),
        ports: member.ports.clone(),
        from: member.step.from.clone(),
        starts_lane: member.step.from.is_empty(),
        takes_part: !matches!(member.opened, Err(Ended::Skipped(_))),
    }
}

/// Starts one task for each step and gathers their reports.
async fn stream(
    candidates: Vec<Candidate>,
    graph: &Graph,
    steps: &[(Step, CancellationToken)],
    settings: &Settings,
) -> Vec<StepReport> {
    let (mut letterboxes, mut inboxes): (Vec<Letterbox>, Vec<_>) = (Vec::new(), Vec::new());
    for &edges in &graph.inbound {
        let (letterbox, inbox) = inbox(edges);
        letterboxes.push(letterbox);
        inboxes.push(Some(inbox));
    }
    let mut tasks = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.into_iter().enumerate() {
        let (step, cancel) = &steps[index];
        let edges = graph.edges[index].iter().map(|edge| Edge {
            port: edge.port.clone(),
            to: letterboxes[edge.to].clone(),
            renames: edge.renames.clone(),
            open: true,
        });
        let may_reject = step.on_error != OnError::Fail;
        let mut ports = Ports::new(step.id.clone(), edges.collect(), graph.used_ports[index].clone(), may_reject);
        ports.trial = settings.trial.clone();
        let inbox = inboxes[index].take();
        let is_replay = matches!(candidate.prepared, Prepared::Replay(_));
        let opened = match candidate.prepared {
            Prepared::Ready(source) => Ok(Work::Source(source)),
            Prepared::Flow(flow) => Ok(Work::Flow(flow)),
            Prepared::Action(action) => Ok(Work::Action(action)),
            Prepared::Replay(spool) => Ok(Work::Replay(spool)),
            Prepared::Ended(ended) => Err(ended),
            Prepared::Source(_) => Err(Ended::Failed(panicked(&step.id))),
        };
        let opened = match (opened, &candidate.spool) {
            (Ok(work), Some(spool)) if !is_replay && ports.has_edges() => match spool.create() {
                Ok(writer) => {
                    ports.spool = Some(writer);
                    Ok(work)
                }
                Err(error) => Err(Ended::Failed(error)),
            },
            (opened, _) => opened,
        };
        let work = match opened {
            Ok(work) => work,
            Err(ended) => {
                ports.fail();
                tasks.push(Err(report_of(&step.id, ended)));
                continue;
            }
        };
        let node = Node {
            id: step.id.clone(),
            work,
            ports,
            first_port: candidate.first_port,
            inbox,
            is_sink: candidate.is_sink.unwrap_or(true),
            observer: settings.observer.clone(),
            counted: Counted::new(),
            meter: candidate.meter,
        };
        tasks.push(Ok(tokio::spawn(attend(node, step.timeout, settings.cancel.clone(), cancel.clone()))));
    }
    // The nodes hold the only senders now; an inbox whose senders are gone is over.
    drop(letterboxes);
    drop(inboxes);
    let mut reports = Vec::with_capacity(tasks.len());
    for (task, (step, _)) in tasks.into_iter().zip(steps) {
        reports.push(match task {
            Ok(task) => task.await.unwrap_or_else(|_| report_of(&step.id, Ended::Failed(panicked(&step.id)))),
            Err(report) => report,
        });
    }
    reports
}

/// Watches one step: its time, the run's cancel, panics.
async fn attend(
    mut node: Node,
    timeout: Option<std::time::Duration>,
    cancel: CancellationToken,
    own: CancellationToken,
) -> StepReport {
    let id = node.id.clone();
    let meter = node.meter.clone();
    let over = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let ended = {
        let work = AssertUnwindSafe(meter.count(node.drive())).catch_unwind();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Ended::Canceled),
            () = over => {
                let after = timeout.unwrap_or_default();
                Err(Ended::Failed(Error::transient(ErrorCode::StepTimeout, format!("step `{id}` took longer than {after:?}"))
                    .hint("Give the step a longer `timeout`, or let it do less.")))
            }
            done = work => match done {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) if error.code() == ErrorCode::Canceled => Err(Ended::Canceled),
                Ok(Err(error)) if error.code() == ErrorCode::UpstreamFailed => Err(Ended::Skipped(Some(*error.fault))),
                Ok(Err(error)) => Err(Ended::Failed(error)),
                Err(_) => Err(Ended::Failed(panicked(&id))),
            },
            never = meter.watch_memory() => match never {}
        }
    };
    if ended.is_err() {
        node.ports.fail();
        own.cancel();
    } else if node.counted.abandoned {
        node.observer.log(LogLine {
            at: chrono::Utc::now(),
            step: Some(id.clone()),
            level: LogLevel::Warn,
            message: format!("step `{id}` stopped early, since every step behind it had ended"),
        });
        node.ports.fail();
    }
    let metrics = node.metrics();
    node.observer.progress(&id, &metrics);
    let mut report = match ended {
        Ok(()) => StepReport { expand: node.counted.expand.take(), ..StepReport::succeeded(id) },
        Err(ended) => report_of(&id, ended),
    };
    report.outputs = std::mem::take(&mut node.counted.outputs);
    let counts =
        [("rows_in", metrics.rows_in), ("rows_out", metrics.rows_out), ("rows_rejected", metrics.rows_rejected)];
    for (name, count) in counts {
        report.outputs.entry(name).or_insert(Value::from(count));
    }
    report.metrics = metrics;
    report
}

/// The report of a step that did not do its work.
pub(crate) fn report_of(step: &StepId, ended: Ended) -> StepReport {
    let mut report = StepReport::succeeded(step.clone());
    match ended {
        Ended::Failed(error) => {
            report.status = StepStatus::Failed;
            report.retryable = error.retryable;
            report.retry_after = error.retry_after;
            report.error = Some(*error.fault);
        }
        Ended::Skipped(fault) => {
            report.status = StepStatus::Skipped;
            report.error = fault;
        }
        Ended::Canceled => {
            report.status = StepStatus::Canceled;
            report.error = Some(Fault::new(ErrorCode::Canceled, format!("step `{step}` was canceled")));
        }
    }
    report
}
