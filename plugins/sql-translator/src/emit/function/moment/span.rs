//! How far two moments lie apart.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn days_between(&self, later: &Out, earlier: &Out) -> Out {
        let ty = Ty { nullable: later.ty.nullable || earlier.ty.nullable, ..Ty::of(Kind::Int) };
        let date =
            |out: &Out| if out.kind() == Kind::Date { out.p(prec::CAST) } else { out.cast("date", Kind::Date).sql };
        match self.t {
            Family::Pg => Out::new(format!("({} - {})", date(later), date(earlier)), prec::ATOM, ty),
            Family::My => Out::new(format!("DATEDIFF({}, {})", later.sql, earlier.sql), prec::ATOM, ty),
            Family::Sf => Out::new(format!("DATEDIFF(day, {}, {})", earlier.sql, later.sql), prec::ATOM, ty),
            Family::Lite => Out::new(
                format!("CAST(julianday(date({})) - julianday(date({})) AS INTEGER)", later.sql, earlier.sql),
                prec::ATOM,
                ty,
            ),
            Family::Td => Out::new(format!("TIMEDIFF({}, {}, 1d)", later.sql, earlier.sql), prec::ATOM, ty),
        }
    }

    /// MySQL's TIMESTAMPDIFF: whole units that have passed.
    pub(super) fn timestampdiff(&mut self, unit: &str, from: Out, to: Out, span: Span) -> Result<Out> {
        if self.alike() {
            return Ok(Out::atom(
                format!("TIMESTAMPDIFF({}, {}, {})", unit.to_uppercase(), from.sql, to.sql),
                Kind::Int,
            ));
        }
        let (from, to) = (self.as_moment(from, span)?, self.as_moment(to, span)?);
        let ty = Ty { nullable: true, big: true, ..Ty::of(Kind::Int) };
        let seconds = match unit {
            "second" => Some(1),
            "minute" => Some(60),
            "hour" => Some(3_600),
            "day" => Some(86_400),
            "week" => Some(604_800),
            _ => None,
        };
        let months = match unit {
            "month" => Some(1),
            "quarter" => Some(3),
            "year" => Some(12),
            _ => None,
        };
        match (self.t, seconds, months) {
            (Family::Pg, Some(size), _) => {
                let stamp = |out: &Out| out.cast("timestamp", Kind::Stamp).sql;
                let span = format!("extract(epoch from ({} - {}))", stamp(&to), stamp(&from));
                let sql = if size == 1 {
                    format!("trunc({span})::bigint")
                } else {
                    format!("trunc({span} / {size})::bigint")
                };
                Ok(Out::new(sql, prec::CAST, ty))
            }
            (Family::Pg, _, Some(size)) => {
                let stamp = |out: &Out| out.cast("timestamp", Kind::Stamp).sql;
                let age = format!("age({}, {})", stamp(&to), stamp(&from));
                let whole = format!("(extract(year from {age}) * 12 + extract(month from {age}))");
                let sql =
                    if size == 1 { format!("{whole}::bigint") } else { format!("trunc({whole} / {size})::bigint") };
                Ok(Out::new(sql, prec::CAST, ty))
            }
            (Family::Pg, ..) if unit == "microsecond" => {
                let stamp = |out: &Out| out.cast("timestamp", Kind::Stamp).sql;
                let sql = format!("(extract(epoch from ({} - {})) * 1000000)::bigint", stamp(&to), stamp(&from));
                Ok(Out::new(sql, prec::CAST, ty))
            }
            (Family::Sf, Some(size), _) => {
                let sql = format!("TRUNC(DATEDIFF(second, {}, {}) / {size})", from.sql, to.sql);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            (Family::Sf, _, Some(size)) => {
                let sql = format!("TRUNC(MONTHS_BETWEEN({}, {}) / {size})", to.sql, from.sql);
                self.warn("dates", "Snowflake takes two ends of a month for whole months apart", span);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            (Family::Lite, Some(size), _) => {
                let sql = format!("((unixepoch({}) - unixepoch({})) / {size})", to.sql, from.sql);
                Ok(Out::new(sql, prec::ATOM, ty))
            }
            _ => refuse("dates", format!("the difference in `{unit}` has no peer"), span),
        }
    }

    /// Snowflake's DATEDIFF: boundaries of a unit that were crossed.
    pub(super) fn boundaries(&mut self, unit: &str, from: Out, to: Out, span: Span) -> Result<Out> {
        if self.alike() {
            return Ok(Out::atom(format!("DATEDIFF({unit}, {}, {})", from.sql, to.sql), Kind::Int));
        }
        let (from, to) = (self.as_moment(from, span)?, self.as_moment(to, span)?);
        if unit == "day" {
            return Ok(self.days_between(&to, &from));
        }
        let number = |emitter: &mut Self, field: &str, out: &Out| emitter.extract(field, out.clone(), span);
        let sql = match unit {
            "year" => format!("({} - {})", number(self, "year", &to)?.sql, number(self, "year", &from)?.sql),
            "month" => format!(
                "(({} - {}) * 12 + {} - {})",
                number(self, "year", &to)?.sql,
                number(self, "year", &from)?.sql,
                number(self, "month", &to)?.sql,
                number(self, "month", &from)?.sql
            ),
            "second" if self.t == Family::My => format!(
                "(TIMESTAMPDIFF(SECOND, '1970-01-01', {}) - TIMESTAMPDIFF(SECOND, '1970-01-01', {}))",
                to.sql, from.sql
            ),
            "hour" | "minute" | "second" if self.t == Family::Pg => {
                let size = match unit {
                    "hour" => 3600,
                    "minute" => 60,
                    _ => 1,
                };
                let sql = format!(
                    "(extract(epoch from date_trunc('{unit}', {}) - date_trunc('{unit}', {})) / {size})::bigint",
                    to.sql, from.sql
                );
                return Ok(Out::new(sql, prec::CAST, Ty::of(Kind::Int)));
            }
            _ => return refuse("dates", format!("the boundaries of `{unit}` have no peer"), span),
        };
        Ok(Out::atom(sql, Kind::Int))
    }
}
