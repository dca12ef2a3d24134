//! What goes wrong outside: the step that meets it fails and names the culprit, the branch beside it goes on, and when
//! the cause is mended a retry writes what was missing and nothing twice.

use crate::databases::{Postgres, find_url, sqlite_execute, sqlite_number, unique_name};
use crate::program::{Sluice, find_plugin, skip};
use crate::server::{TestServer, step};
use crate::site::Site;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;

/// A workflow with a branch that is good and one that is not. No table has a key.
struct Branches {
    server: TestServer,
    good: PathBuf,
}

impl Branches {
    fn start(sluice: Sluice) -> Self {
        let good = sluice.add_sqlite("good");
        Self { server: TestServer::start(sluice), good }
    }

    /// Saves the document with these steps beside the good branch, whose rows they may share (`from: rows`), and runs it.
    fn run(&self, steps: &str) -> (String, Value) {
        let name = unique_name().replace('_', "-");
        self.server.save(&format!(
            "name: {name}\nsteps:\n  - id: rows\n    uses: fetch\n    with:\n      source: inline\n      rows:\n        \
             - {{ id: 1, city: Köln }}\n        - {{ id: 2, city: Constantinople }}\n        - {{ id: 3, city: 上海 }}\n  \
             - id: good\n    uses: write\n    from: rows\n    with: {{ connection: good, table: cities }}\n{steps}"
        ));
        let run = self.server.start_run(&name, &json!({}));
        let view = self.server.wait_run(&run);
        (run, view)
    }

    /// Runs the steps, of which `failing` must fail so; then mends the cause and tries again, which must go well.
    fn check(&self, steps: &str, failing: &str, code: &str, culprit: &str, mend: impl FnOnce()) {
        let (run, view) = self.run(steps);
        self.assert_failed(&view, failing, code, culprit);
        mend();
        self.server.retry(&run);
        let view = self.server.wait_run(&run);
        assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
        self.assert_good_branch(&view);
    }

    fn assert_failed(&self, view: &Value, failing: &str, code: &str, culprit: &str) {
        assert_eq!(view["status"], "FAILED", "{view:#}");
        let failed = step(view, failing);
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!(code)), "{view:#}");
        assert!(failed["error"]["message"].as_str().unwrap().contains(culprit), "`{culprit}` is not named: {failed:#}");
        self.assert_good_branch(view);
    }

    fn assert_good_branch(&self, view: &Value) {
        assert_eq!(step(view, "good")["status"], "SUCCEEDED", "{view:#}");
        assert_eq!(sqlite_number(&self.good, "SELECT count(*) FROM cities"), Some(3));
        assert_eq!(sqlite_number(&self.good, "SELECT sum(id) FROM cities"), Some(6));
    }
}

#[test]
fn a_missing_file_is_named() {
    let Some(sluice) = Sluice::find() else { return };
    let branches = Branches::start(sluice);
    let steps = "  - { id: late, uses: fetch, with: { path: day/late.csv } }\n  \
        - { id: kept, uses: write, from: late, with: { connection: good, table: late } }\n";
    let folder = branches.server.sluice.files().join("day");
    branches.check(steps, "late", "file_not_found", "`day/late.csv`", || {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("late.csv"), "id\n1\n2\n").unwrap();
    });
    assert_eq!(sqlite_number(&branches.good, "SELECT count(*) FROM late"), Some(2));
}

#[test]
fn a_path_out_of_the_folder_of_files_is_refused() {
    let Some(sluice) = Sluice::find() else { return };
    let branches = Branches::start(sluice);
    for path in ["../api-token", "/etc/passwd"] {
        let steps = format!(
            "  - {{ id: out, uses: fetch, with: {{ source: csv, path: {path} }} }}\n  \
            - {{ id: kept, uses: write, from: out, with: {{ connection: good, table: stolen }} }}\n"
        );
        let workflow = format!("name: out\nsteps:\n{steps}");
        let view = branches.server.run_once(&workflow);
        assert_eq!(step(&view, "out")["error"]["code"], "invalid_value", "{view:#}");
        assert!(step(&view, "out")["error"]["message"].as_str().unwrap().contains(path), "{view:#}");
    }
    assert_eq!(sqlite_number(&branches.good, "SELECT count(*) FROM stolen"), None);
}

#[test]
fn a_database_that_cannot_be_reached_is_named() {
    let Some(sluice) = Sluice::find() else { return };
    // Nothing listens on a port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    sluice.call(&["connection", "add", "far", &format!("postgres://sluice@127.0.0.1:{port}/far")]);
    let branches = Branches::start(sluice);
    let file = branches.server.sluice.folder.path().join("near.db");
    let steps = "  - { id: far, uses: write, from: rows, with: { connection: far, table: cities } }\n";
    branches.check(steps, "far", "connection_failed", &format!("`127.0.0.1:{port}`"), || {
        let url = format!("sqlite://{}", file.display());
        branches.server.sluice.call(&["connection", "add", "far", &url, "--replace"]);
    });
    assert_eq!(sqlite_number(&file, "SELECT count(*) FROM cities"), Some(3));
}

#[test]
fn a_wrong_password_is_not_told() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(admin) = find_url("SLUICE_TEST_MYSQL", "a wrong password") else { return };
    let user = unique_name();
    sluice.call(&["connection", "add", "admin", &admin]);
    let (_, address) = admin.rsplit_once('@').expect("the URL names a user");
    let (server, _) = address.split_once('/').expect("the URL names a database");
    let url = |password: &str| format!("mysql://{user}:{password}@{server}/{user}");
    sluice.call(&["connection", "add", "store", &url("wrong-4711")]);
    let branches = Branches::start(sluice);
    let admin = |statements: &str| {
        let document = format!(
            "name: admin\nsteps:\n  - id: do\n    uses: sql\n    with:\n      connection: admin\n      sql: |\n        {statements}\n"
        );
        let view = branches.server.run_once(&document);
        assert_eq!(view["status"], "SUCCEEDED", "{statements}: {view:#}");
    };
    // A server may have a user without name for `localhost`, which would stand before one for every host.
    let users = ["%", "localhost", "127.0.0.1"].map(|host| format!("'{user}'@'{host}'"));
    admin(&format!("CREATE DATABASE {user}"));
    for user_at in &users {
        admin(&format!("CREATE USER {user_at} IDENTIFIED BY 'right-4711'"));
        admin(&format!("GRANT ALL ON {user}.* TO {user_at}"));
    }
    let steps = "  - { id: store, uses: write, from: rows, with: { connection: store, table: cities } }\n";
    branches.check(steps, "store", "authentication_failed", &format!("`{user}`"), || {
        branches.server.sluice.call(&["connection", "add", "store", &url("right-4711"), "--replace"]);
    });
    assert_eq!(branches.server.sluice.read("store", "cities").len(), 3);
    let runs = branches.server.graphql(
        "{ runs { nodes { error { message hint } steps { error { message hint } } logs { nodes { message } } } } }",
        json!({}),
    );
    let listed = branches.server.sluice.call(&["connection", "list", "--json"]);
    for text in [runs.to_string(), listed, branches.server.log()] {
        assert!(!text.contains("-4711"), "a password is told: {text}");
    }
    for user_at in &users {
        admin(&format!("DROP USER {user_at}"));
    }
    admin(&format!("DROP DATABASE {user}"));
}

#[test]
fn a_column_that_the_table_lacks_is_named() {
    let Some(sluice) = Sluice::find() else { return };
    let narrow = sluice.add_sqlite("narrow");
    sqlite_execute(&narrow, "CREATE TABLE cities (id INTEGER)");
    let branches = Branches::start(sluice);
    let steps = "  - { id: narrow, uses: write, from: rows, with: { connection: narrow, table: cities } }\n";
    branches.check(steps, "narrow", "column_not_found", "`city`", || {
        assert_eq!(sqlite_number(&narrow, "SELECT count(*) FROM cities"), Some(0));
        sqlite_execute(&narrow, "ALTER TABLE cities ADD COLUMN city TEXT");
    });
    assert_eq!(sqlite_number(&narrow, "SELECT count(city) FROM cities"), Some(3));
}

#[test]
fn a_value_too_long_for_its_column_is_named() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(store) = Postgres::create("a value that is too long") else { return };
    store.execute("CREATE TABLE cities (id bigint, city varchar(5))");
    sluice.call(&["connection", "add", "store", &store.url]);
    let branches = Branches::start(sluice);
    let steps = "  - { id: store, uses: write, from: rows, with: { connection: store, table: cities } }\n";
    branches.check(steps, "store", "value_refused", "`city`", || {
        assert_eq!(store.number("SELECT count(*) FROM cities"), Some(0), "nothing half-written stays");
        store.execute("ALTER TABLE cities ALTER COLUMN city TYPE varchar(50)");
    });
    assert_eq!(store.number("SELECT count(*) FROM cities"), Some(3));
    assert_eq!(store.number("SELECT count(DISTINCT id) FROM cities"), Some(3));
}

#[test]
fn a_value_refused_late_leaves_nothing_that_a_retry_doubles() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(store) = Postgres::create("a value that is refused late") else { return };
    store.execute("CREATE TABLE long (id bigint, city varchar(5))");
    sluice.call(&["connection", "add", "store", &store.url]);
    let rows = 100_000;
    let city = |id: i64| if id == 90_000 { "Constantinople" } else { "Köln" };
    let text: String = (1..=rows).map(|id| format!("{id},{}\n", city(id))).collect();
    std::fs::create_dir_all(sluice.files()).unwrap();
    std::fs::write(sluice.files().join("long.csv"), format!("id,city\n{text}")).unwrap();
    let branches = Branches::start(sluice);
    let steps = "  - { id: lines, uses: fetch, with: { path: long.csv } }\n  \
        - { id: store, uses: write, from: lines, with: { connection: store, table: long } }\n  \
        - { id: beside, uses: write, from: lines, with: { connection: good, table: long } }\n";
    branches.check(steps, "store", "value_refused", "`city`", || {
        let written = store.number("SELECT count(*) FROM long").unwrap();
        assert!((1..90_000).contains(&written), "some transactions were committed, and are not taken back: {written}");
        assert_eq!(sqlite_number(&branches.good, "SELECT count(*) FROM long"), Some(rows), "the sink beside goes on");
        store.execute("ALTER TABLE long ALTER COLUMN city TYPE varchar(50)");
    });
    assert_eq!(store.number("SELECT count(*) FROM long"), Some(rows));
    assert_eq!(store.number("SELECT count(DISTINCT id) FROM long"), Some(rows));
    assert_eq!(sqlite_number(&branches.good, "SELECT count(*) FROM long"), Some(rows));
}

#[test]
fn a_value_too_long_is_rejected_where_the_step_says_so() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(store) = Postgres::create("a value that is too long") else { return };
    store.execute("CREATE TABLE cities (id bigint, city varchar(5))");
    sluice.call(&["connection", "add", "store", &store.url]);
    let branches = Branches::start(sluice);
    let steps = "  - id: store\n    uses: write\n    from: rows\n    on_error: reject\n    \
        with: { connection: store, table: cities }\n  \
        - { id: refused, uses: write, from: store.rejected, with: { connection: good, table: refused } }\n";
    let (_, view) = branches.run(steps);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    branches.assert_good_branch(&view);
    assert_eq!(step(&view, "store")["rowsRejected"].as_f64(), Some(1.0), "{view:#}");
    assert_eq!(store.number("SELECT count(*) FROM cities"), Some(2));
    let refused = branches.server.sluice.read("good", "refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((&refused[0]["id"], &refused[0]["city"]), (&json!("2"), &json!("Constantinople")));
    let reason = refused[0]["_reason"].as_str().unwrap();
    assert!(reason.contains("`city`") && reason.contains("Constantinople"), "{reason}");
}

#[test]
fn a_plugin_that_is_not_installed_is_named() {
    let Some(sluice) = Sluice::find() else { return };
    let branches = Branches::start(sluice);
    let document = "name: none\nsteps:\n  - { id: rows, uses: plugin/nowhere }\n";
    let saved = branches.server.graphql(
        "mutation($text: String!) { saveWorkflow(text: $text) { problems { code message line } } }",
        json!({ "text": document }),
    );
    let problem = &saved["saveWorkflow"]["problems"][0];
    assert!(["unknown_step_kind", "plugin_not_found"].contains(&problem["code"].as_str().unwrap()), "{saved:#}");
    assert!(problem["message"].as_str().unwrap().contains("nowhere"), "{saved:#}");
    assert_eq!(problem["line"], 3, "{saved:#}");

    let site = Site::start(|_, _| "id,city\n1,Graz\n".to_owned());
    let steps = format!(
        "  - id: bars\n    uses: fetch\n    with: {{ source: plugin, plugin: csv-http, settings: {{ url: \"{}/bars\" }} }}\n  \
         - {{ id: kept, uses: write, from: bars, with: {{ connection: good, table: bars }} }}\n",
        site.base
    );
    let Some(plugin) = find_plugin("csv-http") else {
        let (_, view) = branches.run(&steps);
        branches.assert_failed(&view, "bars", "plugin_not_found", "`csv-http`");
        return skip("installing a missing plugin needs the plugins; `cargo xtask test` builds them");
    };
    branches.check(&steps, "bars", "plugin_not_found", "`csv-http`", || {
        let grant = format!("http:{}", site.base);
        branches.server.sluice.call(&["plugin", "install", plugin.to_str().unwrap(), "--grant", &grant, "--yes"]);
    });
    assert_eq!(sqlite_number(&branches.good, "SELECT count(*) FROM bars"), Some(1));
}
