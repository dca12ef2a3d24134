//! Rules that look at whole columns: a7, a8; and at codes and names: v10.

use super::*;
use arrow::array::Float64Array;

/// Bars of 250 codes on 30 days whose closes and volumes are made by `figure` of day and code.
fn bars(figure: impl Fn(usize, usize) -> (f64, f64)) -> RecordBatch {
    let days: Vec<i32> = (day("2024-01-01")..).filter(|day| (day + 3).rem_euclid(7) < 5).take(30).collect();
    let (mut codes, mut dates, mut closes, mut volumes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for code in 0..250 {
        for (place, day) in days.iter().enumerate() {
            let (close, volume) = figure(place, code);
            codes.push(format!("{}.SH", 600_000 + code));
            dates.push(*day);
            closes.push(close);
            volumes.push(volume);
        }
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("code", Arc::new(StringArray::from(codes))),
        ("date", Arc::new(Date32Array::from(dates))),
        ("close", Arc::new(Float64Array::from(closes))),
        ("volume", Arc::new(Float64Array::from(volumes))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

async fn judged(rows: RecordBatch, rules: &[&str]) -> (Vec<(String, u64)>, Vec<String>) {
    let world = World { tables: HashMap::from([("bars".to_owned(), rows)]), ..World::default() };
    let with = json!({ "connection": "store", "table": "bars", "only": rules, "now": "2024-03-01T20:00" });
    let report = world.act(&Quality, with).await.unwrap();
    let sent = world.sent.lock().unwrap();
    let reasons = sent.iter().flat_map(|(_, batch)| {
        let reasons = batch.records.column(7).as_string::<i32>();
        (0..reasons.len()).map(|row| reasons.value(row).to_owned()).collect::<Vec<_>>()
    });
    (broken(&report.outputs), reasons.collect())
}

/// Prices and volumes of their own for each code, that move a little each day.
fn usual(place: usize, code: usize) -> (f64, f64) {
    let step = ((place * 31 + code * 17) % 23) as f64 / 1_000.0;
    let close = 5.0 * 1.02_f64.powi(i32::try_from(code).unwrap()) * (1.0 + step);
    ((close * 100.0).round() / 100.0, (1_000.0 + (code * 7_919 + place * 104_729) as f64 % 99_991.0).round())
}

#[tokio::test]
async fn a_distribution_that_moves_is_told_on_its_first_day() {
    assert_eq!(judged(bars(usual), &["a7"]).await.0, []);
    // From day 20 on volumes are in lots.
    let lots = |place: usize, code: usize| {
        let (close, volume) = usual(place, code);
        (close, if place >= 20 { (volume / 100.0).round() } else { volume })
    };
    let (found, reasons) = judged(bars(lots), &["a7"]).await;
    assert_eq!(found, [("a7".to_owned(), 1)], "{reasons:?}");
    assert!(reasons[0].starts_with("the values of `volume` lie otherwise on 2024-01-29"), "{reasons:?}");
    // Too few values prove nothing.
    let few = bars(lots).slice(0, 30 * 100);
    assert_eq!(judged(few, &["a7"]).await.0, []);
}

#[tokio::test]
async fn a_column_that_says_the_same_is_told() {
    assert_eq!(judged(bars(usual), &["a8"]).await.0, []);
    let (found, reasons) = judged(bars(|place, code| (usual(place, code).0, 100.0)), &["a8"]).await;
    assert_eq!(found, [("a8".to_owned(), 1)]);
    assert_eq!(reasons, ["`volume` is 100 in all of 7500 rows"]);
    let often = |place: usize, code: usize| if (place + code) % 5 < 2 { (6.66, 1.0) } else { usual(place, code) };
    let (found, reasons) = judged(bars(often), &["a8"]).await;
    assert_eq!(found, [("a8".to_owned(), 2)], "{reasons:?}");
    assert!(reasons[0].starts_with("`close` is 6.66 in at least "), "{reasons:?}");
    let seldom = |place: usize, code: usize| if (place + code) % 5 < 1 { (6.66, 1.0) } else { usual(place, code) };
    assert_eq!(judged(bars(seldom), &["a8"]).await.0, []);
}

#[tokio::test]
async fn codes_that_are_none_are_told() {
    let one = |code: &str, names: Option<&str>| {
        let codes = codes_of(&[code, code]);
        let dates = days_of(&[Some("2024-01-02"), Some("2024-01-03")]);
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("浦发银行"), names]));
        let closes: ArrayRef = Arc::new(Float64Array::from(vec![6.62, 6.63]));
        RecordBatch::try_from_iter([("code", codes), ("date", dates), ("name", names), ("close", closes)]).unwrap()
    };
    for code in ["600000.SH", "sz000001", "920001.BJ", "rb2405", "00700.HK", "AAPL"] {
        assert_eq!(judged(one(code, Some("x")), &["v10"]).await.0, [], "{code}");
    }
    for (code, expected) in [
        ("600000.XX", "is not spelled like a code"),
        ("hello", "is not spelled like a code"),
        ("777777.SH", "no board has codes such as"),
    ] {
        let (found, reasons) = judged(one(code, Some("x")), &["v10"]).await;
        assert_eq!(found, [("v10".to_owned(), 1)], "{code}");
        assert!(reasons[0].contains(expected), "{reasons:?}");
    }
    for name in [None, Some(""), Some(" ")] {
        let (found, reasons) = judged(one("600000.SH", name), &["v10"]).await;
        assert_eq!((found, reasons), (vec![("v10".to_owned(), 1)], vec!["`name` is empty".to_owned()]));
    }
}

#[tokio::test]
async fn a_code_is_held_against_the_table_of_securities() {
    check("v10", nothing(), json!({ "rules": { "c5": false } }), |rows| rows.extend(walk("601999.SH", 0, &nothing())))
        .await;
    let rows = market::market(&nothing());
    let mut world = world(&rows);
    let boards: Vec<&str> = CODES.iter().map(|code| if *code == PLAIN { "科创板" } else { "" }).collect();
    let boards: ArrayRef = Arc::new(StringArray::from(boards));
    let securities = RecordBatch::try_from_iter([("ts_code", codes_of(&CODES)), ("board", boards)]).unwrap();
    world.tables.insert("securities".to_owned(), securities);
    let report = world.act(&Quality, with(json!({ "only": ["v10"] }))).await.unwrap();
    assert_eq!(broken(&report.outputs), [("v10".to_owned(), 1)]);
    let sent = world.sent.lock().unwrap();
    let reason = sent[0].1.records.column(7).as_string::<i32>().value(0).to_owned();
    assert_eq!(reason, "`600000.SH` belongs to board main, not to 科创板");
}
