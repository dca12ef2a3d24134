//! Finds the name that somebody probably meant.

/// The candidate that `word` most resembles, if one resembles it enough to be worth asking about.
///
/// Upper and lower case count as equal, and so do `-` and `_`. Only the first 1,000 candidates and words of at most
/// 100 characters are looked at, so that a hostile document cannot make the question expensive.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() > 100 {
        return None;
    }
    let folded = fold(word);
    // Two short words always resemble each other, which says nothing.
    let allowed = (folded.chars().count() / 3).min(3);
    candidates
        .into_iter()
        .take(1000)
        .filter(|candidate| candidate.len() <= 100)
        .map(|candidate| (strsim::osa_distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.chars().map(|char| if char == '-' { '_' } else { char.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognized_and_another_word_is_not() {
        let names = ["history", "replica", "on_error"];
        assert_eq!(nearest("histroy", names), Some("history"));
        assert_eq!(nearest("On-Error", names), Some("on_error"));
        assert_eq!(nearest("warehouse", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("b", ["c"]), None);
    }
}
