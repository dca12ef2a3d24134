//! What expressions mention: inputs and steps that exist, and only steps that have surely ended.

use super::checker::{Checker, Level, Place};
use crate::expression::{self, Reference};
use model::tree::{Content, Node};
use model::{ErrorCode, nearest};

/// What expressions may ask of the run.
const RUN: [&str; 3] = ["id", "attempt", "workflow"];

/// What expressions may ask of every step that has ended, besides its kind's outputs.
const STEP: [&str; 6] = ["status", "rows_in", "rows_out", "rows_rejected", "duration_ms", "error"];

impl Checker<'_> {
    /// Checks the `if` and the settings of a step.
    pub(super) fn check_expressions(&mut self, level: &Level<'_>, place: usize, path: &str) {
        let step = &level.graph.steps[place];
        let root = self.root;
        let condition = format!("{path}.if");
        if let (Some(code), Some(node)) = (&step.condition, root.find(&condition)) {
            let base = node.as_text().and_then(|text| text.find(code.as_str())).unwrap_or(0);
            let (references, mistakes) = expression::check_condition(code);
            self.report(node, base, &condition, &references, mistakes, &mut |checker, reference, at| {
                checker.check_reference(level, place, reference, at, &condition);
            });
        }
        let Some(with) = root.find(&format!("{path}.with")) else { return };
        let Content::Map(pairs) = &with.content else { return };
        for (key, node) in pairs {
            if !(step.uses == "foreach" && key.text == "steps") {
                self.check_value(level, place, node, &format!("{path}.with.{}", key.text));
            }
        }
    }

    fn check_value(&mut self, level: &Level<'_>, place: usize, node: &Node, path: &str) {
        match &node.content {
            Content::Text(_) => self.check_text(node, path, &mut |checker, reference, at| {
                checker.check_reference(level, place, reference, at, path);
            }),
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_value(level, place, item, &format!("{path}.{index}"));
                }
            }
            Content::Map(pairs) => {
                for (key, node) in pairs {
                    self.check_value(level, place, node, &format!("{path}.{}", key.text));
                }
            }
            _ => {}
        }
    }

    fn check_reference(&mut self, level: &Level<'_>, place: usize, found: &Reference, at: Place<'_>, path: &str) {
        match found.root.as_str() {
            "inputs" => self.check_input_name(found, at, path),
            "steps" => self.check_step_name(level, place, found, at, path),
            "run" => {
                if let Some(name) = found.name.as_deref().filter(|name| !RUN.contains(name)) {
                    let hint = "Of the run, expressions know `run.id`, `run.attempt` and `run.workflow`.";
                    let message = format!("the expression names `run.{name}`, which does not exist");
                    self.refuse_at(ErrorCode::InvalidExpression, at, path, message, hint);
                }
            }
            "item" if level.outer.is_none() => {
                let message = "the expression names `item`, which exists within a `foreach` only";
                let hint = "Move the step into the `steps` of a `foreach`.";
                self.refuse_at(ErrorCode::InvalidExpression, at, path, message, hint);
            }
            "alert" if !path.contains(".with.template") => {
                let message =
                    "the expression names `alert`, which exists within the `template` of an `alert` step only";
                self.refuse_at(
                    ErrorCode::InvalidExpression,
                    at,
                    path,
                    message,
                    "Name what the alert is about instead.",
                );
            }
            _ => {}
        }
    }

    fn check_input_name(&mut self, found: &Reference, at: Place<'_>, path: &str) {
        let outline = self.outline;
        let Some(name) = found.name.as_deref() else { return };
        let inputs = &outline.workflow.inputs;
        if inputs.iter().any(|input| input.name == name) || outline.unread.contains(name) {
            return;
        }
        let hint = match nearest(name, inputs.iter().map(|input| input.name.as_str())) {
            Some(near) => format!("Did you mean `inputs.{near}`?"),
            None => "Add it under `inputs`.".to_owned(),
        };
        let message = format!("the expression names the input `{name}`, which does not exist");
        self.refuse_at(ErrorCode::InvalidExpression, at, path, message, hint);
    }

    fn check_step_name(&mut self, level: &Level<'_>, place: usize, found: &Reference, at: Place<'_>, path: &str) {
        let refuse = |checker: &mut Self, message: String, hint: String| {
            checker.refuse_at(ErrorCode::InvalidExpression, at, path, message, hint);
        };
        let Some(name) = found.name.as_deref() else {
            let message = "the expression does not say which step it means".to_owned();
            return refuse(
                self,
                message,
                "Write `steps.<id>`, since only steps that have ended have values.".to_owned(),
            );
        };
        // A step within a `foreach` sees its neighbors and whatever the `foreach` itself sees.
        let (mut level, mut place) = (level, place);
        let other = loop {
            if let Some(other) = level.graph.place(name) {
                break other;
            }
            if level.unread.contains(name) {
                return;
            }
            let Some((outer, within)) = level.outer else {
                let ids = level.graph.steps.iter().map(|step| step.id.as_str());
                let hint = match nearest(name, ids) {
                    Some(near) => format!("Did you mean `steps.{near}`?"),
                    None => "Name the `id` of a step of this document.".to_owned(),
                };
                return refuse(self, format!("the expression names the step `{name}`, which does not exist"), hint);
            };
            (level, place) = (outer, within);
        };
        let step = &level.graph.steps[place].id;
        if other == place {
            let message = format!("step `{step}` asks for its own values before it has run");
            return refuse(self, message, "Ask for those of a step that it `needs`.".to_owned());
        }
        if level.graph.are_together(other, place) {
            let message = format!("step `{step}` asks for values of `{name}`, which runs at the same time");
            let hint = "Steps joined by `from` run together; move what depends on the values into a later step.";
            return refuse(self, message, hint.to_owned());
        }
        if !level.graph.surely_before(other, place) {
            let message = format!("step `{step}` asks for values of `{name}`, which may not have ended by then");
            return refuse(self, message, format!("Add `needs: [{name}]` to `{step}`."));
        }
        let Some(property) = found.property.as_deref() else { return };
        let Some(kind) = self.find_kind(&level.graph.steps[other].uses) else { return };
        let known = || kind.outputs.iter().map(String::as_str).chain(STEP);
        // Some kinds leave values whose names only a run knows, so only a likely slip is refused.
        if !known().any(|known| known == property)
            && let Some(near) = nearest(property, known())
        {
            let message = format!("step `{name}` leaves no value `{property}`");
            refuse(self, message, format!("Did you mean `steps.{name}.{near}`?"));
        }
    }
}
