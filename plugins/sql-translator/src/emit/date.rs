//! Arithmetic of dates, and their parts.

use super::Emitter;
use super::compare::normal_moment;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{BinaryOperator, Expr, Interval, Spanned, Value};
use sqlparser::tokenizer::Span;

/// A span of time: how many of which unit; the number is an expression of the target.
#[derive(Debug, Clone)]
pub(crate) struct Amount {
    pub(crate) count: Out,
    /// In the singular and lower case; never a compound one.
    pub(crate) unit: String,
}

impl Emitter<'_> {
    /// `moment ± interval`, `interval + moment`, and PostgreSQL's `date ± days` and `date - date`; none for other sums.
    pub(crate) fn date_arithmetic(&mut self, left: &Expr, plus: bool, right: &Expr) -> Result<Option<Out>> {
        let span = left.span();
        if self.alike() && self.f != Family::My {
            return Ok(None);
        }
        if let Some(amounts) = self.amounts(right)? {
            let moment = self.expr(left)?;
            return self.shift(moment, &amounts, plus, span).map(Some);
        }
        if plus && let Some(amounts) = self.amounts(left)? {
            let moment = self.expr(right)?;
            return self.shift(moment, &amounts, true, span).map(Some);
        }
        if self.f != Family::Pg {
            return Ok(None);
        }
        // Only PostgreSQL adds days to dates and subtracts dates.
        let (l, r) = (self.expr(left)?, self.expr(right)?);
        match (l.kind(), r.kind()) {
            (Kind::Date, Kind::Int) => self.shift_days(l, r, plus, span).map(Some),
            (Kind::Int, Kind::Date) if plus => self.shift_days(r, l, true, span).map(Some),
            (Kind::Date, Kind::Date) if !plus => self.call("datediff", vec![l, r], span).map(Some),
            (Kind::Date | Kind::Stamp | Kind::Instant, Kind::Stamp | Kind::Instant | Kind::Date) if !plus => {
                refuse("interval", "the interval between two moments has no type in the target; take its `epoch`", span)
            }
            (Kind::Interval, _) | (_, Kind::Interval) => {
                refuse("interval", "an interval that is no literal has no peer in the target", span)
            }
            _ => Ok(None),
        }
    }

    /// The spans that an expression is, if it is an interval literal, or one times a number.
    pub(crate) fn amounts(&mut self, expr: &Expr) -> Result<Option<Vec<Amount>>> {
        match expr {
            Expr::Interval(interval) => self.interval(interval).map(Some),
            Expr::Nested(inner) => self.amounts(inner),
            Expr::Cast { expr, data_type: sqlparser::ast::DataType::Interval { .. }, .. } => {
                let Expr::Value(value) = expr.as_ref() else { return Ok(None) };
                let Value::SingleQuotedString(text) = &value.value else { return Ok(None) };
                parse_interval(text).map_or_else(
                    || refuse("interval", format!("the interval '{text}' cannot be read"), value.span),
                    |amounts| Ok(Some(amounts)),
                )
            }
            Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
                let (amounts, factor) = match (self.amounts(left)?, self.amounts(right)?) {
                    (Some(amounts), None) => (amounts, right),
                    (None, Some(amounts)) => (amounts, left),
                    _ => return Ok(None),
                };
                let factor = self.expr(factor)?;
                let times = |amount: Amount| {
                    let count = match amount.count.int_literal() {
                        Some(1) => factor.clone(),
                        _ => Out::new(
                            format!("{} * {}", factor.p(prec::MUL), amount.count.p(prec::CAST)),
                            prec::MUL,
                            Ty::of(Kind::Int),
                        ),
                    };
                    Amount { count, ..amount }
                };
                Ok(Some(amounts.into_iter().map(times).collect()))
            }
            _ => Ok(None),
        }
    }

    fn interval(&mut self, interval: &Interval) -> Result<Vec<Amount>> {
        let span = interval.value.span();
        let Some(unit) = &interval.leading_field else {
            let text = match interval.value.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::SingleQuotedString(text) => text.clone(),
                    _ => return refuse("interval", "an interval without a unit is no literal", span),
                },
                _ => return refuse("interval", "an interval without a unit is no literal", span),
            };
            return match parse_interval(&text) {
                Some(amounts) => Ok(amounts),
                None => refuse("interval", format!("the interval '{text}' cannot be read"), span),
            };
        };
        if interval.last_field.is_some() {
            return refuse("interval", "an interval of several fields cannot be translated", span);
        }
        let unit = unit.to_string().to_ascii_lowercase();
        self.amounts_of(&interval.value, &unit, span)
    }

    /// `INTERVAL value unit`, the unit perhaps one of MySQL's of two parts.
    pub(crate) fn amounts_of(&mut self, value: &Expr, unit: &str, span: Span) -> Result<Vec<Amount>> {
        let count = self.expr(value)?;
        if unit.contains('_') {
            let text = match (count.text_literal(), count.number_literal()) {
                (Some(text), _) | (None, Some(text)) => text.to_owned(),
                _ => return refuse("interval", format!("an interval in `{unit}` must be a literal"), span),
            };
            return match compound(&text, unit) {
                Some(amounts) => Ok(amounts),
                None => refuse("interval", format!("the interval '{text}' in `{unit}` cannot be read"), span),
            };
        }
        let unit = singular(unit);
        let count = match count.text_literal() {
            Some(text) if text.trim().parse::<f64>().is_ok() => super::literal::number(text.trim()),
            Some(text) => return refuse("interval", format!("the interval '{text}' is no number"), span),
            None => count,
        };
        Ok(vec![Amount { count, unit }])
    }

    /// A date some days later or earlier, which stays a date.
    fn shift_days(&mut self, date: Out, days: Out, plus: bool, span: Span) -> Result<Out> {
        let sign = if plus { "+" } else { "-" };
        let (d, n) = (&date.sql, days.p(prec::CAST));
        let sql = match self.t {
            Family::My => format!("DATE({d} {sign} INTERVAL {n} DAY)"),
            Family::Sf => format!("DATEADD(day, {}{n}, {d})", if plus { "" } else { "-" }),
            Family::Lite => format!("date({d}, ({}{n}) || ' days')", if plus { "" } else { "-" }),
            _ => return refuse("dates", "days added to a date have no peer in the target", span),
        };
        Ok(Out::atom(sql, Kind::Date))
    }

    /// A moment some spans later or earlier.
    pub(crate) fn shift(&mut self, moment: Out, amounts: &[Amount], plus: bool, span: Span) -> Result<Out> {
        let mut out = self.as_moment(moment, span)?;
        let amounts = merge_months(amounts);
        for amount in &amounts {
            out = self.shift_once(out, amount, plus, span)?;
        }
        Ok(out)
    }

    /// A text literal that stands where a moment is wanted.
    pub(crate) fn as_moment(&mut self, out: Out, span: Span) -> Result<Out> {
        if let Some(text) = out.text_literal().map(str::to_owned) {
            let Some(normal) = normal_moment(&text) else {
                return refuse("dates", format!("'{text}' is no date"), span);
            };
            let kind = if normal.len() > 10 { Kind::Stamp } else { Kind::Date };
            if self.t == Family::My || self.t == Family::Lite {
                let mut literal = self.text(&normal);
                literal.ty.kind = kind;
                return Ok(literal);
            }
            return self.moment_literal(&normal, kind, span);
        }
        if out.ty.is_text() && self.t == Family::Pg && self.f.truth_is_number() {
            self.warn("dates", "a text that is no date fails in the target, and is NULL in the source", span);
            return Ok(out.cast("timestamp", Kind::Stamp));
        }
        Ok(out)
    }

    fn shift_once(&mut self, moment: Out, amount: &Amount, plus: bool, span: Span) -> Result<Out> {
        let small = matches!(amount.unit.as_str(), "hour" | "minute" | "second" | "millisecond" | "microsecond");
        let is_date = moment.kind() == Kind::Date;
        // PostgreSQL makes a moment of any sum with a date, MySQL of those with parts of a day.
        let kind = match (is_date, small, self.f) {
            (true, _, Family::Pg) => Kind::Stamp,
            (true, false, _) => Kind::Date,
            (true, true, _) => Kind::Stamp,
            (false, ..) => moment.kind(),
        };
        let scale = if amount.unit == "microsecond" { Some(6) } else { moment.ty.scale.or(Some(0)) };
        let ty = Ty { nullable: true, ..Ty::scaled(kind, scale) };
        let sign = if plus { "+" } else { "-" };
        self.untyped(&moment, "of a date with or without a time of day the sum may be the other", span);
        match self.t {
            Family::Pg => {
                let step = self.pg_interval(amount);
                let sum = Out::new(format!("{} {sign} {step}", moment.p(prec::ADD)), prec::ADD, ty.clone());
                Ok(if kind == Kind::Date { sum.cast("date", Kind::Date).typed(ty) } else { sum })
            }
            Family::My => {
                let (count, unit) = match amount.unit.as_str() {
                    "millisecond" => (format!("{} * 1000", amount.count.p(prec::MUL)), "MICROSECOND".to_owned()),
                    "decade" => (format!("{} * 10", amount.count.p(prec::MUL)), "YEAR".to_owned()),
                    "century" => (format!("{} * 100", amount.count.p(prec::MUL)), "YEAR".to_owned()),
                    unit => (amount.count.p(prec::CAST), unit.to_uppercase()),
                };
                if is_date && self.f == Family::Pg {
                    let stamp = format!("CAST({} AS DATETIME)", moment.sql);
                    return Ok(Out::new(format!("{stamp} {sign} INTERVAL {count} {unit}"), prec::ADD, ty));
                }
                let start = if moment.lit.is_some() {
                    format!("CAST({} AS {})", moment.sql, if is_date { "DATE" } else { "DATETIME" })
                } else {
                    moment.p(prec::ADD)
                };
                Ok(Out::new(format!("{start} {sign} INTERVAL {count} {unit}"), prec::ADD, ty))
            }
            Family::Sf => {
                let count = if plus { amount.count.sql.clone() } else { format!("-{}", amount.count.p(prec::CAST)) };
                let start = if moment.kind() == Kind::Date && kind == Kind::Stamp {
                    format!("{}::timestamp_ntz", moment.p(prec::CAST))
                } else {
                    moment.sql
                };
                Ok(Out::new(format!("DATEADD({}, {count}, {start})", amount.unit), prec::ATOM, ty))
            }
            Family::Lite => {
                let (factor, unit) = match amount.unit.as_str() {
                    "week" => (7, "days"),
                    "quarter" => (3, "months"),
                    "day" => (1, "days"),
                    "month" => (1, "months"),
                    "year" => (1, "years"),
                    "hour" => (1, "hours"),
                    "minute" => (1, "minutes"),
                    "second" => (1, "seconds"),
                    unit => return refuse("interval", format!("SQLite has no unit `{unit}`"), span),
                };
                if matches!(unit, "months" | "years") {
                    self.warn("dates", "SQLite goes into the next month where a month has fewer days", span);
                }
                let name = if kind == Kind::Date { "date" } else { "datetime" };
                let count = match amount.count.int_literal() {
                    Some(count) => {
                        let count = count * factor * if plus { 1 } else { -1 };
                        format!("'{count:+} {unit}'")
                    }
                    None => {
                        let minus = if plus { "" } else { "-" };
                        format!("({minus}{} * {factor}) || ' {unit}'", amount.count.p(prec::CAST))
                    }
                };
                Ok(Out::new(format!("{name}({}, {count})", moment.sql), prec::ATOM, ty))
            }
            Family::Td => {
                let unit = match amount.unit.as_str() {
                    "week" => "w",
                    "day" => "d",
                    "hour" => "h",
                    "minute" => "m",
                    "second" => "s",
                    "millisecond" => "a",
                    "microsecond" => "u",
                    unit => return refuse("interval", format!("TDengine adds no `{unit}`"), span),
                };
                let Some(count) = amount.count.int_literal() else {
                    return refuse("interval", "TDengine's spans of time are literals", span);
                };
                Ok(Out::new(format!("{} {sign} {count}{unit}", moment.p(prec::ADD)), prec::ADD, ty))
            }
        }
    }

    /// A span as PostgreSQL writes it.
    fn pg_interval(&self, amount: &Amount) -> String {
        let unit = match amount.unit.as_str() {
            "quarter" => "month",
            unit => unit,
        };
        let factor = if amount.unit == "quarter" { 3 } else { 1 };
        match (amount.count.number_literal(), amount.count.int_literal()) {
            (_, Some(count)) => format!("interval '{} {unit}'", count * factor),
            (Some(text), None) if factor == 1 => format!("interval '{text} {unit}'"),
            _ => format!("{} * interval '{factor} {unit}'", amount.count.p(prec::CAST)),
        }
    }

    /// `extract(epoch FROM a - b)`, of two moments: the interval between them needs no type then.
    pub(crate) fn extract_of_difference(&mut self, field: &str, expr: &Expr, span: Span) -> Result<Option<Out>> {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        let Expr::BinaryOp { left, op: BinaryOperator::Minus, right } = expr else { return Ok(None) };
        if self.alike() || self.f != Family::Pg || self.amounts(right)?.is_some() {
            return Ok(None);
        }
        let (later, earlier) = (self.expr(left)?, self.expr(right)?);
        let moment = |out: &Out| matches!(out.kind(), Kind::Stamp | Kind::Instant);
        if !moment(&later) && !moment(&earlier) {
            return Ok(None);
        }
        let ty = Ty::scaled(Kind::Dec, Some(6));
        let sql = match (self.t, field) {
            (Family::My, "epoch") => format!("(TIMESTAMPDIFF(MICROSECOND, {}, {}) * 0.000001)", earlier.sql, later.sql),
            (Family::My, "day") => format!("TIMESTAMPDIFF(DAY, {}, {})", earlier.sql, later.sql),
            (Family::Sf, "epoch") => format!("(DATEDIFF(microsecond, {}, {}) / 1000000)", earlier.sql, later.sql),
            (Family::Lite, "epoch") => format!("(unixepoch({}) - unixepoch({}))", later.sql, earlier.sql),
            _ => return refuse("interval", format!("the part `{field}` of an interval has no peer"), span),
        };
        Ok(Some(Out::new(sql, prec::ATOM, ty)))
    }

    /// A part of a moment.
    pub(crate) fn extract(&mut self, field: &str, moment: Out, span: Span) -> Result<Out> {
        let moment = self.as_moment(moment, span)?;
        if moment.kind() == Kind::Interval {
            return refuse("interval", "the parts of an interval have no peer in the target", span);
        }
        let ty = Ty { nullable: true, ..Ty::of(Kind::Int) };
        let m = &moment.sql;
        let field = singular(field);
        let sql = match (self.t, field.as_str()) {
            (Family::Pg, "year_month") => format!("to_char({m}, 'YYYYMM')::int"),
            (Family::Pg, "day_hour") => format!("to_char({m}, 'FMDDHH24')::int"),
            (Family::Pg, "hour_minute") => format!("to_char({m}, 'FMHH24MI')::int"),
            (Family::Pg, "day_minute") => format!("to_char({m}, 'FMDDHH24MI')::int"),
            (Family::Pg, "hour_second") => format!("to_char({m}, 'FMHH24MISS')::int"),
            (Family::Pg, "minute_second") => format!("to_char({m}, 'FMMISS')::int"),
            (_, name) if name.contains('_') && self.t != Family::My => {
                return refuse("dates", format!("the part `{name}` has no peer"), span);
            }
            (Family::Pg, "second") if self.f == Family::My => format!("floor(extract(second from {m}))::int"),
            (Family::Pg, "microsecond") => {
                format!("(extract(microseconds from {m})::bigint % 1000000)::int")
            }
            (Family::Pg, "epoch") => {
                return Ok(Out::new(format!("extract(epoch from {m})"), prec::ATOM, Ty::of(Kind::Dec)));
            }
            (Family::Pg, "week") if self.f == Family::My => {
                // Sunday begins a week, and the days before the first one are week 0.
                let (doy, dow) = (format!("extract(doy from {m})::int"), format!("extract(dow from {m})::int"));
                format!("(({doy} + 6 - {dow}) / 7)")
            }
            (Family::Pg, "dayofweek") if self.f == Family::Sf => format!("extract(dow from {m})::int"),
            (Family::Pg, "dayofyear") => format!("extract(doy from {m})::int"),
            (Family::Pg, "dayofweekiso") => format!("extract(isodow from {m})::int"),
            (Family::Pg, "second") if self.f == Family::Pg => {
                return Ok(Out::new(format!("extract(second from {m})"), prec::ATOM, Ty::of(Kind::Dec)));
            }
            (Family::Pg, name) => format!("extract({name} from {m})::int"),
            (Family::My, "dow") => format!("(DAYOFWEEK({m}) - 1)"),
            (Family::My, "isodow" | "dayofweekiso") => format!("(WEEKDAY({m}) + 1)"),
            (Family::My, "doy" | "dayofyear") => format!("DAYOFYEAR({m})"),
            (Family::My, "week" | "isoweek" | "weekiso") if self.f != Family::My => format!("WEEK({m}, 3)"),
            (Family::My, "isoyear") => format!("(YEARWEEK({m}, 3) DIV 100)"),
            (Family::My, "epoch") => {
                let micro = format!("TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {m})");
                return Ok(Out::new(format!("({micro} / 1000000)"), prec::ATOM, Ty::scaled(Kind::Dec, Some(4))));
            }
            (Family::My, "second") if self.f == Family::Pg => {
                let sql = format!("(SECOND({m}) + MICROSECOND({m}) / 1000000)");
                return Ok(Out::new(sql, prec::ATOM, Ty::scaled(Kind::Dec, Some(4))));
            }
            (Family::My, "decade") => format!("(YEAR({m}) DIV 10)"),
            (Family::My, "century") => format!("((YEAR({m}) + 99) DIV 100)"),
            (Family::My, "millisecond") => format!("(SECOND({m}) * 1000 + MICROSECOND({m}) / 1000)"),
            (Family::My, "microsecond") if self.f == Family::Pg => {
                format!("(SECOND({m}) * 1000000 + MICROSECOND({m}))")
            }
            (Family::My, name @ ("julian" | "millennium" | "timezone" | "timezone_hour" | "timezone_minute")) => {
                return refuse("dates", format!("the part `{name}` has no peer"), span);
            }
            (Family::My, name) => format!("EXTRACT({} FROM {m})", name.to_uppercase()),
            (Family::Sf, "epoch") => format!("DATE_PART(epoch_second, {m})"),
            (Family::Sf, "dow") => format!("DAYOFWEEK({m})"),
            (Family::Sf, "isodow") => format!("DAYOFWEEKISO({m})"),
            (Family::Sf, "doy") => format!("DAYOFYEAR({m})"),
            (Family::Sf, "week") if self.f == Family::Pg => format!("WEEKISO({m})"),
            (Family::Sf, "week") => return refuse("dates", "MySQL's week number has no peer in Snowflake", span),
            (Family::Sf, name) => format!("DATE_PART({name}, {m})"),
            (Family::Lite, name) => {
                let token = match name {
                    "year" => "%Y",
                    "month" => "%m",
                    "day" => "%d",
                    "hour" => "%H",
                    "minute" => "%M",
                    "second" => "%S",
                    "dow" => "%w",
                    "doy" => "%j",
                    "epoch" => "%s",
                    "quarter" => {
                        return Ok(Out::new(format!("((strftime('%m', {m}) + 2) / 3)"), prec::ATOM, ty));
                    }
                    name => return refuse("dates", format!("SQLite has no part `{name}`"), span),
                };
                format!("CAST(strftime('{token}', {m}) AS INTEGER)")
            }
            (Family::Td, name) => return refuse("dates", format!("TDengine has no part `{name}`"), span),
        };
        let binding = if sql.ends_with("::int") { prec::CAST } else { prec::ATOM };
        Ok(Out::new(sql, binding, ty))
    }

    pub(crate) fn at_time_zone(&mut self, moment: Out, zone: Out, span: Span) -> Result<Out> {
        let kind = if moment.kind() == Kind::Instant { Kind::Stamp } else { Kind::Instant };
        let ty = Ty::scaled(kind, moment.ty.scale);
        match self.t {
            Family::Pg => {
                Ok(Out::new(format!("{} AT TIME ZONE {}", moment.p(prec::CAST), zone.p(prec::CAST)), prec::MUL, ty))
            }
            Family::Sf => Ok(Out::new(format!("CONVERT_TIMEZONE({}, {})", zone.sql, moment.sql), prec::ATOM, ty)),
            Family::My => {
                self.warn("timezone", "the session's zone takes part where PostgreSQL's value carries one", span);
                let utc = "'+00:00'";
                let zone = if zone.text_literal().is_some_and(|name| name.eq_ignore_ascii_case("utc")) {
                    utc.to_owned()
                } else {
                    zone.sql
                };
                let (from, to) =
                    if moment.kind() == Kind::Instant { (utc, zone.as_str()) } else { (zone.as_str(), utc) };
                Ok(Out::new(format!("CONVERT_TZ({}, {from}, {to})", moment.sql), prec::ATOM, ty))
            }
            _ => refuse("timezone", "time zones have no peer in the target", span),
        }
    }
}

/// Years and months that are literals as one number of months: each alone would cut a day that the other brings back.
fn merge_months(amounts: &[Amount]) -> Vec<Amount> {
    let months = |amount: &Amount| {
        let factor = match amount.unit.as_str() {
            "month" => 1,
            "quarter" => 3,
            "year" => 12,
            _ => return None,
        };
        Some(amount.count.int_literal()? * factor)
    };
    let found: Vec<i64> = amounts.iter().filter_map(months).collect();
    if found.len() < 2 {
        return amounts.to_vec();
    }
    let mut merged = vec![amount(&found.iter().sum::<i64>().to_string(), "month")];
    merged.extend(amounts.iter().filter(|amount| months(amount).is_none()).cloned());
    merged
}

/// A unit in the singular.
pub(crate) fn singular(unit: &str) -> String {
    let unit = unit.trim().to_ascii_lowercase();
    match unit.as_str() {
        "centuries" => "century".to_owned(),
        "millennia" | "millenniums" => "millennium".to_owned(),
        "mon" | "mons" => "month".to_owned(),
        "hr" | "hrs" => "hour".to_owned(),
        "min" | "mins" => "minute".to_owned(),
        "sec" | "secs" => "second".to_owned(),
        other => other.strip_suffix('s').unwrap_or(other).to_owned(),
    }
}

/// PostgreSQL's texts: `1 day`, `1 year 2 months`, `-3 hours`, `01:30:00`.
fn parse_interval(text: &str) -> Option<Vec<Amount>> {
    let mut amounts = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word.contains(':') {
            let (sign, word) = word.strip_prefix('-').map_or(("", word), |rest| ("-", rest));
            let parts: Vec<&str> = word.split(':').collect();
            for (part, unit) in parts.iter().zip(["hour", "minute", "second"]) {
                let trimmed = part.trim_start_matches('0');
                let trimmed = if trimmed.is_empty() || trimmed.starts_with('.') {
                    format!("0{trimmed}")
                } else {
                    trimmed.to_owned()
                };
                if trimmed.parse::<f64>().ok()? != 0.0 {
                    amounts.push(amount(&format!("{sign}{trimmed}"), unit));
                }
            }
            continue;
        }
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = if digits.len() == word.len() { words.next()? } else { &word[digits.len()..] };
        let unit = match singular(unit).as_str() {
            "d" => "day".to_owned(),
            "h" => "hour".to_owned(),
            "m" => "minute".to_owned(),
            "y" => "year".to_owned(),
            "w" => "week".to_owned(),
            "" => "second".to_owned(),
            unit => unit.to_owned(),
        };
        digits.parse::<f64>().ok()?;
        amounts.push(amount(digits.trim_start_matches('+'), &unit));
    }
    if amounts.is_empty() { None } else { Some(amounts) }
}

fn amount(count: &str, unit: &str) -> Amount {
    let count = match count.strip_prefix('-') {
        Some(digits) => {
            let mut out = Out::new(format!("-{digits}"), prec::UNARY, Ty::of(Kind::Int));
            out.lit = Some(crate::out::Lit::Number(format!("-{digits}")));
            out
        }
        None => super::literal::number(count),
    };
    Amount { count, unit: unit.to_owned() }
}

/// MySQL's units of two parts: `'1:30'` in `hour_minute`.
fn compound(text: &str, unit: &str) -> Option<Vec<Amount>> {
    const ORDER: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
    let (first, last) = unit.split_once('_')?;
    let from = ORDER.iter().position(|unit| *unit == first)?;
    let to = ORDER.iter().position(|unit| *unit == last)?;
    let negative = text.trim_start().starts_with('-');
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let units = &ORDER[from..=to];
    // Fewer numbers than units are the smaller units.
    let units = &units[units.len().checked_sub(numbers.len())?..];
    let sign = if negative { "-" } else { "" };
    Some(
        numbers
            .iter()
            .zip(units)
            .map(|(number, unit)| {
                let number = number.trim_start_matches('0');
                amount(&format!("{sign}{}", if number.is_empty() { "0" } else { number }), unit)
            })
            .collect(),
    )
}
