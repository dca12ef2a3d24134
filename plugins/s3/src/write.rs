//! Puts one object for each batch. Its name is made of the batch's key, so that a repeat replaces the same object.

use crate::config::{Config, Format};
use crate::signature::{Signed, Signer, host, moment};
use crate::{csv_file, parquet_file};
use plugin_sdk::sign::{hex, sha256};
use plugin_sdk::{
    Batch, CellReader, Error, ErrorKind, Field, Host, Mark, Method, Request, Result, Schema, Sink, Writer, refusal,
    text, url,
};

/// The plugin.
pub(crate) struct S3;

/// A writing under way.
pub(crate) struct S3Writer {
    host: Host,
    config: Config,
    fields: Vec<Field>,
    cells: Vec<CellReader>,
}

impl Sink for S3 {
    type Writer = S3Writer;

    fn check(host: &Host) -> Result<()> {
        url::check("endpoint", &host.settings::<Config>()?.endpoint)?;
        host.secret("access_key")?;
        host.secret("secret_key").map(|_| ())
    }

    fn open(host: Host, columns: Schema, _: String) -> Result<S3Writer> {
        let config: Config = host.settings()?;
        url::check("endpoint", &config.endpoint)?;
        Ok(S3Writer { host, config, cells: CellReader::all(&columns.fields)?, fields: columns.fields })
    }
}

/// The object's name: in the order of writing, and the same in every attempt.
fn name(config: &Config, mark: &Mark) -> String {
    let extension = match config.format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
    };
    let digest = hex(&sha256(mark.key.as_bytes())[..8]);
    format!("{}{:08}-{digest}.{extension}", config.prefix.trim_start_matches('/'), mark.sequence)
}

impl S3Writer {
    fn put(&self, name: &str, body: Vec<u8>) -> Result<()> {
        let config = &self.config;
        let encoded = name.split('/').map(url::encode).collect::<Vec<_>>().join("/");
        let path = format!("/{}/{encoded}", url::encode(&config.bucket));
        let (access_key, secret_key) = (self.host.secret("access_key")?, self.host.secret("secret_key")?);
        let token = self.host.find_secret("session_token");
        let (digest, moment) = (hex(&sha256(&body)), moment(self.host.now().div_euclid(1_000_000)));
        let own = host(&config.endpoint);
        let mut headers =
            vec![("host", own.as_str()), ("x-amz-content-sha256", digest.as_str()), ("x-amz-date", moment.as_str())];
        if let Some(token) = &token {
            headers.push(("x-amz-security-token", token.as_str()));
        }
        let signer = Signer { access_key: access_key.trim(), secret_key: secret_key.trim(), region: &config.region };
        let signed =
            Signed { method: "PUT", path: &path, query: "", headers: &headers, digest: &digest, moment: &moment };
        let authorization = signer.authorization(&signed);
        let base = config.endpoint.trim().trim_end_matches('/');
        let mut request = Request::new(Method::Put, format!("{base}{path}")).header("authorization", authorization);
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        let mut response = self.host.send(request.body(body))?;
        if (200..=299).contains(&response.status) {
            return Ok(());
        }
        let (status, wait) = (response.status, response.retry_after_ms());
        Err(refused(status, wait, &response.text(64 << 10)?))
    }
}

/// By the code that the body names; the status alone says less.
fn refused(status: u16, wait: Option<u64>, said: &str) -> Error {
    let between = |tag: &str| {
        let (_, rest) = said.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0)
    };
    let Some(code) = between("Code") else { return refusal("the storage", status, wait, said) };
    let kind = match code {
        "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout" | "OperationAborted" => {
            ErrorKind::Transient
        }
        "AccessDenied"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "AuthorizationHeaderMalformed" => ErrorKind::Auth,
        _ => refusal("", status, None, "").kind,
    };
    let why = text::cut_chars(&text::one_line(between("Message").unwrap_or_default()), 300);
    let error = Error::new(kind, format!("the storage refused the file with `{}`: {why}", text::cut_chars(code, 60)));
    error.retry_after_ms(wait.filter(|_| kind == ErrorKind::Transient))
}

impl Writer for S3Writer {
    fn write(&mut self, rows: Batch, mark: Mark) -> Result<u64> {
        let file = match self.config.format {
            Format::Csv => csv_file::make(&self.fields, &self.cells, &rows),
            Format::Parquet => parquet_file::make(&self.fields, &self.cells, &rows)?,
        };
        self.put(&name(&self.config, &mark), file)?;
        Ok(u64::from(rows.rows))
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer};
    use plugin_sdk::{ColumnBuilder, DataType};
    use serde_json::json;

    fn write(status: u16, body: &str) -> (Host, Result<u64>) {
        let settings = json!({ "endpoint": "http://127.0.0.1:9000", "bucket": "market", "prefix": "bars/ü 1/" });
        let fake = FakeHost::default().settings(settings).at(1_369_353_600_000_000);
        let fake = fake.with_secret("access_key", "AKIA").with_secret("secret_key", "hidden");
        let host = fake.answer(answer(status, body)).host();
        let mut code = ColumnBuilder::new(DataType::Utf8);
        code.push_str("a");
        let schema = Schema::new(vec![Field::new("code", DataType::Utf8)]);
        let mark = Mark { lane: "a".into(), sequence: 3, checkpoint: None, key: "k".into() };
        let mut writer = S3::open(host.clone(), schema, "k".into()).unwrap();
        let outcome = writer.write(Batch::from_builders(vec![code]), mark);
        (host, outcome)
    }

    #[test]
    fn a_batch_becomes_one_object_under_a_name_that_stays_the_same() {
        let (host, outcome) = write(200, "");
        assert_eq!(outcome.unwrap(), 1);
        let request = host.fake().requests().remove(0);
        let digest = hex(&sha256(b"k")[..8]);
        assert_eq!(request.url, format!("http://127.0.0.1:9000/market/bars/%C3%BC%201/00000003-{digest}.csv"));
        assert_eq!(request.body.as_deref(), Some(&b"code\na\n"[..]));
        let header = |name: &str| request.headers.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
        assert_eq!(header("x-amz-date"), Some("20130524T000000Z"));
        assert_eq!(header("x-amz-content-sha256"), Some(hex(&sha256(b"code\na\n")).as_str()));
        assert!(header("authorization").unwrap().contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"));
        assert_eq!(header("host"), None, "the server sets it");
        assert_eq!(write(200, "").0.fake().requests()[0], request);
    }

    #[test]
    fn codes_are_sorted_by_whether_trying_again_may_help() {
        let xml =
            |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>why</Message></Error>");
        for (status, body, kind) in [
            (503, xml("SlowDown"), ErrorKind::Transient),
            (400, xml("RequestTimeout"), ErrorKind::Transient),
            (403, xml("SignatureDoesNotMatch"), ErrorKind::Auth),
            (403, xml("AccessDenied"), ErrorKind::Auth),
            (400, xml("AuthorizationHeaderMalformed"), ErrorKind::Auth),
            (404, xml("NoSuchBucket"), ErrorKind::Permanent),
            (301, xml("PermanentRedirect"), ErrorKind::Permanent),
            (502, "<html>".to_owned(), ErrorKind::Transient),
        ] {
            let error = write(status, &body).1.unwrap_err();
            assert_eq!(error.kind, kind, "{status} {body}");
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }
}
