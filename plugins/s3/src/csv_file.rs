//! CSV with a header line: nulls are empty, empty texts are quoted, so that both can be told apart.

use plugin_sdk::{Batch, Cell, CellReader, Field};

/// The rows as one file.
pub(crate) fn make(fields: &[Field], cells: &[CellReader], rows: &Batch) -> Vec<u8> {
    let names: Vec<String> = fields.iter().map(|field| quoted(&field.name)).collect();
    let mut file = names.join(",");
    file.push('\n');
    for row in 0..rows.rows as usize {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                file.push(',');
            }
            match cell.cell(rows, row) {
                Cell::Text(text) => file.push_str(&quoted(text)),
                other => file.push_str(&other.to_text().unwrap_or_default()),
            }
        }
        file.push('\n');
    }
    file.into_bytes()
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::{ColumnBuilder, DataType};

    #[test]
    fn nulls_and_empty_texts_differ_and_everything_else_is_quoted_where_it_must_be() {
        let mut text = ColumnBuilder::new(DataType::Utf8);
        let mut day = ColumnBuilder::new(DataType::Date32);
        for value in [Some("a,\"b\"\n"), Some(""), None, Some(" ü")] {
            match value {
                Some(value) => text.push_str(value),
                None => text.push_null(),
            }
            day.push_date(19_724);
        }
        let fields = [Field::new("te,xt", DataType::Utf8), Field::new("day", DataType::Date32)];
        let rows = Batch::from_builders(vec![text, day]);
        let file = make(&fields, &CellReader::all(&fields).unwrap(), &rows);
        let expected = "\"te,xt\",day\n\"a,\"\"b\"\"\n\",2024-01-02\n\"\",2024-01-02\n,2024-01-02\n\" ü\",2024-01-02\n";
        assert_eq!(String::from_utf8(file).unwrap(), expected);
    }
}
