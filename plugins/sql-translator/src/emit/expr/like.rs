//! LIKE, ILIKE and GLOB.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::ValueWithSpan;
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// LIKE; `insensitive` where the source wrote ILIKE.
    pub(crate) fn like(
        &mut self,
        left: Out,
        pattern: Out,
        escape: Option<&ValueWithSpan>,
        insensitive: bool,
        negated: bool,
        span: Span,
    ) -> Result<Out> {
        let (left, pattern) = if self.truth_differs() && !left.ty.is_text() && left.kind() != Kind::Unknown {
            (self.text_of(left, span)?, pattern)
        } else {
            (left, pattern)
        };
        let not = if negated { "NOT " } else { "" };
        let collation = left.ty.ci;
        let ignores = insensitive
            || match self.f {
                Family::My => left.ty.ci.or(pattern.ty.ci).unwrap_or(true),
                Family::Lite => true,
                _ => left.ty.ci == Some(true),
            };
        let mut escape_text = match escape {
            Some(value) => {
                let escape = self.literal(value)?;
                format!(" ESCAPE {}", escape.sql)
            }
            None => String::new(),
        };
        let has_backslash = pattern.text_literal().is_none_or(|text| text.contains('\\'));
        let source_escapes = matches!(self.f, Family::My | Family::Pg);
        let target_escapes = matches!(self.t, Family::My | Family::Pg | Family::Td);
        if escape.is_none() && source_escapes && !target_escapes && has_backslash {
            escape_text = if self.t == Family::Sf { " ESCAPE '\\\\'".to_owned() } else { " ESCAPE '\\'".to_owned() };
        }
        if escape.is_none() && !source_escapes && target_escapes && has_backslash {
            // No character escapes in the source.
            escape_text = if self.t == Family::Pg { " ESCAPE ''".to_owned() } else { " ESCAPE '|'".to_owned() };
        }
        let (mut l, mut p) = (left.p(prec::OTHER), pattern.p(prec::OTHER));
        let word = match self.t {
            _ if self.alike() && !insensitive => "LIKE",
            Family::Pg | Family::Sf if ignores => {
                if !insensitive && collation.is_none() && self.f == Family::My {
                    self.warn("collation", "the collation is not known; case is taken not to count", span);
                } else if !insensitive && self.f == Family::My {
                    self.about_collation(span);
                }
                "ILIKE"
            }
            Family::My if insensitive => {
                l = format!("LOWER({})", left.sql);
                p = self.exactly(Out::atom(format!("LOWER({})", pattern.sql), Kind::Text)).sql;
                "LIKE"
            }
            Family::My if !ignores => {
                p = self.exactly(pattern.clone()).sql;
                "LIKE"
            }
            Family::Lite if !ignores => {
                return self.glob(left, &pattern, escape.is_some(), negated, span);
            }
            Family::Lite => {
                let ascii = pattern.text_literal().is_some_and(str::is_ascii);
                if !ascii {
                    self.warn("collation", "SQLite ignores the case of ASCII letters only", span);
                }
                "LIKE"
            }
            _ => "LIKE",
        };
        let ty = Ty { nullable: left.ty.nullable || pattern.ty.nullable, ..Ty::of(Kind::Bool) };
        Ok(Out::new(format!("{l} {not}{word} {p}{escape_text}"), prec::CMP, ty))
    }

    /// A LIKE whose case counts, in SQLite's own pattern language.
    pub(super) fn glob(&mut self, left: Out, pattern: &Out, escaped: bool, negated: bool, span: Span) -> Result<Out> {
        let Some(text) = pattern.text_literal().filter(|text| !escaped && !text.contains('\\')) else {
            return refuse("collation", "SQLite's LIKE ignores case, and this pattern cannot be written as GLOB", span);
        };
        let mut glob = String::new();
        for c in text.chars() {
            match c {
                '%' => glob.push('*'),
                '_' => glob.push('?'),
                '*' | '?' | '[' => {
                    glob.push('[');
                    glob.push(c);
                    glob.push(']');
                }
                c => glob.push(c),
            }
        }
        let not = if negated { "NOT " } else { "" };
        let sql = format!("{} {not}GLOB {}", left.p(prec::OTHER), self.text(&glob).sql);
        Ok(Out::new(sql, prec::CMP, Ty::of(Kind::Bool)))
    }
}
