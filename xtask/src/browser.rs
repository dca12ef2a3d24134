//! Chromium for the journeys through the web editor: found, else installed like the tests' servers, else missing.

use crate::{command, servers};
use std::path::PathBuf;

/// Names under which systems have it.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// The browser's program; where there is none, says so: the journeys then skip, and in CI fail.
pub(crate) fn provide() -> Option<PathBuf> {
    if let Some(found) = find() {
        return Some(found);
    }
    println!("installing chromium");
    if let Err(error) = servers::install_packages(&["chromium"]) {
        println!("chromium is missing, and cannot be installed: {error:#}");
    }
    find()
}

fn find() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| command::find_program(name))
}
