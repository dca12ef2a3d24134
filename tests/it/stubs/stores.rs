//! InfluxDB, Elasticsearch and S3-compatible storage: what they take is checked, and kept for the test.

use super::{Received, Reply, json_reply, reply};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What was kept, by its name.
pub(crate) type Kept = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// `POST /api/v2/write`: a point is its series and moment, so a repeat changes nothing.
pub(crate) fn influxdb(kept: &Kept, request: &Received) -> Reply {
    let refuse = |status: u16, code: &str, said: &str| json_reply(status, &json!({ "code": code, "message": said }));
    if request.header("authorization") != "Token a token" {
        return refuse(401, "unauthorized", "unauthorized access");
    }
    if request.path != "/api/v2/write" || request.parameter("precision") != Some("ns") {
        return refuse(404, "not found", "path not found");
    }
    if (request.parameter("org"), request.parameter("bucket")) != (Some("acme"), Some("market")) {
        return refuse(404, "not found", "bucket \"market\" not found");
    }
    for line in String::from_utf8_lossy(&request.body).lines() {
        let parts: Vec<&str> = line.rsplitn(2, ' ').collect();
        let [time, rest] = parts.as_slice() else { return refuse(400, "invalid", "unable to parse: missing fields") };
        let Some((series, fields)) = rest.split_once(' ').filter(|_| time.parse::<i64>().is_ok()) else {
            return refuse(400, "invalid", "unable to parse: invalid field format");
        };
        kept.lock().unwrap().insert(format!("{series} {time}"), fields.as_bytes().to_vec());
    }
    reply(204, "")
}

/// `POST /bars/_bulk`: the first request's second document meets a full queue.
pub(crate) fn elasticsearch(kept: &Kept, request: &Received) -> Reply {
    if request.header("authorization") != "ApiKey a key" {
        return json_reply(401, &json!({ "error": { "type": "security_exception" }, "status": 401 }));
    }
    if request.path != "/bars/_bulk" || request.header("content-type") != "application/x-ndjson" {
        return json_reply(406, &json!({ "error": "Content-Type header is not supported", "status": 406 }));
    }
    let body = String::from_utf8_lossy(&request.body);
    if !body.ends_with('\n') {
        let said = "The bulk request must be terminated by a newline [\\n]";
        return json_reply(
            400,
            &json!({ "error": { "type": "illegal_argument_exception", "reason": said }, "status": 400 }),
        );
    }
    let lines: Vec<&str> = body.lines().collect();
    let mut kept = kept.lock().unwrap();
    let busy = kept.is_empty();
    let mut items = Vec::new();
    for (index, pair) in lines.chunks(2).enumerate() {
        let action: Value = serde_json::from_str(pair[0]).unwrap();
        let id = action["index"]["_id"].as_str().unwrap();
        if busy && index == 1 {
            let error = json!({ "type": "es_rejected_execution_exception", "reason": "queue is full" });
            items.push(json!({ "index": { "status": 429, "error": error } }));
            continue;
        }
        let old = kept.insert(id.to_owned(), pair[1].as_bytes().to_vec());
        items.push(json!({ "index": { "status": if old.is_some() { 200 } else { 201 } } }));
    }
    json_reply(200, &json!({ "errors": busy, "items": items }))
}

/// The keys that the storage knows.
pub(crate) const ACCESS_KEY: &str = "AKIAEXAMPLE";
pub(crate) const SECRET_KEY: &str = "a/secret+key";

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `PUT /market/{key}` with signature version 4, which is computed anew of what arrived.
pub(crate) fn s3(kept: &Kept, request: &Received) -> Reply {
    let refuse = |status: u16, code: &str| {
        reply(status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>why</Message></Error>"))
    };
    let (digest, moment) = (hex(&Sha256::digest(&request.body)), request.header("x-amz-date"));
    if request.header("x-amz-content-sha256") != digest {
        return refuse(400, "XAmzContentSHA256Mismatch");
    }
    let authorization = request.header("authorization");
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}="))?;
        rest.split(',').next()
    };
    let (Some(names), Some(scope)) = (part("SignedHeaders"), part("Credential")) else {
        return refuse(400, "AuthorizationHeaderMalformed");
    };
    let Some((ACCESS_KEY, scope)) = scope.split_once('/') else { return refuse(403, "InvalidAccessKeyId") };
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", request.header(name))).collect();
    // No name in these tests needs encoding, so the path is as it was sent.
    let canonical = format!("{}\n{}\n\n{headers}\n{names}\n{digest}", request.method, request.path);
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let first = format!("AWS4{SECRET_KEY}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| hmac(&key, part));
    if part("Signature") != Some(hex(&hmac(&key, &text)).as_str()) || !names.contains("host") {
        return refuse(403, "SignatureDoesNotMatch");
    }
    match request.path.strip_prefix("/market/") {
        Some(name) if request.method == "PUT" => {
            kept.lock().unwrap().insert(name.to_owned(), request.body.clone());
            reply(200, "").header("etag", "\"1\"")
        }
        _ => refuse(404, "NoSuchBucket"),
    }
}
