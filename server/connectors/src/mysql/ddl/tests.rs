#![allow(clippy::unwrap_used)]
use crate::mysql::tests::{drop_database, server};
use data::Connector;
use data::structure::*;
use model::ErrorCode;
use std::collections::BTreeMap;

fn column(name: &str, native_type: &str) -> ColumnStructure {
    ColumnStructure {
        name: name.to_owned(),
        native_type: native_type.to_owned(),
        nullable: true,
        ..ColumnStructure::default()
    }
}

fn index(name: &str, columns: &[&str]) -> IndexStructure {
    IndexStructure {
        name: name.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        ..IndexStructure::default()
    }
}

/// Everything a table can have, in spellings that are not the server's.
fn everything() -> TableStructure {
    let columns = vec![
        ColumnStructure {
            nullable: false,
            auto_increment: true,
            comment: Some("股票ID \\ it's".to_owned()),
            ..column("id", "INTEGER UNSIGNED")
        },
        ColumnStructure { nullable: false, default: Some("'a'".to_owned()), ..column("symbol", "VARCHAR(20)") },
        ColumnStructure { default: Some("TRUE".to_owned()), ..column("flag", "BOOLEAN") },
        ColumnStructure { default: Some("0".to_owned()), ..column("price", "NUMERIC(10, 4)") },
        column("whole", "DECIMAL"),
        column("doc", "JSON"),
        column("kind", "ENUM('A','b')"),
        ColumnStructure {
            nullable: false,
            default: Some("CURRENT_TIMESTAMP(3)".to_owned()),
            on_update: Some("now(3)".to_owned()),
            ..column("changed", "DATETIME(3)")
        },
        ColumnStructure {
            generated: Some(Generated { expression: "price * 2".to_owned(), stored: true }),
            ..column("twice", "DECIMAL(12,4)")
        },
        ColumnStructure { collation: Some("latin1_bin".to_owned()), ..column("code", "CHARACTER VARYING(8)") },
        ColumnStructure { nullable: false, ..column("place", "POINT") },
        column("body", "TEXT"),
        ColumnStructure { nullable: false, ..column("parent", "INT UNSIGNED") },
    ];
    let options = [("engine", "InnoDB"), ("charset", "utf8mb4")];
    TableStructure {
        name: "everything".to_owned(),
        columns,
        primary_key: vec!["id".to_owned()],
        indexes: vec![
            IndexStructure { unique: true, ..index("by_symbol", &["symbol(10)", "kind desc"]) },
            index("", &["price"]),
            IndexStructure { method: Some("btree".to_owned()), ..index("by_code", &["code"]) },
            IndexStructure { method: Some("fulltext".to_owned()), ..index("in_body", &["body"]) },
            IndexStructure { method: Some("spatial".to_owned()), ..index("by_place", &["place"]) },
        ],
        foreign_keys: vec![ForeignKey {
            name: "to_parent".to_owned(),
            columns: vec!["parent".to_owned()],
            references: "parents".to_owned(),
            referenced_columns: vec!["id".to_owned()],
            on_delete: Some("cascade".to_owned()),
            on_update: Some("restrict".to_owned()),
        }],
        checks: vec![
            CheckConstraint { name: "positive".to_owned(), condition: "price>=0 and symbol <> 'x;)'".to_owned() },
            CheckConstraint { name: String::new(), condition: "price < 100000".to_owned() },
        ],
        comment: Some("all of it".to_owned()),
        options: options.map(|(word, value)| (word.to_owned(), value.to_owned())).into(),
        ..TableStructure::default()
    }
}

/// Applies the plan and tells the summaries.
async fn apply(mysql: &dyn Connector, wanted: &TableStructure) -> Vec<String> {
    let live = mysql.structure(&wanted.name).await.unwrap();
    let plan = mysql.plan_table(wanted, live.as_ref()).await.unwrap();
    assert_eq!(plan.manual, Vec::<String>::new());
    for change in &plan.changes {
        mysql.execute(&change.sql).await.unwrap_or_else(|error| panic!("{error}\n{}", change.sql));
    }
    plan.changes.into_iter().map(|change| change.summary).collect()
}

async fn assert_nothing(mysql: &dyn Connector, wanted: &TableStructure) {
    let live = mysql.structure(&wanted.name).await.unwrap();
    let plan = mysql.plan_table(wanted, live.as_ref()).await.unwrap();
    assert_eq!(plan, TablePlan::nothing(&wanted.name));
}

#[tokio::test]
async fn after_apply_there_is_nothing_to_do() {
    let Some(own) = server("after_apply_there_is_nothing_to_do").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE parents (id INT UNSIGNED PRIMARY KEY)").await.unwrap();
    let wanted = everything();
    assert_eq!(apply(mysql, &wanted).await, ["create table `everything`"]);
    assert_nothing(mysql, &wanted).await;
    // What the live table says of itself is wanted as it is.
    let live = mysql.structure("everything").await.unwrap().unwrap();
    assert_nothing(mysql, &live).await;
    assert_eq!(live.columns[0].comment.as_deref(), Some("股票ID \\ it's"));
    let partitioned = TableStructure {
        name: "cut".to_owned(),
        columns: vec![ColumnStructure { nullable: false, ..column("day", "date") }, column("n", "int")],
        primary_key: vec!["day".to_owned()],
        options: BTreeMap::from([(
            "partition_by".to_owned(),
            "RANGE COLUMNS (day) (PARTITION p0 VALUES LESS THAN ('2024-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE))"
                .to_owned(),
        )]),
        ..TableStructure::default()
    };
    apply(mysql, &partitioned).await;
    assert_nothing(mysql, &partitioned).await;
    mysql
        .execute("ALTER TABLE cut REORGANIZE PARTITION p0, p1 INTO (PARTITION p0 VALUES LESS THAN (MAXVALUE))")
        .await
        .unwrap();
    assert_eq!(apply(mysql, &partitioned).await, ["change partitions"]);
    assert_nothing(mysql, &partitioned).await;
    mysql.execute("ALTER TABLE cut DROP PARTITION p1").await.unwrap();
    assert_eq!(apply(mysql, &partitioned).await, ["add partitions"]);
    assert_nothing(mysql, &partitioned).await;
    drop_database(own).await;
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_and_all_that_hangs_on_it() {
    let Some(own) = server("a_renamed_column_keeps_its_values_and_all_that_hangs_on_it").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE parents (id INT UNSIGNED PRIMARY KEY)").await.unwrap();
    let mut wanted = everything();
    apply(mysql, &wanted).await;
    mysql.execute("INSERT INTO parents VALUES (1)").await.unwrap();
    mysql
        .execute("INSERT INTO everything (price, place, parent) VALUES (12.5, ST_GeomFromText('POINT(1 2)'), 1)")
        .await
        .unwrap();
    for (from, to) in [("price", "net price"), ("symbol", "code2"), ("parent", "upper")] {
        let column = wanted.columns.iter_mut().find(|column| column.name == from).unwrap();
        (column.name, column.renamed_from) = (to.to_owned(), Some(from.to_owned()));
    }
    let twice = wanted.columns.iter_mut().find(|column| column.name == "twice").unwrap();
    twice.generated.as_mut().unwrap().expression = "`net price` * 2".to_owned();
    wanted.indexes[0].columns = vec!["code2(10)".to_owned(), "kind desc".to_owned()];
    wanted.indexes[1].columns = vec!["net price".to_owned()];
    wanted.foreign_keys[0].columns = vec!["upper".to_owned()];
    wanted.checks[0].condition = "`net price`>=0 and code2 <> 'x;)'".to_owned();
    wanted.checks[1].condition = "`net price` < 100000".to_owned();
    let done = apply(mysql, &wanted).await;
    assert_eq!(
        done,
        [
            "rename column `symbol` to `code2`",
            "rename column `price` to `net price`",
            "rename column `parent` to `upper`"
        ]
    );
    assert_nothing(mysql, &wanted).await;
    let kept =
        data::connector::Relation::Query("SELECT * FROM everything WHERE `net price` = 12.5 AND twice = 25".to_owned());
    assert_eq!(mysql.count(&kept, None).await.unwrap(), 1);
    // With both names there, a person has to say which one counts.
    mysql.execute("ALTER TABLE everything ADD COLUMN symbol INT").await.unwrap();
    let live = mysql.structure("everything").await.unwrap();
    let plan = mysql.plan_table(&wanted, live.as_ref()).await.unwrap();
    assert_eq!((plan.action, plan.changes.len(), plan.manual.len()), (TableAction::Manual, 0, 1), "{plan:#?}");
}

#[tokio::test]
async fn a_change_by_hand_is_named_exactly() {
    let Some(own) = server("a_change_by_hand_is_named_exactly").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE parents (id INT UNSIGNED PRIMARY KEY)").await.unwrap();
    let wanted = everything();
    apply(mysql, &wanted).await;
    for (by_hand, expected) in [
        ("DROP COLUMN whole", "add column `whole`"),
        ("ADD COLUMN extra INT FIRST", "drop column `extra`"),
        ("MODIFY flag INT DEFAULT 1", "change type of `flag` from int to tinyint(1)"),
        ("MODIFY price DECIMAL(10,2) DEFAULT 0", "change type of `price` from decimal(10,2) to decimal(10,4)"),
        ("ALTER symbol SET DEFAULT 'b'", "set default of `symbol` to 'a'"),
        ("ALTER symbol DROP DEFAULT", "set default of `symbol` to 'a'"),
        ("ALTER whole SET DEFAULT 7", "drop default of `whole`"),
        ("MODIFY symbol VARCHAR(20) DEFAULT 'a'", "refuse NULL in `symbol`"),
        ("MODIFY whole DECIMAL(10,0) NOT NULL", "allow NULL in `whole`"),
        (
            "MODIFY changed DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)",
            "set `changed` to current_timestamp(3) on update",
        ),
        ("MODIFY id INT UNSIGNED NOT NULL COMMENT '股票ID \\\\ it''s'", "number `id` by AUTO_INCREMENT"),
        ("MODIFY id INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'x'", "set comment of `id`"),
        (
            "MODIFY code VARCHAR(8) COLLATE latin1_general_cs",
            "change collation of `code` from latin1_general_cs to latin1_bin",
        ),
        ("MODIFY kind ENUM('A')", "change type of `kind` from enum('A') to enum('A','b')"),
        ("MODIFY doc JSON AFTER whole, MODIFY body TEXT AFTER id", "move column `body` after `place`"),
        ("DROP INDEX by_code", "add index `by_code` (code)"),
        ("ADD INDEX mine (whole, kind)", "drop index `mine`"),
        ("DROP FOREIGN KEY to_parent", "add foreign key on (parent) to `parents`"),
        ("DROP CONSTRAINT positive", "add check `positive`"),
        ("ADD CONSTRAINT more CHECK (price < 1000)", "drop check `more`"),
        ("COMMENT='other'", "set comment"),
    ] {
        mysql.execute(&format!("ALTER TABLE everything {by_hand}")).await.unwrap();
        assert_eq!(apply(mysql, &wanted).await, [expected], "{by_hand}");
        assert_nothing(mysql, &wanted).await;
    }
    mysql
        .execute(
            "ALTER TABLE everything MODIFY id INT UNSIGNED NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (id, parent)",
        )
        .await
        .unwrap();
    let told = apply(
        mysql,
        &TableStructure {
            columns: {
                let mut columns = everything().columns;
                columns[0].auto_increment = false;
                columns
            },
            ..everything()
        },
    )
    .await;
    assert_eq!(told, ["set comment of `id`", "change primary key from (id, parent) to (id)"]);
    drop_database(own).await;
}

#[tokio::test]
async fn what_is_left_open_is_no_difference_and_losses_are_told() {
    let Some(own) = server("what_is_left_open_is_no_difference_and_losses_are_told").await else { return };
    let mysql = &own.0;
    mysql
        .execute("CREATE TABLE t (a VARCHAR(30) CHARACTER SET latin1 COMMENT 'c', b BIGINT COMMENT 'kept') CHARACTER SET latin1 COMMENT 'x'")
        .await
        .unwrap();
    let wanted = TableStructure {
        name: "t".to_owned(),
        columns: vec![column("a", "varchar(30)"), column("b", "bigint")],
        ..TableStructure::default()
    };
    assert_nothing(mysql, &wanted).await;
    let narrower = TableStructure { columns: vec![column("b", "int")], ..wanted.clone() };
    let live = mysql.structure("t").await.unwrap();
    let plan = mysql.plan_table(&narrower, live.as_ref()).await.unwrap();
    assert!(plan.is_destructive());
    let costs: Vec<(bool, bool, LockKind)> =
        plan.changes.iter().map(|c| (c.cost.loss.is_some(), c.cost.rewrite, c.cost.lock)).collect();
    assert_eq!(costs, [(true, true, LockKind::Writes), (true, false, LockKind::None)]);
    apply(mysql, &narrower).await;
    let live = mysql.structure("t").await.unwrap().unwrap();
    assert_eq!(live.columns[0].comment.as_deref(), Some("kept"));
    // A new character set reaches the columns.
    let wide = TableStructure {
        options: BTreeMap::from([("charset".to_owned(), "utf8mb4".to_owned())]),
        columns: vec![column("b", "int"), column("a", "varchar(30)")],
        ..wanted
    };
    apply(mysql, &wide).await;
    assert_nothing(mysql, &wide).await;
    drop_database(own).await;
}

#[tokio::test]
async fn what_no_table_can_be_is_refused_before_anything_runs() {
    let Some(own) = server("what_no_table_can_be_is_refused_before_anything_runs").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE victim (a INT)").await.unwrap();
    let of =
        |columns: Vec<ColumnStructure>| TableStructure { name: "t".to_owned(), columns, ..TableStructure::default() };
    let tag = ColumnStructure { is_tag: true, ..column("a", "int") };
    let default = ColumnStructure { default: Some("0, b INT".to_owned()), ..column("a", "int") };
    let keyed = TableStructure { primary_key: vec!["z".to_owned()], ..of(vec![column("a", "int")]) };
    let option = TableStructure {
        options: BTreeMap::from([("keep".to_owned(), "7".to_owned())]),
        ..of(vec![column("a", "int")])
    };
    let cases = [
        (of(vec![]), "no columns"),
        (of(vec![column("a", "int); DROP TABLE victim")]), "`a`"),
        (of(vec![column("a", "int -- ")]), "`a`"),
        (of(vec![column("a", "no_such_type")]), "cannot be as wanted"),
        (of(vec![column("a", "int"), column("A", "int")]), "twice"),
        (of(vec![tag]), "TDengine"),
        (of(vec![default]), "`0, b INT`"),
        (keyed, "`z`"),
        (option, "`keep`"),
        (TableStructure { kind: TableKind::SuperTable, ..of(vec![column("a", "int")]) }, "supertables"),
    ];
    for (wanted, word) in cases {
        let error = mysql.plan_table(&wanted, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(mysql.structure("victim").await.unwrap().is_some());
    assert_eq!(mysql.structure("absent").await.unwrap(), None);
    assert_eq!(mysql.structure("no_such_database.absent").await.unwrap(), None);
    mysql.execute("CREATE VIEW v AS SELECT a FROM victim").await.unwrap();
    let view = mysql.structure("v").await.unwrap();
    assert_eq!(view.as_ref().map(|view| &view.kind), Some(&TableKind::View));
    let plan =
        mysql.plan_table(&TableStructure { name: "v".into(), ..of(vec![column("a", "int")]) }, view.as_ref()).await;
    assert_eq!(plan.unwrap().action, TableAction::Manual);
    drop_database(own).await;
}
