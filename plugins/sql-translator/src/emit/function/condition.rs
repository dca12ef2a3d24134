//! IF, COALESCE, NULLIF, GREATEST and their kin.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::Result;
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn condition(&mut self, name: &str, arguments: &[Out], span: Span) -> Result<Option<Out>> {
        let out = match (name, arguments) {
            ("if" | "iff" | "iif", [test, yes, no]) => {
                let (values, ty) = self.unify(vec![yes.clone(), no.clone()], span)?;
                Out::new(
                    format!("CASE WHEN {} THEN {} ELSE {} END", test.sql, values[0].sql, values[1].sql),
                    prec::ATOM,
                    ty,
                )
            }
            ("ifnull" | "nvl" | "coalesce", [_, ..]) => {
                let (values, mut ty) = self.unify(arguments.to_vec(), span)?;
                ty.nullable = values.iter().all(|out| out.ty.nullable);
                let texts: Vec<&str> = values.iter().map(|out| out.sql.as_str()).collect();
                let word = if self.t == Family::Pg { "coalesce" } else { "COALESCE" };
                Out::new(format!("{word}({})", texts.join(", ")), prec::ATOM, ty)
            }
            ("nvl2", [test, yes, no]) => {
                let (values, ty) = self.unify(vec![yes.clone(), no.clone()], span)?;
                let test = test.p(prec::OTHER);
                Out::new(
                    format!("CASE WHEN {test} IS NOT NULL THEN {} ELSE {} END", values[0].sql, values[1].sql),
                    prec::ATOM,
                    ty,
                )
            }
            ("zeroifnull", [value]) => {
                self.made("coalesce", &[value, &crate::emit::literal::number("0")], value.kind())
            }
            ("nullifzero", [value]) => self.made("nullif", &[value, &crate::emit::literal::number("0")], value.kind()),
            ("isnull", [value]) => Out::new(
                format!("{} IS NULL", value.p(prec::OTHER)),
                prec::CMP,
                Ty { nullable: false, ..Ty::of(Kind::Bool) },
            ),
            ("nullif", [left, right]) => {
                let (l, r) = self.comparable("=", left.clone(), right.clone(), span)?;
                let ty = Ty { nullable: true, ..left.ty.clone() };
                if l.sql == left.sql && r.sql == right.sql {
                    let word = if self.t == Family::Pg { "nullif" } else { "NULLIF" };
                    Out::new(format!("{word}({}, {})", l.sql, r.sql), prec::ATOM, ty)
                } else {
                    let test = self.compare("=", left.clone(), right.clone(), span)?;
                    Out::new(format!("CASE WHEN {} THEN NULL ELSE {} END", test.sql, left.sql), prec::ATOM, ty)
                }
            }
            ("greatest" | "least", [_, _, ..]) => self.extreme(name, arguments, span)?,
            ("max" | "min", [_, _, ..]) if self.f == Family::Lite => {
                let name = if name == "max" { "greatest" } else { "least" };
                self.extreme(name, arguments, span)?
            }
            ("decode", [value, rest @ ..]) if self.f == Family::Sf && rest.len() >= 2 => {
                let mut sql = "CASE".to_owned();
                let mut results = Vec::new();
                for pair in rest.chunks(2) {
                    if let [when, then] = pair {
                        let test = self.compare("<=>", value.clone(), when.clone(), span)?;
                        sql.push_str(&format!(" WHEN {} THEN {}", test.sql, then.sql));
                        results.push(then.clone());
                    } else {
                        sql.push_str(&format!(" ELSE {}", pair[0].sql));
                        results.push(pair[0].clone());
                    }
                }
                let (_, ty) = self.unify(results, span)?;
                Out::new(format!("{sql} END"), prec::ATOM, ty)
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    /// The greatest or least: with NULL among them PostgreSQL passes it over, the others yield NULL.
    fn extreme(&mut self, name: &str, arguments: &[Out], span: Span) -> Result<Out> {
        let (values, mut ty) = self.unify(arguments.to_vec(), span)?;
        if ty.is_text() && self.f == Family::My && ty.ci != Some(false) {
            self.warn("collation", "the greater of two texts may differ where case or accents decide", span);
        }
        let values: Vec<Out> = if ty.is_text() && self.t == Family::My && !self.alike() {
            values.into_iter().map(|out| self.exactly(out)).collect()
        } else {
            values
        };
        let texts: Vec<&str> = values.iter().map(|out| out.sql.as_str()).collect();
        let word = match (self.t, name) {
            (Family::Lite, "greatest") => "max",
            (Family::Lite, _) => "min",
            (Family::Pg, name) => name,
            (_, "greatest") => "GREATEST",
            _ => "LEAST",
        };
        let call = format!("{word}({})", texts.join(", "));
        let nullable: Vec<&Out> = values.iter().filter(|out| out.ty.nullable).collect();
        let skips = |family: Family| family == Family::Pg;
        if skips(self.f) == skips(self.t) || nullable.is_empty() {
            return Ok(Out::new(call, prec::ATOM, ty));
        }
        if skips(self.t) {
            let tests: Vec<String> = nullable.iter().map(|out| format!("{} IS NULL", out.p(prec::OTHER))).collect();
            ty.nullable = true;
            return Ok(Out::new(format!("CASE WHEN {} THEN NULL ELSE {call} END", tests.join(" OR ")), prec::ATOM, ty));
        }
        // Each value falls back on the next ones, so that only NULLs alone make NULL.
        let rotated: Vec<String> = (0..texts.len())
            .map(|start| {
                let order: Vec<&str> = (0..texts.len()).map(|step| texts[(start + step) % texts.len()]).collect();
                format!("COALESCE({})", order.join(", "))
            })
            .collect();
        Ok(Out::new(format!("{word}({})", rotated.join(", ")), prec::ATOM, ty))
    }
}
