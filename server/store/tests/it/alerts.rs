//! Alerts: kept before anything is sent, claimed by one at a time, and attempted under the same message id.

use crate::setup::{at, on_both};
use engine::alerts::{Policy, route};
use engine::ports::Watch;
use model::alert::{Alert, AlertFilter, AlertSeverity, AttemptOutcome, DeliveryReason, DeliveryStatus, NewAlert};
use model::backup::Kept;
use model::{AlertId, DeliveryId, ErrorCode, RunId};
use store::{AttemptEnd, Claim, Database, Which};

fn alert(id: &str, channels: &[&str]) -> NewAlert {
    NewAlert {
        message: Alert { id: id.to_owned(), title: format!("größe \u{0} {id}"), ..Alert::default() },
        channels: channels.iter().map(|name| (*name).to_owned()).collect(),
        workflow: Some("nightly".to_owned()),
        run: Some(RunId::generate()),
        ..NewAlert::default()
    }
}

async fn raise(store: &Database, policy: &Policy, new: &NewAlert, seconds: i64) -> AlertId {
    store.raise_alert(new, &route(policy, new), at(seconds)).await.unwrap().0.id
}

async fn claim(store: &Database, policy: &Policy, which: Which, seconds: i64) -> Vec<Claim> {
    store.claim_deliveries(policy, which, at(seconds), at(seconds + 90)).await.unwrap()
}

fn end(outcome: AttemptOutcome, seconds: i64, next: Option<i64>) -> AttemptEnd {
    AttemptEnd {
        at: at(seconds),
        outcome,
        code: (outcome != AttemptOutcome::Delivered).then_some(ErrorCode::DeliveryFailed),
        text: Some("said \u{0} so".to_owned()),
        duration_ms: 7,
        provider_id: Some("p1".to_owned()),
        next_at: next.map(at),
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap()
}

on_both! {
    async fn an_alert_is_raised_once_and_its_claims_are_fenced(place) {
        let store = place.open().await;
        let policy = Policy::default();
        let new = alert("run_1/tell", &["ops", "log"]);
        let (record, is_new) = store.raise_alert(&new, &route(&policy, &new), at(0)).await.unwrap();
        assert!(is_new && !store.raise_alert(&new, &route(&policy, &new), at(1)).await.unwrap().1);
        assert_eq!(store.get_alert(record.id).await.unwrap(), record);
        assert_eq!(store.find_next_delivery().await.unwrap(), Some(at(0)));

        let first = claim(&store, &policy, Which::Alert(record.id), 1).await;
        assert_eq!((first.len(), first[0].message_id.as_str(), first[0].attempt()), (1, "run_1/tell", 1));
        assert_eq!(claim(&store, &policy, Which::Due, 2).await, [], "somebody holds it");
        assert_eq!(store.find_next_delivery().await.unwrap(), Some(at(91)));
        // Whoever held it died; the next one has the same message id, and what the first one says later is void.
        let second = claim(&store, &policy, Which::Due, 91).await;
        assert_eq!((second[0].message_id.as_str(), second[0].attempt()), ("run_1/tell", 2));
        assert!(!store.finish_attempt(&first[0], &end(AttemptOutcome::Final, 92, None)).await.unwrap());
        assert!(store.finish_attempt(&second[0], &end(AttemptOutcome::Retryable, 93, Some(100))).await.unwrap());
        assert_eq!(claim(&store, &policy, Which::Due, 99).await, []);
        let third = claim(&store, &policy, Which::Due, 100).await;
        assert!(store.finish_attempt(&third[0], &end(AttemptOutcome::Delivered, 101, None)).await.unwrap());
        assert_eq!(store.find_next_delivery().await.unwrap(), None);

        let deliveries = store.list_deliveries(record.id).await.unwrap();
        let standing: Vec<_> = deliveries.iter().map(|one| (one.channel.as_str(), one.status, one.attempts)).collect();
        assert_eq!(standing, [("ops", DeliveryStatus::Delivered, 3), ("log", DeliveryStatus::Delivered, 0)]);
        assert_eq!(deliveries[0].provider_id.as_deref(), Some("p1"));
        let attempts = store.list_attempts(deliveries[0].id).await.unwrap();
        let outcomes: Vec<_> = attempts.iter().map(|one| (one.number, one.outcome)).collect();
        use AttemptOutcome::{Delivered, Interrupted, Retryable};
        assert_eq!(outcomes, [(1, Interrupted), (2, Retryable), (3, Delivered)]);
        assert_eq!((attempts[1].message.as_deref(), attempts[1].next_at), (Some("said \u{fffd} so"), Some(at(100))));
    }

    async fn two_who_claim_at_once_get_different_deliveries(place) {
        let store = place.open().await;
        let policy = Policy::default();
        for number in 0..20 {
            raise(&store, &policy, &alert(&format!("a{number}"), &["ops"]), 0).await;
        }
        let mut claiming = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let store = store.clone();
            claiming.spawn(async move { claim(&store, &Policy::default(), Which::Due, 1).await });
        }
        let claimed: Vec<Claim> = claiming.join_all().await.into_iter().flatten().collect();
        let ids: std::collections::BTreeSet<_> = claimed.iter().map(|claim| claim.members[0].0).collect();
        assert_eq!((claimed.len(), ids.len()), (20, 20));
        store.release_deliveries().await.unwrap();
        assert_eq!(claim(&store, &policy, Which::Due, 1).await.len(), 20);
    }

    async fn groups_and_duplicates_know_of_earlier_alerts(place) {
        let store = place.open().await;
        let grouped = policy("routes: [{ group: { by: [workflow], window: 1m } }]");
        let first = raise(&store, &grouped, &alert("a", &["ops"]), 0).await;
        let second = raise(&store, &grouped, &alert("b", &["ops", "mail"]), 30).await;
        assert_eq!(claim(&store, &grouped, Which::Due, 59).await, []);
        let claims = claim(&store, &grouped, Which::Due, 60).await;
        assert_eq!(claims.len(), 1);
        let members: Vec<_> = claims[0].members.iter().map(|(_, alert)| alert.id).collect();
        assert_eq!(members, [first, second]);
        assert!(claims[0].message_id.starts_with("group_"));
        // What comes now is of the next message, and a repeat of this one has the same members.
        let third = raise(&store, &grouped, &alert("c", &["ops"]), 61).await;
        store.finish_attempt(&claims[0], &end(AttemptOutcome::Retryable, 61, Some(62))).await.unwrap();
        let again = claim(&store, &grouped, Which::Due, 62).await;
        assert_eq!((&again[0].message_id, again[0].members.len()), (&claims[0].message_id, 2));
        let next: Vec<_> = claim(&store, &grouped, Which::Due, 121).await;
        let of: Vec<_> = next.iter().map(|claim| (claim.channel.as_str(), claim.members[0].1.id)).collect();
        assert_eq!(of, [("mail", second), ("ops", third)]);

        let once = policy("routes: [{ dedupe: { by: [workflow], window: 10m } }]");
        let told = raise(&store, &once, &alert("d", &["ops"]), 200).await;
        let same = raise(&store, &once, &alert("e", &["ops"]), 260).await;
        assert_eq!(store.get_alert(same).await.unwrap().duplicate_of, Some(told));
        let dropped = &store.list_deliveries(same).await.unwrap()[0];
        assert_eq!((dropped.status, dropped.reason), (DeliveryStatus::Dropped, Some(DeliveryReason::Duplicate)));
        let later = raise(&store, &once, &alert("f", &["ops"]), 800).await;
        assert_eq!(store.get_alert(later).await.unwrap().duplicate_of, None, "the window is that of the one told");
    }

    async fn what_is_held_waits_and_what_was_asked_for_by_hand_does_not(place) {
        let store = place.open().await;
        let slow = policy("channels: { ops: { rate: { limit: 1, per: 1m }, retry: { attempts: 2 } } }");
        let first = raise(&store, &slow, &alert("a", &["ops"]), 0).await;
        let second = raise(&store, &slow, &alert("b", &["ops"]), 10).await;
        let claims = claim(&store, &slow, Which::Due, 10).await;
        assert_eq!(claims.iter().map(|claim| claim.members[0].1.id).collect::<Vec<_>>(), [first]);
        let held = &store.list_deliveries(second).await.unwrap()[0];
        assert_eq!((held.reason, held.next_at), (Some(DeliveryReason::Rate), Some(at(70))));
        assert_eq!(claim(&store, &slow, Which::Delivery(held.id), 11).await.len(), 1);
        // Claimed as often as it may be, and each time its holder died.
        assert_eq!(claim(&store, &slow, Which::Due, 200).await.len(), 1);
        assert_eq!(claim(&store, &slow, Which::Due, 300).await.len(), 1);
        assert_eq!(claim(&store, &slow, Which::Due, 400).await, []);
        assert_eq!(claim(&store, &slow, Which::Due, 500).await, []);
        let failed = &store.list_deliveries(second).await.unwrap()[0];
        assert_eq!(failed.status, DeliveryStatus::Failed);
        store.reopen_delivery(failed.id, at(501)).await.unwrap();
        assert_eq!(claim(&store, &slow, Which::Delivery(failed.id), 501).await[0].attempt(), 3);
        assert_eq!(store.reopen_delivery(failed.id, at(502)).await.unwrap_err().fault.code, ErrorCode::InvalidValue);
        let nowhere = store.reopen_delivery(DeliveryId::generate(), at(0)).await.unwrap_err();
        assert_eq!(nowhere.fault.code, ErrorCode::DeliveryNotFound);
    }

    async fn alerts_are_listed_acknowledged_and_purged(place) {
        let store = place.open().await;
        let escalating = policy("routes: [{ escalate: [{ after: 1m, channels: [boss] }] }]");
        let mut critical = alert("a", &["ops"]);
        critical.message.severity = AlertSeverity::Critical;
        critical.labels.insert("team".to_owned(), "data".to_owned());
        let first = raise(&store, &escalating, &critical, 0).await;
        let second = raise(&store, &escalating, &alert("b", &["mail"]), 10).await;
        let list = async |filter: AlertFilter| -> Vec<AlertId> {
            let filter = AlertFilter { limit: 500, ..filter };
            store.list_alerts(&filter).await.unwrap().into_iter().map(|alert| alert.id).collect()
        };
        let all = AlertFilter::default;
        assert_eq!(list(all()).await, [second, first]);
        assert_eq!(list(AlertFilter { before: Some(second), ..all() }).await, [first]);
        assert_eq!(list(AlertFilter { severity: Some(AlertSeverity::Critical), ..all() }).await, [first]);
        assert_eq!(list(AlertFilter { channel: Some("mail".to_owned()), ..all() }).await, [second]);
        assert_eq!(list(AlertFilter { run: critical.run, ..all() }).await, [first]);
        assert_eq!(list(AlertFilter { since: Some(at(5)), ..all() }).await, [second]);
        assert_eq!(list(AlertFilter { statuses: vec![DeliveryStatus::Delivered], ..all() }).await, []);
        assert_eq!(list(AlertFilter { workflow: Some("nightly".to_owned()), ..all() }).await.len(), 2);

        let known = store.acknowledge_alert(first, "ann", Some("on it"), at(20)).await.unwrap();
        assert_eq!((known.acknowledged_by.as_deref(), known.acknowledged_at), (Some("ann"), Some(at(20))));
        let again = store.acknowledge_alert(first, "bob", None, at(30)).await.unwrap();
        assert_eq!(again.acknowledged_by.as_deref(), Some("ann"));
        let claims = claim(&store, &escalating, Which::Due, 120).await;
        let sent: Vec<_> = claims.iter().map(|claim| (claim.channel.as_str(), claim.message_id.as_str())).collect();
        assert_eq!(sent, [("ops", "a"), ("mail", "b"), ("boss", "b-1")]);
        assert_eq!(store.purge(Kept::Alerts, at(1_000), false).await.unwrap(), 0, "they are still to be delivered");
        for claim in &claims {
            store.finish_attempt(claim, &end(AttemptOutcome::Delivered, 121, None)).await.unwrap();
        }
        assert_eq!(store.purge(Kept::Alerts, at(5), true).await.unwrap(), 1);
        assert_eq!(store.purge(Kept::Alerts, at(5), false).await.unwrap(), 1);
        let gone = store.get_alert(first).await.unwrap_err();
        assert_eq!(gone.fault.code, ErrorCode::AlertNotFound);
        assert_eq!(store.list_deliveries(first).await.unwrap(), []);
    }
}
