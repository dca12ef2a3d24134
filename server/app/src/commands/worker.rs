//! `sluice worker`: takes tasks that servers made, until it is stopped.

use crate::failure::Failure;
use crate::settings::Settings;
use crate::wire::{Parts, Role};
use clap::Args;
use model::{ErrorCode, Fault};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Worker {}

impl Worker {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if settings.metadata_url.is_none() {
            return Err(Fault::new(
                ErrorCode::InvalidConfiguration,
                "a worker needs a metadata database it shares with a server",
            )
            .hint(
                "Give both the same `--metadata-url postgres://…`, and `--dispatch-url redis://…` for quick dispatch.",
            )
            .into());
        }
        let parts = Parts::open(settings).await?;
        let files = settings.files();
        let running = parts.start(Role::Worker, files).await?;
        eprintln!("working; Ctrl-C stops after the running tasks");
        super::serve::until_stopped().await;
        running.engine.shutdown(Duration::from_secs(30)).await;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }
}
