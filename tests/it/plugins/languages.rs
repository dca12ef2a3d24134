//! The author's way in TypeScript and Python, as `docs/plugins/` tells it, and what their runtimes cannot reach.
//!
//! Node with npm, or Python with pip, must be there; their packages come from the registries, once for all these tests.

use super::author::begin;
use crate::databases::{Postgres, find_url, unique_name};
use crate::program::{Sluice, find_plugin, root, skip};
use crate::server::TestServer;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where packages and tools are kept between runs, beside the builds.
fn kept(language: &str) -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("test-author").join(language)
}

fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// The program, with the tools of TypeScript installed above its folder; none, said aloud, where they cannot be.
fn typescript() -> Option<Sluice> {
    static TOOLS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let install = || -> Result<PathBuf, String> {
        if !works(Command::new("npm").arg("--version")) {
            return Err("npm is missing".to_owned());
        }
        let folder = kept("typescript");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        // The very packages that a new plugin names.
        let names = root().join("plugin-sdk/templates/typescript/shared/package.json.template");
        let names = fs::read_to_string(names).map_err(|error| error.to_string())?.replace("{{name}}", "tools");
        let file = folder.join("package.json");
        if fs::read_to_string(&file).is_ok_and(|found| found == names) && folder.join("node_modules/esbuild").is_dir() {
            return Ok(folder);
        }
        fs::write(&file, names).map_err(|error| error.to_string())?;
        let installed = Command::new("npm").current_dir(&folder).args(["install", "--no-audit", "--no-fund"]).output();
        let installed = installed.map_err(|error| error.to_string())?;
        if installed.status.success() {
            Ok(folder)
        } else {
            Err(String::from_utf8_lossy(&installed.stderr).into_owned())
        }
    };
    let tools = match TOOLS.get_or_init(install) {
        Ok(folder) => folder.join("node_modules"),
        Err(why) => {
            skip(&format!("plugins in TypeScript cannot be built: {why}"));
            return None;
        }
    };
    let sluice = Sluice::find()?;
    std::os::unix::fs::symlink(tools, sluice.folder.path().join("node_modules")).unwrap();
    Some(sluice)
}

/// The program, with an environment for Python's tools that it fills itself; none, said aloud, where that cannot be.
fn python() -> Option<Sluice> {
    static TOOLS: OnceLock<bool> = OnceLock::new();
    let folder = kept("python");
    let made = || {
        let python = folder.join("bin/python");
        works(Command::new(&python).args(["-m", "pip", "--version"]))
            || works(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
    };
    // The first command fills it, so the others must not come while it does.
    let made = || made() && fill(&folder);
    if !TOOLS.get_or_init(made) {
        skip("plugins in Python cannot be built: `python3 -m venv` does not work");
        return None;
    }
    Some(Sluice::find()?.set("VIRTUAL_ENV", folder.to_str().unwrap()))
}

/// Builds a first plugin, by which the command installs its tool.
fn fill(environment: &Path) -> bool {
    if environment.join(".sluice-tool").is_file() {
        return true;
    }
    let Some(sluice) = Sluice::find() else { return false };
    let sluice = sluice.set("VIRTUAL_ENV", environment.to_str().unwrap());
    begin_in(&sluice, "python", "first", "transform");
    sluice.call(&["plugin", "build", "first"]);
    true
}

/// Begins a plugin in that language.
fn begin_in(sluice: &Sluice, language: &str, name: &str, kind: &str) -> PathBuf {
    sluice.call(&["plugin", "new", name, "--language", language, "--kind", kind]);
    sluice.folder.path().join(name)
}

/// From nothing to a workflow that uses the plugin, in five commands.
fn five_commands(sluice: &Sluice, language: &str) {
    sluice.add_sqlite("history");
    let folder = begin_in(sluice, language, "my-source", "source");
    sluice.call(&["plugin", "build", "my-source"]);
    let report = sluice.call(&["plugin", "check", "my-source"]);
    assert!(report.contains("0 failed") && report.contains("source.resume"), "{report}");
    sluice.call(&["plugin", "install", "my-source", "--yes"]);
    let run = sluice.run(&folder.join("example.yaml"), &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let rows = sluice.read("history", "example_rows");
    assert!(rows.len() == 3 && rows.iter().any(|row| row["name"] == "row 2"), "{rows:#?}");
    // It holds the same whether it is handed on as a folder or as an archive.
    sluice.call(&["plugin", "pack", "my-source", "--output", "my-source.sluice"]);
    sluice.call(&["plugin", "install", "my-source.sluice", "--yes"]);
}

/// One plugin of the other four kinds, put together from their templates: one build and one check for all.
fn all_kinds(sluice: &Sluice, language: &str, join: impl Fn(&Path, &str)) {
    const KINDS: [&str; 4] = ["sink", "transform", "channel", "translator"];
    let all = begin_in(sluice, language, "all", "channel");
    for kind in KINDS {
        let name = format!("a-{kind}");
        let folder = begin_in(sluice, language, &name, kind);
        sluice.call(&["plugin", "test", &name]);
        join(&folder, kind);
    }
    let manifest = fs::read_to_string(all.join("plugin.toml")).unwrap();
    let manifest = manifest.replace("kinds = [\"channel\"]", &format!("kinds = {KINDS:?}"));
    let column = "\n[config.properties.column]\ntype = \"string\"\ndescription = \"The column.\"\n";
    fs::write(all.join("plugin.toml"), manifest + column).unwrap();
    let check = fs::read_to_string(all.join("check.toml")).unwrap();
    fs::write(all.join("check.toml"), check.replace("[settings]", "[settings]\ncolumn = \"name\"")).unwrap();
    sluice.call(&["plugin", "build", "all"]);
    let output = sluice.command().args(["plugin", "check", "all", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["passed"], true, "{report:#}");
    let lines = report["lines"].as_array().unwrap();
    for kind in KINDS {
        let tried = lines.iter().filter(|line| line["check"].as_str().unwrap().starts_with(kind)).count();
        assert!(tried > 5, "{kind}: {report:#}");
    }
}

/// What the plugin says when it is run; it must fail.
fn failure(sluice: &Sluice, name: &str) -> String {
    let run = sluice.run(&sluice.folder.path().join(name).join("example.yaml"), &[]);
    assert_eq!(run["status"], "failed", "{run:#}");
    run.to_string()
}

#[test]
fn five_commands_lead_from_nothing_to_a_plugin_in_typescript() {
    let Some(sluice) = typescript() else { return };
    five_commands(&sluice, "typescript");
    let all = sluice.folder.path().join("all/src");
    all_kinds(&sluice, "typescript", |folder, kind| {
        fs::copy(folder.join("src/plugin.ts"), all.join(format!("{kind}.ts"))).unwrap();
        let exports = "export * from \"./sink.ts\";\nexport * from \"./transform.ts\";\nexport * from \"./channel.ts\";\n\
                       export * from \"./translator.ts\";\n";
        fs::write(all.join("plugin.ts"), exports).unwrap();
    });

    // The time of day is a capability, whatever way a language has to ask for it, and what is wrong is told by name.
    let source = sluice.folder.path().join("my-source/src/plugin.ts");
    let good = fs::read_to_string(&source).unwrap();
    let curious = good.replace("const columns =", "export const moment = () => Date.now();\nconst columns =");
    let curious = curious.replace("let next =", "moment();\n    let next =");
    assert_ne!(good, curious);
    fs::write(&source, curious).unwrap();
    sluice.call(&["plugin", "build", "my-source"]);
    sluice.call(&["plugin", "install", "my-source", "--yes"]);
    assert!(failure(&sluice, "my-source").contains("capability `clock` was not granted"));
    fs::write(&source, good.replace("const PAGE = 1000", "const PAGE: string = 1000")).unwrap();
    let refused = sluice.command().args(["plugin", "build", "my-source"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not assignable") && said.contains("plugin_invalid"), "{said}");
}

/// Makes a source of the good one.
type Make<'a> = &'a dyn Fn(&str) -> String;
/// What the run says whose plugin has that source; it must fail.
type Failure<'a> = &'a dyn Fn(Make<'_>) -> String;

/// `dev` puts a plugin to use in a running server, and a change of it, without another compilation.
/// At the end `more` may try changes that fail: it is given what tells the failure of the source that it makes of the good one.
fn a_change_is_in_use(sluice: Sluice, language: &str, file: &str, change: (&str, &str), more: &dyn Fn(Failure<'_>)) {
    sluice.add_sqlite("history");
    let folder = begin_in(&sluice, language, "live", "source");
    let server = TestServer::start(sluice);
    let address = format!("http://{}", server.address);
    let dev = || {
        let mut dev = server.sluice.command();
        dev.args(["plugin", "dev", folder.to_str().unwrap(), "--server", &address]).output().unwrap()
    };
    let compiled = || {
        let folder = server.sluice.folder.path().join("data/plugins/compiled");
        fs::read_dir(folder)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "cwasm"))
            .count()
    };
    let said = dev();
    assert!(String::from_utf8_lossy(&said.stdout).contains("reloaded live 0.1.0"), "{said:?}");
    let example = fs::read_to_string(folder.join("example.yaml")).unwrap();
    let run = server.run_once(&example);
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let before = compiled();

    let source = folder.join(file);
    let good = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{good}\n}}")).unwrap();
    let refused = dev();
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("plugin_invalid"),
        "{refused:?}"
    );
    let changed = good.replace(change.0, change.1);
    assert_ne!(good, changed);
    fs::write(&source, changed).unwrap();
    let said = dev();
    assert!(said.status.success(), "{said:?}");
    assert_eq!(compiled(), before, "what was compiled is used again");
    let run = server.run_once(&example.replace("example_rows", "later_rows"));
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let rows = server.sluice.read("history", "later_rows");
    assert!(rows.iter().any(|row| row["name"] == "row-2"), "{rows:#?}");
    more(&|make| {
        fs::write(&source, make(&good)).unwrap();
        let said = dev();
        assert!(said.status.success(), "{said:?}");
        let run = server.run_once(&example);
        assert_eq!(run["status"], "FAILED", "{run:#}");
        run.to_string()
    });
}

#[test]
fn a_change_of_a_plugin_in_typescript_is_in_use_at_once() {
    let Some(sluice) = typescript() else { return };
    a_change_is_in_use(sluice, "typescript", "src/plugin.ts", ("${prefix} ${id}", "${prefix}-${id}"), &|_| {});
}

/// What a plugin tries that it must not; it tells what came of each, words without spaces.
const CURIOUS: &str = "
import os, socket, time

def attempt(call):
    try:
        return repr(call())
    except Exception as error:
        return type(error).__name__

def look():
    found = [
        attempt(lambda: open('/etc/passwd').read()),
        attempt(lambda: open('new', 'w')),
        attempt(lambda: 'HOME' in os.environ or 'PATH' in os.environ),
        attempt(lambda: socket.create_connection(('127.0.0.1', 1), 1)),
        attempt(lambda: len(os.urandom(8))),
    ]
    raise PluginError.permanent('found ' + ' '.join(found))
";

#[test]
fn a_change_of_a_plugin_in_python_is_in_use_at_once() {
    let Some(sluice) = python() else { return };
    let change = ("{self._prefix} {number}", "{self._prefix}-{number}");
    // Nothing of the machine is there, and what is missing is an error of the language, not the end of the plugin.
    a_change_is_in_use(sluice, "python", "plugin.py", change, &|failure| {
        let with = |call: &'static str| {
            move |good: &str| format!("{}{CURIOUS}", good.replace("settings = host.settings()", call))
        };
        let said = failure(&with("print('looking'); look()"));
        let (_, found) = said.split_once("found ").expect("the plugin told what it found");
        let words: Vec<&str> = found.split(['"', ' ']).take(5).collect();
        let is_error = |word: &str| word.to_lowercase().ends_with("error");
        assert!(is_error(words[0]) && is_error(words[1]) && is_error(words[3]), "{said}");
        assert!(words[2] == "False" && words[4] == "8", "{said}");
        let said = failure(&with("time.time(); settings = host.settings()"));
        assert!(said.contains("capability `clock` was not granted"), "{said}");
    });
}

#[test]
fn first_party_plugins_in_these_languages_pass_the_check() {
    for name in ["json-fields", "ntfy"] {
        let Some(folder) = find_plugin(name) else {
            skip(&format!("plugin `{name}` is not built; `cargo xtask test` builds it"));
            continue;
        };
        let Some(sluice) = Sluice::find() else { return };
        let output = sluice.command().args(["plugin", "check", folder.to_str().unwrap()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn the_sdk_for_typescript_keeps_every_value() {
    let Some(sluice) = typescript() else { return };
    let folder = begin_in(&sluice, "typescript", "sdk", "source");
    fs::copy(root().join("plugin-sdk/typescript/tests/batch.test.ts"), folder.join("src/batch.test.ts")).unwrap();
    sluice.call(&["plugin", "test", "sdk"]);
    sluice.call(&["plugin", "test", root().join("plugins/ntfy").to_str().unwrap()]);
}

#[test]
fn five_commands_lead_from_nothing_to_a_plugin_in_python() {
    let Some(sluice) = python() else { return };
    five_commands(&sluice, "python");
    let all = sluice.folder.path().join("all");
    all_kinds(&sluice, "python", |folder, kind| {
        fs::copy(folder.join("plugin.py"), all.join(format!("its_{kind}.py"))).unwrap();
        let imports = ["sink", "transform", "channel", "translator"].map(|it| format!("from its_{it} import {it}\n"));
        fs::write(all.join("plugin.py"), imports.concat()).unwrap();
    });
}

#[test]
fn the_sdk_for_python_keeps_every_value() {
    if !works(Command::new("python3").arg("--version")) {
        skip("python3 is missing");
        return;
    }
    let Some(sluice) = Sluice::find() else { return };
    sluice.call(&["plugin", "test", root().join("plugins/json-fields").to_str().unwrap()]);
    let tests = Command::new("python3").current_dir(root().join("plugin-sdk/python")).args(["-m", "unittest"]).output();
    let tests = tests.unwrap();
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stderr));
}

#[test]
fn a_missing_tool_is_told_by_what_to_install() {
    let Some(sluice) = Sluice::find() else { return };
    for (language, wanted) in [("typescript", "install Node.js 20"), ("python", "install Python 3.10")] {
        begin_in(&sluice, language, language, "source");
        let empty = sluice.folder.path().join("nothing");
        fs::create_dir_all(&empty).unwrap();
        let mut build = sluice.command();
        build.args(["plugin", "build", language]).env("PATH", &empty).env_remove("VIRTUAL_ENV");
        let refused = build.output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(wanted), "{said}");
    }
    let wrong =
        sluice.command().args(["plugin", "new", "x", "--language", "cobol", "--kind", "sink"]).output().unwrap();
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("typescript") && said.contains("python"), "{said}");
    // Rust's way is the same command.
    begin(&sluice, "in-rust", "sink");
}

/// A sink over a granted connection and a granted Redis, which looks itself at what comes of its statements.
const STORE_TS: &str = include_str!("languages/store.ts");
const STORE_PY: &str = include_str!("languages/store.py");

/// Builds the sink, runs it on real servers, and looks at what it left there.
fn databases(sluice: &Sluice, language: &str, source: &str, text: &str) {
    let Some(database) = Postgres::create("the SDKs' databases") else { return };
    let Some(redis) = find_url("SLUICE_TEST_REDIS", "the SDKs' databases") else { return };
    sluice.call(&["connection", "add", "warehouse", &database.url]);
    sluice.call(&["connection", "add", "hot", &redis]);
    let folder = begin_in(sluice, language, "keeper", "sink");
    fs::write(folder.join(source), text).unwrap();
    let manifest = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let (head, _) = manifest.split_once("[capabilities]").expect("the manifest has capabilities");
    let config = "[capabilities]\nsql = [\"store\"]\nredis = [\"cache\"]\n\n[config]\ntype = \"object\"\n";
    fs::write(folder.join("plugin.toml"), format!("{head}{config}")).unwrap();
    sluice.call(&["plugin", "build", "keeper"]);
    let install = |grants: &[&str]| {
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        let words: Vec<&str> = ["plugin", "install", "keeper", "--yes"].into_iter().chain(grants).collect();
        sluice.call(&words);
    };
    let document = format!(
        "name: keep\nsteps:\n  - {{ id: rows, uses: fetch, with: {{ source: inline, rows: [{{ id: 1, name: one }}, {{ id: 2, name: zwö }}] }} }}\n  \
         - {{ id: kept, uses: write, from: rows, with: {{ plugin: keeper, settings: {{ key: {} }} }} }}\n",
        unique_name()
    );
    let file = sluice.folder.path().join("keep.yaml");
    fs::write(&file, document).unwrap();
    install(&["sql:store=warehouse:write", "redis:cache=hot:write"]);
    let run = sluice.run(&file, &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(database.number("SELECT count(*) FROM copies WHERE (id, name) IN ((1, 'one'), (2, 'ZWÖ'))"), Some(2));
    assert_eq!(database.number("SELECT count(*) FROM copies"), Some(2));
    // Grants for reading let nothing be changed, and the error of the host is the plugin's own.
    install(&["sql:store=warehouse", "redis:cache=hot"]);
    let run = sluice.run(&file, &[]);
    assert!(run.to_string().contains("capability_denied"), "{run:#}");
    assert_eq!(database.number("SELECT count(*) FROM copies"), Some(2));
}

#[test]
fn a_plugin_in_typescript_reaches_databases_and_redis() {
    let Some(sluice) = typescript() else { return };
    databases(&sluice, "typescript", "src/plugin.ts", STORE_TS);
    let folder = begin_in(&sluice, "typescript", "fakes", "sink");
    fs::copy(root().join("plugin-sdk/typescript/tests/database.test.ts"), folder.join("src/database.test.ts")).unwrap();
    sluice.call(&["plugin", "test", "fakes"]);
}

#[test]
fn a_plugin_in_python_reaches_databases_and_redis() {
    let Some(sluice) = python() else { return };
    databases(&sluice, "python", "plugin.py", STORE_PY);
}
