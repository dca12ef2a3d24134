//! Instances that have grown large make room for new ones, where nothing is lost by it.
//!
//! The engines of some languages keep memory of every call, and a long stream would end at the limit. A transform that says
//! that it is stateless goes on in a new instance between two batches, a source that gives cursors behind its last page.

use crate::host::Opener;
use crate::program::{OpenSource, OpenTransformer};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Checkpoint, Error, Result, Resume, Source, SourceBatch, Transformer};
use model::ErrorCode;

/// A transformer without state.
pub(crate) struct RenewingTransformer {
    opener: Opener,
    call: PluginCall,
    schema: SchemaRef,
    current: Box<dyn OpenTransformer>,
}

impl RenewingTransformer {
    pub(crate) async fn open(opener: Opener, call: PluginCall, schema: SchemaRef) -> Result<Self> {
        let current = opener.program.open_transform(&opener, call.clone(), schema.clone()).await?;
        Ok(Self { opener, call, schema, current })
    }
}

#[async_trait]
impl Transformer for RenewingTransformer {
    fn schema(&self) -> SchemaRef {
        self.current.schema()
    }

    async fn process(&mut self, records: RecordBatch) -> Result<Vec<RecordBatch>> {
        if self.current.is_large() {
            let (call, schema) = (self.call.clone(), self.schema.clone());
            self.current = self.opener.program.open_transform(&self.opener, call, schema).await?;
        }
        self.current.process(records).await
    }

    async fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        self.current.finish().await
    }
}

/// A source whose reader is opened again at its last cursor, as it would be after a crash.
pub(crate) struct RenewingSource {
    opener: Opener,
    call: PluginCall,
    current: Box<dyn OpenSource>,
    /// Behind the last page, where that had one.
    cursor: Option<Checkpoint>,
}

impl RenewingSource {
    pub(crate) async fn open(opener: Opener, call: PluginCall, resume_at: Option<Checkpoint>) -> Result<Self> {
        let current = opener.program.open_source(&opener, call.clone(), resume_at).await?;
        Ok(Self { opener, call, current, cursor: None })
    }
}

#[async_trait]
impl Source for RenewingSource {
    fn schema(&self) -> SchemaRef {
        self.current.schema()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        self.current.rejected_schema()
    }

    fn resume(&self) -> Resume {
        self.current.resume()
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if self.current.is_large()
            && let Some(cursor) = self.cursor.take()
        {
            let next = self.opener.program.open_source(&self.opener, self.call.clone(), Some(cursor)).await?;
            if next.schema() != self.current.schema() {
                let message = format!("plugin `{}` has other columns at its own cursor", self.opener.manifest.name);
                return Err(Error::permanent(ErrorCode::PluginFailed, message));
            }
            self.current = next;
        }
        let page = self.current.next().await?;
        self.cursor = page.as_ref().and_then(|page| page.checkpoint.clone());
        Ok(page)
    }
}
