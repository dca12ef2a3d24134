//! Builds plugins to WebAssembly components.
//!
//! Cargo makes a `wasm32-unknown-unknown` module of a plugin's crate, `wit-component` makes a component of the module
//! ([`componentize`]), and two custom sections say which contract and which manifest it was built with. [`build_crate`] is
//! for the folder of one plugin and what `sluice plugin build` calls, as are [`build_typescript`] and [`build_python`] for
//! the languages whose own tools make the component; [`build`] is for the plugins of a checkout and what
//! `cargo xtask` and the tests call. [`Toolchain`] knows where the target comes from. What a plugin may do is not its affair.

mod checkout;
mod component;
mod program;
mod python;
mod single;
mod toolchain;
mod typescript;
mod world;

pub use checkout::{Built, Guest, build, build_plugins, build_scripted};
pub use component::{componentize, seal};
pub use python::{build_python, test_python};
pub use single::{Profile, build_crate};
pub use toolchain::Toolchain;
pub use typescript::{build_typescript, test_typescript};

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Puts a file in place by renaming, so that nobody reads half of it.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    std::fs::write(&new, content).with_context(|| format!("cannot write `{}`", new.display()))?;
    std::fs::rename(&new, file).with_context(|| format!("cannot write `{}`", file.display()))
}
