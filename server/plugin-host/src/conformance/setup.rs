//! `check.toml`: what the suite opens a plugin with, and what its stand-ins answer.

use super::{Lines, Verdict};
use crate::format::parse_format;
use crate::grants::TcpPattern;
use crate::manifest::Manifest;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// What a plugin is opened with. The default has no settings and answers no request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Setup {
    /// Settings that must work; `http://stub` in them is the stub's address.
    pub(super) settings: Map<String, Value>,
    /// Values of secrets; those not named get a text of no meaning.
    pub(super) secrets: BTreeMap<String, String>,
    /// Columns of the rows for sinks and transforms: names and formats of the contract.
    pub(super) columns: Map<String, Value>,
    /// Settings that the plugin itself must refuse.
    pub(super) wrong: Vec<Map<String, Value>>,
    /// What the stub answers; the first that fits counts, else 404.
    pub(super) http: Vec<Route>,
    /// What the stand-in of a granted SQL connection answers; the first that fits counts, else an error.
    pub(super) sql: Vec<Query>,
    /// What the stand-in of a granted Redis answers; the first that fits counts, else nil.
    pub(super) redis: Vec<Command>,
    /// What the other end of plain connections answers; the first that fits counts, else nothing.
    pub(super) tcp: Vec<Peer>,
}

/// One answer of the other end of a plain connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, from = "PeerText")]
pub(super) struct Peer {
    /// `host:port`, as the plugin connects to it.
    pub(super) address: String,
    /// What must have come since the last answer; where absent, it greets whoever connects.
    pub(super) expect: Option<Part>,
    pub(super) send: Part,
    /// Whether TLS begins with this answer, and when.
    pub(super) tls: Option<Tls>,
    /// Whether it closes the connection afterwards.
    pub(super) close: bool,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tls {
    /// Before what is sent.
    Before,
    /// After what is sent.
    After,
}

/// Bytes that are there or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Part(pub(super) Vec<u8>);

impl Part {
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        !bytes.is_empty() && (self.0.is_empty() || bytes.windows(self.0.len()).any(|window| window == self.0))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerText {
    address: String,
    expect: Option<Bytes>,
    #[serde(default)]
    send: Bytes,
    tls: Option<Tls>,
    #[serde(default)]
    close: bool,
}

/// A text, or bytes from 0 to 255.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Bytes(Vec<u8>),
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Self {
        match bytes {
            Bytes::Text(text) => Self(text.into_bytes()),
            Bytes::Bytes(bytes) => Self(bytes),
        }
    }
}

impl From<PeerText> for Peer {
    fn from(text: PeerText) -> Self {
        let PeerText { address, expect, send, tls, close } = text;
        Self { address, expect: expect.map(Part::from), send: send.into(), tls, close }
    }
}

/// One answer to statements.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    /// What the statement must hold; any where absent.
    pub(super) contains: Option<String>,
    /// Names and formats of the columns.
    pub(super) columns: Map<String, Value>,
    /// The rows, a list of values each; a text where TOML has no such value, and nulls by leaving out the last ones.
    pub(super) rows: Vec<Vec<Value>>,
    /// How many rows a statement in a transaction changed.
    pub(super) changed: u64,
}

/// One answer to commands of Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    /// How the command begins, words parted by spaces: `GET greeting`.
    pub(super) command: String,
    pub(super) answer: Answered,
}

/// What Redis answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Answered {
    Number(i64),
    Text(String),
    Many(Vec<String>),
}

/// One answer of the stub.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// The method; any where absent.
    pub(super) method: Option<String>,
    /// The path without its query; `*` at the end stands for the rest.
    pub(super) path: String,
    /// What address or body must hold.
    pub(super) contains: Option<String>,
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
}

fn ok() -> u16 {
    200
}

impl Setup {
    /// The columns of sample rows with their formats.
    pub(super) fn columns(&self) -> Vec<(String, String)> {
        if self.columns.is_empty() {
            let usual = [("id", "l"), ("name", "u"), ("amount", "g"), ("at", "tsu:UTC")];
            return usual.iter().map(|(name, format)| ((*name).to_owned(), (*format).to_owned())).collect();
        }
        let text = |format: &Value| format.as_str().unwrap_or_default().to_owned();
        self.columns.iter().map(|(name, format)| (name.clone(), text(format))).collect()
    }

    /// The addresses of other ends, for grants.
    pub(super) fn peers(&self) -> impl Iterator<Item = TcpPattern> {
        self.tcp.iter().filter_map(|peer| peer.address.parse().ok())
    }
}

/// Reads the file beside the manifest; none, with a line in the report, where it cannot be used.
pub(super) fn read(folder: &Path, manifest: &Manifest, lines: &mut Lines) -> Option<Setup> {
    const TRIED: &str = "reads `check.toml` and holds its settings against the config schema";
    let text = match std::fs::read_to_string(folder.join("check.toml")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            lines.add("check.toml", TRIED, Verdict::fail(error.to_string(), "Make it a text file of UTF-8."));
            return None;
        }
    };
    let setup: Setup = match toml::from_str(&text) {
        Ok(setup) => setup,
        Err(error) => {
            let place = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let why = format!("line {place}: {}", error.message().trim());
            let mend =
                "`docs/plugins/check.md` lists the keys: settings, secrets, columns, wrong, http, sql, redis, tcp.";
            lines.add("check.toml", TRIED, Verdict::fail(why, mend));
            return None;
        }
    };
    let bad = setup.columns.iter().find(|(_, format)| format.as_str().and_then(parse_format).is_none());
    let astray =
        setup.tcp.iter().find(|peer| peer.address.contains('*') || peer.address.parse::<TcpPattern>().is_err());
    let laid = setup.sql.iter().find_map(|query| query.rows().err());
    let verdict = if let Some(error) = laid {
        Verdict::fail(
            error.fault.message.clone(),
            "Give a format of the contract for each column, and values that it can hold.",
        )
    } else if let Some(peer) = astray {
        let why = format!("`address` of [[tcp]] is `{}`", peer.address);
        Verdict::fail(why, "Name host and port: `api.example.com:10030`.")
    } else if let Some((name, format)) = bad {
        Verdict::fail(
            format!("column `{name}` has format {format}"),
            "Give formats of the contract, such as `l` or `u`.",
        )
    } else {
        match jsonschema::validator_for(&manifest.config) {
            Ok(schema) => match schema.validate(&Value::Object(setup.settings.clone())) {
                Ok(()) => Verdict::pass(),
                Err(error) => Verdict::fail(
                    format!("its settings do not fit the config schema: {error}"),
                    "Give under `[settings]` of `check.toml` what a user must set.",
                ),
            },
            Err(error) => Verdict::fail(error.to_string(), "Mend `[config]` in `plugin.toml`."),
        }
    };
    let usable = matches!(verdict, Verdict::Pass(_));
    lines.add("check.toml", TRIED, verdict);
    usable.then_some(setup)
}
