//! Trying documents for people: the runner does it, here its rows become what is shown.

use async_trait::async_trait;
use chrono::Utc;
use data::Mode;
use data::encode::values::rows_of;
use engine::plan::Plan;
use model::{ErrorCode, Fault};
use serde_json::{Value, json};
use std::time::Duration;
use steps::Runner;
use steps::pin::{Pin, Pins};
use steps::trial::{PortSample, TrialRequest, WouldWrite};
use tokio::sync::Semaphore;
use workbench::console::PageColumn;
use workbench::trials::{MOST_ROWS, PortPage, TargetPage, Tester, TrialOptions, TrialPage};

/// How long a trial may take.
const TIME: Duration = Duration::from_secs(60);
/// How many are done at the same time; more wait.
const AT_ONCE: usize = 4;

/// Tries documents by this process's own runner.
pub(crate) struct Trials {
    runner: Runner,
    places: Semaphore,
}

impl Trials {
    pub(crate) fn new(runner: Runner) -> Self {
        Self { runner, places: Semaphore::new(AT_ONCE) }
    }
}

#[async_trait]
impl Tester for Trials {
    async fn try_out(&self, plan: &Plan, options: TrialOptions) -> Result<TrialPage, Fault> {
        let closed = |_| Fault::new(ErrorCode::Internal, "trials have ended");
        let _place = self.places.acquire().await.map_err(closed)?;
        let trigger = json!({ "kind": "manual" });
        let inputs = engine::fill_inputs(plan, options.inputs, &trigger, Utc::now())?;
        let rows = options.rows.clamp(1, MOST_ROWS);
        let mut pins = Pins::new();
        for pinned in options.pins {
            let rows = pinned.batch()?;
            pins.entry(pinned.step).or_default().push(Pin { port: pinned.port, rows });
        }
        let request = TrialRequest { up_to: options.up_to, rows, inputs, pins, time: TIME };
        let trial = self.runner.try_out(plan, &request).await?;
        let ports = trial.ports.iter().map(shown_port).collect::<data::Result<_>>().map_err(|error| *error.fault)?;
        Ok(TrialPage {
            steps: trial.steps,
            ports,
            targets: trial.targets.into_iter().map(shown_target).collect(),
            logs: trial.logs,
            timed_out: trial.timed_out,
        })
    }
}

fn shown_port(sample: &PortSample) -> data::Result<PortPage> {
    let fields = sample.schema.fields().iter();
    let columns =
        fields.map(|field| PageColumn { name: field.name().clone(), native_type: field.data_type().to_string() });
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for batch in &sample.kept {
        rows.extend(rows_of(batch)?);
    }
    Ok(PortPage {
        step: sample.step.clone(),
        port: sample.port.clone(),
        columns: columns.collect(),
        rows,
        total: sample.rows,
    })
}

fn shown_target(target: WouldWrite) -> TargetPage {
    let word = |mode: Mode| json!(mode).as_str().map(ToOwned::to_owned);
    TargetPage {
        step: target.step,
        connection: target.place.connection,
        table: target.place.table,
        plugin: target.place.plugin,
        mode: target.place.mode.and_then(word),
        rows: target.rows,
        makes_table: target.makes_table,
        missing_columns: target.missing_columns,
    }
}
