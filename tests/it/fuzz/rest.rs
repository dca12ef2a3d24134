//! REST made up from the OpenAPI: each route with parts, parameters and bodies of all kinds.

use super::random::Random;
use super::{World, fuzz};
use crate::http;
use serde_json::{Map, Value, json};

#[test]
fn made_up_requests_are_answered_or_refused_and_never_break_the_server() {
    let Some(world) = World::start() else { return };
    let described = http::send(world.server.address, "GET", "/api/openapi.json", &[], b"").json();
    let mut operations: Vec<(String, String, Value)> = Vec::new();
    for (path, verbs) in described["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            operations.push((verb.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    fuzz(&world, |world, random, findings| {
        let (verb, path, operation) = random.pick(&operations);
        let path = filled(path, operation, random, &world.known);
        let (kind, mut body) = body(operation, &described, random, &world.known);
        if random.percent(10) {
            body = random.spoil(body);
        }
        let verb = if random.percent(3) { *random.pick(&["PATCH", "HEAD", "OPTIONS", "TRACE", "PUT"]) } else { verb };
        let request = format!("{verb} {path}\n{kind}\n{}", String::from_utf8_lossy(&body));
        let answer = world.send(verb, &path, kind, &body);
        findings.look(&format!("{verb} {}", path.split('?').next().unwrap()), &answer, &request);
    });
}

/// The path with its parts and parameters.
fn filled(path: &str, operation: &Value, random: &mut Random, known: &[String]) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let after = after.split_once('}').unwrap().1;
        filled.push_str(before);
        filled.push_str(&escaped(&random.text(known).chars().take(300).collect::<String>()));
        rest = after;
    }
    filled.push_str(rest);
    let mut parameters = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" && random.percent(60) {
            let value = match parameter["schema"]["type"].as_str() {
                Some("integer") if random.percent(80) => random.integer().to_string(),
                Some("boolean") if random.percent(80) => random.percent(50).to_string(),
                _ => random.text(known).chars().take(300).collect(),
            };
            parameters.push(format!("{}={}", parameter["name"].as_str().unwrap(), escaped(&value)));
        }
    }
    if !parameters.is_empty() {
        filled.push_str(&format!("?{}", parameters.join("&")));
    }
    filled
}

fn body(operation: &Value, all: &Value, random: &mut Random, known: &[String]) -> (&'static str, Vec<u8>) {
    let kind = if random.percent(95) {
        "application/json"
    } else {
        random.pick(&["", "text/plain", "multipart/form-data", "x"])
    };
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let value = match schema {
        Value::Null if random.percent(80) => return (kind, Vec::new()),
        Value::Null => random.json(known, 2),
        schema => made_up(schema, all, random, known, 5),
    };
    (kind, value.to_string().into_bytes())
}

/// A value of that schema, more or less.
fn made_up(schema: &Value, all: &Value, random: &mut Random, known: &[String], left: usize) -> Value {
    if left == 0 || random.percent(4) {
        return random.json(known, 2);
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return made_up(&all["components"]["schemas"][name], all, random, known, left - 1);
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        if let Some(several) = schema[word].as_array() {
            return made_up(random.pick(several), all, random, known, left - 1);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return random.pick(words).clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => random.pick(kinds).as_str().unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "string" => json!(random.text(known)),
        "integer" => json!(random.integer()),
        "number" => json!(random.float()),
        "boolean" => json!(random.percent(50)),
        "array" => (0..random.below(4)).map(|_| made_up(&schema["items"], all, random, known, left - 1)).collect(),
        "object" => {
            let required: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let mut members = Map::new();
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                if random.percent(if required.contains(&name.as_str()) { 95 } else { 50 }) {
                    members.insert(name.clone(), made_up(of, all, random, known, left - 1));
                }
            }
            Value::Object(members)
        }
        _ => random.json(known, 2),
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
