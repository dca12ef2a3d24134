//! Comparisons: what case, numbers in texts, and dates in texts decide.

use super::Emitter;
use crate::dialect::{Dialect, Family};
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// `left op right`; `op` is `=`, `<>`, `<`, `<=`, `>`, `>=`, or `<=>` for the one that takes NULL for a value.
    pub(crate) fn compare(&mut self, op: &str, left: Out, right: Out, span: Span) -> Result<Out> {
        if let Some(out) = self.zero_date(op, &left, &right, span) {
            return Ok(out);
        }
        let (left, right) = self.comparable(op, left, right, span)?;
        let ty = Ty { nullable: op != "<=>" && (left.ty.nullable || right.ty.nullable), ..Ty::of(Kind::Bool) };
        let (l, r) = (left.p(prec::OTHER), right.p(prec::OTHER));
        let sql = match (op, self.t) {
            ("<=>", Family::My) => format!("{l} <=> {r}"),
            ("<=>", Family::Lite) => format!("{l} IS {r}"),
            ("<=>", Family::Td) => {
                return refuse("null_safe", "TDengine has no comparison that takes NULL for a value", span);
            }
            ("<=>", _) => format!("{l} IS NOT DISTINCT FROM {r}"),
            _ => format!("{l} {op} {r}"),
        };
        Ok(Out::new(sql, prec::CMP, ty))
    }

    /// Both sides so that the target compares them as the source does.
    pub(crate) fn comparable(&mut self, op: &str, left: Out, right: Out, span: Span) -> Result<(Out, Out)> {
        if self.alike() || left.is_null() || right.is_null() {
            return Ok((left, right));
        }
        let texts = |out: &Out| out.ty.is_text();
        if left.kind() == Kind::Json || right.kind() == Kind::Json {
            return self.with_json(left, right, span);
        }
        if texts(&left) && texts(&right) {
            return Ok(self.same_text(op, left, right, span));
        }
        if self.f.truth_is_number() {
            return self.loosely(op, left, right, span);
        }
        if (texts(&left) && right.kind() == Kind::Unknown) || (texts(&right) && left.kind() == Kind::Unknown) {
            return Ok(self.same_text(op, left, right, span));
        }
        // Of a moment and a date: the source widens as the target does.
        Ok((left, right))
    }

    /// The rules of sources that compare anything with anything.
    fn loosely(&mut self, op: &str, left: Out, right: Out, span: Span) -> Result<(Out, Out)> {
        let truth = |out: &Out| matches!(out.kind(), Kind::Bool);
        if truth(&left) && truth(&right) {
            if op.starts_with(['<', '>']) && op != "<>" && op != "<=>" {
                return Ok((self.num(left, span)?, self.num(right, span)?));
            }
            return Ok((left, right));
        }
        let numeric = |out: &Out| out.ty.is_number() || matches!(out.kind(), Kind::Bool | Kind::Tiny);
        if let (Kind::Enum, Some(index)) | (Kind::Set, Some(index)) = (left.kind(), right.int_literal()) {
            let member =
                left.ty.members.as_ref().and_then(|names| names.get(usize::try_from(index - 1).ok()?)).cloned();
            return match member {
                Some(name) if left.kind() == Kind::Enum && matches!(op, "=" | "<>") => Ok((left, self.text(&name))),
                _ => refuse("enum", "the number of an enum's member has no peer in the target", span),
            };
        }
        let time = |out: &Out| out.ty.is_time();
        if time(&left) && right.text_literal().is_some() {
            let right = self.moment(right, &left, span)?;
            return Ok((left, right));
        }
        if time(&right) && left.text_literal().is_some() {
            let left = self.moment(left, &right, span)?;
            return Ok((left, right));
        }
        if numeric(&left) || numeric(&right) {
            let unknown = |out: &Out| out.kind() == Kind::Unknown;
            // A column without a known type is compared as it is: a wrong guess would fail, not mislead.
            if unknown(&left) || unknown(&right) {
                let other_text = |out: &Out| if out.text_literal().is_some() { Some(()) } else { None };
                if other_text(&left).is_none() && other_text(&right).is_none() {
                    let fix = |emitter: &mut Self, out: Out| match out.kind() {
                        Kind::Unknown => Ok(out),
                        _ => emitter.num(out, span),
                    };
                    return Ok((fix(self, left)?, fix(self, right)?));
                }
            }
            return Ok((self.num(left, span)?, self.num(right, span)?));
        }
        if left.ty.is_time() && right.ty.is_text() || right.ty.is_time() && left.ty.is_text() {
            if self.t == Family::Pg {
                let kind = Kind::Stamp;
                let cast = |out: Out| if out.ty.is_text() { out.cast("timestamp", kind) } else { out };
                self.warn(
                    "implicit_cast",
                    "a text column is taken for a date; one that is none fails in the target",
                    span,
                );
                return Ok((cast(left), cast(right)));
            }
            return Ok((left, right));
        }
        if (left.ty.is_text() && right.kind() == Kind::Unknown) || (right.ty.is_text() && left.kind() == Kind::Unknown)
        {
            return Ok(self.same_text(op, left, right, span));
        }
        if left.kind() == Kind::Unknown && right.kind() == Kind::Unknown && self.f == Family::My {
            self.info(
                "untyped",
                "the types of both sides are not known; give the schema to have case and numbers decided",
                span,
            );
        }
        if let (Kind::Bytes, Kind::Text) | (Kind::Text, Kind::Bytes) = (left.kind(), right.kind())
            && self.t == Family::Pg
        {
            let cast = |out: Out| match out.kind() {
                Kind::Text => Out::atom(format!("convert_to({}, 'UTF8')", out.sql), Kind::Bytes),
                _ => out,
            };
            return Ok((cast(left), cast(right)));
        }
        Ok((left, right))
    }

    /// Two texts under the source's collation.
    fn same_text(&mut self, op: &str, left: Out, right: Out, span: Span) -> (Out, Out) {
        let order = op.starts_with(['<', '>']) && op != "<>" && op != "<=>";
        if left.ty.ci == Some(false) || right.ty.ci == Some(false) || self.f == Family::Pg || self.f == Family::Sf {
            if self.t == Family::My {
                return self.binary(left, right, span);
            }
            if order && self.t == Family::Pg && self.f == Family::My {
                return (self.by_code(left), right);
            }
            return (left, right);
        }
        match self.f {
            Family::My => {}
            // SQLite compares bytes unless a column says NOCASE.
            Family::Lite if left.ty.ci == Some(true) || right.ty.ci == Some(true) => {}
            _ if self.t == Family::My => return self.binary(left, right, span),
            _ => return (left, right),
        }
        let known = left.ty.ci == Some(true) || right.ty.ci == Some(true);
        if !known {
            if left.text_literal().is_some() && right.text_literal().is_some() {
                return (self.fold(left, order), self.fold(right, order));
            }
            let caseless = |out: &Out| out.text_literal().is_some_and(|text| !text.chars().any(char::is_alphabetic));
            if !(caseless(&left) || caseless(&right)) || order {
                let message = "the collation is not known: the source may ignore case where the target does not";
                self.warn("collation", message, span);
            }
            return (left, right);
        }
        if self.t == Family::Lite {
            return (left, Out::new(format!("{} COLLATE NOCASE", right.p(prec::ATOM)), prec::CAST, right.ty));
        }
        self.about_collation(span);
        (self.fold(left, order), self.fold(right, order))
    }

    /// What a text is compared as where case does not count.
    pub(crate) fn fold(&self, out: Out, order: bool) -> Out {
        let ty = Ty { ci: Some(false), ..out.ty.clone() };
        if order && self.t == Family::Pg {
            let sql = match out.text_literal() {
                Some(text) => format!("{} COLLATE \"C\"", super::literal::quote(&text.to_uppercase(), self.to)),
                None => format!("upper({}) COLLATE \"C\"", out.sql),
            };
            return Out::new(sql, prec::CAST, ty);
        }
        match out.text_literal() {
            Some(text) => self.text(&text.to_lowercase()),
            None if matches!(out.kind(), Kind::Enum | Kind::Set | Kind::Uuid) && self.t == Family::Pg => {
                Out::new(format!("lower({}::text)", out.p(prec::CAST)), prec::ATOM, ty)
            }
            None => Out::new(format!("lower({})", out.sql), prec::ATOM, ty),
        }
    }

    /// Text in the order of its code points.
    fn by_code(&self, out: Out) -> Out {
        let ty = out.ty.clone();
        Out::new(format!("{} COLLATE \"C\"", out.p(prec::ATOM)), prec::CAST, ty)
    }

    /// A text whose case counts in MySQL.
    pub(crate) fn exactly(&self, out: Out) -> Out {
        let collation = if self.to == Dialect::Mysql { "utf8mb4_0900_bin" } else { "utf8mb4_nopad_bin" };
        let ty = Ty { ci: Some(false), ..out.ty.clone() };
        Out::new(format!("{} COLLATE {collation}", out.p(prec::ATOM)), prec::CAST, ty)
    }

    fn binary(&mut self, left: Out, right: Out, span: Span) -> (Out, Out) {
        let caseless = |out: &Out| {
            matches!(out.kind(), Kind::Uuid)
                || out.text_literal().is_some_and(|text| looks_like_moment(text) || text.parse::<f64>().is_ok())
        };
        if caseless(&left) || caseless(&right) {
            let unknown = left.kind() == Kind::Unknown || right.kind() == Kind::Unknown;
            if unknown {
                return (left, right);
            }
        }
        if left.ty.ci == Some(true) || right.ty.ci == Some(true) {
            return (left, right);
        }
        self.info("collation", "texts are compared by their code points, which an index may not serve", span);
        (left, self.exactly(right))
    }

    pub(crate) fn about_collation(&mut self, span: Span) {
        self.warn(
            "collation",
            "the source ignores case, accents and spaces at the end; the target was made to ignore case alone",
            span,
        );
    }

    fn with_json(&mut self, left: Out, right: Out, span: Span) -> Result<(Out, Out)> {
        if left.kind() == right.kind() || self.t != Family::Pg {
            self.warn("json", "comparisons of JSON differ between the two", span);
            return Ok((left, right));
        }
        let number = |out: &Out| out.ty.is_number();
        let numeric = number(&left) || number(&right);
        let unwrap = |out: Out| match out.kind() {
            Kind::Json if numeric => {
                Out::new(format!("({} #>> '{{}}')::numeric", out.p(prec::ATOM)), prec::CAST, Ty::of(Kind::Dec))
            }
            Kind::Json => Out::new(format!("({} #>> '{{}}')", out.p(prec::ATOM)), prec::ATOM, Ty::of(Kind::Text)),
            _ => out,
        };
        Ok((unwrap(left), unwrap(right)))
    }

    /// A text literal beside a moment, in the type the source takes it for.
    pub(crate) fn moment(&mut self, literal: Out, beside: &Out, span: Span) -> Result<Out> {
        let Some(Lit::Text(text)) = &literal.lit else { return Ok(literal) };
        let Some(normal) = normal_moment(text) else {
            self.warn("dates", format!("'{text}' is no date as the target reads them"), span);
            return Ok(literal);
        };
        let with_time = normal.len() > 10;
        let mut out = self.text(&normal);
        if self.t == Family::Pg && with_time && beside.kind() == Kind::Date {
            out.sql = format!("timestamp {}", out.sql);
            out.ty.kind = Kind::Stamp;
        }
        if self.t == Family::Lite && !with_time && beside.kind() != Kind::Date {
            out = self.text(&format!("{normal} 00:00:00"));
        }
        Ok(out)
    }

    /// A comparison with MySQL's date of zeros, which the target stores as NULL.
    fn zero_date(&mut self, op: &str, left: &Out, right: &Out, span: Span) -> Option<Out> {
        if self.f != Family::My || self.t == Family::My {
            return None;
        }
        let zero = |out: &Out| out.text_literal().is_some_and(|text| text.starts_with("0000-00-00"));
        let other = match (zero(left), zero(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return None,
        };
        self.warn("zero_date", "`0000-00-00` is NULL in the target", span);
        let column = other.p(prec::OTHER);
        let sql = match op {
            "=" | "<=>" | "<=" if zero(right) => format!("{column} IS NULL"),
            "=" | "<=>" => format!("{column} IS NULL"),
            _ => format!("{column} IS NOT NULL"),
        };
        Some(Out::new(sql, prec::CMP, Ty::of(Kind::Bool)))
    }
}

pub(crate) fn looks_like_moment(text: &str) -> bool {
    normal_moment(text).is_some()
}

/// A date or moment in ISO form, from the forms MySQL reads; none for what is no date.
pub(crate) fn normal_moment(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> =
        if digits { vec![&date[..4], &date[4..6], &date[6..]] } else { date.split(['-', '/', '.']).collect() };
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |part: &str, most: u32| part.parse::<u32>().ok().filter(|value| *value <= most && part.len() <= 4);
    let year = if year.len() == 4 { number(year, 9999)? } else { return None };
    let (month, day) = (number(month, 12)?, number(day, 31)?);
    if month == 0 || day == 0 {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(time) = time else { return Some(date) };
    let (clock, fraction) = time.split_once('.').map_or((time, ""), |(clock, fraction)| (clock, fraction));
    let mut parts = clock.split(':').map(|part| part.parse::<u32>().ok());
    let hour = parts.next()??;
    let (minute, second) = (parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?);
    if hour > 23 || minute > 59 || second > 59 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    Some(format!("{date} {hour:02}:{minute:02}:{second:02}{fraction}"))
}
