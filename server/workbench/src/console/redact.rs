//! What of a statement is kept in the history.

/// Characters of a statement kept at most.
const LONGEST: usize = 20_000;
/// Words beside which a string is likely a secret.
const TELLING: [&str; 6] = ["password", "identified", "secret", "credential", "token", "encrypted"];

/// The text without strings where it sets a password or the like, cut to what the history keeps.
pub(crate) fn kept(sql: &str) -> String {
    let lower = sql.to_ascii_lowercase();
    let text = if TELLING.iter().any(|word| lower.contains(word)) { without_strings(sql) } else { sql.to_owned() };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Every string becomes `'***'`. A doubled or escaped quote only splits a string in two; nothing of it is left over.
fn without_strings(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '$']) {
        let quote = rest[at..].chars().next().expect("something was found there");
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let mark = if quote == '$' {
            // `$tag$ … $tag$`; a lone `$1` is a placeholder.
            match after.find('$').filter(|end| after[..*end].chars().all(|c| c.is_alphanumeric() || c == '_')) {
                Some(end) if !after.starts_with(|c: char| c.is_ascii_digit()) => &rest[at..=at + 1 + end],
                _ => {
                    text.push('$');
                    rest = after;
                    continue;
                }
            }
        } else {
            &rest[at..=at]
        };
        let body = &rest[at + mark.len()..];
        text.push_str("'***'");
        rest = end_of(body, mark).map_or("", |end| &body[end..]);
    }
    text + rest
}

/// Where the string that `mark` opened ends; a quote after a backslash may or may not end it, so it does not.
fn end_of(body: &str, mark: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + body[from..].find(mark)?;
        let escaped = mark.len() == 1 && body[..at].ends_with('\\');
        let end = at + mark.len();
        if !escaped {
            return Some(end);
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_the_history() {
        for sql in [
            "ALTER USER ann PASSWORD 'hunter2'",
            "CREATE USER a IDENTIFIED BY \"hun''ter2\"",
            "ALTER ROLE a PASSWORD $x$hunter2$x$",
            "ALTER ROLE a PASSWORD E'a\\'hunter2'",
            "SET PASSWORD = 'hunter2",
        ] {
            let kept = kept(sql);
            assert!(!kept.contains("ter2") && kept.contains("***"), "{kept}");
        }
    }

    #[test]
    fn other_statements_are_kept_as_they_are() {
        for sql in ["SELECT 'a', $1 FROM t", "SELECT '股票'"] {
            assert_eq!(kept(sql), sql);
        }
        assert_eq!(kept(&"é".repeat(30_000)).chars().count(), LONGEST + 1);
    }
}
