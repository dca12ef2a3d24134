//! A source that rests while its server is busy with others.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{Connector, Result, Resume, Source, SourceBatch};
use std::time::Duration;
use tokio::sync::watch;

/// How often the server is asked how busy it is.
const LOOK: Duration = Duration::from_secs(2);

/// Reads from a source while its server is calm.
pub(super) struct Pausing {
    source: Box<dyn Source>,
    calm: watch::Receiver<bool>,
}

impl Pausing {
    /// The source, and what [`watch_load`] needs to let it go on; it rests until the first look.
    pub(super) fn new(source: Box<dyn Source>) -> (Self, watch::Sender<bool>) {
        let (load, calm) = watch::channel(false);
        (Self { source, calm }, load)
    }
}

#[async_trait]
impl Source for Pausing {
    fn schema(&self) -> SchemaRef {
        self.source.schema()
    }

    fn resume(&self) -> Resume {
        self.source.resume()
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        // Where nobody looks any more, the comparison ends or nothing is known of the load: neither is worth a rest.
        let _ = self.calm.wait_for(|calm| *calm).await;
        self.source.next().await
    }
}

/// Looks at the server for ever and lets the source read while at most `above` sessions are busy, Sluice's own among them.
/// A server that does not tell counts as calm.
pub(super) async fn watch_load(connector: &dyn Connector, above: u64, load: watch::Sender<bool>) {
    loop {
        let busy = connector.inspect().await.ok().and_then(|found| found.connections).map(|load| load.active);
        load.send_replace(busy.is_none_or(|busy| busy <= above));
        tokio::time::sleep(LOOK).await;
    }
}
