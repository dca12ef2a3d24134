//! Anomalies by hand: listing, acknowledging, resolving, and setting what their rules do; the list of backups.
//!
//! Steps find anomalies through the engine's port `Watch`; this service is what people do with them afterwards. The
//! command line, GraphQL and REST all go through here.

use model::anomaly::{Anomaly, AnomalyAction, AnomalyFilter, AnomalyRule, RULES, rules_named};
use model::backup::{BackupFilter, BackupRecord};
use model::{AnomalyId, BackupId, ErrorCode, Fault, nearest};
use std::sync::Arc;
use store::Database;

/// Channels of one rule at most.
const MOST_CHANNELS: usize = 20;
/// Thresholds of one rule at most.
const MOST_THRESHOLDS: usize = 50;
/// Characters of a comment at most.
const LONGEST_COMMENT: usize = 1_000;

/// What people do with anomalies. Cloning is cheap.
#[derive(Clone)]
pub struct Anomalies {
    database: Arc<Database>,
}

impl Anomalies {
    /// The service on a metadata database.
    #[must_use]
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// Anomalies, the last seen first.
    ///
    /// # Errors
    /// `anomaly_not_found` where the page's start is none, `store_failed`.
    pub async fn list(&self, filter: &AnomalyFilter) -> Result<Vec<Anomaly>, Fault> {
        Ok(self.database.list_anomalies(filter).await?)
    }

    /// The anomaly of that id.
    ///
    /// # Errors
    /// `anomaly_not_found`, `store_failed`.
    pub async fn get(&self, id: AnomalyId) -> Result<Anomaly, Fault> {
        Ok(self.database.get_anomaly(id).await?)
    }

    /// Acknowledges, resolves or reopens an anomaly, for `who`.
    ///
    /// # Errors
    /// `anomaly_not_found`, `invalid_value` for a resolved one to be acknowledged or a comment that is too long,
    /// `store_failed`.
    pub async fn change(
        &self,
        id: AnomalyId,
        action: AnomalyAction,
        who: &str,
        comment: Option<&str>,
    ) -> Result<Anomaly, Fault> {
        let length = comment.map_or(0, |comment| comment.chars().count());
        if length > LONGEST_COMMENT {
            return Err(Fault::new(
                ErrorCode::InvalidValue,
                format!("the comment has {length} characters, more than the {LONGEST_COMMENT} allowed"),
            )
            .hint("Say it shorter."));
        }
        Ok(self.database.change_anomaly(id, action, who, comment).await?)
    }

    /// What people have set for rules, by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_rules(&self) -> Result<Vec<AnomalyRule>, Fault> {
        Ok(self.database.list_rules().await?)
    }

    /// Sets what a rule does, in place of what was set before.
    ///
    /// # Errors
    /// `invalid_value` for a rule no step looks at, too many thresholds or channels, or thresholds that are no numbers; `channel_not_found`; `store_failed`.
    pub async fn configure(&self, rule: &AnomalyRule, who: &str) -> Result<AnomalyRule, Fault> {
        check_name(&rule.rule)?;
        if rule.channels.len() > MOST_CHANNELS {
            return Err(Fault::new(ErrorCode::InvalidValue, format!("more than {MOST_CHANNELS} channels")));
        }
        if rule.thresholds.len() > MOST_THRESHOLDS {
            return Err(Fault::new(ErrorCode::InvalidValue, format!("more than {MOST_THRESHOLDS} thresholds")));
        }
        for (name, value) in &rule.thresholds {
            check_threshold(&rule.rule, name)?;
            if !value.as_f64().is_some_and(|number| number.is_finite() && number >= 0.0) {
                return Err(Fault::new(
                    ErrorCode::InvalidValue,
                    format!("threshold `{}` of rule `{}` is no number of 0 or more", short(name), rule.rule),
                )
                .hint("Write it as a number, such as 0.8."));
            }
        }
        for channel in &rule.channels {
            // The run's log is a channel that is always there.
            if channel != "log" {
                self.database.get_channel(channel).await?;
            }
        }
        self.database.update_anomaly_rule(rule, who).await?;
        Ok(rule.clone())
    }

    /// Forgets what was set for a rule; false: nothing was.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn reset(&self, rule: &str) -> Result<bool, Fault> {
        Ok(self.database.delete_anomaly_rule(rule).await?)
    }

    /// Backups on record, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_backups(&self, filter: &BackupFilter) -> Result<Vec<BackupRecord>, Fault> {
        Ok(self.database.read_backups(filter).await?)
    }
}

/// The id spelled by `text`; what is none names nothing that is there.
///
/// # Errors
/// `anomaly_not_found`.
pub fn parse_anomaly_id(text: &str) -> Result<AnomalyId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::AnomalyNotFound, error.to_string()).hint("`sluice anomaly list` shows what there is.")
    })
}

/// The id spelled by `text`; what is none names nothing that is there.
///
/// # Errors
/// `backup_not_found`.
pub fn parse_backup_id(text: &str) -> Result<BackupId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::BackupNotFound, error.to_string()).hint("`sluice backup list` shows what there is.")
    })
}

fn check_name(rule: &str) -> Result<(), Fault> {
    if rules_named(rule).next().is_some() {
        return Ok(());
    }
    let fault = Fault::new(ErrorCode::InvalidValue, format!("no step looks at a rule `{}`", short(rule)));
    Err(match nearest(rule, RULES.iter().map(|(name, _)| *name)) {
        Some(near) => fault.hint(format!("Did you mean `{near}`?")),
        None => fault.hint(
            "Rules are such as `quality.c1`, `inspect.connections` and `backup.failed`; `quality.*` is a family, `*` all of them.",
        ),
    })
}

/// A threshold that no step asks for would be set without ever having an effect.
fn check_threshold(rule: &str, name: &str) -> Result<(), Fault> {
    let mut known: Vec<&str> = rules_named(rule).flat_map(|(_, thresholds)| thresholds.iter().copied()).collect();
    if known.contains(&name) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    let fault = Fault::new(ErrorCode::InvalidValue, format!("rule `{rule}` has no threshold `{}`", short(name)));
    Err(match known.is_empty() {
        true => fault.hint("It has none; mute it, or change its severity or channels."),
        false => fault.hint(format!("It has `{}`.", known.join("`, `"))),
    })
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Map, json};

    async fn service() -> Anomalies {
        Anomalies::new(Arc::new(Database::open("sqlite::memory:").await.unwrap()))
    }

    #[tokio::test]
    async fn rules_that_cannot_be_are_refused() {
        let service = service().await;
        let check = async |rule: AnomalyRule, expected: ErrorCode| {
            let fault = service.configure(&rule, "ann").await.unwrap_err();
            assert_eq!(fault.code, expected, "{}", fault.message);
        };
        for rule in
            ["qualty.c1", "quality.c9", "quality.", "quality", "quality.c*", "cleanup.*", "inspect.conections", ""]
        {
            check(AnomalyRule::named(rule), ErrorCode::InvalidValue).await;
        }
        check(AnomalyRule::named("quality.C1"), ErrorCode::InvalidValue).await;
        let lost = AnomalyRule { channels: vec!["nobody".to_owned()], ..AnomalyRule::named("*") };
        check(lost, ErrorCode::ChannelNotFound).await;
        for wrong in [json!("5"), json!(-1), json!(null), json!([1])] {
            let thresholds = Map::from_iter([("threshold".to_owned(), wrong)]);
            check(AnomalyRule { thresholds, ..AnomalyRule::named("quality.c1") }, ErrorCode::InvalidValue).await;
        }
        for wrong in ["", "share", "Threshold", "a\0", "数"] {
            let thresholds = Map::from_iter([(wrong.to_owned(), json!(1))]);
            check(AnomalyRule { thresholds, ..AnomalyRule::named("quality.c1") }, ErrorCode::InvalidValue).await;
        }
        let thresholds = (0..51).map(|n| (format!("t{n}"), json!(1))).collect();
        check(AnomalyRule { thresholds, ..AnomalyRule::named("quality.c1") }, ErrorCode::InvalidValue).await;
        assert_eq!(service.list_rules().await.unwrap(), vec![]);
    }

    #[tokio::test]
    async fn what_is_set_is_read_back_and_forgotten() {
        let service = service().await;
        let thresholds = Map::from_iter([("share".to_owned(), json!(0.9))]);
        let rule =
            AnomalyRule { thresholds, channels: vec!["log".to_owned()], ..AnomalyRule::named("inspect.connections") };
        service.configure(&rule, "ann").await.unwrap();
        assert_eq!(service.list_rules().await.unwrap(), [rule]);
        assert!(service.reset("inspect.connections").await.unwrap());
        assert!(!service.reset("inspect.connections").await.unwrap());
    }

    #[tokio::test]
    async fn an_endless_comment_and_a_strange_id_are_refused() {
        let service = service().await;
        let id = AnomalyId::generate();
        let fault = service.change(id, AnomalyAction::Resolve, "ann", Some(&"x".repeat(1_001))).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::InvalidValue);
        assert_eq!(parse_anomaly_id("run_1").unwrap_err().code, ErrorCode::AnomalyNotFound);
        assert_eq!(parse_backup_id("").unwrap_err().code, ErrorCode::BackupNotFound);
    }
}
