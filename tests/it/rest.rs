//! REST as strangers and the hasty call it: whatever is sent, the answer has the one shape and is nobody's 5xx.

use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

pub(crate) fn send(server: &TestServer, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str()), ("content-type", kind)];
    let answer = http::send(server.address, method, path, &headers, body);
    let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    (answer.status, body)
}

/// Announces a body of that length, sends none of it, and reads what the server says at once.
fn announce(server: &TestServer, path: &str, length: usize) -> String {
    let (address, token) = (server.address, &server.token);
    let mut stream = http::connect(address);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The server may close with the body unsent, which some systems call an error.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn bad_requests_get_an_error_of_the_one_shape_and_change_nothing() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("shop");
    let server = TestServer::start(sluice);
    let json_type = "application/json";
    let long = "x".repeat(5_000);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let many = format!(r#"{{"name":"a","url":"sqlite:a.db","labels":[{}]}}"#, vec![r#""l""#; 50_000].join(","));
    let long_url = format!(r#"{{"name":"a","url":"postgres://h/{}"}}"#, "x".repeat(100_000));
    let cases: Vec<(&str, String, &str, &[u8], u16)> = vec![
        ("POST", "/api/databases".into(), json_type, b"", 400),
        ("POST", "/api/databases".into(), json_type, b"   ", 400),
        ("POST", "/api/databases".into(), json_type, b"null", 400),
        ("POST", "/api/databases".into(), json_type, b"[]", 400),
        ("POST", "/api/databases".into(), json_type, b"{", 400),
        ("POST", "/api/databases".into(), json_type, b"\xff\xfe\x00", 400),
        ("POST", "/api/databases".into(), json_type, deep.as_bytes(), 400),
        ("POST", "/api/databases".into(), "text/plain", br#"{"name":"a","url":"sqlite:a.db"}"#, 400),
        ("POST", "/api/databases".into(), "application/x-www-form-urlencoded", b"name=a", 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":7,"url":"sqlite:a.db"}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a"}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":null}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","settings":{}}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"sqlite:a","system":"sqlite"}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"sqlite:a","nmae":1}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"sqlite:a","name":"b"}"#, 400),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"","url":"sqlite:a"}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"A b","url":"sqlite:a"}"#, 422),
        ("POST", "/api/databases".into(), json_type, "{\"name\":\"数据\",\"url\":\"sqlite:a\"}".as_bytes(), 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a\u0000","url":"sqlite:a"}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"oracle://h"}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"postgres://h?nosuch=1"}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","system":"mysql","settings":{"port":-1}}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","system":"mysql","settings":{"port":1e99}}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","system":"http","settings":{"url":7}}"#, 422),
        ("POST", "/api/databases".into(), json_type, br#"{"name":"a","url":"sqlite:a","description":"\u0000"}"#, 422),
        ("POST", "/api/databases".into(), json_type, many.as_bytes(), 422),
        ("POST", "/api/databases".into(), json_type, long_url.as_bytes(), 422),
        ("PUT", "/api/databases/shop".into(), json_type, b"", 400),
        ("PUT", "/api/databases/shop".into(), json_type, br#"{"allow_write":"yes"}"#, 400),
        ("PUT", "/api/databases/nobody".into(), json_type, b"{}", 404),
        ("PUT", "/api/databases/%00".into(), json_type, b"{}", 404),
        ("PUT", "/api/databases/%FF".into(), json_type, b"{}", 404),
        ("GET", format!("/api/databases/{long}"), json_type, b"", 404),
        ("GET", "/api/databases/..%2F..%2Fetc".into(), json_type, b"", 404),
        ("GET", "/api/databases?limit=-1".into(), json_type, b"", 400),
        ("GET", "/api/databases?limit=99999999999".into(), json_type, b"", 400),
        ("GET", "/api/databases?nosuch=1".into(), json_type, b"", 400),
        ("GET", "/api/databases?after=%00".into(), json_type, b"", 422),
        ("GET", "/api/databases/shop/tables/no%22%3B--".into(), json_type, b"", 404),
        ("GET", "/api/databases/shop/tables/%00".into(), json_type, b"", 404),
        ("GET", "/api/databases/nobody/tables".into(), json_type, b"", 404),
        ("POST", "/api/databases/nobody/test".into(), json_type, b"", 404),
        ("DELETE", "/api/databases/nobody".into(), json_type, b"", 404),
        ("DELETE", "/api/databases/shop?force=perhaps".into(), json_type, b"", 400),
        ("PATCH", "/api/databases/shop".into(), json_type, b"{}", 405),
        ("DELETE", "/api/databases".into(), json_type, b"", 405),
        ("GET", "/api/nosuch".into(), json_type, b"", 404),
        ("POST", "/api/query".into(), json_type, b"", 400),
        ("POST", "/api/query".into(), json_type, b"{}", 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop"}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":7}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","params":{}}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","limit":-1}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","limit":1.5}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","limit":0}"#, 422),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","nosuch":1}"#, 400),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":" \n "}"#, 422),
        ("POST", "/api/query".into(), json_type, br#"{"database":"shop","sql":"select 1","id":"x"}"#, 422),
        ("POST", "/api/query".into(), json_type, br#"{"database":"nobody","sql":"select 1"}"#, 404),
        ("POST", "/api/query/validate".into(), json_type, br#"{"database":"nobody","sql":"select 1"}"#, 404),
        ("POST", "/api/query/validate".into(), json_type, br#"{"database":"shop","sql":""}"#, 422),
        ("POST", "/api/query/validate".into(), json_type, b"[1]", 400),
        ("GET", "/api/query/history?after=x".into(), json_type, b"", 422),
        ("GET", "/api/query/history?after=statement_00000000000000000000000000000000".into(), json_type, b"", 404),
        ("GET", "/api/query/history?limit=x".into(), json_type, b"", 400),
        ("DELETE", "/api/query/x".into(), json_type, b"", 404),
        ("DELETE", "/api/query/statement_00000000-0000-0000-0000-000000000000".into(), json_type, b"", 404),
        ("GET", "/api/query".into(), json_type, b"", 405),
        ("GET", "/api/anomalies?state=broken".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?state=open,,".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?severity=worst".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?since=yesterday".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?since=99999999999999999999".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?limit=-1".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?nosuch=1".into(), json_type, b"", 400),
        ("GET", "/api/anomalies?rule=%00".into(), json_type, b"", 422),
        ("GET", "/api/anomalies?connection=%00".into(), json_type, b"", 422),
        ("GET", "/api/anomalies?after=x".into(), json_type, b"", 404),
        ("GET", "/api/anomalies?after=anomaly_00000000000000000000000000000000".into(), json_type, b"", 404),
        ("GET", "/api/anomalies/x".into(), json_type, b"", 404),
        ("GET", "/api/anomalies/%00".into(), json_type, b"", 404),
        ("GET", "/api/anomalies/run_00000000000000000000000000000000".into(), json_type, b"", 404),
        ("GET", format!("/api/anomalies/{long}"), json_type, b"", 404),
        ("PUT", "/api/anomalies/x".into(), json_type, b"{}", 405),
        ("POST", "/api/anomalies".into(), json_type, b"{}", 405),
        ("POST", "/api/anomalies/x/resolve".into(), json_type, b"", 404),
        ("POST", "/api/anomalies/anomaly_00000000000000000000000000000000/reopen".into(), json_type, b"", 404),
        ("POST", "/api/anomalies/x/forgive".into(), json_type, b"", 404),
        ("POST", "/api/anomalies/x/resolve".into(), json_type, br#"{"note":"x"}"#, 400),
        ("POST", "/api/anomalies/x/resolve".into(), json_type, br#"{"comment":7}"#, 400),
        ("POST", "/api/anomalies/x/resolve".into(), "text/plain", b"over", 400),
        ("GET", "/api/anomalies/x/resolve".into(), json_type, b"", 405),
        ("PUT", "/api/anomalies/config".into(), json_type, b"", 400),
        ("PUT", "/api/anomalies/config".into(), json_type, b"{}", 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":7}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","mute":true}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","severity":"worst"}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","dedupe_seconds":-1}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","thresholds":[1]}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","thresholds":{"a":1e999}}"#, 400),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","thresholds":{"a":"1"}}"#, 422),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","thresholds":{"a\u0000":1}}"#, 422),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.c1","channels":["nobody"]}"#, 404),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"qualty.c1"}"#, 422),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":""}"#, 422),
        ("PUT", "/api/anomalies/config".into(), json_type, br#"{"rule":"quality.\u0000"}"#, 422),
        ("PUT", "/api/anomalies/config".into(), json_type, "{\"rule\":\"quality.数\"}".as_bytes(), 422),
        ("PUT", "/api/anomalies/config?rule=quality.c1".into(), json_type, b"", 400),
        ("DELETE", "/api/anomalies/config".into(), json_type, b"", 400),
        ("DELETE", "/api/anomalies/config?rule=a&rule=b".into(), json_type, b"", 400),
        ("GET", "/api/anomalies/config?nosuch=1".into(), json_type, b"", 400),
        ("GET", "/api/tasks/nobody".into(), json_type, b"", 404),
        ("GET", "/api/tasks/%00".into(), json_type, b"", 404),
        ("GET", "/api/tasks?after=%00".into(), json_type, b"", 422),
        ("PUT", "/api/tasks/nobody".into(), json_type, b"{}", 400),
        ("PUT", "/api/tasks/nobody".into(), json_type, br#"{"enabled":true}"#, 404),
        ("POST", "/api/tasks/nobody/runs".into(), json_type, b"", 404),
        ("POST", "/api/tasks/nobody/runs".into(), json_type, br#"{"inputs":[]}"#, 400),
    ];
    for (method, path, kind, body, expected) in &cases {
        let (status, answer) = send(&server, method, path, kind, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let place = format!("{method} {:.60} {shown}: {answer:#}", path);
        assert_eq!(status, *expected, "{place}");
        assert!(answer["code"].is_string() && answer["message"].is_string(), "{place}");
        assert!(answer.to_string().len() < 4_000, "the answer repeats too much: {place:.300}");
    }
    // A body past the limit, told before it is read as JSON.
    for path in ["/api/databases", "/graphql", "/hooks/x"] {
        let answer = announce(&server, path, 3 << 20);
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"request_too_large\""), "{path}: {answer}");
    }
    // Nothing of it was saved, and the server is well.
    let (_, page) = send(&server, "GET", "/api/databases", json_type, b"");
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page:#}");
    assert_eq!(send(&server, "GET", "/api/anomalies/config", json_type, b"").1, json!({ "items": [], "next": null }));
    assert_eq!(send(&server, "POST", "/api/databases/shop/test", json_type, b"").1["ok"], true);
}

#[test]
fn nobody_gets_in_without_the_token() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("shop");
    let server = TestServer::start(sluice);
    let description = http::send(server.address, "GET", "/api/openapi.json", &[], b"").json();
    let mut routes = 0;
    for (path, verbs) in description["paths"].as_object().unwrap() {
        for verb in verbs.as_object().unwrap().keys() {
            let signs_in = matches!(path.as_str(), "/api/session/options" | "/api/setup")
                || path.starts_with("/api/oidc/")
                || (path == "/api/session" && verb == "post");
            if path == "/health" || path.starts_with("/hooks/") || signs_in {
                continue;
            }
            routes += 1;
            // The body is wrong as well: who has no token learns nothing of that.
            let path = path.replace("{name}", "shop").replace(['{', '}'], "");
            for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "Basic Og==")]] {
                let answer = http::send(server.address, &verb.to_uppercase(), &path, headers, b"{");
                assert_eq!(answer.status, 401, "{verb} {path}: {answer:?}");
                assert_eq!(answer.json()["code"], "unauthorized");
            }
        }
    }
    assert!(routes >= 10, "{routes} routes are described");
}

#[test]
fn tasks_are_listed_switched_and_started() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let steps = "steps:\n  - id: rows\n    uses: fetch\n    with: { source: inline, rows: [{ id: 1 }] }\n";
    for name in ["daily", "weekly"] {
        server.save(&format!(
            "name: {name}\ntriggers:\n  - cron: \"30 15 * * MON-FRI\"\n    timezone: Asia/Shanghai\n\
             inputs:\n  day: {{ type: date, default: \"2024-01-31\" }}\n{steps}"
        ));
    }
    server.save(&format!("name: by-hand\n{steps}"));
    let send = |method: &str, path: &str, body: &[u8]| send(&server, method, path, "application/json", body);
    let (_, page) = send("GET", "/api/tasks?limit=1", b"");
    assert_eq!((&page["items"][0]["name"], &page["next"]), (&json!("daily"), &json!("daily")), "{page:#}");
    assert_eq!(page["items"][0]["next"].as_array().unwrap().len(), 5);
    let (_, page) = send("GET", "/api/tasks?after=daily", b"");
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (1, &Value::Null), "{page:#}");
    assert_eq!(send("GET", "/api/tasks/by-hand", b"").0, 404);

    let (status, off) = send("PUT", "/api/tasks/daily", br#"{"enabled": false}"#);
    assert_eq!((status, &off["enabled"], &off["next"]), (200, &json!(false), &json!([])), "{off:#}");
    let (status, wrong) = send("POST", "/api/tasks/daily/runs", br#"{"inputs": {"day": "yesterday"}}"#);
    assert_eq!((status, &wrong["code"]), (422, &json!("invalid_input")));
    let (status, run) = send("POST", "/api/tasks/daily/runs", b"");
    assert_eq!(status, 202, "{run:#}");
    let run = server.wait_run(run["id"].as_str().unwrap());
    assert_eq!(run["status"], "SUCCEEDED");
    let (_, task) = send("GET", "/api/tasks/daily", b"");
    assert_eq!((&task["last_run"]["status"], &task["last_run"]["trigger"]), (&json!("succeeded"), &json!("manual")));
}
