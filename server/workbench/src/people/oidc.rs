//! Signing in by an identity provider: OpenID Connect, authorization code with PKCE.
//!
//! [`Oidc::begin`] makes the address that the browser is sent to, [`Oidc::finish`] turns what it comes back with into an
//! account. What is kept between the two lies in memory and works once. [`id_token`] reads what the provider asserts; the
//! provider is reached through [`Web`], so that this crate knows no HTTP client.

mod id_token;
#[cfg(test)]
mod tests;

use super::{AccountRecord, People, digest};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use id_token::{Claims, Expected};
use model::access::Role;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::NewAccount;
use store::secrets::random_token;

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::from_secs(600);
/// Logins that are under way at most; beyond that the oldest are forgotten.
const UNDER_WAY_MOST: usize = 1_000;
/// How long the provider's description and keys are kept.
const KEPT: Duration = Duration::from_secs(600);

/// How the provider is reached.
#[async_trait]
pub trait Web: Send + Sync {
    /// The JSON at an address.
    async fn get(&self, url: &str) -> Result<Value, Fault>;
    /// What a form is answered with; `basic` is name and password.
    async fn post_form(&self, url: &str, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> Result<Value, Fault>;
}

/// The provider, as the operator describes it.
#[derive(Clone)]
pub struct OidcSettings {
    /// Its address: `https://id.example.com/realms/work`.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What this server proves itself with; none: a public client.
    pub client_secret: Option<String>,
    /// Where browsers reach this server: `https://sluice.example.com`.
    pub public_url: String,
    /// The claim that tells what somebody is: a word, or a list of them.
    pub role_claim: String,
    /// Roles by the words of that claim; the greatest that fits counts.
    pub roles: Vec<(String, Role)>,
    /// The role of whom no word fits; none: they are not let in.
    pub default_role: Option<Role>,
}

/// What a browser is sent to the provider with.
pub struct Departure {
    /// Where it is sent.
    pub url: String,
    /// What it must come back with, in a cookie and in the address.
    pub state: String,
}

struct UnderWay {
    began: Instant,
    nonce: String,
    verifier: String,
}

#[derive(Clone, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// The client. Cloning is cheap and gives another handle to the same one.
#[derive(Clone)]
pub struct Oidc {
    inner: Arc<Inner>,
}

struct Inner {
    settings: OidcSettings,
    web: Box<dyn Web>,
    people: People,
    under_way: Mutex<HashMap<String, UnderWay>>,
    known: Mutex<Option<(Instant, Provider)>>,
}

impl Oidc {
    /// A client of that provider.
    ///
    /// # Errors
    /// `invalid_configuration` for addresses that are not `https`, loopback apart.
    pub fn new(settings: OidcSettings, web: Box<dyn Web>, people: People) -> Result<Self, Fault> {
        for url in [&settings.issuer, &settings.public_url] {
            if !is_safe(url) {
                let message = format!("`{url}` is not an `https` address, and sessions would travel in the open");
                return Err(
                    Fault::new(ErrorCode::InvalidConfiguration, message).hint("Put a proxy with TLS before it.")
                );
            }
        }
        let inner = Inner { settings, web, people, under_way: Mutex::default(), known: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where this server hears of the end.
    fn redirect_uri(&self) -> String {
        format!("{}/api/oidc/callback", self.inner.settings.public_url.trim_end_matches('/'))
    }

    /// Begins a login.
    ///
    /// # Errors
    /// What reaching the provider meets; `invalid_configuration` where it is another than was named.
    pub async fn begin(&self) -> Result<Departure, Fault> {
        let provider = self.provider().await?;
        let (state, nonce, verifier) = (random_token(), random_token(), random_token());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&verifier));
        let redirect = self.redirect_uri();
        let parameters: [(&str, &str); 8] = [
            ("response_type", "code"),
            ("client_id", &self.inner.settings.client_id),
            ("redirect_uri", &redirect),
            ("scope", "openid profile email"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let joint = if provider.authorization_endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{}{joint}{}", provider.authorization_endpoint, query.join("&"));
        let mut under_way = self.inner.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, one| one.began.elapsed() < PATIENCE);
        if under_way.len() >= UNDER_WAY_MOST
            && let Some(oldest) = under_way.iter().min_by_key(|(_, one)| one.began).map(|(state, _)| state.clone())
        {
            under_way.remove(&oldest);
        }
        under_way.insert(state.clone(), UnderWay { began: Instant::now(), nonce, verifier });
        Ok(Departure { url, state })
    }

    /// Whether a login with that state is under way.
    #[must_use]
    pub fn knows(&self, state: &str) -> bool {
        self.inner.under_way.lock().unwrap_or_else(PoisonError::into_inner).contains_key(state)
    }

    /// Ends a login: who it is that came back with that state and code.
    ///
    /// # Errors
    /// `unauthorized` for what proves nothing or whom no role fits; what reaching the provider meets; `store_failed`.
    pub async fn finish(&self, state: &str, code: &str) -> Result<AccountRecord, Fault> {
        let under_way = self.inner.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        let Some(under_way) = under_way.filter(|one| one.began.elapsed() < PATIENCE) else {
            return Err(refused("the login took too long, or was ended already"));
        };
        let provider = self.provider().await?;
        let settings = &self.inner.settings;
        let redirect = self.redirect_uri();
        let form: [(&str, &str); 5] = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("client_id", &settings.client_id),
            ("code_verifier", &under_way.verifier),
        ];
        let basic = settings.client_secret.as_deref().map(|secret| (settings.client_id.as_str(), secret));
        let answer = self.inner.web.post_form(&provider.token_endpoint, &form, basic).await?;
        let Some(token) = answer.get("id_token").and_then(Value::as_str) else {
            return Err(refused("the identity provider gave no ID token"));
        };
        let keys = self.inner.web.get(&provider.jwks_uri).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            audience: &settings.client_id,
            nonce: &under_way.nonce,
            now: chrono::Utc::now().timestamp(),
        };
        let claims = id_token::read(token, &keys, &expected).map_err(|why| refused(&why))?;
        self.account(&claims).await
    }

    async fn provider(&self) -> Result<Provider, Fault> {
        if let Some((at, provider)) = &*self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < KEPT
        {
            return Ok(provider.clone());
        }
        let issuer = self.inner.settings.issuer.trim_end_matches('/');
        let described = self.inner.web.get(&format!("{issuer}/.well-known/openid-configuration")).await?;
        let wrong = |why: String| {
            Fault::new(ErrorCode::InvalidConfiguration, format!("the identity provider `{issuer}` {why}"))
                .hint("Check `--oidc-issuer`.")
        };
        let provider: Provider =
            serde_json::from_value(described).map_err(|error| wrong(format!("describes itself otherwise: {error}")))?;
        if provider.issuer.trim_end_matches('/') != issuer {
            return Err(wrong(format!("calls itself `{}`", provider.issuer.chars().take(200).collect::<String>())));
        }
        for url in [&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri] {
            if !is_safe(url) || url.chars().any(|c| c.is_control() || c == ' ') {
                return Err(wrong(format!("names `{}`, which is no `https` address", url.escape_debug())));
            }
        }
        *self.inner.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), provider.clone()));
        Ok(provider)
    }

    /// The account of whom the provider tells, made at the first login; its role follows the claims each time.
    async fn account(&self, claims: &Claims) -> Result<AccountRecord, Fault> {
        let role = self
            .role(claims)
            .ok_or_else(|| refused("nothing that the identity provider tells gives you a role here"))?;
        let people = &self.inner.people;
        let subject = format!("{}|{}", claims.issuer, claims.subject);
        let account = match people.database().find_account_by_subject(&subject).await? {
            Some(account) => account,
            None => self.make(claims, subject, role).await?,
        };
        if account.disabled {
            return Err(refused("this person may not sign in"));
        }
        if account.role == role { Ok(account) } else { people.update(account.id, Some(role), None).await }
    }

    async fn make(&self, claims: &Claims, subject: String, role: Role) -> Result<AccountRecord, Fault> {
        let told = [claims.text("preferred_username"), claims.text("email"), Some(claims.subject.as_str())];
        let wanted: String = told.into_iter().flatten().next().unwrap_or("somebody").to_lowercase();
        let plain: String = wanted
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.@+".contains(c) { c } else { '-' })
            .take(56)
            .collect();
        let plain = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).to_owned();
        // A name that somebody has is not taken over: the subject tells people apart.
        let mark = &URL_SAFE_NO_PAD.encode(digest(&subject)).to_lowercase().replace(['-', '_'], "x")[..6];
        for name in [plain.clone(), format!("{plain}-{mark}"), format!("user-{mark}")] {
            if super::check_name(&name).is_err() {
                continue;
            }
            let new = NewAccount { name, role, password: None, subject: Some(subject.clone()) };
            match self.inner.people.database().create_account(&new).await {
                Ok(account) => return Ok(account),
                Err(error) if error.fault.code == ErrorCode::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused("no name is free for you; ask an admin"))
    }

    fn role(&self, claims: &Claims) -> Option<Role> {
        let settings = &self.inner.settings;
        let words = claims.words(&settings.role_claim);
        let fitting = settings.roles.iter().filter(|(word, _)| words.contains(&word.as_str())).map(|(_, role)| *role);
        fitting.max().or(settings.default_role)
    }
}

/// Whether what goes to that address cannot be read on the way: `https`, or this machine.
fn is_safe(url: &str) -> bool {
    let local = |host: &&str| {
        let rest = url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(*host));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']) && !rest.contains('@'))
    };
    url.starts_with("https://") || ["127.0.0.1", "localhost", "[::1]"].iter().any(local)
}

fn refused(why: &str) -> Fault {
    Fault::new(ErrorCode::Unauthorized, why).hint("Sign in again; where that does not help, ask an admin.")
}

/// The header by which a client proves itself; name and secret are escaped first (RFC 6749, 2.3.1).
#[must_use]
pub fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", escape(name), escape(secret))))
}

/// Text as it may stand in a query.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte.into()),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
