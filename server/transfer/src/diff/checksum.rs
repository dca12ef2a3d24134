//! Checksums: each database sums up its rows bucket by bucket in one pass, and only buckets whose sums differ are read.
//!
//! Sums that are equal mean rows that are equal; sums that differ mean nothing but that the bucket must be looked at, which the
//! merge then does exactly. A column whose values are not written alike on both systems cannot be in a hash; then all is merged.

use super::plan::Plan;
use super::{DiffOptions, Side, Totals};
use crate::canonical::Canonical;
use arrow::datatypes::DataType;
use data::checksum::{Bucket, ChecksumRequest, Form};
use data::connector::Relation;
use data::{Connector, Error, KeyPart, KeyRange, Result, SplitRequest};
use futures::future::try_join;
use model::ErrorCode;
use std::collections::BTreeMap;

/// Rows of a bucket, about.
const BUCKET_ROWS: u64 = 5_000;
/// Buckets at most.
const MOST: u64 = 10_000;

/// The form in which values of two columns are written alike; none where there is no such form.
pub(super) fn form(canonical: &Canonical, left: &DataType, right: &DataType) -> Option<Form> {
    let instant = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..));
    let whole = |data_type: &DataType| data_type.is_integer() || *data_type == DataType::Boolean;
    match (left, right) {
        (left, right) if whole(left) && whole(right) => Some(Form::Integer),
        (
            DataType::Decimal128(_, l) | DataType::Decimal256(_, l),
            DataType::Decimal128(_, r) | DataType::Decimal256(_, r),
        ) if l == r => Some(Form::Decimal),
        // Not where text is compared by anything but its bytes.
        (DataType::Utf8, DataType::Utf8) if matches!(canonical, Canonical::Cast(_)) => Some(Form::Text),
        (DataType::Binary, DataType::Binary) => Some(Form::Bytes),
        (DataType::Date32, DataType::Date32) => Some(Form::Date),
        (left, right) if instant(left) && instant(right) => Some(Form::Instant),
        _ => None,
    }
}

impl Plan {
    /// Sums both sides up and leaves only the ranges whose sums differ; tells what the others hold.
    pub(super) async fn reduce(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        options: &DiffOptions,
        rows: u64,
    ) -> Result<Totals> {
        let forms = self.forms.clone().map_err(|why| Error::permanent(ErrorCode::Unsupported, why))?;
        let [left_key, right_key] = ["left", "right"].map(|side| self.names.key_of(side));
        if left_key.len() != 1 || options.tolerance.values().next().is_some() {
            let why = "checksums need a key of one whole number, and no tolerance";
            return Err(Error::permanent(ErrorCode::Unsupported, why));
        }
        let width = self.bucket_width(left, right, rows).await?;
        let request = |side: &Side, key: &[String], names: &[String]| -> Result<ChecksumRequest> {
            let Relation::Table(table) = &side.relation else {
                return Err(Error::permanent(ErrorCode::Unsupported, "a query is not summed up"));
            };
            Ok(ChecksumRequest {
                table: table.clone(),
                filter: side.filter.clone(),
                key: key[0].clone(),
                width,
                columns: names.iter().cloned().zip(forms.iter().copied()).collect(),
            })
        };
        let left_request = request(left.1, &left_key, &self.names.left)?;
        let right_request = request(right.1, &right_key, &self.names.right)?;
        let (left_sums, right_sums) =
            try_join(left.0.checksum(&left_request), right.0.checksum(&right_request)).await?;
        let (equal, bad) = compare(left_sums, right_sums);
        self.because(format!(
            "sums of {} buckets of keys were compared, {} of them are read",
            equal.buckets + bad.len(),
            bad.len()
        ));
        self.ranges = ranges(&bad, width);
        self.reduced = true;
        let rows = equal.rows;
        Ok(Totals { left_rows: rows, right_rows: rows, equal: rows, ..Totals::default() })
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
