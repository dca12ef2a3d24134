//! The desk with channels that fail as they are told to, and a database of its own.
#![allow(clippy::unwrap_used)]

use super::*;
use data::{Alert, AlertSeverity, Channel, Connector, Error};
use model::alert::{AttemptOutcome, DeliveryReason};
use std::collections::VecDeque;
use std::time::Duration;

/// Channels: `nowhere` is none; the others fail as often as they are told to.
#[derive(Default)]
struct Channels {
    plans: Mutex<VecDeque<Error>>,
    delivered: Mutex<Vec<Alert>>,
}

#[derive(Clone)]
struct Pools(Arc<Channels>);

#[async_trait]
impl Connections for Pools {
    async fn get(&self, _: &str) -> data::Result<Arc<dyn Connector>> {
        Err(Error::permanent(ErrorCode::ConnectionNotFound, "there is none"))
    }
    async fn get_channel(&self, name: &str) -> data::Result<Arc<dyn Channel>> {
        if name == "nowhere" {
            return Err(Error::permanent(ErrorCode::ChannelNotFound, "channel `nowhere` does not exist"));
        }
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Channel for Pools {
    async fn deliver(&self, alert: &Alert) -> data::Result<Delivery> {
        if let Some(error) = self.0.plans.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.0.delivered.lock().unwrap().push(alert.clone());
        Ok(Delivery { provider_id: Some("p1".to_owned()) })
    }
}

struct World {
    desk: AlertDesk,
    channels: Arc<Channels>,
}

impl World {
    async fn new(policy: &str) -> Self {
        let database = Arc::new(Database::open("sqlite::memory:").await.unwrap());
        let channels = Arc::new(Channels::default());
        for name in ["ops", "boss"] {
            let new = store::NewChannel {
                name: name.to_owned(),
                kind: "webhook".to_owned(),
                settings: serde_json::json!({}),
                secret: None,
            };
            database.create_channel(&new).await.unwrap();
        }
        let desk = AlertDesk::new(database, Arc::new(Pools(channels.clone())));
        desk.apply_policy(policy).await.unwrap();
        Self { desk, channels }
    }

    fn fail(&self, errors: impl IntoIterator<Item = Error>) {
        self.channels.plans.lock().unwrap().extend(errors);
    }

    fn delivered(&self) -> Vec<Alert> {
        self.channels.delivered.lock().unwrap().clone()
    }

    async fn raise(&self, id: &str, channels: &[&str]) -> Raised {
        self.desk.raise(&alert(id, channels)).await.unwrap()
    }

    async fn deliveries(&self, raised: &Raised) -> Vec<DeliveryRecord> {
        self.desk.list_deliveries(raised.id).await.unwrap()
    }

    /// Waits until a delivery stands as wished.
    async fn wait(&self, raised: &Raised, mut is_so: impl FnMut(&[DeliveryRecord]) -> bool) {
        tokio::time::timeout(Duration::from_secs(60), async {
            while !is_so(&self.deliveries(raised).await) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
    }
}

fn alert(id: &str, channels: &[&str]) -> NewAlert {
    NewAlert {
        message: Alert { id: id.to_owned(), title: format!("title of {id}"), ..Alert::default() },
        channels: channels.iter().map(|name| (*name).to_owned()).collect(),
        ..NewAlert::default()
    }
}

fn busy() -> Error {
    Error::transient(ErrorCode::DeliveryFailed, "busy")
}

#[tokio::test]
async fn what_fails_is_attempted_again_until_it_is_delivered() {
    let world = World::new("channels: { ops: { retry: { attempts: 3, backoff: 1ms } } }").await;
    world.fail([busy(), busy()]);
    let raised = world.raise("a", &["ops", "log"]).await;
    assert!(matches!(&raised.channels[0].standing, Standing::Failed { retryable: true, .. }), "{raised:?}");
    assert!(matches!(&raised.channels[1].standing, Standing::Delivered { .. }), "{raised:?}");
    world.desk.keep_delivering(true);
    world.wait(&raised, |all| all[0].status == DeliveryStatus::Delivered).await;
    let attempts = world.desk.list_attempts(world.deliveries(&raised).await[0].id).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Retryable, AttemptOutcome::Retryable, AttemptOutcome::Delivered]);
    assert_eq!(attempts[0].message.as_deref(), Some("busy"));
    assert_eq!(world.delivered()[0].id, "a");
}

#[tokio::test]
async fn what_cannot_pass_fails_at_once_and_is_attempted_again_by_hand_or_by_the_step() {
    let world = World::new("{}").await;
    let raised = world.raise("a", &["nowhere", "ops"]).await;
    assert!(matches!(&raised.channels[0].standing, Standing::Failed { retryable: false, .. }), "{raised:?}");
    let first = &world.deliveries(&raised).await[0];
    assert_eq!((first.status, first.attempts), (DeliveryStatus::Failed, 1));
    assert_eq!(world.desk.retry(first.id).await.unwrap().attempts, 2);
    let delivered = world.deliveries(&raised).await[1].id;
    assert_eq!(world.desk.retry(delivered).await.unwrap_err().code, ErrorCode::InvalidValue);
    // The step again: the same alert, and what was delivered is not delivered twice.
    let again = world.raise("a", &["nowhere", "ops"]).await;
    assert_eq!(again.id, raised.id);
    assert_eq!(world.deliveries(&raised).await[0].attempts, 3);
    assert_eq!(world.delivered().len(), 1);
    assert!(world.desk.raise(&alert("b", &[])).await.unwrap_err().to_string().contains("no channel"));
}

#[tokio::test]
async fn alerts_of_a_group_are_one_message() {
    let world = World::new("routes: [{ group: { window: 50ms } }]").await;
    let first = world.raise("a", &["ops"]).await;
    let second = world.raise("b", &["ops"]).await;
    assert!(matches!(
        &first.channels[0].standing,
        Standing::Waiting { reason: Some(DeliveryReason::Group), until: Some(_) }
    ));
    world.desk.keep_delivering(false);
    for raised in [&first, &second] {
        world.wait(raised, |all| all[0].status == DeliveryStatus::Delivered).await;
    }
    let delivered = world.delivered();
    assert_eq!(delivered.len(), 1, "{delivered:?}");
    assert_eq!(delivered[0].title, "2 alerts, the first: title of a");
    assert!(delivered[0].id.starts_with("group_") && delivered[0].text.contains("title of b"), "{delivered:?}");
}

#[tokio::test]
async fn duplicates_are_on_record_and_not_delivered() {
    let world = World::new("routes: [{ dedupe: { by: [workflow], window: 1h } }]").await;
    let first = world.raise("a", &["ops"]).await;
    let second = world.raise("b", &["ops"]).await;
    assert!(matches!(&second.channels[0].standing, Standing::Dropped { reason: Some(DeliveryReason::Duplicate) }));
    assert_eq!(world.desk.get(second.id).await.unwrap().duplicate_of, Some(first.id));
    let mut urgent = alert("c", &["ops"]);
    urgent.message.severity = AlertSeverity::Critical;
    world.desk.raise(&urgent).await.unwrap();
    assert_eq!(world.delivered().iter().map(|alert| alert.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test]
async fn nobody_else_is_told_of_what_somebody_acknowledged() {
    let policy = "routes: [{ escalate: [{ after: 200ms, channels: [boss] }] }]";
    let world = World::new(policy).await;
    let known = world.raise("a", &["ops"]).await;
    let unknown = world.raise("b", &["ops"]).await;
    world.desk.acknowledge(known.id, "ann", Some("on it")).await.unwrap();
    world.desk.keep_delivering(false);
    world.wait(&unknown, |all| all.iter().all(|one| one.status == DeliveryStatus::Delivered)).await;
    let dropped = &world.deliveries(&known).await[1];
    assert_eq!((dropped.status, dropped.reason), (DeliveryStatus::Dropped, Some(DeliveryReason::Acknowledged)));
    let ids: Vec<String> = world.delivered().into_iter().map(|alert| alert.id).collect();
    assert_eq!(ids, ["a", "b", "b-1"]);
    let alert = world.desk.get(known.id).await.unwrap();
    assert_eq!((alert.acknowledged_by.as_deref(), alert.comment.as_deref()), (Some("ann"), Some("on it")));
}

#[tokio::test]
async fn a_channel_gets_no_more_than_its_rate() {
    let world = World::new("channels: { ops: { rate: { limit: 2, per: 1h } } }").await;
    for id in ["a", "b"] {
        world.raise(id, &["ops"]).await;
    }
    let third = world.raise("c", &["ops"]).await;
    let Standing::Waiting { until: Some(until), reason: Some(DeliveryReason::Rate) } = third.channels[0].standing
    else {
        panic!("{third:?}");
    };
    assert!(until > Utc::now() + chrono::TimeDelta::minutes(50));
    assert_eq!(world.delivered().len(), 2);
    // Whoever names the delivery wants it sent.
    let id = world.deliveries(&third).await[0].id;
    assert_eq!(world.desk.retry(id).await.unwrap().status, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn a_policy_that_names_unknown_channels_is_refused_and_changes_nothing() {
    let world = World::new("routes: [{ channels: [ops] }]").await;
    let faults = world.desk.apply_policy("routes:\n  - channels: [ops, opps]\nchannels:\n  bos: {}").await.unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| (fault.code, fault.line, fault.hint.clone().unwrap())).collect();
    assert_eq!(told[0], (ErrorCode::ChannelNotFound, Some(2), "Did you mean `ops`?".to_owned()));
    assert_eq!((told[1].1, told[1].2.as_str()), (Some(4), "Did you mean `boss`?"));
    assert_eq!(world.desk.find_policy().await.unwrap().as_deref(), Some("routes: [{ channels: [ops] }]"));
    assert!(world.desk.delete_policy().await.unwrap());
    assert_eq!(world.desk.find_policy().await.unwrap(), None);
}

#[tokio::test]
async fn a_preview_shows_sample_or_real_data() {
    let world =
        World::new("templates: { brief: { subject: \"${{ alert.row_count }} rows of ${{ alert.labels.team }}\" } }")
            .await;
    let sample = Preview { name: Some("brief".to_owned()), ..Preview::default() };
    assert_eq!(world.desk.preview(&sample).await.unwrap().title, "2 rows of data");
    let mut new = alert("a", &["ops"]);
    new.labels.insert("team".to_owned(), "web".to_owned());
    let raised = world.desk.raise(&new).await.unwrap();
    let real = Preview { alert: Some(raised.id), ..sample };
    assert_eq!(world.desk.preview(&real).await.unwrap().title, "2 rows of web");
    let unknown = Preview { name: Some("breif".to_owned()), ..Preview::default() };
    assert_eq!(world.desk.preview(&unknown).await.unwrap_err().hint.as_deref(), Some("Did you mean `brief`?"));
}
