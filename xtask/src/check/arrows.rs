//! Who may import whom. The table is the architecture: a new arrow is a decision, made here and in
//! `docs/ARCHITECTURE.md`.

use crate::{command, project};
use anyhow::{Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;

/// Each crate of ours with the crates of ours that it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("meter", &[]),
    ("engine", &["model"]),
    ("data", &["model"]),
    ("connectors", &["data", "meter", "model"]),
    ("query", &["data", "meter", "model"]),
    ("transfer", &["data", "meter", "model"]),
    ("plugin-host", &["data", "meter", "model"]),
    ("steps", &["data", "engine", "meter", "model", "query", "transfer"]),
    ("store", &["engine", "migrations", "model"]),
    ("migrations", &[]),
    ("workbench", &["data", "engine", "model", "store", "transfer"]),
    ("api", &["data", "engine", "model", "store", "workbench"]),
    ("app", &EVERYTHING_OF_THE_SERVER),
    ("plugin-sdk", &[]),
    ("plugin-build", &[]),
    ("tests", &["model"]),
    ("tdengine-stub", &[]),
    ("xtask", &["plugin-build"]),
];

const EVERYTHING_OF_THE_SERVER: [&str; 12] = [
    "api",
    "connectors",
    "data",
    "engine",
    "model",
    "plugin-build",
    "plugin-host",
    "query",
    "steps",
    "store",
    "transfer",
    "workbench",
];

/// What only a crate's tests may import besides; never the other way round.
const TEST_ARROWS: &[(&str, &[&str])] = &[
    ("plugin-host", &["connectors", "plugin-build", "plugin-sdk"]),
    ("connectors", &["tdengine-stub"]),
    ("tests", &["tdengine-stub"]),
    ("transfer", &["connectors"]),
    ("steps", &["connectors", "tdengine-stub"]),
    ("workbench", &["connectors"]),
];

/// What a plugin may import.
const PLUGIN: &[&str] = &["plugin-sdk"];

/// Reads the manifests and fails on every import the table does not allow.
pub(super) fn check() -> Result<()> {
    let text = command::output(project::cargo().args(["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let faults = find_faults(&serde_json::from_str(&text)?);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn find_faults(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let is_plugin = package["manifest_path"]
            .as_str()
            .is_some_and(|path| path.ends_with(&format!("/plugins/{name}/Cargo.toml")));
        let Some(allowed) = allowed(name, is_plugin) else {
            faults.push(format!("`{name}` is not in the table of xtask/src/check/arrows.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            let of_tests = for_tests && TEST_ARROWS.iter().any(|(from, to)| *from == name && to.contains(&target));
            // A crate may import itself for its tests, to switch on its own testing parts.
            if ours.contains(target) && target != name && !allowed.contains(&target) && !of_tests {
                faults.push(format!("`{name}` imports `{target}`, which the architecture does not allow"));
            }
        }
    }
    faults
}

fn allowed(name: &str, is_plugin: bool) -> Option<&'static [&'static str]> {
    if is_plugin {
        return Some(PLUGIN);
    }
    ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(package: &str, folder: &str, dependency: &str, kind: Option<&str>, expected: &[&str]) {
        let metadata = json!({ "packages": [
            { "name": package, "manifest_path": format!("/x/{folder}/{package}/Cargo.toml"),
              "dependencies": [{ "name": dependency, "kind": kind }, { "name": "serde", "kind": null }] },
            { "name": dependency, "manifest_path": format!("/x/server/{dependency}/Cargo.toml"), "dependencies": [] },
        ]});
        assert_eq!(find_faults(&metadata), expected);
    }

    #[test]
    fn an_arrow_of_the_table_is_allowed() {
        check("engine", "server", "model", None, &[]);
        check("csv-http", "plugins", "plugin-sdk", None, &[]);
        check("steps", "server", "connectors", Some("dev"), &[]);
    }

    #[test]
    fn an_arrow_against_the_table_is_named() {
        let fault = |from: &str, to: &str| format!("`{from}` imports `{to}`, which the architecture does not allow");
        check("engine", "server", "data", None, &[&fault("engine", "data")]);
        check("steps", "server", "connectors", None, &[&fault("steps", "connectors")]);
        check("csv-http", "plugins", "data", None, &[&fault("csv-http", "data")]);
    }

    #[test]
    fn a_new_crate_must_take_its_place() {
        check("surprise", "server", "model", None, &["`surprise` is not in the table of xtask/src/check/arrows.rs"]);
    }
}
