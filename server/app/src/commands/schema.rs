//! `sluice schema`: what `workflows/schema.json` is generated from.

use crate::failure::Failure;
use crate::output;
use engine::plan::Catalog;
use std::process::ExitCode;
use steps::catalog::Kinds;

pub(super) fn run() -> Result<ExitCode, Failure> {
    let kinds = Kinds::with_plugins(Vec::new());
    let infos: Vec<_> = kinds.kind_names().iter().filter_map(|name| kinds.find_kind(name)).collect();
    output::json(&model::schema::document_schema(&infos));
    Ok(ExitCode::SUCCESS)
}
