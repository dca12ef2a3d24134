//! Expressions; LIKE is in `like.rs`, members of sets and queries as values are in `members.rs`.

mod like;
mod members;

use super::Emitter;
use crate::dialect::{Dialect, Family};
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use crate::scope;
use sqlparser::ast::{AccessExpr, CaseWhen, CeilFloorKind, Expr, Ident, Spanned, Subscript, TrimWhereField};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// An expression in the target's words, with what is known of its value.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Result<Out> {
        if let Some(key) = self.group_key(expr) {
            return Ok(key);
        }
        let span = || expr.span();
        match expr {
            Expr::Identifier(ident) => self.column(None, ident, expr),
            Expr::CompoundIdentifier(parts) => self.compound(parts, expr),
            Expr::Value(value) => self.literal(value),
            Expr::Nested(inner) => {
                let out = self.expr(inner)?;
                let sql = if out.prec == prec::ATOM { out.sql.clone() } else { format!("({})", out.sql) };
                Ok(Out { sql, prec: prec::ATOM, ..out })
            }
            Expr::BinaryOp { left, op, right } => self.binary_op(left, op, right),
            Expr::UnaryOp { op, expr } => self.unary_op(op, expr),
            Expr::IsNull(inner) => self.is_null(inner, false),
            Expr::IsNotNull(inner) => self.is_null(inner, true),
            Expr::IsTrue(inner) => self.is_truth(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.is_truth(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.is_truth(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.is_truth(inner, "IS NOT FALSE"),
            Expr::IsUnknown(inner) => self.is_null(inner, false),
            Expr::IsNotUnknown(inner) => self.is_null(inner, true),
            Expr::IsNotDistinctFrom(left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                self.compare("<=>", left, right, span())
            }
            Expr::IsDistinctFrom(left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let same = self.compare("<=>", left, right, span())?;
                Ok(Out::new(format!("NOT ({})", same.sql), prec::NOT, same.ty))
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::InSubquery { expr, subquery, negated } => self.in_subquery(expr, subquery, *negated),
            Expr::Between { expr, negated, low, high } => self.between(expr, *negated, low, high),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let (left, right) = (self.expr(expr)?, self.expr(pattern)?);
                self.like(left, right, escape_char.as_ref(), false, *negated, span())
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                let (left, right) = (self.expr(expr)?, self.expr(pattern)?);
                self.like(left, right, escape_char.as_ref(), true, *negated, span())
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                let (left, right) = (self.expr(expr)?, self.expr(pattern)?);
                self.regex(left, right, false, *negated, span())
            }
            Expr::Cast { kind, expr, data_type, array: false, format: None } => {
                self.cast(expr, data_type, kind.clone(), span())
            }
            Expr::Convert { expr, data_type: Some(data_type), is_try: false, .. } => {
                self.cast(expr, data_type, sqlparser::ast::CastKind::Cast, span())
            }
            Expr::Convert { expr, data_type: None, charset: Some(charset), .. } => {
                self.info("charset", format!("the conversion to `{charset}` was left out: text is UTF-8"), span());
                self.expr(expr)
            }
            Expr::TypedString(typed) => self.typed_string(typed, span()),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), span())
            }
            Expr::Exists { subquery, negated } => {
                let (sql, _) = self.query(subquery)?;
                let not = if *negated { "NOT " } else { "" };
                let binding = if *negated { prec::NOT } else { prec::ATOM };
                Ok(Out::new(format!("{not}EXISTS ({sql})"), binding, Ty { nullable: false, ..Ty::of(Kind::Bool) }))
            }
            Expr::Subquery(query) => self.scalar(query, span()),
            Expr::Tuple(items) => {
                let items = items.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>>>()?;
                let texts: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
                Ok(Out::atom(format!("({})", texts.join(", ")), Kind::Other))
            }
            Expr::Function(function) => self.function(function, span()),
            Expr::Extract { field, expr, .. } => {
                if let Some(out) = self.extract_of_difference(&field.to_string().to_ascii_lowercase(), expr, span())? {
                    return Ok(out);
                }
                let out = self.expr(expr)?;
                self.extract(&field.to_string().to_ascii_lowercase(), out, span())
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) } => {
                let out = self.expr(expr)?;
                self.call("ceil", vec![out], span())
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) } => {
                let out = self.expr(expr)?;
                self.call("floor", vec![out], span())
            }
            Expr::Position { expr, r#in } => {
                let (needle, hay) = (self.expr(expr)?, self.expr(r#in)?);
                self.call("position", vec![needle, hay], span())
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.expr(expr)?];
                match substring_from {
                    Some(from) => arguments.push(self.expr(from)?),
                    None => arguments.push(super::literal::number("1")),
                }
                if let Some(length) = substring_for {
                    arguments.push(self.expr(length)?);
                }
                self.call("substring", arguments, span())
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                self.trim(*trim_where, trim_what.as_deref(), expr, trim_characters.as_deref(), span())
            }
            Expr::Collate { expr, collation } => self.collate(expr, &collation.to_string(), span()),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let (moment, zone) = (self.expr(timestamp)?, self.expr(time_zone)?);
                self.at_time_zone(moment, zone, span())
            }
            Expr::Interval(_) if self.t == Family::Pg && self.f == Family::Pg => {
                Ok(Out::new(expr.to_string(), prec::CAST, Ty::of(Kind::Interval)))
            }
            Expr::Interval(_) => refuse("interval", "an interval outside of date arithmetic has no peer", span()),
            Expr::Prefixed { prefix, value } => {
                self.info("charset", format!("`{}` was left out: text is UTF-8", prefix.value), span());
                self.expr(value)
            }
            Expr::JsonAccess { value, path } => self.json_access(value, path, span()),
            Expr::CompoundFieldAccess { root, access_chain } => self.subscripts(root, access_chain, span()),
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(left, compare_op, right, "ANY", span()),
            Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, "ALL", span()),
            Expr::Array(array) if self.t == Family::Pg || self.t == Family::Sf => {
                let items = array.elem.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>>>()?;
                let texts: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
                let word = if self.t == Family::Pg { "ARRAY" } else { "" };
                Ok(Out::atom(format!("{word}[{}]", texts.join(", ")), Kind::Array))
            }
            Expr::Array(_) => refuse("array", "arrays have no peer in the target", span()),
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let mut arguments = vec![self.expr(expr)?, self.expr(overlay_from)?];
                let what = self.expr(overlay_what)?;
                match overlay_for {
                    Some(length) => arguments.push(self.expr(length)?),
                    None => arguments.push(Out::atom(format!("char_length({})", what.sql), Kind::Int)),
                }
                arguments.push(what);
                self.call("insert", arguments, span())
            }
            Expr::Rollup(sets) | Expr::Cube(sets) => {
                if self.t == Family::My || self.t == Family::Lite || self.t == Family::Td {
                    return refuse("grouping", "the target groups by one list only here", span());
                }
                let word = if matches!(expr, Expr::Rollup(_)) { "ROLLUP" } else { "CUBE" };
                self.grouping(word, sets)
            }
            Expr::GroupingSets(sets) if matches!(self.t, Family::Pg | Family::Sf) => {
                self.grouping("GROUPING SETS", sets)
            }
            other => {
                let shown: String = other.to_string().chars().take(60).collect();
                refuse("unsupported", format!("`{shown}` cannot be translated"), span())
            }
        }
    }

    fn grouping(&mut self, word: &str, sets: &[Vec<Expr>]) -> Result<Out> {
        let mut texts = Vec::new();
        for set in sets {
            let items = set.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>>>()?;
            let inner: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
            texts.push(if inner.len() == 1 { inner[0].to_owned() } else { format!("({})", inner.join(", ")) });
        }
        Ok(Out::atom(format!("{word} ({})", texts.join(", ")), Kind::Other))
    }

    /// What stands for an expression that GROUP BY names.
    fn group_key(&mut self, expr: &Expr) -> Option<Out> {
        if self.in_aggregate {
            return None;
        }
        let group = self.scopes.last()?.group.as_ref()?;
        group.keys.iter().find(|(key, _)| scope::same(key, expr)).map(|(_, out)| out.clone())
    }

    fn compound(&mut self, parts: &[Ident], expr: &Expr) -> Result<Out> {
        match parts {
            [table, name] => self.column(Some(table), name, expr),
            [_, table, name] => {
                self.info("names", "the schema before a column's table was left out", expr.span());
                self.column(Some(table), name, expr)
            }
            _ => refuse("names", format!("`{expr}` is no column"), expr.span()),
        }
    }

    fn column(&mut self, qualifier: Option<&Ident>, ident: &Ident, expr: &Expr) -> Result<Out> {
        let wanted = qualifier.map(|table| table.value.as_str());
        if let (Some(table), Some(proposed)) = (wanted, &self.proposed)
            && (table.eq_ignore_ascii_case(proposed) || table.eq_ignore_ascii_case("excluded"))
        {
            return self.proposed_column(ident);
        }
        if qualifier.is_none()
            && ident.quote_style.is_none()
            && let Some(out) = self.bare_word(ident)?
        {
            return Ok(out);
        }
        let mut found = None;
        for (depth, scope) in self.scopes.iter().rev().enumerate() {
            let alias = scope.alias(&ident.value).filter(|_| qualifier.is_none() && scope.use_aliases);
            if let Some(alias) = alias {
                let alias = alias.clone();
                if !scope::same(&alias, expr) {
                    // The name stands for what it names; asking again must not find the name itself.
                    let at = self.scopes.len() - 1 - depth;
                    self.scopes[at].use_aliases = false;
                    let out = self.expr(&alias);
                    self.scopes[at].use_aliases = true;
                    return out.map(|out| Out { sql: out.p(prec::ATOM), prec: prec::ATOM, ..out });
                }
            }
            if let Some((declared, ty, source)) = scope.find(wanted, &ident.value) {
                found = Some((declared, ty, source.table.clone(), source.name.clone(), depth));
                break;
            }
            if !scope.is_known() {
                break;
            }
        }
        let spelled = match &found {
            Some((declared, ..)) if self.f == Family::My || self.f == Family::Lite => {
                self.name(declared, declared != &ident.value || ident.quote_style.is_some())
            }
            _ => self.ident(ident),
        };
        let assigned = || self.assigned.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&ident.value));
        if (qualifier.is_none() || self.qualify.is_some())
            && let Some((_, new)) = assigned()
        {
            let ty = found.map_or(Ty::of(Kind::Unknown), |(_, ty, ..)| ty);
            return Ok(Out::new(format!("({new})"), prec::ATOM, ty));
        }
        let sql = match (qualifier, &self.qualify) {
            (Some(table), _) => format!("{}.{spelled}", self.ident(table)),
            (None, Some(table)) => format!("{table}.{spelled}"),
            (None, None) => spelled,
        };
        let ty = found.as_ref().map_or(Ty::of(Kind::Unknown), |(_, ty, ..)| ty.clone());
        let mut out = Out::new(sql, prec::ATOM, ty);
        out.column = true;
        let local = found.as_ref().is_none_or(|(.., depth)| *depth == 0);
        if local { self.outside_group(out, found.map(|(_, _, _, source, _)| source), expr) } else { Ok(out) }
    }

    /// A column that GROUP BY does not name: MySQL and SQLite take any row's.
    fn outside_group(&mut self, out: Out, source: Option<String>, expr: &Expr) -> Result<Out> {
        if self.in_aggregate {
            return Ok(out);
        }
        let Some(group) = self.scopes.last().and_then(|scope| scope.group.as_ref()) else { return Ok(out) };
        let whole = source.as_ref().is_some_and(|source| group.whole.contains(source));
        if whole || !self.f.truth_is_number() || self.t.truth_is_number() {
            return Ok(out);
        }
        self.warn(
            "group_by",
            format!("`{expr}` is neither grouped by nor aggregated: any row's value is taken"),
            expr.span(),
        );
        let sql = match self.t {
            Family::Pg => format!("(array_agg({}))[1]", out.sql),
            Family::Sf => format!("ANY_VALUE({})", out.sql),
            _ => return Ok(out),
        };
        Ok(Out::new(sql, prec::ATOM, out.ty))
    }

    /// Words that are calls without parentheses.
    fn bare_word(&mut self, ident: &Ident) -> Result<Option<Out>> {
        let word = ident.value.to_ascii_lowercase();
        match word.as_str() {
            "current_date" | "current_time" | "current_timestamp" | "localtime" | "localtimestamp"
            | "utc_timestamp" | "utc_date" => self.call(&word, Vec::new(), ident.span).map(Some),
            "current_user" | "session_user" | "user" if self.alike() => Ok(Some(Out::atom(word, Kind::Text))),
            _ if ident.value.starts_with('@') => {
                refuse("variable", format!("the variable `{}` has no peer in the target", ident.value), ident.span)
            }
            _ => Ok(None),
        }
    }

    fn is_null(&mut self, inner: &Expr, negated: bool) -> Result<Out> {
        let out = self.expr(inner)?;
        let not = if negated { " NOT" } else { "" };
        let ty = Ty { nullable: false, ..Ty::of(Kind::Bool) };
        Ok(Out::new(format!("{} IS{not} NULL", out.p(prec::OTHER)), prec::CMP, ty))
    }

    fn is_truth(&mut self, inner: &Expr, test: &str) -> Result<Out> {
        let out = self.expr(inner)?;
        let out = self.cond(out, inner.span())?;
        let ty = Ty { nullable: false, ..Ty::of(Kind::Bool) };
        Ok(Out::new(format!("({}) {test}", out.sql), prec::CMP, ty))
    }

    fn between(&mut self, expr: &Expr, negated: bool, low: &Expr, high: &Expr) -> Result<Out> {
        let span = expr.span();
        let (value, low, high) = (self.expr(expr)?, self.expr(low)?, self.expr(high)?);
        let (first, low) = self.comparable(">=", value.clone(), low, span)?;
        let (second, high) = self.comparable("<=", value.clone(), high, span)?;
        // A collation cannot stand bare between BETWEEN and AND.
        let bound = |out: &Out| if out.sql.contains(" COLLATE ") { out.p(prec::ATOM) } else { out.p(prec::OTHER) };
        let ty = Ty::of(Kind::Bool);
        if first.sql == second.sql {
            let not = if negated { " NOT" } else { "" };
            let sql = format!("{}{not} BETWEEN {} AND {}", first.p(prec::OTHER), bound(&low), bound(&high));
            return Ok(Out::new(sql, prec::CMP, ty));
        }
        let sql = format!(
            "({} >= {} AND {} <= {})",
            first.p(prec::OTHER),
            low.p(prec::OTHER),
            second.p(prec::OTHER),
            high.p(prec::OTHER)
        );
        let (sql, binding) = if negated { (format!("NOT {sql}"), prec::NOT) } else { (sql, prec::ATOM) };
        Ok(Out::new(sql, binding, ty))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        span: Span,
    ) -> Result<Out> {
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for when in conditions {
            let test = match operand {
                Some(operand) => {
                    let (left, right) = (self.expr(operand)?, self.expr(&when.condition)?);
                    self.compare("=", left, right, span)?
                }
                None => {
                    let test = self.expr(&when.condition)?;
                    self.cond(test, when.condition.span())?
                }
            };
            tests.push(test.sql);
            results.push(self.expr(&when.result)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.expr(otherwise)?);
        }
        let has_else = otherwise.is_some();
        let (results, mut ty) = self.unify(results, span)?;
        ty.nullable |= !has_else;
        let mut sql = "CASE".to_owned();
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {test} THEN {}", result.sql));
        }
        if has_else {
            sql.push_str(&format!(" ELSE {}", results.last().map_or("NULL", |out| out.sql.as_str())));
        }
        sql.push_str(" END");
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn collate(&mut self, expr: &Expr, collation: &str, span: Span) -> Result<Out> {
        let out = self.expr(expr)?;
        let name = collation.trim_matches(['`', '"']).to_ascii_lowercase();
        if self.alike() {
            let binding = prec::CAST;
            return Ok(Out::new(format!("{} COLLATE {collation}", out.p(prec::ATOM)), binding, out.ty));
        }
        let ignores = name.contains("_ci") || name == "nocase";
        let plain = name.ends_with("bin")
            || name.contains("_cs")
            || matches!(name.as_str(), "c" | "posix" | "binary" | "ucs_basic");
        let mut out = out;
        if ignores || plain {
            out.ty.ci = Some(ignores);
            out.ty.general = name.contains("general");
            if out.kind() == Kind::Unknown {
                out.ty.kind = Kind::Text;
            }
            out.column = false;
            if plain && self.t == Family::My {
                return Ok(self.exactly(out));
            }
            if ignores && self.t == Family::Lite {
                return Ok(Out::new(format!("{} COLLATE NOCASE", out.p(prec::ATOM)), prec::CAST, out.ty));
            }
            return Ok(out);
        }
        self.warn("collation", format!("the collation `{collation}` has no peer and was left out"), span);
        Ok(out)
    }

    fn trim(
        &mut self,
        place: Option<TrimWhereField>,
        what: Option<&Expr>,
        expr: &Expr,
        characters: Option<&[Expr]>,
        span: Span,
    ) -> Result<Out> {
        let out = self.expr(expr)?;
        let what = match (what, characters) {
            (Some(what), _) => Some(self.expr(what)?),
            (None, Some([what])) => Some(self.expr(what)?),
            (None, None) => None,
            _ => return refuse("unsupported", "this TRIM has more than one list of characters", span),
        };
        let text = self.text_of(out, span)?;
        let ty = Ty { nullable: text.ty.nullable, ci: text.ty.ci, ..Ty::of(Kind::Text) };
        let name = match place {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "trim",
        };
        let Some(what) = what else { return Ok(Out::new(format!("{name}({})", text.sql), prec::ATOM, ty)) };
        let one = what.text_literal().is_some_and(|text| text.chars().count() <= 1);
        if self.alike() || one {
            let sql = match self.t {
                Family::Lite | Family::Sf => format!("{name}({}, {})", text.sql, what.sql),
                _ => {
                    let word = match place {
                        Some(TrimWhereField::Leading) => "LEADING ",
                        Some(TrimWhereField::Trailing) => "TRAILING ",
                        _ => "BOTH ",
                    };
                    format!("trim({word}{} FROM {})", what.sql, text.sql)
                }
            };
            return Ok(Out::new(sql, prec::ATOM, ty));
        }
        // MySQL takes away a word, the others any of its characters.
        match (self.f, self.t, what.text_literal()) {
            (Family::My, Family::Pg, Some(word)) => {
                let word = super::format::escape_regex(word);
                let pattern = match name {
                    "ltrim" => format!("^({word})+"),
                    "rtrim" => format!("({word})+$"),
                    _ => format!("^({word})+|({word})+$"),
                };
                let sql = format!("regexp_replace({}, {}, '', 'g')", text.sql, self.text(&pattern).sql);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            (Family::Pg | Family::Sf | Family::Lite, Family::My, Some(set)) => {
                let set: String =
                    set.chars().map(|c| if "\\]^-[".contains(c) { format!("\\{c}") } else { c.to_string() }).collect();
                let pattern = match name {
                    "ltrim" => format!("^[{set}]+"),
                    "rtrim" => format!("[{set}]+$"),
                    _ => format!("^[{set}]+|[{set}]+$"),
                };
                let sql = format!("REGEXP_REPLACE({}, {}, '')", text.sql, self.text(&pattern).sql);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            (Family::My, ..) | (_, Family::My, _) => {
                refuse("trim", "TRIM of more than one character differs in the target", span)
            }
            (_, Family::Pg, _) => Ok(Out::new(format!("{name}({}, {})", text.sql, what.sql), prec::ATOM, ty)),
            _ => Ok(Out::new(format!("{name}({}, {})", text.sql, what.sql), prec::ATOM, ty)),
        }
    }

    fn subscripts(&mut self, root: &Expr, chain: &[AccessExpr], span: Span) -> Result<Out> {
        if self.t != Family::Pg && self.t != Family::Sf {
            return refuse("array", "arrays have no peer in the target", span);
        }
        if !self.alike() {
            self.warn("array", "arrays count from 1 in PostgreSQL and from 0 in Snowflake", span);
        }
        let mut sql = self.expr(root)?.p(prec::ATOM);
        for access in chain {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) => sql = format!("{sql}[{}]", self.expr(index)?.sql),
                _ => return refuse("array", "slices of arrays have no peer in the target", span),
            }
        }
        Ok(Out::atom(sql, Kind::Unknown))
    }

    /// Whether the target is MariaDB, which lacks some of MySQL's abilities and has others.
    pub(crate) fn to_mariadb(&self) -> bool {
        self.to == Dialect::Mariadb
    }
}
