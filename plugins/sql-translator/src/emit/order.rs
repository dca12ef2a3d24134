//! ORDER BY: where NULL goes, and the order of texts.

use super::Emitter;
use crate::dialect::Family;
use crate::note::Result;
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{Expr, OrderByExpr, Spanned, Value};

impl Emitter<'_> {
    /// The items of an ORDER BY, in the source's order.
    pub(crate) fn order_items(&mut self, items: &[OrderByExpr]) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for item in items {
            let out = self.order_value(&item.expr)?;
            self.order_item(out, item, &mut texts);
        }
        Ok(texts)
    }

    fn order_value(&mut self, expr: &Expr) -> Result<Out> {
        // A bare name of the select list stays itself where its text needs no other order.
        if let Expr::Identifier(ident) = expr {
            let alias = self.scopes.last().and_then(|scope| scope.alias(&ident.value)).cloned();
            if let Some(alias) = alias {
                let uses = std::mem::replace(&mut self.scope().use_aliases, false);
                let out = self.expr(&alias);
                self.scope().use_aliases = uses;
                let out = out?;
                if self.plain_order(&out) {
                    return Ok(Out { sql: self.ident(ident), prec: prec::ATOM, ..out });
                }
                return Ok(out);
            }
        }
        if let Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && !self.alike()
        {
            // A position stands for what it names, which may need another order.
            let at = text.parse::<usize>().unwrap_or(0).wrapping_sub(1);
            let named = self.scopes.last().and_then(|scope| scope.aliases.get(at)).map(|(_, expr)| expr.clone());
            if let Some(named) = named.filter(|named| !matches!(named, Expr::Value(_))) {
                let uses = std::mem::replace(&mut self.scope().use_aliases, false);
                let out = self.expr(&named);
                self.scope().use_aliases = uses;
                let out = out?;
                if !out.column && self.plain_order(&out) && matches!(self.t, Family::Pg | Family::Sf | Family::Lite) {
                    return Ok(Out { sql: text.clone(), prec: prec::ATOM, ..out });
                }
                return Ok(out);
            }
        }
        let out = self.expr(expr)?;
        if let Expr::Value(value) = expr
            && let Value::Number(..) = value.value
        {
            // A position: nothing may be done to it.
            return Ok(Out { ty: Ty { nullable: true, ..Ty::of(Kind::Unknown) }, ..out });
        }
        Ok(out)
    }

    /// Whether the target sorts such values as the source does, NULL aside.
    fn plain_order(&self, out: &Out) -> bool {
        if self.alike() {
            return true;
        }
        match (self.f, self.t) {
            (Family::My, _) => !(out.ty.is_text() && out.ty.ci != Some(false)) && out.kind() != Kind::Enum,
            (_, Family::My) => !out.ty.is_text(),
            (Family::Lite, _) => out.ty.ci != Some(true),
            (_, Family::Lite) => true,
            _ => true,
        }
    }

    /// A value so that the target sorts it as the source does.
    pub(crate) fn order_key(&mut self, out: Out, span: sqlparser::tokenizer::Span) -> Out {
        if self.alike() || out.lit.is_some() {
            return out;
        }
        match (self.f, self.t, out.kind()) {
            (Family::My, Family::Pg, Kind::Enum) => match out.ty.members.clone() {
                Some(members) => {
                    let list: Vec<String> = members.iter().map(|member| self.text(member).sql).collect();
                    let sql =
                        format!("array_position(ARRAY[{}]::text[], {}::text)", list.join(", "), out.p(prec::CAST));
                    Out::new(sql, prec::ATOM, Ty { nullable: out.ty.nullable, ..Ty::of(Kind::Int) })
                }
                None => out,
            },
            (Family::My, Family::Sf | Family::Lite, Kind::Enum) => match out.ty.members.clone() {
                Some(members) => {
                    let whens: Vec<String> = members
                        .iter()
                        .enumerate()
                        .map(|(at, member)| format!("WHEN {} THEN {}", self.text(member).sql, at + 1))
                        .collect();
                    Out::atom(format!("CASE {} {} END", out.sql, whens.join(" ")), Kind::Int)
                }
                None => out,
            },
            (Family::My, Family::Pg, Kind::Text) => match (out.ty.ci, out.ty.general) {
                (Some(false), _) => out,
                (None, _) => {
                    self.warn("collation", "the collation is not known: the order of texts may differ", span);
                    out
                }
                (Some(true), true) => {
                    self.about_collation(span);
                    self.fold(out, true)
                }
                (Some(true), false) => {
                    self.about_collation(span);
                    let ty = out.ty.clone();
                    Out::new(format!("{} COLLATE \"und-x-icu\"", out.p(prec::ATOM)), prec::CAST, ty)
                }
            },
            (Family::My, Family::Sf, Kind::Text) if out.ty.ci != Some(false) => {
                self.about_collation(span);
                Out::new(format!("UPPER({})", out.sql), prec::ATOM, out.ty)
            }
            (Family::My, Family::Lite, Kind::Text) if out.ty.ci != Some(false) => {
                self.about_collation(span);
                Out::new(format!("{} COLLATE NOCASE", out.p(prec::ATOM)), prec::CAST, out.ty)
            }
            (Family::Lite, Family::Pg, Kind::Text) if out.ty.ci == Some(true) => self.fold(out, true),
            (Family::Lite, Family::Pg, Kind::Text) => {
                let ty = out.ty.clone();
                Out::new(format!("{} COLLATE \"C\"", out.p(prec::ATOM)), prec::CAST, ty)
            }
            (Family::Pg | Family::Sf | Family::Lite, Family::My, Kind::Text) if out.ty.ci != Some(true) => {
                if self.f == Family::Pg {
                    self.info(
                        "collation",
                        "texts are sorted by their code points, as a database with the collation C does",
                        span,
                    );
                }
                self.exactly(out)
            }
            _ => {
                self.untyped(&out, "texts and enums may be sorted in another order", span);
                out
            }
        }
    }

    fn order_item(&mut self, out: Out, item: &OrderByExpr, texts: &mut Vec<String>) {
        let ascending = item.options.asc.unwrap_or(true);
        let span = item.expr.span();
        let nullable = out.ty.nullable && out.lit.as_ref().is_none_or(|lit| matches!(lit, crate::out::Lit::Number(_)));
        let position = out.int_literal();
        let out = if self.truth_differs() && out.kind() == Kind::Tiny { out } else { self.order_key(out, span) };
        let direction = if ascending { "" } else { " DESC" };
        // Where the source puts NULL, and where the target would.
        let low = |family: Family| matches!(family, Family::My | Family::Lite | Family::Td);
        let first_here = item.options.nulls_first.unwrap_or(low(self.f) == ascending);
        let first_there = low(self.t) == ascending;
        if first_here == first_there || !nullable {
            texts.push(format!("{}{direction}", out.sql));
            return;
        }
        match self.t {
            Family::My | Family::Td => {
                if let Some(position) = position {
                    // A position cannot be tested for NULL; the value it names can.
                    let named = self
                        .scopes
                        .last()
                        .and_then(|scope| scope.aliases.get(usize::try_from(position - 1).ok()?))
                        .cloned();
                    if let Some((name, _)) = named.filter(|(name, _)| !name.is_empty()) {
                        let name = self.name(&name, false);
                        texts.push(format!("{name} IS NULL{}", if first_here { " DESC" } else { "" }));
                    } else {
                        self.warn("null_order", "NULL comes at the other end in the target", span);
                    }
                } else {
                    texts.push(format!("{} IS NULL{}", out.p(prec::OTHER), if first_here { " DESC" } else { "" }));
                }
                texts.push(format!("{}{direction}", out.sql));
            }
            _ => {
                let place = if first_here { "FIRST" } else { "LAST" };
                texts.push(format!("{}{direction} NULLS {place}", out.sql));
            }
        }
    }
}
