//! One SELECT: its list, FROM, GROUP BY, HAVING, and what DISTINCT, DISTINCT ON and FULL JOIN become.

mod group;
mod picked;

use self::group::has_aggregate;
use super::Emitter;
use super::query::{Ordered, Queried, order_clause};
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use crate::scope::{Column, Scope, Source};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, NamedWindowExpr, OrderByExpr, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, Spanned, Value,
};

/// One item of a select list: its text, name and type; a wildcard is several columns.
struct Item {
    text: String,
    name: String,
    out: Option<Out>,
    expr: Option<Expr>,
    columns: Option<Vec<Column>>,
}

impl Emitter<'_> {
    /// A SELECT without ORDER BY and LIMIT.
    pub(crate) fn bare_select(&mut self, select: &Select, names: Option<&[String]>) -> Result<Queried> {
        let query = Query {
            with: None,
            body: Box::new(sqlparser::ast::SetExpr::Values(sqlparser::ast::Values {
                explicit_row: false,
                value_keyword: false,
                rows: Vec::new(),
            })),
            order_by: None,
            limit_clause: None,
            fetch: None,
            locks: Vec::new(),
            for_clause: None,
            settings: None,
            format_clause: None,
            pipe_operators: Vec::new(),
        };
        self.select(select, &[], &query, names)
    }

    pub(crate) fn select(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        query: &Query,
        names: Option<&[String]>,
    ) -> Result<Queried> {
        self.scopes.push(Scope::default());
        let result = self.select_inner(select, order, query, names);
        self.scopes.pop();
        result
    }

    fn select_inner(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        query: &Query,
        names: Option<&[String]>,
    ) -> Result<Queried> {
        let span = || select.span();
        let odd = select.into.is_some()
            || !select.lateral_views.is_empty()
            || select.prewhere.is_some()
            || !select.connect_by.is_empty()
            || !select.cluster_by.is_empty()
            || !select.distribute_by.is_empty()
            || !select.sort_by.is_empty()
            || select.exclude.is_some()
            || select.value_table_mode.is_some()
            || (select.top.is_some() && self.t != Family::Sf);
        if odd {
            return refuse("unsupported", "this form of SELECT cannot be translated", span());
        }
        let full = self.t == Family::My && is_full_join(select);
        let from = if full { String::new() } else { self.from(&select.from)? };
        if full {
            return self.full_join(select, order, query, names);
        }
        self.scope().aliases = select.projection.iter().map(alias_of).collect();
        let mut selection = match &select.selection {
            Some(expr) => {
                let out = self.expr(expr)?;
                Some(self.cond(out, expr.span())?)
            }
            None => None,
        };
        let aggregated = has_aggregate(select, order);
        let (group, modifier) = self.group_by(select, aggregated)?;
        let items = self.projection(select, names)?;
        // Without groups HAVING is a second WHERE in MySQL.
        let mut having = String::new();
        if let Some(expr) = &select.having {
            self.scope().use_aliases = self.f.truth_is_number();
            let out = self.expr(expr);
            self.scope().use_aliases = false;
            let out = self.cond(out?, expr.span())?;
            if group.is_empty() && !aggregated && self.f == Family::My && self.t != Family::My {
                selection = Some(match selection {
                    Some(other) => Out::new(
                        format!("{} AND {}", other.p(prec::AND), out.p(prec::AND)),
                        prec::AND,
                        Ty::of(Kind::Bool),
                    ),
                    None => out,
                });
            } else {
                having = format!(" HAVING {}", out.sql);
            }
        }
        let qualify = match &select.qualify {
            Some(expr) => {
                self.scope().use_aliases = true;
                let out = self.expr(expr);
                self.scope().use_aliases = false;
                Some(out?)
            }
            None => None,
        };
        let windows = self.windows(select)?;
        self.scope().use_aliases = self.f.truth_is_number();
        let order_texts = self.order_items(order);
        self.scope().use_aliases = false;
        let order_texts = order_texts?;
        let columns = columns_of(&items);
        let list: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let list = list.join(", ");
        let place = if from.is_empty() { String::new() } else { format!(" FROM {from}") };
        let filter = selection.map_or(String::new(), |out| format!(" WHERE {}", out.sql));
        let group = if group.is_empty() { String::new() } else { format!(" GROUP BY {group}{modifier}") };
        let tail = format!("{place}{filter}{group}{having}{windows}");
        let top = match &select.top {
            Some(top) => format!("{top} "),
            None => String::new(),
        };
        if let Some(Distinct::On(keys)) = &select.distinct {
            return self.distinct_on(keys, &items, &tail, order_texts, query, columns);
        }
        if let Some(qualify) = qualify {
            return self.qualify_clause(qualify, &items, &tail, order, query, columns);
        }
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        if !distinct {
            let limit = self.limit(query)?;
            return Ok((format!("SELECT {top}{list}{tail}{}{limit}", order_clause(&order_texts)), columns));
        }
        let head = self.distinct_head(&items, span());
        let body = format!("SELECT {head}{list}{tail}");
        let listed = |text: &String| {
            let word = text.trim_end_matches(" NULLS FIRST").trim_end_matches(" NULLS LAST").trim_end_matches(" DESC");
            items.iter().any(|item| item.name == word || item.out.as_ref().is_some_and(|out| out.sql == word))
                || word.parse::<u32>().is_ok()
        };
        if head == "DISTINCT " && (self.t != Family::Pg || order_texts.iter().all(listed)) {
            let limit = self.limit(query)?;
            return Ok((format!("{body}{}{limit}", order_clause(&order_texts)), columns));
        }
        if order.is_empty() {
            let limit = self.limit(query)?;
            return Ok((format!("{body}{limit}"), columns));
        }
        // What sorts is not in the list, so that it has to go around.
        let listing = listing(&items);
        let texts = match self.outer_order(order, &listing, columns.as_deref().unwrap_or_default(), false)? {
            Ordered::Plain(texts) | Ordered::Wrapped(texts) => texts,
        };
        let name = self.fresh("distinct_rows");
        let limit = self.limit(query)?;
        Ok((format!("SELECT * FROM ({body}) AS {name}{}{limit}", order_clause(&texts)), columns))
    }

    /// DISTINCT, which in MySQL takes texts that differ in case for one.
    fn distinct_head(&mut self, items: &[Item], span: sqlparser::tokenizer::Span) -> String {
        let ignores = |out: &Out| out.ty.is_text() && out.ty.ci == Some(true) && out.kind() != Kind::Enum;
        let any = items.iter().any(|item| item.out.as_ref().is_some_and(ignores));
        if self.f == Family::My && self.t == Family::Pg && any && items.iter().all(|item| item.out.is_some()) {
            self.warn("collation", "of texts that differ in case DISTINCT keeps any one", span);
            let keys: Vec<String> = items
                .iter()
                .filter_map(|item| item.out.as_ref())
                .map(|out| if ignores(out) { format!("lower({})", out.sql) } else { out.sql.clone() })
                .collect();
            return format!("DISTINCT ON ({}) ", keys.join(", "));
        }
        let wild = items.iter().filter(|item| item.out.is_none()).any(|item| {
            item.columns
                .as_ref()
                .is_none_or(|columns| columns.iter().any(|(_, ty)| ty.is_text() && ty.ci != Some(false)))
        });
        let unknown =
            items.iter().any(|item| item.out.as_ref().is_some_and(|out| out.ty.is_text() && out.ty.ci.is_none()));
        if !self.alike()
            && (self.f == Family::My && (wild || unknown || any) || self.t == Family::My && (wild || unknown))
        {
            self.warn("collation", "DISTINCT may treat texts that differ in case differently", span);
        }
        for out in items.iter().filter_map(|item| item.out.as_ref()) {
            self.untyped(out, "DISTINCT may treat texts that differ in case differently", span);
        }
        "DISTINCT ".to_owned()
    }

    fn projection(&mut self, select: &Select, names: Option<&[String]>) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for (at, item) in select.projection.iter().enumerate() {
            let given = names.and_then(|names| names.get(at)).cloned();
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let out = self.expr(expr)?;
                    let out = self.item_value(out);
                    let name = given.clone().or_else(|| output_name(expr)).unwrap_or_default();
                    let written = match (&given, name.as_str()) {
                        (Some(given), _) => self.name(given, false),
                        // A rewritten column keeps its name, which an outer query may use.
                        (None, name) if !name.is_empty() && !out.column => self.name(name, false),
                        _ => String::new(),
                    };
                    items.push(Item {
                        text: self.as_item(&out, &written),
                        name,
                        out: Some(out),
                        expr: Some(expr.clone()),
                        columns: None,
                    });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let out = self.expr(expr)?;
                    let out = self.item_value(out);
                    let written = match &given {
                        Some(given) => self.name(given, false),
                        None => self.ident(alias),
                    };
                    items.push(Item {
                        text: self.as_item(&out, &written),
                        name: given.unwrap_or_else(|| alias.value.clone()),
                        out: Some(out),
                        expr: Some(expr.clone()),
                        columns: None,
                    });
                }
                SelectItem::Wildcard(options) => {
                    if options.opt_exclude.is_some() || options.opt_except.is_some() || options.opt_replace.is_some() {
                        return refuse("unsupported", "a wildcard with exceptions has no peer", select.span());
                    }
                    let scope = self.scopes.last().cloned().unwrap_or_default();
                    let columns = scope.is_known().then(|| {
                        let of = |source: &Source| {
                            let outer = source.outer;
                            let widen = move |(name, ty): &Column| {
                                (name.clone(), Ty { nullable: ty.nullable || outer, ..ty.clone() })
                            };
                            source.columns.iter().flatten().map(widen).collect::<Vec<_>>()
                        };
                        scope.sources.iter().flat_map(of).collect::<Vec<Column>>()
                    });
                    items.push(Item { text: "*".to_owned(), name: String::new(), out: None, expr: None, columns });
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let wanted = last_name(name).to_lowercase();
                    let columns = self
                        .scopes
                        .last()
                        .and_then(|scope| scope.sources.iter().find(|source| source.name == wanted))
                        .and_then(|source| source.columns.clone());
                    let text = format!("{}.*", self.table_name(name)?);
                    items.push(Item { text, name: String::new(), out: None, expr: None, columns });
                }
                other => {
                    return refuse("unsupported", format!("`{other}` has no peer in a select list"), select.span());
                }
            }
        }
        Ok(items)
    }

    /// A value of a select list.
    fn item_value(&mut self, out: Out) -> Out {
        let column = out.column;
        let mut out = self.value(out);
        out.column = column;
        if out.lit.is_some() && out.kind() == Kind::Text && self.t == Family::Pg && !self.alike() {
            // In a set operation or a subquery a bare literal has no type yet.
            out.sql = format!("{}::text", out.sql);
            out.prec = prec::CAST;
        }
        out
    }

    fn windows(&mut self, select: &Select) -> Result<String> {
        let mut texts = Vec::new();
        if !select.named_window.is_empty() && self.t == Family::Sf {
            return refuse("window", "Snowflake has no named windows", select.span());
        }
        for window in &select.named_window {
            let text = match &window.1 {
                NamedWindowExpr::NamedWindow(name) => self.ident(name),
                NamedWindowExpr::WindowSpec(spec) => format!("({})", self.window_spec(spec)?),
            };
            texts.push(format!("{} AS {text}", self.ident(&window.0)));
        }
        Ok(if texts.is_empty() { String::new() } else { format!(" WINDOW {}", texts.join(", ")) })
    }

    /// FULL JOIN where there is none: what the left side has, then what only the right side has.
    fn full_join(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        query: &Query,
        names: Option<&[String]>,
    ) -> Result<Queried> {
        let span = || select.span();
        let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if exprs.is_empty());
        if grouped || select.distinct.is_some() || has_aggregate(select, order) || !select.named_window.is_empty() {
            return refuse(
                "full_join",
                "a FULL JOIN that is grouped or made distinct has no peer; put it into a subquery",
                span(),
            );
        }
        let table = &select.from[0];
        let join = &table.joins[0];
        let (JoinOperator::FullOuter(JoinConstraint::On(on)), [_]) = (&join.join_operator, table.joins.as_slice())
        else {
            return refuse("full_join", "only a FULL JOIN of two tables with ON has a peer", span());
        };
        let left = self.factor(&table.relation, true)?;
        let right = self.factor(&join.relation, true)?;
        let on = {
            let out = self.expr(on)?;
            self.cond(out, span())?
        };
        let filter = match &select.selection {
            Some(expr) => {
                let out = self.expr(expr)?;
                Some(self.cond(out, span())?)
            }
            None => None,
        };
        self.scope().aliases = select.projection.iter().map(alias_of).collect();
        let items = self.projection(select, names)?;
        let columns = columns_of(&items);
        let list: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let list = list.join(", ");
        let first = filter.as_ref().map_or(String::new(), |out| format!(" WHERE {}", out.sql));
        let also = filter.as_ref().map_or(String::new(), |out| format!(" AND {}", out.p(prec::AND)));
        let body = format!(
            "SELECT {list} FROM {left} LEFT JOIN {right} ON {} {first} UNION ALL SELECT {list} FROM {left} RIGHT JOIN {right} ON FALSE WHERE NOT EXISTS (SELECT 1 FROM {left} WHERE {}){also}",
            on.sql, on.sql
        );
        let body = body.replace("  ", " ");
        if order.is_empty() && query.limit_clause.is_none() && query.fetch.is_none() {
            return Ok((body, columns));
        }
        let texts = match self.outer_order(order, &listing(&items), columns.as_deref().unwrap_or_default(), false)? {
            Ordered::Plain(texts) | Ordered::Wrapped(texts) => texts,
        };
        let name = self.fresh("joined");
        let limit = self.limit(query)?;
        Ok((format!("SELECT * FROM ({body}) AS {name}{}{limit}", order_clause(&texts)), columns))
    }
}

fn is_full_join(select: &Select) -> bool {
    let is_full = |join: &Join| matches!(join.join_operator, JoinOperator::FullOuter(_));
    select.from.len() == 1 && select.from[0].joins.len() == 1 && select.from[0].joins.iter().any(is_full)
}

fn alias_of(item: &SelectItem) -> (String, Expr) {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => (alias.value.clone(), expr.clone()),
        SelectItem::UnnamedExpr(expr) => (String::new(), expr.clone()),
        _ => (String::new(), Expr::value(Value::Null)),
    }
}

/// How a column without an alias is called.
fn output_name(expr: &Expr) -> Option<String> {
    crate::scope::column(expr).map(|(_, name)| name.to_owned())
}

fn listing(items: &[Item]) -> Vec<(String, Option<Expr>)> {
    items.iter().map(|item| (item.name.clone(), item.expr.clone())).collect()
}

fn columns_of(items: &[Item]) -> Option<Vec<Column>> {
    let mut columns = Vec::new();
    for item in items {
        match (&item.out, &item.columns) {
            (Some(out), _) => {
                let ty = if out.kind() == Kind::Null { Ty::of(Kind::Null) } else { out.ty.clone() };
                columns.push((item.name.clone(), ty));
            }
            (None, Some(many)) => columns.extend(many.iter().cloned()),
            (None, None) => return None,
        }
    }
    Some(columns)
}
