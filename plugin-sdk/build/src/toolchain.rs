//! The compiler for WebAssembly, and cargo called with it.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where a compiler for the WebAssembly target comes from.
#[derive(Debug)]
pub enum Toolchain {
    /// The compiler in use has the target.
    Current,
    /// A distribution's compiler, which builds the standard library from its packaged source.
    Distribution,
}

impl Toolchain {
    /// The first that works: the target where it is installed, `rustup target add`, a distribution's compiler.
    ///
    /// # Errors
    /// When none does; the message tells what to install.
    pub fn find() -> Result<Self> {
        if has_target() {
            return Ok(Self::Current);
        }
        eprintln!("the target {TARGET} is missing: trying `rustup target add {TARGET}`");
        let added =
            Command::new("rustup").args(["target", "add", TARGET]).status().is_ok_and(|status| status.success());
        if added && has_target() {
            return Ok(Self::Current);
        }
        if !distribution_is_complete() && is_root() {
            eprintln!("rustup cannot add it: trying the system's packages rustc-web, rust-web-src and lld");
            let install = ["install", "--yes", "--no-install-recommends", "rustc-web", "rust-web-src", "lld"];
            let installed = Command::new("apt-get")
                .args(install)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdin(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
            if !installed {
                eprintln!("apt-get could not install them");
            }
        }
        if distribution_is_complete() {
            return Ok(Self::Distribution);
        }
        bail!(
            "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian install the packages \
             rustc-web, rust-web-src and lld"
        )
    }

    /// Where the compiler comes from, for people.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Current => "with the installed target",
            Self::Distribution => "with the distribution's compiler and its standard library's source",
        }
    }

    /// Cargo, called in `folder`, ready to build for the target into `target_dir`.
    #[must_use]
    pub fn cargo(&self, folder: &Path, target_dir: &Path) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(folder).args(["build", "--target", TARGET]).arg("--target-dir").arg(target_dir);
        if let Self::Distribution = self {
            // The distribution's compiler may be older than the workspace asks for; plugins use nothing that new.
            cargo.args(["-Zbuild-std=std,panic_abort", "--ignore-rust-version"]);
            cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
        }
        // Flags meant for the machine that builds (a native CPU, a linker) make no sense for this target.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        // Plugins are built with their own features, not with those that the server's crates want of a shared dependency.
        cargo.env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION");
        cargo
    }
}

fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let Ok(answer) = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output() else {
        return false;
    };
    let folder = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    answer.status.success()
        && std::fs::read_dir(folder)
            .is_ok_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
}

fn distribution_is_complete() -> bool {
    let Ok(answer) = Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).output() else {
        return false;
    };
    let sysroot = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    let linker = Command::new("wasm-ld").arg("--version").output().is_ok_and(|answer| answer.status.success());
    linker && sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}
