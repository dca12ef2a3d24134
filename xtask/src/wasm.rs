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
    let mut stale = Vec::new();
    for guest in guests {
        let stamp = stamp(root, guest)?;
        if !is_fresh(&out.join(guest.name), &stamp) {
            stale.push((guest, stamp));
        }
    }
    if !stale.is_empty() {
        let toolchain = Toolchain::find()?;
        let names = stale.iter().map(|(guest, _)| guest.name).collect::<Vec<_>>().join(", ");
        eprintln!("building plugins to WebAssembly ({}): {names}", toolchain.describe());
        toolchain.compile(root, &stale.iter().map(|(guest, _)| *guest).collect::<Vec<_>>())?;
        for (guest, stamp) in &stale {
            let component = componentize(&std::fs::read(module_file(root, guest))?, &guest.manifest)
                .with_context(|| format!("plugin `{}` cannot be made a component", guest.name))?;
            let folder = out.join(guest.name);
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            replace(&folder.join("plugin.wasm"), &component)?;
            replace(&folder.join("plugin.toml"), &std::fs::read(&guest.manifest)?)?;
            replace(&folder.join(".stamp"), stamp.as_bytes())?;
        }
    }
    let built = |guest: &Guest<'_>| Built {
        name: guest.name.to_owned(),
        folder: out.join(guest.name),
        rebuilt: stale.iter().any(|(stale, _)| stale.name == guest.name),
    };
    Ok(guests.iter().map(built).collect())
}

fn is_fresh(folder: &Path, stamp: &str) -> bool {
    std::fs::read_to_string(folder.join(".stamp")).is_ok_and(|found| found == stamp)
        && folder.join("plugin.wasm").is_file()
        && folder.join("plugin.toml").is_file()
}

fn wasm_dir(root: &Path) -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    base.join("wasm")
}

/// Where cargo leaves a guest's module.
fn module_file(root: &Path, guest: &Guest<'_>) -> PathBuf {
    let folder = wasm_dir(root).join(TARGET).join("plugin");
    match guest.example {
        Some(example) => folder.join("examples").join(format!("{}.wasm", example.replace('-', "_"))),
        None => folder.join(format!("{}.wasm", guest.package.replace('-', "_"))),
    }
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

    /// One call of cargo for all libraries and one for all examples, so that what they share is compiled once.
    fn compile(&self, root: &Path, guests: &[&Guest<'_>]) -> Result<()> {
        let (examples, libraries): (Vec<&Guest<'_>>, Vec<&Guest<'_>>) =
            guests.iter().partition(|guest| guest.example.is_some());
        for guests in [libraries, examples].into_iter().filter(|guests| !guests.is_empty()) {
            let mut arguments = Vec::new();
            if guests.iter().all(|guest| guest.example.is_none()) {
                arguments.push("--lib");
            }
            for guest in guests {
                arguments.extend(["--package", guest.package]);
                if let Some(example) = guest.example {
                    arguments.extend(["--example", example]);
                }
            }
            self.run_cargo(root, &arguments)?;
        }
        Ok(())
    }

    fn run_cargo(&self, root: &Path, arguments: &[&str]) -> Result<()> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args(["build", "--profile", "plugin", "--target", TARGET]).args(arguments);
        cargo.arg("--target-dir").arg(wasm_dir(root));
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
        if !cargo.status().context("cannot start cargo")?.success() {
            bail!("a plugin does not compile for {TARGET} ({}): cargo names it above", self.describe());
        }
        Ok(())
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
