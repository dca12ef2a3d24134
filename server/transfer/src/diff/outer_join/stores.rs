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
    end: Option<(Arc<dyn Connector>, String)>,
    _folder: Option<tempfile::TempDir>,
}

impl Store {
    /// Every system there is, each with an empty place.
    pub(in crate::diff) async fn all(case: &str) -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let connector = open(&format!("sqlite://{}/test.db", folder.path().display()), &[]);
        let mut stores = vec![Self { name: "sqlite", connector, end: None, _folder: Some(folder) }];
        for (name, variable, setting, make, drop) in [
            ("postgres", "SLUICE_TEST_POSTGRES", "schema", "CREATE SCHEMA", "CASCADE"),
            ("mysql", "SLUICE_TEST_MYSQL", "database", "CREATE DATABASE", ""),
        ] {
            let Ok(url) = std::env::var(variable) else {
                assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{case} needs {variable}");
                eprintln!("skipped: {case} needs {variable}");
                continue;
            };
            let (admin, place) = (open(&url, &[]), unique());
            admin.execute(&format!("{make} {place}")).await.unwrap();
            let connector = open(&url, &[(setting, &place)]);
            let end = Some((admin, format!("{} {place} {drop}", make.replace("CREATE", "DROP"))));
            stores.push(Self { name, connector, end, _folder: None });
        }
        stores
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
        let records = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        self.connector.execute(&format!("DROP TABLE IF EXISTS {table}")).await.unwrap();
        let key = (0..pair.key).map(name).collect();
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
