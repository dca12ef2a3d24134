//! Which columns a name can mean where it stands.

use crate::out::{Out, Ty};
use sqlparser::ast::Expr;

/// A column that a query or table offers: its name as declared, and its type.
pub(crate) type Column = (String, Ty);

/// A table or subquery in FROM.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// How it is called, in lower case.
    pub(crate) name: String,
    /// Its columns, where they are known.
    pub(crate) columns: Option<Vec<Column>>,
    /// The catalog's table, where it is one.
    pub(crate) table: Option<String>,
    /// Whether an outer join may fill it with NULL.
    pub(crate) outer: bool,
}

/// What GROUP BY makes of a query: anything else than its keys needs an aggregate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// Each key with what stands for it outside GROUP BY.
    pub(crate) keys: Vec<(Expr, Out)>,
    /// Tables whose whole primary key is among the keys.
    pub(crate) whole: Vec<String>,
}

/// The names of one query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) sources: Vec<Source>,
    /// Names of the select list with what they stand for.
    pub(crate) aliases: Vec<(String, Expr)>,
    /// Whether those names may be used just now (HAVING, ORDER BY).
    pub(crate) use_aliases: bool,
    pub(crate) group: Option<Group>,
}

impl Scope {
    pub(crate) fn alias(&self, name: &str) -> Option<&Expr> {
        self.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|(_, expr)| expr)
    }

    /// The column of that name, if its source is known: declared name, type and source.
    pub(crate) fn find(&self, qualifier: Option<&str>, name: &str) -> Option<(String, Ty, &Source)> {
        for source in &self.sources {
            if qualifier.is_some_and(|wanted| !source.name.eq_ignore_ascii_case(wanted)) {
                continue;
            }
            let columns = source.columns.as_deref().unwrap_or_default();
            if let Some((declared, ty)) = columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)) {
                let mut ty = ty.clone();
                ty.nullable |= source.outer;
                return Some((declared.clone(), ty, source));
            }
        }
        None
    }

    /// Whether every source's columns are known.
    pub(crate) fn is_known(&self) -> bool {
        self.sources.iter().all(|source| source.columns.is_some())
    }
}

/// Whether two expressions of the source are the same, a column's missing qualifier aside.
pub(crate) fn same(left: &Expr, right: &Expr) -> bool {
    if let (Some((table, name)), Some((other, other_name))) = (column(left), column(right)) {
        let tables_agree = match (table, other) {
            (Some(table), Some(other)) => table.eq_ignore_ascii_case(other),
            _ => true,
        };
        return tables_agree && name.eq_ignore_ascii_case(other_name);
    }
    std::mem::discriminant(left) == std::mem::discriminant(right)
        && left.to_string().eq_ignore_ascii_case(&right.to_string())
}

/// The qualifier and name of a plain column.
pub(crate) fn column(expr: &Expr) -> Option<(Option<&str>, &str)> {
    match expr {
        Expr::Identifier(ident) => Some((None, &ident.value)),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, name] => Some((Some(&table.value), &name.value)),
            _ => None,
        },
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}
