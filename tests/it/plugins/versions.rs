//! The way of whoever installs plugins: archives and their signatures, versions side by side, and the way back.

use super::author::{author, begin};
use crate::program::Sluice;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A plugin's archives: version 0.1.0 reads any number of rows, 0.2.0 at most two.
struct Archives {
    sluice: Sluice,
    folder: PathBuf,
    old: String,
    new: String,
}

impl Archives {
    fn make() -> Option<Self> {
        let sluice = author()?;
        let folder = begin(&sluice, "counter", "source");
        sluice.call(&["plugin", "build", "counter"]);
        let path = |name: &str| sluice.folder.path().join(name).to_str().unwrap().to_owned();
        let (old, new) = (path("old.sluice"), path("new.sluice"));
        sluice.call(&["plugin", "pack", "counter", "--output", &old]);
        let manifest = folder.join("dist/plugin.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let text = text.replace("0.1.0", "0.2.0").replace("maximum = 1000000", "maximum = 2");
        std::fs::write(&manifest, text).unwrap();
        sluice.call(&["plugin", "pack", "counter", "--output", &new]);
        sluice.add_sqlite("history");
        Some(Self { sluice, folder, old, new })
    }

    /// Whether a document that asks for three rows of that step kind is valid.
    fn takes_three(&self, uses: &str) -> bool {
        let document = format!(
            "name: three\nsteps:\n  - {{ id: read, uses: {uses}, with: {{ rows: 3 }} }}\n  - {{ id: kept, uses: write, from: read, with: {{ connection: history, table: kept, mode: append }} }}\n"
        );
        let file = self.sluice.folder.path().join("three.yaml");
        std::fs::write(&file, document).unwrap();
        if !self.sluice.command().arg("validate").arg(&file).output().unwrap().status.success() {
            return false;
        }
        let run = self.sluice.run(&file, &[]);
        assert_eq!(run["status"], "succeeded", "{run:#}");
        true
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.sluice.command().args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn versions(&self) -> Value {
        let list: Value = serde_json::from_str(&self.sluice.call(&["plugin", "list", "--json"])).unwrap();
        json!([list[0]["version"], list[0]["versions"]])
    }
}

#[test]
fn versions_stand_side_by_side_and_a_broken_one_changes_nothing() {
    let Some(archives) = Archives::make() else { return };
    let sluice = &archives.sluice;
    sluice.call(&["plugin", "install", &archives.old, "--yes"]);
    assert!(archives.takes_three("plugin/counter"));
    sluice.call(&["plugin", "install", &archives.new, "--yes"]);
    assert_eq!(archives.versions(), json!(["0.2.0", ["0.2.0", "0.1.0"]]));
    assert!(!archives.takes_three("plugin/counter"));
    for pinned in ["plugin/counter@0.1", "plugin/counter@0.1.0"] {
        assert!(archives.takes_three(pinned), "{pinned}");
    }
    for other in
        ["plugin/counter@0.2", "plugin/counter@0", "plugin/counter@3", "plugin/counter@../x", "plugin/counter@"]
    {
        assert!(!archives.takes_three(other), "{other}");
    }

    let bytes = std::fs::read(&archives.old).unwrap();
    let torn = sluice.folder.path().join("torn.sluice");
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 0x55;
    for damaged in [&bytes[..bytes.len() - 100], &changed, b"PK\x03\x04"] {
        std::fs::write(&torn, damaged).unwrap();
        let refused = archives.refused(&["plugin", "install", torn.to_str().unwrap(), "--yes"]);
        assert!(refused.contains("plugin_invalid"), "{refused}");
    }
    assert_eq!(archives.versions(), json!(["0.2.0", ["0.2.0", "0.1.0"]]));

    sluice.call(&["plugin", "rollback", "counter"]);
    assert_eq!(archives.versions(), json!(["0.1.0", ["0.2.0", "0.1.0"]]));
    assert!(archives.takes_three("plugin/counter"));
    sluice.call(&["plugin", "rollback", "counter", "--to", "0.2"]);
    assert!(!archives.takes_three("plugin/counter"));
    assert!(archives.refused(&["plugin", "remove", "counter@0.2.0"]).contains("plugin_not_found"));
    sluice.call(&["plugin", "remove", "counter@0.1.0"]);
    assert_eq!(archives.versions(), json!(["0.2.0", ["0.2.0"]]));
    assert!(archives.refused(&["plugin", "rollback", "counter"]).contains("no earlier version"));
    sluice.call(&["plugin", "remove", "counter"]);
    assert_eq!(sluice.call(&["plugin", "list", "--json"]).trim(), "[]");
}

#[test]
fn who_signed_is_told_and_a_server_may_demand_it() {
    let Some(archives) = Archives::make() else { return };
    let sluice = &archives.sluice;
    let made = sluice.call(&["plugin", "key", "new", "author.key"]);
    let public = made.lines().find_map(|line| line.strip_prefix("public key: ")).unwrap().to_owned();
    let signed = sluice.folder.path().join("signed.sluice");
    let signed = signed.to_str().unwrap();
    sluice.call(&["plugin", "pack", archives.folder.to_str().unwrap(), "--key", "author.key", "--output", signed]);
    assert!(archives.refused(&["plugin", "key", "new", "author.key"]).contains("already_exists"));

    let strange = archives.refused(&["plugin", "install", signed, "--yes"]);
    assert!(strange.contains("does not trust") && strange.contains(&public), "{strange}");
    sluice.call(&["plugin", "key", "trust", "acme", &public]);
    assert!(archives.refused(&["plugin", "key", "trust", "acme", "nonsense"]).contains("invalid_configuration"));
    let installed = sluice.call(&["plugin", "install", signed, "--yes"]);
    assert!(installed.contains("signed by acme"), "{installed}");
    assert!(sluice.call(&["plugin", "key", "list"]).contains("acme"));

    let demand = |arguments: &[&str]| {
        let output = sluice.command().args(arguments).args(["--plugin-signatures", "required"]).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (accepted, said) = demand(&["plugin", "install", &archives.old, "--yes"]);
    assert!(!accepted && said.contains("not signed"), "{said}");
    assert!(demand(&["plugin", "install", signed, "--yes"]).0);
    sluice.call(&["plugin", "key", "distrust", "acme"]);
    assert!(archives.refused(&["plugin", "install", signed, "--yes"]).contains("does not trust"));
}
