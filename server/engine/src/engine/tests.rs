//! The engine on a store in memory: leases, crashes, limits and triggers, without a database.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::ports::{RunEventKind, RunRecord, StepReport, TaskContext};
use crate::testing::{ManualClock, MemoryDispatch, MemoryStore};
use async_trait::async_trait;
use chrono::TimeZone;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::{LogLevel, LogLine};
use model::{RunStatus, StepStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

/// Kinds whose settings say what their steps do.
struct TestCatalog;

impl Catalog for TestCatalog {
    fn find_kind(&self, uses: &str) -> Option<KindInfo> {
        (uses == "test").then(|| KindInfo {
            name: "test".to_owned(),
            summary: "does what its settings say".to_owned(),
            schema: json!({ "type": "object" }),
            inputs: Inputs::Optional,
            ports: vec!["out".to_owned()],
            named_ports: false,
            outputs: vec!["value".to_owned()],
        })
    }
    fn kind_names(&self) -> Vec<String> {
        vec!["test".to_owned()]
    }
    fn check(&self, _: &Step) -> Vec<Fault> {
        Vec::new()
    }
}

/// Runs steps of kind `test`: `fail: n` fails the first n attempts, `hang: true` waits for cancel, `hold: true` for a word,
/// `log: n` writes n lines at once.
#[derive(Default)]
struct TestRunner {
    started: AtomicU32,
    canceled: AtomicU32,
    release: Notify,
}

#[async_trait]
impl TaskRunner for TestRunner {
    async fn run(&self, context: TaskContext) -> Vec<StepReport> {
        self.started.fetch_add(1, Ordering::SeqCst);
        let mut reports = Vec::new();
        for id in &context.task.spec.steps {
            let step = context.workflow.steps.iter().find(|step| &step.id == id).unwrap();
            let setting = |name: &str| step.with.get(name).cloned().unwrap_or_default();
            if setting("hang") == json!(true) {
                context.cancel.cancelled().await;
                self.canceled.fetch_add(1, Ordering::SeqCst);
                let fault = Fault::new(ErrorCode::Canceled, "stopped");
                return vec![StepReport::failed(id.clone(), fault, false)];
            }
            if setting("hold") == json!(true) {
                self.release.notified().await;
            }
            for line in 0..setting("log").as_u64().unwrap_or(0) {
                let (at, message) = (Utc::now(), format!("line {line}"));
                context.observer.log(LogLine { at, step: Some(id.clone()), level: LogLevel::Info, message });
            }
            let failures = setting("fail").as_u64().unwrap_or(0);
            if u64::from(context.task.spec.attempt) <= failures {
                reports.push(StepReport::failed(id.clone(), Fault::new(ErrorCode::RemoteFailed, "not yet"), true));
                continue;
            }
            assert!(setting("panic") != json!(true), "asked to panic");
            let mut report = StepReport::succeeded(id.clone());
            report.outputs.insert("value".to_owned(), json!(context.task.spec.attempt));
            reports.push(report);
        }
        reports
    }
}

struct World {
    store: Arc<MemoryStore>,
    runner: Arc<TestRunner>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        let now = Utc.with_ymd_and_hms(2024, 1, 31, 8, 0, 0).unwrap();
        Self { store: Arc::default(), runner: Arc::default(), clock: Arc::new(ManualClock::new(now)) }
    }

    async fn engine(&self, name: &str) -> Arc<Engine> {
        let mut worker = WorkerConfig::new(name);
        worker.lease = Duration::from_millis(300);
        let deps = Deps {
            store: self.store.clone(),
            dispatch: Arc::new(MemoryDispatch::default()),
            runner: self.runner.clone(),
            catalog: Arc::new(TestCatalog),
            clock: self.clock.clone(),
        };
        Engine::start(deps, Config { worker: Some(worker), schedule: false }).await.unwrap()
    }
}

async fn start(engine: &Engine, text: &str) -> RunId {
    let workflow = engine.save_workflow(text).await.unwrap();
    engine.start_run(&workflow, StartRun::default()).await.unwrap()
}

async fn ended(engine: &Engine, run: RunId) -> Arc<RunView> {
    let view = engine.wait_run(run, Duration::from_secs(20)).await.unwrap();
    assert!(view.status.is_final(), "{view:?}");
    view
}

/// Lets other tasks go on until `done` answers true.
async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not come about");
}

const CHAIN: &str = "
name: chain
steps:
  - { id: a, uses: test }
  - { id: b, uses: test, needs: a }
  - { id: c, uses: test, needs: b }
";

#[tokio::test]
async fn a_run_goes_through_all_its_steps_and_leaves_no_task() {
    let world = World::new();
    let engine = world.engine("w").await;
    let run = start(&engine, CHAIN).await;
    let view = ended(&engine, run).await;
    assert_eq!(view.status, RunStatus::Succeeded);
    assert_eq!(view.steps[2].outputs["value"], json!(1));
    assert_eq!(world.store.task_count(), 0);
    assert_eq!(*engine.get_run(run).await.unwrap().steps, view.steps, "what waits is told what the store says");
}

#[tokio::test]
async fn a_panic_in_a_step_fails_the_step_and_not_the_worker() {
    let world = World::new();
    let engine = world.engine("w").await;
    let run = start(&engine, "name: p\nsteps: [{ id: a, uses: test, with: { panic: true } }]").await;
    let view = ended(&engine, run).await;
    assert_eq!(view.steps[0].error.as_ref().unwrap().code, ErrorCode::Internal);
    let run = start(&engine, CHAIN).await;
    assert_eq!(ended(&engine, run).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_failed_attempt_is_tried_again_when_its_delay_is_over() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: again
steps: [{ id: a, uses: test, with: { fail: 1 }, retry: { attempts: 2, backoff: 10s } }]
";
    let run = start(&engine, text).await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 1).await;
    // Its delay is measured by the clock of the engine, which stands still.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.runner.started.load(Ordering::SeqCst), 1);
    world.clock.advance(Duration::from_secs(11));
    let view = ended(&engine, run).await;
    assert_eq!((view.status, view.steps[0].attempts), (RunStatus::Succeeded, 2));
}

#[tokio::test]
async fn canceling_stops_what_runs_and_skips_the_rest() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "name: c\nsteps: [{ id: a, uses: test, with: { hang: true } }, { id: b, uses: test, needs: a }]";
    let run = start(&engine, text).await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 1).await;
    engine.cancel_run(run, "enough").await.unwrap();
    let view = ended(&engine, run).await;
    assert_eq!(view.status, RunStatus::Canceled);
    assert!(view.steps.iter().all(|step| step.status == StepStatus::Canceled));
    until(|| world.runner.canceled.load(Ordering::SeqCst) == 1).await;
    let again = engine.cancel_run(run, "enough").await.unwrap_err();
    assert_eq!(again.code, ErrorCode::RunStateConflict);
}

#[tokio::test]
async fn another_worker_takes_over_when_a_lease_ends_and_the_late_result_is_thrown_away() {
    let world = World::new();
    let first = world.engine("first").await;
    let text = "name: t\nsteps: [{ id: a, uses: test, with: { hold: true } }]";
    let run = start(&first, text).await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 1).await;
    // The first worker no longer renews, as if stopped; its task goes on.
    first.worker.as_ref().unwrap().stop_renewing_for_tests();
    world.clock.advance(Duration::from_secs(1));
    let second = world.engine("second").await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 2).await;
    world.runner.release.notify_waiters();
    let view = ended(&second, run).await;
    assert_eq!(view.status, RunStatus::Succeeded);
    assert_eq!(world.store.task_count(), 0);
}

#[tokio::test]
async fn runs_beyond_the_limit_wait_their_turn() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: one
concurrency: { limit: 1 }
steps: [{ id: a, uses: test, with: { hold: true } }]
";
    let first = start(&engine, text).await;
    let second = start(&engine, text).await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 1).await;
    assert_eq!(engine.get_run(second).await.unwrap().status, RunStatus::Queued);
    world.runner.release.notify_waiters();
    assert_eq!(ended(&engine, first).await.status, RunStatus::Succeeded);
    until(|| world.runner.started.load(Ordering::SeqCst) == 2).await;
    world.runner.release.notify_waiters();
    assert_eq!(ended(&engine, second).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_run_beyond_the_limit_is_turned_away_where_the_workflow_says_so() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: one
concurrency: { limit: 1, on_conflict: skip }
steps: [{ id: a, uses: test, with: { hang: true } }]
";
    start(&engine, text).await;
    let workflow = engine.get_workflow("one").await.unwrap();
    let refused = engine.start_run(&workflow, StartRun::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ConcurrencyLimit);
}

#[tokio::test]
async fn a_newer_run_cancels_the_running_one_where_the_workflow_says_so() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: newest
concurrency: { limit: 1, on_conflict: cancel_running }
steps: [{ id: a, uses: test, with: { hang: true } }]
";
    let first = start(&engine, text).await;
    let second = start(&engine, text).await;
    assert_eq!(ended(&engine, first).await.status, RunStatus::Canceled);
    assert_eq!(engine.get_run(second).await.unwrap().status, RunStatus::Running);
}

#[tokio::test]
async fn inputs_are_checked_and_defaults_filled_in() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: inputs
inputs:
  day: { type: date, default: \"${{ today() }}\" }
  size: { type: integer, options: [1, 2] }
steps: [{ id: a, uses: test }]
";
    let workflow = engine.save_workflow(text).await.unwrap();
    let attempt = |inputs: Value| {
        let start = StartRun { inputs: inputs.as_object().unwrap().clone(), ..StartRun::default() };
        engine.start_run(&workflow, start)
    };
    let run = attempt(json!({ "size": "2" })).await.unwrap();
    let view = engine.get_run(run).await.unwrap();
    assert_eq!(view.inputs, *json!({ "day": "2024-01-31", "size": 2 }).as_object().unwrap());
    for (inputs, part) in [
        (json!({}), "`size` is required"),
        (json!({ "size": 3 }), "not among its options"),
        (json!({ "size": "big" }), "not a whole number"),
        (json!({ "size": 1, "day": "31.1.2024" }), "not a date"),
        (json!({ "size": 1, "dya": "2024-01-31" }), "no input `dya`"),
    ] {
        let fault = attempt(inputs).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::InvalidInput);
        assert!(fault.message.contains(part), "{}", fault.message);
        assert!(fault.hint.is_some());
    }
}

#[tokio::test]
async fn cron_triggers_fire_once_each_whoever_looks() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: hourly
triggers: [{ cron: \"0 * * * *\", catchup: all }]
steps: [{ id: a, uses: test }]
";
    let workflow = engine.save_workflow(text).await.unwrap();
    let runs = || async {
        let filter = RunFilter { workflow: Some(workflow.id), limit: 100, ..RunFilter::default() };
        engine.list_runs(&filter).await.unwrap().len()
    };
    engine.fire_due().await.unwrap();
    assert_eq!(runs().await, 0, "a new trigger has missed nothing");
    world.clock.advance(Duration::from_secs(3 * 3600));
    engine.fire_due().await.unwrap();
    engine.fire_due().await.unwrap();
    assert_eq!(runs().await, 3);
}

#[tokio::test]
async fn a_cron_run_and_its_line_agree_about_the_day() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "
name: early
triggers: [{ cron: \"0 7 * * *\", timezone: Asia/Shanghai, catchup: latest }]
inputs: { day: { type: date, default: \"${{ today() }}\" } }
steps: [{ id: a, uses: test }]
";
    let workflow = engine.save_workflow(text).await.unwrap();
    engine.fire_due().await.unwrap();
    // 08:00 UTC on 31 January; 15 hours on it is 23:00 UTC, and 07:00 on 1 February in Shanghai.
    world.clock.advance(Duration::from_secs(15 * 3600));
    engine.fire_due().await.unwrap();
    let filter = RunFilter { workflow: Some(workflow.id), limit: 10, ..RunFilter::default() };
    let runs = engine.list_runs(&filter).await.unwrap();
    assert_eq!(runs[0].inputs["day"], json!("2024-02-01"));
    // Started by hand at that moment, it is still January: such a run has no line to agree with.
    let by_hand = engine.start_run(&workflow, StartRun::default()).await.unwrap();
    assert_eq!(engine.get_run(by_hand).await.unwrap().inputs["day"], json!("2024-01-31"));
}

#[tokio::test]
async fn webhooks_are_found_by_path_while_their_workflow_is_enabled() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "name: hook\ntriggers: [{ webhook: bars }]\nsteps: [{ id: a, uses: test }]";
    let workflow = engine.save_workflow(text).await.unwrap();
    let hook = engine.find_hook("bars").unwrap();
    let run =
        engine.start_hook(&hook, StartRun { trigger: "webhook".to_owned(), ..StartRun::default() }).await.unwrap();
    assert_eq!(ended(&engine, run).await.trigger, "webhook");
    engine.set_workflow_enabled(workflow.id, false).await.unwrap();
    assert!(engine.find_hook("bars").is_none());
}

#[tokio::test]
async fn what_a_crash_left_queued_or_leased_is_taken_up() {
    let world = World::new();
    let engine = world.engine("w").await;
    let text = "name: t\nsteps: [{ id: a, uses: test, with: { hold: true } }]";
    let run = start(&engine, text).await;
    until(|| world.runner.started.load(Ordering::SeqCst) == 1).await;
    let record: RunRecord = world.store.find_run(run).await.unwrap().unwrap();
    assert_eq!(record.status, RunStatus::Running);
    // A new process that is alone takes the task over without waiting for the lease to end.
    engine.worker.as_ref().unwrap().stop_renewing_for_tests();
    let mut worker = WorkerConfig::new("next");
    worker.alone = true;
    let deps = Deps {
        store: world.store.clone(),
        dispatch: Arc::new(MemoryDispatch::default()),
        runner: world.runner.clone(),
        catalog: Arc::new(TestCatalog),
        clock: world.clock.clone(),
    };
    let next = Engine::start(deps, Config { worker: Some(worker), schedule: false }).await.unwrap();
    until(|| world.runner.started.load(Ordering::SeqCst) == 2).await;
    world.runner.release.notify_waiters();
    assert_eq!(ended(&next, run).await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_the_log_says_by_how_much() {
    let world = World::new();
    let engine = world.engine("w").await;
    let mut events = engine.subscribe();
    // On one thread nothing is stored while the step writes: what fits between the two is kept.
    let run = start(&engine, "name: flood\nsteps:\n  - { id: a, uses: test, with: { log: 25000 } }\n").await;
    ended(&engine, run).await;
    let kept = || async { world.store.list_logs(run, 0, 50_000).await.unwrap() };
    while kept().await.last().is_none_or(|(_, line)| !line.message.starts_with("lines left out")) {
        tokio::task::yield_now().await;
    }
    let kept: Vec<String> = kept().await.into_iter().map(|(_, line)| line.message).collect();
    let lines: Vec<&String> = kept.iter().filter(|line| line.starts_with("line ")).collect();
    let expected: Vec<String> = (0..lines.len()).map(|line| format!("line {line}")).collect();
    assert_eq!(lines, expected.iter().collect::<Vec<_>>(), "in order, from the first");
    assert!(lines.len() >= 10_000 && kept.len() == lines.len() + 1, "{}", kept.len());
    let told = format!("lines left out here: {}; they came more quickly than they can be kept", 25_000 - lines.len());
    assert_eq!(kept.last(), Some(&told));

    // Who listens misses old events, and hears the others in order.
    let mut heard = Vec::new();
    loop {
        match events.try_recv() {
            Ok(event) => {
                if let RunEventKind::Log { line } = &event.kind {
                    heard.push(line.message.clone());
                }
            }
            Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) => {}
            Err(_) => break,
        }
    }
    assert_eq!(heard.last().map(String::as_str), Some("line 24999"));
    let numbers: Vec<u64> = heard.iter().map(|line| line["line ".len()..].parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}
