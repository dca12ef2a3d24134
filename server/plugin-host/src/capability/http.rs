//! Capability `http`: requests to granted addresses, each redirect checked like the first one.
//!
//! Names are resolved by [`Filter`], which refuses addresses that are not public unless a grant names the host, so that
//! what was checked is what is connected to. Clients, and so their open connections, are never shared between hosts
//! that a grant names and hosts that only a wildcard covers.

use super::always::clean;
use super::names::{Names, SystemNames};
use super::refuse;
use crate::bindings::sluice::plugin::http::{self, Method};
use crate::bindings::sluice::plugin::types::{Error, ErrorKind};
use crate::grants::{Grants, Permit};
use crate::limits::{Limits, human_size};
use crate::state::State;
use data::address::AddressRules;
use futures::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderName, HeaderValue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;
use wasmtime::component::Resource;

const REDIRECTS: usize = 5;
/// Hosts that a grant names, whose clients are kept.
const CLIENTS: usize = 256;
/// What the connection itself decides.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The HTTP clients of the server's plugins, and how names are looked up for all that they connect to.
pub(crate) struct Web {
    pub(crate) names: Arc<dyn Names>,
    clients: Mutex<HashMap<Option<String>, reqwest::Client>>,
}

impl Default for Web {
    fn default() -> Self {
        Self::new(Arc::new(SystemNames))
    }
}

impl Web {
    /// Without a client yet.
    pub(crate) fn new(names: Arc<dyn Names>) -> Self {
        Self { names, clients: Mutex::default() }
    }

    /// The client for hosts of that permit.
    fn client(&self, permit: &Permit) -> Result<reqwest::Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&permit.named) {
            return Ok(client.clone());
        }
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(Filter { rules: permit.rules(), names: self.names.clone() }))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy of the environment would resolve names for us, and unchecked.
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .build()?;
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        clients.insert(permit.named.clone(), client.clone());
        Ok(client)
    }
}

/// Resolves names and keeps the addresses that may be connected to.
struct Filter {
    rules: AddressRules,
    names: Arc<dyn Names>,
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, names) = (self.rules.clone(), self.names.clone());
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let mut allowed = Vec::new();
            let mut refused = None;
            for address in names.look_up(&host, 0).await? {
                match rules.permits(&host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if allowed.is_empty() => Err(Box::new(why) as Box<dyn std::error::Error + Send + Sync>),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// The body of an answer, read piece by piece.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Body {
    stream: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    rest: bytes::Bytes,
    left: u64,
    limit: u64,
    patience: Duration,
}

impl Body {
    async fn read(&mut self, max_bytes: usize) -> Result<Option<Vec<u8>>, Error> {
        let max_bytes = max_bytes.max(1);
        while self.rest.is_empty() {
            let piece = timeout(self.patience, self.stream.next()).await.map_err(|_| {
                refuse(ErrorKind::Transient, format!("no more of the answer came within {:?}", self.patience))
            })?;
            match piece {
                None => return Ok(None),
                Some(Ok(bytes)) => {
                    self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
                        let limit = human_size(usize::try_from(self.limit).unwrap_or(usize::MAX));
                        refuse(ErrorKind::Permanent, format!("the answer exceeds the limit of {limit}"))
                    })?;
                    self.rest = bytes;
                }
                Some(Err(error)) => {
                    return Err(refuse(ErrorKind::Transient, format!("the answer broke off: {}", tell(&error))));
                }
            }
        }
        let piece = self.rest.split_to(max_bytes.min(self.rest.len()));
        Ok(Some(piece.to_vec()))
    }
}

/// The innermost cause, which says most; addresses may hold secrets in their query and are left out.
fn tell(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if cause.is::<reqwest::Error>() {
        return if error.is_timeout() { "it took too long".to_owned() } else { "the connection failed".to_owned() };
    }
    clean(&cause.to_string(), 512)
}

/// Whether a refused address is behind the failure.
fn refused_address(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<data::address::Refused>() {
            return Some(refused.to_string());
        }
        cause = found.source();
    }
    None
}

fn build_headers(headers: &[(String, String)]) -> Result<reqwest::header::HeaderMap, Error> {
    let mut map = reqwest::header::HeaderMap::new();
    for (name, value) in headers {
        let shown = clean(name, 64);
        let bad = |what: &str| refuse(ErrorKind::Permanent, format!("header `{shown}` {what}"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("has no valid name"))?;
        if OWN_HEADERS.contains(&name.as_str()) {
            return Err(bad("is set by the server alone"));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| bad("holds what a header cannot"))?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Ok(map)
}

/// Sends one request, following redirects within the grants.
async fn send(
    web: &Web,
    grants: &Grants,
    plugin: &str,
    limits: &Limits,
    request: http::Request,
) -> Result<(reqwest::Response, Duration), Error> {
    let http::Request { method, url, headers, body, timeout_ms } = request;
    let mut url = Url::parse(&url).map_err(|error| {
        refuse(
            ErrorKind::Config,
            format!("`{}` is no address: {error}", clean(url.split('?').next().unwrap_or(""), 200)),
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(ErrorKind::Config, "an address holds no user and no password: send a header instead"));
    }
    let mut headers = build_headers(&headers)?;
    let patience = timeout_ms.map_or(limits.http, |ms| limits.http.min(Duration::from_millis(u64::from(ms))));
    let follows = matches!(method, Method::Get | Method::Head);
    let method = match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut hops = 0;
    loop {
        let permit = grants.permit(&url).map_err(|why| {
            let hint = "an administrator can grant it with `sluice plugin grant`";
            refuse(ErrorKind::Denied, format!("plugin `{plugin}` may not call that address: {why}: {hint}"))
        })?;
        let client = web.client(&permit).map_err(|error| refuse(ErrorKind::Permanent, tell(&error)))?;
        let mut built = client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(body) = &body {
            built = built.body(body.clone());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let slow = || refuse(ErrorKind::Transient, format!("`{host}` did not answer within {patience:?}"));
        let answer =
            timeout(patience, built.send()).await.map_err(|_| slow())?.map_err(|error| {
                match refused_address(&error) {
                    Some(why) => refuse(
                        ErrorKind::Denied,
                        format!(
                            "plugin `{plugin}` may not call `{host}`: {why}: grant the host by its own name to allow it"
                        ),
                    ),
                    None => refuse(ErrorKind::Transient, format!("`{host}` cannot be reached: {}", tell(&error))),
                }
            })?;
        let location = answer.headers().get(reqwest::header::LOCATION).and_then(|it| it.to_str().ok());
        let redirects = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let Some(next) = location.filter(|_| follows && redirects) else { return Ok((answer, patience)) };
        hops += 1;
        if hops > REDIRECTS {
            return Err(refuse(ErrorKind::Permanent, format!("`{host}` redirects more than {REDIRECTS} times")));
        }
        let next = url
            .join(next)
            .map_err(|_| refuse(ErrorKind::Permanent, format!("`{host}` redirects to what is no address")))?;
        if next.origin() != url.origin() {
            // Credentials were meant for the first host alone.
            headers = headers
                .iter()
                .filter(|(name, _)| matches!(name.as_str(), "accept" | "accept-language" | "user-agent"))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
        url = next;
    }
}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, Error>> {
        self.host_call()?;
        let (web, grants) = (self.web.clone(), self.grants.clone());
        let limits = self.meter.limits().clone();
        let (answer, patience) = match send(&web, &grants, &self.plugin, &limits, request).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let body = Body {
            stream: answer.bytes_stream().boxed(),
            rest: bytes::Bytes::new(),
            left: limits.body,
            limit: limits.body,
            patience,
        };
        let body = self.resources.push(body)?;
        Ok(Ok(http::Response { status, headers, body }))
    }
}

impl http::HostBody for State {
    async fn read(&mut self, body: Resource<Body>, max_bytes: u32) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.host_call()?;
        let max_bytes = (max_bytes as usize).min(4 << 20);
        Ok(self.resources.get_mut(&body)?.read(max_bytes).await)
    }

    async fn read_all(&mut self, body: Resource<Body>, limit: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        self.host_call()?;
        let limit = (limit as usize).min(self.meter.limits().memory);
        let body = self.resources.get_mut(&body)?;
        let mut all = Vec::new();
        loop {
            match body.read(limit.saturating_add(1)).await {
                Ok(None) => return Ok(Ok(all)),
                Ok(Some(piece)) if all.len() + piece.len() > limit => {
                    let message = format!("the answer is longer than {limit} bytes");
                    return Ok(Err(refuse(ErrorKind::Permanent, message)));
                }
                Ok(Some(piece)) => all.extend_from_slice(&piece),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    async fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        self.resources.delete(body)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::names::tests::Rebinding;
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn get(url: String) -> http::Request {
        http::Request { method: Method::Get, url, headers: Vec::new(), body: None, timeout_ms: Some(300) }
    }

    async fn ask(web: &Web, patterns: &[&str], url: String) -> Result<u16, Error> {
        let granted = Grants { http: patterns.iter().map(|it| it.parse().unwrap()).collect(), ..Grants::default() };
        send(web, &granted, "reader", &Limits::default(), get(url)).await.map(|(answer, _)| answer.status().as_u16())
    }

    /// Answers everything with a redirect to that address; tells how many came.
    async fn redirecting(to: String) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let mut head = [0; 2000];
                let _ = stream.read(&mut head).await;
                let answer =
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, count)
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_private_address_is_not_followed_there() {
        let (port, reached) = redirecting("http://elsewhere.example/".to_owned()).await;
        // At first a public address, at which nobody answers here; then this machine, alone and among others.
        let names =
            Arc::new(Rebinding::new(&[&["223.255.255.254"], &["127.0.0.1"], &["127.0.0.1", "::1", "10.0.0.1"]]));
        let web = Web::new(names.clone());
        let url = format!("http://rebind.example:{port}/");
        let any = format!("http://*:{port}");
        let mut kinds = Vec::new();
        for _ in 0..3 {
            kinds.push(ask(&web, &[&any], url.clone()).await.unwrap_err().kind);
        }
        assert_ne!(kinds[0], ErrorKind::Denied, "a public address may be tried");
        assert_eq!(kinds[1..], [ErrorKind::Denied; 2]);
        assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
        // One look-up for each connection: between check and use there is no second one.
        assert_eq!(names.asked.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_redirect_to_a_name_of_a_private_address_is_not_followed() {
        let (target, reached) = redirecting("http://nowhere.example/".to_owned()).await;
        let (first, asked) = redirecting(format!("http://rebind.example:{target}/")).await;
        let web = Web::new(Arc::new(Rebinding::new(&[&["127.0.0.1"]])));
        let granted = [format!("http://named.example:{first}"), format!("http://*:{target}")];
        let error = ask(&web, &[&granted[0], &granted[1]], format!("http://named.example:{first}/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{}", error.message);
        assert!(error.message.contains("rebind.example"), "{}", error.message);
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}
