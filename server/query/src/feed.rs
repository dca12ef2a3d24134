//! The table `input` as DataFusion sees it: a stream that is fed from outside.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// What the next execution of a plan reads.
enum Supply {
    /// Nothing was supplied.
    Empty,
    /// One batch, for plans that work batch by batch.
    One(RecordBatch),
    /// Batches as they come; read once.
    Stream(mpsc::Receiver<RecordBatch>),
    /// All batches; read as often as the plan likes.
    All(Arc<Vec<RecordBatch>>),
}

/// The place where batches are handed over.
pub(crate) struct Feed {
    schema: SchemaRef,
    supply: Mutex<Supply>,
}

impl Feed {
    pub(crate) fn new(schema: SchemaRef) -> Arc<Self> {
        Arc::new(Self { schema, supply: Mutex::new(Supply::Empty) })
    }

    pub(crate) fn supply_one(&self, batch: RecordBatch) {
        self.set(Supply::One(batch));
    }

    pub(crate) fn supply_stream(&self, batches: mpsc::Receiver<RecordBatch>) {
        self.set(Supply::Stream(batches));
    }

    pub(crate) fn supply_all(&self, batches: Vec<RecordBatch>) {
        self.set(Supply::All(Arc::new(batches)));
    }

    fn set(&self, supply: Supply) {
        *self.supply.lock().unwrap_or_else(PoisonError::into_inner) = supply;
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("input")
    }
}

impl PartitionStream for Feed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut supply = self.supply.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = self.schema.clone();
        match std::mem::replace(&mut *supply, Supply::Empty) {
            Supply::Empty => adapt(schema, futures::stream::empty()),
            Supply::One(batch) => adapt(schema, futures::stream::iter([Ok(batch)])),
            Supply::Stream(receiver) => adapt(
                schema,
                futures::stream::unfold(receiver, |mut receiver| async move {
                    receiver.recv().await.map(|batch| (Ok(batch), receiver))
                }),
            ),
            Supply::All(batches) => {
                *supply = Supply::All(batches.clone());
                let count = batches.len();
                adapt(schema, futures::stream::iter((0..count).map(move |index| Ok(batches[index].clone()))))
            }
        }
    }
}

fn adapt(
    schema: SchemaRef,
    stream: impl futures::Stream<Item = Result<RecordBatch, DataFusionError>> + Send + 'static,
) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}
