//! What INSERT, UPDATE and DELETE have in common: values as columns take them, assignments, RETURNING.

use super::Emitter;
use crate::catalog::{Table, last_name};
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Out, Ty, prec};
use crate::scope::{Scope, Source};
use sqlparser::ast::{Assignment, AssignmentTarget, Expr, SelectItem, Spanned};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// A value as a column of that type takes it.
    pub(crate) fn stored(&mut self, out: Out, ty: Option<&Ty>, span: Span) -> Result<Out> {
        if self.alike() {
            return Ok(out);
        }
        let kind = ty.map(|ty| ty.kind);
        if kind == Some(Kind::Tiny) && self.truth_differs() {
            // A quoted number is a truth value and a small number, whichever the target's column is.
            return Ok(match &out.lit {
                Some(Lit::Number(text)) => {
                    let text = text.clone();
                    if text != "0" && text != "1" {
                        self.warn("boolean", "a `tinyint(1)` holds more than 0 and 1, which a `boolean` cannot", span);
                    }
                    self.text(&text)
                }
                Some(Lit::Bool(truth)) => self.text(if *truth { "1" } else { "0" }),
                _ if out.kind() == Kind::Tiny || out.is_null() => out,
                _ => {
                    let out = self.cond(out, span)?;
                    Out::atom(format!("({})", out.sql), Kind::Bool)
                }
            });
        }
        if let Some(text) = out.text_literal() {
            let moment = kind.is_some_and(|kind| matches!(kind, Kind::Date | Kind::Stamp | Kind::Instant));
            if text.starts_with("0000-00-00") && (moment || kind.is_none()) && self.f == Family::My {
                self.warn("zero_date", "`0000-00-00` is NULL in the target", span);
                return Ok(Out::atom("NULL", Kind::Null));
            }
            if moment && let Some(normal) = super::compare::normal_moment(text) {
                return Ok(self.text(&normal));
            }
            return Ok(out);
        }
        if kind == Some(Kind::Text)
            && self.truth_differs()
            && !out.ty.is_text()
            && out.kind() != Kind::Unknown
            && !out.is_null()
        {
            return self.text_of(out, span);
        }
        Ok(self.value(out))
    }

    /// `column = value` for each assignment, with the values a source that assigns from left to right would see.
    pub(crate) fn assignments(
        &mut self,
        assignments: &[Assignment],
        table: Option<&Table>,
        span: Span,
        only: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let in_turn = self.f == Family::My;
        if self.t == Family::My && !in_turn {
            self.check_order(assignments, span)?;
        }
        let mut texts = Vec::new();
        for assignment in assignments {
            if let (AssignmentTarget::ColumnName(name), Some(only)) = (&assignment.target, only)
                && let [.., qualifier, _] = name.0.as_slice()
                && !qualifier.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(only))
            {
                return refuse("update_join", "an update of several tables at once has no peer", span);
            }
            let name = target_name(assignment, span)?;
            let quoted = self.column_name(&name, table);
            if matches!(&assignment.value, Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case("default")) {
                texts.push((quoted, "DEFAULT".to_owned()));
                continue;
            }
            let out = self.expr(&assignment.value)?;
            let ty = table.and_then(|table| table.column(&name)).map(|column| column.ty.clone());
            let out = self.stored(out, ty.as_ref(), assignment.value.span())?;
            if in_turn && self.t != Family::My {
                self.assigned.push((name, out.sql.clone()));
            }
            texts.push((quoted, out.sql));
        }
        self.assigned.clear();
        Ok(texts)
    }

    /// MySQL assigns from left to right, so that a later value must not read what was assigned before.
    pub(super) fn check_order(&mut self, assignments: &[Assignment], span: Span) -> Result<()> {
        let mut before: Vec<String> = Vec::new();
        for assignment in assignments {
            let mut clash = None;
            let _ = sqlparser::ast::visit_expressions(&assignment.value, |part: &Expr| {
                if let Some((qualifier, name)) = crate::scope::column(part)
                    && !qualifier.is_some_and(|table| table.eq_ignore_ascii_case("excluded"))
                    && before.iter().any(|assigned| assigned.eq_ignore_ascii_case(name))
                {
                    clash = Some(name.to_owned());
                }
                std::ops::ControlFlow::<()>::Continue(())
            });
            if let Some(name) = clash {
                return refuse(
                    "assignment_order",
                    format!("MySQL assigns from left to right, and `{name}` is read after it is assigned"),
                    span,
                );
            }
            before.push(target_name(assignment, span)?);
        }
        Ok(())
    }

    pub(crate) fn table_source(&self, name: &str, table: Option<&Table>) -> Source {
        let columns =
            table.map(|table| table.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect());
        Source {
            name: name.trim_matches(['`', '"']).to_lowercase(),
            columns,
            table: table.map(|table| table.name.to_lowercase()),
            outer: false,
        }
    }

    /// A column's name as the table declares it.
    pub(crate) fn column_name(&self, name: &str, table: Option<&Table>) -> String {
        match table.and_then(|table| table.column(name)) {
            Some(column) => self.name(&column.name, true),
            None => self.name(name, false),
        }
    }

    /// RETURNING.
    pub(crate) fn returning(
        &mut self,
        items: &[SelectItem],
        name: &sqlparser::ast::ObjectName,
        insert_or_delete: bool,
        span: Span,
    ) -> Result<String> {
        let able = match self.t {
            Family::Pg | Family::Lite => true,
            Family::My => self.to_mariadb() && insert_or_delete,
            _ => false,
        };
        if !able {
            return refuse("returning", "the target returns no rows from this statement", span);
        }
        let table = self.catalog.find(&last_name(name)).cloned();
        let source = self.table_source(&last_name(name), table.as_ref());
        self.scopes.push(Scope { sources: vec![source], ..Scope::default() });
        let mut texts = Vec::new();
        let mut failed = None;
        for item in items {
            let text = match item {
                SelectItem::Wildcard(_) => Ok("*".to_owned()),
                SelectItem::UnnamedExpr(expr) => self.expr(expr).map(|out| self.value(out).sql),
                SelectItem::ExprWithAlias { expr, alias } => self.expr(expr).map(|out| {
                    let out = self.value(out);
                    format!("{} AS {}", out.p(prec::OR), self.ident(alias))
                }),
                _ => refuse("returning", "this item of RETURNING has no peer", span),
            };
            match text {
                Ok(text) => texts.push(text),
                Err(error) => failed = Some(error),
            }
        }
        self.scopes.pop();
        match failed {
            Some(error) => Err(error),
            None => Ok(format!(" RETURNING {}", texts.join(", "))),
        }
    }
}

/// The column an assignment sets.
pub(crate) fn target_name(assignment: &Assignment, span: Span) -> Result<String> {
    match &assignment.target {
        AssignmentTarget::ColumnName(name) => Ok(last_name(name)),
        AssignmentTarget::Tuple(_) => {
            refuse("unsupported", "an assignment to several columns at once has no peer", span)
        }
    }
}
