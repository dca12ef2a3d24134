//! Rows of a statement into a file, as they come.

use super::{caller, until_interrupted};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;
use data::Error;
use data::encode::Format;
use model::ErrorCode;
use std::path::Path;
use workbench::console::export::Export;
use workbench::console::{Ask, Console};

/// Writes what the statement answers to `path`, or to standard output.
pub(super) async fn export(
    console: &Console,
    connection: &str,
    ask: Ask,
    format: Format,
    path: Option<&Path>,
) -> Result<(), Failure> {
    let mut export = until_interrupted(console.export(connection, ask, &caller(), format)).await?;
    let mut target = match Target::open(path, &export.id().to_string()) {
        Ok(target) => target,
        Err(error) => {
            export.give_up(error.clone()).await;
            return Err(error.into());
        }
    };
    if let Err(error) = copy(&mut export, &mut target).await {
        // Ends the statement where it still runs; where it has failed, that is on record already.
        export.give_up(error.clone()).await;
        target.discard();
        return Err(error.into());
    }
    target.keep()?;
    if let Some(path) = path {
        eprintln!("{} written to `{}`", output::counted(export.count(), "row"), path.display());
    }
    if export.end().truncated {
        eprintln!("warning: there were more rows than `--limit` lets through");
    }
    Ok(())
}

async fn copy(export: &mut Export, target: &mut Target) -> Result<(), Error> {
    // One listener for all of it: what came between two would be nobody's.
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        let bytes = tokio::select! {
            bytes = export.next() => bytes?,
            _ = &mut interrupt => return Err(Error::permanent(ErrorCode::Canceled, "the export was interrupted")),
        };
        match bytes {
            Some(bytes) => target.write(&bytes)?,
            None => return Ok(()),
        }
    }
}
