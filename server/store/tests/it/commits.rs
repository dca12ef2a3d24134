//! What a commit promises: all or nothing, in order, whoever else commits.

use crate::setup::{at, next, on_both, queued, run, run_with_tasks, shared, transition};
use engine::ports::{NewTask, RunStore, StoreError};
use model::{RunStatus, TaskId, WorkflowId};
use std::sync::Arc;

on_both! {
    async fn a_new_run_is_there_as_it_was_given(place) {
        let store = place.open().await;
        let mut record = run(WorkflowId::generate(), RunStatus::Running);
        record.started_at = Some(at(1));
        store.commit(transition(&record)).await.unwrap();
        assert_eq!(store.find_run(record.id).await.unwrap(), Some(record.clone()));

        record.status = RunStatus::Succeeded;
        record.finished_at = Some(at(2));
        store.commit(next(&mut record)).await.unwrap();
        assert_eq!(store.find_run(record.id).await.unwrap(), Some(record));
        assert_eq!(store.find_run(model::RunId::generate()).await.unwrap(), None);
    }

    async fn a_stale_revision_conflicts_and_writes_nothing(place) {
        let store = place.open().await;
        let (mut record, tasks) = run_with_tasks(&store, 1).await;
        let mut stale = record.clone();
        store.commit(next(&mut record)).await.unwrap();

        let mut late = next(&mut stale);
        late.run.state = "lost".to_owned();
        late.withdrawn = tasks.clone();
        late.created = vec![queued(at(0))];
        assert!(matches!(store.commit(late).await, Err(StoreError::Conflict)));
        let mut skipping = next(&mut stale);
        skipping.run.revision = 9;
        assert!(matches!(store.commit(skipping).await, Err(StoreError::Conflict)));
        assert!(matches!(store.commit(transition(&run_again(&record))).await, Err(StoreError::Conflict)));

        assert_eq!(store.find_run(record.id).await.unwrap(), Some(record));
        let leased = store.lease("w", 9, at(0), at(60)).await.unwrap();
        assert_eq!(leased.iter().map(|task| task.id).collect::<Vec<_>>(), tasks);
    }

    async fn a_wrong_fence_is_a_lost_lease_and_writes_nothing(place) {
        let store = place.open().await;
        let (mut record, tasks) = run_with_tasks(&store, 1).await;
        let before = record.clone();
        let finish = |record: &mut engine::ports::RunRecord, task, fence| {
            let mut change = next(record);
            change.finished = vec![(task, fence)];
            change.created = vec![queued(at(0))];
            change
        };

        // Not leased at all, unknown, then leased under another fence.
        for (task, fence) in [(tasks[0], 0), (TaskId::generate(), 1)] {
            let refused = store.commit(finish(&mut record.clone(), task, fence)).await;
            assert!(matches!(refused, Err(StoreError::LeaseLost)), "{refused:?}");
        }
        let leased = store.lease("w", 9, at(0), at(60)).await.unwrap();
        assert_eq!((leased.len(), leased[0].fence, leased[0].deliveries), (1, 1, 1));
        let refused = store.commit(finish(&mut record.clone(), tasks[0], 2)).await;
        assert!(matches!(refused, Err(StoreError::LeaseLost)));
        assert_eq!(store.find_run(record.id).await.unwrap(), Some(before));

        store.commit(finish(&mut record, tasks[0], 1)).await.unwrap();
        let left = store.lease("w", 9, at(100), at(160)).await.unwrap();
        assert_eq!(left.len(), 1, "the finished task is gone, the one made with it is there");
        let again = store.commit(finish(&mut record, tasks[0], 1)).await;
        assert!(matches!(again, Err(StoreError::LeaseLost)));
    }

    async fn withdrawn_tasks_vanish_whoever_holds_them(place) {
        let store = place.open().await;
        let (mut record, tasks) = run_with_tasks(&store, 3).await;
        let held = store.lease("w", 1, at(0), at(60)).await.unwrap();
        let mut cancel = next(&mut record);
        cancel.run.status = RunStatus::Canceled;
        cancel.withdrawn = tasks.clone();
        store.commit(cancel).await.unwrap();

        assert_eq!(store.lease("w", 9, at(100), at(160)).await.unwrap(), vec![]);
        assert_eq!(store.next_due().await.unwrap(), None);
        let lost = store.renew(&[(held[0].id, held[0].fence)], at(200)).await.unwrap();
        assert_eq!(lost, vec![held[0].id]);
    }

    async fn a_task_made_leased_is_finished_under_fence_1(place) {
        let store = place.open().await;
        let mut record = run(WorkflowId::generate(), RunStatus::Running);
        let task = NewTask { leased_to: Some(("w".to_owned(), at(60))), ..queued(at(0)) };
        let mut new = transition(&record);
        new.created = vec![task.clone()];
        store.commit(new).await.unwrap();
        assert_eq!(store.lease("v", 9, at(30), at(90)).await.unwrap(), vec![]);
        assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
        let mut end = next(&mut record);
        end.finished = vec![(task.id, 1)];
        store.commit(end).await.unwrap();
        assert_eq!(store.next_due().await.unwrap(), None);
    }

    async fn a_commit_survives_reopening(place) {
        let store = place.open().await;
        let (record, tasks) = run_with_tasks(&store, 2).await;
        drop(store);
        let store = place.open().await;
        assert_eq!(store.find_run(record.id).await.unwrap(), Some(record));
        let leased = store.lease("w", 9, at(0), at(60)).await.unwrap();
        assert_eq!(leased.iter().map(|task| task.id).collect::<Vec<_>>(), tasks);
    }

    async fn many_callers_commit_at_once_and_each_chain_is_whole(place) {
        let store = shared(place.open().await);
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let store = Arc::clone(&store);
            callers.spawn(async move {
                let mut record = run(WorkflowId::generate(), RunStatus::Running);
                let mut task = NewTask { leased_to: Some(("w".to_owned(), at(60))), ..queued(at(0)) };
                let mut new = transition(&record);
                new.created = vec![task.clone()];
                store.commit(new).await.unwrap();
                for _ in 0..15 {
                    let mut change = next(&mut record);
                    change.finished = vec![(task.id, 1)];
                    task = NewTask { leased_to: Some(("w".to_owned(), at(60))), ..queued(at(0)) };
                    change.created = vec![task.clone()];
                    store.commit(change).await.unwrap();
                }
                (record, task.id)
            });
        }
        let mut tasks = Vec::new();
        while let Some(done) = callers.join_next().await {
            let (record, task) = done.unwrap();
            assert_eq!(store.find_run(record.id).await.unwrap(), Some(record));
            tasks.push(task);
        }
        tasks.sort_unstable();
        let leased = store.lease("w", 99, at(100), at(160)).await.unwrap();
        assert_eq!(leased.iter().map(|task| task.id).collect::<Vec<_>>(), tasks);
    }

    async fn of_two_changes_from_one_revision_one_wins(place) {
        let store = shared(place.open().await);
        let (record, _) = run_with_tasks(&store, 0).await;
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (store, mut record) = (Arc::clone(&store), record.clone());
            racers.spawn(async move { store.commit(next(&mut record)).await });
        }
        let results: Vec<_> = racers.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Conflict))));
    }

    async fn the_innocent_succeed_beside_a_transition_the_database_refuses(place) {
        let store = shared(place.open().await);
        let (_, tasks) = run_with_tasks(&store, 1).await;
        let mut callers = tokio::task::JoinSet::new();
        for index in 0..20 {
            let store = Arc::clone(&store);
            let mut change = transition(&run(WorkflowId::generate(), RunStatus::Running));
            // Every fifth makes a task whose id is taken.
            let id = if index % 5 == 0 { tasks[0] } else { TaskId::generate() };
            change.created = vec![NewTask { id, ..queued(at(0)) }];
            callers.spawn(async move { (index, change.run.id, store.commit(change).await) });
        }
        for (index, id, result) in callers.join_all().await {
            assert_eq!(result.is_ok(), index % 5 != 0, "{index}: {result:?}");
            assert_eq!(store.find_run(id).await.unwrap().is_some(), result.is_ok());
        }
    }

    async fn one_commit_makes_and_ends_a_thousand_tasks(place) {
        let store = place.open().await;
        let (mut record, tasks) = run_with_tasks(&store, 1_000).await;
        let mut held = store.lease("w", 500, at(0), at(60)).await.unwrap();
        held.extend(store.lease("w", 500, at(0), at(60)).await.unwrap());
        assert_eq!(held.len(), 1_000);
        let mut end = next(&mut record);
        end.finished = held.iter().map(|task| (task.id, task.fence)).collect();
        store.commit(end).await.unwrap();
        assert_eq!(store.next_due().await.unwrap(), None);
        assert_eq!(tasks.len(), 1_000);
    }

    async fn a_huge_state_survives(place) {
        let store = place.open().await;
        let mut record = run(WorkflowId::generate(), RunStatus::Running);
        record.state = format!("\"{}\"", "ä".repeat(2_000_000));
        store.commit(transition(&record)).await.unwrap();
        assert_eq!(store.find_run(record.id).await.unwrap(), Some(record));
    }
}

/// The same run, made anew.
fn run_again(record: &engine::ports::RunRecord) -> engine::ports::RunRecord {
    engine::ports::RunRecord { revision: 1, ..record.clone() }
}
