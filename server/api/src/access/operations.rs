//! The table of operations: everything that can be asked, and what asking takes.
//!
//! A new field of `Query`, `Mutation` or `Subscription`, or a new route, needs a row here; a test compares the table with
//! the schema and the routes. Without one it answers nobody.

use model::access::{Level, Role};

/// Who may ask at all; what it is about is asked besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Everybody, without signing in.
    Public,
    /// Whoever the handler lets in: it has a proof of its own (a webhook's secret, a socket's first message).
    Own,
    /// Everybody who is signed in; what it is about, or what a list may show, decides.
    Signed,
    /// This role, or a greater one.
    Role(Role),
}

/// What an operation is about, and the level that takes. The text is the path of an argument (`input.left.connection`) or
/// the name of a part of the route; what is absent is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A workflow, by id or name.
    Workflow(&'static str, Level),
    /// A workflow that may be new, by name.
    Named(&'static str, Level),
    /// A run: the level counts for its workflow.
    Run(&'static str, Level),
    /// A run whose rows are shown: its workflow can be read, the connections it names be used.
    Rows(&'static str),
    /// A connection, or a list of them, by name.
    Connection(&'static str, Level),
    /// A connection that may be new, by name.
    NewConnection(&'static str, Level),
    /// An anomaly: the level counts for its connection.
    Anomaly(&'static str, Level),
    /// An alert: the level counts for its workflow.
    Alert(&'static str, Level),
    /// The delivery of an alert: the level counts for that alert's workflow.
    Delivery(&'static str, Level),
    /// A workflow's document that is saved: its name can be written, what its steps name be used or written.
    Document(&'static str),
    /// A document of tables: the level counts for all its connections.
    Tables(&'static str, Level),
    /// A person, by id or name; only named for the record, since the row's role decides.
    User(&'static str),
    /// An id that the resolver itself asks for, because it knows whose it is.
    Id(&'static str),
    /// Settings of a step as JSON text: the connections in them can be written.
    Settings(&'static str),
    /// A connection that is written where settings of a `diff`, the second path, mend what differs.
    Mended(&'static str, &'static str),
}

/// Something that can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The field's name, or the route: `GET /api/tasks`.
    pub name: &'static str,
    /// Who may ask.
    pub least: Least,
    /// What it is about.
    pub needs: &'static [Needs],
    /// Whether it changes something, so that it is refused to whoever may only read.
    pub changes: bool,
    /// Whether it is put on record.
    pub records: bool,
}

impl Operation {
    /// An operation that only reads.
    const fn read(name: &'static str, least: Least, needs: &'static [Needs]) -> Self {
        Self { name, least, needs, changes: false, records: false }
    }

    /// An operation that changes something.
    const fn change(name: &'static str, least: Least, needs: &'static [Needs]) -> Self {
        Self { name, least, needs, changes: true, records: true }
    }
}

use Least::{Own, Public, Signed};
use Level::{Read, Use, Write};
use Needs::{
    Alert, Anomaly, Connection, Delivery, Document, Id, Mended, Named, NewConnection, Rows, Run, Settings, Tables,
    User, Workflow,
};

const OPERATOR: Least = Least::Role(Role::Operator);
const ADMIN: Least = Least::Role(Role::Admin);
const EDITOR: Least = Least::Role(Role::Editor);

/// Fields of `Query`.
pub const QUERIES: &[Operation] = &[
    Operation::read("workflows", Signed, &[]),
    Operation::read("workflow", Signed, &[Workflow("id", Read)]),
    Operation::read("runs", Signed, &[Workflow("workflow", Read)]),
    Operation::read("run", Signed, &[Run("id", Read)]),
    Operation::read("monitors", Signed, &[]),
    Operation::read("monitorResults", Signed, &[Workflow("name", Read)]),
    Operation::read("migrations", Signed, &[]),
    Operation::read("migration", Signed, &[Workflow("name", Read)]),
    Operation::read(
        "migrationLook",
        Signed,
        &[Connection("input.from", Use), Connection("input.to", Read), Settings("input.settings")],
    ),
    Operation::read("diff", Signed, &[Run("run", Read)]),
    Operation::read("diffRows", Signed, &[Rows("run")]),
    Operation::read("diffRepair", Signed, &[Rows("run")]),
    Operation::read("anomalies", Signed, &[Connection("filter.connection", Read)]),
    Operation::read("anomaly", Signed, &[Anomaly("id", Read)]),
    Operation::read("anomalyRules", Signed, &[]),
    Operation::read("alerts", Signed, &[Workflow("filter.workflow", Read), Run("filter.run", Read)]),
    Operation::read("alert", Signed, &[Alert("id", Read)]),
    Operation::read("deliveries", Signed, &[Alert("alert", Read)]),
    Operation::read("alertPolicy", Signed, &[]),
    Operation::read("alertPolicySchema", Signed, &[]),
    Operation::read("previewAlert", Signed, &[Alert("input.alert", Read)]),
    Operation::read("channels", Signed, &[]),
    Operation::read("channel", Signed, &[]),
    Operation::read("channelKinds", EDITOR, &[]),
    Operation::read("backups", Signed, &[Connection("connection", Read)]),
    Operation::read("check", Signed, &[]),
    Operation::read("tablesPlan", Signed, &[Tables("document", Read)]),
    Operation::read("tablesImport", Signed, &[Connection("connection", Read)]),
    Operation::read("tableLogs", Signed, &[Connection("filter.connection", Read)]),
    Operation::read("connections", Signed, &[]),
    Operation::read("connection", Signed, &[Connection("name", Read)]),
    Operation::read("table", Signed, &[Connection("connection", Read)]),
    Operation::read("checkStatement", Signed, &[Connection("connection", Use)]),
    Operation::read("statements", Signed, &[Connection("connection", Read)]),
    Operation::read("translate", Signed, &[Connection("input.connection", Read), Connection("input.check", Use)]),
    Operation::read("stepKinds", Signed, &[]),
    // It names folders and addresses.
    Operation::read("server", ADMIN, &[]),
    // Their grants name hosts, and where secrets lie.
    Operation::read("plugins", EDITOR, &[]),
    Operation::read("plugin", EDITOR, &[]),
    Operation::read("me", Signed, &[]),
    Operation::read("users", ADMIN, &[]),
    Operation::read("user", ADMIN, &[User("id")]),
    // One's own; an admin may ask for all.
    Operation::read("sessions", Signed, &[]),
    Operation::read("tokens", Signed, &[]),
    Operation::read("auditLog", ADMIN, &[]),
    Operation::read("auditVerdict", ADMIN, &[]),
];

/// Fields of `Mutation`.
pub const MUTATIONS: &[Operation] = &[
    Operation::change("saveWorkflow", Signed, &[Document("text")]),
    Operation::change(
        "createMonitor",
        Signed,
        &[
            Named("input.name", Write),
            Connection("input.left.connection", Use),
            Connection("input.right.connection", Use),
        ],
    ),
    Operation::change(
        "createMigration",
        Signed,
        &[
            Named("name", Write),
            Connection("input.from", Use),
            Connection("input.to", Write),
            Settings("input.settings"),
        ],
    ),
    Operation::change("startMigration", Signed, &[Workflow("name", Use)]),
    Operation::change("cancelMigration", Signed, &[Workflow("name", Use)]),
    Operation::change("resumeMigration", Signed, &[Workflow("name", Use)]),
    Operation::change("validateMigration", Signed, &[Workflow("name", Use)]),
    Operation::change(
        "startDiff",
        Signed,
        &[
            Connection("input.left.connection", Use),
            Connection("input.right.connection", Use),
            Mended("input.right.connection", "input.settings"),
            Settings("input.settings"),
        ],
    ),
    Operation::change("setWorkflowEnabled", Signed, &[Workflow("id", Write)]),
    Operation::change("deleteWorkflow", Signed, &[Workflow("id", Write)]),
    // It writes nothing, but reads with the rights of whoever may save the same document.
    Operation { changes: false, ..Operation::change("tryDocument", Signed, &[Document("document")]) },
    Operation::change("startRun", Signed, &[Workflow("workflow", Use)]),
    Operation::change("applyTables", Signed, &[Tables("document", Write)]),
    Operation::change("validateTables", Signed, &[Tables("document", Use)]),
    Operation::change("dropTables", Signed, &[Tables("document", Write)]),
    Operation::change("cancelRun", Signed, &[Run("id", Use)]),
    Operation::change("createConnection", Signed, &[NewConnection("name", Write)]),
    Operation::change("updateConnection", Signed, &[Connection("name", Write)]),
    Operation::change("deleteConnection", Signed, &[Connection("name", Write)]),
    Operation::change("testConnection", Signed, &[Connection("name", Use)]),
    // Reads, unless its `write` is set; then the console asks for more.
    Operation { changes: false, ..Operation::change("runStatement", Signed, &[Connection("input.connection", Use)]) },
    Operation { changes: false, ..Operation::change("cancelStatement", Signed, &[Id("id")]) },
    Operation::change("retryRun", Signed, &[Run("id", Use)]),
    Operation::change("retryDelivery", OPERATOR, &[Delivery("id", Use)]),
    Operation::change("acknowledgeAlert", OPERATOR, &[Alert("id", Read)]),
    Operation::change("applyAlertPolicy", EDITOR, &[]),
    Operation::change("deleteAlertPolicy", EDITOR, &[]),
    Operation::change("createChannel", EDITOR, &[Id("name")]),
    Operation::change("updateChannel", EDITOR, &[Id("name")]),
    Operation::change("deleteChannel", EDITOR, &[Id("name")]),
    Operation::change("testChannel", OPERATOR, &[Id("name")]),
    Operation::change("acknowledgeAnomaly", OPERATOR, &[Anomaly("id", Read)]),
    Operation::change("resolveAnomaly", OPERATOR, &[Anomaly("id", Read)]),
    Operation::change("reopenAnomaly", OPERATOR, &[Anomaly("id", Read)]),
    Operation::change("configureAnomalyRule", EDITOR, &[]),
    Operation::change("resetAnomalyRule", EDITOR, &[]),
    Operation::change("installPlugin", ADMIN, &[]),
    Operation::change("grantPlugin", ADMIN, &[]),
    Operation::change("rollbackPlugin", ADMIN, &[]),
    Operation::change("removePlugin", ADMIN, &[]),
    Operation::change("createUser", ADMIN, &[User("name")]),
    Operation::change("updateUser", ADMIN, &[User("id")]),
    Operation::change("deleteUser", ADMIN, &[User("id")]),
    Operation::change("resetPassword", ADMIN, &[User("id")]),
    Operation::change("changePassword", Signed, &[]),
    Operation::change("endSession", Signed, &[Id("id")]),
    Operation::change("createToken", Signed, &[]),
    Operation::change("revokeToken", Signed, &[Id("id")]),
    Operation::change("setGrant", ADMIN, &[User("user")]),
    Operation::change("removeGrant", ADMIN, &[User("user")]),
];

/// Fields of `Subscription`.
pub const SUBSCRIPTIONS: &[Operation] = &[Operation::read("runEvents", Signed, &[Run("run", Read)])];

/// Routes: verb and path as `server` registers them.
pub const ROUTES: &[Operation] = &[
    Operation::read("GET /health", Public, &[]),
    Operation::read("GET /api/openapi.json", Public, &[]),
    // A run tells itself by which webhook it was started.
    Operation::read("POST /hooks/{path:.*}", Own, &[]),
    // Each field has a row of its own.
    Operation::read("POST /graphql", Signed, &[]),
    Operation::read("GET /graphql/ws", Own, &[]),
    // Signing in puts itself on record, under the name that was tried.
    Operation::read("POST /api/session", Own, &[]),
    Operation::read("POST /api/setup", Own, &[]),
    Operation::read("GET /api/session/options", Public, &[]),
    Operation::read("GET /api/oidc/login", Public, &[]),
    Operation::read("GET /api/oidc/callback", Public, &[]),
    Operation::read("GET /api/session", Signed, &[]),
    Operation { changes: false, ..Operation::change("DELETE /api/session", Signed, &[]) },
    Operation::read("GET /api/databases", Signed, &[]),
    // Its name is in the body: the handler asks.
    Operation::change("POST /api/databases", Signed, &[]),
    Operation::read("GET /api/databases/{name}", Signed, &[Connection("name", Read)]),
    Operation::change("PUT /api/databases/{name}", Signed, &[Connection("name", Write)]),
    Operation::change("DELETE /api/databases/{name}", Signed, &[Connection("name", Write)]),
    Operation::change("POST /api/databases/{name}/test", Signed, &[Connection("name", Use)]),
    Operation::read("GET /api/databases/{name}/tables", Signed, &[Connection("name", Read)]),
    Operation::read("GET /api/databases/{name}/tables/{table}", Signed, &[Connection("name", Read)]),
    // The connection is in the body: the handler asks.
    Operation { changes: false, ..Operation::change("POST /api/query", Signed, &[]) },
    Operation::read("POST /api/query/validate", Signed, &[]),
    Operation::read("GET /api/query/history", Signed, &[]),
    Operation { changes: false, ..Operation::change("DELETE /api/query/{id}", Signed, &[Id("id")]) },
    Operation::read("GET /api/anomalies", Signed, &[]),
    Operation::read("GET /api/anomalies/config", Signed, &[]),
    Operation::change("PUT /api/anomalies/config", EDITOR, &[]),
    Operation::change("DELETE /api/anomalies/config", EDITOR, &[]),
    Operation::read("GET /api/anomalies/{id}", Signed, &[Anomaly("id", Read)]),
    Operation::change("POST /api/anomalies/{id}/{action}", OPERATOR, &[Anomaly("id", Read)]),
    Operation::change("POST /api/plugins", ADMIN, &[]),
    Operation::read("GET /api/runs/{id}/artifacts/{name}", Signed, &[Rows("id")]),
    Operation::read("GET /api/tasks", Signed, &[]),
    Operation::read("GET /api/tasks/{name}", Signed, &[Workflow("name", Read)]),
    Operation::change("PUT /api/tasks/{name}", Signed, &[Workflow("name", Write)]),
    Operation::change("POST /api/tasks/{name}/runs", Signed, &[Workflow("name", Use)]),
];

/// The three roots of GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Asking.
    Query,
    /// Changing.
    Mutation,
    /// Listening.
    Subscription,
}

impl Root {
    /// Its name in the schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }

    /// Its rows.
    #[must_use]
    pub fn rows(self) -> &'static [Operation] {
        match self {
            Self::Query => QUERIES,
            Self::Mutation => MUTATIONS,
            Self::Subscription => SUBSCRIPTIONS,
        }
    }

    /// The row of a field.
    #[must_use]
    pub fn find(self, field: &str) -> Option<&'static Operation> {
        self.rows().iter().find(|row| row.name == field)
    }
}

/// The row of a route.
#[must_use]
pub fn find_route(method: &str, path: &str) -> Option<&'static Operation> {
    ROUTES.iter().find(|row| row.name.split_once(' ') == Some((method, path)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::openapi::Description;
    use juniper::DefaultScalarValue;
    use std::collections::BTreeSet;
    use utoipa::OpenApi as _;

    fn names(rows: &[Operation]) -> BTreeSet<String> {
        let names: BTreeSet<String> = rows.iter().map(|row| row.name.to_owned()).collect();
        assert_eq!(names.len(), rows.len(), "a row is there twice");
        names
    }

    #[test]
    fn every_field_of_the_schema_has_a_row_and_every_row_a_field() {
        let schema = crate::graphql::schema();
        for root in [Root::Query, Root::Mutation, Root::Subscription] {
            let described = schema.schema.concrete_type_by_name(root.as_str()).unwrap();
            let juniper::meta::MetaType::<DefaultScalarValue>::Object(object) = described else { panic!() };
            let fields = object.fields.iter().map(|field| field.name.to_string());
            let fields: BTreeSet<String> = fields.filter(|name| !name.starts_with("__")).collect();
            assert_eq!(fields, names(root.rows()), "server/api/src/access/operations.rs: {}", root.as_str());
            for row in root.rows() {
                let field = object.fields.iter().find(|field| field.name.as_str() == row.name).unwrap();
                let arguments: Vec<&str> =
                    field.arguments.iter().flatten().map(|argument| argument.name.as_str()).collect();
                for needs in row.needs {
                    let first = needs.path().split('.').next().unwrap();
                    assert!(arguments.contains(&first), "`{}` has no argument `{first}`", row.name);
                }
            }
        }
    }

    #[test]
    fn every_described_route_has_a_row() {
        let description = serde_json::to_value(Description::openapi()).unwrap();
        let rows = names(ROUTES);
        for (path, verbs) in description["paths"].as_object().unwrap() {
            for verb in verbs.as_object().unwrap().keys() {
                let path = path.replace("/hooks/{path}", "/hooks/{path:.*}");
                let name = format!("{} {path}", verb.to_uppercase());
                assert!(rows.contains(&name), "server/api/src/access/operations.rs has no row `{name}`");
            }
        }
    }

    #[test]
    fn only_what_says_so_is_open_to_strangers() {
        let open = ROUTES.iter().filter(|row| matches!(row.least, Public | Own)).map(|row| row.name);
        let expected = [
            "GET /health",
            "GET /api/openapi.json",
            "POST /api/session",
            "POST /api/setup",
            "GET /api/session/options",
            "GET /api/oidc/login",
            "GET /api/oidc/callback",
            "POST /hooks/{path:.*}",
            "GET /graphql/ws",
        ];
        assert_eq!(open.collect::<BTreeSet<_>>(), expected.into_iter().collect());
        for root in [Root::Query, Root::Mutation, Root::Subscription] {
            assert!(root.rows().iter().all(|row| !matches!(row.least, Public | Own)));
        }
    }
}
