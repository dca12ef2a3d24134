//! The four logs about tables.

use crate::setup::{at, on_both};
use engine::ports::TableLogs;
use model::{ErrorCode, Fault, TableLog, TableLogEntry, TableLogFilter, TableLogStatus};
use serde_json::json;

fn entry(log: TableLog, table: &str, subject: &str) -> TableLogEntry {
    TableLogEntry {
        log,
        at: at(0),
        who: "cli:zoë".to_owned(),
        connection: "history".to_owned(),
        table: table.to_owned(),
        subject: subject.to_owned(),
        status: TableLogStatus::Succeeded,
        ddl: Some("CREATE TABLE \"t\" (\"a'b\" int)".to_owned()),
        parameters: json!({ "größe": [1, null, "\u{0}"] }),
        error: None,
        duration_ms: 12,
    }
}

on_both! {
    async fn entries_come_back_as_they_were_from_their_own_log(place) {
        let store = place.open().await;
        let entries: Vec<TableLogEntry> =
            TableLog::ALL.into_iter().map(|log| entry(log, "daily_bars", log.as_str())).collect();
        store.append_table_logs(&entries).await.unwrap();
        store.append_table_logs(&[]).await.unwrap();
        for kept in &entries {
            let listed = store.list_table_logs(&TableLogFilter::newest(kept.log, 9)).await.unwrap();
            assert_eq!(listed.iter().map(|record| &record.entry).collect::<Vec<_>>(), [kept]);
        }
        let odd = TableLogEntry { table: "a\0b".to_owned(), ..entry(TableLog::Operation, "", "drop") };
        store.append_table_logs(&[odd]).await.unwrap();
        let listed = store.list_table_logs(&TableLogFilter::newest(TableLog::Operation, 1)).await.unwrap();
        assert_eq!(listed[0].entry.table, "a\u{fffd}b");
    }

    async fn filters_and_the_cursor_cut_a_log(place) {
        let store = place.open().await;
        let fault = Fault::new(ErrorCode::StatementFailed, "no such table").hint("Look.");
        let entries: Vec<TableLogEntry> = (0..150)
            .map(|n| TableLogEntry {
                at: at(n),
                status: if n % 3 == 0 { TableLogStatus::Failed } else { TableLogStatus::Succeeded },
                error: (n % 3 == 0).then(|| fault.clone()),
                connection: if n < 100 { "history" } else { "replica" }.to_owned(),
                ..entry(TableLog::Operation, ["bars", "ticks"][n as usize % 2], ["create", "alter"][n as usize / 75])
            })
            .collect();
        store.append_table_logs(&entries).await.unwrap();
        let newest = TableLogFilter::newest(TableLog::Operation, 1000);
        assert_eq!(store.list_table_logs(&newest).await.unwrap().len(), 150);
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = store.list_table_logs(&TableLogFilter { before, limit: 40, ..newest.clone() }).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            seen.extend(page.into_iter().map(|record| record.entry));
        }
        assert_eq!(seen, entries.iter().rev().cloned().collect::<Vec<_>>());

        let count = |filter: TableLogFilter| {
            let store = &store;
            async move { store.list_table_logs(&filter).await.unwrap().len() }
        };
        assert_eq!(count(TableLogFilter { connection: Some("replica".into()), ..newest.clone() }).await, 50);
        assert_eq!(count(TableLogFilter { table: Some("ticks".into()), ..newest.clone() }).await, 75);
        assert_eq!(count(TableLogFilter { subject: Some("alter".into()), ..newest.clone() }).await, 75);
        assert_eq!(count(TableLogFilter { status: Some(TableLogStatus::Failed), ..newest.clone() }).await, 50);
        assert_eq!(count(TableLogFilter { since: Some(at(10)), until: Some(at(20)), ..newest.clone() }).await, 10);
        let hostile = TableLogFilter { table: Some("' OR 1=1 --".into()), ..newest.clone() };
        assert_eq!(count(hostile).await, 0);
        let refused = store.list_table_logs(&TableLogFilter { table: Some("\0".into()), ..newest }).await;
        assert!(refused.is_err());
    }
}
