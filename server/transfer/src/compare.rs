//! Whole runs of rows compared at once: the path nearly every row takes.
//!
//! Where two batches hold the same values from some row on, one comparison of memory a column says so for thousands of
//! rows. Only where they differ does the merge look at single rows. Both sides are in canonical form, so equal means the same bits.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, GenericByteArray, PrimitiveArray, downcast_primitive_array,
    make_comparator,
};
use arrow::buffer::NullBuffer;
use arrow::compute::SortOptions;
use arrow::datatypes::{ArrowNativeType, ArrowNativeTypeOp, ByteArrayType, DataType, ToByteSlice};
use data::Result;
use std::cmp::Ordering;

/// How many of the next `rows` rows, from `left_at` and `right_at` on, are equal in all columns, up to the first that is not.
pub(crate) fn equal_rows(left: &[ArrayRef], left_at: usize, right: &[ArrayRef], right_at: usize, rows: usize) -> usize {
    left.iter().zip(right).fold(
        rows,
        |rows, (left, right)| {
            if rows == 0 { 0 } else { Run { left_at, right_at, rows }.equal(left, right) }
        },
    )
}

/// Rows of two columns, from a place in each.
#[derive(Clone, Copy)]
struct Run {
    left_at: usize,
    right_at: usize,
    rows: usize,
}

impl Run {
    fn equal(self, left: &ArrayRef, right: &ArrayRef) -> usize {
        downcast_primitive_array! {
            (left, right) => self.primitive(left, right),
            (DataType::Utf8, DataType::Utf8) => self.bytes(left.as_string::<i32>(), right.as_string::<i32>()),
            (DataType::LargeUtf8, DataType::LargeUtf8) => self.bytes(left.as_string::<i64>(), right.as_string::<i64>()),
            (DataType::Binary, DataType::Binary) => self.bytes(left.as_binary::<i32>(), right.as_binary::<i32>()),
            (DataType::LargeBinary, DataType::LargeBinary) => self.bytes(left.as_binary::<i64>(), right.as_binary::<i64>()),
            (DataType::Boolean, DataType::Boolean) => {
                let (l, r) = (left.as_boolean(), right.as_boolean());
                let same = l.values().slice(self.left_at, self.rows) == r.values().slice(self.right_at, self.rows);
                self.settle(same, left.nulls(), right.nulls(), |left, right| l.value(left) == r.value(right))
            }
            _ => self.settle(false, left.nulls(), right.nulls(), |l, r| {
                left.slice(l, 1).as_ref() == right.slice(r, 1).as_ref()
            })
        }
    }

    fn primitive<T: ArrowPrimitiveType>(self, left: &PrimitiveArray<T>, right: &PrimitiveArray<T>) -> usize {
        let (l, r) = (left.values(), right.values());
        let (run_left, run_right) = (&l[self.left_at..][..self.rows], &r[self.right_at..][..self.rows]);
        let same = run_left.to_byte_slice() == run_right.to_byte_slice();
        self.settle(same, left.nulls(), right.nulls(), |left, right| l[left].is_eq(r[right]))
    }

    fn bytes<T: ByteArrayType>(self, left: &GenericByteArray<T>, right: &GenericByteArray<T>) -> usize {
        let ends = |offsets: &[T::Offset], at: usize| {
            let run = &offsets[at..=at + self.rows];
            (run[0].as_usize(), run[self.rows].as_usize())
        };
        let ((left_from, left_to), (right_from, right_to)) =
            (ends(left.value_offsets(), self.left_at), ends(right.value_offsets(), self.right_at));
        let same = left_to - left_from == right_to - right_from
            && {
                let left = left.value_offsets()[self.left_at..=self.left_at + self.rows].windows(2);
                let right = right.value_offsets()[self.right_at..=self.right_at + self.rows].windows(2);
                left.zip(right).all(|(left, right)| left[1] - left[0] == right[1] - right[0])
            }
            && left.value_data()[left_from..left_to] == right.value_data()[right_from..right_to];
        self.settle(same, left.nulls(), right.nulls(), |l, r| {
            let (left, right): (&[u8], &[u8]) = (left.value(l).as_ref(), right.value(r).as_ref());
            left == right
        })
    }

    /// How many rows are equal: all where the values are the `same` throughout and so are the NULLs, else as far as a look
    /// at each finds.
    fn settle(
        self,
        same: bool,
        left: Option<&NullBuffer>,
        right: Option<&NullBuffer>,
        equal: impl Fn(usize, usize) -> bool,
    ) -> usize {
        let same_nulls = match (left, right) {
            (None, None) => true,
            (left, right) => {
                let nulls = |nulls: Option<&NullBuffer>, at: usize| nulls.map(|nulls| nulls.slice(at, self.rows));
                let (left, right) = (nulls(left, self.left_at), nulls(right, self.right_at));
                match (&left, &right) {
                    (Some(left), Some(right)) => left.inner() == right.inner(),
                    (Some(only), None) | (None, Some(only)) => only.null_count() == 0,
                    (None, None) => true,
                }
            }
        };
        if same && same_nulls {
            return self.rows;
        }
        let is_null = |nulls: Option<&NullBuffer>, row: usize| nulls.is_some_and(|nulls| nulls.is_null(row));
        // What lies beneath a NULL means nothing.
        (0..self.rows)
            .position(|row| {
                let (l, r) = (self.left_at + row, self.right_at + row);
                match (is_null(left, l), is_null(right, r)) {
                    (false, false) => !equal(l, r),
                    (left, right) => left != right,
                }
            })
            .unwrap_or(self.rows)
    }
}

/// Whether the rows come in ascending order, NULL first, after the one row of `before`.
pub(crate) fn in_order(before: Option<&[ArrayRef]>, columns: &[ArrayRef]) -> Result<bool> {
    let rows = columns.first().map_or(0, |column| column.len());
    if rows == 0 {
        return Ok(true);
    }
    if let Some(before) = before
        && compare(before, columns)?(0, 0) == Ordering::Greater
    {
        return Ok(false);
    }
    if let [column] = columns
        && column.null_count() == 0
        && let Some(ascending) = ascending(column)
    {
        return Ok(ascending);
    }
    let compare = compare(columns, columns)?;
    Ok((1..rows).all(|row| compare(row - 1, row) != Ordering::Greater))
}

fn ascending(column: &ArrayRef) -> Option<bool> {
    fn primitive<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>) -> bool {
        column.values().windows(2).all(|pair| pair[0].is_le(pair[1]))
    }
    downcast_primitive_array! {
        column => Some(primitive(column)),
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            Some((1..texts.len()).all(|row| texts.value(row - 1).as_bytes() <= texts.value(row).as_bytes()))
        },
        _ => None
    }
}

type Compare = Box<dyn Fn(usize, usize) -> Ordering + Send + Sync>;

fn compare(left: &[ArrayRef], right: &[ArrayRef]) -> Result<Compare> {
    let columns = left.iter().zip(right);
    let each: Vec<_> =
        columns.map(|(left, right)| make_comparator(left, right, SortOptions::default())).collect::<Result<_, _>>()?;
    Ok(Box::new(move |left, right| {
        each.iter().map(|compare| compare(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray};
    use arrow::datatypes::Int32Type;
    use std::sync::Arc;

    /// Compares at every pair of places with every length, against a look at each row.
    fn check(left: impl Array + 'static, right: impl Array + 'static) {
        let (left, right): (ArrayRef, ArrayRef) = (Arc::new(left), Arc::new(right));
        for left_at in 0..=left.len() {
            for right_at in 0..=right.len() {
                for rows in 0..=(left.len() - left_at).min(right.len() - right_at) {
                    let expected = (0..rows)
                        .position(|row| {
                            left.slice(left_at + row, 1).as_ref() != right.slice(right_at + row, 1).as_ref()
                        })
                        .unwrap_or(rows);
                    let found =
                        equal_rows(std::slice::from_ref(&left), left_at, std::slice::from_ref(&right), right_at, rows);
                    assert_eq!(found, expected, "{left:?} {right:?} {left_at} {right_at} {rows}");
                }
            }
        }
    }

    #[test]
    fn runs_end_at_the_first_difference() {
        let numbers = [Some(1), None, Some(3), Some(0), None, Some(7)];
        check(Int64Array::from(numbers.to_vec()), Int64Array::from(vec![Some(1), None, Some(3), None, None, Some(7)]));
        check(Int64Array::from(numbers.to_vec()), Int64Array::from(vec![1, 0, 3, 0, 0, 7]));
        check(Int64Array::from(numbers.to_vec()).slice(1, 5), Int64Array::from(numbers.to_vec()).slice(2, 3));
        let texts = vec![Some("a"), Some(""), None, Some("é😀"), Some("ab"), Some("c")];
        check(StringArray::from(texts.clone()), StringArray::from(texts.clone()));
        check(
            StringArray::from(texts.clone()),
            StringArray::from(vec![Some("a"), None, Some(""), Some("é?"), Some("a"), Some("bc")]),
        );
        check(StringArray::from(texts).slice(2, 4), StringArray::from(vec![None, Some("é😀"), Some("ab"), Some("c")]));
        let bytes = BinaryArray::from(vec![Some(b"\0".as_slice()), Some(b""), Some(b"\xff")]);
        check(bytes.clone(), bytes);
        check(
            BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]),
            BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]),
        );
        let decimals = Decimal128Array::from(vec![1, 2, 3]).with_precision_and_scale(12, 2).unwrap();
        check(decimals.clone(), decimals);
        let lists = vec![Some(vec![Some(1)]), None, Some(vec![])];
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
        check(lists.clone(), lists);
    }

    #[test]
    fn floats_are_equal_to_the_last_bit() {
        let left: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 0.1 + 0.2, 1.0]));
        let right: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 0.3, 1.0]));
        assert_eq!(equal_rows(std::slice::from_ref(&left), 0, std::slice::from_ref(&left), 0, 3), 3);
        assert_eq!(equal_rows(&[left], 0, &[right], 0, 3), 1);
    }

    #[test]
    fn order_is_seen_within_and_across_batches() {
        let ints = |values: &[Option<i64>]| -> ArrayRef { Arc::new(Int64Array::from(values.to_vec())) };
        let check = |before: Option<ArrayRef>, column: ArrayRef, expected: bool| {
            let before = before.as_ref().map(std::slice::from_ref);
            assert_eq!(in_order(before, std::slice::from_ref(&column)).unwrap(), expected);
        };
        check(None, ints(&[None, Some(1), Some(1), Some(2)]), true);
        check(None, ints(&[Some(2), Some(1)]), false);
        check(None, ints(&[Some(2), None]), false);
        check(Some(ints(&[Some(2)])), ints(&[Some(2), Some(3)]), true);
        check(Some(ints(&[Some(3)])), ints(&[Some(2), Some(3)]), false);
        check(None, Arc::new(StringArray::from(vec!["Z", "a", "é"])), true);
        check(None, Arc::new(StringArray::from(vec!["a", "Z"])), false);
        let pair = [ints(&[Some(1), Some(1), Some(2)]), ints(&[Some(1), Some(2), Some(0)])];
        assert!(in_order(None, &pair).unwrap());
        let pair = [ints(&[Some(1), Some(1)]), ints(&[Some(2), Some(1)])];
        assert!(!in_order(None, &pair).unwrap());
    }
}
