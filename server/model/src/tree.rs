//! Reads YAML or JSON text into a tree that knows the line and column of everything, within limits.
//!
//! Deliberately less than YAML: no aliases, merge keys, tags or second documents, and every ambiguous scalar is refused,
//! so that what a person reads is what is meant. [`crate::document::read`] makes a workflow of the tree.
//! Text that breaks a limit is refused before it costs memory: by size first, then by the parser's budgets.

mod build;
mod scalar;

use crate::{ErrorCode, Fault};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

pub use build::parse;

/// How much a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Lists and mappings within each other.
    pub depth: usize,
    /// Values and keys.
    pub nodes: usize,
    /// Bytes of one text.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, depth: 64, nodes: 30_000, text: 256 * 1024 }
    }
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub content: Content,
    /// Its bytes in the text, quotes included.
    pub(crate) span: (usize, usize),
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the text's order, each key once.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub at: Position,
    /// The key.
    pub text: String,
}

impl Node {
    /// What the node is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The value under `key`, if the node is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Content::Map(pairs) = &self.content else { return None };
        pairs.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// The text, if the node is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if the node is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The same as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(bool) => Value::Bool(*bool),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Node::to_value).collect(),
            Content::Map(pairs) => Value::Object(
                pairs.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Follows a path such as `steps.stored.with.rules.0.when` as far as it leads; answers where that is.
    ///
    /// An item of a list is named by its number or by its `id`. Where the path's last word is a key, the key's place is
    /// the answer if `key` asks for it, else its value's.
    #[must_use]
    pub fn locate(&self, path: &str, key: bool) -> Position {
        let (mut node, mut at) = (self, self.at);
        let mut segments = path.split('.').filter(|segment| !segment.is_empty()).peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            let next = match &node.content {
                Content::Map(pairs) => pairs.iter().find(|(found, _)| found.text == segment).map(|(found, next)| {
                    let empty = next.content == Content::Null;
                    (next, if (key && is_last) || empty { found.at } else { next.at })
                }),
                Content::List(items) => segment
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .or_else(|| items.iter().find(|item| item.get("id").and_then(Node::as_text) == Some(segment)))
                    .map(|next| (next, next.at)),
                _ => None,
            };
            let Some((next, found)) = next else { break };
            (node, at) = (next, found);
        }
        at
    }

    /// The node at a path, as for [`Node::locate`].
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Node> {
        path.split('.').filter(|segment| !segment.is_empty()).try_fold(self, |node, segment| match &node.content {
            Content::Map(_) => node.get(segment),
            Content::List(items) => segment
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index))
                .or_else(|| items.iter().find(|item| item.get("id").and_then(Node::as_text) == Some(segment))),
            _ => None,
        })
    }
}

/// Where the byte `offset` of a node's text stands in `source`, the text that the node was parsed from.
///
/// Exact where the spelling shows the text as it is; the node's own place where quotes or folding hide it.
#[must_use]
pub fn place_within(source: &str, node: &Node, offset: usize) -> Position {
    let (Some(text), Some(raw)) = (node.as_text(), source.get(node.span.0..node.span.1)) else { return node.at };
    let Some((before, after)) = text.split_at_checked(offset) else { return node.at };
    // What the source can be searched for: up to where the spelling may differ from the text.
    let length = after.find(['\n', '"', '\'', '\\']).unwrap_or(after.len());
    let sought: &str = match after[..length].char_indices().nth(60) {
        Some((end, _)) => &after[..end],
        None => &after[..length],
    };
    if sought.is_empty() {
        return node.at;
    }
    let nth = before.matches(sought).count();
    let Some((index, _)) = raw.match_indices(sought).nth(nth) else { return node.at };
    position_after(node.at, &raw[..index])
}

/// The place that is reached when `text` has been read from `start`.
fn position_after(start: Position, text: &str) -> Position {
    let count = |chars: &str| u32::try_from(chars.chars().count()).unwrap_or(u32::MAX);
    match text.rsplit_once('\n') {
        None => Position { line: start.line, column: start.column.saturating_add(count(text)) },
        Some((before, last)) => {
            let lines = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
            Position { line: start.line.saturating_add(lines).saturating_add(1), column: count(last).saturating_add(1) }
        }
    }
}

/// Reads bytes as text.
///
/// # Errors
/// `document_unreadable` where they are not UTF-8, with the place of the first byte that is not.
pub fn decode<'b>(bytes: &'b [u8], limits: &Limits) -> Result<&'b str, Fault> {
    if bytes.len() > limits.bytes {
        return Err(too_large(bytes.len(), limits));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let at = position_after(Position::START, good);
        let byte = bytes[error.valid_up_to()];
        Fault::new(ErrorCode::DocumentUnreadable, format!("the byte {byte:#04x} is not UTF-8"))
            .hint("Save the document as UTF-8.")
            .at(at.line, at.column)
    })
}

fn too_large(bytes: usize, limits: &Limits) -> Fault {
    let message = format!("the document has {bytes} bytes; at most {} are allowed", limits.bytes);
    Fault::new(ErrorCode::DocumentTooLarge, message)
        .hint("Keep data in files or tables and let the document name them.")
        .at(1, 1)
}

/// The key's first place for each key of a mapping that has many: finds duplicates without comparing all pairs.
type Seen = HashMap<String, Position>;

#[cfg(test)]
mod tests;
