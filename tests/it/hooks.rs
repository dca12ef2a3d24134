//! Webhooks: who may call, and what the body does.

use crate::http::{self, Answer};
use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "a secret of the caller";

fn workflow(name: &str, secret: &str) -> String {
    format!(
        "name: {name}\ntriggers:\n  - webhook: {name}/orders\n{secret}inputs:\n  \
         amount: {{ type: integer, default: 1 }}\nsteps:\n  - id: double\n    uses: script\n    \
         with: {{ script: \"#{{ twice: inputs.amount * 2, note: trigger.body.note ?? `none` }}\" }}\n"
    )
}

fn start() -> Option<TestServer> {
    let server = TestServer::start(Sluice::find()?.set("SLUICE_SECRET_SHOP", SECRET));
    server.save(&workflow("open", ""));
    server.save(&workflow("signed", "    secret: shop\n"));
    server.save(&workflow("forgotten", "    secret: nowhere\n"));
    Some(server)
}

fn hmac(message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn a_caller_waits_for_the_result_of_its_body() {
    let Some(server) = start() else { return };
    let answer = server.post("/hooks/open/orders?wait=30s", &json!({ "amount": 21, "note": "Köln", "other": [1] }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let result = answer.json();
    assert_eq!(result["status"], "succeeded");
    assert_eq!(result["outputs"]["double"]["twice"], 42, "{result:#}");
    assert_eq!(result["outputs"]["double"]["note"], "Köln", "{result:#}");
    let run = server.run(result["run"].as_str().unwrap());
    assert_eq!((run["trigger"].as_str(), run["status"].as_str()), (Some("webhook"), Some("SUCCEEDED")));

    let answer = server.post("/hooks/open/orders", &json!({ "amount": 5 }));
    assert_eq!(answer.status, 202, "{answer:?}");
    let run = server.wait_run(answer.json()["run"].as_str().unwrap());
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
}

#[test]
fn a_wrong_call_is_told_what_is_wrong() {
    let Some(server) = start() else { return };
    let bearer = format!("Bearer {}", server.token);
    let check = |path: &str, token: Option<&str>, body: &str, status: u16, code: &str, culprit: &str| {
        let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
        let answer = http::send(server.address, "POST", path, &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        let fault = answer.json();
        assert_eq!(fault["code"], code, "{path} {body}: {fault:#}");
        assert!(fault["message"].as_str().unwrap().contains(culprit), "{path} {body}: {fault:#}");
    };
    check("/hooks/nowhere", Some(&bearer), "", 404, "webhook_not_found", "`nowhere`");
    check("/hooks/nowhere", None, "", 401, "unauthorized", "");
    check("/hooks/open/orders", None, "{}", 401, "unauthorized", "");
    check("/hooks/open/orders", Some("Bearer wrong"), "{}", 401, "unauthorized", "");
    check("/hooks/open/orders", Some(&bearer), "{\"amount\": ", 400, "bad_request", "JSON");
    check("/hooks/open/orders", Some(&bearer), "{\"amount\": \"many\"}", 422, "invalid_input", "`amount`");
    check("/hooks/open/orders?wait=soon", Some(&bearer), "{}", 400, "bad_request", "soon");
    check("/hooks/forgotten/orders", Some(&bearer), "{}", 422, "invalid_configuration", "`nowhere`");
    let empty = http::send(server.address, "POST", "/hooks/open/orders", &[("authorization", &bearer)], b"");
    assert_eq!(empty.status, 202, "{empty:?}");
    let get = http::send(server.address, "GET", "/hooks/open/orders", &[("authorization", &bearer)], b"");
    assert_eq!(get.status, 405, "{get:?}");

    server.graphql("mutation { setWorkflowEnabled(id: \"open\", enabled: false) { enabled } }", json!({}));
    check("/hooks/open/orders", Some(&bearer), "{}", 404, "webhook_not_found", "`open/orders`");
}

#[test]
fn a_webhook_with_a_secret_wants_proof_of_it() {
    let Some(server) = start() else { return };
    let body = b"{\"amount\": 4}";
    let call = |headers: &[(&str, &str)]| -> Answer {
        http::send(server.address, "POST", "/hooks/signed/orders?wait=30s", headers, body)
    };
    let bearer = format!("Bearer {}", server.token);
    assert_eq!(call(&[("authorization", &bearer)]).status, 401, "the API token is not the secret");
    assert_eq!(call(&[]).status, 401);
    assert_eq!(call(&[("authorization", &format!("Bearer {SECRET}"))]).status, 200);

    let hex: String = hmac(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let answer = call(&[("x-signature-256", &format!("sha256={hex}"))]);
    assert_eq!(answer.json()["outputs"]["double"]["twice"], 8, "{answer:?}");
    let forged: String = hmac(b"{\"amount\": 5}").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(call(&[("x-signature-256", &format!("sha256={forged}"))]).status, 401);

    let standard = |age: u64| {
        let at = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - age).to_string();
        let signed = [b"msg_1.", at.as_bytes(), b".", body].concat();
        let signature = format!("v1,{}", BASE64_STANDARD.encode(hmac(&signed)));
        call(&[("webhook-id", "msg_1"), ("webhook-timestamp", &at), ("webhook-signature", &signature)]).status
    };
    assert_eq!(standard(0), 200);
    assert_eq!(standard(3600), 401, "an old call is not taken again");
}

#[test]
fn a_sender_that_hangs_up_has_its_run_nevertheless() {
    let Some(server) = start() else { return };
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str())];
    for amount in 1..=5 {
        let body = json!({ "amount": amount }).to_string();
        drop(http::begin(server.address, "POST", "/hooks/open/orders", &headers, body.as_bytes()));
    }
    let runs = "{ runs { nodes { status inputs } } }";
    let mut ended = json!([]);
    wait_for("five runs", || {
        ended = server.graphql(runs, json!({}))["runs"]["nodes"].take();
        ended.as_array().unwrap().iter().filter(|run| run["status"] == "SUCCEEDED").count() == 5
    });
    let mut inputs: Vec<&str> = ended.as_array().unwrap().iter().map(|run| run["inputs"].as_str().unwrap()).collect();
    inputs.sort_unstable();
    let wanted: Vec<String> = (1..=5).map(|amount| json!({ "amount": amount }).to_string()).collect();
    assert_eq!(inputs, wanted);
}
