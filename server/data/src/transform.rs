//! Changing batches between a source and a sink; implemented by plugins, used by the `plugin/…` step.

use crate::Result;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;

/// An opened transform over one lane.
#[async_trait]
pub trait Transformer: Send {
    /// Names and types of the columns it yields.
    fn schema(&self) -> SchemaRef;

    /// Changes one batch into any number of batches.
    ///
    /// # Errors
    /// When a value cannot be changed or the plugin fails.
    async fn process(&mut self, records: RecordBatch) -> Result<Vec<RecordBatch>>;

    /// What is left after the last batch.
    ///
    /// # Errors
    /// As for [`Transformer::process`].
    async fn finish(&mut self) -> Result<Vec<RecordBatch>>;
}
