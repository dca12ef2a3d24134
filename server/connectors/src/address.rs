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
