//! What an administrator grants a plugin, and the address patterns that grants of `http` and `tcp` are made of.

use crate::manifest::Asks;
use data::address::{AddressPattern, AddressRules, parse_literal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// What a plugin may reach. The default grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Addresses of HTTP requests.
    pub http: Vec<HttpPattern>,
    /// Addresses of plain connections.
    pub tcp: Vec<TcpPattern>,
    /// Secrets by the names the manifest declares; each refers to a value: `env:NAME`, `file:/path`.
    pub secrets: BTreeMap<String, String>,
    /// Whether it may know the time and wait.
    pub clock: bool,
    /// Whether it may keep a small durable memory.
    pub kv: bool,
    /// Connections for SQL by the names the manifest declares.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sql: BTreeMap<String, ConnectionGrant>,
    /// Connections to Redis by the names the manifest declares.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redis: BTreeMap<String, ConnectionGrant>,
}

/// A connection of the server, for reading: `warehouse`; for writing too: `warehouse:write`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionGrant {
    /// The connection's name on the server.
    pub connection: String,
    /// Whether the plugin may change what is there.
    pub write: bool,
}

/// A grant of a connection that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidConnectionGrant;

impl fmt::Display for InvalidConnectionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the name of a connection, with `:write` behind it where it may be written")
    }
}

impl std::error::Error for InvalidConnectionGrant {}

impl FromStr for ConnectionGrant {
    type Err = InvalidConnectionGrant;

    fn from_str(text: &str) -> Result<Self, InvalidConnectionGrant> {
        let (connection, write) = match text.rsplit_once(':') {
            Some((connection, "write")) => (connection, true),
            Some((connection, "read")) => (connection, false),
            Some(_) => return Err(InvalidConnectionGrant),
            None => (text, false),
        };
        if connection.is_empty() || connection.chars().any(char::is_control) {
            return Err(InvalidConnectionGrant);
        }
        Ok(Self { connection: connection.to_owned(), write })
    }
}

impl fmt::Display for ConnectionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.connection, if self.write { ":write" } else { "" })
    }
}

impl TryFrom<String> for ConnectionGrant {
    type Error = InvalidConnectionGrant;

    fn try_from(text: String) -> Result<Self, InvalidConnectionGrant> {
        text.parse()
    }
}

impl From<ConnectionGrant> for String {
    fn from(grant: ConnectionGrant) -> Self {
        grant.to_string()
    }
}

/// `https://api.example.com`, `https://*.example.com:8443`, `http://127.0.0.1:*`, `https://*`.
///
/// Scheme, host and port must all match; without a port, the scheme's own. An address that is not public needs a
/// pattern that names its host or the address itself, without `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpPattern {
    tls: bool,
    host: HostPattern,
    /// None: any.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// With its leading dot.
    Below(String),
    Exactly(String),
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHttpPattern(String);

impl fmt::Display for InvalidHttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no address pattern: expected scheme, host and port like `https://*.example.com:8443`",
            self.0
        )
    }
}

impl std::error::Error for InvalidHttpPattern {}

impl FromStr for HttpPattern {
    type Err = InvalidHttpPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHttpPattern> {
        let invalid = || InvalidHttpPattern(text.to_owned());
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => ("https", rest),
            Some(("http", rest)) => ("http", rest),
            _ => return Err(invalid()),
        };
        let default = if scheme == "https" { 443 } else { 80 };
        let (host, port) = split_port(rest);
        let port = match port {
            None => Some(default),
            Some("*") => None,
            Some(port) => Some(port.parse().map_err(|_| invalid())?),
        };
        let host = HostPattern::parse(host).ok_or_else(invalid)?;
        Ok(Self { tls: scheme == "https", host, port })
    }
}

impl fmt::Display for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.host)?;
        match (self.port, self.scheme()) {
            (Some(443), "https") | (Some(80), "http") => Ok(()),
            (Some(port), _) => write!(f, ":{port}"),
            (None, _) => f.write_str(":*"),
        }
    }
}

impl TryFrom<String> for HttpPattern {
    type Error = InvalidHttpPattern;

    fn try_from(text: String) -> Result<Self, InvalidHttpPattern> {
        text.parse()
    }
}

impl From<HttpPattern> for String {
    fn from(pattern: HttpPattern) -> Self {
        pattern.to_string()
    }
}

impl HttpPattern {
    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    fn matches(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.scheme() == scheme && self.host.matches(host) && self.port.is_none_or(|own| own == port)
    }
}

/// `db.example.com:9000`, `*.example.com:9000`, `10.0.0.5:*`: host and port of a plain connection.
///
/// As with [`HttpPattern`], an address that is not public needs a pattern that names host or address without `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TcpPattern {
    host: HostPattern,
    /// None: any.
    port: Option<u16>,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTcpPattern(String);

impl fmt::Display for InvalidTcpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no address pattern: expected host and port like `api.example.com:10030`", self.0)
    }
}

impl std::error::Error for InvalidTcpPattern {}

impl FromStr for TcpPattern {
    type Err = InvalidTcpPattern;

    fn from_str(text: &str) -> Result<Self, InvalidTcpPattern> {
        let invalid = || InvalidTcpPattern(text.to_owned());
        let (host, port) = split_port(text);
        let port = match port {
            Some("*") => None,
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(invalid)?),
            None => return Err(invalid()),
        };
        Ok(Self { host: HostPattern::parse(host).ok_or_else(invalid)?, port })
    }
}

impl fmt::Display for TcpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}:*", self.host),
        }
    }
}

impl TryFrom<String> for TcpPattern {
    type Error = InvalidTcpPattern;

    fn try_from(text: String) -> Result<Self, InvalidTcpPattern> {
        text.parse()
    }
}

impl From<TcpPattern> for String {
    fn from(pattern: TcpPattern) -> Self {
        pattern.to_string()
    }
}

/// Host and port; a bracketed address has colons of its own.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// A host as a URL writes it, so that patterns and addresses compare equal in every spelling.
fn normalize(host: &str) -> Option<String> {
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    let clean = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.port().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let name = url.host_str().filter(|name| clean && !name.contains('*'))?.trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

impl HostPattern {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        match text.strip_prefix("*.") {
            Some(domain) => match domain.parse() {
                Ok(AddressPattern::Host(name)) => Some(Self::Below(format!(".{name}"))),
                _ => None,
            },
            None => normalize(text).map(Self::Exactly),
        }
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Below(domain) => host.strip_suffix(domain.as_str()).is_some_and(|rest| !rest.is_empty()),
            Self::Exactly(name) => name == host,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(domain) => write!(f, "*{domain}"),
            Self::Exactly(host) => f.write_str(host),
        }
    }
}

/// A granted address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permit {
    /// The host, where a pattern names it literally: then it need not be public.
    pub(crate) named: Option<String>,
}

impl Permit {
    /// Which addresses the host may have.
    pub(crate) fn rules(&self) -> AddressRules {
        let allow = self.named.iter().filter_map(|host| host.parse().ok()).collect();
        AddressRules { allow, ..AddressRules::default() }
    }
}

impl Grants {
    /// These grants without what is no longer asked for.
    pub(crate) fn asked(&self, asks: &Asks) -> Self {
        let mut kept = self.clone();
        if asks.http.is_empty() {
            kept.http.clear();
        }
        if asks.tcp.is_empty() {
            kept.tcp.clear();
        }
        kept.secrets.retain(|name, _| asks.secrets.contains(name));
        kept.clock &= asks.clock;
        kept.kv &= asks.kv;
        kept.sql.retain(|name, _| asks.sql.contains(name));
        kept.redis.retain(|name, _| asks.redis.contains(name));
        kept
    }

    /// Whether a request to `url` is granted; a literal address is checked here, a name when it is resolved.
    pub(crate) fn permit(&self, url: &Url) -> Result<Permit, String> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("the address has no host".to_owned());
        };
        let host = host.trim_end_matches('.');
        let granted = self.http.iter().filter(|pattern| pattern.matches(url.scheme(), host, port)).map(|it| &it.host);
        permit(host, granted)
            .ok_or_else(|| format!("`{}://{host}:{port}` is not among the addresses granted", url.scheme()))?
    }

    /// Whether a plain connection is granted, and to which host as a URL writes it; a literal address is checked here, a
    /// name when it is resolved.
    pub(crate) fn permit_tcp(&self, host: &str, port: u16) -> Result<(String, Permit), String> {
        // An address of the sixth version needs no brackets here.
        let bracketed =
            if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let host = normalize(&bracketed).ok_or_else(|| "that is no host".to_owned())?;
        let granted = self.tcp.iter().filter(|it| it.host.matches(&host) && it.port.is_none_or(|own| own == port));
        let permit = permit(&host, granted.map(|it| &it.host))
            .ok_or_else(|| format!("`{host}:{port}` is not among the addresses granted"))??;
        Ok((host, permit))
    }
}

/// What the patterns that match a host permit; none where there are none.
fn permit<'a>(host: &str, granted: impl Iterator<Item = &'a HostPattern>) -> Option<Result<Permit, String>> {
    let mut found = None;
    for pattern in granted {
        let named = matches!(pattern, HostPattern::Exactly(_));
        if named || found.is_none() {
            found = Some(Permit { named: named.then(|| host.to_owned()) });
        }
    }
    let permit = found?;
    let refused = parse_literal(host).and_then(|address| permit.rules().permits(host, address).err());
    Some(match refused {
        Some(refused) => Err(refused.to_string()),
        None => Ok(permit),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(patterns: &[&str], url: &str, expected: bool) {
        let grants = Grants { http: patterns.iter().map(|it| it.parse().unwrap()).collect(), ..Grants::default() };
        let outcome = grants.permit(&Url::parse(url).unwrap());
        assert_eq!(outcome.is_ok(), expected, "{patterns:?} {url}: {outcome:?}");
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        check(&[], "https://example.com/", false);
        check(&["https://example.com"], "https://example.com/a?b", true);
        check(&["https://example.com"], "https://EXAMPLE.com./a", true);
        check(&["https://example.com"], "http://example.com/", false);
        check(&["https://example.com"], "https://example.com:8443/", false);
        check(&["https://example.com:*"], "https://example.com:8443/", true);
        check(&["https://example.com"], "https://example.com.evil.test/", false);
        check(&["https://*.example.com"], "https://a.b.example.com/", true);
        check(&["https://*.example.com"], "https://example.com/", false);
        check(&["https://*.example.com"], "https://badexample.com/", false);
        check(&["https://*"], "https://anything.test/", true);
        check(&["http://[::1]:9"], "http://[::1]:9/", true);
    }

    #[test]
    fn an_address_that_is_not_public_must_be_named() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "http://[::1]/",
        ] {
            check(&["http://*"], url, false);
        }
        check(&["http://127.0.0.1"], "http://2130706433/", true);
        check(&["http://127.0.0.1"], "http://127.0.0.2/", false);
    }

    #[test]
    fn patterns_without_a_scheme_or_with_a_path_are_refused() {
        for text in ["example.com", "ftp://example.com", "https://", "https://a/b", "https://u:p@a", "https://a*b", "*"]
        {
            assert!(text.parse::<HttpPattern>().is_err(), "{text}");
        }
    }

    fn check_tcp(patterns: &[&str], host: &str, port: u16, expected: bool) {
        let grants = Grants { tcp: patterns.iter().map(|it| it.parse().unwrap()).collect(), ..Grants::default() };
        let outcome = grants.permit_tcp(host, port);
        assert_eq!(outcome.is_ok(), expected, "{patterns:?} {host} {port}: {outcome:?}");
    }

    #[test]
    fn a_plain_connection_needs_host_and_port_and_a_name_where_it_is_not_public() {
        check_tcp(&[], "example.com", 9000, false);
        check_tcp(&["example.com:9000"], "example.com", 9000, true);
        check_tcp(&["example.com:9000"], "EXAMPLE.com.", 9000, true);
        check_tcp(&["example.com:9000"], "example.com", 9001, false);
        check_tcp(&["*.example.com:*"], "a.example.com", 1, true);
        check_tcp(&["*.example.com:*"], "example.com", 1, false);
        check_tcp(&["*:9000"], "anything.test", 9000, true);
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "::ffff:127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254"] {
            check_tcp(&["*:9000"], host, 9000, false);
        }
        check_tcp(&["127.0.0.1:9000"], "2130706433", 9000, true);
        check_tcp(&["127.0.0.1:9000"], "127.0.0.2", 9000, false);
        check_tcp(&["[::1]:9000"], "::1", 9000, true);
        for host in ["", "a/b", "a@b", "a?b", "a:b", "a#b"] {
            check_tcp(&["*:9000"], host, 9000, false);
        }
    }

    #[test]
    fn a_tcp_pattern_has_a_port_and_prints_as_it_is_written() {
        for text in ["example.com:9000", "*.example.com:*", "127.0.0.1:1", "[::1]:9000", "*:443"] {
            assert_eq!(text.parse::<TcpPattern>().unwrap().to_string(), text);
        }
        for text in ["example.com", "example.com:0", "example.com:x", "https://a:1", ":1", "a/b:1", "a*b:1", "[::1]"] {
            assert!(text.parse::<TcpPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_connection_is_granted_for_reading_unless_it_says_write() {
        for (text, write) in [("warehouse", false), ("warehouse:write", true)] {
            let grant: ConnectionGrant = text.parse().unwrap();
            assert_eq!(
                (grant.connection.as_str(), grant.write, grant.to_string().as_str()),
                ("warehouse", write, text)
            );
        }
        assert!(!"a:read".parse::<ConnectionGrant>().unwrap().write);
        for text in ["", ":write", "a:admin", "a:write:more", "a\n"] {
            assert!(text.parse::<ConnectionGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_prints_as_it_is_written() {
        for text in ["https://example.com", "http://*.example.com:8080", "http://127.0.0.1:*", "https://*"] {
            assert_eq!(text.parse::<HttpPattern>().unwrap().to_string(), text);
        }
    }
}
