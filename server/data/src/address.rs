//! Which network addresses Sluice may connect to on a user's behalf.
//!
//! The rule looks at the address that is connected to, not at the name that was asked for: whoever resolves names filters
//! the answers with [`AddressRules::permits`], and whoever takes a literal reads it with [`parse_literal`] first.
//! Link-local and cloud-metadata addresses are refused unless the operator lists the very address; loopback and private
//! ones unless the operator allows them. With [`AddressRules::only_listed`] even public ones must be listed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What the operator allows beyond public addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Hosts and networks that are allowed although they are not public.
    pub allow: Vec<AddressPattern>,
    /// Whether loopback and private networks are allowed altogether.
    pub allow_private: bool,
    /// Whether nothing but what `allow` lists may be reached, public addresses included; `allow_private` then opens nothing.
    pub only_listed: bool,
}

/// `db.example.com`, `*.example.com`, `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressPattern {
    /// One host name, in lowercase.
    Host(String),
    /// Every name below a domain, which is kept in lowercase with its leading dot.
    Below(String),
    /// A network; a lone address has all its bits as prefix.
    Network(IpAddr, u8),
}

/// An address that may not be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is: `a private address`.
    pub what: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}, which is not among the addresses the operator allows", self.address, self.what)
    }
}

impl std::error::Error for Refused {}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern(pub String);

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a host name, `*.domain`, address or network", self.0)
    }
}

impl std::error::Error for InvalidPattern {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    Private(&'static str),
    Forbidden(&'static str),
}

impl AddressRules {
    /// Only public addresses.
    #[must_use]
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Whether `address`, found for the host as the user wrote it, may be connected to.
    ///
    /// # Errors
    /// Says what the address is.
    pub fn permits(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let mut worst = Class::Public;
        for form in forms(address) {
            match (classify(form), worst) {
                (Class::Public, _) | (Class::Private(_), Class::Private(_) | Class::Forbidden(_)) => {}
                (class, _) => worst = class,
            }
        }
        let listed = |by_name: bool| self.allow.iter().any(|pattern| pattern.matches(host, address, by_name));
        let (allowed, what) = match worst {
            Class::Public => (!self.only_listed || listed(true), "a public address"),
            Class::Private(what) => ((self.allow_private && !self.only_listed) || listed(true), what),
            // A name can be pointed anywhere by whoever runs its DNS, so only the address itself opens these.
            Class::Forbidden(what) => (listed(false), what),
        };
        if allowed { Ok(()) } else { Err(Refused { address, what }) }
    }
}

impl AddressPattern {
    /// Whether this is a network, or one address, that the address lies in.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        matches!(self, Self::Network(network, prefix) if in_network(address.to_canonical(), *network, *prefix))
    }

    /// Whether the pattern covers the address, or (where `by_name`) the host name.
    fn matches(&self, host: &str, address: IpAddr, by_name: bool) -> bool {
        let host = || host.trim_end_matches('.').to_ascii_lowercase();
        match self {
            Self::Host(name) => by_name && *name == host(),
            Self::Below(domain) => by_name && host().strip_suffix(domain.as_str()).is_some_and(|rest| !rest.is_empty()),
            // Every form that is not public must be covered, and one at least: an address that carries another one
            // inside reaches both.
            Self::Network(network, prefix) => {
                forms(address).any(|form| in_network(form, *network, *prefix))
                    && forms(address).all(|form| classify(form) == Class::Public || in_network(form, *network, *prefix))
            }
        }
    }
}

impl FromStr for AddressPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPattern(text.to_owned());
        let trimmed = text.trim();
        if let Some((network, prefix)) = trimmed.split_once('/') {
            let network: IpAddr = network.parse().map_err(|_| invalid())?;
            let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
            let longest = if network.is_ipv4() { 32 } else { 128 };
            return if prefix <= longest { Ok(Self::Network(network, prefix)) } else { Err(invalid()) };
        }
        let bare = trimmed.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(trimmed);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Network(address, if address.is_ipv4() { 32 } else { 128 }));
        }
        let (name, below) = match trimmed.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (trimmed, false),
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let well_formed = !name.is_empty()
            && name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            })
            // `1.2.3` would be an address in an odd spelling.
            && parse_literal(&name).is_none();
        match (well_formed, below) {
            (false, _) => Err(invalid()),
            (true, true) => Ok(Self::Below(format!(".{name}"))),
            (true, false) => Ok(Self::Host(name)),
        }
    }
}

/// Reads an address in any spelling that resolvers accept: dotted, decimal, octal, hexadecimal, short, in brackets.
#[must_use]
pub fn parse_literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    // A zone (`%eth0`) selects an interface; the address counts.
    let bare = host.split('%').next().unwrap_or(host);
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let parts: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    if parts.len() > 4 {
        return None;
    }
    let numbers: Vec<u64> = parts.iter().map(|part| odd_number(part)).collect::<Option<_>>()?;
    let (last, rest) = numbers.split_last()?;
    if rest.iter().any(|number| *number > 255) || *last >= 1 << (8 * (4 - rest.len())) {
        return None;
    }
    let mut value = *last;
    for (index, number) in rest.iter().enumerate() {
        value |= number << (8 * (3 - index));
    }
    Some(Ipv4Addr::from(u32::try_from(value).ok()?).into())
}

fn odd_number(text: &str) -> Option<u64> {
    let (digits, radix) = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        (if hex.is_empty() { "0" } else { hex }, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        (&text[1..], 8)
    } else {
        (text, 10)
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// The address itself without an IPv4-mapped wrapping.
fn unwrapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The address and every IPv4 address it carries inside.
fn forms(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let inner = match unwrapped(address) {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => carried(v6),
    };
    [Some(unwrapped(address)), inner.map(IpAddr::V4)].into_iter().flatten()
}

/// The IPv4 address that a gateway would reach for an IPv6 one: NAT64, 6to4, Teredo, IPv4-compatible.
fn carried(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let four = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(four(high, low)),
        // The local-use NAT64 prefix puts the address at places the operator chooses; the usual one is the end.
        [0x64, 0xff9b, 1, .., high, low] => Some(four(high, low)),
        [0x2002, high, low, ..] => Some(four(high, low)),
        [0x2001, 0, .., high, low] => Some(four(!high, !low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(four(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(four(high, low)),
        // ISATAP.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(four(high, low)),
        _ => None,
    }
}

fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(v4: Ipv4Addr) -> Class {
    match v4.octets() {
        [169, 254, 169, 254] | [100, 100, 100, 200] | [192, 0, 0, 192] => Class::Forbidden("a cloud-metadata address"),
        [169, 254, ..] => Class::Forbidden("a link-local address"),
        [0, ..] => Class::Forbidden("an unspecified address"),
        [224..=239, ..] => Class::Forbidden("a multicast address"),
        [240..=255, ..] => Class::Forbidden("a reserved or broadcast address"),
        [192, 0, 0, _] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Class::Forbidden("a reserved address")
        }
        [127, ..] => Class::Private("a loopback address"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private("a private address"),
        [100, 64..=127, ..] => Class::Private("a carrier's private address"),
        [198, 18..=19, ..] => Class::Private("a benchmarking address"),
        _ => Class::Public,
    }
}

fn classify_v6(v6: Ipv6Addr) -> Class {
    let s = v6.segments();
    match s {
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            Class::Forbidden("a cloud-metadata address")
        }
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Forbidden("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Private("a loopback address"),
        [first, ..] if first & 0xffc0 == 0xfe80 => Class::Forbidden("a link-local address"),
        [first, ..] if first & 0xff00 == 0xff00 => Class::Forbidden("a multicast address"),
        [first, ..] if first & 0xffc0 == 0xfec0 => Class::Private("a site-local address"),
        [first, ..] if first & 0xfe00 == 0xfc00 => Class::Private("a private address"),
        [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Class::Forbidden("a reserved address"),
        _ => Class::Public,
    }
}

fn in_network(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (address, unwrapped(network)) {
        (IpAddr::V4(address), IpAddr::V4(v4)) => {
            let prefix = if network.is_ipv6() { prefix.saturating_sub(96) } else { prefix };
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            u32::from(address) & mask == u32::from(v4) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(v6)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            u128::from(address) & mask == u128::from(v6) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rules(allow: &[&str], allow_private: bool) -> AddressRules {
        AddressRules {
            allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
            allow_private,
            only_listed: false,
        }
    }

    fn only(allow: &[&str]) -> AddressRules {
        // `allow_private` must open nothing here.
        AddressRules { only_listed: true, ..rules(allow, true) }
    }

    fn check(rules: &AddressRules, host: &str, expected: bool) {
        let address = parse_literal(host).unwrap();
        assert_eq!(rules.permits(host, address).is_ok(), expected, "{host} ({address})");
    }

    #[test]
    fn public_addresses_pass_and_others_are_refused_in_every_spelling() {
        let none = AddressRules::public_only();
        for host in ["93.184.216.34", "2606:2800:220:1::1", "[2606:2800:220:1::1]", "1.1", "0x08080808"] {
            check(&none, host, host != "1.1" || parse_literal("1.1") == Some(Ipv4Addr::new(1, 0, 0, 1).into()));
        }
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.1",
            "127.0.0.1.",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "169.254.1.1",
            "0.0.0.0",
            "0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "[::1]",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:1:2:3:4:80ff:fffe",
            "::127.0.0.1",
            "fe80::1",
            "fe80::1%eth0",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "fe80:0:0:0:0:5efe:7f00:1",
        ] {
            check(&none, host, false);
        }
    }

    #[test]
    fn private_addresses_open_altogether_by_network_or_by_name() {
        check(&rules(&[], true), "127.0.0.1", true);
        check(&rules(&[], true), "::1", true);
        check(&rules(&[], true), "64:ff9b::a00:1", true);
        check(&rules(&["10.0.0.0/8"], false), "10.9.8.7", true);
        check(&rules(&["10.0.0.0/8"], false), "::ffff:10.9.8.7", true);
        check(&rules(&["10.0.0.0/8"], false), "192.168.0.1", false);
        check(&rules(&["127.0.0.1"], false), "127.0.0.2", false);
        check(&rules(&["0.0.0.0/0"], false), "192.168.0.1", true);
        let named = rules(&["db.internal", "*.lan"], false);
        let private = "10.0.0.5".parse().unwrap();
        assert!(named.permits("DB.internal.", private).is_ok());
        assert!(named.permits("x.lan", private).is_ok());
        assert!(named.permits("lan", private).is_err());
        assert!(named.permits("evil.com", private).is_err());
        assert!(named.permits("xlan", private).is_err());
    }

    #[test]
    fn metadata_addresses_open_only_by_their_own_address() {
        check(&rules(&[], true), "169.254.169.254", false);
        check(&rules(&[], true), "64:ff9b::a9fe:a9fe", false);
        check(&rules(&["169.254.169.254"], false), "169.254.169.254", true);
        let metadata = "169.254.169.254".parse().unwrap();
        assert!(rules(&["meta.example"], true).permits("meta.example", metadata).is_err());
    }

    #[test]
    fn only_what_is_listed_opens_where_the_operator_says_so() {
        let nothing = only(&[]);
        for host in ["93.184.216.34", "127.0.0.1", "10.0.0.1", "::1", "2606:2800:220:1::1", "169.254.169.254"] {
            check(&nothing, host, false);
        }
        let network = only(&["10.0.0.0/8", "93.184.216.34"]);
        for (host, opens) in [
            ("10.9.8.7", true),
            ("012.0.0.1", true),
            ("0x0a000001", true),
            ("167772161", true),
            ("::ffff:10.0.0.1", true),
            ("64:ff9b::a00:1", true),
            ("93.184.216.34", true),
            ("::ffff:93.184.216.34", true),
            ("64:ff9b::5db8:d822", true),
            ("93.184.216.35", false),
            ("64:ff9b::5db8:d823", false),
            ("127.0.0.1", false),
            ("0177.0.0.1", false),
            ("192.168.0.1", false),
            ("8.8.8.8", false),
        ] {
            check(&network, host, opens);
        }
        let named = only(&["db.example.com", "*.lan"]);
        for (host, address, opens) in [
            ("db.example.com", "93.184.216.34", true),
            ("DB.example.com.", "10.0.0.1", true),
            ("x.lan", "127.0.0.1", true),
            ("evil.example.com", "93.184.216.34", false),
            // A name never opens what only the very address opens.
            ("db.example.com", "169.254.169.254", false),
            ("db.example.com", "::ffff:169.254.169.254", false),
            ("db.example.com", "64:ff9b::a9fe:a9fe", false),
        ] {
            assert_eq!(named.permits(host, address.parse().unwrap()).is_ok(), opens, "{host} at {address}");
        }
        check(&only(&["169.254.169.254"]), "0xa9fea9fe", true);
    }

    #[test]
    fn what_is_no_literal_is_left_to_the_resolver() {
        for host in ["example.com", "1.2.3.4.5", "0x7f.evil", "", "256.256.256.256", "4294967296", "09.1.1.1"] {
            assert_eq!(parse_literal(host), None, "{host}");
        }
    }

    #[test]
    fn patterns_are_read_or_refused() {
        for bad in ["", "*", "*.", "a b", "10.0.0.0/33", "::/129", "http://x", "a..b", "127.1", "*.0x7f.1"] {
            assert!(bad.parse::<AddressPattern>().is_err(), "{bad}");
        }
    }
}
