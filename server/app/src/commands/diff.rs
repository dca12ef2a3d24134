//! `sluice diff LEFT RIGHT`: tells in which rows, columns or numbers of rows two tables, queries or files differ.
//!
//! Sides given by URL or path need no server and no metadata; names of connections are looked up in the data folder.
//! Exit codes: 0 equal, 1 different, 2 failed, whatever was printed before.

mod print;
mod side;

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use clap::{Args, ValueEnum};
use model::{ErrorCode, Fault};
use print::{Lines, Printed};
use serde_json::json;
pub(super) use side::relation;
use side::{Lendable, Opened, Openers};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use transfer::diff::{Leeway, Repairing, Report, Strategy};
use transfer::{DiffOptions, DifferenceSink};

/// The sides differ.
const DIFFERENT: u8 = 1;
/// The comparison failed.
const FAILED: u8 = 2;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// `CONNECTION:table`, a URL with the table behind `#`, or a file; a query instead of a table may start with SELECT.
    left: String,
    /// The other side.
    right: String,
    /// Columns that say which rows belong together, by their left names; the left table's own key where absent.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    key: Vec<String>,
    /// Compare whole rows, whatever key the table has.
    #[arg(long, conflicts_with = "key")]
    keyless: bool,
    /// Columns to compare; all that both sides have where absent.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    /// Columns not to compare.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    except: Vec<String>,
    /// A column that is called otherwise on the right; may be given again.
    #[arg(long = "map", value_name = "LEFT=RIGHT", value_parser = super::run::parse_pair)]
    mapping: Vec<(String, String)>,
    /// What makes no difference in a column: a distance of numbers, `trim`, `ignore_case`, `nfc`, `nfkc`, or a unit of time
    /// (`second`); may be given again.
    #[arg(long, value_name = "COLUMN=LEEWAY", value_parser = super::run::parse_pair)]
    tolerance: Vec<(String, String)>,
    /// A condition on the rows of both sides, in the system's own SQL.
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// A condition on the rows of the left side only.
    #[arg(long, value_name = "SQL", conflicts_with = "filter")]
    where_left: Option<String>,
    /// A condition on the rows of the right side only.
    #[arg(long, value_name = "SQL", conflicts_with = "filter")]
    where_right: Option<String>,
    /// How the sides are compared.
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    strategy: Way,
    /// How many ranges of the key are compared at the same time; 0: as many as suit the machine, 4 at most.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=64))]
    parallel: u16,
    /// Read by so many connections at the same time on either side at most.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    max_connections: Option<u16>,
    /// Pause while a server has more busy sessions than this.
    #[arg(long, value_name = "SESSIONS", value_parser = clap::value_parser!(u64).range(1..))]
    pause_above: Option<u64>,
    /// Stop when so many differences were found.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    max_differences: Option<u64>,
    /// Compare only about so many rows, spread over the key.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    sample_rows: Option<u64>,
    /// `lines`: a line for each missing (`-`) and extra (`+`) row, a changed row is one of each, its key first.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How many differences of each kind `table` and `json` show.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Write the statements that make the right table equal the left into this file, which must not exist yet.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schema_only", "count_only"])]
    repair_to: Option<PathBuf>,
    /// Run these statements on the right side, some hundred in a transaction.
    #[arg(long, conflicts_with_all = ["schema_only", "count_only"])]
    apply: bool,
    /// Compare names and types of columns instead of rows.
    #[arg(long, conflicts_with = "count_only")]
    schema_only: bool,
    /// Compare numbers of rows instead of rows.
    #[arg(long)]
    count_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Lines,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    Auto,
    Merge,
    Checksum,
    Join,
}

impl Diff {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        // Whatever goes wrong, and when: a script must not take a part of the differences for all.
        match self.compare(settings).await {
            Ok(false) => Ok(ExitCode::SUCCESS),
            Ok(true) => Ok(ExitCode::from(DIFFERENT)),
            Err(failure) => {
                failure.print();
                Ok(ExitCode::from(FAILED))
            }
        }
    }

    /// Whether the sides differ.
    async fn compare(self, settings: &Settings) -> Result<bool, Failure> {
        let options = self.options()?;
        let openers = Openers::new(settings);
        let left_filter = self.where_left.clone().or_else(|| self.filter.clone());
        let right_filter = self.where_right.clone().or_else(|| self.filter.clone());
        let left = openers.open(&self.left, left_filter).await?;
        let right = openers.open(&self.right, right_filter).await?;
        let different = if self.schema_only {
            self.compare_schemas(&left, &right).await
        } else if self.count_only {
            self.compare_counts(left, right).await
        } else {
            self.compare_rows(left, right, &options).await
        };
        openers.close().await?;
        different
    }

    fn options(&self) -> Result<DiffOptions, Fault> {
        let mut tolerance: BTreeMap<String, Leeway> = BTreeMap::new();
        for (column, text) in &self.tolerance {
            add_leeway(tolerance.entry(column.clone()).or_default(), column, text)?;
        }
        Ok(DiffOptions {
            key: self.key.clone(),
            own_key: !self.keyless,
            columns: self.columns.clone(),
            except: self.except.clone(),
            mapping: self.mapping.iter().cloned().collect(),
            tolerance,
            strategy: match self.strategy {
                Way::Auto => Strategy::Auto,
                Way::Merge => Strategy::Merge,
                Way::Checksum => Strategy::Checksum,
                Way::Join => Strategy::Join,
            },
            parallel: self.parallel.into(),
            max_connections: self.max_connections.map(usize::from),
            pause_above: self.pause_above,
            max_differences: self.max_differences,
            sample_rows: self.sample_rows,
            ..DiffOptions::default()
        })
    }

    async fn compare_rows(&self, left: Opened, right: Opened, options: &DiffOptions) -> Result<bool, Failure> {
        let (left, right) = (left.rows(), right.rows());
        if self.format == Format::Lines {
            let mut lines = Lines::new();
            let report = self.compare_into(&left, &right, options, &mut lines).await?;
            lines.end()?;
            return Ok(report.totals.differences() > 0);
        }
        let mut printed = Printed::new(self.limit, self.format == Format::Table);
        let report = self.compare_into(&left, &right, options, &mut printed).await?;
        if self.format == Format::Json {
            printed.print_json(&report)?
        } else {
            printed.print_table(&report)?
        }
        Ok(report.totals.differences() > 0)
    }

    /// Compares, and repairs where that was asked for.
    async fn compare_into(
        &self,
        left: &Lendable,
        right: &Lendable,
        options: &DiffOptions,
        sink: &mut dyn DifferenceSink,
    ) -> Result<Report, Failure> {
        if self.repair_to.is_none() && !self.apply {
            return Ok(transfer::diff::run(left.as_rows(), right.as_rows(), options, sink).await?);
        }
        let (connector, table) = right.table()?;
        // The file is made before anything is compared, so that a name that cannot be is told at once.
        let file = self.repair_to.as_deref().map(make_new).transpose()?;
        let mut repairing = Repairing::new(sink, connector, table)?;
        let report = transfer::diff::run(left.as_rows(), right.as_rows(), options, &mut repairing).await?;
        let mut repair = repairing.finish();
        if let (Some(file), Some(path)) = (file, &self.repair_to) {
            repair.write(BufWriter::new(file))?;
            eprintln!("{} in `{}`", output::counted(repair.len(), "statement"), path.display());
        }
        if self.apply {
            eprintln!("{} statements were run", repair.apply(connector).await?);
        }
        Ok(report)
    }

    async fn compare_counts(&self, left: Opened, right: Opened) -> Result<bool, Failure> {
        let (left, right) = tokio::try_join!(left.count(), right.count())?;
        match self.format {
            Format::Json => output::json(&json!({ "left_rows": left, "right_rows": right, "differs": left != right })),
            Format::Lines => output::line(format!("{left}\t{right}")),
            Format::Table => {
                let counts = vec![output::count(left), output::count(right), output::count(left.abs_diff(right))];
                output::table(&["left", "right", "difference"], &["left", "right", "difference"], vec![counts]);
            }
        }
        Ok(left != right)
    }

    async fn compare_schemas(&self, left: &Opened, right: &Opened) -> Result<bool, Failure> {
        let differences = transfer::schema::compare_columns(&left.columns().await?, &right.columns().await?);
        match self.format {
            Format::Json => output::json(&json!({ "differences": differences })),
            Format::Lines => print::schema_lines(&differences),
            Format::Table => print::schema_table(&differences),
        }
        Ok(!differences.is_empty())
    }
}

fn make_new(path: &Path) -> Result<File, Fault> {
    File::create_new(path).map_err(|error| {
        Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be made: {error}", path.display()))
            .hint("Name a file that does not exist yet.")
    })
}

/// Adds what `--tolerance COLUMN=…` names.
fn add_leeway(leeway: &mut Leeway, column: &str, text: &str) -> Result<(), Fault> {
    let wrong = || {
        let message = format!("`{text}` is no tolerance for column `{column}`");
        Fault::new(ErrorCode::InvalidValue, message).hint(
            "Give a number, `trim`, `ignore_case`, `nfc`, `nfkc`, `microsecond`, `millisecond`, `second`, `minute` or `day`.",
        )
    };
    match text {
        "trim" => leeway.trim = true,
        "ignore_case" => leeway.ignore_case = true,
        "nfc" | "nfkc" => leeway.unicode = serde_json::from_value(text.into()).ok(),
        _ => match text.parse::<f64>() {
            Ok(distance) if distance >= 0.0 => leeway.number = Some(distance),
            Ok(_) => return Err(wrong()),
            Err(_) => leeway.time = Some(serde_json::from_value(text.into()).map_err(|_| wrong())?),
        },
    }
    Ok(())
}
