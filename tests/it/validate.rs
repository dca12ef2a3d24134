//! `sluice validate`: exit codes, places and codes, as a script or an editor reads them.

use crate::program::{Sluice, root};
use std::fs;
use std::process::Output;

/// Checks a document; gives the exit code, standard output and standard error.
fn validate(sluice: &Sluice, name: &str, text: &str) -> (i32, String, String) {
    fs::write(sluice.folder.path().join(name), text).unwrap();
    read(&sluice.command().args(["validate", name]).output().unwrap())
}

fn read(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn steps_that_wait_for_each_other_are_shown_with_line_and_column() {
    let Some(sluice) = Sluice::find() else { return };
    let text = "name: circle\nsteps:\n  - id: first\n    uses: script\n    needs: [second]\n    \
        with: { script: \"1\" }\n  - id: second\n    uses: script\n    needs: [first]\n    with: { script: \"2\" }\n";
    let (code, output, errors) = validate(&sluice, "circle.yaml", text);
    assert_eq!((code, output.as_str()), (1, ""), "{errors}");
    let place = errors.strip_prefix("error: circle.yaml:").unwrap_or_else(|| panic!("{errors}"));
    let mut numbers = place.split(':').map(|part| part.parse::<u32>().ok());
    assert_eq!(
        (numbers.next(), numbers.next().map(|column| column.is_some())),
        (Some(Some(5)), Some(true)),
        "{errors}"
    );
    assert!(errors.contains("[cycle]") && errors.contains("`first`") && errors.contains("hint: "), "{errors}");
}

#[test]
fn a_document_of_ten_megabytes_is_refused_in_a_few_words() {
    let Some(sluice) = Sluice::find() else { return };
    let text = format!(
        "name: long\nsteps:\n  - id: a\n    uses: script\n    with: {{ script: \"{}\" }}\n",
        "x".repeat(10 << 20)
    );
    let (code, output, errors) = validate(&sluice, "long.yaml", &text);
    assert_eq!((code, output.as_str()), (1, ""), "{}", errors.len());
    assert!(errors.contains("[document_too_large]") && errors.len() < 1000, "{} bytes", errors.len());
    let (code, _, errors) = validate(&sluice, "longer.yaml", &text.replace('x', "xx"));
    assert_eq!(code, 1);
    assert!(errors.contains("[document_too_large]") && errors.len() < 1000, "{} bytes", errors.len());
}

#[test]
fn exit_codes_tell_valid_refused_and_misused_apart() {
    let Some(sluice) = Sluice::find() else { return };
    let good = fs::read_to_string(root().join("workflows/market-day/workflow.yaml")).unwrap();
    let (code, output, errors) = validate(&sluice, "good.yaml", &good);
    assert_eq!(code, 0, "{errors}");
    assert!(output.contains("`market-day` is valid"), "{output}");
    let call = |arguments: &[&str]| read(&sluice.command().args(arguments).output().unwrap());
    let (code, _, errors) = call(&["validate", "nowhere.yaml"]);
    assert_eq!(code, 1);
    assert!(errors.contains("`nowhere.yaml`") && errors.contains("[file_not_found]"), "{errors}");
    fs::write(sluice.folder.path().join("latin.yaml"), b"name: a\n# K\xf6ln\n").unwrap();
    let (code, _, errors) = call(&["validate", "latin.yaml"]);
    assert_eq!(code, 1);
    assert!(errors.contains("[document_unreadable]") && errors.contains("line 2"), "{errors}");
    assert_eq!(call(&["validate"]).0, 2);
    assert_eq!(call(&["validate", "--colour", "good.yaml"]).0, 2);
    let (code, output, _) = call(&["validate", "good.yaml", "--json"]);
    assert_eq!((code, output.trim()), (0, "[]"));
}

#[test]
fn malformed_documents_of_every_family_are_refused() {
    let Some(sluice) = Sluice::find() else { return };
    let folder = root().join("tests/corpus/malformed");
    let mut families: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    families.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
    families.sort();
    assert!(families.len() >= 8, "{families:?}");
    for family in families {
        let text = fs::read_to_string(&family).unwrap();
        // The whole corpus is the plan's test; here the first and the last of each family stand for the rest.
        let cases: Vec<&str> = text.split("\n##").skip(1).collect();
        for case in [cases[0], cases[cases.len() - 1]] {
            let (title, document) = case.split_once('\n').unwrap();
            let (sort, title) = title.split_once(' ').unwrap();
            let (code, title) = title.split_once(" | ").unwrap();
            let document = match sort {
                "+" => format!("name: test\nsteps:\n{document}\n"),
                _ => format!("{document}\n"),
            };
            let (exit, _, errors) = validate(&sluice, "case.yaml", &document);
            assert_eq!(exit, 1, "{title}: {document}");
            // Step kinds of the corpus are stand-ins; the real ones may find more, or something else, wrong with a step.
            let expected = if sort == "#" { format!("[{code}]") } else { "error: case.yaml:".to_owned() };
            assert!(errors.contains(&expected), "{title}: {errors}");
        }
    }
}
