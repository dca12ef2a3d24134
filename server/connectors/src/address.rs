//! Resolves the host of a connection and keeps only the addresses the operator allows.
//!
//! A connector connects to an address it got from here, never to the name: a name may lead elsewhere a moment later.

use data::{AddressRules, Error, Result};
use model::ErrorCode;
use std::net::SocketAddr;
use std::sync::Arc;

/// Which addresses the connectors of databases may reach.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<AddressRules>);

impl Gate {
    /// A gate that holds every address against `rules`.
    #[must_use]
    pub fn new(rules: AddressRules) -> Self {
        Self(Arc::new(rules))
    }

    /// Where loopback and private networks are allowed, as for tests and databases beside the server.
    #[must_use]
    pub fn with_private() -> Self {
        Self::new(AddressRules { allow_private: true, ..AddressRules::default() })
    }

    /// The rules, for what resolves names itself.
    pub(crate) fn rules(&self) -> &AddressRules {
        &self.0
    }

    /// The addresses of `host` that may be connected to, at least one, in the resolver's order.
    ///
    /// # Errors
    /// `connection_failed` for a name that does not resolve, `address_refused` where no address may be reached.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        // A literal in an unusual spelling (octal, decimal) is read by our own reader, not by the system's.
        let found: Vec<SocketAddr> = match data::address::parse_literal(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| {
                    Error::transient(ErrorCode::ConnectionFailed, format!("the host `{host}` is not known: {error}"))
                        .hint("Check the spelling of the host, and that this machine's name server knows it.")
                })?
                .collect(),
        };
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.0.permits(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match (allowed.is_empty(), refused) {
            (false, _) => Ok(allowed),
            (true, Some(why)) => Err(Error::permanent(ErrorCode::AddressRefused, why.to_string())
                .hint("Ask the operator to allow it: `--connection-addresses`.")),
            (true, None) => {
                Err(Error::transient(ErrorCode::ConnectionFailed, format!("the host `{host}` has no address")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gate(allow: &[&str]) -> Gate {
        let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
        Gate::new(AddressRules { allow, only_listed: true, ..AddressRules::default() })
    }

    async fn check(gate: &Gate, host: &str, expected: Option<ErrorCode>) {
        let found = gate.resolve(host, 5432).await;
        assert_eq!(found.as_ref().err().map(Error::code), expected, "{host}: {found:?}");
    }

    #[tokio::test]
    async fn the_address_counts_however_it_is_spelled() {
        let refused = Some(ErrorCode::AddressRefused);
        let loopback = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "127.0.0.1.",
            "::ffff:127.0.0.1",
            "[::ffff:7f00:1]",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ];
        for host in loopback {
            check(&gate(&["10.0.0.0/8", "db.example.com"]), host, refused).await;
            check(&gate(&["127.0.0.0/8"]), host, None).await;
            check(&Gate::with_private(), host, None).await;
        }
        // A name that leads there is no way around, and a name that is listed is one.
        check(&gate(&["10.0.0.0/8"]), "localhost", refused).await;
        check(&gate(&["localhost"]), "localhost", None).await;
        check(&Gate::with_private(), "localhost", None).await;
        for host in
            ["169.254.169.254", "2852039166", "0xa9fea9fe", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254"]
        {
            check(&Gate::with_private(), host, refused).await;
            check(&gate(&["127.0.0.0/8"]), host, refused).await;
        }
        check(&gate(&["169.254.169.254"]), "2852039166", None).await;
        check(&Gate::with_private(), "no-such-host.invalid", Some(ErrorCode::ConnectionFailed)).await;
    }
}
