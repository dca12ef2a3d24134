//! Operators between two values.

use super::Emitter;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{BinaryOperator as Op, Expr, Spanned, UnaryOperator};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(crate) fn binary_op(&mut self, left: &Expr, op: &Op, right: &Expr) -> Result<Out> {
        let span = left.span();
        // `||` is OR in MySQL; its parser was told that it binds like one.
        let op = match op {
            Op::StringConcat if self.f == Family::My => {
                self.warn("pipes", "`||` is OR in MySQL, unless its mode PIPES_AS_CONCAT is set", span);
                &Op::Or
            }
            op => op,
        };
        match op {
            Op::And | Op::Or | Op::Xor => return self.logic(left, op, right),
            Op::Plus | Op::Minus => {
                if let Some(out) = self.date_arithmetic(left, op == &Op::Plus, right)? {
                    return Ok(out);
                }
            }
            Op::Multiply if matches!(left, Expr::Interval(_)) || matches!(right, Expr::Interval(_)) => {
                return refuse("interval", "an interval outside of date arithmetic has no peer", span);
            }
            _ => {}
        }
        let comparison = match op {
            Op::Eq => Some("="),
            Op::NotEq => Some("<>"),
            Op::Lt => Some("<"),
            Op::LtEq => Some("<="),
            Op::Gt => Some(">"),
            Op::GtEq => Some(">="),
            Op::Spaceship => Some("<=>"),
            _ => None,
        };
        if let Some(comparison) = comparison {
            if let (Expr::Tuple(lefts), Expr::Tuple(rights)) = (left, right) {
                return self.compare_rows(comparison, lefts, rights, span);
            }
            let (left, right) = (self.expr(left)?, self.expr(right)?);
            return self.compare(comparison, left, right, span);
        }
        if let Some(out) = self.json_operator(left, op, right)? {
            return Ok(out);
        }
        let (l, r) = (self.expr(left)?, self.expr(right)?);
        match op {
            Op::Plus | Op::Minus | Op::Multiply => self.arithmetic(l, op, r, span),
            Op::Divide => self.divide(l, r, span),
            Op::Modulo => self.modulo(l, r, span),
            Op::MyIntegerDivide => self.whole_division(l, r, span),
            Op::StringConcat => self.concat(vec![l, r], span),
            Op::BitwiseAnd | Op::BitwiseOr => {
                let sign = if op == &Op::BitwiseAnd { "&" } else { "|" };
                self.bits(l, sign, r, span)
            }
            Op::BitwiseXor | Op::PGBitwiseXor if self.f == Family::My || op == &Op::PGBitwiseXor => {
                let sign = match self.t {
                    Family::Pg => "#",
                    Family::My => "^",
                    Family::Sf => {
                        let sql = format!("BITXOR({}, {})", l.sql, r.sql);
                        return Ok(Out::atom(sql, Kind::Int));
                    }
                    Family::Lite | Family::Td => {
                        return refuse("operator", "the target has no exclusive or of bits", span);
                    }
                };
                self.bits(l, sign, r, span)
            }
            Op::PGExp | Op::BitwiseXor => {
                let sql = if self.t == Family::Pg { "power" } else { "POWER" };
                Ok(Out::atom(format!("{sql}({}, {})", l.sql, r.sql), Kind::Float))
            }
            Op::PGBitwiseShiftLeft => self.bits(l, "<<", r, span),
            Op::PGBitwiseShiftRight => self.bits(l, ">>", r, span),
            Op::PGRegexMatch => self.regex(l, r, true, false, span),
            Op::PGRegexIMatch => self.regex(l, r, false, false, span),
            Op::PGRegexNotMatch => self.regex(l, r, true, true, span),
            Op::PGRegexNotIMatch => self.regex(l, r, false, true, span),
            Op::Regexp => self.regex(l, r, false, false, span),
            Op::PGLikeMatch => self.like(l, r, None, false, false, span),
            Op::PGILikeMatch => self.like(l, r, None, true, false, span),
            Op::PGNotLikeMatch => self.like(l, r, None, false, true, span),
            Op::PGNotILikeMatch => self.like(l, r, None, true, true, span),
            Op::PGStartsWith if self.t == Family::Pg => {
                Ok(Out::new(format!("{} ^@ {}", l.p(prec::ADD), r.p(prec::ADD)), prec::OTHER, Ty::of(Kind::Bool)))
            }
            op => refuse("operator", format!("the operator `{op}` has no peer in the target"), span),
        }
    }

    fn logic(&mut self, left: &Expr, op: &Op, right: &Expr) -> Result<Out> {
        let (left_span, right_span) = (left.span(), right.span());
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let (left, right) = (self.cond(left, left_span)?, self.cond(right, right_span)?);
        let ty = Ty { nullable: left.ty.nullable || right.ty.nullable, ..Ty::of(Kind::Bool) };
        Ok(match op {
            Op::And => Out::new(format!("{} AND {}", left.p(prec::AND), right.p(prec::AND)), prec::AND, ty),
            Op::Or => Out::new(format!("{} OR {}", left.p(prec::OR), right.p(prec::OR)), prec::OR, ty),
            _ if self.t == Family::My => {
                Out::new(format!("{} XOR {}", left.p(prec::CMP), right.p(prec::CMP)), prec::OR, ty)
            }
            // Of two truth values, exactly one.
            _ => Out::new(format!("({}) <> ({})", left.sql, right.sql), prec::CMP, ty),
        })
    }

    fn compare_rows(&mut self, op: &str, lefts: &[Expr], rights: &[Expr], span: Span) -> Result<Out> {
        if lefts.len() != rights.len() {
            return refuse("syntax", "the rows that are compared have different lengths", span);
        }
        let (mut left_texts, mut right_texts) = (Vec::new(), Vec::new());
        for (left, right) in lefts.iter().zip(rights) {
            let (left, right) = (self.expr(left)?, self.expr(right)?);
            let (left, right) = self.comparable(op, left, right, span)?;
            left_texts.push(left.sql);
            right_texts.push(right.sql);
        }
        let op = match (op, self.t) {
            ("<=>", Family::My) | (_, Family::My) => op,
            ("<=>", Family::Lite) => "IS",
            ("<=>", _) => "IS NOT DISTINCT FROM",
            _ => op,
        };
        let sql = format!("({}) {op} ({})", left_texts.join(", "), right_texts.join(", "));
        Ok(Out::new(sql, prec::CMP, Ty::of(Kind::Bool)))
    }

    fn arithmetic(&mut self, left: Out, op: &Op, right: Out, span: Span) -> Result<Out> {
        let (mut left, right) = (self.num(left, span)?, self.num(right, span)?);
        let (sign, least) = match op {
            Op::Plus => ("+", prec::ADD),
            Op::Minus => ("-", prec::ADD),
            _ => ("*", prec::MUL),
        };
        let float = left.kind() == Kind::Float || right.kind() == Kind::Float;
        if self.f == Family::Pg && op != &Op::Multiply {
            for out in [&left, &right] {
                self.untyped(out, "days and intervals are added to dates differently", span);
            }
        }
        let unknown = left.kind() == Kind::Unknown || right.kind() == Kind::Unknown;
        let kind = match (left.kind(), right.kind()) {
            _ if float => Kind::Float,
            _ if unknown => Kind::Unknown,
            (Kind::Int, Kind::Int) => Kind::Int,
            (Kind::Dec | Kind::Int, Kind::Dec | Kind::Int) => Kind::Dec,
            _ => Kind::Unknown,
        };
        let (a, b) = (left.ty.scale.unwrap_or(0), right.ty.scale.unwrap_or(0));
        let scale = if op == &Op::Multiply { (a + b).min(38) } else { a.max(b) };
        // MySQL computes with 64 bits, PostgreSQL with the width of its operands.
        let wide = |out: &Out| out.ty.big;
        if self.f == Family::My && self.t == Family::Pg && kind == Kind::Int && !wide(&left) && !wide(&right) {
            let both = left.lit.is_none() && right.lit.is_none();
            if both || (op == &Op::Multiply && (left.lit.is_none() || right.lit.is_none())) {
                left = left.cast("bigint", Kind::Int);
            }
        }
        if op == &Op::Minus && (left.ty.unsigned || right.ty.unsigned) && self.f == Family::My {
            self.warn("unsigned", "MySQL fails where a difference of unsigned numbers is below zero", span);
        }
        let ty = Ty {
            scale: (kind == Kind::Dec).then_some(scale),
            nullable: left.ty.nullable || right.ty.nullable,
            round: kind == Kind::Dec && (left.ty.round || right.ty.round),
            big: true,
            ..Ty::of(kind)
        };
        let right_least = if op == &Op::Minus { least + 1 } else { least };
        let right = if right.prec == prec::UNARY { right.p(prec::CAST) } else { right.p(right_least) };
        Ok(Out::new(format!("{} {sign} {right}", left.p(least)), least, ty))
    }

    /// `/`: MySQL and Snowflake divide exactly, the others truncate whole numbers; zero gives NULL in MySQL and SQLite.
    pub(crate) fn divide(&mut self, left: Out, right: Out, span: Span) -> Result<Out> {
        let (left, right) = (self.num(left, span)?, self.num(right, span)?);
        let nullable = left.ty.nullable || right.ty.nullable || self.f.truth_is_number();
        let float = left.kind() == Kind::Float || right.kind() == Kind::Float;
        let whole = left.kind() == Kind::Int && right.kind() == Kind::Int;
        let known = |out: &Out| matches!(out.kind(), Kind::Int | Kind::Dec);
        let (l, r) = (left.p(prec::MUL), right.p(prec::CAST));
        if self.alike() {
            let kind = if float { Kind::Float } else { Kind::Dec };
            return Ok(Out::new(format!("{l} / {r}"), prec::MUL, Ty::of(kind)));
        }
        match (self.f, self.t) {
            (Family::My, Family::Pg) => {
                let divisor = self.not_zero(&right, &r);
                if float {
                    return Ok(Out::new(format!("{l} / {divisor}"), prec::MUL, Ty::of(Kind::Float)));
                }
                if !known(&left) || !known(&right) {
                    self.warn(
                        "division",
                        "types are not known: the quotient has more digits than the source shows",
                        span,
                    );
                }
                let scale = left.ty.scale.unwrap_or(0).saturating_add(4).min(30);
                let round = known(&left) && known(&right);
                let ty = Ty { nullable, round, ..Ty::scaled(Kind::Dec, Some(scale)) };
                let dividend = left.cast("numeric", Kind::Dec).sql;
                Ok(Out::new(format!("{dividend} / {divisor}"), prec::MUL, ty))
            }
            (Family::My, Family::Sf) => {
                let scale = left.ty.scale.unwrap_or(0).saturating_add(4).min(30);
                let round = known(&left) && known(&right);
                let ty = Ty { nullable, round, ..Ty::scaled(if float { Kind::Float } else { Kind::Dec }, Some(scale)) };
                Ok(Out::new(format!("{l} / {}", self.not_zero(&right, &r)), prec::MUL, ty))
            }
            (Family::My | Family::Sf, Family::Lite) => {
                let scale = left.ty.scale.unwrap_or(0).saturating_add(if self.f == Family::My { 4 } else { 6 });
                let round = known(&left) && known(&right);
                let ty = Ty { nullable, round, ..Ty::scaled(Kind::Dec, Some(scale)) };
                Ok(Out::new(format!("{l} * 1.0 / {r}"), prec::MUL, ty))
            }
            (Family::Pg | Family::Lite, Family::My) if whole => {
                Ok(Out::new(format!("{l} DIV {r}"), prec::MUL, Ty { nullable, ..Ty::of(Kind::Int) }))
            }
            (Family::Pg, Family::My) if known(&left) && known(&right) => {
                // PostgreSQL's quotient has at least 16 digits, MySQL's four more than its dividend.
                let dividend = format!("CAST({} AS DECIMAL(65,16))", left.sql);
                Ok(Out::new(format!("{dividend} / {r}"), prec::MUL, Ty { nullable, ..Ty::scaled(Kind::Dec, None) }))
            }
            (Family::Pg | Family::Lite, Family::Sf) if whole => {
                Ok(Out::new(format!("TRUNC({l} / {r})"), prec::ATOM, Ty { nullable, ..Ty::of(Kind::Int) }))
            }
            (Family::Lite, Family::Pg) => {
                let divisor = self.not_zero(&right, &r);
                let kind = if whole { Kind::Int } else { left.kind() };
                Ok(Out::new(format!("{l} / {divisor}"), prec::MUL, Ty { nullable, ..Ty::of(kind) }))
            }
            (Family::Sf, Family::Pg) => {
                let dividend = if float { l } else { left.cast("numeric", Kind::Dec).sql };
                Ok(Out::new(format!("{dividend} / {r}"), prec::MUL, Ty { nullable, ..Ty::of(Kind::Dec) }))
            }
            _ => {
                let kind = if whole {
                    Kind::Int
                } else if float {
                    Kind::Float
                } else {
                    left.kind()
                };
                let differs = !float && (!known(&left) || !known(&right)) && self.f != self.t;
                if differs && matches!(self.t, Family::My | Family::Sf) {
                    self.warn(
                        "division",
                        "types are not known: where both sides are whole numbers the source truncates",
                        span,
                    );
                }
                Ok(Out::new(format!("{l} / {r}"), prec::MUL, Ty { nullable, ..Ty::of(kind) }))
            }
        }
    }

    /// A divisor that is NULL instead of zero.
    fn not_zero(&self, out: &Out, text: &str) -> String {
        match out.number_literal() {
            Some(literal) if literal.parse() != Ok(0.0) => text.to_owned(),
            _ => format!("nullif({}, 0)", out.sql),
        }
    }

    pub(crate) fn modulo(&mut self, left: Out, right: Out, span: Span) -> Result<Out> {
        let (left, right) = (self.num(left, span)?, self.num(right, span)?);
        let float = left.kind() == Kind::Float || right.kind() == Kind::Float;
        let kind = if left.kind() == Kind::Int && right.kind() == Kind::Int { Kind::Int } else { Kind::Dec };
        let scale = left.ty.scale.max(right.ty.scale);
        let ty = Ty::scaled(kind, scale);
        let r = if self.f.truth_is_number() && !self.t.truth_is_number() {
            self.not_zero(&right, &right.p(prec::CAST))
        } else {
            right.p(prec::CAST)
        };
        if float && self.t == Family::Pg {
            let sql = format!("mod({}, {r}::numeric)", left.cast("numeric", Kind::Dec).sql);
            return Ok(Out::atom(sql, Kind::Dec));
        }
        Ok(Out::new(format!("{} % {r}", left.p(prec::MUL)), prec::MUL, ty))
    }

    pub(crate) fn whole_division(&mut self, left: Out, right: Out, span: Span) -> Result<Out> {
        let (left, right) = (self.num(left, span)?, self.num(right, span)?);
        let whole = left.kind() == Kind::Int && right.kind() == Kind::Int;
        let (l, r) = (left.p(prec::MUL), right.p(prec::CAST));
        let ty = Ty { big: true, ..Ty::of(Kind::Int) };
        Ok(match self.t {
            Family::My => Out::new(format!("{l} DIV {r}"), prec::MUL, ty),
            Family::Pg | Family::Lite if whole => {
                let divisor = if self.t == Family::Pg { self.not_zero(&right, &r) } else { r };
                Out::new(format!("{l} / {divisor}"), prec::MUL, ty)
            }
            Family::Pg => {
                let divisor = self.not_zero(&right, &r);
                let sql = format!("trunc({} / {divisor})::bigint", left.cast("numeric", Kind::Dec).sql);
                Out::new(sql, prec::CAST, ty)
            }
            Family::Lite => Out::atom(format!("CAST({l} / {r} AS INTEGER)"), Kind::Int),
            Family::Sf => Out::atom(format!("TRUNC({l} / {})", self.not_zero(&right, &r)), Kind::Int),
            Family::Td => Out::atom(format!("FLOOR({l} / {r})"), Kind::Int),
        })
    }

    fn bits(&mut self, left: Out, sign: &str, right: Out, span: Span) -> Result<Out> {
        let (left, right) = (self.num(left, span)?, self.num(right, span)?);
        if self.t == Family::Sf {
            let name = match sign {
                "&" => "BITAND",
                "|" => "BITOR",
                "<<" => "BITSHIFTLEFT",
                _ => "BITSHIFTRIGHT",
            };
            return Ok(Out::atom(format!("{name}({}, {})", left.sql, right.sql), Kind::Int));
        }
        if self.f == Family::My && self.t != Family::My {
            self.warn("unsigned", "MySQL computes bits without a sign: results of negative numbers differ", span);
        }
        let mut l = left.p(prec::ATOM);
        let mut r = right.p(prec::ATOM);
        if self.t == Family::Pg && self.f == Family::My {
            l = left.cast("bigint", Kind::Int).sql;
            r = right.cast(if sign.len() == 2 { "int" } else { "bigint" }, Kind::Int).sql;
        }
        Ok(Out::new(format!("{l} {sign} {r}"), prec::OTHER, Ty { big: true, ..Ty::of(Kind::Int) }))
    }

    pub(crate) fn unary_op(&mut self, op: &UnaryOperator, expr: &Expr) -> Result<Out> {
        let span = expr.span();
        let out = self.expr(expr)?;
        match op {
            UnaryOperator::Not | UnaryOperator::BangNot => {
                let out = self.cond(out, span)?;
                let ty = Ty { nullable: out.ty.nullable, ..Ty::of(Kind::Bool) };
                Ok(Out::new(format!("NOT {}", out.p(prec::CMP)), prec::NOT, ty))
            }
            UnaryOperator::Minus => {
                let out = self.num(out, span)?;
                let mut negative = Out::new(format!("-{}", out.p(prec::CAST)), prec::UNARY, out.ty.clone());
                if let Some(text) = out.number_literal() {
                    negative.lit = Some(crate::out::Lit::Number(format!("-{text}")));
                }
                Ok(negative)
            }
            UnaryOperator::Plus => self.num(out, span),
            UnaryOperator::BitwiseNot if self.alike() || self.f != Family::My => {
                if self.t == Family::My && self.f == Family::Pg {
                    let sql = format!("CAST(~{} AS SIGNED)", out.p(prec::CAST));
                    return Ok(Out::atom(sql, Kind::Int));
                }
                if self.t == Family::Sf {
                    return Ok(Out::atom(format!("BITNOT({})", out.sql), Kind::Int));
                }
                Ok(Out::new(format!("~{}", out.p(prec::CAST)), prec::UNARY, out.ty))
            }
            UnaryOperator::BitwiseNot => {
                refuse("unsigned", "MySQL's `~` yields an unsigned number of 64 bits, which the target lacks", span)
            }
            UnaryOperator::PGAbs => Ok(Out::atom(format!("abs({})", out.sql), out.kind())),
            UnaryOperator::PGSquareRoot => Ok(Out::atom(format!("sqrt({})", out.sql), Kind::Float)),
            op => refuse("operator", format!("the operator `{op}` has no peer in the target"), span),
        }
    }
}
