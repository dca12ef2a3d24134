//! What a lease promises: one holder at a time, a fence that grows, nothing forgotten.

use crate::setup::{at, next, on_both, queued, run, run_with_tasks, shared, transition};
use engine::ports::{RunStore, StoreError};
use model::{RunStatus, TaskId, WorkflowId};
use std::collections::HashSet;
use std::sync::Arc;

on_both! {
    async fn a_leased_task_is_whole_and_nobody_elses(place) {
        let store = place.open().await;
        let record = run(WorkflowId::generate(), RunStatus::Running);
        let mut new = transition(&record);
        let task = queued(at(0));
        new.created = vec![task.clone()];
        store.commit(new).await.unwrap();

        let leased = store.lease("w", 9, at(0), at(60)).await.unwrap();
        assert_eq!((leased[0].id, leased[0].run, &leased[0].spec), (task.id, record.id, &task.spec));
        assert_eq!(store.lease("v", 9, at(59), at(119)).await.unwrap(), vec![]);
        assert_eq!(store.lease("v", 0, at(99), at(119)).await.unwrap(), vec![]);
    }

    async fn an_expired_lease_is_taken_over_with_a_larger_fence(place) {
        let store = place.open().await;
        let (mut record, tasks) = run_with_tasks(&store, 1).await;
        let first = store.lease("w", 9, at(0), at(60)).await.unwrap();
        let second = store.lease("v", 9, at(61), at(120)).await.unwrap();
        assert_eq!((first[0].fence, first[0].deliveries), (1, 1));
        assert_eq!((second[0].id, second[0].fence, second[0].deliveries), (tasks[0], 2, 2));

        // Whoever slept past its lease can neither renew, release nor finish.
        assert_eq!(store.renew(&[(tasks[0], 1)], at(500)).await.unwrap(), tasks);
        store.release(&[(tasks[0], 1)]).await.unwrap();
        assert_eq!(store.next_due().await.unwrap(), Some(at(120)));
        let mut end = next(&mut record);
        end.finished = vec![(tasks[0], 1)];
        assert!(matches!(store.commit(end.clone()).await, Err(StoreError::LeaseLost)));
        end.finished = vec![(tasks[0], 2)];
        store.commit(end).await.unwrap();
    }

    async fn not_before_is_respected(place) {
        let store = place.open().await;
        let record = run(WorkflowId::generate(), RunStatus::Waiting);
        let mut new = transition(&record);
        new.created = vec![queued(at(30)), queued(at(10))];
        store.commit(new).await.unwrap();
        assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
        assert_eq!(store.lease("w", 9, at(9), at(60)).await.unwrap(), vec![]);
        assert_eq!(store.lease("w", 9, at(10), at(60)).await.unwrap().len(), 1);
        assert_eq!(store.next_due().await.unwrap(), Some(at(30)));
    }

    async fn a_renewed_lease_lasts_and_a_released_one_is_free_at_once(place) {
        let store = place.open().await;
        let (_, tasks) = run_with_tasks(&store, 3).await;
        let held: Vec<_> =
            store.lease("w", 9, at(0), at(60)).await.unwrap().iter().map(|task| (task.id, task.fence)).collect();
        assert_eq!(store.renew(&held, at(300)).await.unwrap(), vec![]);
        assert_eq!(store.renew(&[], at(300)).await.unwrap(), vec![]);
        assert_eq!(store.lease("v", 9, at(61), at(120)).await.unwrap(), vec![]);

        store.release(&held[..1]).await.unwrap();
        store.release(&[]).await.unwrap();
        let again = store.lease("v", 9, at(61), at(120)).await.unwrap();
        assert_eq!((again.len(), again[0].id, again[0].fence), (1, tasks[0], 2));
        let unknown = TaskId::generate();
        let mixed = [(unknown, 1), held[1], (held[2].0, 7)];
        assert_eq!(store.renew(&mixed, at(300)).await.unwrap(), vec![unknown, held[2].0]);
    }

    async fn eight_workers_hand_out_every_task_once(place) {
        let store = shared(place.open().await);
        let mut expected = HashSet::new();
        for _ in 0..10 {
            expected.extend(run_with_tasks(&store, 30).await.1);
        }
        let mut workers = tokio::task::JoinSet::new();
        for index in 0..8 {
            let store = Arc::clone(&store);
            workers.spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let leased = store.lease(&format!("w{index}"), 7, at(0), at(60)).await.unwrap();
                    if leased.is_empty() && store.next_due().await.unwrap() == Some(at(60)) {
                        return mine;
                    }
                    mine.extend(leased.into_iter().map(|task| task.id));
                }
            });
        }
        let all: Vec<TaskId> = workers.join_all().await.into_iter().flatten().collect();
        assert_eq!(all.len(), 300);
        assert_eq!(all.into_iter().collect::<HashSet<_>>(), expected);
    }

    async fn leasing_renewing_and_committing_at_once_never_deadlock(place) {
        let store = shared(place.open().await);
        let mut workers = tokio::task::JoinSet::new();
        for index in 0..6 {
            let store = Arc::clone(&store);
            workers.spawn(async move {
                for _ in 0..10 {
                    let (mut record, tasks) = run_with_tasks(&store, 4).await;
                    let leased = store.lease(&format!("w{index}"), 6, at(0), at(60)).await.unwrap();
                    let mut held: Vec<_> = leased.iter().map(|task| (task.id, task.fence)).collect();
                    held.reverse();
                    store.renew(&held, at(90)).await.unwrap();
                    let mut end = next(&mut record);
                    end.withdrawn = tasks;
                    store.commit(end).await.unwrap();
                    store.release(&held).await.unwrap();
                }
            });
        }
        workers.join_all().await;
    }

    async fn one_holder_at_a_time_until_the_lease_ends(place) {
        let store = place.open().await;
        assert!(store.hold("scheduler", "a", at(0), at(10)).await.unwrap());
        assert!(!store.hold("scheduler", "b", at(5), at(15)).await.unwrap());
        assert!(store.hold("other", "b", at(5), at(15)).await.unwrap());
        assert!(store.hold("scheduler", "a", at(9), at(19)).await.unwrap());
        assert!(!store.hold("scheduler", "b", at(18), at(28)).await.unwrap());
        assert!(store.hold("scheduler", "b", at(19), at(29)).await.unwrap(), "stolen after its end");
        assert!(!store.hold("scheduler", "a", at(20), at(30)).await.unwrap());
    }

    async fn of_racing_processes_one_holds_the_lease(place) {
        let store = shared(place.open().await);
        let mut racers = tokio::task::JoinSet::new();
        for index in 0..8 {
            let store = Arc::clone(&store);
            racers.spawn(async move { store.hold("scheduler", &format!("p{index}"), at(0), at(10)).await.unwrap() });
        }
        assert_eq!(racers.join_all().await.into_iter().filter(|won| *won).count(), 1);
    }
}
