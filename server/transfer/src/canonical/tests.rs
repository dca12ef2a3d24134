#![allow(clippy::unwrap_used)]
use super::*;
use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Int32Array, StringViewArray, TimestampMicrosecondArray,
    TimestampSecondArray, UInt64Array,
};

fn check(left: impl Array + 'static, right: impl Array + 'static, equal: bool) {
    let (left, right): (ArrayRef, ArrayRef) = (Arc::new(left), Arc::new(right));
    for (left, right) in [(&left, &right), (&right, &left)] {
        let canonical = Canonical::of("x", left.data_type(), right.data_type(), false, Meaning::default()).unwrap();
        let (l, r) = (canonical.apply("x", left).unwrap(), canonical.apply("x", right).unwrap());
        assert_eq!(l.data_type(), &canonical.data_type());
        assert_eq!(l.as_ref() == r.as_ref(), equal, "{left:?} {right:?}");
    }
}

fn decimal(value: i128, precision: u8, scale: i8) -> Decimal128Array {
    Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap()
}

#[test]
fn values_are_equal_whatever_their_types() {
    check(Int32Array::from(vec![7]), Int64Array::from(vec![7]), true);
    check(UInt64Array::from(vec![u64::MAX]), Int64Array::from(vec![-1]), false);
    check(UInt64Array::from(vec![7]), Int64Array::from(vec![7]), true);
    check(decimal(750, 10, 2), decimal(75_000_000, 38, 7), true);
    check(decimal(750, 10, 2), Float64Array::from(vec![7.5]), true);
    check(decimal(10, 10, 2), Float32Array::from(vec![0.1]), true);
    check(Float64Array::from(vec![0.1]), Float32Array::from(vec![0.1]), true);
    check(Float64Array::from(vec![-0.0]), Float64Array::from(vec![0.0]), true);
    check(Float64Array::from(vec![f64::NAN]), Float64Array::from(vec![-f64::NAN]), true);
    check(BooleanArray::from(vec![true]), Int32Array::from(vec![1]), true);
    check(BooleanArray::from(vec![true]), StringArray::from(vec!["t"]), true);
    check(StringArray::from(vec!["007.50"]), decimal(750, 10, 2), true);
    check(StringArray::from(vec!["7.5e0"]), Float64Array::from(vec![7.5]), true);
    check(StringArray::from(vec!["seven"]), Int32Array::from(vec![7]), false);
    check(StringArray::from(vec!["a"]), StringViewArray::from(vec!["a"]), true);
    check(StringArray::from(vec!["a"]), StringArray::from(vec!["a "]), false);
    check(StringArray::from(vec!["a"]), BinaryArray::from(vec![b"a".as_slice()]), true);
    check(StringArray::from(vec!["2024-01-31"]), Date32Array::from(vec![19753]), true);
    check(StringArray::from(vec!["2024-01-31 00:00:00"]), Date32Array::from(vec![19753]), true);
    let zoned = TimestampMicrosecondArray::from(vec![19753 * 86_400_000_000]).with_timezone("Europe/Paris");
    check(zoned.clone(), TimestampSecondArray::from(vec![19753 * 86_400]), true);
    check(zoned.clone(), Date32Array::from(vec![19753]), true);
    check(zoned, StringArray::from(vec!["2024-01-31T01:00:00+01:00"]), true);
}

fn check_meaning(natives: (&str, &str), left: &str, right: impl Array + 'static, equal: bool) {
    let (left, right): (ArrayRef, ArrayRef) = (Arc::new(StringArray::from(vec![left])), Arc::new(right));
    let meaning = Meaning::of(natives.0, natives.1);
    let canonical = Canonical::of("x", left.data_type(), right.data_type(), false, meaning).unwrap();
    let (l, r) = (canonical.apply("x", &left).unwrap(), canonical.apply("x", &right).unwrap());
    assert_eq!(l.as_ref() == r.as_ref(), equal, "{left:?} {right:?}");
}

#[test]
fn a_system_s_own_types_say_what_counts() {
    let text = |text: &str| StringArray::from(vec![text.to_owned()]);
    check_meaning(("jsonb", "longtext"), r#"{"a": 1, "b": 2}"#, text(r#"{"b":2,"a":1.0}"#), true);
    check_meaning(("text", "longtext"), r#"{"a": 1}"#, text(r#"{"a":1}"#), false);
    check_meaning(("json", "json"), "[1,2]", text("[2,1]"), false);
    let uuid = "0a0b0c0d-0000-4000-8000-0000000000ff";
    check_meaning(("uuid", "char(36)"), uuid, text(&uuid.to_uppercase()), true);
    check_meaning(("uuid", "varchar(40)"), uuid, text(&format!("{{{uuid}}}")), true);
    let bytes = [10, 11, 12, 13, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 255];
    check_meaning(("uuid", "binary(16)"), uuid, BinaryArray::from(vec![bytes.as_slice()]), true);
    check_meaning(("character(5)", "char(5)"), "ab   ", text("ab"), true);
    check_meaning(("varchar(5)", "varchar(5)"), "ab ", text("ab"), false);
}

#[test]
fn leeway_says_what_makes_no_difference() {
    let apply = |leeway: &Leeway, array: ArrayRef| {
        let of = Canonical::of("x", array.data_type(), array.data_type(), false, Meaning::default()).unwrap();
        display(&of.with(leeway).unwrap().apply("x", &array).unwrap()).unwrap().value(0).to_owned()
    };
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text.to_owned()])) };
    let leeway = Leeway { trim: true, ignore_case: true, unicode: Some(UnicodeForm::Nfkc), ..Leeway::default() };
    assert_eq!(apply(&leeway, text(" E\u{301}\u{fb01} ")), "éfi");
    let at = |micros: i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![micros])) };
    let seconds = Leeway { time: Some(crate::diff::TimeUnit::Second), ..Leeway::default() };
    assert_eq!(apply(&seconds, at(1_999_999)), apply(&seconds, at(1_000_000)));
    assert_ne!(apply(&seconds, at(-1)), apply(&seconds, at(1)));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let of = Canonical::of("x", numbers.data_type(), numbers.data_type(), false, Meaning::default()).unwrap();
    assert!(of.with(&seconds).is_none());
}

#[test]
fn null_equals_only_null() {
    check(StringArray::from(vec![None::<&str>]), StringArray::from(vec!["null"]), false);
    check(StringArray::from(vec![None::<&str>]), StringArray::from(vec![""]), false);
    check(Int32Array::from(vec![None]), StringArray::from(vec![None::<&str>]), true);
    check(arrow::array::NullArray::new(1), Int32Array::from(vec![None]), true);
}

#[test]
fn numbers_have_one_spelling() {
    for (text, expected) in [
        ("0", Some("0")),
        ("-0.00", Some("0")),
        ("+12.340", Some("12.34")),
        ("75e-1", Some("7.5")),
        ("1.5E3", Some("1500")),
        (".5", Some("0.5")),
        ("-0.001e1", Some("-0.01")),
        ("", None),
        ("-", None),
        (".", None),
        ("1e9999999", None),
        ("１２", None),
        ("1,000", None),
    ] {
        assert_eq!(spell_number(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_number_and_a_date_are_refused() {
    let error = Canonical::of("day", &DataType::Int64, &DataType::Date32, false, Meaning::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unsupported);
    assert!(error.to_string().contains("`day`"), "{error}");
}
