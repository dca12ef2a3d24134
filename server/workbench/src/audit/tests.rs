//! The log with its checkpoints.
#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

fn done(operation: &str) -> NewAuditEntry {
    NewAuditEntry { who: "ann".to_owned(), operation: operation.to_owned(), ..NewAuditEntry::default() }
}

#[tokio::test]
async fn what_is_cut_off_shows_against_a_checkpoint() {
    let folder = std::env::temp_dir().join(format!("sluice-audit-{}", model::UserId::generate()));
    std::fs::create_dir_all(&folder).unwrap();
    let full = Arc::new(Database::open("sqlite::memory:").await.unwrap());
    let audit = Audit::open(full, &folder).unwrap();
    assert_eq!(audit.checkpoint().await.unwrap(), None);
    for index in 0..5 {
        audit.record(&done(&format!("o{index}"))).await.unwrap();
        if index == 1 {
            audit.checkpoint().await.unwrap().unwrap();
        }
    }
    let last = audit.checkpoint().await.unwrap().unwrap();
    assert_eq!(audit.checkpoint().await.unwrap(), None);
    let verdict = audit.verify("").await.unwrap();
    assert_eq!((verdict.entries, verdict.checkpoints, verdict.faults), (5, 2, vec![]));

    // Another database, as after somebody has cut the log off or written it anew: its chain is whole.
    let cut = Arc::new(Database::open("sqlite::memory:").await.unwrap());
    for index in 0..4 {
        cut.append_audit(&done(&format!("o{index}"))).await.unwrap();
    }
    let audit = Audit::open(cut, &folder).unwrap();
    let verdict = audit.verify("").await.unwrap();
    assert!(
        verdict.faults.iter().any(|fault| fault.message.contains("entry 5: it was signed, and is not there")),
        "{verdict:?}"
    );
    assert_eq!(verdict.first_broken().and_then(|fault| fault.entry), Some(2), "the hashes of another time");
    // The file was cut off too; a copy of its last line was kept.
    std::fs::remove_file(folder.join("audit-checkpoints")).unwrap();
    assert_eq!(audit.verify("").await.unwrap().faults, vec![]);
    assert_eq!(audit.verify(&last.line()).await.unwrap().faults.len(), 1);
    let forged = last.line().replace("\"entry\":5", "\"entry\":4");
    assert!(audit.verify(&forged).await.unwrap().faults[0].message.contains("not signed"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn secrets_are_kept_out_wherever_they_stand() {
    let given = json!({
        "name": "history",
        "input": {
            "url": "postgres://me:canary@db/x", "secret": "canary", "labels": ["a"], "password": null,
            "settings": "{\"host\": \"db\", \"Password\": \"canary\"}",
        },
        "sql": "ALTER USER me PASSWORD 'canary'",
        "list": [{ "accessToken": "canary" }],
    });
    let kept = without_secrets(&given);
    assert!(!kept.contains("canary") && kept.contains("history") && kept.contains("db"), "{kept}");
    let long = without_secrets(&json!({ "text": "é".repeat(50_000) }));
    assert!(long.chars().count() < 9_000 && serde_json::from_str::<Value>(&long).is_ok());
}
