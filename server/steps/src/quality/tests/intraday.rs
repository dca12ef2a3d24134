//! Minute bars and ticks.

use super::market::day;
use crate::quality::Quality;
use crate::quality::columns::MICROS_A_DAY;
use crate::stand_in::World;
use arrow::array::{ArrayRef, Float64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone)]
struct Moment {
    micros: i64,
    price: f64,
    volume: f64,
    bid: f64,
    ask: f64,
}

fn at(date: &str, second: i64) -> i64 {
    i64::from(day(date)) * MICROS_A_DAY + second * 1_000_000
}

/// All 240 minute bars of two days.
fn minutes() -> Vec<Moment> {
    let ends = (571..=690).chain(781..=900);
    let days = ["2024-01-02", "2024-01-03"];
    let moments = days.iter().flat_map(|date| ends.clone().map(|minute| at(date, minute * 60)));
    moments
        .enumerate()
        .map(|(place, micros)| {
            let step = f64::from(u32::try_from(place % 7).unwrap());
            let price = 6.6 + step / 100.0;
            Moment { micros, price, volume: 100.0 + step, bid: 0.0, ask: 0.0 }
        })
        .collect()
}

/// Ticks of a morning, three seconds apart; volumes add up.
fn ticks() -> Vec<Moment> {
    (0..600_i64)
        .map(|place| Moment {
            micros: at("2024-01-02", 9 * 3_600 + 30 * 60 + place * 3),
            price: 6.63,
            volume: place as f64 * 100.0,
            bid: 6.62,
            ask: 6.63,
        })
        .collect()
}

fn world(moments: &[Moment], zone: Option<&str>) -> World {
    let numbers = |value: &dyn Fn(&Moment) -> f64| -> ArrayRef {
        Arc::new(moments.iter().map(|moment| Some(value(moment))).collect::<Float64Array>())
    };
    let times = TimestampMicrosecondArray::from_iter_values(moments.iter().map(|moment| moment.micros));
    let times: ArrayRef = match zone {
        Some(zone) => Arc::new(times.with_timezone(zone)),
        None => Arc::new(times),
    };
    let codes: ArrayRef = Arc::new(StringArray::from(vec!["600000.SH"; moments.len()]));
    let is_tick = moments.iter().any(|moment| moment.ask > 0.0);
    let columns: Vec<(&str, ArrayRef)> = if is_tick {
        vec![
            ("code", codes),
            ("ts", times),
            ("last_price", numbers(&|moment| moment.price)),
            ("volume", numbers(&|moment| moment.volume)),
            ("bid1", numbers(&|moment| moment.bid)),
            ("ask1", numbers(&|moment| moment.ask)),
        ]
    } else {
        let price = || numbers(&|moment| moment.price);
        vec![
            ("code", codes),
            ("ts", times),
            ("open", price()),
            ("high", price()),
            ("low", price()),
            ("close", price()),
            ("volume", numbers(&|moment| moment.volume)),
        ]
    };
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    World { tables: HashMap::from([("bars".to_owned(), rows)]), ..World::default() }
}

async fn check(period: &str, moments: &[Moment], zone: Option<&str>, expected: &[(&str, u64)]) -> Value {
    let with = json!({ "connection": "store", "table": "bars", "period": period, "calendar": "weekdays", "now": "2024-01-03T15:30" });
    let report = world(moments, zone).act(&Quality, with).await.unwrap();
    let expected: Vec<_> = expected.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect();
    assert_eq!(super::broken(&report.outputs), expected, "{:#}", report.outputs["rules"]);
    Value::Object(report.outputs)
}

#[tokio::test]
async fn a_day_has_all_its_bars() {
    check("1m", &minutes(), None, &[]).await;
    let mut short = minutes();
    short.remove(100);
    check("1m", &short, None, &[("c3", 1)]).await;
    // A bar of the opening auction is one more.
    let mut more = minutes();
    more.insert(0, Moment { micros: at("2024-01-02", 565 * 60), ..more[0].clone() });
    check("1m", &more, None, &[]).await;
}

#[tokio::test]
async fn bars_outside_sessions_are_told() {
    let mut moved = minutes();
    moved[119].micros = at("2024-01-02", 12 * 3_600);
    check("1m", &moved, None, &[("v9", 1)]).await;
    // Local times are kept as they are, those with a zone become local.
    let utc: Vec<_> =
        minutes().into_iter().map(|moment| Moment { micros: moment.micros - 8 * 3_600_000_000, ..moment }).collect();
    check("1m", &utc, Some("UTC"), &[]).await;
    let outputs = check("1m", &utc, None, &[("v9", 480)]).await;
    assert_eq!(outputs["rules"]["v9"]["samples"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn ticks_add_up_within_a_day() {
    check("tick", &ticks(), None, &[]).await;
    let mut fallen = ticks();
    fallen[300].volume = 5.0;
    check("tick", &fallen, None, &[("v8", 1)]).await;
    let mut crossed = ticks();
    crossed[300].bid = 6.64;
    check("tick", &crossed, None, &[("v8", 1)]).await;
    // At a price limit one side of the book is empty.
    let mut empty = ticks();
    empty[300].bid = 0.0;
    check("tick", &empty, None, &[]).await;
    let mut twice = ticks();
    let same = twice[5].clone();
    twice.insert(5, same);
    check("tick", &twice, None, &[("d2", 1)]).await;
}

#[tokio::test]
async fn freshness_counts_minutes_of_trading() {
    let world = world(&minutes(), None);
    for (now, sla, status) in [
        ("2024-01-03T20:00", "2m", "ok"),
        ("2024-01-04T09:32", "2m", "ok"),
        ("2024-01-04T09:36", "2m", "late"),
        ("2024-01-04T10:00", "2m", "stale"),
        ("2024-01-06T10:00", "480m", "ok"),
    ] {
        let with = json!({ "connection": "store", "table": "bars", "period": "1m", "calendar": "weekdays", "now": now, "freshness": { "sla": sla } });
        let report = world.act(&Quality, with).await.unwrap();
        assert_eq!(report.outputs["freshness"]["status"], status, "{now}: {:#}", report.outputs["freshness"]);
    }
}

#[tokio::test]
async fn a_gap_between_ticks_is_told_where_there_are_many() {
    // Two minutes without a tick, of a code that has one every three seconds.
    let mut gap = ticks();
    gap.drain(200..240);
    let outputs = check("tick", &gap, None, &[("c4", 1)]).await;
    assert_eq!(outputs["rules"]["c4"]["samples"], json!(["600000.SH 2024-01-02 09:42:00"]));
    // A minute is no gap yet.
    let mut short = ticks();
    short.drain(200..219);
    check("tick", &short, None, &[]).await;
    // One tick in four minutes is what a code has that nobody trades; ten minutes are too long for any.
    let mut seldom: Vec<Moment> = ticks().into_iter().step_by(80).collect();
    check("tick", &seldom, None, &[]).await;
    seldom.drain(2..5);
    check("tick", &seldom, None, &[("c4", 1)]).await;
    // Lunch is no gap.
    let mut lunch = ticks();
    for (place, tick) in lunch.iter_mut().enumerate().skip(300) {
        tick.micros = at("2024-01-02", 13 * 3_600 + (place as i64 - 300) * 3);
    }
    for (place, tick) in lunch.iter_mut().enumerate().take(300) {
        tick.micros = at("2024-01-02", 11 * 3_600 + 15 * 60 + place as i64 * 3);
    }
    check("tick", &lunch, None, &[]).await;
}
