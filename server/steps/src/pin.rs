//! Pinned results: in a trial, the rows that a step gave in an earlier one are given again instead of the step doing its work.
//!
//! A pinned step is an action with no input, whatever its kind; so it may give rows by any port.

use crate::kind::{Action, ActionReport, Outputs};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::StepId;
use model::document::Step;
use serde_json::Map;
use std::collections::HashMap;

/// The rows of one port.
#[derive(Debug, Clone)]
pub struct Pin {
    /// The port.
    pub port: String,
    /// What leaves by it.
    pub rows: RecordBatch,
}

/// What is pinned, by step.
pub type Pins = HashMap<StepId, Vec<Pin>>;

/// Gives the pinned rows of a step.
pub(crate) struct Pinned {
    pub(crate) step: StepId,
    pub(crate) ports: Vec<Pin>,
}

#[async_trait]
impl Action for Pinned {
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport> {
        for Pin { port, rows } in std::mem::take(&mut self.ports) {
            let lane = Lane::new(&format!("{}.{port}", self.step));
            out.send(&port, Batch { lane, sequence: 1, checkpoint: None, records: rows }).await?;
        }
        Ok(ActionReport::default())
    }
}

/// The step without what it would read, wait for or look at.
pub(crate) fn alone(step: &Step) -> Step {
    Step { from: Vec::new(), needs: Vec::new(), condition: None, with: Map::new(), ..step.clone() }
}
