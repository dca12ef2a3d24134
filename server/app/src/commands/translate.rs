//! `sluice translate`: SQL of one dialect in another's words, for people and for scripts.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::translator::FirstParty;
use crate::wire::{Parts, open_plugins};
use clap::Args;
use data::{Note, NoteLevel, Translated, Translation, Translator};
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
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
    /// A plugin with rules of your own, which rewrites the statements before or after; again for another.
    #[arg(long, value_name = "PLUGIN")]
    rules: Vec<String>,
    /// A connection that says of each result whether it would run there.
    #[arg(long, value_name = "CONNECTION")]
    check: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Answer a JSON line for each JSON line of standard input: `{"from", "to", "sql", "schema"?, "strict"?, "rules"?}`.
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
    #[serde(default)]
    rules: Vec<String>,
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
            rules: self.rules.clone(),
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
            rules: self.rules.clone(),
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
    rules: Vec<String>,
}

impl Answering {
    /// An answer for each line that is not empty.
    async fn answer_all(&self, lines: &[Vec<u8>]) -> Vec<u8> {
        let mut answers = Vec::new();
        for line in lines.iter().filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
            let answer = self.answer(line).await;
            // What an answer is made of can always be written.
            serde_json::to_writer(&mut answers, &answer).unwrap_or_default();
            answers.push(b'\n');
        }
        answers
    }

    async fn answer(&self, text: &[u8]) -> Answer {
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(error) => {
                let message = format!("the line is no request: {}", model::misfit(&error.to_string()).message);
                return Answer::failed("bad_request", message);
            }
        };
        let (Some(from), Some(to)) = (line.from.or_else(|| self.from.clone()), line.to.or_else(|| self.to.clone()))
        else {
            return Answer::failed("missing_key", "the line names no dialects `from` and `to`".to_owned());
        };
        let (strict, rules) = (line.strict || self.strict, [&self.rules[..], &line.rules].concat());
        let translation = Translation { sql: line.sql, from, to, schema: line.schema, strict, rules };
        match self.translator.translate(&translation).await {
            Ok(statements) => Answer::of(statements),
            Err(error) => Answer::failed(&error.code().to_string(), error.to_string()),
        }
    }
}

/// An answer to one line: `{"sql", "warnings", "notes"}`, or `{"error"}` where there is nothing to run.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Translated { sql: String, warnings: Vec<Note>, notes: Vec<Note> },
    Refused { error: Note, warnings: Vec<Note> },
    Failed { error: Failed },
}

/// Why a line has no answer.
#[derive(Debug, Serialize)]
struct Failed {
    code: String,
    message: String,
}

impl Answer {
    fn of(statements: Vec<Translated>) -> Self {
        let (mut sql, mut warnings, mut notes, mut refused) = (String::new(), Vec::new(), Vec::new(), None);
        for statement in statements {
            if !statement.sql.is_empty() {
                sql.push_str(if sql.is_empty() { "" } else { ";\n" });
                sql.push_str(&statement.sql);
            }
            for note in statement.notes {
                match note.level {
                    NoteLevel::Info => notes.push(note),
                    NoteLevel::Warning => warnings.push(note),
                    NoteLevel::Error => refused = refused.or(Some(note)),
                }
            }
        }
        match refused {
            Some(error) => Self::Refused { error, warnings },
            None => Self::Translated { sql, warnings, notes },
        }
    }

    fn failed(code: &str, message: String) -> Self {
        Self::Failed { error: Failed { code: code.to_owned(), message } }
    }
}

/// Standard input with a buffer that can be looked into.
struct Input<'a>(std::io::BufReader<std::io::StdinLock<'a>>);

impl Input<'_> {
    fn buffer_has_line(&self) -> bool {
        self.0.buffer().contains(&b'\n')
    }
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
