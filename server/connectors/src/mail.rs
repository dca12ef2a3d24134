//! Alerts by mail: SMTP, plain, with STARTTLS or with TLS.
//!
//! Everything a user wrote is checked before the mail library sees it: a line break in a header would add headers.

mod markdown;
mod message;

use async_trait::async_trait;
use data::address::parse_literal;
use data::{AddressRules, Alert, Channel, Delivery, Error, Result};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use model::ErrorCode;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Not at all.
    None,
    /// Plain first, then TLS; refused where the server does not offer it. Usually port 587.
    #[default]
    Starttls,
    /// TLS from the first byte. Usually port 465.
    Tls,
}

/// Settings of a mail channel; the password is kept apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Host of the SMTP server.
    pub host: String,
    /// Port; default 587 with `starttls`, 465 with `tls`, else 25.
    #[serde(default)]
    pub port: Option<u16>,
    /// Protection; default `starttls`.
    #[serde(default)]
    pub tls: MailTls,
    /// File of certificate authorities in PEM, besides the built-in ones.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    /// User, where the server wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Sender: `Sluice <sluice@example.com>`.
    pub from: String,
    /// Receivers.
    pub to: Vec<String>,
}

/// The channel.
pub struct Mail {
    settings: MailSettings,
    secret: Option<String>,
    rules: AddressRules,
    from: Mailbox,
    to: Vec<Mailbox>,
}

const TIMEOUT: Duration = Duration::from_secs(15);

impl Mail {
    /// A channel that reaches only addresses that `rules` permit.
    ///
    /// # Errors
    /// `invalid_value` for an address that cannot be used, `missing_key` without receivers.
    pub fn new(settings: MailSettings, secret: Option<&str>, rules: AddressRules) -> Result<Self> {
        let from = message::mailbox("from", &settings.from)?;
        let to = settings.to.iter().map(|text| message::mailbox("to", text)).collect::<Result<Vec<_>>>()?;
        if to.is_empty() {
            return Err(Error::permanent(ErrorCode::MissingKey, "a mail channel needs at least one address in `to`"));
        }
        if settings.host.is_empty() || settings.host.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::permanent(ErrorCode::InvalidValue, "`host` of the mail channel is not a host name"));
        }
        Ok(Self { settings, secret: secret.map(str::to_owned), rules, from, to })
    }

    fn port(&self) -> u16 {
        self.settings.port.unwrap_or(match self.settings.tls {
            MailTls::None => 25,
            MailTls::Starttls => 587,
            MailTls::Tls => 465,
        })
    }

    fn place(&self) -> String {
        format!("{}:{}", self.settings.host, self.port())
    }

    /// An address of the server that may be connected to.
    async fn resolve(&self) -> Result<IpAddr> {
        let host = self.settings.host.as_str();
        let found: Vec<IpAddr> = match parse_literal(host) {
            Some(address) => vec![address],
            None => match tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((host, self.port()))).await {
                Ok(Ok(addresses)) => addresses.map(|address| address.ip()).collect(),
                _ => Vec::new(),
            },
        };
        let mut refused = None;
        for address in found {
            match self.rules.permits(host, address) {
                Ok(()) => return Ok(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) => {
                Err(Error::permanent(ErrorCode::AddressRefused, format!("`{}` is not reached: {why}", self.place()))
                    .hint("An operator can allow the host or network with `--allow-addresses`."))
            }
            None => Err(Error::transient(
                ErrorCode::DeliveryFailed,
                format!("the name of `{}` cannot be resolved", self.place()),
            )),
        }
    }

    /// Whom TLS trusts. The certificate is checked against the name, though the connection goes to a checked address.
    fn parameters(&self) -> Result<TlsParameters> {
        let wrong = |why: String| Error::permanent(ErrorCode::DeliveryFailed, format!("TLS cannot start: {why}"));
        let mut builder = TlsParameters::builder(self.settings.host.clone());
        if let Some(file) = &self.settings.tls_ca {
            let unusable = |why: String| {
                let message = format!("`tls_ca` of the mail channel cannot be used: {why}");
                Error::permanent(ErrorCode::InvalidValue, message).hint("Name a file of certificates in PEM.")
            };
            let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
            builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| unusable(chain(&e)))?);
        }
        builder.build().map_err(|error| wrong(chain(&error)))
    }

    async fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>> {
        let address = self.resolve().await?;
        let parameters = || self.parameters();
        if self.settings.tls == MailTls::None && self.settings.user.is_some() && !address.is_loopback() {
            let message = format!("`{}` is not given a password in the clear", self.place());
            return Err(Error::permanent(ErrorCode::InvalidValue, message)
                .hint("Set `tls` to `starttls` or `tls`, or leave `user` out."));
        }
        let tls = match self.settings.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
        };
        let domain = self.from.email.domain().to_owned();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
            .port(self.port())
            .hello_name(ClientId::Domain(domain))
            .timeout(Some(TIMEOUT))
            .tls(tls);
        if let Some(user) = &self.settings.user {
            builder = builder.credentials(Credentials::new(user.clone(), self.secret.clone().unwrap_or_default()));
        }
        Ok(builder.build())
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> Error {
        let place = self.place();
        // A code from the server decides; without one the connection failed, which may pass.
        let Some(status) = error.status() else {
            if let Some(refusal) = crate::tls::refusal(error, "tls_ca") {
                let message = format!("`{place}` is not given the mail: {}", refusal.why);
                return Error::permanent(ErrorCode::DeliveryFailed, message).hint(refusal.hint);
            }
            // What speaks no TLS, or another kind of it, will not learn it by the next attempt.
            let permanent = error.is_client() || error.is_tls() || crate::tls::is_about_tls(error);
            let message = format!("`{place}` did not take the mail: {}", chain(error));
            return if permanent {
                Error::permanent(ErrorCode::DeliveryFailed, message)
                    .hint("Check `tls`, port and the server's certificate.")
            } else {
                Error::transient(ErrorCode::DeliveryFailed, message)
            };
        };
        let message = format!("`{place}` refused the mail with {status}: {}", chain(error));
        if error.is_transient() {
            return Error::transient(ErrorCode::DeliveryFailed, message);
        }
        let hint = match u16::from(status) {
            530 | 534 | 535 | 538 => "Check user and password of the mail channel.",
            550 | 551 | 553 => "Check the addresses in `from` and `to`.",
            _ => "Ask the operator of the mail server what it refuses.",
        };
        Error::permanent(ErrorCode::DeliveryFailed, message).hint(hint)
    }
}

/// The error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Some errors tell their causes themselves.
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[async_trait]
impl Channel for Mail {
    async fn deliver(&self, alert: &Alert) -> Result<Delivery> {
        let message = message::build(alert, &self.from, &self.to)?;
        let transport = self.transport().await?;
        let answer = transport.send(message).await.map_err(|e| self.failed(&e))?;
        Ok(Delivery { provider_id: answer.first_line().map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests;
