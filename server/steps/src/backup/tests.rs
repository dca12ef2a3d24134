#![allow(clippy::unwrap_used)]

mod stores;

use super::copy::{Making, Vault};
use super::*;
use crate::stand_in::World;
use data::registry::Connections;
use engine::ports::Watch;
use model::ErrorCode;
use model::backup::{BackupFilter, BackupRecord, BackupStatus};
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn world(folder: &Path) -> World {
    World { data_dir: Some(folder.to_owned()), backs_up: true, ..World::default() }
}

async fn records(world: &World) -> Vec<BackupRecord> {
    world.watch.list_backups(&BackupFilter { limit: 99, ..BackupFilter::default() }).await.unwrap()
}

fn making() -> Making {
    Making { connection: "store".to_owned(), tables: Vec::new(), native: false, verify: true, run: None }
}

#[tokio::test]
async fn a_backup_has_a_folder_a_manifest_and_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let report = world.act(&Backup, json!({ "connection": "store" })).await.unwrap();
    let record = records(&world).await.remove(0);
    assert_eq!(report.outputs["backup"], record.id.to_string());
    assert_eq!((record.status, record.bytes, record.method.as_str()), (BackupStatus::Complete, 5, "stand-in"));
    assert!(record.verified_at.is_some() && record.checksum.len() == 64);
    let folder = Path::new(&record.folder);
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("backup.json")).unwrap()).unwrap();
    assert_eq!(manifest["files"][0]["path"], "rows.txt");
    assert_eq!(manifest["system"], "sqlite");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    for _ in 0..4 {
        world.act(&Backup, json!({ "connection": "store", "keep": 2 })).await.unwrap();
    }
    let records = records(&world).await;
    let statuses: Vec<_> = records.iter().map(|record| record.status).collect();
    use BackupStatus::{Complete, Removed};
    assert_eq!(statuses, [Complete, Complete, Removed, Removed]);
    for record in records {
        assert_eq!(Path::new(&record.folder).is_dir(), record.status == Complete);
    }
}

#[tokio::test]
async fn damage_is_found_before_anything_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let vault = Vault::new(folder.path(), world.watch.clone());
    let connector = world.get("store").await.unwrap();
    let cancel = CancellationToken::new();
    let made = vault.make(connector.as_ref(), &making(), &cancel).await.unwrap();
    vault.verify(made.record.id).await.unwrap();
    let file = Path::new(&made.record.folder).join("rows.txt");
    for (content, expected) in
        [(Some("wrong"), "checksum"), (Some("longer than before"), "bytes"), (None, "cannot be read")]
    {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let error = vault.restore(made.record.id, connector.as_ref(), true).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::BackupDamaged);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(records(&world).await[0].status, BackupStatus::Damaged);
    }
    assert!(world.executed.lock().unwrap().is_empty());
    // Mended, it is whole again.
    std::fs::write(&file, "12345").unwrap();
    vault.restore(made.record.id, connector.as_ref(), true).await.unwrap();
    assert_eq!(*world.executed.lock().unwrap(), ["restore stand-in replace=true"]);
    let manifest = Path::new(&made.record.folder).join("backup.json");
    std::fs::write(&manifest, std::fs::read_to_string(&manifest).unwrap().replace("rows.txt", "../../x")).unwrap();
    let error = vault.verify(made.record.id).await.unwrap_err();
    assert!(error.to_string().contains("not as it was written"), "{error}");
}

#[tokio::test]
async fn a_failed_backup_leaves_a_record_an_anomaly_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let world = World { backs_up: false, ..world(folder.path()) };
    let error = world.act(&Backup, json!({ "connection": "store" })).await.map(|report| report.outputs).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unsupported);
    let record = records(&world).await.remove(0);
    assert_eq!(record.status, BackupStatus::Failed);
    assert!(record.error.unwrap().contains("cannot be backed up"));
    assert!(!Path::new(&record.folder).exists());
    let observed = world.watch.observations();
    assert_eq!(observed[0].findings[0].rule, "backup.failed");
    let lost = world.act(&Backup, json!({ "connection": "nowhere" })).await.map(|report| report.outputs);
    assert_eq!(lost.unwrap_err().code(), ErrorCode::ConnectionNotFound);
    assert_eq!(world.watch.observations()[1].connection, "nowhere");
}

#[tokio::test]
async fn a_canceled_backup_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let vault = Vault::new(folder.path(), world.watch.clone());
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = vault.make(world.get("store").await.unwrap().as_ref(), &making(), &cancel).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Canceled);
    assert!(!Path::new(&records(&world).await[0].folder).exists());
}

#[tokio::test]
async fn what_a_killed_process_left_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let vault = Vault::new(folder.path(), world.watch.clone());
    let connector = world.get("store").await.unwrap();
    let made = vault.make(connector.as_ref(), &making(), &CancellationToken::new()).await.unwrap();
    let long_ago = made.record.created_at - chrono::TimeDelta::days(2);
    let left = BackupRecord { status: BackupStatus::Running, created_at: long_ago, ..made.record };
    world.watch.save_backup(&left).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let strange = BackupRecord {
        id: model::BackupId::generate(),
        folder: elsewhere.path().display().to_string(),
        ..left.clone()
    };
    world.watch.save_backup(&strange).await.unwrap();
    vault.make(connector.as_ref(), &making(), &CancellationToken::new()).await.unwrap();
    let statuses: Vec<_> = records(&world).await.iter().map(|record| record.status).collect();
    assert_eq!(statuses, [BackupStatus::Complete, BackupStatus::Failed, BackupStatus::Failed]);
    assert!(!Path::new(&left.folder).exists());
    assert!(elsewhere.path().exists(), "a folder that is no backup's was removed");
}

#[tokio::test]
async fn a_backup_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let vault = Vault::new(folder.path(), world.watch.clone() as Arc<dyn Watch>);
    assert_eq!(vault.verify(model::BackupId::generate()).await.unwrap_err().code(), ErrorCode::BackupNotFound);
}
