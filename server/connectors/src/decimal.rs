//! Decimals as text and back, exactly: a digit that does not fit is an error, never rounded away.

use arrow::datatypes::i256;
use std::fmt::Write as _;

/// Reads `-12.50` as its unscaled value at `scale`, or `None` where it is no number or has more digits than that.
pub(crate) fn parse(text: &str, precision: u8, scale: i8) -> Option<i256> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let scale = i32::from(scale);
    let mut unscaled = String::with_capacity(80);
    unscaled.push_str(whole);
    unscaled.push_str(fraction);
    let shift = scale - i32::try_from(fraction.len()).ok()?;
    if shift < 0 {
        // Only a negative scale leaves digits over, and they must be zeros.
        let keep = unscaled.len().saturating_sub(usize::try_from(-shift).ok()?);
        if unscaled[keep..].bytes().any(|digit| digit != b'0') {
            return None;
        }
        unscaled.truncate(keep);
    } else if !unscaled.is_empty() {
        if unscaled.len() + shift as usize > 80 {
            return None;
        }
        unscaled.extend(std::iter::repeat_n('0', shift as usize));
    }
    let unscaled = unscaled.trim_start_matches('0');
    if unscaled.is_empty() {
        return Some(i256::ZERO);
    }
    if unscaled.len() > usize::from(precision) {
        return None;
    }
    let value = i256::from_string(unscaled)?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// Appends an unscaled value with its point: `-1250` at scale 2 is `-12.50`.
pub(crate) fn write(out: &mut String, unscaled: impl std::fmt::Display, scale: i8) {
    let start = out.len();
    // Writing to a string cannot fail.
    let _ = write!(out, "{unscaled}");
    if scale <= 0 {
        let is_zero = &out[start..] == "0";
        out.extend(std::iter::repeat_n('0', if is_zero { 0 } else { usize::from(scale.unsigned_abs()) }));
        return;
    }
    let scale = scale as usize;
    let digits_at = start + usize::from(out[start..].starts_with('-'));
    let digits = out.len() - digits_at;
    if digits <= scale {
        out.insert_str(digits_at, &"0".repeat(scale + 1 - digits));
    }
    out.insert(out.len() - scale, '.');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_survive_text() {
        let check = |unscaled: i128, scale: i8, text: &str| {
            let mut written = String::from("x");
            write(&mut written, unscaled, scale);
            assert_eq!(&written[1..], text);
            assert_eq!(parse(text, 38, scale), Some(i256::from_i128(unscaled)), "{text}");
        };
        check(-1250, 2, "-12.50");
        check(5, 3, "0.005");
        check(-5, 3, "-0.005");
        check(0, 2, "0.00");
        check(7, 0, "7");
        check(7, -2, "700");
        check(99_999_999_999_999_999_999_999_999_999_999_999_999, 38, "0.99999999999999999999999999999999999999");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for wrong in ["", "-", ".", "1e5", "NaN", "1.234", "100.00", "１"] {
            assert_eq!(parse(wrong, 4, 2), None, "{wrong}");
        }
        assert_eq!(parse("00012.3400", 4, 2), Some(i256::from_i128(1234)));
        assert_eq!(parse("50", 4, -2), None);
    }
}
