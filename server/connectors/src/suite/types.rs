use super::world::*;
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::{DataType, i256};
use data::{System, WriteOptions};
use std::sync::Arc;

async fn check(world: &World, records: &RecordBatch) {
    world.write(WriteOptions::append("t"), records).await.unwrap();
    let read = world.rows("t", &["id"]).await;
    for (field, (expected, found)) in records.schema().fields().iter().zip(records.columns().iter().zip(read.columns()))
    {
        // MySQL has no boolean (its `BOOLEAN` is a one-byte integer) and no instant outside the years 1970 to 2038.
        let expected = match expected.data_type() {
            DataType::Boolean if world.is(System::Mysql) => &cast(expected, &DataType::Int8).unwrap(),
            DataType::Timestamp(unit, Some(_)) if world.is(System::Mysql) => {
                &cast(expected, &DataType::Timestamp(*unit, None)).unwrap()
            }
            _ => expected,
        };
        assert_eq!(expected.data_type(), found.data_type(), "type of `{}`", field.name());
        assert_eq!(expected, found, "values of `{}`", field.name());
    }
}

fn ids(count: i64) -> (&'static str, ArrayRef) {
    ("id", Arc::new((0..count).collect::<Int64Array>()))
}

pub(super) async fn all_types_survive_a_round_trip(world: &World) {
    const DAY: i64 = 86_400_000_000;
    let years = if world.is(System::Mysql) { (-354_285i64, 2_932_896i64) } else { (-719_162, 2_932_896) };
    let zoned = |values: Vec<Option<i64>>| TimestampMicrosecondArray::from(values).with_timezone("UTC");
    let instants = if world.is(System::Mysql) {
        vec![Some(1_000_000), Some(2_147_483_646_999_999), None, Some(1_700_000_000_123_456)]
    } else {
        vec![Some(years.0 * DAY), Some(years.1 * DAY + DAY - 1), None, Some(-1)]
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ids(4),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("small", Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None, Some(0)]))),
        ("int", Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None, Some(-1)]))),
        ("big", Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None, Some(0)]))),
        ("single", Arc::new(Float32Array::from(vec![Some(f32::MIN), Some(1.5e-30), None, Some(0.1)]))),
        ("double", Arc::new(Float64Array::from(vec![Some(f64::MAX), Some(5e-300), None, Some(0.1)]))),
        (
            "money",
            Arc::new(
                Decimal128Array::from(vec![Some(999_999_999_999_999_999), Some(-1), None, Some(1_000_000)])
                    .with_precision_and_scale(18, 4)
                    .unwrap(),
            ),
        ),
        ("text", Arc::new(StringArray::from(vec![Some(""), Some("it's \\ \"日本\" 🦀\n\t%_"), None, Some("NULL")]))),
        ("bytes", Arc::new(BinaryArray::from_opt_vec(vec![Some(b""), Some(b"\x00\xff'\\"), None, Some(b"abc")]))),
        ("day", Arc::new(Date32Array::from(vec![Some(years.0 as i32), Some(years.1 as i32), None, Some(19_782)]))),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(years.0 * DAY),
                Some(years.1 * DAY + DAY - 1),
                None,
                Some(-1),
            ])),
        ),
    ];
    if !world.is(System::Mysql) {
        // The `TIME` of MySQL reaches past a day and is read as text.
        let hours = Time64MicrosecondArray::from(vec![Some(0), Some(DAY - 1), None, Some(1)]);
        columns.push(("hour", Arc::new(hours)));
    }
    columns.push(("moment", Arc::new(zoned(instants))));
    check(world, &records(columns)).await;
}

pub(super) async fn a_column_of_nulls_survives(world: &World) {
    check(
        world,
        &records(vec![
            ids(2),
            ("text", Arc::new(StringArray::from(vec![None::<&str>, None]))),
            ("double", Arc::new(Float64Array::from(vec![None, None]))),
        ]),
    )
    .await;
}

pub(super) async fn wide_decimals_survive(world: &World) {
    let largest = 10i128.pow(38) - 1;
    let wide =
        Decimal128Array::from(vec![Some(largest), Some(-largest), Some(1), None]).with_precision_and_scale(38, 10);
    let mut columns: Vec<(&str, ArrayRef)> = vec![ids(4), ("wide", Arc::new(wide.unwrap()))];
    // MySQL's decimals end at 65 digits, 30 of them behind the point.
    let (digits, scale) = if world.is(System::Mysql) { (65, 30) } else { (76, 20) };
    let largest = i256::from_string(&"9".repeat(usize::from(digits))).unwrap();
    let wider = Decimal256Array::from(vec![Some(largest), Some(largest.wrapping_neg()), Some(i256::ONE), None])
        .with_precision_and_scale(digits, scale);
    columns.push(("wider", Arc::new(wider.unwrap())));
    check(world, &records(columns)).await;
}

pub(super) async fn large_values_survive(world: &World) {
    let text = "ü🦀x".repeat(100_000);
    check(
        world,
        &records(vec![
            ids(3),
            ("text", Arc::new(StringArray::from(vec![Some(text.as_str()), None, Some("x")]))),
            ("bytes", Arc::new(BinaryArray::from_opt_vec(vec![None, Some(text.as_bytes()), Some(b"x")]))),
        ]),
    )
    .await;
}
