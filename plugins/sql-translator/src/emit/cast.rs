//! Casts.

use super::Emitter;
use super::compare::{looks_like_moment, normal_moment};
use super::convert::leading_number;
use super::literal::number;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use crate::types;
use sqlparser::ast::{CastKind, CharacterLength, DataType, ExactNumberInfo, Expr, TypedString};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(crate) fn cast(&mut self, expr: &Expr, data_type: &DataType, kind: CastKind, span: Span) -> Result<Out> {
        let out = self.expr(expr)?;
        let unsigned = matches!(
            data_type,
            DataType::Unsigned | DataType::UnsignedInteger | DataType::BigIntUnsigned(_) | DataType::IntUnsigned(_)
        );
        let mut ty = types::of(data_type, self.f);
        if ty.kind == Kind::Tiny {
            ty.kind = Kind::Bool;
        }
        ty.nullable = out.ty.nullable;
        let is_try = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
        if is_try && self.t != Family::Sf {
            return refuse("try_cast", "the target has no cast that gives NULL for what cannot be cast", span);
        }
        if self.alike() {
            let target = self.cast_type(data_type, &ty, span)?;
            let word = if is_try { "TRY_CAST" } else { "CAST" };
            if kind == CastKind::DoubleColon && self.t == Family::Pg {
                return Ok(Out::new(format!("{}::{target}", out.p(prec::CAST)), prec::CAST, ty));
            }
            return Ok(Out::new(format!("{word}({} AS {target})", out.sql), prec::ATOM, ty));
        }
        match ty.kind {
            Kind::Int => self.cast_to_int(out, ty, unsigned, is_try, span),
            Kind::Text => self.cast_to_text(out, data_type, span),
            Kind::Date | Kind::Stamp | Kind::Instant | Kind::Time => self.cast_to_moment(out, data_type, ty, span),
            Kind::Dec => self.cast_to_decimal(out, data_type, ty, span),
            Kind::Float => {
                let out = self.num(out, span)?;
                Ok(match self.t {
                    Family::Pg => out.cast("double precision", Kind::Float),
                    Family::Sf => out.cast("float", Kind::Float),
                    Family::My => Out::atom(format!("CAST({} AS DOUBLE)", out.sql), Kind::Float),
                    Family::Lite => Out::atom(format!("CAST({} AS REAL)", out.sql), Kind::Float),
                    Family::Td => Out::atom(format!("CAST({} AS DOUBLE)", out.sql), Kind::Float),
                }
                .typed(ty))
            }
            Kind::Bool => self.cast_to_bool(out, span),
            Kind::Json => match self.t {
                Family::Pg => Ok(self.text_if_number(out).cast("jsonb", Kind::Json)),
                Family::Sf => Ok(Out::atom(format!("PARSE_JSON({})", out.sql), Kind::Json)),
                Family::My if self.to_mariadb() => Ok(out.typed(ty)),
                Family::My => Ok(Out::atom(format!("CAST({} AS JSON)", out.sql), Kind::Json)),
                Family::Lite => Ok(Out::atom(format!("json({})", out.sql), Kind::Json)),
                Family::Td => refuse("json", "TDengine has JSON in tags only", span),
            },
            Kind::Bytes => match self.t {
                _ if self.f == Family::Pg && out.text_literal().is_some_and(|text| text.starts_with("\\x")) => {
                    let digits = out.text_literal().map(|text| text[2..].to_owned()).unwrap_or_default();
                    let sql = if self.t == Family::Sf {
                        format!("TO_BINARY('{digits}', 'HEX')")
                    } else {
                        format!("X'{digits}'")
                    };
                    Ok(Out::atom(sql, Kind::Bytes))
                }
                Family::Pg => {
                    let text = self.text_of(out, span)?;
                    Ok(Out::atom(format!("convert_to({}, 'UTF8')", text.sql), Kind::Bytes))
                }
                Family::My => Ok(Out::atom(format!("CAST({} AS BINARY)", out.sql), Kind::Bytes)),
                Family::Lite => Ok(Out::atom(format!("CAST({} AS BLOB)", out.sql), Kind::Bytes)),
                _ => refuse("bytes", "a cast to bytes has no peer in the target", span),
            },
            Kind::Uuid => match self.t {
                Family::Pg => Ok(out.cast("uuid", Kind::Uuid)),
                _ => Ok(out.typed(ty)),
            },
            _ => refuse("cast", format!("the cast to `{data_type}` has no peer in the target"), span),
        }
    }

    fn text_if_number(&self, out: Out) -> Out {
        match out.number_literal() {
            Some(text) => self.text(text),
            None => out,
        }
    }

    fn cast_to_int(&mut self, out: Out, ty: Ty, unsigned: bool, is_try: bool, span: Span) -> Result<Out> {
        let nullable = out.ty.nullable;
        if is_try {
            return Ok(Out::atom(format!("TRY_TO_NUMBER({})", out.sql), Kind::Int));
        }
        if unsigned && self.t != Family::My {
            self.warn("unsigned", "MySQL turns a negative number into a large one here; the target keeps it", span);
        }
        if self.f.truth_is_number() && out.ty.is_text() {
            // The whole number a text begins with, never an error.
            if let Some(text) = out.text_literal() {
                let digits = leading_number(text);
                let whole = digits.split(['.', 'e', 'E']).next().unwrap_or_default();
                return Ok(number(if whole.is_empty() { "0" } else { whole.trim_start_matches('+') }));
            }
            let sql = match self.t {
                Family::Pg => {
                    let part = format!("substring({} from '^\\s*([-+]?\\d+)')::bigint", out.sql);
                    if nullable {
                        format!("coalesce({part}, CASE WHEN {} IS NOT NULL THEN 0 END)", out.p(prec::OTHER))
                    } else {
                        format!("coalesce({part}, 0)")
                    }
                }
                Family::Sf => {
                    let part = format!("TRY_TO_NUMBER(REGEXP_SUBSTR({}, '^\\\\s*[-+]?\\\\d+'))", out.sql);
                    format!("COALESCE({part}, IFF({} IS NULL, NULL, 0))", out.sql)
                }
                Family::Lite => format!("CAST({} AS INTEGER)", out.sql),
                Family::My => format!("CAST({} AS SIGNED)", out.sql),
                Family::Td => format!("CAST({} AS BIGINT)", out.sql),
            };
            return Ok(Out::new(sql, prec::ATOM, ty));
        }
        let out = self.num(out, span)?;
        if out.kind() == Kind::Unknown && self.f == Family::My {
            self.warn("implicit_cast", "the type is not known: a text that is no number fails in the target", span);
        }
        Ok(match self.t {
            Family::Pg if self.f == Family::Lite && out.kind() != Kind::Int => {
                Out::new(format!("trunc({})::bigint", out.sql), prec::CAST, ty)
            }
            Family::Pg if out.kind() == Kind::Int => out.cast("bigint", Kind::Int).typed(ty),
            Family::Pg => out.cast("bigint", Kind::Int).typed(ty),
            Family::Sf => out.cast("int", Kind::Int).typed(ty),
            Family::My if out.kind() == Kind::Float && self.f == Family::Pg => {
                Out::new(format!("CAST(ROUND({}) AS SIGNED)", out.sql), prec::ATOM, ty)
            }
            Family::My if self.f == Family::Lite => {
                Out::new(format!("CAST(TRUNCATE({}, 0) AS SIGNED)", out.sql), prec::ATOM, ty)
            }
            Family::My => Out::new(format!("CAST({} AS SIGNED)", out.sql), prec::ATOM, ty),
            Family::Lite if matches!(out.kind(), Kind::Int | Kind::Bool) => out,
            Family::Lite => Out::new(format!("CAST(round({}) AS INTEGER)", out.sql), prec::ATOM, ty),
            Family::Td => Out::new(format!("CAST({} AS BIGINT)", out.sql), prec::ATOM, ty),
        })
    }

    fn cast_to_text(&mut self, out: Out, data_type: &DataType, span: Span) -> Result<Out> {
        let length = match data_type {
            DataType::Char(Some(CharacterLength::IntegerLength { length, .. }))
            | DataType::Varchar(Some(CharacterLength::IntegerLength { length, .. }))
            | DataType::Character(Some(CharacterLength::IntegerLength { length, .. }))
            | DataType::CharacterVarying(Some(CharacterLength::IntegerLength { length, .. })) => Some(*length),
            _ => None,
        };
        let was_text = out.ty.is_text();
        let text = self.text_of(out, span)?;
        let ty = Ty { nullable: text.ty.nullable, ci: text.ty.ci, general: text.ty.general, ..Ty::of(Kind::Text) };
        let mut text = match self.t {
            Family::My if text.lit.is_none() && !was_text => {
                Out::new(format!("CAST({} AS CHAR)", text.sql), prec::ATOM, ty.clone())
            }
            Family::Lite if !was_text && text.lit.is_none() => {
                Out::new(format!("CAST({} AS TEXT)", text.sql), prec::ATOM, ty.clone())
            }
            Family::Pg if text.lit.is_some() => Out::new(format!("{}::text", text.sql), prec::CAST, ty.clone()),
            _ => text.typed(ty.clone()),
        };
        if let Some(length) = length {
            let name = if self.t == Family::Lite { "substr" } else { "left" };
            let sql = if self.t == Family::Lite {
                format!("{name}({}, 1, {length})", text.sql)
            } else {
                format!("{name}({}, {length})", text.sql)
            };
            text = Out::new(sql, prec::ATOM, ty);
        }
        Ok(text)
    }

    fn cast_to_moment(&mut self, out: Out, data_type: &DataType, ty: Ty, span: Span) -> Result<Out> {
        if let Some(text) = out.text_literal().map(str::to_owned)
            && ty.kind != Kind::Time
        {
            let Some(normal) = normal_moment(&text) else {
                return refuse("dates", format!("'{text}' is no date"), span);
            };
            return self.moment_literal(&normal, ty.kind, span);
        }
        if out.ty.is_text() && self.f == Family::My && self.t == Family::Pg {
            self.warn("dates", "a text that is no date fails in the target, and is NULL in the source", span);
        }
        if out.ty.is_number() && self.f == Family::My {
            return refuse("dates", "a number taken for a date has no peer in the target", span);
        }
        let precision = ty.scale.unwrap_or(0);
        let sql = match (self.t, ty.kind) {
            (Family::Pg, Kind::Date) => return Ok(out.cast("date", Kind::Date)),
            (Family::Pg, Kind::Time) if out.ty.is_time() => format!("{}::time({precision})", out.p(prec::CAST)),
            (Family::Pg, Kind::Time) => format!("{}::time({precision})", out.p(prec::CAST)),
            (Family::Pg, Kind::Stamp)
                if self.f == Family::My && precision == 0 && out.ty.scale != Some(0) && out.kind() != Kind::Date =>
            {
                // MariaDB cuts the fraction off.
                return Ok(Out::new(format!("date_trunc('second', {}::timestamp)", out.p(prec::CAST)), prec::ATOM, ty));
            }
            (Family::Pg, Kind::Stamp) => format!("{}::timestamp", out.p(prec::CAST)),
            (Family::Pg, _) => format!("{}::timestamptz", out.p(prec::CAST)),
            (Family::Sf, Kind::Date) => return Ok(out.cast("date", Kind::Date)),
            (Family::Sf, Kind::Time) => return Ok(out.cast("time", Kind::Time)),
            (Family::Sf, Kind::Stamp) => return Ok(out.cast("timestamp_ntz", Kind::Stamp)),
            (Family::Sf, _) => return Ok(out.cast("timestamp_tz", Kind::Instant)),
            (Family::My, Kind::Date) => format!("CAST({} AS DATE)", out.sql),
            (Family::My, Kind::Time) => format!("CAST({} AS TIME({}))", out.sql, precision.min(6)),
            (Family::My, kind) => {
                if kind == Kind::Instant {
                    self.warn("timezone", format!("`{data_type}` has no peer: the session's zone decides"), span);
                }
                format!("CAST({} AS DATETIME({}))", out.sql, precision.min(6))
            }
            (Family::Lite, Kind::Date) => format!("date({})", out.sql),
            (Family::Lite, Kind::Time) => format!("time({})", out.sql),
            (Family::Lite, _) => format!("datetime({})", out.sql),
            (Family::Td, _) => format!("CAST({} AS TIMESTAMP)", out.sql),
        };
        let binding = if self.t == Family::Pg { prec::CAST } else { prec::ATOM };
        Ok(Out::new(sql, binding, ty))
    }

    /// A date or moment written as a literal of its type.
    pub(crate) fn moment_literal(&mut self, normal: &str, kind: Kind, span: Span) -> Result<Out> {
        let text = match kind {
            Kind::Date => &normal[..10.min(normal.len())],
            _ => normal,
        };
        let whole = if kind != Kind::Date && text.len() == 10 { format!("{text} 00:00:00") } else { text.to_owned() };
        let quoted = self.text(&whole).sql;
        let sql = match (self.t, kind) {
            (Family::Pg | Family::My, Kind::Date) => format!("DATE {quoted}"),
            (Family::Pg, Kind::Stamp) | (Family::My, _) => format!("TIMESTAMP {quoted}"),
            (Family::Pg, _) => format!("TIMESTAMPTZ {quoted}"),
            (Family::Sf, Kind::Date) => format!("{quoted}::date"),
            (Family::Sf, Kind::Stamp) => format!("{quoted}::timestamp_ntz"),
            (Family::Sf, _) => format!("{quoted}::timestamp_tz"),
            (Family::Lite, _) => quoted,
            (Family::Td, _) => quoted,
        };
        let _ = span;
        let scale = whole.split_once('.').map_or(0, |(_, digits)| digits.len().min(6) as u8);
        Ok(Out::new(sql, prec::CAST, Ty { nullable: false, ..Ty::scaled(kind, Some(scale)) }))
    }

    fn cast_to_decimal(&mut self, out: Out, data_type: &DataType, ty: Ty, span: Span) -> Result<Out> {
        let (precision, scale) = match data_type {
            DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => match info {
                ExactNumberInfo::PrecisionAndScale(precision, scale) => (Some(*precision), *scale),
                ExactNumberInfo::Precision(precision) => (Some(*precision), 0),
                ExactNumberInfo::None => (None, 0),
            },
            _ => (ty.scale.map(|_| 38), i64::from(ty.scale.unwrap_or(0))),
        };
        let from_text = out.ty.is_text() && self.f.truth_is_number();
        let out = self.num(out, span)?;
        let target = match (precision, self.f, self.t) {
            (None, Family::Pg, Family::My) => match (out.kind(), out.ty.scale) {
                (Kind::Int, _) => "DECIMAL(65,0)".to_owned(),
                (Kind::Dec, Some(scale)) => format!("DECIMAL(65,{scale})"),
                _ => "DECIMAL(65,16)".to_owned(),
            },
            (None, Family::My, Family::Pg) => "numeric(10,0)".to_owned(),
            (None, _, Family::Pg) => "numeric".to_owned(),
            (None, _, Family::Sf) => "NUMBER(38,9)".to_owned(),
            (Some(precision), _, Family::Sf) => format!("NUMBER({},{scale})", precision.min(38)),
            (Some(precision), _, Family::Pg) => format!("numeric({precision},{scale})"),
            (Some(precision), _, Family::My) => format!("DECIMAL({},{scale})", precision.min(65)),
            (_, _, Family::Lite) => {
                return Ok(Out::new(format!("round({}, {scale})", out.sql), prec::ATOM, ty));
            }
            (precision, _, _) => format!("DECIMAL({},{scale})", precision.unwrap_or(10).min(38)),
        };
        if from_text && self.t == Family::Pg {
            return Ok(out.cast("numeric", Kind::Dec).cast(&target, Kind::Dec).typed(ty));
        }
        Ok(match self.t {
            Family::Pg | Family::Sf => out.cast(&target, Kind::Dec).typed(ty),
            _ => Out::new(format!("CAST({} AS {target})", out.sql), prec::ATOM, ty),
        })
    }

    fn cast_to_bool(&mut self, out: Out, span: Span) -> Result<Out> {
        let ty = Ty { nullable: out.ty.nullable, ..Ty::of(Kind::Bool) };
        if let Some(text) = out.text_literal() {
            let truth = match text.trim().to_ascii_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" | "1" => "TRUE",
                "f" | "false" | "n" | "no" | "off" | "0" => "FALSE",
                _ => return refuse("cast", format!("'{text}' is no truth value"), span),
            };
            return Ok(Out::new(truth, prec::ATOM, ty));
        }
        Ok(match (self.t, out.kind()) {
            (_, Kind::Bool) => out,
            (Family::Pg | Family::Sf, _) => out.cast("boolean", Kind::Bool),
            (_, Kind::Int | Kind::Dec | Kind::Float) => Out::new(format!("{} <> 0", out.p(prec::OTHER)), prec::CMP, ty),
            (_, Kind::Text) => {
                let word = format!("LOWER(TRIM({}))", out.sql);
                let sql = format!(
                    "CASE WHEN {word} IN ('t', 'true', 'y', 'yes', 'on', '1') THEN TRUE WHEN {word} IN ('f', 'false', 'n', 'no', 'off', '0') THEN FALSE END"
                );
                Out::new(sql, prec::ATOM, ty)
            }
            _ => return refuse("cast", "a cast to a truth value of this type has no peer", span),
        })
    }

    pub(crate) fn typed_string(&mut self, typed: &TypedString, span: Span) -> Result<Out> {
        let ty = types::of(&typed.data_type, self.f);
        let text = match self.literal(&typed.value)?.text_literal() {
            Some(text) => text.to_owned(),
            None => return refuse("literal", "a typed literal is no text", span),
        };
        match ty.kind {
            Kind::Date | Kind::Stamp | Kind::Instant => {
                let kind = if ty.kind == Kind::Instant && self.f == Family::My { Kind::Stamp } else { ty.kind };
                match normal_moment(&text) {
                    Some(normal) => self.moment_literal(&normal, kind, span),
                    None if self.alike() => {
                        let sql = format!("{} {}", typed.data_type, self.text(&text).sql);
                        Ok(Out::new(sql, prec::CAST, ty))
                    }
                    None if kind == Kind::Instant => {
                        self.warn("timezone", "a moment with a zone has no literal in the target", span);
                        refuse("dates", format!("'{text}' is no date"), span)
                    }
                    None => refuse("dates", format!("'{text}' is no date"), span),
                }
            }
            Kind::Time => match self.t {
                Family::Pg | Family::My => Ok(Out::new(format!("TIME {}", self.text(&text).sql), prec::CAST, ty)),
                Family::Sf => Ok(self.text(&text).cast("time", Kind::Time)),
                _ => Ok(self.text(&text).typed(ty)),
            },
            Kind::Json if self.t == Family::Pg => Ok(self.text(&text).cast("jsonb", Kind::Json)),
            _ if looks_like_moment(&text) => Ok(self.text(&text)),
            _ => refuse("literal", format!("a literal of type `{}` has no peer", typed.data_type), span),
        }
    }

    /// The name of a cast's type where source and target are of one family.
    fn cast_type(&mut self, data_type: &DataType, ty: &Ty, span: Span) -> Result<String> {
        if self.to_mariadb() && ty.kind == Kind::Json {
            return refuse("json", "MariaDB has no cast to JSON", span);
        }
        Ok(data_type.to_string())
    }
}
