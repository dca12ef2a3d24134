//! An identity provider: OpenID Connect's description, token and keys, with ID tokens that are signed for real.

use super::{Received, Reply, Stub, json_reply, pairs, reply};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex};

/// A provider, and what the login under way left with: its PKCE challenge and nonce.
pub(crate) struct Provider {
    pub(crate) stub: Stub,
    pub(crate) left_with: Arc<Mutex<(String, String)>>,
    /// What is wrong with the next tokens.
    pub(crate) twist: Arc<Mutex<Twist>>,
}

/// What may be wrong with an ID token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Twist {
    #[default]
    Nothing,
    /// It is for another client.
    Audience,
    /// It is somebody else's.
    Issuer,
    /// It answers another login.
    Nonce,
    Expired,
    /// Its claims were changed after it was signed.
    Changed,
    /// It is signed by a key that the provider does not publish.
    OtherKey,
    /// It says that it needs no signature, and has none.
    Unsigned,
}

impl Provider {
    /// A provider that knows the client `sluice` with that secret, and tells these groups of whoever signs in.
    pub(crate) fn start(secret: &str, groups: &Value) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let left_with: Arc<Mutex<(String, String)>> = Arc::default();
        let (left, groups) = (left_with.clone(), groups.clone());
        let twist: Arc<Mutex<Twist>> = Arc::default();
        let twisted = twist.clone();
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("sluice:{secret}")));
        let stub = Stub::start(move |request| {
            let issuer = format!("http://{}", request.header("host"));
            match request.path.as_str() {
                "/.well-known/openid-configuration" => json_reply(
                    200,
                    &json!({
                        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
                        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
                    }),
                ),
                "/keys" => {
                    let point = key.public_key().as_ref();
                    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
                    json_reply(200, &json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y }] }))
                }
                "/token" if request.method == "POST" && request.header("authorization") == basic => {
                    let twist = *twisted.lock().unwrap();
                    token(request, &issuer, &left.lock().unwrap(), &groups, &key, twist)
                }
                "/token" => json_reply(401, &json!({ "error": "invalid_client" })),
                _ => reply(404, "not here"),
            }
        });
        Self { stub, left_with, twist }
    }
}

/// Answers a code, which is the subject's name here, with an ID token.
fn token(
    request: &Received,
    issuer: &str,
    (challenge, nonce): &(String, String),
    groups: &Value,
    key: &EcdsaKeyPair,
    twist: Twist,
) -> Reply {
    let form = pairs(std::str::from_utf8(&request.body).unwrap());
    let given = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier").as_bytes()));
    if given("grant_type") != "authorization_code" || verifier != *challenge {
        return json_reply(400, &json!({ "error": "invalid_grant" }));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": issuer, "aud": "sluice", "sub": given("code"), "exp": now + 300, "iat": now, "nonce": nonce,
        "preferred_username": given("code"), "groups": groups,
    });
    match twist {
        Twist::Audience => claims["aud"] = json!(["another"]),
        Twist::Issuer => claims["iss"] = json!("http://127.0.0.1:1"),
        Twist::Nonce => claims["nonce"] = json!("another"),
        Twist::Expired => claims["exp"] = json!(now - 3_600),
        _ => {}
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let algorithm = if twist == Twist::Unsigned { "none" } else { "ES256" };
    let head = part(&json!({ "alg": algorithm, "kid": "k" }));
    let signed = format!("{head}.{}", part(&claims));
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let key = if twist == Twist::OtherKey { &other } else { key };
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
    if twist == Twist::Changed {
        claims["sub"] = json!("somebody else");
    }
    let signature = if twist == Twist::Unsigned { String::new() } else { signature };
    let id_token = format!("{head}.{}.{signature}", part(&claims));
    json_reply(200, &json!({ "access_token": "unused", "token_type": "Bearer", "id_token": id_token }))
}
