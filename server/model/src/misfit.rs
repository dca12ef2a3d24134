//! Says in people's words why a value does not fit, where serde speaks of `u16` and `struct`.
//!
//! [`misfit`] takes what serde said of a document whose shape is wrong. Values are left out: one may be a secret that stands in
//! the wrong place.

use crate::nearest;

/// Why a value does not fit, and where that can be said, what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// In a few words, lowercase, without a place.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// Whether a name stands there that nobody knows.
    pub is_unknown_name: bool,
}

/// What serde said, in people's words.
#[must_use]
pub fn misfit(said: &str) -> Misfit {
    let said = without_place(said);
    let plain = |message: String| Misfit { message, hint: None, is_unknown_name: false };
    if let Some((name, known)) = unknown(said, "unknown field ") {
        let hint = names_hint(name, &known);
        return Misfit { message: format!("there is no `{name}`"), hint, is_unknown_name: true };
    }
    if let Some((word, known)) = unknown(said, "unknown variant ") {
        let message = format!("the word `{word}` is not known there");
        return Misfit { hint: names_hint(word, &known), ..plain(message) };
    }
    if let Some(name) = said.strip_prefix("missing field ") {
        return plain(format!("{name} is missing"));
    }
    if let Some(name) = said.strip_prefix("duplicate field ") {
        return plain(format!("{name} stands there twice"));
    }
    let found = ["invalid type: ", "invalid value: ", "invalid length "].into_iter();
    let found =
        found.filter_map(|beginning| said.strip_prefix(beginning)).find_map(|rest| rest.rsplit_once(", expected "));
    match found {
        Some((found, wanted)) => plain(format!("{} stands where {} belongs", kind(found), wish(wanted))),
        None => plain(said.to_owned()),
    }
}

/// The text without ` at line 1 column 2`, which is told apart from it.
fn without_place(said: &str) -> &str {
    let Some((before, place)) = said.rsplit_once(" at line ") else { return said };
    let is_place = place.split(" column ").all(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_place { before } else { said }
}

/// The name nobody knows, and those that are known.
fn unknown<'a>(said: &'a str, beginning: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let (name, rest) = said.strip_prefix(beginning)?.strip_prefix('`')?.split_once('`')?;
    Some((name, rest.split('`').skip(1).step_by(2).collect()))
}

fn names_hint(name: &str, known: &[&str]) -> Option<String> {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("Did you mean `{near}`?"));
    }
    (!known.is_empty()).then(|| format!("Known are `{}`.", known.join("`, `")))
}

/// What was found, without its value.
fn kind(found: &str) -> &'static str {
    let words = [
        ("string", "text"),
        ("character", "text"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "`true` or `false`"),
        ("null", "null"),
        ("unit", "null"),
        ("map", "an object"),
        ("struct", "an object"),
        ("sequence", "a list"),
    ];
    let word = words.into_iter().find(|(word, _)| found.starts_with(word));
    // Without a word it is a length: that of a list in the place of an object.
    word.map_or_else(|| if found.parse::<u64>().is_ok() { "a list" } else { "something else" }, |(_, word)| word)
}

/// What was wanted.
fn wish(wanted: &str) -> String {
    let word = match wanted {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "a borrowed string" | "string or map" => "text",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => "an object",
        wanted if wanted.starts_with("struct ") || wanted.starts_with("internally tagged enum ") => "an object",
        wanted => wanted,
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, message: &str, hint: Option<&str>) {
        let misfit = misfit(said);
        assert_eq!((misfit.message.as_str(), misfit.hint.as_deref()), (message, hint), "{said}");
    }

    #[test]
    fn what_serde_says_is_said_in_words_people_know() {
        check(
            "invalid type: string \"canary, expected x\", expected u16 at line 1 column 45",
            "text stands where a whole number from 0 to 65535 belongs",
            None,
        );
        check(
            "invalid value: integer `-1`, expected usize",
            "a number stands where a whole number that is not negative belongs",
            None,
        );
        check("invalid type: map, expected a string", "an object stands where text belongs", None);
        check(
            "invalid length 0, expected struct NewDatabase with 8 elements at line 1 column 2",
            "a list stands where an object belongs",
            None,
        );
        check("missing field `sql` at line 1 column 17", "`sql` is missing", None);
        check("duplicate field `sql`", "`sql` stands there twice", None);
        check(
            "unknown field `slmode`, expected one of `host`, `sslmode`",
            "there is no `slmode`",
            Some("Did you mean `sslmode`?"),
        );
        check("unknown field `zzz`, expected `host` or `port`", "there is no `zzz`", Some("Known are `host`, `port`."));
        check(
            "unknown variant `xlsx`, expected one of `csv`, `json`",
            "the word `xlsx` is not known there",
            Some("Known are `csv`, `json`."),
        );
        check("EOF while parsing a value at line 1 column 0", "EOF while parsing a value", None);
    }
}
