//! The dialects, and how each is parsed.
//!
//! MySQL's parser needs three corrections of `sqlparser`'s own: `||` binds like OR, DIV like `*`, and INTERVAL knows
//! units of two parts (`HOUR_MINUTE`).

use sqlparser::ast::{DateTimeField, Expr, Ident, Interval, ObjectName, Statement};
use sqlparser::dialect::{self, Dialect as Syntax, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// A dialect of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// MySQL 8.
    Mysql,
    /// MariaDB 10.6 and later.
    Mariadb,
    /// PostgreSQL 15 and later.
    Postgres,
    /// Snowflake.
    Snowflake,
    /// SQLite 3.40 and later.
    Sqlite,
    /// TDengine 3.3.
    Tdengine,
}

/// Dialects that share most of their rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    My,
    Pg,
    Sf,
    Lite,
    Td,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Mysql, Self::Mariadb, Self::Postgres, Self::Snowflake, Self::Sqlite, Self::Tdengine];

    /// Finds a dialect by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let also = match name.as_str() {
            "postgresql" | "pg" | "timescaledb" => Some(Self::Postgres),
            "sqlite3" => Some(Self::Sqlite),
            _ => None,
        };
        also.or_else(|| Self::ALL.into_iter().find(|dialect| dialect.name() == name))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Postgres => "postgres",
            Self::Snowflake => "snowflake",
            Self::Sqlite => "sqlite",
            Self::Tdengine => "tdengine",
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::Mysql | Self::Mariadb => Family::My,
            Self::Postgres => Family::Pg,
            Self::Snowflake => Family::Sf,
            Self::Sqlite => Family::Lite,
            Self::Tdengine => Family::Td,
        }
    }

    /// The parser's rules.
    pub(crate) fn syntax(self) -> &'static dyn Syntax {
        match self {
            Self::Mysql | Self::Mariadb | Self::Tdengine => &MySyntax,
            Self::Postgres => &dialect::PostgreSqlDialect {},
            Self::Snowflake => &dialect::SnowflakeDialect,
            Self::Sqlite => &dialect::SQLiteDialect {},
        }
    }
}

impl Family {
    /// Whether comparisons are numbers here, and there is no type of truth values.
    pub(crate) fn truth_is_number(self) -> bool {
        matches!(self, Self::My | Self::Lite)
    }

    /// Whether a backslash in a plain string literal is an escape.
    pub(crate) fn backslash_escapes(self) -> bool {
        matches!(self, Self::My | Self::Sf | Self::Td)
    }
}

const INNER: dialect::MySqlDialect = dialect::MySqlDialect {};

/// MySQL's syntax with our corrections.
#[derive(Debug)]
struct MySyntax;

macro_rules! as_mysql {
    ($($name:ident),+ $(,)?) => { $(fn $name(&self) -> bool { INNER.$name() })+ };
}

impl Syntax for MySyntax {
    fn dialect(&self) -> TypeId {
        TypeId::of::<dialect::MySqlDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        INNER.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        INNER.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        INNER.is_delimited_identifier_start(ch)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        INNER.identifier_quote_style(identifier)
    }

    as_mysql!(
        supports_string_literal_backslash_escape,
        supports_string_literal_concatenation,
        ignores_wildcard_escapes,
        supports_numeric_prefix,
        supports_bitwise_shift_operators,
        supports_multiline_comment_hints,
        require_interval_qualifier,
        supports_limit_comma,
        supports_create_table_select,
        supports_insert_set,
        supports_user_host_grantee,
        supports_table_hints,
        requires_single_line_comment_whitespace,
        supports_match_against,
        supports_select_modifiers,
        supports_set_names,
        supports_comma_separated_set_assignments,
        supports_update_order_by,
        supports_data_type_signed_suffix,
        supports_cross_join_constraint,
        supports_double_ampersand_operator,
        supports_binary_kw_as_cast,
        supports_constraint_keyword_without_name,
        supports_key_column_option,
    );

    fn supports_bang_not_operator(&self) -> bool {
        true
    }

    // MySQL writes GROUP BY ... WITH ROLLUP.
    fn supports_group_by_with_modifier(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        false
    }

    fn is_table_factor_alias(&self, explicit: bool, kw: &Keyword, parser: &mut Parser<'_>) -> bool {
        INNER.is_table_factor_alias(explicit, kw, parser)
    }

    fn parse_statement(&self, parser: &mut Parser<'_>) -> Option<Result<Statement, ParserError>> {
        INNER.parse_statement(parser)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match &parser.peek_token_ref().token {
            Token::StringConcat => Some(Ok(self.prec_value(Precedence::Or))),
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("mod") => {
                // After an expression it is the operator only where an operand follows; else it is an alias.
                let operand = match &parser.peek_nth_token_ref(1).token {
                    Token::Number(..) | Token::LParen => true,
                    Token::Word(next) => next.keyword == Keyword::NoKeyword,
                    _ => false,
                };
                operand.then(|| Ok(self.prec_value(Precedence::MulDivModOp)))
            }
            _ => None,
        }
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        if word.keyword == Keyword::BINARY && word.quote_style.is_none() {
            // The operator binds tightly, and makes its operand compare by bytes.
            let _ = parser.next_token();
            let operand = parser.parse_subexpr(self.prec_value(Precedence::DoubleColon));
            let collation = ObjectName::from(vec![Ident::new("utf8mb4_bin")]);
            return Some(operand.map(|expr| Expr::Collate { expr: Box::new(expr), collation }));
        }
        if word.keyword != Keyword::INTERVAL {
            return None;
        }
        // Only a literal can stand before a unit of two parts.
        let literal = matches!(
            parser.peek_nth_token_ref(1).token,
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::Number(..)
        );
        let unit = match &parser.peek_nth_token_ref(2).token {
            Token::Word(word) if literal && word.value.contains('_') => word.value.to_ascii_uppercase(),
            _ => return None,
        };
        let _ = parser.next_token();
        let value = parser.parse_value();
        let _ = parser.next_token();
        Some(value.map(|value| {
            Expr::Interval(Interval {
                value: Box::new(Expr::Value(value)),
                leading_field: Some(DateTimeField::Custom(Ident::new(unit))),
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            })
        }))
    }

    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        use sqlparser::ast::BinaryOperator;
        let op = match &parser.peek_token_ref().token {
            Token::Word(word) if word.keyword == Keyword::DIV => BinaryOperator::MyIntegerDivide,
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("mod") => {
                BinaryOperator::Modulo
            }
            _ => return None,
        };
        let _ = parser.next_token();
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(right) }))
    }
}
