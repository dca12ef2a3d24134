//! People, sessions, tokens, grants and the audit log.

use crate::setup::on_both;
use chrono::{Duration, Utc};
use model::access::{Grant, Level, Role, Thing};
use model::{ErrorCode, UserId};
use store::{AuditFilter, NewAccount, NewApiToken, NewAuditEntry, NewSession};

fn new(name: &str, role: Role) -> NewAccount {
    NewAccount { name: name.to_owned(), role, password: Some("$hash".to_owned()), subject: None }
}

fn done(operation: &str, subject: &str) -> NewAuditEntry {
    NewAuditEntry {
        who: "ann".to_owned(),
        operation: operation.to_owned(),
        subject: subject.to_owned(),
        outcome: "done".to_owned(),
        given: "{\"text\":\"股\0票\"}".to_owned(),
        ..NewAuditEntry::default()
    }
}

on_both! {
    async fn a_person_is_kept_with_what_belongs_to_them_and_goes_with_it(place) {
        let store = place.open().await;
        let ann = store.create_account(&new("ann", Role::Admin)).await.unwrap();
        assert_eq!((ann.role, ann.disabled, ann.has_password), (Role::Admin, false, true));
        assert_eq!(store.create_account(&new("ann", Role::Viewer)).await.unwrap_err().fault.code, ErrorCode::AlreadyExists);
        assert!(store.has_admin().await.unwrap());
        // The only admin can be neither made less, nor shut out, nor removed.
        for (role, disabled) in [(Role::Editor, false), (Role::Admin, true)] {
            let refused = store.update_account(ann.id, role, disabled).await.unwrap_err();
            assert_eq!(refused.fault.code, ErrorCode::InvalidValue);
        }
        assert_eq!(store.delete_account(ann.id).await.unwrap_err().fault.code, ErrorCode::InvalidValue);
        assert_eq!(store.delete_account(UserId::generate()).await.unwrap_err().fault.code, ErrorCode::UserNotFound);

        let bob = store.create_account(&NewAccount { password: None, subject: Some("https://id|7".to_owned()), ..new("bob", Role::Viewer) }).await.unwrap();
        assert_eq!(store.find_account_by_subject("https://id|7").await.unwrap().as_ref(), Some(&bob));
        assert_eq!(store.find_password(bob.id).await.unwrap(), None);
        store.set_password(bob.id, "$other").await.unwrap();
        assert_eq!(store.find_password(bob.id).await.unwrap().as_deref(), Some("$other"));
        for level in [Level::None, Level::Use] {
            let grant = Grant { thing: Thing::Connection, pattern: "lab-*".to_owned(), level };
            store.set_grant(bob.id, &grant).await.unwrap();
            assert_eq!(store.list_grants(bob.id).await.unwrap(), [grant]);
        }
        let now = Utc::now();
        let session = NewSession {
            user: bob.id, digest: [7; 32], expires_at: now + Duration::days(1), address: "::1".to_owned(), browser: "b\0".to_owned(),
        };
        let id = store.create_session(&session).await.unwrap();
        let (found, account) = store.find_session([7; 32], now).await.unwrap().unwrap();
        assert_eq!((found.id, account.name.as_str(), found.browser.as_str()), (id, "bob", "b\u{fffd}"));
        assert_eq!(store.find_session([7; 32], now + Duration::days(2)).await.unwrap(), None);
        assert!(!store.delete_session(id, Some(ann.id)).await.unwrap());

        let token = NewApiToken {
            user: bob.id, name: "ci".to_owned(), digest: [9; 32], role: Role::Viewer, read_only: true, expires_at: Some(now + Duration::days(1)),
        };
        let kept = store.create_api_token(&token).await.unwrap();
        store.touch_api_token(kept.id, now).await.unwrap();
        let (found, _) = store.find_api_token([9; 32], now).await.unwrap().unwrap();
        assert_eq!((found.id, found.read_only, found.used_at.is_some()), (kept.id, true, true));
        assert_eq!(store.find_api_token([9; 32], now + Duration::days(2)).await.unwrap(), None);

        // Nobody comes in as a person who may not.
        store.update_account(bob.id, Role::Viewer, true).await.unwrap();
        assert_eq!(store.find_api_token([9; 32], now).await.unwrap(), None);
        assert_eq!(store.find_session([7; 32], now).await.unwrap(), None);
        store.delete_account(bob.id).await.unwrap();
        assert_eq!(store.list_api_tokens(None, None, 9).await.unwrap(), []);
        assert_eq!(store.list_sessions(None, now, None, 9).await.unwrap(), []);
        assert_eq!(store.list_accounts(None, 9).await.unwrap().len(), 1);
    }

    async fn entries_stand_in_one_chain_whoever_adds_them(place) {
        let (one, two) = (place.open().await, place.open().await);
        let mut adding = tokio::task::JoinSet::new();
        for index in 0..20 {
            let store = if index % 2 == 0 { one.clone() } else { two.clone() };
            adding.spawn(async move { store.append_audit(&done("saveWorkflow", &format!("workflow w{index}"))).await });
        }
        for added in adding.join_all().await {
            added.unwrap();
        }
        assert_eq!(one.check_audit().await.unwrap(), (20, None));
        let last = one.last_audit().await.unwrap().unwrap();
        assert_eq!((last.number, two.find_audit_hash(20).await.unwrap()), (20, Some(last.hash)));
        let page = AuditFilter { limit: 8, before: Some(15), ..AuditFilter::default() };
        let found = one.list_audit(&page).await.unwrap();
        assert_eq!((found.len(), found[0].number), (8, 14));
        let of_one = AuditFilter { subject: Some("workflow w3".to_owned()), who: Some("ann".to_owned()), limit: 9, ..AuditFilter::default() };
        assert_eq!(one.list_audit(&of_one).await.unwrap().len(), 1);
        let later = AuditFilter { since: Some(Utc::now() + Duration::days(1)), limit: 9, ..AuditFilter::default() };
        assert_eq!(one.list_audit(&later).await.unwrap(), []);
    }

    async fn what_a_killed_process_has_begun_is_told_and_what_it_has_ended_is_told_once(place) {
        let store = place.open().await;
        let entry = |outcome: &str| NewAuditEntry { outcome: outcome.to_owned(), ..done("startRun", "workflow w") };
        let ended = store.begin_audit("me", &entry("interrupted")).await.unwrap();
        store.begin_audit("me", &entry("interrupted")).await.unwrap();
        store.begin_audit("another", &entry("interrupted")).await.unwrap();
        store.end_audit(ended, &entry("done")).await.unwrap();
        let began = Utc::now();
        assert_eq!(store.settle_audit("me", began - Duration::days(1)).await.unwrap(), 0);
        assert_eq!(store.settle_audit("me", began + Duration::seconds(1)).await.unwrap(), 1);
        assert_eq!(store.settle_audit("me", began + Duration::seconds(1)).await.unwrap(), 0);
        let found = store.list_audit(&AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap();
        let outcomes: Vec<&str> = found.iter().map(|kept| kept.entry.outcome.as_str()).collect();
        assert_eq!((outcomes, found[0].at <= began), (vec!["interrupted", "done"], true));
        assert_eq!(store.check_audit().await.unwrap(), (2, None));
    }

    async fn a_changed_a_removed_and_a_moved_entry_are_found(place) {
        let url = place.url.replace("sqlite://", "sqlite:");
        let store = place.open().await;
        for index in 0..6 {
            store.append_audit(&done("startRun", &format!("workflow w{index}"))).await.unwrap();
        }
        let raw = sea_orm::Database::connect(&url).await.unwrap();
        let tamper = async |sql: &str| sea_orm::ConnectionTrait::execute_unprepared(&raw, sql).await.unwrap();
        tamper("UPDATE audit_entry SET who = 'eve' WHERE number = 3").await;
        assert_eq!(store.check_audit().await.unwrap().1.unwrap().0, 3);
        tamper("UPDATE audit_entry SET who = 'ann' WHERE number = 3").await;
        assert_eq!(store.check_audit().await.unwrap(), (6, None));
        // Two change places.
        for (from, to) in [(2, 99), (4, 2), (99, 4)] {
            tamper(&format!("UPDATE audit_entry SET number = {to} WHERE number = {from}")).await;
        }
        assert_eq!(store.check_audit().await.unwrap().1.unwrap().0, 2);
        tamper("DELETE FROM audit_entry WHERE number = 2").await;
        assert_eq!(store.check_audit().await.unwrap().1.unwrap().0, 2);
    }
}
