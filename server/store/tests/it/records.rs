//! Workflows, versions, history, trigger firings and log lines.

use crate::setup::{at, next, on_both, run, shared, transition};
use engine::ports::{RunFilter, RunStore, StoreError, TriggerRecord};
use model::run::{LogLevel, LogLine};
use model::{ErrorCode, RunId, RunStatus, StepId, WorkflowId};
use std::sync::Arc;

on_both! {
    async fn saving_the_same_text_again_makes_no_version(place) {
        let store = place.open().await;
        let first = store.save_workflow("märkt", "name: märkt", at(0)).await.unwrap();
        let same = store.save_workflow("märkt", "name: märkt", at(1)).await.unwrap();
        assert_eq!((first.number, &first), (1, &same));
        let second = store.save_workflow("märkt", "name: märkt # 2", at(2)).await.unwrap();
        let back = store.save_workflow("märkt", "name: märkt", at(3)).await.unwrap();
        assert_eq!((second.id, second.number, back.number), (first.id, 2, 3));
        assert_eq!((back.created_at, back.updated_at), (at(0), at(3)));

        assert_eq!(store.find_workflow(first.id).await.unwrap().as_ref(), Some(&back));
        assert_eq!(store.find_workflow_by_name("märkt").await.unwrap().as_ref(), Some(&back));
        assert_eq!(store.find_workflow_by_name("MÄRKT").await.unwrap(), None);
        assert_eq!(store.find_workflow_by_name("m\0").await.unwrap(), None);
        let versions = store.list_versions(first.id, None, 2).await.unwrap();
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(versions[1].text, "name: märkt # 2");
        let older = store.list_versions(first.id, Some(2), 9).await.unwrap();
        assert_eq!(older.iter().map(|version| version.number).collect::<Vec<_>>(), [1]);
        assert_eq!(store.find_version(second.version).await.unwrap().as_ref(), Some(&versions[1]));
    }

    async fn racing_savers_number_their_versions_without_gaps(place) {
        let store = shared(place.open().await);
        let mut savers = tokio::task::JoinSet::new();
        for index in 0..10 {
            let store = Arc::clone(&store);
            savers.spawn(async move { store.save_workflow("w", &format!("v{index}"), at(index)).await.unwrap().number });
        }
        let mut numbers = savers.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    }

    async fn workflows_are_listed_by_name_page_by_page(place) {
        let store = place.open().await;
        for name in ["b", "Z", "ä", "a", "a-b"] {
            store.save_workflow(name, "x", at(0)).await.unwrap();
        }
        let names = |list: Vec<engine::ports::WorkflowRecord>| list.into_iter().map(|w| w.name).collect::<Vec<_>>();
        assert_eq!(names(store.list_workflows(None, 3).await.unwrap()), ["Z", "a", "a-b"]);
        assert_eq!(names(store.list_workflows(Some("a-b"), 3).await.unwrap()), ["b", "ä"]);
        assert_eq!(names(store.list_workflows(None, 0).await.unwrap()), [""; 0]);
    }

    async fn a_workflow_is_switched_off_and_deleted_while_its_runs_stay(place) {
        let store = place.open().await;
        let workflow = store.save_workflow("w", "x", at(0)).await.unwrap();
        let record = run(workflow.id, RunStatus::Succeeded);
        store.commit(transition(&record)).await.unwrap();
        store.set_workflow_enabled(workflow.id, false).await.unwrap();
        assert!(!store.find_workflow(workflow.id).await.unwrap().unwrap().enabled);
        store.record_firing(&TriggerRecord { workflow: workflow.id, index: 0, last_fired: at(1) }).await.unwrap();

        assert!(store.delete_workflow(workflow.id).await.unwrap());
        assert!(!store.delete_workflow(workflow.id).await.unwrap());
        assert_eq!(store.find_version(workflow.version).await.unwrap(), None);
        assert_eq!(store.list_triggers().await.unwrap(), vec![]);
        assert!(store.find_run(record.id).await.unwrap().is_some());
        let absent = store.set_workflow_enabled(workflow.id, true).await;
        assert!(matches!(absent, Err(StoreError::Failed(fault)) if fault.code == ErrorCode::WorkflowNotFound));
    }

    async fn text_with_a_zero_byte_is_refused_with_a_reason(place) {
        let store = place.open().await;
        for (name, text) in [("a\0b", "x"), ("a", "x\0")] {
            let refused = store.save_workflow(name, text, at(0)).await;
            assert!(matches!(refused, Err(StoreError::Failed(fault)) if fault.code == ErrorCode::InvalidValue));
        }
        assert_eq!(store.list_workflows(None, 9).await.unwrap(), vec![]);
    }

    async fn history_pages_by_key_under_every_filter(place) {
        let store = place.open().await;
        let (a, b) = (WorkflowId::generate(), WorkflowId::generate());
        let mut all = Vec::new();
        for index in 0..30 {
            let status = RunStatus::ALL[index % RunStatus::ALL.len()];
            let record = run(if index % 3 == 0 { a } else { b }, status);
            store.commit(transition(&record)).await.unwrap();
            all.push(record);
        }
        all.reverse();
        let statuses: [&[RunStatus]; 4] = [
            &[],
            &[RunStatus::Failed],
            &[RunStatus::Failed, RunStatus::Queued, RunStatus::Failed],
            RunStatus::ALL,
        ];
        for workflow in [None, Some(a), Some(b), Some(WorkflowId::generate())] {
            for statuses in statuses {
                let expected: Vec<RunId> = all
                    .iter()
                    .filter(|run| workflow.is_none_or(|workflow| run.workflow == workflow))
                    .filter(|run| statuses.is_empty() || statuses.contains(&run.status))
                    .map(|run| run.id)
                    .collect();
                let mut seen = Vec::new();
                let mut filter = RunFilter { workflow, statuses: statuses.to_vec(), before: None, limit: 4 };
                loop {
                    let page = store.list_runs(&filter).await.unwrap();
                    assert!(page.len() <= 4);
                    let Some(last) = page.last() else { break };
                    filter.before = Some(last.id);
                    seen.extend(page.iter().map(|run| run.id));
                }
                assert_eq!(seen, expected, "{workflow:?} {statuses:?}");
            }
        }
    }

    async fn queued_runs_come_oldest_first_and_active_ones_are_counted(place) {
        let store = place.open().await;
        let workflow = WorkflowId::generate();
        let mut queued = Vec::new();
        for status in [RunStatus::Queued, RunStatus::Running, RunStatus::Queued, RunStatus::Waiting, RunStatus::Failed] {
            let record = run(workflow, status);
            store.commit(transition(&record)).await.unwrap();
            store.commit(transition(&run(WorkflowId::generate(), status))).await.unwrap();
            if status == RunStatus::Queued {
                queued.push(record);
            }
        }
        assert_eq!(store.count_active_runs(workflow).await.unwrap(), 2);
        assert_eq!(store.list_queued_runs(workflow, 1).await.unwrap(), queued[..1]);
        let mut started = queued[0].clone();
        started.status = RunStatus::Running;
        store.commit(next(&mut started)).await.unwrap();
        assert_eq!(store.list_queued_runs(workflow, 9).await.unwrap(), queued[1..]);
        assert_eq!(store.count_active_runs(workflow).await.unwrap(), 3);
        assert_eq!(store.count_active_runs(WorkflowId::generate()).await.unwrap(), 0);
    }

    async fn a_firing_is_recorded_by_one_of_two_racers(place) {
        let store = shared(place.open().await);
        let workflow = WorkflowId::generate();
        let firing = |seconds| TriggerRecord { workflow, index: 1, last_fired: at(seconds) };
        for seconds in [10, 20] {
            let mut racers = tokio::task::JoinSet::new();
            for _ in 0..6 {
                let (store, record) = (Arc::clone(&store), firing(seconds));
                racers.spawn(async move { store.record_firing(&record).await.unwrap() });
            }
            assert_eq!(racers.join_all().await.into_iter().filter(|won| *won).count(), 1);
        }
        assert!(!store.record_firing(&firing(15)).await.unwrap());
        assert_eq!(store.list_triggers().await.unwrap(), vec![firing(20)]);
    }

    async fn log_lines_keep_their_order_and_are_seen_at_once(place) {
        let store = shared(place.open().await);
        let (mine, other) = (RunId::generate(), RunId::generate());
        let line = |index: usize| LogLine {
            at: at(i64::try_from(index).unwrap() % 7),
            step: index.is_multiple_of(2).then(|| StepId::new("bars").unwrap()),
            level: [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error][index % 4],
            message: format!("line {index} 😀 'quoted' \\ \"x\"\n\tmore"),
        };
        let mut written = 0;
        for size in [1, 0, 3, 700, 64, 1] {
            store.append_logs(mine, (written..written + size).map(line).collect()).await.unwrap();
            store.append_logs(other, vec![line(1)]).await.unwrap();
            written += size;
        }
        let read = store.list_logs(mine, 0, 10_000).await.unwrap();
        let texts = |lines: &[(u64, LogLine)]| lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&read), (0..written).map(line).collect::<Vec<_>>());
        let next = store.list_logs(mine, read[4].0, 2).await.unwrap();
        assert_eq!(texts(&next), vec![line(5), line(6)]);
        assert_eq!(next, read[5..7]);
        assert_eq!(store.list_logs(mine, u64::MAX, 2).await.unwrap(), vec![]);
        assert_eq!(store.list_logs(RunId::generate(), 0, 2).await.unwrap(), vec![]);
    }

    async fn log_lines_are_written_without_being_asked_and_on_closing(place) {
        let store = place.open().await;
        let other = place.open().await;
        let id = RunId::generate();
        let line = |message: &str| LogLine { at: at(0), step: None, level: LogLevel::Info, message: message.to_owned() };
        store.append_logs(id, vec![line("zero\0byte")]).await.unwrap();
        let mut seen = vec![];
        for _ in 0..200 {
            seen = other.list_logs(id, 0, 9).await.unwrap();
            if !seen.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].1, line("zero\u{fffd}byte"));
        store.append_logs(id, vec![line("last")]).await.unwrap();
        store.close().await.unwrap();
        let last = other.list_logs(id, seen[0].0, 9).await.unwrap();
        assert_eq!(last.into_iter().map(|(_, line)| line).collect::<Vec<_>>(), vec![line("last")]);
        assert!(matches!(store.find_run(id).await, Err(StoreError::Failed(_))));
    }
}
