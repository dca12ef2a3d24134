//! Malformed documents: each is refused with the expected code, a place and a hint, and its message is written down.
//!
//! The documents stand in `tests/corpus/malformed/`; `model::testing` reads them.

#![allow(clippy::unwrap_used)]

use super::check;
use super::tests::Kinds;
use model::testing::{Case, Corpus};

const CORPUS: Corpus = Corpus {
    folder: "malformed",
    head: "name: test\nsteps:\n",
    title: "# What the malformed documents are told\n\nWritten by the test of the plan; read it when wording changes.\n",
};

/// Documents that are too large, too deep or too odd to be kept as files.
fn generated() -> Vec<Case> {
    let case = Case::generated;
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
    let mut cases = CORPUS.written();
    cases.extend(generated());
    cases
}

#[test]
fn every_malformed_document_is_refused_with_a_pointed_message() {
    let cases = cases();
    assert!(cases.len() >= 200, "{} documents", cases.len());
    CORPUS.verify(&cases, |text| check(text, &Kinds).err());
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
