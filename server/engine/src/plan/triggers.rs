//! What starts runs, and what they are given: cron lines, webhooks, inputs and their defaults.

use super::checker::{Checker, Place};
use crate::expression::Reference;
use crate::trigger::cron::{CronError, CronSchedule};
use chrono::{DateTime, Utc};
use model::document::{CronTrigger, Trigger};
use model::tree::{Content, Node};
use model::{ErrorCode, nearest};

impl Checker<'_> {
    /// Checks what the inputs' defaults and options say.
    pub(super) fn check_inputs(&mut self) {
        let root = self.root;
        for input in &self.outline.workflow.inputs {
            let path = format!("inputs.{}.default", input.name);
            if let Some(node) = root.find(&path) {
                self.check_early(node, &path, "an input's default");
            }
        }
    }

    /// Checks text that is rendered before a run has values: only functions may be used.
    fn check_early(&mut self, node: &Node, path: &str, what: &str) {
        match &node.content {
            Content::Text(_) => {
                let mut judge = |checker: &mut Self, found: &Reference, at: Place<'_>| {
                    let message = format!("{what} cannot use `{}`, which does not exist before the run", found.root);
                    let hint = "Use functions such as `today()` only.";
                    checker.refuse_at(ErrorCode::InvalidExpression, at, path, message, hint);
                };
                self.check_text(node, path, &mut judge);
            }
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_early(item, &format!("{path}.{index}"), what);
                }
            }
            Content::Map(pairs) => {
                for (key, node) in pairs {
                    self.check_early(node, &format!("{path}.{}", key.text), what);
                }
            }
            _ => {}
        }
    }

    /// Checks what starts a run.
    pub(super) fn check_triggers(&mut self) {
        let root = self.root;
        let Some(nodes) = root.get("triggers").and_then(Node::as_list) else { return };
        let is_right = |node: &&Node| node.get("cron").is_some() != node.get("webhook").is_some();
        if nodes.iter().filter(is_right).count() != self.outline.workflow.triggers.len() {
            // One of them could not be read, so that places no longer match; its fault is reported already.
            return;
        }
        let mut hooks: Vec<&str> = Vec::new();
        let right = nodes.iter().enumerate().filter(|(_, node)| is_right(node));
        for ((index, _), trigger) in right.zip(&self.outline.workflow.triggers) {
            let path = format!("triggers.{index}");
            match trigger {
                Trigger::Cron(cron) => self.check_cron(cron, &path),
                Trigger::Webhook(hook) if hooks.contains(&hook.path.as_str()) => {
                    let message = format!("two triggers listen on `{}`", hook.path);
                    self.refuse(ErrorCode::Duplicate, &format!("{path}.webhook"), message, "Remove one.");
                }
                Trigger::Webhook(hook) => hooks.push(&hook.path),
            }
        }
    }

    fn check_cron(&mut self, cron: &CronTrigger, path: &str) {
        match CronSchedule::parse(&cron.line, &cron.timezone) {
            Err(error @ CronError::Timezone(_)) => {
                let hint = chrono_tz::TZ_VARIANTS
                    .iter()
                    .map(|zone| zone.name())
                    .find(|zone| zone.eq_ignore_ascii_case(&cron.timezone))
                    .or_else(|| nearest(&cron.timezone, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())))
                    .map_or_else(
                        || "Write an IANA name, such as `Europe/Paris` or `UTC`.".to_owned(),
                        |near| format!("Did you mean `{near}`?"),
                    );
                self.refuse(ErrorCode::InvalidSchedule, &format!("{path}.timezone"), error.to_string(), hint);
                // The line is checked all the same.
                if cron.timezone != "UTC" {
                    self.check_cron(&CronTrigger { timezone: "UTC".to_owned(), ..cron.clone() }, path);
                    return;
                }
            }
            Err(CronError::Line(line, why)) => {
                // The crate draws a caret under the line; its last line says what is wrong.
                let says = |line: &&str| !matches!(line.trim(), "" | "^") && !line.contains(&cron.line);
                let why = why.lines().rfind(says).unwrap_or("a field is not a number, range, list or `*`");
                let why = why.trim_end_matches('.').replace('\'', "`");
                let mut chars = why.chars();
                let first = chars.next().map(|first| first.to_ascii_lowercase());
                let message = format!(
                    "cron line `{line}` cannot be read: {}{}",
                    first.map_or_else(String::new, String::from),
                    chars.as_str()
                );
                let hint = "Write minute, hour, day, month, weekday, as in `30 15 * * MON-FRI`.";
                self.refuse(ErrorCode::InvalidSchedule, &format!("{path}.cron"), message, hint);
            }
            Err(error) => {
                let hint = "Write minute, hour, day, month, weekday, as in `30 15 * * MON-FRI`.";
                self.refuse(ErrorCode::InvalidSchedule, &format!("{path}.cron"), error.to_string(), hint);
            }
            Ok(schedule) => {
                // Any moment will do: a line that fires at all fires within the calendar's cycle.
                if schedule.next_after(DateTime::<Utc>::UNIX_EPOCH + chrono::Days::new(19_723)).is_none() {
                    let message = format!("cron line `{}` never fires", cron.line);
                    let hint = "Look at the day and month: some pairs are in no calendar.";
                    self.refuse(ErrorCode::InvalidSchedule, &format!("{path}.cron"), message, hint);
                }
            }
        }
        self.check_cron_inputs(cron, path);
    }

    fn check_cron_inputs(&mut self, cron: &CronTrigger, path: &str) {
        let (root, outline) = (self.root, self.outline);
        let inputs = &outline.workflow.inputs;
        for (name, value) in &cron.inputs {
            let path = format!("{path}.inputs.{name}");
            let Some(input) = inputs.iter().find(|input| &input.name == name) else {
                if !outline.unread.contains(name) {
                    let hint = match nearest(name, inputs.iter().map(|input| input.name.as_str())) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Add it under the workflow's `inputs`.".to_owned(),
                    };
                    let at = root.locate(&path, true);
                    let message = format!("the workflow has no input `{name}`");
                    self.refuse_at(ErrorCode::InvalidInput, at, &path, message, hint);
                }
                continue;
            };
            let is_expression = value.as_str().is_some_and(crate::expression::has_expression);
            if let Some(wanted) = input.kind.refuses(value).filter(|_| !is_expression) {
                let message = format!("the input `{name}` must be {wanted}");
                self.refuse(ErrorCode::InvalidInput, &path, message, format!("Write {wanted}."));
            } else if !(is_expression || input.options.is_empty() || input.options.contains(value)) {
                let message = format!("the value of input `{name}` is not among its options");
                self.refuse(ErrorCode::InvalidInput, &path, message, "Choose one of its `options`.");
            }
            if let Some(node) = root.find(&path) {
                self.check_early(node, &path, "a trigger's input");
            }
        }
        for input in inputs.iter().filter(|input| input.default.is_none()) {
            let unreadable = root.find(&format!("inputs.{}.default", input.name)).is_some();
            if !cron.inputs.contains_key(&input.name) && !unreadable {
                let message =
                    format!("the trigger starts runs without the input `{}`, which has no default", input.name);
                let hint = format!("Give it under the trigger's `inputs`, or give `{}` a `default`.", input.name);
                self.refuse(ErrorCode::InvalidInput, path, message, hint);
            }
        }
    }
}
