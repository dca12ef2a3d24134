//! Databases of a test's own, and short ways to make records.

use chrono::{DateTime, TimeDelta, Utc};
use engine::ports::{NewTask, RunRecord, RunStore, TaskSpec, Transition};
use model::{RunId, RunStatus, TaskId, VersionId, WorkflowId};
use std::sync::Arc;
use store::Database;

/// A server's address from the environment, or the reason to skip.
pub(crate) fn server(variable: &str, name: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(url) if !url.is_empty() => Some(url),
        _ if std::env::var_os("SLUICE_TEST_NO_SKIP").is_some() => panic!("{name} needs {variable}"),
        _ => {
            println!("skipped: {name} needs {variable}");
            None
        }
    }
}

/// A database of the test's own; what it leaves behind is removed when the test is over.
pub(crate) struct Place {
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
    schema: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("däta base.db").display());
        Self { url, _folder: Some(folder), schema: None }
    }

    pub(crate) async fn postgres(name: &str) -> Option<Self> {
        let server = server("SLUICE_TEST_POSTGRES", name)?;
        let schema = format!("store_{}", uuid::Uuid::now_v7().simple());
        let separator = if server.contains('?') { '&' } else { '?' };
        let admin = sea_orm::Database::connect(&server).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&admin, &format!("CREATE SCHEMA {schema}")).await.unwrap();
        let url = format!("{server}{separator}options=-csearch_path%3D{schema}");
        Some(Self { url, _folder: None, schema: Some((server, schema)) })
    }

    pub(crate) async fn open(&self) -> Database {
        Database::open(&self.url).await.unwrap()
    }

    pub(crate) async fn remove(self) {
        if let Some((server, schema)) = self.schema {
            let admin = sea_orm::Database::connect(&server).await.unwrap();
            let drop = format!("DROP SCHEMA {schema} CASCADE");
            sea_orm::ConnectionTrait::execute_unprepared(&admin, &drop).await.unwrap();
        }
    }
}

/// Runs one case on both databases.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($place:ident) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                async fn check($place: &$crate::setup::Place) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    check(&$crate::setup::Place::sqlite()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    if let Some(place) = $crate::setup::Place::postgres(stringify!($name)).await {
                        check(&place).await;
                        place.remove().await;
                    }
                }
            }
        )+
    };
}
pub(crate) use on_both;

/// An instant, in seconds after the start of the tests' calendar.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn run(workflow: WorkflowId, status: RunStatus) -> RunRecord {
    RunRecord {
        id: RunId::generate(),
        workflow,
        version: VersionId::generate(),
        status,
        state: r#"{"steps":{"größe":"\u0000 ' \" \\ 😀"}}"#.to_owned(),
        revision: 1,
        trigger: "manual".to_owned(),
        created_at: at(0),
        started_at: None,
        finished_at: None,
    }
}

/// The transition that makes `run` what it is.
pub(crate) fn transition(run: &RunRecord) -> Transition {
    Transition { run: run.clone(), is_new: run.revision == 1, finished: vec![], withdrawn: vec![], created: vec![] }
}

/// The transition to the next revision.
pub(crate) fn next(run: &mut RunRecord) -> Transition {
    run.revision += 1;
    run.state = format!("{{\"revision\":{}}}", run.revision);
    transition(run)
}

pub(crate) fn spec() -> TaskSpec {
    serde_json::from_value(serde_json::json!({
        "version": VersionId::generate(),
        "steps": ["bars", "kinds"],
        "attempt": 1,
        "context": { "inputs": { "name": "Zoë 😀", "none": null, "n": 1.5 } },
    }))
    .unwrap()
}

pub(crate) fn queued(not_before: DateTime<Utc>) -> NewTask {
    NewTask { id: TaskId::generate(), spec: spec(), not_before, leased_to: None }
}

/// Commits a new running run with `count` tasks that are due at once.
pub(crate) async fn run_with_tasks(store: &Database, count: usize) -> (RunRecord, Vec<TaskId>) {
    let record = run(WorkflowId::generate(), RunStatus::Running);
    let mut new = transition(&record);
    new.created = (0..count).map(|_| queued(at(0))).collect();
    let ids = new.created.iter().map(|task| task.id).collect();
    store.commit(new).await.unwrap();
    (record, ids)
}

pub(crate) fn shared(store: Database) -> Arc<Database> {
    Arc::new(store)
}
