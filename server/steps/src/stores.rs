//! `stores.yaml`: where each class of data goes on this server, for every `route` that has no rules of its own.
//!
//! A key is a class as `classify` names it, or class and subclass (`market.tick`), which goes before the class alone. Its
//! value is one target or several that each get the rows, in the same words as a rule's `to`. The whole document is
//! checked at once, with the line and column of every fault.

use crate::route::{Otherwise, RuleSettings, Targets};
use crate::settings::Names;
use crate::target::{TargetSettings, target_properties};
use model::tree::{self, Content, Key, Limits, Node, Position};
use model::{ErrorCode, Fault, nearest};
use serde::Deserialize;

/// Where each class of data goes.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    entries: Vec<Entry>,
    otherwise: Otherwise,
}

#[derive(Debug, Clone)]
struct Entry {
    class: String,
    subclass: Option<String>,
    targets: Vec<TargetSettings>,
}

impl Stores {
    /// Reads the document.
    ///
    /// # Errors
    /// All its faults at once, each with line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = tree::parse(text, &Limits::default())?;
        let mut reader = Reader::default();
        let stores = reader.read(&root);
        if reader.faults.is_empty() { Ok(stores) } else { Err(reader.faults) }
    }

    /// Names of the connections it sends to, each once.
    #[must_use]
    pub fn connections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for target in self.entries.iter().flat_map(|entry| &entry.targets) {
            if let Some(name) = target.connection.as_deref().filter(|name| !names.contains(name)) {
                names.push(name);
            }
        }
        names
    }

    /// The rules a `route` follows, and what becomes of rows of no class that is listed.
    pub(crate) fn rules(&self) -> (Vec<RuleSettings>, Otherwise) {
        let rule = |entry: &Entry| {
            let name = match &entry.subclass {
                Some(subclass) => format!("{}.{subclass}", entry.class),
                None => entry.class.clone(),
            };
            RuleSettings {
                // A subclass is a plain word, so that it needs no escape.
                when: entry.subclass.as_ref().map(|subclass| format!("subclass = '{subclass}'")),
                class: Names::One(entry.class.clone()),
                to: Targets::Many(entry.targets.clone()),
                port: None,
                place: Some(name.clone()),
                name: Some(name),
            }
        };
        let (special, general): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().partition(|entry| entry.subclass.is_some());
        (special.into_iter().chain(general).map(rule).collect(), self.otherwise.clone())
    }
}

#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn refuse(
        &mut self,
        code: ErrorCode,
        at: Position,
        path: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.faults.push(Fault::new(code, message).hint(hint).path(path).at(at.line, at.column));
    }

    fn read(&mut self, root: &Node) -> Stores {
        let mut stores = Stores::default();
        for (key, node) in self.members(root, "").to_vec() {
            match key.text.as_str() {
                "stores" => stores.entries = self.entries(&node),
                "otherwise" => match Otherwise::deserialize(node.to_value()) {
                    Ok(otherwise) => {
                        if let Otherwise::To(to) = &otherwise {
                            let targets = to.targets();
                            let faults = targets.iter().flat_map(|target| target.check("otherwise.to"));
                            self.place_all(node.at, faults.collect());
                        }
                        stores.otherwise = otherwise;
                    }
                    Err(_) => {
                        let hint = "Write `reject`, `drop`, `fail`, or `{ to: { connection: …, table: … } }`.";
                        let message = "`otherwise` is neither a word it knows nor a target";
                        self.refuse(ErrorCode::InvalidValue, node.at, "otherwise", message, hint);
                    }
                },
                other => {
                    let message = format!("unknown key `{other}`");
                    let hint = match nearest(other, ["stores", "otherwise"]) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "The document has `stores` and `otherwise`.".to_owned(),
                    };
                    self.refuse(ErrorCode::UnknownKey, key.at, other, message, hint);
                }
            }
        }
        if root.get("stores").is_none() && self.faults.is_empty() {
            let hint = "Write `stores:` and below it `market: { connection: history, table: bars }`.";
            self.refuse(ErrorCode::MissingKey, root.at, "stores", "there are no `stores`", hint);
        }
        stores
    }

    fn entries(&mut self, node: &Node) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (key, node) in self.members(node, "stores").to_vec() {
            let path = format!("stores.{}", key.text);
            let (class, subclass) = match key.text.split_once('.') {
                Some((class, subclass)) => (class, Some(subclass)),
                None => (key.text.as_str(), None),
            };
            let words = [Some(class), subclass];
            if !words.into_iter().flatten().all(is_word) {
                let message = format!("`{}` cannot be a class", key.text.chars().take(80).collect::<String>());
                let hint = "Write a class such as `market`, or class and subclass such as `market.tick`.";
                self.refuse(ErrorCode::InvalidValue, key.at, &path, message, hint);
            }
            let targets = match &node.content {
                Content::List(items) if !items.is_empty() => {
                    let items = items.iter().enumerate();
                    items.filter_map(|(index, item)| self.target(item, &format!("{path}.{index}"))).collect()
                }
                _ => self.target(&node, &path).into_iter().collect(),
            };
            entries.push(Entry { class: class.to_owned(), subclass: subclass.map(str::to_owned), targets });
        }
        entries
    }

    fn target(&mut self, node: &Node, path: &str) -> Option<TargetSettings> {
        let known = target_properties();
        let before = self.faults.len();
        for (key, _) in self.members(node, path).to_vec() {
            if known.contains_key(&key.text) {
                continue;
            }
            let hint = match nearest(&key.text, known.keys().map(String::as_str)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("A target has {}.", known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
            };
            let message = format!("unknown key `{}`", key.text.chars().take(80).collect::<String>());
            self.refuse(ErrorCode::UnknownKey, key.at, &format!("{path}.{}", key.text), message, hint);
        }
        if self.faults.len() > before {
            return None;
        }
        match TargetSettings::deserialize(node.to_value()) {
            Ok(target) => {
                self.place_all(node.at, target.check(path));
                Some(target)
            }
            Err(error) => {
                let message = format!("the target does not fit: {error}");
                let hint = "A target is written like a rule's `to` of the step kind `route`.";
                self.refuse(ErrorCode::InvalidValue, node.at, path, message, hint);
                None
            }
        }
    }

    fn place_all(&mut self, at: Position, faults: Vec<Fault>) {
        self.faults.extend(faults.into_iter().map(|fault| fault.at(at.line, at.column)));
    }

    fn members<'n>(&mut self, node: &'n Node, path: &str) -> &'n [(Key, Node)] {
        if let Content::Map(pairs) = &node.content {
            return pairs;
        }
        let what = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
        let message = format!("{what} is {}, and should be a mapping", node.kind());
        self.refuse(ErrorCode::InvalidValue, node.at, path, message, "`docs/stores.md` shows a whole document.");
        &[]
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_subclass_goes_before_its_class_and_every_target_gets_the_rows() {
        let stores = Stores::parse(
            "stores:\n  market: { connection: history, table: bars, mode: upsert, key: [symbol, day] }\n  market.tick:\n    \
             - { connection: ticks, table: ticks, create: true }\n    - { connection: live, table: 'quote:{symbol}' }\n  \
             reference: { connection: names, table: symbols }\notherwise: drop\n",
        )
        .unwrap();
        assert_eq!(stores.connections(), ["history", "ticks", "live", "names"]);
        let (rules, _) = stores.rules();
        let shown: Vec<_> = rules.iter().map(|rule| (rule.name.as_deref().unwrap(), rule.when.as_deref())).collect();
        assert_eq!(shown, [("market.tick", Some("subclass = 'tick'")), ("market", None), ("reference", None)]);
        assert_eq!(rules[0].to.to_list().len(), 2);
    }

    #[test]
    fn all_faults_come_at_once_each_with_its_place() {
        let faults = Stores::parse(
            "stores:\n  market: { connection: history, tabel: bars }\n  Market day: { connection: a, table: b }\n  \
             derived: { connection: history, table: d, mode: upsert }\n  reference: nowhere\n  live: { connection: a, \
             table: b, mode: often }\notherwise: perhaps\nstors: 1\n",
        )
        .unwrap_err();
        let shown: Vec<_> = faults.iter().map(|fault| (fault.line.unwrap(), fault.code.as_str())).collect();
        assert_eq!(
            shown,
            [
                (2, "unknown_key"),
                (3, "invalid_value"),
                (4, "missing_key"),
                (5, "invalid_value"),
                (6, "invalid_value"),
                (7, "invalid_value"),
                (8, "unknown_key"),
            ],
            "{faults:#?}"
        );
        assert_eq!(faults[0].column, Some(34));
        assert!(faults[0].hint.as_deref().unwrap().contains("`table`"), "{:?}", faults[0]);
        for text in ["", "[]", "stores: []", "otherwise: drop", "stores: [", "stores: { a: { connection: x } }"] {
            assert!(Stores::parse(text).is_err(), "{text}");
        }
        assert!(
            Stores::parse("stores: { market: { connection: a, table: b }, market: { connection: a, table: b } }")
                .is_err()
        );
    }
}
