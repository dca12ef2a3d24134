//! What tests of several crates share: the corpus of malformed documents, and how each of them has to be refused.
//!
//! A corpus is a folder of `tests/corpus/`, one file for a family: `### code | title` and a whole document, or
//! `##+ code | title` and the items behind its usual head. `messages.md` beside them holds what people read; set
//! `SLUICE_UPDATE_MESSAGES` to write it anew. Only tests come here, and only here does this crate read files.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::Fault;
use std::fmt::Write;
use std::path::PathBuf;

/// A document that is to be refused.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its file, without the ending.
    pub family: String,
    /// The code of its first fault.
    pub code: String,
    /// What is wrong with it.
    pub title: String,
    /// The document.
    pub text: String,
}

impl Case {
    /// A document that is too large, too deep or too odd to be kept in a file.
    #[must_use]
    pub fn generated(code: &str, title: &str, text: String) -> Self {
        Self { family: "generated".to_owned(), code: code.to_owned(), title: title.to_owned(), text }
    }
}

/// A folder of malformed documents.
#[derive(Debug, Clone, Copy)]
pub struct Corpus {
    /// The folder's name.
    pub folder: &'static str,
    /// What a document begins with of which only items are written down.
    pub head: &'static str,
    /// The first lines of its messages.
    pub title: &'static str,
}

impl Corpus {
    fn folder(self) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus")).join(self.folder)
    }

    /// The documents of its files, in order.
    ///
    /// # Panics
    /// Where a file cannot be read, or a headline is none.
    #[must_use]
    pub fn written(self) -> Vec<Case> {
        let entries = std::fs::read_dir(self.folder()).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        let mut cases: Vec<Case> = Vec::new();
        for path in files {
            let family = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mut is_open = false;
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let items_only = line.starts_with("##+ ");
                if items_only || line.starts_with("### ") {
                    let (code, title) = line[4..].split_once(" | ").unwrap();
                    is_open = true;
                    cases.push(Case {
                        family: family.clone(),
                        code: code.to_owned(),
                        title: title.to_owned(),
                        text: if items_only { self.head.to_owned() } else { String::new() },
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

    /// Holds every document against its code, each message against what is written down. `check` gives the faults, or none
    /// for a document that is accepted.
    ///
    /// # Panics
    /// Where one is accepted, refused otherwise, or told without place and hint; where the messages have changed.
    pub fn verify(self, cases: &[Case], check: impl Fn(&str) -> Option<Vec<Fault>>) {
        let mut wrong = Vec::new();
        let mut messages = self.title.to_owned();
        let mut family = "";
        for case in cases {
            if family != case.family {
                family = &case.family;
                write!(messages, "\n## {family}\n\n").unwrap();
            }
            let Some(faults) = check(&case.text) else {
                wrong.push(format!("{} / {}: accepted", case.family, case.title));
                continue;
            };
            if let Some(fault) = faults.iter().find(|fault| !is_complete(fault)) {
                wrong.push(format!("{} / {}: incomplete {fault:?}", case.family, case.title));
                continue;
            }
            let told = told(case, &faults);
            if faults.len() > 100 || faults[0].code.as_str() != case.code {
                wrong.push(format!("{} / {}: wanted {}, got {told}", case.family, case.title, case.code));
            }
            messages.push_str(&told);
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        let path = self.folder().join("messages.md");
        if std::env::var_os("SLUICE_UPDATE_MESSAGES").is_some() {
            std::fs::write(&path, &messages).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        for (line, (new, old)) in messages.lines().zip(kept.lines()).enumerate() {
            assert_eq!(new, old, "messages.md:{}: set SLUICE_UPDATE_MESSAGES and review the change", line + 1);
        }
        assert_eq!(messages.len(), kept.len(), "messages.md: set SLUICE_UPDATE_MESSAGES and review the change");
    }
}

fn is_complete(fault: &Fault) -> bool {
    fault.line.is_some()
        && fault.column.is_some()
        && fault.hint.as_deref().is_some_and(|hint| hint.ends_with(['.', '?']))
        && !fault.message.ends_with('.')
        && fault.message.len() < 400
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
