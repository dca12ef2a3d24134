//! Transforms: the README's rows arrive changed, and nothing of what was hidden is anywhere.

use super::{Example, error};
use serde_json::Value;

#[test]
fn mask_pii_hides_what_the_readme_says() {
    let Some(example) = Example::find("mask-pii", &[]) else { return };
    let example = example.set("MASK_KEY", "a key of sixteen characters");
    example.sluice.add_sqlite("history");
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let mut rows = example.stored("people");
    rows.sort_by_key(|row| row["id"].as_i64());
    assert_eq!(rows[0]["name"], "***");
    assert_eq!(rows[0]["card"], "***1111");
    assert_eq!(rows[0]["note"], "call *** or ***");
    assert_eq!(rows[0]["mail"].as_str().unwrap().len(), 32, "{rows:#?}");
    assert_eq!((&rows[1]["mail"], &rows[1]["note"]), (&Value::Null, &Value::from("order 4711")));
    let shown = format!("{rows:?}");
    for hidden in ["Ann", "ann@mail", "4111111111111111", "23456789", "10.0.0.1"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    let run = example.run_document(&example.block("yaml").replace("mail: hash", "male: hash"));
    assert!(error(&run, "masked")["message"].as_str().unwrap().contains("`male`"), "{run:#}");
}

#[test]
fn json_fields_takes_out_what_the_readme_says() {
    let Some(example) = Example::find("json-fields", &[]) else { return };
    example.sluice.add_sqlite("history");
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let mut rows = example.stored("orders");
    rows.sort_by_key(|row| row["id"].to_string());
    assert_eq!((&rows[0]["number"], &rows[0]["price"]), (&Value::from("4711"), &Value::from("9.5")));
    assert_eq!((&rows[0]["title"], &rows[1]["title"]), (&Value::from("Grünkohl"), &Value::Null));
    assert_eq!(rows[1]["tags"], "[\"late\",\"gift\"]");
    assert_eq!(rows[2]["number"], Value::Null, "{rows:#?}");
    let wrong = example.block("yaml").replace("path: order.no, type: int64", "path: order.lines, type: int64");
    let run = example.run_document(&wrong);
    let message = error(&run, "orders")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("column `number`") && message.contains("row 1 of the batch"), "{run:#}");
}
