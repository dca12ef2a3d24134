//! Cuts a text into statements, where each begins, with the comments before it; knows DELIMITER, dollar quotes and
//! bodies of routines, which are left alone.

use crate::dialect::{Dialect, Family};

/// One statement of a text.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// Without its end mark and the comments before it.
    pub(crate) text: String,
    /// Comments before it, each without its marks.
    pub(crate) comments: Vec<String>,
    /// Line and column of its first character, from 1.
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// What kind of routine it makes or calls, where it does.
    pub(crate) routine: Option<&'static str>,
}

/// Cuts a text into statements.
pub(crate) fn split(text: &str, dialect: Dialect) -> Vec<Piece> {
    Splitter { text, at: 0, line: 1, line_start: 0, family: dialect.family(), delimiter: ";".to_owned() }.run()
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    family: Family,
    delimiter: String,
}

impl<'a> Splitter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        for (offset, byte) in self.text.as_bytes()[self.at..end].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = self.at + offset + 1;
            }
        }
        self.at = end;
    }

    fn run(mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        loop {
            let comments = self.skip_space_and_comments();
            if self.at >= self.text.len() {
                return pieces;
            }
            if self.family == Family::My && word_is(self.rest(), "delimiter") {
                let line = self.rest().lines().next().unwrap_or_default();
                let mark = line["delimiter".len()..].trim();
                if !mark.is_empty() {
                    self.delimiter = mark.to_owned();
                }
                self.step(line.len());
                continue;
            }
            if self.rest().starts_with(self.delimiter.as_str()) {
                self.step(self.delimiter.len());
                continue;
            }
            let (start, line) = (self.at, self.line);
            let column = self.text[self.line_start..start].chars().count() as u32 + 1;
            let routine = routine(self.rest());
            self.find_end(routine.is_some());
            let text = self.text[start..self.at].trim_end().to_owned();
            if self.rest().starts_with(self.delimiter.as_str()) {
                self.step(self.delimiter.len());
            }
            if !text.is_empty() {
                pieces.push(Piece { text, comments, line, column, routine });
            }
        }
    }

    /// The length of the comment that begins here, and its content.
    fn comment(&self) -> Option<(usize, &'a str)> {
        let rest = self.rest();
        let dashes = rest.starts_with("--")
            && (self.family != Family::My || rest[2..].chars().next().is_none_or(char::is_whitespace));
        let slashes = self.family == Family::Sf && rest.starts_with("//");
        if dashes || slashes || (self.family == Family::My && rest.starts_with('#')) {
            let length = rest.find('\n').unwrap_or(rest.len());
            let mark = if rest.starts_with('#') { 1 } else { 2 };
            return Some((length, rest[mark..length].trim()));
        }
        if rest.starts_with("/*")
            && !(self.family == Family::My && (rest.starts_with("/*!") || rest.starts_with("/*M!")))
        {
            let bytes = rest.as_bytes();
            let (mut depth, mut at) = (1, 2);
            while at < bytes.len() && depth > 0 {
                if bytes[at..].starts_with(b"*/") {
                    depth -= 1;
                    at += 2;
                } else if self.family == Family::Pg && bytes[at..].starts_with(b"/*") {
                    depth += 1;
                    at += 2;
                } else {
                    at += 1;
                }
            }
            let inner = rest[2..at].strip_suffix("*/").unwrap_or(&rest[2..at]);
            return Some((at, inner.trim()));
        }
        None
    }

    fn skip_space_and_comments(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        loop {
            let space = self.rest().len() - self.rest().trim_start().len();
            self.step(space);
            match self.comment() {
                Some((length, content)) => {
                    if !content.is_empty() {
                        comments.push(content.to_owned());
                    }
                    self.step(length);
                }
                None => return comments,
            }
        }
    }

    /// Goes to the statement's end mark, or to the end of the text.
    fn find_end(&mut self, routine: bool) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            let rest = self.rest();
            if depth == 0 && rest.starts_with(self.delimiter.as_str()) {
                return;
            }
            if let Some((length, _)) = self.comment() {
                self.step(length.max(1));
                continue;
            }
            let first = rest.as_bytes()[0];
            let length = match first {
                b'\'' | b'"' | b'`' => self.quoted(first),
                b'$' if matches!(self.family, Family::Pg | Family::Sf) => dollar_quoted(rest).unwrap_or(1),
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                    if routine && self.delimiter == ";" {
                        // Without a delimiter of its own a body ends with the END of its first BEGIN.
                        let word = rest[..length].to_ascii_lowercase();
                        match word.as_str() {
                            "begin" | "case" | "loop" | "repeat" | "while" => depth += 1,
                            "if" if depth > 0 && !rest[length..].trim_start().starts_with('(') => depth += 1,
                            "end" => {
                                depth = depth.saturating_sub(1);
                                // `END IF`, `END LOOP`: the word after belongs to it.
                                let after = &rest[length..];
                                let space = after.len() - after.trim_start().len();
                                let word: usize = after[space..].bytes().take_while(u8::is_ascii_alphabetic).count();
                                let named = &after[space..space + word];
                                if ["if", "loop", "case", "repeat", "while"]
                                    .contains(&named.to_ascii_lowercase().as_str())
                                {
                                    self.step(length + space + word);
                                    continue;
                                }
                            }
                            _ => {}
                        }
                    }
                    length
                }
                _ => rest.chars().next().map_or(1, char::len_utf8),
            };
            self.step(length);
        }
    }

    /// The length of a quoted piece, quotes included.
    fn quoted(&self, quote: u8) -> usize {
        let bytes = self.rest().as_bytes();
        let escape_string = quote == b'\'' && self.at > 0 && matches!(self.text.as_bytes()[self.at - 1], b'e' | b'E');
        let escapes = quote != b'`'
            && ((self.family.backslash_escapes() && !(quote == b'"' && self.family == Family::Sf)) || escape_string);
        let mut at = 1;
        while at < bytes.len() {
            if escapes && bytes[at] == b'\\' {
                at += 2;
            } else if bytes[at] == quote {
                if bytes.get(at + 1) != Some(&quote) {
                    return at + 1;
                }
                at += 2;
            } else {
                at += 1;
            }
        }
        bytes.len()
    }
}

fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag = rest[1..].find('$')? + 2;
    let mark = &rest[..tag];
    let is_tag = mark[1..tag - 1].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_tag || mark[1..].starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Some(rest[tag..].find(mark).map_or(rest.len(), |end| tag + end + tag))
}

fn word_is(text: &str, word: &str) -> bool {
    text.len() > word.len()
        && text.is_char_boundary(word.len())
        && text[..word.len()].eq_ignore_ascii_case(word)
        && text[word.len()..].starts_with(char::is_whitespace)
}

/// What kind of routine a statement makes or calls.
fn routine(text: &str) -> Option<&'static str> {
    let head: String = text.chars().take(300).collect::<String>().to_ascii_lowercase();
    let mut words = head.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    match words.next()? {
        "call" => Some("call"),
        "do" => Some("do"),
        "create" | "alter" | "drop" => {
            for word in words.take(8) {
                match word {
                    "procedure" => return Some("procedure"),
                    "function" => return Some("function"),
                    "trigger" => return Some("trigger"),
                    "event" => return Some("event"),
                    "package" => return Some("package"),
                    "or" | "replace" | "if" | "not" | "exists" | "aggregate" | "constraint" => {}
                    word if word.starts_with("definer") || word == "=" || word.contains('@') => {}
                    _ => return None,
                }
            }
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, dialect: Dialect) -> Vec<String> {
        split(text, dialect).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn statements_end_at_the_mark_but_not_inside_quotes_and_comments() {
        let text = "select 'a;b' /* ; */; # x;\nselect \"c;\\\"d\";";
        assert_eq!(texts(text, Dialect::Mysql), ["select 'a;b' /* ; */", "select \"c;\\\"d\""]);
        assert_eq!(texts("select $x$ ; $x$, e'\\'; '; select 1", Dialect::Postgres).len(), 2);
    }

    #[test]
    fn a_delimiter_of_its_own_keeps_a_body_together() {
        let text = "delimiter //\ncreate procedure p() begin select 1; end//\ndelimiter ;\nselect 2;";
        let pieces = split(text, Dialect::Mariadb);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0].routine, Some("procedure"));
        assert_eq!((pieces[1].line, pieces[1].column), (4, 1));
    }

    #[test]
    fn a_body_without_a_delimiter_ends_with_its_end() {
        let text = "create trigger t before insert on a for each row begin if new.x = 1 then set new.y = 2; end if; end; select 3";
        let pieces = split(text, Dialect::Mysql);
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert_eq!(pieces[1].text, "select 3");
    }
}
