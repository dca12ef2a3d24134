//! Artifacts of runs.

use crate::setup::{at, on_both};
use engine::ports::{Artifacts, StoreError, Watch};
use model::artifact::{Artifact, NewArtifact};
use model::backup::Kept;
use model::{ErrorCode, RunId, StepId};

fn artifact(run: RunId, name: &str, content: &[u8]) -> NewArtifact {
    NewArtifact {
        artifact: Artifact {
            run,
            name: name.to_owned(),
            step: StepId::new("report").unwrap(),
            media_type: "text/csv".to_owned(),
            bytes: content.len() as u64,
            rows: 3,
            digest: "ab".repeat(32),
            created_at: at(10),
        },
        task: format!("{run}/report"),
        fence: 7,
        content: content.to_vec(),
    }
}

fn code(refused: Result<(), StoreError>) -> ErrorCode {
    match refused.unwrap_err() {
        StoreError::Failed(fault) => fault.code,
        other => panic!("{other}"),
    }
}

on_both! {
    async fn an_artifact_comes_back_as_it_was(place) {
        let store = place.open().await;
        let run = RunId::generate();
        let odd: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let kept = artifact(run, "日线 😀.csv", &odd);
        store.keep_artifact(kept.clone()).await.unwrap();
        store.keep_artifact(artifact(run, "empty.csv", b"")).await.unwrap();
        store.keep_artifact(artifact(RunId::generate(), "of-another.csv", b"x")).await.unwrap();
        let listed = store.list_artifacts(run).await.unwrap();
        assert_eq!(listed.iter().map(|known| known.name.as_str()).collect::<Vec<_>>(), ["empty.csv", "日线 😀.csv"]);
        assert_eq!(listed[1], kept.artifact);
        assert_eq!(store.find_artifact(run, "日线 😀.csv").await.unwrap(), Some((kept.artifact, odd)));
        for name in ["absent.csv", "of-another.csv", "a\0b", "../empty.csv", ""] {
            assert_eq!(store.find_artifact(run, name).await.unwrap(), None, "{name:?}");
        }
    }

    async fn only_the_same_task_replaces_an_artifact_and_no_older_lease_of_it(place) {
        let store = place.open().await;
        let run = RunId::generate();
        store.keep_artifact(artifact(run, "a.csv", b"first")).await.unwrap();
        store.keep_artifact(NewArtifact { fence: 8, ..artifact(run, "a.csv", b"second") }).await.unwrap();
        let late = store.keep_artifact(artifact(run, "a.csv", b"late")).await;
        assert!(matches!(late, Err(StoreError::LeaseLost)));
        let other = NewArtifact { task: format!("{run}/other"), fence: 99, ..artifact(run, "a.csv", b"other") };
        assert_eq!(code(store.keep_artifact(other).await), ErrorCode::AlreadyExists);
        assert_eq!(store.find_artifact(run, "a.csv").await.unwrap().unwrap().1, b"second");
    }

    async fn what_exceeds_a_run_is_refused_and_the_rest_stays(place) {
        let store = place.open().await;
        let run = RunId::generate();
        let large = vec![1; 16 << 20];
        assert_eq!(code(store.keep_artifact(artifact(run, "x", &[&large[..], b"1"].concat())).await), ErrorCode::ArtifactTooLarge);
        for number in 0..4 {
            store.keep_artifact(artifact(run, &format!("{number}"), &large)).await.unwrap();
        }
        assert_eq!(code(store.keep_artifact(artifact(run, "x", b"1")).await), ErrorCode::ArtifactTooLarge);
        // What replaces itself takes no more room.
        store.keep_artifact(artifact(run, "3", &large)).await.unwrap();
        let many = RunId::generate();
        for number in 0..100 {
            store.keep_artifact(artifact(many, &format!("{number}"), b"")).await.unwrap();
        }
        assert_eq!(code(store.keep_artifact(artifact(many, "x", b"")).await), ErrorCode::ArtifactTooLarge);
        store.keep_artifact(artifact(many, "99", b"again")).await.unwrap();
        assert_eq!(code(store.keep_artifact(artifact(many, "a/b", b"")).await), ErrorCode::InvalidValue);
        assert_eq!(store.list_artifacts(many).await.unwrap().len(), 100);
    }

    async fn old_artifacts_are_purged(place) {
        let store = place.open().await;
        let run = RunId::generate();
        for number in 0..60 {
            let mut old = artifact(run, &format!("{number}"), b"x");
            old.artifact.created_at = at(if number == 0 { 90 } else { 10 });
            store.keep_artifact(old).await.unwrap();
        }
        assert_eq!(store.purge(Kept::Artifacts, at(50), true).await.unwrap(), 59);
        assert_eq!(store.purge(Kept::Artifacts, at(50), false).await.unwrap(), 59);
        assert_eq!(store.list_artifacts(run).await.unwrap()[0].name, "0");
    }
}
