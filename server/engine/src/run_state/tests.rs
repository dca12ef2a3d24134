//! Everything a run can go through, as lists of events; no clock, no database, no sleep.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::plan::{Plan, Stage};
use crate::ports::Expansion;
use chrono::TimeZone;
use model::Workflow;
use model::document::{PortRef, Retry, Step};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// A run under test, driven by words: see [`check`].
struct Drive {
    plan: Plan,
    state: RunState,
    now: DateTime<Utc>,
    made: u32,
    /// Tasks on their way, by the name the trace gives them.
    tasks: Vec<(String, TaskId)>,
    trace: String,
}

/// Runs a workflow through events and compares the trace.
///
/// A step is spelled `c from a needs b retry 3 if always() continue`. An event is `admit`, `cancel`, `retry`,
/// `retry from a`, `wait 5s`, or a task's end: `a ok`, `a,b fail`, `a fail!` (final), `a skip`, `f expand 3`, `f expand 3 finish`,
/// `f[1] ok`, `f[end] ok`.
/// The trace has a line for each event with the commands that follow, and the statuses at the end.
fn check(steps: &[&str], events: &[&str], expected: &str) {
    check_with(None, steps, events, expected);
}

fn check_with(timeout: Option<Duration>, steps: &[&str], events: &[&str], expected: &str) {
    let plan = plan(timeout, steps);
    let state = RunState::new(&plan, Map::new(), Value::Null);
    let now = Utc.with_ymd_and_hms(2024, 1, 31, 8, 0, 0).unwrap();
    let mut drive = Drive { plan, state, now, made: 0, tasks: Vec::new(), trace: String::new() };
    for event in events {
        drive.event(event);
    }
    let steps: Vec<String> = drive.state.steps.iter().map(|step| format!("{}={}", step.id, step.status)).collect();
    writeln!(drive.trace, "{}: {}", drive.state.status, steps.join(" ")).unwrap();
    let trim = |text: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(trim(&drive.trace), trim(expected));
    // Whatever happened, the state survives the database.
    let text = serde_json::to_string(&drive.state).unwrap();
    assert_eq!(serde_json::from_str::<RunState>(&text).unwrap(), drive.state);
}

fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

fn plan(timeout: Option<Duration>, spelled: &[&str]) -> Plan {
    let mut steps = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    for text in spelled {
        let mut words = text.split(' ');
        let name = words.next().unwrap();
        let mut step = Step {
            id: id(name),
            uses: "script".to_owned(),
            name: None,
            from: Vec::new(),
            needs: Vec::new(),
            condition: None,
            with: Map::new(),
            retry: None,
            timeout: None,
            on_error: OnError::Fail,
        };
        while let Some(word) = words.next() {
            match word {
                "from" => step.from.push(PortRef { step: id(words.next().unwrap()), port: None }),
                "needs" => step.needs.extend(words.next().unwrap().split(',').map(id)),
                "if" => step.condition = Some(words.next().unwrap().to_owned()),
                "continue" => step.on_error = OnError::Continue,
                "parallel" => {
                    drop(step.with.insert("max_parallel".into(), json!(words.next().unwrap().parse::<u32>().unwrap())))
                }
                "retry" => {
                    let attempts = words.next().unwrap().parse().unwrap();
                    step.retry =
                        Some(Retry { attempts, backoff: Duration::from_secs(4), max: Duration::from_secs(60) });
                }
                other => panic!("{other}"),
            }
        }
        match step.from.first() {
            Some(port) => {
                let stage = stages.iter_mut().find(|stage| stage.steps.contains(&port.step)).unwrap();
                stage.steps.push(step.id.clone());
                stage.needs.extend(step.needs.clone());
            }
            None => stages.push(Stage {
                steps: vec![step.id.clone()],
                needs: step.needs.clone(),
                retry: step.retry.unwrap_or_default(),
                timeout: None,
            }),
        }
        steps.push(step);
    }
    let workflow = Workflow {
        name: "w".to_owned(),
        description: None,
        tags: Vec::new(),
        triggers: Vec::new(),
        inputs: Vec::new(),
        concurrency: None,
        timeout,
        steps,
    };
    Plan { workflow: Arc::new(workflow), stages }
}

impl Drive {
    fn event(&mut self, text: &str) {
        let event = match text.split(' ').collect::<Vec<_>>()[..] {
            ["admit"] => Event::Admitted,
            ["cancel"] => Event::CancelRequested { reason: "canceled by a person".to_owned() },
            ["retry"] => Event::RetryRequested { from: None },
            ["retry", "from", step] => Event::RetryRequested { from: Some(id(step)) },
            ["wait", seconds] => {
                self.now += Duration::from_secs(seconds.trim_end_matches('s').parse().unwrap());
                return;
            }
            [task, how, ref rest @ ..] => self.task_ended(task, how, rest),
            _ => panic!("{text}"),
        };
        let mut new_task = || {
            self.made += 1;
            TaskId::from(uuid::Uuid::from_u128(u128::from(self.made) << 64))
        };
        let version = VersionId::from(uuid::Uuid::nil());
        let run = RunId::from(uuid::Uuid::nil());
        let mut moment = Moment { now: self.now, run, version, new_task: &mut new_task };
        let before = self.state.clone();
        let answer = advance(&self.plan, &mut self.state, event, &mut moment);
        write!(self.trace, "{text} ->").unwrap();
        match answer {
            Ok(commands) => {
                for command in commands {
                    self.note(command);
                }
            }
            Err(refused) => {
                assert_eq!(before, self.state, "a refused event changes nothing");
                write!(self.trace, " refused: {refused}").unwrap();
            }
        }
        self.trace.push('\n');
    }

    fn note(&mut self, command: Command) {
        match command {
            Command::CreateTask { id, spec, not_before } => {
                let mut name = spec.steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(",");
                if let Some(chunk) = &spec.chunk {
                    write!(name, "[{}]", chunk.index).unwrap();
                }
                if spec.finish.is_some() {
                    name.push_str("[end]");
                }
                write!(self.trace, " {name}").unwrap();
                if spec.attempt > 1 {
                    write!(self.trace, "#{}", spec.attempt).unwrap();
                }
                if not_before > self.now {
                    let delay = (not_before - self.now).num_seconds();
                    write!(self.trace, "+{delay}s").unwrap();
                }
                self.tasks.push((name, id));
            }
            Command::WithdrawTask(id) => {
                let (name, _) = self.tasks.iter().find(|(_, task)| *task == id).unwrap();
                write!(self.trace, " -{name}").unwrap();
            }
        }
    }

    fn task_ended(&self, name: &str, how: &str, rest: &[&str]) -> Event {
        let (_, task) = self.tasks.iter().rev().find(|(task, _)| task == name).expect("a task the trace has shown");
        let steps = name.split('[').next().unwrap().split(',');
        let reports = steps
            .map(|step| {
                let fault = Fault::new(ErrorCode::ConnectionFailed, "no answer");
                match how {
                    "ok" => StepReport::succeeded(id(step)),
                    "fail" => StepReport::failed(id(step), fault, true),
                    "fail!" => StepReport::failed(id(step), fault, false),
                    "skip" => StepReport { status: StepStatus::Skipped, ..StepReport::succeeded(id(step)) },
                    "expand" => {
                        let items = (0..rest[0].parse::<u32>().unwrap()).map(Value::from).collect();
                        let finish = rest.get(1).map(|_| Map::new());
                        let expansion = Expansion { items, max_parallel: None, finish };
                        StepReport { expand: Some(expansion), ..StepReport::succeeded(id(step)) }
                    }
                    other => panic!("{other}"),
                }
            })
            .collect();
        Event::TaskEnded { task: *task, reports }
    }
}

#[test]
fn steps_run_one_after_the_other() {
    check(
        &["a", "b needs a", "c needs b"],
        &["admit", "a ok", "b ok", "c ok"],
        "admit -> a
         a ok -> b
         b ok -> c
         c ok ->
         succeeded: a=succeeded b=succeeded c=succeeded",
    );
}

#[test]
fn steps_that_need_nothing_of_each_other_run_at_once() {
    check(
        &["a", "b", "c needs a,b"],
        &["admit", "b ok", "a ok"],
        "admit -> a b
         b ok ->
         a ok -> c
         running: a=succeeded b=succeeded c=running",
    );
}

#[test]
fn steps_joined_by_data_are_one_task() {
    check(
        &["a", "b from a", "c from b", "d needs c"],
        &["admit", "a,b,c ok", "d ok"],
        "admit -> a,b,c
         a,b,c ok -> d
         d ok ->
         succeeded: a=succeeded b=succeeded c=succeeded d=succeeded",
    );
}

#[test]
fn a_failure_skips_what_needs_it_and_lets_other_branches_go_on() {
    check(
        &["a", "b needs a", "c needs b", "x", "y needs x"],
        &["admit", "a fail!", "x ok", "y ok"],
        "admit -> a x
         a fail! ->
         x ok -> y
         y ok ->
         failed: a=failed b=skipped c=skipped x=succeeded y=succeeded",
    );
}

#[test]
fn a_step_that_asks_for_it_runs_after_a_failure() {
    check(
        &["a", "b needs a", "tell needs b if failed()"],
        &["admit", "a fail!", "tell ok"],
        "admit -> a
         a fail! -> tell
         tell ok ->
         failed: a=failed b=skipped tell=succeeded",
    );
}

#[test]
fn a_failure_that_may_be_borne_does_not_fail_the_run() {
    check(
        &["a continue", "b needs a"],
        &["admit", "a fail!", "b ok"],
        "admit -> a
         a fail! -> b
         b ok ->
         succeeded: a=failed b=succeeded",
    );
}

#[test]
fn a_condition_that_is_false_skips_what_needs_the_step() {
    check(
        &["a if no", "b needs a", "c"],
        &["admit", "a skip", "c ok"],
        "admit -> a c
         a skip ->
         c ok ->
         succeeded: a=skipped b=skipped c=succeeded",
    );
}

#[test]
fn a_failure_that_may_pass_is_tried_again_with_growing_delays() {
    check(
        &["a retry 3"],
        &["admit", "a fail", "a fail", "a fail"],
        "admit -> a
         a fail -> a#2+4s
         a fail -> a#3+8s
         a fail ->
         failed: a=failed",
    );
}

#[test]
fn a_failure_that_will_not_pass_is_not_tried_again() {
    check(&["a retry 3"], &["admit", "a fail!"], "admit -> a\na fail! ->\nfailed: a=failed");
}

#[test]
fn cancel_withdraws_tasks_and_late_reports_change_nothing() {
    check(
        &["a", "b", "c needs a"],
        &["admit", "a ok", "cancel", "b ok", "cancel"],
        "admit -> a b
         a ok -> c
         cancel -> -b -c
         b ok -> refused: the run is canceled
         cancel -> refused: the run is canceled
         canceled: a=succeeded b=canceled c=canceled",
    );
}

#[test]
fn a_queued_run_can_be_canceled_before_it_starts() {
    check(&["a"], &["cancel", "admit"], "cancel ->\nadmit -> refused: the run is canceled\ncanceled: a=canceled");
}

#[test]
fn a_report_that_comes_twice_is_refused() {
    check(
        &["a", "b needs a"],
        &["admit", "a ok", "a ok"],
        &format!(
            "admit -> a\na ok -> b\na ok -> refused: the run does not wait for {}\nrunning: a=succeeded b=running",
            { TaskId::from(uuid::Uuid::from_u128(1 << 64)) }
        ),
    );
}

#[test]
fn retrying_a_run_repeats_what_did_not_succeed() {
    check(
        &["a", "b needs a", "c needs b"],
        &["admit", "a ok", "b fail!", "retry", "b ok", "c ok", "retry"],
        "admit -> a
         a ok -> b
         b fail! ->
         retry -> b
         b ok -> c
         c ok ->
         retry -> refused: the run is succeeded
         succeeded: a=succeeded b=succeeded c=succeeded",
    );
}

#[test]
fn retrying_from_a_step_repeats_everything_after_it() {
    check(
        &["a", "b needs a", "c needs b", "x"],
        &["admit", "a ok", "x ok", "b ok", "c ok", "retry from b", "b ok", "c ok", "retry from z"],
        "admit -> a x
         a ok -> b
         x ok ->
         b ok -> c
         c ok ->
         retry from b -> b
         b ok -> c
         c ok ->
         retry from z -> refused: the workflow has no step `z`
         succeeded: a=succeeded b=succeeded c=succeeded x=succeeded",
    );
}

#[test]
fn a_canceled_run_can_be_tried_again() {
    check(
        &["a", "b needs a"],
        &["admit", "cancel", "retry", "a ok", "b ok"],
        "admit -> a
         cancel -> -a
         retry -> a
         a ok -> b
         b ok ->
         succeeded: a=succeeded b=succeeded",
    );
}

#[test]
fn foreach_runs_its_items_a_few_at_a_time() {
    check(
        &["f parallel 2", "b needs f"],
        &["admit", "f expand 3", "f[1] ok", "f[0] ok", "f[2] ok", "b ok"],
        "admit -> f
         f expand 3 -> f[0] f[1]
         f[1] ok -> f[2]
         f[0] ok ->
         f[2] ok -> b
         b ok ->
         succeeded: f=succeeded b=succeeded",
    );
}

#[test]
fn a_failed_chunk_fails_its_step_after_the_others_ended() {
    check(
        &["f parallel 2 retry 2", "b needs f"],
        &["admit", "f expand 3", "f[0] fail", "f[1] ok", "f[0] fail", "f[2] ok"],
        "admit -> f
         f expand 3 -> f[0] f[1]
         f[0] fail -> f[0]#2+4s
         f[1] ok -> f[2]
         f[0] fail ->
         f[2] ok ->
         failed: f=failed b=skipped",
    );
}

#[test]
fn foreach_over_nothing_succeeds() {
    check(&["f", "b needs f"], &["admit", "f expand 0"], "admit -> f\nf expand 0 -> b\nrunning: f=succeeded b=running");
}

#[test]
fn a_step_that_finishes_gets_one_more_task_after_its_last_chunk() {
    check(
        &["m parallel 2", "b needs m"],
        &["admit", "m expand 3 finish", "m[1] ok", "m[0] ok", "m[2] ok", "m[end] ok", "b ok"],
        "admit -> m
         m expand 3 finish -> m[0] m[1]
         m[1] ok -> m[2]
         m[0] ok ->
         m[2] ok -> m[end]
         m[end] ok -> b
         b ok ->
         succeeded: m=succeeded b=succeeded",
    );
}

#[test]
fn a_step_that_expands_into_nothing_is_finished_at_once() {
    check(
        &["m"],
        &["admit", "m expand 0 finish", "m[end] ok"],
        "admit -> m
         m expand 0 finish -> m[end]
         m[end] ok ->
         succeeded: m=succeeded",
    );
}

#[test]
fn a_chunk_is_tried_again_alone() {
    check(
        &["m parallel 2 retry 2"],
        &["admit", "m expand 2 finish", "m[0] fail", "m[1] ok", "m[0] ok", "m[end] ok"],
        "admit -> m
         m expand 2 finish -> m[0] m[1]
         m[0] fail -> m[0]#2+4s
         m[1] ok ->
         m[0] ok -> m[end]
         m[end] ok ->
         succeeded: m=succeeded",
    );
}

#[test]
fn a_failed_chunk_lets_no_further_one_begin_and_a_retry_does_what_is_left() {
    check(
        &["a", "m parallel 2 needs a", "b needs m"],
        &[
            "admit",
            "a ok",
            "m expand 4 finish",
            "m[0] fail!",
            "m[1] ok",
            "retry",
            "m[0] ok",
            "m[2] ok",
            "m[3] ok",
            "m[end] ok",
            "b ok",
        ],
        "admit -> a
         a ok -> m
         m expand 4 finish -> m[0] m[1]
         m[0] fail! ->
         m[1] ok ->
         retry -> m[0] m[2]
         m[0] ok -> m[3]
         m[2] ok ->
         m[3] ok -> m[end]
         m[end] ok -> b
         b ok ->
         succeeded: a=succeeded m=succeeded b=succeeded",
    );
}

#[test]
fn canceled_chunks_are_withdrawn_and_begin_again_with_a_retry() {
    check(
        &["m parallel 2"],
        &[
            "admit",
            "m expand 4 finish",
            "m[1] ok",
            "cancel",
            "m[0] ok",
            "retry",
            "m[0] ok",
            "m[2] ok",
            "m[3] ok",
            "m[end] ok",
        ],
        "admit -> m
         m expand 4 finish -> m[0] m[1]
         m[1] ok -> m[2]
         cancel -> -m[0] -m[2]
         m[0] ok -> refused: the run is canceled
         retry -> m[0] m[2]
         m[0] ok -> m[3]
         m[2] ok ->
         m[3] ok -> m[end]
         m[end] ok ->
         succeeded: m=succeeded",
    );
}

#[test]
fn a_failed_finish_is_all_that_a_retry_repeats() {
    check(
        &["m retry 2", "b needs m"],
        &[
            "admit",
            "m expand 1 finish",
            "m[0] ok",
            "m[end] fail",
            "m[end] fail",
            "retry",
            "cancel",
            "retry",
            "m[end] ok",
        ],
        "admit -> m
         m expand 1 finish -> m[0]
         m[0] ok -> m[end]
         m[end] fail -> m[end]#2+4s
         m[end] fail ->
         retry -> m[end]
         cancel -> -m[end]
         retry -> m[end]
         m[end] ok -> b
         running: m=succeeded b=running",
    );
}

#[test]
fn a_step_asked_for_by_name_expands_anew() {
    check(
        &["a", "m needs a"],
        &[
            "admit",
            "a ok",
            "m expand 1 finish",
            "m[0] fail!",
            "retry from m",
            "m expand 1 finish",
            "cancel",
            "retry from a",
        ],
        "admit -> a
         a ok -> m
         m expand 1 finish -> m[0]
         m[0] fail! ->
         retry from m -> m
         m expand 1 finish -> m[0]
         cancel -> -m[0]
         retry from a -> a
         running: a=running m=pending",
    );
}

#[test]
fn a_run_over_its_time_keeps_what_its_chunks_have_done() {
    check_with(
        Some(Duration::from_secs(60)),
        &["m parallel 1"],
        &["admit", "m expand 2 finish", "wait 61s", "m[0] ok", "retry", "m[1] ok", "m[end] ok"],
        "admit -> m
         m expand 2 finish -> m[0]
         m[0] ok ->
         retry -> m[1]
         m[1] ok -> m[end]
         m[end] ok ->
         succeeded: m=succeeded",
    );
}

#[test]
fn a_step_that_expands_beside_others_is_refused() {
    check(
        &["m", "b from m"],
        &["admit", "m,b expand 1 finish"],
        "admit -> m,b
         m,b expand 1 finish ->
         failed: m=failed b=failed",
    );
}

#[test]
fn a_finishing_task_gets_what_the_chunks_told_and_the_settings_as_first_rendered() {
    let plan = plan(None, &["m"]);
    let mut state = RunState::new(&plan, Map::new(), Value::Null);
    let now = Utc.with_ymd_and_hms(2024, 1, 31, 8, 0, 0).unwrap();
    let mut new_task = TaskId::generate;
    let mut moment = Moment {
        now,
        run: RunId::from(uuid::Uuid::nil()),
        version: VersionId::from(uuid::Uuid::nil()),
        new_task: &mut new_task,
    };
    let made = |commands: Vec<Command>| match commands.into_iter().next() {
        Some(Command::CreateTask { id, spec, .. }) => (id, spec),
        other => panic!("{other:?}"),
    };
    let (task, _) = made(advance(&plan, &mut state, Event::Admitted, &mut moment).unwrap());
    let mut report = StepReport::succeeded(id("m"));
    report.outputs.insert("rows_expected".to_owned(), json!(100));
    let with = Map::from_iter([("table".to_owned(), json!("orders"))]);
    report.expand =
        Some(Expansion { items: vec![json!("low"), json!("high")], max_parallel: Some(1), finish: Some(with.clone()) });
    let mut event = Event::TaskEnded { task, reports: vec![report] };
    for item in ["low", "high"] {
        let (task, spec) = made(advance(&plan, &mut state, event, &mut moment).unwrap());
        let chunk = spec.chunk.unwrap();
        assert_eq!((chunk.item, chunk.with.as_ref()), (json!(item), Some(&with)));
        assert_eq!(state.steps[0].outputs["rows_expected"], json!(100));
        let mut report = StepReport::succeeded(id("m"));
        report.outputs.insert("rows".to_owned(), json!(7));
        report.metrics.rows_out = 7;
        event = Event::TaskEnded { task, reports: vec![report] };
    }
    assert_eq!(state.steps[0].metrics.rows_out, 7, "what the first chunk did is seen while the second runs");
    let (task, spec) = made(advance(&plan, &mut state, event, &mut moment).unwrap());
    let gathered = spec.finish.unwrap();
    assert_eq!((gathered.chunks, &gathered.outputs["rows"], &gathered.with), (2, &json!(14), &with));
    let mut report = StepReport::succeeded(id("m"));
    report.outputs.insert("verdict".to_owned(), json!("equal"));
    let event = Event::TaskEnded { task, reports: vec![report] };
    assert_eq!(advance(&plan, &mut state, event, &mut moment).unwrap(), []);
    assert_eq!(state.steps[0].outputs["verdict"], json!("equal"));
    assert_eq!(state.steps[0].metrics.rows_out, 14);
    assert_eq!(state.status, RunStatus::Succeeded);
}

#[test]
fn too_many_items_are_refused() {
    check(&["f"], &["admit", "f expand 10001"], "admit -> f\nf expand 10001 ->\nfailed: f=failed");
}

#[test]
fn a_run_over_its_time_fails_and_its_tasks_are_withdrawn() {
    check_with(
        Some(Duration::from_secs(60)),
        &["a", "b", "c needs a"],
        &["admit", "wait 61s", "a ok"],
        "admit -> a b
         a ok -> -b
         failed: a=succeeded b=canceled c=canceled",
    );
}

#[test]
fn a_retry_that_could_only_start_after_the_runs_end_is_not_made() {
    check_with(
        Some(Duration::from_secs(2)),
        &["a retry 5"],
        &["admit", "a fail"],
        "admit -> a\na fail ->\nfailed: a=failed",
    );
}

#[test]
fn tasks_know_what_ended_before_them() {
    let plan = plan(None, &["a", "b needs a"]);
    let mut state = RunState::new(&plan, Map::new(), json!({ "kind": "manual" }));
    let now = Utc.with_ymd_and_hms(2024, 1, 31, 8, 0, 0).unwrap();
    let mut new_task = TaskId::generate;
    let mut moment = Moment {
        now,
        run: RunId::from(uuid::Uuid::nil()),
        version: VersionId::from(uuid::Uuid::nil()),
        new_task: &mut new_task,
    };
    let commands = advance(&plan, &mut state, Event::Admitted, &mut moment).unwrap();
    let Command::CreateTask { id: task, spec, .. } = &commands[0] else { panic!() };
    assert_eq!(spec.context["steps"], json!({}));
    let mut report = StepReport::succeeded(id("a"));
    report.outputs.insert("differences".to_owned(), json!(3));
    report.metrics.rows_in = 7;
    let event = Event::TaskEnded { task: *task, reports: vec![report] };
    let commands = advance(&plan, &mut state, event, &mut moment).unwrap();
    let Command::CreateTask { spec, .. } = &commands[0] else { panic!() };
    assert_eq!(spec.context["steps"]["a"]["differences"], json!(3));
    assert_eq!(spec.context["steps"]["a"]["rows_in"], json!(7));
    assert_eq!(spec.context["steps"]["a"]["status"], json!("succeeded"));
    assert!(spec.epoch > 1, "the second task's fences are larger than the first's");
}
