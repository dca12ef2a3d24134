//! Values of `numeric` in PostgreSQL's binary form: groups of four digits, nothing rounded.

use super::encode::Refusal;
use crate::decimal;

/// Whether the text is an infinity, and whether the negative one.
pub(super) fn infinity(text: &str) -> Option<bool> {
    let text = text.trim();
    let (negative, word) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    (word.eq_ignore_ascii_case("infinity") || word.eq_ignore_ascii_case("inf")).then_some(negative)
}

/// A decimal of that scale, as it is or not at all.
pub(super) fn put_numeric(out: &mut Vec<u8>, value: i128, scale: i8, limit: Option<(i32, i32)>) -> Result<(), Refusal> {
    let magnitude = value.unsigned_abs();
    let pad = (4 - i32::from(scale).rem_euclid(4)) % 4;
    let fits = u64::try_from(magnitude).ok().and_then(|magnitude| magnitude.checked_mul(10u64.pow(pad.unsigned_abs())));
    let plain = scale >= 0
        && limit.is_none_or(|(precision, target)| {
            // Cheap proof that nothing is rounded or too large; all else takes the way over text.
            i32::from(scale) <= target && precision - target >= 19
        });
    let (Some(mut left), true) = (fits, plain || limit.is_none() && scale >= 0 || fits_limit(magnitude, scale, limit))
    else {
        let mut text = String::with_capacity(44);
        decimal::write(&mut text, value, scale);
        return put_numeric_text(out, &text, limit);
    };
    let mut groups = [0u16; 6];
    let mut count = 0;
    while left > 0 {
        groups[count] = (left % 10_000) as u16;
        left /= 10_000;
        count += 1;
    }
    let fraction_groups = (i32::from(scale) + pad) / 4;
    let weight = count as i32 - fraction_groups - 1;
    // Groups of zeros at the end are not sent.
    let zeros = groups[..count].iter().take_while(|group| **group == 0).count();
    put_groups(out, groups[zeros..count].iter().rev().copied(), count - zeros, weight, value < 0, i32::from(scale));
    Ok(())
}

/// Whether a decimal of this scale fits into `numeric(precision, target)` as it is.
fn fits_limit(magnitude: u128, scale: i8, limit: Option<(i32, i32)>) -> bool {
    let Some((precision, target)) = limit else { return scale >= 0 };
    let whole = precision - target + i32::from(scale);
    scale >= 0
        && i32::from(scale) <= target
        && (0..=38).contains(&whole)
        && magnitude < 10u128.pow(whole.unsigned_abs())
}

fn put_groups(
    out: &mut Vec<u8>,
    groups: impl Iterator<Item = u16>,
    count: usize,
    weight: i32,
    negative: bool,
    scale: i32,
) {
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.extend_from_slice(&(if count == 0 { 0 } else { weight as i16 }).to_be_bytes());
    out.extend_from_slice(&(if negative && count > 0 { 0x4000u16 } else { 0 }).to_be_bytes());
    out.extend_from_slice(&(scale as u16).to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// A number as text, `NaN` and the infinities among them, as it is or not at all.
pub(super) fn put_numeric_text(out: &mut Vec<u8>, text: &str, limit: Option<(i32, i32)>) -> Result<(), Refusal> {
    let special = match infinity(text) {
        Some(_) if limit.is_some() => return Err("a numeric with a precision holds no infinity"),
        Some(negative) => Some(if negative { 0xf000u16 } else { 0xd000 }),
        None => text.eq_ignore_ascii_case("nan").then_some(0xc000),
    };
    if let Some(sign) = special {
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        return Ok(());
    }
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err("it is no decimal number");
    }
    let whole = whole.trim_start_matches('0');
    if let Some((precision, target)) = limit {
        let needed = fraction.trim_end_matches('0').len() as i32;
        let too_fine = needed > target.max(0)
            || target < 0
                && !whole.is_empty()
                && whole.len() - whole.trim_end_matches('0').len() < target.unsigned_abs() as usize;
        if too_fine {
            return Err("it has more decimals than the column");
        }
        if whole.len() as i32 > precision - target {
            return Err("it has more digits than the column");
        }
    }
    if whole.len() > 131_072 || fraction.len() > 16_383 {
        return Err("it has more digits than PostgreSQL keeps");
    }
    // Both parts in whole groups of four digits: zeros in front of the one and behind the other.
    let mut digits = String::with_capacity(whole.len() + fraction.len() + 8);
    digits.extend(std::iter::repeat_n('0', (4 - whole.len() % 4) % 4));
    digits.push_str(whole);
    let whole_groups = digits.len() / 4;
    digits.push_str(fraction);
    digits.extend(std::iter::repeat_n('0', (4 - fraction.len() % 4) % 4));
    let groups: Vec<u16> = digits
        .as_bytes()
        .chunks_exact(4)
        .map(|group| group.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
        .collect();
    let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |index| index + 1);
    let scale = match limit {
        Some((_, target)) => target.max(0),
        None => fraction.len() as i32,
    };
    let weight = whole_groups as i32 - first as i32 - 1;
    put_groups(out, groups[first..last].iter().copied(), last - first, weight, negative, scale);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_are_the_same_over_integers_and_over_text() {
        for (value, scale) in [
            (0, 0),
            (1, 0),
            (-1250, 2),
            (99_999_999, 4),
            (1, 9),
            (123_456_789_012_345_678, 3),
            (10_000, 0),
            (i128::MAX / 10, 5),
        ] {
            let mut text = String::new();
            decimal::write(&mut text, value, scale);
            let (mut quick, mut slow) = (Vec::new(), Vec::new());
            assert_eq!(put_numeric(&mut quick, value, scale, None), Ok(()));
            assert_eq!(put_numeric_text(&mut slow, &text, None), Ok(()));
            assert_eq!(quick, slow, "{text}");
        }
    }

    #[test]
    fn nothing_is_rounded() {
        let check = |text: &str, limit: (i32, i32), fits: bool| {
            assert_eq!(put_numeric_text(&mut Vec::new(), text, Some(limit)).is_ok(), fits, "{text} in {limit:?}");
        };
        check("1.23", (5, 2), true);
        check("1.230", (5, 2), true);
        check("1.234", (5, 2), false);
        check("1000", (5, 2), false);
        check("1200", (3, -2), true);
        check("1250", (3, -2), false);
        check("NaN", (3, 0), true);
        check("-Infinity", (3, 0), false);
    }
}
