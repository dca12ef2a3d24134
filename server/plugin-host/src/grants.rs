//! What an administrator grants a plugin, and the address patterns that grants of `http` are made of.

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
    /// Secrets by the names the manifest declares; each refers to a value: `env:NAME`, `file:/path`.
    pub secrets: BTreeMap<String, String>,
    /// Whether it may know the time and wait.
    pub clock: bool,
    /// Whether it may keep a small durable memory.
    pub kv: bool,
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
        // A bracketed address has colons of its own.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            None => Some(default),
            Some("*") => None,
            Some(port) => Some(port.parse().map_err(|_| invalid())?),
        };
        let host = if host == "*" {
            HostPattern::Any
        } else if let Some(domain) = host.strip_prefix("*.") {
            match domain.parse() {
                Ok(AddressPattern::Host(name)) => HostPattern::Below(format!(".{name}")),
                _ => return Err(invalid()),
            }
        } else {
            // Written as a URL writes it, so that both sides compare equal.
            let url = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| invalid())?;
            let clean =
                url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.port().is_none();
            match url.host_str() {
                Some(name) if clean && !name.contains('*') && url.query().is_none() => {
                    HostPattern::Exactly(name.trim_end_matches('.').to_owned())
                }
                _ => return Err(invalid()),
            }
        };
        Ok(Self { tls: scheme == "https", host, port })
    }
}

impl fmt::Display for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        match &self.host {
            HostPattern::Any => f.write_str("*")?,
            HostPattern::Below(domain) => write!(f, "*{domain}")?,
            HostPattern::Exactly(host) => f.write_str(host)?,
        }
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
        let host_matches = match &self.host {
            HostPattern::Any => true,
            HostPattern::Below(domain) => host.strip_suffix(domain.as_str()).is_some_and(|rest| !rest.is_empty()),
            HostPattern::Exactly(name) => name == host,
        };
        self.scheme() == scheme && host_matches && self.port.is_none_or(|own| own == port)
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
    /// Whether a request to `url` is granted; a literal address is checked here, a name when it is resolved.
    pub(crate) fn permit(&self, url: &Url) -> Result<Permit, String> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("the address has no host".to_owned());
        };
        let host = host.trim_end_matches('.');
        let mut found = None;
        for pattern in self.http.iter().filter(|pattern| pattern.matches(url.scheme(), host, port)) {
            let named = matches!(pattern.host, HostPattern::Exactly(_));
            if named || found.is_none() {
                found = Some(Permit { named: named.then(|| host.to_owned()) });
            }
        }
        let Some(permit) = found else {
            return Err(format!("`{}://{host}:{port}` is not among the addresses granted", url.scheme()));
        };
        if let Some(address) = parse_literal(host) {
            permit.rules().permits(host, address).map_err(|refused| refused.to_string())?;
        }
        Ok(permit)
    }
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

    #[test]
    fn a_pattern_prints_as_it_is_written() {
        for text in ["https://example.com", "http://*.example.com:8080", "http://127.0.0.1:*", "https://*"] {
            assert_eq!(text.parse::<HttpPattern>().unwrap().to_string(), text);
        }
    }
}
