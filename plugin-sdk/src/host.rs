//! What a plugin may reach: the server when compiled to WebAssembly, a fake in native unit tests.
//!
//! One concrete type whose methods call the imports directly, so that a component imports only the capabilities
//! its plugin really uses: the server checks them against the manifest.

use crate::bindings::sluice::plugin as wit;
use crate::{Error, Result};
use serde::de::DeserializeOwned;

pub use wit::http::Method;
pub use wit::log::Level;

/// The server, as the plugin sees it. Cloning is cheap.
#[derive(Clone)]
pub struct Host {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fake: std::rc::Rc<crate::testing::FakeHost>,
    #[cfg(target_arch = "wasm32")]
    _private: (),
}

/// A request to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address, `http` or `https`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Until the answer's head has come, in milliseconds; none: the host's limit.
    pub timeout_ms: Option<u32>,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None, timeout_ms: None }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same request with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// An answer; any status is one.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lowercase, and values.
    pub headers: Vec<(String, String)>,
    /// The body, read as it comes.
    pub body: Body,
}

impl Response {
    /// The first header of that name, given in lowercase.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// How long the other side asks to be left alone, in milliseconds; only the form in seconds is understood.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse::<u64>().ok()?.checked_mul(1000)
    }
}

/// The body of an answer: a [`std::io::Read`] whose failures turn back into [`Error`] by `?`.
pub struct Body {
    #[cfg(target_arch = "wasm32")]
    inner: wit::http::Body,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) inner: crate::testing::FakeBody,
    rest: std::io::Cursor<Vec<u8>>,
}

impl Body {
    /// The next bytes, at most that many; `None` at the end.
    ///
    /// # Errors
    /// `transient` when the connection breaks.
    pub fn next(&mut self, max_bytes: u32) -> Result<Option<Vec<u8>>> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.read(max_bytes).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.read(max_bytes)
    }

    /// All the rest, up to `limit` bytes.
    ///
    /// # Errors
    /// `permanent` where it is longer, `transient` when the connection breaks.
    pub fn read_all(&mut self, limit: u32) -> Result<Vec<u8>> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.read_all(limit).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.read_all(limit)
    }

    /// Puts bytes back that were read too far; the next [`std::io::Read::read`] yields them first.
    pub fn put_back(&mut self, bytes: Vec<u8>) {
        let at = usize::try_from(self.rest.position()).unwrap_or(usize::MAX);
        let behind = self.rest.get_ref().get(at..).unwrap_or(&[]);
        self.rest = std::io::Cursor::new([&bytes, behind].concat());
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn fake(inner: crate::testing::FakeBody) -> Self {
        Self { inner, rest: std::io::Cursor::default() }
    }
}

impl std::io::Read for Body {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let taken = self.rest.read(into)?;
            if taken > 0 || into.is_empty() {
                return Ok(taken);
            }
            match self.next(256 << 10)? {
                Some(bytes) => self.rest = std::io::Cursor::new(bytes),
                None => return Ok(0),
            }
        }
    }
}

/// Calls the import in WebAssembly and the fake elsewhere.
macro_rules! either {
    ($self:ident, $wasm:expr, $fake:ident ( $($argument:expr),* )) => {{
        #[cfg(target_arch = "wasm32")]
        { $wasm }
        #[cfg(not(target_arch = "wasm32"))]
        { $self.fake.$fake($($argument),*) }
    }};
}

impl Host {
    /// The server that called; only in WebAssembly.
    #[cfg(target_arch = "wasm32")]
    #[doc(hidden)]
    #[must_use]
    pub fn current() -> Self {
        Self { _private: () }
    }

    /// Natively there is no server; what `export_plugin!` makes is never called there.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc(hidden)]
    #[must_use]
    pub fn current() -> Self {
        crate::testing::FakeHost::default().host()
    }

    /// The step's settings as one JSON object.
    #[must_use]
    pub fn settings_text(&self) -> String {
        either!(self, wit::config::settings(), settings_text())
    }

    /// The step's settings.
    ///
    /// # Errors
    /// `config` when they do not fit `T`; the config schema should have refused them before.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.settings_text())
            .map_err(|error| Error::new(crate::ErrorKind::Config, format!("settings do not fit: {error}")))
    }

    /// Writes a line to the run's log.
    pub fn log(&self, level: Level, message: &str) {
        self.log_with(level, message, &[]);
    }

    /// Writes a line with named facts to the run's log.
    pub fn log_with(&self, level: Level, message: &str, fields: &[(String, String)]) {
        either!(self, wit::log::write(level, message, fields), log(level, message, fields));
    }

    /// Tells how far the work has come, in a unit such as `pages`.
    pub fn progress(&self, done: u64, total: Option<u64>, unit: &str) {
        either!(self, wit::progress::report(done, total, unit), progress(done, total, unit));
    }

    /// The secret granted under that name (capability `secret`).
    ///
    /// # Errors
    /// `denied` where it was not granted.
    pub fn secret(&self, name: &str) -> Result<String> {
        either!(self, wit::secret::get(name).map_err(Error::from), secret(name))
    }

    /// The secret granted under that name, for those that a plugin can do without.
    #[must_use]
    pub fn find_secret(&self, name: &str) -> Option<String> {
        self.secret(name).ok().filter(|secret| !secret.is_empty())
    }

    /// Microseconds since 1970 (capability `clock`).
    #[must_use]
    pub fn now(&self) -> i64 {
        either!(self, wit::clock::now(), now())
    }

    /// Microseconds since some moment, never falling (capability `clock`).
    #[must_use]
    pub fn monotonic(&self) -> u64 {
        either!(self, wit::clock::monotonic(), monotonic())
    }

    /// Waits (capability `clock`).
    pub fn sleep(&self, micros: u64) {
        either!(self, wit::clock::sleep(micros), sleep(micros));
    }

    /// The value of a key (capability `kv`).
    ///
    /// # Errors
    /// When the key is too long or the store fails.
    pub fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        either!(self, wit::kv::get(key).map_err(Error::from), kv_get(key))
    }

    /// Sets a key, durable when this returns (capability `kv`).
    ///
    /// # Errors
    /// When a limit is exceeded or the store fails.
    pub fn kv_set(&self, key: &str, value: &[u8]) -> Result<()> {
        either!(self, wit::kv::set(key, value).map_err(Error::from), kv_set(key, value))
    }

    /// Forgets a key (capability `kv`).
    ///
    /// # Errors
    /// When the store fails.
    pub fn kv_delete(&self, key: &str) -> Result<()> {
        either!(self, wit::kv::delete(key).map_err(Error::from), kv_delete(key))
    }

    /// Sends a request and waits for the head of its answer (capability `http`).
    ///
    /// # Errors
    /// `denied` where the address was not granted, `transient` where it cannot be reached.
    pub fn send(&self, request: Request) -> Result<Response> {
        #[cfg(target_arch = "wasm32")]
        {
            let Request { method, url, headers, body, timeout_ms } = request;
            let answer = wit::http::send(&wit::http::Request { method, url, headers, body, timeout_ms })?;
            let body = Body { inner: answer.body, rest: std::io::Cursor::default() };
            Ok(Response { status: answer.status, headers: answer.headers, body })
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.fake.send(request)
    }
}
