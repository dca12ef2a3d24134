//! What has to be run so that a table is as wanted, by TDengine's own narrow rules.
//!
//! Columns and tags may be added and dropped, text may be given more room, and a comment may change; all else takes a new
//! table, and is left to a person.

use super::sql::{Place, literal, quote};
use super::types::Native;
use crate::rename::{self, Names};
use data::structure::{
    ChangeCost, ColumnStructure, LockKind, TableAction, TableChange, TableKind, TablePlan, TableStructure,
};
use data::{Error, Result};
use model::ErrorCode;

/// The plan from `live` (none: no such table) to `wanted`.
pub(super) fn plan(place: &Place, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
    let mut plan = TablePlan::nothing(&wanted.name);
    check(wanted, &mut plan)?;
    match live {
        None => create(place, wanted, &mut plan)?,
        Some(live) => alter(place, wanted, live, &mut plan)?,
    }
    Ok(plan)
}

fn invalid(message: String) -> Error {
    Error::permanent(ErrorCode::InvalidValue, message)
}

/// Refuses what no table of TDengine can be, and notes what it leaves out.
fn check(wanted: &TableStructure, plan: &mut TablePlan) -> Result<()> {
    let name = &wanted.name;
    if matches!(wanted.kind, TableKind::View | TableKind::Hypertable { .. }) {
        return Err(invalid(format!(
            "`{name}`: TDengine has normal tables, supertables and subtables, and nothing else"
        )));
    }
    for (index, column) in wanted.columns.iter().enumerate() {
        if let Some(other) = wanted.columns[..index].iter().find(|other| other.name == column.name) {
            return Err(invalid(format!("`{name}` names column `{}` twice", other.name)));
        }
        native(name, column)?;
        let has_no = if column.generated.is_some() {
            "no generated columns"
        } else if column.auto_increment {
            "no numbering of rows"
        } else if column.on_update.is_some() {
            "no `ON UPDATE`"
        } else {
            continue;
        };
        return Err(invalid(format!("column `{}` of `{name}`: TDengine has {has_no}", column.name)));
    }
    if !wanted.foreign_keys.is_empty() || !wanted.checks.is_empty() {
        return Err(invalid(format!("`{name}`: TDengine has neither foreign keys nor checks")));
    }
    if !wanted.indexes.is_empty() {
        return Err(invalid(format!("`{name}`: TDengine indexes by time and subtable only"))
            .hint("Leave `indexes` out; make what is searched by a tag."));
    }
    let data: Vec<&ColumnStructure> = wanted.columns.iter().filter(|column| !column.is_tag).collect();
    if data.len() < 2 || native(name, data[0])? != Native::Timestamp {
        return Err(invalid(format!("the first column of `{name}` must be a TIMESTAMP, and another must follow"))
            .hint("TDengine keys every table by its first column."));
    }
    if data.len() != wanted.columns.len() && wanted.kind == TableKind::Plain {
        return Err(
            invalid(format!("`{name}` has tags, which only supertables have")).hint("Set `is_super_table: true`.")
        );
    }
    if data.len() == wanted.columns.len() && wanted.kind == TableKind::SuperTable {
        return Err(
            invalid(format!("the supertable `{name}` has no tags")).hint("Give at least one column `is_tag: true`.")
        );
    }
    for (index, part) in wanted.primary_key.iter().enumerate() {
        let at = data.iter().position(|column| column.name == *part);
        if index > 1 || at != Some(index) {
            return Err(invalid(format!("the key of `{name}` must be its first column, or its first two"))
                .hint("TDengine keys a table by its timestamp and at most one further column, which follows it."));
        }
    }
    if let Some(second) = wanted.primary_key.get(1).and_then(|name| wanted.column(name)) {
        let fits = matches!(native(name, second)?, Native::Int(32 | 64, _) | Native::Varchar(_));
        if !fits {
            return Err(invalid(format!("column `{}` of `{name}` cannot be a second key", second.name))
                .hint("A second key is a whole number of 32 or 64 bits, or VARCHAR."));
        }
    }
    let noted = |columns: Vec<&str>, what: &str| {
        (!columns.is_empty()).then(|| format!("TDengine has {what}: left out for `{}`", columns.join("`, `")))
    };
    let keyed = |column: &&ColumnStructure| column.name == data[0].name || wanted.primary_key.contains(&column.name);
    let of = |keep: &dyn Fn(&&ColumnStructure) -> bool| -> Vec<&str> {
        wanted.columns.iter().filter(|column| keep(column)).map(|column| column.name.as_str()).collect()
    };
    plan.notes.extend(noted(of(&|column| !column.nullable && !keyed(column)), "no NOT NULL beyond the key"));
    plan.notes.extend(noted(of(&|column| column.default.is_some()), "no defaults"));
    plan.notes.extend(noted(of(&|column| column.comment.is_some()), "no comments on columns"));
    plan.notes.extend(noted(of(&|column| column.collation.is_some()), "no collations"));
    let options: Vec<&str> = wanted.options.keys().map(String::as_str).collect();
    plan.notes.extend(noted(options, "no such options of a table"));
    Ok(())
}

fn native(table: &str, column: &ColumnStructure) -> Result<Native> {
    Native::parse(&column.native_type, None).ok_or_else(|| {
        invalid(format!("column `{}` of `{table}` has type `{}`, which TDengine does not know", column.name, column.native_type))
            .hint("Types are BOOL, TINYINT, SMALLINT, INT, BIGINT (also UNSIGNED), FLOAT, DOUBLE, DECIMAL(p,s), TIMESTAMP, VARCHAR(n), NCHAR(n), VARBINARY(n), GEOMETRY(n), BLOB, and JSON for a tag.")
    })
}

fn declared(table: &str, column: &ColumnStructure, key: &[String]) -> Result<String> {
    let composite = if key.get(1) == Some(&column.name) { " COMPOSITE KEY" } else { "" };
    Ok(format!("{} {}{composite}", quote(&column.name)?, native(table, column)?.spelled().to_uppercase()))
}

fn create(place: &Place, wanted: &TableStructure, plan: &mut TablePlan) -> Result<()> {
    if let TableKind::SubTable { of } = &wanted.kind {
        plan.action = TableAction::Manual;
        plan.manual.push(format!(
            "subtable `{}` of `{of}` is made by the first row written into it, with the tags of that row",
            wanted.name
        ));
        return Ok(());
    }
    let list = |tags: bool| -> Result<String> {
        let columns = wanted.columns.iter().filter(|column| column.is_tag == tags);
        Ok(columns
            .map(|column| declared(&wanted.name, column, &wanted.primary_key))
            .collect::<Result<Vec<_>>>()?
            .join(", "))
    };
    let stable = wanted.kind == TableKind::SuperTable;
    let mut sql = format!("CREATE {} {} ({})", if stable { "STABLE" } else { "TABLE" }, place.quoted()?, list(false)?);
    if stable {
        sql.push_str(&format!(" TAGS ({})", list(true)?));
    }
    if let Some(comment) = &wanted.comment {
        sql.push_str(&format!(" COMMENT {}", literal(comment)));
    }
    let what = if stable { "supertable" } else { "table" };
    plan.action = TableAction::Create;
    plan.changes.push(TableChange {
        summary: format!("create {what} `{}`", wanted.name),
        sql,
        cost: ChangeCost::default(),
    });
    Ok(())
}

fn alter(place: &Place, wanted: &TableStructure, live: &TableStructure, plan: &mut TablePlan) -> Result<()> {
    if wanted.kind != live.kind {
        plan.action = TableAction::Manual;
        plan.manual.push(format!(
            "`{}` is {} and should be {}: TDengine cannot change that; make a new table and copy the rows",
            wanted.name,
            told(&live.kind),
            told(&wanted.kind)
        ));
        return Ok(());
    }
    let sub = matches!(wanted.kind, TableKind::SubTable { .. });
    let renamed = rename::renamed(wanted, live, Names { fold: false, quote: '`' });
    let live = &renamed.live;
    plan.manual.extend(renamed.manual);
    let stable = wanted.kind == TableKind::SuperTable;
    let head = format!("ALTER {} {}", if stable { "STABLE" } else { "TABLE" }, place.quoted()?);
    for (old, new) in &renamed.columns {
        rename_column(wanted, old, new, &head, plan)?;
    }
    let mut wider = Vec::new();
    let mut dropped = Vec::new();
    let mut added = Vec::new();
    for column in &wanted.columns {
        let Some(old) = live.column(&column.name) else {
            added.push(column);
            continue;
        };
        compare(wanted, column, old, &mut wider, plan)?;
    }
    dropped.extend(live.columns.iter().filter(|column| wanted.column(&column.name).is_none()));
    // What the document leaves out of the key is not asked for.
    let second = |table: &TableStructure| table.primary_key.get(1).cloned();
    if !wanted.primary_key.is_empty() && second(wanted) != second(live) {
        plan.manual.push(format!(
            "the second key of `{}` cannot be changed (it is {}): make a new table and copy the rows",
            wanted.name,
            second(live).map_or_else(|| "none".to_owned(), |name| format!("`{name}`"))
        ));
    }
    if sub && !(wider.is_empty() && dropped.is_empty() && added.is_empty()) {
        plan.manual
            .push(format!("columns of the subtable `{}` are those of its supertable: change that one", wanted.name));
    } else {
        for column in wider {
            let word = if column.is_tag { "TAG" } else { "COLUMN" };
            let kind = native(&wanted.name, column)?.spelled();
            plan.changes.push(TableChange {
                summary: format!("make {} `{}` wider: {kind}", word.to_lowercase(), column.name),
                sql: format!("{head} MODIFY {word} {} {}", quote(&column.name)?, kind.to_uppercase()),
                cost: ChangeCost::default(),
            });
        }
        for column in added {
            add(wanted, column, &head, plan)?;
        }
        for column in dropped {
            drop_column(live, column, &head, plan)?;
        }
    }
    let comment = |table: &TableStructure| table.comment.clone().unwrap_or_default();
    // A comment that is left open is no difference.
    if wanted.comment.is_some() && comment(wanted) != comment(live) {
        plan.changes.push(TableChange {
            summary: format!("change the comment of `{}`", wanted.name),
            sql: format!("{head} COMMENT {}", literal(&comment(wanted))),
            cost: ChangeCost::default(),
        });
    }
    plan.action = match (plan.manual.is_empty(), plan.changes.is_empty()) {
        (false, _) => TableAction::Manual,
        (true, true) => TableAction::Nothing,
        (true, false) => TableAction::Alter,
    };
    Ok(())
}

/// Tags of supertables and columns of normal tables have names that can change, and nothing else has.
fn rename_column(
    wanted: &TableStructure,
    old: &ColumnStructure,
    new: &str,
    head: &str,
    plan: &mut TablePlan,
) -> Result<()> {
    let word = match (&wanted.kind, old.is_tag) {
        (TableKind::SuperTable, true) => "TAG",
        (TableKind::Plain, false) => "COLUMN",
        _ => {
            plan.manual.push(format!(
                "`{}` of `{}` cannot be renamed to `{new}`: TDengine renames tags of supertables and columns of normal tables only; \
                 add a column and copy the values, or keep the name",
                old.name, wanted.name
            ));
            return Ok(());
        }
    };
    plan.changes.push(TableChange {
        summary: format!("rename {} `{}` to `{new}`", word.to_lowercase(), old.name),
        sql: format!("{head} RENAME {word} {} {}", quote(&old.name)?, quote(new)?),
        cost: ChangeCost::default(),
    });
    Ok(())
}

fn told(kind: &TableKind) -> &'static str {
    match kind {
        TableKind::SuperTable => "a supertable",
        TableKind::SubTable { .. } => "a subtable",
        _ => "a normal table",
    }
}

/// Notes a column that has to be wider, or a difference that nothing mends.
fn compare<'a>(
    wanted: &TableStructure,
    column: &'a ColumnStructure,
    old: &ColumnStructure,
    wider: &mut Vec<&'a ColumnStructure>,
    plan: &mut TablePlan,
) -> Result<()> {
    let what = if column.is_tag { "tag" } else { "column" };
    if column.is_tag != old.is_tag {
        let was = if old.is_tag { "tag" } else { "column" };
        plan.manual.push(format!(
            "`{}` of `{}` is a {was} and should be a {what}: make a new supertable and copy the rows",
            column.name, wanted.name
        ));
        return Ok(());
    }
    let (new, old) = (native(&wanted.name, column)?, native(&wanted.name, old)?);
    if new == old {
        return Ok(());
    }
    match (old, new) {
        (Native::Varchar(was), Native::Varchar(is))
        | (Native::Nchar(was), Native::Nchar(is))
        | (Native::Varbinary(was), Native::Varbinary(is))
            if is > was =>
        {
            wider.push(column);
        }
        _ => plan.manual.push(format!(
            "{what} `{}` of `{}` is {} and should be {}: TDengine can only make text wider; make a new table and copy the rows, \
             or drop and add it without its values",
            column.name,
            wanted.name,
            old.spelled(),
            new.spelled()
        )),
    }
    Ok(())
}

fn add(wanted: &TableStructure, column: &ColumnStructure, head: &str, plan: &mut TablePlan) -> Result<()> {
    let first = wanted.columns.first().is_some_and(|first| first.name == column.name);
    if first || wanted.primary_key.contains(&column.name) {
        plan.manual.push(format!(
            "`{}` of `{}` belongs to the key, which is fixed for life: make a new table and copy the rows",
            column.name, wanted.name
        ));
        return Ok(());
    }
    if native(&wanted.name, column)? == Native::Json {
        plan.manual.push(format!("tag `{}` is JSON, which a supertable has from the start or never", column.name));
        return Ok(());
    }
    let word = if column.is_tag { "TAG" } else { "COLUMN" };
    plan.changes.push(TableChange {
        summary: format!("add {} `{}`", word.to_lowercase(), column.name),
        sql: format!("{head} ADD {word} {}", declared(&wanted.name, column, &[])?),
        cost: ChangeCost { note: Some("rows that are there have NULL in it".to_owned()), ..ChangeCost::default() },
    });
    Ok(())
}

fn drop_column(live: &TableStructure, column: &ColumnStructure, head: &str, plan: &mut TablePlan) -> Result<()> {
    if live.primary_key.contains(&column.name) {
        plan.manual.push(format!("`{}` of `{}` belongs to the key and cannot be dropped", column.name, live.name));
        return Ok(());
    }
    let word = if column.is_tag { "TAG" } else { "COLUMN" };
    let loss = format!("all values of {} `{}`", word.to_lowercase(), column.name);
    plan.changes.push(TableChange {
        summary: format!("drop {} `{}`", word.to_lowercase(), column.name),
        sql: format!("{head} DROP {word} {}", quote(&column.name)?),
        cost: ChangeCost { lock: LockKind::None, rewrite: false, loss: Some(loss), note: None },
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::World;
    use super::*;
    use data::Connector;

    fn column(name: &str, native_type: &str) -> ColumnStructure {
        let nullable = native_type != "TIMESTAMP";
        ColumnStructure {
            name: name.to_owned(),
            native_type: native_type.to_owned(),
            nullable,
            ..ColumnStructure::default()
        }
    }

    fn ticks() -> TableStructure {
        let tag = |name: &str, native_type: &str| ColumnStructure { is_tag: true, ..column(name, native_type) };
        TableStructure {
            name: "ticks".to_owned(),
            kind: TableKind::SuperTable,
            columns: vec![
                column("ts", "TIMESTAMP"),
                column("seq", "INT"),
                column("price", "FLOAT"),
                column("note", "VARCHAR(20)"),
                column("amount", "DECIMAL(20, 4)"),
                tag("symbol", "VARCHAR(20)"),
                tag("name", "NCHAR(32)"),
            ],
            primary_key: vec!["ts".to_owned(), "seq".to_owned()],
            comment: Some("it's 行情".to_owned()),
            ..TableStructure::default()
        }
    }

    async fn planned(world: &World, wanted: &TableStructure) -> TablePlan {
        let live = world.tdengine.structure(&wanted.name).await.unwrap();
        world.tdengine.plan_table(wanted, live.as_ref()).await.unwrap()
    }

    async fn apply(world: &World, wanted: &TableStructure) -> TablePlan {
        let plan = planned(world, wanted).await;
        for change in &plan.changes {
            world.run(&change.sql).await;
        }
        plan
    }

    #[tokio::test]
    async fn after_apply_there_is_nothing_to_do() {
        let world = World::new().await;
        let plan = apply(&world, &ticks()).await;
        assert_eq!((plan.action, plan.changes.len()), (TableAction::Create, 1));
        assert_eq!(
            plan.changes[0].sql,
            "CREATE STABLE `ms`.`ticks` (`ts` TIMESTAMP, `seq` INT COMPOSITE KEY, `price` FLOAT, `note` VARCHAR(20), \
             `amount` DECIMAL(20,4)) TAGS (`symbol` VARCHAR(20), `name` NCHAR(32)) COMMENT 'it\\'s 行情'"
        );
        assert_eq!(planned(&world, &ticks()).await, TablePlan::nothing("ticks"));
        let mut plain = ticks();
        plain.name = "bars".to_owned();
        plain.kind = TableKind::Plain;
        plain.columns.retain(|column| !column.is_tag);
        apply(&world, &plain).await;
        assert_eq!(planned(&world, &plain).await, TablePlan::nothing("bars"));
    }

    #[tokio::test]
    async fn changes_are_made_and_those_made_by_hand_are_named() {
        let world = World::new().await;
        apply(&world, &ticks()).await;
        let mut wanted = ticks();
        wanted.columns[3].native_type = "binary(50)".to_owned();
        wanted.columns[6].native_type = "nchar(64)".to_owned();
        wanted.columns.remove(4);
        wanted.columns.insert(2, column("volume", "bigint unsigned"));
        wanted.comment = Some("new".to_owned());
        let plan = apply(&world, &wanted).await;
        assert_eq!(plan.action, TableAction::Alter);
        assert_eq!(plan.changes.len(), 5, "{plan:?}");
        assert!(plan.is_destructive());
        assert_eq!(planned(&world, &wanted).await, TablePlan::nothing("ticks"));
        world.run("ALTER STABLE ticks DROP COLUMN volume").await;
        let plan = planned(&world, &wanted).await;
        assert_eq!(
            plan.changes.iter().map(|change| change.summary.as_str()).collect::<Vec<_>>(),
            ["add column `volume`"]
        );
        world.run("ALTER STABLE ticks ADD COLUMN volume BIGINT UNSIGNED").await;
        world.run("ALTER STABLE ticks ADD TAG board VARCHAR(8)").await;
        let plan = planned(&world, &wanted).await;
        assert_eq!(
            plan.changes.iter().map(|change| change.sql.as_str()).collect::<Vec<_>>(),
            ["ALTER STABLE `ms`.`ticks` DROP TAG `board`"]
        );
        assert!(plan.is_destructive());
    }

    #[tokio::test]
    async fn tags_and_columns_of_normal_tables_are_renamed() {
        let world = World::new().await;
        apply(&world, &ticks()).await;
        let rename = |wanted: &mut TableStructure, at: usize, to: &str| {
            let from = std::mem::replace(&mut wanted.columns[at].name, to.to_owned());
            wanted.columns[at].renamed_from = Some(from);
        };
        let mut wanted = ticks();
        rename(&mut wanted, 5, "code");
        let plan = apply(&world, &wanted).await;
        let sql: Vec<&str> = plan.changes.iter().map(|change| change.sql.as_str()).collect();
        assert_eq!(sql, ["ALTER STABLE `ms`.`ticks` RENAME TAG `symbol` `code`"]);
        assert_eq!(planned(&world, &wanted).await, TablePlan::nothing("ticks"));
        // A supertable's columns have their names for life; nothing is dropped for it.
        rename(&mut wanted, 2, "last");
        let plan = planned(&world, &wanted).await;
        assert_eq!((plan.action, plan.changes.len()), (TableAction::Manual, 0), "{plan:?}");
        assert!(plan.manual[0].contains("cannot be renamed to `last`"), "{plan:?}");
        let mut plain = ticks();
        plain.name = "bars".to_owned();
        plain.kind = TableKind::Plain;
        plain.columns.retain(|column| !column.is_tag);
        apply(&world, &plain).await;
        world.run("INSERT INTO bars (ts, seq, price) VALUES (1704160800000, 1, 6.5)").await;
        rename(&mut plain, 2, "last");
        let plan = apply(&world, &plain).await;
        assert_eq!(plan.changes[0].summary, "rename column `price` to `last`");
        assert_eq!(planned(&world, &plain).await, TablePlan::nothing("bars"));
        assert_eq!(world.rows("SELECT last FROM bars").await, ["6.5"]);
    }

    #[tokio::test]
    async fn what_tdengine_cannot_change_is_for_a_person() {
        let world = World::new().await;
        apply(&world, &ticks()).await;
        let check = async |change: &dyn Fn(&mut TableStructure), part: &str| {
            let mut wanted = ticks();
            change(&mut wanted);
            let plan = planned(&world, &wanted).await;
            assert_eq!(plan.action, TableAction::Manual, "{plan:?}");
            assert!(plan.manual.iter().any(|line| line.contains(part)), "{plan:?}");
        };
        check(
            &|wanted| wanted.columns[2].native_type = "DOUBLE".to_owned(),
            "`price` of `ticks` is float and should be double",
        )
        .await;
        check(&|wanted| wanted.columns[3].native_type = "VARCHAR(10)".to_owned(), "wider").await;
        check(&|wanted| wanted.primary_key.truncate(1), "second key").await;
        check(&|wanted| wanted.columns[3].is_tag = true, "should be a tag").await;
        check(
            &|wanted| {
                wanted.kind = TableKind::Plain;
                wanted.columns.retain(|column| !column.is_tag);
            },
            "a normal table",
        )
        .await;
    }

    #[tokio::test]
    async fn what_tdengine_cannot_have_is_refused() {
        let world = World::new().await;
        let check = async |change: &dyn Fn(&mut TableStructure), part: &str| {
            let mut wanted = ticks();
            change(&mut wanted);
            let error = world.tdengine.plan_table(&wanted, None).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        };
        check(&|wanted| wanted.columns.swap(0, 2), "first column").await;
        check(&|wanted| wanted.columns[2].native_type = "TEXT".to_owned(), "`TEXT`").await;
        check(&|wanted| wanted.columns[2].auto_increment = true, "numbering").await;
        check(&|wanted| wanted.kind = TableKind::Plain, "tags").await;
        check(&|wanted| wanted.columns.retain(|column| !column.is_tag), "no tags").await;
        check(&|wanted| wanted.primary_key = vec!["seq".to_owned()], "key").await;
        check(&|wanted| wanted.indexes.push(data::structure::IndexStructure::default()), "indexes").await;
        check(&|wanted| wanted.columns[3].name = "price".to_owned(), "twice").await;
        let mut noted = ticks();
        noted.columns[2].nullable = false;
        noted.columns[3].default = Some("'x'".to_owned());
        assert_eq!(world.tdengine.plan_table(&noted, None).await.unwrap().notes.len(), 2);
    }
}
