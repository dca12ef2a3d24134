//! Places of the test's own, and a whole migration in one call.

use super::super::*;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use data::connector::ReadOptions;
use data::{Connector, LedgerKey, Result, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A connection with an empty place of its own.
pub(super) struct World {
    pub(super) connector: Arc<dyn Connector>,
    admin: Option<(Arc<dyn Connector>, String)>,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub(super) async fn open(system: System) -> Option<Self> {
        match system {
            System::Postgres => Self::postgres().await,
            System::Mysql => Self::mysql().await,
            _ => Some(Self::sqlite()),
        }
    }

    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connector = open(&format!("sqlite://{}/test.db", folder.path().display()), &[]);
        Self { connector, admin: None, _folder: Some(folder) }
    }

    pub(super) async fn postgres() -> Option<Self> {
        let url = variable("SLUICE_TEST_POSTGRES")?;
        let (admin, place) = (open(&url, &[]), unique());
        admin.execute(&format!("CREATE SCHEMA {place}")).await.unwrap();
        let connector = open(&url, &[("schema", &place)]);
        Some(Self { connector, admin: Some((admin, format!("DROP SCHEMA {place} CASCADE"))), _folder: None })
    }

    pub(super) async fn mysql() -> Option<Self> {
        let url = variable("SLUICE_TEST_MYSQL")?;
        let (admin, place) = (open(&url, &[]), unique());
        admin.execute(&format!("CREATE DATABASE {place}")).await.unwrap();
        let connector = open(&url, &[("database", &place)]);
        Some(Self { connector, admin: Some((admin, format!("DROP DATABASE {place}"))), _folder: None })
    }

    /// Clears the place away.
    pub(super) async fn end(self) {
        if let Some((admin, sql)) = self.admin {
            drop(self.connector);
            admin.execute(&sql).await.unwrap();
        }
    }

    pub(super) async fn execute(&self, sql: &str) {
        if let Err(error) = self.connector.execute(sql).await {
            panic!("{sql}: {error}");
        }
    }

    /// All rows in the order of `order`.
    pub(super) async fn rows(&self, table: &str, order: &str) -> RecordBatch {
        let mut options = ReadOptions::table(table);
        options.order_by = vec![order.to_owned()];
        let mut source = self.connector.read(options).await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = source.next().await.unwrap() {
            batches.push(batch.records);
        }
        concat_batches(&source.schema(), &batches).unwrap()
    }

    pub(super) async fn number(&self, sql: &str) -> u64 {
        super::super::look::numbers(self.connector.as_ref(), sql).await.unwrap()[0]
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

fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "migrations need {name}");
        eprintln!("skipped: migrations need {name}");
    }
    value
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("migrate_{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Every ordered pair of systems, a system with itself too.
pub(super) fn each_pair() -> Vec<(System, System)> {
    let all = [System::Postgres, System::Mysql, System::Sqlite];
    all.iter().flat_map(|from| all.iter().map(|to| (*from, *to))).collect()
}

pub(super) struct Quiet;

impl Watcher for Quiet {
    fn progress(&self, _: &Copied) {}
}

/// What a whole migration told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) prepared: Prepared,
    pub(super) copied: Copied,
    pub(super) finished: Finished,
    pub(super) validation: Validation,
    pub(super) ranges: usize,
}

/// Runs a migration from its look to its proof.
pub(super) async fn run(from: &World, to: &World, job: &TableJob, rows: u64, how: Validate) -> Result<Told> {
    let tables = BTreeMap::new();
    let (source, target) = (&from.connector, &to.connector);
    let task = unique();
    let key = |part: &str| Some(LedgerKey { task: format!("{task}/{part}"), fence: 1 });
    let prepared = prepare(source.as_ref(), target.as_ref(), job, &tables, key("prepare")).await?;
    let ranges = ranges(source.as_ref(), job, rows, 100).await?.ranges;
    let mut copied = Copied::default();
    let folder = tempfile::tempdir().unwrap();
    for (index, range) in ranges.iter().enumerate() {
        let ledger = key(&index.to_string());
        let options = CopyOptions { ledger, spool: Some(folder.path().join("spool")), ..CopyOptions::default() };
        let one = copy(source, target, job, range.as_deref(), &options, &Quiet).await?;
        copied.read += one.read;
        copied.written += one.written;
    }
    let finished = finish(source.as_ref(), target.as_ref(), job, &tables, prepared.created).await?;
    let known = Known { rows_before: prepared.rows_before, ..Known::default() };
    let validation = validate(source.as_ref(), target.as_ref(), job, how, 0, known).await?;
    Ok(Told { prepared, copied, finished, validation, ranges: ranges.len() })
}
