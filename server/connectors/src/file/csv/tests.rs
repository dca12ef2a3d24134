#![allow(clippy::unwrap_used)]
use super::*;
use arrow::util::display::array_value_to_string;
use data::Source;
use std::fmt::Write as _;

/// The columns with their types, the rows, then the rejected rows, one a line.
async fn read(bytes: &[u8], options: CsvOptions) -> Result<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut source = open_csv(&FileLocation::own(file.path(), "in.csv"), options).await?;
    let mut shown = String::new();
    for field in source.schema().fields() {
        write!(shown, "{}:{} ", field.name(), field.data_type()).unwrap();
    }
    let mut rejects = String::new();
    while let Some(batch) = source.next().await? {
        print(&batch.records, "", &mut shown);
        if let Some(rejected) = batch.rejected {
            assert_eq!(Some(rejected.schema()), source.rejected_schema());
            print(&rejected, "! ", &mut rejects);
        }
    }
    Ok(shown.replace(" \n", "\n").trim_end().to_owned() + &rejects)
}

fn print(records: &RecordBatch, mark: &str, out: &mut String) {
    for row in 0..records.num_rows() {
        let values: Vec<String> = records
            .columns()
            .iter()
            .map(|c| if c.is_null(row) { "NULL".into() } else { array_value_to_string(c, row).unwrap() })
            .collect();
        write!(out, "\n{mark}{}", values.join("|")).unwrap();
    }
}

async fn check(text: &str, options: CsvOptions, expected: &str) {
    assert_eq!(read(text.as_bytes(), options).await.unwrap(), expected, "{text:?}");
}

async fn check_error(text: &[u8], options: CsvOptions, code: ErrorCode, part: &str) {
    let error = read(text, options).await.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

fn typed(columns: &[(&str, &str)]) -> CsvOptions {
    let columns = columns.iter().map(|(n, k)| ((*n).to_owned(), ColumnType::parse(k).unwrap())).collect();
    CsvOptions { columns, ..CsvOptions::default() }
}

#[tokio::test]
async fn types_are_inferred_and_nothing_is_lost() {
    check(
        "\u{feff}day,close,volume,code,name\n2000-01-03,1455.219971,931800000,007,\"a, \"\"b\"\"\"\n2000-01-04,1399.420044,,00M,\"\"\n",
        CsvOptions::default(),
        "day:Date32 close:Float64 volume:Int64 code:Utf8 name:Utf8\n2000-01-03|1455.219971|931800000|007|a, \"b\"\n2000-01-04|1399.420044|NULL|00M|",
    )
    .await;
}

#[tokio::test]
async fn a_header_alone_gives_columns_and_no_row() {
    check("a,,c\n", CsvOptions::default(), "a:Utf8 column_2:Utf8 c:Utf8").await;
}

#[tokio::test]
async fn ragged_and_badly_quoted_rows_are_rejected_by_line_and_the_others_go_on() {
    check(
        "a,b\n1,2\n3\n4,5,6\n\"x\"y,7\n8,9\n",
        CsvOptions::default(),
        "a:Int64 b:Int64\n1|2\n8|9\n\
         ! 3|NULL|3|fields|1 fields where the file has 2 columns\n\
         ! 4|5|4|fields|3 fields where the file has 2 columns; the first one too many is `6`\n\
         ! \"x\"y|7|5|quoting|text follows a closing quote; a quote within a quoted field is written twice",
    )
    .await;
}

#[tokio::test]
async fn a_value_that_is_not_of_its_named_type_rejects_its_row_and_leaves_no_trace() {
    check(
        "s,n,d\n\"two\nlines\",1,2024-01-02\ny,abc,2024-01-03\nz,3,2024-13-01\nw,,\n",
        typed(&[("n", "int64"), ("d", "date")]),
        "s:Utf8 n:Int64 d:Date32\ntwo\nlines|1|2024-01-02\nw|NULL|NULL\n\
         ! y|abc|2024-01-03|4|type|column `n`: `abc` is not of type int64\n\
         ! z|3|2024-13-01|5|type|column `d`: `2024-13-01` is not of type date",
    )
    .await;
}

#[tokio::test]
async fn bytes_that_are_not_utf8_reject_their_row_by_line() {
    let shown = read(b"a,b\nx,1\nJos\xE9,2\n", CsvOptions::default()).await.unwrap();
    assert_eq!(
        shown,
        "a:Utf8 b:Int64\nx|1\n! Jos\u{fffd}|2|3|encoding|column `a` holds bytes that are not UTF-8: `Jos\\xe9`"
    );
}

#[tokio::test]
async fn delimiter_quote_header_and_nulls_are_settings() {
    let options = CsvOptions {
        delimiter: b';',
        quote: Some(b'\''),
        header: false,
        nulls: vec!["NA".into(), "-".into()],
        ..CsvOptions::default()
    };
    check("1;'a;b'\nNA;'NA'\n-;\n", options, "column_1:Int64 column_2:Utf8\n1|a;b\nNULL|NA\nNULL|").await;
    let plain = CsvOptions { quote: None, ..CsvOptions::default() };
    check("a\n\"x\n", plain, "a:Utf8\n\"x").await;
}

#[tokio::test]
async fn types_from_the_first_rows_reject_later_values_that_do_not_fit() {
    let options = CsvOptions { infer: Infer::Rows(1), ..CsvOptions::default() };
    check("a\n1\nx\n", options, "a:Int64\n1\n! x|3|type|column `a`: `x` is not of type int64").await;
}

#[tokio::test]
async fn wrong_files_and_settings_are_refused_with_the_culprit() {
    let default = CsvOptions::default;
    check_error(b"", default(), ErrorCode::ValueRefused, "`in.csv` is empty").await;
    check_error(b"a,b,a\n", default(), ErrorCode::Duplicate, "column `a` twice").await;
    check_error(b"a\xFF,b\n", default(), ErrorCode::ValueRefused, "not UTF-8").await;
    check_error(b"a\n", typed(&[("b", "int64")]), ErrorCode::ColumnNotFound, "`b`").await;
    let same = CsvOptions { delimiter: b'"', ..default() };
    check_error(b"a\n", same, ErrorCode::InvalidValue, "delimiter").await;
    let mut huge = b"a\n\"".to_vec();
    huge.resize(RECORD_LIMIT + 100, b'x');
    check_error(&huge, default(), ErrorCode::ValueRefused, "line 2").await;
}

#[tokio::test]
async fn batches_are_bounded_repeat_exactly_and_carry_a_checkpoint() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut text = String::from("n,t\n");
    for n in 0..20_000 {
        writeln!(text, "{n},{}", if n % 7 == 0 { "x" } else { "yy" }).unwrap();
    }
    std::fs::write(file.path(), &text).unwrap();
    let location = FileLocation::own(file.path(), "in.csv");
    let sizes = async |resume_at| {
        let mut source = open_csv(&location, CsvOptions { resume_at, ..CsvOptions::default() }).await?;
        let mut sizes = Vec::new();
        let mut last = None;
        while let Some(batch) = source.next().await? {
            sizes.push(batch.records.num_rows());
            last = batch.checkpoint;
        }
        Ok::<_, Error>((sizes, last))
    };
    let (first, checkpoint) = sizes(None).await.unwrap();
    assert_eq!(first, [8192, 8192, 3616]);
    assert_eq!(sizes(checkpoint.clone()).await.unwrap().0, first, "a replay starts over");
    text.push_str("1,x\n");
    std::fs::write(file.path(), &text).unwrap();
    assert_eq!(sizes(checkpoint).await.unwrap_err().code(), ErrorCode::ReplayImpossible);
}
