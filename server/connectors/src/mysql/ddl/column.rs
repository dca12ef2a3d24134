//! What differs between a wanted column and the live one.

use super::cost::{self, Server, at_once, copied, rebuilt, together};
use data::structure::{ChangeCost, ColumnStructure, TableStructure};

/// The differences in words and what mending them all in one statement costs; none: alike.
pub(super) struct Difference {
    pub(super) words: Vec<String>,
    pub(super) cost: ChangeCost,
    /// Whether the column must be dropped and added: the server does not turn one kind into the other.
    pub(super) anew: bool,
}

/// Compares a column. `normal` is the wanted one as the server spells it.
pub(super) fn difference(
    server: &Server,
    wanted: &ColumnStructure,
    normal: &ColumnStructure,
    live: &ColumnStructure,
    collations: Option<(&str, &str)>,
) -> Option<Difference> {
    let name = &live.name;
    let mut words = Vec::new();
    let mut costs = Vec::new();
    let mut anew = false;
    if normal.native_type != live.native_type {
        words.push(format!("change type of `{name}` from {} to {}", live.native_type, normal.native_type));
        costs.push(cost::type_change(name, &live.native_type, &normal.native_type));
    }
    if normal.generated != live.generated {
        words.push(match (&live.generated, &normal.generated) {
            (None, _) => format!("compute `{name}`"),
            (_, None) => format!("no longer compute `{name}`"),
            _ => format!("change how `{name}` is computed"),
        });
        let is_virtual = |column: &ColumnStructure| column.generated.as_ref().is_some_and(|g| !g.stored);
        anew = is_virtual(live) != is_virtual(normal);
        let mut cost = if is_virtual(normal) { at_once() } else { copied("copies the table and computes every row") };
        if live.generated.is_none() {
            cost.loss = Some(format!("the values of `{name}` are replaced by computed ones"));
        } else if normal.generated.is_none() && anew {
            cost.loss = Some(format!("the computed values of `{name}` are not kept"));
        }
        costs.push(cost);
    }
    if normal.generated.is_none() {
        if normal.nullable != live.nullable {
            if normal.nullable {
                words.push(format!("allow NULL in `{name}`"));
                costs.push(server.null_allowed());
            } else {
                words.push(format!("refuse NULL in `{name}`"));
                costs.push(rebuilt("reads every row, and fails where one holds NULL"));
            }
        }
        if !same_default(normal.default.as_deref(), live.default.as_deref()) {
            words.push(match &normal.default {
                Some(default) => format!("set default of `{name}` to {default}"),
                None => format!("drop default of `{name}`"),
            });
            costs.push(at_once());
        }
        if normal.on_update != live.on_update {
            words.push(match &normal.on_update {
                Some(expression) => format!("set `{name}` to {expression} on update"),
                None => format!("no longer set `{name}` on update"),
            });
            costs.push(at_once());
        }
        if normal.auto_increment != live.auto_increment {
            words.push(match normal.auto_increment {
                true => format!("number `{name}` by AUTO_INCREMENT"),
                false => format!("no longer number `{name}` by AUTO_INCREMENT"),
            });
            costs.push(copied("copies the table"));
        }
    }
    if let Some((now, then)) = collations.filter(|(now, then)| now != then) {
        words.push(format!("change collation of `{name}` from {now} to {then}"));
        let charset = |collation: &str| collation.split('_').next().unwrap_or_default().to_owned();
        let mut cost = copied("copies the table");
        if charset(now) != charset(then) && charset(then) != "utf8mb4" {
            cost.loss = Some(format!("characters of `{name}` that {} cannot hold are refused", charset(then)));
        }
        costs.push(cost);
    }
    if let Some(comment) = &wanted.comment
        && comment.as_str() != live.comment.as_deref().unwrap_or_default()
    {
        words.push(format!("set comment of `{name}`"));
        costs.push(at_once());
    }
    let cost = costs.into_iter().reduce(together)?;
    Some(Difference { words, cost, anew })
}

/// The collations of a text column, live and wanted; none where there is none or it is left open.
pub(super) fn collations<'a>(
    wanted: (&'a TableStructure, &ColumnStructure),
    normal: (&'a TableStructure, &'a ColumnStructure),
    live: (&'a TableStructure, &'a ColumnStructure),
) -> Option<(&'a str, &'a str)> {
    if !is_text(&normal.1.native_type) || !is_text(&live.1.native_type) {
        return None;
    }
    let said = |table: &TableStructure| ["charset", "collation"].iter().any(|word| table.options.contains_key(*word));
    if wanted.1.collation.is_none() && !said(wanted.0) {
        return None;
    }
    let resolved = |table: &'a TableStructure, column: &'a ColumnStructure| {
        column.collation.as_deref().or(table.options.get("collation").map(String::as_str))
    };
    Some((resolved(live.0, live.1)?, resolved(normal.0, normal.1)?))
}

/// `0.00` and `0.0000` are one number, spelled by one type and by another.
fn same_default(one: Option<&str>, other: Option<&str>) -> bool {
    let number = |said: Option<&str>| said.and_then(|said| said.parse::<f64>().ok());
    one == other || matches!((number(one), number(other)), (Some(one), Some(other)) if one == other)
}

fn is_text(native_type: &str) -> bool {
    ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"]
        .contains(&native_type.split(['(', ' ']).next().unwrap_or_default())
}
