//! The ready-made workflow `market-day`, on good and on spoiled input: exactly the spoiled rows are kept out, exactly
//! the missing days are missed, and an alert is sent for them.

use crate::program::{Sluice, find_plugin, root, skip};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tiny_http::{Method, Response, Server};

#[test]
fn good_input_is_stored_whole_and_nobody_is_told() {
    let Some(day) = MarketDay::start() else { return };
    let run = day.run("sp500-2000.csv");
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(step(&run, "checked")["outputs"]["rejected"], 0, "{run:#}");
    assert_eq!(step(&run, "stored")["outputs"]["rejected"], 0, "{run:#}");
    assert_eq!(step(&run, "same")["outputs"]["differences"], 0, "{run:#}");
    assert_eq!(step(&run, "gaps")["outputs"]["differences"], 0, "{run:#}");
    assert_eq!(day.alerts(), 0);
}

#[test]
fn every_spoiled_row_is_rejected_and_none_else() {
    let Some(day) = MarketDay::start() else { return };
    let run = day.run("spoiled/sp500-2000.csv");
    let expected: Value = serde_json::from_str(&fs::read_to_string(folder().join("expected.json")).unwrap()).unwrap();
    let mut rows: BTreeMap<(String, String), u32> = BTreeMap::new();
    for row in expected["rejected"].as_array().unwrap() {
        *rows.entry((text(&row["date"]), text(&row["rule"]))).or_default() += 1;
    }
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(day.rejected(), rows);
    // A day is missing from the store where it was never sent, and where all its rows were rejected.
    let kept: Vec<String> = day.sluice.read("history", "daily_bars").iter().map(|row| text(&row["date"])).collect();
    assert!(!kept.is_empty());
    let missing = expected["missing"].as_array().unwrap().len();
    let lost = rows.keys().filter(|(_, rule)| rule != "unique_day").count();
    assert_eq!(step(&run, "gaps")["outputs"]["differences"], missing + lost, "{run:#}");
    assert_eq!(day.alerts(), 1);
}

fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn folder() -> PathBuf {
    root().join("workflows/market-day")
}

/// A server with the workflow's connections, plugins and channel, and the web site they speak to.
struct MarketDay {
    sluice: Sluice,
    base: String,
    alerts: Arc<AtomicU64>,
}

impl MarketDay {
    fn start() -> Option<Self> {
        let sluice = Sluice::find()?;
        let (Some(source), Some(channel)) = (find_plugin("csv-http"), find_plugin("webhook")) else {
            skip("market-day needs the plugins; `cargo xtask test` builds them");
            return None;
        };
        let server = Server::http("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.server_addr().to_ip().unwrap());
        let alerts = Arc::new(AtomicU64::new(0));
        let count = alerts.clone();
        // The thread ends with the test binary.
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let answer = match request.method() {
                    Method::Post => {
                        count.fetch_add(1, Ordering::SeqCst);
                        Response::from_data(Vec::new())
                    }
                    _ => Response::from_data(fs::read(folder().join("data").join(&request.url()[1..])).unwrap()),
                };
                let _ = request.respond(answer);
            }
        });
        for name in ["history", "catalog", "lookup", "rejects"] {
            let file = sluice.folder.path().join(format!("{name}.db"));
            sluice.call(&["connection", "add", name, &format!("sqlite://{}", file.display())]);
        }
        let site = format!("http:{base}");
        for (plugin, grants) in [(source, vec![site.as_str()]), (channel, vec![site.as_str(), "clock"])] {
            let mut arguments = vec!["plugin", "install", plugin.to_str().unwrap(), "--yes"];
            grants.into_iter().for_each(|grant| arguments.extend(["--grant", grant]));
            sluice.call(&arguments);
        }
        let url = format!("url={base}/alerts");
        let secret = "signing=whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
        sluice.call(&["channel", "add", "ops", "--plugin", "webhook", "--set", &url, "--secret", secret]);
        Some(Self { sluice, base, alerts })
    }

    fn run(&self, bars: &str) -> Value {
        let inputs = [("base", self.base.as_str()), ("bars", bars)];
        let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.sluice.run(&folder().join("workflow.yaml"), &inputs)
    }

    /// How often each day was kept out by each rule.
    fn rejected(&self) -> BTreeMap<(String, String), u32> {
        let mut rows = BTreeMap::new();
        for row in self.sluice.read("rejects", "bars") {
            *rows.entry((text(&row["date"]), text(&row["_rule"]))).or_default() += 1;
        }
        rows
    }

    fn alerts(&self) -> u64 {
        self.alerts.load(Ordering::SeqCst)
    }
}
