//! The text of a type, taken apart.

use super::TypeSpec;
use super::words::{Kind, WORDS};

/// A type's text, taken apart.
pub(in crate::tables) struct Parts {
    /// In capitals, without what stands in parentheses.
    pub(in crate::tables) word: String,
    pub(in crate::tables) arguments: Vec<String>,
    /// The arguments that are texts between quotes.
    pub(in crate::tables) texts: Vec<String>,
    pub(in crate::tables) unsigned: bool,
}

impl Parts {
    pub(in crate::tables) fn of(text: &str) -> Self {
        let (head, inner, tail) = match (text.find('('), text.rfind(')')) {
            (Some(open), Some(close)) if open < close => (&text[..open], &text[open + 1..close], &text[close + 1..]),
            _ => (text, "", ""),
        };
        let word = format!("{head} {tail}").to_uppercase();
        let mut words: Vec<&str> = word.split_whitespace().collect();
        let unsigned = words.contains(&"UNSIGNED");
        words.retain(|word| *word != "UNSIGNED");
        let arguments = split_arguments(inner);
        let texts = arguments
            .iter()
            .filter_map(|argument| argument.strip_prefix('\'')?.strip_suffix('\''))
            .map(|text| text.replace("''", "'"))
            .collect();
        Self { word: words.join(" "), arguments, texts, unsigned }
    }

    pub(super) fn fill(&self, spec: &mut TypeSpec<'_>) {
        let number = |index: usize| self.arguments.get(index).and_then(|argument| argument.parse().ok());
        let is_decimal = WORDS.iter().any(|(word, kind)| *word == self.word && *kind == Kind::Decimal);
        if is_decimal || self.arguments.len() == 2 && self.texts.is_empty() {
            (spec.precision, spec.scale) = (number(0), number(1));
        } else if self.texts.is_empty() {
            spec.length = number(0);
        }
    }
}

/// Parts of a list at its commas, those between quotes left alone.
fn split_arguments(inner: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for char in inner.chars() {
        match char {
            '\'' => {
                quoted = !quoted;
                part.push(char);
            }
            ',' if !quoted => parts.push(std::mem::take(&mut part).trim().to_owned()),
            _ => part.push(char),
        }
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_owned());
    }
    parts
}
