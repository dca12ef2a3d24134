//! Rows that are picked after they are numbered: DISTINCT ON and QUALIFY.

use super::super::Emitter;
use super::super::query::{Queried, order_clause};
use super::Item;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out};
use crate::scope::Column;
use sqlparser::ast::{Expr, OrderByExpr, Query, Spanned};

impl Emitter<'_> {
    /// PostgreSQL's DISTINCT ON: the first row of each key.
    #[allow(clippy::too_many_arguments, reason = "the parts of one SELECT")]
    pub(super) fn distinct_on(
        &mut self,
        keys: &[Expr],
        items: &[Item],
        tail: &str,
        order_texts: Vec<String>,
        query: &Query,
        columns: Option<Vec<Column>>,
    ) -> Result<Queried> {
        let mut key_texts = Vec::new();
        for key in keys {
            let out = self.expr(key)?;
            let text = self.t == Family::My && out.kind() == Kind::Text;
            key_texts.push(if text && !self.alike() { self.exactly(out).sql } else { out.sql });
        }
        let list: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let list = list.join(", ");
        let keys = key_texts.join(", ");
        if self.t == Family::Pg {
            let limit = self.limit(query)?;
            return Ok((
                format!("SELECT DISTINCT ON ({keys}) {list}{tail}{}{limit}", order_clause(&order_texts)),
                columns,
            ));
        }
        let number = format!("ROW_NUMBER() OVER (PARTITION BY {keys}{})", order_clause(&order_texts));
        if self.t == Family::Sf {
            let limit = self.limit(query)?;
            let order = order_clause(&order_texts);
            return Ok((format!("SELECT {list}{tail} QUALIFY {number} = 1{order}{limit}"), columns));
        }
        self.first_rows(&number, "= 1", items, tail, &order_texts, query, columns)
    }

    /// Rows chosen by a window function, through a subquery that computes it.
    #[allow(clippy::too_many_arguments, reason = "the parts of one SELECT")]
    pub(super) fn first_rows(
        &mut self,
        number: &str,
        test: &str,
        items: &[Item],
        tail: &str,
        order: &[String],
        query: &Query,
        columns: Option<Vec<Column>>,
    ) -> Result<Queried> {
        let span = || query.body.span();
        let mut names = Vec::new();
        for item in items {
            match (&item.out, &item.columns) {
                (Some(_), _) if !item.name.is_empty() => names.push(item.name.clone()),
                (None, Some(columns)) => names.extend(columns.iter().map(|(name, _)| name.clone())),
                _ => return refuse("distinct_on", "each column needs a name, and a wildcard needs the schema", span()),
            }
        }
        let list: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let picked = self.fresh("row_number");
        let table = self.fresh("numbered");
        let outer: Vec<String> = names.iter().map(|name| self.name(name, false)).collect();
        // What sorts may not be in the list, so it comes along under names of its own.
        let (mut carried, mut texts) = (String::new(), Vec::new());
        for text in order {
            let mut key = text.as_str();
            let mut suffix = String::new();
            for word in [" NULLS FIRST", " NULLS LAST", " DESC"] {
                if let Some(rest) = key.strip_suffix(word) {
                    key = rest;
                    suffix = format!("{word}{suffix}");
                }
            }
            let name = self.fresh("sort_key");
            carried.push_str(&format!(", {key} AS {name}"));
            texts.push(format!("{name}{suffix}"));
        }
        let limit = self.limit(query)?;
        let sql = format!(
            "SELECT {} FROM (SELECT {}{carried}, {number} AS {picked}{tail}) AS {table} WHERE {picked} {test}{}{limit}",
            outer.join(", "),
            list.join(", "),
            order_clause(&texts)
        );
        Ok((sql, columns))
    }

    pub(super) fn qualify_clause(
        &mut self,
        qualify: Out,
        items: &[Item],
        tail: &str,
        order: &[OrderByExpr],
        query: &Query,
        columns: Option<Vec<Column>>,
    ) -> Result<Queried> {
        if self.t == Family::Sf {
            let list: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
            self.scope().use_aliases = false;
            let texts = self.order_items(order)?;
            let limit = self.limit(query)?;
            let order = order_clause(&texts);
            return Ok((format!("SELECT {}{tail} QUALIFY {}{order}{limit}", list.join(", "), qualify.sql), columns));
        }
        let test = if self.t.truth_is_number() { "= 1" } else { "IS TRUE" };
        let texts = self.order_items(order)?;
        self.first_rows(&format!("({})", qualify.sql), test, items, tail, &texts, query, columns)
    }
}
