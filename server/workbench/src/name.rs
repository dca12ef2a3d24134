//! Names of connections and channels.

use model::{ErrorCode, Fault};

/// Refuses a name that could be mistaken for another or for a path; `what` is the thing it would name.
///
/// # Errors
/// `invalid_value`.
pub fn require_name(what: &str, name: &str) -> Result<(), Fault> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(good) {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::InvalidValue, format!("`{}` cannot name a {what}", shorten(name)))
        .hint("Use lowercase letters, digits, `-` and `_`, at most 64."))
}

/// At most 80 characters of what somebody typed, without control characters.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}
