//! Opening: at once from several processes, from impossible places, from a newer release.

use crate::setup::{Place, at, on_both, run_with_tasks};
use engine::ports::RunStore;
use model::ErrorCode;
use store::Database;

on_both! {
    async fn several_processes_may_open_a_new_database_at_once(place) {
        let mut openers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = place.url.clone();
            openers.spawn(async move { Database::open(&url).await });
        }
        for (index, opened) in openers.join_all().await.into_iter().enumerate() {
            let store = opened.unwrap();
            store.ping().await.unwrap();
            store.save_workflow(&format!("w{index}"), "x", at(0)).await.unwrap();
        }
        assert_eq!(place.open().await.list_workflows(None, 9).await.unwrap().len(), 4);
    }

    async fn two_handles_see_and_fence_each_other(place) {
        let (one, two) = (place.open().await, place.open().await);
        let (record, tasks) = run_with_tasks(&one, 2).await;
        assert_eq!(two.find_run(record.id).await.unwrap(), Some(record));
        let first = one.lease("one", 1, at(0), at(60)).await.unwrap();
        let second = two.lease("two", 2, at(0), at(60)).await.unwrap();
        assert_eq!((first[0].id, second.len(), second[0].id), (tasks[0], 1, tasks[1]));
    }

    async fn a_database_of_a_newer_release_is_refused(place) {
        place.open().await.close().await.unwrap();
        let url = place.url.replace("sqlite://", "sqlite:");
        let raw = sea_orm::Database::connect(&url).await.unwrap();
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
        sea_orm::ConnectionTrait::execute_unprepared(&raw, newer).await.unwrap();
        let refused = Database::open(&place.url).await.unwrap_err();
        assert_eq!(refused.fault.code, ErrorCode::InvalidConfiguration, "{refused}");
    }
}

#[tokio::test]
async fn a_scratch_database_works_without_a_file_of_ours() {
    let store = Database::open("sqlite::memory:").await.unwrap();
    let (record, _) = run_with_tasks(&store, 1).await;
    assert!(store.find_run(record.id).await.unwrap().is_some());
}

#[tokio::test]
async fn impossible_addresses_are_refused_with_a_pointed_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    std::fs::write(folder.path().join("text.db"), "this is no database at all, only text".repeat(99)).unwrap();
    let cases = [
        (format!("sqlite://{}/file/x.db", folder.path().display()), ErrorCode::StoreFailed),
        (format!("{}/text.db", folder.path().display()), ErrorCode::StoreFailed),
        ("mysql://root@127.0.0.1/x".to_owned(), ErrorCode::InvalidConfiguration),
        ("postgres://ann:hunter2@127.0.0.1:1/x".to_owned(), ErrorCode::StoreFailed),
    ];
    for (url, code) in cases {
        let options = store::Options { patience: std::time::Duration::from_secs(2), ..store::Options::default() };
        let error = Database::open_with(&url, options).await.unwrap_err();
        assert_eq!(error.fault.code, code, "{url}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(error.fault.hint.is_some(), "{url}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite();
    let _store = place.open().await;
    let path = place.url.trim_start_matches("sqlite://");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
