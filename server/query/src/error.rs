//! Turns DataFusion's errors into the one shape, with its internal words left out.

use data::Error;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use model::ErrorCode;

/// A fault of the SQL text itself.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::permanent(ErrorCode::InvalidSql, message)
}

/// What planning `sql` met; `columns` are the names it may use.
pub(crate) fn from_planning(error: &DataFusionError, sql: &str, columns: &[&str]) -> Error {
    if let DataFusionError::SchemaError(schema, _) = error.find_root() {
        return match schema.as_ref() {
            SchemaError::FieldNotFound { field, .. } => unknown_column(&field.name, "", columns),
            SchemaError::AmbiguousReference { field } => {
                invalid(format!("`{}` names more than one column", field.name))
                    .hint("Put the table's name and a period before it.")
            }
            SchemaError::DuplicateUnqualifiedField { name } | SchemaError::DuplicateQualifiedField { name, .. } => {
                invalid(format!("two result columns are called `{name}`")).hint("Rename one of them with `as`.")
            }
        };
    }
    let text = plain(error);
    let (message, hint) = match text.split_once("Did you mean") {
        Some((before, near)) => {
            let near = near.trim().trim_end_matches('?').trim_matches('\'');
            (before.trim().to_owned(), Some(format!("Did you mean `{near}`?")))
        }
        None => (text, None),
    };
    let error = invalid(format!("`{}` cannot be used: {}", shorten(sql), first_lower(message.trim_end_matches('.'))));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What evaluating `sql` over rows met: a division by zero, a text that is no number, too little memory.
pub(crate) fn from_evaluation(error: &DataFusionError, sql: &str) -> Error {
    let root = error.find_root();
    if let DataFusionError::External(inner) = root
        && let Some(known) = inner.downcast_ref::<Error>()
    {
        return known.clone();
    }
    let text = first_lower(plain(root).trim_end_matches('.'));
    match root {
        DataFusionError::ResourcesExhausted(_) => Error::permanent(
            ErrorCode::Unsupported,
            format!("`{}` needs more memory than a query may use", shorten(sql)),
        )
        .hint("Group, sort or join fewer rows, or let the database do it in a `sql` or `fetch` step."),
        DataFusionError::IoError(_) => {
            Error::transient(ErrorCode::DiskFailed, format!("`{}` could not use the disk: {text}", shorten(sql)))
        }
        _ => Error::permanent(ErrorCode::ValueRefused, format!("`{}` failed: {text}", shorten(sql))),
    }
}

/// A column that is not there, with the nearest name that is.
pub(crate) fn unknown_column(name: &str, place: &str, columns: &[&str]) -> Error {
    let error = invalid(format!("there is no column `{}`{place}", shorten(name)));
    let near = columns
        .iter()
        .map(|column| (strsim::jaro_winkler(&column.to_lowercase(), &name.to_lowercase()), column))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match near {
        Some((_, column)) => error.hint(format!("Did you mean `{column}`?")),
        None if columns.is_empty() => error.hint("The rows have no columns."),
        None => {
            let mut list = columns.iter().take(20).map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
            if columns.len() > 20 {
                list.push_str(", …");
            }
            error.hint(format!("The columns are {list}."))
        }
    }
}

/// The text, cut to a length that fits a message.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

fn plain(error: &DataFusionError) -> String {
    let mut text = error.message().to_string();
    // What follows is a stack trace or an invitation to report a bug to another project.
    for cut in ["\n\nbacktrace:", "This was likely caused by a bug", "This issue was likely caused by a bug"] {
        if let Some(at) = text.find(cut) {
            text.truncate(at);
        }
    }
    text.replace('\n', " ").trim().to_owned()
}

fn first_lower(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        // `SQL` and other words of capitals stay as they are.
        (Some(first), Some(second)) if first.is_uppercase() && second.is_uppercase() => text.to_owned(),
        (Some(first), _) => first.to_lowercase().chain(chars).collect(),
        _ => String::new(),
    }
}
