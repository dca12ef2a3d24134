//! The systems the pairs are kept in: an SQLite file, and PostgreSQL and MySQL where the environment names a server.

use super::cell::{Cell, column};
use super::name;
use super::random::Pair;
use arrow::array::RecordBatch;
use data::{Batch, Connector, Lane, WriteOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(in crate::diff) struct Store {
    pub(in crate::diff) name: &'static str,
    pub(in crate::diff) connector: Arc<dyn Connector>,
    url: String,
    setting: Option<(&'static str, String)>,
    server: Option<Server>,
    end: Option<(Arc<dyn Connector>, String)>,
    _folder: Option<tempfile::TempDir>,
}

/// A server that the environment names.
#[derive(Clone)]
struct Server {
    name: &'static str,
    url: String,
    setting: &'static str,
    make: &'static str,
    drop: &'static str,
}

impl Server {
    /// An empty place of its own.
    async fn place(&self) -> Store {
        let Self { name, url, setting, make, drop } = self;
        let (admin, place) = (open(url, &[]), unique());
        admin.execute(&format!("{make} {place}")).await.unwrap();
        let connector = open(url, &[(setting, &place)]);
        let end = Some((admin, format!("{} {place} {drop}", make.replace("CREATE", "DROP"))));
        let (url, setting) = (url.clone(), Some((*setting, place)));
        Store { name, connector, url, setting, server: Some(self.clone()), end, _folder: None }
    }
}

impl Store {
    /// Every system there is, each with an empty place.
    pub(in crate::diff) async fn all(case: &str) -> Vec<Self> {
        let mut stores = vec![Self::sqlite()];
        for (name, variable, setting, make, drop) in [
            ("postgres", "SLUICE_TEST_POSTGRES", "schema", "CREATE SCHEMA", "CASCADE"),
            ("mysql", "SLUICE_TEST_MYSQL", "database", "CREATE DATABASE", ""),
        ] {
            let Ok(url) = std::env::var(variable) else {
                assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{case} needs {variable}");
                eprintln!("skipped: {case} needs {variable}");
                continue;
            };
            let server = Server { name, url, setting, make, drop };
            stores.push(server.place().await);
        }
        stores
    }

    /// An SQLite file of its own.
    pub(in crate::diff) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let connector = open(&url, &[]);
        Self { name: "sqlite", connector, url, setting: None, server: None, end: None, _folder: Some(folder) }
    }

    /// Another connection to the same place.
    pub(in crate::diff) async fn again(&self) -> Self {
        let settings: Vec<(&str, &str)> = self.setting.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let connector = open(&self.url, &settings);
        let (url, setting) = (self.url.clone(), self.setting.clone());
        Self { name: self.name, connector, url, setting, server: None, end: None, _folder: None }
    }

    /// Another place in the same system.
    pub(in crate::diff) async fn elsewhere(&self) -> Self {
        match &self.server {
            Some(server) => server.place().await,
            None => Self::sqlite(),
        }
    }

    /// Makes `table` anew with these rows, without a key.
    pub(in crate::diff) async fn fill(&self, table: &str, pair: &Pair, rows: &[Vec<Cell>]) {
        let columns = pair.kinds.iter().enumerate().map(|(index, kind)| {
            let cells: Vec<_> = rows.iter().map(|row| row[index].clone()).collect();
            (name(index), column(*kind, &cells, false), true)
        });
        let records = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        self.write(table, records).await;
    }

    /// Makes `table` anew with these rows and the pair's key.
    pub(in crate::diff) async fn fill_keyed(&self, table: &str, pair: &Pair, rows: &[Vec<Cell>]) {
        let columns = pair.kinds.iter().enumerate().map(|(index, kind)| {
            let cells: Vec<_> = rows.iter().map(|row| row[index].clone()).collect();
            (name(index), column(*kind, &cells, false), true)
        });
        self.write_keyed(table, pair.key, RecordBatch::try_from_iter_with_nullable(columns).unwrap()).await;
    }

    /// Makes `table` anew with these rows, whose first columns are its key.
    pub(in crate::diff) async fn write_keyed(&self, table: &str, key: usize, records: RecordBatch) {
        self.connector.execute(&format!("DROP TABLE IF EXISTS {table}")).await.unwrap();
        let key = (0..key).map(name).collect();
        let options = WriteOptions { mode: data::Mode::Upsert, key, ..WriteOptions::append(table) };
        let mut sink = self.connector.write(records.schema(), options).await.unwrap();
        sink.write(&Batch { lane: Lane::new("t"), sequence: 1, checkpoint: None, records }).await.unwrap();
        sink.finish().await.unwrap();
    }

    /// Makes `table` anew with these rows.
    pub(in crate::diff) async fn write(&self, table: &str, records: RecordBatch) {
        self.connector.execute(&format!("DROP TABLE IF EXISTS {table}")).await.unwrap();
        let mut sink = self.connector.write(records.schema(), WriteOptions::append(table)).await.unwrap();
        sink.write(&Batch { lane: Lane::new("t"), sequence: 1, checkpoint: None, records }).await.unwrap();
        sink.finish().await.unwrap();
    }

    /// Lets the system look how many rows a table has.
    pub(in crate::diff) async fn analyze(&self, table: &str) {
        let word = if self.name == "mysql" { "ANALYZE TABLE" } else { "ANALYZE" };
        self.connector.execute(&format!("{word} {table}")).await.unwrap();
    }

    /// Clears the place away.
    pub(in crate::diff) async fn end(self) {
        if let Some((admin, sql)) = self.end {
            drop(self.connector);
            admin.execute(&sql).await.unwrap();
        }
    }
}

fn open(url: &str, more: &[(&str, &str)]) -> Arc<dyn Connector> {
    let mut settings = connectors::Settings::parse(url).unwrap();
    for (key, value) in more {
        settings.values[*key] = (*value).into();
    }
    let gate = connectors::Gate::with_private();
    connectors::open(settings.system, &settings.values, settings.secret.as_deref(), &gate).unwrap()
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("diff_{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
