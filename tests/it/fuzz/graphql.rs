//! GraphQL made up from the schema: fields with all kinds of arguments, selections of some depth, batches, spoiled bytes.

use super::random::Random;
use super::{Findings, OWN_FAULTS, World, code_of, fuzz};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SCHEMA: &str = "{ __schema { queryType { name } mutationType { name }
    types { name kind enumValues { name } inputFields { name type { ...t } }
        fields { name args { name type { ...t } } type { ...t } } } } }
    fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// How deep a selection goes.
const DEEPEST: usize = 4;

/// The schema's types by their names.
struct Schema(BTreeMap<String, Value>);

#[test]
fn made_up_operations_are_answered_or_refused_and_never_break_the_server() {
    let Some(world) = World::start() else { return };
    let mut found = world.server.graphql(SCHEMA, json!({}))["__schema"].take();
    let types = found["types"].as_array_mut().unwrap().iter_mut().map(Value::take);
    let schema = Schema(types.map(|one| (one["name"].as_str().unwrap().to_owned(), one)).collect());
    fuzz(&world, |world, random, findings| {
        let count = if random.percent(5) { 2 + random.below(12) } else { 1 };
        let operations: Vec<Value> = (0..count).map(|_| schema.operation(random, &world.known)).collect();
        let body = if count == 1 { operations[0].clone() } else { json!(operations) };
        let mut bytes = if random.percent(3) { random.json(&world.known, 3) } else { body }.to_string().into_bytes();
        if random.percent(8) {
            bytes = random.spoil(bytes);
        }
        let request = String::from_utf8_lossy(&bytes).into_owned();
        let answer = world.send("POST", "/graphql", "application/json", &bytes);
        findings.look("POST /graphql", &answer, &request);
        look_at_errors(findings, &answer.body, &request);
    });
}

/// Every answer is JSON, and each of its errors has a code that blames the caller or what was asked for.
fn look_at_errors(findings: &mut Findings, body: &str, request: &str) {
    let Ok(answer) = serde_json::from_str::<Value>(body) else {
        return findings.add(format!("no JSON: {}", body.chars().take(100).collect::<String>()), request);
    };
    let answers = match answer {
        Value::Array(answers) => answers,
        one => vec![one],
    };
    for error in answers.iter().filter_map(|answer| answer["errors"].as_array()).flatten() {
        let code = code_of(error);
        if code.is_empty() || OWN_FAULTS.contains(&code) {
            let message: String = error["message"].to_string().chars().take(160).collect();
            findings.add(format!("{} {code}: {message}", error["path"][0]), request);
        }
    }
}

impl Schema {
    fn operation(&self, random: &mut Random, known: &[String]) -> Value {
        let (word, root) = if random.percent(60) { ("query", "Query") } else { ("mutation", "Mutation") };
        let fields = self.0[root]["fields"].as_array().unwrap();
        let (mut declared, mut variables, mut selected) = (Vec::new(), Map::new(), Vec::new());
        for place in 0..=random.below(3) {
            let field = random.pick(fields);
            let mut given = Vec::new();
            for argument in field["args"].as_array().unwrap() {
                let (name, of) = (argument["name"].as_str().unwrap(), &argument["type"]);
                if of["kind"] != "NON_NULL" && random.percent(50) {
                    continue;
                }
                let variable = format!("{name}{place}");
                declared.push(format!("${variable}: {}", spelled(of)));
                given.push(format!("{name}: ${variable}"));
                variables.insert(variable, self.value(of, random, known, 4));
            }
            let arguments = if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
            let selection = self.selection(&field["type"], random, DEEPEST);
            selected.push(format!("f{place}: {}{arguments}{selection}", field["name"].as_str().unwrap()));
        }
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let query = format!("{word} Made{declared} {{ {} }}", selected.join(" "));
        json!({ "query": query, "variables": variables })
    }

    /// What is asked of a field of that type; arguments of inner fields are left out where that can be.
    fn selection(&self, of: &Value, random: &mut Random, left: usize) -> String {
        let name = innermost(of);
        let described = &self.0[name];
        let Some(fields) = described["fields"].as_array().filter(|_| described["kind"] == "OBJECT") else {
            return String::new();
        };
        let mut selected = vec!["__typename".to_owned()];
        for field in fields {
            let takes = field["args"].as_array().unwrap().iter().any(|argument| argument["type"]["kind"] == "NON_NULL");
            let is_leaf = self.0[innermost(&field["type"])]["kind"] != "OBJECT";
            if takes || (!is_leaf && left == 0) || !random.percent(if is_leaf { 70 } else { 40 }) {
                continue;
            }
            let inner = self.selection(&field["type"], random, left.saturating_sub(1));
            selected.push(format!("{}{inner}", field["name"].as_str().unwrap()));
        }
        format!(" {{ {} }}", selected.join(" "))
    }

    fn value(&self, of: &Value, random: &mut Random, known: &[String], left: usize) -> Value {
        if random.percent(2) {
            return random.json(known, 2);
        }
        match of["kind"].as_str().unwrap() {
            "NON_NULL" => self.value(&of["ofType"], random, known, left),
            _ if random.percent(10) => Value::Null,
            "LIST" => (0..random.below(4)).map(|_| self.value(&of["ofType"], random, known, left)).collect(),
            "ENUM" => random.pick(self.0[innermost(of)]["enumValues"].as_array().unwrap())["name"].clone(),
            "INPUT_OBJECT" => {
                let fields = self.0[innermost(of)]["inputFields"].as_array().unwrap();
                let mut members = Map::new();
                for field in fields {
                    if field["type"]["kind"] == "NON_NULL" || (left > 0 && random.percent(40)) {
                        let value = self.value(&field["type"], random, known, left.saturating_sub(1));
                        members.insert(field["name"].as_str().unwrap().to_owned(), value);
                    }
                }
                Value::Object(members)
            }
            _ => match innermost(of) {
                "Int" => json!(random.integer()),
                "Float" => json!(random.float()),
                "Boolean" => json!(random.percent(50)),
                _ => json!(random.text(known)),
            },
        }
    }
}

fn innermost(of: &Value) -> &str {
    match &of["ofType"] {
        Value::Null => of["name"].as_str().unwrap(),
        inner => innermost(inner),
    }
}

fn spelled(of: &Value) -> String {
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", spelled(&of["ofType"])),
        "LIST" => format!("[{}]", spelled(&of["ofType"])),
        _ => of["name"].as_str().unwrap().to_owned(),
    }
}
