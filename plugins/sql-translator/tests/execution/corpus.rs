//! The corpus: blocks of a file, separated by empty lines.
//!
//! A line that begins with `?? ` is a query to run afterwards on both sides as it is; a line that begins with `-- ` is
//! the section of the sheet of dialects that what follows covers.

use sql_translator::Dialect;
use std::path::PathBuf;

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) sql: String,
    pub(crate) check: Option<String>,
    section: String,
    line: usize,
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("line {} ({})", self.line, self.section)
    }

    /// Whether the order of its rows is part of what it says.
    pub(crate) fn is_ordered(&self) -> bool {
        let text = self.check.as_deref().unwrap_or(&self.sql).to_ascii_lowercase();
        // An ORDER BY inside parentheses orders something else.
        let mut depth = 0_i32;
        let mut outer = String::new();
        for c in text.chars() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                c if depth == 0 => outer.push(c),
                _ => {}
            }
        }
        outer.contains("order by")
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/translate")
}

fn text(file: &str) -> String {
    let path = folder().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}` cannot be read: {error}", path.display()))
}

pub(crate) fn read(file: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut section = String::new();
    let mut block = Case { sql: String::new(), check: None, section: String::new(), line: 0 };
    for (at, line) in text(file).lines().chain([""]).enumerate() {
        if line.trim().is_empty() {
            if !block.sql.is_empty() {
                block.section.clone_from(&section);
                cases.push(block.clone());
            }
            block = Case { sql: String::new(), check: None, section: String::new(), line: at + 2 };
        } else if let Some(title) = line.strip_prefix("-- ") {
            title.clone_into(&mut section);
        } else if let Some(check) = line.strip_prefix("?? ") {
            block.check = Some(check.to_owned());
        } else {
            if !block.sql.is_empty() {
                block.sql.push('\n');
            } else {
                block.line = at + 1;
            }
            block.sql.push_str(line);
        }
    }
    cases
}

/// The common data set in a dialect's own words.
pub(crate) fn data(dialect: Dialect) -> String {
    text(&format!("data-{}.sql", dialect.name()))
}

/// The tables alone.
pub(crate) fn schema(dialect: Dialect) -> String {
    data(dialect)
}
