//! Which workflows would miss a connection.
//!
//! A name that is only worked out while a run goes on (`${{ … }}`) cannot be seen here.

use engine::ports::RunStore;
use model::Fault;
use model::document::read::read;
use model::tree::{self, Limits};
use serde_json::Value;
use store::Database;

/// Workflows read at once.
const PAGE: u32 = 200;

/// The enabled workflows whose newest documents name the connection, by name.
pub(super) async fn workflows(database: &Database, connection: &str) -> Result<Vec<String>, Fault> {
    let mut users = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = database.list_workflows(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(users) };
        after = Some(last.name.clone());
        for workflow in page.iter().filter(|workflow| workflow.enabled) {
            let Some(version) = database.find_version(workflow.version).await? else { continue };
            if document_names(&version.text, connection) {
                users.push(workflow.name.clone());
            }
        }
    }
}

fn document_names(text: &str, connection: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(root) = tree::parse(text, &Limits::default()) else { return false };
    let steps = read(&root).workflow.steps;
    steps.into_iter().any(|step| names(&Value::Object(step.with), connection))
}

/// Whether a key `connection` or `connections` anywhere in the settings holds the name.
fn names(settings: &Value, connection: &str) -> bool {
    match settings {
        Value::Object(members) => members.iter().any(|(key, value)| {
            let is_named = matches!(key.as_str(), "connection" | "connections") && holds(value, connection);
            is_named || names(value, connection)
        }),
        Value::Array(items) => items.iter().any(|item| names(item, connection)),
        _ => false,
    }
}

fn holds(value: &Value, connection: &str) -> bool {
    match value {
        Value::String(text) => text == connection,
        Value::Array(items) => items.iter().any(|item| holds(item, connection)),
        Value::Object(members) => members.values().any(|member| holds(member, connection)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(with: &str, expected: bool) {
        let text = format!("name: a\nsteps:\n  - id: x\n    uses: write\n    with: {with}\n");
        assert_eq!(document_names(&text, "history"), expected, "{with}");
    }

    #[test]
    fn a_connection_is_found_wherever_settings_name_it() {
        check("{ connection: history }", true);
        check("{ rules: [{ when: 'a = 1', to: { connection: history, table: t } }] }", true);
        check("{ left: { connection: other }, right: { connection: history } }", true);
        check("{ connections: [other, history] }", true);
        check("{ connection: histories, table: history }", false);
        check("{ connection: '${{ inputs.store }}' }", false);
        assert!(!document_names("not: [yaml", "history"));
    }
}
