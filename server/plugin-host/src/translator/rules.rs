//! Rules of one's own around a translator: plugins of the kind `translator` that rewrite statements within one dialect.
//!
//! What a plugin knows of says where it takes part. Of a translation from `mysql` to `postgres`, one that turns `mysql` into
//! `mysql` works on the text that is given, one that turns `postgres` into `postgres` on each statement that comes out.

use super::PluginTranslator;
use async_trait::async_trait;
use data::{Error, Note, NoteLevel, Result, Translated, Translation, Translator};
use model::ErrorCode;

/// A plugin with rules.
#[async_trait]
pub trait Rules: Translator {
    /// What it is called.
    fn name(&self) -> &str;

    /// Whether it rewrites statements of a dialect.
    ///
    /// # Errors
    /// What asking it met.
    async fn rewrites(&self, dialect: &str) -> Result<bool>;
}

#[async_trait]
impl Rules for PluginTranslator {
    fn name(&self) -> &str {
        self.plugin()
    }

    async fn rewrites(&self, dialect: &str) -> Result<bool> {
        Ok(self.dialects().await?.iter().any(|(from, to)| from == dialect && to == dialect))
    }
}

/// Translates with rules, in their order, before and after. What a rule refuses is refused; with
/// [`Translation::strict`], so is what it warns about.
///
/// # Errors
/// `invalid_value` where a plugin has rules for neither dialect, and what the translator and the plugins meet.
pub async fn translate_with_rules(
    translator: &dyn Translator,
    rules: &[&dyn Rules],
    translation: &Translation,
) -> Result<Vec<Translated>> {
    let Translation { from, to, .. } = translation;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for rule in rules {
        let (first, last) = (rule.rewrites(from).await?, from != to && rule.rewrites(to).await?);
        if !first && !last {
            let message = format!("plugin `{}` has no rules for `{from}` or `{to}`: it rewrites neither", rule.name());
            return Err(Error::permanent(ErrorCode::InvalidValue, message)
                .hint(format!("Let its `dialects` name the pair `{from}`, `{from}` or `{to}`, `{to}`.")));
        }
        before.extend(first.then_some(*rule));
        after.extend(last.then_some(*rule));
    }
    let (text, told) = rewrite(&before, translation).await?;
    let given = Translation { sql: text, ..translation.clone() };
    let mut statements = translator.translate(&given).await?;
    tell(&mut statements, told);
    for rule in after {
        for statement in statements.iter_mut().filter(|statement| !statement.sql.is_empty()) {
            let given = Translation {
                sql: std::mem::take(&mut statement.sql),
                from: to.clone(),
                to: to.clone(),
                schema: None,
                strict: translation.strict,
                rules: Vec::new(),
            };
            let answer = rule.translate(&given).await?;
            statement.sql = joined(&answer);
            let notes = answer.into_iter().flat_map(|rewritten| rewritten.notes);
            // Its places are places of a text that nobody wrote.
            statement.notes.extend(notes.map(|note| Note { line: statement.line, column: 1, ..note }));
        }
    }
    for statement in &mut statements {
        judge(statement, translation.strict);
    }
    Ok(statements)
}

/// The text as rules leave it, and what they say of it.
async fn rewrite(rules: &[&dyn Rules], translation: &Translation) -> Result<(String, Vec<Note>)> {
    let (mut text, mut told) = (translation.sql.clone(), Vec::new());
    for rule in rules {
        let given = Translation { sql: text, to: translation.from.clone(), rules: Vec::new(), ..translation.clone() };
        let answer = rule.translate(&given).await?;
        text = laid_out(&answer);
        told.extend(answer.into_iter().flat_map(|statement| statement.notes));
    }
    Ok((text, told))
}

/// Statements as one text in which each begins in its line, as far as those before it leave room.
fn laid_out(statements: &[Translated]) -> String {
    let (mut text, mut line) = (String::new(), 1);
    for statement in statements.iter().filter(|statement| !statement.sql.is_empty()) {
        let missing = statement.line.saturating_sub(line);
        text.extend(std::iter::repeat_n('\n', missing as usize));
        text.push_str(&statement.sql);
        text.push(';');
        line += missing + statement.sql.matches('\n').count() as u32;
    }
    text
}

fn joined(statements: &[Translated]) -> String {
    let texts = statements.iter().map(|statement| statement.sql.as_str()).filter(|sql| !sql.is_empty());
    texts.collect::<Vec<_>>().join(";\n")
}

/// Gives each note to the statement in whose lines it stands.
fn tell(statements: &mut Vec<Translated>, notes: Vec<Note>) {
    for note in notes {
        match statements.iter_mut().rev().find(|statement| statement.line <= note.line) {
            Some(statement) => statement.notes.push(note),
            // Nothing came of the statement it speaks of.
            None => statements.insert(0, Translated { sql: String::new(), line: note.line, notes: vec![note] }),
        }
    }
}

/// Takes the text of what was refused; a warning refuses where that is wanted.
fn judge(statement: &mut Translated, strict: bool) {
    for note in statement.notes.iter_mut().filter(|note| strict && note.level == NoteLevel::Warning) {
        note.level = NoteLevel::Error;
    }
    if statement.notes.iter().any(|note| note.level == NoteLevel::Error) {
        statement.sql.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Rewrites its dialects by putting one word for another, and notes where it did.
    struct Words(&'static str, &'static [&'static str], &'static str, &'static str, NoteLevel);

    #[async_trait]
    impl Translator for Words {
        async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
            let lines = translation.sql.split(';').map(|piece| (piece, piece.trim_start()));
            let mut line = 1;
            let mut statements = Vec::new();
            for (piece, text) in lines {
                line += piece.matches('\n').count() as u32;
                if text.is_empty() {
                    continue;
                }
                let note = Note { level: self.4, code: "words".into(), message: self.0.into(), line, column: 1 };
                let notes = if text.contains(self.2) { vec![note] } else { Vec::new() };
                statements.push(Translated { sql: text.replace(self.2, self.3), line, notes });
            }
            Ok(statements)
        }
    }

    #[async_trait]
    impl Rules for Words {
        fn name(&self) -> &str {
            self.0
        }

        async fn rewrites(&self, dialect: &str) -> Result<bool> {
            Ok(self.1.contains(&dialect))
        }
    }

    fn asked(sql: &str, strict: bool) -> Translation {
        Translation { sql: sql.into(), from: "mysql".into(), to: "postgres".into(), strict, ..Translation::default() }
    }

    const MAIN: Words = Words("main", &[], "two", "zwei", NoteLevel::Info);

    #[tokio::test]
    async fn rules_rewrite_what_goes_in_and_what_comes_out() {
        let before = Words("before", &["mysql"], "one", "two", NoteLevel::Info);
        let after = Words("after", &["postgres"], "zwei", "deux", NoteLevel::Warning);
        let told = translate_with_rules(&MAIN, &[&after, &before], &asked("select 0;\n\nselect one", false)).await;
        let told = told.unwrap();
        assert_eq!(
            told.iter().map(|it| (it.sql.as_str(), it.line)).collect::<Vec<_>>(),
            [("select 0", 1), ("select deux", 3)]
        );
        let said: Vec<_> = told[1].notes.iter().map(|note| (note.message.as_str(), note.line)).collect();
        assert_eq!(said, [("main", 3), ("before", 3), ("after", 3)]);
        assert!(told[0].notes.is_empty());
    }

    #[tokio::test]
    async fn a_warning_of_a_rule_refuses_where_that_is_wanted() {
        let after = Words("after", &["postgres"], "zwei", "deux", NoteLevel::Warning);
        let told = translate_with_rules(&MAIN, &[&after], &asked("select two; select 3", true)).await.unwrap();
        assert_eq!((told[0].sql.as_str(), told[1].sql.as_str()), ("", "select 3"));
        assert!(told[0].notes.iter().any(|note| note.level == NoteLevel::Error));
    }

    #[tokio::test]
    async fn a_plugin_without_rules_for_either_dialect_is_refused() {
        let other = Words("other", &["sqlite"], "a", "b", NoteLevel::Info);
        let error = translate_with_rules(&MAIN, &[&other], &asked("select 1", false)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert!(error.to_string().contains("`other`"), "{error}");
    }
}
