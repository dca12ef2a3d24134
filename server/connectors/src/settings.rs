//! What a connection's URL says, with the secret taken out of it.

use data::{Error, Result, System};
use model::ErrorCode;
use serde_json::{Map, Value};

/// The address of a system: what may be shown, and apart from it the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which system.
    pub system: System,
    /// Host, port, database, user and the URL's parameters, as a JSON object without the secret.
    pub values: Value,
    /// The password.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("system", &self.system).field("values", &self.values).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads `postgres://user:pass@host:port/db?sslmode=require`, `mysql://…`, `sqlite:///path`, `redis://…`,
    /// `tdengine://…`, `http(s)://…`.
    ///
    /// Parameters become keys; numbers and booleans among them become JSON numbers and booleans.
    ///
    /// # Errors
    /// `invalid_value`; the message never repeats the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self> {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => from_server(System::Postgres, url),
            Some("mysql" | "mariadb") => from_server(System::Mysql, url),
            Some("redis" | "rediss") => from_server(System::Redis, url),
            Some("tdengine" | "taos" | "tdengine+ws" | "taos+ws" | "tdengine+wss" | "taos+wss") => {
                from_server(System::Tdengine, url)
            }
            Some("sqlite") => from_file(url),
            Some("http" | "https") => from_http(url),
            _ => Err(invalid(
                "the address starts with none of `postgres://`, `mysql://`, `sqlite:///`, `redis://`, `tdengine://`, `http://` and `https://`",
            )),
        }
    }
}

fn from_server(system: System, text: &str) -> Result<Settings> {
    let url = parse(text)?;
    let mut values = Map::new();
    if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
        // Addresses of IPv6 stand in brackets in a URL and without them everywhere else.
        let host = decode(host.trim_start_matches('[').trim_end_matches(']'))?;
        values.insert("host".to_owned(), host.into());
    }
    if let Some(port) = url.port() {
        values.insert("port".to_owned(), port.into());
    }
    if !url.username().is_empty() {
        values.insert("user".to_owned(), decode(url.username())?.into());
    }
    let database = decode(url.path().trim_start_matches('/'))?;
    if !database.is_empty() {
        let database = match (system, database.parse::<u16>()) {
            (System::Redis, Ok(number)) => number.into(),
            _ => database.into(),
        };
        values.insert("database".to_owned(), database);
    }
    if url.scheme() == "rediss" || url.scheme().ends_with("+wss") {
        values.insert("tls".to_owned(), true.into());
    }
    let mut secret = url.password().map(decode).transpose()?;
    for (key, value) in url.query_pairs() {
        if key == "password" {
            secret = Some(value.into_owned());
        } else {
            values.insert(key.into_owned(), typed(&value));
        }
    }
    Ok(Settings { system, values: Value::Object(values), secret })
}

fn from_file(text: &str) -> Result<Settings> {
    let rest = &text["sqlite:".len()..];
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // `sqlite:///a/b` is the absolute path, `sqlite://b` and `sqlite:b` are relative ones.
    let path = decode(path.strip_prefix("//").unwrap_or(path))?;
    if path.is_empty() {
        return Err(invalid("the address `sqlite:` names no file").hint("Write it like `sqlite:///data/history.db`."));
    }
    let mut values = Map::new();
    values.insert("path".to_owned(), path.into());
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        values.insert(key.into_owned(), typed(&value));
    }
    Ok(Settings { system: System::Sqlite, values: Value::Object(values), secret: None })
}

fn from_http(text: &str) -> Result<Settings> {
    let mut url = parse(text)?;
    let mut values = Map::new();
    let secret = url.password().map(decode).transpose()?;
    let user = decode(url.username())?;
    // Neither can fail: an HTTP URL always has a host.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    values.insert("url".to_owned(), String::from(url).into());
    if !user.is_empty() {
        values.insert("user".to_owned(), user.into());
    }
    Ok(Settings { system: System::Http, values: Value::Object(values), secret })
}

fn parse(text: &str) -> Result<url::Url> {
    url::Url::parse(text).map_err(|error| {
        invalid(format!("the address cannot be read: {error}")).hint(
            "Write it like `postgres://user@host:5432/database`; percent-encode special characters of the password.",
        )
    })
}

fn decode(text: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| invalid("a percent-encoded part of the address is not UTF-8"))
}

fn typed(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<u64>().map_or_else(|_| text.into(), Value::from),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::permanent(ErrorCode::InvalidValue, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn check(url: &str, system: System, values: Value, secret: Option<&str>) {
        let settings = Settings::parse(url).unwrap();
        assert_eq!((settings.system, settings.values, settings.secret.as_deref()), (system, values, secret));
    }

    #[test]
    fn a_url_falls_into_parts_and_the_secret_apart_from_them() {
        check(
            "postgres://al%40b:p%2Fw%C3%A9@db.example:6432/history?sslmode=require&pool_size=3",
            System::Postgres,
            json!({"host": "db.example", "port": 6432, "user": "al@b", "database": "history", "sslmode": "require", "pool_size": 3}),
            Some("p/wé"),
        );
        check("mysql://root@[::1]/", System::Mysql, json!({"host": "::1", "user": "root"}), None);
        check(
            "redis://:s3cret@localhost/2",
            System::Redis,
            json!({"host": "localhost", "database": 2}),
            Some("s3cret"),
        );
        check(
            "sqlite:///tmp/a%20b.db?create=false",
            System::Sqlite,
            json!({"path": "/tmp/a b.db", "create": false}),
            None,
        );
        check(
            "taos+wss://root:taos%20data@td.example:6041/market?pool_size=4",
            System::Tdengine,
            json!({"host": "td.example", "port": 6041, "user": "root", "database": "market", "tls": true, "pool_size": 4}),
            Some("taos data"),
        );
        check("tdengine://[::1]", System::Tdengine, json!({"host": "::1"}), None);
        check("sqlite:rel.db", System::Sqlite, json!({"path": "rel.db"}), None);
        check(
            "https://u:p@example.com/x?y=1",
            System::Http,
            json!({"url": "https://example.com/x?y=1", "user": "u"}),
            Some("p"),
        );
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        for url in ["postgres://u:canary@host:notaport/x", "oracle://u:canary@h", "canary", "sqlite:"] {
            let error = Settings::parse(url).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let settings = Settings::parse("postgres://u:canary@h/d").unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
