//! Patterns: of dates, and regular expressions.

use super::Emitter;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

/// A piece of a date pattern.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Part(&'static str),
    Text(String),
}

/// Parts by a name of our own, with MySQL's and PostgreSQL's token, and SQLite's where it has one.
const PARTS: &[(&str, &str, &str, &str)] = &[
    ("year", "%Y", "YYYY", "%Y"),
    ("year2", "%y", "YY", ""),
    ("month", "%m", "MM", "%m"),
    ("month1", "%c", "FMMM", ""),
    ("monthname", "%M", "FMMonth", ""),
    ("mon", "%b", "Mon", ""),
    ("day", "%d", "DD", "%d"),
    ("day1", "%e", "FMDD", ""),
    ("dayname", "%W", "FMDay", ""),
    ("dy", "%a", "Dy", ""),
    ("doy", "%j", "DDD", "%j"),
    ("hour", "%H", "HH24", "%H"),
    ("hour1", "%k", "FMHH24", ""),
    ("hour12", "%h", "HH12", ""),
    ("hour12b", "%I", "HH12", ""),
    ("hour121", "%l", "FMHH12", ""),
    ("minute", "%i", "MI", "%M"),
    ("second", "%s", "SS", "%S"),
    ("secondb", "%S", "SS", "%S"),
    ("micro", "%f", "US", ""),
    ("ampm", "%p", "AM", ""),
    ("isoweek", "%v", "IW", ""),
    ("isoyear", "%x", "IYYY", ""),
];

/// PostgreSQL's other spellings.
const ALIASES: &[(&str, &str)] = &[
    ("HH12", "hour12"),
    ("HH24", "hour"),
    ("HH", "hour12"),
    ("YYYY", "year"),
    ("IYYY", "isoyear"),
    ("YY", "year2"),
    ("FMMonth", "monthname"),
    ("FMMON", ""),
    ("FMMM", "month1"),
    ("FMDD", "day1"),
    ("FMDay", "dayname"),
    ("FMHH24", "hour1"),
    ("FMHH12", "hour121"),
    ("Mon", "mon"),
    ("MM", "month"),
    ("MI", "minute"),
    ("DDD", "doy"),
    ("DD", "day"),
    ("Dy", "dy"),
    ("SS", "second"),
    ("US", "micro"),
    ("FF6", "micro"),
    ("AM", "ampm"),
    ("PM", "ampm"),
    ("IW", "isoweek"),
];

impl Emitter<'_> {
    /// A date pattern of the source in the target's tokens.
    pub(crate) fn date_format(&mut self, format: &Out, span: Span) -> Result<String> {
        let Some(text) = format.text_literal() else {
            return refuse("date_format", "a date pattern that is no literal cannot be translated", span);
        };
        let pieces = match self.f {
            Family::My => read_percent(text, 1),
            Family::Lite => read_percent(text, 3),
            _ => read_template(text),
        };
        let pieces = pieces
            .or_else(|what| refuse("date_format", format!("`{what}` in the pattern '{text}' has no peer"), span))?;
        let mut written = String::new();
        for piece in &pieces {
            match (piece, self.t) {
                (Piece::Part(name), _) => {
                    let part = PARTS.iter().find(|(own, ..)| own == name).expect("every part is in the table");
                    let token = match self.t {
                        Family::My => part.1,
                        Family::Lite => part.3,
                        Family::Sf if *name == "micro" => "FF6",
                        Family::Sf if part.2.starts_with("FM") => "",
                        Family::Td => return refuse("date_format", "date patterns of TDengine are not written", span),
                        _ => part.2,
                    };
                    if token.is_empty() {
                        return refuse(
                            "date_format",
                            format!("`{}` has no peer in the target's patterns", part.1),
                            span,
                        );
                    }
                    written.push_str(token);
                }
                (Piece::Text(text), Family::My | Family::Lite) => written.push_str(&text.replace('%', "%%")),
                (Piece::Text(text), _) => {
                    if text.chars().any(|c| c.is_alphanumeric() || c == '"' || c == '\\') {
                        written.push_str(&format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
                    } else {
                        written.push_str(text);
                    }
                }
            }
        }
        Ok(written)
    }

    /// Whether a text matches a pattern somewhere; `exact` where the source says that case counts.
    pub(crate) fn regex(&mut self, left: Out, pattern: Out, exact: bool, negated: bool, span: Span) -> Result<Out> {
        let left = if self.truth_differs() && !left.ty.is_text() && left.kind() != Kind::Unknown {
            self.text_of(left, span)?
        } else {
            left
        };
        let insensitive = match self.f {
            Family::My => left.ty.ci.or(pattern.ty.ci).unwrap_or(true),
            _ => !exact,
        };
        if self.alike() && self.f != Family::My {
            let op = match (insensitive, negated) {
                (false, false) => "~",
                (false, true) => "!~",
                (true, false) => "~*",
                (true, true) => "!~*",
            };
            return Ok(Out::new(
                format!("{} {op} {}", left.p(prec::OTHER), pattern.p(prec::OTHER)),
                prec::CMP,
                Ty::of(Kind::Bool),
            ));
        }
        let pattern = self.regex_pattern(pattern, span)?;
        let ty = Ty { nullable: left.ty.nullable || pattern.ty.nullable, ..Ty::of(Kind::Bool) };
        let not = if negated { "NOT " } else { "" };
        match self.t {
            Family::Pg => {
                let op = match (insensitive, negated) {
                    (false, false) => "~",
                    (false, true) => "!~",
                    (true, false) => "~*",
                    (true, true) => "!~*",
                };
                Ok(Out::new(format!("{} {op} {}", left.p(prec::ADD), pattern.p(prec::ADD)), prec::OTHER, ty))
            }
            Family::My => {
                let l = if self.f == Family::My {
                    left.p(prec::OTHER)
                } else if insensitive {
                    format!("{} COLLATE utf8mb4_general_ci", left.p(prec::ATOM))
                } else {
                    format!("{} COLLATE utf8mb4_bin", left.p(prec::ATOM))
                };
                Ok(Out::new(format!("{l} {not}REGEXP {}", pattern.p(prec::OTHER)), prec::CMP, ty))
            }
            Family::Sf => {
                // REGEXP_LIKE matches whole texts only.
                let flag = if insensitive { "i" } else { "c" };
                let op = if negated { "= 0" } else { "> 0" };
                Ok(Out::new(
                    format!("REGEXP_INSTR({}, {}, 1, 1, 0, '{flag}') {op}", left.sql, pattern.sql),
                    prec::CMP,
                    ty,
                ))
            }
            Family::Lite => refuse("regex", "SQLite has no regular expressions of its own", span),
            Family::Td => {
                let op = if negated { "NMATCH" } else { "MATCH" };
                Ok(Out::new(format!("{} {op} {}", left.p(prec::OTHER), pattern.sql), prec::CMP, ty))
            }
        }
    }

    /// A pattern in the target's flavor; what cannot be told is warned about.
    pub(crate) fn regex_pattern(&mut self, pattern: Out, span: Span) -> Result<Out> {
        let Some(text) = pattern.text_literal() else {
            self.warn("regex", "the flavors of regular expressions differ, and this pattern is no literal", span);
            return Ok(pattern);
        };
        let text = text.to_owned();
        if text.is_empty() && self.f == Family::My {
            return refuse("regex", "an empty pattern is an error in the source", span);
        }
        let perl_only =
            ["(?<", "\\K", "*+", "++", "?+", "(?>", "\\p{", "\\P{", "(?i", "(?s", "(?m", "\\Q", "\\R", "(?R"];
        if self.t == Family::Pg
            && self.f != Family::Pg
            && let Some(found) = perl_only.iter().find(|part| text.contains(**part))
        {
            return refuse("regex", format!("`{found}` in a regular expression has no peer in PostgreSQL"), span);
        }
        let changed = match (self.f, self.t) {
            (Family::Pg, Family::My | Family::Sf) => {
                if text.contains("\\m") || text.contains("\\M") || text.starts_with("***") {
                    return refuse("regex", "this regular expression has no peer in the target", span);
                }
                text.replace("\\y", "\\b")
            }
            (Family::My | Family::Sf, Family::Pg) => {
                text.replace("\\b", "\\y").replace("[[:<:]]", "\\m").replace("[[:>:]]", "\\M")
            }
            _ => text.clone(),
        };
        Ok(self.text(&changed))
    }
}

/// A text so that a regular expression takes it literally.
pub(crate) fn escape_regex(text: &str) -> String {
    text.chars().map(|c| if ".^$*+?()[]{}|\\".contains(c) { format!("\\{c}") } else { c.to_string() }).collect()
}

fn push_text(pieces: &mut Vec<Piece>, c: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(c),
        _ => pieces.push(Piece::Text(c.to_string())),
    }
}

/// MySQL's and SQLite's patterns; `column` says whose tokens.
fn read_percent(text: &str, column: usize) -> std::result::Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            push_text(&mut pieces, c);
            continue;
        }
        let Some(next) = chars.next() else { return Err("%".to_owned()) };
        let token = format!("%{next}");
        if next == '%' {
            push_text(&mut pieces, '%');
            continue;
        }
        let composed: &[&str] = match (column, next) {
            (1, 'T') => &["hour", ":", "minute", ":", "second"],
            (1, 'r') => &["hour12", ":", "minute", ":", "second", " ", "ampm"],
            _ => &[],
        };
        if !composed.is_empty() {
            for part in composed {
                match PARTS.iter().find(|(name, ..)| name == part) {
                    Some((name, ..)) => pieces.push(Piece::Part(name)),
                    None => part.chars().for_each(|c| push_text(&mut pieces, c)),
                }
            }
            continue;
        }
        let found = PARTS.iter().find(|part| token == if column == 1 { part.1 } else { part.3 });
        match found {
            Some((name, ..)) => pieces.push(Piece::Part(name)),
            None => return Err(token),
        }
    }
    Ok(pieces)
}

/// PostgreSQL's and Snowflake's templates.
fn read_template(text: &str) -> std::result::Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |end| end + 1);
            rest[1..end].chars().for_each(|c| push_text(&mut pieces, c));
            rest = rest.get(end + 1..).unwrap_or_default();
            continue;
        }
        let alias = ALIASES.iter().find(|(token, _)| {
            rest.get(..token.len()).is_some_and(|head| {
                // Names of months and days show their case; numbers do not.
                let shows = token.chars().any(|c| c.is_ascii_lowercase());
                if shows { head == *token } else { head.eq_ignore_ascii_case(token) }
            })
        });
        match alias {
            Some((token, "")) => return Err((*token).to_owned()),
            Some((token, name)) => {
                pieces.push(Piece::Part(name));
                rest = &rest[token.len()..];
            }
            None if c.is_alphabetic() => return Err(rest.chars().take(4).collect()),
            None => {
                push_text(&mut pieces, c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_read_into_the_same_parts() {
        let my = read_percent("%Y-%m-%d %T", 1).unwrap();
        let pg = read_template("YYYY-MM-DD HH24:MI:SS").unwrap();
        assert_eq!(my, pg);
        assert_eq!(read_percent("%U", 1), Err("%U".to_owned()));
    }
}
