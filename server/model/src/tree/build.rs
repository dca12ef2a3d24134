//! Turns the parser's events into nodes, counting what they cost.

use super::scalar::{self, shorten};
use super::{Content, Key, Limits, Node, Position, Seen, too_large};
use crate::{ErrorCode, Fault};
use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag};
use std::borrow::Cow;

/// More faults than this help nobody.
const MAX_FAULTS: usize = 100;

/// The tree that `text` spells.
///
/// # Errors
/// Everything wrong with the text as YAML: one fault where it does not parse or breaks a limit, else all duplicate keys,
/// aliases, tags and ambiguous scalars. Each fault has its place.
pub fn parse(text: &str, limits: &Limits) -> Result<Node, Vec<Fault>> {
    if text.len() > limits.bytes {
        return Err(vec![too_large(text.len(), limits)]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(fault) = find_forbidden(text) {
        return Err(vec![fault]);
    }
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    };
    let mut builder = Builder { limits, faults: Vec::new(), open: Vec::new(), root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        let going = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                builder.faults.push(explain(&error, limits));
                false
            }
        };
        if !going || builder.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    if !builder.faults.is_empty() {
        return Err(builder.faults);
    }
    match builder.root {
        Some(root) if root.content != Content::Null => Ok(root),
        _ => Err(vec![
            Fault::new(ErrorCode::DocumentUnreadable, "the document is empty")
                .hint("A workflow needs at least `name` and `steps`.")
                .at(1, 1),
        ]),
    }
}

/// The first character that has no business in a document: it cannot be seen, or shows the text in another order.
fn find_forbidden(text: &str) -> Option<Fault> {
    let forbidden = |char: char| {
        matches!(char, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}'
            | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let index = text.find(forbidden)?;
    let found = text[index..].chars().next()?;
    let at = super::position_after(Position::START, &text[..index]);
    let message = format!("the document holds the invisible character U+{:04X}", u32::from(found));
    Some(
        Fault::new(ErrorCode::DocumentUnreadable, message)
            .hint("Remove it, or spell it as an escape such as `\\u200b` in text between double quotes.")
            .at(at.line, at.column),
    )
}

/// A list or mapping that is not closed yet.
enum Open {
    List { start: (Position, usize), items: Vec<Node> },
    Map { start: (Position, usize), pairs: Vec<(Key, Node)>, key: Option<Key>, seen: Seen },
}

struct Builder<'a> {
    limits: &'a Limits,
    faults: Vec<Fault>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder<'_> {
    /// Takes one event in; false where the rest is not worth reading.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        let at = position(&span);
        let start = span.start.byte_offset().unwrap_or(0);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "the text holds more than one document";
                    self.refuse(at, ErrorCode::DocumentUnreadable, message, "Save each workflow on its own.");
                    return false;
                }
            }
            Event::Scalar(value, style, _, tag) => return self.scalar(&value, style, tag.as_deref(), &span),
            Event::SequenceStart(_, _, tag) => {
                self.check_tag(tag, at);
                return self.enter(at, Open::List { start: (at, start), items: Vec::new() });
            }
            Event::MappingStart(_, _, tag) => {
                self.check_tag(tag, at);
                let open = Open::Map { start: (at, start), pairs: Vec::new(), key: None, seen: Seen::new() };
                return self.enter(at, open);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let end = span.end.byte_offset().unwrap_or(start);
                let node = match self.open.pop() {
                    Some(Open::List { start, items }) => {
                        Node { at: start.0, content: Content::List(items), span: (start.1, end) }
                    }
                    Some(Open::Map { start, pairs, .. }) => {
                        Node { at: start.0, content: Content::Map(pairs), span: (start.1, end) }
                    }
                    None => return true,
                };
                self.place(node);
            }
            Event::Alias(_) => self.alias(at, None),
            Event::UnresolvedAlias(name) => self.alias(at, Some(&name)),
            _ => {}
        }
        true
    }

    fn refuse(&mut self, at: Position, code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Fault::new(code, message).hint(hint).at(at.line, at.column));
    }

    /// Counts one more node.
    fn count(&mut self, at: Position) -> bool {
        self.nodes += 1;
        if self.nodes <= self.limits.nodes {
            return true;
        }
        let message = format!("the document has more than {} values", self.limits.nodes);
        let hint = "Keep data in files or tables and let the document name them.";
        self.refuse(at, ErrorCode::DocumentTooLarge, message, hint);
        false
    }

    fn enter(&mut self, at: Position, open: Open) -> bool {
        if self.open.len() >= self.limits.depth {
            self.faults.push(too_deep(at, self.limits));
            return false;
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            let message = "a list or mapping cannot be a key";
            self.refuse(at, ErrorCode::DocumentUnreadable, message, "A key is a word; quote `${{ }}` and braces.");
            return false;
        }
        self.open.push(open);
        self.count(at)
    }

    fn alias(&mut self, at: Position, name: Option<&str>) {
        let named = name.map_or_else(String::new, |name| format!(" `*{}`", shorten(name)));
        let message = format!("the document uses the alias{named}, which is not supported");
        self.refuse(
            at,
            ErrorCode::DocumentUnreadable,
            message,
            "Write the value out; quote text that begins with `*`.",
        );
        self.stand_in(at);
    }

    /// Puts nothing where a value was refused, so that reading can go on.
    fn stand_in(&mut self, at: Position) {
        if let Some(Open::Map { key: key @ None, .. }) = self.open.last_mut() {
            *key = Some(Key { at, text: String::new() });
        } else {
            self.place(Node { at, content: Content::Null, span: (0, 0) });
        }
    }

    /// Whether the tag asks for text; any other tag is refused.
    fn check_tag<'t>(&mut self, tag: Option<impl AsRef<Tag> + 't>, at: Position) -> bool {
        let Some(tag) = tag else { return false };
        let tag = tag.as_ref();
        if tag.is_yaml_core_schema_tag("str") {
            return true;
        }
        let message = "the document uses a YAML tag, which is not supported";
        let hint = "Leave the `!…` away; quote text that begins with `!`.";
        self.refuse(at, ErrorCode::DocumentUnreadable, message, hint);
        false
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> bool {
        let at = position(span);
        if value.len() > self.limits.text {
            let message = format!("a text has {} bytes; at most {} are allowed", value.len(), self.limits.text);
            let hint = "Keep data in files or tables and let the document name them.";
            self.refuse(at, ErrorCode::DocumentTooLarge, message, hint);
            return false;
        }
        let is_text = match tag {
            None => false,
            Some(tag) => self.check_tag(Some(Cow::Borrowed(tag)), at),
        };
        if let Some(Open::Map { key: key @ None, seen, .. }) = self.open.last_mut() {
            let mut fault = None;
            if style == ScalarStyle::Plain && value == "<<" {
                let message = "the document uses the merge key `<<`, which is not supported";
                fault = Some((ErrorCode::DocumentUnreadable, message.to_owned(), "Write the keys out.".to_owned()));
            } else if let Some(first) = seen.get(value) {
                let message = format!("the key `{}` stands here twice", shorten(value));
                let hint = format!("Remove one; the first is in line {}.", first.line);
                fault = Some((ErrorCode::Duplicate, message, hint));
            }
            seen.insert(value.to_owned(), at);
            *key = Some(Key { at, text: value.to_owned() });
            if let Some((code, message, hint)) = fault {
                self.refuse(at, code, message, hint);
            }
            return self.count(at);
        }
        let content = if style != ScalarStyle::Plain || is_text {
            Content::Text(value.to_owned())
        } else {
            match scalar::resolve(value) {
                Ok(content) => content,
                Err(refused) => {
                    self.refuse(at, ErrorCode::InvalidValue, refused.message, refused.hint);
                    Content::Null
                }
            }
        };
        let bytes = (span.start.byte_offset().unwrap_or(0), span.end.byte_offset().unwrap_or(0));
        self.place(Node { at, content, span: bytes });
        self.count(at)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { pairs, key, .. }) => {
                let key = key.take().expect("a mapping's value follows its key");
                pairs.push((key, node));
            }
        }
    }
}

fn position(span: &Span) -> Position {
    at_marker(span.start.line(), span.start.col())
}

fn at_marker(line: usize, column: usize) -> Position {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: number(line.max(1)), column: number(column.saturating_add(1)) }
}

fn too_deep(at: Position, limits: &Limits) -> Fault {
    let message = format!("lists and mappings stand more than {} deep in each other", limits.depth);
    Fault::new(ErrorCode::DocumentTooLarge, message).hint("Give the document fewer levels.").at(at.line, at.column)
}

/// The parser's complaint in our words, with what to do about the usual ones.
fn explain(error: &ScanError, limits: &Limits) -> Fault {
    let marker = error.marker();
    let at = at_marker(marker.line(), marker.col());
    let (message, hint) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(at, limits),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => ("a tab cannot indent".to_owned(), "Indent with spaces."),
        ErrorKind::UnclosedQuotedScalar => {
            ("a text between quotes is not closed".to_owned(), "Close it with the quote it began with.")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("the `{open}` is not closed"), "Close it, or put the text between quotes.")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("the `{open}` is closed by `{close}`"), "Close each bracket by its own kind.")
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("a closing bracket has no opening one".to_owned(), "Remove it, or put the text between quotes.")
        }
        ErrorKind::DirectiveDisallowed => {
            ("the document has a YAML directive".to_owned(), "Remove the line that begins with `%`.")
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => (
            format!("the text is not YAML: {}", plain(error.info())),
            "Look at the indentation: what belongs together begins in the same column.",
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => (
            format!("the text is not YAML: {}", plain(error.info())),
            "Write a backslash as `\\\\`, or use single quotes.",
        ),
        _ => (
            format!("the text is not YAML: {}", plain(error.info())),
            "Put text that holds `:`, `#`, `{`, `}`, `[`, `]`, `&`, `*` or `%` between quotes.",
        ),
    };
    Fault::new(ErrorCode::DocumentUnreadable, message).hint(hint).at(at.line, at.column)
}

fn plain(info: impl AsRef<str>) -> String {
    info.as_ref().trim_end_matches('.').replace('\'', "`")
}
