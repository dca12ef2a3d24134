//! A connection to an HTTP server: it has no tables, but it can be tested.

use super::client::{Client, ClientOptions, Method, Request};
use super::error::{place, status};
use crate::Gate;
use crate::error::read_settings;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use base64::Engine as _;
use data::connector::{ReadOptions, Relation, TableInfo};
use data::{Abilities, Connector, Error, Result, Sink, Source, System, WriteOptions};
use model::ErrorCode;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Settings of an HTTP connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The address that paths are relative to.
    pub url: String,
    /// User of basic authentication; without one the secret is a bearer token.
    #[serde(default)]
    pub user: Option<String>,
}

/// An HTTP connection.
pub struct HttpConnector {
    client: Client,
    url: String,
    authorization: Option<String>,
}

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// `invalid_value` or `unknown_key` for wrong settings, `address_refused` for an address that is not allowed.
pub fn open(settings: &serde_json::Value, secret: Option<&str>, gate: &Gate) -> Result<Arc<dyn Connector>> {
    let settings: HttpSettings = read_settings("http", settings)?;
    Ok(Arc::new(HttpConnector::new(settings, secret, gate)?))
}

impl HttpConnector {
    /// A connection with these settings, which reaches what `gate` allows.
    ///
    /// # Errors
    /// As for [`open`].
    pub fn new(settings: HttpSettings, secret: Option<&str>, gate: &Gate) -> Result<Self> {
        let rules = gate.rules().clone();
        let client = Client::new(ClientOptions { rules, ..ClientOptions::default() })?;
        client.check(&settings.url).map_err(of_connection)?;
        let authorization = match (&settings.user, secret) {
            (Some(user), secret) => {
                let pair = format!("{user}:{}", secret.unwrap_or_default());
                Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
            }
            (None, Some(token)) => Some(format!("Bearer {token}")),
            (None, None) => None,
        };
        Ok(Self { client, url: settings.url, authorization })
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A `GET` of `path` below the connection's address, with its credentials.
    ///
    /// # Errors
    /// `invalid_value` for a path that leads to another host, where the credentials do not belong.
    pub fn request(&self, path: &str) -> Result<Request> {
        let base = self.client.check(&self.url)?;
        let url = base
            .join(path)
            .map_err(|e| Error::permanent(ErrorCode::InvalidValue, format!("path `{path}` cannot be read: {e}")))?;
        if url.origin() != base.origin() {
            let message = format!("path `{path}` leads away from the connection's address");
            return Err(Error::permanent(ErrorCode::InvalidValue, message));
        }
        let mut request = Request::get(url.as_str());
        request.headers.extend(self.authorization.iter().map(|value| ("authorization".to_owned(), value.clone())));
        Ok(request)
    }
}

/// Connections have a list of addresses of their own.
fn of_connection(error: Error) -> Error {
    match error.code() {
        ErrorCode::AddressRefused => {
            error.hint("An operator can allow the host or network with `--connection-addresses`.")
        }
        _ => error,
    }
}

fn unsupported(what: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, format!("an HTTP connection has no {what}"))
        .hint("Use a `fetch` step with an HTTP source, or an `http` step.")
}

#[async_trait]
impl Connector for HttpConnector {
    fn system(&self) -> System {
        System::Http
    }

    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn ping(&self) -> Result<String> {
        let mut request = self.request("")?;
        request.method = Method::Head;
        request.timeout = Some(Duration::from_secs(15));
        let answer = self.client.send(&request).await.map_err(of_connection)?;
        let place = place(&self.client.check(&self.url)?);
        let code = match answer.status {
            401 => ErrorCode::AuthenticationFailed,
            403 => ErrorCode::PermissionDenied,
            500.. => ErrorCode::RemoteFailed,
            _ => {
                let server =
                    answer.headers.get("server").and_then(|value| value.to_str().ok()).unwrap_or("HTTP server");
                return Ok(server.to_owned());
            }
        };
        Err(status(code, &place, answer.status, &answer.headers, ""))
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        Err(unsupported("tables"))
    }

    async fn find_table(&self, _name: &str) -> Result<Option<TableInfo>> {
        Err(unsupported("tables"))
    }

    async fn read(&self, _options: ReadOptions) -> Result<Box<dyn Source>> {
        Err(unsupported("tables to read"))
    }

    async fn write(&self, _schema: SchemaRef, _options: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(unsupported("tables to write"))
    }

    async fn execute(&self, _sql: &str) -> Result<u64> {
        Err(unsupported("SQL"))
    }

    async fn count(&self, _relation: &Relation, _filter: Option<&str>) -> Result<u64> {
        Err(unsupported("tables to count"))
    }
}
