//! Chat and paging services: every message is held against the service's published limits, its signature is computed
//! anew, and a wrong one gets the service's own code.

use super::{Received, Reply, json_reply, reply};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// Answers for all services, told apart by their paths.
pub(crate) fn serve(request: &Received) -> Reply {
    if request.method != "POST" || !request.header("content-type").starts_with("application/json") {
        return reply(400, "a POST of JSON is expected");
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["services", team, ..] => slack(team, request),
        ["robot", "send"] => dingtalk(request),
        ["open-apis", "bot", "v2", "hook", token] => feishu(token, request),
        ["cgi-bin", "webhook", "send"] => wecom(request),
        ["workflows", name, ..] => teams(name, request),
        [bot, "sendMessage"] => telegram(bot, request),
        ["v2", "enqueue"] => pagerduty(request),
        [""] => ntfy(request),
        _ => reply(404, "not found"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn hmac(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

fn is_recent(seconds: u64) -> bool {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().abs_diff(seconds) < 3600
}

/// Publishing as JSON, to the server's root.
fn ntfy(request: &Received) -> Reply {
    let refuse = |status: u16, code: u32, error: &str| {
        json_reply(status, &json!({ "code": code, "http": status, "error": error }))
    };
    if request.header("authorization") != "Bearer tk_XXXX" {
        return refuse(401, 40101, "unauthorized");
    }
    let body = request.json();
    let topic = text(&body["topic"]);
    if topic.is_empty()
        || topic.len() > 64
        || !topic.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    {
        return refuse(400, 40009, "invalid request: topic invalid");
    }
    if !(1..=5).contains(&body["priority"].as_i64().unwrap_or(3)) {
        return refuse(400, 40007, "invalid priority parameter");
    }
    if text(&body["message"]).len() > 4096 {
        return refuse(413, 41301, "attachment too large, or bandwidth limit reached");
    }
    json_reply(200, &json!({ "id": "hwQ2YpKdmg", "time": 1_700_000_000, "event": "message", "topic": topic }))
}

fn slack(team: &str, request: &Received) -> Reply {
    if team == "GONE" {
        return reply(404, "no_service");
    }
    let body = request.json();
    if !body.is_object() {
        return reply(400, "invalid_payload");
    }
    if text(&body["text"]).is_empty() && list(&body["blocks"]).is_empty() {
        return reply(400, "no_text");
    }
    let short = |value: &Value, most: usize| (1..=most).contains(&text(value).chars().count());
    let good = |block: &Value| match text(&block["type"]) {
        "header" => block["text"]["type"] == "plain_text" && short(&block["text"]["text"], 150),
        "section" if block.get("fields").is_some() => {
            list(&block["fields"]).len() <= 10
                && list(&block["fields"]).iter().all(|it| it["type"] == "mrkdwn" && short(&it["text"], 2000))
        }
        "section" => block["text"]["type"] == "mrkdwn" && short(&block["text"]["text"], 3000),
        "context" => (1..=10).contains(&list(&block["elements"]).len()),
        _ => false,
    };
    match list(&body["blocks"]).len() <= 50 && list(&body["blocks"]).iter().all(good) {
        true => reply(200, "ok").header("content-type", "text/plain"),
        false => reply(400, "invalid_blocks"),
    }
}

fn dingtalk(request: &Received) -> Reply {
    let say = |code: i64, said: &str| json_reply(200, &json!({ "errcode": code, "errmsg": said }));
    if request.parameter("access_token") == Some("gone") {
        return say(300_001, "token is not exist");
    }
    let (timestamp, sign) = (request.parameter("timestamp").unwrap_or(""), request.parameter("sign").unwrap_or(""));
    if !timestamp.parse::<u64>().is_ok_and(|millis| is_recent(millis / 1000)) {
        return say(310_000, "invalid timestamp");
    }
    if sign != hmac("SECdemo0123456789", &format!("{timestamp}\nSECdemo0123456789")) {
        return say(310_000, "sign not match");
    }
    let body = request.json();
    match text(&body["msgtype"]) {
        "" => say(40_035, "missing json"),
        "markdown" if text(&body["markdown"]["title"]).is_empty() => say(40_035, "missing title"),
        "markdown" if request.body.len() > 20_000 => say(40_035, "body is too long"),
        "markdown" => say(0, "ok"),
        _ => say(400_105, "unsupported msgtype"),
    }
}

fn feishu(token: &str, request: &Received) -> Reply {
    let say = |code: i64, said: &str| json_reply(200, &json!({ "code": code, "data": {}, "msg": said }));
    let body = request.json();
    if token == "GONE" {
        return say(19_001, "param invalid: incoming webhook access token invalid");
    }
    let timestamp = text(&body["timestamp"]);
    let signed = text(&body["sign"]) == hmac(&format!("{timestamp}\ndemo-secret"), "");
    if !signed || !timestamp.parse::<u64>().is_ok_and(is_recent) {
        return say(19_021, "sign match fail or timestamp is not within one hour from current time");
    }
    let card = &body["card"];
    let good = body["msg_type"] == "interactive"
        && card["header"]["title"]["tag"] == "plain_text"
        && list(&card["elements"]).iter().all(|it| matches!(text(&it["tag"]), "div" | "action"));
    if !good {
        return say(9499, "Bad Request");
    }
    if request.body.len() > 20_480 {
        return say(19_036, "message too large");
    }
    let body = json!({ "StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success" });
    json_reply(200, &body)
}

fn wecom(request: &Received) -> Reply {
    let say = |code: i64, said: &str| json_reply(200, &json!({ "errcode": code, "errmsg": said }));
    let body = request.json();
    let content = text(&body["markdown"]["content"]);
    match text(&body["msgtype"]) {
        _ if request.parameter("key") == Some("GONE") => say(93_000, "invalid webhook url"),
        "markdown" if content.is_empty() => say(44_004, "empty content"),
        "markdown" if content.len() > 4096 => say(40_058, "markdown.content exceed max length 4096"),
        "markdown" => say(0, "ok"),
        _ => say(40_008, "invalid message type"),
    }
}

fn teams(name: &str, request: &Received) -> Reply {
    if name == "GONE" {
        return json_reply(404, &json!({ "error": { "code": "WorkflowNotFound" } }));
    }
    if request.body.len() > 28 << 10 {
        return reply(413, "");
    }
    let body = request.json();
    let attachment = &body["attachments"][0];
    let good = body["type"] == "message"
        && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        && attachment["content"]["type"] == "AdaptiveCard"
        && list(&attachment["content"]["body"]).iter().all(|it| matches!(text(&it["type"]), "TextBlock" | "FactSet"));
    if good { reply(202, "") } else { json_reply(400, &json!({ "error": { "code": "InvalidRequestContent" } })) }
}

fn telegram(bot: &str, request: &Received) -> Reply {
    let refuse =
        |code: u16, said: &str| json_reply(code, &json!({ "ok": false, "error_code": code, "description": said }));
    if bot != "bot123456:XXXX" {
        return refuse(401, "Unauthorized");
    }
    let body = request.json();
    if body["chat_id"] != "-1001234567890" {
        return refuse(400, "Bad Request: chat not found");
    }
    let shown = match text(&body["parse_mode"]) {
        "HTML" => match read_html(text(&body["text"])) {
            Some(shown) => shown,
            None => return refuse(400, "Bad Request: can't parse entities"),
        },
        _ => text(&body["text"]).to_owned(),
    };
    if shown.encode_utf16().count() > 4096 {
        return refuse(400, "Bad Request: message is too long");
    }
    let message =
        json!({ "message_id": 15, "date": 1_700_000_000, "chat": { "id": -1_001_234_567_890_i64 }, "text": shown });
    json_reply(200, &json!({ "ok": true, "result": message }))
}

/// What a reader sees of Telegram's HTML; none where a tag or an entity is not one of Telegram's, or does not close.
fn read_html(html: &str) -> Option<String> {
    let (mut shown, mut open, mut rest) = (String::new(), Vec::new(), html);
    while let Some(at) = rest.find(['<', '>', '&']) {
        shown.push_str(&rest[..at]);
        let mark = &rest[at..];
        if mark.starts_with('&') {
            let end = mark.find(';')?;
            shown.push(match &mark[1..end] {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                _ => return None,
            });
            rest = &mark[end + 1..];
            continue;
        }
        let tag = &mark[1..mark.find('>').filter(|_| mark.starts_with('<'))?];
        rest = &mark[tag.len() + 2..];
        match tag.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(_) => return None,
            None if matches!(tag, "b" | "i" | "code") => open.push(tag),
            None if tag.starts_with("a href=\"") && tag.ends_with('"') => open.push("a"),
            None => return None,
        }
    }
    shown.push_str(rest);
    open.is_empty().then_some(shown)
}

fn pagerduty(request: &Received) -> Reply {
    let refuse = |error: &str| {
        let message = "Event object is invalid";
        json_reply(400, &json!({ "status": "invalid event", "message": message, "errors": [error] }))
    };
    let body = request.json();
    if body["routing_key"] != "0123456789abcdef0123456789abcdef" {
        return refuse("Invalid routing_key");
    }
    if !matches!(text(&body["event_action"]), "trigger" | "acknowledge" | "resolve") {
        return refuse("'event_action' is missing or blank");
    }
    let key = text(&body["dedup_key"]);
    if key.is_empty() || key.chars().count() > 255 {
        return refuse("'dedup_key' is missing or too long");
    }
    let payload = &body["payload"];
    if body["event_action"] == "trigger" {
        if !matches!(text(&payload["severity"]), "critical" | "error" | "warning" | "info") {
            return refuse("'payload.severity' is missing or blank");
        }
        if text(&payload["source"]).is_empty() || !(1..=1024).contains(&text(&payload["summary"]).chars().count()) {
            return refuse("'payload.summary' or 'payload.source' is missing or blank");
        }
    }
    json_reply(202, &json!({ "status": "success", "message": "Event processed", "dedup_key": key }))
}
