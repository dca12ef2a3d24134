//! The line protocol: `measurement,tag=a field=1i,other="b" 1704153600000000000`.

use plugin_sdk::Cell;

/// A measurement as lines spell it.
pub(crate) fn measurement(name: &str) -> String {
    escape(name, &[',', ' '])
}

/// A tag's name or value, or a field's name.
pub(crate) fn key(name: &str) -> String {
    escape(name, &[',', '=', ' '])
}

/// A tag's value; none where there is none, since the protocol knows no empty one.
pub(crate) fn tag(cell: Cell<'_>) -> Option<String> {
    cell.to_text().filter(|text| !text.is_empty()).map(|text| {
        // A backslash before the comma that follows would escape it.
        let text = escape(&text, &[',', '=', ' ']);
        if text.ends_with('\\') { format!("{text} ").replace("\\ ", "\\\\ ").trim_end().to_owned() } else { text }
    })
}

/// A field's value: none for a null, an error for what InfluxDB cannot hold.
pub(crate) fn field(cell: Cell<'_>) -> Result<Option<String>, &'static str> {
    Ok(Some(match cell {
        Cell::Null => return Ok(None),
        Cell::Bool(truth) => truth.to_string(),
        Cell::Int(number) => format!("{number}i"),
        Cell::UInt(_) => return Err("is larger than InfluxDB's whole numbers"),
        Cell::Float(number) if !number.is_finite() => return Err("is no finite number, which InfluxDB cannot hold"),
        Cell::Float(number) => number.to_string(),
        // A field is a double at most; its digits beyond that are lost there.
        Cell::Decimal(..) => cell.to_text().unwrap_or_default(),
        other => {
            let text = other.to_text().unwrap_or_default();
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
    }))
}

/// A point's moment in nanoseconds since 1970.
pub(crate) fn time(cell: Cell<'_>) -> Result<i64, &'static str> {
    match cell {
        Cell::Moment(nanos, _) => i64::try_from(nanos).map_err(|_| "lies outside the years 1677 to 2262"),
        Cell::Date(days) => days.checked_mul(86_400_000_000_000).ok_or("lies outside the years 1677 to 2262"),
        Cell::Null => Err("is null, but every point needs its moment"),
        _ => Err("is neither a moment nor a day"),
    }
}

/// With backslashes before what would end it; line breaks, which the protocol cannot carry there, become spaces.
fn escape(text: &str, marks: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let character = if matches!(character, '\n' | '\r') { ' ' } else { character };
        if marks.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_escaped_as_the_protocol_wants() {
        assert_eq!(measurement("my, bars=1"), "my\\,\\ bars=1");
        assert_eq!(key("a=b, c"), "a\\=b\\,\\ c");
        assert_eq!(tag(Cell::Text("a b\nc")).as_deref(), Some("a\\ b\\ c"));
        assert_eq!(tag(Cell::Text("C:\\")).as_deref(), Some("C:\\\\"));
        assert_eq!(tag(Cell::Text("")), None);
        assert_eq!(tag(Cell::Null), None);
        for (cell, expected) in [
            (Cell::Int(-7), Ok(Some("-7i"))),
            (Cell::Float(1.5), Ok(Some("1.5"))),
            (Cell::Bool(true), Ok(Some("true"))),
            (Cell::Decimal(-5, 2), Ok(Some("-0.05"))),
            (Cell::Text("say \"a\\b\"\n"), Ok(Some("\"say \\\"a\\\\b\\\"\n\""))),
            (Cell::Date(0), Ok(Some("\"1970-01-01\""))),
            (Cell::Null, Ok(None)),
            (Cell::Float(f64::NAN), Err("is no finite number, which InfluxDB cannot hold")),
            (Cell::UInt(u64::MAX), Err("is larger than InfluxDB's whole numbers")),
        ] {
            assert_eq!(
                field(cell).map(|it| it.unwrap_or_default()),
                expected.map(|it| it.unwrap_or_default().to_owned())
            );
        }
        assert_eq!(time(Cell::Date(1)), Ok(86_400_000_000_000));
        assert_eq!(time(Cell::Moment(i128::MAX, true)), Err("lies outside the years 1677 to 2262"));
        assert!(time(Cell::Int(1)).is_err() && time(Cell::Null).is_err());
    }
}
