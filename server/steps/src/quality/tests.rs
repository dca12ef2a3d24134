#![allow(clippy::unwrap_used)]

mod beside;
mod columns;
mod intraday;
mod market;
mod stores;

use super::*;
use crate::stand_in::World;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int32Array, StringArray};
use arrow::datatypes::Date32Type;
use market::{CODES, EX, Events, NAMES, NEW, PLAIN, Row, ST, SUSPENDED, batch, day, days, walk};
use std::collections::HashMap;
use std::sync::Arc;

fn days_of(texts: &[Option<&str>]) -> ArrayRef {
    Arc::new(texts.iter().map(|text| text.map(day)).collect::<Date32Array>())
}

fn codes_of(codes: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(codes.to_vec()))
}

fn world(rows: &[Row]) -> World {
    let all: Vec<i32> = (day("2023-12-25")..=day("2024-01-31")).collect();
    let is_open: Vec<i32> = all.iter().map(|day| i32::from(days().contains(day))).collect();
    let calendar: [(&str, ArrayRef); 2] =
        [("cal_date", Arc::new(Date32Array::from(all))), ("is_open", Arc::new(Int32Array::from(is_open)))];
    let listed: Vec<_> =
        CODES.iter().map(|code| Some(if *code == NEW { "2024-01-15" } else { "1999-11-10" })).collect();
    let securities =
        [("ts_code", codes_of(&CODES)), ("list_date", days_of(&listed)), ("delist_date", days_of(&[None; 20]))];
    let st = [("code", codes_of(&[ST])), ("from", days_of(&[Some("2020-01-01")])), ("until", days_of(&[None]))];
    let suspended =
        [("code", codes_of(&[SUSPENDED, SUSPENDED])), ("date", days_of(&[Some("2024-01-10"), Some("2024-01-11")]))];
    let actions = [("code", codes_of(&[EX])), ("ex_date", days_of(&[Some("2024-01-17")]))];
    let tables = [
        ("bars", batch(rows, &NAMES)),
        ("calendar", RecordBatch::try_from_iter(calendar).unwrap()),
        ("securities", RecordBatch::try_from_iter(securities).unwrap()),
        ("st", RecordBatch::try_from_iter(st).unwrap()),
        ("suspended", RecordBatch::try_from_iter(suspended).unwrap()),
        ("actions", RecordBatch::try_from_iter(actions).unwrap()),
    ];
    let tables = tables.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect();
    World { tables, ..World::default() }
}

fn with(more: Value) -> Value {
    let mut with = json!({
        "connection": "store",
        "table": "bars",
        "calendar": { "connection": "store", "table": "calendar" },
        "securities": { "connection": "store", "table": "securities" },
        "special_treatment": { "connection": "store", "table": "st" },
        "suspensions": { "connection": "store", "table": "suspended" },
        "actions": { "connection": "store", "table": "actions" },
        "freshness": { "sla": "0d" },
        "now": "2024-01-31T20:00",
    });
    with.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    with
}

/// The rules that are broken, each with its count.
fn broken(outputs: &Map<String, Value>) -> Vec<(String, u64)> {
    let rules = outputs["rules"].as_object().unwrap().iter();
    rules
        .map(|(rule, result)| (rule.clone(), result["count"].as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Spoils the market in one way, and expects just one rule to say so.
async fn check(rule: &str, events: Events, more: Value, spoil: impl FnOnce(&mut Vec<Row>)) {
    let mut rows = market::market(&events);
    spoil(&mut rows);
    let world = world(&rows);
    let report = world.act(&Quality, with(more)).await.unwrap_or_else(|error| panic!("{rule}: {error}"));
    let told = format!("{:#}", report.outputs["rules"]);
    assert_eq!(broken(&report.outputs), [(rule.to_owned(), 1)], "{rule}: {told}");
    let observed = world.watch.observations();
    let rules: Vec<&str> = observed[0].findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, [format!("quality.{rule}")]);
    let sent = world.sent.lock().unwrap();
    assert_eq!(sent[0].1.records.column(0).as_string::<i32>().value(0), rule);
    assert!(!sent[0].1.records.column(7).as_string::<i32>().value(0).is_empty());
}

/// The plain code's row at a place.
fn plain(rows: &mut [Row], place: usize) -> &mut Row {
    let wanted = days()[place];
    rows.iter_mut().find(|row| row.code == PLAIN && row.day == wanted).unwrap()
}

fn nothing() -> Events {
    Events::default()
}

fn returns(returns: &[(usize, f64)]) -> Events {
    Events { returns: returns.iter().copied().collect(), ..Events::default() }
}

#[tokio::test]
async fn a_market_without_fault_is_of_grade_a() {
    let rows = market::market(&nothing());
    let world = world(&rows);
    let report = world.act(&Quality, with(json!({}))).await.unwrap();
    let outputs = report.outputs;
    assert_eq!(broken(&outputs), [], "{:#}", outputs["rules"]);
    assert_eq!((&outputs["score"], &outputs["grade"]), (&json!(100.0), &json!("A")));
    // 19 codes on 27 days less 2 suspended ones, and a new one on 13.
    assert_eq!((&outputs["rows"], &outputs["codes"]), (&json!(19 * 27 - 2 + 13), &json!(20)));
    assert_eq!(outputs["expected"], outputs["rows"]);
    assert_eq!((&outputs["first"], &outputs["last"]), (&json!("2023-12-25"), &json!("2024-01-31")));
    assert_eq!(outputs["freshness"]["status"], "ok");
    let skipped = json!({
        "c3": "for minute bars only",
        "c4": "for ticks only",
        "d3": "no `other` source",
        "v8": "for ticks only",
        "v11": "for minute bars only",
        "v12": "no column of index, weight",
        "v14": "no column of qty, filled_qty; no column of balance",
    });
    assert_eq!(outputs["skipped"], skipped);
    assert!(world.watch.observations()[0].findings.is_empty());
}

#[tokio::test]
async fn completeness_rules_fire_alone() {
    check("c1", nothing(), json!({}), |rows| {
        let gone = plain(rows, 12).clone();
        rows.retain(|row| *row != gone);
    })
    .await;
    check("c1", nothing(), json!({}), |rows| {
        let gone = plain(rows, 26).clone();
        rows.retain(|row| *row != gone);
    })
    .await;
    check("c2", nothing(), json!({}), |rows| {
        let friday = rows.iter().find(|row| row.code == PLAIN && row.day == day("2024-01-12")).unwrap();
        let saturday = Row { day: day("2024-01-13"), ..friday.clone() };
        rows.push(saturday);
    })
    .await;
    check("c5", nothing(), json!({ "rules": { "v10": false } }), |rows| rows.extend(walk("601999.SH", 10, &nothing())))
        .await;
    check("c6", nothing(), json!({}), |rows| plain(rows, 12).volume = None).await;
    check("c7", nothing(), json!({ "expect": { "turnover": null, "close": "number" } }), |_| {}).await;
    check("c7", nothing(), json!({ "expect": { "close": "text" } }), |_| {}).await;
}

#[tokio::test]
async fn uniqueness_rules_fire_alone() {
    check("d1", nothing(), json!({}), |rows| {
        let other = Row { amount: 1.0, ..plain(rows, 12).clone() };
        rows.push(other);
    })
    .await;
    check("d2", nothing(), json!({}), |rows| {
        let same = plain(rows, 12).clone();
        rows.push(same);
    })
    .await;
}

#[tokio::test]
async fn validity_rules_fire_alone() {
    check("v1", nothing(), json!({}), |rows| {
        let row = plain(rows, 12);
        row.high = row.open.min(row.close) - 0.01;
        row.low = row.high - 0.01;
    })
    .await;
    check("v2", nothing(), json!({}), |rows| plain(rows, 12).open += 0.004).await;
    check("v2", nothing(), json!({}), |rows| plain(rows, 12).low = 0.0).await;
    check("v3", nothing(), json!({}), |rows| plain(rows, 12).amount = 0.0).await;
    check("v3", nothing(), json!({}), |rows| plain(rows, 12).volume = Some(-100.0)).await;
    check("v4", nothing(), json!({}), |rows| plain(rows, 12).amount *= 2.0).await;
    check("v5", nothing(), json!({}), |rows| {
        let row = plain(rows, 12);
        row.high = (row.pre_close * 115.0).round() / 100.0;
    })
    .await;
    check("v9", nothing(), json!({}), |rows| {
        let tomorrow = Row { day: day("2024-02-01"), ..plain(rows, 26).clone() };
        rows.push(tomorrow);
    })
    .await;
    check("v13", nothing(), json!({}), |rows| {
        let from = days()[12];
        rows.iter_mut().filter(|row| row.code == PLAIN && row.day >= from).for_each(|row| row.factor = 1.05);
    })
    .await;
    check("v13", nothing(), json!({}), |rows| plain(rows, 0).factor = 0.0).await;
}

#[tokio::test]
async fn consistency_rules_fire_alone() {
    check("v6", nothing(), json!({}), |rows| plain(rows, 12).change += 0.5).await;
    check("v6", nothing(), json!({}), |rows| plain(rows, 12).pct_chg += 0.5).await;
    check("v7", nothing(), json!({}), |rows| {
        let row = plain(rows, 12);
        row.pre_close += 0.05;
        row.change = ((row.close - row.pre_close) * 100.0).round() / 100.0;
        row.pct_chg = (row.close / row.pre_close - 1.0) * 100.0;
    })
    .await;
}

#[tokio::test]
async fn anomaly_rules_fire_alone() {
    check("a1", returns(&[(24, 0.55)]), json!({}), |_| {}).await;
    check("a2", returns(&[(24, 0.095)]), json!({}), |_| {}).await;
    let flood = Events { volumes: HashMap::from([(20, 30.0)]), ..Events::default() };
    check("a3", flood, json!({}), |_| {}).await;
    let still: Vec<_> = (10..21).map(|place| (place, 0.0)).collect();
    check("a4", returns(&still), json!({}), |_| {}).await;
    let spike = Events { returns: HashMap::from([(15, 0.07), (16, -0.0654)]), volumes: HashMap::from([(15, 0.2)]) };
    check("a5", spike, json!({}), |_| {}).await;
    check("a6", nothing(), json!({}), |rows| {
        let row = plain(rows, 12);
        for price in [&mut row.open, &mut row.high, &mut row.low, &mut row.close, &mut row.pre_close, &mut row.change] {
            *price = (*price * 1_000.0).round() / 100.0;
        }
        row.amount *= 10.0;
    })
    .await;
    let ebb = Events { volumes: HashMap::from([(26, 0.02)]), ..Events::default() };
    check("s1", ebb, json!({}), |_| {}).await;
}

#[tokio::test]
async fn freshness_is_measured_in_open_days() {
    let calendar = json!({ "holidays": ["2024-01-01"] });
    let late = |now: &str, sla: &str| json!({ "calendar": calendar, "now": now, "freshness": { "sla": sla } });
    check("f1", nothing(), late("2024-02-01T20:00", "0d"), |_| {}).await;
    let world = world(&market::market(&nothing()));
    for (now, sla, status, lag) in [
        ("2024-02-01T17:59", "0d", "ok", 0.0),
        ("2024-02-01T18:00", "0d", "stale", 1.0),
        ("2024-02-01T18:00", "1d", "ok", 1.0),
        ("2024-02-05T09:00", "1d", "late", 2.0),
        // A weekend makes nothing older.
        ("2024-02-04T23:00", "2d", "ok", 2.0),
        ("2024-02-09T18:00", "1d", "stale", 7.0),
    ] {
        let report = world.act(&Quality, with(late(now, sla))).await.unwrap();
        assert_eq!(
            (&report.outputs["freshness"]["status"], &report.outputs["freshness"]["lag"]),
            (&json!(status), &json!(lag)),
            "{now} {sla}"
        );
    }
}

#[tokio::test]
async fn rules_are_switched_raised_and_loosened() {
    let mut rows = market::market(&nothing());
    plain(&mut rows, 12).amount *= 2.0;
    let world = world(&rows);
    let act = async |more: Value| world.act(&Quality, with(more)).await.unwrap().outputs;
    assert_eq!(broken(&act(json!({ "rules": { "V4": false } })).await), []);
    assert_eq!(broken(&act(json!({ "only": ["v1", "V5"] })).await), []);
    assert_eq!(broken(&act(json!({ "rules": { "v4": { "threshold": 2.0 } } })).await), []);
    let outputs = act(json!({ "rules": { "v4": "info" } })).await;
    assert_eq!((&outputs["errors"], &outputs["infos"], &outputs["score"]), (&json!(0), &json!(1), &json!(100.0)));
    let outputs = act(json!({ "max_findings": 0 })).await;
    assert_eq!((&outputs["errors"], &outputs["rules"]["v4"]["samples"]), (&json!(1), &json!([])));
    let thresholds = Map::from_iter([("threshold".to_owned(), json!(2.0))]);
    world
        .watch
        .set_rule(model::anomaly::AnomalyRule { thresholds, ..model::anomaly::AnomalyRule::named("quality.v4") });
    assert_eq!(broken(&act(json!({})).await), []);
}

#[tokio::test]
async fn an_error_of_the_worst_kind_caps_the_score() {
    let mut rows = market::market(&nothing());
    let other = Row { amount: 1.0, ..plain(&mut rows, 12).clone() };
    rows.push(other);
    let report = world(&rows).act(&Quality, with(json!({}))).await.unwrap();
    assert_eq!((&report.outputs["score"], &report.outputs["grade"]), (&json!(60.0), &json!("D")));
}

#[tokio::test]
async fn anomalies_are_by_table_or_by_code() {
    let mut rows = market::market(&nothing());
    for code in [PLAIN, EX] {
        rows.iter_mut().find(|row| row.code == code).unwrap().amount *= 2.0;
    }
    let world = world(&rows);
    for (by, expected) in [("table", vec![""]), ("code", vec![PLAIN, EX])] {
        world.act(&Quality, with(json!({ "by": by }))).await.unwrap();
        let observed = world.watch.observations();
        let scopes: Vec<_> = observed.last().unwrap().findings.iter().map(|finding| finding.scope.clone()).collect();
        assert_eq!(scopes, expected);
    }
}

#[tokio::test]
async fn rows_that_come_in_are_put_in_order_first() {
    let mut rows = market::market(&nothing());
    plain(&mut rows, 12).amount *= 2.0;
    let world = world(&rows);
    let sorted = batch(&rows, &NAMES);
    let mut indices: Vec<u32> = (0..u32::try_from(sorted.num_rows()).unwrap()).collect();
    indices.sort_by_key(|index| index.wrapping_mul(2_654_435_761));
    let mixed = take_record_batch(&sorted, &arrow::array::UInt32Array::from(indices)).unwrap();
    let mut context = world.context("quality", {
        let mut with = with(json!({}));
        with.as_object_mut().unwrap().retain(|name, _| name != "connection" && name != "table");
        with
    });
    context.step.from =
        vec![model::document::PortRef { step: model::StepId::new("bars").unwrap(), port: Some("out".to_owned()) }];
    let batches = vec![mixed.slice(0, 300), mixed.slice(300, mixed.num_rows() - 300)];
    let outputs = world.flow(&Quality, context, &[("bars", batches)]).await.unwrap();
    assert_eq!(broken(&outputs), [("v4".to_owned(), 1)]);
    let sent = world.sent.lock().unwrap();
    let rows: Vec<_> =
        sent.iter().map(|(port, batch)| (port.as_str(), batch.sequence, batch.records.num_rows())).collect();
    assert_eq!(rows, [("findings", 0, 0), ("findings", 1, 1)]);
    assert_eq!(sent[1].1.records.column(3).as_primitive::<Date32Type>().value(0), days()[12]);
}

#[tokio::test]
async fn chinese_headings_and_other_units_are_understood() {
    let mut rows = market::market(&nothing());
    for row in &mut rows {
        row.volume = row.volume.map(|volume| volume / 100.0);
        row.amount /= 1_000.0;
    }
    let names = [
        "股票代码",
        "交易日期",
        "开盘价",
        "最高价",
        "最低价",
        "收盘价",
        "昨收价",
        "成交量",
        "成交额",
        "涨跌额",
        "涨跌幅",
        "复权因子",
    ];
    let mut world = world(&[]);
    world.tables.insert("bars".to_owned(), batch(&rows, &names));
    let report = world.act(&Quality, with(json!({}))).await.unwrap();
    assert_eq!(broken(&report.outputs), []);
    assert_eq!(report.outputs["skipped"].as_object().unwrap().len(), 7);
    let wrong = json!({ "units": { "volume": "shares", "amount": "one" } });
    let report = world.act(&Quality, with(wrong)).await.unwrap();
    assert_eq!(report.outputs["rules"]["v4"]["count"], report.outputs["rows"]);
}

#[tokio::test]
async fn bad_input_is_named() {
    let rows = market::market(&nothing());
    let check = async |world: &World, more: Value, expected: &str| {
        let error = world.act(&Quality, with(more)).await.map(|report| report.outputs).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let whole = world(&rows);
    check(&whole, json!({ "rules": { "v99": false } }), "").await;
    check(&whole, json!({ "only": ["v99"] }), "there is no rule `v99`").await;
    check(&whole, json!({ "rules": { "v5": { "threshold": 1 } } }), "has no threshold").await;
    check(&whole, json!({ "rules": { "v4": { "threshold": -1 } } }), "").await;
    check(&whole, json!({ "rules": { "v4": { "threshold": "much" } } }), "").await;
    check(&whole, json!({ "columns": { "close": "clsoe" } }), "names column `clsoe`").await;
    check(&whole, json!({ "columns": { "close": "symbol" } }), "").await;
    check(&whole, json!({ "freshness": { "sla": "soon" } }), "is no time limit").await;
    check(&whole, json!({ "freshness": { "sla": "1d", "due": "25:00" } }), "is no time of day").await;
    check(&whole, json!({ "now": "yesterday" }), "is no local moment").await;
    check(&whole, json!({ "utc_offset": "8" }), "is no offset").await;
    check(&whole, json!({ "sessions": ["11:30-09:30"] }), "are no sessions").await;
    check(&whole, json!({ "table": "barz" }), "no table `barz`").await;
    check(
        &whole,
        json!({ "calendar": { "connection": "store", "table": "bars", "open": "open_flag" } }),
        "the calendar",
    )
    .await;
    check(&whole, json!({ "securities": { "connection": "store", "table": "calendar" } }), "has no column `code`")
        .await;
    check(&whole, json!({ "table": "calendar" }), "no column says what a code is").await;
    check(&whole, json!({ "calendar": { "file": "../etc/passwd" } }), "leaves the folder").await;
    let future: Vec<Row> = rows.iter().map(|row| Row { day: row.day - 3_650, ..row.clone() }).collect();
    check(&world(&future), json!({}), "the calendar knows 2023-12-25 to 2024-01-31 only").await;
}

#[tokio::test]
async fn an_empty_table_is_of_grade_d() {
    let mut world = world(&[]);
    world.tables.insert("bars".to_owned(), batch(&[], &NAMES));
    let more = json!({ "securities": { "connection": "store", "table": "securities" } });
    let outputs = world.act(&Quality, with(more)).await.unwrap().outputs;
    assert_eq!((&outputs["score"], &outputs["grade"], &outputs["rows"]), (&json!(0.0), &json!("D"), &json!(0)));
    assert_eq!(broken(&outputs), [("c6".to_owned(), 1)]);
}

#[tokio::test]
async fn prices_that_are_no_numbers_are_told_one_by_one() {
    let codes = codes_of(&[PLAIN, PLAIN, PLAIN]);
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01-02", "2024-01-03", "never"]));
    let closes: ArrayRef = Arc::new(StringArray::from(vec![Some("6.63"), Some("--"), Some("6.64")]));
    let rows = RecordBatch::try_from_iter([("code", codes), ("date", dates), ("close", closes)]).unwrap();
    let world = World { tables: HashMap::from([("bars".to_owned(), rows)]), ..World::default() };
    let report = world.act(&Quality, json!({ "connection": "store", "table": "bars" })).await.unwrap();
    let told = broken(&report.outputs);
    assert!(told.contains(&("c7".to_owned(), 1)) && told.contains(&("c6".to_owned(), 2)), "{told:?}");
    let sent = world.sent.lock().unwrap();
    let reasons = sent[0].1.records.column(7).as_string::<i32>();
    assert!((0..reasons.len()).any(|row| reasons.value(row) == "`close` holds `--`, which is no number"));
}

#[test]
fn every_rule_can_be_set_by_its_name() {
    let known: Vec<&str> = model::anomaly::RULES.iter().filter_map(|(name, _)| name.strip_prefix("quality.")).collect();
    let own: Vec<&str> = tally::RULES.iter().map(|rule| rule.id).collect();
    assert!(own.iter().all(|id| known.contains(id)) && known.len() == own.len(), "{own:?} {known:?}");
}
