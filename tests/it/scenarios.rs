//! Each folder of `tests/scenarios/` is a test that needs no Rust.
//!
//! `workflow.yaml` is the document; files beside it are there when it runs. `input.json` may hold `inputs` and
//! `connections` (name to URL, `{dir}` stands for the test's own folder). `expected.json` holds parts of the run as
//! `sluice run --json` prints it, and under `tables` the rows that must be there afterwards (`connection.table`), their values as text.
//! `error.json`, instead, holds parts of the faults for which the document is refused.

use crate::program::{Sluice, root};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// Ready-made workflows that need nothing but their own files.
const READY_MADE: [&str; 1] = ["market-quality"];

#[test]
fn every_scenario_ends_as_expected() {
    let mut folders: Vec<_> =
        fs::read_dir(root().join("tests/scenarios")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // A ready-made workflow that says what a run of it must find is a scenario, too.
    folders.extend(READY_MADE.map(|name| root().join("workflows").join(name)));
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    assert!(!folders.is_empty());
    let mut faults = Vec::new();
    for folder in folders {
        let Some(sluice) = Sluice::find() else { return };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        check(&sluice, &folder, &mut |fault| faults.push(format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check(sluice: &Sluice, folder: &Path, fail: &mut dyn FnMut(String)) {
    let dir = sluice.folder.path();
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, dir.join(file.file_name().unwrap())).unwrap();
    }
    let read = |name: &str| -> Option<Value> {
        let text = fs::read_to_string(folder.join(name)).ok()?.replace("{dir}", dir.to_str().unwrap());
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}/{name}: {error}", folder.display())))
    };
    let document = dir.join("workflow.yaml");
    if let Some(expected) = read("error.json") {
        let output = sluice.command().arg("validate").arg(&document).arg("--json").output().unwrap();
        let faults: Value = serde_json::from_slice(&output.stdout).unwrap();
        compare("faults", &expected, &faults, fail);
        return;
    }
    let input = read("input.json").unwrap_or_else(|| json!({}));
    for (name, url) in object(&input["connections"]) {
        sluice.call(&["connection", "add", name, url.as_str().unwrap()]);
    }
    let inputs: Vec<_> = object(&input["inputs"])
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let run = sluice.run(&document, &inputs);
    let mut expected = read("expected.json").expect("a scenario has `expected.json` or `error.json`");
    let tables = expected.as_object_mut().unwrap().remove("tables").unwrap_or_default();
    let steps = expected.as_object_mut().unwrap().remove("steps").unwrap_or_default();
    compare("run", &expected, &run, fail);
    for (id, expected) in object(&steps) {
        let step = run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id.as_str());
        compare(&format!("steps.{id}"), expected, step.unwrap_or(&Value::Null), fail);
    }
    for (name, expected) in object(&tables) {
        let (connection, table) = name.split_once('.').unwrap();
        compare(name, expected, &Value::Array(sluice.read(connection, table)), fail);
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// What is expected must be there; members of objects that are not named may be anything, lists must have the same length.
fn compare(place: &str, expected: &Value, found: &Value, fail: &mut dyn FnMut(String)) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, expected) in expected {
                compare(&format!("{place}.{name}"), expected, found.get(name).unwrap_or(&Value::Null), fail);
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{place}.{index}"), expected, found, fail);
            }
        }
        (expected, found) if expected == found => {}
        (expected, found) => fail(format!("{place}: expected {expected}, found {found}")),
    }
}
