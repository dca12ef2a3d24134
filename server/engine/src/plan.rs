//! What a document means: its stages, in an order in which they can run; or everything that is wrong with it.
//!
//! Pure: text and a catalog of step kinds go in, a [`Plan`] or all faults come out, each with its line and column.
//! [`check`] is the one entry; `graph` cuts the steps into stages and finds circles, `settings` holds `with` against the
//! kinds' schemas, `names` checks what expressions mention, `triggers` what starts a run.

mod checker;
mod graph;
mod names;
mod settings;
mod triggers;

use checker::Checker;
use model::document::{Retry, Step, read};
use model::kind::KindInfo;
use model::tree::{self, Limits};
use model::{Fault, StepId, Workflow};
use serde_json::{Map, Value};
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

/// Everything that is wrong with an object that a kind's schema is about: each fault with its path and whether it is
/// about the key there. For documents that are no workflows and publish a schema all the same.
#[must_use]
pub fn check_settings(object: &Map<String, Value>, kind: &KindInfo) -> Vec<(Fault, String, bool)> {
    let problems = settings::check(object, kind).into_iter();
    let told = problems.map(|problem| {
        let message = problem.message.replace("`with`", &format!("the {}", kind.name));
        let path = problem.path.trim_start_matches('.').to_owned();
        (Fault::new(problem.code, message).hint(problem.hint), path, problem.about_key)
    });
    told.collect()
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
    /// How long one attempt may take: the shortest `timeout` among its steps, where any has one, since its steps run
    /// side by side and end together.
    pub timeout: Option<Duration>,
}

/// What the text means, or everything that is wrong with it (at most 100 faults, in the text's order).
///
/// # Errors
/// Faults of the text, of its shape, and of its meaning; every one has path, line, column and hint.
pub fn check(text: &str, catalog: &dyn Catalog) -> Result<Plan, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = tree::parse(text, &Limits::default())?;
    let outline = read::read(&root);
    let mut checker = Checker::new(text, &root, &outline, catalog);
    let stages = checker.check();
    let mut faults = outline.faults.clone();
    faults.append(&mut checker.into_faults());
    if faults.is_empty() {
        return Ok(Plan { workflow: Arc::new(outline.workflow), stages });
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults.dedup();
    faults.truncate(read::MAX_FAULTS);
    Err(faults)
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
