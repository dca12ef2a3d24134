//! Carries runs forward: applies events to run states, commits what follows, and tells who waits.
//!
//! States of runs in progress are kept in memory, but the metadata database is the truth: a commit names the revision
//! it was made from, and where another process was quicker the state is read again and the event applied anew.

use crate::plan::{self, Catalog, Plan};
use crate::ports::{
    Clock, Dispatch, NewTask, RunEvent, RunEventKind, RunFilter, RunRecord, RunStore, StoreError, TaskSpec, Transition,
};
use crate::run_state::{self, Command, Event, Moment, Refused, RunState};
use crate::worker::Worker;
use chrono::{DateTime, Utc};
use model::document::{Concurrency, OnConflict};
use model::run::StepRun;
use model::{ErrorCode, Fault, RunId, RunStatus, TaskId, VersionId, WorkflowId};
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// A run as people see it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// The workflow it runs.
    pub workflow: WorkflowId,
    /// The version of the document it runs.
    pub version: VersionId,
    /// Where it stands.
    pub status: RunStatus,
    /// What started it: `manual`, `cron`, `webhook`, …
    pub trigger: String,
    /// What it was given.
    pub inputs: Map<String, Value>,
    /// Its steps, in the document's order.
    pub steps: Vec<StepRun>,
    /// Why it failed or was canceled.
    pub error: Option<Fault>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its first task was made.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl RunView {
    /// The view of a stored run.
    ///
    /// # Errors
    /// `store_failed` where the stored state cannot be read.
    pub fn of(record: &RunRecord) -> Result<Self, Fault> {
        Ok(Self::join(record, parse_state(record)?))
    }

    fn join(record: &RunRecord, state: RunState) -> Self {
        Self {
            id: record.id,
            workflow: record.workflow,
            version: record.version,
            status: record.status,
            trigger: record.trigger.clone(),
            inputs: state.inputs,
            steps: state.steps,
            error: state.error,
            created_at: record.created_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
        }
    }
}

/// Runs in progress.
pub struct Runs {
    store: Arc<dyn RunStore>,
    dispatch: Arc<dyn Dispatch>,
    catalog: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
    /// Where tasks may start at once; set when the worker exists.
    worker: OnceLock<Arc<Worker>>,
    entries: Mutex<HashMap<RunId, Arc<Entry>>>,
    recent: Mutex<Recent>,
    plans: Mutex<HashMap<VersionId, Planned>>,
}

/// A version's plan, and the workflow it belongs to.
#[derive(Clone)]
pub(crate) struct Planned {
    pub(crate) plan: Arc<Plan>,
    pub(crate) workflow: WorkflowId,
}

struct Entry {
    /// Held while an event is applied and committed: events of one run are applied one by one.
    current: tokio::sync::Mutex<Option<Current>>,
    /// The newest view, for those who wait.
    view: watch::Sender<Option<Arc<RunView>>>,
}

#[derive(Clone)]
struct Current {
    record: RunRecord,
    state: RunState,
    plan: Arc<Plan>,
}

/// Views of runs that ended a moment ago, for callers who ask just after: a short run ends before its caller waits.
#[derive(Default)]
struct Recent {
    views: HashMap<RunId, Arc<RunView>>,
    oldest_first: VecDeque<RunId>,
}

impl Recent {
    fn keep(&mut self, view: Arc<RunView>) {
        self.oldest_first.push_back(view.id);
        self.views.insert(view.id, view);
        if self.oldest_first.len() > RECENT_KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.views.remove(&oldest);
        }
    }
}

/// How many views of ended runs are kept.
const RECENT_KEPT: usize = 512;

/// How many plans are kept parsed.
const PLANS_KEPT: usize = 1_000;

/// How often a commit is tried anew after somebody else changed the run.
const CONFLICTS_BORNE: u32 = 20;

impl Runs {
    pub(crate) fn new(
        store: Arc<dyn RunStore>,
        dispatch: Arc<dyn Dispatch>,
        catalog: Arc<dyn Catalog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            dispatch,
            catalog,
            clock,
            worker: OnceLock::new(),
            entries: Mutex::default(),
            recent: Mutex::default(),
            plans: Mutex::default(),
        }
    }

    pub(crate) fn set_worker(&self, worker: Arc<Worker>) {
        // Set once, while the engine is put together.
        let _ = self.worker.set(worker);
    }

    /// The plan of a version, read and checked once.
    pub(crate) async fn plan(&self, version: VersionId) -> Result<Planned, Fault> {
        if let Some(planned) = lock(&self.plans).get(&version) {
            return Ok(planned.clone());
        }
        let record = self.store.find_version(version).await?.ok_or_else(|| {
            Fault::new(ErrorCode::VersionNotFound, format!("version `{version}` does not exist"))
                .hint("Its workflow was deleted while runs of it were left.")
        })?;
        let plan = plan::check(&record.text, self.catalog.as_ref()).map_err(|mut faults| faults.swap_remove(0))?;
        let planned = Planned { plan: Arc::new(plan), workflow: record.workflow };
        let mut plans = lock(&self.plans);
        if plans.len() >= PLANS_KEPT {
            plans.clear();
        }
        plans.insert(version, planned.clone());
        Ok(planned)
    }

    /// Accepts a run and, where its workflow's concurrency allows, starts it. Durable when it returns.
    pub(crate) async fn create(&self, new: NewRun) -> Result<RunId, Fault> {
        let concurrency = new.plan.workflow.concurrency;
        if let Some(Concurrency { limit, on_conflict: OnConflict::Skip }) = concurrency {
            let active = self.store.count_active_runs(new.workflow).await?;
            if active >= limit {
                let name = &new.plan.workflow.name;
                return Err(Fault::new(
                    ErrorCode::ConcurrencyLimit,
                    format!("workflow `{name}` already has {active} of {limit} runs going on"),
                )
                .hint("Wait for one to end, or set `on_conflict: queue`."));
            }
        }
        let now = self.clock.now();
        let mut state = RunState::new(&new.plan, new.inputs, new.trigger_data);
        let mut commands = Vec::new();
        if concurrency.is_none() {
            let mut moment = Moment { now, run: new.id, version: new.version, new_task: &mut TaskId::generate };
            commands = run_state::advance(&new.plan, &mut state, Event::Admitted, &mut moment)
                .expect("a new run can be admitted");
        }
        let record = RunRecord {
            id: new.id,
            workflow: new.workflow,
            version: new.version,
            status: state.status,
            state: String::new(),
            revision: 0,
            trigger: new.trigger,
            created_at: now,
            started_at: None,
            finished_at: None,
        };
        let before = Current { record, state: RunState::new(&new.plan, Map::new(), Value::Null), plan: new.plan };
        let entry = self.entry(new.id);
        let mut current = entry.current.lock().await;
        let after = self.commit(&before, state, commands, Vec::new()).await?;
        self.settle(&entry, &mut current, after);
        drop(current);
        if let Some(concurrency) = concurrency {
            self.admit(new.workflow, concurrency).await?;
        }
        Ok(new.id)
    }

    /// Applies an event to a run. `finished` names the task that brought it and the fence it is held under.
    pub(crate) async fn apply(
        &self,
        run: RunId,
        event: Event,
        finished: Option<(TaskId, i64)>,
    ) -> Result<(), ApplyError> {
        match self.apply_only(run, event, finished).await? {
            Some((workflow, concurrency)) => self.admit(workflow, concurrency).await.map_err(ApplyError::Failed),
            None => Ok(()),
        }
    }

    /// Applies an event to a run; answers the limit that has a place again where the run has ended by it.
    async fn apply_only(
        &self,
        run: RunId,
        event: Event,
        finished: Option<(TaskId, i64)>,
    ) -> Result<Option<(WorkflowId, Concurrency)>, ApplyError> {
        let entry = self.entry(run);
        let mut slot = entry.current.lock().await;
        for _ in 0..CONFLICTS_BORNE {
            let before = match slot.take() {
                Some(current) => current,
                None => self.load(run).await?,
            };
            let mut state = before.state.clone();
            let mut moment =
                Moment { now: self.clock.now(), run, version: before.record.version, new_task: &mut TaskId::generate };
            let commands = match run_state::advance(&before.plan, &mut state, event.clone(), &mut moment) {
                Ok(commands) => commands,
                Err(refused) => {
                    let ended = before.record.status.is_final();
                    *slot = (!ended).then_some(before);
                    drop(slot);
                    if ended {
                        self.forget(run);
                    }
                    return Err(ApplyError::Refused(refused));
                }
            };
            match self.commit(&before, state, commands, finished.into_iter().collect()).await {
                Ok(after) => {
                    let ended = after.record.status.is_final();
                    let (workflow, concurrency) = (after.record.workflow, after.plan.workflow.concurrency);
                    self.settle(&entry, &mut slot, after);
                    return Ok(concurrency.filter(|_| ended).map(|concurrency| (workflow, concurrency)));
                }
                Err(StoreError::Conflict) => {}
                Err(StoreError::LeaseLost) => return Err(ApplyError::LeaseLost),
                Err(StoreError::Failed(fault)) => return Err(ApplyError::Failed(fault)),
            }
        }
        Err(ApplyError::Failed(Fault::new(ErrorCode::StoreFailed, format!("`{run}` is changed by too many at once"))))
    }

    /// Starts queued runs of a workflow while its concurrency limit has places.
    pub(crate) async fn admit(&self, workflow: WorkflowId, concurrency: Concurrency) -> Result<(), Fault> {
        let _only_one = self.hold(&format!("admit/{workflow}")).await?;
        let queued = self.store.list_queued_runs(workflow, concurrency.limit).await?;
        for run in queued {
            let mut active = self.store.count_active_runs(workflow).await?;
            if active >= concurrency.limit && concurrency.on_conflict == OnConflict::CancelRunning {
                self.cancel_oldest(workflow).await?;
                active = self.store.count_active_runs(workflow).await?;
            }
            if active >= concurrency.limit {
                break;
            }
            match self.apply_only(run.id, Event::Admitted, None).await {
                // Somebody else admitted or canceled it meanwhile.
                Ok(_) | Err(ApplyError::Refused(_)) => {}
                Err(error) => return Err(error.into_fault()),
            }
        }
        Ok(())
    }

    async fn cancel_oldest(&self, workflow: WorkflowId) -> Result<(), Fault> {
        let filter = RunFilter {
            workflow: Some(workflow),
            statuses: vec![RunStatus::Running, RunStatus::Waiting],
            before: None,
            limit: 500,
        };
        let running = self.store.list_runs(&filter).await?;
        let Some(oldest) = running.last() else { return Ok(()) };
        let reason = "canceled by a newer run of the same workflow".to_owned();
        match self.apply_only(oldest.id, Event::CancelRequested { reason }, None).await {
            Ok(_) | Err(ApplyError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into_fault()),
        }
    }

    /// Waits until nobody else holds `name`, in this process or another.
    async fn hold(&self, name: &str) -> Result<HeldName, Fault> {
        let holder = uuid::Uuid::now_v7().to_string();
        loop {
            let now = self.clock.now();
            if self.store.hold(name, &holder, now, now + Duration::from_secs(10)).await? {
                return Ok(HeldName {
                    store: self.store.clone(),
                    clock: self.clock.clone(),
                    name: name.to_owned(),
                    holder,
                });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the run has ended or `timeout` is over; answers its newest view.
    pub(crate) async fn wait(&self, run: RunId, timeout: Duration) -> Result<Arc<RunView>, Fault> {
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            let mut views = self.entry(run).view.subscribe();
            if let Some(ended) = lock(&self.recent).views.get(&run).cloned() {
                drop(views);
                self.forget_idle(run);
                return Ok(ended);
            }
            // Another process may carry the run forward, so memory alone is not asked.
            let poll = (tokio::time::Instant::now() + Duration::from_millis(500)).min(deadline);
            let seen = tokio::time::timeout_at(poll, views.wait_for(|view| is_final(view.as_deref()))).await;
            if let Ok(Ok(view)) = seen {
                return Ok(view.clone().expect("a final view is a view"));
            }
            let stored = self.find(run).await?;
            if stored.status.is_final() || tokio::time::Instant::now() >= deadline {
                self.forget_idle(run);
                return Ok(Arc::new(stored));
            }
        }
    }

    /// The run, as the store has it.
    pub(crate) async fn find(&self, run: RunId) -> Result<RunView, Fault> {
        let record = self.store.find_run(run).await?.ok_or_else(|| not_found(run))?;
        RunView::of(&record)
    }

    async fn load(&self, run: RunId) -> Result<Current, ApplyError> {
        let record = self.store.find_run(run).await.map_err(|error| ApplyError::Failed(Fault::from(error)))?;
        let record = record.ok_or_else(|| ApplyError::Failed(not_found(run)))?;
        let state = parse_state(&record).map_err(ApplyError::Failed)?;
        let plan = self.plan(record.version).await.map_err(ApplyError::Failed)?.plan;
        Ok(Current { record, state, plan })
    }

    /// Commits the step from `before` to `state` with all that follows from it.
    async fn commit(
        &self,
        before: &Current,
        state: RunState,
        commands: Vec<Command>,
        finished: Vec<(TaskId, i64)>,
    ) -> Result<Current, StoreError> {
        let now = self.clock.now();
        let mut record = before.record.clone();
        record.revision += 1;
        record.status = state.status;
        record.state = serde_json::to_string(&state).expect("a run state is plain data");
        if record.started_at.is_none() && state.status != RunStatus::Queued {
            record.started_at = Some(now);
        }
        record.finished_at = state.status.is_final().then_some(now);

        let mut transition = Transition {
            is_new: record.revision == 1,
            run: record,
            finished,
            withdrawn: Vec::new(),
            created: Vec::new(),
        };
        let mut reserved = Vec::new();
        for command in commands {
            match command {
                Command::WithdrawTask(id) => transition.withdrawn.push(id),
                Command::CreateTask { id, spec, not_before } => {
                    // Leased at birth where this process has a free place: saves the commit of a lease.
                    let place = if not_before <= now { self.worker.get().and_then(|w| w.reserve(now)) } else { None };
                    let leased_to = place.as_ref().map(|place| (place.worker().to_owned(), place.until()));
                    reserved.extend(place.map(|place| (place, id, TaskSpec::clone(&spec))));
                    transition.created.push(NewTask { id, spec: *spec, not_before, leased_to });
                }
            }
        }
        let queued: Vec<TaskId> =
            transition.created.iter().filter(|task| task.leased_to.is_none()).map(|task| task.id).collect();
        let withdrawn = transition.withdrawn.clone();
        let record = transition.run.clone();
        self.store.commit(transition).await?;

        for (place, id, spec) in reserved {
            place.start(id, record.id, spec);
        }
        if let (Some(worker), false) = (self.worker.get(), withdrawn.is_empty()) {
            worker.stop_tasks(&withdrawn);
        }
        if !queued.is_empty() {
            self.dispatch.notify(&queued).await;
        }
        self.publish(before, &record, &state);
        Ok(Current { record, state, plan: before.plan.clone() })
    }

    fn publish(&self, before: &Current, record: &RunRecord, state: &RunState) {
        let at = self.clock.now();
        let event = |kind| RunEvent { run: record.id, workflow: record.workflow, at, kind };
        for (old, new) in before.state.steps.iter().zip(&state.steps) {
            if old.status != new.status || old.attempts != new.attempts {
                let kind = RunEventKind::Step {
                    step: new.id.clone(),
                    status: new.status,
                    metrics: new.metrics.clone(),
                    error: new.error.clone(),
                };
                self.dispatch.publish(&event(kind));
            }
        }
        if before.record.status != record.status || record.revision == 1 {
            self.dispatch.publish(&event(RunEventKind::Run { status: record.status }));
        }
    }

    fn settle(&self, entry: &Entry, slot: &mut Option<Current>, after: Current) {
        let ended = after.record.status.is_final();
        if ended || entry.view.receiver_count() > 0 {
            let view = Arc::new(RunView::join(&after.record, after.state.clone()));
            if ended {
                // Before the entry goes, so that whoever comes finds the one or the other.
                lock(&self.recent).keep(view.clone());
            }
            entry.view.send_replace(Some(view));
        }
        if ended {
            *slot = None;
            self.forget(after.record.id);
        } else {
            lock(&self.recent).views.remove(&after.record.id);
            *slot = Some(after);
        }
    }

    fn entry(&self, run: RunId) -> Arc<Entry> {
        let new = || Arc::new(Entry { current: tokio::sync::Mutex::default(), view: watch::Sender::new(None) });
        lock(&self.entries).entry(run).or_insert_with(new).clone()
    }

    fn forget(&self, run: RunId) {
        lock(&self.entries).remove(&run);
    }

    /// Forgets an entry that was only made to wait on.
    fn forget_idle(&self, run: RunId) {
        let mut entries = lock(&self.entries);
        let idle = entries.get(&run).is_some_and(|entry| {
            entry.view.receiver_count() == 0 && entry.current.try_lock().is_ok_and(|current| current.is_none())
        });
        if idle {
            entries.remove(&run);
        }
    }
}

/// A run to be made.
pub(crate) struct NewRun {
    pub(crate) id: RunId,
    pub(crate) workflow: WorkflowId,
    pub(crate) version: VersionId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) trigger: String,
    pub(crate) trigger_data: Value,
}

/// Why an event was not applied.
#[derive(Debug)]
pub(crate) enum ApplyError {
    /// It does not fit the run's state.
    Refused(Refused),
    /// The task that brought it is held by somebody else now.
    LeaseLost,
    /// The store failed.
    Failed(Fault),
}

impl ApplyError {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Refused(Refused::UnknownStep(step)) => {
                Fault::new(ErrorCode::StepNotFound, format!("the workflow has no step `{step}`"))
            }
            Self::Refused(refused) => Fault::new(ErrorCode::RunStateConflict, refused.to_string()),
            Self::LeaseLost => Fault::new(ErrorCode::LeaseLost, "the task's lease had ended"),
            Self::Failed(fault) => fault,
        }
    }
}

/// Gives a held name back when dropped.
struct HeldName {
    store: Arc<dyn RunStore>,
    clock: Arc<dyn Clock>,
    name: String,
    holder: String,
}

impl Drop for HeldName {
    fn drop(&mut self) {
        let (store, name, holder, now) = (self.store.clone(), self.name.clone(), self.holder.clone(), self.clock.now());
        // Holding it until now is giving it back. Where this is lost, the hold ends by itself.
        tokio::spawn(async move {
            let _ = store.hold(&name, &holder, now, now).await;
        });
    }
}

fn is_final(view: Option<&RunView>) -> bool {
    view.is_some_and(|view| view.status.is_final())
}

fn not_found(run: RunId) -> Fault {
    Fault::new(ErrorCode::RunNotFound, format!("`{run}` does not exist"))
        .hint("It may have been removed by the server's retention; `sluice run list` shows what there is.")
}

fn parse_state(record: &RunRecord) -> Result<RunState, Fault> {
    serde_json::from_str(&record.state).map_err(|error| {
        Fault::new(ErrorCode::StoreFailed, format!("the stored state of `{}` cannot be read: {error}", record.id))
    })
}

/// Locks a mutex whose holders never panic while they hold it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
