//! The corpus of console statements, `tests/corpus/console/`, for the checks of this file and of the consoles.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::path::PathBuf;

tokio::task_local! {
    /// Within its scope every statement passes the first layer, so that the others are seen alone.
    pub(crate) static UNCHECKED: ();
}

/// A statement of the corpus.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The statement.
    pub(crate) sql: String,
    /// A word of the reason it is refused for; none: it is allowed.
    pub(crate) refused: Option<String>,
    /// Whether it is to be run, not only checked.
    pub(crate) run: bool,
    /// File and line.
    pub(crate) place: String,
}

fn folder(system: System) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/console").join(system.as_str())
}

/// All statements for `system`.
pub(crate) fn cases(system: System) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for file in ["reads.txt", "attacks.txt"] {
        let text = std::fs::read_to_string(folder(system).join(file)).unwrap();
        for (at, line) in text.lines().enumerate() {
            let Some(header) = line.strip_prefix("=== ") else {
                let case = cases.last_mut().unwrap();
                if !case.sql.is_empty() {
                    case.sql.push('\n');
                }
                case.sql.push_str(line);
                continue;
            };
            let run = !header.contains("(check)");
            let escaped = if header.contains("(escaped)") { "escaped " } else { "" };
            let header = header.replace("(check)", "").replace("(escaped)", "");
            let (verdict, word) = header.split_once(':').unwrap_or((&header, ""));
            let refused = match verdict.trim() {
                "allow" => None,
                "refuse" => Some(word.trim().to_owned()),
                other => panic!("{file}:{}: `{other}`", at + 1),
            };
            cases.push(Case { sql: String::new(), refused, run, place: format!("{escaped}{file}:{}", at + 1) });
        }
    }
    for case in &mut cases {
        if let Some(place) = case.place.strip_prefix("escaped ") {
            case.place = place.to_owned();
            case.sql = unescaped(&case.sql);
        }
        assert!(!case.sql.is_empty(), "{}", case.place);
    }
    cases
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('r') {
            out.push('\r');
            after
        } else if let Some(after) = after.strip_prefix('n') {
            out.push('\n');
            after
        } else if let Some(after) = after.strip_prefix('0') {
            out.push('\0');
            after
        } else {
            let (code, after) = after.strip_prefix("u{").unwrap().split_once('}').unwrap();
            out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
            after
        };
    }
    out + rest
}

/// The statements that make what the corpus names.
pub(crate) fn setup(system: System) -> Vec<String> {
    let text = std::fs::read_to_string(folder(system).join("setup.sql")).unwrap();
    text.split("\n;\n").map(str::trim).filter(|sql| !sql.is_empty()).map(str::to_owned).collect()
}

fn check_all(system: System) {
    let cases = cases(system);
    assert!(cases.len() >= 150, "{} statements", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let check = check(system, &case.sql);
        let reasons: Vec<&str> =
            check.fault.iter().map(|fault| fault.message.as_str()).chain(check.refusal.as_deref()).collect();
        let good = match &case.refused {
            None => reasons.is_empty() && check.effect == Effect::Read,
            Some(word) => reasons.iter().any(|reason| reason.contains(word.as_str())),
        };
        if !good {
            wrong.push(format!("{} {:?}\n  {}\n  {reasons:?}", case.place, check.effect, case.sql));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are judged wrongly:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_statement_for_postgres_is_judged_as_the_corpus_says() {
    check_all(System::Postgres);
}

#[test]
fn every_statement_for_mysql_is_judged_as_the_corpus_says() {
    check_all(System::Mysql);
}

#[test]
fn every_statement_for_sqlite_is_judged_as_the_corpus_says() {
    check_all(System::Sqlite);
}

#[test]
fn letters_and_comments_around_a_statement_change_nothing() {
    for system in [System::Postgres, System::Mysql, System::Sqlite] {
        for case in cases(system) {
            let is_refused = |sql: &str| {
                let check = check(system, sql);
                check.fault.is_some() || check.refusal.is_some()
            };
            if case.refused.is_some() {
                for sql in [case.sql.to_uppercase(), case.sql.to_lowercase(), format!("/* x */\n{}", case.sql)] {
                    assert!(is_refused(&sql), "{}: {sql}", case.place);
                }
            } else {
                let sql = format!("/* DELETE; */\n{}\n-- ; DROP TABLE items", case.sql);
                assert!(!is_refused(&sql), "{}: {sql}", case.place);
            }
        }
    }
}

#[test]
fn no_part_of_a_statement_makes_the_reader_fail() {
    for system in [System::Postgres, System::Mysql, System::Sqlite] {
        for case in cases(system) {
            let chars: Vec<char> = case.sql.chars().collect();
            for quarter in 1..4 {
                let part: String = chars[..chars.len() * quarter / 4].iter().collect();
                let rest: String = chars[chars.len() * quarter / 4..].iter().collect();
                for sql in [part.clone(), rest.clone(), format!("{rest} {part}")] {
                    let refusal = check(system, &sql).refusal.unwrap_or_default();
                    assert!(refusal != "the statement could not be read", "{}: {sql}: {refusal}", case.place);
                }
            }
        }
    }
}
