//! Views of the source, made at the target after the rows: each is the source's query in the target's words.
//!
//! A view is never made in part or by guesswork: what the translator refuses, what reads a table that has another name at
//! the target, and what the target refuses is left out and said. The translator's warnings are told with the view.

use super::sql::{bare, quote, texts};
use super::tables::{matches, means};
use crate::definition::{definitions, dialect};
use data::{Connector, Error, NoteLevel, Result, System, Translation, Translator};
use model::{ErrorCode, nearest};
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of a view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MovedView {
    /// What it is called.
    pub name: String,
    /// The statement that made it; none: it was not made.
    pub statement: Option<String>,
    /// Why it was not made, or what to know about it.
    pub notes: Vec<String>,
}

/// Makes the source's views that `patterns` mean (`*` stands for anything), but for those that the target has. `tables` are
/// the target's names of the source's tables. A view that reads another comes after it.
///
/// # Errors
/// `table_not_found` for a name that means no view, `unsupported` where the source has none or the target takes none, and
/// what the systems or the translator meet.
pub async fn views(
    from: &dyn Connector,
    to: &dyn Connector,
    patterns: &[String],
    tables: &BTreeMap<String, String>,
    translator: &dyn Translator,
) -> Result<Vec<MovedView>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let chosen = chosen(from, patterns).await?;
    let (source, target) = (dialect(from).await?, dialect(to).await?);
    let schema = if source == target { None } else { Some(definitions(from).await?) };
    let renamed: Vec<(String, &String)> =
        tables.iter().map(|(own, to)| (bare(own), to)).filter(|(own, to)| *own != bare(to)).collect();
    let (mut done, mut waiting) = (Vec::new(), Vec::new());
    for (name, statement) in chosen {
        let mut view = MovedView { name: name.clone(), ..MovedView::default() };
        if to.find_table(&name).await?.is_some() {
            view.notes.push("the target has a table or view of that name".to_owned());
            done.push(view);
            continue;
        }
        if let Some((own, to)) = renamed.iter().find(|(own, _)| names(&statement, own)) {
            view.notes.push(format!("it reads `{own}`, which is called `{to}` at the target"));
            done.push(view);
            continue;
        }
        let Some(schema) = &schema else {
            waiting.push((view, statement));
            continue;
        };
        let translation = Translation {
            sql: statement,
            from: source.to_owned(),
            to: target.to_owned(),
            schema: Some(schema.clone()),
            ..Translation::default()
        };
        let translated = translator.translate(&translation).await?;
        let notes = || translated.iter().flat_map(|statement| &statement.notes);
        view.notes.extend(notes().filter(|note| note.level > NoteLevel::Info).map(|note| note.message.clone()));
        if notes().any(|note| note.level == NoteLevel::Error) {
            done.push(view);
            continue;
        }
        let texts: Vec<&str> = translated.iter().map(|statement| statement.sql.as_str()).collect();
        waiting.push((view, texts.join(";\n")));
    }
    make(to, waiting, &mut done).await?;
    done.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(done)
}

/// Makes views as long as one more can be made: what they read may be among them.
async fn make(to: &dyn Connector, mut waiting: Vec<(MovedView, String)>, done: &mut Vec<MovedView>) -> Result<()> {
    loop {
        let before = waiting.len();
        let mut refused = Vec::new();
        for (mut view, statement) in std::mem::take(&mut waiting) {
            match to.execute(&statement).await {
                Ok(_) => {
                    view.statement = Some(statement);
                    done.push(view);
                }
                Err(error) if error.retryable => return Err(error),
                Err(error) => refused.push((view, statement, error)),
            }
        }
        if refused.len() == before {
            done.extend(refused.into_iter().map(|(mut view, _, error)| {
                view.notes.push(format!("the target refuses it: {}", error.fault.message));
                view
            }));
            return Ok(());
        }
        waiting = refused.into_iter().map(|(view, statement, _)| (view, statement)).collect();
    }
}

/// The views that the patterns mean, each with its statement.
async fn chosen(from: &dyn Connector, patterns: &[String]) -> Result<Vec<(String, String)>> {
    let all = stored(from).await?;
    for pattern in patterns {
        if !all.iter().any(|(name, _)| matches(pattern, name)) && !pattern.contains(['*', '?']) {
            let error = Error::permanent(ErrorCode::TableNotFound, format!("no view is called `{pattern}`"));
            let near = nearest(pattern, all.iter().map(|(name, _)| name.as_str()));
            return Err(error.hint(match near {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "`*` stands for anything.".to_owned(),
            }));
        }
    }
    Ok(all.into_iter().filter(|(name, _)| means(patterns, name)).collect())
}

/// All views with the statements that make them.
async fn stored(from: &dyn Connector) -> Result<Vec<(String, String)>> {
    let system = from.system();
    let sql = match system {
        System::Mysql => {
            "SELECT table_name, view_definition, table_schema FROM information_schema.views \
             WHERE table_schema = database() ORDER BY table_name"
        }
        System::Postgres => {
            "SELECT c.relname::text, pg_get_viewdef(c.oid, true), n.nspname::text FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND n.nspname = ANY (current_schemas(false)) \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
             AND d.deptype = 'e') ORDER BY 1"
        }
        System::Sqlite => "SELECT name, sql, '' FROM sqlite_master WHERE type = 'view' ORDER BY name",
        other => return Err(data::connector::unsupported(other, "tell its views")),
    };
    let stored = texts(from, sql).await?.into_iter().map(|[name, text, database]| {
        let statement = match system {
            // SQLite keeps the statement, the others its query.
            System::Sqlite => text,
            System::Mysql => created(system, &name, &unqualified(&text, &database)),
            _ => created(system, &name, &text),
        };
        (name, statement)
    });
    Ok(stored.collect())
}

fn created(system: System, name: &str, query: &str) -> String {
    format!("CREATE VIEW {} AS {}", quote(system, name), query.trim().trim_end_matches(';'))
}

/// MySQL keeps a view's names with their database, which is another at the target.
fn unqualified(text: &str, database: &str) -> String {
    let prefix = format!("{}.", quote(System::Mysql, database));
    let (mut found, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' => literal_length(rest),
            '`' if rest.starts_with(&prefix) => {
                rest = &rest[prefix.len()..];
                continue;
            }
            '`' => rest[1..].find('`').map_or(rest.len(), |end| end + 2),
            _ => first.len_utf8(),
        };
        found.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    found
}

/// How long the text between quotes is that `rest` begins with.
fn literal_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            // A doubled quote ends one text and begins the next, which is as good here.
            b'\'' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a query has the name in it as a word.
fn names(query: &str, name: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
    query.match_indices(name).any(|(at, found)| {
        let before = query[..at].chars().next_back();
        let after = query[at + found.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_goes_from_names_and_stays_in_texts() {
        let check = |text: &str, expected: &str| assert_eq!(unqualified(text, "shop"), expected);
        check("select `shop`.`a`.`id` AS `id` from `shop`.`a`", "select `a`.`id` AS `id` from `a`");
        check("select '`shop`.' AS `x`", "select '`shop`.' AS `x`");
        check(r"select 'it\'s `shop`.x' from `shop`.`a`", r"select 'it\'s `shop`.x' from `a`");
        check("select 'it''s `shop`.x' from `other`.`a`", "select 'it''s `shop`.x' from `other`.`a`");
        check("select 'Köln' from `shop`.`ä`", "select 'Köln' from `ä`");
    }

    #[test]
    fn a_name_is_found_as_a_word() {
        assert!(names("SELECT 1 FROM \"orders\"", "orders"));
        assert!(!names("SELECT 1 FROM orders_old", "orders"));
        assert!(!names("SELECT reorders FROM a", "orders"));
    }
}
