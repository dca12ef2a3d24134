//! Columns that go on under another name: the document's `renamed_from` tells them from a drop and an add.
//!
//! A planner compares the wanted table with [`Renamed::live`], the live one as it is after the renamings, and puts those
//! before everything else. Whether and how a system renames is for its planner to say.

use data::structure::{ColumnStructure, IndexStructure, TableKind, TableStructure};

/// The live table after its renamings.
pub(crate) struct Renamed {
    pub(crate) live: TableStructure,
    /// Each column that is renamed: as it was, and its new name.
    pub(crate) columns: Vec<(ColumnStructure, String)>,
    /// What keeps a column from being renamed, in words.
    pub(crate) manual: Vec<String>,
}

/// How a system reads names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// Whether `A` and `a` are one name.
    pub(crate) fold: bool,
    /// What a name that needs it is quoted by.
    pub(crate) quote: char,
}

/// Finds what the wanted table renames, and renames it throughout the live one.
pub(crate) fn renamed(wanted: &TableStructure, live: &TableStructure, names: Names) -> Renamed {
    let mut renamed = Renamed { live: live.clone(), columns: Vec::new(), manual: Vec::new() };
    for column in &wanted.columns {
        let Some(from) = &column.renamed_from else { continue };
        let find = |name: &str| live.columns.iter().find(|column| names.same(&column.name, name));
        // Renamed long ago, or never made.
        let Some(old) = find(from) else { continue };
        if names.same(from, &column.name) || wanted.columns.iter().any(|other| names.same(&other.name, from)) {
            continue;
        }
        if find(&column.name).is_some() {
            renamed.manual.push(format!(
                "`{}` has both `{from}` and `{}`, so that neither is renamed; move the values over and drop `{from}` by hand",
                live.name, column.name
            ));
            renamed.live.columns.retain(|other| other.name != old.name);
            continue;
        }
        renamed.columns.push((old.clone(), column.name.clone()));
        names.rename(&mut renamed.live, &old.name, &column.name);
    }
    renamed
}

impl Names {
    fn same(self, left: &str, right: &str) -> bool {
        left == right || self.fold && left.to_lowercase() == right.to_lowercase()
    }

    /// Renames the column wherever the table names it.
    fn rename(self, table: &mut TableStructure, from: &str, to: &str) {
        let list = |list: &mut Vec<String>| {
            for name in list.iter_mut().filter(|name| self.same(name, from)) {
                to.clone_into(name);
            }
        };
        list(&mut table.primary_key);
        for column in &mut table.columns {
            if self.same(&column.name, from) {
                to.clone_into(&mut column.name);
            }
            if let Some(generated) = &mut column.generated {
                generated.expression = self.in_sql(&generated.expression, from, to);
            }
        }
        for IndexStructure { columns, include, filter, .. } in &mut table.indexes {
            for column in columns {
                *column = self.in_index(column, from, to);
            }
            list(include);
            *filter = filter.as_ref().map(|filter| self.in_sql(filter, from, to));
        }
        for key in &mut table.foreign_keys {
            list(&mut key.columns);
            if key.references == table.name {
                list(&mut key.referenced_columns);
            }
        }
        for check in &mut table.checks {
            check.condition = self.in_sql(&check.condition, from, to);
            // MariaDB calls the check of a column by the column's name.
            if self.fold && self.same(&check.name, from) {
                to.clone_into(&mut check.name);
            }
        }
        if let TableKind::Hypertable { time_column, .. } = &mut table.kind
            && self.same(time_column, from)
        {
            to.clone_into(time_column);
        }
        for (key, value) in &mut table.options {
            if key == "partition_by" || key.starts_with("constraint ") {
                *value = self.in_sql(value, from, to);
            } else if key == "space_column" && self.same(value, from) {
                to.clone_into(value);
            }
        }
    }

    /// In the part of an index: an expression, or a bare name with what follows it.
    fn in_index(self, part: &str, from: &str, to: &str) -> String {
        if part.starts_with('(') {
            return self.in_sql(part, from, to);
        }
        match part.split_at_checked(from.len()) {
            Some((name, rest)) if self.same(name, from) && (rest.is_empty() || rest.starts_with([' ', '('])) => {
                format!("{to}{rest}")
            }
            _ => part.to_owned(),
        }
    }

    /// In an expression: as a bare or quoted word, not in text and not before a bracket.
    fn in_sql(self, sql: &str, from: &str, to: &str) -> String {
        let mut out = String::with_capacity(sql.len());
        let mut rest = sql;
        while let Some(first) = rest.chars().next() {
            let is_word = first.is_alphabetic() || first == '_';
            let end = match first {
                '\'' | '"' | '`' => quoted_end(rest, first),
                _ if is_word => {
                    rest.find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '$'))).unwrap_or(rest.len())
                }
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(end);
            rest = after;
            let named = match first {
                '"' | '`' => {
                    let inner = token.get(1..token.len() - 1).unwrap_or_default();
                    self.same(&inner.replace(&format!("{first}{first}"), &first.to_string()), from)
                }
                _ => is_word && self.same(token, from) && !after.starts_with('('),
            };
            let is_plain = to.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                && !to.starts_with(|char: char| char.is_ascii_digit());
            match (named, is_word && is_plain) {
                (false, _) => out.push_str(token),
                (true, true) => out.push_str(to),
                (true, false) => {
                    let mark = if is_word { self.quote } else { first };
                    out.push(mark);
                    out.push_str(&to.replace(mark, &format!("{mark}{mark}")));
                    out.push(mark);
                }
            }
        }
        out
    }
}

/// Where the quoted text that begins here ends.
fn quoted_end(text: &str, quote: char) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote as u8 {
            if bytes.get(at + 1) != Some(&(quote as u8)) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_changed_in_expressions_and_nothing_else() {
        let check = |sql: &str, to: &str, quote: char, expected: &str| {
            let names = Names { fold: quote == '`', quote };
            assert_eq!(names.in_sql(sql, "state", to), expected, "{sql}");
        };
        check("((state)::text = 'state')", "status", '"', "((status)::text = 'state')");
        check(
            "\"state\" <> 'it''s state' and x.state > 1",
            "status",
            '"',
            "\"status\" <> 'it''s state' and x.status > 1",
        );
        check("state(1) + estate + state2", "status", '"', "state(1) + estate + state2");
        check("state = 1", "Order No", '"', "\"Order No\" = 1");
        check("`state` > 0 and State < 9", "status", '`', "`status` > 0 and status < 9");
        check("State < 9", "status", '"', "State < 9");
    }

    #[test]
    fn renamings_are_found_once() {
        let column = |name: &str, from: Option<&str>| ColumnStructure {
            name: name.to_owned(),
            renamed_from: from.map(str::to_owned),
            ..ColumnStructure::default()
        };
        let table = |columns: Vec<ColumnStructure>| TableStructure { columns, ..TableStructure::default() };
        let names = Names { fold: false, quote: '"' };
        let wanted = table(vec![column("b", Some("a")), column("c", None)]);
        let found = renamed(&wanted, &table(vec![column("a", None), column("c", None)]), names);
        assert_eq!((found.columns.len(), found.live.columns[0].name.as_str()), (1, "b"));
        // Done already.
        let found = renamed(&wanted, &table(vec![column("b", None)]), names);
        assert!(found.columns.is_empty() && found.manual.is_empty());
        // Both are there: a person has to say which one counts.
        let found = renamed(&wanted, &table(vec![column("a", None), column("b", None)]), names);
        assert_eq!((found.columns.len(), found.manual.len()), (0, 1));
        assert!(found.live.column("a").is_none(), "it is not dropped");
    }
}
