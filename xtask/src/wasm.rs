//! Builds plugins to WebAssembly components.
//!
//! Cargo makes a `wasm32-unknown-unknown` module of each plugin's crate, `wit-component` makes a component of the
//! module, and two custom sections say which contract and which manifest it was built with. A stamp of everything
//! that goes in keeps what has not changed from being built again. [`Toolchain`] knows where the target comes from.
//! Shared by path with the tests of `plugin-host`, which load what this builds.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";
const CONTRACT: &str = "0.1.0";

/// A built plugin, ready to be installed.
#[derive(Debug)]
#[allow(dead_code, reason = "the tests that share this file read less of it")]
pub(crate) struct Built {
    /// The plugin's name.
    pub(crate) name: String,
    /// The folder with `plugin.toml` and `plugin.wasm`.
    pub(crate) folder: PathBuf,
    /// Whether it had to be built now.
    pub(crate) rebuilt: bool,
}

/// One crate to make a plugin of.
#[derive(Debug)]
pub(crate) struct Guest<'a> {
    /// The plugin's name and its folder's under `out`.
    pub(crate) name: &'a str,
    /// The package to build.
    pub(crate) package: &'a str,
    /// The package's example to build rather than its library.
    pub(crate) example: Option<&'a str>,
    /// The manifest to put beside the component.
    pub(crate) manifest: PathBuf,
}

/// Builds the plugins in `plugins/<name>` of the checkout `root` into `out/<name>/{plugin.toml,plugin.wasm}`.
///
/// # Errors
/// When no toolchain has the WebAssembly target, or a plugin does not compile.
#[allow(dead_code, reason = "the tests that share this file call `build`")]
pub(crate) fn build_plugins(root: &Path, out: &Path, names: &[&str]) -> Result<Vec<Built>> {
    let guests: Vec<Guest<'_>> = names
        .iter()
        .map(|&name| {
            let manifest = root.join("plugins").join(name).join("plugin.toml");
            Guest { name, package: name, example: None, manifest }
        })
        .collect();
    build(root, out, &guests)
}

/// Builds `guests` of the checkout `root` into `out`.
///
/// # Errors
/// As for [`build_plugins`].
pub(crate) fn build(root: &Path, out: &Path, guests: &[Guest<'_>]) -> Result<Vec<Built>> {
    let mut toolchain = None;
    let mut built = Vec::new();
    for guest in guests {
        let folder = out.join(guest.name);
        let stamp = stamp(root, guest)?;
        let stamp_file = folder.join(".stamp");
        let fresh = std::fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp)
            && folder.join("plugin.wasm").is_file()
            && folder.join("plugin.toml").is_file();
        if !fresh {
            if toolchain.is_none() {
                toolchain = Some(Toolchain::find()?);
            }
            let toolchain = toolchain.as_ref().expect("set just above");
            eprintln!("building plugin `{}` to WebAssembly ({})", guest.name, toolchain.describe());
            let module = toolchain.compile(root, guest)?;
            let component = componentize(&module, &guest.manifest)
                .with_context(|| format!("plugin `{}` cannot be made a component", guest.name))?;
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            replace(&folder.join("plugin.wasm"), &component)?;
            replace(&folder.join("plugin.toml"), &std::fs::read(&guest.manifest)?)?;
            replace(&stamp_file, stamp.as_bytes())?;
        }
        built.push(Built { name: guest.name.to_owned(), folder, rebuilt: !fresh });
    }
    Ok(built)
}

/// Where a compiler for the WebAssembly target comes from.
#[derive(Debug)]
pub(crate) enum Toolchain {
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
    pub(crate) fn find() -> Result<Self> {
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

    fn describe(&self) -> &'static str {
        match self {
            Self::Current => "with the installed target",
            Self::Distribution => "with the distribution's compiler and its standard library's source",
        }
    }

    fn compile(&self, root: &Path, guest: &Guest<'_>) -> Result<Vec<u8>> {
        let base = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        let target_dir = base.join("wasm");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["build", "--profile", "plugin", "--target", TARGET, "--package", guest.package]);
        match guest.example {
            Some(example) => cargo.args(["--example", example]),
            None => cargo.arg("--lib"),
        };
        cargo.arg("--target-dir").arg(&target_dir);
        if let Self::Distribution = self {
            // The distribution's compiler may be older than the workspace asks for; plugins use nothing that new.
            cargo.args(["-Zbuild-std=std,panic_abort", "--ignore-rust-version"]);
            cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
        }
        // Flags meant for the machine that builds (a native CPU, a linker) make no sense for this target.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        // A plugin is built with its own features, not with those that the server's crates want of a shared dependency.
        cargo.env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION");
        let status = cargo.status().context("cannot start cargo")?;
        if !status.success() {
            bail!("plugin `{}` does not compile for {TARGET} ({})", guest.name, self.describe());
        }
        let folder = target_dir.join(TARGET).join("plugin");
        let file = match guest.example {
            Some(example) => folder.join("examples").join(format!("{}.wasm", example.replace('-', "_"))),
            None => folder.join(format!("{}.wasm", guest.package.replace('-', "_"))),
        };
        std::fs::read(&file).with_context(|| format!("cargo left no `{}`", file.display()))
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

/// A component made of the core module, with the contract's version and the manifest's digest in custom sections.
fn componentize(module: &[u8], manifest: &Path) -> Result<Vec<u8>> {
    let mut component = wit_component::ComponentEncoder::default().module(module)?.validate(true).encode()?;
    let manifest = std::fs::read(manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
    append_section(&mut component, "sluice:contract", CONTRACT.as_bytes());
    append_section(&mut component, "sluice:manifest", hex(&Sha256::digest(manifest)).as_bytes());
    Ok(component)
}

/// A custom section is: id 0, the length of what follows, the length of its name, the name, the content.
fn append_section(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = Vec::new();
    append_length(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    component.push(0);
    append_length(component, body.len());
    component.extend_from_slice(&body);
}

/// An unsigned LEB128 number.
fn append_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// A digest of everything that goes into the plugin.
fn stamp(root: &Path, guest: &Guest<'_>) -> Result<String> {
    let mut files = vec![
        root.join("Cargo.toml"),
        root.join("Cargo.lock"),
        root.join("rust-toolchain.toml"),
        root.join("xtask/src/wasm.rs"),
        guest.manifest.clone(),
    ];
    list_files(&root.join("plugin-sdk"), &mut files)?;
    let own = root.join("plugins").join(guest.package);
    if own.is_dir() {
        list_files(&own, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut digest = Sha256::new();
    for file in files {
        let content = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name.as_bytes());
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(&content);
    }
    Ok(hex(&digest.finalize()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let entry = entry?;
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list_files(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Puts a file in place by renaming, so that nobody reads half of it.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    std::fs::write(&new, content).with_context(|| format!("cannot write `{}`", new.display()))?;
    std::fs::rename(&new, file).with_context(|| format!("cannot write `{}`", file.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
