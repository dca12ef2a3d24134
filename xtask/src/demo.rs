//! `cargo xtask demo`: builds the plugins and the server, runs the market-day workflow on good and on spoiled input,
//! and tells what happened as a person would want to read it.

mod expected;
mod report;
mod site;

use crate::project::{self, Profile};
use crate::{command, spoil};
use anyhow::{Context, Result, bail};
use expected::Expected;
use report::Run;
use serde_json::Value;
use site::Site;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The plugins that the workflow uses; the translator comes with the server and is granted nothing.
const INSTALLED: [&str; 2] = ["csv-http", "webhook"];

/// Where the workflow's stores are, and what happens at the end.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Leaves the server running at the end and tells its address.
    #[arg(long)]
    serve: bool,
    /// Address to listen on with `--serve`.
    #[arg(long, default_value = "127.0.0.1:7700")]
    listen: String,
    /// PostgreSQL for market data, instead of an SQLite file.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// MySQL or MariaDB for reference data, instead of an SQLite file.
    #[arg(long, value_name = "URL")]
    mysql: Option<String>,
    /// Redis for the look-up of airports, instead of an SQLite file.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
}

/// Builds, runs and tells.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!("Building the plugins");
    project::build_plugins(&[&INSTALLED[..], &["sql-translator"]].concat())?;
    println!("Building the server (the first time this takes minutes; cargo shows where it is)");
    let program = project::build_server(Profile::Dev)?;
    let start = Instant::now();

    let site = Site::start(&spoil::folder().join("data"))?;
    let server = Server { program, folder: project::target_dir().join("demo") };
    server.prepare(options, &site)?;

    let good = Expected::good(&spoil::folder().join("data/sp500-2000.csv"))?;
    let spoiled = Expected::spoiled(&spoil::folder().join("expected.json"))?;
    for (title, bars, expected) in
        [("Good input", "sp500-2000.csv", good), ("Spoiled input", "spoiled/sp500-2000.csv", spoiled)]
    {
        println!("\n== {title} ==\n");
        run_once(&server, options, &site, bars, &expected)?;
    }
    println!(
        "\nBoth runs did exactly what they should, in {:.1} s; what is embedded lies in {}",
        start.elapsed().as_secs_f64(),
        server.folder.display()
    );
    if options.serve { server.serve(&options.listen) } else { Ok(()) }
}

fn run_once(server: &Server, options: &Options, site: &Site, bars: &str, expected: &Expected) -> Result<()> {
    let lookup = if options.redis.is_some() { "airport:{iata}" } else { "airport_lookup" };
    let inputs = [("base", site.address()), ("bars", bars), ("lookup", lookup)];
    let run = server.run_workflow(&spoil::folder().join("workflow.yaml"), &inputs)?;
    let rejected = server.read_rejected(&run)?;
    let alerts = site.take_alerts();
    report::print_steps(&run);
    report::print_stored(&run);
    report::print_rejected(&rejected);
    report::print_differences(&run);
    report::print_alerts(&alerts);
    if !run.succeeded() {
        bail!("the run {} ended as {}", run.id(), run.status());
    }
    expected.check(&run, &rejected, alerts.len())
}

/// The server's program, and the folder that its data folder and the stores lie in.
struct Server {
    program: PathBuf,
    folder: PathBuf,
}

impl Server {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(self.folder.join("data"));
        command
    }

    fn call(&self, arguments: &[&str]) -> Result<String> {
        command::output(self.command().args(arguments))
    }

    /// A fresh folder with connections, plugins and the channel.
    fn prepare(&self, options: &Options, site: &Site) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context("cannot remove the folder of the last demo")?;
        }
        fs::create_dir_all(&self.folder)?;
        let sqlite = |name: &str| format!("sqlite://{}", self.folder.join(format!("{name}.db")).display());
        let url = |given: &Option<String>, name: &str| given.clone().unwrap_or_else(|| sqlite(name));
        for (name, url) in [
            ("history", url(&options.postgres, "history")),
            ("catalog", url(&options.mysql, "catalog")),
            ("lookup", url(&options.redis, "lookup")),
            ("rejects", sqlite("rejects")),
        ] {
            self.call(&["connection", "add", name, &url])?;
        }
        let grant = format!("http:{}", site.address());
        for plugin in &INSTALLED {
            let folder = project::plugins_dir().join(plugin);
            let folder = folder.to_str().context("the build folder's name is not UTF-8")?;
            let mut arguments = vec!["plugin", "install", folder, "--grant", &grant, "--yes"];
            if *plugin == "webhook" {
                // It signs with the time of sending.
                arguments.extend(["--grant", "clock"]);
            }
            self.call(&arguments)?;
        }
        let url = format!("url={}/alerts", site.address());
        let secret = format!("signing={}", site.secret());
        self.call(&["channel", "add", "ops", "--plugin", "webhook", "--set", &url, "--secret", &secret])?;
        Ok(())
    }

    fn run_workflow(&self, file: &Path, inputs: &[(&str, &str)]) -> Result<Run> {
        let mut command = self.command();
        command.arg("run").arg(file).arg("--json");
        for (name, value) in inputs {
            command.args(["--input", &format!("{name}={value}")]);
        }
        let output = command::capture(&mut command)?;
        let run = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`sluice run` said: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(Run::new(run))
    }

    /// What the run kept out, from the table `write` filled.
    fn read_rejected(&self, run: &Run) -> Result<Vec<Value>> {
        if run.rows_rejected() == 0 {
            return Ok(Vec::new());
        }
        let text = self.call(&["connection", "read", "rejects", "bars", "--limit", "100", "--json"])?;
        let rows: Value = serde_json::from_str(&text).context("`sluice connection read` wrote no JSON")?;
        Ok(rows.as_array().cloned().unwrap_or_default())
    }

    fn serve(&self, listen: &str) -> Result<()> {
        println!("\nStarting the server on what the runs left behind (interrupt to stop it)");
        command::run(self.command().args(["serve", "--listen", listen]))
    }
}
