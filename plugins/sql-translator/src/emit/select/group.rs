//! GROUP BY: what is grouped by, and whether a SELECT computes over its rows at all.

use super::super::Emitter;
use super::super::function::is_aggregate;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, prec};
use crate::scope::Group;
use sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, GroupByWithModifier, OrderByExpr, Select, SelectItem, Spanned, Value,
    visit_expressions,
};
use std::ops::ControlFlow;

impl Emitter<'_> {
    pub(super) fn group_by(&mut self, select: &Select, aggregated: bool) -> Result<(String, String)> {
        let span = || select.span();
        let GroupByExpr::Expressions(exprs, modifiers) = &select.group_by else {
            return refuse("unsupported", "GROUP BY ALL has no peer", span());
        };
        let mut rollup = false;
        for modifier in modifiers {
            match modifier {
                GroupByWithModifier::Rollup => rollup = true,
                _ => return refuse("grouping", "this form of GROUP BY has no peer", span()),
            }
        }
        if exprs.is_empty() {
            if aggregated {
                self.scope().group = Some(Group::default());
            }
            return Ok((String::new(), String::new()));
        }
        let mut group = Group::default();
        let mut texts = Vec::new();
        for expr in exprs {
            if let Expr::Rollup(sets) | Expr::Cube(sets) = expr {
                for part in sets.iter().flatten() {
                    let out = self.expr(part)?;
                    group.keys.push((part.clone(), out));
                }
                if self.t == Family::My && matches!(expr, Expr::Rollup(_)) && exprs.len() == 1 {
                    let parts: Vec<String> = group.keys.iter().map(|(_, out)| out.sql.clone()).collect();
                    texts.extend(parts);
                    rollup = true;
                    continue;
                }
                texts.push(self.expr(expr)?.sql);
                continue;
            }
            let key = self.group_expr(expr, select);
            let out = self.expr(&key)?;
            let (text, stand_in) = self.group_text(out, key.span());
            texts.push(text);
            group.keys.push((key, stand_in));
        }
        self.find_whole_tables(&mut group);
        self.scope().group = Some(group);
        if !rollup {
            return Ok((texts.join(", "), String::new()));
        }
        match self.t {
            Family::My => Ok((texts.join(", "), " WITH ROLLUP".to_owned())),
            Family::Pg | Family::Sf => Ok((format!("ROLLUP ({})", texts.join(", ")), String::new())),
            _ => refuse("grouping", "the target has no ROLLUP", span()),
        }
    }

    /// What a key of GROUP BY names: a position, a name of the select list, or itself.
    pub(super) fn group_expr(&mut self, expr: &Expr, select: &Select) -> Expr {
        let item = |at: usize| match select.projection.get(at) {
            Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => Some(expr.clone()),
            _ => None,
        };
        if let Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && let Some(named) = text.parse::<usize>().ok().and_then(|at| item(at.wrapping_sub(1)))
        {
            return named;
        }
        if let Expr::Identifier(ident) = expr {
            let scope = self.scope();
            let is_column = scope.find(None, &ident.value).is_some() || !scope.is_known();
            if let Some(alias) = scope.alias(&ident.value).cloned()
                && (!is_column
                    || !matches!(alias, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
                        && scope.find(None, &ident.value).is_none())
            {
                return alias;
            }
        }
        expr.clone()
    }

    /// A key as the target groups by it, and what stands for it elsewhere.
    pub(super) fn group_text(&mut self, out: Out, span: sqlparser::tokenizer::Span) -> (String, Out) {
        let text = out.kind() == Kind::Text;
        if self.f == Family::My && !self.alike() && text && out.ty.ci == Some(true) {
            self.warn("collation", "of texts that differ in case a group shows the first one in order", span);
            let folded = self.fold(out.clone(), false);
            let name = if self.t == Family::Sf { "MIN" } else { "min" };
            let stand_in = Out::new(format!("{name}({})", out.sql), prec::ATOM, out.ty);
            return (folded.sql, stand_in);
        }
        if self.f == Family::My && !self.alike() && (text && out.ty.ci.is_none() || out.kind() == Kind::Unknown) {
            self.warn("collation", "the collation is not known: groups may differ where texts differ in case", span);
        }
        if self.t == Family::My && !self.alike() && text && out.ty.ci != Some(true) {
            let exact = self.exactly(out);
            return (exact.sql.clone(), exact);
        }
        if self.t == Family::My && !self.alike() && out.kind() == Kind::Unknown {
            self.warn("collation", "the type is not known: groups may differ where texts differ in case", span);
        }
        (out.sql.clone(), out)
    }

    /// Tables whose whole primary key is grouped by: their other columns follow from it.
    pub(super) fn find_whole_tables(&mut self, group: &mut Group) {
        let catalog = self.catalog;
        let Some(scope) = self.scopes.last() else { return };
        for source in &scope.sources {
            let Some(key) = source
                .table
                .as_deref()
                .and_then(|name| catalog.find(name))
                .and_then(|table| table.primary_key().map(<[String]>::to_vec))
            else {
                continue;
            };
            let grouped = |column: &String| {
                group.keys.iter().any(|(expr, _)| match crate::scope::column(expr) {
                    Some((Some(table), name)) => {
                        table.eq_ignore_ascii_case(&source.name) && name.eq_ignore_ascii_case(column)
                    }
                    Some((None, name)) => name.eq_ignore_ascii_case(column) && scope.sources.len() == 1,
                    None => false,
                })
            };
            if key.iter().all(grouped)
                && let Some(table) = &source.table
            {
                group.whole.push(table.clone());
            }
        }
    }
}

/// Whether a SELECT computes an aggregate over its rows, subqueries aside.
pub(super) fn has_aggregate(select: &Select, order: &[OrderByExpr]) -> bool {
    let mut found = false;
    let mut look = |expr: &Expr| {
        found |= contains_aggregate(expr);
    };
    for item in &select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            look(expr);
        }
    }
    select.having.iter().for_each(&mut look);
    order.iter().for_each(|item| look(&item.expr));
    found
}

pub(super) fn contains_aggregate(expr: &Expr) -> bool {
    // Expressions of subqueries are visited too; their aggregates are their own.
    if matches!(expr, Expr::Subquery(_) | Expr::Exists { .. }) {
        return false;
    }
    let mut inside = 0_i64;
    let _ = visit_expressions(expr, |part: &Expr| {
        if let Expr::Function(function) = part
            && function.over.is_none()
            && is_aggregate(&function.name.to_string())
            && !matches!(function.args, FunctionArguments::None)
        {
            inside += 1;
        }
        if let Expr::Subquery(query) | Expr::InSubquery { subquery: query, .. } = part {
            let mut own = 0;
            let _ = visit_expressions(query.as_ref(), |part: &Expr| {
                if let Expr::Function(function) = part
                    && function.over.is_none()
                    && is_aggregate(&function.name.to_string())
                {
                    own += 1;
                }
                ControlFlow::<()>::Continue(())
            });
            inside -= own;
        }
        ControlFlow::<()>::Continue(())
    });
    inside > 0
}
