//! What a plain scalar means: YAML 1.2's core schema, with what is ambiguous or lossy refused.

use super::Content;
use serde_json::Number;

/// A plain scalar that is refused: what is wrong, and what to write.
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

const QUOTE_IT: &str = "Put it between quotes if it is text.";

/// The content that the plain scalar `text` spells.
pub(super) fn resolve(text: &str) -> Result<Content, Refused> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    let looks_numeric = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    if looks_numeric && let Some(number) = number(text)? {
        return Ok(Content::Number(number));
    }
    Ok(Content::Text(text.to_owned()))
}

fn number(text: &str) -> Result<Option<Number>, Refused> {
    let refuse = |why: &str| Err(Refused { message: format!("`{}` {why}", shorten(text)), hint: QUOTE_IT });
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return refuse("is not a finite number");
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let Some(digits) = unsigned.strip_prefix(prefix) else { continue };
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Ok(None);
        }
        return match i64::from_str_radix(digits, radix) {
            Ok(number) => Ok(Some(if text.starts_with('-') { -number } else { number }.into())),
            Err(_) => refuse("does not fit into 64 bits"),
        };
    }
    let mut mantissa = unsigned;
    if let Some((before, exponent)) = unsigned.split_once(['e', 'E']) {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        mantissa = before;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Ok(None);
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return refuse("could be a number or text: it begins with 0");
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = text.strip_prefix('+').unwrap_or(text);
        return match (digits.parse::<i64>(), digits.parse::<u64>()) {
            (Ok(number), _) => Ok(Some(number.into())),
            (_, Ok(number)) => Ok(Some(number.into())),
            _ => refuse("does not fit into 64 bits"),
        };
    }
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) => Ok(Some(number)),
        None => refuse("does not fit into 64 bits"),
    }
}

/// At most 40 characters of the text, for messages.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
