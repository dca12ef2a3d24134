//! The server's errors: the low 16 bits of its codes, and its words.

/// A statement the server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// The code's low 16 bits.
    pub code: u16,
    /// The server's words.
    pub message: String,
}

pub(crate) type Result<T> = std::result::Result<T, SqlError>;

pub(crate) fn fail<T>(code: u16, message: impl Into<String>) -> Result<T> {
    Err(SqlError { code, message: message.into() })
}

pub(crate) fn syntax(near: &str) -> SqlError {
    let near: String = near.chars().take(40).collect();
    SqlError { code: 0x2600, message: format!("syntax error near \"{near}\"") }
}

pub(crate) fn no_database() -> SqlError {
    SqlError { code: 0x2616, message: "Database not specified".to_owned() }
}

pub(crate) fn unknown_database(name: &str) -> SqlError {
    SqlError { code: 0x0388, message: format!("Database not exist: {name}") }
}

pub(crate) fn unknown_table(name: &str) -> SqlError {
    SqlError { code: 0x2603, message: format!("Table does not exist: {name}") }
}

pub(crate) fn unknown_column(name: &str) -> SqlError {
    SqlError { code: 0x2602, message: format!("Invalid column name: {name}") }
}
