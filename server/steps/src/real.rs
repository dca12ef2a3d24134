//! Real stores for tests of single kinds: each with a place of its own on a running server, cleared away at the end.
//!
//! SQLite is a file; TDengine is its stub unless `SLUICE_TEST_TDENGINE` names a server; for the others a variable names
//! the server, without which a test skips aloud.

#![allow(clippy::unwrap_used)]

use crate::stand_in::World;
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use data::connector::ReadOptions;
use data::{Batch, Connector, Lane, WriteOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store of a test's own.
pub(crate) struct Store {
    pub(crate) connector: Arc<dyn Connector>,
    /// The database, schema or prefix.
    pub(crate) place: String,
    admin: Option<(Arc<dyn Connector>, String)>,
    _folder: Option<tempfile::TempDir>,
    _stub: Option<tdengine_stub::Stub>,
}

impl Store {
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_POSTGRES", test)?;
        // Databases are not made within a transaction, schemas are.
        let (admin, place) = (open(&url, None), unique());
        admin.execute(&format!("CREATE SCHEMA {place}")).await.unwrap();
        let connector = open(&url, Some(("schema", &place)));
        let admin = Some((admin, format!("DROP SCHEMA {place} CASCADE")));
        Some(Self { connector, place, admin, _folder: None, _stub: None })
    }

    pub(crate) async fn mysql(test: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_MYSQL", test)?;
        Some(Self::database(&url).await)
    }

    pub(crate) async fn sqlite(_test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let connector = open(&format!("sqlite://{}/test.db", folder.path().display()), None);
        Some(Self { connector, place: "main".to_owned(), admin: None, _folder: Some(folder), _stub: None })
    }

    pub(crate) async fn tdengine(_test: &str) -> Option<Self> {
        let (url, stub) = match std::env::var("SLUICE_TEST_TDENGINE") {
            Ok(url) => (url, None),
            Err(_) => {
                let stub = tdengine_stub::Stub::start(tdengine_stub::StubOptions::default());
                (format!("tdengine://root:taosdata@{}", stub.address()), Some(stub))
            }
        };
        let mut store = Self::database(&url).await;
        store._stub = stub;
        Some(store)
    }

    /// Redis has no places; keys of this one begin with `place`.
    pub(crate) async fn redis(test: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_REDIS", test)?;
        Some(Self { connector: open(&url, None), place: unique(), admin: None, _folder: None, _stub: None })
    }

    async fn database(url: &str) -> Self {
        let (admin, place) = (open(url, None), unique());
        let kept = if url.starts_with("tdengine") { " PRECISION 'us' KEEP 36500d" } else { "" };
        admin.execute(&format!("CREATE DATABASE {place}{kept}")).await.unwrap();
        let connector = open(url, Some(("database", &place)));
        let admin = Some((admin, format!("DROP DATABASE {place}")));
        Self { connector, place, admin, _folder: None, _stub: None }
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.connector.execute(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// Writes rows into a table, which is made where it is missing.
    pub(crate) async fn write(&self, options: WriteOptions, records: &RecordBatch) {
        let mut sink = self.connector.write(records.schema(), options).await.unwrap();
        let batch = Batch { lane: Lane::new("test"), sequence: 1, checkpoint: None, records: records.clone() };
        sink.write(&batch).await.unwrap();
        sink.finish().await.unwrap();
    }

    /// All rows as text, in an order of their own.
    pub(crate) async fn rows(&self, options: ReadOptions) -> Vec<String> {
        let mut source = self.connector.read(options).await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = source.next().await.unwrap() {
            batches.push(batch.records);
        }
        let all = concat_batches(&source.schema(), &batches).unwrap();
        let row = |row: usize| {
            let cells = all.columns().iter().map(|column| {
                if column.is_null(row) { "∅".to_owned() } else { array_value_to_string(column, row).unwrap() }
            });
            cells.collect::<Vec<_>>().join("|")
        };
        let mut rows: Vec<String> = (0..all.num_rows()).map(row).collect();
        rows.sort();
        rows
    }

    /// What steps reach: this store as the connection `store`.
    pub(crate) fn world(&self) -> World {
        let mut world = World::default();
        world.stores.insert("store".to_owned(), self.connector.clone());
        world
    }

    /// Clears the place away.
    pub(crate) async fn end(self) {
        if let Some((admin, sql)) = self.admin {
            drop(self.connector);
            admin.execute(&sql).await.unwrap();
        }
    }
}

/// Opens what a URL names, with one more setting.
fn open(url: &str, more: Option<(&str, &str)>) -> Arc<dyn Connector> {
    let mut settings = connectors::Settings::parse(url).unwrap();
    if let Some((key, value)) = more {
        settings.values[key] = value.into();
    }
    let gate = connectors::Gate::with_private();
    connectors::open(settings.system, &settings.values, settings.secret.as_deref(), &gate).unwrap()
}

fn variable(name: &str, test: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{test} needs {name}");
        eprintln!("skipped: {test} needs {name}");
    }
    value
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("steps_{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
