#![allow(clippy::unwrap_used)]

use super::*;
use model::ErrorCode;
use model::kind::Inputs;
use serde_json::{Value, json};

/// Kinds that stand for the real ones.
pub(super) struct Kinds;

fn kind(name: &str, inputs: Inputs, ports: &[&str], outputs: &[&str], schema: Value) -> KindInfo {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    KindInfo {
        name: name.to_owned(),
        summary: String::new(),
        schema,
        inputs,
        ports: words(ports),
        named_ports: name == "route",
        outputs: words(outputs),
    }
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

impl Catalog for Kinds {
    fn find_kind(&self, uses: &str) -> Option<KindInfo> {
        let any = json!({ "type": "object" });
        Some(match uses {
            "fetch" => {
                let csv =
                    object(json!({ "source": { "const": "csv" }, "path": { "type": "string" } }), &["source", "path"]);
                let sql = object(
                    json!({ "source": { "const": "sql" }, "query": { "type": "string" }, "batch": { "type": "integer", "minimum": 1 } }),
                    &["source", "query"],
                );
                kind(uses, Inputs::None, &["out", "rejected"], &["rows"], json!({ "oneOf": [csv, sql] }))
            }
            "classify" => kind(uses, Inputs::Required, &["out"], &[], any),
            "validate" => {
                let rule = object(
                    json!({ "name": { "type": "string", "description": "what the rule is called" } }),
                    &["name"],
                );
                let rules = json!({ "rules": { "type": "array", "items": { "$ref": "#/$defs/Rule" } },
                    "severity": { "enum": ["warn", "error"] } });
                let mut schema = object(rules, &[]);
                schema["$defs"] = json!({ "Rule": rule });
                kind(uses, Inputs::Required, &["out", "rejected"], &[], schema)
            }
            "route" => kind(uses, Inputs::Required, &["otherwise"], &[], any),
            "write" => kind(uses, Inputs::Required, &["rejected"], &["rows"], any),
            "diff" => kind(uses, Inputs::None, &[], &["differences"], any),
            "alert" | "foreach" | "script" => kind(uses, Inputs::None, &[], &[], any),
            _ => return None,
        })
    }

    fn kind_names(&self) -> Vec<String> {
        ["fetch", "classify", "validate", "route", "write", "diff", "alert", "foreach", "script"]
            .map(str::to_owned)
            .into()
    }

    fn check(&self, step: &Step) -> Vec<Fault> {
        match step.with.get("sql").and_then(Value::as_str) {
            Some("wrong") => vec![Fault::new(ErrorCode::InvalidSql, "no").path("with.sql")],
            _ => Vec::new(),
        }
    }
}

fn plan(text: &str) -> Plan {
    check(text, &Kinds).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// The stages, one a line: steps, what they need.
fn shown(plan: &Plan) -> Vec<String> {
    let names = |ids: &[StepId]| ids.iter().map(StepId::as_str).collect::<Vec<_>>().join(" ");
    plan.stages.iter().map(|stage| format!("{} < {}", names(&stage.steps), names(&stage.needs))).collect()
}

/// The faults of a workflow whose steps are `steps`, one a line.
fn faults(steps: &str) -> Vec<String> {
    let text = format!("name: test\ninputs: {{ day: date }}\nsteps:\n{steps}");
    let faults = check(&text, &Kinds).expect_err(steps);
    for fault in &faults {
        assert!(fault.line.is_some() && fault.column.is_some() && fault.path.is_some(), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.ends_with(['.', '?'])), "{fault:?}");
    }
    faults
        .iter()
        .map(|fault| format!("{} {}:{} {fault}", fault.code, fault.line.unwrap(), fault.column.unwrap()))
        .collect()
}

#[track_caller]
fn check_fault(steps: &str, expected: &str) {
    assert_eq!(faults(steps), [expected]);
}

const MARKET_DAY: &str = r#"
name: market-day
triggers:
  - cron: "30 15 * * MON-FRI"          # five fields (six with seconds), as crontab(5)
    timezone: Asia/Shanghai
    catchup: latest                    # after downtime: none | latest | all
  - webhook: bars                      # POST /hooks/bars, token or HMAC
inputs:
  day: { type: date, default: "${{ today() }}" }
concurrency: { limit: 1, on_conflict: queue }   # queue | skip | cancel_running
timeout: 30m
steps:
  - id: bars
    uses: fetch
    with: { source: csv, path: "data/${{ inputs.day }}.csv" }
    retry: { attempts: 3, backoff: 2s, max: 1m }
  - id: kinds
    uses: classify                     # adds the column `class`
    from: bars
  - id: checked
    uses: validate
    from: kinds
    timeout: 5m
    with:
      rules:
        - { name: ohlc }
  - id: stored
    uses: route
    from: checked                      # port `out`
    with:
      rules:
        - { when: "class = 'market'", to: { connection: history, table: daily_bars }, port: market }
      otherwise: reject
  - id: kept_out
    uses: write
    from: [checked.rejected, stored.market]
    with: { connection: history, table: rejected_bars, mode: append }
  - id: same
    uses: diff
    needs: [stored]
    with: { key: [symbol, trade_date] }
  - id: tell
    uses: alert
    needs: same
    if: "${{ steps.same.differences > 0 }}"
    with: { channels: [ops], template: diff-found }
"#;

#[test]
fn steps_joined_by_data_become_a_stage() {
    let plan = plan(MARKET_DAY);
    assert_eq!(shown(&plan), ["bars kinds checked stored kept_out < ", "same < stored", "tell < same"]);
    assert_eq!(plan.stages[0].retry.attempts, 3);
    assert_eq!(plan.stages[0].timeout, Some(Duration::from_secs(300)));
    let same = StepId::new("same").unwrap();
    assert_eq!(plan.stage_of(&same), Some(&plan.stages[1]));
    assert_eq!(plan.workflow.steps[6].condition.as_deref(), Some("steps.same.differences > 0"));
}

#[test]
fn json_means_the_same_as_yaml() {
    let text =
        r#"{"name": "a", "steps": [{"id": "x", "uses": "alert"}, {"id": "y", "uses": "alert", "needs": ["x"]}]}"#;
    assert_eq!(shown(&plan(text)), ["x < ", "y < x"]);
}

#[test]
fn stages_stand_after_those_they_need_whatever_the_order_of_the_text() {
    let text = "name: a\nsteps:\n  - { id: z, uses: alert, needs: [y, x] }\n  - { id: y, uses: alert, needs: x }\n  - { id: x, uses: alert }\n";
    assert_eq!(shown(&plan(text)), ["x < ", "y < x", "z < y x"]);
}

#[test]
fn circles_are_named() {
    check_fault(
        "  - { id: a, uses: classify, from: b }\n  - { id: b, uses: classify, from: a }\n",
        "cycle 5:36 batches flow in a circle: `b` → `a` → `b` (Remove one of these `from`.)",
    );
    check_fault("  - { id: a, uses: alert, needs: a }\n", "cycle 4:34 step `a` needs itself (Remove it from `needs`.)");
    check_fault(
        "  - { id: a, uses: alert, needs: [c] }\n  - { id: b, uses: alert, needs: [a] }\n  - { id: c, uses: alert, needs: [b] }\n",
        "cycle 4:35 steps wait for each other in a circle: `a` needs `c`; `c` needs `b`; `b` needs `a` (Remove one of these `needs`.)",
    );
    check_fault(
        "  - { id: a, uses: fetch, with: { source: csv, path: x }, needs: [c] }\n  - { id: b, uses: classify, from: a }\n  - { id: c, uses: alert, needs: [b] }\n",
        "cycle 4:67 steps wait for each other in a circle: `a`, which runs together with `b`, needs `c`; `c` needs `b` (Remove one of these `needs`.)",
    );
    check_fault(
        "  - { id: a, uses: fetch, with: { source: csv, path: x } }\n  - { id: b, uses: classify, from: a, needs: a }\n",
        "cycle 5:46 step `b` needs `a`, but both run together, since batches flow between them (Remove it from `needs`.)",
    );
}

#[test]
fn edges_lead_to_what_exists() {
    check_fault(
        "  - { id: a, uses: fetch, with: { source: csv, path: x } }\n  - { id: b, uses: classify, from: a.rejcted }\n",
        "port_not_found 5:36 step `a` has no port `rejcted` (Did you mean `a.rejected`?)",
    );
    check_fault(
        "  - { id: a, uses: alert }\n  - { id: b, uses: classify, from: a }\n",
        "port_not_found 5:36 step `a` sends no batches, since its kind is `alert` (Use `needs: [a]` to wait for it.)",
    );
    check_fault(
        "  - { id: first, uses: alert }\n  - { id: b, uses: alert, needs: [frist] }\n",
        "step_not_found 5:35 there is no step `frist` (Did you mean `first`?)",
    );
    check_fault(
        "  - { id: a, uses: classify }\n",
        "missing_key 4:5 step `a` lacks the key `from` (Name the step whose batches `classify` works on.)",
    );
    check_fault(
        "  - { id: a, uses: fetsch }\n",
        "unknown_step_kind 4:20 step `a` uses `fetsch`, which is no step kind (Did you mean `fetch`?)",
    );
}

#[test]
fn settings_are_held_against_the_schema() {
    check_fault(
        "  - { id: a, uses: fetch, with: { source: cvs, path: x } }\n",
        "invalid_value 4:43 `source` cannot be `cvs` (Did you mean `csv`?)",
    );
    assert_eq!(
        faults("  - { id: a, uses: fetch, with: { source: csv, pth: x } }\n"),
        [
            "missing_key 4:33 `with` lacks the key `path` (Add `path: …`.)",
            "unknown_key 4:48 `with` has no key `pth` (Did you mean `path`?)",
        ]
    );
    check_fault(
        "  - { id: a, uses: fetch, with: { source: sql, query: '${{ inputs.day }}', batch: 0 } }\n",
        "invalid_value 4:83 `batch` cannot be 0 (Write at least 1.)",
    );
    plan("name: a\nsteps: [{ id: a, uses: fetch, with: { source: sql, query: x, batch: '${{ 1 + 1 }}' } }]");
    let start =
        "  - { id: a, uses: fetch, with: { source: csv, path: x } }\n  - { id: b, uses: validate, from: a, with:";
    assert_eq!(
        faults(&format!("{start} {{ rules: [{{ nmae: x }}, 3], severity: eror }} }}\n")),
        [
            "missing_key 5:55 item 1 of `rules` lacks the key `name` (Add `name`: what the rule is called.)",
            "unknown_key 5:57 item 1 of `rules` has no key `nmae` (Did you mean `name`?)",
            "invalid_value 5:68 item 2 of `rules` must be a mapping, not the number 3 (Write a mapping.)",
            "invalid_value 5:82 `severity` cannot be `eror` (Did you mean `error`?)",
        ]
    );
    check_fault(
        "  - { id: a, uses: script, with: { sql: wrong } }\n",
        "invalid_sql 4:41 no (See the page on `script` for its settings.)",
    );
}

#[test]
fn expressions_mention_only_what_has_surely_ended() {
    check_fault(
        "  - { id: a, uses: diff }\n  - { id: b, uses: alert, if: \"${{ steps.a.differences > 0 }}\" }\n",
        "invalid_expression 5:36 step `b` asks for values of `a`, which may not have ended by then (Add `needs: [a]` to `b`.)",
    );
    check_fault(
        "  - { id: a, uses: fetch, with: { source: csv, path: x } }\n  - { id: b, uses: classify, from: a, if: \"steps.a.rows > 0\" }\n",
        "invalid_expression 5:44 step `b` asks for values of `a`, which runs at the same time (Steps joined by `from` run together; move what depends on the values into a later step.)",
    );
    assert_eq!(
        faults(
            "  - { id: a, uses: diff }\n  - id: b\n    uses: script\n    needs: a\n    with:\n      text: |\n        one ${{ inputs.dya }}\n        two ${{ steps.a.diferences }}\n"
        ),
        [
            "invalid_expression 10:17 the expression names the input `dya`, which does not exist (Did you mean `inputs.day`?)",
            "invalid_expression 11:17 step `a` leaves no value `diferences` (Did you mean `steps.a.differences`?)",
        ]
    );
}

#[test]
fn steps_of_a_foreach_are_checked_like_others() {
    plan(
        "name: a\nsteps:\n  - id: names\n    uses: diff\n  - id: each\n    uses: foreach\n    needs: names\n    with:\n      items: [1, 2]\n      steps:\n        - { id: one, uses: script, with: { x: '${{ item + steps.names.differences }}' } }\n        - { id: two, uses: alert, needs: one, if: 'steps.one.status == \"failed\"' }\n",
    );
    assert_eq!(
        faults(
            "  - id: each\n    uses: foreach\n    with:\n      steps:\n        - { id: one, uses: scrpt }\n        - { id: each, uses: foreach }\n        - { id: three, uses: alert, needs: [names] }\n  - { id: last, uses: script, with: { x: '${{ item }}' } }\n"
        ),
        [
            "unknown_step_kind 8:28 step `one` uses `scrpt`, which is no step kind (Did you mean `script`?)",
            "duplicate 9:17 two steps are called `each`, one within `each` (Give one of them another `id`.)",
            "invalid_value 9:29 step `each` is a `foreach` within a `foreach` (Let the outer one's items be all the pairs, or use a `script`.)",
            "step_not_found 10:45 there is no step `names` (Steps within a `foreach` can only name each other here.)",
            "invalid_expression 11:47 the expression names `item`, which exists within a `foreach` only (Move the step into the `steps` of a `foreach`.)",
        ]
    );
}

#[test]
fn triggers_are_checked_before_they_fire() {
    let with = |trigger: &str| {
        let text =
            format!("name: a\ninputs: {{ day: date }}\ntriggers:\n  - {trigger}\nsteps: [{{ id: a, uses: alert }}]\n");
        check(&text, &Kinds).map(|_| ()).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(with("{ cron: '0 0 * * *', inputs: { day: '${{ today() }}' } }"), Ok(()));
    for (trigger, expected) in [
        ("{ cron: '0 0 * * *' }", "without the input `day`"),
        ("{ cron: '0 0 * * *', inputs: { dya: 2024-01-01, day: 2024-01-01 } }", "no input `dya` (Did you mean `day`?)"),
        ("{ cron: '0 0 * * *', inputs: { day: soon } }", "must be a date"),
        ("{ cron: '0 0 30 2 *', inputs: { day: 2024-01-01 } }", "never fires"),
        ("{ cron: '0 0 * *', inputs: { day: 2024-01-01 } }", "has 4 fields"),
        (
            "{ cron: '0 0 * * *', timezone: asia/shanghai, inputs: { day: 2024-01-01 } }",
            "Did you mean `Asia/Shanghai`?",
        ),
        ("{ cron: '0 0 * * *', timezone: Mars, inputs: { day: '${{ inputs.day }}' } }", "is not an IANA name"),
        ("{ webhook: /bars }", "cannot be a webhook's path"),
    ] {
        let faults = with(trigger).unwrap_err();
        assert!(faults[0].contains(expected), "{trigger}: {faults:?}");
    }
}

#[test]
fn faults_of_shape_and_meaning_are_told_together() {
    assert_eq!(
        faults("  - { id: Bad, uses: alert, timeout: soon }\n  - { id: b, uses: alrt, needs: [Bad], nedes: x }\n")
            .len(),
        4
    );
}

#[test]
fn a_thousand_steps_in_a_row_are_no_trouble() {
    let steps: String = (1..1000).map(|n| format!("  - {{ id: s{n}, uses: alert, needs: s{} }}\n", n - 1)).collect();
    let text = format!("name: a\nsteps:\n  - {{ id: s0, uses: alert }}\n{steps}");
    assert_eq!(plan(&text).stages.len(), 1000);
}
