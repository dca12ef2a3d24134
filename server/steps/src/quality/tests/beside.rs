//! Rules that hold a table against another: d3, v11, v14; and tables that are no bars: v12, v14.

use super::*;
use arrow::array::{Float64Array, TimestampMicrosecondArray};

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// Minutes of 2024-01-02.
fn minutes(minutes: &[i64]) -> ArrayRef {
    let midnight = i64::from(day("2024-01-02")) * 86_400_000_000;
    Arc::new(TimestampMicrosecondArray::from_iter_values(minutes.iter().map(|minute| midnight + minute * 60_000_000)))
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The reasons of the only rule that is looked at.
async fn reasons(tables: Vec<(&str, RecordBatch)>, rule: &str, more: Value) -> Vec<String> {
    let tables = tables.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect();
    let world = World { tables, ..World::default() };
    let mut with = json!({ "connection": "store", "table": "rows", "only": [rule], "now": "2024-02-01T20:00" });
    with.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let report = world.act(&Quality, with).await.unwrap();
    assert!(!report.outputs["skipped"].as_object().unwrap().contains_key(rule), "{}", report.outputs["skipped"]);
    let sent = world.sent.lock().unwrap();
    let told = sent.iter().flat_map(|(_, batch)| {
        let reasons = batch.records.column(7).as_string::<i32>();
        (0..reasons.len()).map(|row| reasons.value(row).to_owned()).collect::<Vec<_>>()
    });
    told.collect()
}

#[tokio::test]
async fn two_sources_agree_or_are_both_told() {
    let rows = market::market(&nothing());
    let other = |spoil: &dyn Fn(&mut Vec<Row>)| {
        let mut rows = rows.clone();
        spoil(&mut rows);
        batch(&rows, &NAMES)
    };
    let here = || ("rows", batch(&rows, &NAMES));
    let with = json!({ "other": { "connection": "store", "table": "second" } });
    assert!(reasons(vec![here(), ("second", other(&|_| {}))], "d3", with.clone()).await.is_empty());
    // What only one of them has is no difference.
    let fewer = other(&|rows| rows.retain(|row| row.code != PLAIN && row.day % 3 > 0));
    assert!(reasons(vec![here(), ("second", fewer)], "d3", with.clone()).await.is_empty());
    let spoiled = other(&|rows| {
        let row = plain(rows, 12);
        row.close = 1.5;
        row.volume = Some(7.0);
    });
    let told = reasons(vec![here(), ("second", spoiled.clone())], "d3", with).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("this table and `store.second` have close ") && told[0].contains(" and 1.5, volume "),
        "{told:?}"
    );
    let loose = json!({
        "other": { "connection": "store", "table": "second" },
        "rules": { "d3": { "threshold": 1.0 } },
    });
    assert!(reasons(vec![here(), ("second", spoiled)], "d3", loose).await.is_empty());
}

#[tokio::test]
async fn minute_bars_make_the_days_bar() {
    let bars = || {
        table(vec![
            ("code", texts(&["600000.SH"; 4])),
            ("ts", minutes(&[571, 572, 899, 900])),
            ("open", numbers(&[6.60, 6.61, 6.65, 6.64])),
            ("high", numbers(&[6.62, 6.70, 6.66, 6.65])),
            ("low", numbers(&[6.59, 6.60, 6.60, 6.63])),
            ("close", numbers(&[6.61, 6.65, 6.64, 6.64])),
            ("volume", numbers(&[100.0, 200.0, 300.0, 400.0])),
        ])
    };
    let daily = |open: f64, high: f64, volume: f64| {
        table(vec![
            ("code", texts(&["000001.SZ", "600000.SH", "600000.SH"])),
            ("trade_date", days_of(&[Some("2024-01-02"), Some("2024-01-02"), Some("2024-01-03")])),
            ("open", numbers(&[1.0, open, 1.0])),
            ("high", numbers(&[1.0, high, 1.0])),
            ("low", numbers(&[1.0, 6.59, 1.0])),
            ("close", numbers(&[1.0, 6.64, 1.0])),
            ("volume", numbers(&[1.0, volume, 1.0])),
        ])
    };
    let with = json!({ "period": "1m", "daily": { "connection": "store", "table": "days" } });
    let check = async |day: RecordBatch| reasons(vec![("rows", bars()), ("days", day)], "v11", with.clone()).await;
    assert!(check(daily(6.60, 6.70, 1_000.0)).await.is_empty());
    assert!(check(daily(6.60, 6.70, 1_000.9)).await.is_empty(), "a thousandth of the volume is allowed");
    assert_eq!(
        check(daily(6.61, 6.71, 1_100.0)).await,
        [
            "its bars make high 6.7 rather than 6.71, open 6.6 rather than 6.61, volume 1000 rather than 1100 of `store.days`"
        ]
    );
}

#[tokio::test]
async fn weights_of_an_index_make_a_whole() {
    let members = |weights: &[f64]| {
        table(vec![
            ("index_code", texts(&["000016.SH", "000016.SH", "000300.SH", "000300.SH"])),
            ("con_code", texts(&["600000.SH", "601318.SH", "600000.SH", "601318.SH"])),
            ("trade_date", days_of(&[Some("2024-01-02"); 4])),
            ("weight", numbers(weights)),
        ])
    };
    // The stand-in's rows come in the order of code and day.
    let sorted = |rows: RecordBatch| {
        let order = arrow::array::UInt32Array::from(vec![0, 2, 1, 3]);
        take_record_batch(&rows, &order).unwrap()
    };
    let rows = |weights: &[f64]| vec![("rows", sorted(members(weights)))];
    assert!(reasons(rows(&[40.0, 60.2, 0.3, 0.7]), "v12", json!({})).await.is_empty());
    assert_eq!(
        reasons(rows(&[40.0, 61.0, 30.0, 70.0]), "v12", json!({})).await,
        ["the weights of 2 members sum to 101.0000"]
    );
    // A member of two indexes is no row twice.
    assert!(reasons(rows(&[40.0, 60.0, 30.0, 70.0]), "d1", json!({})).await.is_empty());
}

#[tokio::test]
async fn orders_fit_their_status_their_past_and_their_fills() {
    let orders = |ids: &[&str], filled: &[f64], status: &[&str]| {
        table(vec![
            ("code", texts(&vec!["600000.SH"; ids.len()])),
            ("order_time", minutes(&(0..ids.len() as i64).map(|n| 600 + n).collect::<Vec<_>>())),
            ("order_id", texts(ids)),
            ("qty", numbers(&vec![100.0; ids.len()])),
            ("filled_qty", numbers(filled)),
            ("status", texts(status)),
        ])
    };
    let check = async |ids: &[&str], filled: &[f64], status: &[&str]| {
        reasons(vec![("rows", orders(ids, filled, status))], "v14", json!({})).await
    };
    let good = (
        ["a", "a", "a", "b", "c"],
        [0.0, 40.0, 100.0, 30.0, 0.0],
        ["new", "partial", "filled", "canceled", "rejected"],
    );
    assert!(check(&good.0, &good.1, &good.2).await.is_empty());
    assert_eq!(check(&["a"], &[101.0], &["filled"]).await, ["101 of 100 are filled"]);
    assert_eq!(check(&["a"], &[-1.0], &["new"]).await, ["-1 of 100 are filled"]);
    assert_eq!(check(&["a"], &[40.0], &["filled"]).await, ["the order is filled, and 40 of 100 are filled"]);
    assert_eq!(check(&["a"], &[40.0], &["new"]).await, ["the order is new, and 40 of 100 are filled"]);
    assert_eq!(
        check(&["a", "a"], &[40.0, 40.0], &["canceled", "partial"]).await,
        ["order `a` goes from canceled to partially filled"]
    );
    assert_eq!(
        check(&["a", "a"], &[60.0, 40.0], &["partial", "partial"]).await,
        ["what is filled of order `a` falls from 60 to 40"]
    );
    let fills = table(vec![("order_id", texts(&["a", "a", "b"])), ("qty", numbers(&[60.0, 40.0, 30.0]))]);
    let with = json!({ "fills": { "connection": "store", "table": "fills" } });
    let rows = orders(&good.0, &good.1, &good.2);
    assert!(reasons(vec![("rows", rows.clone()), ("fills", fills.clone())], "v14", with.clone()).await.is_empty());
    let told = reasons(vec![("rows", rows), ("fills", fills.slice(0, 1))], "v14", with).await;
    assert_eq!(told, ["order `a` has 100 filled, its fills sum to 60", "order `b` has 30 filled, its fills sum to 0"]);
    // Two orders at one moment are no row twice.
    let mut twice = orders(&["a", "b"], &[0.0, 0.0], &["new", "new"]);
    let columns = twice
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| if at == 1 { minutes(&[600, 600]) } else { column.clone() });
    twice = RecordBatch::try_new(twice.schema(), columns.collect()).unwrap();
    assert!(reasons(vec![("rows", twice)], "d1", json!({})).await.is_empty());
}

#[tokio::test]
async fn a_position_follows_from_its_fills() {
    let positions = |quantities: &[f64]| {
        table(vec![
            ("code", texts(&["600000.SH"; 4])),
            ("account", texts(&["A", "B", "A", "B"])),
            ("date", days_of(&["2024-01-02", "2024-01-02", "2024-01-05", "2024-01-05"].map(Some))),
            ("qty", numbers(quantities)),
        ])
    };
    let fills = || {
        table(vec![
            ("code", texts(&["600000.SH"; 4])),
            ("account", texts(&["A", "A", "A", "B"])),
            ("trade_date", days_of(&["2024-01-02", "2024-01-03", "2024-01-05", "2024-01-04"].map(Some))),
            ("qty", numbers(&[100.0, 50.0, 20.0, 5.0])),
            ("side", texts(&["buy", "B", "sell", "卖出"])),
        ])
    };
    let with = json!({ "fills": { "connection": "store", "table": "fills" } });
    let check = async |quantities: &[f64]| {
        reasons(vec![("rows", positions(quantities)), ("fills", fills())], "v14", with.clone()).await
    };
    assert!(check(&[100.0, 9.0, 130.0, 4.0]).await.is_empty());
    assert_eq!(
        check(&[100.0, 9.0, 120.0, 9.0]).await,
        ["the position is 120, and 100 with fills of 30 make 130", "the position is 9, and 9 with fills of -5 make 4"]
    );
    // Positions of two accounts on one day are no row twice.
    assert!(reasons(vec![("rows", positions(&[1.0; 4]))], "d1", json!({})).await.is_empty());
}

#[tokio::test]
async fn a_balance_follows_from_its_changes() {
    let cash = |balances: &[f64]| {
        table(vec![
            ("account", texts(&["A", "A", "A", "B"])),
            ("time", minutes(&[600, 601, 602, 600])),
            ("change", numbers(&[100.0, -30.5, 0.1, 5.0])),
            ("balance", numbers(balances)),
        ])
    };
    let with = json!({ "columns": { "code": "account" } });
    let check = async |balances: &[f64]| reasons(vec![("rows", cash(balances))], "v14", with.clone()).await;
    assert!(check(&[100.0, 69.5, 69.6, 5.0]).await.is_empty());
    assert_eq!(check(&[100.0, 69.0, 69.1, 5.0]).await, ["the balance is 69, and 100 with a change of -30.5 make 69.5"]);
}

#[tokio::test]
async fn a_second_table_that_does_not_fit_is_named() {
    let rows = market::market(&nothing());
    let world = world(&rows);
    for (with, expected) in [
        (json!({ "other": { "connection": "store", "table": "nothing" } }), "has no table `nothing`"),
        (json!({ "other": { "connection": "nowhere", "table": "bars" } }), "there is no connection `nowhere`"),
        (json!({ "other": { "connection": "store", "table": "bars", "columns": { "close": "clsoe" } } }), "clsoe"),
        (
            json!({ "fills": { "connection": "store", "table": "calendar" } }),
            "`fills`: table `calendar` has no column `code`",
        ),
        (
            json!({ "fills": { "connection": "store", "table": "bars", "columns": { "qty": "symbol" } } }),
            "is no number",
        ),
    ] {
        let error = world.act(&Quality, super::with(with)).await.map(|report| report.outputs).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
