//! Values of placeholders, sent as text that the server reads by the type it expects there: never part of the statement.

use bytes::BytesMut;
use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// One value.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let is_json = matches!(*ty, Type::JSON | Type::JSONB);
        let text = match (self.0, ty.kind()) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (value, _) if is_json && !value.is_string() => value.to_string(),
            (Value::Array(items), Kind::Array(_)) => array(items),
            (value, _) => plain(value),
        };
        if text.contains('\0') {
            return Err("PostgreSQL has no text with a NUL character".into());
        }
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An array as PostgreSQL reads it: every element quoted, so that none is taken for NULL or for syntax.
fn array(items: &[Value]) -> String {
    let element = |item: &Value| match item {
        Value::Null => "NULL".to_owned(),
        Value::Array(items) => array(items),
        other => format!("\"{}\"", plain(other).replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", items.iter().map(element).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_of_arrays_are_quoted() {
        let value = json!([1, null, "NULL", "a\"b\\c", ["x", "}"]]);
        assert_eq!(array(value.as_array().expect("an array")), r#"{"1",NULL,"NULL","a\"b\\c",{"x","}"}}"#);
    }
}
