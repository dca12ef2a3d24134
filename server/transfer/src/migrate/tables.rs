//! Which tables a pattern or a schema means, and in which order they are finished.

use super::sql::bare;
use data::structure::TableKind;
use data::{Connector, Error, Result};
use model::{ErrorCode, nearest};
use std::collections::BTreeMap;

/// A table that was chosen, and what the target calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The source's table.
    pub from: String,
    /// The target's table.
    pub to: String,
}

/// The source's tables that `patterns` mean (`*` stands for anything, `?` for one character), without those that `except`
/// means. `to` is the target's name, in which `*` is the source's own; none: the same name.
///
/// Tables that others refer to come first.
///
/// # Errors
/// `table_not_found` for a pattern that means no table.
pub async fn choose(
    from: &dyn Connector,
    patterns: &[String],
    except: &[String],
    to: Option<&str>,
) -> Result<Vec<Chosen>> {
    let all = from.list_tables().await?;
    let is_own = |name: &str| bare(name).starts_with("_sluice_");
    let mut found: Vec<String> = Vec::new();
    for pattern in patterns {
        let is_pattern = pattern.contains(['*', '?']);
        let fits = |name: &&String| {
            let name = name.as_str();
            let named = matches(pattern, name) || (!pattern.contains('.') && matches(pattern, &bare(name)));
            named && (!is_pattern || !is_own(name))
        };
        let mut some: Vec<String> = all.iter().filter(fits).cloned().collect();
        if some.is_empty() && !is_pattern && from.find_table(pattern).await?.is_some() {
            some.push(pattern.clone());
        }
        if some.is_empty() {
            let error = Error::permanent(ErrorCode::TableNotFound, format!("no table is called `{pattern}`"));
            let near = nearest(pattern, all.iter().map(String::as_str));
            return Err(match near.filter(|_| !is_pattern) {
                Some(near) => error.hint(format!("Did you mean `{near}`?")),
                None => error.hint("`*` stands for anything: `orders_*`."),
            });
        }
        found.extend(some.into_iter().filter(|name| !except.iter().any(|other| matches(other, name))));
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    let chosen = found.into_iter().map(|name| {
        let own = bare(&name);
        let to = to.map_or_else(|| own.clone(), |to| to.replace('*', &own));
        Chosen { from: name, to }
    });
    let chosen: Vec<Chosen> = chosen.collect();
    let mut targets: BTreeMap<String, &str> = BTreeMap::new();
    for table in &chosen {
        if let Some(other) = targets.insert(table.to.to_lowercase(), &table.from) {
            let message = format!("`{other}` and `{}` would both go to `{}`", table.from, table.to);
            return Err(Error::permanent(ErrorCode::Duplicate, message)
                .hint("Let the target's name hold `*`, which stands for the source's."));
        }
    }
    sorted(from, chosen).await
}

async fn sorted(from: &dyn Connector, chosen: Vec<Chosen>) -> Result<Vec<Chosen>> {
    if chosen.len() < 2 || !from.abilities().structure {
        return Ok(chosen);
    }
    let mut parents: Vec<Vec<String>> = Vec::with_capacity(chosen.len());
    let mut kept = Vec::with_capacity(chosen.len());
    for table in chosen {
        let structure = from.structure(&table.from).await?.unwrap_or_default();
        // A view is copied when it is asked for by name, never by a pattern among tables.
        if structure.kind == TableKind::View {
            continue;
        }
        parents.push(structure.foreign_keys.into_iter().map(|key| key.references).collect());
        kept.push(table);
    }
    let mut order: Vec<usize> = Vec::with_capacity(kept.len());
    while order.len() < kept.len() {
        let is_ready = |place: usize| {
            parents[place].iter().all(|parent| {
                let at = kept.iter().position(|table| table.from == *parent || bare(&table.from) == *parent);
                at.is_none_or(|at| at == place || order.contains(&at))
            })
        };
        // In a circle nobody is ready: the first of those that are left goes ahead.
        let left = || (0..kept.len()).filter(|place| !order.contains(place));
        let Some(next) = left().find(|place| is_ready(*place)).or_else(|| left().next()) else { break };
        order.push(next);
    }
    Ok(order.into_iter().map(|place| kept[place].clone()).collect())
}

/// Whether one of the patterns means the name.
#[must_use]
pub fn means(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// Whether a name fits a pattern.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(char) if *char == '?' || *char == name[place] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((before, from)) => {
                    star = Some((before, from + 1));
                    (at, place) = (before + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_stand_for_names() {
        let check =
            |pattern: &str, name: &str, fits: bool| assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        check("orders_*", "orders_2024", true);
        check("orders_*", "orders", false);
        check("*", "anything", true);
        check("*_a_*", "x_b_a_c", true);
        check("t?", "t1", true);
        check("t?", "t10", false);
        check("Straße", "Straße", true);
    }
}
