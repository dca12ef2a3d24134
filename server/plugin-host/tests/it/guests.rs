//! The components the tests load, built once by the same function that builds the first-party plugins.

use plugin_build::Guest;
use plugin_host::Grants;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folder of built plugins; none, said aloud, where no compiler can build them.
pub(crate) fn guests() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).expect("the crate lies two folders below the checkout");
    let out = root.join("target/test-plugins");
    let plugins = root.join("plugins");
    let manifests = here.join("tests/it/manifests");
    let guests = [
        Guest { name: "csv-http", package: "csv-http", example: None, manifest: plugins.join("csv-http/plugin.toml") },
        Guest { name: "webhook", package: "webhook", example: None, manifest: plugins.join("webhook/plugin.toml") },
        Guest {
            name: "misbehave",
            package: "plugin-sdk",
            example: Some("misbehave"),
            manifest: manifests.join("misbehave.toml"),
        },
        Guest {
            name: "identity",
            package: "plugin-sdk",
            example: Some("identity"),
            manifest: manifests.join("identity.toml"),
        },
        Guest {
            name: "hostile",
            package: "plugin-sdk",
            example: Some("hostile"),
            manifest: manifests.join("hostile.toml"),
        },
        Guest {
            name: "warehouse",
            package: "plugin-sdk",
            example: Some("warehouse"),
            manifest: manifests.join("warehouse.toml"),
        },
        Guest {
            name: "careless",
            package: "plugin-sdk",
            example: Some("careless"),
            manifest: manifests.join("careless.toml"),
        },
    ];
    match plugin_build::Toolchain::find() {
        Ok(_) => {
            let built = plugin_build::build(root, &out, &guests).expect("the plugins build");
            assert!(built.iter().all(|plugin| plugin.folder.join("plugin.wasm").is_file()));
            Some(out)
        }
        Err(error) => {
            assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "nothing may be skipped here, but: {error}");
            eprintln!("skipped: the tests of plugins need a compiler for WebAssembly: {error}");
            None
        }
    }
}

/// The folders of all first-party plugins, built; none, said aloud, where no compiler can build them.
pub(crate) fn first_party() -> Option<Vec<PathBuf>> {
    guests()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two folders below");
    let entries = std::fs::read_dir(root.join("plugins")).expect("the checkout has plugins").flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let built = plugin_build::build_plugins(root, &root.join("target/plugins"), &names).expect("the plugins build");
    Some(built.into_iter().map(|plugin| plugin.folder).collect())
}

/// Grants of addresses and secrets.
pub(crate) fn grants(http: &[&str], secrets: &[(&str, &str)]) -> Grants {
    Grants {
        http: http.iter().map(|pattern| pattern.parse().expect("a pattern")).collect(),
        secrets: secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Grants::default()
    }
}
