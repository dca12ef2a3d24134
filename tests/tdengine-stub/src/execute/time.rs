//! Points in time as text and back, in UTC.

use crate::value::Precision;

fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `2024-01-02`, `2024-01-02 03:04:05.678` or the same with `T` and `Z`.
pub(crate) fn parse(text: &str, precision: Precision) -> Option<i64> {
    let text = text.trim_end_matches('Z');
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let date: Vec<i64> = date.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [year, month, day] = date[..] else { return None };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let clock: Vec<i64> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hour, minute, second] = clock[..] else { return None };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let digits = precision.per_second().ilog10() as usize;
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(digits).collect();
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * precision.per_second() + fraction.parse::<i64>().ok()?)
}

/// `2024-01-02T03:04:05.678Z`, with as many digits as the precision has.
pub(crate) fn rfc3339(at: i64, precision: Precision) -> String {
    let per_second = precision.per_second();
    let (seconds, fraction) = (at.div_euclid(per_second), at.rem_euclid(per_second));
    let (day, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let width = per_second.ilog10() as usize;
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{fraction:0width$}Z",
        clock / 3_600,
        clock / 60 % 60,
        clock % 60
    )
}

/// Units of a duration such as `1d`; months and years have no fixed length.
pub(crate) fn duration(count: i64, unit: char, precision: Precision) -> Option<i64> {
    let nanos = match unit {
        'b' => 1,
        'u' => 1_000,
        'a' => 1_000_000,
        's' => 1_000_000_000,
        'm' => 60_000_000_000,
        'h' => 3_600_000_000_000,
        'd' => 86_400_000_000_000,
        'w' => 604_800_000_000_000i64,
        _ => return None,
    };
    let total = i128::from(count) * i128::from(nanos) * i128::from(precision.per_second()) / 1_000_000_000;
    i64::try_from(total).ok()
}

pub(crate) fn now(precision: Precision) -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (since.as_nanos() * precision.per_second() as u128 / 1_000_000_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_are_the_same_time() {
        for text in ["2024-01-02T02:00:00.123Z", "1969-12-31T23:59:59.999Z", "2000-02-29T00:00:00.000Z"] {
            assert_eq!(rfc3339(parse(text, Precision::Milli).unwrap_or_default(), Precision::Milli), text);
        }
        assert_eq!(parse("2024-01-02 02:00:00", Precision::Nano), Some(1_704_160_800_000_000_000));
        assert_eq!(duration(2, 'd', Precision::Milli), Some(172_800_000));
    }
}
