//! Reads steps, at the top of a document and within a `foreach`.

use super::read::{Reader, join, odd_character, shorten};
use super::{OnError, PortRef, Retry, Step};
use crate::tree::{Content, Node};
use crate::{ErrorCode, StepId};
use std::time::Duration;

/// The most steps a list may have.
const MAX_STEPS: usize = 1000;

const KEYS: [&str; 10] = ["id", "uses", "name", "from", "needs", "if", "with", "retry", "timeout", "on_error"];

const ID_HINT: &str = "Use lowercase ASCII letters, digits and `_`, beginning with a letter, at most 64 characters.";

/// Reads a list of steps that stands at `path`.
pub fn read_steps(reader: &mut Reader, node: &Node, path: &str) -> Vec<Step> {
    let hint = "Write `steps:` and below it `- id: …`, `uses: …`.";
    let Some(items) = node.as_list() else {
        reader.wrong_type(node, path, "a list of steps", hint);
        return Vec::new();
    };
    if items.is_empty() {
        let message = "a workflow needs at least one step".to_owned();
        reader.refuse(ErrorCode::InvalidValue, node.at, path, message, hint);
    }
    if items.len() > MAX_STEPS {
        let message = format!("there are {} steps; at most {MAX_STEPS} are allowed", items.len());
        let hint = "Split the workflow, or let a `foreach` repeat steps.";
        reader.refuse(ErrorCode::DocumentTooLarge, node.at, path, message, hint);
        return Vec::new();
    }
    let mut steps: Vec<Step> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(step) = reader.step(item, path, index) else { continue };
        if let Some(first) = steps.iter().find(|known| known.id == step.id) {
            let place = item.get("id").map_or(item.at, |id| id.at);
            let message = format!("two steps are called `{}`", first.id);
            let hint = "Give one of them another `id`.";
            reader.refuse(ErrorCode::Duplicate, place, &format!("{path}.{index}.id"), message, hint);
        } else {
            steps.push(step);
        }
    }
    steps
}

impl Reader {
    fn step(&mut self, node: &Node, path: &str, index: usize) -> Option<Step> {
        let by_number = format!("{path}.{index}");
        let pairs = self.map(node, &by_number, "Write `- id: …`, `uses: …`.");
        if pairs.is_empty() {
            if matches!(node.content, Content::Map(_)) {
                self.missing(node.at, &by_number, "id", "the step", "Give the step an `id` and say what it `uses`.");
            }
            return None;
        }
        let id = self.step_id(node, &by_number);
        let path = id.as_ref().map_or(by_number, |id| join(path, id.as_str()));
        self.known_keys(pairs, &path, &KEYS);
        // A step whose id cannot be read is still read, for the sake of its other faults.
        let mut step = Step {
            id: id.clone().or_else(|| StepId::new("unreadable"))?,
            uses: String::new(),
            name: None,
            from: Vec::new(),
            needs: Vec::new(),
            condition: None,
            with: serde_json::Map::new(),
            retry: None,
            timeout: None,
            on_error: OnError::default(),
        };
        if node.get("uses").is_none() {
            let of = id.as_ref().map_or_else(|| "the step".to_owned(), |id| format!("step `{id}`"));
            self.missing(node.at, &path, "uses", &of, "Say what the step does: `uses: fetch`.");
        }
        for (key, node) in pairs {
            let path = join(&path, &key.text);
            match key.text.as_str() {
                "uses" => {
                    let uses = self.text(node, &path, "Name a step kind, or `plugin/<name>`.");
                    step.uses = uses.unwrap_or_default().to_owned();
                    if uses == Some("") {
                        let message = "`uses` is empty".to_owned();
                        self.refuse(ErrorCode::InvalidValue, node.at, &path, message, "Name a step kind.");
                    }
                }
                "name" => step.name = self.text(node, &path, "Write a title.").map(ToOwned::to_owned),
                "from" => step.from = self.ports(node, &path),
                "needs" => step.needs = self.needs(node, &path),
                "if" => step.condition = self.condition(node, &path),
                "with" if node.content == Content::Null => {}
                "with" => {
                    let pairs = self.map(node, &path, "Write the settings as `key: value` below `with:`.");
                    step.with = pairs.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect();
                }
                "retry" => step.retry = self.retry(node, &path),
                "timeout" => step.timeout = self.duration(node, &path, false),
                "on_error" => {
                    let words = [("fail", OnError::Fail), ("continue", OnError::Continue), ("reject", OnError::Reject)];
                    step.on_error = self.word(node, &path, &words).unwrap_or_default();
                }
                _ => {}
            }
        }
        id.map(|_| step)
    }

    fn step_id(&mut self, node: &Node, path: &str) -> Option<StepId> {
        let Some(id) = node.get("id") else {
            self.missing(node.at, path, "id", "the step", "Give each step an `id`.");
            return None;
        };
        let path = join(path, "id");
        let text = self.text(id, &path, ID_HINT)?;
        let read = StepId::new(text);
        if read.is_none() {
            let message = format!("`{}` cannot be the id of a step{}", shorten(text), odd_character(text));
            self.refuse(ErrorCode::InvalidValue, id.at, &path, message, ID_HINT);
            self.unread.insert(text.to_owned());
        }
        read
    }

    /// One text or a list of texts, each with its place.
    fn texts<'n>(&mut self, node: &'n Node, path: &str, hint: &str) -> Vec<(&'n str, &'n Node)> {
        if let Some(text) = node.as_text() {
            return vec![(text, node)];
        }
        let Some(items) = node.as_list() else {
            self.wrong_type(node, path, "the name of a step or a list of them", hint);
            return Vec::new();
        };
        let mut texts: Vec<(&str, &Node)> = Vec::new();
        for item in items {
            let Some(text) = self.text(item, path, hint) else { continue };
            if texts.iter().any(|(known, _)| *known == text) {
                let message = format!("`{}` stands here twice", shorten(text));
                self.refuse(ErrorCode::Duplicate, item.at, path, message, "Remove one.");
            } else {
                texts.push((text, item));
            }
        }
        texts
    }

    fn ports(&mut self, node: &Node, path: &str) -> Vec<PortRef> {
        const HINT: &str = "Write a step's id, or its id and a port: `checked.rejected`.";
        let mut ports = Vec::new();
        for (text, node) in self.texts(node, path, HINT) {
            let (step, port) = text.split_once('.').map_or((text, None), |(step, port)| (step, Some(port)));
            match (StepId::new(step), port.map(StepId::new)) {
                (Some(step), None) => ports.push(PortRef { step, port: None }),
                (Some(step), Some(Some(port))) => {
                    ports.push(PortRef { step, port: Some(port.as_str().to_owned()) });
                }
                _ if self.unread.contains(step) => {}
                _ => {
                    let message = format!("`{}` names no step or port{}", shorten(text), odd_character(text));
                    self.refuse(ErrorCode::InvalidValue, node.at, path, message, HINT);
                }
            }
        }
        ports
    }

    fn needs(&mut self, node: &Node, path: &str) -> Vec<StepId> {
        const HINT: &str = "Write the ids of steps, without ports: `needs: [stored]`.";
        let mut needs = Vec::new();
        for (text, node) in self.texts(node, path, HINT) {
            match StepId::new(text) {
                Some(id) => needs.push(id),
                None if self.unread.contains(text) => {}
                None => {
                    let message = format!("`{}` names no step{}", shorten(text), odd_character(text));
                    self.refuse(ErrorCode::InvalidValue, node.at, path, message, HINT);
                }
            }
        }
        needs
    }

    /// The code of an `if`, with or without its `${{ }}`.
    fn condition(&mut self, node: &Node, path: &str) -> Option<String> {
        const HINT: &str = "Write `if: \"${{ steps.same.differences > 0 }}\"`.";
        if let Content::Bool(bool) = node.content {
            return Some(bool.to_string());
        }
        let text = self.text(node, path, HINT)?.trim();
        let inner = text.strip_prefix("${{").and_then(|text| text.strip_suffix("}}"));
        let code = inner.unwrap_or(text).trim();
        if code.contains("${{") {
            let message = "`if` must be one expression".to_owned();
            self.refuse(ErrorCode::InvalidExpression, node.at, path, message, HINT);
            return None;
        }
        if code.is_empty() {
            self.refuse(ErrorCode::InvalidExpression, node.at, path, "`if` is empty".to_owned(), HINT);
            return None;
        }
        Some(code.to_owned())
    }

    fn retry(&mut self, node: &Node, path: &str) -> Option<Retry> {
        let mut retry = Retry { attempts: 3, ..Retry::default() };
        if matches!(node.content, Content::Number(_)) {
            retry.attempts = self.whole_number(node, path, 1..=100)?;
            return Some(retry);
        }
        let pairs = self.map(node, path, "Write `{ attempts: 3, backoff: 2s, max: 1m }`.");
        self.known_keys(pairs, path, &["attempts", "backoff", "max"]);
        for (key, node) in pairs {
            let path = join(path, &key.text);
            match key.text.as_str() {
                "attempts" => retry.attempts = self.whole_number(node, &path, 1..=100).unwrap_or(1),
                "backoff" => retry.backoff = self.duration(node, &path, true).unwrap_or(retry.backoff),
                "max" => retry.max = self.duration(node, &path, true).unwrap_or(retry.max),
                _ => {}
            }
        }
        if node.get("max").is_some() && retry.max < retry.backoff {
            let at = node.get("max").map_or(node.at, |node| node.at);
            let message = "`max` is shorter than `backoff`".to_owned();
            let hint = "`max` bounds the delay, which begins with `backoff` and doubles.";
            self.refuse(ErrorCode::InvalidValue, at, &join(path, "max"), message, hint);
        }
        // A `backoff` beyond the usual `max` would otherwise be cut down silently.
        retry.max = retry.max.max(retry.backoff).min(Duration::from_secs(366 * 24 * 3600));
        Some(retry)
    }
}
