//! Parts of a text, and where they begin.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn end_of(&mut self, name: &str, value: &Out, count: &Out, ty: Ty, span: Span) -> Result<Out> {
        let sql = match self.t {
            Family::Lite if name == "left" => format!("substr({}, 1, {})", value.sql, count.sql),
            Family::Lite => match count.int_literal() {
                Some(0) => "''".to_owned(),
                _ => format!("substr({}, -{})", value.sql, count.p(prec::CAST)),
            },
            Family::Td => return refuse("function", format!("TDengine has no `{name}`"), span),
            _ => {
                let negative = count.int_literal().map(|count| count < 0);
                match (self.f, self.t, negative) {
                    // PostgreSQL counts a negative number from the other end, MySQL takes nothing.
                    (Family::My, Family::Pg, Some(true)) => "''".to_owned(),
                    (Family::My, Family::Pg, None) => format!("{name}({}, greatest({}, 0))", value.sql, count.sql),
                    (Family::Pg, Family::My, Some(true)) => {
                        format!("{name}({}, GREATEST(CHAR_LENGTH({}) + {}, 0))", value.sql, value.sql, count.sql)
                    }
                    (Family::Pg, Family::My, None) => {
                        let (v, c) = (&value.sql, count.p(prec::CAST));
                        format!("{name}({v}, IF({c} < 0, GREATEST(CHAR_LENGTH({v}) + {c}, 0), {c}))")
                    }
                    _ => format!("{name}({}, {})", value.sql, count.sql),
                }
            }
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    pub(super) fn substring(
        &mut self,
        value: &Out,
        start: &Out,
        length: Option<&Out>,
        ty: Ty,
        span: Span,
    ) -> Result<Out> {
        let name = match self.t {
            Family::Pg => "substring",
            Family::My => "SUBSTRING",
            _ => "substr",
        };
        let from_end = |family: Family| matches!(family, Family::My | Family::Lite | Family::Sf);
        let v = &value.sql;
        let rest = length.map_or(String::new(), |length| format!(", {}", length.sql));
        let place = start.int_literal();
        let value_typed =
            if self.t == Family::Pg && value.kind() == Kind::Unknown { format!("{v}::text") } else { v.clone() };
        if place.is_some_and(|place| place > 0)
            && length.is_none_or(|length| length.int_literal().is_some_and(|count| count >= 0))
        {
            return Ok(Out::new(format!("{name}({value_typed}, {}{rest})", start.sql), prec::ATOM, ty));
        }
        if from_end(self.f) && !from_end(self.t) {
            if place == Some(0) && self.f == Family::My {
                if value.ty.nullable {
                    return Ok(Out::new(
                        format!("CASE WHEN {} IS NOT NULL THEN '' END", value.p(prec::OTHER)),
                        prec::ATOM,
                        ty,
                    ));
                }
                return Ok(self.text("").typed(ty));
            }
            let s = start.p(prec::CAST);
            // A negative place counts from the end; one before the first character yields nothing.
            let real = format!("CASE WHEN {s} < 0 THEN char_length({v}) + {s} + 1 ELSE {s} END");
            let count = match length {
                Some(length) if length.int_literal().is_some_and(|count| count >= 0) => rest,
                Some(length) => format!(", greatest({}, 0)", length.sql),
                None => String::new(),
            };
            let sql = match place {
                Some(place) if place < 0 => {
                    let back = -place;
                    format!(
                        "CASE WHEN char_length({v}) >= {back} THEN {name}({value_typed}, char_length({v}) - {}{count}) WHEN {v} IS NOT NULL THEN '' END",
                        back - 1
                    )
                }
                _ => format!(
                    "CASE WHEN {s} = 0 OR ({s} < 0 AND -({s}) > char_length({v})) THEN CASE WHEN {v} IS NOT NULL THEN '' END ELSE {name}({value_typed}, {real}{count}) END"
                ),
            };
            return Ok(Out::new(sql, prec::ATOM, Ty { nullable: true, ..ty }));
        }
        if self.f == Family::Pg && from_end(self.t) {
            // PostgreSQL counts places before the first character as characters that are not there.
            let s = start.p(prec::CAST);
            let sql = match length {
                None => format!("{name}({v}, GREATEST({s}, 1))"),
                Some(length) => {
                    let l = length.p(prec::CAST);
                    match (place, length.int_literal()) {
                        (Some(place), Some(count)) => {
                            let (first, end) = (place.max(1), (place + count).max(1));
                            format!("{name}({v}, {first}, {})", (end - first).max(0))
                        }
                        _ => format!("{name}({v}, GREATEST({s}, 1), GREATEST({s} + {l} - GREATEST({s}, 1), 0))"),
                    }
                }
            };
            let sql = if self.t == Family::Lite { sql.replace("GREATEST", "max") } else { sql };
            return Ok(Out::new(sql, prec::ATOM, ty));
        }
        if length.is_some_and(|length| length.int_literal().is_none()) && !from_end(self.t) {
            self.warn("function", "a negative length fails in the target", span);
        }
        Ok(Out::new(format!("{name}({value_typed}, {}{rest})", start.sql), prec::ATOM, ty))
    }

    pub(super) fn position(&mut self, hay: &Out, needle: &Out, from: Option<&Out>, span: Span) -> Result<Out> {
        let ty = Ty { nullable: hay.ty.nullable || needle.ty.nullable, ..Ty::of(Kind::Int) };
        let (mut h, mut n) = (hay.clone(), needle.clone());
        if !self.alike() {
            if self.f == Family::My {
                match h.ty.ci.or(n.ty.ci) {
                    Some(false) => {}
                    known => {
                        if known.is_none() {
                            self.warn("collation", "the collation is not known; case is taken not to count", span);
                        } else {
                            self.about_collation(span);
                        }
                        h = self.fold(h, false);
                        n = self.fold(n, false);
                    }
                }
            } else if self.t == Family::My && h.ty.ci != Some(true) {
                n = self.exactly(n);
            }
        }
        if self.t == Family::Pg && h.kind() == Kind::Unknown {
            h = h.cast("text", Kind::Text);
        }
        let (h, n) = (h.sql, n.sql);
        let sql = match (self.t, from) {
            (Family::Pg, None) => format!("strpos({h}, {n})"),
            (Family::Pg, Some(from)) => {
                let from = from.p(prec::CAST);
                format!(
                    "coalesce(nullif(strpos(substring({h}, {from}), {n}), 0) + {from} - 1, CASE WHEN {h} IS NOT NULL AND {n} IS NOT NULL THEN 0 END)"
                )
            }
            (Family::My, None) => format!("LOCATE({n}, {h})"),
            (Family::My, Some(from)) => format!("LOCATE({n}, {h}, {})", from.sql),
            (Family::Sf, None) => format!("CHARINDEX({n}, {h})"),
            (Family::Sf, Some(from)) => format!("CHARINDEX({n}, {h}, {})", from.sql),
            (Family::Lite, None) => format!("instr({h}, {n})"),
            (Family::Td, None) => format!("POSITION({n} IN {h})"),
            _ => return refuse("function", "a search from a place has no peer in the target", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    pub(super) fn substring_index(&mut self, value: &Out, mark: &Out, count: &Out, ty: Ty, span: Span) -> Result<Out> {
        let Some(count) = count.int_literal() else {
            return refuse("function", "`substring_index` with a computed count has no peer", span);
        };
        let (v, m) = (&value.sql, &mark.sql);
        if count == 0 {
            return Ok(self.text("").typed(ty));
        }
        let sql = match self.t {
            Family::Pg if count > 0 => format!("array_to_string((string_to_array({v}, {m}))[1:{count}], {m})"),
            Family::Pg => {
                let back = -count;
                let parts = format!("string_to_array({v}, {m})");
                format!("array_to_string(({parts})[greatest(cardinality({parts}) - {}, 1):], {m})", back - 1)
            }
            Family::Sf if count == 1 => format!("SPLIT_PART({v}, {m}, 1)"),
            Family::Sf if count == -1 => format!("SPLIT_PART({v}, {m}, -1)"),
            Family::My | Family::Td => format!("SUBSTRING_INDEX({v}, {m}, {count})"),
            Family::Lite if count == 1 => {
                format!("CASE WHEN instr({v}, {m}) > 0 THEN substr({v}, 1, instr({v}, {m}) - 1) ELSE {v} END")
            }
            _ => return refuse("function", "`substring_index` with this count has no peer", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    pub(super) fn split_part(&mut self, value: &Out, mark: &Out, place: &Out, ty: Ty, span: Span) -> Result<Out> {
        let (v, m) = (&value.sql, &mark.sql);
        let sql = match (self.t, place.int_literal()) {
            (Family::Pg, _) => format!("split_part({v}, {m}, {})", place.sql),
            (Family::Sf, _) => format!("SPLIT_PART({v}, {m}, {})", place.sql),
            (Family::My, Some(place)) if place > 0 => {
                // Beyond the last part there is nothing, where SUBSTRING_INDEX would repeat the last.
                let marks = format!("(CHAR_LENGTH({v}) - CHAR_LENGTH(REPLACE({v}, {m}, ''))) / CHAR_LENGTH({m})");
                format!(
                    "IF({marks} >= {}, SUBSTRING_INDEX(SUBSTRING_INDEX({v}, {m}, {place}), {m}, -1), IF({v} IS NULL, NULL, ''))",
                    place - 1
                )
            }
            (Family::My, Some(-1)) => format!("SUBSTRING_INDEX({v}, {m}, -1)"),
            _ => return refuse("function", "`split_part` with this place has no peer", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }
}
