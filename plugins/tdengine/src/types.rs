//! The types of a new supertable's columns.

/// The type of a column for values of that format; text and bytes have room for `length`.
pub(crate) fn declared(format: &str, length: u32) -> Option<String> {
    let plain = match format {
        "b" => "BOOL",
        "c" => "TINYINT",
        "C" => "TINYINT UNSIGNED",
        "s" => "SMALLINT",
        "S" => "SMALLINT UNSIGNED",
        "i" => "INT",
        "I" => "INT UNSIGNED",
        "l" => "BIGINT",
        "L" => "BIGINT UNSIGNED",
        "f" => "FLOAT",
        "g" => "DOUBLE",
        "u" => return Some(format!("NCHAR({length})")),
        "z" => return Some(format!("VARBINARY({length})")),
        "tdD" | "tdm" => "TIMESTAMP",
        _ if format.starts_with("ts") => "TIMESTAMP",
        _ => {
            if let Some(width) = format.strip_prefix("w:") {
                let width = width.parse::<u32>().ok().filter(|width| (1..=65_517).contains(width))?;
                return Some(format!("VARBINARY({width})"));
            }
            let mut parts = format.strip_prefix("d:")?.split(',');
            let (precision, scale) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
            let fits =
                matches!(parts.next(), None | Some("128")) && (1..=38).contains(&precision) && scale <= precision;
            return fits.then(|| format!("DECIMAL({precision},{scale})"));
        }
    };
    Some(plain.to_owned())
}

/// Whether a column of that format can be the second key.
pub(crate) fn is_second_key(format: &str) -> bool {
    matches!(format, "i" | "I" | "l" | "L" | "u")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_tdengine_has_are_spelled_and_others_are_none() {
        for (format, expected) in [
            ("C", Some("TINYINT UNSIGNED")),
            ("L", Some("BIGINT UNSIGNED")),
            ("u", Some("NCHAR(64)")),
            ("tdD", Some("TIMESTAMP")),
            ("tsn:Asia/Shanghai", Some("TIMESTAMP")),
            ("d:20,4", Some("DECIMAL(20,4)")),
            ("d:5,-2", None),
            ("d:50,2,256", None),
            ("w:0", None),
            ("ttu", None),
            ("n", None),
        ] {
            assert_eq!(declared(format, 64).as_deref(), expected, "{format}");
        }
    }
}
