//! A translator: splits the text into statements and writes each in the other dialect, with a note on what may differ.

use plugin_sdk::{Error, Host, Note, NoteLevel, Result, Statement, TranslateRequest, Translator};

/// The plugin.
struct Quotes;

impl Translator for Quotes {
    fn dialects(_: &Host) -> Vec<(String, String)> {
        vec![("sqlite".to_owned(), "mysql".to_owned())]
    }

    fn translate(host: &Host, request: &TranslateRequest) -> Result<Vec<Statement>> {
        let pair = (request.source_dialect.clone(), request.target_dialect.clone());
        if !Self::dialects(host).contains(&pair) {
            return Err(Error::permanent(format!("cannot translate `{}` into `{}`", pair.0, pair.1)));
        }
        let (mut statements, mut line) = (Vec::new(), 1);
        for text in request.sql.split(';') {
            let begins = line + lines_in(&text[..text.len() - text.trim_start().len()]);
            line += lines_in(text);
            if !text.trim().is_empty() {
                statements.push(translate_one(text.trim(), begins));
            }
        }
        Ok(statements)
    }
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// A text that has both kinds of quotes needs a real parser: it is refused by a note, never translated wrongly.
fn translate_one(text: &str, line: u32) -> Statement {
    let note = |level, code: &str, message: &str| Note { level, code: code.into(), message: message.into(), line, column: 1 };
    if text.contains('\'') && text.contains('"') {
        let notes = vec![note(NoteLevel::Error, "quotes", "statements with both kinds of quotes are not translated")];
        return Statement { sql: String::new(), line, notes };
    }
    let notes = if text.contains('"') {
        vec![note(NoteLevel::Info, "quotes", "names are quoted by backticks")]
    } else {
        Vec::new()
    };
    Statement { sql: text.replace('"', "`"), line, notes }
}

plugin_sdk::export_plugin!(translator: Quotes);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_sdk::testing::FakeHost;

    fn translate(sql: &str) -> Vec<Statement> {
        let request = TranslateRequest {
            sql: sql.to_owned(),
            source_dialect: "sqlite".to_owned(),
            target_dialect: "mysql".to_owned(),
            schema: None,
            strict: false,
        };
        Quotes::translate(&FakeHost::default().host(), &request).unwrap()
    }

    #[test]
    fn names_get_their_quotes_and_statements_their_lines() {
        let found = translate("select 1;\nselect \"a\" from t");
        assert_eq!((found[1].sql.as_str(), found[1].line), ("select `a` from t", 2));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let found = translate("select 'a' as \"b\"");
        assert_eq!((found[0].sql.as_str(), found[0].notes[0].level), ("", NoteLevel::Error));
    }
}
