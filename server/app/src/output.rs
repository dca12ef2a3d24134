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

/// A count with its noun: `1 row`, `5 105 rows`. The plural is the noun with an `s`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A duration: `850 ms`, `12.3 s`, `4 min 05 s`.
pub(crate) fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {:02} s", millis / 60_000, millis / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0, 1, 2_000].map(|rows| counted(rows, "row")), ["0 rows", "1 row", "2\u{202f}000 rows"]);
        assert_eq!([0, 999, 1_250, 245_000].map(duration), ["0 ms", "999 ms", "1.2 s", "4 min 05 s"]);
    }
}
