//! SELECT.

use super::{Expression, Name, Parser};
use crate::error::Result;
use crate::lexer::Token;

#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) distinct: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Expression>,
    pub(crate) partition: Vec<Expression>,
    /// Expressions, and whether they descend.
    pub(crate) order: Vec<(Expression, bool)>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Item {
    All,
    One(Expression, Option<String>),
}

#[derive(Debug, Clone)]
pub(crate) enum From {
    Table(Name),
    Query(Box<Select>),
}

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Select> {
        self.expect("select")?;
        let distinct = self.word("distinct");
        self.word("tags");
        let mut items = Vec::new();
        loop {
            items.push(self.item()?);
            if !self.symbol(",") {
                break;
            }
        }
        let mut select = Select {
            distinct,
            items,
            from: None,
            filter: None,
            partition: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: 0,
        };
        if self.word("from") {
            select.from = Some(if self.symbol("(") {
                let inner = self.select()?;
                self.expect_symbol(")")?;
                From::Query(Box::new(inner))
            } else {
                From::Table(self.name()?)
            });
            self.alias();
        }
        if self.word("where") {
            select.filter = Some(self.expression()?);
        }
        if self.word("partition") || self.word("group") {
            self.expect("by")?;
            loop {
                select.partition.push(self.expression()?);
                if !self.symbol(",") {
                    break;
                }
            }
        }
        if self.word("order") {
            self.expect("by")?;
            loop {
                let expression = self.expression()?;
                let descending = self.word("desc");
                if !descending {
                    self.word("asc");
                }
                if self.word("nulls") && !self.word("first") {
                    return Err(self.wrong());
                }
                select.order.push((expression, descending));
                if !self.symbol(",") {
                    break;
                }
            }
        }
        if self.word("limit") {
            let first = self.size()? as usize;
            select.limit = Some(first);
            if self.word("offset") {
                select.offset = self.size()? as usize;
            } else if self.symbol(",") {
                select.offset = first;
                select.limit = Some(self.size()? as usize);
            }
        }
        Ok(select)
    }

    fn alias(&mut self) -> Option<String> {
        let stop = ["where", "order", "limit", "partition", "group", "union", "interval", "slimit"];
        let explicit = self.word("as");
        match self.peek().cloned() {
            Some(Token::Word(word)) if explicit || !stop.contains(&word.as_str()) => self.identifier().ok(),
            Some(Token::Quoted(_)) => self.identifier().ok(),
            _ => None,
        }
    }

    fn item(&mut self) -> Result<Item> {
        if self.symbol("*") {
            return Ok(Item::All);
        }
        let expression = self.expression()?;
        let alias = match self.peek() {
            Some(Token::Word(word)) if word != "from" => self.alias(),
            Some(Token::Quoted(_)) => self.alias(),
            _ => None,
        };
        Ok(Item::One(expression, alias))
    }
}
