//! Queries: WITH, set operations, VALUES, LIMIT; one SELECT is in `select.rs`.

use super::Emitter;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use crate::scope::{Column, Scope, Source, same};
use sqlparser::ast::{
    Cte, Expr, LimitClause, LockType, NonBlock, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator,
    SetQuantifier, Spanned, TableAlias, Value, Values, With,
};

/// A query's text and the columns it yields.
pub(crate) type Queried = (String, Option<Vec<Column>>);

impl Emitter<'_> {
    pub(crate) fn query(&mut self, query: &Query) -> Result<Queried> {
        self.query_named(query, None)
    }

    /// A query whose columns are to have these names.
    pub(crate) fn query_named(&mut self, query: &Query, names: Option<&[String]>) -> Result<Queried> {
        let mark = self.ctes.len();
        let qualify = self.qualify.take();
        let assigned = std::mem::take(&mut self.assigned);
        let aggregate = std::mem::take(&mut self.in_aggregate);
        let result = self.query_inner(query, names);
        self.in_aggregate = aggregate;
        self.assigned = assigned;
        self.qualify = qualify;
        self.ctes.truncate(mark);
        result
    }

    fn query_inner(&mut self, query: &Query, names: Option<&[String]>) -> Result<Queried> {
        let span = || query.body.span();
        if !query.pipe_operators.is_empty() || query.for_clause.is_some() || query.settings.is_some() {
            return refuse("unsupported", "this form of query cannot be translated", span());
        }
        let with = match &query.with {
            Some(with) => self.with(with)?,
            None => String::new(),
        };
        let order = order_items(query.order_by.as_ref())
            .ok_or(())
            .or_else(|()| refuse("unsupported", "ORDER BY ALL has no peer", span()))?;
        let (sql, columns) = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, order, query, names)?,
            body => {
                let (sql, columns) = self.set_expr(body, names)?;
                let known = columns.clone().unwrap_or_default();
                let texts = self.outer_order(order, &[], &known, true)?;
                match texts {
                    Ordered::Plain(texts) => (format!("{sql}{}{}", order_clause(&texts), self.limit(query)?), columns),
                    Ordered::Wrapped(texts) => {
                        let name = self.fresh("united");
                        let limit = self.limit(query)?;
                        (format!("SELECT * FROM ({sql}) AS {name}{}{limit}", order_clause(&texts)), columns)
                    }
                }
            }
        };
        let locks = self.locks(query)?;
        Ok((format!("{with}{sql}{locks}"), columns))
    }

    fn with(&mut self, with: &With) -> Result<String> {
        let mut parts = Vec::new();
        for cte in &with.cte_tables {
            parts.push(self.cte(cte, with.recursive)?);
        }
        let word = if with.recursive && self.t != Family::Td { "WITH RECURSIVE " } else { "WITH " };
        if self.t == Family::Td {
            return refuse("with", "TDengine has no WITH", with.span());
        }
        Ok(format!("{word}{} ", parts.join(", ")))
    }

    fn cte(&mut self, cte: &Cte, recursive: bool) -> Result<String> {
        let name = cte.alias.name.value.to_lowercase();
        let names: Vec<String> = cte.alias.columns.iter().map(|column| column.name.value.clone()).collect();
        let renamed = |columns: Option<Vec<Column>>| -> Option<Vec<Column>> {
            if names.is_empty() {
                return columns;
            }
            let types = columns.unwrap_or_default();
            let ty = |at: usize| types.get(at).map_or(Ty::of(Kind::Unknown), |(_, ty)| ty.clone());
            Some(names.iter().enumerate().map(|(at, name)| (name.clone(), ty(at))).collect())
        };
        if recursive {
            // The first part alone says what the columns are.
            if let SetExpr::SetOperation { left, .. } = cte.query.body.as_ref() {
                let (notes, parameters) = (self.notes.len(), self.parameters);
                let (_, columns) = self.set_expr(left, None)?;
                self.notes.truncate(notes);
                self.parameters = parameters;
                let nullable = |(name, ty): Column| (name, Ty { nullable: true, round: false, ..ty });
                self.ctes.push((name.clone(), renamed(columns).map(|all| all.into_iter().map(nullable).collect())));
            }
        }
        let (sql, columns) = self.query(&cte.query)?;
        if recursive && matches!(cte.query.body.as_ref(), SetExpr::SetOperation { .. }) {
            self.ctes.pop();
        }
        self.ctes.push((name, renamed(columns)));
        let list = if names.is_empty() {
            String::new()
        } else {
            let quoted: Vec<String> = cte.alias.columns.iter().map(|column| self.ident(&column.name)).collect();
            format!(" ({})", quoted.join(", "))
        };
        let hint = match (&cte.materialized, self.t) {
            (Some(hint), Family::Pg | Family::Lite) => format!("{hint} "),
            _ => String::new(),
        };
        Ok(format!("{}{list} AS {hint}({sql})", self.ident(&cte.alias.name)))
    }

    /// The parts of a query that may stand in a set operation.
    fn set_expr(&mut self, body: &SetExpr, names: Option<&[String]>) -> Result<Queried> {
        match body {
            SetExpr::Select(select) => self.bare_select(select, names),
            SetExpr::Query(query) => {
                let (sql, columns) = self.query_named(query, names)?;
                if self.t == Family::Lite {
                    // SQLite takes no parentheses here, a subquery it takes.
                    return Ok((format!("SELECT * FROM ({sql})"), columns));
                }
                Ok((format!("({sql})"), columns))
            }
            SetExpr::Values(values) => self.values(values, names),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let span = body.span();
                let (left_sql, left_columns) = self.set_expr(left, names)?;
                let (right_sql, right_columns) = self.set_expr(right, None)?;
                let (left_sql, left_columns, right_sql, right_columns) =
                    self.united(left_sql, left_columns, right_sql, right_columns, span);
                let op = match op {
                    SetOperator::Union => "UNION",
                    SetOperator::Except | SetOperator::Minus => "EXCEPT",
                    SetOperator::Intersect => "INTERSECT",
                };
                let all = match set_quantifier {
                    SetQuantifier::All => " ALL",
                    SetQuantifier::None | SetQuantifier::Distinct => "",
                    _ => return refuse("unsupported", "a set operation by name has no peer", span),
                };
                if !all.is_empty() && op != "UNION" && matches!(self.t, Family::Lite | Family::Sf) {
                    return refuse("set_operation", format!("the target has no {op} ALL"), span);
                }
                if self.t == Family::Td && op != "UNION" {
                    return refuse("set_operation", format!("TDengine has no {op}"), span);
                }
                let columns = left_columns.clone().map(|columns| {
                    let other = right_columns.unwrap_or_default();
                    let merge = |(at, (name, ty)): (usize, Column)| {
                        let right = other.get(at).map(|(_, ty)| ty.clone());
                        let nullable = ty.nullable || right.as_ref().is_none_or(|ty| ty.nullable);
                        let kind = match right {
                            Some(right) if ty.kind == Kind::Null => right.kind,
                            _ => ty.kind,
                        };
                        (name, Ty { nullable, kind, ..ty })
                    };
                    columns.into_iter().enumerate().map(merge).collect::<Vec<_>>()
                });
                let ignores_case = columns.iter().flatten().any(|(_, ty)| ty.is_text() && ty.ci != Some(false))
                    && self.f == Family::My;
                if all.is_empty() && ignores_case && !self.alike() {
                    self.warn(
                        "collation",
                        format!("{op} takes texts that differ in case for equal in the source only"),
                        span,
                    );
                }
                let case_counts = columns.iter().flatten().any(|(_, ty)| ty.is_text() && ty.ci != Some(true));
                if all.is_empty() && case_counts && self.t == Family::My && !self.alike() {
                    self.warn(
                        "collation",
                        format!("{op} may take texts that differ in case for equal in the target"),
                        span,
                    );
                }
                // The parser reads set operations from left to right; SQLite gives INTERSECT no precedence either.
                Ok((format!("{left_sql} {op}{all} {right_sql}"), columns))
            }
            SetExpr::Table(table) => {
                let name = table.table_name.clone().unwrap_or_default();
                Ok((format!("SELECT * FROM {}", self.name(&name, false)), None))
            }
            _ => refuse("unsupported", "this form of query cannot be translated", body.span()),
        }
    }

    /// Both sides of a set operation, a column of numbers made texts where the other side has texts: PostgreSQL asks for it.
    fn united(
        &mut self,
        left: String,
        left_columns: Option<Vec<Column>>,
        right: String,
        right_columns: Option<Vec<Column>>,
        span: sqlparser::tokenizer::Span,
    ) -> (String, Option<Vec<Column>>, String, Option<Vec<Column>>) {
        let (Some(lefts), Some(rights)) = (&left_columns, &right_columns) else {
            return (left, left_columns, right, right_columns);
        };
        let number = |ty: &Ty| ty.is_number() || ty.kind == Kind::Tiny;
        let mixes = |(one, other): &(&Column, &Column)| {
            one.1.is_text() && number(&other.1) || number(&one.1) && other.1.is_text()
        };
        if self.f != Family::My || self.t != Family::Pg || !lefts.iter().zip(rights).any(|pair| mixes(&pair)) {
            return (left, left_columns, right, right_columns);
        }
        self.warn("implicit_cast", "numbers that meet texts in one column become texts", span);
        let as_text = |emitter: &mut Self, sql: &str, own: &[Column], other: &[Column]| {
            let table = emitter.fresh("part");
            let names: Vec<String> = (1..=own.len()).map(|at| format!("c{at}")).collect();
            let mut columns = Vec::new();
            let items = own.iter().zip(other).zip(&names).map(|((own, other), name)| {
                let change = number(&own.1) && other.1.is_text();
                columns.push(if change { (own.0.clone(), other.1.clone()) } else { own.clone() });
                let shown =
                    if own.0.is_empty() { String::new() } else { format!(" AS {}", emitter.name(&own.0, false)) };
                match own.1.kind {
                    Kind::Tiny if change => format!("{name}::int::text{shown}"),
                    _ if change => format!("{name}::text{shown}"),
                    _ => format!("{name}{shown}"),
                }
            });
            let items: Vec<String> = items.collect();
            (format!("SELECT {} FROM ({sql}) AS {table}({})", items.join(", "), names.join(", ")), columns)
        };
        let (left, lefts_new) = as_text(self, &left, lefts, rights);
        let (right, rights_new) = as_text(self, &right, rights, lefts);
        (left, Some(lefts_new), right, Some(rights_new))
    }

    pub(crate) fn values(&mut self, values: &Values, names: Option<&[String]>) -> Result<Queried> {
        let mut rows = Vec::new();
        let mut columns: Option<Vec<Column>> = None;
        for row in &values.rows {
            let mut items = Vec::new();
            for item in &row.content {
                let out = self.expr(item)?;
                items.push(self.value(out));
            }
            let types = items.iter().enumerate().map(|(at, out)| {
                let name =
                    names.and_then(|names| names.get(at)).cloned().unwrap_or_else(|| format!("column{}", at + 1));
                (name, Ty { nullable: true, ..out.ty.clone() })
            });
            if columns.is_none() || items.iter().all(|out| out.kind() != Kind::Null) {
                columns = Some(types.collect());
            }
            rows.push(items);
        }
        let as_selects = self.t == Family::My || (names.is_some() && self.t != Family::Pg);
        let sql = if as_selects {
            let mut parts = Vec::new();
            for (at, row) in rows.iter().enumerate() {
                let mut texts = Vec::new();
                for (place, out) in row.iter().enumerate() {
                    let name = names.and_then(|names| names.get(place)).cloned();
                    let name = name.unwrap_or_else(|| format!("column{}", place + 1));
                    texts.push(if at == 0 {
                        format!("{} AS {}", out.sql, self.name(&name, false))
                    } else {
                        out.sql.clone()
                    });
                }
                parts.push(format!("SELECT {}", texts.join(", ")));
            }
            parts.join(" UNION ALL ")
        } else {
            let texts: Vec<String> = rows
                .iter()
                .map(|row| format!("({})", row.iter().map(|out| out.sql.as_str()).collect::<Vec<_>>().join(", ")))
                .collect();
            format!("VALUES {}", texts.join(", "))
        };
        Ok((sql, columns))
    }

    /// ORDER BY over what a query yields, rather than over what it reads.
    pub(crate) fn outer_order(
        &mut self,
        items: &[OrderByExpr],
        projection: &[(String, Option<Expr>)],
        columns: &[Column],
        may_stay: bool,
    ) -> Result<Ordered> {
        if items.is_empty() {
            return Ok(Ordered::Plain(Vec::new()));
        }
        let source = Source { name: String::new(), columns: Some(columns.to_vec()), table: None, outer: false };
        let aliases = columns.iter().map(|(name, _)| (name.clone(), Expr::Identifier(name.as_str().into()))).collect();
        self.scopes.push(Scope { sources: vec![source], aliases, ..Scope::default() });
        let mut plain = may_stay;
        let mut replaced = Vec::new();
        for item in items {
            let mut item = item.clone();
            let position = match &item.expr {
                Expr::Value(value) => match &value.value {
                    Value::Number(text, _) => text.parse::<usize>().ok(),
                    _ => None,
                },
                _ => None,
            };
            let name = match position {
                Some(at) => columns.get(at.wrapping_sub(1)).map(|(name, _)| name.clone()),
                None => projection
                    .iter()
                    .find(|(name, expr)| {
                        expr.as_ref().is_some_and(|expr| same(expr, &item.expr))
                            || matches!(&item.expr, Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case(name))
                    })
                    .map(|(name, _)| name.clone()),
            };
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                item.expr = Expr::Identifier(name.as_str().into());
            }
            replaced.push(item);
        }
        let texts = self.order_items(&replaced);
        self.scopes.pop();
        let texts = texts?;
        let bare = |text: &String| {
            let word = text.split(' ').next().unwrap_or_default();
            text == word
                || [" DESC", " NULLS FIRST", " NULLS LAST", " DESC NULLS FIRST", " DESC NULLS LAST"]
                    .contains(&&text[word.len()..])
        };
        plain &= texts.iter().all(bare);
        Ok(if plain { Ordered::Plain(texts) } else { Ordered::Wrapped(texts) })
    }

    pub(crate) fn limit(&mut self, query: &Query) -> Result<String> {
        let span = || query.body.span();
        let (mut limit, mut offset) = (None, None);
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit: count, offset: skip, limit_by }) => {
                if !limit_by.is_empty() {
                    return refuse("unsupported", "LIMIT BY has no peer", span());
                }
                if let Some(count) = count {
                    let count = self.expr(count)?;
                    limit = (!count.is_null()).then_some(count.sql);
                }
                if let Some(skip) = skip {
                    offset = Some(self.expr(&skip.value)?.sql);
                }
            }
            Some(LimitClause::OffsetCommaLimit { offset: skip, limit: count }) => {
                offset = Some(self.expr(skip)?.sql);
                limit = Some(self.expr(count)?.sql);
            }
            None => {}
        }
        if let Some(fetch) = &query.fetch {
            if fetch.with_ties || fetch.percent {
                if self.t == Family::Pg {
                    let count = match &fetch.quantity {
                        Some(count) => self.expr(count)?.sql,
                        None => "1".to_owned(),
                    };
                    let skip = offset.map_or(String::new(), |skip| format!(" OFFSET {skip}"));
                    return Ok(format!("{skip} FETCH FIRST {count} ROWS WITH TIES"));
                }
                return refuse("limit", "FETCH WITH TIES has no peer in the target", span());
            }
            limit = Some(match &fetch.quantity {
                Some(count) => self.expr(count)?.sql,
                None => "1".to_owned(),
            });
        }
        if let (None, Some(_)) = (&limit, &offset) {
            limit = match self.t {
                Family::My => Some("18446744073709551615".to_owned()),
                Family::Lite => Some("-1".to_owned()),
                Family::Sf => Some("NULL".to_owned()),
                Family::Pg | Family::Td => None,
            };
        }
        let limit = limit.map_or(String::new(), |limit| format!(" LIMIT {limit}"));
        let offset = offset.map_or(String::new(), |offset| format!(" OFFSET {offset}"));
        Ok(format!("{limit}{offset}"))
    }

    fn locks(&mut self, query: &Query) -> Result<String> {
        let mut texts = String::new();
        for lock in &query.locks {
            if !matches!(self.t, Family::My | Family::Pg) {
                self.warn(
                    "locks",
                    "the target locks no rows while reading; the clause was left out",
                    query.body.span(),
                );
                continue;
            }
            let word = match (&lock.lock_type, self.t) {
                (LockType::Update, _) => "FOR UPDATE",
                (LockType::Share, Family::My) if self.to_mariadb() => "LOCK IN SHARE MODE",
                (LockType::Share, _) => "FOR SHARE",
            };
            let of = match &lock.of {
                Some(name) if !self.to_mariadb() => format!(" OF {}", self.table_name(name)?),
                _ => String::new(),
            };
            let wait = match lock.nonblock {
                Some(NonBlock::Nowait) => " NOWAIT",
                Some(NonBlock::SkipLocked) => " SKIP LOCKED",
                None => "",
            };
            texts.push_str(&format!(" {word}{of}{wait}"));
        }
        Ok(texts)
    }

    /// A derived table's alias with its columns' names.
    pub(crate) fn alias(&mut self, alias: Option<&TableAlias>, with_columns: bool) -> (String, Vec<String>) {
        let Some(alias) = alias else { return (self.fresh("derived"), Vec::new()) };
        let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.clone()).collect();
        let name = self.ident(&alias.name);
        if names.is_empty() || !with_columns {
            return (name, names);
        }
        let quoted: Vec<String> = alias.columns.iter().map(|column| self.ident(&column.name)).collect();
        (format!("{name}({})", quoted.join(", ")), names)
    }

    /// A value of a select list, cut to what the place can take.
    pub(crate) fn as_item(&self, out: &Out, name: &str) -> String {
        if name.is_empty() { out.sql.clone() } else { format!("{} AS {name}", out.p(prec::OR)) }
    }
}

/// ORDER BY of a whole query: usable as it is, or only around the query.
pub(crate) enum Ordered {
    Plain(Vec<String>),
    Wrapped(Vec<String>),
}

pub(crate) fn order_clause(texts: &[String]) -> String {
    if texts.is_empty() { String::new() } else { format!(" ORDER BY {}", texts.join(", ")) }
}

/// The items of an ORDER BY; none for `ORDER BY ALL`.
fn order_items(order: Option<&OrderBy>) -> Option<&[OrderByExpr]> {
    match order.map(|order| &order.kind) {
        None => Some(&[]),
        Some(OrderByKind::Expressions(items)) => Some(items),
        Some(OrderByKind::All(_)) => None,
    }
}
