//! IN, ANY and ALL, and queries as values.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{BinaryOperator, Expr, Query, Spanned};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Result<Out> {
        let span = expr.span();
        let not = if negated { " NOT" } else { "" };
        if let Expr::Tuple(parts) = expr {
            let mut tests = Vec::new();
            for item in list {
                let Expr::Tuple(values) = item else { return refuse("syntax", "a row is compared with no row", span) };
                let mut row = Vec::new();
                for (part, value) in parts.iter().zip(values) {
                    let (left, right) = (self.expr(part)?, self.expr(value)?);
                    row.push(self.compare("=", left, right, span)?.sql);
                }
                tests.push(format!("({})", row.join(" AND ")));
            }
            let sql = format!("({})", tests.join(" OR "));
            return Ok(if negated {
                Out::new(format!("NOT {sql}"), prec::NOT, Ty::of(Kind::Bool))
            } else {
                Out::atom(sql, Kind::Bool)
            });
        }
        let left = self.expr(expr)?;
        let mut first = None;
        let mut items = Vec::new();
        for item in list {
            let right = self.expr(item)?;
            let (compared, right) = self.comparable("=", left.clone(), right, span)?;
            let text = compared.p(prec::OTHER);
            if first.as_ref().is_some_and(|first| first != &text) && !matches!(right.lit, Some(crate::out::Lit::Null)) {
                // Members of different types: each is compared for itself.
                return self.in_each(expr, list, negated);
            }
            first.get_or_insert(text);
            items.push(right.sql);
        }
        let sql = format!("{}{not} IN ({})", first.unwrap_or_else(|| left.p(prec::OTHER)), items.join(", "));
        Ok(Out::new(sql, prec::CMP, Ty { nullable: left.ty.nullable, ..Ty::of(Kind::Bool) }))
    }

    pub(super) fn in_each(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Result<Out> {
        let mut tests = Vec::new();
        for item in list {
            let (left, right) = (self.expr(expr)?, self.expr(item)?);
            tests.push(self.compare("=", left, right, expr.span())?.sql);
        }
        let sql = format!("({})", tests.join(" OR "));
        Ok(if negated {
            Out::new(format!("NOT {sql}"), prec::NOT, Ty::of(Kind::Bool))
        } else {
            Out::atom(sql, Kind::Bool)
        })
    }

    pub(super) fn in_subquery(&mut self, expr: &Expr, subquery: &Query, negated: bool) -> Result<Out> {
        let span = expr.span();
        let not = if negated { " NOT" } else { "" };
        let left = self.expr(expr)?;
        let (mut sql, columns) = self.query(subquery)?;
        if self.t == Family::My && !self.alike() && (subquery.limit_clause.is_some() || subquery.fetch.is_some()) {
            // MySQL takes no LIMIT right inside IN.
            let table = self.fresh("limited");
            sql = format!("SELECT * FROM ({sql}) AS {table}");
        }
        let mut text = left.p(prec::OTHER);
        if let Some([(_, ty)]) = columns.as_deref() {
            let name = self.fresh("item");
            let right = Out::atom(name.clone(), ty.kind).typed(ty.clone());
            let (compared, inner) = self.comparable("=", left.clone(), right, span)?;
            if inner.sql != name && self.t == Family::Pg {
                let table = self.fresh("list");
                sql = format!("SELECT {} FROM ({sql}) AS {table}({name})", inner.sql);
            } else if inner.sql != name && self.t == Family::My {
                return Ok(Out::new(
                    format!("{}{not} IN ({sql})", self.exactly(left).sql),
                    prec::CMP,
                    Ty::of(Kind::Bool),
                ));
            }
            text = compared.p(prec::OTHER);
        }
        Ok(Out::new(format!("{text}{not} IN ({sql})"), prec::CMP, Ty::of(Kind::Bool)))
    }

    pub(super) fn scalar(&mut self, query: &Query, _span: Span) -> Result<Out> {
        let outer = std::mem::take(&mut self.in_aggregate);
        let result = self.query(query);
        self.in_aggregate = outer;
        let (sql, columns) = result?;
        let ty = match columns.as_deref() {
            Some([(_, ty)]) => Ty { nullable: true, ..ty.clone() },
            _ => Ty::of(Kind::Unknown),
        };
        Ok(Out::new(format!("({sql})"), prec::ATOM, ty))
    }

    pub(super) fn quantified(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        word: &str,
        span: Span,
    ) -> Result<Out> {
        let left = self.expr(left)?;
        let query = match right {
            Expr::Subquery(query) => query,
            Expr::Nested(inner) => match inner.as_ref() {
                Expr::Subquery(query) => query,
                _ => return self.any_array(left, op, inner, word, span),
            },
            other => return self.any_array(left, op, other, word, span),
        };
        if self.t == Family::Lite || self.t == Family::Td {
            return refuse("operator", format!("the target has no {word}"), span);
        }
        let (sql, _) = self.query(query)?;
        if left.ty.is_text() && !self.alike() {
            self.warn("collation", format!("texts under {word} are compared by the target's rules"), span);
        }
        Ok(Out::new(format!("{} {op} {word} ({sql})", left.p(prec::OTHER)), prec::CMP, Ty::of(Kind::Bool)))
    }

    /// `x = ANY (ARRAY[...])` is a list.
    pub(super) fn any_array(
        &mut self,
        left: Out,
        op: &BinaryOperator,
        right: &Expr,
        word: &str,
        span: Span,
    ) -> Result<Out> {
        if let (Expr::Array(array), BinaryOperator::Eq, "ANY") = (right, op, word) {
            let mut items = Vec::new();
            let mut first = left.p(prec::OTHER);
            for item in &array.elem {
                let right = self.expr(item)?;
                let (compared, right) = self.comparable("=", left.clone(), right, span)?;
                first = compared.p(prec::OTHER);
                items.push(right.sql);
            }
            return Ok(Out::new(format!("{first} IN ({})", items.join(", ")), prec::CMP, Ty::of(Kind::Bool)));
        }
        if self.alike() {
            let right = self.expr(right)?;
            return Ok(Out::new(
                format!("{} {op} {word} ({})", left.p(prec::OTHER), right.sql),
                prec::CMP,
                Ty::of(Kind::Bool),
            ));
        }
        refuse("array", "arrays have no peer in the target", span)
    }
}
