//! One connection that is logged in, and what the service's codes mean for the next attempt.

use crate::config::Config;
use crate::frame::{answer, request};
use plugin_sdk::{Connection, Error, ErrorKind, Host, Result, text};

/// A connection that is logged in.
pub(crate) struct Session {
    connection: Connection,
    /// What the service calls whoever is logged in.
    pub(crate) user: String,
}

impl Session {
    pub(crate) fn open(host: &Host, config: &Config) -> Result<Self> {
        let mut connection = host.connect(&config.host, config.port, None)?;
        let key = host.find_secret("api_key");
        let option = key.as_deref().map_or("0", str::trim);
        if option.chars().any(char::is_control) {
            return Err(Error::config("api_key", "the secret `api_key` holds what no key can"));
        }
        connection.write(&request("00", &["login", "anonymous", "123456", option]))?;
        let fields = checked(answer(&mut connection)?)?;
        let user = fields.get(3).filter(|user| !user.is_empty()).map_or("anonymous", String::as_str).to_owned();
        Ok(Self { connection, user })
    }

    /// Asks and gives the answer's fields.
    pub(crate) fn ask(&mut self, kind: &str, fields: &[&str]) -> Result<Vec<String>> {
        self.connection.write(&request(kind, fields))?;
        checked(answer(&mut self.connection)?)
    }
}

/// The fields where the code is 0.
fn checked((_, fields): (String, Vec<String>)) -> Result<Vec<String>> {
    let code = fields.first().map_or("", String::as_str);
    if code == "0" {
        return Ok(fields);
    }
    let kind = match code {
        // The session is gone, the server or the network failed.
        "10001001" | "10005001" => ErrorKind::Transient,
        _ if code.starts_with("10002") => ErrorKind::Transient,
        _ if code.starts_with("10001") => ErrorKind::Auth,
        "10004005" | "10004006" | "10004007" | "10004008" | "10004009" | "10004010" | "10004011" | "10004012"
        | "10004013" | "10004014" | "10004015" | "10004018" => ErrorKind::Config,
        _ => ErrorKind::Permanent,
    };
    let said = text::cut_chars(&text::one_line(fields.get(1).map_or("", String::as_str)), 200);
    let error = Error::new(kind, format!("Baostock refused with code {}: {said}", text::cut_chars(code, 20)));
    Err(if kind == ErrorKind::Config { Error { field: Some("params".to_owned()), ..error } } else { error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_are_sorted_by_whether_trying_again_may_help() {
        for (code, kind) in [
            ("10001001", ErrorKind::Transient),
            ("10002007", ErrorKind::Transient),
            ("10005001", ErrorKind::Transient),
            ("10001002", ErrorKind::Auth),
            ("10001004", ErrorKind::Auth),
            ("10001011", ErrorKind::Auth),
            ("10001012", ErrorKind::Auth),
            ("10004009", ErrorKind::Config),
            ("10004011", ErrorKind::Config),
            ("10004020", ErrorKind::Permanent),
            ("", ErrorKind::Permanent),
        ] {
            let error = checked(("04".into(), vec![code.into(), "why".into()])).unwrap_err();
            assert_eq!(error.kind, kind, "{code}");
        }
        assert!(checked(("34".into(), vec!["0".into()])).is_ok());
    }
}
