//! The one spelling of a JSON text: no blanks, keys in order, numbers by value, strings with nothing escaped that need not be.
//!
//! Systems keep JSON as they got it or as they like to show it; what it says is the same. No number is rounded on the way.

use crate::canonical::spell_number;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// How deep lists and objects may be nested.
const MAX_DEPTH: usize = 256;

/// The one spelling, or `None` where the text is no JSON.
pub(crate) fn spell_json(text: &str) -> Option<String> {
    let mut reader = Reader { rest: text.chars().peekable(), depth: 0 };
    let spelled = reader.value()?;
    reader.blanks();
    reader.rest.next().is_none().then_some(spelled)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.rest.next_if(|char| matches!(char, ' ' | '\t' | '\n' | '\r')).is_some() {}
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.blanks();
        self.rest.next_if_eq(&wanted).map(|_| ())
    }

    fn value(&mut self) -> Option<String> {
        self.blanks();
        match self.rest.peek()? {
            '{' => self.nested(Self::object),
            '[' => self.nested(Self::list),
            '"' => Some(quoted(&self.string()?)),
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<String>) -> Option<String> {
        self.depth += 1;
        let found = if self.depth > MAX_DEPTH { None } else { read(self) };
        self.depth -= 1;
        found
    }

    fn object(&mut self) -> Option<String> {
        self.take('{')?;
        let mut members = BTreeMap::new();
        if self.take('}').is_none() {
            loop {
                self.blanks();
                let name = self.string()?;
                self.take(':')?;
                // Of two members of one name the last counts, as everywhere.
                members.insert(name, self.value()?);
                if self.take(',').is_none() {
                    break;
                }
            }
            self.take('}')?;
        }
        let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
        Some(format!("{{{}}}", members.join(",")))
    }

    fn list(&mut self) -> Option<String> {
        self.take('[')?;
        let mut items = Vec::new();
        if self.take(']').is_none() {
            loop {
                items.push(self.value()?);
                if self.take(',').is_none() {
                    break;
                }
            }
            self.take(']')?;
        }
        Some(format!("[{}]", items.join(",")))
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some(char) = self.rest.next_if(|char| char.is_ascii_alphanumeric() || "+-.".contains(*char)) {
            word.push(char);
        }
        match word.as_str() {
            "true" | "false" | "null" => Some(word),
            _ => spell_number(&word),
        }
    }

    fn string(&mut self) -> Option<String> {
        self.rest.next_if_eq(&'"')?;
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '"' => return Some(text),
                '\\' => text.push(match self.rest.next()? {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => self.unicode()?,
                    same @ ('"' | '\\' | '/') => same,
                    _ => return None,
                }),
                char => text.push(char),
            }
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        // The first half of a pair.
        self.rest.next_if_eq(&'\\')?;
        self.rest.next_if_eq(&'u')?;
        let second = self.unit().filter(|second| (0xdc00..0xe000).contains(second))?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit << 4 | self.rest.next()?.to_digit(16)?))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_one_spelling() {
        for (text, expected) in [
            (r#" { "b" : 1.0, "a":[ ] } "#, Some(r#"{"a":[],"b":1}"#)),
            (r#"{"a":1,"a":2}"#, Some(r#"{"a":2}"#)),
            (r#""\u00e9\/\ud83d\ude00""#, Some(r#""é/😀""#)),
            ("12345678901234567890123", Some("12345678901234567890123")),
            ("1e2", Some("100")),
            ("[true,null]", Some("[true,null]")),
            ("tru", None),
            ("{\"a\"}", None),
            ("1 2", None),
            ("\"\\ud83d\"", None),
            ("", None),
        ] {
            assert_eq!(spell_json(text).as_deref(), expected, "{text}");
        }
        assert_eq!(spell_json(&"[".repeat(100_000)), None);
    }
}
