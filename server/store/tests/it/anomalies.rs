//! Anomalies: one for the same thing however often it is found, told once; backups; what is purged.

use crate::setup::{at, on_both, run, transition};
use engine::ports::{RunStore, Watch};
use model::anomaly::{
    AnomalyAction, AnomalyFilter, AnomalyRule, AnomalyState, Finding, Observation, Recorded, Severity,
};
use model::backup::{BackupFilter, BackupRecord, BackupStatus, Kept};
use model::run::{LogLevel, LogLine};
use model::{AnomalyId, BackupId, ErrorCode, RunId, RunStatus, WorkflowId};
use serde_json::{Map, json};
use store::Database;

fn finding(rule: &str, scope: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Warn,
        scope: scope.to_owned(),
        message: format!("{scope} broke {rule}"),
        details: Map::from_iter([("count".to_owned(), json!(3))]),
    }
}

/// A look at `table` a number of seconds after the start, that found `findings`.
fn look(table: &str, seconds: i64, findings: &[Finding]) -> Observation {
    Observation {
        connection: "history".to_owned(),
        table: table.to_owned(),
        subject: String::new(),
        run: Some(RunId::generate()),
        at: at(seconds),
        rules: vec!["quality.c1".to_owned(), "quality.d1".to_owned()],
        resolve: true,
        channels: vec!["ops".to_owned()],
        findings: findings.to_vec(),
    }
}

async fn see(store: &Database, observation: Observation) -> Recorded {
    let recorded = store.record_observation(&observation).await.unwrap();
    let told: Vec<AnomalyId> = recorded.alerts.iter().map(|(anomaly, _)| anomaly.id).collect();
    store.mark_alerted(&told, observation.at).await.unwrap();
    recorded
}

fn counts(recorded: &Recorded) -> [u64; 6] {
    let alerts = recorded.alerts.len() as u64;
    [recorded.new, recorded.reopened, recorded.known, recorded.resolved, recorded.muted, alerts]
}

fn all() -> AnomalyFilter {
    AnomalyFilter { limit: 500, ..AnomalyFilter::default() }
}

on_both! {
    async fn the_same_finding_again_is_the_same_anomaly(place) {
        let store = place.open().await;
        let found = [finding("quality.c1", "600000.SH"), finding("quality.c1", "000001.SZ")];
        assert_eq!(counts(&see(&store, look("bars", 0, &found)).await), [2, 0, 0, 0, 0, 2]);
        assert_eq!(counts(&see(&store, look("bars", 60, &found[..1])).await), [0, 0, 1, 1, 0, 0]);
        let listed = store.list_anomalies(&all()).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!((listed[0].scope.as_str(), listed[0].count, listed[0].state), ("600000.SH", 2, AnomalyState::Open));
        assert_eq!((listed[0].first_seen, listed[0].last_seen), (at(0), at(60)));
        assert_eq!(listed[1].state, AnomalyState::Resolved);
        assert_eq!(listed[1].comment.as_deref(), Some("no longer found"));
        // The same in another table is another.
        assert_eq!(counts(&see(&store, look("ticks", 60, &found[..1])).await), [1, 0, 0, 0, 0, 1]);
    }

    async fn what_comes_back_is_told_again_only_after_the_window(place) {
        let store = place.open().await;
        let found = [finding("quality.c1", "x")];
        see(&store, look("bars", 0, &found)).await;
        see(&store, look("bars", 10, &[])).await;
        assert_eq!(counts(&see(&store, look("bars", 20, &found)).await), [0, 1, 0, 0, 0, 0]);
        see(&store, look("bars", 30, &[])).await;
        assert_eq!(counts(&see(&store, look("bars", 4000, &found)).await), [0, 1, 0, 0, 0, 1]);
    }

    async fn an_alert_that_was_not_delivered_is_asked_for_again(place) {
        let store = place.open().await;
        let found = [finding("quality.c1", "x")];
        let first = store.record_observation(&look("bars", 0, &found)).await.unwrap();
        assert_eq!(first.alerts[0].1, ["ops"]);
        assert_eq!(store.record_observation(&look("bars", 1, &found)).await.unwrap().alerts.len(), 1);
        store.mark_alerted(&[first.alerts[0].0.id], at(2)).await.unwrap();
        assert_eq!(store.record_observation(&look("bars", 3, &found)).await.unwrap().alerts.len(), 0);
    }

    async fn acknowledged_ones_are_silent_and_states_are_kept(place) {
        let store = place.open().await;
        let found = [finding("quality.c1", "x")];
        let id = see(&store, look("bars", 0, &found)).await.alerts[0].0.id;
        let known = store.change_anomaly(id, AnomalyAction::Acknowledge, "ann", Some("vendor told\u{1F600}")).await.unwrap();
        assert_eq!((known.state, known.changed_by.as_deref()), (AnomalyState::Acknowledged, Some("ann")));
        let worse = Finding { severity: Severity::Error, ..found[0].clone() };
        assert_eq!(counts(&see(&store, look("bars", 5, &[worse])).await), [0, 0, 1, 0, 0, 0]);
        store.change_anomaly(id, AnomalyAction::Resolve, "ann", None).await.unwrap();
        let refused = store.change_anomaly(id, AnomalyAction::Acknowledge, "ann", None).await.unwrap_err();
        assert_eq!(refused.fault.code, ErrorCode::InvalidValue);
        store.change_anomaly(id, AnomalyAction::Reopen, "ann", None).await.unwrap();
        assert_eq!(store.get_anomaly(id).await.unwrap().state, AnomalyState::Open);
        let absent = store.change_anomaly(AnomalyId::generate(), AnomalyAction::Resolve, "ann", None).await.unwrap_err();
        assert_eq!(absent.fault.code, ErrorCode::AnomalyNotFound);
        let zero = store.change_anomaly(id, AnomalyAction::Resolve, "ann", Some("a\0b")).await.unwrap_err();
        assert_eq!(zero.fault.code, ErrorCode::InvalidValue);
    }

    async fn rules_mute_raise_and_send_elsewhere(place) {
        let store = place.open().await;
        let family = AnomalyRule { channels: vec!["desk".to_owned()], severity: Some(Severity::Error), ..AnomalyRule::named("quality.*") };
        let muted = AnomalyRule { muted: true, ..AnomalyRule::named("quality.d1") };
        store.update_anomaly_rule(&family, "ann").await.unwrap();
        store.update_anomaly_rule(&muted, "ann").await.unwrap();
        store.update_anomaly_rule(&family, "bob").await.unwrap();
        assert_eq!(store.list_anomaly_rules().await.unwrap().len(), 2);
        let recorded = see(&store, look("bars", 0, &[finding("quality.c1", "x"), finding("quality.d1", "x")])).await;
        assert_eq!(counts(&recorded), [1, 0, 0, 0, 1, 1]);
        assert_eq!((recorded.alerts[0].0.severity, &recorded.alerts[0].1), (Severity::Error, &family.channels));
        for wrong in ["", "Quality.C1", "a b", "*.c1", "q\0", &"x".repeat(101)] {
            let refused = store.update_anomaly_rule(&AnomalyRule::named(wrong), "ann").await.unwrap_err();
            assert_eq!(refused.fault.code, ErrorCode::InvalidValue, "{wrong}");
        }
        assert!(store.delete_anomaly_rule("quality.d1").await.unwrap());
        assert!(!store.delete_anomaly_rule("quality.d1").await.unwrap());
    }

    async fn lists_are_filtered_and_paged(place) {
        let store = place.open().await;
        let many: Vec<Finding> = (0..7).map(|n| finding("quality.c1", &format!("s{n}"))).collect();
        see(&store, look("bars", 0, &many)).await;
        see(&store, look("ticks", 1, &[Finding { severity: Severity::Error, ..finding("quality.d1", "x") }])).await;
        let mut page = AnomalyFilter { limit: 3, ..AnomalyFilter::default() };
        let mut seen = Vec::new();
        loop {
            let listed = store.list_anomalies(&page).await.unwrap();
            let Some(last) = listed.last() else { break };
            page.after = Some(last.id);
            seen.extend(listed.iter().map(|anomaly| anomaly.id));
        }
        assert_eq!(seen.len(), 8);
        assert_eq!(seen.iter().collect::<std::collections::HashSet<_>>().len(), 8);
        let count = async |filter: AnomalyFilter| store.list_anomalies(&filter).await.unwrap().len();
        assert_eq!(count(AnomalyFilter { rule: Some("quality.*".to_owned()), ..all() }).await, 8);
        assert_eq!(count(AnomalyFilter { rule: Some("quality.d1".to_owned()), ..all() }).await, 1);
        assert_eq!(count(AnomalyFilter { table: Some("bars".to_owned()), ..all() }).await, 7);
        assert_eq!(count(AnomalyFilter { severity: Some(Severity::Error), ..all() }).await, 1);
        assert_eq!(count(AnomalyFilter { states: vec![AnomalyState::Resolved], ..all() }).await, 0);
        assert_eq!(count(AnomalyFilter { connection: Some("elsewhere".to_owned()), ..all() }).await, 0);
        assert_eq!(count(AnomalyFilter { since: Some(at(0)), ..all() }).await, 8);
        assert_eq!(count(AnomalyFilter { since: Some(at(1)), ..all() }).await, 1);
        assert_eq!(count(AnomalyFilter { since: Some(at(2)), ..all() }).await, 0);
        let lost = AnomalyFilter { after: Some(AnomalyId::generate()), ..all() };
        assert_eq!(store.list_anomalies(&lost).await.unwrap_err().fault.code, ErrorCode::AnomalyNotFound);
    }

    async fn many_at_once_make_one_anomaly_and_one_alert(place) {
        let store = place.open().await;
        let looks = (0..8).map(|n| {
            let store = store.clone();
            async move { see(&store, look("bars", n, &[finding("quality.c1", "x\0y")])).await }
        });
        let recorded = futures_of(looks.collect()).await;
        assert_eq!(recorded.iter().map(|recorded| recorded.new).sum::<u64>(), 1);
        let listed = store.list_anomalies(&all()).await.unwrap();
        assert_eq!((listed.len(), listed[0].count), (1, 8));
    }

    async fn a_flood_of_findings_is_refused(place) {
        let store = place.open().await;
        let flood: Vec<Finding> = (0..2001).map(|n| finding("quality.c1", &n.to_string())).collect();
        assert!(store.record_observation(&look("bars", 0, &flood)).await.is_err());
        assert_eq!(store.list_anomalies(&all()).await.unwrap().len(), 0);
    }

    async fn backups_and_inspections_are_on_record(place) {
        let store = place.open().await;
        let mut backup = BackupRecord {
            id: BackupId::generate(),
            connection: "history".to_owned(),
            folder: "/b/1".to_owned(),
            method: String::new(),
            bytes: 0,
            checksum: String::new(),
            duration_ms: 0,
            status: BackupStatus::Running,
            error: None,
            run: None,
            created_at: at(0),
            verified_at: None,
        };
        store.save_backup(&backup).await.unwrap();
        backup.status = BackupStatus::Complete;
        backup.bytes = 77;
        store.save_backup(&backup).await.unwrap();
        assert_eq!(store.find_backup(backup.id).await.unwrap().as_ref(), Some(&backup));
        assert_eq!(store.find_backup(BackupId::generate()).await.unwrap(), None);
        let next = BackupRecord { id: BackupId::generate(), ..backup.clone() };
        store.save_backup(&next).await.unwrap();
        let filter = BackupFilter { connection: Some("history".to_owned()), limit: 9, ..BackupFilter::default() };
        assert_eq!(store.list_backups(&filter).await.unwrap(), [next.clone(), backup.clone()]);
        let older = BackupFilter { before: Some(next.id), statuses: vec![BackupStatus::Complete], ..filter };
        assert_eq!(store.list_backups(&older).await.unwrap(), [backup]);

        assert_eq!(store.find_inspection("history").await.unwrap(), None);
        for seconds in [1, 3, 2] {
            store.save_inspection("history", at(seconds), &json!({ "disk_bytes": seconds })).await.unwrap();
        }
        assert_eq!(store.find_inspection("history").await.unwrap(), Some((at(3), json!({ "disk_bytes": 3 }))));
        assert_eq!(store.purge(Kept::Inspections, at(3), true).await.unwrap(), 2);
        assert_eq!(store.purge(Kept::Inspections, at(3), false).await.unwrap(), 2);
        assert_eq!(store.purge(Kept::Inspections, at(3), false).await.unwrap(), 0);
    }

    async fn only_ended_runs_that_are_old_are_purged(place) {
        let store = place.open().await;
        let workflow = WorkflowId::generate();
        let mut kept = Vec::new();
        for (status, finished) in [
            (RunStatus::Succeeded, Some(at(10))),
            (RunStatus::Failed, Some(at(20))),
            (RunStatus::Succeeded, Some(at(90))),
            (RunStatus::Running, None),
        ] {
            let mut record = run(workflow, status);
            record.finished_at = finished;
            store.commit(transition(&record)).await.unwrap();
            let line = LogLine { at: at(5), step: None, level: LogLevel::Info, message: "x".to_owned() };
            store.append_logs(record.id, vec![line]).await.unwrap();
            store.list_logs(record.id, 0, 9).await.unwrap();
            kept.push(record.id);
        }
        assert_eq!(store.purge(Kept::Runs, at(50), true).await.unwrap(), 2);
        assert_eq!(store.purge(Kept::Runs, at(50), false).await.unwrap(), 2);
        assert_eq!(store.find_run(kept[0]).await.unwrap(), None);
        assert!(store.find_run(kept[2]).await.unwrap().is_some() && store.find_run(kept[3]).await.unwrap().is_some());
        assert_eq!(store.list_logs(kept[1], 0, 9).await.unwrap(), vec![]);
        assert_eq!(store.purge(Kept::LogLines, at(6), false).await.unwrap(), 2);
    }
}

/// All of them at once.
async fn futures_of<F>(futures: Vec<F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}
