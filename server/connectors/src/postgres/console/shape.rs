//! The columns of an answer, and how those without an Arrow peer come as text.
//!
//! The statement is put into another one that casts such columns, by the server's own spelling. The statement itself has
//! been prepared alone before, so that nothing in it can reach beyond the parentheses it is put into.

use crate::civil;
use crate::postgres::decode::{EPOCH_DAYS, EPOCH_MICROS};
use crate::postgres::error::mapped;
use crate::postgres::types::{Kind, Sort, kind};
use arrow::datatypes::{Field, Schema, SchemaRef};
use data::{Error, Result};
use model::ErrorCode;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::sync::Arc;
use tokio_postgres::{Statement, Transaction};

/// Years 1 to 9999, which every reader of dates knows.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// The columns of an answer.
#[derive(Debug)]
pub(super) struct Shape {
    columns: Vec<ShapeColumn>,
}

#[derive(Debug)]
struct ShapeColumn {
    name: String,
    kind: Kind,
    oid: u32,
    modifier: i32,
    /// Its values come as the server's text, whatever its kind.
    as_text: bool,
}

impl Shape {
    pub(super) fn of(statement: &Statement) -> Self {
        let column = |column: &tokio_postgres::Column| {
            let sort = match column.type_().kind() {
                tokio_postgres::types::Kind::Enum(_) => Sort::Enum,
                tokio_postgres::types::Kind::Array(_) => Sort::Array,
                _ => Sort::Plain,
            };
            let (oid, modifier) = (column.type_().oid(), column.type_modifier());
            ShapeColumn {
                name: column.name().to_owned(),
                kind: kind(oid, modifier, sort),
                oid,
                modifier,
                as_text: false,
            }
        };
        Self { columns: statement.columns().iter().map(column).collect() }
    }

    pub(super) fn name(&self, column: usize) -> &str {
        &self.columns[column].name
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| if column.as_text { Kind::Text } else { column.kind }).collect()
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let kinds = self.kinds().into_iter().zip(&self.columns);
        let fields: Vec<Field> = kinds.map(|(kind, column)| Field::new(&column.name, kind.data_type(), true)).collect();
        Arc::new(Schema::new(fields))
    }

    pub(super) fn is_text(&self, column: usize) -> bool {
        self.columns[column].as_text
    }

    pub(super) fn make_text(&mut self, column: usize) {
        self.columns[column].as_text = true;
    }

    /// The statement within one that casts columns, or `None` where none needs it.
    pub(super) async fn wrapped(&self, transaction: &Transaction<'_>, sql: &str) -> Result<Option<Statement>> {
        let needs = |column: &ShapeColumn| column.as_text || column.kind.selected("c") != "c";
        let Some(odd) = self.columns.iter().find(|column| needs(column)) else { return Ok(None) };
        let selected: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| match column.as_text {
                true => format!("q.c{at}::text"),
                false => column.kind.selected(&format!("q.c{at}")),
            })
            .collect();
        let (selected, names) =
            (selected.join(", "), (0..self.columns.len()).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", "));
        let inner = without_end(sql);
        let forms = [
            format!("SELECT {selected} FROM (\n{inner}\n) AS q({names})"),
            // What changes rows and returns them may stand in WITH only.
            format!("WITH q({names}) AS (\n{inner}\n) SELECT {selected} FROM q"),
        ];
        for form in forms {
            transaction.batch_execute("SAVEPOINT shape").await.map_err(|error| mapped(&error))?;
            if let Ok(statement) = transaction.prepare(&form).await {
                return Ok(Some(statement));
            }
            transaction.batch_execute("ROLLBACK TO SAVEPOINT shape").await.map_err(|error| mapped(&error))?;
        }
        Err(Error::permanent(
            ErrorCode::Unsupported,
            format!("column `{}` of this statement has a type that cannot be shown", odd.name),
        )
        .hint("Cast the column to text in the statement."))
    }

    /// The types of the columns as the server spells them.
    pub(super) async fn native_types(&self, transaction: &Transaction<'_>) -> Result<Vec<String>> {
        let oids: Vec<u32> = self.columns.iter().map(|column| column.oid).collect();
        let modifiers: Vec<i32> = self.columns.iter().map(|column| column.modifier).collect();
        let row = transaction
            .query_one(
                "SELECT array_agg(pg_catalog.format_type(o, m) ORDER BY n) \
                 FROM ROWS FROM (unnest($1::oid[]), unnest($2::int4[])) WITH ORDINALITY AS t(o, m, n)",
                &[&oids, &modifiers],
            )
            .await
            .map_err(|error| mapped(&error))?;
        Ok(row.get::<_, Option<Vec<String>>>(0).unwrap_or_default())
    }
}

/// Whether every reader of the answer can spell the value: dates and times within the years 1 to 9999.
pub(super) fn is_showable(kind: Kind, value: &[u8]) -> bool {
    match kind {
        Kind::Date => value
            .try_into()
            .is_ok_and(|bytes| DAYS.contains(&(i64::from(i32::from_be_bytes(bytes)) + i64::from(EPOCH_DAYS)))),
        Kind::Timestamp | Kind::Instant => value.try_into().is_ok_and(|bytes| {
            i64::from_be_bytes(bytes)
                .checked_add(EPOCH_MICROS)
                .is_some_and(|micros| DAYS.contains(&micros.div_euclid(civil::DAY)))
        }),
        _ => true,
    }
}

/// The statement up to the semicolon that ends it, where there is one.
fn without_end(sql: &str) -> &str {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location() else { return sql };
    let last = tokens.iter().rev().find(|token| !matches!(token.token, Token::Whitespace(_)));
    let Some(last) = last.filter(|last| last.token == Token::SemiColon) else { return sql };
    let (line, column) = (last.span.start.line, last.span.start.column);
    let mut at = (1, 1);
    for (index, char) in sql.char_indices() {
        if at == (line, column) {
            return &sql[..index];
        }
        at = if char == '\n' { (at.0 + 1, 1) } else { (at.0, at.1 + 1) };
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_semicolon_at_the_end_goes_and_those_within_stay() {
        assert_eq!(without_end("SELECT 1"), "SELECT 1");
        assert_eq!(without_end("SELECT ';' -- a;b\n ; -- done;"), "SELECT ';' -- a;b\n ");
        assert_eq!(without_end("SELECT 'ü;'\n/* ; */;"), "SELECT 'ü;'\n/* ; */");
    }
}
