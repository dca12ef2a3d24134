//! What a translator must do: name its dialects, answer every text with statements that carry their lines, and note what
//! it cannot translate.

use super::{Lines, Suite, Verdict};
use data::{Error, NoteLevel, Translated, Translation, Translator};

pub(super) async fn check(suite: &Suite, lines: &mut Lines) {
    let dialects = suite.host.dialects(suite.name()).await;
    let tried = "asks which dialects it knows";
    let pairs = match dialects {
        Ok(pairs) if !pairs.is_empty() => pairs,
        Ok(_) => {
            let mend = "Let `dialects` name at least one pair.";
            return lines.add("translator.dialects", tried, Verdict::fail("it knows no dialect", mend));
        }
        Err(error) => {
            let mend = "Let `dialects` answer without fail.";
            return lines.add("translator.dialects", tried, Verdict::fail(error.fault.message.clone(), mend));
        }
    };
    lines.add("translator.dialects", tried, Verdict::noted(format!("{} pairs", pairs.len())));
    let mut verdict = Verdict::pass();
    for (from, to) in &pairs {
        let answer = translate(suite, from, to, "select 1;\n\nselect 2").await;
        let mend = "Answer each statement with its text, its line and its notes.";
        match answer {
            Err(error) => verdict = Verdict::fail(format!("from {from} to {to}: {}", error.fault.message), mend),
            Ok(found) if found.len() != 2 || found[0].line != 1 || found[1].line != 3 => {
                let lines: Vec<u32> = found.iter().map(|statement| statement.line).collect();
                let why = format!("from {from} to {to}: statements of lines 1 and 3 came back as of lines {lines:?}");
                verdict = Verdict::fail(why, mend);
            }
            Ok(_) => continue,
        }
        break;
    }
    lines.add("translator.translate", "translates two statements between all pairs", verdict);
    let (from, to) = &pairs[0];
    let nothing = translate(suite, from, to, "").await;
    let verdict = match &nothing {
        Ok(found) if !found.is_empty() => {
            Verdict::fail("statements came of nothing", "Answer no text with no statement.")
        }
        other => Verdict::of(other, "Answer no text with no statement."),
    };
    lines.add("translator.empty", "translates a text without statements", verdict);
    let long = "select 'x' ; ".repeat(5_000);
    let deep = format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let texts = [
        ("translator.unicode", "translates texts of all scripts", "select '日本語 👩‍👩‍👧‍👦 \u{202e}' as \"grün\u{0}\""),
        ("translator.broken", "translates what is no SQL", "select from where )) 'unfinished"),
        ("translator.long", "translates 5,000 statements", long.as_str()),
        ("translator.deep", "translates 5,000 brackets in one another", deep.as_str()),
    ];
    for (check, tried, sql) in texts {
        let answer = translate(suite, from, to, sql).await;
        let mend = "Refuse by a note of the level `error` what cannot be translated; never trap.";
        let mut verdict = Verdict::unbroken(&answer, mend);
        if let (Ok(found), "translator.broken") = (&answer, check) {
            let noted = found.iter().any(|statement| statement.notes.iter().any(|note| note.level == NoteLevel::Error));
            if !noted {
                verdict = Verdict::noted("it took it for SQL");
            }
        }
        lines.add(check, tried, verdict);
    }
    let unknown = translate(suite, "no such dialect", to, "select 1").await;
    let mend = "Refuse a dialect that `dialects` does not name with an error.";
    lines.add("translator.unknown", "asks for a dialect it does not know", Verdict::refused(&unknown, false, mend));
}

async fn translate(suite: &Suite, from: &str, to: &str, sql: &str) -> Result<Vec<Translated>, Error> {
    let request =
        Translation { sql: sql.to_owned(), from: from.to_owned(), to: to.to_owned(), ..Translation::default() };
    suite.host.translator(suite.name()).await?.translate(&request).await
}
