//! Puts the rows of a source that cannot sort (a file) into the order of the key, in memory.

use crate::cursor::unreadable;
use crate::pairing::{Pairing, select};
use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};
use data::source::MemorySource;
use data::{BATCH_ROWS, Error, Result, Source};
use model::ErrorCode;

/// How many rows an unsorted side may have.
pub const MAX_ROWS: usize = 2_000_000;

/// The rows of `source` in the order of the pairing's key, with the columns `names` only.
///
/// # Errors
/// `unsupported` beyond [`MAX_ROWS`] rows, `value_refused` for a row that cannot be read, and whatever reading meets.
pub(crate) async fn sort(mut source: Box<dyn Source>, names: &[String], pairing: &Pairing) -> Result<Box<dyn Source>> {
    let (schema, _) = crate::pairing::select_schema(&source.schema(), names, names)?;
    let mut batches = Vec::new();
    let mut rows = 0;
    while let Some(batch) = source.next().await? {
        if let Some(rejected) = batch.rejected.filter(|rejected| rejected.num_rows() > 0) {
            return Err(unreadable(&rejected));
        }
        rows += batch.records.num_rows();
        if rows > MAX_ROWS {
            let message = format!("a file with more than {MAX_ROWS} rows cannot be compared directly");
            return Err(Error::permanent(ErrorCode::Unsupported, message)
                .hint("Write it into a table first, then compare the tables."));
        }
        batches.push(select(&batch.records, names, names)?);
    }
    let all = concat_batches(&schema, &batches)?;
    drop(batches);
    let canonical = pairing.canonical(&all)?;
    let keys = pairing.keys.convert_columns(&canonical[..pairing.key])?;
    let mut order: Vec<u32> = (0..u32::try_from(rows).expect("at most MAX_ROWS")).collect();
    order.sort_by(|left, right| keys.row(*left as usize).cmp(&keys.row(*right as usize)));
    let sorted = order
        .chunks(BATCH_ROWS)
        .map(|rows| Ok(take_record_batch(&all, &UInt32Array::from(rows.to_vec()))?))
        .collect::<Result<Vec<_>>>()?;
    Ok(Box::new(MemorySource::new(schema, sorted)))
}
