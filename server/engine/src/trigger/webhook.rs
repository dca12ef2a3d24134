//! Which workflow a call to `/hooks/<path>` starts.

use crate::plan::Plan;
use model::document::{Trigger, WebhookTrigger};
use model::{VersionId, WorkflowId};
use std::collections::HashMap;
use std::sync::Arc;

/// A webhook that listens.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The workflow it starts.
    pub workflow: WorkflowId,
    /// The version it starts.
    pub version: VersionId,
    /// That version's plan.
    pub plan: Arc<Plan>,
    /// Its settings.
    pub trigger: WebhookTrigger,
}

/// All webhooks by path.
#[derive(Debug, Default)]
pub struct Hooks {
    by_path: HashMap<String, Hook>,
}

impl Hooks {
    /// Adds the webhooks of a workflow. The first to claim a path keeps it; the answer names paths already taken.
    pub fn add(&mut self, workflow: WorkflowId, version: VersionId, plan: &Arc<Plan>) -> Vec<String> {
        let mut taken = Vec::new();
        for trigger in &plan.workflow.triggers {
            let Trigger::Webhook(trigger) = trigger else { continue };
            if self.by_path.get(&trigger.path).is_some_and(|hook| hook.workflow != workflow) {
                taken.push(trigger.path.clone());
                continue;
            }
            let hook = Hook { workflow, version, plan: plan.clone(), trigger: trigger.clone() };
            self.by_path.insert(trigger.path.clone(), hook);
        }
        taken
    }

    /// The webhook of that path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Hook> {
        self.by_path.get(path)
    }
}
