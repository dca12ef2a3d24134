//! Errors that every database connector words alike.

use crate::name::TableName;
use data::{Error, RefusedRow, WriteOptions};
use model::ErrorCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The table is not there.
pub(crate) fn table_not_found<'a>(table: &str, others: impl IntoIterator<Item = &'a str>) -> Error {
    let error = Error::permanent(ErrorCode::TableNotFound, format!("table `{table}` does not exist"));
    match model::nearest(&TableName::parse(table).table, others) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint("Check the name, its case and its schema."),
    }
}

/// The table has no such column.
pub(crate) fn column_not_found<'a>(column: &str, table: &str, others: impl IntoIterator<Item = &'a str>) -> Error {
    let error = Error::permanent(ErrorCode::ColumnNotFound, format!("table `{table}` has no column `{column}`"));
    match model::nearest(column, others) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint(format!("Add the column to `{table}`, or select other columns before the write.")),
    }
}

/// Refuses `options` of a write where the system has none, rather than leaving them out without a word.
pub(crate) fn no_write_options(system: &str, options: &WriteOptions) -> data::Result<()> {
    let Some(name) = options.extra.keys().next() else { return Ok(()) };
    Err(Error::permanent(ErrorCode::UnknownKey, format!("a write into {system} has no option `{name}`"))
        .hint("Leave `options` out: only Redis and TDengine have some."))
}

/// The key is no unique key of the table.
pub(crate) fn key_not_unique(key: &[String], table: &str) -> Error {
    let columns = key.join("`, `");
    Error::permanent(ErrorCode::InvalidValue, format!("table `{table}` has no unique key on `{columns}`"))
        .hint("Name the columns of its primary key or of a unique index, or create such an index.")
}

/// The mode needs a key and none is named.
pub(crate) fn key_missing(table: &str) -> Error {
    Error::permanent(ErrorCode::MissingKey, format!("writing to `{table}` in this mode needs a key"))
        .hint("Name the columns that tell rows apart in `key`.")
}

/// A type no column of the system can hold.
pub(crate) fn type_refused(column: &str, data_type: &arrow::datatypes::DataType, system: &str) -> Error {
    Error::permanent(
        ErrorCode::ValueRefused,
        format!("column `{column}` has type {data_type}, which {system} cannot hold"),
    )
    .hint("Convert it to text or split it into columns in a transform before the write.")
}

/// Another attempt has claimed the line of the ledger.
pub(crate) fn lease_lost(task: &str, lane: &data::Lane) -> Error {
    Error::permanent(
        ErrorCode::LeaseLost,
        format!("a later attempt of `{task}` writes lane `{lane}`; this one may not go on"),
    )
}

/// Why one value of a batch cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Culprit {
    /// Index of the row within the batch.
    pub(crate) row: usize,
    /// Why, naming column and value.
    pub(crate) reason: String,
}

impl Culprit {
    /// The value of `column` in `row` does not fit.
    pub(crate) fn new(row: usize, column: &str, value: &str, why: &str) -> Self {
        Self { row, reason: format!("column `{column}` cannot hold `{}`: {why}", shortened(value)) }
    }

    /// The culprit as the error of the whole write.
    pub(crate) fn into_error(self, table: &str) -> Error {
        let message = format!("row {} of the batch for `{table}`: {}", self.row + 1, self.reason);
        Error::permanent(ErrorCode::ValueRefused, message)
            .hint("Correct the value before the write, or let the step keep refused rows.")
    }
}

impl From<Culprit> for RefusedRow {
    fn from(culprit: Culprit) -> Self {
        Self { row: culprit.row, reason: culprit.reason }
    }
}

/// At most 80 characters of a value, for a message.
pub(crate) fn shortened(value: &str) -> String {
    match value.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// A connection's settings as `T`.
///
/// # Errors
/// `unknown_key` or `invalid_value`, which name the setting and never show its value.
pub(crate) fn read_settings<T: DeserializeOwned>(system: &str, settings: &Value) -> data::Result<T> {
    T::deserialize(settings).map_err(|error| {
        let misfit = model::misfit(&error.to_string());
        let code = if misfit.is_unknown_name { ErrorCode::UnknownKey } else { ErrorCode::InvalidValue };
        // serde does not say of which member it speaks: it is the one without which it says something else.
        let says_else = |name: &&String| {
            let mut rest = settings.as_object().cloned().unwrap_or_default();
            rest.remove(*name);
            T::deserialize(&Value::Object(rest)).map_or_else(|other| other.to_string(), |_| String::new())
                != error.to_string()
        };
        let culprit = settings.as_object().and_then(|members| members.keys().find(says_else));
        let place = match culprit {
            Some(name) if !misfit.is_unknown_name => format!(", `{name}`"),
            _ => String::new(),
        };
        let told = Error::permanent(code, format!("settings of the {system} connection{place}: {}", misfit.message));
        match misfit.hint {
            Some(hint) => told.hint(hint),
            None => told,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn check(settings: Value, code: ErrorCode, parts: &[&str]) {
        let gate = crate::Gate::with_private();
        let error = crate::open(data::System::Postgres, &settings, None, &gate).err().unwrap();
        let told = format!("{error} {}", error.fault.hint.as_deref().unwrap_or_default());
        assert_eq!(error.code(), code, "{told}");
        assert!(parts.iter().all(|part| told.contains(part)) && !told.contains("canary"), "{told}");
    }

    #[test]
    fn a_wrong_setting_is_named_in_words_people_know() {
        check(json!({ "slmode": "require" }), ErrorCode::UnknownKey, &["no `slmode`", "Did you mean `sslmode`?"]);
        check(
            json!({ "host": "h", "port": "canary" }),
            ErrorCode::InvalidValue,
            &["`port`: text stands where a whole number"],
        );
        check(
            json!({ "host": 5, "port": 5 }),
            ErrorCode::InvalidValue,
            &["`host`: a number stands where text belongs"],
        );
        check(json!({ "pool_size": -1 }), ErrorCode::InvalidValue, &["`pool_size`"]);
        check(json!({ "sslmode": "requir" }), ErrorCode::InvalidValue, &["`sslmode`", "Did you mean `require`?"]);
    }
}
