//! One SELECT: its list, FROM, GROUP BY, HAVING, and what DISTINCT, DISTINCT ON and FULL JOIN become.

use super::Emitter;
use super::query::{Ordered, Queried, order_clause};
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use crate::scope::{Column, Group, Scope, Source};
use sqlparser::ast::{
    Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, GroupByWithModifier, Join,
    JoinConstraint, JoinOperator, NamedWindowExpr, OrderByExpr, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, Spanned, TableFactor, TableWithJoins, Value, visit_expressions,
};
use std::ops::ControlFlow;

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
            return self.distinct_on(keys, &items, &tail, order_texts, order, query, columns);
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

    fn group_by(&mut self, select: &Select, aggregated: bool) -> Result<(String, String)> {
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
    fn group_expr(&mut self, expr: &Expr, select: &Select) -> Expr {
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
    fn group_text(&mut self, out: Out, span: sqlparser::tokenizer::Span) -> (String, Out) {
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
    fn find_whole_tables(&mut self, group: &mut Group) {
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

    /// PostgreSQL's DISTINCT ON: the first row of each key.
    #[allow(clippy::too_many_arguments, reason = "the parts of one SELECT")]
    fn distinct_on(
        &mut self,
        keys: &[Expr],
        items: &[Item],
        tail: &str,
        order_texts: Vec<String>,
        order: &[OrderByExpr],
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
        let _ = order;
        self.first_rows(&number, "= 1", items, tail, &order_texts, query, columns)
    }

    /// Rows chosen by a window function, through a subquery that computes it.
    #[allow(clippy::too_many_arguments, reason = "the parts of one SELECT")]
    fn first_rows(
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

    fn qualify_clause(
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

    pub(crate) fn from(&mut self, tables: &[TableWithJoins]) -> Result<String> {
        let mut texts = Vec::new();
        for table in tables {
            let text = self.table_with_joins(table)?;
            if !text.is_empty() {
                texts.push(text);
            }
        }
        Ok(texts.join(", "))
    }

    pub(crate) fn table_with_joins(&mut self, table: &TableWithJoins) -> Result<String> {
        let opens_right = table.joins.iter().any(|join| {
            matches!(
                join.join_operator,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
            )
        });
        let mut text = self.factor(&table.relation, opens_right)?;
        for join in &table.joins {
            text.push_str(&self.join(join)?);
        }
        Ok(text)
    }

    fn join(&mut self, join: &Join) -> Result<String> {
        let span = || join.relation.span();
        let (mut word, constraint, outer) = match &join.join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::StraightJoin(constraint) => ("JOIN", constraint, false),
            JoinOperator::CrossJoin(constraint) => ("CROSS JOIN", constraint, false),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", constraint, true),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => ("RIGHT JOIN", constraint, false),
            JoinOperator::FullOuter(constraint) => {
                if matches!(self.t, Family::My | Family::Td) {
                    return refuse("full_join", "only a FULL JOIN of two tables with ON has a peer", span());
                }
                ("FULL JOIN", constraint, true)
            }
            _ => return refuse("join", "this kind of join has no peer", span()),
        };
        let relation = self.factor(&join.relation, outer)?;
        let condition = match constraint {
            JoinConstraint::On(expr) => {
                let out = self.expr(expr)?;
                let out = self.cond(out, expr.span())?;
                if word == "CROSS JOIN" {
                    word = "JOIN";
                }
                format!(" ON {}", out.sql)
            }
            JoinConstraint::Using(names) => {
                let mut texts = Vec::new();
                for name in names {
                    let ident = name.0.last().and_then(|part| part.as_ident());
                    texts.push(ident.map(|ident| self.ident(ident)).unwrap_or_default());
                }
                format!(" USING ({})", texts.join(", "))
            }
            JoinConstraint::Natural => {
                word = match word {
                    "LEFT JOIN" => "NATURAL LEFT JOIN",
                    "RIGHT JOIN" => "NATURAL RIGHT JOIN",
                    _ => "NATURAL JOIN",
                };
                String::new()
            }
            JoinConstraint::None => {
                if word == "JOIN" {
                    word = "CROSS JOIN";
                }
                String::new()
            }
        };
        Ok(format!(" {word} {relation}{condition}"))
    }

    /// A table, subquery or function in FROM; its names enter the scope.
    pub(crate) fn factor(&mut self, factor: &TableFactor, outer: bool) -> Result<String> {
        let span = || factor.span();
        match factor {
            TableFactor::Table { name, alias, args: None, version: None, partitions, sample, index_hints, .. } => {
                if !partitions.is_empty() || sample.is_some() {
                    return refuse("from", "partitions and samples in FROM have no peer", span());
                }
                if !index_hints.is_empty() && self.t != Family::My {
                    self.info("hints", "hints on indexes were left out", span());
                }
                let own = last_name(name);
                if own.eq_ignore_ascii_case("dual") && self.f == Family::My {
                    return Ok(String::new());
                }
                let called = alias.as_ref().map_or_else(|| own.clone(), |alias| alias.name.value.clone());
                let cte = self.ctes.iter().rev().find(|(cte, _)| cte.eq_ignore_ascii_case(&own)).cloned();
                let (columns, table, text) = match cte {
                    Some((_, columns)) => (columns, None, self.table_name(name)?),
                    None => {
                        let table = self.catalog.find(&own);
                        let columns = table.map(|table| {
                            table.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect()
                        });
                        (columns, Some(own.to_lowercase()), self.table_name(name)?)
                    }
                };
                self.scope().sources.push(Source { name: called.to_lowercase(), columns, table, outer });
                Ok(match alias {
                    Some(alias) => format!("{text} AS {}", self.ident(&alias.name)),
                    None => text,
                })
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                if *lateral && (self.to_mariadb() || self.t == Family::Lite) {
                    return refuse("lateral", "the target has no LATERAL", span());
                }
                let takes_names = !(self.to_mariadb() || self.t == Family::Lite);
                let (text, names) = self.alias(alias.as_ref(), takes_names);
                // A subquery in FROM sees none of its neighbors.
                let neighbors = if *lateral { Vec::new() } else { std::mem::take(&mut self.scope().sources) };
                let inner = self.query_named(subquery, (!names.is_empty()).then_some(names.as_slice()));
                if !*lateral {
                    let _ = std::mem::replace(&mut self.scope().sources, neighbors);
                }
                let (sql, columns) = inner?;
                let columns = match (columns, names.is_empty()) {
                    (Some(columns), false) => {
                        let renamed = columns.into_iter().enumerate();
                        Some(renamed.map(|(at, (name, ty))| (names.get(at).cloned().unwrap_or(name), ty)).collect())
                    }
                    (None, false) => Some(names.iter().map(|name| (name.clone(), Ty::of(Kind::Unknown))).collect()),
                    (columns, true) => columns,
                };
                let called = alias.as_ref().map_or_else(|| text.clone(), |alias| alias.name.value.clone());
                self.scope().sources.push(Source { name: called.to_lowercase(), columns, table: None, outer });
                let word = if *lateral { "LATERAL " } else { "" };
                Ok(format!("{word}({sql}) AS {text}"))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.table_with_joins(table_with_joins)?))
            }
            TableFactor::Table { name, alias, args: Some(arguments), .. } => {
                self.table_function(&last_name(name), &arguments.args, alias.as_ref(), span())
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.table_function(&last_name(name), args, alias.as_ref(), span())
            }
            _ => refuse("from", "this kind of table in FROM has no peer", span()),
        }
    }

    fn table_function(
        &mut self,
        name: &str,
        arguments: &[FunctionArg],
        alias: Option<&sqlparser::ast::TableAlias>,
        span: sqlparser::tokenizer::Span,
    ) -> Result<String> {
        let mut outs = Vec::new();
        for argument in arguments {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => outs.push(self.expr(expr)?),
                _ => return refuse("from", "named arguments have no peer", span),
            }
        }
        let called = alias.map_or_else(|| name.to_lowercase(), |alias| alias.name.value.to_lowercase());
        let column = alias
            .and_then(|alias| alias.columns.first())
            .map_or_else(|| called.clone(), |column| column.name.value.clone());
        let series = name.eq_ignore_ascii_case("generate_series");
        if series && matches!(self.f, Family::Pg) && outs.iter().all(|out| out.kind() == Kind::Int) && outs.len() >= 2 {
            let columns = Some(vec![(column.clone(), Ty { nullable: false, ..Ty::of(Kind::Int) })]);
            let text = match self.t {
                Family::Pg => {
                    let arguments: Vec<&str> = outs.iter().map(|out| out.sql.as_str()).collect();
                    format!("generate_series({})", arguments.join(", "))
                }
                Family::My | Family::Lite => {
                    let step = outs.get(2).map_or("1", |out| out.sql.as_str());
                    let down = step.starts_with('-');
                    let test = if down { ">=" } else { "<=" };
                    let (start, end) = (&outs[0].sql, &outs[1].sql);
                    let inner = self.name(&column, false);
                    format!(
                        "(WITH RECURSIVE series({inner}) AS (SELECT {start} WHERE {start} {test} {end} UNION ALL SELECT {inner} + ({step}) FROM series WHERE {inner} + ({step}) {test} {end}) SELECT {inner} FROM series)"
                    )
                }
                _ => return refuse("from", "generate_series has no peer in the target", span),
            };
            self.scope().sources.push(Source { name: called.clone(), columns, table: None, outer: false });
            let called = self.name(&called, false);
            return Ok(if self.t == Family::Pg {
                format!("{text} AS {called}({})", self.name(&column, false))
            } else {
                format!("{text} AS {called}")
            });
        }
        if self.alike() {
            let arguments: Vec<&str> = outs.iter().map(|out| out.sql.as_str()).collect();
            let (shown, _) = self.alias(alias, true);
            self.scope().sources.push(Source { name: called, columns: None, table: None, outer: false });
            return Ok(format!("{name}({}) AS {shown}", arguments.join(", ")));
        }
        refuse("from", format!("the function `{name}` in FROM has no peer"), span)
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

/// Whether a SELECT computes an aggregate over its rows, subqueries aside.
fn has_aggregate(select: &Select, order: &[OrderByExpr]) -> bool {
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

fn contains_aggregate(expr: &Expr) -> bool {
    // Expressions of subqueries are visited too; their aggregates are their own.
    if matches!(expr, Expr::Subquery(_) | Expr::Exists { .. }) {
        return false;
    }
    let mut inside = 0_i64;
    let _ = visit_expressions(expr, |part: &Expr| {
        if let Expr::Function(function) = part
            && function.over.is_none()
            && super::function::is_aggregate(&function.name.to_string())
            && !matches!(function.args, FunctionArguments::None)
        {
            inside += 1;
        }
        if let Expr::Subquery(query) | Expr::InSubquery { subquery: query, .. } = part {
            let mut own = 0;
            let _ = visit_expressions(query.as_ref(), |part: &Expr| {
                if let Expr::Function(function) = part
                    && function.over.is_none()
                    && super::function::is_aggregate(&function.name.to_string())
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
