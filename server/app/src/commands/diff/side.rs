//! What LEFT and RIGHT of `sluice diff` name, and how it is opened: a saved connection only where one is named.

use crate::failure::Failure;
use crate::opener::Connectors;
use crate::settings::Settings;
use crate::wire::{Parts, http_client};
use arrow::datatypes::DataType;
use connectors::file::LocalFiles;
use data::connector::Relation;
use data::registry::{Connections, FileRequest};
use data::{Connector, Files, Opener, Source};
use model::{ErrorCode, Fault};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::OnceCell;
use transfer::Side;
use transfer::diff::Rows;

/// Schemes of URLs that need no `//`.
const SCHEMES: [&str; 8] =
    ["sqlite:", "postgres:", "postgresql:", "mysql:", "mariadb:", "tdengine:", "taos:", "redis:"];

/// What a side's text names.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    Connection { name: &'a str, relation: Relation },
    Url { url: &'a str, relation: Relation },
    File(&'a str),
}

fn parse(text: &str) -> Result<Named<'_>, Fault> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    if !is_web && (text.contains("://") || SCHEMES.iter().any(|scheme| text.starts_with(scheme) && text.contains('#')))
    {
        // The URL itself may hold a secret and is not repeated.
        let Some((url, table)) = text.rsplit_once('#').filter(|(_, table)| !table.is_empty()) else {
            return Err(Fault::new(ErrorCode::MissingKey, "the URL of a side names no table")
                .hint("Put it behind `#`: `postgres://user@host/db#schema.table`."));
        };
        return Ok(Named::Url { url, relation: relation(table) });
    }
    if is_web || Path::new(text).exists() {
        return Ok(Named::File(text));
    }
    match text.split_once(':') {
        Some((name, table)) if !name.is_empty() && !table.is_empty() => {
            Ok(Named::Connection { name, relation: relation(table) })
        }
        _ => Ok(Named::File(text)),
    }
}

/// A table, or a query where the text starts like one.
pub(in crate::commands) fn relation(text: &str) -> Relation {
    let word = text.split_whitespace().next().unwrap_or_default();
    let is_query =
        text.contains(char::is_whitespace) && ["select", "with"].iter().any(|start| word.eq_ignore_ascii_case(start));
    if is_query { Relation::Query(text.to_owned()) } else { Relation::Table(text.to_owned()) }
}

/// Opens sides.
pub(super) struct Openers<'a> {
    settings: &'a Settings,
    /// The metadata, once a connection was named.
    parts: OnceCell<Parts>,
}

impl<'a> Openers<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, parts: OnceCell::new() }
    }

    pub(super) async fn open(&self, text: &str, filter: Option<String>) -> Result<Opened, Failure> {
        Ok(match parse(text)? {
            Named::Connection { name, relation } => {
                let parts = self.parts.get_or_try_init(|| Parts::open(self.settings)).await?;
                Opened::Stored(parts.registry.get(name).await?, Side { relation, filter })
            }
            Named::Url { url, relation } => {
                let connectors = Connectors::new(self.settings.connection_gate()?, &self.settings.data_dir);
                let connector = connectors.open(&connectors.parse_url(url)?)?;
                Opened::Stored(connector, Side { relation, filter })
            }
            Named::File(path) => {
                if filter.is_some() {
                    return Err(Fault::new(
                        ErrorCode::InvalidValue,
                        format!("`{path}` is a file, and a file takes no condition"),
                    )
                    .hint("Give the condition of the other side by `--where-left` or `--where-right`.")
                    .into());
                }
                Opened::File(open_file(self.settings, path).await?)
            }
        })
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        if let Some(parts) = self.parts.into_inner() {
            parts.database.close().await.map_err(Fault::from)?;
        }
        Ok(())
    }
}

async fn open_file(settings: &Settings, text: &str) -> Result<Box<dyn Source>, Failure> {
    let path = Path::new(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let format = match ending.as_deref() {
        Some("csv") => "csv",
        Some("json" | "jsonl" | "ndjson") => "json",
        Some("parquet") => "parquet",
        _ => {
            return Err(Fault::new(
                ErrorCode::InvalidValue,
                format!("`{text}` is neither CONNECTION:table, a URL nor a file that can be read"),
            )
            .hint("Name a file that ends in `.csv`, `.json`, `.jsonl`, `.ndjson` or `.parquet`.")
            .into());
        }
    };
    let is_web = text.contains("://");
    let (root, location) = match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Some(parent), Some(name)) if !is_web => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            (parent.to_owned(), name.to_owned())
        }
        _ => (".".into(), text.to_owned()),
    };
    let files = LocalFiles::new(http_client(settings)?, std::env::temp_dir());
    let request =
        FileRequest { root, format: format.to_owned(), location, options: serde_json::Map::new(), resume_at: None };
    Ok(files.open(request).await?)
}

/// A side that can be read.
pub(super) enum Opened {
    Stored(Arc<dyn Connector>, Side),
    File(Box<dyn Source>),
}

impl Opened {
    /// The side, ready to be lent to a comparison.
    pub(super) fn rows(self) -> Lendable {
        match self {
            Self::Stored(connector, side) => Lendable { connector: Some((connector, side)), file: None.into() },
            Self::File(source) => Lendable { connector: None, file: Some(source).into() },
        }
    }

    pub(super) async fn count(self) -> Result<u64, Failure> {
        match self {
            Self::Stored(connector, side) => Ok(transfer::count::count(connector.as_ref(), &side).await?),
            Self::File(mut source) => {
                let mut rows = 0;
                while let Some(batch) = source.next().await? {
                    rows += batch.records.num_rows() as u64;
                }
                Ok(rows)
            }
        }
    }

    pub(super) async fn columns(&self) -> Result<Vec<(String, DataType)>, Failure> {
        match self {
            Self::Stored(connector, side) => Ok(transfer::schema::columns(connector.as_ref(), &side.relation).await?),
            Self::File(source) => {
                let schema = source.schema();
                Ok(schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect())
            }
        }
    }
}

/// A side that outlives its comparison.
pub(super) struct Lendable {
    connector: Option<(Arc<dyn Connector>, Side)>,
    file: std::cell::RefCell<Option<Box<dyn Source>>>,
}

impl Lendable {
    /// The table to be repaired, and its connection.
    pub(super) fn table(&self) -> Result<(&dyn Connector, &str), Fault> {
        match &self.connector {
            Some((connector, Side { relation: Relation::Table(table), .. })) => Ok((connector.as_ref(), table)),
            _ => {
                Err(Fault::new(ErrorCode::Unsupported, "the right side is no table, and only a table can be repaired")
                    .hint("Name a table on the right: `CONNECTION:table`, or a URL with `#table`."))
            }
        }
    }

    /// The rows; those of a file only once.
    pub(super) fn as_rows(&self) -> Rows<'_> {
        match (&self.connector, self.file.borrow_mut().take()) {
            (Some((connector, side)), _) => Rows::Stored(connector.as_ref(), side.clone()),
            (None, file) => Rows::Unsorted(file.expect("a file is lent once")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_side_is_a_connection_a_url_or_a_file() {
        let table = |name: &str| Relation::Table(name.to_owned());
        let check = |text, expected| assert_eq!(parse(text).unwrap(), expected, "{text}");
        check("history:daily_bars", Named::Connection { name: "history", relation: table("daily_bars") });
        check("postgres://u:p@h/db?a=b#s.t", Named::Url { url: "postgres://u:p@h/db?a=b", relation: table("s.t") });
        check("sqlite:/tmp/x.db#t", Named::Url { url: "sqlite:/tmp/x.db", relation: table("t") });
        check("bars.csv", Named::File("bars.csv"));
        check("https://example.com/bars.csv", Named::File("https://example.com/bars.csv"));
        let query = Relation::Query("select 1 as x".to_owned());
        check("history:select 1 as x", Named::Connection { name: "history", relation: query });
        let error = parse("mysql://u:secret@h/db").unwrap_err();
        assert!(error.code == ErrorCode::MissingKey && !error.message.contains("secret"));
    }
}
