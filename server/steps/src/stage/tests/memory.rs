//! A store in memory whose sinks commit rows and ledger line together, and can be made to crash or wait.

use crate::kind::{Flow, Opened, Outputs, StepContext, StepKind};
use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use data::connector::{Abilities, ReadOptions, Relation, System, TableInfo};
use data::registry::{FileRequest, PluginCall};
use data::{
    Batch, Channel, Checkpoint, Connections, Connector, Error, Files, Lane, LedgerEntry, Plugins, Result, Resume, Sink,
    Source, SourceBatch, Transformer, WriteOptions, Written,
};
use engine::ports::Observer;
use model::kind::{Inputs, KindInfo};
use model::run::{LogLine, StepMetrics};
use model::{ErrorCode, StepId};
use serde_json::json;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Rows of a batch of the sources here.
pub(super) const BATCH: usize = 5;

#[derive(Default)]
struct State {
    rows: Range<i64>,
    shift: i64,
    tables: HashMap<String, Vec<i64>>,
    ledger: HashMap<(String, Lane), (i64, Option<LedgerEntry>)>,
    commits_left: Option<usize>,
    /// A table that waits until another has so many rows.
    held: Option<(String, String, usize)>,
    is_waiting: bool,
}

#[derive(Default)]
pub(super) struct Memory {
    state: Mutex<State>,
    changed: Notify,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    pub(super) fn source(&self, rows: i64) {
        self.state.lock().unwrap().rows = 0..rows;
    }

    pub(super) fn crash_after(&self, commits: usize) {
        self.state.lock().unwrap().commits_left = Some(commits);
    }

    pub(super) fn never_crash(&self) {
        self.state.lock().unwrap().commits_left = None;
    }

    pub(super) fn shift_rows(&self) {
        self.state.lock().unwrap().shift = 1;
    }

    pub(super) fn hold(&self, table: &str, until: &str, rows: usize) {
        self.state.lock().unwrap().held = Some((table.into(), until.into(), rows));
    }

    pub(super) async fn wait_until_held(&self) {
        while !self.state.lock().unwrap().is_waiting {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn sorted(&self, table: &str) -> Vec<i64> {
        let mut rows = self.state.lock().unwrap().tables.get(table).cloned().unwrap_or_default();
        rows.sort_unstable();
        rows
    }

    pub(super) fn positions(&self) -> Vec<u64> {
        let state = self.state.lock().unwrap();
        state.ledger.values().map(|(_, entry)| entry.as_ref().map_or(0, |entry| entry.sequence)).collect()
    }
}

pub(super) fn numbers(range: Range<i64>) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int64Array::from_iter_values(range))]).unwrap()
}

struct Numbers {
    rows: Range<i64>,
    shift: i64,
    resume: Resume,
}

#[async_trait]
impl Source for Numbers {
    fn schema(&self) -> SchemaRef {
        numbers(0..0).schema()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        tokio::task::yield_now().await;
        if self.rows.is_empty() {
            return Ok(None);
        }
        let end = (self.rows.start + BATCH as i64).min(self.rows.end);
        let records = numbers(self.rows.start..end);
        self.rows.start = end;
        let checkpoint = (self.resume != Resume::Nothing).then(|| Checkpoint((end + self.shift).to_string()));
        Ok(Some(SourceBatch { records, checkpoint, rejected: None }))
    }
}

#[async_trait]
impl Files for Memory {
    async fn open(&self, request: FileRequest) -> Result<Box<dyn Source>> {
        let state = self.state.lock().unwrap();
        let mut rows = state.rows.clone();
        let resume = match request.location.as_str() {
            "replay.csv" => Resume::Replay,
            "checkpoint.csv" => Resume::Checkpoint,
            "once.csv" => Resume::Nothing,
            other => return Err(Error::permanent(ErrorCode::FileNotFound, format!("there is no file `{other}`"))),
        };
        if let Some(checkpoint) = request.resume_at {
            assert_eq!(resume, Resume::Checkpoint);
            rows.start = checkpoint.0.parse().unwrap();
        }
        Ok(Box::new(Numbers { rows, shift: state.shift, resume }))
    }
}

struct Store(Arc<Memory>);

/// The connections, sharing one memory.
pub(super) struct Shared(pub(super) Arc<Memory>);

#[async_trait]
impl Connections for Shared {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        match name {
            "store" => Ok(Arc::new(Store(self.0.clone()))),
            other => Err(Error::permanent(ErrorCode::ConnectionNotFound, format!("there is no connection `{other}`"))),
        }
    }

    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>> {
        Err(Error::permanent(ErrorCode::ChannelNotFound, format!("there is no channel `{name}`")))
    }
}

#[async_trait]
impl Connector for Store {
    fn system(&self) -> System {
        System::Sqlite
    }

    fn abilities(&self) -> Abilities {
        Abilities { sql: true, transactions: true, ordered_read: true, introspect: true, ..Abilities::default() }
    }

    async fn ping(&self) -> Result<String> {
        Ok("memory".into())
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let state = self.0.state.lock().unwrap();
        let column = data::connector::ColumnInfo {
            name: "n".into(),
            native_type: "integer".into(),
            data_type: DataType::Int64,
            nullable: true,
        };
        Ok(state.tables.contains_key(name).then(|| TableInfo {
            name: name.into(),
            columns: vec![column],
            key: Vec::new(),
            row_estimate: None,
        }))
    }

    async fn read(&self, _: ReadOptions) -> Result<Box<dyn Source>> {
        Err(Error::permanent(ErrorCode::Unsupported, "not here"))
    }

    async fn write(&self, _: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        if options.table == "refused" {
            return Err(Error::permanent(ErrorCode::TableNotFound, "there is no table `refused`"));
        }
        self.0.state.lock().unwrap().tables.entry(options.table.clone()).or_default();
        let key = options.ledger.unwrap();
        Ok(Box::new(MemorySink { memory: self.0.clone(), table: options.table, task: key.task, fence: key.fence }))
    }

    async fn execute(&self, _: &str) -> Result<u64> {
        Ok(0)
    }

    async fn count(&self, _: &Relation, _: Option<&str>) -> Result<u64> {
        Ok(0)
    }
}

struct MemorySink {
    memory: Arc<Memory>,
    table: String,
    task: String,
    fence: i64,
}

impl MemorySink {
    async fn wait(&self) {
        loop {
            let changed = self.memory.changed.notified();
            {
                let mut state = self.memory.state.lock().unwrap();
                let Some((table, until, rows)) = &state.held else { return };
                let there = state.tables.get(until).map_or(0, Vec::len);
                if *table != self.table || there >= *rows {
                    return;
                }
                state.is_waiting = true;
            }
            changed.await;
        }
    }
}

#[async_trait]
impl Sink for MemorySink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let mut state = self.memory.state.lock().unwrap();
        let line = state.ledger.entry((self.task.clone(), lane.clone())).or_default();
        if line.0 > self.fence {
            return Err(Error::permanent(ErrorCode::LeaseLost, "a later attempt writes"));
        }
        line.0 = self.fence;
        Ok(line.1.clone())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        assert!(batch.sequence > 0, "batch 0 is not to be written");
        self.wait().await;
        let mut state = self.memory.state.lock().unwrap();
        let line = state.ledger.get(&(self.task.clone(), batch.lane.clone())).expect("claimed before").clone();
        let rows = batch.records.num_rows() as u64;
        let last = line.1.as_ref().map_or(0, |entry| entry.sequence);
        if batch.sequence <= last {
            return Ok(Written { rows, skipped: true, refused: Vec::new() });
        }
        if let Some(left) = &mut state.commits_left {
            if *left == 0 {
                return Err(Error::transient(ErrorCode::ConnectionFailed, "the power went"));
            }
            *left -= 1;
        }
        let values = batch.records.column_by_name("n").unwrap().as_primitive::<Int64Type>();
        state.tables.entry(self.table.clone()).or_default().extend(values.values());
        let entry = LedgerEntry { sequence: batch.sequence, checkpoint: batch.checkpoint.clone() };
        state.ledger.insert((self.task.clone(), batch.lane.clone()), (self.fence, Some(entry)));
        drop(state);
        self.memory.changed.notify_waiters();
        Ok(Written { rows, skipped: false, refused: Vec::new() })
    }

    async fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Plugins for Memory {
    async fn open_source(&self, plugin: &str, _: PluginCall, _: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        Err(no_plugin(plugin))
    }

    async fn open_sink(&self, plugin: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Sink>> {
        Err(no_plugin(plugin))
    }

    async fn open_transform(&self, plugin: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Transformer>> {
        Err(no_plugin(plugin))
    }

    async fn open_channel(&self, plugin: &str, _: PluginCall) -> Result<Arc<dyn Channel>> {
        Err(no_plugin(plugin))
    }
}

fn no_plugin(plugin: &str) -> Error {
    Error::permanent(ErrorCode::PluginNotFound, format!("there is no plugin `{plugin}`"))
}

impl Observer for Memory {
    fn log(&self, _: LogLine) {}
    fn progress(&self, _: &StepId, _: &StepMetrics) {}
}

/// A kind that panics at its first row.
pub(super) struct Trouble;

#[async_trait]
impl StepKind for Trouble {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "trouble".into(),
            summary: "Panics.".into(),
            schema: json!({ "type": "object" }),
            inputs: Inputs::Required,
            ports: vec!["out".into()],
            named_ports: false,
            outputs: Vec::new(),
        }
    }

    async fn open(&self, _: StepContext) -> Result<Opened> {
        Ok(Opened::Flow(Box::new(Panics)))
    }
}

struct Panics;

#[async_trait]
impl Flow for Panics {
    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        assert!(batch.sequence == 0, "as the test wants");
        out.send("out", batch).await
    }
}
