//! Literals.

use super::Emitter;
use crate::dialect::{Dialect, Family};
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Out, Ty, prec};
use sqlparser::ast::{Value, ValueWithSpan};

impl Emitter<'_> {
    pub(crate) fn literal(&mut self, value: &ValueWithSpan) -> Result<Out> {
        let span = value.span;
        match &value.value {
            Value::Number(text, _) => Ok(number(text)),
            Value::SingleQuotedString(text)
            | Value::NationalStringLiteral(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::TripleSingleQuotedString(text)
            | Value::TripleDoubleQuotedString(text) => self.text_literal(text, value),
            Value::DoubleQuotedString(text) => self.text_literal(text, value),
            Value::DollarQuotedString(quoted) => self.text_literal(&quoted.value, value),
            Value::HexStringLiteral(digits) => {
                let sql = match self.t {
                    Family::Pg => format!("'\\x{digits}'::bytea"),
                    Family::Sf => format!("TO_BINARY('{digits}', 'HEX')"),
                    Family::Td => return refuse("bytes", "TDengine has no literal for bytes here", span),
                    Family::My | Family::Lite => format!("X'{digits}'"),
                };
                let binding = if self.t == Family::Pg { prec::CAST } else { prec::ATOM };
                Ok(Out::new(sql, binding, Ty::of(Kind::Bytes)).not_null())
            }
            Value::Boolean(truth) => {
                let sql = match (self.t, truth) {
                    (Family::Pg, _) => truth.to_string(),
                    (_, true) => "TRUE".to_owned(),
                    (_, false) => "FALSE".to_owned(),
                };
                let mut out = Out::atom(sql, Kind::Bool).not_null();
                out.lit = Some(Lit::Bool(*truth));
                Ok(out)
            }
            Value::Null => {
                let mut out = Out::atom("NULL", Kind::Null);
                out.lit = Some(Lit::Null);
                Ok(out)
            }
            Value::Placeholder(mark) => self.parameter(mark, value),
            other => refuse("literal", format!("the literal `{other}` has no peer"), span),
        }
    }

    fn text_literal(&mut self, text: &str, value: &ValueWithSpan) -> Result<Out> {
        if text.contains('\0') && self.t != Family::My {
            return refuse("nul", "a text holds the character NUL, which the target cannot store", value.span);
        }
        Ok(self.text(text))
    }

    /// A text as the target writes it.
    pub(crate) fn text(&self, text: &str) -> Out {
        let mut out = Out::atom(quote(text, self.to), Kind::Text).not_null();
        out.lit = Some(Lit::Text(text.to_owned()));
        out
    }

    fn parameter(&mut self, mark: &str, value: &ValueWithSpan) -> Result<Out> {
        self.parameters += 1;
        let number = mark[1..].parse::<usize>().ok();
        let sql = match (self.t, number) {
            (Family::Pg, Some(number)) => format!("${number}"),
            (Family::Pg, None) => format!("${}", self.parameters),
            (Family::Lite, Some(number)) => format!("?{number}"),
            (_, Some(number)) if number != self.parameters => {
                return refuse(
                    "parameter",
                    format!("parameter `{mark}` is out of order; the target numbers them by their place"),
                    value.span,
                );
            }
            _ => "?".to_owned(),
        };
        Ok(Out::atom(sql, Kind::Unknown))
    }
}

/// A number.
pub(crate) fn number(text: &str) -> Out {
    let exponent = text.contains(['e', 'E']);
    let ty = match text.split_once('.') {
        _ if exponent => Ty::of(Kind::Float),
        Some((_, digits)) => Ty::scaled(Kind::Dec, Some(digits.len().min(30) as u8)),
        None => Ty { big: text.len() > 9, ..Ty::of(Kind::Int) },
    };
    let mut out = Out::new(text, prec::ATOM, Ty { nullable: false, ..ty });
    out.lit = Some(Lit::Number(text.to_owned()));
    out
}

/// A text as a literal of the dialect.
pub(crate) fn quote(text: &str, to: Dialect) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' if to.family().backslash_escapes() => quoted.push_str("\\\\"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}
