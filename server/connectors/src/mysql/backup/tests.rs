#![allow(clippy::unwrap_used)]
use super::*;
use crate::mysql::tests::{drop_database, rows, server};
use data::Connector;
use data::connector::ReadOptions;

const TABLES: &str = "
    CREATE TABLE parents (id INT UNSIGNED PRIMARY KEY);
    CREATE TABLE everything (id INT UNSIGNED PRIMARY KEY, f FLOAT, d DECIMAL(65,30), t TIME(6), b BIT(12),
        bytes BLOB, text LONGTEXT CHARACTER SET utf8mb4, latin VARCHAR(9) CHARACTER SET latin1, j JSON, p POINT,
        twice INT AS (id * 2) STORED, e ENUM('a','b'), at TIMESTAMP(6) NULL, day DATE,
        CONSTRAINT to_parent FOREIGN KEY (id) REFERENCES parents (id));
    CREATE VIEW seen AS SELECT id, text FROM everything;
    INSERT INTO parents VALUES (1), (2), (3);
    INSERT INTO everything (id, f, d, t, b, bytes, text, latin, j, p, e, at, day) VALUES
        (1, 0.1, '12345678901234567890123456789012345.000000000000000000000000000001', '-838:59:58.5', 4095, x'00ff27', 'a''\\\\\n\r\0;🎬', 'é', '{\"a\": 1}',
         ST_GeomFromText('POINT(1 2)'), 'b', '2024-01-02 03:04:05.000006', '9999-12-31'),
        (2, NULL, NULL, NULL, NULL, '', '', NULL, NULL, NULL, NULL, NULL, NULL)";

const SHOWN: &str = "SELECT id, f, d, CAST(t AS CHAR) AS t, b, bytes, text, latin, j, ST_AsText(p) AS p, twice, e, at, day FROM everything ORDER BY id";

async fn check(case: &str, native: bool) {
    let Some(own) = server(case).await else { return };
    let mysql = &own.0;
    if native && native::find().is_none() {
        eprintln!("skipped: {case} needs mariadb-dump or mysqldump");
        return drop_database(own).await;
    }
    mysql.execute(TABLES).await.unwrap();
    let before = rows(mysql, ReadOptions::query(SHOWN)).await;
    assert_eq!(before.len(), 2);
    let structure = mysql.structure("everything").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = BackupRequest { folder: folder.path().join("one backup; 'x'"), tables: Vec::new(), native };
    let report = mysql.backup(&request).await.unwrap();
    assert_eq!(report.method == CONNECTOR, !native);
    assert!(report.files.iter().all(|file| file.bytes == 0 || file.sha256.len() == 64) && !report.files.is_empty());
    let mut names: Vec<&str> = report.tables.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["everything", "parents", "seen"]);
    let restoring = RestoreRequest { folder: request.folder.clone(), method: report.method.clone(), replace: false };
    let error = mysql.restore(&restoring).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AlreadyExists, "{error}");
    mysql.execute("UPDATE everything SET text = 'spoilt'; DELETE FROM everything WHERE id = 2").await.unwrap();
    mysql.restore(&RestoreRequest { replace: true, ..restoring.clone() }).await.unwrap();
    assert_eq!(rows(mysql, ReadOptions::query(SHOWN)).await, before);
    // Into an empty database too, where only what the backup holds can be found.
    mysql.execute("DROP VIEW seen; DROP TABLE everything; DROP TABLE parents").await.unwrap();
    mysql.restore(&restoring).await.unwrap();
    assert_eq!(rows(mysql, ReadOptions::query(SHOWN)).await, before);
    assert_eq!(mysql.structure("everything").await.unwrap(), structure);
    assert_eq!(rows(mysql, ReadOptions::table("seen")).await.len(), 2);
    // A file that was changed is not restored.
    let file = request.folder.join(&report.files[0].path);
    let mut content = std::fs::read(&file).unwrap();
    content.push(b' ');
    std::fs::write(&file, content).unwrap();
    let error = mysql.restore(&RestoreRequest { replace: true, ..restoring }).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    let error =
        mysql.backup(&BackupRequest { tables: vec!["parnts".into()], folder: folder.path().join("b"), native }).await;
    assert!(error.unwrap_err().to_string().contains("`parents`"));
    drop_database(own).await;
}

#[tokio::test]
async fn a_backup_by_the_connector_comes_back() {
    check("a_backup_by_the_connector_comes_back", false).await;
}

#[tokio::test]
async fn a_backup_by_the_native_program_comes_back() {
    check("a_backup_by_the_native_program_comes_back", true).await;
}

#[test]
fn a_view_loses_its_definer() {
    let check = |sql: &str, expected: &str| assert_eq!(without_definer(sql), expected);
    check(
        "CREATE ALGORITHM=UNDEFINED DEFINER=`a b`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
        "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
    );
    check("CREATE VIEW `v` AS select 1", "CREATE VIEW `v` AS select 1");
}
