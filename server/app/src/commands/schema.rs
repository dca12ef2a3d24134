//! `sluice schema`: what `workflows/schema.json` is generated from.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::kinds_only;
use engine::plan::Catalog;
use std::process::ExitCode;

pub(super) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    // Without plugins: the published schema is the same on every machine.
    let kinds = kinds_only(settings, "".as_ref())?;
    let infos: Vec<_> = kinds.kind_names().iter().filter_map(|name| kinds.find_kind(name)).collect();
    output::json(&model::schema::document_schema(&infos));
    Ok(ExitCode::SUCCESS)
}
