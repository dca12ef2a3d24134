//! Aggregates and window functions.

mod joined;

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::emit::query::order_clause;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    NullTreatment, OrderByExpr, Spanned,
};
use sqlparser::tokenizer::Span;

/// Whether a function computes one value of many rows.
pub(crate) fn is_aggregate(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "group_concat",
        "string_agg",
        "listagg",
        "std",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "variance",
        "var_pop",
        "var_samp",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_or",
        "bool_and",
        "every",
        "boolor_agg",
        "booland_agg",
        "json_arrayagg",
        "json_objectagg",
        "jsonb_agg",
        "json_agg",
        "jsonb_object_agg",
        "json_object_agg",
        "array_agg",
        "any_value",
        "total",
        "count_if",
        "countif",
        "percentile_cont",
        "percentile_disc",
        "median",
        "mode",
        "json_group_array",
        "json_group_object",
        "corr",
        "object_agg",
        "approx_count_distinct",
        "max_by",
        "min_by",
        "first",
        "last",
    ];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// The parts of a call.
struct Call<'a> {
    exprs: Vec<&'a Expr>,
    star: bool,
    distinct: bool,
    order: Vec<OrderByExpr>,
    separator: Option<&'a sqlparser::ast::ValueWithSpan>,
    nulls: Option<NullTreatment>,
}

fn read<'a>(function: &'a Function, name: &str, span: Span) -> Result<Call<'a>> {
    let mut call =
        Call { exprs: Vec::new(), star: false, distinct: false, order: Vec::new(), separator: None, nulls: None };
    let FunctionArguments::List(list) = &function.args else { return Ok(call) };
    call.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => call.exprs.push(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => call.star = true,
            _ => return refuse("function", format!("these arguments of `{name}` have no peer"), span),
        }
    }
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(items) => call.order.clone_from(items),
            FunctionArgumentClause::Separator(value) => call.separator = Some(value),
            FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => call.nulls = Some(*treatment),
            _ => return refuse("function", format!("a clause in `{name}` has no peer"), span),
        }
    }
    if !function.within_group.is_empty() {
        call.order.clone_from(&function.within_group);
    }
    Ok(call)
}

impl Emitter<'_> {
    pub(super) fn aggregate(&mut self, name: &str, function: &Function, span: Span) -> Result<Out> {
        // Inside an aggregate GROUP BY does not reach; a window function works on what was grouped.
        let grouped = self.scopes.last().is_some_and(|scope| scope.group.is_some());
        let inside = !(function.over.is_some() && grouped) || self.in_aggregate;
        let outer = std::mem::replace(&mut self.in_aggregate, inside);
        let result = self.aggregate_inner(name, function, span);
        self.in_aggregate = outer;
        result
    }

    fn aggregate_inner(&mut self, name: &str, function: &Function, span: Span) -> Result<Out> {
        let mut call = read(function, name, span)?;
        call.nulls = call.nulls.or(function.null_treatment);
        let over = self.over(function.over.as_ref())?;
        let filter = match &function.filter {
            Some(filter) => {
                let out = self.expr(filter)?;
                Some(self.cond(out, span)?)
            }
            None => None,
        };
        let mut arguments = Vec::new();
        for expr in &call.exprs {
            arguments.push(self.expr(expr)?);
        }
        // Where there is no FILTER, what does not pass is NULL, which no aggregate counts.
        let filters = matches!(self.t, Family::Pg | Family::Lite);
        let clause = match &filter {
            Some(filter) if filters => format!(" FILTER (WHERE {})", filter.sql),
            _ => String::new(),
        };
        let passing = |out: Out, filter: Option<&Out>| match filter {
            Some(filter) if !filters => Out::new(
                format!("CASE WHEN {} THEN {} END", filter.sql, out.sql),
                prec::ATOM,
                Ty { nullable: true, ..out.ty },
            ),
            _ => out,
        };
        if call.star && name == "count" {
            let inner = match &filter {
                Some(filter) if !filters => format!("CASE WHEN {} THEN 1 END", filter.sql),
                _ => "*".to_owned(),
            };
            let ty = Ty { nullable: false, big: true, ..Ty::of(Kind::Int) };
            return Ok(Out::new(format!("count({inner}){clause}{over}"), prec::ATOM, ty));
        }
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let Some(first) = arguments.first().cloned() else { return self.window(name, &call, &arguments, &over, span) };
        let ty = |kind: Kind| Ty { nullable: true, ..Ty::of(kind) };
        let wrap = |word: &str, inner: &str, ty: Ty| {
            Out::new(format!("{word}({distinct}{inner}){clause}{over}"), prec::ATOM, ty)
        };
        Ok(match name {
            "count" if arguments.len() > 1 => match self.t {
                Family::My | Family::Sf => {
                    let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
                    wrap("count", &texts.join(", "), Ty { nullable: false, ..ty(Kind::Int) })
                }
                Family::Pg => {
                    let texts: Vec<String> = arguments.iter().map(|out| self.distinct_text(out, span)).collect();
                    let tests: Vec<String> = arguments
                        .iter()
                        .filter(|out| out.ty.nullable)
                        .map(|out| format!("{} IS NOT NULL", out.p(prec::OTHER)))
                        .collect();
                    let row = format!("({})", texts.join(", "));
                    let inner = if tests.is_empty() {
                        row
                    } else {
                        format!("CASE WHEN {} THEN {row} END", tests.join(" AND "))
                    };
                    wrap("count", &inner, Ty { nullable: false, ..ty(Kind::Int) })
                }
                _ => return refuse("aggregate", "COUNT(DISTINCT) of several values has no peer", span),
            },
            "count" => {
                let out = passing(first, filter.as_ref());
                let inner = if call.distinct { self.distinct_text(&out, span) } else { out.sql };
                wrap("count", &inner, Ty { nullable: false, big: true, ..ty(Kind::Int) })
            }
            "count_if" | "countif" => {
                let test = self.cond(first, span)?;
                Out::new(format!("count(CASE WHEN {} THEN 1 END){over}", test.sql), prec::ATOM, ty(Kind::Int))
            }
            "sum" | "total" | "avg" => self.sum(name, first, filter.as_ref(), distinct, &clause, &over, span)?,
            "min" | "max" => {
                let out = passing(first, filter.as_ref());
                self.extreme_of(name, out, &clause, &over, span)?
            }
            "group_concat" | "string_agg" | "listagg" => {
                return self.joined(&call, arguments, filter.as_ref(), &clause, &over, span);
            }
            "std" | "stddev" | "stddev_pop" | "stddev_samp" | "variance" | "var_pop" | "var_samp" => {
                let number = self.num(first, span)?;
                let number = passing(number, filter.as_ref());
                // STDDEV alone is that of the whole in MySQL and TDengine, that of a sample elsewhere.
                let whole = matches!(self.f, Family::My | Family::Td);
                let word = match name {
                    "std" => "stddev_pop",
                    "stddev" if whole => "stddev_pop",
                    "stddev" => "stddev_samp",
                    "variance" if whole => "var_pop",
                    "variance" => "var_samp",
                    other => other,
                };
                if self.f == Family::My {
                    self.untyped(&number, "it may have more digits than the source shows", span);
                }
                // Of exact numbers MySQL shows four digits more than they have.
                let exact = matches!(number.kind(), Kind::Int | Kind::Dec);
                if self.f == Family::My && exact && !self.alike() {
                    let scale = number.ty.scale.unwrap_or(0).saturating_add(4);
                    let ty = Ty { round: true, scale: Some(scale), ..ty(Kind::Float) };
                    if matches!(self.t, Family::Pg | Family::Sf) {
                        return Ok(wrap(word, &number.sql, ty));
                    }
                }
                if self.t == Family::My && !self.alike() {
                    return Ok(wrap(word, &format!("CAST({} AS DOUBLE)", number.sql), ty(Kind::Float)));
                }
                match self.t {
                    Family::Lite => return refuse("aggregate", format!("SQLite has no `{name}`"), span),
                    Family::Td if word == "stddev_pop" => wrap("STDDEV", &number.sql, ty(Kind::Float)),
                    Family::Td => return refuse("aggregate", format!("TDengine has no `{name}`"), span),
                    _ => wrap(word, &number.sql, ty(Kind::Float)),
                }
            }
            "bit_and" | "bit_or" | "bit_xor" => {
                let number = self.num(first, span)?;
                let empty = if name == "bit_and" { "18446744073709551615" } else { "0" };
                match (self.f, self.t) {
                    (Family::My, Family::Pg) => Out::atom(
                        format!("coalesce({name}({}){clause}{over}, {empty})", number.cast("bigint", Kind::Int).sql),
                        Kind::Int,
                    ),
                    (Family::Pg, Family::My) => {
                        let n = &number.sql;
                        Out::atom(
                            format!("CASE WHEN count({n}){over} > 0 THEN CAST({name}({n}){over} AS SIGNED) END"),
                            Kind::Int,
                        )
                    }
                    _ if self.alike() => wrap(name, &number.sql, ty(Kind::Int)),
                    _ => return refuse("aggregate", format!("`{name}` has no peer"), span),
                }
            }
            "bool_or" | "bool_and" | "every" | "boolor_agg" | "booland_agg" => {
                let either = matches!(name, "bool_or" | "boolor_agg");
                let test = passing(first, filter.as_ref());
                let word = match (self.t, either) {
                    (Family::Pg, true) => "bool_or",
                    (Family::Pg, false) => "bool_and",
                    (Family::Sf, true) => "BOOLOR_AGG",
                    (Family::Sf, false) => "BOOLAND_AGG",
                    (_, true) => "MAX",
                    (_, false) => "MIN",
                };
                wrap(word, &test.sql, ty(Kind::Bool))
            }
            "any_value" => match self.t {
                Family::Pg => Out::new(format!("(array_agg({}){clause}{over})[1]", first.sql), prec::ATOM, first.ty),
                Family::My if self.to_mariadb() => wrap("MIN", &first.sql, first.ty),
                Family::Lite => wrap("min", &first.sql, first.ty),
                _ => wrap("ANY_VALUE", &first.sql, first.ty),
            },
            "json_arrayagg" | "jsonb_agg" | "json_agg" | "json_group_array" | "array_agg" => {
                if name == "array_agg" && self.t != Family::Pg && self.t != Family::Sf {
                    return refuse("array", "arrays have no peer in the target", span);
                }
                let word = match (self.t, name) {
                    (Family::Pg, "array_agg") => "array_agg",
                    (Family::Pg, _) => "jsonb_agg",
                    (Family::My, _) => "JSON_ARRAYAGG",
                    (Family::Lite, _) => "json_group_array",
                    (Family::Sf, _) => "ARRAY_AGG",
                    (Family::Td, _) => return refuse("json", "TDengine has JSON in tags only", span),
                };
                let item = if first.kind() == Kind::Tiny {
                    first.cast("int", Kind::Int)
                } else {
                    passing(first, filter.as_ref())
                };
                let order = self.order_items(&call.order)?;
                let order = order_clause(&order);
                if !order.is_empty() && self.t == Family::My && !self.to_mariadb() {
                    return refuse("aggregate", "MySQL's JSON_ARRAYAGG has no order", span);
                }
                if self.t == Family::Sf && !order.is_empty() {
                    let order = order.trim_start();
                    return Ok(Out::atom(format!("{word}({distinct}{}) WITHIN GROUP ({order})", item.sql), Kind::Json));
                }
                wrap(
                    word,
                    &format!("{}{order}", item.sql),
                    ty(if name == "array_agg" { Kind::Array } else { Kind::Json }),
                )
            }
            "json_objectagg" | "jsonb_object_agg" | "json_object_agg" | "json_group_object" | "object_agg" => {
                let word = match self.t {
                    Family::Pg => "jsonb_object_agg",
                    Family::My => "JSON_OBJECTAGG",
                    Family::Lite => "json_group_object",
                    Family::Sf => "OBJECT_AGG",
                    Family::Td => return refuse("json", "TDengine has JSON in tags only", span),
                };
                let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
                wrap(word, &texts.join(", "), ty(Kind::Json))
            }
            "percentile_cont" | "percentile_disc" | "mode" if matches!(self.t, Family::Pg | Family::Sf) => {
                let order = self.order_items(&call.order)?;
                let order = order_clause(&order);
                Out::atom(
                    format!("{name}({}) WITHIN GROUP ({}){clause}{over}", first.sql, order.trim_start()),
                    Kind::Float,
                )
            }
            "median" => match self.t {
                Family::Pg if over.is_empty() => {
                    Out::atom(format!("percentile_cont(0.5) WITHIN GROUP (ORDER BY {})", first.sql), Kind::Float)
                }
                Family::Sf => wrap("MEDIAN", &first.sql, ty(Kind::Float)),
                _ => return refuse("aggregate", "`median` has no peer", span),
            },
            _ if is_aggregate(name) && self.alike() => {
                let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
                wrap(name, &texts.join(", "), ty(Kind::Unknown))
            }
            _ if is_aggregate(name) => {
                return refuse("aggregate", format!("the aggregate `{name}` has no peer in the target"), span);
            }
            _ => return self.window(name, &call, &arguments, &over, span),
        })
    }

    /// A value as DISTINCT inside an aggregate compares it.
    fn distinct_text(&mut self, out: &Out, span: Span) -> String {
        self.untyped(out, "texts that differ in case may count differently", span);
        if self.alike() || out.kind() != Kind::Text {
            return out.sql.clone();
        }
        if self.f == Family::My && out.ty.ci == Some(true) {
            self.about_collation(span);
            return self.fold(out.clone(), false).sql;
        }
        if self.f == Family::My && out.ty.ci.is_none() {
            self.warn(
                "collation",
                "the collation is not known: texts that differ in case count apart in the target",
                span,
            );
        }
        if self.t == Family::My && out.ty.ci != Some(true) {
            return self.exactly(out.clone()).sql;
        }
        out.sql.clone()
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one call")]
    fn sum(
        &mut self,
        name: &str,
        value: Out,
        filter: Option<&Out>,
        distinct: &str,
        clause: &str,
        over: &str,
        span: Span,
    ) -> Result<Out> {
        let value = if value.kind() == Kind::Bool && self.truth_differs() {
            value.cast("int", Kind::Int)
        } else {
            self.num(value, span)?
        };
        let inner = match filter {
            Some(filter) if clause.is_empty() => format!("CASE WHEN {} THEN {} END", filter.sql, value.sql),
            _ => value.sql.clone(),
        };
        let float = value.kind() == Kind::Float;
        if name != "avg" {
            let kind = if float {
                Kind::Float
            } else if value.kind() == Kind::Int {
                Kind::Int
            } else {
                value.kind()
            };
            let ty = Ty { nullable: true, big: true, round: value.ty.round, ..Ty::scaled(kind, value.ty.scale) };
            // MySQL's sum of whole numbers is a decimal, of which a quotient has the usual digits.
            return Ok(Out::new(format!("sum({distinct}{inner}){clause}{over}"), prec::ATOM, ty));
        }
        let known = matches!(value.kind(), Kind::Int | Kind::Dec);
        let scale = value.ty.scale.unwrap_or(0).saturating_add(4).min(30);
        match (self.f, self.t) {
            (Family::Pg, _) if !known && !float && self.t != Family::Pg => {
                self.untyped(&value, "the mean may have fewer digits than the source shows", span);
                Ok(Out::new(format!("avg({distinct}{inner}){clause}{over}"), prec::ATOM, Ty::of(Kind::Dec)))
            }
            (Family::Pg, Family::My) if known => {
                let sql = format!("avg({distinct}CAST({inner} AS DECIMAL(65,16))){over}");
                Ok(Out::new(sql, prec::ATOM, Ty::of(Kind::Dec)))
            }
            (Family::My, _) if self.t != Family::My => {
                if !known && !float {
                    self.warn(
                        "division",
                        "the type is not known: the mean may have more digits than the source shows",
                        span,
                    );
                }
                let ty =
                    if float { Ty::of(Kind::Float) } else { Ty { round: known, ..Ty::scaled(Kind::Dec, Some(scale)) } };
                Ok(Out::new(format!("avg({distinct}{inner}){clause}{over}"), prec::ATOM, ty))
            }
            _ => Ok(Out::new(
                format!("avg({distinct}{inner}){clause}{over}"),
                prec::ATOM,
                Ty::of(if float { Kind::Float } else { Kind::Dec }),
            )),
        }
    }

    fn extreme_of(&mut self, name: &str, value: Out, clause: &str, over: &str, span: Span) -> Result<Out> {
        let ty = Ty { nullable: true, ..value.ty.clone() };
        if self.alike() {
            return Ok(Out::new(format!("{name}({}){clause}{over}", value.sql), prec::ATOM, ty));
        }
        let value =
            if value.kind() == Kind::Bool && self.truth_differs() { value.cast("int", Kind::Int) } else { value };
        if value.kind() == Kind::Tiny && self.truth_differs() {
            let number = value.cast("int", Kind::Int);
            return Ok(Out::new(
                format!("{name}({}){clause}{over}", number.sql),
                prec::ATOM,
                Ty { nullable: true, ..Ty::of(Kind::Int) },
            ));
        }
        if value.kind() == Kind::Bool && self.f == Family::Pg {
            return refuse("aggregate", "an extreme of truth values has no peer", span);
        }
        if value.kind() == Kind::Enum && self.f == Family::My && self.t == Family::Pg {
            // As text, which is how MySQL compares them here.
            return Ok(Out::new(
                format!("{name}({}::text){clause}{over}", value.p(prec::CAST)),
                prec::ATOM,
                Ty { kind: Kind::Text, ..ty },
            ));
        }
        if value.kind() == Kind::Text && self.f == Family::My && value.ty.ci != Some(false) {
            if value.ty.ci.is_none() {
                self.warn("collation", "the collation is not known: the least of texts may differ", span);
            } else if self.t == Family::Pg && over.is_empty() {
                self.about_collation(span);
                let key = self.order_key(value.clone(), span).sql;
                let direction = if name == "max" { " DESC" } else { "" };
                let filter = if clause.is_empty() {
                    format!(" FILTER (WHERE {} IS NOT NULL)", value.p(prec::OTHER))
                } else {
                    clause.replace(
                        " FILTER (WHERE ",
                        &format!(" FILTER (WHERE {} IS NOT NULL AND ", value.p(prec::OTHER)),
                    )
                };
                return Ok(Out::new(
                    format!("(array_agg({} ORDER BY {key}{direction}){filter})[1]", value.sql),
                    prec::ATOM,
                    ty,
                ));
            } else {
                self.warn("collation", "the least of texts may differ where case or accents decide", span);
            }
        }
        self.untyped(&value, "the least and the greatest of texts may differ", span);
        let inner =
            if value.kind() == Kind::Text && self.t == Family::My { self.exactly(value).sql } else { value.sql };
        Ok(Out::new(format!("{name}({inner}){clause}{over}"), prec::ATOM, ty))
    }

    fn window(&mut self, name: &str, call: &Call<'_>, arguments: &[Out], over: &str, span: Span) -> Result<Out> {
        if over.is_empty() {
            return refuse("window", format!("`{name}` has no window"), span);
        }
        if self.t == Family::Td {
            return refuse("window", "TDengine has windows of time only", span);
        }
        if let ("lag" | "lead", [value, distance, default], true) = (name, arguments, self.to_mariadb()) {
            // MariaDB's have no default; where the value is never NULL, NULL means that there is no such row.
            if value.ty.nullable {
                return refuse("window", format!("MariaDB's `{name}` has no default"), span);
            }
            let sql =
                format!("COALESCE({}({}, {}){over}, {})", name.to_uppercase(), value.sql, distance.sql, default.sql);
            return Ok(Out::new(sql, prec::ATOM, value.ty.clone()));
        }
        let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
        let nulls = match (call.nulls, self.t) {
            (None, _) => "",
            (Some(NullTreatment::RespectNulls), _) => "",
            (Some(NullTreatment::IgnoreNulls), Family::Sf) => " IGNORE NULLS",
            (Some(NullTreatment::IgnoreNulls), _) => {
                return refuse("window", "the target cannot pass NULLs over", span);
            }
        };
        let ty = match name {
            "row_number" | "rank" | "dense_rank" | "ntile" => Ty { nullable: false, ..Ty::of(Kind::Int) },
            "percent_rank" | "cume_dist" => Ty { nullable: false, ..Ty::of(Kind::Float) },
            _ => Ty { nullable: true, ..arguments.first().map_or(Ty::of(Kind::Unknown), |out| out.ty.clone()) },
        };
        let _ = call.exprs.first().map(|expr| expr.span());
        let name = if self.t == Family::Pg { name.to_owned() } else { name.to_uppercase() };
        Ok(Out::new(format!("{name}({}){nulls}{over}", texts.join(", ")), prec::ATOM, ty))
    }
}
