//! Functions of dates and times.

mod span;

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::emit::date::{Amount, singular};
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::Expr;
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    /// Functions whose arguments are no plain values: intervals and units.
    pub(super) fn with_interval(&mut self, name: &str, list: &[&Expr], span: Span) -> Result<Option<Out>> {
        let unit_of = |expr: &Expr| match expr {
            Expr::Identifier(ident) => Some(singular(ident.value.trim_start_matches("SQL_TSI_"))),
            Expr::Value(value) => value.value.clone().into_string().map(|text| singular(&text)),
            _ => None,
        };
        match (name, list) {
            ("date_add" | "adddate" | "date_sub" | "subdate", [moment, amount]) => {
                let plus = name == "date_add" || name == "adddate";
                let amounts = match self.amounts(amount)? {
                    Some(amounts) => amounts,
                    None => vec![Amount { count: self.expr(amount)?, unit: "day".to_owned() }],
                };
                let moment = self.expr(moment)?;
                self.shift(moment, &amounts, plus, span).map(Some)
            }
            ("timestampadd" | "dateadd", [unit, count, moment]) => {
                let Some(unit) = unit_of(unit) else { return refuse("dates", "the unit is no word", span) };
                let amount = Amount { count: self.expr(count)?, unit };
                let moment = self.expr(moment)?;
                self.shift(moment, &[amount], true, span).map(Some)
            }
            ("timestampdiff", [unit, from, to]) if self.f == Family::My => {
                let Some(unit) = unit_of(unit) else { return refuse("dates", "the unit is no word", span) };
                let (from, to) = (self.expr(from)?, self.expr(to)?);
                self.timestampdiff(&unit, from, to, span).map(Some)
            }
            ("datediff", [unit, from, to]) if self.f == Family::Sf => {
                let Some(unit) = unit_of(unit) else { return refuse("dates", "the unit is no word", span) };
                let (from, to) = (self.expr(from)?, self.expr(to)?);
                self.boundaries(&unit, from, to, span).map(Some)
            }
            ("extract", [..]) => Ok(None),
            _ => Ok(None),
        }
    }

    pub(super) fn moment_function(&mut self, name: &str, arguments: &[Out], span: Span) -> Result<Option<Out>> {
        let precision = arguments.first().and_then(Out::int_literal);
        let out = match (name, arguments) {
            (
                "now"
                | "current_timestamp"
                | "localtimestamp"
                | "localtime"
                | "sysdate"
                | "clock_timestamp"
                | "statement_timestamp"
                | "transaction_timestamp"
                | "getdate"
                | "systimestamp",
                [] | [_],
            ) => {
                return self.now(name, precision, span).map(Some);
            }
            ("utc_timestamp", [] | [_]) => match self.t {
                Family::Pg => {
                    Out::new("(now() AT TIME ZONE 'UTC')::timestamp(0)", prec::CAST, Ty::scaled(Kind::Stamp, Some(0)))
                }
                Family::Sf => Out::atom("SYSDATE()", Kind::Stamp),
                Family::Lite => Out::atom("datetime('now')", Kind::Stamp),
                _ => Out::atom("UTC_TIMESTAMP()", Kind::Stamp),
            },
            ("curdate" | "current_date", []) => {
                let sql = match self.t {
                    Family::Pg => "current_date",
                    Family::My => "CURRENT_DATE",
                    Family::Sf => "CURRENT_DATE()",
                    Family::Lite => "date('now')",
                    Family::Td => "TODAY()",
                };
                Out::new(sql, prec::ATOM, Ty { nullable: false, ..Ty::of(Kind::Date) })
            }
            ("utc_date", []) => match self.t {
                Family::Pg => Out::new("(now() AT TIME ZONE 'UTC')::date", prec::CAST, Ty::of(Kind::Date)),
                _ => return refuse("dates", "`utc_date` has no peer", span),
            },
            ("curtime" | "current_time", [] | [_]) => {
                let sql = match self.t {
                    Family::Pg => "localtime(0)",
                    Family::My => "CURRENT_TIME",
                    Family::Sf => "CURRENT_TIME()",
                    Family::Lite => "time('now')",
                    Family::Td => return refuse("dates", "TDengine has no times of day", span),
                };
                Out::atom(sql, Kind::Time)
            }
            ("year" | "month" | "quarter" | "hour" | "minute" | "second" | "microsecond", [moment]) => {
                self.extract(name, moment.clone(), span)?
            }
            ("day" | "dayofmonth", [moment]) => self.extract("day", moment.clone(), span)?,
            ("dayofyear", [moment]) => self.extract("doy", moment.clone(), span)?,
            ("dayofweek", [moment]) if self.f == Family::My => {
                let part = self.extract("dow", moment.clone(), span)?;
                Out::new(format!("{} + 1", part.sql), prec::ADD, part.ty)
            }
            ("dayofweek", [moment]) => self.extract("dow", moment.clone(), span)?,
            ("dayofweekiso", [moment]) => self.extract("isodow", moment.clone(), span)?,
            ("weekday", [moment]) => {
                let part = self.extract("isodow", moment.clone(), span)?;
                Out::new(format!("{} - 1", part.sql), prec::ADD, part.ty)
            }
            ("weekofyear" | "weekiso", [moment]) => self.iso_week(moment, span)?,
            ("week", [moment]) if self.f == Family::My => self.extract("week", moment.clone(), span)?,
            ("week", [moment, mode]) => match mode.int_literal() {
                Some(3) => self.iso_week(moment, span)?,
                Some(0) => self.extract("week", moment.clone(), span)?,
                _ => return refuse("dates", "only the modes 0 and 3 of `week` have a peer", span),
            },
            ("yearweek", [moment, mode]) if matches!(mode.int_literal(), Some(1 | 3)) && self.t == Family::Pg => {
                let moment = self.as_moment(moment.clone(), span)?;
                Out::new(format!("to_char({}, 'IYYYIW')::int", moment.sql), prec::CAST, Ty::of(Kind::Int))
            }
            ("date_part", [field, moment]) => {
                let Some(field) = field.text_literal() else { return refuse("dates", "the part is no literal", span) };
                let field = field.to_ascii_lowercase();
                self.extract(if field == "epoch_second" { "epoch" } else { &field }, moment.clone(), span)?
            }
            ("monthname" | "dayname", [moment]) => {
                let moment = self.as_moment(moment.clone(), span)?;
                let token = if name == "monthname" { "FMMonth" } else { "FMDay" };
                match self.t {
                    Family::Pg => Out::atom(format!("to_char({}, '{token}')", moment.sql), Kind::Text),
                    Family::My => Out::atom(format!("{}({})", name.to_uppercase(), moment.sql), Kind::Text),
                    _ => return refuse("dates", format!("`{name}` has no peer"), span),
                }
            }
            ("last_day", [moment]) => {
                let moment = self.as_moment(moment.clone(), span)?;
                let ty = Ty::of(Kind::Date);
                match self.t {
                    Family::Pg => {
                        let m = &moment.sql;
                        Out::new(
                            format!("(date_trunc('month', {m}) + interval '1 month -1 day')::date"),
                            prec::CAST,
                            ty,
                        )
                    }
                    Family::Lite => Out::new(
                        format!("date({}, 'start of month', '+1 month', '-1 day')", moment.sql),
                        prec::ATOM,
                        ty,
                    ),
                    Family::Td => return refuse("dates", "TDengine has no `last_day`", span),
                    _ => Out::new(format!("LAST_DAY({})", moment.sql), prec::ATOM, ty),
                }
            }
            ("datediff", [later, earlier]) => {
                let (later, earlier) = (self.as_moment(later.clone(), span)?, self.as_moment(earlier.clone(), span)?);
                self.days_between(&later, &earlier)
            }
            ("date_format", [moment, format]) => {
                let moment = self.as_moment(moment.clone(), span)?;
                let format = self.date_format(format, span)?;
                self.formatted(&moment, &format)
            }
            ("strftime", [format, moment]) if self.f == Family::Lite => {
                let moment = self.as_moment(moment.clone(), span)?;
                let format = self.date_format(format, span)?;
                self.formatted(&moment, &format)
            }
            ("to_char", [moment, format]) => {
                if moment.ty.is_number() || moment.kind() == Kind::Interval {
                    return refuse("number_format", "the pattern of a number has no peer in the target", span);
                }
                if moment.kind() == Kind::Unknown {
                    self.warn("dates", "the type is not known: a date is taken to be formatted", span);
                }
                let moment = self.as_moment(moment.clone(), span)?;
                let format = self.date_format(format, span)?;
                self.formatted(&moment, &format)
            }
            ("str_to_date", [text, format]) => self.parsed(text, format, None, span)?,
            ("to_date", [text, format]) => self.parsed(text, format, Some(Kind::Date), span)?,
            ("to_timestamp", [text, format]) => {
                let kind = if self.f == Family::Pg { Kind::Instant } else { Kind::Stamp };
                self.parsed(text, format, Some(kind), span)?
            }
            ("to_date" | "date", [moment]) => {
                let out = self.as_moment(moment.clone(), span)?;
                let ty = Ty { nullable: out.ty.nullable, ..Ty::of(Kind::Date) };
                match self.t {
                    Family::Pg | Family::Sf => out.cast("date", Kind::Date),
                    Family::My => Out::new(format!("DATE({})", out.sql), prec::ATOM, ty),
                    Family::Lite => Out::new(format!("date({})", out.sql), prec::ATOM, ty),
                    Family::Td => Out::new(format!("TIMETRUNCATE({}, 1d)", out.sql), prec::ATOM, ty),
                }
            }
            ("date" | "datetime", [moment, modifiers @ ..]) if self.f == Family::Lite && !modifiers.is_empty() => {
                return self.lite_modifiers(name, moment, modifiers, span).map(Some);
            }
            ("datetime", [moment]) if self.f == Family::Lite => {
                let out = self.as_moment(moment.clone(), span)?;
                match self.t {
                    Family::Pg => out.cast("timestamp(0)", Kind::Stamp),
                    Family::My => Out::atom(format!("CAST({} AS DATETIME)", out.sql), Kind::Stamp),
                    _ => return refuse("dates", "`datetime` has no peer", span),
                }
            }
            ("time", [moment]) => {
                let out = self.as_moment(moment.clone(), span)?;
                match self.t {
                    Family::Pg => out.cast("time", Kind::Time),
                    Family::Sf => out.cast("time", Kind::Time),
                    _ => Out::atom(format!("time({})", out.sql), Kind::Time),
                }
            }
            ("timestamp", [moment]) if self.f == Family::My => {
                let out = self.as_moment(moment.clone(), span)?;
                match self.t {
                    Family::Pg => out.cast("timestamp", Kind::Stamp),
                    Family::Sf => out.cast("timestamp_ntz", Kind::Stamp),
                    _ => Out::atom(format!("datetime({})", out.sql), Kind::Stamp),
                }
            }
            ("unix_timestamp" | "unixepoch", [moment]) => {
                let out = self.as_moment(moment.clone(), span)?;
                let ty =
                    if out.ty.scale.unwrap_or(0) > 0 { Ty::scaled(Kind::Dec, out.ty.scale) } else { Ty::of(Kind::Int) };
                match self.t {
                    Family::Pg if out.kind() == Kind::Instant => {
                        let sql = format!("extract(epoch from {})", out.sql);
                        if ty.kind == Kind::Int {
                            Out::new(format!("{sql}::bigint"), prec::CAST, ty)
                        } else {
                            Out::new(sql, prec::ATOM, ty)
                        }
                    }
                    // The session's zone decides, as it does in MySQL.
                    Family::Pg => {
                        let sql = format!("extract(epoch from {}::timestamptz)", out.p(prec::CAST));
                        if ty.kind == Kind::Int {
                            Out::new(format!("{sql}::bigint"), prec::CAST, ty)
                        } else {
                            Out::new(sql, prec::ATOM, ty)
                        }
                    }
                    Family::Sf => Out::new(format!("DATE_PART(epoch_second, {})", out.sql), prec::ATOM, ty),
                    Family::Lite => Out::new(format!("unixepoch({})", out.sql), prec::ATOM, ty),
                    Family::My => Out::new(format!("TIMESTAMPDIFF(SECOND, '1970-01-01', {})", out.sql), prec::ATOM, ty),
                    Family::Td => Out::new(format!("(CAST({} AS BIGINT) / 1000)", out.sql), prec::ATOM, ty),
                }
            }
            ("unix_timestamp", []) => match self.t {
                Family::Pg => Out::new("extract(epoch from now())::bigint", prec::CAST, Ty::of(Kind::Int)),
                Family::Sf => Out::atom("DATE_PART(epoch_second, CURRENT_TIMESTAMP())", Kind::Int),
                Family::Lite => Out::atom("unixepoch()", Kind::Int),
                _ => return refuse("dates", "`unix_timestamp` has no peer", span),
            },
            ("from_unixtime", [seconds]) => self.epoch(seconds, Kind::Stamp),
            ("from_unixtime", [seconds, format]) => {
                let moment = self.epoch(seconds, Kind::Stamp);
                let format = self.date_format(format, span)?;
                self.formatted(&moment, &format)
            }
            ("to_timestamp", [seconds]) if seconds.ty.is_number() => self.epoch(seconds, Kind::Instant),
            ("date_trunc", [unit, moment]) => {
                let Some(unit) = unit.text_literal() else { return refuse("dates", "the unit is no literal", span) };
                let unit = singular(unit);
                self.date_trunc(&unit, moment.clone(), span)?
            }
            ("convert_tz", [moment, from, to]) => self.convert_tz(moment, from, to, span)?,
            ("makedate", [year, day]) if self.t == Family::Pg => Out::new(
                format!("(make_date({}, 1, 1) + {} - 1)", year.sql, day.p(prec::MUL)),
                prec::ATOM,
                Ty::of(Kind::Date),
            ),
            ("make_date", [year, month, day]) => match self.t {
                Family::My => {
                    let sql =
                        format!("STR_TO_DATE(CONCAT({}, '-', {}, '-', {}), '%Y-%m-%d')", year.sql, month.sql, day.sql);
                    Out::atom(sql, Kind::Date)
                }
                Family::Sf => {
                    Out::atom(format!("DATE_FROM_PARTS({}, {}, {})", year.sql, month.sql, day.sql), Kind::Date)
                }
                Family::Lite => {
                    Out::atom(format!("printf('%04d-%02d-%02d', {}, {}, {})", year.sql, month.sql, day.sql), Kind::Date)
                }
                _ => return refuse("dates", "`make_date` has no peer", span),
            },
            ("to_days", [moment]) if self.t == Family::Pg => {
                let moment = self.as_moment(moment.clone(), span)?;
                let sql = format!("({} - DATE '0001-01-01' + 366)", moment.cast("date", Kind::Date).sql);
                Out::new(sql, prec::ATOM, Ty::of(Kind::Int))
            }
            ("from_days", [days]) if self.t == Family::Pg => {
                let sql = format!("(DATE '0001-01-01' + ({})::int - 366)", days.sql);
                Out::new(sql, prec::ATOM, Ty::of(Kind::Date))
            }
            ("time_to_sec", [time]) if self.t == Family::Pg => {
                let time = if time.ty.is_text() || time.lit.is_some() || time.ty.is_time() {
                    time.cast("time", Kind::Time)
                } else {
                    time.clone()
                };
                Out::new(format!("extract(epoch from {})::int", time.sql), prec::CAST, Ty::of(Kind::Int))
            }
            ("sec_to_time", [seconds]) if self.t == Family::Pg => {
                self.warn("dates", "a time of more than a day has no peer in the target", span);
                let sql = format!("(time '00:00:00' + {} * interval '1 second')", seconds.p(prec::CAST));
                Out::new(sql, prec::ATOM, Ty::scaled(Kind::Time, Some(0)))
            }
            ("date_bin", [step, moment, _]) if self.t == Family::My => {
                let _ = (step, moment);
                return refuse("dates", "`date_bin` has no peer in the target", span);
            }
            ("age", _) => return refuse("interval", "`age` yields an interval, which the target lacks", span),
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    fn now(&mut self, name: &str, precision: Option<i64>, span: Span) -> Result<Out> {
        // MySQL shows whole seconds unless asked, PostgreSQL six digits.
        let digits = precision.unwrap_or(if self.f == Family::Pg { 6 } else { 0 }).clamp(0, 6);
        let local = self.f == Family::My || matches!(name, "localtimestamp");
        let moving = matches!(name, "sysdate" | "clock_timestamp");
        let kind = if local { Kind::Stamp } else { Kind::Instant };
        let sql = match (self.t, local) {
            (Family::Pg, true) if moving => "clock_timestamp()::timestamp(0)".to_owned(),
            (Family::Pg, true) => format!("localtimestamp({digits})"),
            (Family::Pg, false) if moving => "clock_timestamp()".to_owned(),
            (Family::Pg, false) => "now()".to_owned(),
            (Family::My, _) if moving => format!("SYSDATE({digits})"),
            (Family::My, _) => {
                if self.f == Family::Pg && !local {
                    self.info("timezone", "the moment carries no zone in the target", span);
                }
                format!("NOW({digits})")
            }
            (Family::Sf, true) => "CURRENT_TIMESTAMP()::timestamp_ntz".to_owned(),
            (Family::Sf, false) => "CURRENT_TIMESTAMP()".to_owned(),
            (Family::Lite, _) => {
                self.info("timezone", "SQLite's clock is UTC", span);
                "datetime('now')".to_owned()
            }
            (Family::Td, _) => "NOW()".to_owned(),
        };
        let binding = if sql.contains("::") { prec::CAST } else { prec::ATOM };
        Ok(Out::new(sql, binding, Ty { nullable: false, ..Ty::scaled(kind, Some(digits as u8)) }))
    }

    fn iso_week(&mut self, moment: &Out, span: Span) -> Result<Out> {
        let moment = self.as_moment(moment.clone(), span)?;
        let ty = Ty::of(Kind::Int);
        Ok(match self.t {
            Family::Pg => Out::new(format!("extract(week from {})::int", moment.sql), prec::CAST, ty),
            Family::My => Out::new(format!("WEEK({}, 3)", moment.sql), prec::ATOM, ty),
            Family::Sf => Out::new(format!("WEEKISO({})", moment.sql), prec::ATOM, ty),
            _ => return refuse("dates", "the number of a week has no peer in the target", span),
        })
    }

    fn formatted(&self, moment: &Out, format: &str) -> Out {
        let pattern = crate::emit::literal::quote(format, self.to);
        let ty =
            Ty { nullable: moment.ty.nullable, ci: Some(self.f == Family::My), general: true, ..Ty::of(Kind::Text) };
        let sql = match self.t {
            Family::Pg => format!("to_char({}, {pattern})", moment.sql),
            Family::My => format!("DATE_FORMAT({}, {pattern})", moment.sql),
            Family::Lite => format!("strftime({pattern}, {})", moment.sql),
            _ => format!("TO_CHAR({}, {pattern})", moment.sql),
        };
        Out::new(sql, prec::ATOM, ty)
    }

    fn parsed(&mut self, text: &Out, format: &Out, kind: Option<Kind>, span: Span) -> Result<Out> {
        let pattern = self.date_format(format, span)?;
        let clock = ["HH", "MI", "SS", "%H", "%i", "%s", "%S", "%T"]
            .iter()
            .any(|token| format.text_literal().is_some_and(|text| text.contains(token)) || pattern.contains(token));
        let kind = kind.unwrap_or(if clock { Kind::Stamp } else { Kind::Date });
        let quoted = crate::emit::literal::quote(&pattern, self.to);
        let scale = Some(if pattern.contains("US") || pattern.contains("%f") { 6 } else { 0 });
        let ty = Ty::scaled(kind, scale);
        if self.f == Family::My && self.t != Family::My && text.lit.is_none() {
            self.warn("dates", "a text that is no date fails in the target, and is NULL in the source", span);
        }
        let sql = match (self.t, kind) {
            (Family::Pg, Kind::Date) => format!("to_date({}, {quoted})", text.sql),
            (Family::Pg, Kind::Stamp) => {
                return Ok(Out::new(format!("to_timestamp({}, {quoted})::timestamp", text.sql), prec::CAST, ty));
            }
            (Family::Pg, _) => format!("to_timestamp({}, {quoted})", text.sql),
            (Family::My, Kind::Date) => format!("DATE(STR_TO_DATE({}, {quoted}))", text.sql),
            (Family::My, _) => format!("CAST(STR_TO_DATE({}, {quoted}) AS DATETIME)", text.sql),
            (Family::Sf, Kind::Date) => format!("TO_DATE({}, {quoted})", text.sql),
            (Family::Sf, _) => format!("TO_TIMESTAMP({}, {quoted})", text.sql),
            _ => return refuse("dates", "reading a date by a pattern has no peer in the target", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn epoch(&self, seconds: &Out, kind: Kind) -> Out {
        let whole = seconds.kind() == Kind::Int;
        let ty = Ty::scaled(kind, Some(if whole { 0 } else { 6 }));
        let sql = match self.t {
            // The session's zone decides, as it does in MySQL.
            Family::Pg if kind == Kind::Stamp => {
                return Out::new(format!("to_timestamp({})::timestamp", seconds.sql), prec::CAST, ty);
            }
            Family::Pg => format!("to_timestamp({})", seconds.sql),
            Family::My => format!("FROM_UNIXTIME({})", seconds.sql),
            Family::Sf => format!("TO_TIMESTAMP({})", seconds.sql),
            Family::Lite => format!("datetime({}, 'unixepoch')", seconds.sql),
            Family::Td => format!("CAST({} * 1000 AS TIMESTAMP)", seconds.p(prec::MUL)),
        };
        Out::new(sql, prec::ATOM, ty)
    }

    fn date_trunc(&mut self, unit: &str, moment: Out, span: Span) -> Result<Out> {
        let moment = self.as_moment(moment, span)?;
        let m = &moment.sql;
        let kind = if moment.kind() == Kind::Date && self.f == Family::Pg { Kind::Stamp } else { moment.kind() };
        let ty = Ty::scaled(kind, Some(0));
        let sql = match (self.t, unit) {
            (Family::Pg, _) => format!("date_trunc('{unit}', {m})"),
            (Family::Sf, _) => format!("DATE_TRUNC('{unit}', {m})"),
            (Family::My, "year") => format!("CAST(DATE_FORMAT({m}, '%Y-01-01') AS DATETIME)"),
            (Family::My, "quarter") => {
                format!("CAST(MAKEDATE(YEAR({m}), 1) + INTERVAL (QUARTER({m}) - 1) * 3 MONTH AS DATETIME)")
            }
            (Family::My, "month") => format!("CAST(DATE_FORMAT({m}, '%Y-%m-01') AS DATETIME)"),
            (Family::My, "week") => format!("CAST(DATE({m}) - INTERVAL WEEKDAY({m}) DAY AS DATETIME)"),
            (Family::My, "day") => format!("CAST(DATE({m}) AS DATETIME)"),
            (Family::My, "hour") => format!("CAST(DATE_FORMAT({m}, '%Y-%m-%d %H:00:00') AS DATETIME)"),
            (Family::My, "minute") => format!("CAST(DATE_FORMAT({m}, '%Y-%m-%d %H:%i:00') AS DATETIME)"),
            (Family::My, "second") => format!("CAST(DATE_FORMAT({m}, '%Y-%m-%d %H:%i:%s') AS DATETIME)"),
            (Family::Lite, "year" | "month" | "day") => format!("datetime({m}, 'start of {unit}')"),
            (Family::Lite, "hour") => format!("strftime('%Y-%m-%d %H:00:00', {m})"),
            (Family::Lite, "minute") => format!("strftime('%Y-%m-%d %H:%M:00', {m})"),
            (Family::Td, "day") => format!("TIMETRUNCATE({m}, 1d)"),
            (Family::Td, "hour") => format!("TIMETRUNCATE({m}, 1h)"),
            (Family::Td, "minute") => format!("TIMETRUNCATE({m}, 1m)"),
            (_, unit) => return refuse("dates", format!("cutting to `{unit}` has no peer"), span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn convert_tz(&mut self, moment: &Out, from: &Out, to: &Out, span: Span) -> Result<Out> {
        let moment = self.as_moment(moment.clone(), span)?;
        let offset = |out: &Out| {
            let text = out.text_literal()?;
            let (sign, rest) = match text.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let (hours, minutes) = rest.split_once(':')?;
            Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
        };
        let ty = Ty::scaled(Kind::Stamp, moment.ty.scale);
        let start = if self.t == Family::Pg && moment.kind() != Kind::Stamp {
            moment.cast("timestamp", Kind::Stamp)
        } else {
            moment
        };
        match (self.t, offset(from), offset(to)) {
            (Family::Pg, Some(from), Some(to)) => {
                Ok(Out::new(format!("{} + interval '{} minutes'", start.p(prec::ADD), to - from), prec::ADD, ty))
            }
            (Family::Pg, None, None) if from.text_literal().is_some() && to.text_literal().is_some() => Ok(Out::new(
                format!("{} AT TIME ZONE {} AT TIME ZONE {}", start.p(prec::CAST), from.sql, to.sql),
                prec::MUL,
                ty,
            )),
            (Family::Sf, None, None) => {
                Ok(Out::new(format!("CONVERT_TIMEZONE({}, {}, {})", from.sql, to.sql, start.sql), prec::ATOM, ty))
            }
            (Family::Lite, Some(from), Some(to)) => {
                Ok(Out::new(format!("datetime({}, '{:+} minutes')", start.sql, to - from), prec::ATOM, ty))
            }
            _ => refuse("timezone", "these zones cannot be converted in the target", span),
        }
    }

    /// SQLite's modifiers: `'+1 day'`, `'start of month'`.
    fn lite_modifiers(&mut self, name: &str, moment: &Out, modifiers: &[Out], span: Span) -> Result<Out> {
        let mut out = self.as_moment(moment.clone(), span)?;
        for modifier in modifiers {
            let Some(text) = modifier.text_literal() else { return refuse("dates", "a modifier is no literal", span) };
            if let Some(unit) = text.strip_prefix("start of ") {
                out = self.date_trunc(&singular(unit), out, span)?;
                continue;
            }
            let mut words = text.split_whitespace();
            let (Some(count), Some(unit), None) = (words.next(), words.next(), words.next()) else {
                return refuse("dates", format!("the modifier '{text}' has no peer"), span);
            };
            let Ok(count) = count.trim_start_matches('+').parse::<i64>() else {
                return refuse("dates", format!("the modifier '{text}' has no peer"), span);
            };
            let amount = Amount { count: crate::emit::literal::number(&count.abs().to_string()), unit: singular(unit) };
            out = self.shift(out, &[amount], count >= 0, span)?;
        }
        if name == "date" && out.kind() != Kind::Date {
            return Ok(match self.t {
                Family::Pg | Family::Sf => out.cast("date", Kind::Date),
                _ => Out::atom(format!("DATE({})", out.sql), Kind::Date),
            });
        }
        Ok(out)
    }
}
