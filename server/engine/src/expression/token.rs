//! Cuts an expression into tokens, finds the names it uses, and spells it the way rhai reads it.
//!
//! The expression language is rhai's, with three liberties that people expect: `'text'` is text, `null` is a value,
//! and any word may be a property (`inputs.end`), although rhai reserves many. Positions are kept, so that an error
//! found in the respelled text points into the text its author wrote.

use super::Mistake;
use super::functions::FUNCTIONS;
use model::nearest;

/// The longest expression, in bytes.
pub(crate) const MAX_BYTES: usize = 4096;

/// The most tokens of one expression: rhai evaluates long chains recursively, and a stack is finite.
const MAX_TOKENS: usize = 400;

/// What expressions may name.
pub(crate) const ROOTS: [&str; 6] = ["inputs", "steps", "run", "trigger", "item", "alert"];

/// Words of the language itself.
const KEYWORDS: [&str; 7] = ["true", "false", "null", "if", "else", "in", "switch"];

/// One name that an expression uses: `steps.same.differences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `inputs`, `steps`, `run`, `trigger` or `item`.
    pub root: String,
    /// What follows the root, where it is spelled out (`steps.same`, `steps["same"]`).
    pub name: Option<String>,
    /// What follows the name (`differences`).
    pub property: Option<String>,
    /// Where the root begins, in bytes from the start of the text that was searched.
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Word,
    Number,
    /// Text, with its escapes resolved.
    Text(String),
    Sign,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// An expression in rhai's spelling.
pub(crate) struct Respelled {
    pub(crate) code: String,
    /// Pairs of (character in `code`, byte in the original), ascending.
    map: Vec<(usize, usize)>,
}

impl Respelled {
    /// The byte of the original that stands behind the character `column` (counted from 1) of the code.
    pub(crate) fn offset_of(&self, column: Option<usize>) -> usize {
        let Some(column) = column else { return 0 };
        let index = self.map.partition_point(|(character, _)| *character < column);
        index.checked_sub(1).map_or(0, |index| self.map[index].1)
    }
}

/// Cuts `text` into tokens up to its end, or up to the `}}` that closes it where `closing` is set.
/// Answers the tokens and where the expression ends; none where it is not closed.
pub(crate) fn cut(text: &str, closing: bool) -> Result<(Vec<Token>, Option<usize>), Mistake> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        if at > MAX_BYTES || tokens.len() > MAX_TOKENS {
            let message = format!("the expression is longer than {MAX_BYTES} bytes or {MAX_TOKENS} words");
            return Err(Mistake::new(message, "Move the logic into a `script` step.", 0));
        }
        let start = at;
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                at += run_length(&bytes[at..], |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                Kind::Word
            }
            byte if byte.is_ascii_digit() => {
                at += run_length(&bytes[at..], |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                // `1.5` is one number, `1.max(2)` and `1..5` are not.
                if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                    at += 1 + run_length(&bytes[at + 1..], |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                }
                Kind::Number
            }
            quote @ (b'"' | b'\'') => match text_literal(text, at, quote)? {
                Some((value, end)) => {
                    at = end;
                    Kind::Text(value)
                }
                None if closing => return Ok((tokens, None)),
                None => {
                    let hint = format!("Close the text with another `{}`.", char::from(quote));
                    return Err(Mistake::new("the expression has a text that is not closed", hint, start));
                }
            },
            b'`' => {
                let hint = "Write text between double or single quotes.";
                return Err(Mistake::new("an expression cannot hold a backtick", hint, start));
            }
            b'}' if closing && depth == 0 && bytes.get(at + 1) == Some(&b'}') => return Ok((tokens, Some(at))),
            byte => {
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                Kind::Sign
            }
        };
        tokens.push(Token { kind, start, end: at });
    }
    Ok((tokens, (!closing).then_some(bytes.len())))
}

fn run_length(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !belongs(*byte)).unwrap_or(bytes.len())
}

/// The text literal that begins at `start`, and where it ends; none where it is not closed.
fn text_literal(text: &str, start: usize, quote: u8) -> Result<Option<(String, usize)>, Mistake> {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((index, char)) = chars.next() {
        let at = start + 1 + index;
        if char == char::from(quote) {
            return Ok(Some((value, at + 1)));
        }
        if char != '\\' {
            value.push(char);
            continue;
        }
        match chars.next().map(|(_, escaped)| escaped) {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some(escaped @ ('\\' | '"' | '\'' | '/')) => value.push(escaped),
            Some(other) => {
                let message = format!("the expression has the unknown escape `\\{other}`");
                let hint = "Known are `\\n`, `\\t`, `\\r`, `\\\\`, `\\\"` and `\\'`; write a backslash as `\\\\`.";
                return Err(Mistake::new(message, hint, at));
            }
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// A view of the tokens of one text.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens }
    }

    fn spelling(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    fn is_sign(&self, index: usize, sign: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == Kind::Sign) && self.spelling(index) == sign
    }

    fn is_word(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == Kind::Word)
    }

    /// Whether the word follows a `.` that is not half of a range.
    fn is_property(&self, index: usize) -> bool {
        index > 0 && self.is_sign(index - 1, ".") && !(index > 1 && self.is_sign(index - 2, "."))
    }

    /// Whether the word is a key of a map literal: `#{ word: 1 }`.
    fn is_map_key(&self, index: usize) -> bool {
        self.is_sign(index + 1, ":") && index > 0 && (self.is_sign(index - 1, "{") || self.is_sign(index - 1, ","))
    }

    /// What is wrong about words, before rhai looks at the grammar.
    pub(crate) fn check_words(&self) -> Result<(), Mistake> {
        if self.tokens.is_empty() {
            return Err(Mistake::new("the expression is empty", "Write a value, such as `inputs.day`.", 0));
        }
        let is_huge = |token: &&Token| {
            let digits = || self.text[token.start..token.end].bytes().filter(|byte| *byte != b'_');
            token.kind == Kind::Number
                && digits().all(|byte| byte.is_ascii_digit())
                && digits()
                    .try_fold(0_i64, |number, byte| number.checked_mul(10)?.checked_add(i64::from(byte - b'0')))
                    .is_none()
        };
        if let Some(token) = self.tokens.iter().find(is_huge) {
            let message = "the expression has a whole number that does not fit into 64 bits";
            return Err(Mistake::new(message, "Write it with a decimal point, or as text.", token.start));
        }
        for index in (0..self.tokens.len()).filter(|index| self.is_word(*index)) {
            let word = self.spelling(index);
            let offset = self.tokens[index].start;
            if self.is_sign(index + 1, "(") && !KEYWORDS.contains(&word) {
                if !FUNCTIONS.iter().any(|function| function.name == word) {
                    let names = FUNCTIONS.iter().map(|function| function.name);
                    let hint = nearest(word, names).map_or_else(
                        || "`docs/workflows.md` lists the functions there are.".to_owned(),
                        |near| format!("Did you mean `{near}`?"),
                    );
                    return Err(Mistake::new(format!("there is no function `{word}`"), hint, offset));
                }
            } else if !(self.is_property(index)
                || self.is_map_key(index)
                || KEYWORDS.contains(&word)
                || ROOTS.contains(&word)
                || (word == "_" && self.is_sign(index + 1, "=")))
            {
                let hint = nearest(word, ROOTS).map_or_else(
                    || "Expressions know `inputs`, `steps`, `run`, `trigger` and, within `foreach`, `item`; text needs quotes.".to_owned(),
                    |near| format!("Did you mean `{near}`?"),
                );
                return Err(Mistake::new(format!("the expression names `{word}`, which does not exist"), hint, offset));
            }
        }
        Ok(())
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        let is_root = |index: &usize| {
            self.is_word(*index)
                && ROOTS.contains(&self.spelling(*index))
                && !self.is_property(*index)
                && !self.is_map_key(*index)
        };
        let found = (0..self.tokens.len()).filter(is_root).map(|index| {
            let name = self.access(index + 1);
            let property = name.as_ref().and_then(|(_, next)| self.access(*next));
            Reference {
                root: self.spelling(index).to_owned(),
                name: name.map(|(name, _)| name),
                property: property.map(|(property, _)| property),
                offset: self.tokens[index].start,
            }
        });
        found.collect()
    }

    /// The name accessed by the tokens from `index` on (`.name`, `?.name` or `["name"]`) and what follows it.
    fn access(&self, index: usize) -> Option<(String, usize)> {
        let index = if self.is_sign(index, "?") { index + 1 } else { index };
        if self.is_sign(index, ".") && self.is_word(index + 1) && !self.is_sign(index + 2, "(") {
            return Some((self.spelling(index + 1).to_owned(), index + 2));
        }
        match self.tokens.get(index + 1).map(|token| &token.kind) {
            Some(Kind::Text(name)) if self.is_sign(index, "[") && self.is_sign(index + 2, "]") => {
                Some((name.clone(), index + 3))
            }
            _ => None,
        }
    }

    pub(crate) fn respell(&self) -> Respelled {
        let mut code = String::with_capacity(self.text.len() + 16);
        let mut map = Vec::with_capacity(self.tokens.len());
        let mut characters = 0;
        for (index, token) in self.tokens.iter().enumerate() {
            let spelling = self.spelling(index);
            let gap = index == 0 || self.tokens[index - 1].end < token.start;
            let mut piece = String::new();
            if gap && index > 0 {
                piece.push(' ');
            }
            let is_call = self.is_sign(index + 1, "(");
            match &token.kind {
                Kind::Text(value) => push_quoted(&mut piece, value),
                Kind::Word if self.is_property(index) && !is_call => {
                    piece.push('[');
                    push_quoted(&mut piece, spelling);
                    piece.push(']');
                }
                // Their own names are reserved in rhai; these have as many letters.
                Kind::Word if spelling == "default" && is_call => piece.push_str("or_else"),
                Kind::Word if spelling == "null" => piece.push_str("()  "),
                // Becomes `["name"]` with the next token.
                Kind::Sign if spelling == "." && self.is_property(index + 1) && self.is_word(index + 1) => {
                    if self.is_sign(index + 2, "(") {
                        piece.push('.');
                    }
                }
                _ => piece.push_str(spelling),
            }
            map.push((characters + usize::from(gap && index > 0), token.start));
            characters += piece.chars().count();
            code.push_str(&piece);
        }
        Respelled { code, map }
    }
}

fn push_quoted(out: &mut String, value: &str) {
    out.push('"');
    for char in value.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char => out.push(char),
        }
    }
    out.push('"');
}
