//! Rules held against the tokens of a statement, whether or not the parser knows it.

use super::lexer::{Kind, Token};
use super::words::{self, holds};
use super::{Findings, begins_query};
use data::System;
use data::console::Effect;

/// Whether a function may be called; the reason where it may not.
pub(super) fn call(system: System, parts: &[String]) -> Option<String> {
    let (name, qualifiers) = parts.split_last()?;
    let own = match qualifiers {
        [] => true,
        [schema] => system == System::Postgres && schema == "pg_catalog",
        _ => false,
    };
    let known = words::functions(system).binary_search(&name.as_str()).is_ok();
    if own && known {
        return None;
    }
    if own && system == System::Sqlite && name.strip_prefix("pragma_").is_some_and(telling) {
        return None;
    }
    Some(match why(name) {
        Some(why) => format!("`{name}` {why}"),
        None if own => format!("`{name}` is not on the list of functions that only read"),
        None => format!("`{}` is not a function of the system itself", parts.join(".")),
    })
}

/// What the best-known of the refused functions do.
pub(super) fn why(name: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    Some(match name {
        "nextval" | "setval" => "changes a sequence",
        "set_config" => "changes settings",
        "sleep" | "benchmark" | "pg_sleep" | "pg_sleep_for" | "pg_sleep_until" | "usleep" => "only takes time",
        "get_lock" | "release_lock" | "release_all_locks" | "is_free_lock" | "is_used_lock" => {
            "takes or tells of locks"
        }
        "pg_cancel_backend" | "pg_terminate_backend" | "pg_reload_conf" | "pg_rotate_logfile" | "pg_promote" => {
            "acts on the server"
        }
        "load_extension" | "fts3_tokenizer" => "brings code into the process",
        "load_file" | "readfile" | "writefile" | "edit" => "reaches files",
        "txid_current" | "pg_current_xact_id" => "takes a transaction number",
        "ts_stat" | "ts_rewrite" | "crosstab" | "connectby" | "sha3_query" | "xpath_table" => "runs SQL from a text",
        _ if starts(&["pg_advisory_", "pg_try_advisory_"]) => "takes locks",
        _ if starts(&["lo_", "loread", "lowrite"]) => "reaches large objects",
        _ if starts(&["dblink"]) => "reaches other servers",
        _ if starts(&["pg_read_", "pg_ls_", "pg_stat_file", "pg_file_"]) => "reaches files",
        _ if name.contains("_to_xml") => "runs SQL from a text",
        _ => return None,
    })
}

fn telling(pragma: &str) -> bool {
    holds(words::PRAGMAS_TELLING, pragma) || holds(words::PRAGMAS_OF_NAME, pragma)
}

/// Whether a table may be read; the reason where it may not.
pub(super) fn table(system: System, name: &str) -> Option<String> {
    if system != System::Sqlite {
        return None;
    }
    if let Some(pragma) = name.strip_prefix("pragma_") {
        return (!telling(pragma)).then(|| format!("the pragma `{pragma}` does more than tell"));
    }
    ["sqlite_dbpage", "fsdir", "zipfile", "csv"].contains(&name).then(|| format!("`{name}` reaches below the tables"))
}

/// What the first word of a statement that is no query does, and why it is refused.
pub(super) fn other_than_query(first: &Token<'_>, findings: &mut Findings) {
    let word = first.name.to_uppercase();
    if first.kind != Kind::Word {
        findings.refuse(format!("a statement cannot begin with `{}`", shortened(first.text)));
        return;
    }
    let (effect, what) = match first.name.as_str() {
        "insert" | "update" | "delete" | "merge" | "replace" => (Effect::Write, "changes rows"),
        "copy" | "load" | "import" => (Effect::Write, "moves rows between tables and files"),
        "call" | "do" | "execute" | "exec" | "prepare" | "deallocate" => {
            (Effect::Unknown, "runs what cannot be seen here")
        }
        "handler" | "declare" | "fetch" | "move" | "close" | "open" => (Effect::Unknown, "works with cursors"),
        "create" | "alter" | "drop" | "truncate" | "rename" | "comment" | "reindex" | "cluster" | "refresh"
        | "import_schema" => (Effect::Define, "changes tables or other objects"),
        "grant" | "revoke" | "reassign" | "security" => (Effect::Define, "changes rights"),
        "set" | "reset" | "discard" | "use" | "flush" | "install" | "uninstall" | "change" | "purge" => {
            (Effect::Define, "changes settings")
        }
        "lock" | "unlock" | "listen" | "unlisten" | "notify" | "begin" | "start" | "commit" | "rollback" | "end"
        | "abort" | "savepoint" | "release" | "xa" => (Effect::Unknown, "acts on the session"),
        "vacuum" | "analyze" | "analyse" | "optimize" | "repair" | "check" | "checksum" | "cache" | "checkpoint" => {
            (Effect::Define, "tends the store")
        }
        "attach" | "detach" => (Effect::Define, "opens or closes files"),
        "kill" | "shutdown" | "restart" | "reload" | "stop" | "binlog" | "clone" | "backup" | "restore" => {
            (Effect::Define, "acts on the server")
        }
        "pragma" => (Effect::Define, "may change settings"),
        _ => {
            findings.refuse(format!("`{word}` does not begin a statement that reads"));
            return;
        }
    };
    findings.does(effect, format!("`{word}` {what}"));
}

/// Whether a statement that is no query can begin with this word.
pub(super) fn known(first: &Token<'_>) -> bool {
    first.kind == Kind::Word
        && ["analyze", "desc", "describe", "explain", "help", "pragma", "show"].contains(&first.name.as_str())
}

/// Whether the statement that `start` begins has a body of statements with `;` between them.
pub(super) fn holds_statements(start: &[Token<'_>]) -> bool {
    let bodies = ["event", "function", "package", "procedure", "trigger"];
    start[0].word("create")
        && start.iter().take(12).any(|token| token.kind == Kind::Word && bodies.contains(&token.name.as_str()))
}

/// `text` cut to what a message can hold.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Holds the rules that are true of every query against `tokens`; `parsed`: the parser has read them wholly.
pub(super) fn tokens(system: System, tokens: &[Token<'_>], parsed: bool, findings: &mut Findings) {
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        let starts = before
            .is_none_or(|before| before.is("(") || before.is(")") || before.word("as") || before.word("materialized"));
        if token.kind == Kind::Word && starts && holds(words::CHANGING, &token.name) && next.is_some_and(Token::is_name)
        {
            findings.does(Effect::Write, format!("`{}` changes rows", token.name.to_uppercase()));
        }
        if token.word("into") && !before.is_some_and(|before| before.is(".") || before.word("as")) {
            findings.does(Effect::Write, "`INTO` writes what the query answers");
        }
        let lock = token.word("for")
            && next.is_some_and(|next| ["update", "share", "no"].iter().any(|word| next.word(word)))
            || (token.word("for") && follow(tokens, at + 1, &["key", "share"]))
            || (token.word("lock") && follow(tokens, at + 1, &["in", "share"]));
        if lock && system != System::Sqlite {
            findings.does(Effect::Write, "`FOR UPDATE` and `FOR SHARE` lock rows");
        }
        if system == System::Mysql {
            if token.is(":") && next.is_some_and(|next| next.is("=") && next.start == token.end()) {
                findings.refuse("`:=` sets a variable");
            }
            if (token.word("next") || token.word("previous")) && follow(tokens, at + 1, &["value", "for"]) {
                findings.refuse("`NEXT VALUE FOR` changes a sequence");
            }
        }
        if token.is("(") {
            called(system, tokens, at, parsed, findings);
        }
    }
}

fn follow(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.word(word)))
}

/// Judges what stands before the parenthesis at `open`.
fn called(system: System, tokens: &[Token<'_>], open: usize, parsed: bool, findings: &mut Findings) {
    let Some(at) = open.checked_sub(1) else { return };
    let token = &tokens[at];
    match token.kind {
        Kind::Symbol => return,
        Kind::Text | Kind::Param | Kind::Number => {
            // `LIMIT 1 (`, `'name'(…)`: nothing a read needs.
            findings.refuse("a parenthesis after a value");
            return;
        }
        Kind::Word | Kind::Quoted => {}
    }
    let mut parts = vec![token.name.clone()];
    let mut first = at;
    while first >= 2 && tokens[first - 1].is(".") && tokens[first - 2].is_name() {
        first -= 2;
        parts.insert(0, tokens[first].name.clone());
    }
    if parts.len() == 1 && token.kind == Kind::Word && holds(words::BEFORE_PAREN, &token.name) {
        return;
    }
    let Some(reason) = call(system, &parts) else { return };
    let before = first.checked_sub(1).map(|at| &tokens[at]);
    let read = before.is_some_and(|before| before.word("from") || before.word("join"));
    if read && parts.len() == 1 && system == System::Sqlite {
        // What is called in the place of a table is a virtual table, which is only read there.
        if let Some(reason) = table(system, &parts[0]) {
            findings.refuse(reason);
        }
        return;
    }
    if parts.len() == 1 && before.is_some_and(|before| names_columns(tokens, before, open, parsed)) {
        return;
    }
    findings.refuse(reason);
}

/// Whether a name before a parenthesis is no function but gives columns their names: `t AS x (a, b)`, `WITH x (a) AS (`.
fn names_columns(tokens: &[Token<'_>], before: &Token<'_>, open: usize, parsed: bool) -> bool {
    if before.word("as") {
        return true;
    }
    if before.word("with") || before.word("recursive") || before.is(",") {
        let mut depth = 0_usize;
        let close = tokens[open..].iter().position(|token| {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
            }
            depth == 0
        });
        let after = close.map_or(tokens.len(), |close| open + close + 1);
        let query = tokens.get(after + 1);
        return tokens.get(after).is_some_and(|token| token.word("as"))
            && query.is_some_and(|token| token.is("(") || token.word("materialized") || token.word("not"));
    }
    // The parser has told calls from aliases; what it holds for a call has been judged there.
    parsed
        && match before.kind {
            Kind::Quoted => true,
            Kind::Word => !holds(words::RESERVED, &before.name),
            _ => before.is(")"),
        }
}

/// Whether the statement holds something the parser is known not to read, though the system does.
pub(super) fn beyond_parser(system: System, tokens: &[Token<'_>]) -> bool {
    match system {
        System::Postgres => super::postgres::beyond_parser(tokens),
        System::Mysql => super::mysql::beyond_parser(tokens),
        _ => super::sqlite::beyond_parser(tokens),
    }
}

/// Holds the strict rules against a statement the parser could not read: no word that changes anything stands bare.
pub(super) fn strict(system: System, tokens: &[Token<'_>], findings: &mut Findings) {
    if !begins_query(tokens.first()) {
        findings.refuse("it does not begin as a query");
    }
    let mut depth = 0_i64;
    for (at, token) in tokens.iter().enumerate() {
        depth += i64::from(token.is("(")) - i64::from(token.is(")"));
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        let named = before.is_some_and(|before| before.is(".") || before.word("as"));
        let call = tokens.get(at + 1).is_some_and(|next| next.is("("));
        if token.kind == Kind::Word && holds(words::BANNED, &token.name) && !named && !call {
            findings
                .refuse(format!("`{}` in a statement that could not be read to its end", token.name.to_uppercase()));
        }
        let from = before.is_some_and(|before| before.word("from") || before.word("join"));
        if from && token.is_name() && !token.word("lateral") && !token.word("only") && !call {
            let mut end = at;
            while tokens.get(end + 1).is_some_and(|token| token.is("."))
                && tokens.get(end + 2).is_some_and(Token::is_name)
            {
                end += 2;
            }
            if let Some(reason) = table(system, &tokens[end].name) {
                findings.refuse(reason);
            }
            findings.tables.insert(tokens[at..=end].iter().map(|token| token.text).collect());
        }
    }
    if depth != 0 {
        findings.refuse("its parentheses do not close");
    }
}

/// The text spelled so that the parser reads it: `TABLE t` is `SELECT * FROM t`.
pub(super) fn respelled(system: System, text: &str, tokens: &[Token<'_>]) -> Option<String> {
    let mut changes: Vec<(usize, usize, &str)> = Vec::new();
    if system != System::Sqlite && tokens.first()?.word("table") && tokens.get(1)?.is_name() {
        let table = tokens.first()?;
        changes.push((table.start, table.end(), "SELECT * FROM"));
    }
    if changes.is_empty() {
        return None;
    }
    let mut spelled = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for (start, end, with) in changes {
        spelled.push_str(&text[at..start]);
        spelled.push_str(with);
        at = end;
    }
    spelled.push_str(&text[at..]);
    Some(spelled)
}
