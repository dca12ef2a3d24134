//! What a console statement of TDengine does, told from its text alone.
//!
//! No parser knows TDengine's dialect, so the text is cut into tokens as the server cuts it, and held against lists: the
//! statement begins with a word that reads, no other word in it changes anything, every function is a known one (a
//! function of a user is code that could do anything), and there is one statement. What is on no list is refused.

use data::console::{Effect, StatementCheck};
use model::{ErrorCode, Fault};

/// Bytes of a statement at most.
const MAX_BYTES: usize = 256 << 10;
/// Parentheses inside each other at most.
const MAX_NESTING: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare name or keyword.
    Word,
    /// A name in backticks.
    Name,
    Text,
    Number,
    /// `?`.
    Param,
    Symbol,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Token<'_> {
    fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    fn lower(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    fn names(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.lower()),
            Kind::Name => Some(self.text.trim_matches('`').to_owned()),
            _ => None,
        }
    }
}

/// Why a text is no statement, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    message: String,
    at: usize,
}

/// The tokens of a statement, without comments.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, Unreadable> {
    let bytes = sql.as_bytes();
    let unreadable = |message: &str, at: usize| Err(Unreadable { message: message.to_owned(), at });
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = sql[at..].find('\n').map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let Some(end) = sql[at + 2..].find("*/") else { return unreadable("a comment does not end", start) };
                at += end + 4;
                continue;
            }
            quote @ (b'\'' | b'"' | b'`') => {
                at += 1;
                loop {
                    match bytes.get(at) {
                        None => return unreadable("a quote does not end", start),
                        Some(b'\\') if quote != b'`' => at += 2,
                        Some(byte) if *byte == quote => break,
                        Some(_) => at += 1,
                    }
                }
                at += 1;
                if at > bytes.len() {
                    return unreadable("a quote does not end", start);
                }
                if quote == b'`' { Kind::Name } else { Kind::Text }
            }
            b'0'..=b'9' => {
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.') {
                    let exponent = matches!(bytes[at], b'e' | b'E') && matches!(bytes.get(at + 1), Some(b'+' | b'-'));
                    at += 1 + usize::from(exponent);
                }
                Kind::Number
            }
            b'?' => {
                at += 1;
                Kind::Param
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                    at += 1;
                }
                Kind::Word
            }
            b'(' | b')' | b',' | b'.' | b';' | b'=' | b'<' | b'>' | b'!' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&'
            | b'|' => {
                at += 1;
                Kind::Symbol
            }
            _ => {
                let char = sql[at..].chars().next().unwrap_or_default();
                return unreadable(&format!("`{}` means nothing here", char.escape_default()), start);
            }
        };
        tokens.push(Token { kind, text: &sql[start..at], start });
    }
    Ok(tokens)
}

/// What `sql` does, and whether the read-only console lets it through. Pure; no estimate.
pub(super) fn check(sql: &str) -> StatementCheck {
    let mut check = StatementCheck {
        effect: Effect::Unknown,
        tables: Vec::new(),
        columns: Vec::new(),
        refusal: None,
        fault: None,
        estimate: None,
    };
    if sql.len() > MAX_BYTES {
        check.fault = Some(barred(&format!("the statement is longer than {} KiB", MAX_BYTES >> 10)));
        return check;
    }
    let tokens = match tokens(sql) {
        Ok(tokens) => tokens,
        Err(unreadable) => {
            check.fault = Some(syntax(sql, &unreadable));
            return check;
        }
    };
    let body = match tokens.iter().position(|token| token.is(";")) {
        Some(end) if tokens[end..].iter().all(|token| token.is(";")) => &tokens[..end],
        Some(_) => {
            check.fault = Some(barred("it is more than one statement"));
            return check;
        }
        None => &tokens[..],
    };
    let Some(first) = body.first() else {
        check.fault = Some(syntax(sql, &Unreadable { message: "there is no statement".to_owned(), at: 0 }));
        return check;
    };
    if let Some(unreadable) = unbalanced(body) {
        check.fault = Some(syntax(sql, &unreadable));
        return check;
    }
    check.effect = effect(&first.lower());
    (check.tables, check.columns) = touched(body);
    check.refusal = refusal(body);
    if check.refusal.is_some() && check.effect == Effect::Read {
        // It begins like a read and is none, as far as can be told.
        check.effect = Effect::Unknown;
    }
    check
}

fn barred(reason: &str) -> Fault {
    Fault::new(ErrorCode::StatementNotAllowed, format!("the statement is not allowed here: {reason}"))
}

fn syntax(sql: &str, unreadable: &Unreadable) -> Fault {
    let before = &sql[..unreadable.at.min(sql.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let mut fault = Fault::new(ErrorCode::InvalidSql, format!("the statement cannot be read: {}", unreadable.message));
    fault.line = u32::try_from(line).ok();
    fault.column = u32::try_from(column).ok();
    fault
}

fn unbalanced(tokens: &[Token<'_>]) -> Option<Unreadable> {
    let mut open = Vec::new();
    for token in tokens {
        if token.is("(") {
            open.push(token.start);
            if open.len() > MAX_NESTING {
                return Some(Unreadable {
                    message: "too many parentheses inside each other".to_owned(),
                    at: token.start,
                });
            }
        } else if token.is(")") && open.pop().is_none() {
            return Some(Unreadable {
                message: "a parenthesis closes that was not opened".to_owned(),
                at: token.start,
            });
        }
    }
    open.pop().map(|at| Unreadable { message: "a parenthesis does not close".to_owned(), at })
}

fn effect(word: &str) -> Effect {
    match word {
        "select" | "show" | "describe" | "desc" | "explain" => Effect::Read,
        "insert" | "import" | "delete" | "update" | "load" => Effect::Write,
        "create" | "alter" | "drop" | "use" | "grant" | "revoke" | "reset" | "kill" | "trim" | "flush" | "compact"
        | "balance" | "merge" | "split" | "redistribute" | "pause" | "resume" | "restore" | "recalculate"
        | "ssmigrate" | "sync" => Effect::Define,
        _ => Effect::Unknown,
    }
}

/// Why the read-only console refuses it; none: it only reads.
fn refusal(tokens: &[Token<'_>]) -> Option<String> {
    let first = tokens.first()?;
    let word = if first.kind == Kind::Word { first.lower() } else { String::new() };
    match word.as_str() {
        "select" => select_refusal(tokens),
        "explain" => {
            let mut rest = &tokens[1..];
            if rest.first().is_some_and(|token| token.kind == Kind::Word && token.lower() == "analyze") {
                rest = &rest[1..];
            }
            if let [verbose, value, after @ ..] = rest
                && verbose.lower() == "verbose"
                && matches!(value.lower().as_str(), "true" | "false")
            {
                rest = after;
            }
            match rest.first() {
                Some(token) if token.kind == Kind::Word && token.lower() == "select" => select_refusal(rest),
                _ => Some("EXPLAIN is let through for a SELECT only".to_owned()),
            }
        }
        "describe" | "desc" => match &tokens[1..] {
            [one] if one.names().is_some() => None,
            [database, dot, one] if database.names().is_some() && dot.is(".") && one.names().is_some() => None,
            _ => Some("DESCRIBE is let through for one table only".to_owned()),
        },
        "show" => show_refusal(&tokens[1..]),
        _ => Some(format!("statements that begin with `{}` do not only read", first.text.to_uppercase())),
    }
}

fn select_refusal(tokens: &[Token<'_>]) -> Option<String> {
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1);
        if token.is(">") && next.is_some_and(|next| next.is(">") && next.start == token.start + 1) {
            return Some("`>>` writes into a file".to_owned());
        }
        if token.kind == Kind::Name && next.is_some_and(|next| next.is("(")) {
            return Some(format!("{} names a function in backticks, which could hide it", token.text));
        }
        if token.kind != Kind::Word {
            continue;
        }
        let word = token.lower();
        // Behind a dot or before one it is a name.
        let named = index > 0 && tokens[index - 1].is(".") || next.is_some_and(|next| next.is("."));
        if !named && listed(FORBIDDEN, &word) {
            return Some(format!("the word `{}` does not only read", word.to_uppercase()));
        }
        if next.is_some_and(|next| next.is("(")) && !listed(FUNCTIONS, &word) && !listed(OPENING, &word) {
            return Some(format!("the function `{word}` is not known to only read"));
        }
    }
    None
}

fn show_refusal(tokens: &[Token<'_>]) -> Option<String> {
    if tokens.iter().any(|token| matches!(token.kind, Kind::Symbol) && !token.is(".") && !token.is(",")) {
        return Some("SHOW is let through in its plain forms only".to_owned());
    }
    // `SHOW market.TABLES`
    let rest = match tokens {
        [database, dot, rest @ ..] if database.names().is_some() && dot.is(".") => rest,
        rest => rest,
    };
    let first =
        rest.iter().find(|token| !matches!(token.lower().as_str(), "normal" | "child" | "full" | "user" | "system"));
    let word = first.map(Token::lower).unwrap_or_default();
    (!listed(SHOWN, &word)).then(|| format!("`SHOW {}` is not known to only read", word.to_uppercase()))
}

/// Tables behind FROM, JOIN, DESCRIBE and the like; and the other names, which are columns.
fn touched(tokens: &[Token<'_>]) -> (Vec<String>, Vec<String>) {
    let mut tables: Vec<String> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    let mut index = 0;
    let mut behind = String::new();
    while index < tokens.len() {
        let token = &tokens[index];
        let opens =
            matches!(behind.as_str(), "from" | "join" | "describe" | "desc" | "into" | "table" | "stable" | "using");
        if let Some(name) = token.names() {
            let mut full = name.clone();
            let start = index;
            while tokens.get(index + 1).is_some_and(|dot| dot.is(".")) {
                match tokens.get(index + 2) {
                    Some(part) if part.names().is_some() || part.is("*") => {
                        full = format!("{full}.{}", part.names().unwrap_or_else(|| "*".to_owned()));
                        index += 2;
                    }
                    _ => break,
                }
            }
            let keyword = token.kind == Kind::Word && start == index && listed(KEYWORDS, &name);
            let called = tokens.get(index + 1).is_some_and(|next| next.is("("));
            if opens && !keyword {
                if !tables.contains(&full) {
                    tables.push(full);
                }
                behind = "table name".to_owned();
            } else if keyword {
                behind = name;
            } else if !called && behind != "table name" && behind != "as" {
                let column = full.rsplit('.').next().unwrap_or_default().to_owned();
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        } else if token.is("*") && index > 0 && (tokens[index - 1].is(",") || tokens[index - 1].lower() == "select") {
            columns.push("*".to_owned());
        } else if token.is("(") || token.is(",") {
            behind = if behind == "table name" && token.is(",") { "from".to_owned() } else { String::new() };
        }
        index += 1;
    }
    (tables, columns)
}

/// Whether a word is on a list.
fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

/// Words of statements that change something; in a SELECT they have no business.
const FORBIDDEN: &str = "
    insert import delete update create alter drop grant revoke use kill reset into trim flush compact balance
    redistribute restore load";

/// Words that may stand before a parenthesis without being functions.
const OPENING: &str = "
    select from where in and or not on by as when then else union all distinct interval sliding fill session
    state_window event_window count_window range every values between like having case join is exists any some
    varchar binary nchar varbinary decimal start end with true_for";

/// Functions that compute and do nothing else.
const FUNCTIONS: &str = "
    abs acos asin atan ceil cos degrees exp floor greatest least ln log mod pi pow radians rand round sign sin
    sqrt tan trunc truncate crc32 ascii char char_length concat concat_ws length locate lower ltrim position
    repeat replace reverse rtrim substr substring substring_index trim upper like_in_set find_in_set to_base64
    from_base64 md5 sha1 sha2 regexp_in_set cast to_char to_iso8601 to_json to_timestamp to_unixtimestamp if
    ifnull isnull isnotnull nullif nvl nvl2 coalesce now today timediff timetruncate timezone dayofweek week
    weekday weekofyear date apercentile avg count elapsed histogram hyperloglog leastsquares percentile spread
    std stddev stddev_pop stddev_samp sum var_pop var_samp variance bottom first interp last last_row max min
    mode sample tail top unique cols csum derivative diff irate lag lead mavg statecount stateduration twa
    server_version server_status client_version database current_user user";

/// Of the server, and what `SHOW` may be asked for.
const SHOWN: &str = "
    databases tables stables create tags table vgroups dnodes mnodes qnodes indexes queries connections cluster
    streams topics variables apps";

/// Words that name nothing unless they stand in backticks.
const KEYWORDS: &str = "
    select from where and or not in is null like between order by asc desc limit offset slimit soffset group
    having partition interval sliding fill session state_window event_window count_window union all distinct as
    on join left right inner outer full semi anti asof window case when then else end true false explain analyze
    verbose describe show tags databases tables stables table stable nulls into using values";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(sql: &str) -> bool {
        let check = check(sql);
        check.refusal.is_some() || check.fault.is_some()
    }

    #[test]
    fn reads_pass() {
        for sql in [
            "SELECT * FROM market.ticks",
            "select _wstart, avg(price) from ticks where ts > now - 1d interval(1h) fill(prev);",
            "SELECT 'drop table x; --', \"insert\" FROM t -- ; delete\n",
            "SELECT `drop`, t.`delete`, t.use FROM t",
            "SELECT /* insert into */ COUNT(*) FROM (SELECT ts FROM a UNION ALL SELECT ts FROM b)",
            "SELECT tbname, last_row(price) FROM ticks WHERE symbol IN ('600000.SH', 'it\\'s') PARTITION BY tbname SLIMIT 3",
            "SELECT CAST(d AS VARCHAR(64)) FROM t WHERE v = '\\x00ff' OR n BETWEEN -1 AND 1e+3",
            "SELECT INTERP(price) FROM t RANGE('2024-01-01', '2024-01-02') EVERY(1h) FILL(LINEAR)",
            "SELECT CASE WHEN (a > 1) THEN (b) ELSE (c) END FROM t",
            "SHOW DATABASES",
            "show market.tables like 't_%'",
            "SHOW CREATE STABLE market.ticks",
            "SHOW TABLE TAGS FROM ticks",
            "DESCRIBE market.`Ticks`",
            "desc t;;",
            "EXPLAIN ANALYZE VERBOSE true SELECT * FROM t",
            "SELECT SERVER_VERSION",
        ] {
            let check = check(sql);
            assert_eq!((check.refusal, check.fault), (None, None), "{sql}");
            assert_eq!(check.effect, Effect::Read, "{sql}");
        }
    }

    #[test]
    fn what_does_not_only_read_is_refused() {
        for sql in [
            "",
            " ;",
            "-- nothing",
            "INSERT INTO t VALUES (1, 2)",
            "SELECT 1; DROP TABLE t",
            "SELECT 1 /* ; */ ; DELETE FROM t",
            "DELETE FROM t WHERE ts > 0",
            "DROP DATABASE market",
            "ALTER USER root PASS 'x'",
            "CREATE TABLE x AS SELECT 1",
            "USE market",
            "KILL QUERY '1:2'",
            "RESET QUERY CACHE",
            "GRANT ALL ON *.* TO x",
            "EXPLAIN DELETE FROM t",
            "EXPLAIN ANALYZE INSERT INTO t VALUES (1, 2)",
            "EXPLAIN",
            "SHOW",
            "SHOW GRANTS",
            "SHOW TABLES; SELECT 1",
            "DESCRIBE t INTO x",
            "SELECT * FROM t >> /tmp/out.csv",
            "SELECT * INTO x FROM t",
            "SELECT my_udf(price) FROM t",
            "SELECT `sum`(price) FROM t",
            "SELECT sleep(10)",
            "(SELECT 1)",
            "/*!50000 DROP TABLE t */",
            "SELECT 'open",
            "SELECT \"open\\\"",
            "SELECT (1",
            "SELECT 1)",
            "SELECT 1 \u{a0}; DROP TABLE t",
            "SELECT 1\0; DROP TABLE t",
            "SELEC 1",
            "FLUSH DATABASE market",
            "SYNCDB x REPLICA",
            "PAUSE STREAM s",
            "TRIM DATABASE market",
        ] {
            assert!(refused(sql), "{sql}");
        }
        assert!(refused(&format!("SELECT {}1{}", "(".repeat(100), ")".repeat(100))));
        assert!(refused(&format!("SELECT '{}'", "x".repeat(300_000))));
    }

    #[test]
    fn a_quote_hides_nothing() {
        // In TDengine a backslash escapes in text and not in backticks.
        assert!(refused("SELECT 'a\\'; DROP TABLE t; --' FROM x; DROP TABLE y"));
        assert!(!refused("SELECT 'a\\'; DROP TABLE t; --' FROM x"));
        assert!(refused("SELECT `a\\`; DROP TABLE t"));
    }

    #[test]
    fn tables_columns_and_places_of_faults_are_told() {
        let found = check("SELECT a, t.b AS c, * FROM market.`Ticks` x, u WHERE sum(d) > 1 ORDER BY e");
        assert_eq!(found.tables, ["market.Ticks", "u"]);
        assert_eq!(found.columns, ["a", "b", "*", "d", "e"]);
        let fault = check("SELECT 1\nFROM 'open").fault.unwrap();
        assert_eq!((fault.code, fault.line, fault.column), (ErrorCode::InvalidSql, Some(2), Some(6)));
        assert_eq!(check("DROP TABLE t").effect, Effect::Define);
        assert_eq!(check("insert into t values (1)").effect, Effect::Write);
    }
}
