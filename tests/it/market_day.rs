//! The ready-made workflow `market-day`, on good and on spoiled input: exactly the spoiled rows are kept out, exactly
//! the missing days are missed, and an alert is sent for them.

use crate::program::{Sluice, find_plugin, root, skip};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
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
    let rules = &step(&run, "stored")["outputs"]["rules"];
    assert_eq!(*rules, json!({ "market": 5105, "reference": 3376, "film": 3201 }), "{run:#}");
    for (connection, table, rows) in [
        ("history", "daily_bars", 5105),
        ("catalog", "airports", 3376),
        ("lookup", "airport_lookup", 3376),
        ("catalog", "films", 3201),
    ] {
        assert_eq!(day.count(connection, table), rows, "`{table}` of `{connection}`");
    }
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
    assert!(day.sluice.read("rejects", "bars").iter().all(|row| !text(&row["_reason"]).is_empty()));
    let kept = expected["rows"].as_u64().unwrap() - rows.values().copied().map(u64::from).sum::<u64>();
    assert_eq!(day.count("history", "daily_bars"), kept);
    // A day is missing from the store where it was never sent, and where all its rows were rejected.
    let never_sent = expected["missing"].as_array().unwrap().iter().map(text);
    let refused = rows.keys().filter(|(_, rule)| rule != "unique_day").map(|(day, _)| day.clone());
    let missed: BTreeSet<String> = never_sent.chain(refused).collect();
    let outputs = &step(&run, "gaps")["outputs"];
    assert_eq!(outputs["differences"], missed.len(), "{run:#}");
    let told = outputs["sample"]["missing"].as_array().unwrap().iter().map(|row| text(&row["date"]));
    assert_eq!(told.collect::<BTreeSet<String>>(), missed);
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

    /// How many rows a table holds.
    fn count(&self, connection: &str, table: &str) -> u64 {
        let text = self.sluice.call(&["connection", "read", connection, table, "--limit", "100000", "--json"]);
        serde_json::from_str::<Vec<Value>>(&text).unwrap().len() as u64
    }

    fn alerts(&self) -> u64 {
        self.alerts.load(Ordering::SeqCst)
    }
}
