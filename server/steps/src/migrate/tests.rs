#![allow(clippy::unwrap_used)]

use super::settings::Settings;
use super::*;
use model::ErrorCode;
use serde_json::json;

fn faults(with: Value) -> Vec<(ErrorCode, String)> {
    let schema = jsonschema::validator_for(&settings::schema()).unwrap();
    assert!(schema.is_valid(&with), "{with}");
    let Value::Object(with) = with else { panic!("settings are an object") };
    Migrate.check(&with).into_iter().map(|fault| (fault.code, fault.path.unwrap_or_default())).collect()
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut with = json!({ "from": { "connection": "a", "table": "t" }, "to": { "connection": "b" } });
    change(&mut with);
    with
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let check = |change: &dyn Fn(&mut Value), code, path: &str| {
        assert_eq!(faults(with(change)), [(code, path.to_owned())]);
    };
    assert_eq!(faults(with(|_| {})), []);
    check(&|with| with["from"]["query"] = json!("SELECT 1"), ErrorCode::InvalidValue, "with.from");
    check(&|with| with["from"] = json!({ "connection": "a" }), ErrorCode::MissingKey, "with.from");
    check(&|with| with["from"] = json!({ "connection": "a", "query": "SELECT 1" }), ErrorCode::MissingKey, "with.to");
    check(&|with| with["rejected"] = json!({ "connection": "b" }), ErrorCode::InvalidValue, "with.rejected");
    let many = |with: &mut Value| {
        with["from"]["table"] = json!("t_*");
        with["columns"] = json!({ "a": "b" });
    };
    check(&many, ErrorCode::InvalidValue, "with.columns");
}

#[test]
fn settings_of_the_wrong_shape_do_not_pass_the_schema() {
    let schema = jsonschema::validator_for(&settings::schema()).unwrap();
    for (key, value) in [
        ("chunk_rows", json!(0)),
        ("parallel", json!("two")),
        ("mode", json!("merge")),
        ("validate", json!({ "threshold": 1 })),
        ("convert", json!({ "zero_dates": "keep" })),
        ("task", json!("copy")),
        ("enums", json!("text")),
        ("columns", json!({ "a": { "of": "b" } })),
        ("unknown", json!(1)),
    ] {
        let told = with(|with| with[key] = value.clone());
        assert!(!schema.is_valid(&told), "{told}");
    }
}

#[test]
fn a_proof_is_a_word_or_a_word_with_a_threshold() {
    let parse = |validate: Value| {
        let told = with(|with| with["validate"] = validate);
        serde_json::from_value::<Settings>(told).unwrap().validate.parts()
    };
    use transfer::migrate::Validate;
    assert_eq!(parse(json!("diff")), (Validate::Diff, 0));
    assert_eq!(parse(json!({ "by": "count", "threshold": 9 })), (Validate::Count, 9));
}

#[test]
fn a_task_that_is_told_when_the_run_starts_hides_no_fault() {
    let told = with(|with| {
        with["task"] = json!("${{ inputs.task }}");
        with["rejected"] = json!({ "connection": "b" });
    });
    let Value::Object(told) = told else { panic!("settings are an object") };
    let faults: Vec<ErrorCode> = Migrate.check(&told).into_iter().map(|fault| fault.code).collect();
    assert_eq!(faults, [ErrorCode::InvalidValue]);
}
