//! Signing in by an identity provider.

use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use crate::stubs::oidc::{Provider, Twist};
use serde_json::json;

/// The value of a parameter in an address.
fn parameter(url: &str, name: &str) -> String {
    let after = url.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("{url} has no {name}"));
    after.split('&').next().unwrap().to_owned()
}

/// A server whose people sign in by the provider, in the roles that their groups have.
fn serve(sluice: Sluice, provider: &Provider, roles: &str) -> TestServer {
    let sluice = sluice
        .set("SLUICE_OIDC_ISSUER", &provider.stub.base)
        .set("SLUICE_OIDC_CLIENT_ID", "sluice")
        .set("SLUICE_OIDC_CLIENT_SECRET", "canary")
        .set("SLUICE_PUBLIC_URL", "http://127.0.0.1:7700")
        .set("SLUICE_OIDC_ROLES", roles);
    TestServer::start(sluice)
}

#[test]
fn somebody_signs_in_by_the_provider_and_a_return_that_was_not_begun_here_does_not() {
    let Some(sluice) = Sluice::find() else { return };
    let provider = Provider::start("canary", &json!(["staff", "data"]));
    let server = serve(sluice, &provider, "staff=viewer,data=editor,boss=admin");
    let get = |path: &str, cookie: &str| http::download(server.address, "GET", path, &[("cookie", cookie)], b"");
    let options = http::send(server.address, "GET", "/api/session/options", &[], b"").json();
    assert_eq!(options, json!({ "password": false, "oidc": true, "setup": true }));

    let begun = get("/api/oidc/login", "a=b");
    assert_eq!(begun.status, 303);
    let (url, cookie) = (begun.header("location").to_owned(), begun.header("set-cookie").to_owned());
    assert!(
        url.starts_with(&format!("{}/authorize?response_type=code&client_id=sluice&", provider.stub.base)),
        "{url}"
    );
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    *provider.left_with.lock().unwrap() = (parameter(&url, "code_challenge"), parameter(&url, "nonce"));
    let back = format!("/api/oidc/callback?code=ann&state={}", parameter(&url, "state"));
    // Another browser that was made to go there has not begun it.
    assert_eq!(get(&back, "a=b").status, 401);
    let signed = get(&back, &cookie);
    assert_eq!((signed.status, signed.header("location")), (303, "/"), "{}", String::from_utf8_lossy(&signed.bytes));
    let session = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    let me = http::send(server.address, "GET", "/api/session", &[("cookie", &session)], b"").json();
    assert_eq!((&me["name"], &me["role"]), (&json!("ann"), &json!("editor")), "{me}");
    // What was used is used up.
    assert_eq!(get(&back, &cookie).status, 401);
    assert_eq!(get("/api/oidc/callback?error=access_denied", &cookie).status, 401);
    assert!(!server.log().contains("canary"));
    let told = server.graphql("{ auditLog { edges { node { who way outcome } } } }", json!({}));
    assert!(told.to_string().contains("identity provider"), "{told}");
}

#[test]
fn a_return_that_the_provider_has_not_vouched_for_lets_nobody_in() {
    let Some(sluice) = Sluice::find() else { return };
    let provider = Provider::start("canary", &json!(["staff"]));
    let server = serve(sluice, &provider, "staff=viewer");
    let get = |path: &str, cookie: &str| http::download(server.address, "GET", path, &[("cookie", cookie)], b"");
    // Each login leaves anew; its address, its cookie, and the state in both.
    let leave = || {
        let begun = get("/api/oidc/login", "");
        let cookie = begun.header("set-cookie").split(';').next().unwrap().to_owned();
        (begun.header("location").to_owned(), cookie)
    };
    let know = |url: &str| {
        assert_eq!(parameter(url, "code_challenge_method"), "S256");
        *provider.left_with.lock().unwrap() = (parameter(url, "code_challenge"), parameter(url, "nonce"));
    };
    let back = |url: &str| format!("/api/oidc/callback?code=ann&state={}", parameter(url, "state"));
    for twist in
        [Twist::Audience, Twist::Issuer, Twist::Nonce, Twist::Expired, Twist::Changed, Twist::OtherKey, Twist::Unsigned]
    {
        let (url, cookie) = leave();
        know(&url);
        *provider.twist.lock().unwrap() = twist;
        let refused = get(&back(&url), &cookie);
        assert_eq!(refused.status, 401, "{twist:?}: {}", String::from_utf8_lossy(&refused.bytes));
        assert_eq!(refused.header("set-cookie"), "", "{twist:?}");
        // The state was used up by that, also where the token would be right now.
        *provider.twist.lock().unwrap() = Twist::Nothing;
        assert_eq!(get(&back(&url), &cookie).status, 401, "{twist:?}");
    }
    // A code that was taken from another login does not fit this one's verifier.
    let (url, cookie) = leave();
    let (theirs, _) = leave();
    know(&theirs);
    let refused = get(&back(&url), &cookie);
    assert!([401, 502].contains(&refused.status), "{}", String::from_utf8_lossy(&refused.bytes));
    // The cookie of one login and the state of another.
    let (url, cookie) = leave();
    let (theirs, _) = leave();
    know(&url);
    assert_eq!(get(&back(&theirs), &cookie).status, 401);
    for nonsense in ["?", "?code=ann", "?state=x", "?code=ann&state=", "?code=&state=x&code=y", "?code=%00&state=%ff"] {
        let answer = get(&format!("/api/oidc/callback{nonsense}"), &cookie);
        assert!([400, 401].contains(&answer.status), "{nonsense}: {}", answer.status);
    }
    // Nobody came in by all that, and what is right still does.
    let people = server.graphql("{ users { nodes { name } } }", json!({}));
    assert_eq!(people["users"]["nodes"], json!([]));
    assert_eq!(get(&back(&url), &cookie).status, 303);
    assert!(!server.log().contains("canary"));
}
