//! What MySQL and MariaDB write in their own way: `SHOW`, `DESCRIBE`, `EXPLAIN`, `ANALYZE`.

use super::lexer::{Kind, Token};
use super::{Findings, Form, begins_query, rules};

/// What `SHOW` may be asked for, after words such as `FULL` and `GLOBAL`.
const SHOWN: &[&str] = &[
    "authors",
    "binary",
    "binlog",
    "character",
    "charset",
    "client_statistics",
    "collation",
    "columns",
    "contributors",
    "count",
    "create",
    "databases",
    "engine",
    "engines",
    "errors",
    "events",
    "explain",
    "fields",
    "function",
    "grants",
    "index",
    "index_statistics",
    "indexes",
    "keys",
    "locales",
    "master",
    "open",
    "package",
    "plugins",
    "privileges",
    "procedure",
    "processlist",
    "profile",
    "profiles",
    "replica",
    "replicas",
    "schemas",
    "slave",
    "status",
    "storage",
    "table",
    "table_statistics",
    "tables",
    "triggers",
    "user_statistics",
    "variables",
    "warnings",
];
const SHOW_FIRST: &[&str] = &["all", "extended", "full", "global", "local", "session"];
const CREATED: &[&str] =
    &["database", "event", "function", "package", "procedure", "schema", "sequence", "table", "trigger", "view"];

pub(super) fn form(tokens: &[Token<'_>]) -> Form {
    let first = &tokens[0];
    if begins_query(Some(first)) {
        return Form::Query { from: 0, runs: false };
    }
    let mut findings = Findings::default();
    match first.name.as_str() {
        "show" if first.kind == Kind::Word => {
            show(tokens, &mut findings);
            Form::Done(findings)
        }
        "explain" | "describe" | "desc" | "analyze" if first.kind == Kind::Word => explain(tokens),
        "help" if first.kind == Kind::Word && tokens.len() == 2 && tokens[1].kind == Kind::Text => Form::Done(findings),
        _ => {
            rules::other_than_query(first, &mut findings);
            Form::Done(findings)
        }
    }
}

fn show(tokens: &[Token<'_>], findings: &mut Findings) {
    let mut at = 1;
    while tokens.get(at).is_some_and(|token| token.kind == Kind::Word && SHOW_FIRST.contains(&token.name.as_str())) {
        at += 1;
    }
    let Some(what) = tokens.get(at).filter(|token| token.kind == Kind::Word && SHOWN.contains(&token.name.as_str()))
    else {
        findings.refuse("`SHOW` of something that is not known");
        return;
    };
    if what.word("create") && !tokens.get(at + 1).is_some_and(|token| CREATED.contains(&token.name.as_str())) {
        findings.refuse("`SHOW CREATE` of something that is not known");
    }
    // `SHOW COUNT(*) ERRORS`
    let counting = what.word("count") && tokens.get(at + 1).is_some_and(|token| token.is("("));
    let rest = &tokens[at + if counting { 4.min(tokens.len() - at) } else { 0 }..];
    rules::tokens(data::System::Mysql, rest, false, findings);
    if rest.iter().any(|token| token.word("select") || token.word("into")) {
        findings.refuse("a query inside `SHOW`");
    }
    for pair in rest.windows(2) {
        let named = pair[0].word("from") || pair[0].word("in") || (pair[0].word("table") && what.word("create"));
        if named && pair[1].is_name() && !what.word("tables") {
            findings.tables.insert(pair[1].text.to_owned());
        }
    }
}

fn explain(tokens: &[Token<'_>]) -> Form {
    let mut findings = Findings::default();
    let first = &tokens[0];
    let mut runs = first.word("analyze");
    let mut from = 1;
    while let Some(token) = tokens.get(from) {
        if token.word("format") && tokens.get(from + 1).is_some_and(|token| token.is("=")) && tokens.len() > from + 3 {
            from += 3;
        } else if ["extended", "partitions"].iter().any(|word| token.word(word)) && begins_query(tokens.get(from + 1)) {
            from += 1;
        } else if token.word("analyze") {
            runs = true;
            from += 1;
        } else {
            break;
        }
    }
    if begins_query(tokens.get(from)) && !(tokens[from].word("table") && runs) {
        return Form::Query { from, runs };
    }
    if from == 1 && !first.word("analyze") {
        if tokens.len() == 4 && tokens[1].word("for") && tokens[2].word("connection") && tokens[3].kind == Kind::Number
        {
            return Form::Done(findings);
        }
        if let Some(table) = described(&tokens[1..]) {
            findings.tables.insert(table);
            return Form::Done(findings);
        }
    }
    match tokens.get(from) {
        Some(_) if first.word("analyze") => rules::other_than_query(first, &mut findings),
        Some(inner) => rules::other_than_query(inner, &mut findings),
        None => findings.refuse("`EXPLAIN` of nothing"),
    }
    Form::Done(findings)
}

/// The table of `DESCRIBE table [column | 'pattern']`.
fn described(tokens: &[Token<'_>]) -> Option<String> {
    let (table, rest) = match tokens {
        [database, dot, table, rest @ ..] if dot.is(".") && database.is_name() && table.is_name() => {
            (format!("{}.{}", database.text, table.text), rest)
        }
        [table, rest @ ..] if table.is_name() => (table.text.to_owned(), rest),
        _ => return None,
    };
    match rest {
        [] => Some(table),
        [column] if column.is_name() || column.kind == Kind::Text => Some(table),
        _ => None,
    }
}

/// Whether something stands here that MySQL or MariaDB reads and the parser does not.
pub(super) fn beyond_parser(tokens: &[Token<'_>]) -> bool {
    const WORDS: &[&str] = &[
        "against",
        "char",
        "collate",
        "convert",
        "cycle",
        "div",
        "examined",
        "extract",
        "fetch",
        "get_format",
        "group_concat",
        "interval",
        "json_table",
        "median",
        "member",
        "minus",
        "mod",
        "partition",
        "percentile_cont",
        "percentile_disc",
        "regexp",
        "rlike",
        "rollup",
        "row",
        "separator",
        "sounds",
        "system_time",
        "table",
        "trim",
        "window",
        "xor",
    ];
    // `FROM (a, b)`
    let list = tokens.windows(2).any(|pair| (pair[0].word("from") || pair[0].word("join")) && pair[1].is("("));
    list || tokens.iter().any(|token| {
        (token.kind == Kind::Word && (WORDS.contains(&token.name.as_str()) || token.name.starts_with('_')))
            || (token.kind == Kind::Param && token.text != "?")
            || token.is("{")
            || token.is("!")
    })
}
