//! Durations as documents write them.

use std::time::Duration;

/// The duration that `text` spells: a whole number and one of `ms`, `s`, `m`, `h`, `d`; at most 366 days.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    const LONGEST: u64 = 366 * 24 * 3600 * 1000;
    let end = text.find(|char: char| !char.is_ascii_digit())?;
    let (count, unit) = text.split_at(end);
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        "d" => 24 * 3600 * 1000,
        _ => return None,
    };
    let millis = count.parse::<u64>().ok()?.checked_mul(scale)?;
    (millis <= LONGEST).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::parse_duration;
    use std::time::Duration;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("30m"), Some(Duration::from_secs(1800)));
        assert_eq!(parse_duration("0s"), Some(Duration::ZERO));
        for wrong in ["", "5", "s", "1.5h", "-1s", "1 s", "1h30m", "367d", "99999999999999999999s", "1S", "٣s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
