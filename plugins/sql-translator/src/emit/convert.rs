//! What a value becomes where a place asks for a condition, a number, a text, or the result of a query.

use super::Emitter;
use super::literal::number;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Out, Ty, prec};
use sqlparser::tokenizer::Span;

/// The number a text begins with, as MySQL and SQLite take it.
const NUMBER: &str = r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)";

/// The longest number that a text begins with.
pub(crate) fn leading_number(text: &str) -> &str {
    let text = text.trim_start();
    let mut end = 0;
    let (mut point, mut exponent, mut digits) = (false, false, false);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits = true;
                end = at + 1;
            }
            b'.' if !point && !exponent => point = true,
            b'+' | b'-' if at == 0 || matches!(bytes[at - 1], b'e' | b'E') => {}
            b'e' | b'E' if digits && !exponent => exponent = true,
            _ => break,
        }
    }
    if digits { &text[..end] } else { "" }
}

impl Emitter<'_> {
    /// Whether the target has truth values of its own and the source has numbers in their place.
    pub(crate) fn truth_differs(&self) -> bool {
        self.f.truth_is_number() && !self.t.truth_is_number()
    }

    /// A value as a query returns it: what the source shows as 1 and 0 is a number, and has its digits.
    pub(crate) fn value(&mut self, out: Out) -> Out {
        if self.truth_differs() && out.kind() == Kind::Bool {
            return self.truth_as_number(out);
        }
        self.rounded(out)
    }

    fn truth_as_number(&self, out: Out) -> Out {
        match out.lit {
            Some(Lit::Bool(truth)) => number(if truth { "1" } else { "0" }),
            _ => out.cast("int", Kind::Int),
        }
    }

    /// A decimal with the digits that the source shows.
    pub(crate) fn rounded(&self, out: Out) -> Out {
        match (out.ty.round, out.ty.scale) {
            (true, Some(scale)) if self.t != Family::My => {
                let ty = Ty { round: false, ..out.ty.clone() };
                let exact = out.kind() == Kind::Float && self.t == Family::Pg;
                let number = if exact { out.cast("numeric", Kind::Dec).sql } else { out.sql };
                Out::new(format!("round({number}, {scale})"), prec::ATOM, ty)
            }
            _ => out,
        }
    }

    /// A value as a condition.
    pub(crate) fn cond(&mut self, out: Out, span: Span) -> Result<Out> {
        if !self.truth_differs() {
            return Ok(out);
        }
        let sql = match (&out.lit, out.kind()) {
            (_, Kind::Bool | Kind::Null) => return Ok(out),
            (Some(Lit::Number(text)), _) => {
                let mut truth = Out::atom(if text.parse() == Ok(0.0) { "FALSE" } else { "TRUE" }, Kind::Bool);
                truth.lit = Some(Lit::Bool(text.parse() != Ok(0.0)));
                return Ok(truth);
            }
            (_, Kind::Tiny) => format!("{} <> 0", out.cast("int", Kind::Int).sql),
            (_, Kind::Unknown) if out.column => format!("{} <> 0", out.cast("int", Kind::Int).sql),
            (_, Kind::Unknown) => return Ok(out),
            _ => {
                let number = self.num(out, span)?;
                format!("{} <> 0", number.p(prec::OTHER))
            }
        };
        Ok(Out::new(sql, prec::CMP, Ty::of(Kind::Bool)))
    }

    /// A value as a number, as the source would take it.
    pub(crate) fn num(&mut self, out: Out, span: Span) -> Result<Out> {
        if self.alike() || !self.f.truth_is_number() {
            return Ok(out);
        }
        if let Some(text) = out.text_literal() {
            let number_text = leading_number(text);
            if number_text.trim_start_matches(['+', ' ']) != text.trim() {
                self.warn("implicit_cast", format!("the text '{text}' is taken for a number"), span);
            }
            return Ok(number(if number_text.is_empty() { "0" } else { number_text.trim_start_matches('+') }));
        }
        match out.kind() {
            Kind::Bool if self.truth_differs() => Ok(self.truth_as_number(out)),
            Kind::Tiny if self.truth_differs() => Ok(out.cast("int", Kind::Int)),
            Kind::Text => self.number_of_text(out, span),
            Kind::Enum | Kind::Set => refuse("enum", "the number of an enum's member has no peer in the target", span),
            Kind::Date | Kind::Stamp | Kind::Instant if self.f == Family::My => self.number_of_date(out, span),
            Kind::Json => match self.t {
                Family::Pg => {
                    Ok(Out::new(format!("({} #>> '{{}}')::numeric", out.p(prec::ATOM)), prec::CAST, Ty::of(Kind::Dec)))
                }
                _ => Ok(out),
            },
            Kind::Bytes if self.t == Family::Pg => refuse("bytes", "bytes are no number in the target", span),
            _ => Ok(out),
        }
    }

    fn number_of_text(&mut self, out: Out, span: Span) -> Result<Out> {
        let ty = Ty { nullable: out.ty.nullable, ..Ty::of(Kind::Float) };
        let sql = match self.t {
            Family::Pg => {
                let cast = format!("substring({} from '{NUMBER}')::double precision", out.sql);
                if out.ty.nullable {
                    format!("coalesce({cast}, CASE WHEN {} IS NOT NULL THEN 0 END)", out.p(prec::OTHER))
                } else {
                    format!("coalesce({cast}, 0)")
                }
            }
            Family::Sf => {
                let pattern = NUMBER.replace('\\', "\\\\").replace("(?:", "(");
                let part = format!("TRY_TO_DOUBLE(TRIM(REGEXP_SUBSTR({}, '{pattern}')))", out.sql);
                format!("COALESCE({part}, IFF({} IS NULL, NULL, 0))", out.sql)
            }
            Family::Lite | Family::My => return Ok(out.typed(ty)),
            Family::Td => return refuse("implicit_cast", "a text taken for a number has no peer in TDengine", span),
        };
        self.warn("implicit_cast", "a text column is taken for a number: its leading digits, else 0", span);
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn number_of_date(&mut self, out: Out, span: Span) -> Result<Out> {
        let format = if out.kind() == Kind::Date { "YYYYMMDD" } else { "YYYYMMDDHH24MISS" };
        let sql = match self.t {
            Family::Pg => format!("to_char({}, '{format}')::bigint", out.sql),
            Family::Sf => format!("TO_CHAR({}, '{format}')::bigint", out.sql),
            _ => return refuse("implicit_cast", "a date taken for a number has no peer in the target", span),
        };
        self.warn("implicit_cast", "a date is taken for a number such as 20240102", span);
        Ok(Out::new(sql, prec::CAST, Ty::of(Kind::Int)))
    }

    /// A value as a text, as the source would write it.
    pub(crate) fn text_of(&mut self, out: Out, span: Span) -> Result<Out> {
        if out.text_literal().is_some() || self.alike() {
            return Ok(out);
        }
        self.untyped(&out, "truth values, times and numbers may be spelled differently", span);
        let nullable = out.ty.nullable;
        if let Some(digits) = out.number_literal() {
            let digits = digits.to_owned();
            return Ok(self.text(&digits));
        }
        let out = match out.kind() {
            Kind::Bool if !self.f.truth_is_number() => {
                // The word, which a number in the target would lose.
                if self.t == Family::My || self.t == Family::Lite {
                    let sql =
                        format!("CASE WHEN {} THEN 'true' WHEN NOT {} THEN 'false' END", out.sql, out.p(prec::CMP));
                    return Ok(Out::atom(sql, Kind::Text));
                }
                out
            }
            Kind::Bool if self.truth_differs() => self.truth_as_number(out),
            Kind::Tiny if self.truth_differs() => out.cast("int", Kind::Int),
            _ => self.rounded(out),
        };
        let ty = Ty { nullable, ci: Some(self.f == Family::My), general: true, ..Ty::of(Kind::Text) };
        match (self.t, out.kind()) {
            (_, Kind::Text | Kind::Null) => Ok(out),
            (Family::Pg, Kind::Stamp | Kind::Instant) => Ok(Out::atom(self.moment_text(&out), Kind::Text).typed(ty)),
            (Family::Pg, Kind::Float) => {
                self.warn("float_text", "the digits of a floating-point number as text may differ", span);
                Ok(out.cast("text", Kind::Text).typed(ty))
            }
            (Family::Pg, Kind::Json) => {
                self.warn("json", "the spaces in JSON as text may differ", span);
                Ok(out.cast("text", Kind::Text).typed(ty))
            }
            (Family::Pg, Kind::Bytes) => {
                Ok(Out::atom(format!("convert_from({}, 'UTF8')", out.sql), Kind::Text).typed(ty))
            }
            (Family::Pg, _) => Ok(out.cast("text", Kind::Text).typed(ty)),
            (Family::Sf, _) => Ok(out.cast("varchar", Kind::Text).typed(ty)),
            (Family::My, Kind::Float | Kind::Dec) if out.kind() == Kind::Float || out.ty.scale.is_none() => {
                self.warn("float_text", "the digits of a number as text may differ", span);
                Ok(out)
            }
            (Family::My, Kind::Stamp | Kind::Instant) if self.f == Family::Pg => {
                let sql = format!(
                    "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM DATE_FORMAT({}, '%Y-%m-%d %H:%i:%s.%f')))",
                    out.sql
                );
                if out.kind() == Kind::Instant {
                    self.warn("timezone", "a moment as text lacks its zone in the target", span);
                }
                Ok(Out::atom(sql, Kind::Text).typed(ty))
            }
            (Family::Lite, Kind::Dec) => {
                self.warn("float_text", "the digits of a number as text may differ", span);
                Ok(out)
            }
            _ => Ok(out),
        }
    }

    /// A moment as the source writes it: with the digits of seconds its type has.
    fn moment_text(&self, out: &Out) -> String {
        match out.ty.scale {
            _ if self.f == Family::Pg => format!("{}::text", out.p(prec::CAST)),
            None | Some(0) => format!("to_char({}, 'YYYY-MM-DD HH24:MI:SS')", out.sql),
            Some(6) => format!("to_char({}, 'YYYY-MM-DD HH24:MI:SS.US')", out.sql),
            Some(3) => format!("to_char({}, 'YYYY-MM-DD HH24:MI:SS.MS')", out.sql),
            Some(digits) => {
                format!("left(to_char({}, 'YYYY-MM-DD HH24:MI:SS.US'), {})", out.sql, 20 + u32::from(digits))
            }
        }
    }

    /// Values that meet in one result (CASE, COALESCE, UNION) in a type the target takes for all of them.
    pub(crate) fn unify(&mut self, outs: Vec<Out>, span: Span) -> Result<(Vec<Out>, Ty)> {
        let known: Vec<&Out> = outs.iter().filter(|out| !out.is_null()).collect();
        let all = |test: fn(&Out) -> bool| known.iter().all(|out| test(out));
        let nullable = outs.iter().any(|out| out.ty.nullable);
        let mut ty = known.first().map_or(Ty::of(Kind::Null), |out| out.ty.clone());
        ty.nullable = nullable;
        if self.alike() || !self.truth_differs() {
            ty.scale = known.iter().filter_map(|out| out.ty.scale).max();
            if !known.iter().all(|out| out.kind() == ty.kind) {
                ty = mixed(&known, nullable);
            }
            return Ok((outs, ty));
        }
        if all(|out| out.kind() == Kind::Bool) && !known.is_empty() {
            return Ok((outs, ty));
        }
        let is_text = |out: &&Out| out.ty.is_text() || matches!(out.kind(), Kind::Bytes);
        let any_text = known.iter().any(is_text);
        let any_number = known.iter().any(|out| out.ty.is_number() || matches!(out.kind(), Kind::Bool | Kind::Tiny));
        let any_time = known.iter().any(|out| out.ty.is_time());
        if any_text && (any_number || any_time) {
            // A text literal that looks like a moment takes part as one only in comparisons; here it makes all text.
            let ci = known.iter().any(|out| out.ty.ci == Some(true));
            let texts = outs.into_iter().map(|out| self.text_of(out, span)).collect::<Result<Vec<_>>>()?;
            return Ok((texts, Ty { nullable, ci: Some(ci), general: true, ..Ty::of(Kind::Text) }));
        }
        if any_number {
            let scale = known.iter().filter_map(|out| out.ty.scale).max();
            let round = known.iter().any(|out| out.ty.round);
            let ty = Ty { round, ..Ty { scale, ..mixed(&known, nullable) } };
            let outs = outs.into_iter().map(|out| if out.is_null() { Ok(out) } else { self.num(out, span) });
            return Ok((outs.collect::<Result<Vec<_>>>()?, ty));
        }
        if known.iter().any(|out| out.kind() != ty.kind) {
            ty = mixed(&known, nullable);
        }
        if known.iter().any(|out| out.ty.ci == Some(true)) {
            ty.ci = Some(true);
            ty.general = true;
        }
        Ok((outs, ty))
    }
}

fn mixed(known: &[&Out], nullable: bool) -> Ty {
    let has = |kind: Kind| known.iter().any(|out| out.kind() == kind);
    let kind = if has(Kind::Unknown) {
        Kind::Unknown
    } else if known.iter().any(|out| out.ty.is_text()) {
        Kind::Text
    } else if has(Kind::Float) {
        Kind::Float
    } else if has(Kind::Dec) {
        Kind::Dec
    } else if has(Kind::Instant) {
        Kind::Instant
    } else if has(Kind::Stamp) {
        Kind::Stamp
    } else if known.iter().all(|out| matches!(out.kind(), Kind::Int | Kind::Bool | Kind::Tiny)) {
        Kind::Int
    } else {
        known.first().map_or(Kind::Null, |out| out.kind())
    };
    let scale = known.iter().filter_map(|out| out.ty.scale).max();
    Ty { scale, nullable, ..Ty::of(kind) }
}
