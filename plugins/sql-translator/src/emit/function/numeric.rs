//! Functions of numbers.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn numeric(&mut self, name: &str, given: &[Out], span: Span) -> Result<Option<Out>> {
        let known = [
            "abs", "ceil", "ceiling", "floor", "round", "truncate", "trunc", "sign", "mod", "div", "pow", "power",
            "sqrt", "exp", "ln", "log", "log2", "log10", "pi", "degrees", "radians", "sin", "cos", "tan", "cot",
            "asin", "acos", "atan", "atan2", "rand", "random", "square", "cbrt",
        ];
        if !known.contains(&name) {
            return Ok(None);
        }
        let mut owned = Vec::new();
        for out in given {
            owned.push(self.num(out.clone(), span)?);
        }
        let nullable = owned.iter().any(|out| out.ty.nullable);
        let float = Ty { nullable: true, ..Ty::of(Kind::Float) };
        let pg = self.t == Family::Pg;
        let arguments: Vec<&Out> = owned.iter().collect();
        let double = |out: &Out| if pg { out.cast("double precision", Kind::Float).sql } else { out.sql.clone() };
        let out = match (name, arguments.as_slice()) {
            ("abs", [value]) => self.made("abs", &[value], value.kind()).typed(value.ty.clone()),
            ("sign", [value]) => self.made("sign", &[value], Kind::Int),
            ("ceil" | "ceiling" | "floor", [value]) => {
                let name = if name == "floor" { "floor" } else { "ceil" };
                let kind = if value.kind() == Kind::Float { Kind::Float } else { Kind::Int };
                self.made(name, &[value], kind).typed(Ty { nullable, ..Ty::of(kind) })
            }
            ("round", [value, digits @ ..]) if digits.len() <= 1 => self.round(value, digits.first().copied()),
            ("truncate" | "trunc", [value, digits @ ..]) if digits.len() <= 1 => {
                if value.ty.is_time() {
                    return Ok(None);
                }
                let digits = digits.first().map_or("0".to_owned(), |digits| digits.sql.clone());
                let ty = Ty { round: false, nullable, ..Ty::scaled(Kind::Dec, digits.parse().ok()) };
                match self.t {
                    Family::Pg => {
                        let value = value.cast("numeric", Kind::Dec).sql;
                        Out::new(format!("trunc({value}, {digits})"), prec::ATOM, ty)
                    }
                    Family::My => Out::new(format!("TRUNCATE({}, {digits})", value.sql), prec::ATOM, ty),
                    Family::Lite if digits == "0" => Out::new(format!("trunc({})", value.sql), prec::ATOM, ty),
                    Family::Sf => Out::new(format!("TRUNC({}, {digits})", value.sql), prec::ATOM, ty),
                    _ => return refuse("function", "cutting digits off has no peer in the target", span),
                }
            }
            ("mod", [left, right]) => self.modulo((*left).clone(), (*right).clone(), span)?,
            ("div", [left, right]) => self.whole_division((*left).clone(), (*right).clone(), span)?,
            ("pow" | "power", [base, exponent]) => {
                Out::new(format!("power({}, {})", double(base), double(exponent)), prec::ATOM, float)
            }
            ("square", [value]) => Out::new(format!("power({}, 2)", double(value)), prec::ATOM, float),
            ("cbrt", [value]) if pg => Out::new(format!("cbrt({})", value.sql), prec::ATOM, float),
            ("sqrt", [value]) => self.guarded("sqrt", value, ">= 0", float),
            ("exp", [value]) => Out::new(format!("exp({})", double(value)), prec::ATOM, float),
            ("ln", [value]) => self.guarded("ln", value, "> 0", float),
            // MySQL's LOG is the natural one, PostgreSQL's and SQLite's the decimal one.
            ("log", [value]) if self.f == Family::My => self.guarded("ln", value, "> 0", float),
            ("log" | "log10", [value]) => {
                let name = match self.t {
                    Family::My | Family::Lite => "log10",
                    Family::Pg => "log",
                    _ => "LOG10",
                };
                if self.t == Family::Sf {
                    Out::new(format!("LOG(10, {})", value.sql), prec::ATOM, float)
                } else {
                    self.guarded(name, value, "> 0", float)
                }
            }
            ("log2", [value]) => match self.t {
                Family::Pg => Out::new(
                    format!(
                        "CASE WHEN {} > 0 THEN ln({}) / ln(2::double precision) END",
                        value.p(prec::OTHER),
                        double(value)
                    ),
                    prec::ATOM,
                    float,
                ),
                Family::Sf => Out::new(format!("LOG(2, {})", value.sql), prec::ATOM, float),
                _ => Out::new(format!("log2({})", value.sql), prec::ATOM, float),
            },
            ("log", [base, value]) => match self.t {
                Family::Pg => {
                    let test = format!(
                        "{} > 0 AND {} > 0 AND {} <> 1",
                        value.p(prec::OTHER),
                        base.p(prec::OTHER),
                        base.p(prec::OTHER)
                    );
                    Out::new(
                        format!("CASE WHEN {test} THEN ln({}) / ln({}) END", double(value), double(base)),
                        prec::ATOM,
                        float,
                    )
                }
                _ => Out::new(format!("LOG({}, {})", base.sql, value.sql), prec::ATOM, float),
            },
            // MySQL shows six digits of it, and knows more.
            ("pi", []) if self.f == Family::My => {
                let ty = Ty { nullable: false, round: true, scale: Some(6), ..float };
                Out::new(if pg { "pi()" } else { "PI()" }, prec::ATOM, ty)
            }
            ("pi", []) if self.t == Family::My => {
                Out::new("(PI() + 0.0000000000000000)", prec::ATOM, Ty { nullable: false, ..float })
            }
            ("pi", []) => Out::new(if pg { "pi()" } else { "PI()" }, prec::ATOM, Ty { nullable: false, ..float }),
            ("degrees" | "radians" | "sin" | "cos" | "tan" | "cot" | "atan", [value]) => {
                Out::new(format!("{name}({})", double(value)), prec::ATOM, float)
            }
            ("asin" | "acos", [value]) => {
                let v = value.p(prec::OTHER);
                if pg && self.f == Family::My {
                    let sql = format!("CASE WHEN {v} BETWEEN -1 AND 1 THEN {name}({}) END", double(value));
                    Out::new(sql, prec::ATOM, float)
                } else {
                    Out::new(format!("{name}({})", value.sql), prec::ATOM, float)
                }
            }
            ("atan" | "atan2", [y, x]) => Out::new(format!("atan2({}, {})", double(y), double(x)), prec::ATOM, float),
            ("rand" | "random", []) => {
                let sql = match self.t {
                    Family::Pg => "random()".to_owned(),
                    Family::My => "RAND()".to_owned(),
                    Family::Sf => "UNIFORM(0::float, 1::float, RANDOM())".to_owned(),
                    Family::Lite => "(random() / 18446744073709551616.0 + 0.5)".to_owned(),
                    Family::Td => return refuse("function", "TDengine's RAND differs", span),
                };
                if self.f == Family::Lite {
                    return refuse("function", "SQLite's random() is a whole number of 64 bits", span);
                }
                Out::new(sql, prec::ATOM, Ty { nullable: false, ..float })
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    /// A function that is NULL where MySQL's is and PostgreSQL's fails.
    fn guarded(&self, name: &str, value: &Out, test: &str, ty: Ty) -> Out {
        let guards = self.f.truth_is_number() && matches!(self.t, Family::Pg | Family::Sf);
        let number =
            if self.t == Family::Pg { value.cast("double precision", Kind::Float).sql } else { value.sql.clone() };
        let literal = value.number_literal().is_some_and(|text| !text.starts_with('-') && text.parse() != Ok(0.0));
        if !guards || literal {
            return Out::new(format!("{name}({number})"), prec::ATOM, ty);
        }
        Out::new(format!("CASE WHEN {} {test} THEN {name}({number}) END", value.p(prec::OTHER)), prec::ATOM, ty)
    }

    fn round(&self, value: &Out, digits: Option<&Out>) -> Out {
        let scale = digits.map_or(Some(0), |digits| digits.int_literal().and_then(|digits| u8::try_from(digits).ok()));
        let kind = if value.kind() == Kind::Float { Kind::Float } else { Kind::Dec };
        let ty = Ty { nullable: value.ty.nullable, round: false, ..Ty::scaled(kind, scale) };
        let rest = digits.map_or(String::new(), |digits| format!(", {}", digits.sql));
        // PostgreSQL rounds floating-point numbers to the even neighbor, and only decimals to digits.
        let needs = self.t == Family::Pg && !matches!(value.kind(), Kind::Int | Kind::Dec);
        let number = if needs || (self.t == Family::Pg && digits.is_some() && value.kind() == Kind::Int) {
            value.cast("numeric", Kind::Dec).sql
        } else {
            value.sql.clone()
        };
        let from_float = self.f == Family::Pg && value.kind() == Kind::Float && self.t == Family::My;
        let number = if from_float { format!("CAST({number} AS DOUBLE)") } else { number };
        let name = if self.t == Family::Pg || self.t == Family::Lite { "round" } else { "ROUND" };
        Out::new(format!("{name}({number}{rest})"), prec::ATOM, ty)
    }
}
