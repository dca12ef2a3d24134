//! Checksums: each database sums up its rows bucket by bucket in one pass, and only buckets whose sums differ are read.
//!
//! Sums that are equal mean rows that are equal; sums that differ mean nothing but that the bucket must be looked at, which the
//! merge then does exactly, tolerances and all. A column of a type that has no common form cannot be in a hash; then all is merged.

use super::plan::Plan;
use super::{DiffOptions, Side, Totals};
use arrow::datatypes::DataType;
use data::checksum::{Bucket, Buckets, ChecksumRequest, Form};
use data::connector::Relation;
use data::{Connector, Error, KeyPart, KeyRange, Result, SplitRequest};
use futures::future::try_join;
use model::ErrorCode;
use std::collections::BTreeMap;

/// Rows of a bucket, about.
const BUCKET_ROWS: u64 = 5_000;
/// Buckets at most.
const MOST: u64 = 10_000;
/// Rows of a bucket by hash, about: differences lie scattered over them, so that smaller ones leave less to be read.
const HASHED_ROWS: u64 = 250;
/// Such buckets at most.
const MOST_HASHED: u64 = 20_000;

/// The form in which equal texts mean equal values; none where there is no such form.
///
/// Values that are equal by what they mean only (UUIDs in capitals, JSON in another order, blanks that fill a column up) may be
/// written differently: their buckets are read, and the merge finds them equal.
pub(super) fn form(left: &DataType, right: &DataType) -> Option<Form> {
    let instant = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..));
    let whole = |data_type: &DataType| data_type.is_integer() || *data_type == DataType::Boolean;
    match (left, right) {
        (left, right) if whole(left) && whole(right) => Some(Form::Integer),
        (
            DataType::Decimal128(_, l) | DataType::Decimal256(_, l),
            DataType::Decimal128(_, r) | DataType::Decimal256(_, r),
        ) if l == r => Some(Form::Decimal),
        (DataType::Float64, DataType::Float64) => Some(Form::Double),
        (DataType::Utf8, DataType::Utf8) => Some(Form::Text),
        (DataType::Binary, DataType::Binary) => Some(Form::Bytes),
        (DataType::Date32, DataType::Date32) => Some(Form::Date),
        (DataType::Time64(_), DataType::Time64(_)) => Some(Form::Time),
        (left, right) if instant(left) && instant(right) => Some(Form::Instant),
        _ => None,
    }
}

impl Plan {
    /// Sums both sides up and leaves only what differs to be read; tells what the rest holds.
    pub(super) async fn reduce(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        options: &DiffOptions,
        rows: u64,
    ) -> Result<Totals> {
        let forms = self.forms.clone().map_err(|why| Error::permanent(ErrorCode::Unsupported, why))?;
        if options.sample_rows.is_some() {
            return Err(Error::permanent(ErrorCode::Unsupported, "a sample is compared"));
        }
        self.hold(left.0, right.0, std::ptr::addr_eq(left.0, right.0)).await?;
        let spans = match (self.names.key, forms[0]) {
            (1, Form::Integer) => self.by_spans(left, right, &forms, rows).await,
            _ => Err(Error::permanent(ErrorCode::Unsupported, "the key is not one whole number")),
        };
        match spans {
            // A key that may be NULL, or is a boolean, say.
            Err(error) if error.code() == ErrorCode::Unsupported => self.by_hash(left, right, &forms, rows).await,
            done => done,
        }
    }

    /// Buckets of neighboring keys, which an index finds again.
    async fn by_spans(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        forms: &[Form],
        rows: u64,
    ) -> Result<Totals> {
        let width = self.bucket_width(left, right, rows).await?;
        let span = |column: &String| Buckets::Spans { column: column.clone(), width };
        let (left_buckets, right_buckets) = (span(&self.names.left[0]), span(&self.names.right[0]));
        let left_request = self.request(left.1, "left", left_buckets, forms)?;
        let right_request = self.request(right.1, "right", right_buckets, forms)?;
        let (equal, bad) = sums((left.0, &left_request), (right.0, &right_request)).await?;
        self.because(format!(
            "sums of {} buckets of keys were compared, {} of them are read",
            equal.buckets + bad.len(),
            bad.len()
        ));
        self.ranges = ranges(&bad, width);
        self.reduced = true;
        Ok(equal.totals())
    }

    /// Buckets by a hash of the key, whatever it is; both tables are looked at once more for what differs.
    async fn by_hash(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        forms: &[Form],
        rows: u64,
    ) -> Result<Totals> {
        let count = u32::try_from((rows / HASHED_ROWS).clamp(16, MOST_HASHED)).expect("few buckets");
        let hashed = Buckets::Hashed { columns: self.names.key, count };
        let left_request = self.request(left.1, "left", hashed.clone(), forms)?;
        let right_request = self.request(right.1, "right", hashed, forms)?;
        let (equal, bad) = sums((left.0, &left_request), (right.0, &right_request)).await?;
        let told = format!(
            "sums of {} buckets by a hash of the key were compared, {} of them differ",
            equal.buckets + bad.len(),
            bad.len()
        );
        if bad.len() > equal.buckets {
            self.because(format!("{told}: so many that all rows are read"));
            return Ok(Totals::default());
        }
        self.because(told);
        if bad.is_empty() {
            self.reduced = true;
        } else {
            let filters =
                try_join(left.0.bucket_filter(&left_request, &bad), right.0.bucket_filter(&right_request, &bad))
                    .await?;
            self.only = Some([filters.0, filters.1]);
        }
        Ok(equal.totals())
    }

    fn request(&self, side: &Side, name: &str, buckets: Buckets, forms: &[Form]) -> Result<ChecksumRequest> {
        let Relation::Table(table) = &side.relation else {
            return Err(Error::permanent(ErrorCode::Unsupported, "a query is not summed up"));
        };
        let (names, snapshot) = match name {
            "left" => (&self.names.left, self.moments.left()),
            _ => (&self.names.right, self.moments.right()),
        };
        Ok(ChecksumRequest {
            table: table.clone(),
            filter: side.filter.clone(),
            buckets,
            columns: names.iter().cloned().zip(forms.iter().copied()).collect(),
            snapshot,
        })
    }

    /// How many numbers a bucket spans, so that it has about [`BUCKET_ROWS`] rows.
    async fn bucket_width(
        &self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        rows: u64,
    ) -> Result<i64> {
        let ends = async |(connector, side): (&dyn Connector, &Side), key: Vec<String>| {
            let request = SplitRequest { relation: side.relation.clone(), filter: side.filter.clone(), key, parts: 64 };
            let bounds = connector.split(&request).await?.bounds;
            let number = |bound: Option<&Vec<KeyPart>>| match bound?.first()? {
                KeyPart::Number(text) => text.parse::<i128>().ok(),
                _ => None,
            };
            Ok::<_, Error>(number(bounds.first()).zip(number(bounds.last())))
        };
        let found = try_join(ends(left, self.names.key_of("left")), ends(right, self.names.key_of("right"))).await?;
        let ends = [found.0, found.1].into_iter().flatten();
        let span = ends.map(|(from, to)| (to - from).max(0)).max().unwrap_or(0);
        let buckets = i128::from((rows / BUCKET_ROWS).clamp(16, MOST));
        Ok(i64::try_from((span / buckets).max(1)).unwrap_or(i64::MAX))
    }
}

/// What equal buckets hold.
#[derive(Default)]
struct Equal {
    buckets: usize,
    rows: u64,
}

impl Equal {
    fn totals(&self) -> Totals {
        Totals { left_rows: self.rows, right_rows: self.rows, equal: self.rows, ..Totals::default() }
    }
}

/// The sums of both sides, compared.
async fn sums(
    left: (&dyn Connector, &ChecksumRequest),
    right: (&dyn Connector, &ChecksumRequest),
) -> Result<(Equal, Vec<i64>)> {
    let (left, right) = try_join(left.0.checksum(left.1), right.0.checksum(right.1)).await?;
    Ok(compare(left, right))
}

/// The buckets of both sides that differ, in order.
fn compare(left: Vec<Bucket>, right: Vec<Bucket>) -> (Equal, Vec<i64>) {
    let mut left: BTreeMap<i64, Bucket> = left.into_iter().map(|bucket| (bucket.number, bucket)).collect();
    let mut equal = Equal::default();
    let mut bad = Vec::new();
    for bucket in right {
        match left.remove(&bucket.number) {
            Some(other) if other == bucket => {
                equal.buckets += 1;
                equal.rows += bucket.rows;
            }
            _ => bad.push(bucket.number),
        }
    }
    bad.extend(left.into_keys());
    bad.sort_unstable();
    (equal, bad)
}

/// The keys of buckets, neighbors as one range.
fn ranges(buckets: &[i64], width: i64) -> Vec<KeyRange> {
    let bound = |bucket: i128| Some(vec![KeyPart::Number((bucket * i128::from(width)).to_string())]);
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for bucket in buckets {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *bucket => *last = *bucket,
            _ => ranges.push((*bucket, *bucket)),
        }
    }
    let range = |(from, to): (i64, i64)| KeyRange { from: bound(from.into()), to: bound(i128::from(to) + 1) };
    ranges.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_that_differ_become_ranges() {
        let bucket = |number, rows, sum: &str| Bucket { number, rows, sums: (sum.to_owned(), "0".to_owned()) };
        let left = vec![bucket(-1, 3, "7"), bucket(0, 5, "1"), bucket(1, 5, "2"), bucket(4, 1, "3")];
        let right = vec![bucket(0, 5, "1"), bucket(1, 5, "9"), bucket(2, 1, "1"), bucket(4, 2, "3")];
        let (equal, bad) = compare(left, right);
        assert_eq!((equal.buckets, equal.rows, bad.as_slice()), (1, 5, [-1, 1, 2, 4].as_slice()));
        let number = |n: i64| Some(vec![KeyPart::Number(n.to_string())]);
        let range = |from, to| KeyRange { from: number(from), to: number(to) };
        assert_eq!(ranges(&bad, 10), [range(-10, 0), range(10, 30), range(40, 50)]);
    }
}
