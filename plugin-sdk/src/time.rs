//! Days and moments as text, and back: the proleptic Gregorian calendar, without time zones.

/// Year, month and day of a day counted from 1970-01-01.
#[must_use]
pub fn civil(days: i64) -> (i64, u32, u32) {
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let narrow = |number: i64| u32::try_from(number).unwrap_or_default();
    (year + era * 400 + i64::from(month <= 2), narrow(month), narrow(day))
}

/// Days since 1970-01-01; none where there is no such day.
#[must_use]
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = i64::from((153 * month + 2) / 5 + day - 1);
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `2024-02-29`, or `20240229`, as days since 1970-01-01.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let (year, month, day) = match bytes.len() {
        10 if bytes[4] == b'-' && bytes[7] == b'-' => (&bytes[..4], &bytes[5..7], &bytes[8..]),
        8 => (&bytes[..4], &bytes[4..6], &bytes[6..]),
        _ => return None,
    };
    i32::try_from(days(digits(year)?, u32::try_from(digits(month)?).ok()?, u32::try_from(digits(day)?).ok()?)?).ok()
}

/// `2024-02-29T08:00:00`, also with a space for the `T`, a fraction, and `Z` or `+08:00` at the end, as microseconds
/// since 1970; what has no zone counts as UTC.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() == 10 {
        return i64::from(parse_date(text)?).checked_mul(86_400_000_000);
    }
    if bytes.len() < 19 || !matches!(bytes[10], b'T' | b' ') || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let date = parse_date(text.get(..10)?)?;
    let (hour, minute, second) = (digits(&bytes[11..13])?, digits(&bytes[14..16])?, digits(&bytes[17..19])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let kept = fraction.get(..length.min(6)).filter(|kept| !kept.is_empty())?;
        micros = digits(kept.as_bytes())? * 10_i64.pow(6 - u32::try_from(kept.len()).ok()?);
        rest = fraction.get(length..)?;
    }
    let shift = match rest.as_bytes() {
        b"" | b"Z" => 0,
        [sign @ (b'+' | b'-'), zone @ ..] if zone.len() == 5 && zone[2] == b':' => {
            let minutes = digits(&zone[..2])? * 60 + digits(&zone[3..])?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = i64::from(date) * 86_400 + hour * 3600 + minute * 60 + second - shift * 60;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// `2024-02-29` of days since 1970-01-01.
#[must_use]
pub fn date_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2024-02-29T08:00:00` of seconds since 1970, without a zone.
#[must_use]
pub fn moment_text(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    format!("{}T{:02}:{:02}:{:02}", date_text(days), rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2024-02-29T08:00:00Z` of seconds since 1970.
#[must_use]
pub fn timestamp(seconds: i64) -> String {
    format!("{}Z", moment_text(seconds))
}

/// A number of ASCII digits alone: signs, spaces and other scripts are none.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970_and_impossible_ones_are_none() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("20000229", Some(11_016)),
            ("2024-12-31", Some(20_088)),
            ("1900-02-29", None),
            ("2023-04-31", None),
            ("2023-13-01", None),
            ("2023-1-01", None),
            ("2023-01-1", None),
            ("+023-01-01", None),
            ("2023-01-01T", None),
            ("２023-1-1", None),
            ("2023/01/01", None),
        ] {
            assert_eq!(parse_date(text), expected, "{text}");
            if let Some(days) = expected.filter(|_| text.len() == 10) {
                assert_eq!(date_text(i64::from(days)), text);
            }
        }
    }

    #[test]
    fn timestamps_are_right_around_leap_days() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(timestamp(seconds), expected);
            assert_eq!(parse_timestamp(expected), Some(seconds * 1_000_000));
        }
    }

    #[test]
    fn moments_are_read_with_fractions_and_zones() {
        for (text, expected) in [
            ("2024-01-02 09:31:00", Some(1_704_187_860_000_000)),
            ("2024-01-02T09:31:00.5", Some(1_704_187_860_500_000)),
            ("2024-01-02T09:31:00.123456789Z", Some(1_704_187_860_123_456)),
            ("2024-01-02T17:31:00+08:00", Some(1_704_187_860_000_000)),
            ("2024-01-02T09:31:00-00:30", Some(1_704_189_660_000_000)),
            ("2024-01-02", Some(1_704_153_600_000_000)),
            ("2024-01-02T24:00:00", None),
            ("2024-01-02T09:31:00.", None),
            ("2024-01-02T09:31:00 CST", None),
            ("2024-01-02T09:31", None),
            ("ü24-01-02T09:31:00", None),
        ] {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
    }
}
