//! The SQL of a wanted table, its columns and its indexes, and what SQLite cannot have.

use super::create::{TokenKind, same_sql, tokens};
use super::ddl::is_literal;
use super::introspect::plain_name;
use crate::name::{quote, quote_all};
use data::structure::{ColumnStructure, IndexStructure, TableKind, TableStructure};
use data::{Error, Result};
use model::ErrorCode;

/// Types that a STRICT table takes.
const STRICT: [&str; 6] = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];

/// Refuses what SQLite cannot have, and tells what is left out.
pub(super) fn check(wanted: &TableStructure) -> Result<Vec<String>> {
    let table = &wanted.name;
    let refuse = |why: String| Err(Error::permanent(ErrorCode::InvalidValue, format!("table `{table}`: {why}")));
    if wanted.kind != TableKind::Plain {
        return refuse("SQLite has ordinary tables only".to_owned());
    }
    if wanted.columns.is_empty() {
        return refuse("it has no columns".to_owned());
    }
    let has = |name: &str| wanted.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let set = |option: &str| wanted.options.get(option).is_some_and(|value| value == "true");
    for (index, column) in wanted.columns.iter().enumerate() {
        let name = &column.name;
        if wanted.columns[..index].iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
            return refuse(format!("column `{name}` is there twice; SQLite does not tell `a` and `A` apart"));
        }
        if !is_type(&column.native_type) {
            return refuse(format!("`{}` of column `{name}` is not a type", column.native_type));
        }
        if set("strict") && !STRICT.iter().any(|word| column.native_type.eq_ignore_ascii_case(word)) {
            return refuse(format!("a STRICT table has no type `{}` (column `{name}`)", column.native_type));
        }
        if column.auto_increment
            && !(column.native_type.eq_ignore_ascii_case("INTEGER")
                && matches!(wanted.primary_key.as_slice(), [only] if only.eq_ignore_ascii_case(name))
                && !set("without_rowid"))
        {
            return refuse(format!(
                "SQLite numbers only a column of type INTEGER that is alone the primary key, which `{name}` is not"
            ));
        }
    }
    if let Some(name) = wanted.primary_key.iter().find(|name| !has(name)) {
        return refuse(format!("column `{name}` of the primary key is not there"));
    }
    if set("without_rowid") && wanted.primary_key.is_empty() {
        return refuse("a table without row numbers needs a primary key".to_owned());
    }
    for key in &wanted.foreign_keys {
        if let Some(name) = key.columns.iter().find(|name| !has(name)) {
            return refuse(format!("column `{name}` of a foreign key is not there"));
        }
        if !key.referenced_columns.is_empty() && key.referenced_columns.len() != key.columns.len() {
            return refuse(format!("the foreign key to `{}` has not as many columns there as here", key.references));
        }
        for action in key.on_delete.iter().chain(&key.on_update) {
            let known = ["cascade", "set null", "set default", "restrict", "no action"];
            if !known.iter().any(|word| action.eq_ignore_ascii_case(word)) {
                return refuse(format!("`{action}` is nothing a foreign key can do"));
            }
        }
    }
    for index in &wanted.indexes {
        if index.columns.is_empty() {
            return refuse(format!("index `{}` has no columns", index.name));
        }
        for term in index.columns.iter().map(|text| Term::read(text)) {
            if !term.is_expression() && !has(term.body) {
                return refuse(format!("index `{}` names column `{}`, which is not there", index.name, term.body));
            }
        }
    }
    Ok(notes(wanted))
}

fn notes(wanted: &TableStructure) -> Vec<String> {
    let mut notes = Vec::new();
    let commented: Vec<&str> =
        wanted.columns.iter().filter(|column| column.comment.is_some()).map(|column| column.name.as_str()).collect();
    if wanted.comment.is_some() || !commented.is_empty() {
        notes.push("SQLite keeps no comments; those of the document stay in the document".to_owned());
    }
    for column in &wanted.columns {
        if column.on_update.is_some() {
            notes.push(format!("SQLite has no ON UPDATE for columns; `{}` needs a trigger made by hand", column.name));
        }
    }
    for index in &wanted.indexes {
        if index.method.as_deref().is_some_and(|method| !method.eq_ignore_ascii_case("btree"))
            || !index.include.is_empty()
        {
            notes.push(format!("SQLite has one kind of index; `{}` is made as such", index.name));
        }
    }
    let unknown: Vec<&str> =
        wanted.options.keys().map(String::as_str).filter(|key| !["strict", "without_rowid"].contains(key)).collect();
    if !unknown.is_empty() {
        notes.push(format!("SQLite does not know the options `{}`; they are left out", unknown.join("`, `")));
    }
    notes
}

/// Words, and numbers in parentheses after them; nothing at all is a type, too.
fn is_type(text: &str) -> bool {
    let all = tokens(text);
    let open = all.iter().position(|token| token.text == "(").unwrap_or(all.len());
    let words = all[..open].iter().all(|token| matches!(token.kind, TokenKind::Word | TokenKind::Name));
    let arguments = all[open..].iter().all(|token| {
        matches!(token.text, "(" | ")" | "," | "-" | "+") || token.text.starts_with(|c: char| c.is_ascii_digit())
    });
    let closed = open == all.len()
        || (all.iter().filter(|token| token.text == ")").count() == 1 && all[all.len() - 1].text == ")");
    words && arguments && closed && (open != 0 || all.is_empty())
}

/// The type in a form that can be compared.
pub(super) fn type_key(text: &str) -> String {
    tokens(text).iter().map(|token| token.name().to_ascii_lowercase()).collect::<Vec<_>>().join(" ")
}

/// The default, where it is another than NULL.
pub(super) fn default_of(column: &ColumnStructure) -> Option<&str> {
    column.default.as_deref().map(str::trim).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"))
}

/// Whether `ADD COLUMN` takes the default.
pub(super) fn is_constant(default: &str) -> bool {
    is_literal(default)
}

/// Whether the index is a unique constraint of its table rather than an index with a name of its own.
pub(super) fn is_constraint(index: &IndexStructure) -> bool {
    index.unique
        && index.filter.is_none()
        && (index.name.is_empty() || index.name.to_ascii_lowercase().starts_with("sqlite_autoindex_"))
}

/// One column as `CREATE TABLE` and `ADD COLUMN` want it.
pub(super) fn column(column: &ColumnStructure, numbered: bool) -> String {
    let mut sql = quote(&column.name);
    if !column.native_type.trim().is_empty() {
        sql = format!("{sql} {}", column.native_type.trim());
    }
    if numbered {
        sql.push_str(" PRIMARY KEY AUTOINCREMENT");
    }
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    if let Some(collation) = &column.collation {
        sql = format!("{sql} COLLATE {}", quote(collation));
    }
    match (&column.generated, default_of(column)) {
        (Some(generated), _) => {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            sql = format!("{sql} GENERATED ALWAYS AS ({}\n) {kind}", generated.expression);
        }
        (None, Some(default)) if is_literal(default) || is_time_word(default) => {
            sql = format!("{sql} DEFAULT {default}")
        }
        (None, Some(default)) => sql = format!("{sql} DEFAULT ({default}\n)"),
        (None, None) => {}
    }
    sql
}

fn is_time_word(default: &str) -> bool {
    ["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"].iter().any(|word| default.eq_ignore_ascii_case(word))
}

/// `CREATE TABLE` of the structure under `name`.
pub(super) fn create_table(wanted: &TableStructure, name: &str) -> Result<String> {
    let set = |option: &str| wanted.options.get(option).is_some_and(|value| value == "true");
    let in_key = |name: &str| wanted.primary_key.iter().any(|key| key.eq_ignore_ascii_case(name));
    let mut numbered = false;
    let mut lines = Vec::new();
    for definition in &wanted.columns {
        numbered |= definition.auto_increment;
        // In other systems a key is never NULL; in SQLite it would be, without the word.
        let nullable = definition.nullable && !in_key(&definition.name);
        lines.push(column(&ColumnStructure { nullable, ..definition.clone() }, definition.auto_increment));
    }
    let named = |name: &str| if name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", quote(name)) };
    if !wanted.primary_key.is_empty() && !numbered {
        lines.push(format!("PRIMARY KEY ({})", quote_all(wanted.primary_key.iter().map(String::as_str))));
    }
    for index in wanted.indexes.iter().filter(|index| is_constraint(index)) {
        lines.push(format!("UNIQUE ({})", terms(index)));
    }
    for key in &wanted.foreign_keys {
        let columns = quote_all(key.columns.iter().map(String::as_str));
        let mut line = format!("{}FOREIGN KEY ({columns}) REFERENCES {}", named(&key.name), quote(&key.references));
        if !key.referenced_columns.is_empty() {
            line = format!("{line} ({})", quote_all(key.referenced_columns.iter().map(String::as_str)));
        }
        for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
            if let Some(action) = action {
                line = format!("{line} ON {event} {}", action.to_ascii_uppercase());
            }
        }
        lines.push(line);
    }
    for check in &wanted.checks {
        lines.push(format!("{}CHECK ({}\n)", named(&check.name), check.condition));
    }
    let mut tail = Vec::new();
    if set("without_rowid") {
        tail.push("WITHOUT ROWID");
    }
    if set("strict") {
        tail.push("STRICT");
    }
    let sql = format!("CREATE TABLE {} (\n  {}\n) {}", quote(&plain_name(name)), lines.join(",\n  "), tail.join(", "));
    Ok(sql.trim_end().to_owned())
}

/// `CREATE INDEX`.
pub(super) fn create_index(index: &IndexStructure, table: &str) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let filter = index.filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
    let name = match index.name.as_str() {
        "" => format!("{}_{}", plain_name(table), index.columns.join("_")),
        name => name.to_owned(),
    };
    format!("CREATE {unique}INDEX {} ON {} ({}){filter}", quote(&name), quote(&plain_name(table)), terms(index))
}

/// One term of an index as a structure spells it.
struct Term<'a> {
    /// The column, or an expression in parentheses.
    body: &'a str,
    collation: Option<&'a str>,
    descending: bool,
}

impl<'a> Term<'a> {
    fn read(text: &'a str) -> Self {
        let mut body = text.trim();
        let ending = |body: &str, word: &str| {
            let at = body.len().checked_sub(word.len())?;
            body.get(at..).filter(|end| end.eq_ignore_ascii_case(word)).map(|_| at)
        };
        let mut descending = false;
        if let Some(at) = ending(body, " desc") {
            descending = true;
            body = body[..at].trim_end();
        } else if let Some(at) = ending(body, " asc") {
            body = body[..at].trim_end();
        }
        let mut collation = None;
        if let Some(at) = body.to_ascii_lowercase().rfind(" collate ")
            && !body.ends_with(')')
        {
            collation = Some(body[at + " collate ".len()..].trim());
            body = body[..at].trim_end();
        }
        Self { body, collation, descending }
    }

    fn is_expression(&self) -> bool {
        self.body.starts_with('(')
    }
}

/// Whether two terms of indexes are one and the same.
pub(super) fn same_term(left: &str, right: &str) -> bool {
    let (left, right) = (Term::read(left), Term::read(right));
    let collation = |term: &Term<'_>| term.collation.unwrap_or("binary").to_ascii_lowercase();
    let bodies = match (left.is_expression(), right.is_expression()) {
        (true, true) => same_sql(left.body, right.body),
        (false, false) => left.body.eq_ignore_ascii_case(right.body),
        _ => false,
    };
    bodies && left.descending == right.descending && collation(&left) == collation(&right)
}

/// The terms of an index, names quoted.
fn terms(index: &IndexStructure) -> String {
    let sql = |text: &String| {
        let term = Term::read(text);
        let mut sql = if term.is_expression() { term.body.to_owned() } else { quote(term.body) };
        if let Some(collation) = term.collation {
            sql = format!("{sql} COLLATE {}", quote(collation));
        }
        if term.descending {
            sql.push_str(" DESC");
        }
        sql
    };
    index.columns.iter().map(sql).collect::<Vec<_>>().join(", ")
}
