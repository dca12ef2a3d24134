//! Malformed documents about tables: each is refused with the expected code, a place and a hint, and its message is
//! written down.
//!
//! The documents stand in `tests/corpus/tables/`, one file for a family: `### code | title` and a whole document, or
//! `##+ code | title` and the items of `tables`. `messages.md` beside them holds what people read; set
//! `SLUICE_UPDATE_MESSAGES` to write it anew.

use crate::tables::parse;
use model::Fault;
use std::fmt::Write;
use std::path::PathBuf;

struct Case {
    family: String,
    code: String,
    title: String,
    text: String,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/tables"))
}

fn written() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for path in files {
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_open = false;
        for line in text.lines() {
            let items_only = line.starts_with("##+ ");
            if items_only || line.starts_with("### ") {
                let (code, title) = line[4..].split_once(" | ").unwrap();
                is_open = true;
                cases.push(Case {
                    family: family.clone(),
                    code: code.to_owned(),
                    title: title.to_owned(),
                    text: if items_only { "tables:\n".to_owned() } else { String::new() },
                });
            } else if is_open {
                let case = cases.last_mut().unwrap();
                case.text.push_str(line);
                case.text.push('\n');
            }
        }
    }
    cases
}

/// Documents that are too large or too odd to be kept as files.
fn generated() -> Vec<Case> {
    let case = |code: &str, title: &str, text: String| Case {
        family: "generated".to_owned(),
        code: code.to_owned(),
        title: title.to_owned(),
        text,
    };
    let table = "  - database_type: SQLite\n    table_name: t\n    columns: ";
    let many = |count: usize| -> String {
        let columns: Vec<String> = (0..count).map(|n| format!("{{ name: c{n}, type: INT }}")).collect();
        format!("tables:\n{table}[{}]\n", columns.join(", "))
    };
    vec![
        case("document_too_large", "a document of 10 MB", format!("# {}\ntables: []\n", "x".repeat(10_000_000))),
        case("document_too_large", "a comment of 100 kB", {
            format!("tables:\n{table}[{{ name: a, type: INT, comment: {} }}]\n", "x".repeat(100_000))
        }),
        case("document_too_large", "5,000 columns", many(5_000)),
        case("document_too_large", "5,001 tables", {
            (0..5_001).fold("tables:\n".to_owned(), |text, n| {
                text + &format!(
                    "  - {{ database_type: SQLite, table_name: t{n}, columns: [{{ name: a, type: INT }}] }}\n"
                )
            })
        }),
        case("document_unreadable", "an alias bomb", {
            let bomb = (1..20).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1));
            std::iter::once("a0: &a0 [x]\n".to_owned()).chain(bomb).collect()
        }),
        case("document_too_large", "1 MB of open brackets", format!("tables: {}", "[".repeat(1_000_000))),
        case("invalid_value", "1,000 columns with types nobody knows", many(1_000).replace("INT", "INTT")),
        case("duplicate", "the same table 500 times", {
            let one = "  - { database_type: SQLite, table_name: t, columns: [{ name: a, type: INT }] }\n";
            format!("tables:\n{}", one.repeat(500))
        }),
        case("duplicate", "the same column 500 times", {
            format!("tables:\n{table}[{}]\n", "{ name: a, type: INT }, ".repeat(500))
        }),
        case("document_unreadable", "a zero byte", format!("tables:\n{table}[{{ name: \0, type: INT }}]\n")),
        case("document_unreadable", "a sign that turns text around", {
            format!("tables:\n{table}[{{ name: \u{202e}a, type: INT }}]\n")
        }),
    ]
}

fn told(case: &Case, faults: &[Fault]) -> String {
    let mut out = String::new();
    writeln!(out, "- {}", case.title).unwrap();
    for fault in faults.iter().take(3) {
        let (line, column) = (fault.line.unwrap(), fault.column.unwrap());
        writeln!(out, "  - `{}` {line}:{column} {}", fault.code, fault.message).unwrap();
        writeln!(out, "    {}", fault.hint.as_deref().unwrap()).unwrap();
    }
    if faults.len() > 3 {
        writeln!(out, "  - and {} more", faults.len() - 3).unwrap();
    }
    out
}

#[test]
fn every_malformed_document_is_refused_with_a_pointed_message() {
    let mut cases = written();
    cases.extend(generated());
    assert!(cases.len() >= 80, "{} documents", cases.len());
    let mut wrong = Vec::new();
    let mut messages = "# What malformed documents about tables are told\n\n\
                        Written by the test of `transfer`; read it when wording changes.\n"
        .to_owned();
    let mut family = "";
    for case in &cases {
        if family != case.family {
            family = &case.family;
            write!(messages, "\n## {family}\n\n").unwrap();
        }
        let faults = match parse(&case.text) {
            Ok(_) => {
                wrong.push(format!("{} / {}: accepted", case.family, case.title));
                continue;
            }
            Err(faults) => faults,
        };
        let complete = |fault: &Fault| {
            fault.line.is_some()
                && fault.column.is_some()
                && fault.hint.as_deref().is_some_and(|hint| hint.ends_with(['.', '?']))
                && !fault.message.ends_with('.')
                && fault.message.len() < 400
        };
        if let Some(fault) = faults.iter().find(|fault| !complete(fault)) {
            wrong.push(format!("{} / {}: incomplete {fault:?}", case.family, case.title));
            continue;
        }
        if faults.len() > 100 || faults[0].code.as_str() != case.code {
            wrong.push(format!("{} / {}: wanted {}, got {}", case.family, case.title, case.code, told(case, &faults)));
        }
        messages.push_str(&told(case, &faults));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let path = folder().join("messages.md");
    if std::env::var_os("SLUICE_UPDATE_MESSAGES").is_some() {
        std::fs::write(&path, &messages).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (new, old)) in messages.lines().zip(kept.lines()).enumerate() {
        assert_eq!(new, old, "messages.md:{}: set SLUICE_UPDATE_MESSAGES and review the change", line + 1);
    }
    assert_eq!(messages.len(), kept.len(), "messages.md: set SLUICE_UPDATE_MESSAGES and review the change");
}
