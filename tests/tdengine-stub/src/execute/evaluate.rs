//! Expressions over a row.

use super::{Session, time};
use crate::error::{Result, fail, unknown_column};
use crate::parse::Expression;
use crate::value::{Precision, Type, Value, coerce};
use std::cmp::Ordering;

/// A row and the names of its columns.
pub(super) struct Scope<'a> {
    pub(super) columns: &'a [(String, Type)],
    pub(super) precision: Precision,
    pub(super) session: &'a Session,
}

impl Scope<'_> {
    pub(super) fn index(&self, name: &str) -> Result<usize> {
        self.columns.iter().position(|(column, _)| column == name).ok_or_else(|| unknown_column(name))
    }

    /// The type an expression has.
    pub(super) fn kind(&self, expression: &Expression) -> Result<Type> {
        Ok(match expression {
            Expression::Column(name) => self.columns[self.index(name)?].1,
            Expression::Cast(inner, kind) => {
                self.kind(inner)?;
                *kind
            }
            Expression::Literal(Value::Text(text)) => Type::Varchar(text.len().max(1) as u32),
            Expression::Literal(Value::Float(_) | Value::Decimal(..)) => Type::Double,
            Expression::Literal(_) | Expression::CountAll | Expression::Duration(..) => Type::Int(64, true),
            Expression::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("count" | "server_status", _) => Type::Int(64, true),
                ("server_version" | "database", _) => Type::Varchar(64),
                ("now", _) => Type::Timestamp,
                ("min" | "max" | "first" | "last" | "last_row", [argument]) => self.kind(argument)?,
                ("sum", [argument]) => match self.kind(argument)? {
                    Type::Int(..) | Type::Bool => Type::Int(64, true),
                    _ => Type::Double,
                },
                ("avg" | "spread", [_]) => Type::Double,
                ("lower" | "upper", [argument]) => self.kind(argument)?,
                ("length" | "char_length", [_]) => Type::Int(64, true),
                _ => return fail(0x2802, format!("Invalid function name: {name}")),
            },
            Expression::Binary(operator, left, right) => {
                let kinds = (self.kind(left)?, self.kind(right)?);
                match (*operator, kinds) {
                    ("+" | "-", (Type::Timestamp, _)) => Type::Timestamp,
                    ("+" | "-" | "*" | "/", _) => Type::Double,
                    _ => Type::Bool,
                }
            }
            Expression::Not(inner) | Expression::IsNull(inner) | Expression::Like(inner, _) => {
                self.kind(inner)?;
                Type::Bool
            }
            Expression::In(inner, list) => {
                self.kind(inner)?;
                for item in list {
                    self.kind(item)?;
                }
                Type::Bool
            }
        })
    }

    pub(super) fn evaluate(&self, expression: &Expression, row: &[Value]) -> Result<Value> {
        Ok(match expression {
            Expression::Literal(value) => value.clone(),
            Expression::Duration(count, unit) => match time::duration(*count, *unit, self.precision) {
                Some(units) => Value::Int(i128::from(units)),
                None => return fail(0x2600, format!("syntax error near \"{count}{unit}\"")),
            },
            Expression::Column(name) => row[self.index(name)?].clone(),
            Expression::Cast(inner, kind) => {
                let value = self.evaluate(inner, row)?;
                if value.is_null() {
                    return Ok(value);
                }
                let text = value.text(self.precision, self.kind(inner).ok());
                match kind {
                    Type::Varchar(length) | Type::Nchar(length) => {
                        Value::Text(text.chars().take(*length as usize).collect())
                    }
                    _ => coerce(value, *kind, self.precision, "cast")?,
                }
            }
            Expression::Not(inner) => match self.evaluate(inner, row)? {
                Value::Null => Value::Null,
                value => Value::Bool(!value.is_true()),
            },
            Expression::IsNull(inner) => Value::Bool(self.evaluate(inner, row)?.is_null()),
            Expression::In(inner, list) => {
                let value = self.evaluate(inner, row)?;
                if value.is_null() {
                    return Ok(Value::Null);
                }
                let mut found = false;
                for item in list {
                    found |= self.compare(inner, &value, item, &self.evaluate(item, row)?) == Some(Ordering::Equal);
                }
                Value::Bool(found)
            }
            Expression::Like(inner, pattern) => match self.evaluate(inner, row)? {
                Value::Text(text) => Value::Bool(like(&text, pattern)),
                _ => Value::Null,
            },
            Expression::Binary(operator, left, right) => self.binary(operator, left, right, row)?,
            Expression::Call(name, arguments) => match name.as_str() {
                "server_version" => Value::Text(self.session.version.clone()),
                "server_status" => Value::Int(1),
                "database" => self.session.database.clone().map_or(Value::Null, Value::Text),
                "now" => Value::Int(i128::from(time::now(self.precision))),
                "lower" | "upper" | "length" | "char_length" => {
                    let Some(argument) = arguments.first() else { return fail(0x2801, "Invalid number of arguments") };
                    match self.evaluate(argument, row)? {
                        Value::Text(text) if name == "lower" => Value::Text(text.to_lowercase()),
                        Value::Text(text) if name == "upper" => Value::Text(text.to_uppercase()),
                        Value::Text(text) if name == "length" => Value::Int(text.len() as i128),
                        Value::Text(text) => Value::Int(text.chars().count() as i128),
                        _ => Value::Null,
                    }
                }
                _ => return fail(0x2802, format!("Invalid use of function {name}")),
            },
            Expression::CountAll => return fail(0x2802, "Invalid use of function count"),
        })
    }

    fn binary(&self, operator: &str, left: &Expression, right: &Expression, row: &[Value]) -> Result<Value> {
        let (a, b) = (self.evaluate(left, row)?, self.evaluate(right, row)?);
        if operator == "and" || operator == "or" {
            let decisive = operator == "or";
            return Ok(match (a, b) {
                (a, b) if (!a.is_null() && a.is_true() == decisive) || (!b.is_null() && b.is_true() == decisive) => {
                    Value::Bool(decisive)
                }
                (Value::Null, _) | (_, Value::Null) => Value::Null,
                _ => Value::Bool(!decisive),
            });
        }
        if a.is_null() || b.is_null() {
            return Ok(Value::Null);
        }
        if let "+" | "-" | "*" | "/" = operator {
            if let (Value::Int(a), Value::Int(b), "+" | "-") = (&a, &b, operator) {
                return Ok(Value::Int(if operator == "+" { a + b } else { a - b }));
            }
            let (a, b) = (a.number(), b.number());
            return Ok(Value::Float(match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                _ => a / b,
            }));
        }
        let Some(order) = self.compare(left, &a, right, &b) else { return Ok(Value::Null) };
        Ok(Value::Bool(match operator {
            "=" => order.is_eq(),
            "<>" | "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        }))
    }

    /// Compares after turning text that stands beside a timestamp into one.
    fn compare(&self, left: &Expression, a: &Value, right: &Expression, b: &Value) -> Option<Ordering> {
        let is_time = |expression| self.kind(expression).ok() == Some(Type::Timestamp);
        let parsed = |value: &Value| match value {
            Value::Text(text) => time::parse(text, self.precision).map(|at| Value::Int(i128::from(at))),
            other => Some(other.clone()),
        };
        if is_time(left) || is_time(right) {
            return Some(parsed(a)?.order(&parsed(b)?));
        }
        Some(a.order(b))
    }
}

/// `%` for any text, `_` for one character.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    fn step(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|from| step(&text[from..], rest)),
            ['_', rest @ ..] => !text.is_empty() && step(&text[1..], rest),
            ['\\', char, rest @ ..] | [char, rest @ ..] => text.first() == Some(char) && step(&text[1..], rest),
        }
    }
    step(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
}
