//! Texts of many rows joined into one: GROUP_CONCAT, STRING_AGG, LISTAGG.

use super::Call;
use crate::dialect::Family;
use crate::emit::Emitter;
use crate::emit::query::order_clause;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// Texts of many rows joined into one.
    pub(super) fn joined(
        &mut self,
        call: &Call<'_>,
        arguments: Vec<Out>,
        filter: Option<&Out>,
        clause: &str,
        over: &str,
        span: Span,
    ) -> Result<Out> {
        let (mut value, separator) = match (self.f, arguments.as_slice()) {
            (Family::My, _) => {
                let separator = match call.separator {
                    Some(value) => self.literal(value)?,
                    None => self.text(","),
                };
                let one = arguments.len() == 1;
                let value = if one { arguments[0].clone() } else { self.concat(arguments.clone(), span)? };
                (value, separator)
            }
            (_, [value, separator]) => (value.clone(), separator.clone()),
            (_, [value]) if self.f != Family::Pg => {
                (value.clone(), self.text(if self.f == Family::Sf { "" } else { "," }))
            }
            _ => return refuse("aggregate", "joining texts with these arguments has no peer", span),
        };
        if separator.text_literal().is_none() && self.t == Family::My {
            return refuse("aggregate", "the separator has to be a literal in the target", span);
        }
        if self.f == Family::My {
            self.info("group_concat", "the source cuts the text at `group_concat_max_len`, the target does not", span);
        }
        if self.t == Family::My && self.f != Family::My {
            self.warn("group_concat", "the target cuts the text at `group_concat_max_len`", span);
        }
        let ty = Ty { nullable: true, ci: value.ty.ci, general: value.ty.general, ..Ty::of(Kind::Text) };
        if let Some(filter) = filter.filter(|_| clause.is_empty()) {
            value = Out::new(format!("CASE WHEN {} THEN {} END", filter.sql, value.sql), prec::ATOM, value.ty);
        }
        let order = self.order_items(&call.order)?;
        let order = order_clause(&order);
        if self.alike() && self.t == Family::My {
            let distinct = if call.distinct { "DISTINCT " } else { "" };
            let sql = format!("GROUP_CONCAT({distinct}{}{order} SEPARATOR {})", value.sql, separator.sql);
            return Ok(Out::new(sql, prec::ATOM, ty));
        }
        match self.t {
            Family::Pg if call.distinct => {
                // What sorts has to be what is distinct; as an array a number sorts as one.
                let item = if value.kind() == Kind::Tiny { value.cast("int", Kind::Int) } else { value };
                let ignores = item.ty.is_text() && item.ty.ci == Some(true) && item.kind() == Kind::Text;
                if ignores {
                    self.warn("collation", "texts that differ in case are joined apart in the target", span);
                }
                let sorts = call
                    .order
                    .iter()
                    .all(|order| call.exprs.first().is_some_and(|expr| crate::scope::same(&order.expr, expr)));
                if !sorts {
                    return refuse("aggregate", "distinct texts sorted by something else have no peer", span);
                }
                let order = match call.order.first() {
                    Some(first) if first.options.asc == Some(false) => format!(" ORDER BY {} DESC", item.sql),
                    _ => format!(" ORDER BY {}", item.sql),
                };
                let test = if clause.is_empty() {
                    format!(" FILTER (WHERE {} IS NOT NULL)", item.p(prec::OTHER))
                } else {
                    clause
                        .replace(" FILTER (WHERE ", &format!(" FILTER (WHERE {} IS NOT NULL AND ", item.p(prec::OTHER)))
                };
                let sql = format!("array_to_string(array_agg(DISTINCT {}{order}){test}, {})", item.sql, separator.sql);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            Family::Pg => {
                let text = self.text_of(value, span)?;
                let text = if text.kind() == Kind::Unknown { text.cast("text", Kind::Text) } else { text };
                Ok(Out::new(
                    format!("string_agg({}, {}{order}){clause}{over}", text.sql, separator.sql),
                    prec::ATOM,
                    ty,
                ))
            }
            Family::My => {
                let distinct = if call.distinct { "DISTINCT " } else { "" };
                if !over.is_empty() {
                    return refuse("window", "joined texts over a window have no peer", span);
                }
                let text = self.text_of(value, span)?;
                let text = if call.distinct && text.kind() == Kind::Text { self.exactly(text) } else { text };
                Ok(Out::new(
                    format!("GROUP_CONCAT({distinct}{}{order} SEPARATOR {})", text.sql, separator.sql),
                    prec::ATOM,
                    ty,
                ))
            }
            Family::Sf => {
                let distinct = if call.distinct { "DISTINCT " } else { "" };
                let text = self.text_of(value, span)?;
                let group =
                    if order.is_empty() { String::new() } else { format!(" WITHIN GROUP ({})", order.trim_start()) };
                // LISTAGG of nothing is an empty text, not NULL.
                Ok(Out::new(
                    format!("NULLIF(LISTAGG({distinct}{}, {}){group}{over}, '')", text.sql, separator.sql),
                    prec::ATOM,
                    ty,
                ))
            }
            Family::Lite => {
                if call.distinct && separator.text_literal() != Some(",") {
                    return refuse(
                        "aggregate",
                        "distinct texts joined by another mark than a comma have no peer",
                        span,
                    );
                }
                if call.distinct {
                    return Ok(Out::new(format!("group_concat(DISTINCT {}){clause}", value.sql), prec::ATOM, ty));
                }
                Ok(Out::new(
                    format!("group_concat({}, {}{order}){clause}{over}", value.sql, separator.sql),
                    prec::ATOM,
                    ty,
                ))
            }
            Family::Td => Ok(Out::new(format!("GROUP_CONCAT({}, {})", value.sql, separator.sql), prec::ATOM, ty)),
        }
    }
}
