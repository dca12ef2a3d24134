//! Functions: by the source's name to one meaning, and from there to the target's words.

mod aggregate;
mod condition;
mod json;
mod moment;
mod numeric;
mod string;

use super::Emitter;
use super::query::order_clause;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span;

pub(crate) use aggregate::is_aggregate;

impl Emitter<'_> {
    pub(crate) fn function(&mut self, function: &Function, span: Span) -> Result<Out> {
        let name = function.name.to_string().trim_matches(['`', '"']).to_ascii_lowercase();
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name).to_owned();
        if is_aggregate(&name) || (function.over.is_some() && is_window(&name)) {
            return self.aggregate(&name, function, span);
        }
        if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
            return refuse("function", format!("`{name}` is not known as a window function"), span);
        }
        let list = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list) if list.duplicate_treatment.is_none() => {
                let mut exprs = Vec::new();
                for argument in &list.args {
                    match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => exprs.push(expr),
                        _ => return refuse("function", format!("these arguments of `{name}` have no peer"), span),
                    }
                }
                exprs
            }
            FunctionArguments::Subquery(query) if name == "array" && self.t == Family::Pg => {
                let (sql, _) = self.query(query)?;
                return Ok(Out::atom(format!("ARRAY({sql})"), Kind::Array));
            }
            _ => return refuse("function", format!("these arguments of `{name}` have no peer"), span),
        };
        if let Some(out) = self.with_interval(&name, &list, span)? {
            return Ok(out);
        }
        if name == "values"
            && self.proposed.is_some()
            && let [Expr::Identifier(ident)] = list.as_slice()
        {
            return self.proposed_column(ident);
        }
        let mut arguments = Vec::new();
        for expr in &list {
            arguments.push(self.expr(expr)?);
        }
        let conditional = matches!(name.as_str(), "if" | "iff" | "iif");
        if conditional && let Some(first) = arguments.first().cloned() {
            arguments[0] = self.cond(first, list[0].span())?;
        }
        if let Some(ty) = self.catalog.function(&last_name(&function.name)).cloned() {
            return self.declared(function, ty, &arguments, span);
        }
        self.call(&name, arguments, span)
    }

    /// A call of a function that the source's schema makes, as it is: whoever gives the schema sees to its peer.
    fn declared(&mut self, function: &Function, ty: Ty, arguments: &[Out], span: Span) -> Result<Out> {
        let name = self.table_name(&function.name)?;
        if !self.alike() {
            self.warn("routine", format!("the target must have a function `{name}` that does the same"), span);
        }
        let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
        Ok(Out::new(format!("{name}({})", texts.join(", ")), prec::ATOM, ty))
    }

    /// A scalar function by its name in the source.
    pub(crate) fn call(&mut self, name: &str, arguments: Vec<Out>, span: Span) -> Result<Out> {
        if self.alike()
            && !matches!(name, "current_date" | "current_time" | "current_timestamp" | "localtime" | "localtimestamp")
        {
            return Ok(self.as_is(name, &arguments));
        }
        if let Some(out) = self.condition(name, &arguments, span)? {
            return Ok(out);
        }
        if let Some(out) = self.string(name, &arguments, span)? {
            return Ok(out);
        }
        if let Some(out) = self.numeric(name, &arguments, span)? {
            return Ok(out);
        }
        if let Some(out) = self.moment_function(name, &arguments, span)? {
            return Ok(out);
        }
        if let Some(out) = self.json_function(name, &arguments, span)? {
            return Ok(out);
        }
        refuse("function", format!("the function `{name}` is not known to mean the same in the target"), span)
    }

    /// A call of the same family, where it means the same.
    fn as_is(&mut self, name: &str, arguments: &[Out]) -> Out {
        let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
        let kind = match name {
            "concat" | "lower" | "upper" | "left" | "right" | "substring" | "substr" | "trim" | "replace" => Kind::Text,
            "length" | "char_length" | "year" | "month" | "day" => Kind::Int,
            _ => Kind::Unknown,
        };
        if name == "position" {
            return Out::atom(format!("position({} IN {})", texts[0], texts[1]), Kind::Int);
        }
        Out::atom(format!("{name}({})", texts.join(", ")), kind)
    }

    /// A call in the target's words.
    pub(crate) fn made(&self, name: &str, arguments: &[&Out], kind: Kind) -> Out {
        let texts: Vec<&str> = arguments.iter().map(|out| out.sql.as_str()).collect();
        let name = if self.t == Family::Pg { name.to_owned() } else { name.to_ascii_uppercase() };
        let nullable = arguments.iter().any(|out| out.ty.nullable);
        Out::new(format!("{name}({})", texts.join(", ")), prec::ATOM, Ty { nullable, ..Ty::of(kind) })
    }

    /// OVER and what is in it.
    pub(crate) fn over(&mut self, window: Option<&WindowType>) -> Result<String> {
        Ok(match window {
            None => String::new(),
            Some(WindowType::NamedWindow(name)) => format!(" OVER {}", self.ident(name)),
            Some(WindowType::WindowSpec(spec)) => format!(" OVER ({})", self.window_spec(spec)?),
        })
    }

    pub(crate) fn window_spec(&mut self, spec: &WindowSpec) -> Result<String> {
        let mut parts = Vec::new();
        if let Some(name) = &spec.window_name {
            parts.push(self.ident(name));
        }
        if !spec.partition_by.is_empty() {
            let mut keys = Vec::new();
            for key in &spec.partition_by {
                let out = self.expr(key)?;
                keys.push(self.partition_key(out, key.span()));
            }
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        let texts = self.order_items(&spec.order_by)?;
        if !texts.is_empty() {
            parts.push(order_clause(&texts).trim_start().to_owned());
        }
        if let Some(frame) = &spec.window_frame {
            parts.push(self.frame(
                frame,
                texts.len(),
                spec.order_by.first().map(Spanned::span).unwrap_or_else(Span::empty),
            )?);
        }
        Ok(parts.join(" "))
    }

    fn partition_key(&mut self, out: Out, span: Span) -> String {
        if self.alike() || out.kind() != Kind::Text {
            return out.sql;
        }
        if self.f == Family::My && out.ty.ci != Some(false) {
            self.about_collation(span);
            return self.fold(out, false).sql;
        }
        if self.t == Family::My && out.ty.ci != Some(true) {
            return self.exactly(out).sql;
        }
        out.sql
    }

    fn frame(&mut self, frame: &WindowFrame, keys: usize, span: Span) -> Result<String> {
        let unit = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups if self.t == Family::My || self.t == Family::Sf => {
                return refuse("window", "the target has no frames in GROUPS", span);
            }
            WindowFrameUnits::Groups => "GROUPS",
        };
        let offsets = |bound: &WindowFrameBound| {
            matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_)))
        };
        if unit == "RANGE" && keys > 1 && (offsets(&frame.start_bound) || frame.end_bound.as_ref().is_some_and(offsets))
        {
            return refuse("window", "a RANGE with a distance needs one key, which NULL's place makes two here", span);
        }
        let start = self.bound(&frame.start_bound)?;
        Ok(match &frame.end_bound {
            Some(end) => format!("{unit} BETWEEN {start} AND {}", self.bound(end)?),
            None => format!("{unit} {start}"),
        })
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Result<String> {
        Ok(match bound {
            WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
            WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
            WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
            WindowFrameBound::Preceding(Some(expr)) => format!("{} PRECEDING", self.expr(expr)?.sql),
            WindowFrameBound::Following(Some(expr)) => format!("{} FOLLOWING", self.expr(expr)?.sql),
        })
    }
}

/// Functions that are only used over windows.
fn is_window(name: &str) -> bool {
    matches!(
        name,
        "row_number"
            | "rank"
            | "dense_rank"
            | "percent_rank"
            | "cume_dist"
            | "ntile"
            | "lag"
            | "lead"
            | "first_value"
            | "last_value"
            | "nth_value"
    )
}
