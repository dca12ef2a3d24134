//! Boards of codes, and the price limits that held on a day.
//!
//! Both are tables with validity dates (`boards.csv`, `limits.csv`), since exchanges amend them; a step's settings may
//! put lines of its own before them.

use chrono::NaiveDate;
use serde::Deserialize;
use std::sync::LazyLock;

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| lines(include_str!("boards.csv")).filter_map(board).collect());
static LIMITS: LazyLock<Vec<Limit>> = LazyLock::new(|| lines(include_str!("limits.csv")).filter_map(limit).collect());

/// A range of codes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Board {
    prefix: String,
    exchange: String,
    /// `main`, `star`, `chinext`, `bse`, …
    pub(super) name: String,
    /// The smallest step of a price.
    pub(super) tick: f64,
}

/// A price limit and when it holds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limit {
    board: String,
    /// Only for special treatment (`true`) or only for others (`false`).
    st: Option<bool>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// Thousandths of the previous close; none: no limit.
    up: Option<u32>,
    down: Option<u32>,
    #[serde(default)]
    free_days: u32,
    first_up: Option<u32>,
    first_down: Option<u32>,
}

/// The prices a day may not leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Band {
    pub(super) down: f64,
    pub(super) up: f64,
    /// The larger of both limits as a ratio.
    pub(super) ratio: f64,
}

/// The board of a code, however the code is spelled: `600000.SH`, `sh600000`, `sh.600000`, `600000.XSHG`, `600000`.
pub(super) fn find_board(code: &str) -> Option<&'static Board> {
    let (digits, exchange) = split(code)?;
    let fits = |board: &&Board| {
        digits.starts_with(&board.prefix)
            && (board.exchange == "*" || exchange.as_deref() == Some(board.exchange.as_str()))
    };
    BOARDS.iter().filter(fits).max_by_key(|board| (board.prefix.len(), board.exchange != "*"))
}

/// Whether a code is spelled like one of the mainland's exchanges.
pub(super) fn is_mainland(code: &str) -> bool {
    split(code).is_some()
}

/// The six digits and the exchange of a code of the mainland's exchanges.
fn split(code: &str) -> Option<(&str, Option<String>)> {
    let start = code.find(|c: char| c.is_ascii_digit())?;
    let digits = code.get(start..start + 6)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (before, after) = (&code[..start], &code[start + 6..]);
    let word = if before.is_empty() { after.trim_start_matches('.') } else { before.trim_end_matches('.') };
    if !before.is_empty() && !after.is_empty() {
        return None;
    }
    let exchange = match word.to_ascii_uppercase().as_str() {
        "" => None,
        "SH" | "XSHG" | "SSE" => Some("SH".to_owned()),
        "SZ" | "XSHE" | "SZSE" => Some("SZ".to_owned()),
        "BJ" | "BSE" => Some("BJ".to_owned()),
        _ => return None,
    };
    Some((digits, exchange))
}

/// What is known of a code on a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    /// Under special treatment on that day.
    pub(super) st: bool,
    /// Its trading days since it was listed, that day included; none: unknown, or long ago.
    pub(super) trading_day: Option<u32>,
}

/// The prices that a code of `board` may not leave on `day`; none: it has no limit then.
pub(super) fn band(own: &[Limit], board: &Board, day: NaiveDate, listed: Listed, pre_close: f64) -> Option<Band> {
    let fits = |limit: &&Limit| {
        limit.board == board.name
            && limit.st.is_none_or(|st| st == listed.st)
            && limit.from.is_none_or(|from| from <= day)
            && limit.until.is_none_or(|until| day <= until)
    };
    let limit = own.iter().find(fits).or_else(|| LIMITS.iter().find(fits))?;
    if listed.trading_day.is_some_and(|number| number <= limit.free_days) {
        return None;
    }
    let is_first = listed.trading_day == Some(1);
    let up = limit.first_up.filter(|_| is_first).or(limit.up)?;
    let down = limit.first_down.filter(|_| is_first).or(limit.down)?;
    // In whole ticks, so that 4.26 × 1.1 = 4.686 is 4.69 whatever a float makes of it; half a tick goes up.
    let ticks = (pre_close / board.tick).round() as i64;
    let scaled = |thousandths: i64| (ticks * thousandths * 2 + 1_000).div_euclid(2_000);
    let up_ticks = scaled(1_000 + i64::from(up)).max(ticks + 1);
    let down_ticks = scaled(1_000 - i64::from(down).min(1_000)).min(ticks - 1);
    let ratio = f64::from(up.max(down)) / 1_000.0;
    Some(Band { down: down_ticks as f64 * board.tick, up: up_ticks as f64 * board.tick, ratio })
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split(',').map(str::trim).collect())
}

fn board(line: Vec<&str>) -> Option<Board> {
    let [prefix, exchange, name, tick] = line.as_slice() else { return None };
    Some(Board {
        prefix: (*prefix).to_owned(),
        exchange: (*exchange).to_owned(),
        name: (*name).to_owned(),
        tick: tick.parse().ok()?,
    })
}

fn limit(line: Vec<&str>) -> Option<Limit> {
    let [board, st, from, until, up, down, free_days, first_up, first_down] = line.as_slice() else { return None };
    Some(Limit {
        board: (*board).to_owned(),
        st: match *st {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        from: from.parse().ok(),
        until: until.parse().ok(),
        up: up.parse().ok(),
        down: down.parse().ok(),
        free_days: free_days.parse().ok()?,
        first_up: first_up.parse().ok(),
        first_down: first_down.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let count = |text: &'static str| lines(text).count();
        assert_eq!(BOARDS.len(), count(include_str!("boards.csv")));
        assert_eq!(LIMITS.len(), count(include_str!("limits.csv")));
        assert!(LIMITS.iter().all(|limit| limit.from.is_some() && limit.up.is_some() && limit.down.is_some()));
    }

    #[test]
    fn a_code_has_its_board_in_every_spelling() {
        for (code, board) in [
            ("600000.SH", Some("main")),
            ("sh600000", Some("main")),
            ("sh.600000", Some("main")),
            ("600000.XSHG", Some("main")),
            ("600000", Some("main")),
            ("000001.SZ", Some("main")),
            ("000001.SH", Some("index")),
            ("399001.SZ", Some("index")),
            ("688001.SH", Some("star")),
            ("300750.SZ", Some("chinext")),
            ("920001.BJ", Some("bse")),
            ("430047.BJ", Some("bse")),
            ("510300.SH", Some("fund")),
            ("AAPL", None),
            ("00700.HK", None),
            ("600000.HK", None),
            ("中国平安", None),
            ("", None),
        ] {
            assert_eq!(find_board(code).map(|board| board.name.as_str()), board, "{code}");
        }
    }

    fn check(code: &str, day: &str, listed: Listed, pre_close: f64, expected: Option<(f64, f64)>) {
        let band = band(&[], find_board(code).unwrap(), day.parse().unwrap(), listed, pre_close);
        let cents = |price: f64| (price * 1_000.0).round() / 1_000.0;
        assert_eq!(band.map(|band| (cents(band.down), cents(band.up))), expected, "{code} {day}");
    }

    #[test]
    fn limits_follow_board_date_and_status() {
        let old = Listed { st: false, trading_day: None };
        let st = Listed { st: true, trading_day: None };
        let nth = |number| Listed { st: false, trading_day: Some(number) };
        check("600000.SH", "2024-01-02", old, 4.26, Some((3.83, 4.69)));
        check("600000.SH", "2024-01-02", st, 4.26, Some((4.05, 4.47)));
        check("600000.SH", "2026-07-03", st, 10.0, Some((9.5, 10.5)));
        check("600000.SH", "2026-07-06", st, 10.0, Some((9.0, 11.0)));
        check("300750.SZ", "2020-08-21", old, 10.0, Some((9.0, 11.0)));
        check("300750.SZ", "2020-08-24", old, 10.0, Some((8.0, 12.0)));
        check("688001.SH", "2024-01-02", nth(5), 10.0, None);
        check("688001.SH", "2024-01-02", nth(6), 10.0, Some((8.0, 12.0)));
        check("600000.SH", "2020-01-02", nth(1), 10.0, Some((6.4, 14.4)));
        check("920001.BJ", "2024-01-02", nth(1), 10.0, None);
        check("920001.BJ", "2024-01-02", nth(2), 10.0, Some((7.0, 13.0)));
        check("000001.SH", "2024-01-02", old, 3000.0, None);
        // A move smaller than a tick becomes one tick.
        check("600000.SH", "2024-01-02", old, 0.03, Some((0.02, 0.04)));
    }
}
