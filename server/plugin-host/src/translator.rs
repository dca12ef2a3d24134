//! Plugins of the kind `translator`.

mod rules;

pub use rules::{Rules, translate_with_rules};

use crate::host::Opener;
use crate::program::OpenTranslator;
use async_trait::async_trait;
use data::{Error, Result, Translated, Translation, Translator};
use model::ErrorCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{AcquireError, OnceCell, Semaphore};

/// A translator that is kept for many calls. There are as many instances as calls at once, up to one for each processor; one
/// that failed is not used again.
pub struct PluginTranslator {
    opener: Opener,
    places: Semaphore,
    idle: Mutex<Vec<Box<dyn OpenTranslator>>>,
    dialects: OnceCell<Vec<(String, String)>>,
}

impl PluginTranslator {
    pub(crate) fn new(opener: Opener) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { opener, places: Semaphore::new(processors), idle: Mutex::new(Vec::new()), dialects: OnceCell::new() }
    }

    /// What the plugin is called.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.opener.manifest.name
    }

    /// The pairs of dialects that it knows: from, to.
    ///
    /// # Errors
    /// What asking the plugin met.
    pub async fn dialects(&self) -> Result<&[(String, String)]> {
        let dialects = self.dialects.get_or_try_init(|| self.opener.program.dialects(&self.opener)).await?;
        Ok(dialects)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Box<dyn OpenTranslator>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Translator for PluginTranslator {
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
        let closed = |error: AcquireError| Error::permanent(ErrorCode::Internal, error.to_string());
        let _place = self.places.acquire().await.map_err(closed)?;
        let running = self.idle().pop();
        let mut running = match running {
            Some(running) => running,
            None => self.opener.program.open_translator(&self.opener).await?,
        };
        let answer = running.translate(translation).await;
        // What the plugin itself refuses leaves it whole; after anything else a new one is made.
        let is_whole = |error: &Error| !matches!(error.code(), ErrorCode::PluginFailed | ErrorCode::PluginLimit);
        if answer.as_ref().err().is_none_or(is_whole) {
            self.idle().push(running);
        }
        answer
    }
}
