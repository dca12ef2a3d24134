//! An opener whose systems behave as their host is called: `hangs`, `panics`, `refuses`, else well.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation, TableInfo};
use data::{
    Abilities, Channel, Connections, Connector, Error, Opener, Result, Sink, Source, System, Target, WriteOptions,
};
use model::ErrorCode;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};

/// The opener, and the pools, which only remember what they were told to forget.
#[derive(Default)]
pub(crate) struct Stub {
    pub(crate) forgotten: Mutex<Vec<String>>,
}

struct StubConnector {
    target: Target,
}

impl Opener for Stub {
    fn parse_url(&self, url: &str) -> Result<Target> {
        let wrong = || Error::permanent(ErrorCode::InvalidValue, "the address cannot be read");
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let system = match scheme {
            "mysql" => System::Mysql,
            "postgres" => System::Postgres,
            "http" => System::Http,
            _ => return Err(wrong()),
        };
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let mut settings = Map::new();
        if system == System::Http {
            settings.insert("url".to_owned(), format!("http://{place}").into());
        } else {
            settings.insert("host".to_owned(), place.split('/').next().unwrap_or_default().into());
        }
        let secret = user.split_once(':').map(|(_, secret)| secret.to_owned());
        Ok(Target { system, settings: Value::Object(settings), secret })
    }

    fn open(&self, target: &Target) -> Result<Arc<dyn Connector>> {
        if target.settings.get("wrong").is_some() {
            return Err(Error::permanent(ErrorCode::UnknownKey, "unknown setting `wrong`"));
        }
        Ok(Arc::new(StubConnector { target: target.clone() }))
    }
}

#[async_trait]
impl Connections for Stub {
    async fn get(&self, _name: &str) -> Result<Arc<dyn Connector>> {
        Err(Error::permanent(ErrorCode::Unsupported, "the stub holds no pools"))
    }

    async fn get_channel(&self, _name: &str) -> Result<Arc<dyn Channel>> {
        Err(Error::permanent(ErrorCode::Unsupported, "the stub holds no channels"))
    }

    fn forget(&self, name: &str) {
        self.forgotten.lock().expect("no test panics with it").push(name.to_owned());
    }
}

fn nothing<T>() -> Result<T> {
    Err(Error::permanent(ErrorCode::Unsupported, "the stub has no tables"))
}

#[async_trait]
impl Connector for StubConnector {
    fn system(&self) -> System {
        self.target.system
    }

    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn ping(&self) -> Result<String> {
        match self.target.settings.get("host").and_then(Value::as_str) {
            Some("hangs") => std::future::pending().await,
            Some("panics") => panic!("the driver has a bug"),
            Some("refuses") => Err(Error::transient(ErrorCode::ConnectionFailed, "the port is closed")),
            _ => Ok(format!("stub as {}", self.target.secret.as_deref().unwrap_or("nobody"))),
        }
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        nothing()
    }

    async fn find_table(&self, _name: &str) -> Result<Option<TableInfo>> {
        nothing()
    }

    async fn read(&self, _options: ReadOptions) -> Result<Box<dyn Source>> {
        nothing()
    }

    async fn write(&self, _schema: SchemaRef, _options: WriteOptions) -> Result<Box<dyn Sink>> {
        nothing()
    }

    async fn execute(&self, _sql: &str) -> Result<u64> {
        nothing()
    }

    async fn count(&self, _relation: &Relation, _filter: Option<&str>) -> Result<u64> {
        nothing()
    }
}
