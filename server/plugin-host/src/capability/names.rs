//! Looking up names, and whom to believe them: the machine's own way, and another where a plugin is checked against stand-ins.
//!
//! Whoever connects holds what comes back against its rules and connects to just that: a name is never looked up twice for
//! one connection, so that it cannot change in between.

use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// Tells the addresses of a host.
#[async_trait::async_trait]
pub trait Names: Send + Sync {
    /// The addresses of that host, with the port to connect to.
    ///
    /// # Errors
    /// When the name cannot be looked up.
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;

    /// How TLS is spoken with those hosts; none: it cannot be set up.
    fn tls(&self) -> Option<Arc<ClientConfig>> {
        trusting_the_machine()
    }
}

/// Trusts the machine's certificate authorities; read once.
fn trusting_the_machine() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    CONFIG
        .get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            trusting(roots)
        })
        .clone()
}

/// Trusts these authorities.
pub(crate) fn trusting(roots: RootCertStore) -> Option<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// The machine's own way.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

#[async_trait::async_trait]
impl Names for SystemNames {
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::VecDeque;
    use std::net::IpAddr;
    use std::sync::Mutex;

    /// Answers one look-up after the other; at the end, the last one for ever.
    pub(crate) struct Rebinding {
        answers: Mutex<VecDeque<Vec<IpAddr>>>,
        /// What was asked.
        pub(crate) asked: Mutex<Vec<String>>,
    }

    impl Rebinding {
        pub(crate) fn new(answers: &[&[&str]]) -> Self {
            let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
            Self { answers: Mutex::new(answers.iter().map(addresses).collect()), asked: Mutex::default() }
        }
    }

    #[async_trait::async_trait]
    impl Names for Rebinding {
        async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            self.asked.lock().unwrap().push(host.to_owned());
            let mut answers = self.answers.lock().unwrap();
            let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
            Ok(next.unwrap_or_default().into_iter().map(|address| SocketAddr::new(address, port)).collect())
        }
    }
}
