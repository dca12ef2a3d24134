//! What SQLite writes in its own way: `EXPLAIN`, `PRAGMA`.

use super::lexer::{Kind, Token};
use super::words::{self, holds};
use super::{Findings, Form, begins_query, rules};
use data::console::Effect;

pub(super) fn form(tokens: &[Token<'_>]) -> Form {
    let first = &tokens[0];
    // SQLite has neither `TABLE t` nor a query in parentheses at the top; it says so itself.
    if begins_query(Some(first)) {
        return Form::Query { from: 0, runs: false };
    }
    let mut findings = Findings::default();
    if first.word("explain") {
        let plan = tokens.get(1).is_some_and(|token| token.word("query"))
            && tokens.get(2).is_some_and(|token| token.word("plan"));
        let from = if plan { 3 } else { 1 };
        if begins_query(tokens.get(from)) {
            return Form::Query { from, runs: false };
        }
        match tokens.get(from) {
            // Some pragmas do what they say while they are being explained.
            Some(inner) => rules::other_than_query(inner, &mut findings),
            None => findings.refuse("`EXPLAIN` of nothing"),
        }
    } else if first.word("pragma") {
        pragma(tokens, &mut findings);
    } else {
        rules::other_than_query(first, &mut findings);
    }
    Form::Done(findings)
}

fn pragma(tokens: &[Token<'_>], findings: &mut Findings) {
    let rest = match &tokens[1..] {
        [schema, dot, rest @ ..] if schema.is_name() && dot.is(".") => rest,
        rest => rest,
    };
    let Some((name, rest)) = rest.split_first().filter(|(name, _)| name.is_name()) else {
        findings.refuse("`PRAGMA` without a name");
        return;
    };
    if name.name == "journal_mode" && rest.is_empty() {
        // SQLite itself does not count this one among what only reads.
        findings.does(
            Effect::Define,
            "`PRAGMA journal_mode` may change something; `SELECT * FROM pragma_journal_mode` only tells",
        );
        return;
    }
    let value = |token: &Token<'_>| token.is_name() || matches!(token.kind, Kind::Text | Kind::Number);
    let told = match rest {
        [] => holds(words::PRAGMAS_TELLING, &name.name),
        [open, argument, close] if open.is("(") && value(argument) && close.is(")") => {
            holds(words::PRAGMAS_OF_NAME, &name.name)
        }
        [sign, argument] if sign.is("=") && value(argument) => holds(words::PRAGMAS_OF_NAME, &name.name),
        _ => false,
    };
    if !told {
        findings.does(Effect::Define, format!("`PRAGMA {}` may change something", name.name));
    }
}

/// Whether something stands here that SQLite reads and the parser does not.
pub(super) fn beyond_parser(tokens: &[Token<'_>]) -> bool {
    const WORDS: &[&str] =
        &["exclude", "glob", "groups", "indexed", "is", "isnull", "match", "materialized", "notnull", "regexp"];
    let word = |token: &Token<'_>| token.kind == Kind::Word && WORDS.contains(&token.name.as_str());
    // `x IN table`, `1 << 2`, `FROM (a, b)`
    let pairs = tokens.windows(2).any(|pair| {
        let shift = ["<", ">"].iter().any(|sign| pair[0].is(sign) && pair[1].is(sign));
        let list = (pair[0].word("from") || pair[0].word("join")) && pair[1].is("(");
        shift || list || (pair[0].word("in") && pair[1].is_name())
    });
    pairs || tokens.iter().any(word)
}
