//! How many rows a second pass classify, validate and route on one core: `stage_rate [rows]`, 5,000,000 unless told.
//!
//! The source hands out the same batches of seven-column bars again and again, and nothing is written, so that only the stage
//! and its steps are measured. Build it with `--release`.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use data::registry::{FileRequest, PluginCall};
use data::{
    BATCH_ROWS, Channel, Checkpoint, Connections, Connector, Error, Files, Plugins, Result, Resume, Sink, Source,
    SourceBatch, Transformer,
};
use engine::ports::{LeasedTask, Observer, TaskContext, TaskRunner, TaskSpec};
use model::document::read::Reader;
use model::document::read_steps;
use model::run::{LogLine, StepMetrics};
use model::tree::{self, Limits};
use model::{ErrorCode, RunId, StepId, TaskId, VersionId, Workflow, WorkflowId};
use std::sync::Arc;
use std::time::Instant;
use steps::{Catalog, Runner};
use tokio_util::sync::CancellationToken;

const STEPS: &str = r#"
- { id: bars, uses: fetch, with: { path: bars.csv } }
- { id: kinds, uses: classify, from: bars }
- id: checked
  uses: validate
  from: kinds
  with:
    rules:
      - { name: ohlc, expect: "high >= greatest(open, close) and low <= least(open, close)" }
      - { name: there, not_null: [symbol, trade_date, close] }
      - { name: positive, between: { column: volume, min: 0 } }
- id: routed
  uses: route
  from: checked
  with:
    rules:
      - { name: market, when: "class = 'market'", port: market }
      - { name: others, when: "close > 0", port: others }
    otherwise: drop
"#;

#[derive(Debug)]
struct World {
    rows: usize,
    batch: RecordBatch,
}

struct Bars {
    left: usize,
    batch: RecordBatch,
}

#[async_trait]
impl Source for Bars {
    fn schema(&self) -> SchemaRef {
        self.batch.schema()
    }

    fn resume(&self) -> Resume {
        Resume::Replay
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let rows = self.left.min(BATCH_ROWS);
        self.left -= rows;
        Ok(Some(SourceBatch { records: self.batch.slice(0, rows), checkpoint: None, rejected: None }))
    }
}

fn bars() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("symbol", DataType::Utf8, false),
        Field::new("trade_date", DataType::Date32, false),
        Field::new("open", DataType::Float64, false),
        Field::new("high", DataType::Float64, false),
        Field::new("low", DataType::Float64, false),
        Field::new("close", DataType::Float64, false),
        Field::new("volume", DataType::Int64, false),
    ]);
    let price = |shift: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..BATCH_ROWS).map(|row| 100.0 + (row % 97) as f64 / 10.0 + shift)))
    };
    let day = |row: usize| i32::try_from(row).expect("a batch is small");
    let volume = |row: usize| i64::try_from(row).expect("a batch is small");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values((0..BATCH_ROWS).map(|row| format!("SYM{}", row % 500)))),
        Arc::new(Date32Array::from_iter_values((0..BATCH_ROWS).map(day))),
        price(0.0),
        price(1.0),
        price(-1.0),
        price(0.5),
        Arc::new(Int64Array::from_iter_values((0..BATCH_ROWS).map(volume))),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).expect("the columns fit the schema")
}

#[async_trait]
impl Files for World {
    async fn open(&self, _: FileRequest) -> Result<Box<dyn Source>> {
        Ok(Box::new(Bars { left: self.rows, batch: self.batch.clone() }))
    }
}

fn absent() -> Error {
    Error::permanent(ErrorCode::Unsupported, "nothing but rows is here")
}

#[async_trait]
impl Connections for World {
    async fn get(&self, _: &str) -> Result<Arc<dyn Connector>> {
        Err(absent())
    }

    async fn get_channel(&self, _: &str) -> Result<Arc<dyn Channel>> {
        Err(absent())
    }
}

#[async_trait]
impl Plugins for World {
    async fn open_source(&self, _: &str, _: PluginCall, _: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        Err(absent())
    }

    async fn open_sink(&self, _: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Sink>> {
        Err(absent())
    }

    async fn open_transform(&self, _: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Transformer>> {
        Err(absent())
    }

    async fn open_channel(&self, _: &str, _: PluginCall) -> Result<Arc<dyn Channel>> {
        Err(absent())
    }
}

impl Observer for World {
    fn log(&self, line: LogLine) {
        println!("{}", line.message);
    }

    fn progress(&self, _: &StepId, _: &StepMetrics) {}
}

fn main() {
    let rows = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5_000_000);
    let world = Arc::new(World { rows, batch: bars() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let (context, runner) = prepare(&world);
    let started = Instant::now();
    let reports = runtime.block_on(runner.run(context));
    let seconds = started.elapsed().as_secs_f64();
    for report in &reports {
        let metrics = &report.metrics;
        let error = report.error.as_ref().map(|fault| format!(", {fault}")).unwrap_or_default();
        println!(
            "{:<8} {:<10} {:>9} in {:>9} out {:>7} rejected, busy {:>6} ms{error}",
            report.step, report.status, metrics.rows_in, metrics.rows_out, metrics.rows_rejected, metrics.busy_ms
        );
    }
    println!("{rows} rows in {seconds:.2} s: {:.0} rows/s", rows as f64 / seconds);
}

fn prepare(world: &Arc<World>) -> (TaskContext, Runner) {
    let root = tree::parse(STEPS, &Limits::default()).expect("the steps parse");
    let mut reader = Reader::new();
    let steps = read_steps(&mut reader, &root, "steps");
    let spec = TaskSpec {
        version: VersionId::generate(),
        steps: steps.iter().map(|step| step.id.clone()).collect(),
        attempt: 1,
        epoch: 1,
        deadline: None,
        chunk: None,
        finish: None,
        context: serde_json::json!({ "inputs": {}, "steps": {} }),
    };
    let workflow = Workflow {
        name: "rate".into(),
        description: None,
        tags: Vec::new(),
        triggers: Vec::new(),
        inputs: Vec::new(),
        concurrency: None,
        timeout: None,
        steps,
    };
    let context = TaskContext {
        task: LeasedTask { id: TaskId::generate(), run: RunId::generate(), spec, fence: 1, deliveries: 1 },
        workflow_id: WorkflowId::generate(),
        workflow: Arc::new(workflow),
        cancel: CancellationToken::new(),
        observer: world.clone(),
    };
    let folder = std::env::temp_dir();
    let runner = Runner {
        connections: world.clone(),
        plugins: world.clone(),
        translator: Arc::new(data::NoTranslator),
        table_logs: Arc::new(engine::testing::MemoryTableLogs::default()),
        artifacts: Arc::new(engine::testing::MemoryArtifacts::default()),
        files: folder.clone(),
        data_dir: folder,
        watch: Arc::new(engine::testing::MemoryWatch::default()),
        alerts: Arc::new(engine::testing::MemoryAlerts::default()),
        catalog: Arc::new(Catalog::new(world.clone())),
    };
    (context, runner)
}
