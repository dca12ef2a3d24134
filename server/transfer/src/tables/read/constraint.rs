//! Indexes, foreign keys and checks of a document about tables.

use super::{given, read_name, read_names, shorten};
use data::structure::{CheckConstraint, ForeignKey, IndexStructure};
use model::ErrorCode;
use model::document::read::Reader;
use model::tree::{Node, Position};

const INDEX_KEYS: [&str; 6] = ["name", "columns", "unique", "method", "filter", "include"];

const FOREIGN_KEYS: [&str; 6] = ["name", "columns", "references", "referenced_columns", "on_delete", "on_update"];

const REACTIONS: [(&str, &str); 5] = [
    ("cascade", "cascade"),
    ("set null", "set null"),
    ("set default", "set default"),
    ("restrict", "restrict"),
    ("no action", ""),
];

/// The items of a list of mappings, each with its path.
fn read_list<'n>(reader: &mut Reader, node: &'n Node, path: &str, hint: &str) -> Vec<(&'n Node, String)> {
    match node.as_list() {
        Some(items) => items.iter().enumerate().map(|(index, item)| (item, format!("{path}.{index}"))).collect(),
        None => {
            reader.wrong_type(node, path, "a list", hint);
            Vec::new()
        }
    }
}

pub(super) fn read_indexes(reader: &mut Reader, node: &Node, path: &str) -> Vec<(Position, String, IndexStructure)> {
    const HINT: &str = "Write `- { name: by_day, columns: [trade_date] }`.";
    let mut indexes = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &INDEX_KEYS);
        let mut index = IndexStructure::default();
        for (key, value) in given(pairs) {
            let path = format!("{path}.{}", key.text);
            let mut names = |hint: &str| -> Vec<String> {
                let names = read_names(reader, value, &path, hint).unwrap_or_default();
                names.into_iter().map(|named| named.name).collect()
            };
            match key.text.as_str() {
                "name" => index.name = read_name(reader, value, &path, "an index").unwrap_or_default(),
                "columns" => index.columns = names(HINT),
                "include" => index.include = names("List columns."),
                "unique" => index.unique = reader.boolean(value, &path).unwrap_or_default(),
                "method" => {
                    index.method = reader.text(value, &path, "Write a word such as `hash`.").map(str::to_lowercase);
                }
                "filter" => index.filter = reader.text(value, &path, "Write a condition.").map(str::to_owned),
                _ => {}
            }
        }
        if item.get("columns").is_none() && !pairs.is_empty() {
            reader.missing(item.at, &format!("{path}.columns"), "columns", "the index", HINT);
        }
        if !index.columns.is_empty() {
            indexes.push((item.at, path, index));
        }
    }
    indexes
}

pub(super) fn read_foreign_keys(reader: &mut Reader, node: &Node, path: &str) -> Vec<(Position, String, ForeignKey)> {
    const HINT: &str = "Write `- { columns: [symbol_id], references: symbols, referenced_columns: [id] }`.";
    let mut keys = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &FOREIGN_KEYS);
        let mut foreign = ForeignKey::default();
        for (key, value) in given(pairs) {
            let path = format!("{path}.{}", key.text);
            let mut names = || -> Vec<String> {
                let names = read_names(reader, value, &path, HINT).unwrap_or_default();
                names.into_iter().map(|named| named.name).collect()
            };
            match key.text.as_str() {
                "name" => foreign.name = read_name(reader, value, &path, "a foreign key").unwrap_or_default(),
                "columns" => foreign.columns = names(),
                "referenced_columns" => foreign.referenced_columns = names(),
                "references" => foreign.references = read_name(reader, value, &path, "a table").unwrap_or_default(),
                "on_delete" => foreign.on_delete = read_reaction(reader, value, &path),
                "on_update" => foreign.on_update = read_reaction(reader, value, &path),
                _ => {}
            }
        }
        if pairs.is_empty() {
            continue;
        }
        for key in ["columns", "references"] {
            if item.get(key).is_none() {
                reader.missing(item.at, &format!("{path}.{key}"), key, "the foreign key", HINT);
            }
        }
        if !foreign.columns.is_empty() && !foreign.references.is_empty() {
            keys.push((item.at, path, foreign));
        }
    }
    keys
}

pub(super) fn read_checks(reader: &mut Reader, node: &Node, path: &str) -> Vec<CheckConstraint> {
    const HINT: &str = "Write `- { name: positive, condition: \"price > 0\" }`.";
    let mut checks: Vec<CheckConstraint> = Vec::new();
    for (item, path) in read_list(reader, node, path, HINT) {
        if let Some(condition) = item.as_text() {
            checks.push(CheckConstraint { name: String::new(), condition: condition.trim().to_owned() });
            continue;
        }
        let pairs = reader.map(item, &path, HINT);
        reader.known_keys(pairs, &path, &["name", "condition"]);
        let name = item.get("name").and_then(|name| read_name(reader, name, &format!("{path}.name"), "a check"));
        let name = name.unwrap_or_default();
        if !name.is_empty() && checks.iter().any(|known| known.name == name) {
            let message = format!("two checks are called `{}`", shorten(&name));
            reader.refuse(ErrorCode::Duplicate, item.at, &path, message, "Give one of them another name.");
        }
        match item.get("condition") {
            Some(condition) => {
                if let Some(condition) = reader.text(condition, &format!("{path}.condition"), HINT) {
                    checks.push(CheckConstraint { name, condition: condition.trim().to_owned() });
                }
            }
            None if !pairs.is_empty() => {
                reader.missing(item.at, &format!("{path}.condition"), "condition", "the check", HINT);
            }
            None => {}
        }
    }
    checks
}

fn read_reaction(reader: &mut Reader, node: &Node, path: &str) -> Option<String> {
    let folded = node.as_text().map(|text| text.to_lowercase().replace('_', " "));
    if let Some(found) = folded.and_then(|text| REACTIONS.into_iter().find(|(word, _)| *word == text)) {
        return Some(found.1.to_owned()).filter(|word| !word.is_empty());
    }
    reader.word(node, path, &REACTIONS).map(str::to_owned).filter(|word| !word.is_empty())
}
