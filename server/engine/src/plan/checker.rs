//! Goes through a document's steps and collects what is wrong with their meaning.

use super::graph::Graph;
use super::{Catalog, Stage, settings};
use crate::expression;
use model::document::read::{MAX_FAULTS, Outline, Reader};
use model::document::{OnError, PortRef, Step, read_steps};
use model::kind::{Inputs, KindInfo};
use model::tree::{Node, Position, place_within};
use model::{ErrorCode, Fault, nearest};
use std::collections::{HashMap, HashSet};

/// How many texts with expressions a document may have: each is compiled.
const MAX_EXPRESSIONS: usize = 2000;

/// A place within a text, found only when a fault needs it.
#[derive(Clone, Copy)]
pub(super) struct Place<'n> {
    source: &'n str,
    node: &'n Node,
    offset: usize,
}

impl From<Place<'_>> for Position {
    fn from(place: Place<'_>) -> Self {
        place_within(place.source, place.node, place.offset)
    }
}

/// What is known while a document is checked.
pub(super) struct Checker<'a> {
    pub(super) source: &'a str,
    pub(super) root: &'a Node,
    pub(super) outline: &'a Outline,
    catalog: &'a dyn Catalog,
    kinds: HashMap<String, Option<KindInfo>>,
    faults: Vec<Fault>,
    /// How many expressions were looked at.
    expressions: usize,
}

/// A list of steps that is being checked.
pub(super) struct Level<'a> {
    pub(super) graph: Graph<'a>,
    /// Where the list stands: `steps`, or `steps.each.with.steps`.
    pub(super) path: String,
    /// Names of steps that could not be read.
    pub(super) unread: HashSet<String>,
    /// For the steps of a `foreach`: the list it belongs to and its place there.
    pub(super) outer: Option<(&'a Level<'a>, usize)>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(source: &'a str, root: &'a Node, outline: &'a Outline, catalog: &'a dyn Catalog) -> Self {
        Self { source, root, outline, catalog, kinds: HashMap::new(), faults: Vec::new(), expressions: 0 }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// A fault about the value at `path`.
    pub(super) fn refuse(&mut self, code: ErrorCode, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        if !self.is_full() {
            let at = self.root.locate(path, false);
            self.refuse_at(code, at, path, message, hint);
        }
    }

    /// Whether so much is wrong that more would help nobody.
    fn is_full(&self) -> bool {
        self.faults.len() > MAX_FAULTS
    }

    pub(super) fn refuse_at(
        &mut self,
        code: ErrorCode,
        at: impl Into<Position>,
        path: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if self.is_full() {
            return;
        }
        let at = at.into();
        self.faults.push(Fault::new(code, message).hint(hint).path(path).at(at.line, at.column));
    }

    pub(super) fn check(&mut self) -> Vec<Stage> {
        self.check_inputs();
        self.check_triggers();
        let outline = self.outline;
        let level = Level {
            graph: Graph::new(&outline.workflow.steps),
            path: "steps".to_owned(),
            unread: outline.unread.clone(),
            outer: None,
        };
        self.check_level(&level)
    }

    fn check_level(&mut self, level: &Level<'_>) -> Vec<Stage> {
        let has_circle = self.check_circles(level);
        for place in 0..level.graph.steps.len() {
            if self.is_full() {
                break;
            }
            self.check_step(level, place);
        }
        if has_circle { Vec::new() } else { level.graph.stages() }
    }

    pub(super) fn find_kind(&mut self, uses: &str) -> Option<KindInfo> {
        if let Some(found) = self.kinds.get(uses) {
            return found.clone();
        }
        let found = self.catalog.find_kind(uses);
        self.kinds.insert(uses.to_owned(), found.clone());
        found
    }

    fn check_step(&mut self, level: &Level<'_>, place: usize) {
        let step = &level.graph.steps[place];
        let path = format!("{}.{}", level.path, step.id);
        self.check_edges(level, place, &path);
        let kind = self.find_kind(&step.uses);
        match &kind {
            None if step.uses.is_empty() => {}
            None => self.unknown_kind(step, &path),
            Some(kind) => {
                self.check_kind(step, kind, &path);
                self.check_settings(step, kind, &path);
            }
        }
        self.check_expressions(level, place, &path);
        if step.uses == "foreach" {
            self.check_nested(level, place, &path);
        }
    }

    fn unknown_kind(&mut self, step: &Step, path: &str) {
        let names = self.catalog.kind_names();
        let hint = match nearest(&step.uses, names.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if step.uses.starts_with("plugin/") => "Install the plugin first.".to_owned(),
            None => "The page on steps lists the kinds there are; a plugin's kind is `plugin/<name>`.".to_owned(),
        };
        let uses: String = step.uses.chars().take(60).collect();
        let message = format!("step `{}` uses `{uses}`, which is no step kind", step.id);
        self.refuse(ErrorCode::UnknownStepKind, &format!("{path}.uses"), message, hint);
    }

    fn check_kind(&mut self, step: &Step, kind: &KindInfo, path: &str) {
        let (id, uses) = (&step.id, &step.uses);
        let has_from = self.root.find(&format!("{path}.from")).is_some();
        match kind.inputs {
            Inputs::None if has_from => {
                let message = format!("step `{id}` takes no batches, so it cannot have `from`");
                let hint = format!("Use `needs` to make `{uses}` wait for a step.");
                self.refuse(ErrorCode::InvalidValue, &format!("{path}.from"), message, hint);
            }
            Inputs::Required if !has_from => {
                let message = format!("step `{id}` lacks the key `from`");
                let hint = format!("Name the step whose batches `{uses}` works on.");
                self.refuse(ErrorCode::MissingKey, path, message, hint);
            }
            _ => {}
        }
        if step.on_error == OnError::Reject && !kind.ports.iter().any(|port| port == "rejected") {
            let message = format!("step `{id}` cannot reject rows, since `{uses}` has no port `rejected`");
            let hint = "Write `on_error: fail` or `on_error: continue`.";
            self.refuse(ErrorCode::InvalidValue, &format!("{path}.on_error"), message, hint);
        }
    }

    fn check_edges(&mut self, level: &Level<'_>, place: usize, path: &str) {
        let step = &level.graph.steps[place];
        for port in &step.from {
            let spelled = match &port.port {
                Some(name) => format!("{}.{name}", port.step),
                None => port.step.to_string(),
            };
            let at = self.place_of(&format!("{path}.from"), &spelled);
            match level.graph.place(port.step.as_str()) {
                Some(source) => self.check_port(&level.graph.steps[source], port, at, path),
                None => self.step_not_found(level, port.step.as_str(), at, &format!("{path}.from")),
            }
        }
        for need in &step.needs {
            if level.graph.place(need.as_str()).is_none() {
                let at = self.place_of(&format!("{path}.needs"), need.as_str());
                self.step_not_found(level, need.as_str(), at, &format!("{path}.needs"));
            }
        }
    }

    /// Where `word` stands in the text or list of texts at `path`.
    fn place_of(&self, path: &str, word: &str) -> Position {
        let node = self.root.find(path);
        let items = node.and_then(Node::as_list).unwrap_or_default();
        let item = items.iter().find(|item| item.as_text() == Some(word));
        item.or(node).map_or_else(|| self.root.locate(path, false), |node| node.at)
    }

    fn step_not_found(&mut self, level: &Level<'_>, id: &str, at: Position, path: &str) {
        if level.unread.contains(id) {
            return;
        }
        let ids = level.graph.steps.iter().map(|step| step.id.as_str());
        let hint = match nearest(id, ids) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if level.outer.is_some() => "Steps within a `foreach` can only name each other here.".to_owned(),
            None => "Name the `id` of a step of this document.".to_owned(),
        };
        self.refuse_at(ErrorCode::StepNotFound, at, path, format!("there is no step `{id}`"), hint);
    }

    fn check_port(&mut self, source: &Step, port: &PortRef, at: Position, path: &str) {
        let Some(kind) = self.find_kind(&source.uses) else { return };
        let mut ports = kind.ports.clone();
        if kind.named_ports {
            named_ports(&serde_json::Value::Object(source.with.clone()), &mut ports);
        }
        let path = format!("{path}.from");
        let Some(wanted) = port.port.as_deref() else {
            if ports.is_empty() {
                let message = format!("step `{}` sends no batches, since its kind is `{}`", source.id, source.uses);
                let hint = format!("Use `needs: [{}]` to wait for it.", source.id);
                self.refuse_at(ErrorCode::PortNotFound, at, &path, message, hint);
            }
            return;
        };
        if ports.iter().any(|port| port == wanted) {
            return;
        }
        let hint = match nearest(wanted, ports.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{}.{near}`?", source.id),
            None if ports.is_empty() => format!("Use `needs: [{}]` to wait for it.", source.id),
            None => {
                let names: Vec<String> = ports.iter().take(12).map(|port| format!("`{port}`")).collect();
                format!("Its ports are {}.", names.join(", "))
            }
        };
        let message = format!("step `{}` has no port `{wanted}`", source.id);
        self.refuse_at(ErrorCode::PortNotFound, at, &path, message, hint);
    }

    fn check_circles(&mut self, level: &Level<'_>) -> bool {
        /// The most steps of a circle that a message lists.
        const LONGEST: usize = 8;
        let graph = &level.graph;
        let name = |place: usize| format!("`{}`", graph.steps[place].id);
        let data = graph.data_circles();
        for circle in &data {
            let first = &graph.steps[circle[0]];
            let message = if circle.len() == 1 {
                format!("step `{}` gets batches from itself", first.id)
            } else {
                let mut names: Vec<String> = circle.iter().take(LONGEST).map(|place| name(*place)).collect();
                if circle.len() > LONGEST {
                    names.push("…".to_owned());
                }
                names.push(name(circle[0]));
                format!("batches flow in a circle: {}", names.join(" → "))
            };
            let path = format!("{}.{}.from", level.path, first.id);
            self.refuse(ErrorCode::Cycle, &path, message, "Remove one of these `from`.");
        }
        if !data.is_empty() {
            return true;
        }
        let within = graph.needs_within_stage();
        for (step, need) in &within {
            let message = if step == need {
                format!("step {} needs itself", name(*step))
            } else {
                format!(
                    "step {} needs {}, but both run together, since batches flow between them",
                    name(*step),
                    name(*need)
                )
            };
            let path = format!("{}.{}.needs", level.path, graph.steps[*step].id);
            let at = self.place_of(&path, graph.steps[*need].id.as_str());
            self.refuse_at(ErrorCode::Cycle, at, &path, message, "Remove it from `needs`.");
        }
        let between = graph.need_circles();
        for circle in &between {
            let mut parts = Vec::new();
            let mut before: Option<usize> = circle.last().map(|(_, need)| *need);
            for (step, need) in circle.iter().take(LONGEST) {
                let together = before.filter(|before| before != step);
                let with =
                    together.map_or_else(String::new, |other| format!(", which runs together with {},", name(other)));
                parts.push(format!("{}{with} needs {}", name(*step), name(*need)));
                before = Some(*need);
            }
            if circle.len() > LONGEST {
                parts.push(format!("and {} more", circle.len() - LONGEST));
            }
            let (step, need) = circle[0];
            let path = format!("{}.{}.needs", level.path, graph.steps[step].id);
            let at = self.place_of(&path, graph.steps[need].id.as_str());
            let message = format!("steps wait for each other in a circle: {}", parts.join("; "));
            self.refuse_at(ErrorCode::Cycle, at, &path, message, "Remove one of these `needs`.");
        }
        !(within.is_empty() && between.is_empty())
    }

    fn check_settings(&mut self, step: &Step, kind: &KindInfo, path: &str) {
        let problems = settings::check(&step.with, kind);
        let shape_is_right = problems.is_empty();
        for problem in problems {
            let inner = format!("{path}.with{}", problem.path);
            let at = if self.root.find(&format!("{path}.with")).is_some() {
                self.root.locate(&inner, problem.about_key)
            } else {
                self.root.locate(path, false)
            };
            self.refuse_at(problem.code, at, &inner, problem.message, problem.hint);
        }
        // A kind's own checks may count on the shape that its schema promises.
        if shape_is_right {
            for mut fault in self.catalog.check(step) {
                let inner = fault.path.as_deref().map_or_else(|| path.to_owned(), |inner| format!("{path}.{inner}"));
                if fault.line.is_none() {
                    let at = self.root.locate(&inner, false);
                    fault = fault.at(at.line, at.column);
                }
                if fault.hint.is_none() {
                    fault = fault.hint(format!("See the page on `{}` for its settings.", step.uses));
                }
                self.faults.push(fault.path(inner));
            }
        }
    }

    /// Checks the expressions of a text; each mistake and reference gets its place.
    pub(super) fn check_text(
        &mut self,
        node: &Node,
        path: &str,
        judge: &mut dyn FnMut(&mut Self, &expression::Reference, Place<'_>),
    ) {
        let Some(text) = node.as_text().filter(|text| expression::has_expression(text)) else { return };
        if self.expressions > MAX_EXPRESSIONS || self.is_full() {
            return;
        }
        self.expressions += text.matches("${{").count();
        if self.expressions > MAX_EXPRESSIONS {
            let message = format!("the document has more than {MAX_EXPRESSIONS} expressions");
            let hint = "Let a `foreach` or a `script` do what is repeated.";
            return self.refuse_at(ErrorCode::DocumentTooLarge, node.at, path, message, hint);
        }
        let (references, mistakes) = expression::check(text);
        self.report(node, 0, path, &references, mistakes, judge);
    }

    pub(super) fn report(
        &mut self,
        node: &Node,
        base: usize,
        path: &str,
        references: &[expression::Reference],
        mistakes: Vec<expression::Mistake>,
        judge: &mut dyn FnMut(&mut Self, &expression::Reference, Place<'_>),
    ) {
        for mistake in mistakes {
            let at = Place { source: self.source, node, offset: base + mistake.offset };
            self.refuse_at(ErrorCode::InvalidExpression, at, path, mistake.message, mistake.hint);
        }
        for reference in references {
            let at = Place { source: self.source, node, offset: base + reference.offset };
            judge(self, reference, at);
        }
    }

    fn check_nested(&mut self, level: &Level<'_>, place: usize, path: &str) {
        let path = format!("{path}.with.steps");
        let Some(node) = self.root.find(&path).filter(|node| node.as_list().is_some()) else { return };
        let mut reader = Reader::new();
        let steps = read_steps(&mut reader, node, &path);
        let (faults, unread) = reader.finish();
        self.faults.extend(faults);
        for step in &steps {
            let inner = format!("{path}.{}", step.id);
            if step.uses == "foreach" {
                let message = format!("step `{}` is a `foreach` within a `foreach`", step.id);
                let hint = "Let the outer one's items be all the pairs, or use a `script`.";
                self.refuse(ErrorCode::InvalidValue, &format!("{inner}.uses"), message, hint);
            }
            if level.graph.place(step.id.as_str()).is_some() {
                let message =
                    format!("two steps are called `{}`, one within `{}`", step.id, level.graph.steps[place].id);
                self.refuse(ErrorCode::Duplicate, &format!("{inner}.id"), message, "Give one of them another `id`.");
            }
        }
        if level.outer.is_none() {
            let nested = Level { graph: Graph::new(&steps), path, unread, outer: Some((level, place)) };
            self.check_level(&nested);
        }
    }
}

/// The ports that a step's settings name: every text under a key `port`.
fn named_ports(value: &serde_json::Value, ports: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(port) if key == "port" => ports.push(port.to_owned()),
                    _ => named_ports(value, ports),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| named_ports(item, ports)),
        _ => {}
    }
}
