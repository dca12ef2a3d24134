//! Statements from tokens.

mod define;
mod expression;
mod insert;
mod select;

pub(crate) use expression::Expression;
pub(crate) use insert::Target;
pub(crate) use select::{From, Item, Select};

use crate::error::{Result, SqlError, syntax};
use crate::lexer::{Lexed, Token, lex};
use crate::store::Column;
use crate::value::{Type, Value};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) database: Option<String>,
    pub(crate) table: String,
}

#[derive(Debug)]
pub(crate) enum Statement {
    CreateDatabase {
        name: String,
        if_not_exists: bool,
        options: Vec<(String, String)>,
    },
    AlterDatabase {
        name: String,
        options: Vec<(String, String)>,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
    },
    Use(String),
    CreateTable {
        name: Name,
        if_not_exists: bool,
        columns: Vec<Column>,
        tags: Option<Vec<Column>>,
        comment: Option<String>,
    },
    CreateSubtables {
        tables: Vec<Subtable>,
        if_not_exists: bool,
    },
    DropTables {
        names: Vec<Name>,
        if_exists: bool,
        stables: bool,
    },
    Alter {
        name: Name,
        change: Change,
    },
    Insert(Vec<Target>),
    Delete {
        name: Name,
        filter: Option<Expression>,
    },
    Select(Box<Select>),
    Explain(Box<Select>),
    Describe(Name),
    Show(Show),
}

#[derive(Debug)]
pub(crate) struct Subtable {
    pub(crate) name: Name,
    pub(crate) of: Name,
    pub(crate) tag_names: Option<Vec<String>>,
    pub(crate) tags: Vec<Value>,
}

#[derive(Debug)]
pub(crate) enum Change {
    AddColumn(Column),
    DropColumn(String),
    ModifyColumn(String, Type),
    RenameColumn(String, String),
    AddTag(Column),
    DropTag(String),
    ModifyTag(String, Type),
    RenameTag(String, String),
    SetTag(String, Value),
    Comment(String),
}

#[derive(Debug)]
pub(crate) enum Show {
    Databases,
    Stables(Option<String>, Option<String>),
    Tables(Option<String>, Option<String>),
    CreateTable(Name),
    CreateDatabase(String),
    Tags(Name),
}

/// Reads one statement; a semicolon may end it.
pub(crate) fn parse(sql: &str) -> Result<Statement> {
    let lexed = lex(sql)?;
    let mut parser = Parser { sql, lexed, at: 0 };
    let statement = parser.statement()?;
    while parser.symbol(";") {}
    if parser.at < parser.lexed.tokens.len() {
        return Err(parser.wrong());
    }
    Ok(statement)
}

pub(crate) struct Parser<'a> {
    sql: &'a str,
    lexed: Lexed,
    at: usize,
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement> {
        let Some(Token::Word(first)) = self.peek().cloned() else { return Err(self.wrong()) };
        match first.as_str() {
            "create" => self.create(),
            "alter" => self.alter(),
            "drop" => self.drop_statement(),
            "use" => {
                self.at += 1;
                Ok(Statement::Use(self.identifier()?))
            }
            "insert" => self.insert(),
            "delete" => {
                self.at += 1;
                self.expect("from")?;
                let name = self.name()?;
                let filter = if self.word("where") { Some(self.expression()?) } else { None };
                Ok(Statement::Delete { name, filter })
            }
            "select" => Ok(Statement::Select(Box::new(self.select()?))),
            "explain" => {
                self.at += 1;
                self.word("analyze");
                Ok(Statement::Explain(Box::new(self.select()?)))
            }
            "describe" | "desc" => {
                self.at += 1;
                Ok(Statement::Describe(self.name()?))
            }
            "show" => self.show(),
            _ => Err(self.wrong()),
        }
    }

    fn show(&mut self) -> Result<Statement> {
        self.at += 1;
        if self.word("databases") {
            return Ok(Statement::Show(Show::Databases));
        }
        if self.word("create") {
            if self.word("database") {
                return Ok(Statement::Show(Show::CreateDatabase(self.identifier()?)));
            }
            if self.word("table") || self.word("stable") {
                return Ok(Statement::Show(Show::CreateTable(self.name()?)));
            }
            return Err(self.wrong());
        }
        if self.word("tags") {
            self.expect("from")?;
            return Ok(Statement::Show(Show::Tags(self.name()?)));
        }
        let qualified = matches!(self.lexed.tokens.get(self.at + 1), Some(Token::Symbol(".")));
        let database = if qualified {
            let name = self.identifier()?;
            self.at += 1;
            Some(name)
        } else {
            None
        };
        let stables = self.word("stables");
        if !stables && !self.word("tables") {
            return Err(self.wrong());
        }
        let like = if self.word("like") { Some(self.text()?) } else { None };
        Ok(Statement::Show(if stables { Show::Stables(database, like) } else { Show::Tables(database, like) }))
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.lexed.tokens.get(self.at)
    }

    /// The error for the token that comes next.
    pub(crate) fn wrong(&self) -> SqlError {
        syntax(self.lexed.starts.get(self.at).map_or("", |start| &self.sql[*start..]))
    }

    /// Takes the word where it comes next.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, word: &str) -> Result<()> {
        if self.word(word) { Ok(()) } else { Err(self.wrong()) }
    }

    pub(crate) fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.wrong()) }
    }

    pub(crate) fn identifier(&mut self) -> Result<String> {
        match self.peek().cloned() {
            Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()) => {
                self.at += 1;
                Ok(word)
            }
            Some(Token::Quoted(word)) if !word.is_empty() => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.wrong()),
        }
    }

    pub(crate) fn name(&mut self) -> Result<Name> {
        let first = self.identifier()?;
        if self.symbol(".") {
            return Ok(Name { database: Some(first), table: self.identifier()? });
        }
        Ok(Name { database: None, table: first })
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        match self.peek().cloned() {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong()),
        }
    }

    /// A number, text, TRUE, FALSE or NULL.
    pub(crate) fn literal(&mut self) -> Result<Value> {
        let negative = self.symbol("-");
        let value = match self.peek().cloned() {
            Some(Token::Number(text)) => number(&text, negative).ok_or_else(|| self.wrong())?,
            Some(Token::Text(text)) if !negative => Value::Text(text),
            Some(Token::Word(word)) if !negative => match word.as_str() {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => return Err(self.wrong()),
            },
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        Ok(value)
    }

    /// `(a, b, c)`.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect_symbol("(")?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.symbol(")") {
                return Ok(items);
            }
            self.expect_symbol(",")?;
        }
    }
}

fn number(text: &str, negative: bool) -> Option<Value> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let value: i128 = text.parse().ok()?;
        return Some(Value::Int(if negative { -value } else { value }));
    }
    // Digits with a point may be meant for a decimal, and must not lose any; only a binary fraction has a -0.
    if let Some((whole, fraction)) = text.split_once('.')
        && !text.contains('e')
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && let (Ok(unscaled), Ok(scale)) = (format!("{whole}{fraction}").parse::<i128>(), u8::try_from(fraction.len()))
        && !(negative && unscaled == 0)
    {
        return Some(Value::Decimal(if negative { -unscaled } else { unscaled }, scale));
    }
    let value: f64 = text.parse().ok()?;
    Some(Value::Float(if negative { -value } else { value }))
}

/// Words that name nothing without backticks.
const RESERVED: [&str; 40] = [
    "select",
    "from",
    "where",
    "order",
    "by",
    "limit",
    "offset",
    "group",
    "and",
    "or",
    "not",
    "null",
    "in",
    "is",
    "like",
    "between",
    "insert",
    "into",
    "values",
    "using",
    "tags",
    "create",
    "table",
    "stable",
    "database",
    "drop",
    "alter",
    "column",
    "tag",
    "as",
    "distinct",
    "precision",
    "keep",
    "vgroups",
    "replica",
    "duration",
    "interval",
    "partition",
    "delete",
    "show",
];
