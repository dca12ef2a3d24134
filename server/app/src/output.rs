//! What commands print: tables for people, JSON for scripts.

use comfy_table::{CellAlignment, Table, TableComponent, presets};
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) {
    line(serde_json::to_string_pretty(value).expect("what is printed has text keys"));
}

/// Prints a line. Ends the process quietly where nobody reads any more (`sluice … | head`).
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{}", text.as_ref()) {
        std::process::exit(if error.kind() == ErrorKind::BrokenPipe { 0 } else { 1 });
    }
}

/// Prints rows under a header; columns named in `numbers` are set to the right.
pub(crate) fn table(header: &[&str], numbers: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for part in [TableComponent::HeaderLines, TableComponent::MiddleHeaderIntersections] {
        table.set_style(part, '─');
    }
    table.set_header(header.to_vec()).add_rows(rows);
    for (index, name) in header.iter().enumerate() {
        if numbers.contains(name)
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    line(table.to_string());
}

/// As [`table`], for a list that may have nothing in it: then a line says so instead of a bare header.
pub(crate) fn list(header: &[&str], numbers: &[&str], rows: Vec<Vec<String>>, nothing: &str) {
    if rows.is_empty() {
        line(nothing);
    } else {
        table(header, numbers, rows);
    }
}

/// A count and its noun: `1 row`, `5 105 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Text on one line, without what could move the cursor, cut to `most` characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    if text.chars().nth(most).is_none() {
        return text.chars().map(shown).collect();
    }
    text.chars().take(most.saturating_sub(1)).map(shown).chain(['…']).collect()
}

/// A count with thin separators: `5 105`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    spaced
}

/// A duration: `850 ms`, `12.3 s`, `4 min 05 s`, `6 h 00 min`.
pub(crate) fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", millis / 60_000, millis / 1_000 % 60),
        _ => format!("{} h {:02} min", millis / 3_600_000, millis / 60_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0, 1, 2].map(|number| counted(number, "row")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!(
            [0, 999, 1_250, 245_000, 21_660_000].map(duration),
            ["0 ms", "999 ms", "1.2 s", "4 min 05 s", "6 h 01 min"]
        );
    }

    #[test]
    fn text_of_others_stays_on_its_line() {
        assert_eq!(one_line("a\u{1b}[2J\nb", 80), "a\u{fffd}[2J b");
        assert_eq!(one_line("股票代码", 4), "股票代码");
        assert_eq!(one_line("股票代码", 3), "股票…");
    }
}
