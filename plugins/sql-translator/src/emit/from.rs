//! FROM: tables, joins, subqueries and functions that give rows.

use super::Emitter;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Ty};
use crate::scope::Source;
use sqlparser::ast::{
    FunctionArg, FunctionArgExpr, Join, JoinConstraint, JoinOperator, Spanned, TableFactor, TableWithJoins,
};

impl Emitter<'_> {
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

    pub(super) fn join(&mut self, join: &Join) -> Result<String> {
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
