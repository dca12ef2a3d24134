//! Functions that need no grant: JSON, digests, spellings, and the words of SQL.

use super::capability::{Fallible, bytes};
use super::sandbox::{LIST, TEXT};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rhai::{Array, Blob, Dynamic, Engine, Map};
use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect, SnowflakeDialect};
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// Registers them.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("parse_json", parse);
    engine.register_fn("to_json", |value: Dynamic| -> Fallible<String> {
        serde_json::to_string(&value).map_err(|error| format!("that cannot be JSON: {error}").into())
    });
    engine.register_fn("sha256", |value: Dynamic| -> Fallible<Blob> {
        Ok(digest::digest(&digest::SHA256, &bytes(value)?).as_ref().to_vec())
    });
    engine.register_fn("hmac_sha256", |key: Dynamic, value: Dynamic| -> Fallible<Blob> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes(key)?);
        Ok(hmac::sign(&key, &bytes(value)?).as_ref().to_vec())
    });
    engine.register_fn("base64", |value: Dynamic| -> Fallible<String> { Ok(STANDARD.encode(bytes(value)?)) });
    engine.register_fn("from_base64", |text: &str| -> Fallible<Blob> {
        STANDARD.decode(text.trim()).map_err(|_| "that is no base64".into())
    });
    engine.register_fn("hex", |value: Dynamic| -> Fallible<String> { Ok(hex::encode(&bytes(value)?)) });
    engine.register_fn("url_encode", |text: &str| -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    });
    engine.register_fn("text", |value: Blob| -> Fallible<String> {
        String::from_utf8(value).map_err(|_| "the bytes are no text".into())
    });
    engine.register_fn("sql_tokens", tokens);
    engine.register_fn("sql_text", |tokens: Array| -> Fallible<String> {
        let text = |token: &Dynamic| token.read_lock::<Map>().and_then(|map| map.get("text").map(ToString::to_string));
        let texts: Option<Vec<String>> = tokens.iter().map(text).collect();
        let text = texts.ok_or("a token is a map with `text`")?.concat();
        if text.len() > TEXT { Err("the statement is longer than a text may be".into()) } else { Ok(text) }
    });
}

pub(super) fn parse(text: &str) -> Fallible<Dynamic> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("that is no JSON: {error}"))?;
    rhai::serde::to_dynamic(value)
}

/// The words of an SQL text as `#{ kind, text }`, whose texts one after the other are that text.
fn tokens(dialect: &str, text: &str) -> Fallible<Array> {
    let syntax: &dyn Dialect = match dialect {
        "mysql" | "mariadb" | "tdengine" => &MySqlDialect {},
        "postgres" => &PostgreSqlDialect {},
        "snowflake" => &SnowflakeDialect,
        "sqlite" => &SQLiteDialect {},
        _ => &GenericDialect {},
    };
    let found = Tokenizer::new(syntax, text).tokenize_with_location().map_err(|error| error.to_string())?;
    if found.len() > LIST {
        return Err(format!("the text has more than {LIST} words").into());
    }
    let mut places = Places { text, at: 0, line: 1, column: 1 };
    let starts: Vec<usize> =
        found.iter().map(|token| places.find(token.span.start.line, token.span.start.column)).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let token = |((token, start), end): ((&sqlparser::tokenizer::TokenWithSpan, &usize), usize)| {
        let mut map = Map::new();
        map.insert("kind".into(), kind(&token.token).into());
        map.insert("text".into(), text[*start..end].into());
        Dynamic::from(map)
    };
    Ok(found.iter().zip(&starts).zip(ends).map(token).collect())
}

fn kind(token: &Token) -> &'static str {
    match token {
        Token::Word(word) if word.quote_style.is_some() => "name",
        Token::Word(_) => "word",
        Token::Number(..) => "number",
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => "comment",
        Token::Whitespace(_) => "space",
        Token::Placeholder(_) => "parameter",
        Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::HexStringLiteral(_) => "string",
        _ => "symbol",
    }
}

/// Where lines and columns are in a text; they are asked for in their order.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    column: u64,
}

impl Places<'_> {
    fn find(&mut self, line: u64, column: u64) -> usize {
        for next in self.text[self.at..].chars() {
            if (self.line, self.column) >= (line, column) {
                break;
            }
            self.at += next.len_utf8();
            (self.line, self.column) = if next == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.at
    }
}
