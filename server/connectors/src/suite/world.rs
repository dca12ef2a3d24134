//! What a case gets: a connector with a place of its own, and shorthands.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use data::connector::{ReadOptions, Relation};
use data::{Batch, Connector, Lane, LedgerKey, Mode, Sink, System, WriteOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A connector with an empty place of its own.
pub(crate) struct World {
    pub(crate) connector: Arc<dyn Connector>,
    admin: Option<(Arc<dyn Connector>, String)>,
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
    _stub: Option<tdengine_stub::Stub>,
}

impl World {
    pub(crate) async fn sqlite(_case: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let connector = open(&url, &[]);
        Some(Self { connector, admin: None, url, _folder: Some(folder), _stub: None })
    }

    pub(crate) async fn postgres(case: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_POSTGRES", case)?;
        let (admin, place) = (open(&url, &[]), unique());
        admin.execute(&format!("CREATE SCHEMA {place}")).await.unwrap();
        let connector = open(&url, &[("schema", &place)]);
        Some(Self {
            connector,
            admin: Some((admin, format!("DROP SCHEMA {place} CASCADE"))),
            url,
            _folder: None,
            _stub: None,
        })
    }

    pub(crate) async fn mysql(case: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_MYSQL", case)?;
        let (admin, place) = (open(&url, &[]), unique());
        admin.execute(&format!("CREATE DATABASE {place}")).await.unwrap();
        let connector = open(&url, &[("database", &place)]);
        Some(Self {
            connector,
            admin: Some((admin, format!("DROP DATABASE {place}"))),
            url,
            _folder: None,
            _stub: None,
        })
    }

    pub(crate) async fn tdengine(_case: &str) -> Option<Self> {
        let (url, stub) = match std::env::var("SLUICE_TEST_TDENGINE") {
            Ok(url) => (url, None),
            Err(_) => {
                let stub = tdengine_stub::Stub::start(tdengine_stub::StubOptions::default());
                (format!("tdengine://root:taosdata@{}", stub.address()), Some(stub))
            }
        };
        let (admin, place) = (open(&url, &[]), unique());
        admin.execute(&format!("CREATE DATABASE {place} PRECISION 'us' KEEP 36500d")).await.unwrap();
        let connector = open(&url, &[("database", &place)]);
        let admin = Some((admin, format!("DROP DATABASE {place}")));
        Some(Self { connector, admin, url, _folder: None, _stub: stub })
    }

    /// Clears the place away.
    pub(crate) async fn end(self) {
        if let Some((admin, sql)) = self.admin {
            drop(self.connector);
            admin.execute(&sql).await.unwrap();
        }
    }

    pub(crate) fn is(&self, system: System) -> bool {
        self.connector.system() == system
    }

    /// All rows of a table, in the order of `order`.
    pub(crate) async fn rows(&self, table: &str, order: &[&str]) -> RecordBatch {
        let mut options = ReadOptions::table(table);
        options.order_by = order.iter().map(|&name| name.to_owned()).collect();
        self.read(options).await
    }

    /// As [`World::rows`], where reading may fail.
    pub(crate) async fn try_rows(&self, table: &str, order: &[&str]) -> data::Result<RecordBatch> {
        let mut options = ReadOptions::table(table);
        options.order_by = order.iter().map(|&name| name.to_owned()).collect();
        self.try_read(options).await
    }

    pub(crate) async fn read(&self, options: ReadOptions) -> RecordBatch {
        self.try_read(options).await.unwrap()
    }

    async fn try_read(&self, options: ReadOptions) -> data::Result<RecordBatch> {
        let mut source = self.connector.read(options).await?;
        let mut batches = Vec::new();
        while let Some(batch) = source.next().await? {
            batches.push(batch.records);
        }
        Ok(concat_batches(&source.schema(), &batches)?)
    }

    /// Writes one batch without ledger.
    pub(crate) async fn write(&self, options: WriteOptions, records: &RecordBatch) -> data::Result<data::Written> {
        let mut sink = self.connector.write(records.schema(), options).await?;
        let written = sink.write(&batch(1, records)).await?;
        sink.finish().await?;
        Ok(written)
    }

    /// A sink with a ledger, its one lane claimed.
    pub(crate) async fn claimed(&self, table: &str, fence: i64, records: &RecordBatch) -> Box<dyn Sink> {
        let mut sink = self.connector.write(records.schema(), ledgered(table, fence)).await.unwrap();
        sink.claim(&lane()).await.unwrap();
        sink
    }

    pub(crate) async fn count(&self, table: &str) -> u64 {
        self.connector.count(&Relation::Table(table.to_owned()), None).await.unwrap()
    }
}

/// Opens what a URL names, with a few more settings.
pub(crate) fn open(url: &str, more: &[(&str, &str)]) -> Arc<dyn Connector> {
    let mut settings = crate::Settings::parse(url).unwrap();
    for (key, value) in more {
        settings.values[*key] = (*value).into();
    }
    let gate = crate::Gate::with_private();
    crate::open(settings.system, &settings.values, settings.secret.as_deref(), &gate).unwrap()
}

pub(crate) fn variable(name: &str, case: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{case} needs {name}");
        eprintln!("skipped: {case} needs {name}");
    }
    value
}

/// Asks until it is so; what is told otherwise is said when patience ends.
pub(crate) async fn patiently(is_so: impl AsyncFn() -> bool, told: impl Fn() -> String) {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    while !is_so().await {
        assert!(tokio::time::Instant::now() < end, "it did not come: {}", told());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("suite_{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn lane() -> Lane {
    Lane::new("bars")
}

pub(crate) fn batch(sequence: u64, records: &RecordBatch) -> Batch {
    Batch {
        lane: lane(),
        sequence,
        checkpoint: Some(data::Checkpoint(format!("c{sequence}"))),
        records: records.clone(),
    }
}

pub(crate) fn ledgered(table: &str, fence: i64) -> WriteOptions {
    WriteOptions { ledger: Some(LedgerKey { task: "run_1/stored".to_owned(), fence }), ..WriteOptions::append(table) }
}

pub(crate) fn keyed(table: &str, mode: Mode, key: &[&str]) -> WriteOptions {
    WriteOptions { mode, key: key.iter().map(|&name| name.to_owned()).collect(), ..WriteOptions::append(table) }
}

pub(crate) fn records(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Rows `(id, name)`.
pub(crate) fn named(rows: &[(i64, &str)]) -> RecordBatch {
    use arrow::array::{Int64Array, StringArray};
    records(vec![
        ("id", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("name", Arc::new(rows.iter().map(|row| Some(row.1)).collect::<StringArray>())),
    ])
}
