//! A copy of tables in a folder, and back: their structures as JSON, their rows as Arrow IPC files.
//!
//! TDengine has no snapshots: rows written while a table is read may or may not be in the copy; rows already there are. A
//! supertable is one file with the column `tbname`; subtables without rows are not kept.

use super::introspect::{self, Kind, TABLE_NAME, Table};
use super::types::Native;
use super::{Tdengine, ddl, read, structure, write};
use crate::backup::{begin, disk_failed, finish, open};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::connector::{ReadOptions, System};
use data::structure::TableStructure;
use data::{Batch, Error, Lane, Mode, Result, WriteOptions};
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// How a backup of this connector is called in its report.
const METHOD: &str = "connector";
const TABLES: &str = "tables.json";

/// A table of a backup.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    structure: TableStructure,
    /// Its rows, relative to the folder.
    file: String,
}

/// Writes structures and rows into the folder.
pub(super) async fn backup(tdengine: &Tdengine, request: &BackupRequest) -> Result<BackupReport> {
    begin(&request.folder)?;
    let names = if request.tables.is_empty() {
        let mut session = tdengine.session().await?;
        introspect::list_tables(&mut session, tdengine.database()?).await.map_err(|failure| tdengine.told(failure))?
    } else {
        request.tables.clone()
    };
    let mut tables = Vec::new();
    for name in &names {
        let mut session = tdengine.session().await?;
        let table = introspect::get_table(tdengine, &mut session, name).await?;
        refuse_unreadable(&table)?;
        tables.push(table);
    }
    let (mut saved, mut counts) = (Vec::new(), Vec::new());
    for (index, table) in tables.iter().enumerate() {
        let file = format!("{:04}.arrow", index + 1);
        let rows = save(tdengine, table, request.folder.join(&file)).await?;
        saved.push(Saved { structure: structure::of(table), file });
        counts.push((table.name.clone(), Some(rows)));
    }
    let path = request.folder.join(TABLES);
    let text = serde_json::to_vec_pretty(&saved).expect("structures are plain data");
    tokio::fs::write(&path, text).await.map_err(|error| disk_failed(&path, &error))?;
    finish(&request.folder, System::Tdengine, METHOD, counts).await
}

fn refuse_unreadable(table: &Table) -> Result<()> {
    let name = &table.name;
    if let Kind::Sub(of) = &table.kind {
        let message = format!("`{name}` is a subtable, whose structure is that of `{of}`");
        return Err(Error::permanent(ErrorCode::InvalidValue, message).hint(format!("Back up `{of}`.")));
    }
    let lost = table.columns.iter().find(|column| matches!(column.native, Native::Blob | Native::Geometry(_)));
    match lost {
        Some(column) => {
            let (kind, column) = (column.native.spelled(), &column.name);
            Err(Error::permanent(
                ErrorCode::Unsupported,
                format!("column `{column}` of `{name}` is {kind}, which cannot be brought back"),
            )
            .hint("Back up this table with `taosdump`."))
        }
        None => Ok(()),
    }
}

async fn save(tdengine: &Tdengine, table: &Table, path: PathBuf) -> Result<u64> {
    let mut options = ReadOptions::table(&table.name);
    options.columns = table.names().map(str::to_owned).collect();
    if table.kind == Kind::Super {
        options.columns.insert(0, TABLE_NAME.to_owned());
    }
    let mut source = read::open(tdengine, options).await?;
    let schema = source.schema();
    let mut writer = on_disk(path.clone(), move |path| {
        let file = File::create(path).map_err(|error| disk_failed(path, &error))?;
        FileWriter::try_new(BufWriter::new(file), &schema).map_err(|error| unwritten(path, &error))
    })
    .await?;
    let mut rows = 0;
    while let Some(batch) = source.next().await? {
        rows += batch.records.num_rows() as u64;
        writer = on_disk(path.clone(), move |path| {
            writer.write(&batch.records).map_err(|error| unwritten(path, &error))?;
            Ok(writer)
        })
        .await?;
    }
    on_disk(path, move |path| writer.finish().map_err(|error| unwritten(path, &error))).await?;
    Ok(rows)
}

fn unwritten(path: &Path, error: &arrow::error::ArrowError) -> Error {
    disk_failed(path, &std::io::Error::other(error.to_string()))
}

/// Work on a file, off the threads that serve others.
async fn on_disk<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = meter::spawn_blocking(move || work(&path)).await;
    done.map_err(|error| Error::permanent(ErrorCode::Internal, format!("the work on a backup's file ended: {error}")))?
}

/// Makes the tables and writes their rows.
pub(super) async fn restore(tdengine: &Tdengine, request: &RestoreRequest) -> Result<()> {
    open(request, System::Tdengine).await?;
    let path = request.folder.join(TABLES);
    let unreadable =
        |why: String| Error::permanent(ErrorCode::InvalidValue, format!("`{}` cannot be read: {why}", path.display()));
    let text = tokio::fs::read(&path).await.map_err(|error| unreadable(error.to_string()))?;
    let saved: Vec<Saved> = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    // All is looked at before anything is changed.
    let mut there = Vec::new();
    for table in &saved {
        let name = &table.structure.name;
        let mut session = tdengine.session().await?;
        if introspect::find_table(tdengine, &mut session, name).await?.is_none() {
            continue;
        }
        if !request.replace {
            return Err(Error::permanent(ErrorCode::AlreadyExists, format!("table `{name}` is there already"))
                .hint("Restore into an empty database, or let the restore replace what is there."));
        }
        there.push(name);
    }
    let mut session = tdengine.session().await?;
    for name in there {
        let sql = format!("DROP TABLE {}", tdengine.place(name)?.quoted()?);
        session.exec(&sql).await.map_err(|failure| tdengine.told(failure))?;
    }
    for table in &saved {
        let plan = ddl::plan(&tdengine.place(&table.structure.name)?, &table.structure, None)?;
        for change in plan.changes {
            session.exec(&change.sql).await.map_err(|failure| tdengine.told(failure))?;
        }
    }
    drop(session);
    for table in &saved {
        load(tdengine, &table.structure.name, request.folder.join(&table.file)).await?;
    }
    Ok(())
}

async fn load(tdengine: &Tdengine, name: &str, path: PathBuf) -> Result<()> {
    let unreadable = |path: &Path, why: String| {
        Error::permanent(ErrorCode::InvalidValue, format!("`{}` cannot be read: {why}", path.display()))
    };
    let mut reader = on_disk(path.clone(), move |path| {
        let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
        FileReader::try_new(BufReader::new(file), None).map_err(|error| unreadable(path, error.to_string()))
    })
    .await?;
    let schema: SchemaRef = reader.schema();
    let options = WriteOptions { create: false, mode: Mode::Append, ..WriteOptions::append(name) };
    let mut sink = write::open(tdengine, schema, options).await?;
    let lane = Lane::new("restore");
    sink.claim(&lane).await?;
    let mut sequence = 0;
    loop {
        let next: Option<RecordBatch>;
        (reader, next) = on_disk(path.clone(), move |path| {
            let next = reader.next().transpose().map_err(|error| unreadable(path, error.to_string()))?;
            Ok((reader, next))
        })
        .await?;
        let Some(records) = next else { break };
        sequence += 1;
        sink.write(&Batch { lane: lane.clone(), sequence, checkpoint: None, records }).await?;
    }
    sink.finish().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::World;
    use super::*;
    use data::Connector;

    async fn all(world: &World) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        for sql in [
            "SELECT tbname, ts, CAST(price AS VARCHAR(20)), seq, code, 名 FROM q ORDER BY tbname, ts, seq",
            "SELECT * FROM t ORDER BY ts",
        ] {
            found.push(world.rows(&sql.replace("名", "`名`")).await);
        }
        found
    }

    #[tokio::test]
    async fn a_restore_brings_back_what_was_backed_up() {
        let world = World::new().await;
        world
            .run(
                "CREATE STABLE q (ts TIMESTAMP, seq INT COMPOSITE KEY, price DECIMAL(10, 4)) TAGS (code VARCHAR(20), `名` NCHAR(9)) COMMENT '行情';
                 CREATE TABLE `A ü` USING q TAGS ('a', '浦发🦀');
                 INSERT INTO `A ü` VALUES (1704160800000, 1, 6.62) (1704160800000, 2, 6.63) b USING q TAGS ('b', NULL) VALUES (1704160800000, 1, NULL);
                 CREATE TABLE t (ts TIMESTAMP, v VARBINARY(5), n NCHAR(5)); INSERT INTO t VALUES (1704160800000, '\\x00ff', NULL)",
            )
            .await;
        let before = all(&world).await;
        let structure = world.tdengine.structure("q").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let request = BackupRequest { folder: folder.path().join("b"), tables: Vec::new(), native: false };
        let report = world.tdengine.backup(&request).await.unwrap();
        assert_eq!(report.tables, [("q".to_owned(), Some(3)), ("t".to_owned(), Some(1))]);
        let restore =
            |replace| RestoreRequest { folder: request.folder.clone(), method: report.method.clone(), replace };
        let error = world.tdengine.restore(&restore(false)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::AlreadyExists, "{error}");
        assert_eq!(all(&world).await, before);
        world.run("INSERT INTO t VALUES (1704160800001, NULL, 'new'); DROP TABLE b").await;
        world.tdengine.restore(&restore(true)).await.unwrap();
        assert_eq!(all(&world).await, before);
        assert_eq!(world.tdengine.structure("q").await.unwrap(), structure);
        world.run("DROP STABLE q; DROP TABLE t").await;
        world.tdengine.restore(&restore(false)).await.unwrap();
        assert_eq!(all(&world).await, before);
    }

    #[tokio::test]
    async fn what_could_not_be_brought_back_is_not_backed_up() {
        let world = World::new().await;
        world.run("CREATE STABLE q (ts TIMESTAMP, n INT) TAGS (k INT); CREATE TABLE s USING q TAGS (1)").await;
        world.run("CREATE TABLE b (ts TIMESTAMP, x BLOB)").await;
        for (table, code) in
            [("s", ErrorCode::InvalidValue), ("b", ErrorCode::Unsupported), ("absent", ErrorCode::TableNotFound)]
        {
            let folder = tempfile::tempdir().unwrap();
            let request =
                BackupRequest { folder: folder.path().join("b"), tables: vec![table.to_owned()], native: false };
            assert_eq!(world.tdengine.backup(&request).await.unwrap_err().code(), code, "{table}");
        }
    }
}
