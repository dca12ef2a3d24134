//! The web editor's files, out of the binary, and the headers that keep a browser from being turned against its user.
//!
//! `build.rs` lists what `npm run build` wrote. A path that is no file and asks for a page gets the editor's one page:
//! the editor reads the address itself. Where the editor was not built, that page says how to build it.

use crate::server::not_found;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A file of the editor.
struct File {
    /// Below the server's root, without a slash before it.
    path: &'static str,
    body: &'static [u8],
    /// The same, compressed by gzip.
    packed: Option<&'static [u8]>,
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Stands in the built page wherever the nonce of the answer belongs.
const NONCE: &str = "SLUICE_NONCE";

/// What is served instead of an editor that was not built.
const NOT_BUILT: &str = include_str!("web/not_built.html");

/// Paths that belong to programs: what is not served there is an error of the one shape, not a page.
const PROGRAMS: &[&str] = &["api", "graphql", "hooks", "health", "metrics", "assets"];

/// Answers what no other route does.
pub(crate) async fn serve(request: HttpRequest) -> HttpResponse {
    if request.method() != actix_web::http::Method::GET && request.method() != actix_web::http::Method::HEAD {
        return not_found(request).await;
    }
    let path = request.path().trim_start_matches('/');
    if path != "index.html"
        && let Some(file) = FILES.iter().find(|file| file.path == path)
    {
        return send(&request, file);
    }
    let first = path.split('/').next().unwrap_or_default();
    let accepts = |kind: &str| header_text(&request, header::ACCEPT).contains(kind);
    if PROGRAMS.contains(&first) || !accepts("text/html") {
        return if path.is_empty() { welcome() } else { not_found(request).await };
    }
    page()
}

fn send(request: &HttpRequest, file: &File) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    // Names below `assets/` hold a digest of the content.
    let caching = if file.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "max-age=3600" };
    answer.insert_header((header::CACHE_CONTROL, caching));
    answer.content_type(content_type(file.path));
    answer.insert_header((header::VARY, "accept-encoding"));
    match file.packed {
        Some(packed) if header_text(request, header::ACCEPT_ENCODING).contains("gzip") => {
            answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(packed)
        }
        _ => answer.body(file.body),
    }
}

/// The editor's page. Its nonce is fresh each time, so it is never kept.
fn page() -> HttpResponse {
    let built = FILES.iter().find(|file| file.path == "index.html").map(|file| String::from_utf8_lossy(file.body));
    let text = built.unwrap_or(NOT_BUILT.into());
    let mut random = [0; 18];
    if getrandom::fill(&mut random).is_err() {
        tracing::error!("the system gives no random numbers, so the editor's page cannot be served");
        return HttpResponse::ServiceUnavailable().finish();
    }
    let nonce = STANDARD.encode(random);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(&nonce)))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"))
        .body(text.replace(NONCE, &nonce))
}

/// Nothing from elsewhere, and of inline things only style elements that know the nonce: the text editor makes some.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// What every answer carries that says nothing else: it is no page, in no frame, for no other site.
pub(crate) fn default_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CACHE_CONTROL, "no-store"))
        .add(("cross-origin-resource-policy", "same-origin"))
        .add((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
}

/// What a program sees that follows the printed address.
fn welcome() -> HttpResponse {
    let text = concat!(
        "Sluice ",
        env!("CARGO_PKG_VERSION"),
        " is running.\n\n",
        "Editor       GET / in a browser\n",
        "GraphQL      POST /graphql, subscriptions at /graphql/ws (with the API token)\n",
        "Webhooks     POST /hooks/<path>\n",
        "Health       GET /health\n",
        "REST         GET /api/openapi.json\n",
    );
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

fn header_text(request: &HttpRequest, name: header::HeaderName) -> &str {
    request.headers().get(name).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, web};

    /// Status, content type and body of an answer.
    async fn ask(path: &str, accept: &str) -> (u16, String, String, String) {
        let app = init_service(App::new().wrap(default_headers()).default_service(web::to(serve))).await;
        let request = TestRequest::get().uri(path).insert_header(("accept", accept)).to_request();
        let answer = call_service(&app, request).await;
        let text = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let (status, kind, policy) = (answer.status().as_u16(), text("content-type"), text("content-security-policy"));
        assert_eq!((text("x-content-type-options").as_str(), text("cache-control").as_str()), ("nosniff", "no-store"));
        (status, kind, policy, String::from_utf8_lossy(&read_body(answer).await).into_owned())
    }

    #[actix_web::test]
    async fn every_place_of_the_editor_is_its_page_with_a_nonce_of_its_own() {
        let mut nonces = std::collections::BTreeSet::new();
        for path in ["/", "/workflows/fruit", "/index.html"] {
            let (status, kind, policy, body) = ask(path, "text/html,application/xhtml+xml").await;
            assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"), "{path}");
            assert!(body.contains("<!doctype html>") && !body.contains(NONCE), "{body}");
            let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
            assert!(!policy.contains("unsafe") && nonce.len() == 24, "{policy}");
            nonces.insert(nonce.to_owned());
        }
        assert_eq!(nonces.len(), 3, "each page has its own nonce");
    }

    #[actix_web::test]
    async fn what_programs_ask_for_in_vain_is_an_error_of_the_one_shape() {
        for (path, accept) in [("/api/nothing", "text/html"), ("/nothing", "*/*"), ("/assets/gone.js", "text/html")] {
            let (status, kind, policy, body) = ask(path, accept).await;
            assert_eq!((status, kind.as_str()), (404, "application/json"), "{path}");
            assert!(body.contains("\"bad_request\"") && policy.starts_with("default-src 'none'"), "{body}");
        }
        let (status, kind, _, body) = ask("/", "*/*").await;
        assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"));
        assert!(body.contains("/graphql"));
    }

    #[actix_web::test]
    async fn files_come_with_their_type_and_packed_where_that_is_understood() {
        for file in FILES.iter().filter(|file| file.path != "index.html") {
            let request = TestRequest::default().insert_header(("accept-encoding", "br, gzip")).to_http_request();
            let answer = send(&request, file);
            let packed = answer.headers().contains_key(header::CONTENT_ENCODING);
            assert_eq!(packed, file.packed.is_some(), "{}", file.path);
            let kind = answer.headers().get(header::CONTENT_TYPE).unwrap().to_str().unwrap();
            assert_ne!(kind, "application/octet-stream", "{}", file.path);
            let plain = send(&TestRequest::default().to_http_request(), file);
            assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        }
    }
}
