//! Spellings that mean the same.

use crate::mysql::create::{Token, native_type, tokens};
use data::structure::{ForeignKey, IndexStructure, TableStructure};

/// Gives what a temporary table could not have: special indexes, foreign keys, partitions, comment.
pub(super) fn complete(normal: &mut TableStructure, wanted: &TableStructure) {
    let special = |index: &&IndexStructure| matches!(index.method.as_deref(), Some("fulltext" | "spatial"));
    normal.indexes.extend(wanted.indexes.iter().filter(special).cloned());
    // Names that the server made up are no part of what is wanted.
    for index in &mut normal.indexes {
        if !wanted.indexes.iter().any(|said| said.name.eq_ignore_ascii_case(&index.name)) {
            index.name.clear();
        }
    }
    for check in &mut normal.checks {
        if !wanted.checks.iter().any(|said| said.name.eq_ignore_ascii_case(&check.name)) {
            check.name.clear();
        }
    }
    normal.foreign_keys = wanted.foreign_keys.iter().map(foreign_key).collect();
    normal.comment.clone_from(&wanted.comment);
    normal.options.remove("partition_by");
    normal.options.extend(wanted.options.get("partition_by").map(|text| ("partition_by".to_owned(), text.clone())));
}

/// The wanted table by what is known of spellings, without the server.
pub(super) fn by_rules(wanted: &TableStructure) -> TableStructure {
    let mut normal = wanted.clone();
    for column in &mut normal.columns {
        column.native_type = alias(&native_type(column.native_type.trim()));
        column.nullable &= !wanted.primary_key.contains(&column.name) && !column.auto_increment;
        column.default = column.default.take().filter(|said| !said.eq_ignore_ascii_case("null"));
        for said in [&mut column.default, &mut column.on_update].into_iter().flatten() {
            *said = default(said);
        }
    }
    for index in &mut normal.indexes {
        index.method = index.method.take().filter(|method| method != "btree");
    }
    normal.foreign_keys = wanted.foreign_keys.iter().map(foreign_key).collect();
    normal
}

fn foreign_key(key: &ForeignKey) -> ForeignKey {
    let rule = |rule: &Option<String>| {
        let rule = rule.as_ref().map(|rule| rule.to_ascii_lowercase());
        rule.filter(|rule| rule != "no action" && rule != "restrict")
    };
    ForeignKey { on_delete: rule(&key.on_delete), on_update: rule(&key.on_update), ..key.clone() }
}

/// A type by the name the server gives it.
fn alias(said: &str) -> String {
    let word = said.split(['(', ' ']).next().unwrap_or(said);
    let rest = &said[word.len()..];
    match (word, rest) {
        ("bool" | "boolean", _) => "tinyint(1)".to_owned(),
        ("integer", _) => native_type(&format!("int{rest}")),
        ("dec" | "numeric" | "fixed" | "decimal", _) => match rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            None => format!("decimal(10,0){rest}"),
            Some((digits, rest)) if !digits.contains(',') => format!("decimal({},0){rest}", digits.trim()),
            Some((digits, rest)) => format!("decimal({}){rest}", digits.replace(' ', "")),
        },
        ("real", _) => format!("double{rest}"),
        ("double", _) => format!("double{}", rest.trim_start().strip_prefix("precision").unwrap_or(rest)),
        ("character" | "char", _) => match rest.trim_start().strip_prefix("varying") {
            Some(rest) => format!("varchar{}", rest.trim_start()),
            None if rest.is_empty() => "char(1)".to_owned(),
            None => format!("char{rest}"),
        },
        ("nvarchar", _) => format!("varchar{rest}"),
        ("bit" | "binary", "") => format!("{word}(1)"),
        _ => said.to_owned(),
    }
}

/// A default as MariaDB spells it.
fn default(said: &str) -> String {
    let bare = said.trim().to_ascii_lowercase();
    let now = ["current_timestamp", "now", "localtimestamp", "localtime"];
    for word in now {
        if let Some(rest) = bare.strip_prefix(word)
            && (rest.is_empty() || rest.starts_with('('))
        {
            return format!("current_timestamp{}", if rest.is_empty() { "()" } else { rest });
        }
    }
    if said.starts_with('\'') { said.to_owned() } else { bare }
}

/// The clause without the words it begins with.
pub(super) fn partitions_text(said: &str) -> &str {
    let said = said.trim();
    let lower = said.to_ascii_lowercase();
    match lower.strip_prefix("partition by") {
        Some(rest) => said[said.len() - rest.len()..].trim_start(),
        None => said,
    }
}

/// A partition clause in a spelling that can be compared: quotes, engines and spaces do not count.
pub(super) fn partitions(said: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let found = tokens(partitions_text(said));
    let mut at = 0;
    while at < found.len() {
        if found[at].token.is("ENGINE") && found.get(at + 1).is_some_and(|next| next.token.sign('=')) {
            at += 3;
            continue;
        }
        words.push(match &found[at].token {
            Token::Name(name) => name.to_ascii_lowercase(),
            Token::Text(text) => format!("'{text}'"),
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Sign(sign) => sign.to_string(),
        });
        at += 1;
    }
    words
}

/// The partitions that `wanted` has behind all those of `live`, as text; none where that is not the only difference.
pub(super) fn added_partitions(live: &str, wanted: &str) -> Option<String> {
    let (there, all) = (partitions(live), partitions(wanted));
    let kept = there.len().checked_sub(1)?;
    let extends = all.len() > there.len() && all[..kept] == there[..kept] && all[kept] == "," && there[kept] == ")";
    let wanted = partitions_text(wanted);
    let found = tokens(wanted);
    // Nothing fits behind the largest; and with engines the words of both lists stand at different places.
    if !extends || there.iter().any(|word| word == "maxvalue") || found.len() != all.len() {
        return None;
    }
    Some(wanted[found[kept + 1].start..found.last()?.start].trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_behind_the_last_are_only_added() {
        let live = "RANGE (`n`)\n(PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB)";
        let check = |wanted: &str, added: Option<&str>| {
            assert_eq!(added_partitions(live, wanted).as_deref(), added, "{wanted}");
        };
        let first = "PARTITION BY RANGE (n) (PARTITION p0 VALUES LESS THAN (10)";
        check(
            &format!("{first}, PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN MAXVALUE)"),
            Some("PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN MAXVALUE"),
        );
        check(&format!("{first})"), None);
        check("RANGE (n) (PARTITION p0 VALUES LESS THAN (11), PARTITION p1 VALUES LESS THAN (20))", None);
        check("HASH (n) PARTITIONS 4", None);
    }

    #[test]
    fn types_have_one_name() {
        let check = |said: &str, canonical: &str| assert_eq!(alias(&native_type(said)), canonical, "{said}");
        check("INTEGER", "int");
        check("INTEGER(11) UNSIGNED", "int unsigned");
        check("BOOLEAN", "tinyint(1)");
        check("DECIMAL", "decimal(10,0)");
        check("NUMERIC(10, 4)", "decimal(10,4)");
        check("DEC(7) UNSIGNED", "decimal(7,0) unsigned");
        check("DOUBLE PRECISION", "double");
        check("CHARACTER VARYING(20)", "varchar(20)");
        check("CHAR", "char(1)");
        check("BIT", "bit(1)");
        check("datetime(6)", "datetime(6)");
    }

    #[test]
    fn partitions_compare_without_their_spelling() {
        let live = "RANGE  COLUMNS(`d`)\n(PARTITION `p0` VALUES LESS THAN ('2024-01-01') ENGINE = InnoDB)";
        let wanted = "partition by range columns (d) (partition p0 values less than ('2024-01-01'))";
        assert_eq!(partitions(live), partitions(wanted));
        assert_ne!(partitions(live), partitions("hash (d) partitions 4"));
    }
}
