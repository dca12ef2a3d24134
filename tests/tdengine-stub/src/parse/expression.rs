//! Expressions: comparisons, logic, a little arithmetic, calls and casts.

use super::Parser;
use crate::error::Result;
use crate::lexer::Token;
use crate::value::{Type, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Value),
    /// How many of which unit: `1d`.
    Duration(i64, char),
    Column(String),
    Call(String, Vec<Expression>),
    /// `count(*)`.
    CountAll,
    Cast(Box<Expression>, Type),
    Not(Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Vec<Expression>),
    IsNull(Box<Expression>),
    Like(Box<Expression>, String),
}

impl Expression {
    /// What a column of it is called.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Column(name) => name.clone(),
            Self::CountAll => "count(*)".to_owned(),
            Self::Call(name, arguments) => {
                format!("{name}({})", arguments.iter().map(Self::name).collect::<Vec<_>>().join(", "))
            }
            Self::Cast(inner, kind) => format!("cast({} as {})", inner.name(), kind.word().to_lowercase()),
            Self::Literal(value) => value.text(crate::value::Precision::Milli, None),
            _ => "expression".to_owned(),
        }
    }
}

const COMPARISONS: [&str; 7] = ["<=", ">=", "<>", "!=", "=", "<", ">"];

impl Parser<'_> {
    pub(crate) fn expression(&mut self) -> Result<Expression> {
        let mut left = self.conjunction()?;
        while self.word("or") {
            left = Expression::Binary("or", Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression> {
        let mut left = self.negation()?;
        while self.word("and") {
            left = Expression::Binary("and", Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression> {
        if self.word("not") {
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression> {
        let left = self.sum()?;
        if self.word("is") {
            let not = self.word("not");
            self.expect("null")?;
            let is_null = Expression::IsNull(Box::new(left));
            return Ok(if not { Expression::Not(Box::new(is_null)) } else { is_null });
        }
        let not = self.word("not");
        let found = if self.word("in") {
            Some(Expression::In(Box::new(left.clone()), self.list(Self::sum)?))
        } else if self.word("like") {
            Some(Expression::Like(Box::new(left.clone()), self.text()?))
        } else if self.word("between") {
            let low = self.sum()?;
            self.expect("and")?;
            let high = self.sum()?;
            let above = Expression::Binary(">=", Box::new(left.clone()), Box::new(low));
            let below = Expression::Binary("<=", Box::new(left.clone()), Box::new(high));
            Some(Expression::Binary("and", Box::new(above), Box::new(below)))
        } else {
            None
        };
        match found {
            Some(found) if not => return Ok(Expression::Not(Box::new(found))),
            Some(found) => return Ok(found),
            None if not => return Err(self.wrong()),
            None => {}
        }
        for operator in COMPARISONS {
            if self.symbol(operator) {
                return Ok(Expression::Binary(operator, Box::new(left), Box::new(self.sum()?)));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression> {
        let mut left = self.product()?;
        loop {
            let operator = ["+", "-"].into_iter().find(|operator| self.symbol(operator));
            let Some(operator) = operator else { return Ok(left) };
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression> {
        let mut left = self.unit()?;
        loop {
            let operator = ["*", "/"].into_iter().find(|operator| self.symbol(operator));
            let Some(operator) = operator else { return Ok(left) };
            left = Expression::Binary(operator, Box::new(left), Box::new(self.unit()?));
        }
    }

    fn unit(&mut self) -> Result<Expression> {
        match self.peek().cloned() {
            Some(Token::Symbol("(")) => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect_symbol(")")?;
                Ok(inner)
            }
            Some(Token::Number(text)) if text.ends_with(|c: char| c.is_ascii_alphabetic()) => {
                let (count, unit) = text.split_at(text.len() - 1);
                let count = count.parse().map_err(|_| self.wrong())?;
                self.at += 1;
                Ok(Expression::Duration(count, unit.chars().next().unwrap_or('s')))
            }
            Some(Token::Number(_) | Token::Text(_) | Token::Symbol("-")) => Ok(Expression::Literal(self.literal()?)),
            Some(Token::Word(word)) if matches!(word.as_str(), "null" | "true" | "false") => {
                Ok(Expression::Literal(self.literal()?))
            }
            Some(Token::Word(word)) if self.lexed.tokens.get(self.at + 1) == Some(&Token::Symbol("(")) => {
                self.at += 2;
                self.call(word)
            }
            Some(Token::Word(word)) if word == "now" => {
                self.at += 1;
                Ok(Expression::Call("now".to_owned(), Vec::new()))
            }
            _ => {
                let mut name = self.identifier()?;
                while self.symbol(".") {
                    name = self.identifier()?;
                }
                Ok(Expression::Column(name))
            }
        }
    }

    fn call(&mut self, name: String) -> Result<Expression> {
        if name == "cast" {
            let inner = self.expression()?;
            self.expect("as")?;
            let kind = self.kind()?;
            self.expect_symbol(")")?;
            return Ok(Expression::Cast(Box::new(inner), kind));
        }
        if name == "count" && self.symbol("*") {
            self.expect_symbol(")")?;
            return Ok(Expression::CountAll);
        }
        let mut arguments = Vec::new();
        if !self.symbol(")") {
            loop {
                arguments.push(self.expression()?);
                if self.symbol(")") {
                    break;
                }
                self.expect_symbol(",")?;
            }
        }
        Ok(Expression::Call(name, arguments))
    }
}
