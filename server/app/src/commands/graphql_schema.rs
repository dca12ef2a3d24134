//! `sluice graphql-schema`: what `web/schema.graphql` is generated from.

use crate::failure::Failure;
use crate::output;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode, Failure> {
    output::line(api::graphql::schema().as_sdl().trim_end());
    Ok(ExitCode::SUCCESS)
}
