//! Leases tasks, hands them to the runner, keeps their leases alive and reports how they ended.
//!
//! A task runs under a token that fires when the run is canceled, when its lease was lost, or when the run's time is over.
//! A worker that finds its lease lost throws the result away: somebody else has the task, and the ledgers' fences keep
//! the two from writing twice.

use crate::ports::{
    Clock, Dispatch, LeasedTask, Observer, RunEvent, RunEventKind, RunStore, StepReport, TaskContext, TaskRunner,
    TaskSpec, ledger_fence,
};
use crate::run_state::Event;
use crate::runs::{ApplyError, Runs, lock};
use chrono::{DateTime, SubsecRound, Utc};
use futures::FutureExt;
use model::run::{LogLevel, LogLine, StepMetrics};
use model::{ErrorCode, Fault, RunId, StepId, TaskId, WorkflowId};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Its name in the store; no two workers share one.
    pub name: String,
    /// How many tasks it runs at once.
    pub slots: u32,
    /// How long a lease lasts without being renewed; renewed three times in that time.
    pub lease: Duration,
    /// Whether no other worker uses the store: tasks left leased by an earlier process are then taken over at once.
    pub alone: bool,
}

impl WorkerConfig {
    /// A worker called `name` with 32 slots and leases of 30 s.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), slots: 32, lease: Duration::from_secs(30), alone: false }
    }
}

/// A task leased so often without coming to an end kills its workers; it fails instead. Far more often than a machine
/// that is restarted, or loses its power, again and again during one long task, which then still comes to its end.
const DELIVERIES_BORNE: u32 = 100;

/// How long a runner may take to stop after it was told to.
const GRACE: Duration = Duration::from_secs(10);

/// The longest wait between two looks for due tasks, should a wake-up be lost.
const SWEEP: Duration = Duration::from_secs(5);

/// How many log lines may wait to be stored.
const LOG_LINES_WAITING: usize = 10_000;

/// Leases and runs tasks.
pub struct Worker {
    config: WorkerConfig,
    store: Arc<dyn RunStore>,
    dispatch: Arc<dyn Dispatch>,
    runner: Arc<dyn TaskRunner>,
    clock: Arc<dyn Clock>,
    runs: Arc<Runs>,
    me: Weak<Worker>,
    slots: Arc<Semaphore>,
    held: Mutex<HashMap<TaskId, Held>>,
    /// Due tasks wait in the store: newborn ones must not overtake them.
    backlog: AtomicBool,
    logs: mpsc::Sender<(RunId, LogLine)>,
    stopping: CancellationToken,
    tasks: TaskTracker,
    /// Where tasks run, whoever makes them.
    runtime: tokio::runtime::Handle,
    #[cfg(test)]
    deaf: AtomicBool,
}

struct Held {
    fence: i64,
    cancel: CancellationToken,
}

/// A free place, kept for a task that is about to be made.
pub(crate) struct Place {
    worker: Arc<Worker>,
    permit: OwnedSemaphorePermit,
    until: DateTime<Utc>,
}

impl Place {
    pub(crate) fn worker(&self) -> &str {
        &self.worker.config.name
    }

    pub(crate) fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// Runs the task, which the store has leased to this worker with fence 1.
    pub(crate) fn start(self, id: TaskId, run: RunId, spec: TaskSpec) {
        let task = LeasedTask { id, run, spec, fence: 1, deliveries: 1 };
        self.worker.spawn(task, self.permit);
    }
}

impl Worker {
    pub(crate) fn new(
        config: WorkerConfig,
        store: Arc<dyn RunStore>,
        dispatch: Arc<dyn Dispatch>,
        runner: Arc<dyn TaskRunner>,
        clock: Arc<dyn Clock>,
        runs: Arc<Runs>,
    ) -> Arc<Self> {
        let slots = Arc::new(Semaphore::new(config.slots.max(1) as usize));
        let (logs, lines) = mpsc::channel(LOG_LINES_WAITING);
        tokio::spawn(store_logs(store.clone(), lines));
        Arc::new_cyclic(|me| Self {
            config,
            store,
            dispatch,
            runner,
            clock,
            runs,
            me: me.clone(),
            slots,
            held: Mutex::default(),
            backlog: AtomicBool::new(false),
            logs,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
            #[cfg(test)]
            deaf: AtomicBool::new(false),
        })
    }

    /// A free place for a task about to be made, unless older tasks wait for it.
    pub(crate) fn reserve(&self, now: DateTime<Utc>) -> Option<Place> {
        if self.backlog.load(Ordering::Relaxed) || self.stopping.is_cancelled() {
            return None;
        }
        let permit = self.slots.clone().try_acquire_owned().ok()?;
        Some(Place { worker: self.me.upgrade()?, permit, until: now + self.config.lease })
    }

    /// Leases tasks until told to stop.
    pub(crate) async fn work(self: Arc<Self>) {
        let mut take_over = self.config.alone;
        loop {
            #[cfg(test)]
            if self.deaf.load(Ordering::SeqCst) {
                return;
            }
            let permit = tokio::select! {
                () = self.stopping.cancelled() => return,
                permit = self.slots.clone().acquire_owned() => permit.expect("the semaphore is never closed"),
            };
            let free = 1 + u32::try_from(self.slots.available_permits()).unwrap_or(0);
            let now = self.clock.now();
            // Alone in the world, whatever is leased was leased by a process that is no more.
            let due_by = if take_over { now + self.config.lease } else { now };
            let leased = self.store.lease(&self.config.name, free, due_by, now + self.config.lease).await;
            let leased = match leased {
                Ok(leased) => {
                    take_over = false;
                    leased
                }
                // The store was closed under a worker that is stopping anyway.
                Err(_) if self.stopping.is_cancelled() => return,
                Err(error) => {
                    tracing::error!(error = %error, "tasks cannot be leased; trying again");
                    drop(permit);
                    self.pause(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let all_taken = leased.len() >= free as usize;
            self.backlog.store(all_taken, Ordering::Relaxed);
            let mut permit = Some(permit);
            for task in leased {
                // A newborn task may have taken the other places meanwhile; then this one waits for its place here.
                let place = match permit.take() {
                    Some(permit) => permit,
                    None => self.slots.clone().acquire_owned().await.expect("the semaphore is never closed"),
                };
                self.spawn(task, place);
            }
            drop(permit);
            if !all_taken {
                let next = self.store.next_due().await.ok().flatten();
                let now = self.clock.now();
                let until_next = next.map_or(SWEEP, |at| (at - now).to_std().unwrap_or(Duration::ZERO));
                // A held task's lease end is not worth waking for: it is renewed before.
                self.pause(until_next.clamp(Duration::from_millis(20), SWEEP)).await;
            }
        }
    }

    async fn pause(&self, longest: Duration) {
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = self.dispatch.wait(longest) => {}
        }
    }

    /// Prolongs the leases of running tasks until told to stop.
    pub(crate) async fn heartbeat(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.tasks.wait(), if self.stopping.is_cancelled() => return,
                () = tokio::time::sleep(self.config.lease / 3) => {}
            }
            let held: Vec<(TaskId, i64)> = lock(&self.held).iter().map(|(id, held)| (*id, held.fence)).collect();
            #[cfg(test)]
            if self.deaf.load(Ordering::SeqCst) {
                continue;
            }
            if held.is_empty() {
                continue;
            }
            match self.store.renew(&held, self.clock.now() + self.config.lease).await {
                Ok(lost) => self.stop_tasks(&lost),
                Err(error) => tracing::warn!(error = %error, "leases cannot be renewed; trying again"),
            }
        }
    }

    /// As if the process were stopped: leases run out, tasks go on.
    #[cfg(test)]
    pub(crate) fn stop_renewing_for_tests(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// Stops tasks that are no longer this worker's.
    pub(crate) fn stop_tasks(&self, tasks: &[TaskId]) {
        let held = lock(&self.held);
        for held in tasks.iter().filter_map(|id| held.get(id)) {
            held.cancel.cancel();
        }
    }

    /// Takes no more tasks, gives running ones `grace` to end, then gives their leases back.
    pub(crate) async fn shutdown(&self, grace: Duration) {
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            let held: Vec<(TaskId, i64)> = lock(&self.held).iter().map(|(id, held)| (*id, held.fence)).collect();
            if let Err(error) = self.store.release(&held).await {
                tracing::warn!(error = %error, "leases cannot be given back; they will end by themselves");
            }
            let ids: Vec<TaskId> = held.into_iter().map(|(id, _)| id).collect();
            self.stop_tasks(&ids);
            let _ = tokio::time::timeout(Duration::from_secs(2), self.tasks.wait()).await;
        }
    }

    fn spawn(&self, task: LeasedTask, permit: OwnedSemaphorePermit) {
        let Some(me) = self.me.upgrade() else { return };
        let cancel = CancellationToken::new();
        let earlier = lock(&self.held).insert(task.id, Held { fence: task.fence, cancel: cancel.clone() });
        if let Some(earlier) = earlier {
            // This worker was too slow to renew and has leased its own task anew: the earlier attempt is void.
            earlier.cancel.cancel();
        }
        let work = async move {
            let (id, fence, run) = (task.id, task.fence, task.run);
            let reports = me.run(task, cancel.clone()).await;
            // The work is over: while the result is being recorded, the place is free for what follows from it.
            drop(permit);
            if !me.stopping.is_cancelled() || !cancel.is_cancelled() {
                me.report(id, fence, run, reports).await;
            }
            let mut held = lock(&me.held);
            if held.get(&id).is_some_and(|held| held.fence == fence) {
                held.remove(&id);
            }
        };
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Runs the task to its end; answers what to report.
    async fn run(&self, mut task: LeasedTask, cancel: CancellationToken) -> Vec<StepReport> {
        let steps = task.spec.steps.clone();
        let all_failed = |fault: &Fault, retryable| -> Vec<StepReport> {
            steps.iter().map(|step| StepReport::failed(step.clone(), fault.clone(), retryable)).collect()
        };
        if task.deliveries > DELIVERIES_BORNE {
            let message = format!("the task was started {DELIVERIES_BORNE} times and its worker vanished each time");
            let hint = "Look into the workers' logs for what ends them; too little memory is the usual cause.";
            return all_failed(&Fault::new(ErrorCode::WorkerLost, message).hint(hint), false);
        }
        let planned = match self.runs.plan(task.spec.version).await {
            Ok(planned) => planned,
            Err(fault) => return all_failed(&fault, false),
        };
        let observer = Arc::new(TaskObserver {
            run: task.run,
            workflow: planned.workflow,
            chunk: task.spec.chunk.as_ref().map(|chunk| chunk.index),
            logs: self.logs.clone(),
            dispatch: self.dispatch.clone(),
            clock: self.clock.clone(),
            lost: AtomicU64::new(0),
        });
        let time_left = task.spec.deadline.map(|deadline| (deadline - self.clock.now()).to_std().unwrap_or_default());
        task.fence = ledger_fence(&task.spec, task.fence);
        let context = TaskContext {
            task,
            workflow_id: planned.workflow,
            workflow: planned.plan.workflow.clone(),
            cancel: cancel.clone(),
            observer: observer.clone(),
        };

        let mut work = AssertUnwindSafe(self.runner.run(context)).catch_unwind().boxed();
        let over_time = async {
            match time_left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = &mut work => Some(ended),
            () = cancel.cancelled() => tokio::time::timeout(GRACE, &mut work).await.ok(),
            () = over_time => {
                cancel.cancel();
                tokio::time::timeout(GRACE, &mut work).await.ok()
            }
        };
        observer.tell_of_lost_lines().await;
        match ended {
            Some(Ok(reports)) => reports,
            Some(Err(panic)) => {
                let what = panic_message(panic.as_ref());
                tracing::error!(panic = what, "a task panicked");
                let hint = "This is a fault of Sluice; please report it with the run's log.";
                all_failed(&Fault::new(ErrorCode::Internal, format!("the task panicked: {what}")).hint(hint), false)
            }
            None => all_failed(&Fault::new(ErrorCode::Canceled, "the task did not stop in time and was left"), false),
        }
    }

    /// Reports until the store has taken it, or somebody else holds the task.
    async fn report(&self, task: TaskId, fence: i64, run: RunId, reports: Vec<StepReport>) {
        let event = Event::TaskEnded { task, reports };
        let mut pause = Duration::from_millis(100);
        loop {
            match self.runs.apply(run, event.clone(), Some((task, fence))).await {
                Ok(()) => return,
                Err(ApplyError::Refused(refused)) => {
                    tracing::debug!(run.id = %run, task.id = %task, %refused, "a late report was left out");
                    return;
                }
                Err(ApplyError::LeaseLost) => {
                    tracing::warn!(run.id = %run, task.id = %task, "the lease had ended; the result was thrown away");
                    return;
                }
                Err(ApplyError::Failed(fault)) => {
                    tracing::error!(run.id = %run, task.id = %task, error = %fault, "a result cannot be recorded; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                    if !lock(&self.held).contains_key(&task) || self.stopping.is_cancelled() {
                        return;
                    }
                }
            }
        }
    }
}

/// Stores log lines in the order they come, those of one run together.
async fn store_logs(store: Arc<dyn RunStore>, mut lines: mpsc::Receiver<(RunId, LogLine)>) {
    let mut waiting = Vec::new();
    while lines.recv_many(&mut waiting, 1_000).await > 0 {
        let mut by_run: Vec<(RunId, Vec<LogLine>)> = Vec::new();
        for (run, line) in waiting.drain(..) {
            match by_run.iter_mut().find(|(id, _)| *id == run) {
                Some((_, lines)) => lines.push(line),
                None => by_run.push((run, vec![line])),
            }
        }
        for (run, lines) in by_run {
            if let Err(error) = store.append_logs(run, lines).await {
                tracing::warn!(run.id = %run, error = %error, "log lines were lost");
            }
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Passes log lines to the store and to subscribers, and progress to subscribers.
struct TaskObserver {
    run: RunId,
    workflow: WorkflowId,
    chunk: Option<u32>,
    logs: mpsc::Sender<(RunId, LogLine)>,
    dispatch: Arc<dyn Dispatch>,
    clock: Arc<dyn Clock>,
    /// Lines that are not in the log, of which it does not tell yet.
    lost: AtomicU64,
}

impl std::fmt::Debug for TaskObserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskObserver").field("run", &self.run).finish_non_exhaustive()
    }
}

impl TaskObserver {
    fn publish(&self, kind: RunEventKind) {
        self.dispatch.publish(&RunEvent { run: self.run, workflow: self.workflow, at: self.clock.now(), kind });
    }

    /// The line that stands for those that were lost, where any were.
    fn take_lost(&self) -> Option<(u64, LogLine)> {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        (lost > 0).then(|| {
            let message = format!("lines left out here: {lost}; they came more quickly than they can be kept");
            (lost, LogLine { at: self.clock.now(), step: None, level: LogLevel::Warn, message })
        })
    }

    async fn tell_of_lost_lines(&self) {
        if let Some((_, line)) = self.take_lost() {
            // It fails only where the worker is being dropped.
            let _ = self.logs.send((self.run, line)).await;
        }
    }
}

impl Observer for TaskObserver {
    fn log(&self, mut line: LogLine) {
        // As precise as it is stored, so that who hears a line and reads it later knows it again.
        line.at = line.at.trunc_subsecs(6);
        // Losing lines is better than letting a flood of them fill the memory or stop the work; the log says how many.
        if let Some((lost, told)) = self.take_lost()
            && self.logs.try_send((self.run, told)).is_err()
        {
            self.lost.fetch_add(lost, Ordering::Relaxed);
        }
        if self.logs.try_send((self.run, line.clone())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        self.publish(RunEventKind::Log { line });
    }

    fn progress(&self, step: &StepId, metrics: &StepMetrics) {
        let (step, metrics) = (step.clone(), metrics.clone());
        self.publish(RunEventKind::Progress { step, metrics, chunk: self.chunk });
    }
}
