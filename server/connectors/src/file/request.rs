//! Opens what a step asks for, a file or an address, from its settings as JSON.

use super::{
    ColumnType, CsvOptions, Infer, JsonLayout, JsonOptions, OpenedFile, ParquetOptions, locate, open_csv, open_json,
    open_parquet,
};
use crate::http::{Client, Download, Method, Request};
use async_trait::async_trait;
use data::registry::{FileRequest, Files};
use data::{Error, Result, Source};
use model::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The files below a folder, and what addresses answer.
pub struct LocalFiles {
    client: Client,
    spool: PathBuf,
}

/// Settings of a format and of the request, as the step's schema allows them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    delimiter: Option<String>,
    quote: Option<Quote>,
    header: Option<bool>,
    nulls: Option<Vec<String>>,
    columns: Option<Columns>,
    infer: Option<Value>,
    layout: Option<String>,
    method: Option<String>,
    headers: Map<String, Value>,
    body: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Quote {
    Character(String),
    Switch(bool),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Columns {
    /// Types by name.
    Types(Map<String, Value>),
    /// Names only: which columns of a Parquet file.
    Names(Vec<String>),
}

impl LocalFiles {
    /// Answers of addresses are spooled in the folder `spool`.
    #[must_use]
    pub fn new(client: Client, spool: PathBuf) -> Self {
        Self { client, spool }
    }

    /// Opens the file or address.
    ///
    /// # Errors
    /// As for [`Files::open`].
    pub async fn open_file(&self, request: FileRequest) -> Result<OpenedFile> {
        let settings = Settings::deserialize(Value::Object(request.options.clone())).map_err(|e| {
            let unknown = e.to_string().starts_with("unknown field");
            let code = if unknown { ErrorCode::UnknownKey } else { ErrorCode::InvalidValue };
            Error::permanent(code, format!("settings of the {} source: {e}", request.format))
        })?;
        let remote = ["http://", "https://"]
            .iter()
            .any(|scheme| request.location.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        if remote {
            let download = self.download(&request, &settings).await?;
            return match request.format.as_str() {
                "csv" => download.into_csv(settings.csv(None)?).await,
                "json" => download.into_json(settings.json(None)?).await,
                "parquet" => download.into_parquet(settings.parquet(None)?).await,
                other => Err(unknown_format(other)),
            };
        }
        let location = locate(&request.root, &request.location)?;
        let resume_at = request.resume_at;
        match request.format.as_str() {
            "csv" => open_csv(&location, settings.csv(resume_at)?).await,
            "json" => open_json(&location, settings.json(resume_at)?).await,
            "parquet" => open_parquet(&location, settings.parquet(resume_at)?).await,
            other => Err(unknown_format(other)),
        }
    }

    async fn download(&self, request: &FileRequest, settings: &Settings) -> Result<Download> {
        let mut headers: Vec<(String, String)> =
            settings.headers.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        let body = settings.body.as_ref().map(|body| {
            if !body.is_string() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".into(), "application/json".into()));
            }
            plain(body).into()
        });
        let method = settings.method.as_deref().map_or(Ok(Method::Get), Method::parse)?;
        let request = Request { method, url: request.location.clone(), headers, body, timeout: None };
        self.client.download(&request, &self.spool).await
    }
}

#[async_trait]
impl Files for LocalFiles {
    async fn open(&self, request: FileRequest) -> Result<Box<dyn Source>> {
        Ok(Box::new(self.open_file(request).await?))
    }
}

/// A string's content, or any other value as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn unknown_format(format: &str) -> Error {
    Error::permanent(ErrorCode::InvalidValue, format!("`{format}` is not a file format"))
        .hint("Use csv, json or parquet.")
}

fn invalid(key: &str, why: &str) -> Error {
    Error::permanent(ErrorCode::InvalidValue, format!("`{key}` {why}"))
}

/// One ASCII character, or the word `tab`.
fn character(key: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        b"tab" | b"\\t" => Ok(b'\t'),
        _ => Err(invalid(key, "must be one ASCII character, or `tab`")),
    }
}

impl Settings {
    fn types(&self) -> Result<Vec<(String, ColumnType)>> {
        match &self.columns {
            None => Ok(Vec::new()),
            Some(Columns::Names(_)) => {
                Err(invalid("columns", "must name the type of each column, as in `{price: float64}`"))
            }
            Some(Columns::Types(types)) => types
                .iter()
                .map(|(name, kind)| {
                    let kind = kind.as_str().ok_or_else(|| invalid("columns", "must map names to types"))?;
                    Ok((name.clone(), ColumnType::parse(kind)?))
                })
                .collect(),
        }
    }

    fn infer(&self) -> Result<Infer> {
        match &self.infer {
            None => Ok(Infer::Auto),
            Some(Value::String(word)) if word == "full" => Ok(Infer::Full),
            Some(value) => value
                .as_u64()
                .filter(|rows| *rows > 0)
                .map(Infer::Rows)
                .ok_or_else(|| invalid("infer", "must be `full` or a number of rows")),
        }
    }

    fn csv(&self, resume_at: Option<data::Checkpoint>) -> Result<CsvOptions> {
        let default = CsvOptions::default();
        let quote = match &self.quote {
            None | Some(Quote::Switch(true)) => default.quote,
            Some(Quote::Switch(false)) => None,
            Some(Quote::Character(text)) if text.is_empty() => None,
            Some(Quote::Character(text)) => Some(character("quote", text)?),
        };
        Ok(CsvOptions {
            delimiter: self.delimiter.as_deref().map_or(Ok(default.delimiter), |t| character("delimiter", t))?,
            quote,
            header: self.header.unwrap_or(true),
            nulls: self.nulls.clone().unwrap_or(default.nulls),
            columns: self.types()?,
            infer: self.infer()?,
            resume_at,
        })
    }

    fn json(&self, resume_at: Option<data::Checkpoint>) -> Result<JsonOptions> {
        let layout = match self.layout.as_deref() {
            None | Some("auto") => JsonLayout::Auto,
            Some("lines") => JsonLayout::Lines,
            Some("array") => JsonLayout::Array,
            Some("sequence") => JsonLayout::Sequence,
            Some(_) => return Err(invalid("layout", "must be auto, lines, array or sequence")),
        };
        Ok(JsonOptions { layout, columns: self.types()?, infer: self.infer()?, resume_at })
    }

    fn parquet(&self, resume_at: Option<data::Checkpoint>) -> Result<ParquetOptions> {
        let columns = match &self.columns {
            None => Vec::new(),
            Some(Columns::Names(names)) => names.clone(),
            Some(Columns::Types(_)) => {
                return Err(invalid("columns", "must be a list of names for Parquet, which has its own types"));
            }
        };
        Ok(ParquetOptions { columns, resume_at })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::http::ClientOptions;
    use serde_json::json;

    async fn check(format: &str, location: &str, options: Value, expected: std::result::Result<usize, ErrorCode>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "a;b\n1;2\n").unwrap();
        std::fs::write(folder.path().join("a.json"), "{\"a\":1}\n{\"a\":2}\n").unwrap();
        let files = LocalFiles::new(Client::new(ClientOptions::default()).unwrap(), folder.path().to_owned());
        let request = FileRequest {
            root: folder.path().to_owned(),
            format: format.into(),
            location: location.into(),
            options: options.as_object().cloned().unwrap(),
            resume_at: None,
        };
        let found = async { files.open(request).await?.next().await }.await;
        let found = found.map(|batch| batch.map_or(0, |b| b.records.num_columns() * b.records.num_rows()));
        assert_eq!(found.map_err(|e| e.code()), expected, "{format} {location} {options}");
    }

    #[tokio::test]
    async fn settings_are_read_and_wrong_ones_refused() {
        check("csv", "a.csv", json!({"delimiter": ";", "columns": {"a": "int64"}, "infer": "full"}), Ok(2)).await;
        check("json", "a.json", json!({"layout": "lines", "infer": 1}), Ok(2)).await;
        check("csv", "a.csv", json!({"delimitr": ";"}), Err(ErrorCode::UnknownKey)).await;
        check("csv", "a.csv", json!({"delimiter": ";;"}), Err(ErrorCode::InvalidValue)).await;
        check("csv", "a.csv", json!({"columns": {"a": "int65"}}), Err(ErrorCode::InvalidValue)).await;
        check("csv", "a.csv", json!({"infer": 0}), Err(ErrorCode::InvalidValue)).await;
        check("xml", "a.csv", json!({}), Err(ErrorCode::InvalidValue)).await;
        check("csv", "../a.csv", json!({}), Err(ErrorCode::InvalidValue)).await;
        check("csv", "b.csv", json!({}), Err(ErrorCode::FileNotFound)).await;
        check("csv", "http://127.0.0.1/a.csv", json!({}), Err(ErrorCode::AddressRefused)).await;
        check("csv", "file:///etc/passwd", json!({}), Err(ErrorCode::FileNotFound)).await;
    }
}
