//! Tables cut into ranges of their key.

use super::world::{World, records};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use data::connector::Relation;
use data::split::{KeyPart, KeyRange};
use data::{Mode, SplitRequest, WriteOptions};
use std::sync::Arc;

fn request(table: &str, key: &[&str], parts: usize) -> SplitRequest {
    SplitRequest {
        relation: Relation::Table(table.to_owned()),
        filter: None,
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        parts,
    }
}

async fn make(world: &World, table: &str, key: &[&str], columns: Vec<(&str, ArrayRef)>) {
    let options = WriteOptions {
        create: true,
        mode: if key.is_empty() { Mode::Append } else { Mode::InsertIgnore },
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        ..WriteOptions::append(table)
    };
    world.write(options, &records(columns)).await.unwrap();
}

/// The sizes of the ranges, which hold every row once.
async fn sizes(world: &World, request: &SplitRequest) -> Vec<u64> {
    let split = world.connector.split(request).await.unwrap();
    let Relation::Table(table) = &request.relation else { unreachable!() };
    let mut sizes = Vec::new();
    for range in split.ranges() {
        let condition = world.connector.range_filter(table, &request.key, &range).await.unwrap();
        sizes.push(world.connector.count(&request.relation, condition.filter.as_deref()).await.unwrap());
    }
    assert_eq!(sizes.iter().sum::<u64>(), world.count(table).await, "{split:?} {sizes:?}");
    sizes
}

pub(crate) async fn ranges_hold_every_row_once(world: &World) {
    let ids: ArrayRef = Arc::new((-500..1_500).map(|n| n * 3).collect::<Int64Array>());
    make(world, "numbers", &["id"], vec![("id", ids)]).await;
    let found = sizes(world, &request("numbers", &["id"], 4)).await;
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|size| *size > 250), "{found:?}");
    assert_eq!(sizes(world, &request("numbers", &["id"], 1)).await, [2_000]);

    // Letters of both cases, accents, a blank at the end and a character beyond the basic plane: the order is that of the bytes.
    let letters = ["a", "A", "ä", "B", "b ", "b", "😀", "Z", "z\u{1}", "'"];
    let texts = (0..1_000).map(|n| Some(format!("{}{:03}", letters[n % letters.len()], n / letters.len())));
    let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
    make(world, "texts", &["name"], vec![("name", texts)]).await;
    let cut = KeyRange { from: Some(vec![KeyPart::Text("b".to_owned())]), to: None };
    let condition = world.connector.range_filter("texts", &["name".to_owned()], &cut).await.unwrap();
    let from_b =
        world.connector.count(&Relation::Table("texts".to_owned()), condition.filter.as_deref()).await.unwrap();
    assert_eq!(from_b, 500, "ä, `b `, b, 😀 and z come at or after b");
    if let Ok(split) = world.connector.split(&request("texts", &["name"], 3)).await {
        assert!(split.bounds.windows(2).all(|pair| pair[0] < pair[1]), "{split:?}");
        assert_eq!(sizes(world, &request("texts", &["name"], 3)).await.len(), 3);
    }

    let (left, right): (Vec<i64>, Vec<i64>) = (0..2_000).map(|n| (n / 500, n % 500)).unzip();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("a", Arc::new(Int64Array::from(left))), ("b", Arc::new(Int64Array::from(right)))];
    make(world, "pairs", &["a", "b"], columns).await;
    let found = sizes(world, &request("pairs", &["a", "b"], 8)).await;
    assert!(found.len() > 6 && found.iter().all(|size| *size > 50), "{found:?}");
}

pub(crate) async fn skewed_keys_are_cut_where_rows_are(world: &World) {
    let ids = (0..2_000).chain([1_000_000_000_000, i64::MAX]);
    let ids: ArrayRef = Arc::new(ids.collect::<Int64Array>());
    make(world, "skewed", &["id"], vec![("id", ids)]).await;
    let found = sizes(world, &request("skewed", &["id"], 4)).await;
    assert!(found.len() == 4 && found.iter().all(|size| *size < 1_200), "{found:?}");

    let none: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    make(world, "none", &["id"], vec![("id", none)]).await;
    assert_eq!(sizes(world, &request("none", &["id"], 4)).await, [0]);

    let nulls = [None, None, Some(1), Some(2), Some(3), Some(4), Some(5), Some(6)];
    let nulls: ArrayRef = Arc::new(nulls.iter().copied().collect::<Int64Array>());
    make(world, "nulls", &[], vec![("id", nulls)]).await;
    assert_eq!(sizes(world, &request("nulls", &["id"], 2)).await.len(), 2);
}

pub(crate) async fn a_key_that_cannot_be_cut_is_refused(world: &World) {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    make(world, "two", &["id"], vec![("id", ids)]).await;
    let query =
        SplitRequest { relation: Relation::Query("SELECT id FROM two".to_owned()), ..request("two", &["id"], 2) };
    let error = world.connector.split(&query).await.unwrap_err();
    assert_eq!(error.code(), model::ErrorCode::Unsupported);
    let cut = KeyRange { from: Some(vec![KeyPart::Text("1 OR 1=1".to_owned())]), to: None };
    let error = world.connector.range_filter("two", &["id".to_owned()], &cut).await.unwrap_err();
    assert_eq!(error.code(), model::ErrorCode::Unsupported);
    assert!(world.connector.split(&request("two", &["ghost"], 2)).await.is_err());
}
