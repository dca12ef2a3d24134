//! The console's history.

use crate::setup::on_both;
use chrono::{Duration, Utc};
use model::StatementId;
use store::{NewStatement, Outcome, StatementEnd, StatementFilter};

fn asked(who: &str, connection: &str, statement: &str) -> NewStatement {
    NewStatement {
        id: StatementId::generate(),
        started_at: Utc::now(),
        who: who.to_owned(),
        connection: connection.to_owned(),
        statement: statement.to_owned(),
        params: 2,
        may_write: false,
    }
}

on_both! {
    async fn the_history_keeps_every_statement_and_is_read_page_by_page(place) {
        let store = place.open().await;
        let first = asked("ann", "history", "SELECT '\0', '股票'");
        let second = asked("bob", "history", "SELECT 2");
        let third = asked("ann", "other", "DELETE FROM t");
        for new in [&first, &second, &third] {
            store.create_statement(new).await.unwrap();
        }
        let end = StatementEnd {
            outcome: Outcome::Succeeded,
            rows: Some(7),
            truncated: true,
            affected: None,
            duration_ms: 12,
            error_code: None,
        };
        store.finish_statement(first.id, &end).await.unwrap();
        // The first end stays: a time-out that comes later changes nothing.
        let late = StatementEnd { outcome: Outcome::TimedOut, rows: None, ..end.clone() };
        store.finish_statement(first.id, &late).await.unwrap();

        let all = StatementFilter { limit: 2, ..StatementFilter::default() };
        let page = store.list_statements(&all).await.unwrap();
        assert_eq!(page.iter().map(|line| line.id).collect::<Vec<_>>(), [third.id, second.id]);
        let next = StatementFilter { before: Some(second.id), ..all.clone() };
        let page = store.list_statements(&next).await.unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!((page[0].rows, page[0].truncated, page[0].outcome), (Some(7), true, Outcome::Succeeded));
        assert_eq!(page[0].statement, "SELECT '\u{fffd}', '股票'");

        let hers = StatementFilter { who: Some("ann".to_owned()), connection: Some("other".to_owned()), ..all.clone() };
        let page = store.list_statements(&hers).await.unwrap();
        assert_eq!(page.iter().map(|line| (line.id, line.outcome)).collect::<Vec<_>>(), [(third.id, Outcome::Running)]);

        assert_eq!(store.delete_statements_before(Utc::now() + Duration::seconds(1)).await.unwrap(), 3);
        assert_eq!(store.list_statements(&all).await.unwrap(), vec![]);
    }
}
