//! Text within bounds: cut with a mark, on one line, escaped for markup.

/// What shows that a text was cut.
pub const MARK: char = '…';

/// At most `most` characters; a longer text is cut and ends with [`MARK`].
#[must_use]
pub fn cut_chars(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain([MARK].into_iter().take(most)).collect()
}

/// At most `most` bytes, cut between characters; a longer text ends with [`MARK`].
#[must_use]
pub fn cut_bytes(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(MARK.len_utf8()) else { return String::new() };
    let mut end = room;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

/// Without control characters: line breaks and tabs become spaces.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// `&`, `<` and `>` as entities, which is what HTML, Slack and Feishu want.
#[must_use]
pub fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What `make` makes of the longest part of a text whose `size` is at most `most`: of `text` itself, or of a part of it
/// that ends with [`MARK`]. For limits that count a whole message, escapes and markup included.
pub fn fit<T>(text: &str, most: usize, make: impl Fn(&str) -> T, size: impl Fn(&T) -> usize) -> T {
    let mut made = make(text);
    let mut keep = text.len().min(most.saturating_mul(4));
    while size(&made) > most && keep > 0 {
        made = make(&cut_bytes(text, keep));
        keep = keep * 7 / 8;
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_say_so() {
        assert_eq!(cut_chars("日本語", 3), "日本語");
        assert_eq!(cut_chars("日本語文", 3), "日本…");
        assert_eq!(cut_chars("abc", 0), "");
        assert_eq!(cut_bytes("日本語", 9), "日本語");
        assert_eq!(cut_bytes("日本語文", 11), "日本…");
        assert_eq!(cut_bytes("日本", 2), "");
        for most in 0..40 {
            assert!(cut_bytes("aß日🦀".repeat(4).as_str(), most).len() <= most);
        }
    }

    #[test]
    fn a_message_is_cut_until_all_of_it_fits() {
        // Each quote costs two bytes once it is JSON.
        let make = |text: &str| serde_json::to_vec(text).unwrap_or_default();
        let made = fit(&"\"".repeat(1000), 500, make, Vec::len);
        assert!(made.len() <= 500 && made.len() > 400, "{}", made.len());
        assert_eq!(fit("short", 500, make, Vec::len), make("short"));
    }
}
