//! Makes a [`Workflow`] of a tree and reports everything that is wrong with its shape at once.
//!
//! What can be read is read even where something else is wrong, so that the checker can go on and name faults of
//! meaning beside those of shape. [`read`] is the entry; `step.rs` beside this file reads the steps.

use super::{
    Catchup, Concurrency, CronTrigger, HookBatch, Input, InputKind, OnConflict, Trigger, WebhookTrigger, Workflow,
    parse_duration, read_steps,
};
use crate::tree::{Content, Key, Node, Position};
use crate::{ErrorCode, Fault, nearest};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::time::Duration;

/// More faults than this help nobody.
pub const MAX_FAULTS: usize = 100;

/// How long a webhook may gather calls.
const LONGEST_GATHERING: Duration = Duration::from_secs(10);

const KEYS: [&str; 9] =
    ["name", "description", "tags", "triggers", "inputs", "concurrency", "timeout", "steps", "canvas"];

/// What could be read of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The workflow; where there are faults, what could be read of it.
    pub workflow: Workflow,
    /// Names that stand for steps or inputs which could not be read, so that nobody reports them as missing as well.
    pub unread: HashSet<String>,
    /// Everything that is wrong with the document's shape.
    pub faults: Vec<Fault>,
}

/// Reads a tree as a workflow.
#[must_use]
pub fn read(root: &Node) -> Outline {
    let mut reader = Reader { faults: Vec::new(), unread: HashSet::new() };
    let workflow = reader.workflow(root);
    Outline { workflow, unread: reader.unread, faults: reader.faults }
}

/// Collects faults while the parts of a document are read.
pub struct Reader {
    pub(super) faults: Vec<Fault>,
    pub(super) unread: HashSet<String>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that has found nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self { faults: Vec::new(), unread: HashSet::new() }
    }

    /// What is wrong with all that was read, and the names that could not be read.
    #[must_use]
    pub fn finish(self) -> (Vec<Fault>, HashSet<String>) {
        (self.faults, self.unread)
    }

    /// Notes one thing that is wrong, unless there are enough already.
    pub fn refuse(&mut self, code: ErrorCode, at: Position, path: &str, message: String, hint: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(code, message).hint(hint).path(path).at(at.line, at.column));
        }
    }

    /// Says that `node` is not `wanted`: "a list", "text".
    pub fn wrong_type(&mut self, node: &Node, path: &str, wanted: &str, hint: impl Into<String>) {
        let item = path.rsplit('.').next().and_then(|segment| segment.parse::<usize>().ok());
        let subject = item.map_or_else(String::new, |index| format!("item {} of ", index + 1));
        let message = format!("{subject}`{}` must be {wanted}, not {}", last(path), node.kind());
        self.refuse(ErrorCode::InvalidValue, node.at, path, message, hint);
    }

    /// The pairs of a mapping; a fault and none where the node is something else.
    pub fn map<'n>(&mut self, node: &'n Node, path: &str, hint: &str) -> &'n [(Key, Node)] {
        match &node.content {
            Content::Map(pairs) => pairs,
            _ => {
                self.wrong_type(node, path, "a mapping", hint);
                &[]
            }
        }
    }

    /// Refuses the keys that are not among `known`.
    pub fn known_keys(&mut self, pairs: &[(Key, Node)], path: &str, known: &[&str]) {
        for (key, _) in pairs.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            if self.faults.len() >= MAX_FAULTS {
                break;
            }
            let hint = match nearest(&key.text, known.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known keys are {}.", listed(known)),
            };
            let message = format!("there is no key `{}` here", shorten(&key.text));
            self.refuse(ErrorCode::UnknownKey, key.at, &join(path, &key.text), message, hint);
        }
    }

    /// Says that the mapping at `path` lacks `key`; `of` names it: "the workflow".
    pub fn missing(&mut self, at: Position, path: &str, key: &str, of: &str, hint: &str) {
        self.refuse(ErrorCode::MissingKey, at, path, format!("{of} lacks the key `{key}`"), hint);
    }

    /// The node's text; a fault and none where it is something else.
    pub fn text<'n>(&mut self, node: &'n Node, path: &str, hint: &str) -> Option<&'n str> {
        let text = node.as_text();
        if text.is_none() {
            self.wrong_type(node, path, "text", hint);
        }
        text
    }

    /// One of a fixed set of words.
    pub fn word<T: Copy>(&mut self, node: &Node, path: &str, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = node.as_text() else {
            self.wrong_type(node, path, "a word", format!("Write one of {}.", listed(&names)));
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let hint = match nearest(text, names.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Write one of {}.", listed(&names)),
            };
            let message = format!("`{}` cannot be `{}`", last(path), shorten(text));
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, hint);
        }
        found
    }

    /// `true` or `false`; a fault and none where the node is something else.
    pub fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        if let Content::Bool(found) = node.content {
            return Some(found);
        }
        self.wrong_type(node, path, "true or false", "Write `true` or `false`, without quotes.");
        None
    }

    /// A whole number within `range`; a fault and none where the node is something else.
    pub fn whole_number(&mut self, node: &Node, path: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let hint = format!("Write a whole number from {} to {}.", range.start(), range.end());
        let Content::Number(number) = &node.content else {
            self.wrong_type(node, path, "a whole number", hint);
            return None;
        };
        let found =
            number.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| range.contains(number));
        if found.is_none() {
            let message = format!("`{}` cannot be {number}", last(path));
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, hint);
        }
        found
    }

    pub(super) fn duration(&mut self, node: &Node, path: &str, zero: bool) -> Option<Duration> {
        const HINT: &str = "Write a whole number and a unit: `500ms`, `30s`, `5m`, `2h` or `1d`.";
        let text = match &node.content {
            Content::Text(text) => text.clone(),
            Content::Number(number) => number.to_string(),
            _ => {
                self.wrong_type(node, path, "a duration", HINT);
                return None;
            }
        };
        let found = parse_duration(&text).filter(|duration| zero || !duration.is_zero());
        if found.is_none() {
            let message = format!("`{}` is not a duration that `{}` can be", shorten(&text), last(path));
            self.refuse(ErrorCode::InvalidSchedule, node.at, path, message, HINT);
        }
        found
    }

    fn workflow(&mut self, root: &Node) -> Workflow {
        let mut workflow = Workflow {
            name: String::new(),
            description: None,
            tags: Vec::new(),
            triggers: Vec::new(),
            inputs: Vec::new(),
            concurrency: None,
            timeout: None,
            steps: Vec::new(),
        };
        let Content::Map(pairs) = &root.content else {
            let message = format!("a workflow is a mapping, not {}", root.kind());
            let hint = "Begin with `name: …` and `steps: …`.";
            self.refuse(ErrorCode::InvalidValue, root.at, "", message, hint);
            return workflow;
        };
        self.known_keys(pairs, "", &KEYS);
        for (key, node) in pairs {
            match key.text.as_str() {
                "name" => workflow.name = self.workflow_name(node),
                "description" => {
                    workflow.description = self.text(node, "description", "Write a sentence.").map(ToOwned::to_owned);
                }
                "tags" => workflow.tags = self.tags(node),
                "triggers" => workflow.triggers = self.triggers(node),
                "inputs" => workflow.inputs = self.inputs(node),
                "concurrency" => workflow.concurrency = self.concurrency(node),
                "timeout" => workflow.timeout = self.duration(node, "timeout", false),
                "steps" => workflow.steps = read_steps(self, node, "steps"),
                "canvas" => self.canvas(node),
                _ => {}
            }
        }
        for key in ["name", "steps"] {
            if root.get(key).is_none() {
                self.missing(root.at, key, key, "the workflow", &format!("Add `{key}: …` at the top."));
            }
        }
        workflow
    }

    fn workflow_name(&mut self, node: &Node) -> String {
        const HINT: &str = "Use lowercase letters, digits and `-`, beginning with a letter, at most 64 characters.";
        let Some(name) = self.text(node, "name", HINT) else { return String::new() };
        let fits = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= 64
            && name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
        if !fits {
            let message = format!("`{}` cannot be the name of a workflow{}", shorten(name), odd_character(name));
            self.refuse(ErrorCode::InvalidValue, node.at, "name", message, HINT);
        }
        name.to_owned()
    }

    fn tags(&mut self, node: &Node) -> Vec<String> {
        let Some(items) = node.as_list() else {
            self.wrong_type(node, "tags", "a list of words", "Write `tags: [daily, prices]`.");
            return Vec::new();
        };
        let mut tags: Vec<String> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("tags.{index}");
            let Some(tag) = self.text(item, &path, "Write a word.") else { continue };
            if tags.iter().any(|known| known == tag) {
                let message = format!("the tag `{}` stands here twice", shorten(tag));
                self.refuse(ErrorCode::Duplicate, item.at, &path, message, "Remove one.");
            } else {
                tags.push(tag.to_owned());
            }
        }
        tags
    }

    fn triggers(&mut self, node: &Node) -> Vec<Trigger> {
        const HINT: &str = "Write `triggers:` and below it `- cron: \"30 15 * * MON-FRI\"` or `- webhook: name`.";
        let Some(items) = node.as_list() else {
            self.wrong_type(node, "triggers", "a list", HINT);
            return Vec::new();
        };
        let mut triggers = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("triggers.{index}");
            let pairs = self.map(item, &path, HINT);
            match (item.get("cron"), item.get("webhook")) {
                (Some(line), None) => triggers.extend(self.cron(pairs, line, &path)),
                (None, Some(name)) => triggers.extend(self.webhook(pairs, name, &path)),
                (Some(_), Some(name)) => {
                    let message = "a trigger is either `cron` or `webhook`, not both".to_owned();
                    self.refuse(ErrorCode::InvalidValue, name.at, &path, message, "Make two triggers of it.");
                }
                (None, None) if !pairs.is_empty() => {
                    self.known_keys(
                        pairs,
                        &path,
                        &["cron", "webhook", "timezone", "catchup", "inputs", "secret", "batch"],
                    );
                    self.missing(item.at, &path, "cron", "the trigger", HINT);
                }
                (None, None) => {}
            }
        }
        triggers
    }

    fn cron(&mut self, pairs: &[(Key, Node)], line: &Node, path: &str) -> Option<Trigger> {
        self.known_keys(pairs, path, &["cron", "timezone", "catchup", "inputs"]);
        let mut trigger = CronTrigger {
            line: String::new(),
            timezone: "UTC".to_owned(),
            catchup: Catchup::default(),
            inputs: Map::new(),
        };
        let hint = "Write five fields between quotes: `cron: \"30 15 * * MON-FRI\"`.";
        trigger.line = self.text(line, &join(path, "cron"), hint)?.to_owned();
        for (key, node) in pairs {
            let path = join(path, &key.text);
            match key.text.as_str() {
                "timezone" => {
                    let zone = self.text(node, &path, "Write an IANA name, such as `Europe/Paris`.");
                    trigger.timezone = zone.unwrap_or("UTC").to_owned();
                }
                "catchup" => {
                    let words = [("none", Catchup::None), ("latest", Catchup::Latest), ("all", Catchup::All)];
                    trigger.catchup = self.word(node, &path, &words).unwrap_or_default();
                }
                "inputs" => {
                    let pairs = self.map(node, &path, "Write `inputs: { name: value }`.");
                    trigger.inputs = pairs.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect();
                }
                _ => {}
            }
        }
        Some(Trigger::Cron(trigger))
    }

    fn webhook(&mut self, pairs: &[(Key, Node)], name: &Node, path: &str) -> Option<Trigger> {
        self.known_keys(pairs, path, &["webhook", "secret", "batch"]);
        let hint = "Write what follows `/hooks/`: letters, digits, `-`, `_`, and `/` between words.";
        let webhook = self.text(name, &join(path, "webhook"), hint)?;
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_')
        };
        if webhook.len() > 128 || !webhook.split('/').all(is_word) {
            let message = format!("`{}` cannot be a webhook's path{}", shorten(webhook), odd_character(webhook));
            self.refuse(ErrorCode::InvalidValue, name.at, &join(path, "webhook"), message, hint);
            return None;
        }
        let secret = pairs.iter().find(|(key, _)| key.text == "secret").and_then(|(_, node)| {
            let hint = "Write the name of the secret, not the secret itself.";
            self.text(node, &join(path, "secret"), hint).map(ToOwned::to_owned)
        });
        let batch = pairs.iter().find(|(key, _)| key.text == "batch");
        let batch = batch.map(|(_, node)| self.hook_batch(node, &join(path, "batch")));
        Some(Trigger::Webhook(WebhookTrigger { path: webhook.to_owned(), secret, batch }))
    }

    fn hook_batch(&mut self, node: &Node, path: &str) -> HookBatch {
        let mut batch = HookBatch::default();
        let pairs = self.map(node, path, "Write `batch: { rows: 1000, within: 200ms }`.");
        self.known_keys(pairs, path, &["rows", "within"]);
        for (key, node) in pairs {
            let path = join(path, &key.text);
            match key.text.as_str() {
                "rows" => batch.rows = self.whole_number(node, &path, 1..=10_000).unwrap_or(batch.rows),
                "within" => {
                    let within = self.duration(node, &path, false).unwrap_or(batch.within);
                    if within > LONGEST_GATHERING {
                        let message = "a webhook gathers calls for at most 10s".to_owned();
                        self.refuse(ErrorCode::InvalidValue, node.at, &path, message, "Callers wait so long.");
                    }
                    batch.within = within.min(LONGEST_GATHERING);
                }
                _ => {}
            }
        }
        batch
    }

    fn inputs(&mut self, node: &Node) -> Vec<Input> {
        let mut inputs = Vec::new();
        let pairs = self.map(node, "inputs", "Write `inputs:` and below it `day: { type: date }`.");
        for (key, node) in pairs {
            let path = join("inputs", &key.text);
            let name = key.text.as_str();
            let fits = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.len() <= 64
                && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
            if !fits {
                let message = format!("`{}` cannot be the name of an input{}", shorten(name), odd_character(name));
                let hint = "Use ASCII letters, digits and `_`, beginning with a letter, at most 64 characters.";
                self.refuse(ErrorCode::InvalidValue, key.at, &path, message, hint);
                self.unread.insert(name.to_owned());
                continue;
            }
            inputs.push(self.input(name, node, &path));
        }
        inputs
    }

    fn input(&mut self, name: &str, node: &Node, path: &str) -> Input {
        let mut input = Input {
            name: name.to_owned(),
            kind: InputKind::String,
            default: None,
            description: None,
            options: Vec::new(),
        };
        if node.as_text().is_some() {
            input.kind = self.word(node, path, &INPUT_KINDS).unwrap_or(InputKind::String);
            return input;
        }
        let pairs = self.map(node, path, "Write `{ type: date, default: … }`, or the type alone.");
        self.known_keys(pairs, path, &["type", "default", "description", "options"]);
        if let Some(kind) = node.get("type") {
            input.kind = self.word(kind, &join(path, "type"), &INPUT_KINDS).unwrap_or(InputKind::String);
        }
        if let Some(text) = node.get("description") {
            input.description = self.text(text, &join(path, "description"), "Write a sentence.").map(ToOwned::to_owned);
        }
        if let Some(options) = node.get("options") {
            let path = join(path, "options");
            let Some(items) = options.as_list().filter(|items| !items.is_empty()) else {
                let message = "`options` must be a list with at least one value".to_owned();
                self.refuse(ErrorCode::InvalidValue, options.at, &path, message, "List the values that are allowed.");
                return input;
            };
            for (index, item) in items.iter().enumerate() {
                self.input_value(input.kind, item, &format!("{path}.{index}"));
            }
            input.options = items.iter().map(Node::to_value).collect();
        }
        if let Some(default) = node.get("default") {
            let path = join(path, "default");
            if self.input_value(input.kind, default, &path) {
                let value = default.to_value();
                let is_expression = default.as_text().is_some_and(|text| text.contains("${{"));
                if !input.options.is_empty() && !is_expression && !input.options.contains(&value) {
                    let message = format!("the default of input `{name}` is not among its options");
                    self.refuse(ErrorCode::InvalidValue, default.at, &path, message, "Add it to `options`.");
                }
                input.default = Some(value);
            }
        }
        input
    }

    /// Whether the node holds what an input of that kind may hold; text with an expression is settled when a run starts.
    fn input_value(&mut self, kind: InputKind, node: &Node, path: &str) -> bool {
        if node.as_text().is_some_and(|text| text.contains("${{")) {
            return true;
        }
        if let Some(wanted) = kind.refuses(&node.to_value()) {
            self.wrong_type(node, path, wanted, format!("Write {wanted}, or change the input's `type`."));
            return false;
        }
        true
    }

    fn concurrency(&mut self, node: &Node) -> Option<Concurrency> {
        if matches!(node.content, Content::Number(_)) {
            let limit = self.whole_number(node, "concurrency", 1..=1000)?;
            return Some(Concurrency { limit, on_conflict: OnConflict::default() });
        }
        let pairs = self.map(node, "concurrency", "Write `{ limit: 1, on_conflict: queue }`.");
        self.known_keys(pairs, "concurrency", &["limit", "on_conflict"]);
        let on_conflict = node.get("on_conflict").and_then(|node| {
            let words = [
                ("queue", OnConflict::Queue),
                ("skip", OnConflict::Skip),
                ("cancel_running", OnConflict::CancelRunning),
            ];
            self.word(node, "concurrency.on_conflict", &words)
        });
        let Some(limit) = node.get("limit") else {
            if !pairs.is_empty() {
                self.missing(node.at, "concurrency", "limit", "`concurrency`", "Say how many runs may go on at once.");
            }
            return None;
        };
        let limit = self.whole_number(limit, "concurrency.limit", 1..=1000)?;
        Some(Concurrency { limit, on_conflict: on_conflict.unwrap_or_default() })
    }
}

const INPUT_KINDS: [(&str, InputKind); 8] = [
    ("string", InputKind::String),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
    ("date", InputKind::Date),
    ("datetime", InputKind::Datetime),
    ("array", InputKind::Array),
    ("object", InputKind::Object),
];

impl InputKind {
    /// What the input wants instead, where it cannot hold `value`.
    #[must_use]
    pub fn refuses(self, value: &Value) -> Option<&'static str> {
        let text = value.as_str();
        let (fits, wanted) = match self {
            Self::String => (value.is_string(), "text"),
            Self::Integer => (value.is_i64() || value.is_u64(), "a whole number"),
            Self::Number => (value.is_number(), "a number"),
            Self::Boolean => (value.is_boolean(), "`true` or `false`"),
            Self::Date => (
                text.is_some_and(|text| {
                    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
                }),
                "a date such as `2024-01-31`",
            ),
            Self::Datetime => (
                text.is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
                "a moment such as `2024-01-31T09:30:00Z`",
            ),
            Self::Array => (value.is_array(), "a list"),
            Self::Object => (value.is_object(), "a mapping"),
        };
        (!fits).then_some(wanted)
    }
}

/// The last word of a path that is no number, to name what a fault is about.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').find(|word| word.parse::<usize>().is_err()).unwrap_or(path)
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// At most 40 characters of the text, for messages.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Names the first character that is not ASCII, since it may look like one that is.
pub(super) fn odd_character(text: &str) -> String {
    text.chars()
        .find(|char| !char.is_ascii())
        .map_or_else(String::new, |odd| format!(": `{odd}` is U+{:04X}, not an ASCII letter", u32::from(odd)))
}
