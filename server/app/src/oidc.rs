//! The identity provider's settings, and the HTTP client that reaches it.

use async_trait::async_trait;
use clap::Args;
use connectors::http::{Client, ClientOptions, Method, Request};
use data::AddressRules;
use model::access::Role;
use model::{ErrorCode, Fault};
use serde_json::Value;
use std::time::Duration;
use workbench::people::People;
use workbench::people::oidc::{Oidc, OidcSettings, Web, escape};

/// Flags of `sluice serve` about the identity provider.
#[derive(Debug, Clone, Args)]
pub(crate) struct OidcFlags {
    /// Address of an identity provider (OpenID Connect) that people may sign in by.
    #[arg(long, env = "SLUICE_OIDC_ISSUER", requires = "oidc_client_id", requires = "public_url")]
    oidc_issuer: Option<String>,
    /// What the identity provider calls this server.
    #[arg(long, env = "SLUICE_OIDC_CLIENT_ID")]
    oidc_client_id: Option<String>,
    /// What this server proves itself with; absent: a public client.
    #[arg(long, env = "SLUICE_OIDC_CLIENT_SECRET", hide_env_values = true)]
    oidc_client_secret: Option<String>,
    /// Where browsers reach this server: `https://sluice.example.com`; the provider sends them to `/api/oidc/callback` there.
    #[arg(long, env = "SLUICE_PUBLIC_URL")]
    public_url: Option<String>,
    /// The claim that tells what somebody is; `realm_access.roles` looks inside.
    #[arg(long, env = "SLUICE_OIDC_ROLE_CLAIM", default_value = "groups")]
    oidc_role_claim: String,
    /// Roles by words of that claim: `admins=admin,data=editor`; the greatest that fits counts.
    #[arg(long, env = "SLUICE_OIDC_ROLES", value_delimiter = ',', value_parser = parse_role)]
    oidc_roles: Vec<(String, Role)>,
    /// The role of whom no word fits; absent: they are not let in.
    #[arg(long, env = "SLUICE_OIDC_DEFAULT_ROLE", value_parser = find_role)]
    oidc_default_role: Option<Role>,
}

impl OidcFlags {
    /// The client, where a provider is named.
    pub(crate) fn client(&self, people: People) -> Result<Option<Oidc>, Fault> {
        let Some(issuer) = self.oidc_issuer.clone() else { return Ok(None) };
        let settings = OidcSettings {
            issuer,
            client_id: self.oidc_client_id.clone().unwrap_or_default(),
            client_secret: self.oidc_client_secret.clone(),
            public_url: self.public_url.clone().unwrap_or_default(),
            role_claim: self.oidc_role_claim.clone(),
            roles: self.oidc_roles.clone(),
            default_role: self.oidc_default_role,
        };
        // The operator named the provider, wherever it is; users name nothing here.
        let rules = AddressRules { allow_private: true, ..AddressRules::public_only() };
        let options = ClientOptions {
            rules,
            timeout: Duration::from_secs(15),
            max_body: 1 << 20,
            max_redirects: 0,
            ..ClientOptions::default()
        };
        let client = Client::new(options).map_err(|error| *error.fault)?;
        Oidc::new(settings, Box::new(Provider(client)), people).map(Some)
    }
}

fn parse_role(text: &str) -> Result<(String, Role), String> {
    let (word, role) = text.rsplit_once('=').ok_or("write WORD=ROLE")?;
    Ok((word.to_owned(), find_role(role)?))
}

fn find_role(text: &str) -> Result<Role, String> {
    Role::find(text).ok_or_else(|| "write viewer, operator, editor or admin".to_owned())
}

/// The provider over HTTP.
struct Provider(Client);

impl Provider {
    async fn json(&self, request: &Request) -> Result<Value, Fault> {
        let answer = self.0.send_ok(request).await.map_err(|error| *error.fault)?;
        serde_json::from_slice(&answer.body).map_err(|_| {
            Fault::new(ErrorCode::RemoteFailed, "the identity provider answered with what is no JSON")
                .hint("Check `--oidc-issuer`.")
        })
    }
}

#[async_trait]
impl Web for Provider {
    async fn get(&self, url: &str) -> Result<Value, Fault> {
        self.json(&Request::get(url)).await
    }

    async fn post_form(&self, url: &str, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> Result<Value, Fault> {
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let mut headers = vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        if let Some((name, secret)) = basic {
            headers.push(("authorization".to_owned(), workbench::people::oidc::basic(name, secret)));
        }
        let body = Some(pairs.join("&").into_bytes().into());
        self.json(&Request { method: Method::Post, url: url.to_owned(), headers, body, timeout: None }).await
    }
}
