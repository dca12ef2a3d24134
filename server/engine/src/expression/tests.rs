#![allow(clippy::unwrap_used)]

use super::*;
use chrono::TimeZone;
use serde_json::json;

fn values() -> Value {
    json!({
        "inputs": { "day": "2024-01-31", "end": 3, "names": ["a", "b"], "none": null, "big": u64::MAX },
        "steps": { "same": { "status": "succeeded", "differences": 2, "rows_in": 10 }, "kept": { "status": "failed" } },
        "run": { "id": "run_1", "attempt": 1 },
        "trigger": { "kind": "manual" },
    })
}

fn rendered(text: &str) -> Result<Value, String> {
    let values = values();
    let now = Utc.with_ymd_and_hms(2024, 1, 31, 20, 30, 0).unwrap();
    let scope = Scope::new(&values, now).timezone(chrono_tz::Asia::Shanghai);
    render(&json!(text), &scope).map_err(|fault| fault.to_string())
}

#[track_caller]
fn check_value(text: &str, expected: Value) {
    assert_eq!(rendered(text), Ok(expected), "{text}");
}

#[track_caller]
fn check_refusal(text: &str, expected: &str) {
    let message = rendered(text).expect_err(text);
    assert!(message.contains(expected), "{text}: {message}");
}

#[test]
fn one_expression_keeps_its_type_and_several_become_text() {
    check_value("plain", json!("plain"));
    check_value("", json!(""));
    check_value("${{ inputs.end }}", json!(3));
    check_value("${{inputs.names}}", json!(["a", "b"]));
    check_value("${{ inputs.none }}", json!(null));
    check_value("data/${{ inputs.day }}.csv", json!("data/2024-01-31.csv"));
    check_value("${{ inputs.end }}${{ inputs.names }}", json!("3[\"a\",\"b\"]"));
    check_value("a $${{ b }} c", json!("a ${{ b }} c"));
    check_value("$${{ ${{ 1 }}", json!("${{ 1"));
    check_value("costs $5 {{x}} }}", json!("costs $5 {{x}} }}"));
    check_value("${{ #{a: #{b: 1}} }}", json!({"a": {"b": 1}}));
    check_value("${{ '}}' }}", json!("}}"));
}

#[test]
fn the_language_has_what_people_expect() {
    check_value("${{ 'it''s'.len() }}".replace("''", "\\'").as_str(), json!(4));
    check_value("${{ steps.same.differences > 0 && !failed() }}", json!(false));
    check_value("${{ steps['same'].status == \"succeeded\" }}", json!(true));
    check_value("${{ default(inputs.none, 'x') }}", json!("x"));
    check_value("${{ inputs.none == null }}", json!(true));
    check_value("${{ inputs.none ?? 7 }}", json!(7));
    check_value("${{ if inputs.end > 2 { 'many' } else { 'few' } }}", json!("many"));
    check_value("${{ 'b' in inputs.names }}", json!(true));
    check_value("${{ inputs.names[1].upper() + inputs.end }}", json!("B3"));
    check_value("${{ 1.5 + 1 }}", json!(2.5));
    check_value("${{ join([1, 'a', true], '-') }}", json!("1-a-true"));
    check_value("${{ parse_json(json(inputs)).names[0] }}", json!("a"));
    check_value("${{ \"zażółć\".substring(2, 3) }}", json!("żół"));
}

#[test]
fn moments_are_those_of_the_scope_in_its_time_zone() {
    check_value("${{ today() }}", json!("2024-02-01"));
    check_value("${{ now() }}", json!("2024-02-01T04:30:00+08:00"));
    check_value("${{ days_ago(1) }}", json!("2024-01-31"));
    check_value("${{ add_days(inputs.day, 30) }}", json!("2024-03-01"));
    check_value("${{ format_date(today(), '%Y%m%d') }}", json!("20240201"));
    check_refusal("${{ format_date(today(), '%Q') }}", "not a pattern");
    check_refusal("${{ add_days(today(), 9223372036854775807) }}", "beyond the calendar");
    check_refusal("${{ days_ago(-9223372036854775807 - 1) }}", "beyond the calendar");
}

#[test]
fn what_is_missing_is_named() {
    check_refusal("${{ inputs.dya }}", "names `dya`, which does not exist (Did you mean `day`?)");
    check_refusal("${{ steps.same.diferences }}", "Did you mean `differences`?");
    check_refusal("${{ item.name }}", "`item`, which has no value here");
    check_refusal("${{ inptus.day }}", "Did you mean `inputs`?");
    check_refusal("${{ todya() }}", "there is no function `todya` (Did you mean `today`?)");
    check_refusal("x ${{ inputs.none }}", "is null, which cannot become part of a text");
}

#[test]
fn what_does_not_parse_says_so() {
    for (text, expected) in [
        ("${{ inputs.day", "is not closed"),
        ("${{ 'abc }}", "is not closed"),
        ("${{ }}", "is empty"),
        ("${{ 1 + }}", "does not parse"),
        ("${{ inputs.day. }}", "does not parse"),
        ("${{ inputs..day }}", "names `day`"),
        ("${{ let x = 1; x }}", "names `let`"),
        ("${{ `x` }}", "backtick"),
        ("${{ '\\q' }}", "unknown escape"),
        ("${{ inputs.day = 3 }}", "does not parse"),
        ("${{ |x| x }}", "names `x`"),
    ] {
        check_refusal(text, expected);
    }
}

#[test]
fn hostile_expressions_are_stopped() {
    for text in [
        "${{ eval('1') }}",
        "${{ sleep(100) }}",
        "${{ print('x') }}",
        "${{ loop { } }}",
        "${{ while true { } }}",
        "${{ import 'x' }}",
        "${{ Fn('x').call() }}",
        "${{ range(0, 9223372036854775807) }}",
        "${{ 9223372036854775807 + 1 }}",
        "${{ 1 / 0 }}",
        "${{ integer(1e300) }}",
        "${{ 1.0e308 * 10.0 }}",
        "${{ inputs.big.x.y }}",
    ] {
        assert!(rendered(text).is_err(), "{text}");
    }
    let chain = format!("${{{{ {}1 }}}}", "1 + ".repeat(50));
    check_value(&chain, json!(51));
    for opening in ["(", "[", "!", "-", "#{a:", "if true {"] {
        let deep = format!("${{{{ {} }}}}", opening.repeat(300));
        assert!(rendered(&deep).is_err(), "{opening}");
    }
    for piece in ["1 + ", "1 && ", "inputs.day || ", "1 == ", "inputs ?? ", "true in "] {
        let long = format!("${{{{ {}1 }}}}", piece.repeat(1500));
        assert!(rendered(&long).is_err());
        let _ = rendered(&format!("${{{{ {}1 }}}}", piece.repeat(190)));
    }
    let accesses = format!("${{{{ inputs{} }}}}", ".a".repeat(190));
    assert!(rendered(&accesses).is_err());
    let mut grown = "'xxxxxxxxxxxxxxxx'".to_owned();
    for _ in 0..6 {
        grown = format!("replace({grown}, 'x', 'xxxxxxxxxxxxxxxx')");
    }
    check_refusal(&format!("${{{{ {grown} }}}}"), "1 MiB");
}

#[test]
fn conditions_want_true_or_false() {
    let values = values();
    let now = Utc.with_ymd_and_hms(2024, 1, 31, 20, 30, 0).unwrap();
    let scope = Scope::new(&values, now);
    assert_eq!(condition("steps.same.differences > 0", &scope), Ok(true));
    assert_eq!(condition("always() && failed()", &scope), Ok(true));
    let fault = condition("steps.same.differences", &scope).unwrap_err();
    assert_eq!(fault.message, "the condition `steps.same.differences` gives a number, not true or false");
}

#[test]
fn settings_of_nested_steps_keep_their_expressions() {
    let step = Step {
        id: model::StepId::new("each").unwrap(),
        uses: "foreach".to_owned(),
        name: None,
        from: Vec::new(),
        needs: Vec::new(),
        condition: None,
        with: json!({"items": "${{ inputs.names }}", "steps": [{"with": {"x": "${{ item }}"}}]})
            .as_object()
            .unwrap()
            .clone(),
        retry: None,
        timeout: None,
        on_error: model::document::OnError::Fail,
    };
    let values = values();
    let scope = Scope::new(&values, Utc.with_ymd_and_hms(2024, 1, 31, 20, 30, 0).unwrap());
    let with = render_settings(&step, &scope).unwrap();
    assert_eq!(with["items"], json!(["a", "b"]));
    assert_eq!(with["steps"][0]["with"]["x"], json!("${{ item }}"));
}

#[test]
fn references_name_what_an_expression_uses_and_where() {
    let found = references("a ${{ steps.same.differences + inputs['day'] }} ${{ run.id }}");
    let told: Vec<_> = found
        .iter()
        .map(|found| format!("{} {:?} {:?} {}", found.root, found.name, found.property, found.offset))
        .collect();
    assert_eq!(
        told,
        [r#"steps Some("same") Some("differences") 6"#, r#"inputs Some("day") None 31"#, r#"run Some("id") None 52"#,]
    );
}

#[test]
fn every_published_function_exists() {
    for function in FUNCTIONS {
        let call = function.usage.split('(').next().unwrap();
        assert_eq!(call, function.name);
        assert!(compile(&format!("${{{{ {}() }}}}", function.name)).is_ok(), "{}", function.name);
    }
}
