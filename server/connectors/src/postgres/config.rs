//! Settings of a PostgreSQL connection, and TLS as its `sslmode` wants it.

use crate::error::invalid_settings;
use data::{Error, Result};
use model::ErrorCode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the server is and how to speak to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host name, address, or folder of the Unix socket (which counts as loopback); default `localhost`.
    #[serde(default = "host")]
    pub host: String,
    /// Port; default 5432.
    #[serde(default = "port")]
    pub port: u16,
    /// User; default `postgres`.
    #[serde(default = "user")]
    pub user: String,
    /// Database; default: named like the user.
    pub database: Option<String>,
    /// Schema of tables named without one; default: the server's search path.
    pub schema: Option<String>,
    /// `disable`, `prefer` (default), `require`, `verify-ca` or `verify-full`, as libpq means them.
    #[serde(default)]
    pub sslmode: SslMode,
    /// File of certificate authorities in PEM; default: those of the machine.
    pub sslrootcert: Option<PathBuf>,
    /// Connections open at the same time; default 16.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// Seconds to wait for a new connection; default 10.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: u64,
    /// Seconds after which an unused connection is closed; default 60.
    #[serde(default = "idle_timeout")]
    pub idle_timeout: u64,
    /// Name shown in `pg_stat_activity`; default `sluice`.
    #[serde(default = "application_name")]
    pub application_name: String,
    /// Role that the console's reading statements run as; default: the user itself.
    pub console_role: Option<String>,
}

/// How much TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// None.
    Disable,
    /// Where the server offers it; the certificate is not checked.
    #[default]
    Prefer,
    /// Always; the certificate is not checked.
    Require,
    /// Always; the certificate must come from a known authority.
    VerifyCa,
    /// Always; the certificate must come from a known authority and name the host.
    VerifyFull,
}

fn host() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    5432
}

fn user() -> String {
    "postgres".to_owned()
}

fn pool_size() -> usize {
    16
}

fn connect_timeout() -> u64 {
    10
}

fn idle_timeout() -> u64 {
    60
}

fn application_name() -> String {
    "sluice".to_owned()
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        let config = Self::deserialize(settings).map_err(|error| invalid_settings("postgres", &error))?;
        if config.pool_size == 0 {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                "settings of the postgres connection: `pool_size` is 0",
            )
            .hint("Allow at least 1 connection; a workflow that copies within one database needs 2."));
        }
        Ok(config)
    }

    /// The driver's form of it, still without an address to connect to.
    pub(super) fn driver(&self, password: Option<&str>) -> tokio_postgres::Config {
        let mut driver = tokio_postgres::Config::new();
        driver
            .port(self.port)
            .user(&self.user)
            .application_name(&self.application_name)
            .connect_timeout(Duration::from_secs(self.connect_timeout))
            .ssl_mode(match self.sslmode {
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
                SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                _ => tokio_postgres::config::SslMode::Require,
            });
        if let Some(database) = &self.database {
            driver.dbname(database);
        }
        if let Some(password) = password {
            driver.password(password);
        }
        driver
    }

    /// TLS as `sslmode` wants it.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::permanent(
                ErrorCode::InvalidValue,
                format!("TLS of the postgres connection cannot be set up: {error}"),
            )
            .hint("Check `sslmode` and `sslrootcert` of the connection.")
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?;
        let check_name = match self.sslmode {
            SslMode::Disable | SslMode::Prefer | SslMode::Require => {
                let verifier = Arc::new(Lenient { provider, chain: None });
                let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
                return Ok(MakeRustlsConnect::new(config));
            }
            SslMode::VerifyCa => false,
            SslMode::VerifyFull => true,
        };
        let mut roots = RootCertStore::empty();
        match &self.sslrootcert {
            Some(path) => {
                let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
                for certificate in certificates {
                    roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if check_name {
            return Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()));
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| failed(&error))?;
        let verifier = Arc::new(Lenient { provider, chain: Some(chain) });
        Ok(MakeRustlsConnect::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
    }
}

/// Accepts any certificate (`require`), or any of a known authority (`verify-ca`).
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is checked last, so that the authority is known to be right here.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
