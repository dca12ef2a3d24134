//! Everything that can be asked, by everybody: each field of GraphQL and each route is called in each role.
//!
//! [`LEAST`] says which role each operation takes; an operation without a line fails the test. Arguments are made up from
//! the schema; then the ids of things that are really there are tried by those who may not. [`super::hidden`] has two people
//! of whom one may not see what the other has.

use super::{Browser, add, code};
use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [&str; 4] = ["viewer", "operator", "editor", "admin"];

/// The least role for each operation, where no grant says otherwise. Whoever adds one thinks here, too.
const LEAST: &[(&str, &str)] = &[
    (
        "viewer",
        "workflows workflow runs run monitors monitorResults migrations migration diff anomalies anomaly anomalyRules \
         backups check tablesPlan tablesImport tableLogs connections connection table statements stepKinds me sessions \
         tokens runEvents changePassword endSession createToken revokeToken cancelStatement translate alert alerts \
         deliveries alertPolicy alertPolicySchema previewAlert channels channel",
    ),
    (
        "operator",
        "migrationLook diffRows diffRepair checkStatement runStatement startMigration cancelMigration resumeMigration \
         validateMigration startDiff startRun validateTables cancelRun testConnection retryRun acknowledgeAnomaly \
         resolveAnomaly reopenAnomaly retryDelivery acknowledgeAlert testChannel",
    ),
    (
        "editor",
        "saveWorkflow tryDocument createMonitor createMigration setWorkflowEnabled deleteWorkflow applyTables dropTables \
         createConnection updateConnection deleteConnection configureAnomalyRule resetAnomalyRule \
         applyAlertPolicy deleteAlertPolicy createChannel updateChannel deleteChannel plugins plugin channelKinds",
    ),
    (
        "admin",
        "server users user auditLog auditVerdict createUser updateUser deleteUser resetPassword setGrant removeGrant \
         installPlugin grantPlugin rollbackPlugin removePlugin",
    ),
];

/// Operations that name nothing, so that there is nothing they may not be told about; what they answer is one's own.
const ABOUT_NOTHING: &str = "workflows runs monitors migrations anomalies anomalyRules backups check tableLogs connections \
    statements stepKinds me sessions tokens runEvents users auditLog auditVerdict tablesPlan translate \
    alerts deliveries alertPolicy alertPolicySchema previewAlert channels plugins channelKinds server";

const SCHEMA: &str = "{ __schema { queryType { fields { ...f } } mutationType { fields { ...f } }
    subscriptionType { fields { ...f } }
    types { name kind inputFields { name type { ...t } } enumValues { name } } } }
    fragment f on __Field { name args { name type { ...t } } type { ...t } }
    fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

pub(super) struct Schema {
    /// Fields of the three roots, each with its root's word.
    pub(super) fields: Vec<(&'static str, Value)>,
    types: BTreeMap<String, Value>,
}

impl Schema {
    pub(super) fn of(server: &TestServer) -> Self {
        let mut found = server.graphql(SCHEMA, json!({}))["__schema"].take();
        let mut fields = Vec::new();
        for (word, root) in [("query", "queryType"), ("mutation", "mutationType"), ("subscription", "subscriptionType")]
        {
            let of_root = found[root]["fields"].take();
            fields.extend(of_root.as_array().unwrap().iter().map(|field| (word, field.clone())));
        }
        let types = found["types"].as_array().unwrap().iter();
        let types =
            types.map(|described| (described["name"].as_str().unwrap().to_owned(), described.clone())).collect();
        Self { fields, types }
    }

    /// A value of that type, made up; none where it may be left out.
    fn made_up(&self, described: &Value, path: &str, known: &BTreeMap<&str, &str>) -> Option<Value> {
        if described["kind"] != "NON_NULL" {
            return known.get(path).map(|known| json!(known));
        }
        let of = &described["ofType"];
        let name = of["name"].as_str().unwrap_or_default();
        Some(match of["kind"].as_str().unwrap() {
            "LIST" => json!([]),
            "ENUM" => self.types[name]["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => {
                let fields = self.types[name]["inputFields"].as_array().unwrap();
                let members = fields.iter().filter_map(|field| {
                    let name = field["name"].as_str().unwrap();
                    Some((name.to_owned(), self.made_up(&field["type"], &format!("{path}.{name}"), known)?))
                });
                Value::Object(members.collect::<Map<_, _>>())
            }
            _ => match name {
                "Int" => json!(1),
                "Float" => json!(1.0),
                "Boolean" => json!(false),
                "DateTime" => json!("2030-01-01T00:00:00Z"),
                _ => json!(known.get(path).copied().unwrap_or("absent")),
            },
        })
    }

    /// The document that asks for a field, with its variables.
    fn call(&self, (word, field): &(&str, Value), known: &BTreeMap<&str, &str>) -> (String, Value) {
        let name = field["name"].as_str().unwrap();
        let mut variables = Map::new();
        let (mut declared, mut given) = (Vec::new(), Vec::new());
        for argument in field["args"].as_array().unwrap() {
            let argument_name = argument["name"].as_str().unwrap();
            let Some(value) = self.made_up(&argument["type"], &format!("{name}.{argument_name}"), known) else {
                continue;
            };
            variables.insert(argument_name.to_owned(), value);
            declared.push(format!("${argument_name}: {}", spelled(&argument["type"])));
            given.push(format!("{argument_name}: ${argument_name}"));
        }
        let of = |list: Vec<String>| if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
        let selection = if self.is_leaf(&field["type"]) { "" } else { " { __typename }" };
        (format!("{word} Ask{} {{ {name}{}{selection} }}", of(declared), of(given)), Value::Object(variables))
    }

    fn is_leaf(&self, described: &Value) -> bool {
        match described["kind"].as_str().unwrap() {
            "NON_NULL" | "LIST" => self.is_leaf(&described["ofType"]),
            kind => kind == "SCALAR" || kind == "ENUM",
        }
    }
}

fn spelled(described: &Value) -> String {
    match described["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", spelled(&described["ofType"])),
        "LIST" => format!("[{}]", spelled(&described["ofType"])),
        _ => described["name"].as_str().unwrap().to_owned(),
    }
}

fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).unwrap()
}

fn least_of(operation: &str) -> &'static str {
    let found = LEAST.iter().find(|(_, names)| names.split_whitespace().any(|name| name == operation));
    found.unwrap_or_else(|| panic!("`{operation}` has no line in LEAST of tests/it/access/matrix.rs")).0
}

/// Whether an answer says that what was named is not there, or is not what was asked for.
fn tells_nothing(code: &str) -> bool {
    code.ends_with("_not_found")
        || ["invalid_value", "bad_request", "missing_key", "unauthorized", "unsupported", "internal"].contains(&code)
}

#[test]
fn every_operation_answers_each_role_what_its_row_says() {
    let Some(sluice) = Sluice::find() else { return };
    let store = sluice.add_sqlite("store");
    rusqlite::Connection::open(&store).unwrap().execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)").unwrap();
    let server = TestServer::start(sluice);
    server.save("name: lab\nsteps:\n  - { id: x, uses: fetch, with: { connection: store, table: t } }\n");
    let run = server.start_run("lab", &json!({}));
    server.wait_run(&run);
    let bob = add(&server, "bob", "VIEWER");
    let people: Vec<Browser> = ROLES
        .iter()
        .map(|role| {
            add(&server, role, &role.to_uppercase());
            Browser::sign_in(&server, role)
        })
        .collect();
    let schema = Schema::of(&server);
    let names: BTreeSet<&str> = schema.fields.iter().map(|(_, field)| field["name"].as_str().unwrap()).collect();
    let lines: BTreeSet<&str> = LEAST.iter().flat_map(|(_, names)| names.split_whitespace()).collect();
    assert_eq!(names, lines, "LEAST in tests/it/access/matrix.rs has a line for each operation and no other");

    // What is really there, for those who may not.
    let document = "name: lab\nsteps: []\n";
    let tables = "tables:\n  - { database_type: SQLite, connection: store, table_name: t, columns: [{ name: id, type: INTEGER }] }\n";
    let there: BTreeMap<&str, &str> = [
        ("workflow.id", "lab"),
        ("monitorResults.name", "lab"),
        ("migration.name", "lab"),
        ("run.id", run.as_str()),
        ("diff.run", run.as_str()),
        ("diffRows.run", run.as_str()),
        ("diffRepair.run", run.as_str()),
        ("migrationLook.input.from", "store"),
        ("migrationLook.input.to", "store"),
        ("checkStatement.connection", "store"),
        ("runStatement.input.connection", "store"),
        ("runStatement.input.sql", "SELECT 1"),
        ("startMigration.name", "lab"),
        ("cancelMigration.name", "lab"),
        ("resumeMigration.name", "lab"),
        ("validateMigration.name", "lab"),
        ("startDiff.input.left.connection", "store"),
        ("startDiff.input.right.connection", "store"),
        ("startRun.workflow", "lab"),
        ("validateTables.document", tables),
        ("applyTables.document", tables),
        ("dropTables.document", tables),
        ("cancelRun.id", run.as_str()),
        ("retryRun.id", run.as_str()),
        ("testConnection.name", "store"),
        ("saveWorkflow.text", document),
        ("tryDocument.document", document),
        ("setWorkflowEnabled.id", "lab"),
        ("deleteWorkflow.id", "lab"),
        ("createConnection.name", "another"),
        ("updateConnection.name", "store"),
        ("deleteConnection.name", "store"),
        ("user.id", bob.as_str()),
        ("updateUser.id", bob.as_str()),
        ("deleteUser.id", bob.as_str()),
        ("resetPassword.id", bob.as_str()),
        ("setGrant.user", bob.as_str()),
    ]
    .into_iter()
    .collect();
    let nothing = BTreeMap::from([("createUser.name", "somebody")]);
    for field in &schema.fields {
        // Only a socket subscribes.
        if field.0 == "subscription" {
            continue;
        }
        let name = field.1["name"].as_str().unwrap();
        let (least, about_nothing) = (least_of(name), ABOUT_NOTHING.split_whitespace().any(|known| known == name));
        let (made_up, variables) = schema.call(field, &nothing);
        let (real, real_variables) = schema.call(field, &there);
        for (role, person) in ROLES.iter().zip(&people) {
            let may = rank(role) >= rank(least);
            // What would end or change the sessions and people this test needs is asked with made-up ids only.
            let answer = person.ask(&server, &made_up, &variables);
            let told = code(&answer);
            match may {
                true => assert!(
                    told != "forbidden"
                        && (about_nothing
                            || name == "createUser"
                            || answer["errors"].is_array()
                            || answers_faults(name)),
                    "{role} {name}: {answer}"
                ),
                false => assert!(told == "forbidden" || tells_nothing(told), "{role} {name}: {answer}"),
            }
            if !may {
                let answer = person.ask(&server, &real, &real_variables);
                let absent = ["anomaly_not_found"].contains(&code(&answer));
                assert!(code(&answer) == "forbidden" || absent, "{role} {name}: {answer}");
                assert!(answer["data"].is_null() || answer["data"][name].is_null(), "{role} {name}: {answer}");
            }
        }
        // A stranger gets nothing at all.
        let body = json!({ "query": made_up, "variables": variables }).to_string();
        let headers = [("content-type", "application/json")];
        assert_eq!(http::send(server.address, "POST", "/graphql", &headers, body.as_bytes()).status, 401, "{name}");
    }
    // Nothing of all that has changed what is there.
    let left = server
        .graphql("{ workflow(id: \"lab\") { name versionNumber } connection(name: \"store\") { name } }", json!({}));
    assert_eq!(left["workflow"], json!({ "name": "lab", "versionNumber": 1 }));
}

/// Operations that tell what is wrong with their document as an answer.
fn answers_faults(name: &str) -> bool {
    [
        "saveWorkflow",
        "tryDocument",
        "applyTables",
        "validateTables",
        "dropTables",
        "createToken",
        "resetAnomalyRule",
        "applyAlertPolicy",
        "deleteAlertPolicy",
    ]
    .contains(&name)
}

#[test]
fn every_route_takes_what_its_row_says() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    for role in ROLES {
        add(&server, role, &role.to_uppercase());
    }
    let people: Vec<Browser> = ROLES.iter().map(|role| Browser::sign_in(&server, role)).collect();
    let described = http::send(server.address, "GET", "/api/openapi.json", &[], b"").json();
    let least = |verb: &str, path: &str| match (verb, path) {
        (_, "/health" | "/hooks/{path}" | "/api/session" | "/api/session/options" | "/api/setup") => None,
        // Without a provider there is nothing to sign in by.
        (_, "/api/oidc/login" | "/api/oidc/callback") => None,
        ("put" | "delete", "/api/anomalies/config") => Some("editor"),
        ("post", "/api/anomalies/{id}/{action}") => Some("operator"),
        ("get", _) => Some("viewer"),
        ("put" | "delete", "/api/databases/{name}") => Some("editor"),
        ("post", "/api/databases/{name}/test") => Some("operator"),
        // Made-up names are not there for anybody.
        ("put" | "delete" | "post", path) if path.contains('{') => Some("viewer"),
        ("post", "/api/plugins") => Some("admin"),
        ("post", "/api/databases") => Some("editor"),
        ("post", "/api/query" | "/api/query/validate") => Some("operator"),
        _ => panic!("{verb} {path} has no line in tests/it/access/matrix.rs"),
    };
    for (path, verbs) in described["paths"].as_object().unwrap() {
        for verb in verbs.as_object().unwrap().keys() {
            let Some(least) = least(verb, path) else { continue };
            let made_up: String = path.replace("{id}", "absent").replace("{name}", "absent").replace("{table}", "t");
            let made_up = made_up.replace("{action}", "resolve");
            let method = verb.to_uppercase();
            let body = match path.as_str() {
                "/api/databases" => "{\"name\":\"absent\",\"url\":\"ftp://x\"}",
                "/api/query" | "/api/query/validate" => "{\"database\":\"absent\",\"sql\":\"SELECT 1\"}",
                "/api/anomalies/config" => "{\"rule\":\"absent\"}",
                _ => "{}",
            };
            let stranger =
                http::send(server.address, &method, &made_up, &[("content-type", "application/json")], body.as_bytes());
            assert_eq!(stranger.status, 401, "{method} {path}: {stranger:?}");
            for (role, person) in ROLES.iter().zip(&people) {
                let answer = person.request(&server, &method, &made_up, if verb == "get" { "" } else { body });
                let refused = answer.status == 403;
                let absent = path.starts_with("/api/query") && answer.status == 403 || answer.status == 404;
                match rank(role) >= rank(least) {
                    true => assert!(!refused && answer.status != 401, "{role} {method} {path}: {answer:?}"),
                    false => assert!(refused || absent, "{role} {method} {path}: {answer:?}"),
                }
                assert!(answer.status < 500, "{role} {method} {path}: {answer:?}");
            }
        }
    }
}
