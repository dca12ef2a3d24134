//! The statements that make the right side equal the left.
//!
//! They are gathered while the sides are compared, in files, so that memory does not grow with the differences, and are run only
//! afterwards: first rows are deleted, then changed, then added. Each may be run twice with the same result.

use super::{DifferenceSink, Report};
use crate::difference::DifferenceKind;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Connector, Error, Result, RowStatements};
use model::ErrorCode;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Statements and bytes of one transaction, about.
const STATEMENTS: usize = 500;
const BYTES: usize = 512 << 10;

/// Hands differences on to another sink and writes the statements for them.
pub struct Repairing<'a> {
    inner: &'a mut dyn DifferenceSink,
    right: &'a dyn Connector,
    table: String,
    statements: Option<Box<dyn RowStatements>>,
    repair: Repair,
}

impl<'a> Repairing<'a> {
    /// Statements for the `table` of the right side.
    ///
    /// # Errors
    /// `disk_failed` where there is no room for temporary files.
    pub fn new(inner: &'a mut dyn DifferenceSink, right: &'a dyn Connector, table: &str) -> Result<Self> {
        let repair =
            Repair { preamble: Vec::new(), deletes: Spool::new()?, updates: Spool::new()?, inserts: Spool::new()? };
        Ok(Self { inner, right, table: table.to_owned(), statements: None, repair })
    }

    /// What was gathered.
    #[must_use]
    pub fn finish(self) -> Repair {
        self.repair
    }

    fn statements(&self) -> Result<&dyn RowStatements> {
        let missing = || Error::permanent(ErrorCode::Internal, "differences came before the comparison began");
        self.statements.as_deref().ok_or_else(missing)
    }
}

#[async_trait]
impl DifferenceSink for Repairing<'_> {
    async fn begin(&mut self, report: &Report) -> Result<()> {
        // Refused before anything is read.
        if report.key.is_empty() {
            return Err(Error::permanent(ErrorCode::Unsupported, "rows without a key cannot be repaired one by one")
                .hint("Name the columns that tell rows apart in `key`."));
        }
        let key = report.key.len();
        let statements = self.right.row_statements(&self.table, key, &report.right_columns).await?;
        self.repair.preamble = statements.preamble();
        self.statements = Some(statements);
        self.inner.begin(report).await
    }

    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        match kind {
            DifferenceKind::Missing => {
                let statements = self.statements()?.insert(&records)?;
                self.repair.inserts.push(&statements)?;
            }
            DifferenceKind::Extra => {
                let statements = self.statements()?.delete(&records)?;
                self.repair.deletes.push(&statements)?;
            }
            // They come whole.
            DifferenceKind::Changed => {}
        }
        self.inner.take(kind, records).await
    }

    fn wants_changed_rows(&self) -> bool {
        true
    }

    async fn take_changed(&mut self, left: RecordBatch, right: RecordBatch) -> Result<()> {
        let statements = self.statements()?.update(&left)?;
        self.repair.updates.push(&statements)?;
        if self.inner.wants_changed_rows() {
            self.inner.take_changed(left, right).await?;
        }
        Ok(())
    }
}

/// Statements that make the right side equal the left.
pub struct Repair {
    preamble: Vec<String>,
    deletes: Spool,
    updates: Spool,
    inserts: Spool,
}

impl Repair {
    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.deletes.count + self.updates.count + self.inserts.count
    }

    /// Whether there is nothing to repair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What each session that runs the statements wants first.
    #[must_use]
    pub fn preamble(&self) -> &[String] {
        &self.preamble
    }

    /// Writes them as a script.
    ///
    /// # Errors
    /// `disk_failed`.
    pub fn write(&mut self, mut out: impl Write) -> Result<()> {
        let preamble = self.preamble.clone();
        for statement in &preamble {
            writeln!(out, "{statement};").map_err(|error| on_disk(&error))?;
        }
        self.rewind()?;
        while let Some(statements) = self.next()? {
            for statement in statements {
                writeln!(out, "{statement};").map_err(|error| on_disk(&error))?;
            }
        }
        out.flush().map_err(|error| on_disk(&error))
    }

    /// Begins with the first statement again.
    ///
    /// # Errors
    /// `disk_failed`.
    pub fn rewind(&mut self) -> Result<()> {
        [&mut self.deletes, &mut self.updates, &mut self.inserts].into_iter().try_for_each(Spool::rewind)
    }

    /// The next statements, some hundred at a time, in the order in which they are to be run.
    ///
    /// # Errors
    /// `disk_failed`.
    #[allow(clippy::should_implement_trait, reason = "reading may fail")]
    pub fn next(&mut self) -> Result<Option<Vec<String>>> {
        for spool in [&mut self.deletes, &mut self.updates, &mut self.inserts] {
            if let Some(statements) = spool.next()? {
                return Ok(Some(statements));
            }
        }
        Ok(None)
    }

    /// Runs them, some hundred in a transaction; tells how many were run. Where it fails half-way, it may be begun anew.
    ///
    /// # Errors
    /// `statement_failed`, or a connection error.
    pub async fn apply(&mut self, right: &dyn Connector) -> Result<u64> {
        let mut run = 0;
        self.rewind()?;
        while let Some(statements) = self.next()? {
            run += statements.len() as u64;
            let all: Vec<String> = self.preamble.iter().cloned().chain(statements).collect();
            right.execute(&all.join(";\n")).await?;
        }
        Ok(run)
    }
}

/// Statements in a temporary file, each after its length.
struct Spool {
    file: BufWriter<File>,
    count: u64,
    reading: Option<BufReader<File>>,
}

impl Spool {
    fn new() -> Result<Self> {
        let file = tempfile::tempfile().map_err(|error| on_disk(&error))?;
        Ok(Self { file: BufWriter::new(file), count: 0, reading: None })
    }

    fn push(&mut self, statements: &[String]) -> Result<()> {
        for statement in statements {
            let write = |file: &mut BufWriter<File>| {
                file.write_all(&(statement.len() as u64).to_le_bytes())?;
                file.write_all(statement.as_bytes())
            };
            write(&mut self.file).map_err(|error| on_disk(&error))?;
            self.count += 1;
        }
        Ok(())
    }

    fn rewind(&mut self) -> Result<()> {
        let mut open = || {
            self.file.flush()?;
            let mut file = self.file.get_ref().try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(BufReader::new(file))
        };
        self.reading = Some(open().map_err(|error| on_disk(&error))?);
        Ok(())
    }

    /// The statements of the next transaction.
    fn next(&mut self) -> Result<Option<Vec<String>>> {
        let Some(file) = &mut self.reading else { return Ok(None) };
        let (mut statements, mut bytes) = (Vec::new(), 0);
        while statements.len() < STATEMENTS && bytes < BYTES {
            let mut length = [0; 8];
            match file.read_exact(&mut length) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(on_disk(&error)),
            }
            let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
            let mut statement = String::new();
            file.by_ref().take(length as u64).read_to_string(&mut statement).map_err(|error| on_disk(&error))?;
            bytes += statement.len();
            statements.push(statement);
        }
        Ok((!statements.is_empty()).then_some(statements))
    }
}

fn on_disk(error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("the statements of a repair cannot be kept: {error}"))
}
