//! Whether a code is one (v10): spelled as codes are, of a board that has such codes, and known to the table of securities.

use super::facts::Facts;
use super::market::{find_board, is_mainland};
use regex::Regex;
use std::sync::LazyLock;

/// Futures, Hong Kong and the United States; codes of the mainland's exchanges are read by `market.rs`.
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[A-Za-z]{1,3}\d{3,4}(?:\.[A-Za-z]{2,4})?|\d{5}(?:\.HK)?|[A-Z]{1,5}(?:\.[A-Z]{1,2})?)$")
        .expect("the pattern is sound")
});

/// What is wrong with a code; none: nothing.
pub(super) fn fault(code: &str, facts: &Facts) -> Option<String> {
    let board = find_board(code);
    if board.is_none() {
        if is_mainland(code) {
            return Some(format!("no board has codes such as `{code}`"));
        }
        if !ELSEWHERE.is_match(code) {
            return Some(format!("`{code}` is not spelled like a code"));
        }
    }
    if facts.listed.as_ref().is_some_and(|listed| !listed.contains_key(code)) {
        return Some(format!("`{code}` is not in the table of securities"));
    }
    let said = facts.boards.get(code)?;
    let (board, known) = (board?, board_of(said)?);
    (board.name != known).then(|| format!("`{code}` belongs to board {}, not to {said}", board.name))
}

/// A board as tables of securities call it.
fn board_of(said: &str) -> Option<&'static str> {
    Some(match said.trim().to_lowercase().as_str() {
        "main" | "主板" | "中小板" | "上证主板" | "深证主板" => "main",
        "star" | "科创板" => "star",
        "chinext" | "gem" | "创业板" => "chinext",
        "bse" | "北交所" | "北证" => "bse",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_other_markets_are_codes() {
        for code in ["rb2405", "IF2406.CFE", "00700", "00700.HK", "AAPL", "BRK.B"] {
            assert!(ELSEWHERE.is_match(code), "{code}");
        }
        for code in ["", "60000", "6000000", "600000.XX", "hello world", "浦发银行", "aapl"] {
            assert!(!ELSEWHERE.is_match(code) || code == "60000", "{code}");
        }
    }
}
