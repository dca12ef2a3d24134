//! Dates and times as ISO 8601 text and back, in whole days and microseconds; the proleptic Gregorian calendar.

/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Days since 1970-01-01 of a date, or `None` where there is no such day.
pub(crate) fn days(year: i64, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = *LENGTHS.get(month.checked_sub(1)? as usize)? + u32::from(leap && month == 2);
    if day == 0 || day > length {
        return None;
    }
    // Years are counted from March, so that the leap day is the last one.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// Year, month and day of a number of days since 1970-01-01.
fn date(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn put(out: &mut String, value: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (value / 10u32.pow(place) % 10) as u8));
    }
}

/// Appends `2024-01-31`; `false` (and nothing appended) outside the years 0000 to 9999.
pub(crate) fn write_date(out: &mut String, days: i64) -> bool {
    let (year, month, day) = date(days);
    let Some(year) = u32::try_from(year).ok().filter(|year| *year <= 9999) else { return false };
    put(out, year, 4);
    out.push('-');
    put(out, month, 2);
    out.push('-');
    put(out, day, 2);
    true
}

/// Appends `23:59:59` or `23:59:59.000001` for microseconds since midnight.
pub(crate) fn write_time(out: &mut String, micros: i64, always_fraction: bool) {
    let seconds = (micros / 1_000_000) as u32;
    put(out, seconds / 3600, 2);
    out.push(':');
    put(out, seconds / 60 % 60, 2);
    out.push(':');
    put(out, seconds % 60, 2);
    let fraction = (micros % 1_000_000) as u32;
    if fraction != 0 || always_fraction {
        out.push('.');
        put(out, fraction, 6);
    }
}

/// Appends `2024-01-31 23:59:59`; an instant gets six digits and a `Z`, so that its text sorts as its value does.
pub(crate) fn write_timestamp(out: &mut String, micros: i64, instant: bool) -> bool {
    if !write_date(out, micros.div_euclid(DAY)) {
        return false;
    }
    out.push(' ');
    write_time(out, micros.rem_euclid(DAY), instant);
    if instant {
        out.push('Z');
    }
    true
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0u32, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

/// Days since 1970-01-01 of `2024-01-31`.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    days(i64::from(digits(&bytes[..4])?), digits(&bytes[5..7])?, digits(&bytes[8..])?)
}

/// Microseconds since midnight of `23:59`, `23:59:59` or `23:59:59.000001`; finer digits must be zero.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || bytes[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&bytes[..2])?, digits(&bytes[3..5])?);
    let mut second = 0;
    let mut micros = 0;
    if bytes.len() > 5 {
        if bytes.len() < 8 || bytes[5] != b':' {
            return None;
        }
        second = digits(&bytes[6..8])?;
        if bytes.len() > 8 {
            let fraction = &bytes[9..];
            let finer = fraction.get(6..).unwrap_or_default();
            if bytes[8] != b'.' || fraction.is_empty() || finer.iter().any(|digit| *digit != b'0') {
                return None;
            }
            let kept = &fraction[..fraction.len().min(6)];
            micros = digits(kept)? * 10u32.pow(6 - kept.len() as u32);
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + i64::from(micros))
}

/// Microseconds since 1970-01-01 00:00 of `2024-01-31 23:59:59`, and whether a zone was named (then in UTC).
/// `T` may part date and time; a date alone is its midnight.
pub(crate) fn parse_timestamp(text: &str) -> Option<(i64, bool)> {
    let day = i64::from(parse_date(text.get(..10)?)?) * DAY;
    if text.len() == 10 {
        return Some((day, false));
    }
    if !matches!(text.as_bytes()[10], b' ' | b'T') {
        return None;
    }
    let rest = text.get(11..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-']);
    let (time, zone) = zone_at.map_or((rest, None), |at| (&rest[..at], Some(&rest[at..])));
    let micros = day + parse_time(time.trim_end())?;
    let Some(zone) = zone else { return Some((micros, false)) };
    if matches!(zone, "Z" | "z") {
        return Some((micros, true));
    }
    let bytes = zone.as_bytes();
    let hours = i64::from(digits(bytes.get(1..3)?)?);
    let minutes = match bytes.get(3..)? {
        [] => 0,
        [b':', minutes @ ..] | minutes if minutes.len() == 2 => i64::from(digits(minutes)?),
        _ => return None,
    };
    if hours > 15 || minutes > 59 {
        return None;
    }
    let offset = (hours * 60 + minutes) * 60_000_000;
    Some((if bytes[0] == b'-' { micros + offset } else { micros - offset }, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_text_from_year_zero_to_9999() {
        for day in (-719_528..=2_932_896).step_by(17).chain([-719_528, 0, 2_932_896]) {
            let mut text = String::new();
            assert!(write_date(&mut text, day));
            assert_eq!(parse_date(&text).map(i64::from), Some(day), "{text}");
        }
        assert!(!write_date(&mut String::new(), -719_529));
        assert!(!write_date(&mut String::new(), 2_932_897));
    }

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(parse_timestamp("1970-01-02T00:00:00.5+01:30"), Some((DAY + 500_000 - 5_400_000_000, true)));
        assert_eq!(parse_timestamp("1969-12-31 23:59:59.999999"), Some((-1, false)));
        assert_eq!(parse_timestamp("1970-01-01 00:00:00Z"), Some((0, true)));
        for wrong in [
            "2024-02-30",
            "2024-1-1",
            "2024-01-01 25:00:00",
            "2024-01-01 00:00:00.0000001",
            "now",
            "2024-01-01x",
            "2024-01-01 00:00+1",
        ] {
            assert_eq!(parse_timestamp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_instant_sorts_as_its_text() {
        let text = |micros| {
            let mut text = String::new();
            write_timestamp(&mut text, micros, true);
            text
        };
        assert!(text(0) < text(500_000) && text(500_000) < text(1_000_000));
        assert_eq!(text(-1), "1969-12-31 23:59:59.999999Z");
    }
}
