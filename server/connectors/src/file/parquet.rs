//! Parquet, read by the Arrow reader; a checkpoint is a row number, and row groups before it are not read at all.

use super::locate::{FileLocation, Stamp};
use super::opened::{BatchReader, OpenedFile, panicked};
use arrow::datatypes::SchemaRef;
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, SourceBatch};
use model::ErrorCode;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use std::fs::File;

/// How to read a Parquet file.
#[derive(Debug, Clone, Default)]
pub struct ParquetOptions {
    /// Which columns; empty: all. They come in the file's order.
    pub columns: Vec<String>,
    /// Where an earlier attempt stood.
    pub resume_at: Option<Checkpoint>,
}

/// Opens a Parquet file.
///
/// # Errors
/// `value_refused` for a file that is not Parquet or uses a compression other than snappy and zstd, `column_not_found`,
/// `replay_impossible` where the file has changed since the checkpoint.
pub async fn open_parquet(location: &FileLocation, options: ParquetOptions) -> Result<OpenedFile> {
    let location = location.clone();
    let reader = meter::spawn_blocking(move || Reader::open(&location, &options)).await.map_err(panicked)??;
    Ok(OpenedFile::new(Box::new(reader), Resume::Checkpoint))
}

struct Reader {
    name: String,
    file: File,
    stamp: Stamp,
    schema: SchemaRef,
    batches: ParquetRecordBatchReader,
    row: u64,
}

impl Reader {
    fn open(location: &FileLocation, options: &ParquetOptions) -> Result<Self> {
        let name = location.name().to_owned();
        let file = location.open()?;
        let stamp = Stamp::of_file(&file, &name)?;
        let row = options.resume_at.as_ref().map_or(Ok(0), |at| stamp.resume(at, &name))?;
        let twin = file.try_clone().map_err(|e| super::locate::unreadable(&name, &e))?;
        let refuse = |e: ParquetError| refused(&name, &e);
        // The writer's own Arrow types (dictionaries, views) would surprise the steps behind; Parquet's are plain.
        let settings = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(twin, settings).map_err(refuse)?;
        if !options.columns.is_empty() {
            let schema = builder.schema().clone();
            let mut wanted = Vec::new();
            for column in &options.columns {
                wanted.push(schema.index_of(column).map_err(|_| {
                    Error::permanent(ErrorCode::ColumnNotFound, format!("file `{name}` has no column `{column}`"))
                })?);
            }
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            builder = builder.with_projection(mask);
        }
        let offset = usize::try_from(row).unwrap_or(usize::MAX);
        let batches = builder.with_batch_size(BATCH_ROWS).with_offset(offset).build().map_err(refuse)?;
        let schema = arrow::record_batch::RecordBatchReader::schema(&batches);
        Ok(Self { name, file, stamp, schema, batches, row })
    }
}

impl BatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        None
    }

    fn next_batch(&mut self) -> Result<Option<SourceBatch>> {
        let Some(records) = self.batches.next() else {
            self.stamp.verify(&self.file, &self.name)?;
            return Ok(None);
        };
        let records = records.map_err(|e| {
            Error::permanent(ErrorCode::ValueRefused, format!("file `{}` cannot be read as Parquet: {e}", self.name))
        })?;
        self.row += records.num_rows() as u64;
        Ok(Some(SourceBatch { records, checkpoint: Some(self.stamp.checkpoint(self.row)), rejected: None }))
    }
}

fn refused(name: &str, error: &ParquetError) -> Error {
    Error::permanent(ErrorCode::ValueRefused, format!("file `{name}` cannot be read as Parquet: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Array, AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
    use arrow::record_batch::RecordBatch;
    use data::Source;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    fn file(rows: i64) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let numbers = Int64Array::from_iter_values(0..rows);
        let texts = StringArray::from_iter((0..rows).map(|n| (n % 3 > 0).then(|| format!("t{n}"))));
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(numbers) as Arc<dyn Array>),
            ("t", Arc::new(texts) as Arc<dyn Array>),
        ])
        .unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(5000)).build();
        let mut writer = ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        file
    }

    #[tokio::test]
    async fn a_second_attempt_goes_on_at_the_checkpoint() {
        let file = file(20_000);
        let location = FileLocation::own(file.path(), "in.parquet");
        let mut source = open_parquet(&location, ParquetOptions::default()).await.unwrap();
        assert_eq!(source.resume(), Resume::Checkpoint);
        let first = source.next().await.unwrap().unwrap();
        let resume_at = first.checkpoint;
        let options = ParquetOptions { columns: vec!["n".into()], resume_at: resume_at.clone() };
        let mut source = open_parquet(&location, options).await.unwrap();
        let mut next = i64::try_from(first.records.num_rows()).unwrap();
        while let Some(batch) = source.next().await.unwrap() {
            for value in batch.records.column(0).as_primitive::<Int64Type>().values() {
                assert_eq!(*value, next);
                next += 1;
            }
        }
        assert_eq!(next, 20_000);
        std::fs::write(file.path(), b"other").unwrap();
        let options = ParquetOptions { columns: Vec::new(), resume_at };
        let error = open_parquet(&location, options).await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::ReplayImpossible);
    }

    #[tokio::test]
    async fn what_is_not_parquet_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for content in [&b""[..], b"PAR1", b"PAR1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaPAR1", &[0xFF; 4096]] {
            std::fs::write(file.path(), content).unwrap();
            let location = FileLocation::own(file.path(), "in.parquet");
            let error = open_parquet(&location, ParquetOptions::default()).await.err().unwrap();
            assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
        }
    }
}
