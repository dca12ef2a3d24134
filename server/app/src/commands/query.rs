//! `sluice query …`: one statement of the SQL console, and its history.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use data::StatementCheck;
use data::encode::Format;
use model::{ErrorCode, Fault, StatementId};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use workbench::console::{Ask, Caller, Console, Page, StatementFilter};

mod file;

/// Characters of a cell shown at most.
const WIDEST: usize = 80;
/// What a statement gets after Ctrl-C to be canceled in its system and closed in the history.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Query {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    statement: Option<Statement>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show which statements were asked, newest first.
    History(History),
}

#[derive(Debug, Args)]
struct Statement {
    /// The connection's name.
    connection: String,
    /// The statement; `-` reads it from standard input.
    sql: String,
    /// A value for the next placeholder: JSON where it is (`5`, `true`, `null`, `"5"`), else text. Repeatable.
    #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
    params: Vec<String>,
    /// Rows at most.
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
    /// How long it may take: `500ms`, `30s`, `5min`; a bare number is seconds.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Let it change something; the connection must allow writing too.
    #[arg(long)]
    write: bool,
    /// Only check it: what it does, which tables and columns it names, what it would cost.
    #[arg(long, conflicts_with_all = ["output", "format", "write"])]
    validate: bool,
    /// Print a page as JSON.
    #[arg(long, conflicts_with_all = ["output", "format"])]
    json: bool,
    /// Write all rows into a file, which is there only when it is whole; `-` is standard output.
    #[arg(long, short, value_name = "FILE", conflicts_with = "write")]
    output: Option<PathBuf>,
    /// The form of the file; the one its name ends with where absent.
    #[arg(long, value_name = "FORM", value_parser = ["csv", "json", "jsonl", "parquet"], conflicts_with = "write")]
    format: Option<String>,
    /// Let text in CSV stand behind a `'` where a spreadsheet would run it as a formula.
    #[arg(long)]
    spreadsheet: bool,
}

#[derive(Debug, Args)]
struct History {
    /// Of this connection only.
    #[arg(long)]
    connection: Option<String>,
    /// Asked by this person only.
    #[arg(long)]
    who: Option<String>,
    /// Only those before this one: the id of the last line of the page before.
    #[arg(long, value_name = "ID")]
    before: Option<StatementId>,
    /// How many at most, up to 500.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// The command line with `query history "SELECT …"` as a statement on the connection `history`, where the bare word is the
/// list of what was asked: connection and statement go to the end, where no word is a command.
pub(crate) fn with_statements(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = arguments.into_iter().collect();
    let found = words.windows(3).position(|three| {
        let is_statement = three[2].to_str().is_some_and(|sql| sql == "-" || !sql.starts_with('-'));
        three[0] == "query" && three[1] == "history" && is_statement
    });
    if let Some(at) = found {
        let place: Vec<OsString> = words.drain(at + 1..at + 3).collect();
        words.push("--".into());
        words.extend(place);
    }
    words
}

impl Query {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let console = parts.workbench().console;
        let result = match (self.command, self.statement) {
            (Some(Command::History(history)), _) => history.run(&console).await,
            (None, Some(statement)) => statement.run(&console).await,
            // The command line's own rules ask for one of the two.
            (None, None) => Err(Fault::new(ErrorCode::MissingKey, "neither a statement nor `history`").into()),
        };
        parts.database.close().await.map_err(Fault::from)?;
        result
    }
}

impl Statement {
    async fn run(self, console: &Console) -> Result<ExitCode, Failure> {
        let sql = if self.sql == "-" { read_input()? } else { self.sql.clone() };
        if self.validate {
            let check = console.validate(&self.connection, &sql, true).await?;
            return Ok(self.print_check(&check));
        }
        let ask = Ask {
            sql,
            params: self.params.iter().map(|text| parameter(text)).collect(),
            rows: self.limit,
            time: self.timeout,
            write: self.write,
            id: None,
        };
        if let Some(format) = self.export_format()? {
            let output = self.output.as_deref().filter(|output| *output != "-");
            file::export(console, &self.connection, ask, format, output).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let answered = until_interrupted(console.query(&self.connection, ask, &caller())).await?;
        let page = Page::of(&answered)?;
        if self.json {
            output::json(&page);
        } else {
            print_page(&page);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The form of the file that is asked for; none: none is.
    fn export_format(&self) -> Result<Option<Format>, Failure> {
        let name = match (&self.format, &self.output) {
            (None, None) if self.spreadsheet => None,
            (None, None) => return Ok(None),
            (Some(name), _) => Some(name.clone()),
            (None, Some(output)) => output.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase),
        };
        let format = match name.as_deref().and_then(Format::named) {
            Some(Format::Csv { .. }) => Format::Csv { spreadsheet: self.spreadsheet },
            Some(_) if self.spreadsheet => {
                return Err(Fault::new(ErrorCode::InvalidValue, "`--spreadsheet` is for CSV alone").into());
            }
            Some(format) => format,
            None => {
                return Err(Fault::new(ErrorCode::InvalidValue, "the form of the file cannot be told from its name")
                    .hint("Say `--format csv`, `json`, `jsonl` or `parquet`.")
                    .into());
            }
        };
        Ok(Some(format))
    }

    /// Prints what can be said of the statement; 1 where it may not run as it was asked.
    fn print_check(&self, check: &StatementCheck) -> ExitCode {
        let good = check.fault.is_none() && check.refusal.is_none();
        if self.json {
            output::json(check);
        } else {
            let word = json!(check.effect);
            output::line(format!("effect: {}", word.as_str().unwrap_or_default()));
            for (title, names) in [("tables", &check.tables), ("columns", &check.columns)] {
                if !names.is_empty() {
                    output::line(format!("{title}: {}", names.join(", ")));
                }
            }
            if let Some(estimate) = &check.estimate {
                let told = [("rows", estimate.rows), ("cost", estimate.cost)];
                for (title, number) in told.into_iter().filter_map(|(title, number)| Some((title, number?))) {
                    output::line(format!("estimated {title}: {number}"));
                }
            }
            if let Some(fault) = &check.fault {
                let place = match (fault.line, fault.column) {
                    (Some(line), Some(column)) => format!("line {line}, column {column}: "),
                    _ => String::new(),
                };
                output::line(format!("fault: {place}{} [{}]", fault.message, fault.code));
            } else if let Some(refusal) = &check.refusal {
                output::line(format!("refused: {refusal}"));
            }
        }
        if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl History {
    async fn run(self, console: &Console) -> Result<ExitCode, Failure> {
        let filter =
            StatementFilter { connection: self.connection, who: self.who, before: self.before, limit: self.limit };
        // Where no server runs, nobody else does it.
        console.close_interrupted().await?;
        let lines = console.history(filter, &caller()).await?;
        if self.json {
            output::json(&lines);
            return Ok(ExitCode::SUCCESS);
        }
        let rows = lines.into_iter().map(|line| {
            vec![
                line.id.to_string(),
                line.started_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                line.who,
                line.connection,
                line.error_code.unwrap_or_else(|| line.outcome.as_str().to_owned()),
                line.rows.or(line.affected).map(output::count).unwrap_or_default(),
                line.duration_ms.map(output::duration).unwrap_or_default(),
                one_line(&line.statement),
            ]
        });
        let header = ["statement", "asked (UTC)", "who", "connection", "outcome", "rows", "took", "text"];
        output::list(&header, &["rows", "took"], rows.collect(), "No such statement is on record.");
        Ok(ExitCode::SUCCESS)
    }
}

/// What `work` answers, unless Ctrl-C comes first: then it is dropped, which cancels the statement in its system too, and
/// how it ended is put on record before the command ends.
async fn until_interrupted<T>(work: impl Future<Output = data::Result<T>>) -> data::Result<T> {
    let interrupted = data::Error::permanent(ErrorCode::Canceled, "the statement was interrupted");
    let result = tokio::select! {
        result = work => return result,
        _ = tokio::signal::ctrl_c() => Err(interrupted),
    };
    tokio::time::sleep(LAST_WORDS).await;
    result
}

/// Whoever has the shell has the data folder and its key, and so may all.
fn caller() -> Caller {
    let name = ["SLUICE_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "shell".to_owned());
    Caller { name, may_write: true, sees_all: true }
}

/// JSON where it reads as such, else the text itself.
fn parameter(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| "write a number and a unit, such as `30s`".to_owned())?;
    let unit = match text[digits..].trim() {
        "ms" => 1,
        "s" | "" => 1_000,
        "min" | "m" => 60_000,
        _ => return Err("the unit is `ms`, `s` or `min`".to_owned()),
    };
    number.checked_mul(unit).map(Duration::from_millis).ok_or_else(|| "that is longer than time itself".to_owned())
}

fn read_input() -> Result<String, Failure> {
    // A statement longer than the console takes need not be read to its end.
    let mut text = String::new();
    let mut input = std::io::Read::take(std::io::stdin().lock(), 1 << 20);
    std::io::Read::read_to_string(&mut input, &mut text)
        .map_err(|error| Fault::new(ErrorCode::InvalidValue, format!("standard input cannot be read: {error}")))?;
    Ok(text)
}

fn print_page(page: &Page) {
    if !page.columns.is_empty() {
        let header: Vec<&str> = page.columns.iter().map(|column| column.name.as_str()).collect();
        let numbers: Vec<&str> = page
            .columns
            .iter()
            .filter(|column| is_number(&column.native_type))
            .map(|column| column.name.as_str())
            .collect();
        let rows = page.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        output::table(&header, &numbers, rows);
    }
    let count = match page.affected {
        Some(affected) => format!("{} changed", output::counted(affected, "row")),
        None => output::counted(page.rows.len() as u64, "row"),
    };
    let more = if page.truncated { "; there are more, `--limit` asks for them" } else { "" };
    eprintln!("{count} in {}{more}", output::duration(page.duration_ms));
}

/// Whether a column's values are numbers, by what systems call them.
fn is_number(native_type: &str) -> bool {
    let word = native_type.trim().to_ascii_lowercase();
    let numbers = ["int", "numeric", "decimal", "float", "double", "real", "money", "serial", "uint"];
    let sized = ["tinyint", "smallint", "mediumint", "bigint", "year"];
    (numbers.iter().any(|number| word.starts_with(number)) && !word.starts_with("interval"))
        || sized.iter().any(|number| word.starts_with(number))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "∅".to_owned(),
        Value::String(text) => one_line(text),
        other => one_line(&other.to_string()),
    }
}

/// Text as a cell shows it.
fn one_line(text: &str) -> String {
    output::one_line(text, WIDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_json_where_they_can_be() {
        assert_eq!(
            ["5", "null", "\"5\"", "five", "[1]", "-1.5"].map(parameter),
            [json!(5), json!(null), json!("5"), json!("five"), json!("[1]"), json!(-1.5)]
        );
    }

    #[test]
    fn a_connection_called_history_can_be_asked_as_any_other() {
        let settled = |words: &str| {
            let words = with_statements(words.split('|').map(OsString::from));
            words.iter().map(|word| word.to_str().unwrap_or_default()).collect::<Vec<_>>().join("|")
        };
        assert_eq!(settled("sluice|query|history|SELECT 1|--limit|5"), "sluice|query|--limit|5|--|history|SELECT 1");
        assert_eq!(settled("sluice|--data-dir|d|query|history|-"), "sluice|--data-dir|d|query|--|history|-");
        for as_it_is in [
            "sluice|query|history",
            "sluice|query|history|--limit|5",
            "sluice|query|--|history|SELECT 1",
            "sluice|query|shop|SELECT 1",
        ] {
            assert_eq!(settled(as_it_is), as_it_is);
        }
    }

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
        assert!(
            duration("soon").is_err() && duration("5 weeks").is_err() && duration("99999999999999999999s").is_err()
        );
    }

    #[test]
    fn a_cell_cannot_move_the_cursor() {
        assert_eq!(cell(&json!("a\u{1b}[2J\nb")), "a\u{fffd}[2J b");
        assert_eq!(cell(&json!("x".repeat(200))).chars().count(), WIDEST);
        assert!(is_number("INTEGER") && is_number("numeric(10,2)") && !is_number("interval") && !is_number("text"));
    }
}
