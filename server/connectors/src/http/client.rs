//! The client: time-outs, a bound on bodies, checked addresses, and redirects that are checked again.

use super::error::{address_refused, broken, excerpt, place, status};
use super::resolve::FilteredResolver;
use bytes::Bytes;
use data::address::parse_literal;
use data::{AddressRules, Error, Result};
use model::ErrorCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What the client allows itself.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Which addresses may be reached.
    pub rules: AddressRules,
    /// To connect.
    pub connect_timeout: Duration,
    /// Between two pieces of an answer.
    pub read_timeout: Duration,
    /// For a whole exchange, body included.
    pub timeout: Duration,
    /// Bytes of an answer kept in memory.
    pub max_body: usize,
    /// Bytes of a download.
    pub max_download: u64,
    /// Redirects followed, for `GET` and `HEAD` only.
    pub max_redirects: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            rules: AddressRules::public_only(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(600),
            max_body: 16 << 20,
            max_download: 16 << 30,
            max_redirects: 5,
        }
    }
}

/// The verb of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// `GET`.
    #[default]
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// Reads the verb, in any case.
    ///
    /// # Errors
    /// `invalid_value` for any other word.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => {
                return Err(Error::permanent(ErrorCode::InvalidValue, format!("`{text}` is not a method"))
                    .hint("Use GET, HEAD, POST, PUT, PATCH or DELETE."));
            }
        })
    }

    fn verb(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Head => reqwest::Method::HEAD,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// What is to be sent.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// An absolute `http` or `https` address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; none: no body.
    pub body: Option<Bytes>,
    /// For this exchange, where the client's own is too long.
    pub timeout: Option<Duration>,
}

impl Request {
    /// `GET url`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lowercase, and values.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    pub(super) options: Arc<ClientOptions>,
}

impl Client {
    /// A client that keeps to `options`.
    ///
    /// # Errors
    /// `internal` where the TLS library cannot start.
    pub fn new(options: ClientOptions) -> Result<Self> {
        let resolver = FilteredResolver(Arc::new(options.rules.clone()));
        let inner = reqwest::Client::builder()
            .dns_resolver(resolver)
            // A proxy from the environment would be asked for addresses the rules never see.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .timeout(options.timeout)
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::permanent(ErrorCode::Internal, format!("the HTTP client cannot start: {e}")))?;
        Ok(Self { inner, options: Arc::new(options) })
    }

    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// `invalid_value` for a request that cannot be made, `address_refused`, `connection_failed`, `remote_failed` for an
    /// answer past the limit or too many redirects.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let (url, mut answer) = self.exchange(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| broken(&url, &e))? {
            if body.len() + chunk.len() > self.options.max_body {
                return Err(too_large(&url, self.options.max_body as u64));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.into() })
    }

    /// Sends the request; an answer that is no success is an error that shows its beginning.
    ///
    /// # Errors
    /// As for [`Client::send`], and `remote_failed` for the status.
    pub async fn send_ok(&self, request: &Request) -> Result<Response> {
        let answer = self.send(request).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let url = self.check(&request.url)?;
        Err(status(ErrorCode::RemoteFailed, &place(&url), answer.status, &answer.headers, &excerpt(&answer.body)))
    }

    /// Sends the request and follows redirects, each checked as the first address was.
    pub(super) async fn exchange(&self, request: &Request) -> Result<(Url, reqwest::Response)> {
        let mut url = self.check(&request.url)?;
        let mut headers = header_map(&request.headers)?;
        let may_follow = matches!(request.method, Method::Get | Method::Head);
        for _ in 0..=self.options.max_redirects {
            let mut builder = self.inner.request(request.method.verb(), url.clone()).headers(headers.clone());
            if let Some(body) = &request.body {
                builder = builder.body(body.clone());
            }
            if let Some(timeout) = request.timeout {
                builder = builder.timeout(timeout);
            }
            let answer = builder.send().await.map_err(|e| broken(&url, &e))?;
            let target = match answer.status().as_u16() {
                301 | 302 | 303 | 307 | 308 if may_follow => answer.headers().get("location"),
                _ => None,
            };
            let Some(target) = target.and_then(|t| t.to_str().ok()).and_then(|t| url.join(t).ok()) else {
                return Ok((url, answer));
            };
            let next = self.check(target.as_str())?;
            if next.origin() != url.origin() {
                // Credentials are for the host they were given for.
                for name in ["authorization", "cookie", "proxy-authorization", "x-api-key"] {
                    headers.remove(name);
                }
            }
            url = next;
        }
        let message = format!("`{}` redirects more than {} times", place(&url), self.options.max_redirects);
        Err(Error::permanent(ErrorCode::RemoteFailed, message))
    }

    /// Reads an address and refuses literals the rules do not allow: for them no resolver is asked.
    pub(super) fn check(&self, text: &str) -> Result<Url> {
        let invalid = |why: &str| {
            Error::permanent(ErrorCode::InvalidValue, format!("the address cannot be used: {why}"))
                .hint("Write it like `https://host/path`.")
        };
        let mut url = Url::parse(text).map_err(|e| invalid(&e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("it starts with neither `http://` nor `https://`"));
        }
        url.set_fragment(None);
        let host = url.host_str().ok_or_else(|| invalid("it names no host"))?;
        if let Some(address) = parse_literal(host) {
            self.options.rules.permits(host, address).map_err(|refused| address_refused(&place(&url), &refused))?;
        }
        Ok(url)
    }
}

/// Headers as given; names and values that would break the request are refused.
fn header_map(headers: &[(String, String)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refused = |what: &str| {
            Error::permanent(ErrorCode::InvalidValue, format!("header `{}` {what}", name.escape_default()))
        };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| refused("is not a header name"))?;
        if matches!(key.as_str(), "host" | "content-length" | "transfer-encoding" | "connection" | "upgrade") {
            return Err(refused("is set by the client"));
        }
        let value =
            HeaderValue::try_from(value.as_str()).map_err(|_| refused("has a value with control characters"))?;
        map.append(key, value);
    }
    Ok(map)
}

pub(super) fn too_large(url: &Url, limit: u64) -> Error {
    Error::permanent(ErrorCode::RemoteFailed, format!("`{}` answers with more than {limit} bytes", place(url)))
        .hint("Ask for less, or raise the server's limit for answers.")
}

#[cfg(test)]
mod tests;
