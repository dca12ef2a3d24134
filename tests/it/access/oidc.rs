//! Signing in by an identity provider.

use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use crate::stubs::oidc::Provider;
use serde_json::json;

/// The value of a parameter in an address.
fn parameter(url: &str, name: &str) -> String {
    let after = url.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("{url} has no {name}"));
    after.split('&').next().unwrap().to_owned()
}

#[test]
fn somebody_signs_in_by_the_provider_and_a_return_that_was_not_begun_here_does_not() {
    let Some(sluice) = Sluice::find() else { return };
    let provider = Provider::start("canary", &json!(["staff", "data"]));
    let sluice = sluice
        .set("SLUICE_OIDC_ISSUER", &provider.stub.base)
        .set("SLUICE_OIDC_CLIENT_ID", "sluice")
        .set("SLUICE_OIDC_CLIENT_SECRET", "canary")
        .set("SLUICE_PUBLIC_URL", "http://127.0.0.1:7700")
        .set("SLUICE_OIDC_ROLES", "staff=viewer,data=editor,boss=admin");
    let server = TestServer::start(sluice);
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
