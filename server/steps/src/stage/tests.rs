//! The stage over memory: a store whose sinks commit rows and ledger together and can be made to crash, sources that
//! resume in each of the three ways, and documents run through the runner.
#![allow(clippy::unwrap_used)]

mod memory;
mod parts;

use crate::catalog::Catalog;
use crate::runner::Runner;
use engine::ports::{LeasedTask, StepReport, TaskContext, TaskRunner, TaskSpec};
use engine::testing::{MemoryArtifacts, MemoryTableLogs};
use memory::{Memory, Shared};
use model::document::read::Reader;
use model::document::read_steps;
use model::tree::{self, Limits};
use model::{ErrorCode, RunId, StepStatus, TaskId, VersionId, Workflow, WorkflowId};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One run of a stage, attempt after attempt.
struct Run {
    memory: Arc<Memory>,
    table_logs: Arc<MemoryTableLogs>,
    folder: tempfile::TempDir,
    run: RunId,
    attempts: u32,
    cancel: CancellationToken,
}

impl Run {
    fn new() -> Self {
        Self {
            memory: Arc::new(Memory::default()),
            table_logs: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            run: RunId::generate(),
            attempts: 0,
            cancel: CancellationToken::new(),
        }
    }

    async fn attempt(&mut self, steps: &str) -> Vec<StepReport> {
        self.task(steps, |_| {}).await
    }

    /// Runs one task of the steps, its spec changed by `change`.
    async fn task(&mut self, steps: &str, change: impl FnOnce(&mut TaskSpec)) -> Vec<StepReport> {
        self.attempts += 1;
        let root = tree::parse(steps, &Limits::default()).unwrap();
        let mut reader = Reader::new();
        let steps = read_steps(&mut reader, &root, "steps");
        assert_eq!(reader.finish().0, Vec::new());
        let workflow = Workflow {
            name: "tried".into(),
            description: None,
            tags: Vec::new(),
            triggers: Vec::new(),
            inputs: Vec::new(),
            concurrency: None,
            timeout: None,
            steps: steps.clone(),
        };
        let runner = Runner {
            connections: Arc::new(Shared(self.memory.clone())),
            plugins: self.memory.clone(),
            translator: Arc::new(data::NoTranslator),
            table_logs: self.table_logs.clone(),
            artifacts: Arc::<MemoryArtifacts>::default(),
            files: self.folder.path().to_owned(),
            data_dir: self.folder.path().to_owned(),
            watch: Arc::new(engine::testing::MemoryWatch::default()),
            alerts: Arc::new(engine::testing::MemoryAlerts::default()),
            catalog: Arc::new(
                Catalog::new(self.memory.clone()).with(Arc::new(memory::Trouble)).with(Arc::new(parts::Parted)),
            ),
        };
        let mut spec = TaskSpec {
            version: VersionId::generate(),
            steps: steps.iter().map(|step| step.id.clone()).collect(),
            attempt: self.attempts,
            epoch: self.attempts,
            deadline: None,
            chunk: None,
            finish: None,
            context: json!({ "inputs": { "yes": true, "no": false }, "steps": {}, "run": {} }),
        };
        change(&mut spec);
        let task =
            LeasedTask { id: TaskId::generate(), run: self.run, spec, fence: i64::from(self.attempts), deliveries: 1 };
        runner
            .run(TaskContext {
                task,
                workflow_id: WorkflowId::generate(),
                workflow: Arc::new(workflow),
                cancel: self.cancel.clone(),
                observer: self.memory.clone(),
            })
            .await
    }

    fn spool(&self) -> bool {
        Path::new(&self.folder.path().join("spool").join(self.run.to_string())).exists()
    }
}

fn spell(reports: &[StepReport]) -> String {
    let one = |report: &StepReport| {
        let error = report.error.as_ref().map(|fault| format!(" {}", fault.code)).unwrap_or_default();
        format!("{} {}{error}", report.step, report.status)
    };
    reports.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Crashes at every commit in turn, then runs to the end: each row must be there once, in every table.
async fn check_each_row_once(steps: &str, rows: i64, tables: &[&str]) {
    for crash in 0.. {
        let mut run = Run::new();
        run.memory.source(rows);
        run.memory.crash_after(crash);
        let first = run.attempt(steps).await;
        let crashed = first.iter().any(|report| report.status != StepStatus::Succeeded);
        run.memory.never_crash();
        if crashed {
            let second = run.attempt(steps).await;
            let all_well = second.iter().all(|report| report.status == StepStatus::Succeeded);
            assert!(all_well, "after a crash at commit {crash}: {}: {second:?}", spell(&second));
        }
        for table in tables {
            assert_eq!(
                run.memory.sorted(table),
                (0..rows).collect::<Vec<_>>(),
                "table {table}, crash at commit {crash}"
            );
        }
        assert!(!run.spool(), "a spool stays behind, crash at commit {crash}");
        if !crashed {
            assert!(crash > 2, "the test must have crashed at some commits");
            return;
        }
    }
}

fn to_tables(source: &str) -> String {
    format!(
        "
- {{ id: rows, uses: fetch, with: {{ path: {source} }} }}
- {{ id: first, uses: write, from: rows, with: {{ connection: store, table: first }} }}
- {{ id: second, uses: write, from: rows, with: {{ connection: store, table: second }} }}
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayable_source_leaves_each_row_once() {
    check_each_row_once(&to_tables("replay.csv"), 47, &["first", "second"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_with_checkpoints_leaves_each_row_once() {
    check_each_row_once(&to_tables("checkpoint.csv"), 47, &["first", "second"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_repeat_leaves_each_row_once() {
    check_each_row_once(&to_tables("once.csv"), 47, &["first", "second"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clocked_transform_leaves_each_row_once() {
    for source in ["replay.csv", "checkpoint.csv", "once.csv"] {
        let steps = format!(
            "
- {{ id: rows, uses: fetch, with: {{ path: {source} }} }}
- {{ id: timed, uses: transform, from: rows, with: {{ sql: 'select n, now() as t from input' }} }}
- {{ id: first, uses: write, from: timed, with: {{ connection: store, table: first }} }}
- {{ id: plain, uses: write, from: rows, with: {{ connection: store, table: plain }} }}
"
        );
        check_each_row_once(&steps, 25, &["first", "plain"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_stream_query_leaves_each_row_once() {
    for source in ["checkpoint.csv", "once.csv"] {
        let steps = format!(
            "
- {{ id: rows, uses: fetch, with: {{ path: {source} }} }}
- {{ id: ordered, uses: transform, from: rows, with: {{ sql: 'select n from input order by n desc' }} }}
- {{ id: first, uses: write, from: ordered, with: {{ connection: store, table: first }} }}
- {{ id: plain, uses: write, from: rows, with: {{ connection: store, table: plain }} }}
"
        );
        check_each_row_once(&steps, 25, &["first", "plain"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stateful_rule_and_a_route_leave_each_row_once() {
    for source in ["replay.csv", "checkpoint.csv"] {
        let steps = format!(
            "
- {{ id: rows, uses: fetch, with: {{ path: {source} }} }}
- id: checked
  uses: validate
  from: rows
  with: {{ rules: [{{ name: once, unique: n }}, {{ name: some, expect: 'n % 2 = 0', severity: warn }}] }}
- id: routed
  uses: route
  from: checked
  with:
    match: all
    rules:
      - {{ when: 'true', to: {{ connection: store, table: first }} }}
      - {{ when: 'n >= 0', to: {{ connection: store, table: second }}, port: again }}
- {{ id: third, uses: write, from: routed.again, with: {{ connection: store, table: third }} }}
"
        );
        check_each_row_once(&steps, 33, &["first", "second", "third"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_source_starts_after_what_is_durable() {
    let mut run = Run::new();
    run.memory.source(100);
    run.memory.crash_after(5);
    let steps = "
- { id: rows, uses: fetch, with: { path: checkpoint.csv } }
- { id: first, uses: write, from: rows, with: { connection: store, table: first } }
";
    run.attempt(steps).await;
    run.memory.never_crash();
    let reports = run.attempt(steps).await;
    assert_eq!(reports[0].metrics.rows_in, 100 - 5 * memory::BATCH as u64);
    assert_eq!(run.memory.sorted("first").len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_changed_between_attempts_are_noticed() {
    let mut run = Run::new();
    run.memory.source(100);
    run.memory.crash_after(9);
    run.attempt(&to_tables("checkpoint.csv")).await;
    run.memory.never_crash();
    run.memory.shift_rows();
    let reports = run.attempt(&to_tables("checkpoint.csv")).await;
    // Where both sinks stopped at the same batch nothing has to be read again, and nothing can differ.
    let positions = run.memory.positions();
    if positions.iter().any(|position| *position != positions[0]) {
        assert_eq!(reports[0].error.as_ref().map(|fault| fault.code), Some(ErrorCode::ReplayImpossible), "{reports:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diamond_carries_every_row_on_both_ways() {
    let mut run = Run::new();
    run.memory.source(2000);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: left, uses: transform, from: rows, with: { sql: 'select n from input' } }
- { id: right, uses: transform, from: rows, with: { sql: 'select n from input order by n desc' } }
- { id: both, uses: write, from: [left, right, rows], with: { connection: store, table: both } }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, left succeeded, right succeeded, both succeeded");
    let expected: Vec<i64> = (0..2000).flat_map(|n| [n, n, n]).collect();
    assert_eq!(run.memory.sorted("both"), expected);
    assert_eq!(reports[3].outputs["rows"], json!(6000));
    assert_eq!(reports[0].metrics.ports["out"], json!(2000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_sink_does_not_stop_the_others() {
    let mut run = Run::new();
    run.memory.source(500);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: good, uses: write, from: rows, with: { connection: store, table: good } }
- { id: bad, uses: write, from: rows, with: { connection: store, table: refused } }
- { id: gone, uses: write, from: rows, with: { connection: histroy, table: t } }
- { id: bang, uses: trouble, from: rows, with: { does: panic } }
- { id: behind, uses: write, from: bang, with: { connection: store, table: behind } }
",
        )
        .await;
    assert_eq!(
        spell(&reports),
        "rows succeeded, good succeeded, bad failed table_not_found, gone failed connection_not_found, \
         bang failed internal, behind skipped upstream_failed"
    );
    assert_eq!(run.memory.sorted("good").len(), 500);
    assert_eq!(run.memory.sorted("behind").len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_source_fails_what_is_behind_it() {
    let mut run = Run::new();
    let reports = run.attempt(&to_tables("absent.csv")).await;
    assert_eq!(
        spell(&reports),
        "rows failed file_not_found, first skipped upstream_failed, second skipped upstream_failed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_sink_holds_the_others_back_only_by_the_edge() {
    let mut run = Run::new();
    run.memory.source(60);
    let memory = run.memory.clone();
    // The slow table takes nothing until the quick one has what fits between them.
    let ahead = crate::edge::EDGE_BATCHES * memory::BATCH;
    memory.hold("slow", "quick", ahead);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: quick, uses: write, from: rows, with: { connection: store, table: quick } }
- { id: slow, uses: write, from: rows, with: { connection: store, table: slow } }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, quick succeeded, slow succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_tells_what_it_took_of_the_machine() {
    let mut run = Run::new();
    run.memory.source(60);
    run.memory.hold("slow", "never", 1);
    let reports = run
        .attempt(
            "
- { id: busy, uses: script, with: { script: 'let sum = 0; for n in 0..200000 { sum += n * n % 7; } #{ sum: sum }' } }
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: slow, uses: write, timeout: 300ms, from: rows, with: { connection: store, table: slow } }
",
        )
        .await;
    assert_eq!(spell(&reports), "busy succeeded, rows succeeded, slow failed step_timeout");
    let [busy, rows, slow] = [0, 1, 2].map(|index| &reports[index].metrics);
    assert!(busy.cpu_ms > 10 && busy.cpu_ms <= busy.duration_ms + 100, "{busy:?}");
    assert!(slow.duration_ms >= 300 && slow.cpu_ms * 10 < slow.duration_ms, "waiting costs nothing: {slow:?}");
    for metrics in [busy, rows, slow] {
        assert!(metrics.peak_memory > 1 << 20, "{metrics:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canceled_stage_stops() {
    let mut run = Run::new();
    run.memory.source(100);
    run.memory.hold("held", "never", 1);
    let cancel = run.cancel.clone();
    let memory = run.memory.clone();
    let canceling = tokio::spawn(async move {
        memory.wait_until_held().await;
        cancel.cancel();
    });
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: held, uses: write, from: rows, with: { connection: store, table: held } }
",
        )
        .await;
    canceling.await.unwrap();
    assert!(reports.iter().any(|report| report.status == StepStatus::Canceled), "{}", spell(&reports));
    assert!(reports.iter().all(|report| report.status != StepStatus::Failed), "{}", spell(&reports));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_takes_too_long_is_told_so() {
    let mut run = Run::new();
    run.memory.source(100);
    run.memory.hold("held", "never", 1);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- { id: held, uses: write, from: rows, timeout: 50ms, with: { connection: store, table: held } }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, held failed step_timeout");
    assert!(reports[1].retryable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_condition_skips_what_is_behind_it() {
    let mut run = Run::new();
    run.memory.source(10);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, if: 'inputs.yes', with: { path: replay.csv } }
- { id: changed, uses: transform, from: rows, if: 'inputs.no', with: { sql: 'select n from input' } }
- { id: one, uses: write, from: changed, with: { connection: store, table: one } }
- { id: two, uses: write, from: rows, with: { connection: store, table: two } }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, changed skipped, one skipped upstream_failed, two succeeded");
    assert_eq!(run.memory.sorted("two").len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_rows_that_nobody_takes_fail_the_step() {
    let rules = "{ rules: [{ name: small, expect: 'n < 5' }] }";
    for (on_error, expected) in [("fail", "failed rows_rejected"), ("reject", "succeeded")] {
        let mut run = Run::new();
        run.memory.source(10);
        let reports = run
            .attempt(&format!(
                "
- {{ id: rows, uses: fetch, with: {{ path: replay.csv }} }}
- {{ id: checked, uses: validate, from: rows, on_error: {on_error}, with: {rules} }}
"
            ))
            .await;
        assert_eq!(spell(&reports[1..]), format!("checked {expected}"));
    }
    let mut run = Run::new();
    run.memory.source(10);
    let reports = run
        .attempt(&format!(
            "
- {{ id: rows, uses: fetch, with: {{ path: replay.csv }} }}
- {{ id: checked, uses: validate, from: rows, with: {rules} }}
- {{ id: kept_out, uses: write, from: checked.rejected, with: {{ connection: store, table: kept_out }} }}
"
        ))
        .await;
    assert_eq!(reports[1].metrics.rows_rejected, 5);
    assert_eq!(reports[1].outputs["rows_out"], json!(5));
    assert_eq!(run.memory.sorted("kept_out"), vec![5, 6, 7, 8, 9]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_spool_held_is_not_guessed() {
    let mut run = Run::new();
    run.memory.source(47);
    run.memory.crash_after(3);
    run.attempt(&to_tables("once.csv")).await;
    run.memory.never_crash();
    std::fs::remove_dir_all(run.folder.path().join("spool")).unwrap();
    let reports = run.attempt(&to_tables("once.csv")).await;
    assert_eq!(reports[0].error.as_ref().map(|fault| fault.code), Some(ErrorCode::ReplayImpossible));
}

#[tokio::test]
async fn a_second_worker_cannot_write_under_an_old_fence() {
    let mut run = Run::new();
    run.memory.source(20);
    run.attempts = 5;
    run.attempt(&to_tables("replay.csv")).await;
    run.attempts = 2;
    let reports = run.attempt(&to_tables("replay.csv")).await;
    assert!(
        reports[1..].iter().all(|report| report.error.as_ref().is_some_and(|fault| fault.code == ErrorCode::LeaseLost))
    );
    assert_eq!(run.memory.sorted("first").len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_sends_rows_where_their_first_rule_says() {
    let mut run = Run::new();
    run.memory.source(20);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- id: routed
  uses: route
  from: rows
  with:
    rules:
      - { name: few, when: 'n < 3', to: [{ connection: store, table: few }, { connection: store, table: again }] }
      - { name: some, when: 'n < 10', to: { connection: store, table: some } }
      - { name: port, when: 'n < 12', port: more }
- { id: more, uses: write, from: routed.more, with: { connection: store, table: more } }
- { id: rest, uses: write, from: routed.rejected, with: { connection: store, table: rest } }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, routed succeeded, more succeeded, rest succeeded");
    for (table, expected) in [("few", 0..3), ("again", 0..3), ("some", 3..10), ("more", 10..12), ("rest", 12..20)] {
        assert_eq!(run.memory.sorted(table), expected.collect::<Vec<i64>>(), "{table}");
    }
    assert_eq!(reports[1].outputs["rules"], json!({ "few": 3, "some": 7, "port": 2 }));
    assert_eq!(reports[1].outputs["rows"], json!(13));
    assert_eq!(reports[1].metrics.rows_rejected, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_routes_slow_target_holds_the_others_back_only_by_its_queue() {
    let mut run = Run::new();
    run.memory.source(60);
    run.memory.hold("slow", "quick", crate::edge::EDGE_BATCHES * memory::BATCH);
    let reports = run
        .attempt(
            "
- { id: rows, uses: fetch, with: { path: replay.csv } }
- id: routed
  uses: route
  from: rows
  with: { rules: [{ when: 'true', to: [{ connection: store, table: slow }, { connection: store, table: quick }] }] }
",
        )
        .await;
    assert_eq!(spell(&reports), "rows succeeded, routed succeeded");
    assert_eq!(run.memory.sorted("slow").len(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_without_a_rule_fail_the_step_where_it_says_so() {
    for (otherwise, expected) in
        [("fail", "failed rows_rejected"), ("reject", "failed rows_rejected"), ("drop", "succeeded")]
    {
        let mut run = Run::new();
        run.memory.source(20);
        let reports = run
            .attempt(&format!(
                "
- {{ id: rows, uses: fetch, with: {{ path: replay.csv }} }}
- id: routed
  uses: route
  from: rows
  with: {{ rules: [{{ when: 'n < 3', to: {{ connection: store, table: few }} }}], otherwise: {otherwise} }}
"
            ))
            .await;
        assert_eq!(spell(&reports[1..]), format!("routed {expected}"), "{otherwise}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_one_line_for_each_step_and_table() {
    let mut run = Run::new();
    run.memory.source(47);
    let steps = to_tables("replay.csv");
    run.attempt(&steps).await;
    let told = |run: &Run| {
        let mut told: Vec<String> = run
            .table_logs
            .entries()
            .iter()
            .map(|entry| {
                let status = entry.status.as_str();
                format!("{} {} {status} {}", entry.table, entry.subject, entry.parameters["rows"])
            })
            .collect();
        told.sort();
        told
    };
    assert_eq!(told(&run), ["first insert batches succeeded 47", "second insert batches succeeded 47"]);
    assert!(run.table_logs.entries()[0].who.starts_with("run_"));

    let mut run = Run::new();
    run.memory.source(47);
    run.attempt("\n- { id: rows, uses: fetch, with: { path: replay.csv } }\n- { id: no, uses: write, from: rows, with: { connection: store, table: refused } }\n").await;
    let entries = run.table_logs.entries();
    assert_eq!(told(&run), ["refused insert batches failed 0"]);
    assert_eq!(entries[0].error.as_ref().map(|fault| fault.code), Some(ErrorCode::TableNotFound));
}
