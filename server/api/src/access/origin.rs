//! Where a request comes from: the other end of its connection, or whom a trusted proxy there names.

use crate::server::ApiState;
use actix_web::HttpRequest;
use actix_web::web::Data;
use data::AddressPattern;
use std::net::{IpAddr, SocketAddr};

const FORWARDED: &str = "x-forwarded-for";
/// Proxies in a row at most.
const HOPS_MOST: usize = 20;

/// The networks of proxies whose word is taken.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<AddressPattern>);

impl Proxies {
    /// Proxies of these networks.
    #[must_use]
    pub fn new(networks: Vec<AddressPattern>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.covers(address))
    }

    /// Who asks: from the connection's other end backwards, the first that is no trusted proxy.
    ///
    /// What stands further left in the header was written by that one, and may be made up.
    fn client(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        for entry in forwarded.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS_MOST) {
            if !self.trusts(client) {
                break;
            }
            let Some(named) = parse(entry.trim()) else { break };
            client = named;
        }
        client
    }
}

/// Where the request comes from, as text; empty where it came by no network.
pub(crate) fn address(request: &HttpRequest) -> String {
    let Some(peer) = request.peer_addr() else { return String::new() };
    let lines = request.headers().get_all(FORWARDED).filter_map(|line| line.to_str().ok());
    let client = match request.app_data::<Data<ApiState>>() {
        Some(state) => state.proxies.client(peer.ip(), &lines.collect::<Vec<_>>()),
        None => peer.ip(),
    };
    client.to_string()
}

/// An address as proxies write it: with a port, in brackets, or bare.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed_and_only_about_who_spoke_to_them() {
        let proxies = Proxies::new(["10.0.0.0/8", "::1"].iter().map(|text| text.parse().unwrap()).collect());
        let check = |peer: &str, lines: &[&str], expected: &str| {
            assert_eq!(proxies.client(peer.parse().unwrap(), lines).to_string(), expected, "{peer} {lines:?}");
        };
        check("203.0.113.9", &["1.2.3.4"], "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["1.2.3.4"], "1.2.3.4");
        check("::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4");
        // What the client has made up stands left of what the proxy has seen.
        check("10.0.0.1", &["9.9.9.9, 1.2.3.4"], "1.2.3.4");
        check("10.0.0.1", &["9.9.9.9", "1.2.3.4, 10.0.0.2"], "1.2.3.4");
        check("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3");
        check("::1", &["[2001:db8::1]:443"], "2001:db8::1");
        check("::1", &["1.2.3.4:5"], "1.2.3.4");
        check("10.0.0.1", &["1.2.3.4, unknown"], "10.0.0.1");
        check("10.0.0.1", &["", ",,"], "10.0.0.1");
        assert_eq!(Proxies::default().client("127.0.0.1".parse().unwrap(), &["1.2.3.4"]).to_string(), "127.0.0.1");
    }
}
