//! What the checker must know of a step kind or plugin: its settings' schema and its ports.
//!
//! The step kinds themselves live in `steps`; they publish these records, and the checker, the editor's forms,
//! completion and the reference pages are all made from them.

use serde::Serialize;
use serde_json::Value;

/// How many data edges may lead into a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// `from` is not allowed.
    None,
    /// `from` is required.
    Required,
    /// `from` may be given.
    Optional,
}

/// What is published of one step kind.
#[derive(Debug, Clone, Serialize)]
pub struct KindInfo {
    /// The word in `uses`.
    pub name: String,
    /// One sentence for people.
    pub summary: String,
    /// JSON Schema (2020-12) of `with`, an object.
    pub schema: Value,
    /// Whether data edges lead in.
    pub inputs: Inputs,
    /// Names of the ports that data edges may leave by; the first is the default. Empty: none leave.
    pub ports: Vec<String>,
    /// Whether the step also has ports that its settings name (`route`: a rule's `port`).
    pub named_ports: bool,
    /// Names of the values it leaves for expressions (`steps.<id>.<name>`), besides the metrics every step has.
    pub outputs: Vec<String>,
}
