//! The console's history.

use crate::setup::on_both;
use chrono::{Duration, Utc};
use engine::ports::Watch as _;
use model::backup::Kept;
use model::{ErrorCode, StatementId};
use store::{NewStatement, Outcome, StatementEnd, StatementFilter};

fn asked(who: &str, connection: &str, statement: &str) -> NewStatement {
    NewStatement {
        id: StatementId::generate(),
        started_at: Utc::now(),
        ends_by: Utc::now() + Duration::seconds(60),
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
        let again = store.create_statement(&first).await.unwrap_err();
        assert_eq!(again.fault.code, ErrorCode::AlreadyExists, "an id that the caller gives twice is the caller's fault");
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

    }

    async fn an_id_of_the_callers_own_does_not_change_the_order(place) {
        let store = place.open().await;
        let now = Utc::now();
        // The ids come in the other order, and two were asked at the same moment.
        let ids = [7_u128, 5, 3, 1].map(|id| StatementId::from(uuid::Uuid::from_u128(id)));
        for (id, at) in ids.into_iter().zip([1, 2, 2, 3]) {
            let new = NewStatement { id, started_at: now + Duration::seconds(at), ..asked("ann", "history", "SELECT 1") };
            store.create_statement(&new).await.unwrap();
        }
        let mut page = StatementFilter { limit: 1, ..StatementFilter::default() };
        let mut seen = Vec::new();
        while let [line] = store.list_statements(&page).await.unwrap().as_slice() {
            page.before = Some(line.id);
            seen.push(line.id);
        }
        assert_eq!(seen, [ids[3], ids[1], ids[2], ids[0]]);
        page.before = Some(StatementId::generate());
        assert_eq!(store.list_statements(&page).await.unwrap_err().fault.code, ErrorCode::StatementNotFound);
    }

    async fn old_lines_are_forgotten_and_younger_ones_kept(place) {
        let store = place.open().await;
        let now = Utc::now();
        for age in [0, 1, 2, 3] {
            let old = NewStatement { started_at: now - Duration::days(age), ..asked("ann", "history", &format!("SELECT {age}")) };
            store.create_statement(&old).await.unwrap();
        }
        let left = async || {
            let all = StatementFilter { limit: 9, ..StatementFilter::default() };
            let mut left: Vec<String> = store.list_statements(&all).await.unwrap().into_iter().map(|line| line.statement).collect();
            left.sort();
            left
        };
        let before = now - Duration::days(1);
        assert_eq!(store.purge(Kept::ConsoleHistory, before, true).await.unwrap(), 2);
        assert_eq!(left().await.len(), 4);
        assert_eq!(store.purge(Kept::ConsoleHistory, before, false).await.unwrap(), 2);
        assert_eq!(left().await, ["SELECT 0", "SELECT 1"]);
        assert_eq!(store.purge(Kept::ConsoleHistory, before, false).await.unwrap(), 0);
    }

    async fn a_statement_whose_process_was_killed_is_closed_and_no_other(place) {
        let (store, other) = (place.open().await, place.open().await);
        let now = Utc::now();
        let until = |seconds: i64, text: &str| NewStatement { ends_by: now + Duration::seconds(seconds), ..asked("ann", "history", text) };
        let (dead, alive, ended, slow) = (until(-1, "dead"), until(60, "alive"), until(-1, "ended"), until(-1, "slow"));
        for new in [&dead, &alive, &ended, &slow] {
            store.create_statement(new).await.unwrap();
        }
        let end = |outcome| StatementEnd { outcome, rows: Some(1), truncated: false, affected: None, duration_ms: 5, error_code: None };
        store.finish_statement(ended.id, &end(Outcome::Succeeded)).await.unwrap();
        // Several servers look at once: each line is closed once.
        let (one, two) = tokio::join!(store.interrupt_statements(now), other.interrupt_statements(now));
        assert_eq!(one.unwrap() + two.unwrap(), 2);
        assert_eq!(other.interrupt_statements(now).await.unwrap(), 0);
        // Who was thought dead and was only slow has the last word; a second end has not.
        store.finish_statement(slow.id, &end(Outcome::TimedOut)).await.unwrap();
        store.finish_statement(slow.id, &end(Outcome::Failed)).await.unwrap();
        let all = StatementFilter { limit: 9, ..StatementFilter::default() };
        let found = store.list_statements(&all).await.unwrap();
        let outcome = |new: &NewStatement| found.iter().find(|line| line.id == new.id).unwrap().outcome;
        assert_eq!([&dead, &alive, &ended, &slow].map(outcome), [Outcome::Interrupted, Outcome::Running, Outcome::Succeeded, Outcome::TimedOut]);
    }
}
