//! A text of many statements in, each translated with its notes out.

use crate::catalog::Catalog;
use crate::dialect::{Dialect, Family};
use crate::emit::Emitter;
use crate::note::{Level, Note};
use crate::split::{self, Piece};
use sqlparser::ast::Statement as Parsed;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use std::cell::RefCell;
use std::rc::Rc;

/// What is to be translated.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Any number of statements.
    pub sql: &'a str,
    /// The source's dialect.
    pub from: Dialect,
    /// The target's dialect.
    pub to: Dialect,
    /// The source's tables as CREATE TABLE statements of its dialect.
    pub schema: Option<&'a str>,
    /// Whether a warning refuses its statement.
    pub strict: bool,
}

/// One statement of the source and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The target's text, several statements joined by `;` where one became several; empty where nothing did.
    pub sql: String,
    /// What to know about it.
    pub notes: Vec<Note>,
    /// Where the statement begins in the given text, from 1.
    pub line: u32,
}

impl Statement {
    /// Whether it could not be translated.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.notes.iter().any(|note| note.level == Level::Error)
    }
}

/// What a schema's text said, kept for the next request with the same one.
struct Kept {
    text: String,
    dialect: Dialect,
    catalog: Rc<Catalog>,
    faults: Vec<String>,
}

thread_local! {
    static LAST: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

fn catalog(schema: &str, dialect: Dialect) -> (Rc<Catalog>, Vec<String>) {
    LAST.with_borrow_mut(|last| {
        if let Some(kept) = last.as_ref().filter(|kept| kept.dialect == dialect && kept.text == schema) {
            return (kept.catalog.clone(), kept.faults.clone());
        }
        let (catalog, faults) = Catalog::read(schema, dialect);
        let catalog = Rc::new(catalog);
        *last = Some(Kept { text: schema.to_owned(), dialect, catalog: catalog.clone(), faults: faults.clone() });
        (catalog, faults)
    })
}

/// Translates each statement of a text.
#[must_use]
pub fn translate(request: &Request<'_>) -> Vec<Statement> {
    let (mut known, mut faults) = match request.schema {
        Some(schema) => catalog(schema, request.from),
        None => (Rc::new(Catalog::default()), Vec::new()),
    };
    let mut statements = Vec::new();
    for piece in split::split(request.sql, request.from) {
        let mut statement = one(request, &piece, &mut known);
        for fault in faults.drain(..) {
            statement.notes.push(Note {
                level: Level::Warning,
                code: "schema",
                message: format!("the schema's {fault}"),
                line: piece.line,
                column: piece.column,
            });
        }
        if request.strict && statement.notes.iter().any(|note| note.level == Level::Warning) && !statement.is_refused()
        {
            statement.sql.clear();
            for note in &mut statement.notes {
                if note.level == Level::Warning {
                    note.level = Level::Error;
                }
            }
        }
        if statement.sql.is_empty() && statement.notes.is_empty() {
            continue;
        }
        statements.push(statement);
    }
    statements
}

fn one(request: &Request<'_>, piece: &Piece, known: &mut Rc<Catalog>) -> Statement {
    let at = |level: Level, code: &'static str, message: String, line: u64, column: u64| {
        // Places within a statement are counted from its own start.
        let line = u32::try_from(line.max(1)).unwrap_or(1);
        let column = u32::try_from(column.max(1)).unwrap_or(1);
        Note {
            level,
            code,
            message,
            line: piece.line + line - 1,
            column: if line == 1 { piece.column + column - 1 } else { column },
        }
    };
    let done = |sql: String, notes: Vec<Note>| Statement { sql, notes, line: piece.line };
    if let Some(kind) = piece.routine {
        Rc::make_mut(known).learn_function(&piece.text, request.from);
        let head: String = piece.text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        let message = format!("the {kind} `{head} …` was left alone: what runs inside a database is not translated");
        return done(String::new(), vec![at(Level::Warning, "routine", message, 1, 1)]);
    }
    if request.from.family() == Family::My && (piece.text.starts_with("/*!") || piece.text.starts_with("/*M!")) {
        let message = "a directive for the source's own version was left out".to_owned();
        return done(String::new(), vec![at(Level::Info, "directive", message, 1, 1)]);
    }
    let parsed = match parse(&piece.text, request.from) {
        Ok(parsed) => parsed,
        Err(error) => {
            let (message, line, column) = place_of(&error);
            return done(String::new(), vec![at(Level::Error, "syntax", message, line, column)]);
        }
    };
    let mut texts = Vec::new();
    let mut notes = Vec::new();
    for statement in &parsed {
        // A table's own definition is known while it is written.
        if matches!(statement, Parsed::CreateTable(_)) {
            Rc::make_mut(known).learn(statement, request.from.family());
        }
        let catalog = known.clone();
        let mut emitter = Emitter::new(request.from, request.to, &catalog);
        let result = emitter.statement(statement);
        for raw in &emitter.notes {
            notes.push(at(raw.level, raw.code, raw.message.clone(), raw.at.line, raw.at.column));
        }
        match result {
            Ok(text) => {
                texts.append(&mut emitter.before);
                if !text.is_empty() {
                    texts.push(text);
                }
                texts.append(&mut emitter.after);
            }
            Err(refusal) => {
                notes.push(at(Level::Error, refusal.code, refusal.message, refusal.at.line, refusal.at.column));
                return done(String::new(), notes);
            }
        }
        drop(emitter);
        drop(catalog);
        if matches!(statement, Parsed::CreateIndex(_) | Parsed::AlterTable(_)) {
            Rc::make_mut(known).learn(statement, request.from.family());
        }
    }
    let sql = texts.join(";\n");
    if sql.is_empty() {
        return done(sql, notes);
    }
    let comments: String = piece.comments.iter().map(|comment| comment_text(comment)).collect();
    done(format!("{comments}{sql}"), notes)
}

fn parse(text: &str, dialect: Dialect) -> Result<Vec<Parsed>, ParserError> {
    let syntax = dialect.syntax();
    let mut tokens = Tokenizer::new(syntax, text).tokenize_with_location()?;
    if dialect.family() == Family::My {
        adapt(&mut tokens);
    }
    Parser::new(syntax).with_tokens_with_locations(tokens).parse_statements()
}

/// Spells what the parser does not know of MySQL as what it does: `LOCK IN SHARE MODE`, and tables of an UPDATE that are
/// joined by commas.
fn adapt(tokens: &mut [TokenWithSpan]) {
    let word =
        |token: &TokenWithSpan, wanted: Keyword| matches!(&token.token, Token::Word(word) if word.keyword == wanted);

    let places: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
        .map(|(at, _)| at)
        .collect();
    let ends_with_lock = match places.as_slice() {
        [.., lock, r#in, share, mode] => {
            let named = |at: &usize, text: &str| matches!(&tokens[*at].token, Token::Word(word) if word.value.eq_ignore_ascii_case(text));
            named(lock, "lock") && named(r#in, "in") && named(share, "share") && named(mode, "mode")
        }
        _ => false,
    };
    if ends_with_lock && let [.., lock, r#in, _, mode] = places.as_slice() {
        let (lock, r#in, mode) = (*lock, *r#in, *mode);
        tokens[lock].token = Token::make_keyword("FOR");
        tokens[r#in].token = Token::Whitespace(Whitespace::Space);
        tokens[mode].token = Token::Whitespace(Whitespace::Space);
    }
    if places.first().is_some_and(|at| word(&tokens[*at], Keyword::UPDATE)) {
        let mut depth = 0_i32;
        for at in places {
            match &tokens[at].token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::Word(word) if word.keyword == Keyword::SET && depth == 0 => break,
                Token::Comma if depth == 0 => tokens[at].token = Token::make_keyword("JOIN"),
                _ => {}
            }
        }
    }
}

/// The message of a parser's error, and the place it names.
fn place_of(error: &ParserError) -> (String, u64, u64) {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
    };
    let numbers = |text: &str| -> Option<(usize, u64, u64)> {
        let start = text.rfind(" at Line: ")?;
        let rest = &text[start + " at Line: ".len()..];
        let (line, rest) = rest.split_once(", Column: ")?;
        let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((start, line.trim().parse().ok()?, column.parse().ok()?))
    };
    match numbers(&text) {
        Some((start, line, column)) => (text[..start].to_owned(), line, column),
        None => (text, 1, 1),
    }
}

fn comment_text(comment: &str) -> String {
    if comment.contains('\n') {
        format!("/* {} */\n", comment.replace("*/", "* /").replace("/*", "/ *"))
    } else {
        format!("-- {comment}\n")
    }
}
