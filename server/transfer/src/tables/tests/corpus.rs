//! Malformed documents about tables: each is refused with the expected code, a place and a hint, and its message is
//! written down.
//!
//! The documents stand in `tests/corpus/tables/`; `model::testing` reads them.

use crate::tables::parse;
use model::testing::{Case, Corpus};

const CORPUS: Corpus = Corpus {
    folder: "tables",
    head: "tables:\n",
    title: "# What malformed documents about tables are told\n\n\
            Written by the test of `transfer`; read it when wording changes.\n",
};

/// Documents that are too large or too odd to be kept as files.
fn generated() -> Vec<Case> {
    let case = Case::generated;
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

#[test]
fn every_malformed_document_is_refused_with_a_pointed_message() {
    let mut cases = CORPUS.written();
    cases.extend(generated());
    assert!(cases.len() >= 80, "{} documents", cases.len());
    CORPUS.verify(&cases, |text| parse(text).err());
}
