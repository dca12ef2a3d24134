//! Logins against a provider in memory that signs for real.
#![allow(clippy::unwrap_used)]

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use store::Database;

/// A provider whose answers a test can spoil.
struct Stub {
    key: EcdsaKeyPair,
    /// The challenge and nonce of the login under way.
    asked: Mutex<(String, String)>,
    spoil: Mutex<fn(&mut Value, &mut Value)>,
}

const ISSUER: &str = "https://id.example.com";

#[async_trait]
impl Web for Arc<Stub> {
    async fn get(&self, url: &str) -> Result<Value, Fault> {
        if url.ends_with("/keys") {
            let point = self.key.public_key().as_ref();
            let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            return Ok(json!({ "keys": [
                { "kty": "oct", "kid": "other", "k": "AAAA" },
                { "kty": "EC", "crv": "P-256", "kid": "k1", "x": part(&point[1..33]), "y": part(&point[33..]) },
            ] }));
        }
        assert_eq!(url, "https://id.example.com/.well-known/openid-configuration");
        Ok(json!({
            "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/authorize"),
            "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/keys"),
        }))
    }

    async fn post_form(&self, url: &str, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> Result<Value, Fault> {
        assert_eq!((url, basic), ("https://id.example.com/token", Some(("sluice", "canary"))));
        let given = |name: &str| form.iter().find(|(known, _)| *known == name).unwrap().1;
        assert_eq!(
            (given("grant_type"), given("redirect_uri")),
            ("authorization_code", "https://sluice.example.com/api/oidc/callback")
        );
        let (challenge, nonce) = self.asked.lock().unwrap().clone();
        assert_eq!(URL_SAFE_NO_PAD.encode(digest(given("code_verifier"))), challenge, "PKCE");
        let now = chrono::Utc::now().timestamp();
        let mut header = json!({ "alg": "ES256", "kid": "k1" });
        let mut claims = json!({
            "iss": ISSUER, "aud": "sluice", "sub": given("code"), "exp": now + 60, "nonce": nonce,
            "preferred_username": "Ann", "groups": ["staff", "data"], "realm": { "roles": ["boss"] },
        });
        (self.spoil.lock().unwrap())(&mut header, &mut claims);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        Ok(json!({ "id_token": format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())) }))
    }
}

async fn start(role_claim: &str, default_role: Option<Role>) -> (Oidc, Arc<Stub>, People) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let stub = Arc::new(Stub { key, asked: Mutex::default(), spoil: Mutex::new(|_, _| {}) });
    let people = People::new(Arc::new(Database::open("sqlite::memory:").await.unwrap()));
    let settings = OidcSettings {
        issuer: format!("{ISSUER}/"),
        client_id: "sluice".to_owned(),
        client_secret: Some("canary".to_owned()),
        public_url: "https://sluice.example.com/".to_owned(),
        role_claim: role_claim.to_owned(),
        roles: vec![
            ("staff".to_owned(), Role::Viewer),
            ("data".to_owned(), Role::Editor),
            ("boss".to_owned(), Role::Admin),
        ],
        default_role,
    };
    (Oidc::new(settings, Box::new(stub.clone()), people.clone()).unwrap(), stub, people)
}

/// One login as `subject`.
async fn sign_in(oidc: &Oidc, stub: &Stub, subject: &str) -> Result<AccountRecord, Fault> {
    let departure = oidc.begin().await.unwrap();
    let parameter = |name: &str| {
        let after = departure.url.split(&format!("{name}=")).nth(1).unwrap();
        after.split('&').next().unwrap().to_owned()
    };
    assert!(departure.url.starts_with("https://id.example.com/authorize?response_type=code&"), "{}", departure.url);
    assert_eq!((parameter("state"), parameter("code_challenge_method")), (departure.state.clone(), "S256".to_owned()));
    *stub.asked.lock().unwrap() = (parameter("code_challenge"), parameter("nonce"));
    oidc.finish(&departure.state, subject).await
}

#[tokio::test]
async fn somebody_is_made_at_the_first_login_and_known_at_the_next() {
    let (oidc, stub, people) = start("groups", None).await;
    people.create("ann", None, Role::Viewer).await.unwrap();
    let made = sign_in(&oidc, &stub, "subject-7").await.unwrap();
    // The name is taken, and not taken over.
    assert!(made.name.starts_with("ann-") && made.role == Role::Editor, "{made:?}");
    assert_eq!(made.subject.as_deref(), Some("https://id.example.com|subject-7"));
    assert_eq!(sign_in(&oidc, &stub, "subject-7").await.unwrap().id, made.id);
    assert_ne!(sign_in(&oidc, &stub, "subject-8").await.unwrap().id, made.id);
    // The role follows what the provider tells.
    *stub.spoil.lock().unwrap() = |_, claims| claims["groups"] = json!("staff");
    assert_eq!(sign_in(&oidc, &stub, "subject-7").await.unwrap().role, Role::Viewer);
    *stub.spoil.lock().unwrap() = |_, claims| claims["groups"] = json!([]);
    assert_eq!(sign_in(&oidc, &stub, "subject-7").await.unwrap_err().code, ErrorCode::Unauthorized);
    people.update(made.id, None, Some(true)).await.unwrap();
    *stub.spoil.lock().unwrap() = |_, _| {};
    assert_eq!(sign_in(&oidc, &stub, "subject-7").await.unwrap_err().code, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_nested_claim_and_a_usual_role_count() {
    let (oidc, stub, _) = start("realm.roles", None).await;
    assert_eq!(sign_in(&oidc, &stub, "a").await.unwrap().role, Role::Admin);
    let (oidc, stub, _) = start("nothing", Some(Role::Operator)).await;
    assert_eq!(sign_in(&oidc, &stub, "a").await.unwrap().role, Role::Operator);
}

#[tokio::test]
async fn a_token_that_is_not_what_it_must_be_lets_nobody_in() {
    let (oidc, stub, people) = start("groups", None).await;
    let spoilers: [fn(&mut Value, &mut Value); 11] = [
        |header, _| header["alg"] = json!("none"),
        |header, _| header["alg"] = json!("HS256"),
        |header, _| header["alg"] = json!("RS256"),
        |header, _| header["kid"] = json!("other"),
        |_, claims| claims["iss"] = json!("https://evil.example"),
        |_, claims| claims["aud"] = json!("another"),
        |_, claims| claims["aud"] = json!(["sluice", "another"]),
        |_, claims| claims["exp"] = json!(1),
        |_, claims| claims["nbf"] = json!(9_999_999_999_i64),
        |_, claims| claims["nonce"] = json!("replayed"),
        |_, claims| claims["sub"] = json!(""),
    ];
    for (index, spoiler) in spoilers.into_iter().enumerate() {
        *stub.spoil.lock().unwrap() = spoiler;
        let refused = sign_in(&oidc, &stub, "subject-7").await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unauthorized, "{index}: {refused}");
        assert!(!refused.to_string().contains("canary"));
    }
    assert_eq!(people.list(None, 9).await.unwrap(), []);
    // A state works once, and only one that was given out.
    *stub.spoil.lock().unwrap() = |_, _| {};
    assert_eq!(oidc.finish("made up", "x").await.unwrap_err().code, ErrorCode::Unauthorized);
    let departure = oidc.begin().await.unwrap();
    let _ = oidc.inner.under_way.lock().unwrap().remove(&departure.state);
    assert_eq!(oidc.finish(&departure.state, "x").await.unwrap_err().code, ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_provider_in_the_open_is_refused_and_logins_under_way_are_bounded() {
    let (oidc, _, people) = start("groups", None).await;
    let plain = OidcSettings { issuer: "http://id.example.com".to_owned(), ..oidc.inner.settings.clone() };
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let stub = Arc::new(Stub { key, asked: Mutex::default(), spoil: Mutex::new(|_, _| {}) });
    assert_eq!(Oidc::new(plain, Box::new(stub), people).err().unwrap().code, ErrorCode::InvalidConfiguration);
    for _ in 0..UNDER_WAY_MOST + 5 {
        oidc.begin().await.unwrap();
    }
    assert_eq!(oidc.inner.under_way.lock().unwrap().len(), UNDER_WAY_MOST);
    assert_eq!(escape("a b/ü&"), "a%20b%2F%C3%BC%26");
}
