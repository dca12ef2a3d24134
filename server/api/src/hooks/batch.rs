//! Gathers the rows of several calls to one webhook into one run.
//!
//! A caller is answered when the run that holds its rows is durable, so an acknowledged row is never lost; what is not
//! acknowledged yet is held in memory only, within bounds. While too many runs of the webhook are on their way, no further
//! one is started; what then arrives beyond the bounds is turned away with `too_busy`, before anything of it is kept.

use crate::error::ApiError;
use engine::engine::{Engine, StartRun};
use engine::trigger::webhook::Hook;
use model::document::HookBatch;
use model::{ErrorCode, Fault, RunId};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot};

/// Rows of one webhook that wait at most.
const MOST_ROWS: usize = 50_000;

/// Bytes of JSON of one webhook that wait at most.
const MOST_BYTES: usize = 16 << 20;

/// Bytes of JSON that start a run at once.
const BATCH_BYTES: usize = 1 << 20;

/// Runs of one webhook that are on their way at most.
const RUNS_AT_ONCE: usize = 8;

/// How long to wait for a run's end before asking again.
const WATCH: Duration = Duration::from_secs(60);

/// The webhooks that gather rows, by path.
#[derive(Default)]
pub struct Batches {
    queues: Mutex<HashMap<String, Arc<Queue>>>,
}

/// What waits for one webhook's next run.
struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when enough waits for a run.
    full: Notify,
    runs: Arc<Semaphore>,
}

#[derive(Default)]
struct Waiting {
    calls: Vec<Call>,
    rows: usize,
    bytes: usize,
    /// Whether somebody starts runs of it.
    is_served: bool,
}

/// One call's rows, and who waits for their run.
struct Call {
    hook: Hook,
    rows: Vec<Value>,
    bytes: usize,
    answer: oneshot::Sender<Result<RunId, Fault>>,
}

impl Batches {
    /// Adds rows to the webhook's next run; answers with that run as soon as it is durable.
    ///
    /// # Errors
    /// `too_busy` where more waits than may; else what starting the run met.
    pub async fn add(
        &self,
        engine: &Arc<Engine>,
        hook: Hook,
        limits: HookBatch,
        rows: Vec<Value>,
    ) -> Result<RunId, ApiError> {
        let queue = lock(&self.queues).entry(hook.trigger.path.clone()).or_default().clone();
        let bytes: usize = rows.iter().map(|row| row.to_string().len() + 1).sum();
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = lock(&queue.waiting);
            // One call alone is always let in: its size is bounded by the body's.
            let is_over = waiting.rows + rows.len() > MOST_ROWS || waiting.bytes + bytes > MOST_BYTES;
            if is_over && !waiting.calls.is_empty() {
                let message = format!("{} rows wait for webhook `{}` already", waiting.rows, hook.trigger.path);
                return Err(Fault::new(ErrorCode::TooBusy, message)
                    .hint("Send the rows again after the seconds that `Retry-After` names.")
                    .into());
            }
            waiting.rows += rows.len();
            waiting.bytes += bytes;
            waiting.calls.push(Call { hook, rows, bytes, answer });
            if waiting.is_enough(limits) {
                queue.full.notify_one();
            }
            if !waiting.is_served {
                waiting.is_served = true;
                actix_web::rt::spawn(queue.clone().serve(engine.clone(), limits));
            }
        }
        let gone = || Fault::new(ErrorCode::Internal, "the server stopped before the rows were kept");
        Ok(answered.await.map_err(|_| gone().hint("Send them again."))??)
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self { waiting: Mutex::default(), full: Notify::new(), runs: Arc::new(Semaphore::new(RUNS_AT_ONCE)) }
    }
}

impl Waiting {
    fn is_enough(&self, limits: HookBatch) -> bool {
        self.rows >= limits.rows as usize || self.bytes >= BATCH_BYTES
    }

    /// The oldest calls that make a batch, whole; at least one. Those of another version of the workflow wait.
    fn take(&mut self, limits: HookBatch) -> Vec<Call> {
        let (mut count, mut rows, mut bytes) = (0, 0, 0);
        for call in &self.calls {
            let fits = rows + call.rows.len() <= limits.rows as usize && bytes + call.bytes <= BATCH_BYTES;
            if count > 0 && (!fits || call.hook.version != self.calls[0].hook.version) {
                break;
            }
            (count, rows, bytes) = (count + 1, rows + call.rows.len(), bytes + call.bytes);
        }
        self.rows -= rows;
        self.bytes -= bytes;
        self.calls.drain(..count).collect()
    }
}

impl Queue {
    /// Starts runs until nothing waits any more.
    async fn serve(self: Arc<Self>, engine: Arc<Engine>, limits: HookBatch) {
        loop {
            let is_enough = lock(&self.waiting).is_enough(limits);
            if !is_enough {
                // A notice of earlier rows only makes this batch a little earlier.
                let _ = tokio::time::timeout(limits.within, self.full.notified()).await;
            }
            // The semaphore is never closed.
            let Ok(place) = self.runs.clone().acquire_owned().await else { return };
            let calls = {
                let mut waiting = lock(&self.waiting);
                if waiting.calls.is_empty() {
                    waiting.is_served = false;
                    return;
                }
                waiting.take(limits)
            };
            let (mut rows, mut answers) = (Vec::new(), Vec::new());
            let hook = calls[0].hook.clone();
            for call in calls {
                rows.extend(call.rows);
                answers.push(call.answer);
            }
            let data = [("path".to_owned(), json!(hook.trigger.path)), ("body".to_owned(), Value::Array(rows))];
            let start = StartRun {
                trigger: "webhook".to_owned(),
                trigger_data: data.into_iter().collect(),
                ..StartRun::default()
            };
            let started = engine.start_hook(&hook, start).await;
            for answer in answers {
                // Whoever went away does not hear of it.
                let _ = answer.send(started.clone());
            }
            if let Ok(run) = started {
                let engine = engine.clone();
                actix_web::rt::spawn(async move {
                    let _place = place;
                    while engine.wait_run(run, WATCH).await.is_ok_and(|view| !view.status.is_final()) {}
                });
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counts and calls are changed together under the lock, and nothing in between panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use model::document::{WebhookTrigger, Workflow};
    use model::{VersionId, WorkflowId};

    fn call(version: VersionId, rows: usize) -> Call {
        let workflow = Workflow {
            name: "w".into(),
            description: None,
            tags: Vec::new(),
            triggers: Vec::new(),
            inputs: Vec::new(),
            concurrency: None,
            timeout: None,
            steps: Vec::new(),
        };
        let plan = Arc::new(engine::plan::Plan { workflow: Arc::new(workflow), stages: Vec::new() });
        let trigger = WebhookTrigger { path: "t".into(), secret: None, batch: None };
        let hook = Hook { workflow: WorkflowId::generate(), version, plan, trigger };
        Call { hook, rows: vec![json!({}); rows], bytes: rows * 3, answer: oneshot::channel().0 }
    }

    #[test]
    fn a_batch_takes_whole_calls_of_one_version_and_at_least_one() {
        let (old, new) = (VersionId::generate(), VersionId::generate());
        let limits = HookBatch { rows: 10, within: Duration::from_millis(1) };
        let mut waiting = Waiting::default();
        for (version, rows) in [(old, 25), (old, 4), (old, 6), (old, 1), (new, 2), (new, 2)] {
            waiting.rows += rows;
            waiting.bytes += rows * 3;
            waiting.calls.push(call(version, rows));
        }
        let mut taken = Vec::new();
        while !waiting.calls.is_empty() {
            taken.push(waiting.take(limits).iter().map(|call| call.rows.len()).collect::<Vec<_>>());
        }
        assert_eq!(taken, [vec![25], vec![4, 6], vec![1], vec![2, 2]]);
        assert_eq!((waiting.rows, waiting.bytes), (0, 0));
    }
}
