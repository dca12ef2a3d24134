//! `sluice translate`: SQL of one dialect in another's words, for people and for scripts.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::translator::FirstParty;
use crate::wire::{Parts, open_plugins};
use clap::Args;
use data::{Note, NoteLevel, Translated, Translation, Translator};
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// How many lines of `--stdin` that have already come are handed to a thread at once.
const TOGETHER: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct Translate {
    /// The file with the statements; `-` reads standard input, as no file does.
    file: Option<PathBuf>,
    /// The dialect they are in: `mysql`, `mariadb`, `postgres`, `snowflake`, `sqlite` or `tdengine`.
    #[arg(long, required_unless_present = "stdin")]
    from: Option<String>,
    /// The dialect they are to be in.
    #[arg(long, required_unless_present = "stdin")]
    to: Option<String>,
    /// A file with CREATE TABLE statements of the source: types and collations decide much.
    #[arg(long, value_name = "FILE", conflicts_with = "connection")]
    schema: Option<PathBuf>,
    /// A connection whose tables are the schema.
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Refuse where there would be a warning.
    #[arg(long)]
    strict: bool,
    /// A connection that says of each result whether it would run there.
    #[arg(long, value_name = "CONNECTION")]
    check: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Answer a JSON line for each JSON line of standard input: `{"from", "to", "sql", "schema"?, "strict"?}`.
    #[arg(long, requires = "json", conflicts_with_all = ["file", "schema", "connection", "check"])]
    stdin: bool,
}

/// One line of `--stdin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    from: Option<String>,
    to: Option<String>,
    sql: String,
    schema: Option<String>,
    #[serde(default)]
    strict: bool,
}

impl Translate {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if self.stdin {
            return self.answer_lines(settings).await;
        }
        let sql = match &self.file {
            Some(file) if file != Path::new("-") => read_file(file)?,
            _ => read_input()?,
        };
        let schema = self.schema.as_deref().map(read_file).transpose()?;
        let translation = Translation {
            sql,
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone().unwrap_or_default(),
            schema,
            strict: self.strict,
        };
        let statements = if self.connection.is_some() || self.check.is_some() {
            let parts = Parts::open(settings).await?;
            let service = parts.workbench().translations;
            let result = service.translate(translation, self.connection.as_deref(), self.check.as_deref()).await;
            parts.database.close().await.map_err(Fault::from)?;
            result?
        } else {
            translator(settings)?.translate(&translation).await?
        };
        let refused = statements.iter().any(is_refused);
        if self.json {
            output::json(&statements);
        } else {
            self.print(&statements);
        }
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn print(&self, statements: &[Translated]) {
        let file = self.file.as_deref().filter(|file| *file != Path::new("-"));
        let file = file.map_or("-".to_owned(), |file| file.display().to_string());
        for statement in statements {
            if !statement.sql.is_empty() {
                output::line(format!("{};", statement.sql));
            }
            for note in &statement.notes {
                let Note { level, code, message, line, column } = note;
                eprintln!("{}: {file}:{line}:{column}: {message} [{code}]", level.as_str());
            }
        }
    }

    /// Answers line by line, in order; a line that cannot be answered is answered with its error. Lines that have already
    /// come are worked on at once, as many as there are processors.
    async fn answer_lines(&self, settings: &Settings) -> Result<ExitCode, Failure> {
        let answering = Arc::new(Answering {
            translator: translator(settings)?,
            from: self.from.clone(),
            to: self.to.clone(),
            strict: self.strict,
        });
        let most = 4 * std::thread::available_parallelism().map_or(1, usize::from);
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut input = Input(std::io::BufReader::with_capacity(1 << 16, std::io::stdin().lock()));
        let mut waiting: VecDeque<JoinHandle<Vec<u8>>> = VecDeque::new();
        let (mut has_more, mut written) = (true, Ok(()));
        while written.is_ok() && (has_more || !waiting.is_empty()) {
            // Who waits for an answer gets it before another line is waited for.
            let is_due = !has_more || waiting.len() >= most || (!waiting.is_empty() && !input.buffer_has_line());
            if is_due && let Some(next) = waiting.pop_front() {
                let answer = next.await.map_err(|error| Fault::new(ErrorCode::Internal, error.to_string()))?;
                written = out.write_all(&answer);
                if waiting.is_empty() && !input.buffer_has_line() {
                    written = written.and_then(|()| out.flush());
                }
                continue;
            }
            let mut lines = Vec::new();
            while has_more && lines.len() < TOGETHER && (lines.is_empty() || input.buffer_has_line()) {
                let mut text = Vec::new();
                let read =
                    input.0.read_until(b'\n', &mut text).map_err(|error| cannot_read("standard input", &error))?;
                has_more = read > 0;
                lines.push(text);
            }
            let answering = answering.clone();
            waiting.push_back(tokio::spawn(async move { answering.answer_all(&lines).await }));
        }
        // Where nobody reads any more there is nothing left to do.
        let _ = out.flush();
        Ok(ExitCode::SUCCESS)
    }
}

/// What all lines of `--stdin` have in common.
struct Answering {
    translator: FirstParty,
    from: Option<String>,
    to: Option<String>,
    strict: bool,
}

impl Answering {
    /// An answer for each line that is not empty.
    async fn answer_all(&self, lines: &[Vec<u8>]) -> Vec<u8> {
        let mut answers = Vec::new();
        for line in lines.iter().filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
            answers.extend(self.answer(line).await.to_string().into_bytes());
            answers.push(b'\n');
        }
        answers
    }

    async fn answer(&self, text: &[u8]) -> Value {
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(error) => {
                let message = format!("the line is no request: {}", model::misfit(&error.to_string()).message);
                return json!({ "error": { "code": "bad_request", "message": message } });
            }
        };
        let (Some(from), Some(to)) = (line.from.or_else(|| self.from.clone()), line.to.or_else(|| self.to.clone()))
        else {
            return json!({ "error": { "code": "missing_key", "message": "the line names no dialects `from` and `to`" } });
        };
        let strict = line.strict || self.strict;
        let translation = Translation { sql: line.sql, from, to, schema: line.schema, strict };
        match self.translator.translate(&translation).await {
            Ok(statements) => answer_of(&statements),
            Err(error) => json!({ "error": { "code": error.code().to_string(), "message": error.to_string() } }),
        }
    }
}

/// Standard input with a buffer that can be looked into.
struct Input<'a>(std::io::BufReader<std::io::StdinLock<'a>>);

impl Input<'_> {
    fn buffer_has_line(&self) -> bool {
        self.0.buffer().contains(&b'\n')
    }
}

/// `{"sql", "warnings"}`, or `{"error"}` where a statement was refused.
fn answer_of(statements: &[Translated]) -> Value {
    let shown = |note: &Note| json!({ "level": note.level.as_str(), "code": note.code, "message": note.message, "line": note.line, "column": note.column });
    let notes = || statements.iter().flat_map(|statement| &statement.notes);
    let of = |level: NoteLevel| notes().filter(|note| note.level == level).map(shown).collect::<Vec<_>>();
    if let Some(error) = of(NoteLevel::Error).into_iter().next() {
        return json!({ "error": error, "warnings": of(NoteLevel::Warning) });
    }
    let sql: Vec<&str> =
        statements.iter().map(|statement| statement.sql.as_str()).filter(|sql| !sql.is_empty()).collect();
    json!({ "sql": sql.join(";\n"), "warnings": of(NoteLevel::Warning), "notes": of(NoteLevel::Info) })
}

fn is_refused(statement: &Translated) -> bool {
    statement.notes.iter().any(|note| note.level == NoteLevel::Error)
}

/// The translator alone; no metadata database is opened for it.
pub(super) fn translator(settings: &Settings) -> Result<FirstParty, Failure> {
    let dir = settings.make_data_dir()?;
    Ok(FirstParty::new(open_plugins(settings, &dir.join("plugins"), None)?))
}

fn read_file(file: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(file).map_err(|error| cannot_read(&file.display().to_string(), &error))
}

fn read_input() -> Result<String, Fault> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| cannot_read("standard input", &error))?;
    Ok(text)
}

fn cannot_read(what: &str, error: &std::io::Error) -> Fault {
    Fault::new(ErrorCode::FileNotFound, format!("`{what}` cannot be read: {error}"))
        .hint("Name a file of UTF-8 text, or `-` for standard input.")
}
