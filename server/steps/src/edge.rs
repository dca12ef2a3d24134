//! Bounded edges: how batches leave a step and reach the next, waiting while the edge is full.
//!
//! A step reads from whichever of its edges has a batch, never from a certain one first, so that steps joined in a diamond
//! cannot wait for each other. A step that ends badly leaves the cause in the inboxes it fed; one whose reader is gone
//! drops that edge and goes on with the others.

use crate::kind::PortSender;
use crate::spool::SpoolWriter;
use crate::trial::Book;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Error, Lane, Result};
use model::{ErrorCode, StepId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How many batches wait on one edge.
pub(crate) const EDGE_BATCHES: usize = 4;
/// The port for rows that are kept out.
pub(crate) const REJECTED: &str = "rejected";

/// What travels along an edge.
pub(crate) enum Message {
    /// Rows.
    Batch(Batch),
    /// The step at the other end did all its work.
    End,
}

/// The reading end of all edges that lead into one step.
pub(crate) struct Inbox {
    receiver: mpsc::Receiver<Message>,
    open: usize,
    cause: Arc<OnceLock<StepId>>,
}

/// The sending end of one step's inbox.
#[derive(Clone)]
pub(crate) struct Letterbox {
    sender: mpsc::Sender<Message>,
    cause: Arc<OnceLock<StepId>>,
}

/// An inbox for `edges` edges, and what to send to it with.
pub(crate) fn inbox(edges: usize) -> (Letterbox, Inbox) {
    let (sender, receiver) = mpsc::channel(EDGE_BATCHES * edges.max(1));
    let cause = Arc::new(OnceLock::new());
    (Letterbox { sender, cause: cause.clone() }, Inbox { receiver, open: edges, cause })
}

impl Inbox {
    /// The next batch, or `None` once every step before has done its work.
    ///
    /// # Errors
    /// `upstream_failed`, naming the step.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>> {
        while self.open > 0 {
            let message = self.receiver.recv().await;
            if let Some(step) = self.cause.get() {
                return Err(upstream_failed(step));
            }
            match message {
                Some(Message::Batch(batch)) => return Ok(Some(batch)),
                Some(Message::End) => self.open -= 1,
                None => return Err(Error::permanent(ErrorCode::UpstreamFailed, "a step before this one ended early")),
            }
        }
        Ok(None)
    }
}

/// The error of a step that got no more batches because `step` failed.
pub(crate) fn upstream_failed(step: &StepId) -> Error {
    Error::permanent(ErrorCode::UpstreamFailed, format!("step `{step}`, which feeds this one, failed"))
}

/// One edge, seen from the step it leaves.
pub(crate) struct Edge {
    pub(crate) port: String,
    pub(crate) to: Letterbox,
    pub(crate) renames: HashMap<Lane, Lane>,
    pub(crate) open: bool,
}

impl Edge {
    async fn send(&mut self, mut batch: Batch) {
        if let Some(name) = self.renames.get(&batch.lane) {
            batch.lane = name.clone();
        }
        self.open = self.to.sender.send(Message::Batch(batch)).await.is_ok();
    }
}

/// Everything that leaves one step.
pub(crate) struct Ports {
    step: StepId,
    edges: Vec<Edge>,
    used: Vec<String>,
    may_reject: bool,
    /// Where batches go instead of the edges until all are there.
    pub(crate) spool: Option<SpoolWriter>,
    /// Where the document is only tried: who is shown what leaves.
    pub(crate) trial: Option<Arc<Book>>,
    rows: Vec<(String, u64)>,
    waited: Duration,
}

impl Ports {
    /// Ports of `step`. `used` names those an edge leaves by; `may_reject` tells that rejected rows nobody takes are not a failure.
    pub(crate) fn new(step: StepId, edges: Vec<Edge>, used: Vec<String>, may_reject: bool) -> Self {
        Self { step, edges, used, may_reject, spool: None, trial: None, rows: Vec::new(), waited: Duration::ZERO }
    }

    /// Whether there were readers and all are gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        !self.edges.is_empty() && self.spool.is_none() && self.edges.iter().all(|edge| !edge.open)
    }

    /// Whether an edge leaves by `port`.
    pub(crate) fn is_used(&self, port: &str) -> bool {
        self.used.iter().any(|used| used == port)
    }

    /// Whether any edge leaves.
    pub(crate) fn has_edges(&self) -> bool {
        !self.edges.is_empty()
    }

    /// Rows that left by `rejected`.
    pub(crate) fn rows_rejected(&self) -> u64 {
        self.rows.iter().filter(|(port, _)| port == REJECTED).map(|(_, rows)| rows).sum()
    }

    /// Rows that left by other ports.
    pub(crate) fn rows_out(&self) -> u64 {
        self.rows.iter().filter(|(port, _)| port != REJECTED).map(|(_, rows)| rows).sum()
    }

    /// Rows that left, by port.
    pub(crate) fn rows_by_port(&self) -> Map<String, Value> {
        self.rows.iter().map(|(port, rows)| (port.clone(), Value::from(*rows))).collect()
    }

    /// How long it has waited for readers so far.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Counts rows without sending them (a spool that is replayed counts as it did).
    pub(crate) fn count(&mut self, port: &str, rows: u64) {
        match self.rows.iter_mut().find(|(name, _)| name == port) {
            Some((_, sum)) => *sum += rows,
            None => self.rows.push((port.to_owned(), rows)),
        }
    }

    /// Sends along the edges, past the spool and without counting.
    pub(crate) async fn forward(&mut self, port: &str, batch: Batch) {
        let started = Instant::now();
        for edge in &mut self.edges {
            if edge.open && edge.port == port {
                edge.send(batch.clone()).await;
            }
        }
        self.waited += started.elapsed();
    }

    /// Tells every reader that all is done.
    pub(crate) async fn end(&mut self) {
        for edge in self.edges.drain(..) {
            let _ = edge.to.sender.send(Message::End).await;
        }
    }

    /// Tells every reader that this step failed; what is still on the way is not to be finished.
    pub(crate) fn fail(&mut self) {
        for edge in self.edges.drain(..) {
            let _ = edge.to.cause.set(self.step.clone());
        }
    }

    fn refuse_unread(&self, batch: &Batch) -> Result<()> {
        let rows = batch.records.num_rows();
        if rows == 0 || self.may_reject || self.is_used(REJECTED) {
            return Ok(());
        }
        let why = first_reason(&batch.records);
        Err(Error::permanent(
            ErrorCode::RowsRejected,
            format!("step `{}` rejected {rows} rows that no step takes{why}", self.step),
        )
        .hint("Lead the port `rejected` to a step, or set `on_error: reject` to leave such rows out."))
    }
}

/// The first rejected row's rule and reason, for a message.
fn first_reason(records: &RecordBatch) -> String {
    let text = |name: &str| {
        let column = cast(records.column_by_name(name)?, &DataType::Utf8).ok()?;
        let column = column.as_string::<i32>();
        (column.len() > 0 && column.is_valid(0)).then(|| column.value(0).chars().take(200).collect::<String>())
    };
    match (text("_rule"), text("_reason")) {
        (Some(rule), Some(reason)) => format!("; the first: `{rule}`, {reason}"),
        (None, Some(reason)) => format!("; the first: {reason}"),
        _ => String::new(),
    }
}

#[async_trait]
impl PortSender for Ports {
    async fn send(&mut self, port: &str, batch: Batch) -> Result<()> {
        if let Some(trial) = &self.trial {
            trial.show(&self.step, port, &batch.records);
        } else if port == REJECTED {
            self.refuse_unread(&batch)?;
        }
        self.count(port, batch.records.num_rows() as u64);
        match &mut self.spool {
            Some(spool) if self.used.iter().any(|used| used == port) => {
                let started = Instant::now();
                let written = spool.append(port, &batch);
                self.waited += started.elapsed();
                written
            }
            Some(_) => Ok(()),
            None => {
                self.forward(port, batch).await;
                Ok(())
            }
        }
    }
}
