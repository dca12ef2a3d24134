//! Dispatch within one process: the embedded form needs no other service.

use super::EVENTS;
use async_trait::async_trait;
use engine::ports::{Dispatch, RunEvent};
use model::TaskId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Wakes the workers of this process and tells its subscribers.
#[derive(Debug)]
pub struct MemoryDispatch {
    tasks: Notify,
    events: broadcast::Sender<Arc<RunEvent>>,
}

impl Default for MemoryDispatch {
    fn default() -> Self {
        Self { tasks: Notify::new(), events: broadcast::channel(EVENTS).0 }
    }
}

impl MemoryDispatch {
    /// A dispatch nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Dispatch for MemoryDispatch {
    async fn notify(&self, tasks: &[TaskId]) {
        if tasks.is_empty() {
            return;
        }
        // One permit is kept where nobody waits at the moment: the next to wait looks at once.
        self.tasks.notify_one();
        for _ in 1..tasks.len().min(64) {
            self.tasks.notify_one();
        }
    }

    async fn wait(&self, timeout: Duration) {
        let _ = tokio::time::timeout(timeout, self.tasks.notified()).await;
    }

    fn publish(&self, event: &RunEvent) {
        if self.events.receiver_count() > 0 {
            // It fails only where the last subscriber left just now.
            let _ = self.events.send(Arc::new(event.clone()));
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<RunEvent>> {
        self.events.subscribe()
    }
}
