#![allow(clippy::unwrap_used)]
use super::*;

const MARIADB: &str = "CREATE TABLE `bars` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT COMMENT '股票ID, it''s (one)',
  `symbol` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'a,b)',
  `flag` tinyint(1) DEFAULT NULL,
  `price` decimal(10,4) DEFAULT 0.0000,
  `kind` enum('x','Y,z') DEFAULT 'Y,z',
  `doc` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`doc`)),
  `n` int(11) DEFAULT (`id` + 1) CHECK (`n` > 0),
  `twice` bigint(20) GENERATED ALWAYS AS (`id` * 2) STORED,
  `at` timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
  PRIMARY KEY (`id`,`at`),
  UNIQUE KEY `u` (`symbol`(10),`kind` DESC),
  KEY `h` (`flag`) USING BTREE COMMENT 'why',
  FULLTEXT KEY `ft` (`symbol`),
  CONSTRAINT `to_symbols` FOREIGN KEY (`symbol`) REFERENCES `other`.`symbols` (`name`) ON DELETE CASCADE ON UPDATE SET NULL,
  CONSTRAINT `positive` CHECK (`price` >= 0)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='daily; bars'
 PARTITION BY RANGE (unix_timestamp(`at`))
(PARTITION `p0` VALUES LESS THAN (100) ENGINE = InnoDB,
 PARTITION `p1` VALUES LESS THAN MAXVALUE ENGINE = InnoDB)";

const MYSQL: &str = "CREATE TABLE `bars` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `flag` tinyint(1) DEFAULT '0',
  `price` decimal(10,4) DEFAULT '1.5000',
  `name` varchar(20) CHARACTER SET latin1 DEFAULT '5',
  `doc` json DEFAULT NULL,
  `made` datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `token` char(36) DEFAULT (uuid()),
  `hidden` int DEFAULT NULL /*!80023 INVISIBLE */,
  `sum` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL,
  PRIMARY KEY (`id`),
  KEY `lower_name` ((lower(`name`)),`id` DESC),
  CONSTRAINT `bars_chk_1` CHECK ((`price` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 4 */";

#[test]
fn mariadb_says_everything() {
    let table = table("bars", MARIADB).unwrap();
    let types: Vec<&str> = table.columns.iter().map(|column| column.native_type.as_str()).collect();
    assert_eq!(
        types,
        [
            "int unsigned",
            "varchar(20)",
            "tinyint(1)",
            "decimal(10,4)",
            "enum('x','Y,z')",
            "json",
            "int",
            "bigint",
            "timestamp(3)"
        ]
    );
    let defaults: Vec<Option<&str>> = table.columns.iter().map(|column| column.default.as_deref()).collect();
    assert_eq!(
        defaults,
        [
            None,
            Some("'a,b)'"),
            None,
            Some("0.0000"),
            Some("'Y,z'"),
            None,
            Some("(`id` + 1)"),
            None,
            Some("current_timestamp(3)")
        ]
    );
    assert_eq!(table.columns[0].comment.as_deref(), Some("股票ID, it's (one)"));
    assert!(table.columns[0].auto_increment && !table.columns[0].nullable && table.columns[2].nullable);
    assert_eq!(table.columns[1].collation.as_deref(), Some("latin1_bin"));
    assert_eq!(table.columns[7].generated, Some(Generated { expression: "`id` * 2".into(), stored: true }));
    assert_eq!(table.columns[8].on_update.as_deref(), Some("current_timestamp(3)"));
    assert_eq!(table.primary_key, ["id", "at"]);
    let indexes: Vec<String> =
        table.indexes.iter().map(|i| format!("{} {:?} {} {:?}", i.name, i.columns, i.unique, i.method)).collect();
    assert_eq!(
        indexes,
        [
            r#"u ["symbol(10)", "kind desc"] true None"#,
            r#"h ["flag"] false None"#,
            r#"ft ["symbol"] false Some("fulltext")"#
        ]
    );
    let key = &table.foreign_keys[0];
    assert_eq!((key.name.as_str(), key.references.as_str()), ("to_symbols", "other.symbols"));
    assert_eq!((key.on_delete.as_deref(), key.on_update.as_deref()), (Some("cascade"), Some("set null")));
    let checks: Vec<(&str, &str)> = table.checks.iter().map(|c| (c.name.as_str(), c.condition.as_str())).collect();
    assert_eq!(checks, [("n", "`n` > 0"), ("positive", "`price` >= 0")]);
    assert_eq!(table.comment.as_deref(), Some("daily; bars"));
    assert_eq!(table.options["engine"], "InnoDB");
    assert_eq!(table.options["collation"], "utf8mb4_general_ci");
    assert!(table.options["partition_by"].starts_with("RANGE (unix_timestamp"), "{:?}", table.options);
    assert!(!table.options.contains_key("auto_increment"));
}

#[test]
fn mysql_says_everything_in_its_own_words() {
    let table = table("bars", MYSQL).unwrap();
    let column = |name: &str| table.column(name).unwrap();
    assert_eq!(column("flag").default.as_deref(), Some("0"));
    assert_eq!(column("price").default.as_deref(), Some("1.5000"));
    assert_eq!(column("name").default.as_deref(), Some("'5'"));
    assert_eq!(column("name").collation.as_deref(), Some("charset:latin1"));
    assert_eq!(column("doc").native_type, "json");
    assert_eq!(column("made").default.as_deref(), Some("current_timestamp"));
    assert_eq!(column("made").on_update.as_deref(), Some("current_timestamp"));
    assert_eq!(column("token").default.as_deref(), Some("(uuid())"));
    assert_eq!(column("hidden").default, None);
    assert_eq!(column("sum").generated, Some(Generated { expression: "(`id` + 1)".into(), stored: false }));
    assert_eq!(table.indexes[0].columns, ["(lower(`name`))", "id desc"]);
    assert_eq!(table.checks[0].condition, "(`price` > 0)");
    assert!(table.options["partition_by"].starts_with("HASH (`id`)"), "{:?}", table.options);
}

#[test]
fn display_widths_mean_nothing_but_for_booleans_and_zerofill() {
    let check = |said: &str, canonical: &str| assert_eq!(native_type(said), canonical);
    check("INT(11)", "int");
    check("bigint(20) UNSIGNED", "bigint unsigned");
    check("tinyint(1)", "tinyint(1)");
    check("tinyint(4)", "tinyint");
    check("int(5) unsigned zerofill", "int(5) unsigned zerofill");
    check("year(4)", "year");
    check("ENUM('A','b')", "enum('A','b')");
}
