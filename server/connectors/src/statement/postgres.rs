//! What PostgreSQL writes in its own way: `SHOW`, `EXPLAIN`.

use super::lexer::{Kind, Token};
use super::{Findings, Form, begins_query, rules};

/// What may stand in the parentheses of `EXPLAIN (…)`.
const OPTIONS: &[&str] = &[
    "analyze",
    "buffers",
    "costs",
    "format",
    "generic_plan",
    "memory",
    "serialize",
    "settings",
    "summary",
    "timing",
    "verbose",
    "wal",
];

pub(super) fn form(tokens: &[Token<'_>]) -> Form {
    let first = &tokens[0];
    if begins_query(Some(first)) {
        return Form::Query { from: 0, runs: false };
    }
    let mut findings = Findings::default();
    if first.word("show") {
        let name = tokens[1..].iter().all(|token| token.is_name() || token.is("."));
        if tokens.len() < 2 || tokens.len() > 6 || !name {
            findings.refuse("`SHOW` takes the name of a setting");
        }
        return Form::Done(findings);
    }
    if first.word("explain") {
        return explain(tokens);
    }
    rules::other_than_query(first, &mut findings);
    Form::Done(findings)
}

fn explain(tokens: &[Token<'_>]) -> Form {
    let mut findings = Findings::default();
    let mut from = 1;
    let mut runs = false;
    if tokens.get(1).is_some_and(|token| token.is("(")) && !begins_query(tokens.get(2)) {
        let Some(close) = tokens.iter().position(|token| token.is(")")) else {
            findings.refuse("the options of `EXPLAIN` do not close");
            return Form::Done(findings);
        };
        for option in tokens[2..close].split(|token| token.is(",")) {
            let known = option.first().is_some_and(|token| OPTIONS.contains(&token.name.as_str()));
            let plain = option.len() <= 2
                && option.iter().all(|token| matches!(token.kind, Kind::Word | Kind::Text | Kind::Number));
            if !known || !plain {
                findings.refuse("an option of `EXPLAIN` that is not known");
                return Form::Done(findings);
            }
            runs |= option[0].word("analyze");
        }
        from = close + 1;
    } else {
        while tokens
            .get(from)
            .is_some_and(|token| ["analyze", "analyse", "verbose"].iter().any(|word| token.word(word)))
        {
            runs |= !tokens[from].word("verbose");
            from += 1;
        }
    }
    if begins_query(tokens.get(from)) {
        return Form::Query { from, runs };
    }
    match tokens.get(from) {
        Some(inner) => rules::other_than_query(inner, &mut findings),
        None => findings.refuse("`EXPLAIN` of nothing"),
    }
    Form::Done(findings)
}

/// Whether something stands here that PostgreSQL reads and the parser does not.
pub(super) fn beyond_parser(tokens: &[Token<'_>]) -> bool {
    const WORDS: &[&str] = &[
        "cycle",
        "document",
        "exclude",
        "groups",
        "json_array",
        "json_arrayagg",
        "json_exists",
        "json_object",
        "json_objectagg",
        "json_query",
        "json_scalar",
        "json_serialize",
        "json_table",
        "json_value",
        "normalized",
        "operator",
        "ordinality",
        "overlaps",
        "search",
        "similar",
        "symmetric",
        "table",
        "tablesample",
        "ties",
        "treat",
        "xmlelement",
        "xmlexists",
        "xmlforest",
        "xmlparse",
        "xmlpi",
        "xmlroot",
        "xmlserialize",
        "xmltable",
    ];
    const PAIRS: &[(&str, &str)] =
        &[("rows", "from"), ("at", "local"), ("by", "distinct"), ("collation", "for"), ("join", "("), ("from", "(")];
    let is = |token: &Token<'_>, text: &str| token.word(text) || token.is(text);
    let pairs = tokens.windows(2).any(|pair| {
        let named = PAIRS.iter().any(|(first, second)| is(&pair[0], first) && is(&pair[1], second));
        // `ORDER BY x USING >`
        named || (pair[0].word("using") && pair[1].kind == Kind::Symbol && !pair[1].is("("))
    });
    // `(x).*`, `USING (x) AS y`
    let using = tokens.iter().any(|token| token.word("using"));
    let closed = tokens.windows(3).any(|part| {
        part[0].is(")") && ((part[1].is(".") && part[2].is("*")) || (using && part[1].word("as") && part[2].is_name()))
    });
    pairs || closed || tokens.iter().any(|token| token.kind == Kind::Word && WORDS.contains(&token.name.as_str()))
}
