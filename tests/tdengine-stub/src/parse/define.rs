//! CREATE, ALTER and DROP.

use super::{Change, Parser, Statement, Subtable};
use crate::error::Result;
use crate::lexer::Token;
use crate::store::Column;
use crate::value::Type;

impl Parser<'_> {
    pub(super) fn create(&mut self) -> Result<Statement> {
        self.at += 1;
        if self.word("database") {
            let if_not_exists = self.if_not_exists()?;
            let name = self.identifier()?;
            return Ok(Statement::CreateDatabase { name, if_not_exists, options: self.options()? });
        }
        let stable = self.word("stable");
        if !stable {
            self.expect("table")?;
        }
        let if_not_exists = self.if_not_exists()?;
        let name = self.name()?;
        if !stable && self.word("using") {
            let mut tables = vec![self.subtable(name)?];
            // Several subtables may stand in one statement, each with its own IF NOT EXISTS.
            while matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(_))) {
                self.if_not_exists()?;
                let name = self.name()?;
                self.expect("using")?;
                tables.push(self.subtable(name)?);
            }
            return Ok(Statement::CreateSubtables { tables, if_not_exists });
        }
        let columns = self.list(Self::column)?;
        let tags = if self.word("tags") { Some(self.list(Self::column)?) } else { None };
        if stable && tags.is_none() {
            return Err(self.wrong());
        }
        let comment = if self.word("comment") { Some(self.text()?) } else { None };
        Ok(Statement::CreateTable { name, if_not_exists, columns, tags, comment })
    }

    fn if_not_exists(&mut self) -> Result<bool> {
        if !self.word("if") {
            return Ok(false);
        }
        self.expect("not")?;
        self.expect("exists")?;
        Ok(true)
    }

    fn if_exists(&mut self) -> Result<bool> {
        if !self.word("if") {
            return Ok(false);
        }
        self.expect("exists")?;
        Ok(true)
    }

    fn subtable(&mut self, name: super::Name) -> Result<Subtable> {
        let of = self.name()?;
        let named = matches!(self.peek(), Some(Token::Symbol("(")));
        let tag_names = if named { Some(self.list(Self::identifier)?) } else { None };
        self.expect("tags")?;
        Ok(Subtable { name, of, tag_names, tags: self.list(Self::literal)? })
    }

    fn options(&mut self) -> Result<Vec<(String, String)>> {
        let mut options = Vec::new();
        while let Some(Token::Word(word)) = self.peek().cloned() {
            self.at += 1;
            let value = match self.peek().cloned() {
                Some(Token::Number(text) | Token::Text(text)) => text,
                _ => return Err(self.wrong()),
            };
            self.at += 1;
            options.push((word, value));
        }
        Ok(options)
    }

    fn column(&mut self) -> Result<Column> {
        let name = self.identifier()?;
        let kind = self.kind()?;
        let composite = self.word("composite");
        let second_key = composite || self.word("primary");
        if second_key {
            self.expect("key")?;
        }
        Ok(Column { name, kind, second_key })
    }

    pub(super) fn kind(&mut self) -> Result<Type> {
        let Some(Token::Word(word)) = self.peek().cloned() else { return Err(self.wrong()) };
        self.at += 1;
        let kind = match word.as_str() {
            "bool" => Type::Bool,
            "tinyint" => Type::Int(8, !self.word("unsigned")),
            "smallint" => Type::Int(16, !self.word("unsigned")),
            "int" | "integer" => Type::Int(32, !self.word("unsigned")),
            "bigint" => Type::Int(64, !self.word("unsigned")),
            "float" => Type::Float,
            "double" => Type::Double,
            "timestamp" => Type::Timestamp,
            "json" => Type::Json,
            "blob" => Type::Blob,
            "varchar" | "binary" => Type::Varchar(self.length()?),
            "nchar" => Type::Nchar(self.length()?),
            "varbinary" => Type::Varbinary(self.length()?),
            "decimal" => {
                let sizes = self.list(Self::size)?;
                let (precision, scale) = (sizes[0], sizes.get(1).copied().unwrap_or(0));
                if precision == 0 || precision > 38 || scale > precision {
                    return Err(self.wrong());
                }
                Type::Decimal(precision as u8, scale as u8)
            }
            _ => {
                self.at -= 1;
                return Err(self.wrong());
            }
        };
        Ok(kind)
    }

    fn length(&mut self) -> Result<u32> {
        let sizes = self.list(Self::size)?;
        if sizes.len() == 1 && sizes[0] > 0 { Ok(sizes[0]) } else { Err(self.wrong()) }
    }

    pub(super) fn size(&mut self) -> Result<u32> {
        let Some(Token::Number(text)) = self.peek() else { return Err(self.wrong()) };
        let size = text.parse().map_err(|_| self.wrong())?;
        self.at += 1;
        Ok(size)
    }

    pub(super) fn alter(&mut self) -> Result<Statement> {
        self.at += 1;
        if self.word("database") {
            let name = self.identifier()?;
            return Ok(Statement::AlterDatabase { name, options: self.options()? });
        }
        if !self.word("table") && !self.word("stable") {
            return Err(self.wrong());
        }
        let name = self.name()?;
        if self.word("comment") {
            return Ok(Statement::Alter { name, change: Change::Comment(self.text()?) });
        }
        if self.word("set") {
            self.expect("tag")?;
            let tag = self.identifier()?;
            self.expect_symbol("=")?;
            return Ok(Statement::Alter { name, change: Change::SetTag(tag, self.literal()?) });
        }
        let Some(Token::Word(verb)) = self.peek().cloned() else { return Err(self.wrong()) };
        self.at += 1;
        let tag = self.word("tag");
        if !tag {
            self.expect("column")?;
        }
        let change = match (verb.as_str(), tag) {
            ("add", false) => Change::AddColumn(self.column()?),
            ("add", true) => Change::AddTag(self.column()?),
            ("drop", false) => Change::DropColumn(self.identifier()?),
            ("drop", true) => Change::DropTag(self.identifier()?),
            ("modify", false) => Change::ModifyColumn(self.identifier()?, self.kind()?),
            ("modify", true) => Change::ModifyTag(self.identifier()?, self.kind()?),
            ("rename", false) => Change::RenameColumn(self.identifier()?, self.identifier()?),
            ("rename", true) => Change::RenameTag(self.identifier()?, self.identifier()?),
            _ => return Err(self.wrong()),
        };
        Ok(Statement::Alter { name, change })
    }

    pub(super) fn drop_statement(&mut self) -> Result<Statement> {
        self.at += 1;
        if self.word("database") {
            let if_exists = self.if_exists()?;
            return Ok(Statement::DropDatabase { name: self.identifier()?, if_exists });
        }
        let stables = self.word("stable");
        if !stables {
            self.expect("table")?;
        }
        let if_exists = self.if_exists()?;
        let mut names = vec![self.name()?];
        while self.symbol(",") {
            names.push(self.name()?);
        }
        Ok(Statement::DropTables { names, if_exists, stables })
    }
}
