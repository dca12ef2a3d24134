//! `sql`: runs statements on a connection.
//!
//! At least once: where the worker dies between the statement's commit and its report, the next attempt runs it
//! again. Write statements that can bear it, or use `write`, which keeps a ledger.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings;
use crate::side::refused;
use async_trait::async_trait;
use data::{Error, Result};
use model::kind::{Inputs, KindInfo};
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::{Component, Path, PathBuf};

/// How large a file of statements may be.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The step kind `sql`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sql;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    connection: String,
    sql: Option<String>,
    file: Option<String>,
}

#[async_trait]
impl StepKind for Sql {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "sql".to_owned(),
            summary: "Runs statements on a connection, at least once: after a crash they may run again.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": {
                    "connection": { "type": "string", "minLength": 1, "description": "The connection." },
                    "sql": { "type": "string", "minLength": 1, "description": "Statements in the system's own SQL; one transaction where the system has them." },
                    "file": { "type": "string", "minLength": 1, "description": "A file in the server's folder of files that holds the statements." },
                },
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: vec!["rows_affected".to_owned()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        if with.contains_key("sql") == with.contains_key("file") { vec![one_of().path("with")] } else { Vec::new() }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let sql = match (&settings.sql, &settings.file) {
            (Some(sql), None) => sql.clone(),
            (None, Some(file)) => read_text(&context.files, file).await?,
            _ => return Err(refused(one_of(), &context, "")),
        };
        Ok(Opened::Action(Box::new(Running { context, connection: settings.connection, sql })))
    }
}

fn one_of() -> Fault {
    Fault::new(ErrorCode::MissingKey, "a `sql` step needs either `sql` or `file`").hint("Give exactly one of the two.")
}

/// The text of a file below `root`.
///
/// # Errors
/// `invalid_value` for a path that leaves `root` or a file that is too large or no UTF-8; `file_not_found`.
pub(crate) async fn read_text(root: &Path, file: &str) -> Result<String> {
    let (root, file) = (root.to_owned(), file.to_owned());
    let read = meter::spawn_blocking(move || read_blocking(&root, &file));
    read.await.map_err(|_| Error::permanent(ErrorCode::Internal, "reading a file was interrupted"))?
}

fn read_blocking(root: &Path, file: &str) -> Result<String> {
    let leaves = || settings::invalid(format!("`{file}` leaves the folder of files"));
    if Path::new(file).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(leaves().hint("Give a path below the server's folder of files."));
    }
    let missing = |error: &std::io::Error| {
        let why =
            if error.kind() == std::io::ErrorKind::NotFound { "does not exist".to_owned() } else { error.to_string() };
        Error::permanent(ErrorCode::FileNotFound, format!("the file `{file}` cannot be read: {why}"))
            .hint("Look at the path; it starts from the server's folder of files.")
    };
    // Links are followed first, so that none leads out.
    let root: PathBuf = root.canonicalize().map_err(|error| missing(&error))?;
    let path = root.join(file).canonicalize().map_err(|error| missing(&error))?;
    if !path.starts_with(&root) {
        return Err(leaves().hint("Links must stay within the server's folder of files."));
    }
    let size = path.metadata().map_err(|error| missing(&error))?.len();
    if size > MAX_BYTES {
        return Err(settings::invalid(format!(
            "the file `{file}` has {size} bytes, more than the {MAX_BYTES} allowed"
        )));
    }
    let bytes = std::fs::read(&path).map_err(|error| missing(&error))?;
    String::from_utf8(bytes).map_err(|_| settings::invalid(format!("the file `{file}` is not UTF-8")))
}

struct Running {
    context: StepContext,
    connection: String,
    sql: String,
}

#[async_trait]
impl Action for Running {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let connector = self.context.connections.get(&self.connection).await?;
        let rows = connector.execute(&self.sql).await?;
        let outputs = Map::from_iter([("rows_affected".to_owned(), rows.into())]);
        Ok(ActionReport { outputs, rows_out: rows, ..ActionReport::default() })
    }
}
