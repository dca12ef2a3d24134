//! Plugins that deliver alerts to people, and what channels have in common: posting JSON, reading answers, and knowing
//! what was delivered before.

use crate::{Error, ErrorKind, Host, Method, Request, Result};
use serde_json::Value;
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::channel as wit;
pub use bindings::exports::sluice::plugin::channel::{Message, Severity};

/// A plugin of the kind `channel`.
pub trait Channel: 'static {
    /// A cheap test that the settings work; it delivers nothing.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// Delivers one alert and returns the provider's id for it; a receiver that got `key` before drops it.
    ///
    /// # Errors
    /// `transient` where trying again may help.
    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>>;
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Resolved => "resolved",
        }
    }
}

impl Message {
    /// Severity and title on one line: `[critical] run failed`.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("[{}] {}", self.severity.as_str(), crate::text::one_line(&self.title))
    }
}

/// An exchange with a receiver takes no longer than this.
const PATIENCE_MS: u32 = 15_000;
/// As much of an answer as is read.
const ANSWER: u32 = 64 << 10;

/// What a receiver answered. Many chat services tell their failures in the body of a 200.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// How long the receiver asks to be left alone, in milliseconds.
    pub wait: Option<u64>,
    /// The body.
    pub text: String,
}

/// Posts JSON and reads the answer, whatever its status.
///
/// # Errors
/// Where there is no answer, or one that cannot be read.
pub fn post(host: &Host, url: &str, body: impl Into<Vec<u8>>) -> Result<Answer> {
    let mut request = Request::new(Method::Post, url).header("content-type", "application/json; charset=utf-8");
    request.timeout_ms = Some(PATIENCE_MS);
    let mut response = host.send(request.body(body))?;
    // Feishu tells the seconds in a header of its own.
    let reset = response.header("x-ogw-ratelimit-reset").and_then(|it| it.trim().parse::<u64>().ok());
    let wait = response.retry_after_ms().or_else(|| reset?.checked_mul(1000));
    Ok(Answer { status: response.status, wait, text: response.text(ANSWER)? })
}

impl Answer {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// What the status alone means as a refusal by `who`.
    #[must_use]
    pub fn refusal(&self, who: &str) -> Error {
        crate::refusal(who, self.status, self.wait, &self.text)
    }

    /// A refusal that the body tells: the service's own `code` and words, and what they mean for the next attempt.
    #[must_use]
    pub fn refused(&self, who: &str, kind: ErrorKind, code: &str, said: &str) -> Error {
        let said = crate::text::cut_chars(&crate::text::one_line(said), 200);
        let error = Error::new(kind, format!("{who} refused the message with code {code}: {said}"));
        error
            .retry_after_ms(self.wait.filter(|_| kind == ErrorKind::Transient))
            .detail("answer", crate::text::cut_bytes(&self.text, 512))
    }
}

/// Delivers, unless this very alert reached this receiver before: for services that show a repeat as a second message.
///
/// What was delivered is kept in a ring of the capability `kv`, so that memory does not grow; without the grant every
/// attempt delivers. `receiver` may be a secret: only a digest is kept.
///
/// # Errors
/// Those of `deliver`.
pub fn once(
    host: &Host,
    receiver: &str,
    key: &str,
    deliver: impl FnOnce() -> Result<Option<String>>,
) -> Result<Option<String>> {
    const SLOTS: u16 = 4096;
    let digest = crate::sign::sha256(format!("{receiver}\n{key}").as_bytes());
    let slot = format!("delivered/{}", u16::from_le_bytes([digest[0], digest[1]]) % SLOTS);
    let mark = crate::sign::hex(&digest);
    let kept = host.kv_get(&slot).ok().flatten().and_then(|kept| String::from_utf8(kept).ok()).unwrap_or_default();
    if let Some((known, id)) = kept.split_once(' ').filter(|(known, _)| *known == mark) {
        host.log_with(
            crate::Level::Info,
            "this alert was delivered before",
            &[("digest".to_owned(), known.to_owned())],
        );
        return Ok(Some(id.to_owned()).filter(|id| !id.is_empty()));
    }
    let id = deliver()?;
    let kept = format!("{mark} {}", id.as_deref().unwrap_or_default());
    // The message is out: that it cannot be remembered is no reason to send it again.
    let _ = host.kv_set(&slot, kept.as_bytes());
    Ok(id)
}

/// The component's side of a [`Channel`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Channel> wit::Guest for Exported<P> {
    fn check() -> Result<(), types::Error> {
        crate::install_panic_hook();
        Ok(P::check(&Host::current())?)
    }

    fn deliver(message: Message, key: String) -> Result<Option<String>, types::Error> {
        crate::install_panic_hook();
        Ok(P::deliver(&Host::current(), message, key)?)
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "channel-plugin",
        pub_export_macro: true,
        export_macro_name: "export_channel",
        additional_derives: [PartialEq],
        with: {
            "sluice:plugin/types@0.1.0": crate::bindings::sluice::plugin::types,
            "sluice:plugin/log@0.1.0": crate::bindings::sluice::plugin::log,
            "sluice:plugin/config@0.1.0": crate::bindings::sluice::plugin::config,
            "sluice:plugin/progress@0.1.0": crate::bindings::sluice::plugin::progress,
            "sluice:plugin/secret@0.1.0": crate::bindings::sluice::plugin::secret,
            "sluice:plugin/clock@0.1.0": crate::bindings::sluice::plugin::clock,
            "sluice:plugin/kv@0.1.0": crate::bindings::sluice::plugin::kv,
            "sluice:plugin/http@0.1.0": crate::bindings::sluice::plugin::http,
            "sluice:plugin/tcp@0.1.0": crate::bindings::sluice::plugin::tcp,
            "sluice:plugin/sql@0.1.0": crate::bindings::sluice::plugin::sql,
            "sluice:plugin/redis@0.1.0": crate::bindings::sluice::plugin::redis,
        },
    });
}
