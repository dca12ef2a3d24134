//! Resolves names for the client and drops every address the rules refuse, at the moment of connecting.

use data::AddressRules;
use data::address::Refused;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::sync::Arc;

/// A resolver whose answers the rules have passed.
pub(super) struct FilteredResolver(pub(super) Arc<AddressRules>);

impl Resolve for FilteredResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let mut refused: Option<Refused> = None;
            let mut allowed = Vec::new();
            for address in found {
                match rules.permits(&host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(why) => refused = refused.or(Some(why)),
                }
            }
            match (allowed.is_empty(), refused) {
                (true, Some(why)) => Err(why.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
