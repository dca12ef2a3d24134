//! Answers of the HTTP API: matrices, vectors and scalars as rows of time, value and labels.

use plugin_sdk::{Batch, ColumnBuilder, DataType, Error, ErrorKind, Field, Result, Schema, refusal};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Body {
    status: String,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

#[derive(Debug, Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, Value>,
    #[serde(default)]
    values: Vec<Sample>,
    value: Option<Sample>,
}

/// Seconds since 1970, and the value as text.
type Sample = (f64, String);

/// The columns: what every sample has, then the labels that were named.
pub(crate) fn schema(labels: &[String]) -> Schema {
    let mut fields = vec![
        Field::new("time", DataType::TimestampMicros),
        Field::new("value", DataType::Float64),
        Field::new("metric", DataType::Utf8),
        Field::new("labels", DataType::Utf8),
    ];
    fields.extend(labels.iter().map(|label| Field::new(label.as_str(), DataType::Utf8)));
    Schema::new(fields)
}

/// Makes rows of an answer.
pub(crate) fn rows(status: u16, wait: Option<u64>, bytes: &[u8], labels: &[String]) -> Result<Batch> {
    let Ok(body) = serde_json::from_slice::<Body>(bytes) else {
        if (200..=299).contains(&status) {
            return Err(Error::transient("Prometheus' answer is not what it should be: it may have broken off"));
        }
        return Err(refusal("Prometheus", status, wait, &String::from_utf8_lossy(bytes)));
    };
    let Some(data) = body.data.filter(|_| body.status == "success") else {
        let kind = match body.error_type.as_str() {
            "timeout" | "canceled" | "unavailable" | "internal" => ErrorKind::Transient,
            _ => refusal("Prometheus", status, wait, "").kind,
        };
        let said = plugin_sdk::text::cut_chars(&plugin_sdk::text::one_line(&body.error), 500);
        let error = Error::new(kind, format!("Prometheus refused the query ({}): {said}", body.error_type));
        return Err(error.retry_after_ms(wait.filter(|_| kind == ErrorKind::Transient)));
    };
    let unreadable =
        |error: serde_json::Error| Error::data(format!("Prometheus' {} cannot be read: {error}", data.kind));
    let series: Vec<Series> = match data.kind.as_str() {
        "matrix" | "vector" => serde_json::from_value(data.result).map_err(unreadable)?,
        "scalar" => {
            let sample = serde_json::from_value(data.result).map_err(unreadable)?;
            vec![Series { metric: BTreeMap::new(), values: Vec::new(), value: Some(sample) }]
        }
        other => return Err(Error::config("query", format!("the query's result is a {other}, not samples"))),
    };
    build(series, labels)
}

fn build(series: Vec<Series>, labels: &[String]) -> Result<Batch> {
    let mut times = ColumnBuilder::new(DataType::TimestampMicros);
    let mut values = ColumnBuilder::new(DataType::Float64);
    let mut texts = vec![ColumnBuilder::new(DataType::Utf8); 2 + labels.len()];
    for mut one in series {
        let metric = one.metric.remove("__name__");
        let metric = metric.as_ref().and_then(Value::as_str);
        let all = serde_json::to_string(&one.metric).unwrap_or_default();
        let named: Vec<Option<&str>> =
            labels.iter().map(|label| one.metric.get(label).and_then(Value::as_str)).collect();
        for (seconds, text) in one.values.iter().chain(&one.value) {
            // `NaN`, `+Inf` and `-Inf` are values like others here.
            let value: f64 = text.parse().map_err(|_| Error::data(format!("`{text}` is no value of a sample")))?;
            // Milliseconds are all that Prometheus keeps.
            times.push_timestamp(((seconds * 1000.0).round() as i64).saturating_mul(1000));
            values.push_f64(value);
            for (column, text) in
                texts.iter_mut().zip([metric, Some(all.as_str())].into_iter().chain(named.iter().copied()))
            {
                match text {
                    Some(text) => column.push_str(text),
                    None => column.push_null(),
                }
            }
        }
    }
    Ok(Batch::from_builders([times, values].into_iter().chain(texts).collect()))
}
