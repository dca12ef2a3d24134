//! UPDATE and DELETE, with joins and limits.

use super::Emitter;
use super::query::order_clause;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::scope::Scope;
use sqlparser::ast::{
    Delete, Expr, FromTable, Ident, JoinOperator, ObjectName, OrderByExpr, Spanned, TableFactor, TableWithJoins,
    Update, UpdateTableFromKind,
};
use sqlparser::tokenizer::Span;

/// The table a statement changes and how it is called there.
struct Changed {
    name: ObjectName,
    alias: Option<Ident>,
}

impl Changed {
    fn called(&self) -> String {
        self.alias.as_ref().map_or_else(|| last_name(&self.name), |alias| alias.value.clone())
    }
}

fn plain_table(factor: &TableFactor, span: Span) -> Result<Changed> {
    match factor {
        TableFactor::Table { name, alias, args: None, .. } => {
            Ok(Changed { name: name.clone(), alias: alias.as_ref().map(|alias| alias.name.clone()) })
        }
        _ => refuse("unsupported", "only a table can be changed", span),
    }
}

impl Emitter<'_> {
    pub(crate) fn update(&mut self, update: &Update) -> Result<String> {
        let span = update.update_token.0.span;
        if update.output.is_some() || update.or.is_some() {
            return refuse("unsupported", "this form of UPDATE cannot be translated", span);
        }
        self.scopes.push(Scope::default());
        let result = self.update_inner(update, span);
        self.scopes.pop();
        result
    }

    fn update_inner(&mut self, update: &Update, span: Span) -> Result<String> {
        let changed = plain_table(&update.table.relation, span)?;
        let others = match &update.from {
            Some(UpdateTableFromKind::AfterSet(tables) | UpdateTableFromKind::BeforeSet(tables)) => tables.as_slice(),
            None => &[],
        };
        let joined = !update.table.joins.is_empty() || !others.is_empty();
        let limited = update.limit.is_some() || !update.order_by.is_empty();
        let table = self.catalog.find(&last_name(&changed.name)).cloned();
        if !joined {
            let place = self.factor(&update.table.relation, false)?;
            let set = self.assignments(&update.assignments, table.as_ref(), span, None)?;
            let set: Vec<String> = set.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
            let tail = self.rows(&changed, update.selection.as_ref(), &update.order_by, update.limit.as_ref(), span)?;
            let returning = match &update.returning {
                Some(items) => self.returning(items, &changed.name, false, span)?,
                None => String::new(),
            };
            return Ok(format!("UPDATE {place} SET {}{tail}{returning}", set.join(", ")));
        }
        if limited {
            return refuse("update_join", "an update of joined tables with a limit has no peer", span);
        }
        if update.returning.is_some() && self.t == Family::My {
            return refuse("returning", "the target returns no rows from this statement", span);
        }
        let mut from = self.table_with_joins(&update.table)?;
        for other in others {
            let text = self.table_with_joins(other)?;
            from = if self.t == Family::My { format!("{from} JOIN {text}") } else { format!("{from}, {text}") };
        }
        let called = changed.called();
        let set = self.assignments(
            &update.assignments,
            table.as_ref(),
            span,
            Some(&called).filter(|_| self.f == Family::My).map(String::as_str),
        )?;
        let filter = self.filter(update.selection.as_ref())?;
        if self.t == Family::My {
            let shown = self.name(&called, false);
            let set: Vec<String> = set.into_iter().map(|(name, value)| format!("{shown}.{name} = {value}")).collect();
            let filter = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
            return Ok(format!("UPDATE {from} SET {}{filter}", set.join(", ")));
        }
        let set: Vec<String> = set.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let shown = self.table_name(&changed.name)?;
        let row = self.row_id(span)?;
        // The rows are found by the joins as they are, and changed through a second name for the table.
        let target = self.fresh("changed");
        let source = self.name(&called, false);
        let also = filter.map_or(String::new(), |filter| format!(" AND ({filter})"));
        Ok(format!(
            "UPDATE {shown} AS {target} SET {} FROM {from} WHERE {target}.{row} = {source}.{row}{also}",
            set.join(", ")
        ))
    }

    pub(crate) fn delete(&mut self, delete: &Delete) -> Result<String> {
        let span = delete.delete_token.0.span;
        if delete.output.is_some() {
            return refuse("unsupported", "this form of DELETE cannot be translated", span);
        }
        self.scopes.push(Scope::default());
        let result = self.delete_inner(delete, span);
        self.scopes.pop();
        result
    }

    fn delete_inner(&mut self, delete: &Delete, span: Span) -> Result<String> {
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        let using = delete.using.as_deref().unwrap_or_default();
        let Some(first) = tables.first() else { return refuse("syntax", "a DELETE names no table", span) };
        let joined = !using.is_empty() || tables.len() > 1 || !first.joins.is_empty() || !delete.tables.is_empty();
        if !joined {
            let changed = plain_table(&first.relation, span)?;
            let place = self.factor(&first.relation, false)?;
            let tail = self.rows(&changed, delete.selection.as_ref(), &delete.order_by, delete.limit.as_ref(), span)?;
            let returning = match &delete.returning {
                Some(items) => self.returning(items, &changed.name, true, span)?,
                None => String::new(),
            };
            if changed.alias.is_some() && self.t == Family::My {
                // `DELETE FROM t AS a` is MySQL 8's alone.
                let alias = self.name(&changed.called(), false);
                return Ok(format!("DELETE {alias} FROM {place}{tail}"));
            }
            return Ok(format!("DELETE FROM {place}{tail}{returning}"));
        }
        if delete.limit.is_some() || delete.returning.is_some() {
            return refuse("delete_join", "a DELETE from joined tables with LIMIT or RETURNING has no peer", span);
        }
        // MySQL: `DELETE a FROM a JOIN b`, `DELETE FROM a USING a JOIN b`; PostgreSQL: `DELETE FROM a USING b`.
        let mut all: Vec<&TableWithJoins> = Vec::new();
        let wanted = match (delete.tables.as_slice(), using.is_empty(), self.f) {
            ([name], ..) => last_name(name),
            ([], false, _) => {
                let changed = plain_table(&first.relation, span)?;
                if self.f == Family::Pg {
                    all.push(first);
                }
                changed.called()
            }
            _ => return refuse("delete_join", "a DELETE from several tables at once has no peer", span),
        };
        if delete.tables.is_empty() {
            all.extend(using);
        } else {
            all.extend(tables);
        }
        let mut texts = Vec::new();
        for table in &all {
            texts.push(self.table_with_joins(table)?);
        }
        let filter = self.filter(delete.selection.as_ref())?;
        let shown = self.name(&wanted, false);
        if self.t == Family::My {
            let filter = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
            return Ok(format!("DELETE {shown} FROM {}{filter}", texts.join(" JOIN ")));
        }
        let Some(changed) = find_table(&all, &wanted) else {
            return refuse("delete_join", format!("`{wanted}` is not among the tables"), span);
        };
        let table = self.table_name(&changed.name)?;
        let row = self.row_id(span)?;
        let also = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
        Ok(format!("DELETE FROM {table} WHERE {row} IN (SELECT {shown}.{row} FROM {}{also})", texts.join(", ")))
    }

    fn filter(&mut self, selection: Option<&Expr>) -> Result<Option<String>> {
        match selection {
            Some(expr) => {
                let out = self.expr(expr)?;
                Ok(Some(self.cond(out, expr.span())?.sql))
            }
            None => Ok(None),
        }
    }

    /// Which rows a statement of one table changes.
    fn rows(
        &mut self,
        changed: &Changed,
        selection: Option<&Expr>,
        order: &[OrderByExpr],
        limit: Option<&Expr>,
        span: Span,
    ) -> Result<String> {
        let filter = self.filter(selection)?.map_or(String::new(), |filter| format!(" WHERE {filter}"));
        if limit.is_none() {
            if !order.is_empty() && self.t != Family::My {
                self.info("hints", "without a limit the order changes nothing and was left out", span);
                return Ok(filter);
            }
            let order = self.order_items(order)?;
            return Ok(format!("{filter}{}", order_clause(&order)));
        }
        let order = self.order_items(order)?;
        let order = order_clause(&order);
        let limit = match limit {
            Some(limit) => format!(" LIMIT {}", self.expr(limit)?.sql),
            None => String::new(),
        };
        if self.t == Family::My {
            return Ok(format!("{filter}{order}{limit}"));
        }
        let row = self.row_id(span)?;
        let table = self.table_name(&changed.name)?;
        let alias = changed.alias.as_ref().map_or(String::new(), |alias| format!(" AS {}", self.ident(alias)));
        Ok(format!(" WHERE {row} IN (SELECT {row} FROM {table}{alias}{filter}{order}{limit})"))
    }

    /// What tells one row of a table from all others.
    fn row_id(&self, span: Span) -> Result<&'static str> {
        match self.t {
            Family::Pg => Ok("ctid"),
            Family::Lite => Ok("rowid"),
            _ => refuse("update_join", "the target cannot pick single rows here", span),
        }
    }
}

fn find_table(tables: &[&TableWithJoins], wanted: &str) -> Option<Changed> {
    let mut factors = Vec::new();
    for table in tables {
        factors.push(&table.relation);
        for join in &table.joins {
            let _: &JoinOperator = &join.join_operator;
            factors.push(&join.relation);
        }
    }
    factors
        .into_iter()
        .filter_map(|factor| plain_table(factor, Span::empty()).ok())
        .find(|table| table.called().eq_ignore_ascii_case(wanted))
}
