//! The conformance suite finds what is wrong, and nothing where nothing is: all first-party plugins pass.

use crate::guests::{first_party, guests};
use plugin_host::conformance::{Outcome, Report, check};
use std::path::Path;

/// The guest `careless` in that mode.
async fn careless(built: &Path, mode: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for file in ["plugin.toml", "plugin.wasm"] {
        std::fs::copy(built.join("careless").join(file), folder.path().join(file)).unwrap();
    }
    std::fs::write(folder.path().join("README.md"), "# careless\n").unwrap();
    let setup = format!(
        "[settings]\nmode = \"{mode}\"\nurl = \"http://stub/rows\"\n[[http]]\npath = \"/rows\"\nbody = \"fine\"\n"
    );
    std::fs::write(folder.path().join("check.toml"), setup).unwrap();
    check(folder.path()).await.unwrap()
}

fn failures(report: &Report) -> Vec<String> {
    let failed = report.lines.iter().filter(|line| line.outcome == Outcome::Failed);
    failed.map(|line| format!("{}: {}", line.check, line.why.as_deref().unwrap_or_default())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_does_one_thing_wrong_fails_by_the_line_about_it() {
    let Some(built) = guests() else { return };
    let good = careless(built, "good").await;
    assert!(good.passed, "{:#?}", failures(&good));
    for (mode, expected) in [
        ("check_fails", &["source.check"][..]),
        ("no_rows", &["source.read"]),
        ("differ", &["source.repeat"]),
        ("forget_cursor", &["source.resume"]),
        ("no_cursor", &["source.resume"]),
        ("trap_on_cursor", &["source.foreign_cursor"]),
        ("trap_on_settings", &["source.wrong_settings"]),
        (
            "swallow",
            &[
                "source.unavailable",
                "source.forbidden",
                "source.hang_up",
                "source.ungranted",
                "sink.unavailable",
                "channel.unavailable",
            ],
        ),
        ("trap_on_error", &["source.unavailable", "sink.hang_up", "channel.busy", "channel.ungranted"]),
        ("give_up", &["source.busy", "sink.busy", "channel.hang_up"]),
        ("unkeyed", &["sink.repeat", "channel.repeat"]),
        ("trap_on_empty", &["sink.empty", "channel.alerts"]),
        ("trap_on_abort", &["sink.abort"]),
        ("narrow", &["transform.wide"]),
        ("few_types", &["transform.types"]),
        ("ascii", &["transform.unicode"]),
        ("lost_column", &["transform.process"]),
        ("hoard", &["transform.large"]),
        ("eager_check", &["channel.check"]),
        ("huge_id", &["channel.answer"]),
    ] {
        let report = careless(built, mode).await;
        assert!(!report.passed, "{mode}");
        let found = failures(&report);
        for line in expected {
            assert!(found.iter().any(|it| it.starts_with(&format!("{line}: "))), "{mode} wants {line}: {found:#?}");
        }
        // What has nothing to do with it is as good as ever.
        let kinds: Vec<&str> = expected.iter().map(|line| line.split('.').next().unwrap()).collect();
        assert!(found.iter().all(|it| kinds.contains(&it.split('.').next().unwrap())), "{mode}: {found:#?}");
        let mended = report.lines.iter().filter(|line| line.outcome == Outcome::Failed).all(|line| line.mend.is_some());
        assert!(mended, "each failure tells what to do");
    }
}

#[tokio::test]
async fn what_is_wrong_before_anything_runs_is_told_too() {
    let Some(built) = guests() else { return };
    let folder = tempfile::tempdir().unwrap();
    let component = std::fs::read(built.join("careless/plugin.wasm")).unwrap();
    let manifest = std::fs::read_to_string(built.join("careless/plugin.toml")).unwrap();
    let lines = async |manifest: &str, component: &[u8], setup: &str| {
        std::fs::write(folder.path().join("plugin.toml"), manifest).unwrap();
        std::fs::write(folder.path().join("plugin.wasm"), component).unwrap();
        std::fs::write(folder.path().join("check.toml"), setup).unwrap();
        failures(&check(folder.path()).await.unwrap())
    };
    let cut = &component[..component.len() / 2];
    for (manifest, component, setup, expected) in [
        (manifest.replace("kinds", "kind"), component.as_slice(), "", "manifest: "),
        (manifest.replace("What to do wrong.", ""), &component, "", "manifest: settings without a description: `mode`"),
        (manifest.clone(), &component, "", "readme: there is none"),
        (
            manifest.replace("the conformance", "a conformance"),
            &component,
            "",
            "build: the component was built with another",
        ),
        (manifest.clone(), cut, "", "component: "),
        (manifest.replace("clock = true", ""), &component, "", "component: plugin `careless` uses capability `clock`"),
        (manifest.replace("clock = true", "clock = true\nkv = true"), &component, "", "capabilities: it asks for kv"),
        (manifest.clone(), &component, "[setings]", "check.toml: line 1"),
        (manifest.clone(), &component, "[settings]\nmode = 3", "check.toml: its settings do not fit"),
        (manifest.clone(), &component, "[columns]\na = \"nonsense\"", "check.toml: column `a`"),
    ] {
        let found = lines(&manifest, component, setup).await;
        assert!(found.iter().any(|it| it.starts_with(expected)), "{expected}: {found:#?}");
    }
    let nothing = tempfile::tempdir().unwrap();
    assert!(failures(&check(nothing.path()).await.unwrap())[0].starts_with("manifest: `plugin.toml` cannot be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_first_party_plugins_pass() {
    let Some(folders) = first_party() else { return };
    let mut faults = Vec::new();
    for folder in folders {
        let report = check(&folder).await.unwrap();
        for fault in failures(&report) {
            faults.push(format!("{} {fault}", report.plugin));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
