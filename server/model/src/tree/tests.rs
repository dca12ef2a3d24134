#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

fn value(text: &str) -> Value {
    parse(text, &Limits::default()).unwrap().to_value()
}

#[track_caller]
fn refused(text: &str) -> String {
    let faults = parse(text, &Limits::default()).expect_err(text);
    assert!(faults.iter().all(|fault| fault.line.is_some() && fault.column.is_some() && fault.hint.is_some()));
    let fault = &faults[0];
    format!("{} {}:{} {}", fault.code, fault.line.unwrap(), fault.column.unwrap(), fault.message)
}

#[test]
fn yaml_and_json_give_the_same_tree() {
    let expected = json!({"a": [1, 2.5, true, null, "x y"], "b": {"c": "1"}});
    assert_eq!(value("a: [1, 2.5, true, ~, x y]\nb:\n  c: '1'\n"), expected);
    assert_eq!(value(&expected.to_string()), expected);
    assert_eq!(value(&serde_json::to_string_pretty(&expected).unwrap().replace("  ", "\t")), expected);
    assert_eq!(value("{\"a\":\"\\ud83d\\ude00\\/\\u00e9\"}"), json!({"a": "😀/é"}));
    assert_eq!(
        value("\u{feff}a: no\r\nb: 12:30\r\nc: 2024-01-31\r\n"),
        json!({"a": "no", "b": "12:30", "c": "2024-01-31"})
    );
}

#[test]
fn places_count_characters_from_one() {
    let root = parse("a: x\nłąka: { ключ: [1,\n  zwei] }\n", &Limits::default()).unwrap();
    assert_eq!(root.locate("łąka", true), Position { line: 2, column: 1 });
    assert_eq!(root.locate("łąka.ключ", true), Position { line: 2, column: 9 });
    assert_eq!(root.locate("łąka.ключ.1", false), Position { line: 3, column: 3 });
    assert_eq!(root.locate("łąka.ключ.7", false), Position { line: 2, column: 15 });
}

#[test]
fn a_place_within_a_text_is_found_through_its_quotes() {
    let source = "a: \"x ${{ one }}\"\nb: |\n  first\n  ${{ two }}\n";
    let root = parse(source, &Limits::default()).unwrap();
    let place = |key: &str, word: &str| {
        let node = root.get(key).unwrap();
        place_within(source, node, node.as_text().unwrap().find(word).unwrap())
    };
    assert_eq!(place("a", "one"), Position { line: 1, column: 11 });
    assert_eq!(place("b", "two"), Position { line: 4, column: 7 });
}

#[test]
fn what_is_ambiguous_or_hidden_is_refused() {
    assert_eq!(refused("a: 1\nb: 2\na: 3\n"), "duplicate 3:1 the key `a` stands here twice");
    assert_eq!(refused("a: 007"), "invalid_value 1:4 `007` could be a number or text: it begins with 0");
    assert_eq!(refused("a: 1e999"), "invalid_value 1:4 `1e999` does not fit into 64 bits");
    assert_eq!(refused("a: .inf"), "invalid_value 1:4 `.inf` is not a finite number");
    assert_eq!(
        refused("a: &x 1\nb: *x"),
        "document_unreadable 2:4 the document uses the alias, which is not supported"
    );
    assert_eq!(refused("a: !env X"), "document_unreadable 1:9 the document uses a YAML tag, which is not supported");
    assert_eq!(
        refused("<<: {a: 1}"),
        "document_unreadable 1:1 the document uses the merge key `<<`, which is not supported"
    );
    assert_eq!(refused("a: 1\n---\nb: 2"), "document_unreadable 2:1 the text holds more than one document");
    assert_eq!(refused("a: b\u{202e}c"), "document_unreadable 1:5 the document holds the invisible character U+202E");
    assert_eq!(refused("a:\n\t- b"), "document_unreadable 2:2 a tab cannot indent");
    assert_eq!(refused(""), "document_unreadable 1:1 the document is empty");
    assert_eq!(refused("{[a]: b}"), "document_unreadable 1:2 a list or mapping cannot be a key");
}

#[test]
fn limits_stop_what_is_huge() {
    assert!(refused(&"x".repeat(2_000_000)).starts_with("document_too_large 1:1"));
    assert!(refused(&format!("a: {}", "x".repeat(300_000))).starts_with("document_too_large 1:4"));
    assert!(refused(&"[".repeat(100_000)).starts_with("document_too_large"));
    assert!(refused(&"- ".repeat(10_000)).starts_with("document_too_large"));
    assert!(refused(&format!("[{}]", "1,".repeat(40_000))).starts_with("document_too_large"));
    let levels: String = (0..64).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(parse(&levels, &Limits::default()).is_ok());
    assert!(refused(&format!("{levels}{}a: 1\n", " ".repeat(64))).starts_with("document_too_large"));
}

#[test]
fn bytes_that_are_not_text_are_named() {
    let fault = decode(b"a: \xc5\x82\nb: \xff", &Limits::default()).unwrap_err();
    assert_eq!((fault.line, fault.column), (Some(2), Some(4)));
    assert!(fault.message.contains("0xff"));
}
