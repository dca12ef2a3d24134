//! INSERT: rows for one or many tables.

use super::{Name, Parser, Statement};
use crate::error::Result;
use crate::lexer::Token;
use crate::value::Value;

/// Rows for one table.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: Name,
    pub(crate) using: Option<Using>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The supertable a subtable is made from where it is missing.
#[derive(Debug)]
pub(crate) struct Using {
    pub(crate) of: Name,
    pub(crate) tag_names: Option<Vec<String>>,
    pub(crate) tags: Vec<Value>,
}

impl Parser<'_> {
    pub(super) fn insert(&mut self) -> Result<Statement> {
        self.at += 1;
        self.expect("into")?;
        let mut targets = vec![self.target()?];
        while matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(_))) {
            targets.push(self.target()?);
        }
        Ok(Statement::Insert(targets))
    }

    fn target(&mut self) -> Result<Target> {
        let name = self.name()?;
        let mut columns = self.column_names()?;
        let using = if self.word("using") {
            let of = self.name()?;
            let tag_names = self.column_names()?;
            self.expect("tags")?;
            Some(Using { of, tag_names, tags: self.list(Self::literal)? })
        } else {
            None
        };
        if columns.is_none() {
            columns = self.column_names()?;
        }
        self.expect("values")?;
        let mut rows = Vec::new();
        while matches!(self.peek(), Some(Token::Symbol("("))) {
            rows.push(self.list(Self::literal)?);
            self.symbol(",");
        }
        if rows.is_empty() {
            return Err(self.wrong());
        }
        Ok(Target { name, using, columns, rows })
    }

    fn column_names(&mut self) -> Result<Option<Vec<String>>> {
        let named = matches!(self.peek(), Some(Token::Symbol("(")));
        if named { Ok(Some(self.list(Self::identifier)?)) } else { Ok(None) }
    }
}
