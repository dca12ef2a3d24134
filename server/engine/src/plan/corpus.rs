//! Malformed documents: each is refused with the expected code, a place and a hint, and its message is written down.
//!
//! The documents stand in `tests/corpus/malformed/`, one file for a family: `### code | title` and a whole document, or
//! `##+ code | title` and steps. `messages.md` beside them holds what people read; set `SLUICE_UPDATE_MESSAGES` to write it anew.

#![allow(clippy::unwrap_used)]

use super::check;
use super::tests::Kinds;
use model::Fault;
use std::fmt::Write;
use std::path::PathBuf;

pub(crate) struct Case {
    pub(crate) family: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/malformed"))
}

fn written() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut open: Option<Case> = None;
        for line in text.lines() {
            let steps_only = line.starts_with("##+ ");
            if !steps_only && !line.starts_with("### ") {
                if let Some(case) = &mut open {
                    case.text.push_str(line);
                    case.text.push('\n');
                }
                continue;
            }
            cases.extend(open.take());
            let (code, title) = line[4..].split_once(" | ").unwrap();
            open = Some(Case {
                family: family.clone(),
                code: code.to_owned(),
                title: title.to_owned(),
                text: if steps_only { "name: test\nsteps:\n".to_owned() } else { String::new() },
            });
        }
        cases.extend(open);
    }
    cases
}

/// Documents that are too large, too deep or too odd to be kept as files.
fn generated() -> Vec<Case> {
    let case = |code: &str, title: &str, text: String| Case {
        family: "generated".to_owned(),
        code: code.to_owned(),
        title: title.to_owned(),
        text,
    };
    let step = "steps: [{ id: a, uses: alert }]\n";
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..30).map(|n| {
            let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
            format!("a{n}: &a{n} [{aliases}]\n")
        }))
        .collect();
    let many = |count: usize| (0..count).map(|n| format!("  - {{ id: s{n}, uses: alert }}\n")).collect::<String>();
    vec![
        case("document_too_large", "a text of 10 MB", format!("name: {}\n{step}", "x".repeat(10_000_000))),
        case("document_too_large", "a comment of 10 MB", format!("# {}\nname: a\n{step}", "x".repeat(10_000_000))),
        case("document_too_large", "10 MB of lines", "\n".repeat(10_000_000)),
        case("document_too_large", "a text of 500 kB", format!("name: {}\n{step}", "x".repeat(500_000))),
        case("document_too_large", "a quoted text of 500 kB", format!("name: \"{}\"\n{step}", "é".repeat(250_000))),
        case("document_unreadable", "an alias bomb", bomb),
        case("document_unreadable", "200 kB of aliases", format!("a: &a x\nb: [{}]", "*a, ".repeat(50_000))),
        case("document_too_large", "1 MB of open brackets", "[".repeat(1_000_000)),
        case("document_too_large", "1 MB of open braces", "{a: ".repeat(250_000)),
        case("document_too_large", "1 MB of nested lists", "- ".repeat(500_000)),
        case("document_unreadable", "1 MB of explicit keys", "? ".repeat(500_000)),
        case(
            "document_too_large",
            "mappings 100 deep",
            (0..100).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()
                + " ".repeat(100).as_str()
                + "a: 1",
        ),
        case("document_too_large", "100,001 numbers", format!("name: a\ntags: [{}]\n{step}", "1,".repeat(100_001))),
        case("document_too_large", "1,001 steps", format!("name: a\nsteps:\n{}", many(1001))),
        case("duplicate", "10,000 equal keys", "a: 1\n".repeat(10_000)),
        case("unknown_key", "10,000 unknown keys", (0..10_000).map(|n| format!("k{n}: 1\n")).collect()),
        case(
            "invalid_value",
            "500 steps with bad ids",
            format!("name: a\nsteps:\n{}", many(500).replace("id: s", "id: S")),
        ),
        case(
            "unknown_step_kind",
            "1,000 steps of unknown kinds",
            format!("name: a\nsteps:\n{}", many(1000).replace("alert", "alrt")),
        ),
        case(
            "cycle",
            "1,000 steps in a circle",
            format!(
                "name: a\nsteps:\n{}",
                (0..1000)
                    .map(|n| format!("  - {{ id: s{n}, uses: alert, needs: s{} }}\n", (n + 1) % 1000))
                    .collect::<String>()
            ),
        ),
        case("document_unreadable", "a NUL byte", format!("name: a\0b\n{step}")),
        case("document_unreadable", "an escape sign", format!("name: a\u{1b}[31m\n{step}")),
        case("document_unreadable", "a byte order mark inside", format!("name: a\u{feff}\n{step}")),
        case("document_unreadable", "1 MB of ampersands", "&".repeat(1_000_000)),
        case("document_unreadable", "1 MB of exclamation marks", "!".repeat(1_000_000)),
        case("document_unreadable", "1 MB of quotes", "\"".repeat(1_000_001)),
        case("document_too_large", "1 MB of colons", ": ".repeat(500_000)),
        case("document_unreadable", "1 MB of percent signs", "%".repeat(1_000_000)),
        case("document_unreadable", "1 MB of pipes", "|".repeat(1_000_000)),
        case(
            "invalid_expression",
            "200 kB of expression",
            format!(
                "name: a\nsteps: [{{ id: a, uses: script, with: {{ x: '${{{{ {} }}}}' }} }}]",
                "1+".repeat(100_000)
            ),
        ),
        case(
            "document_too_large",
            "200 kB of openings",
            format!("name: a\nsteps: [{{ id: a, uses: script, with: {{ x: '{}' }} }}]", "${{".repeat(60_000)),
        ),
        case(
            "document_too_large",
            "20,000 wrong expressions",
            format!("name: a\nsteps: [{{ id: a, uses: script, with: {{ x: '{}' }} }}]", "${{ y }} ".repeat(20_000)),
        ),
        case(
            "invalid_expression",
            "a deep expression",
            format!(
                "name: a\nsteps: [{{ id: a, uses: script, with: {{ x: '${{{{ {}1{} }}}}' }} }}]",
                "(".repeat(150),
                ")".repeat(150)
            ),
        ),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = written();
    cases.extend(generated());
    cases
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
    let cases = cases();
    assert!(cases.len() >= 200, "{} documents", cases.len());
    let mut wrong = Vec::new();
    let mut messages =
        "# What the malformed documents are told\n\nWritten by the test of the plan; read it when wording changes.\n"
            .to_owned();
    let mut family = "";
    for case in &cases {
        if family != case.family {
            family = &case.family;
            write!(messages, "\n## {family}\n\n").unwrap();
        }
        match check(&case.text, &Kinds) {
            Ok(_) => wrong.push(format!("{} / {}: accepted", case.family, case.title)),
            Err(faults) => {
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
                    wrong.push(format!(
                        "{} / {}: wanted {}, got {}",
                        case.family,
                        case.title,
                        case.code,
                        told(case, &faults)
                    ));
                }
                messages.push_str(&told(case, &faults));
            }
        }
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

/// Prints how long each document takes; a figure to read (`--nocapture`), not a limit to test.
#[test]
fn print_the_slowest_refusals() {
    let mut times: Vec<(std::time::Duration, String)> = cases()
        .iter()
        .map(|case| {
            let start = std::time::Instant::now();
            let _ = check(&case.text, &Kinds);
            (start.elapsed(), format!("{} / {}", case.family, case.title))
        })
        .collect();
    times.sort();
    for (time, name) in times.iter().rev().take(8) {
        eprintln!("{time:>12.3?} {name}");
    }
}
