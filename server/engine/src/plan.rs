//! What a document means: its stages, in an order in which they can run; or everything that is wrong with it.
//!
//! Pure: text and a catalog of step kinds go in, a [`Plan`] or all faults come out, each with its line and column.
//! [`check`] is the one entry; `stages` cuts the graph, `circle` looks for steps that wait for each other,
//! `settings` holds `with` against the kinds' schemas, `names` checks what expressions mention.

use model::document::{Retry, Step};
use model::kind::KindInfo;
use model::{Fault, StepId, Workflow};
use std::sync::Arc;
use std::time::Duration;

/// The step kinds there are, as the checker sees them.
pub trait Catalog: Send + Sync {
    /// What is published of the kind that `uses` names.
    fn find_kind(&self, uses: &str) -> Option<KindInfo>;
    /// The names of all kinds, for "did you mean".
    fn kind_names(&self) -> Vec<String>;
    /// Faults of a step's settings that a JSON Schema cannot see. Paths are relative to the step: `with.rules.0.when`.
    fn check(&self, step: &Step) -> Vec<Fault>;
}

/// A checked document.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The document.
    pub workflow: Arc<Workflow>,
    /// Its stages; each stands after those it needs.
    pub stages: Vec<Stage>,
}

impl Plan {
    /// The stage that the step belongs to.
    #[must_use]
    pub fn stage_of(&self, step: &StepId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.steps.contains(step))
    }
}

/// Steps that are joined by data edges and run as one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its steps; each stands after those whose batches it gets.
    pub steps: Vec<StepId>,
    /// Steps of other stages that must have ended first.
    pub needs: Vec<StepId>,
    /// How often and when the stage is tried again: the most `attempts`, the longest `backoff` and the longest `max`
    /// among the steps that ask for a retry, since a stage is only ever tried as a whole.
    pub retry: Retry,
    /// How long one attempt may take: the longest `timeout` among its steps, where any has one, since its steps run
    /// side by side. A step's own `timeout` is kept by the runner.
    pub timeout: Option<Duration>,
}

/// Checks a document.
///
/// # Errors
/// All its faults.
pub fn check(text: &str, catalog: &dyn Catalog) -> Result<Plan, Vec<Fault>> {
    let _ = (text, catalog);
    Err(vec![Fault::new(model::ErrorCode::Internal, "the checker is being written")])
}
