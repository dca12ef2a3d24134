//! `cargo xtask bench plugin`: calls through the sandbox in each language, memory of an instance, the start of a server with
//! 1,000 plugins, how soon a change of the source is in use, and what a transform loses by a hostile plugin beside it.
//!
//! Each language brings two transforms: `same` gives a batch back as it came, `capitals` is the template of `sluice plugin
//! new`, which writes one text column of six in capital letters. They are built by the author's own commands and measured
//! inside the host by its example `call_rate`. What cannot be built here is said and left out.

mod reload;

use super::machine;
use crate::command;
use crate::project;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure this `sluice` rather than build one; its `call_rate` and `neighbor` must lie in `examples` beside it.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Only these languages.
    #[arg(long = "language")]
    languages: Vec<String>,
    /// So many plugins are installed for the measurement of a server's start.
    #[arg(long, default_value_t = 1000)]
    installed: u32,
}

/// A language, the file of its source, and a transform that changes nothing.
const LANGUAGES: &[(&str, &str, &str)] = &[
    ("rust", "src/lib.rs", include_str!("../../../plugin-sdk/examples/identity.rs")),
    (
        "typescript",
        "src/plugin.ts",
        "import type { Transform } from \"sluice\";\n\nexport const transform: Transform = {\n  open: (_, columns) => ({ output: \
         columns, process: (rows) => [rows] }),\n};\n",
    ),
    (
        "python",
        "plugin.py",
        "from sluice_plugin import Transform, Transformer\n\n\nclass Same(Transformer):\n    def __init__(self, columns):\n        \
         self.output = columns\n\n    def process(self, rows):\n        return [rows]\n\n\nclass Identity(Transform):\n    def \
         open(self, host, columns):\n        return Same(columns)\n\n\ntransform = Identity()\n",
    ),
    ("rhai", "plugin.rhai", "fn process(rows) {\n    rows\n}\n"),
];

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<()> {
    let program = super::program(options.program.as_ref())?;
    let rates = rates(options, &program)?;
    let folder = project::target_dir().join("bench-plugin");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let mut languages = Vec::new();
    let mut smallest = None;
    println!(
        "{:>10} {:>9} {:>9} {:>8} {:>11} {:>9} {:>11} {:>9} {:>8} {:>9} {:>9}",
        "language",
        "component",
        "install",
        "load",
        "instantiate",
        "call",
        "same",
        "capitals",
        "rows/s",
        "memory",
        "reload"
    );
    for (language, file, identity) in LANGUAGES {
        if !options.languages.is_empty() && !options.languages.iter().any(|it| it == language) {
            continue;
        }
        match measure(&program, &rates, &folder, language, file, identity) {
            Ok(found) => {
                print(language, &found);
                if smallest.is_none() {
                    smallest = Some(folder.join(format!("same-{language}/dist")));
                }
                languages.push(found);
            }
            Err(error) => eprintln!("{language} is left out: {error:#}"),
        }
    }
    let built = smallest.context("no language could be measured")?;
    let neighbor = match neighbor(&rates, &built) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("the neighbor of a hostile plugin is left out: {error:#}");
            Value::Null
        }
    };
    for (what, found) in neighbor.as_object().into_iter().flatten() {
        println!(
            "neighbor of a plugin that is a {what:>9}: {:.2} of its {:.2}M rows/s alone",
            found["ratio"].as_f64().unwrap_or(0.0),
            found["alone_rows_per_second"].as_f64().unwrap_or(0.0) / 1e6,
        );
    }
    let start = start(options.installed, &program, &rates, &folder, &built)?;
    println!(
        "start of a server: {:.0} ms without plugins, {:.0} ms with {}; {:.0} and {:.0} MiB",
        start["none_ms"].as_f64().unwrap_or(0.0),
        start["with_ms"].as_f64().unwrap_or(0.0),
        options.installed,
        start["none_mib"].as_f64().unwrap_or(0.0),
        start["with_mib"].as_f64().unwrap_or(0.0),
    );
    println!(
        "{}",
        json!({ "bench": "plugin", "machine": machine::describe(), "languages": languages, "start": start, "neighbor": neighbor, "installed": options.installed })
    );
    Ok(())
}

/// The host's example that measures, built for release unless it lies beside the given program.
fn rates(options: &Options, program: &Path) -> Result<PathBuf> {
    if options.program.is_none() {
        let mut build = project::cargo();
        build.args([
            "build",
            "--release",
            "--package",
            "plugin-host",
            "--example",
            "call_rate",
            "--example",
            "neighbor",
        ]);
        command::run(&mut build)?;
    }
    let file = program.with_file_name("examples").join("call_rate");
    ensure!(file.is_file(), "`{}` is missing: build the example `call_rate` of plugin-host", file.display());
    Ok(file)
}

/// What a transform loses by a hostile plugin beside it.
fn neighbor(rates: &Path, neighbor: &Path) -> Result<Value> {
    let root = project::root();
    let manifest = root.join("server/plugin-host/tests/it/manifests/hostile.toml");
    let guest = plugin_build::Guest { name: "hostile", package: "plugin-sdk", example: Some("hostile"), manifest };
    let built = plugin_build::build(root, &project::target_dir().join("test-plugins"), &[guest])?;
    let hostile = &built.first().context("the hostile plugin was not built")?.folder;
    let text = command::output(Command::new(rates.with_file_name("neighbor")).arg(neighbor).arg(hostile))?;
    serde_json::from_str(text.trim()).context("`neighbor` printed no JSON")
}

/// Builds both transforms of a language and measures them and a reload.
fn measure(program: &Path, rates: &Path, folder: &Path, language: &str, file: &str, identity: &str) -> Result<Value> {
    let build = |name: &str| -> Result<PathBuf> {
        let call = |arguments: &[&str]| command::output(Command::new(program).current_dir(folder).args(arguments));
        call(&["plugin", "new", name, "--kind", "transform", "--language", language])?;
        if name.starts_with("same") {
            fs::write(folder.join(name).join(file), identity)?;
        }
        let began = Instant::now();
        call(&["plugin", "build", name])?;
        eprintln!("built `{name}` in {:.1} s", began.elapsed().as_secs_f64());
        Ok(folder.join(name).join("dist"))
    };
    let (same, capitals) = (build(&format!("same-{language}"))?, build(&format!("capitals-{language}"))?);
    let text = command::output(Command::new(rates).arg(&same).arg(&capitals))?;
    let found: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(found.len() == 2, "`call_rate` printed {} lines", found.len());
    let reload = reload::measure(program, folder, &folder.join(format!("capitals-{language}")), file)?;
    Ok(json!({ "language": language, "same": found[0], "capitals": found[1], "reload_ms": reload }))
}

fn print(language: &str, found: &Value) {
    let same = |name: &str| found["same"][name].as_f64().unwrap_or(0.0);
    println!(
        "{language:>10} {:>5.0} KiB {:>6.0} ms {:>5.1} ms {:>8.1} µs {:>6.1} µs {:>8.1} µs {:>6.0} µs {:>7.2}M {:>5.1} MiB {:>6.0} ms",
        same("component_kib"),
        same("install_ms"),
        same("load_ms"),
        same("instantiate_us"),
        same("empty_batch_us"),
        same("batch_us"),
        found["capitals"]["batch_us"].as_f64().unwrap_or(0.0),
        found["capitals"]["rows_per_second"].as_f64().unwrap_or(0.0) / 1e6,
        same("memory_kib") / 1024.0,
        found["reload_ms"].as_f64().unwrap_or(0.0),
    );
}

/// Until a server answers, with and without many plugins; the middle of five.
fn start(count: u32, program: &Path, rates: &Path, folder: &Path, built: &Path) -> Result<Value> {
    let mut times = Vec::new();
    for (name, count) in [("none", 0), ("with", count)] {
        let data = folder.join(format!("data-{name}"));
        fs::create_dir_all(data.join("plugins"))?;
        if count > 0 {
            let dir = data.join("plugins");
            command::run(Command::new(rates).args(["--many", &count.to_string()]).arg(built).arg(dir))?;
        }
        let mut seen = Vec::new();
        for _ in 0..6 {
            let began = Instant::now();
            let server = reload::Server::start(program, &data)?;
            seen.push((began.elapsed(), server.resident_mib()));
        }
        // The first one makes the data folder.
        seen.remove(0);
        seen.sort_by_key(|(time, _)| *time);
        times.push(seen[2]);
    }
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(json!({
        "none_ms": millis(times[0].0), "with_ms": millis(times[1].0), "none_mib": times[0].1, "with_mib": times[1].1,
    }))
}
